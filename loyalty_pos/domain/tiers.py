"""Tiers: a level is reached by a figure, kept until a review, and what is missing is always told.

The figure is what a member bought, earned or how often they came (metric), summed over the days
that count (window).  A member stands on a *floor*, the tier that their last review, enrolment or
a hand gave; days since then can only lift them (``placed``).  Invariant: the tier follows from the
floor and the rows of the days alone, in whatever order sales and returns arrived (S32-S34).

A tier's own discount is an automatic promotion in stage ``tier`` (pricing/compile.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from loyalty_pos.domain.promotions.decode import check_percent
from loyalty_pos.domain.promotions.names import Code, Name, name_in
from loyalty_pos.domain.promotions.scope import Amount

NORMAL = 10_000
"""A multiplier of one, in basis points."""
ONE_DAY = timedelta(days=1)

Metric = Literal["spend", "points", "visits"]
Days = Sequence[tuple[date, int]]
"""(local day, figure) of a member, oldest first; a day that returns emptied counts 0."""


class Tier(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One level.  ``threshold`` in the metric's unit (minor units, points or visits, S32)."""

    code: Code
    name: Name
    threshold: Amount = 0
    discount_percent: Decimal = Decimal(0)
    earn_multiplier: Annotated[int, Meta(ge=0, le=1_000_000)] = NORMAL
    benefits: tuple[Name, ...] = ()

    def __post_init__(self) -> None:
        if self.discount_percent:
            check_percent(self.discount_percent, "discount_percent")


class TierRules(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How tiers are reached and kept (S32, S33); the defaults are those of semantics.md."""

    metric: Metric = "spend"
    window: Literal["rolling", "calendar_year", "lifetime"] = "rolling"
    pending_points: bool = False
    """Whether points that still wait count for the metric ``points`` (S18)."""
    grace_days: Annotated[int, Meta(ge=0, le=180)] = 30
    """Days after the review date that still count; the review decides when they are over."""
    one_level: bool = True
    """A review lowers by one level at most; else to the level that was reached."""

    def window_start(self, day: date) -> date:
        """The first day that counts on ``day``: twelve months, the year, or everything (S32)."""
        if self.window == "lifetime":
            return date.min
        return date(day.year, 1, 1) if self.window == "calendar_year" else _year_before(day) + ONE_DAY

    def counts_until(self, day: date) -> date | None:
        """The last day on which a purchase of ``day`` counts; None: for good."""
        if self.window == "lifetime":
            return None
        return date(day.year, 12, 31) if self.window == "calendar_year" else _year_after(day) - ONE_DAY

    def review_after(self, day: date) -> date:
        """The review date that follows ``day``: twelve months on, or the next 1 January (S33)."""
        return date(day.year + 1, 1, 1) if self.window == "calendar_year" else _year_after(day)

    def period(self, review_on: date) -> tuple[date, date]:
        """The first and the last day that count at a review: the window before it, and the grace."""
        return self.window_start(review_on - ONE_DAY), review_on + timedelta(days=self.grace_days) - ONE_DAY

    def decided(self, today: date) -> date:
        """The newest review date whose grace is over on ``today``."""
        return today - timedelta(days=self.grace_days)


def _year_before(day: date) -> date:
    """The same day a year earlier; of 29 February the 28th."""
    return day.replace(year=day.year - 1, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)


def _year_after(day: date) -> date:
    """The same day a year later; of 29 February the 1st of March."""
    return date(day.year + 1, 3, 1) if (day.month, day.day) == (2, 29) else day.replace(year=day.year + 1)


class TierTable:
    """All levels of one programme, lowest first."""

    def __init__(self, tiers: Iterable[Tier]) -> None:
        self.levels = tuple(sorted(tiers, key=lambda tier: (tier.threshold, tier.code)))
        self._rank = {tier.code: rank for rank, tier in enumerate(self.levels)}

    def get(self, code: str | None) -> Tier | None:
        """The tier of a code; None for none, or one that the table no longer has."""
        return self.at(self.rank(code))

    def rank(self, code: str | None) -> int:
        """Where a code stands, lowest 0; -1 for none, or one that the table no longer has."""
        return self._rank.get(code, -1) if code is not None else -1

    def at(self, rank: int) -> Tier | None:
        """The tier of a rank; None below the lowest."""
        return self.levels[rank] if rank >= 0 else None

    def reached(self, figure: int) -> Tier | None:
        """The highest tier whose threshold the figure reaches, ``>=`` (S32)."""
        return next((tier for tier in reversed(self.levels) if figure >= tier.threshold), None)

    def upgrade(self, current: str | None, figure: int) -> Tier | None:
        """The higher tier that a settle gives from the next ticket on (S33); None: none is due.

        Never a lower one: downgrades happen only at the review date.
        """
        tier = self.reached(figure)
        return tier if tier is not None and self.rank(tier.code) > self.rank(current) else None

    def reviewed(self, current: str | None, figure: int, *, one_level: bool, floor: str | None = None) -> Tier | None:
        """The tier after a review: the present one when its threshold is reached, else a lower one.

        Lower by one level, or to what was reached, never below ``floor`` (given by hand, S33).
        """
        held, earned = self.rank(current), self.rank(_code(self.reached(figure)))
        lowest = max(earned, self.rank(floor), held - 1 if one_level else -1)
        return self.at(min(held, lowest) if held >= 0 else earned)

    def missing(self, current: str | None, figure: int) -> tuple[Tier, int] | None:
        """(next tier above the current one, what is missing to it) (S34); None at the top."""
        above = self.levels[self.rank(current) + 1 :]
        return next(((tier, max(0, tier.threshold - figure)) for tier in above), None)

    def keeps(self, current: str | None, figure: int) -> int:
        """What is still missing to keep the current tier at its review (S34); 0 when it is safe."""
        held = self.get(current)
        return max(0, held.threshold - figure) if held is not None else 0


def _code(tier: Tier | None) -> str | None:
    return tier.code if tier is not None else None


class Placed(Struct, frozen=True):
    """The tier that the days give, and the day since when they do (the floor's, if none lifted)."""

    tier: str | None
    since: date


def placed(table: TierTable, rules: TierRules, floor: str | None, floor_on: date, days: Days) -> Placed:
    """What the days since ``floor_on`` make of a floor; the figure is looked at on that day and
    on each later day of ``days``, over the window that ends there.

    ``days`` must reach back to the window of ``floor_on``.
    """
    best = Placed(floor, floor_on)
    figure = first = 0
    looked_at = [floor_on, *(day for day, _ in days if day > floor_on)]
    coming = 0
    for today in looked_at:
        while coming < len(days) and days[coming][0] <= today:
            figure += days[coming][1]
            coming += 1
        start = rules.window_start(today)
        while first < coming and days[first][0] < start:
            figure -= days[first][1]
            first += 1
        higher = table.upgrade(best.tier, figure)
        if higher is not None:
            best = Placed(higher.code, today)
    return best


def figure_of(days: Days, first: date, last: date = date.max) -> int:
    """The sum of the days from ``first`` to ``last``, both inclusive."""
    return sum(value for day, value in days if first <= day <= last)


class Standing(Struct, frozen=True, kw_only=True):
    """Where a member stands (S34); figures in the metric's unit.

    ``until``: the last day on which today's figure is whole; None: nothing runs out.
    ``keep_missing`` None: there is no tier, or none that a review can take.
    """

    metric: Metric
    figure: int
    next: Tier | None = None
    missing: int = 0
    until: date | None = None
    keep_missing: int | None = None
    keep_until: date | None = None


class NextTier(Struct, frozen=True):
    """The tier above, its threshold and what is missing to it, until its last day."""

    code: str
    name: str
    threshold: int
    missing: int
    until: str | None


class KeepTier(Struct, frozen=True):
    """What is missing to keep the present tier at its review, and the last day that counts."""

    missing: int
    until: str


class TierProgress(Struct, frozen=True):
    """A Standing as the answers show it; ``next`` None at the top, ``keep`` None when nothing can be lost."""

    metric: Metric
    figure: int
    next: NextTier | None
    keep: KeepTier | None


def progress(standing: Standing | None, language: str) -> TierProgress | None:
    """What the contract shows of a standing, names in the answer's language."""
    if standing is None:
        return None
    above, keep = standing.next, None
    if standing.keep_missing is not None and standing.keep_until is not None:
        keep = KeepTier(standing.keep_missing, standing.keep_until.isoformat())
    until = standing.until.isoformat() if standing.until else None
    following = (
        NextTier(above.code, name_in(above.name, language), above.threshold, standing.missing, until)
        if above is not None
        else None
    )
    return TierProgress(standing.metric, standing.figure, following, keep)


def successors(old: TierTable, new: TierTable) -> dict[str, str | None]:
    """Where the members of levels that leave the table stand: on the level that the old threshold reaches."""
    return {tier.code: _code(new.reached(tier.threshold)) for tier in old.levels if new.get(tier.code) is None}


def table_faults(tiers: Sequence[Mapping[str, object]]) -> dict[str, list[str]]:
    """Thresholds that do not rise from level to level: field path -> codes (S32)."""
    faults: dict[str, list[str]] = {}
    highest = -1
    for index, tier in enumerate(tiers):
        threshold = tier.get("threshold", 0)
        if isinstance(threshold, int):
            if threshold <= highest:
                faults[f"tiers[{index}].threshold"] = ["not_above_the_one_before"]
            highest = max(highest, threshold)
    return faults
