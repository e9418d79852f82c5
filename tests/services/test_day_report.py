"""The day's report: what the drawer's slip says."""

from __future__ import annotations

from datetime import date
from typing import Any

from actions import FixedClock
from services.lane import Books, Lane, bread

from loyalty_pos.services import day_report, programme, seals
from loyalty_pos.services.context import SYSTEM, Request

Json = dict[str, Any]


def test_a_day_counts_its_own(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """Sales, returns and points of the business day; the head of the chain and what waits for a seal."""
    lane.adjusts(hanh["id"], 500)
    sold = lane.sells(bread(200_000), card=hanh["card"], redeem_points=100)
    lane.sells(bread(50_000))
    lane.takes_back_all(sold)
    books.change("INSERT INTO exceptions (store_id, at, code) VALUES (1, 1, 'x')")
    head = seals.seal(lane.services).head
    today = day_report.day(lane.services)
    earned = sold["points"]["earned"]
    assert today.figures == (2, 250_000, 1, 200_000, 500 + earned, 0, earned, 0, 1)
    assert (today.day, today.head, today.unsealed) == (date(2026, 11, 21), head, 0)
    clock.move(days=1)
    lane.sells(bread(10_000))
    tomorrow = day_report.day(lane.services)
    assert tomorrow.figures == (1, 10_000, 0, 0, 0, 0, 0, 0, 1)
    assert tomorrow.unsealed == 1
    assert day_report.day(lane.services, date(2026, 11, 21)).figures == today.figures


def test_a_day_begins_when_the_shop_says(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """S45: with ``day_starts`` 04:00 the hour after midnight belongs to the evening before."""
    programme.change(lane.services, Request(SYSTEM), {"day_starts": "04:00"})
    clock.move(hours=13)  # 01:00 on 22 November
    lane.sells(bread(90_000), card=hanh["card"])
    found = day_report.day(lane.services)
    assert (found.day, found.figures.sales) == (date(2026, 11, 21), 1)
    assert found.figures.issued > 0
    assert day_report.day(lane.services, date(2026, 11, 22)).figures.issued == 0
