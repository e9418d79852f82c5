"""The tier follows from the floor and the rows, whatever came in whatever order (S30, S32, S33).

The oracle reads the sales themselves, not the counters by day, and looks at every calendar day.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from actions import NOON, FixedClock
from hypothesis import given
from hypothesis import strategies as st
from property.test_points_life import lives, newcomer, postgres_only, sqlite_only
from services.lane import Books, Lane, bread

from loyalty_pos.jobs import tier_review
from loyalty_pos.services import members, programme
from loyalty_pos.services.context import SYSTEM, Request

Json = dict[str, Any]
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
THRESHOLDS = {"spend": (0, 300_000, 700_000), "points": (0, 300, 700), "visits": (0, 3, 6)}
CODES = ("bronze", "silver", "gold")
FIGURES = {
    "spend": "s.net - s.refunded",
    "points": "s.earned - s.points_back",
    "visits": "CASE WHEN s.state = 'returned' THEN 0 ELSE 1 END",
}


def local(moment_ms: int) -> date:
    """The shop's day of a moment."""
    return datetime.fromtimestamp(moment_ms / 1000, ZONE).date()


def year_before(day: date) -> date:
    """Twelve months earlier; 28 February for a leap day."""
    leap = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if leap else day.day)


class Customer:
    """One member of a life, and what the rows say of them."""

    def __init__(self, lane: Lane, books: Books, clock: FixedClock, metric: str, window: str) -> None:
        self.lane, self.books, self.clock = lane, books, clock
        self.metric, self.window = metric, window
        self.member = newcomer(lane)
        self.id = int(self.member["id"])
        self.sold: list[Json] = []

    def buy(self, size: int, number: int) -> None:
        """A sale of today, or one that comes late."""
        when = self.clock.now() - timedelta(days=number if number % 3 == 0 else 0)
        goods = [bread(size * 50_000 + 999), bread(size * 10_000, 2)]
        self.sold.append(self.lane.sells(*goods, card=self.member["card"], sold_at=when.isoformat(), as_sold=True))

    def give_back(self, size: int, number: int) -> None:
        """A line of some earlier sale, or all of it."""
        if self.sold:
            sale = self.sold.pop(number % len(self.sold))
            if size % 2:
                self.lane.takes_back_all(sale)
            else:
                self.lane.takes_back(sale["id"], ("1", 1))

    def wait(self, size: int, number: int) -> None:
        """Days go by."""
        self.clock.move(days=number * 6)

    def review(self, size: int, number: int) -> None:
        """The job runs, on time or late."""
        tier_review.run(self.lane.services)

    def hand(self, size: int, number: int) -> None:
        """A tier by hand."""
        self.lane.gives_tier(self.member["id"], CODES[number % 3])

    def tier(self) -> str:
        """The tier as stored."""
        return str(self.books.value("SELECT tier FROM members WHERE id = ?", self.id))

    def by_the_rows(self) -> str:
        """The tier by looking at every day since the floor."""
        floor, floor_on = self.books.rows("SELECT tier_floor, floor_on FROM members WHERE id = ?", self.id)[0]
        days: dict[date, int] = defaultdict(int)
        sql = f"SELECT s.sold_at, {FIGURES[self.metric]} FROM sales s WHERE s.member_id = ?"
        for sold_at, figure in self.books.rows(sql, self.id):
            days[local(sold_at)] += figure
        today, best = date.fromisoformat(floor_on), CODES.index(floor)
        last = max([today, *days])
        while today <= last:
            first = {"rolling": year_before(today) + timedelta(days=1), "calendar_year": date(today.year, 1, 1)}.get(
                self.window, date.min
            )
            figure = sum(value for day, value in days.items() if first <= day <= today)
            best = max([best, *(rank for rank in range(3) if figure >= THRESHOLDS[self.metric][rank])])
            today += timedelta(days=1)
        return CODES[best]


VERBS = ("buy", "buy", "buy", "give_back", "give_back", "wait", "review")
Steps = list[tuple[str, int, int]]


def steps(*verbs: str) -> Any:
    """A life."""
    return st.lists(st.tuples(st.sampled_from(verbs), st.integers(1, 8), st.integers(0, 30)), min_size=3, max_size=18)


@pytest.fixture(params=["rolling", "calendar_year", "lifetime"])
def window(request: pytest.FixtureRequest) -> str:
    """Each window in turn."""
    return str(request.param)


def live(lane: Lane, books: Books, clock: FixedClock, metric: str, window: str, life: Steps) -> Customer:
    """Go through a life; the stored tier is that of the rows after every step."""
    clock.at = NOON
    programme.change(lane.services, Request(SYSTEM), {"tier_rules": {"metric": metric, "window": window}})
    table = [
        {"code": code, "name": code, "threshold": figure}
        for code, figure in zip(CODES, THRESHOLDS[metric], strict=True)
    ]
    programme.put_tiers(lane.services, Request(SYSTEM), table)
    one = Customer(lane, books, clock, metric, window)
    for verb, size, number in life:
        getattr(one, verb)(size, number)
        assert one.tier() == one.by_the_rows(), verb
    return one


@sqlite_only
@lives(1)
@given(metric=st.sampled_from(sorted(FIGURES)), life=steps(*VERBS))
def test_the_tier_is_that_of_the_rows(
    lane: Lane, books: Books, clock: FixedClock, window: str, metric: str, life: Steps
) -> None:
    """S30, S33: sales on time and late, partial and full returns, reviews on time and late."""
    live(lane, books, clock, metric, window, life)
    assert books.faults() == []


@postgres_only
@lives(8)
@given(metric=st.sampled_from(sorted(FIGURES)), life=steps(*VERBS))
def test_the_tier_is_that_of_the_rows_on_postgresql(
    lane: Lane, books: Books, clock: FixedClock, window: str, metric: str, life: Steps
) -> None:
    """The same on the other engine."""
    live(lane, books, clock, metric, window, life)


@sqlite_only
@lives(4)
@given(code=st.sampled_from(CODES), life=steps(*VERBS))
def test_a_tier_by_hand_survives_everything(
    lane: Lane, books: Books, clock: FixedClock, window: str, code: str, life: Steps
) -> None:
    """S33: no job and no return takes it away."""
    one = live(lane, books, clock, "spend", window, [("hand", 1, CODES.index(code))])
    for verb, size, number in life:
        getattr(one, verb)(size, number)
        assert CODES.index(one.tier()) >= CODES.index(code), verb


@sqlite_only
@lives(4)
@given(life=steps("buy", "buy", "give_back", "wait"))
def test_what_is_told_to_be_missing_is_exact(
    lane: Lane, books: Books, clock: FixedClock, window: str, life: Steps
) -> None:
    """S34: buying just that lifts, buying one less does not."""
    one = live(lane, books, clock, "spend", window, life)
    shown = members.get(lane.services, SYSTEM, one.member["id"])["tier_progress"]["next"]
    if shown is not None and shown["missing"] > 1:
        before = one.tier()
        lane.sells(bread(shown["missing"] - 1), card=one.member["card"])
        assert one.tier() == before
        lane.sells(bread(1), card=one.member["card"])
        assert one.tier() == shown["code"]
