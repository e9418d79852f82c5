"""Clocks that are wrong (S44, S20, S38, S45): recorded all the same, with both times; no clock revives an offer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from actions import NOON, FixedClock
from conftest import Shop, add_promotions
from hypothesis import given
from hypothesis import strategies as st
from services.batches import numbered, sale, sends, sends_swipes, swipe
from services.lane import Books, Lane, bread, sqlite_only

from loyalty_pos.errors import BadInput
from loyalty_pos.services import connections
from loyalty_pos.services.context import SYSTEM
from loyalty_pos.services.loading import ticket_time

Json = dict[str, Any]
DAY = timedelta(days=1)


def local(text: str) -> datetime:
    """A time in the shop."""
    return datetime.fromisoformat(f"{text}+07:00")


def skew(lane: Lane) -> int | None:
    """What staff see of the lane's clock, in seconds."""
    found: int | None = connections.list_connections(lane.services, SYSTEM)["items"][0]["clock_skew"]
    return found


@pytest.mark.parametrize(("off", "flagged", "told"), [
    (timedelta(0), None, False),
    (timedelta(minutes=5), None, False),
    (timedelta(minutes=5, seconds=1), 301, False),
    (timedelta(minutes=-6), -360, False),
    (DAY, 86_400, False),
    (DAY + timedelta(seconds=1), 86_401, True),
    (2 * DAY, 172_800, True),
    (-2 * DAY, -172_800, True),
    (timedelta(days=-9_000), -777_600_000, True),
])  # fmt: skip
@sqlite_only
def test_a_wrong_clock_is_flagged_then_told(
    lane: Lane, books: Books, off: timedelta, flagged: int | None, told: bool
) -> None:
    """Above five minutes flagged, above a day a manager sees it; the sale is recorded whatever it says."""
    answer = sends(lane, numbered(1), sent_at=NOON + off)
    assert answer["items"][0]["status"] == "ok"
    assert skew(lane) == flagged
    assert books.exceptions() == ([("clock_skew", 0)] if told else [])


def test_a_clock_two_days_off_changes_no_order_and_no_time(lane: Lane, books: Books, clock: FixedClock) -> None:
    """Both times stand as they came; the order is that of the numbers; the manager is told once, until resolved."""
    first = numbered(1, sold_at="2026-11-23T12:00:00+07:00")
    second = numbered(2, sold_at="2026-11-19T12:00:00+07:00")
    for items, off in (((second,), 2 * DAY), ((first,), 2 * DAY), ((first, second), -2 * DAY)):
        answer = sends(lane, *items, sent_at=clock.at + off)
    assert (answer["high_contiguous"], answer["gaps"]) == (2, [])
    noon = int(NOON.timestamp() * 1000)
    two_days = 2 * 86_400_000
    assert books.rows("SELECT receipt, sold_at - ?, recorded_at - ? FROM sales ORDER BY sold_at", noon, noon) == [
        ("r-1-2", -two_days, 0), ("r-1-1", two_days, 0),
    ]  # fmt: skip
    assert books.exceptions() == [("clock_skew", 0)]
    assert skew(lane) == -172_800
    sends(lane, first, sent_at=clock.at)
    assert skew(lane) is None
    assert books.faults() == []


def test_a_till_without_an_offset_is_told_so(lane: Lane, books: Books) -> None:
    for send, item in ((sends, sale("r-1")), (sends_swipes, swipe("2900000000001"))):
        with pytest.raises(BadInput) as refusal:
            send(lane, item, sent_at=NOON.replace(tzinfo=None))
        assert refusal.value.errors == {"sent_at": ["offset_missing"]}
    assert books.value("SELECT count(*) FROM sales") == 0


@given(st.integers(0, 10**13), st.none() | st.integers(1, 10**13), st.integers(0, 10**13))
def test_a_ticket_is_judged_no_earlier_than_what_its_till_knew(sold_at: int, seen: int | None, now: int) -> None:
    """S44: as the till says, but not before a server time that it had seen; none can be after now."""
    at = ticket_time(sold_at, seen, now)
    assert at >= sold_at
    assert at >= min(now, seen or 0)
    assert at in (sold_at, seen, now)
    if seen is None or seen <= sold_at:
        assert at == sold_at


HAPPY = {
    "code": "today-only", "name": {"vi": "Chỉ hôm nay", "en": "Today only"},
    "valid": {"from": "2026-11-21", "to": "2026-11-21"},
    "rewards": [{"kind": "percent_off", "percent": 10, "scope": {"all": True}}],
}  # fmt: skip


@pytest.mark.parametrize(("now", "sold_at", "seen", "discount"), [
    # offline at noon of the day, told the day after: judged at ticket time
    ("2026-11-22T12:00:00", "2026-11-21T12:00:00", None, 5_000),
    # the last second of the day in Ho Chi Minh City, and the first of the next
    ("2026-11-22T12:00:00", "2026-11-21T23:59:59", None, 5_000),
    ("2026-11-22T12:00:00", "2026-11-22T00:00:00", None, 0),
    # the clock was turned back two days after the till had seen the server's time
    ("2026-11-23T12:00:00", "2026-11-21T12:00:00", "2026-11-22T08:00:00", 0),
    ("2026-11-22T12:00:00", "2026-11-21T12:00:00", "2026-11-21T08:00:00", 5_000),
    # what the till says it saw cannot be after now
    ("2026-11-21T12:00:00", "2026-11-21T11:00:00", "2026-11-23T12:00:00", 5_000),
])  # fmt: skip
@sqlite_only
def test_no_clock_revives_an_offer(
    lane: Lane, shop: Shop, books: Books, clock: FixedClock,
    now: str, sold_at: str, seen: str | None, discount: int,
) -> None:  # fmt: skip
    """S44: offers are judged at ticket time, bounded by the server time seen; what was sent is kept as sent."""
    add_promotions(shop.services, [HAPPY])
    clock.at = local(now)
    item = numbered(1, sold_at=f"{sold_at}+07:00") | ({"server_time_seen": f"{seen}+07:00"} if seen else {})
    assert sends(lane, item)["items"][0]["status"] == "ok"
    assert books.rows("SELECT discount, sold_at FROM sales") == [(discount, int(local(sold_at).timestamp() * 1000))]


@sqlite_only
def test_no_clock_revives_a_coupon(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """S38: the coupon's last day is the 21st; the day after, a till whose clock was turned back is too late."""
    code = lane.issues(hanh["id"], valid_to=NOON.date())
    clock.move(days=1)
    item = numbered(1, card=hanh["card"], entry="scan", coupons=[code])
    turned = item | {"server_time_seen": "2026-11-22T08:00:00+07:00"}
    sends(lane, turned)
    assert books.value("SELECT discount FROM sales") == 0
    sends(lane, numbered(2, card=hanh["card"], entry="scan", coupons=[code]))
    assert books.rows("SELECT discount FROM sales ORDER BY id") == [(0,), (5_000,)]


@pytest.mark.parametrize(("sold_at", "day"), [
    ("2026-11-21T23:59:59+07:00", "2026-11-21"), ("2026-11-22T00:00:00+07:00", "2026-11-22"),
    ("2026-11-21T17:00:00+00:00", "2026-11-22"), ("2028-02-29T12:00:00+07:00", "2028-02-29"),
    ("2028-02-29T23:59:59+07:00", "2028-02-29"), ("2026-12-31T23:59:59+07:00", "2026-12-31"),
])  # fmt: skip
@sqlite_only
def test_the_business_day_is_the_shops_own(lane: Lane, books: Books, sold_at: str, day: str) -> None:
    """S45: the local date of ``sold_at``; the till's clock decides, right or wrong."""
    sends(lane, numbered(1, sold_at=sold_at))
    assert books.value("SELECT business_date FROM sales") == day


@pytest.mark.parametrize("sold_at", ["2028-02-29T12:00:00+07:00", "2028-03-02T12:00:00+07:00"])
@sqlite_only
def test_points_of_a_leap_day_lapse_by_the_servers_clock(
    lane: Lane, hanh: Json, books: Books, clock: FixedClock, sold_at: str
) -> None:
    """S20: a clock two days ahead makes no point live longer."""
    clock.at = local("2028-02-29T12:00:00")
    sends(lane, numbered(1, card=hanh["card"], entry="scan", sold_at=sold_at))
    lapses = datetime.fromtimestamp(books.value("SELECT expires_at FROM lots") / 1000, UTC)
    lane.sells(bread(50_000), card=hanh["card"])
    assert books.value("SELECT count(DISTINCT expires_at) FROM lots") == 1
    assert lapses > clock.at


@sqlite_only
def test_an_offline_swipe_of_a_leap_day_keeps_its_time(lane: Lane, hanh: Json, books: Books) -> None:
    sends_swipes(lane, swipe(hanh["card"], 1, at="2028-02-29T00:00:00+07:00"))
    assert books.value("SELECT at FROM swipes") == int(local("2028-02-29T00:00:00").timestamp() * 1000)
    assert books.value("SELECT recorded_at FROM swipes") == int(NOON.timestamp() * 1000)


ONCE_A_WEEK = {
    "code": "once-a-week", "name": {"vi": "Mỗi tuần một lần", "en": "Once a week"},
    "limits": {"per_period": {"days": 7, "uses": 1}},
    "rewards": [{"kind": "amount_off", "amount": 1_000, "per": "basket", "scope": {"all": True}}],
}  # fmt: skip


@pytest.mark.parametrize("sold_at", ["2026-11-11T12:00:00+07:00", "2026-12-01T12:00:00+07:00"])
@sqlite_only
def test_no_clock_goes_round_a_limit(
    lane: Lane, hanh: Json, shop: Shop, books: Books, clock: FixedClock, sold_at: str
) -> None:
    """S44, S37: limits count by the server's time, in both directions, for a ticket before and after."""
    add_promotions(shop.services, [ONCE_A_WEEK])
    holder = {"card": hanh["card"], "entry": "scan"}
    sends(lane, numbered(1, sold_at=sold_at, **holder), numbered(2, **holder))
    assert books.rows("SELECT discount FROM sales ORDER BY id") == [(1_000,), (0,)]
    sends(lane, numbered(3, sold_at=sold_at, **holder))
    clock.move(days=7, seconds=1)
    sends(lane, numbered(4, sold_at="2026-11-28T12:00:00+07:00", **holder))
    assert books.rows("SELECT discount FROM sales ORDER BY id") == [(1_000,), (0,), (0,), (1_000,)]
