"""Whatever happened to two members, their habits counted anew are the same (habits.md section 1, S30).

No integer differs, and decayed counts agree to 1e-9: sales out of order, returns, exchanges, forgotten
cards, members made one and two again.  LOYALTY_POS_TEST_EXAMPLES sets how many histories are tried.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from actions import FixedClock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from services.lane import COFFEE, FRUIT, MILK, Books, Lane, bread

from loyalty_pos.errors import Conflict, Refused
from loyalty_pos.services import merging, profiles
from loyalty_pos.storage.recount import HABITS

Json = dict[str, Any]
EXAMPLES = int(os.environ.get("LOYALTY_POS_TEST_EXAMPLES", "6"))
GOODS = [[MILK], [MILK, FRUIT, COFFEE], [bread(9_000, 7, quantity=3), MILK], [COFFEE, bread(70_000, 8)]]
both, goods, picks = st.integers(0, 1), st.integers(0, len(GOODS) - 1), st.integers(0, 30)
steps = st.one_of(
    st.tuples(st.just("sell"), both, goods, st.integers(0, 40)),
    st.tuples(st.just("forget"), both, goods),
    st.tuples(st.just("give_back"), picks, st.integers(0, 2), st.integers(1, 3)),
    st.tuples(st.just("give_all_back"), picks),
    st.tuples(st.just("exchange"), picks, goods),
    st.tuples(st.just("merge"), both),
    st.tuples(st.just("unmerge"), both),
    st.tuples(st.just("wait"), st.integers(1, 90)),
)


class Town:
    """Two members with a card each; ``step`` does one thing, and nothing where the rules refuse it."""

    def __init__(self, lane: Lane, clock: FixedClock) -> None:
        self.lane, self.clock = lane, clock
        made = [lane.enrols() for _ in range(2)]
        self.ids = [one["member"]["id"] for one in made]
        self.cards = [one["card"]["number"] for one in made]
        self.sold: list[Json] = []

    def step(self, name: str, *values: int) -> None:
        """One step of a history."""
        with suppress(Conflict, Refused):
            getattr(self, name)(*values)

    def sell(self, who: int, what: int, days: int) -> None:
        """A sale of now, or of so many days ago."""
        when = (self.clock.at - timedelta(days=days, hours=days % 5)).isoformat()
        late = {"as_sold": True, "sold_at": when} if days else {}
        self.sold.append(self.lane.sells(*GOODS[what], card=self.cards[who], **late))

    def forget(self, who: int, what: int) -> None:
        """The card comes after the sale."""
        sold = self.lane.sells(*GOODS[what])
        self.lane.attaches(sold["id"], self.cards[who])
        self.sold.append(sold)

    def give_back(self, pick: int, place: int, units: int) -> None:
        """Some units of a line."""
        if self.sold:
            sold = self.sold[pick % len(self.sold)]
            line = sold["lines"][place % len(sold["lines"])]
            self.lane.takes_back(sold["id"], (line["line"], min(units, len(line["units"]))))

    def give_all_back(self, pick: int) -> None:
        """A whole bill."""
        if self.sold:
            self.lane.takes_back_all(self.sold[pick % len(self.sold)])

    def exchange(self, pick: int, what: int) -> None:
        """A line for a new basket."""
        if self.sold:
            sold = self.sold[pick % len(self.sold)]
            back = self.lane.exchanges(sold["id"], [(sold["lines"][0]["line"], 1)], *GOODS[what])
            self.sold.append(back["sale"])

    def merge(self, who: int) -> None:
        """One is made the other's alias."""
        self.lane.merges(self.ids[who], self.ids[1 - who])

    def unmerge(self, who: int) -> None:
        """And two again."""
        merging.unmerge(self.lane.services, self.lane.request("u"), self.ids[who])

    def wait(self, hours: int) -> None:
        """Time goes by."""
        self.clock.move(hours=hours)


def figures(books: Books) -> dict[tuple[Any, ...], list[Any]]:
    """Every row of habits that counts anything."""
    found = {}
    for table, (about, names) in HABITS.items():
        for member, what, *row in books.rows(f"SELECT member_id, {about}, {names} FROM {table}"):
            if any(figure for name, figure in zip(names.split(", "), row, strict=True) if not name.endswith("_at")):
                found[table, member, what] = row
    return found


@pytest.mark.parametrize(
    "store_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)
@settings(
    max_examples=EXAMPLES,
    derandomize=EXAMPLES <= 6,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=st.lists(steps, min_size=8, max_size=24))
def test_habits_counted_anew_are_the_same(
    lane: Lane, books: Books, clock: FixedClock, history: list[tuple[Any, ...]]
) -> None:
    """On both engines; and by the ledger's own recount they were right before."""
    town = Town(lane, clock)
    for step in history:
        town.step(*step)
    before = figures(books)
    assert [line for line in books.faults() if not line.startswith("L11")] == []
    profiles.rebuild(lane.services, lambda _number, _total: None)
    after = figures(books)
    assert after.keys() == before.keys()
    for key, row in after.items():
        assert row[:-1] == before[key][:-1], key
        assert row[-1] == pytest.approx(before[key][-1], rel=1e-9), key
