"""Clocks that jump, leap days, the turn of the year, midnight in the shop: days are the shop's (S20, S38, S44)."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from actions import FixedClock
from amounts import SEED, amount
from conftest import Shop
from services.lane import Books, Lane, bread

from loyalty_pos import jobs
from loyalty_pos.errors import Refused
from loyalty_pos.services import programme
from loyalty_pos.services.context import SYSTEM, Request

JUMPS = amount(200, 2_000)
SHOP = ZoneInfo("Asia/Ho_Chi_Minh")
MOMENT = timedelta(milliseconds=1)
Json = dict[str, Any]


def midnight(day: date) -> datetime:
    """The first moment of a day in the shop."""
    return datetime(day.year, day.month, day.day, tzinfo=SHOP).astimezone(UTC)


LAST_DAYS = [
    pytest.param(date(2028, 2, 28), {"mode": "days", "days": 1}, date(2028, 2, 29), id="to the leap day"),
    pytest.param(date(2028, 2, 29), {"mode": "months", "months": 12}, date(2029, 2, 28), id="from the leap day"),
    pytest.param(date(2027, 2, 28), {"mode": "months", "months": 12}, date(2028, 2, 29), id="to a longer February"),
    pytest.param(date(2027, 12, 31), {"mode": "days", "days": 1}, date(2028, 1, 1), id="over the turn of the year"),
    pytest.param(date(2027, 12, 1), {"mode": "months", "months": 1}, date(2028, 1, 31), id="a month over the year"),
]


@pytest.mark.parametrize(("granted", "expiry", "last"), LAST_DAYS)
@pytest.mark.parametrize("at", [timedelta(0), timedelta(days=1) - MOMENT], ids=["first moment", "last moment"])
def test_points_live_through_their_last_local_day(
    lane: Lane, hanh: Json, shop: Shop, clock: FixedClock, granted: date, expiry: Json, last: date, at: timedelta
) -> None:
    """S20: to its last millisecond, whenever on their first day they were granted."""
    programme.change(shop.services, Request(SYSTEM), {"points": {"expiry": expiry}})
    clock.at = midnight(granted) + at
    lane.adjusts(hanh["id"], 500)
    clock.at = midnight(last) + timedelta(days=1) - MOMENT
    jobs.run_due(shop.services)
    sold = lane.sells(bread(20_000, earns=False), card=hanh["card"], redeem_points=100)
    assert sold["points"]["redeemed"] == 100
    clock.at += MOMENT
    assert lane.sells(bread(20_000, earns=False), card=hanh["card"], redeem_points=100)["points"]["redeemed"] == 0
    jobs.run_due(shop.services)
    now = lane.points(hanh["id"])
    assert (now["active"], now["expired"], now["spent"]) == (0, 400, 100)


@pytest.mark.parametrize("last", [date(2028, 2, 29), date(2027, 12, 31), date(2026, 11, 30)])
def test_a_coupon_is_good_on_the_whole_of_its_last_day(lane: Lane, hanh: Json, clock: FixedClock, last: date) -> None:
    """S38: at 23:59:59 in Ho Chi Minh City, and not a moment later; 17:00 UTC is midnight there."""
    clock.at = midnight(last) - timedelta(days=1)
    code = lane.issues(hanh["id"], valid_to=last)
    goods = {"card": hanh["card"], "coupons": [code]}
    clock.at = midnight(last) + timedelta(days=1) - MOMENT
    opened = lane.opens(bread(50_000), **goods)
    assert opened["coupons"][0]["status"] == "applied"
    lane.voids(opened["id"])
    clock.at += MOMENT
    late = lane.quotes(bread(50_000), **goods)["coupons"][0]
    assert (late["status"], late["reason"]) == ("refused", "coupon_expired")


@pytest.mark.parametrize("days", [-2, 2])
@pytest.mark.parametrize("today", [date(2028, 2, 29), date(2028, 1, 1), date(2026, 11, 21)])
def test_a_till_two_days_off_is_recorded_with_both_times(
    lane: Lane, hanh: Json, books: Books, clock: FixedClock, today: date, days: int
) -> None:
    """S44: the ticket keeps its own day, points count from the server's time at the latest."""
    clock.at = midnight(today) + timedelta(minutes=1)
    sold_at = clock.at + timedelta(days=days)
    lane.sells(bread(50_000), card=hanh["card"], as_sold=True, sold_at=sold_at.isoformat())
    row = books.rows("SELECT business_date, sold_at, recorded_at FROM sales")[0]
    assert row[0] == (today + timedelta(days=days)).isoformat()
    assert row[1:] == (int(sold_at.timestamp() * 1000), int(clock.at.timestamp() * 1000))
    granted = books.value("SELECT active_from FROM lots WHERE granted = 50")
    assert granted == min(row[1:])
    # L11 goes by the clock: between a jump back and the next run of the job it has nothing to judge by.
    assert [line for line in books.faults() if not line.startswith("L11")] == []


@pytest.mark.long
def test_any_jumps_of_the_clock_keep_the_laws(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """S21, S44: forwards and back by up to two days, over a leap day and a new year, between any two verbs."""
    luck = random.Random(SEED)
    opened: list[str] = []
    sold: list[Json] = []

    def settle() -> None:
        sold.append(lane.settles(opened.pop()))

    for number in range(JUMPS):
        if number % 50 == 0:
            clock.at = midnight(luck.choice((date(2027, 12, 31), date(2028, 2, 28), date(2027, 3, 1))))
        clock.move(seconds=luck.uniform(-2, 2) * 86_400)
        fields: Json = {"card": hanh["card"], "redeem_points": luck.choice((0, 100))}
        sold.append(lane.sells(bread(luck.randrange(10_000, 90_000)), **fields))
        opened.append(lane.opens(bread(30_000), **fields)["id"])
        luck.choice((settle, lambda: lane.voids(opened.pop()), lambda: jobs.run_due(lane.services)))()
        with suppress(Refused):
            lane.takes_back_all(sold.pop(luck.randrange(len(sold))))
        now = lane.points(hanh["id"])
        assert min(now[name] for name in ("active", "pending", "held", "spent", "expired", "shortfall")) >= 0
    # L11 goes by the clock: between a jump back and the next run of the job it has nothing to judge by.
    assert [line for line in books.faults() if not line.startswith("L11")] == []
