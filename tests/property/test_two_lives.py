"""Any life of two cards, attached late, made one member and two again, keeps the laws (reliability.md 3.10).

LOYALTY_POS_TEST_EXAMPLES sets how many lives are lived (default 12 on SQLite, a quarter on PostgreSQL).
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

import pytest
from actions import FixedClock
from conftest import Shop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from services.lane import COFFEE, FRUIT, MILK, Books, Lane, bread

from loyalty_pos.errors import Conflict, Refused
from loyalty_pos.jobs import expire_points, release_points
from loyalty_pos.services import attach, merging, programme
from loyalty_pos.services.context import SYSTEM, Request
from loyalty_pos.services.requests import AttachIn

Json = dict[str, Any]
EXAMPLES = int(os.environ.get("LOYALTY_POS_TEST_EXAMPLES", "12"))
sqlite_only = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
postgres_only = pytest.mark.parametrize(
    "store_url", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)
GOODS = [[MILK], [FRUIT, COFFEE], [bread(40_000, quantity=3)], [bread(700_000)], [COFFEE]]

both = st.integers(0, 1)
steps = st.one_of(
    st.tuples(st.just("sell"), both, st.integers(0, len(GOODS) - 1), st.sampled_from([0, 0, 50, 400])),
    st.tuples(st.just("forget"), both, st.integers(0, len(GOODS) - 1)),
    st.tuples(st.just("return"), st.integers(0, 20), st.integers(1, 3)),
    st.tuples(st.just("adjust"), both, st.sampled_from([300, 90, -60])),
    st.tuples(st.just("merge"), both),
    st.tuples(st.just("unmerge"), both),
    st.tuples(st.just("days"), st.integers(1, 4)),
)


def lives(part: int = 1) -> Any:
    """How many examples; always the same ones by default."""
    return settings(
        max_examples=max(3, EXAMPLES // part),
        derandomize=EXAMPLES <= 12,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


class Life:
    """Two cards, each of a member of its own at first, and what was bought with them."""

    def __init__(self, lane: Lane, clock: FixedClock) -> None:
        self.lane, self.clock = lane, clock
        made = [lane.enrols() for _ in range(2)]
        self.cards = [one["card"]["number"] for one in made]
        self.members = [one["member"]["id"] for one in made]
        self.sold: list[Json] = []

    def sell(self, who: int, what: int, points: int) -> None:
        """One of the cards buys, and may spend."""
        self.sold.append(self.lane.sells(*GOODS[what], card=self.cards[who], redeem_points=points))

    def forget(self, who: int, what: int) -> None:
        """The card is shown after payment."""
        sold = self.lane.sells(*GOODS[what])
        attach.attach(self.lane.services, self.lane.request("x"), sold["id"], AttachIn(swipe=self.cards[who]))
        self.sold.append(sold)

    def give_back(self, number: int, units: int) -> None:
        """Some units of a sale come back."""
        if self.sold:
            sold = self.sold[number % len(self.sold)]
            self.lane.takes_back(sold["id"], (sold["lines"][0]["line"], units))

    def merge(self, who: int) -> None:
        """One becomes the other's alias."""
        source, target = self.members[who], self.members[1 - who]
        merging.merge(self.lane.services, self.lane.request("m"), source, target, "hai thẻ")

    def unmerge(self, who: int) -> None:
        """And is itself again."""
        merging.unmerge(self.lane.services, self.lane.request("u"), self.members[who])

    def days(self, count: int) -> None:
        """Days pass, with their jobs."""
        self.clock.move(days=count)
        release_points.run(self.lane.services)
        expire_points.run(self.lane.services)

    def step(self, name: str, *values: Any) -> None:
        """One step; what the rules refuse changes nothing."""
        verbs = {"sell": self.sell, "forget": self.forget, "return": self.give_back, "merge": self.merge,
                 "unmerge": self.unmerge, "days": self.days,
                 "adjust": lambda who, amount: self.lane.adjusts(self.members[who], amount)}  # fmt: skip
        with suppress(Conflict, Refused):
            verbs[name](*values)


def live(lane: Lane, books: Books, clock: FixedClock, life: list[tuple[Any, ...]]) -> None:
    """Every step keeps the laws, and two members are what their cards and hands brought."""
    lived = Life(lane, clock)
    for step in life:
        lived.step(*step)
        assert books.faults() == [], step
    for who in (0, 1):
        lived.step("unmerge", who)
    assert books.faults() == []
    assert books.value("SELECT count(*) FROM members WHERE state <> 'active'") == 0
    owner = dict(books.rows("SELECT number, member_id FROM cards"))
    for card, member in books.rows(
        "SELECT w.number, s.member_id FROM sales s JOIN swipes w ON w.id = s.swipe_id WHERE s.member_id IS NOT NULL"
    ):
        assert owner[card] == member


@pytest.fixture
def world(lane: Lane, shop: Shop) -> Lane:
    """Points wait a day and lapse after eight; three of them may be spent at once."""
    terms = {"pending_days": 1, "expiry": {"mode": "days", "days": 8}, "redeem": {"min": 3}}
    programme.change(lane.services, Request(SYSTEM), {"points": terms})
    return lane


@sqlite_only
@lives()
@given(life=st.lists(steps, min_size=6, max_size=18))
def test_two_lives_on_sqlite(world: Lane, books: Books, clock: FixedClock, life: list[tuple[Any, ...]]) -> None:
    """L4-L9 after every step."""
    live(world, books, clock, life)


@postgres_only
@lives(4)
@given(life=st.lists(steps, min_size=6, max_size=18))
def test_two_lives_on_postgresql(world: Lane, books: Books, clock: FixedClock, life: list[tuple[Any, ...]]) -> None:
    """The same on the other engine."""
    live(world, books, clock, life)
