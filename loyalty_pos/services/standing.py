"""Once a local day every member is judged anew: lifecycle, quintiles, purchases to expect (habits.md section 3).

First the night's terms are found from an even sample of the shop (its usual gaps, the cuts between the fifths,
the fitted model) and written down; then members are judged by these terms, block by block, read on a
snapshot and written in a short transaction.  Invariant: a member's standing follows from their own days and the
terms alone, so a night may be cut off, repeated and shared by processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial
from itertools import pairwise
from typing import Any

import msgspec
from msgspec import Struct, field

from loyalty_pos.domain.habits import expected, lifecycle, rfm
from loyalty_pos.domain.habits.due import Gaps, chance, gaps_of, kept_gaps, usual
from loyalty_pos.domain.habits.expected import Known, Model
from loyalty_pos.domain.habits.rfm import Cuts, Figures
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.services import rules
from loyalty_pos.services.context import Services
from loyalty_pos.storage import nights
from loyalty_pos.storage import standing as rows
from loyalty_pos.storage.recount import Block
from loyalty_pos.storage.standing import StandingRow
from loyalty_pos.storage.tx import Tx

NIGHT = "lifecycle"
AHEAD = 90
"""Days for which purchases are expected."""
YEAR = 365
BLOCK, SAMPLED = 500, 40
"""Ids of one block, and blocks of the sample: a shop of up to 20,000 members is known whole."""
FITTED = 5_000
"""Members of the sample that the model is fitted on at most: more change little, and each takes its time."""
VISIT_GAP, GOODS_GAP = 14.0, 30.0
"""The usual gap in days where nobody has come, or bought a thing, twice."""

Bought = Sequence[tuple[int, int]]
"""Days with a purchase as numbers, oldest first, and what was spent."""


class Terms(Struct, frozen=True):
    """What a night judges by; each ``Gaps`` is one usual gap."""

    visits: Gaps = chance(VISIT_GAP)
    categories: Gaps = chance(GOODS_GAP)
    goods: dict[str, Gaps] = field(default_factory=lambda: {"": chance(GOODS_GAP)})
    """Of the products of each category; under "" of all products."""
    cuts: Cuts = Cuts()
    model: Model = expected.TYPICAL

    def of_category(self, category: str | None) -> Gaps:
        """One usual gap between purchases of a product of this category."""
        return self.goods.get(category or "") or self.goods[""]


def terms(tx: Tx) -> Terms:
    """The terms of the newest night; those of a new shop before the first."""
    night = nights.newest(tx, NIGHT)
    return msgspec.json.decode(night.terms, type=Terms) if night else Terms()


def judge_all(services: Services, tell: Callable[[int, int], None]) -> int:
    """Judge every member, if it was not done today; how many were judged now.  ``tell(done, total)`` in ids."""
    today = rules.book(services).programme.local(services.now_ms()).date()
    night = services.store.read(lambda tx: nights.newest(tx, NIGHT))
    if night is None or night.day < today.isoformat():
        found = msgspec.json.encode(_find_terms(services, today)).decode()
        services.store.write(lambda tx: nights.begin(tx, NIGHT, today.isoformat(), found))
        night = services.store.read(lambda tx: nights.newest(tx, NIGHT))
    assert night is not None
    if night.finished:
        return 0
    return _judge_from(services, night.day, night.done_to, msgspec.json.decode(night.terms, type=Terms), tell)


def _judge_from(services: Services, day: str, start: int, by: Terms, tell: Callable[[int, int], None]) -> int:
    last, judged = services.store.read(rows.newest_member), 0
    for at in range(start, last, BLOCK):
        block = (at, at + BLOCK)
        found = services.store.read(partial(_judged, block=block, day=day, by=by))
        services.store.write(partial(_written, block=block, day=day, found=found))
        judged += len(found)
        tell(min(at + BLOCK, last), last)
    services.store.write(lambda tx: nights.finish(tx, NIGHT, day))
    return judged


def _judged(tx: Tx, block: Block, day: str, by: Terms) -> list[StandingRow]:
    return [_row(member_id, day, _numbered(days), by) for member_id, days in rows.days(tx, block)]


def _written(tx: Tx, block: Block, day: str, found: list[StandingRow]) -> None:
    rows.put(tx, block, day, found)
    nights.done(tx, NIGHT, day, block[1])


def _numbered(days: Iterable[tuple[str, int]]) -> Bought:
    return [(date.fromisoformat(day).toordinal(), spend) for day, spend in days]


def _row(member_id: int, day: str, bought: Bought, by: Terms) -> StandingRow:
    """One member's standing on a day."""
    today = date.fromisoformat(day).toordinal()
    numbers = [number for number, _ in bought]
    life = lifecycle.lifecycle(numbers, today, by.visits)
    marks = rfm.marks(_figures(bought, today), by.cuts)
    known = _known(numbers, today)
    chance_alive = expected.alive(by.model, known)
    return StandingRow(
        member_id, day, life.state, life.visits, life.silence, life.usual, life.slips_after, life.away,
        marks.recency, marks.frequency, marks.spend, round(1000 * expected.expected(by.model, known, AHEAD / 7)),
        None if chance_alive is None else round(1000 * chance_alive),
    )  # fmt: skip


def _figures(bought: Bought, today: int) -> Figures:
    year = [spend for number, spend in bought if number > today - YEAR]
    return Figures(max(today - bought[-1][0], 0), len(year), sum(year))


def _known(numbers: Sequence[int], today: int) -> Known:
    """The member in weeks, as the model takes them."""
    first, last = numbers[0], numbers[-1]
    return Known(len(numbers) - 1, (last - first) / 7, max(today - first, last - first) / 7)


# The night's terms --------------------------------------------------------------------------------


def _find_terms(services: Services, today: date) -> Terms:
    """What is usual in the shop, from blocks of members spread evenly over it."""
    starts = range(0, services.store.read(rows.newest_member), BLOCK)
    sample = _Sample(today.toordinal())
    for at in starts[:: max(len(starts) // SAMPLED, 1)]:
        services.store.read(partial(sample.add, block=(at, at + BLOCK)))
    return sample.terms()


class _Sample:
    """What is added up over some members."""

    def __init__(self, today: int) -> None:
        self._today = today
        self._visits, self._categories, self._goods = Gaps(), Gaps(), {"": Gaps()}
        self._figures: list[Figures] = []
        self._customers: list[Known] = []

    def add(self, tx: Tx, block: Block) -> None:
        """The members of a block."""
        for _, days in rows.days(tx, block):
            bought = _numbered(days)
            numbers = [number for number, _ in bought]
            self._visits += _one_voice(gaps_of(later - earlier for earlier, later in pairwise(numbers)))
            self._figures.append(_figures(bought, self._today))
            self._customers.append(_known(numbers, self._today))
        for category, *counters in rows.goods(tx, block):
            gap = _one_voice(kept_gaps(*counters))
            for name in {"", category}:
                self._goods[name] = self._goods.get(name, Gaps()) + gap
        for counters in rows.categories(tx, block):
            self._categories += _one_voice(kept_gaps(*counters))

    def terms(self) -> Terms:
        """What a night judges by."""
        return Terms(
            visits=usual(self._visits, VISIT_GAP),
            categories=usual(self._categories, GOODS_GAP),
            goods={name: usual(gaps, GOODS_GAP) for name, gaps in self._goods.items()},
            cuts=rfm.cuts(self._figures),
            model=expected.fit(self._customers[:: len(self._customers) // FITTED + 1]),
        )


def _one_voice(gaps: Gaps) -> Gaps:
    """One average gap, so that who comes often does not speak for all."""
    return gaps.times(1 / gaps.number) if gaps.number else gaps


# As it is shown -----------------------------------------------------------------------------------


def shown(row: StandingRow, say: Say) -> dict[str, Any]:
    """A standing as the contract shows it, with its reason in the reader's language."""
    life = lifecycle.Lifecycle(
        row.state,  # type: ignore[arg-type]
        row.visits, row.silence, row.usual, row.slips_after, row.away,
    )  # fmt: skip
    return {
        "day": row.day,
        "lifecycle": row.state,
        "reason": lifecycle.because(life, say),
        "rfm": {"recency": row.recency, "frequency": row.frequency, "spend": row.spend},
        "expected_days_90": row.expected / 1000,
        "alive": None if row.alive is None else row.alive / 1000,
    }
