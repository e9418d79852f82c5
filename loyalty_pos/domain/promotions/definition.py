"""A promotion as data: when, for whom, on what condition, what it gives, how often.

The struct is the JSON of promotions.md; conditions and rewards are decoded by their kind's own
argument struct (``conditions/``, ``rewards/``), so that a new kind never touches this file.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from loyalty_pos.domain.promotions.names import Code, Name
from loyalty_pos.domain.promotions.scope import Amount

STAGES = ("catalog", "item", "group", "tier", "basket", "coupon")
"""The order in which the chosen set is applied (S7)."""

StageName = Literal["catalog", "item", "group", "tier", "basket", "coupon"]
Weekday = Annotated[int, Meta(ge=1, le=7)]
Hour = Annotated[str, Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Uses = Annotated[int, Meta(ge=1, le=10**9)]


_RENAMED = {"first": "from", "last": "to"}


class Valid(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename=_RENAMED):
    """Inclusive local days (S38), ISO weekdays, hours with the end excluded, across midnight too."""

    first: date | None = None
    last: date | None = None
    weekdays: frozenset[Weekday] = frozenset()
    hours: tuple[Hour, Hour] | None = None

    def __post_init__(self) -> None:
        if self.first and self.last and self.last < self.first:
            raise ValueError("to:before_from")
        if self.hours is not None and self.hours[0] == self.hours[1]:
            raise ValueError("hours:contradictory")


class Audience(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """For whom: every key that is given must fit."""

    tiers: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()
    stores: frozenset[str] = frozenset()
    members_only: bool = False
    birthday_within_days: Annotated[int, Meta(ge=0, le=183)] | None = None

    @property
    def needs_member(self) -> bool:
        """Whether an anonymous customer can never be meant."""
        named = self.tiers or self.segments or self.members
        return bool(self.members_only or named or self.birthday_within_days is not None)


class Period(Struct, frozen=True, forbid_unknown_fields=True):
    """``uses`` by one member within ``days`` days."""

    days: Annotated[int, Meta(ge=1, le=3660)]
    uses: Uses


class Limits(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How often an offer may be used (S37); ``budget`` in minor units."""

    per_basket: Uses | None = None
    total: Uses | None = None
    per_member: Uses | None = None
    per_period: Period | None = None
    per_store: Uses | None = None
    per_cashier: Uses | None = None
    budget: Amount | None = None


class Promotion(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One offer as the shop writes it."""

    code: Code
    name: Name
    rewards: Annotated[list[dict[str, Any]], Meta(min_length=1, max_length=20)]
    trigger: Literal["automatic", "coupon"] = "automatic"
    valid: Valid = Valid()
    audience: Audience = Audience()
    conditions: Annotated[list[dict[str, Any]], Meta(max_length=20)] = []
    stacking: Literal["combine", "exclusive", "best_of_group", "only_if_alone"] = "combine"
    group: Code | None = None
    priority: Annotated[int, Meta(ge=-(10**6), le=10**6)] = 0
    stage: StageName | None = None
    limits: Limits = Limits()
    floor: Literal["cost"] | Amount | None = None
    enabled: bool = True

    def __post_init__(self) -> None:
        if self.stacking == "best_of_group" and self.group is None:
            raise ValueError("group:missing")
        if self.stacking != "best_of_group" and self.group is not None:
            raise ValueError("group:without_stacking")


def time_fault(valid: Valid, now: datetime) -> Literal["before", "after", "between"] | None:
    """Why a local time is outside: before the first day, after the last, or between (weekday, hours); None inside.

    Hours across midnight belong to the day they began on: Friday 22:00-02:00 includes Saturday
    01:00, also where Friday is the last day, and not where Saturday is the first (S38).
    """
    day = _began_on(valid.hours, now)
    judged = day or now.date()
    if valid.first is not None and judged < valid.first:
        return "before"
    if valid.last is not None and judged > valid.last:
        return "after"
    if day is None or (valid.weekdays and day.isoweekday() not in valid.weekdays):
        return "between"
    return None


def _began_on(hours: tuple[Hour, Hour] | None, now: datetime) -> date | None:
    """The day on which the hours began that ``now`` lies in; None outside of them."""
    if hours is None:
        return now.date()
    start, end = hours
    clock = f"{now.hour:02d}:{now.minute:02d}"
    if start <= clock and (clock < end or end < start):
        return now.date()
    return now.date() - timedelta(days=1) if clock < end < start else None
