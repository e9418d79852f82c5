"""Habits follow every sale, late or returned, and are counted anew to the same figures (S30)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from actions import FixedClock
from services.lane import COFFEE, FRUIT, MILK, Books, Lane, bread

from loyalty_pos.services import profiles

Json = dict[str, Any]
HOUR = 3_600_000
SQUARES = "SELECT times, gap_squares, (last_at - first_at) / 3600000 FROM member_products WHERE sku = ?"


def at(clock: FixedClock, days: int) -> Json:
    """A sale made elsewhere, so many days ago."""
    return {"sold_at": (clock.at - timedelta(days=days)).isoformat(), "as_sold": True}


def test_gaps_of_goods_follow_sales_in_the_order_of_time(
    lane: Lane, hanh: Json, books: Books, clock: FixedClock
) -> None:
    """A gap of 7 days and one of 3: 168 and 72 hours."""
    lane.sells(MILK, FRUIT, card=hanh["card"])
    clock.move(days=7)
    lane.sells(MILK, COFFEE, card=hanh["card"])
    clock.move(days=3)
    lane.sells(MILK, card=hanh["card"])
    assert books.rows(SQUARES, "milk") == [(3, 168**2 + 72**2, 240)]
    assert books.rows(SQUARES, "apple") == [(1, 0, 0)]
    assert books.rows("SELECT gap_squares FROM member_categories WHERE category = 'dairy/milk'") == [(168**2 + 72**2,)]
    assert books.faults() == []


def test_a_late_sale_divides_the_gap_it_falls_into(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """Between two, before the first, and of something else; each re-reads its own goods."""
    lane.sells(MILK, card=hanh["card"], **at(clock, 10))
    lane.sells(MILK, card=hanh["card"])
    lane.sells(MILK, card=hanh["card"], **at(clock, 3))
    assert books.rows(SQUARES, "milk") == [(3, 168**2 + 72**2, 240)]
    lane.sells(MILK, FRUIT, card=hanh["card"], **at(clock, 11))
    assert books.rows(SQUARES, "milk") == [(4, 24**2 + 168**2 + 72**2, 264)]
    assert books.rows(SQUARES, "apple") == [(1, 0, 0)]
    assert books.faults() == []


def test_a_return_joins_the_gaps_beside_it(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """S30: one of three units changes no gap, the last of them does; goods that are all gone have no row."""
    lane.sells(MILK, card=hanh["card"])
    clock.move(days=7)
    middle = lane.sells(MILK, COFFEE, card=hanh["card"])
    clock.move(days=3)
    lane.sells(MILK, card=hanh["card"])
    lane.takes_back(middle["id"], ("1", 1))
    assert books.rows(SQUARES, "milk") == [(3, 168**2 + 72**2, 240)]
    lane.takes_back(middle["id"], ("1", 2), ("3", 1))
    assert books.rows(SQUARES, "milk") == [(2, 240**2, 240)]
    assert books.rows(SQUARES, "coffee") == []
    assert books.faults() == []


def test_a_forgotten_card_brings_its_sale_into_the_rhythm(
    lane: Lane, hanh: Json, books: Books, clock: FixedClock
) -> None:
    """S42: attached after a newer sale, it stands between its neighbours."""
    lane.sells(MILK, card=hanh["card"])
    clock.move(days=2)
    forgotten = lane.sells(MILK)
    clock.move(days=3)
    lane.sells(MILK, card=hanh["card"])
    lane.attaches(forgotten["id"], hanh["card"])
    assert books.rows(SQUARES, "milk") == [(3, 48**2 + 72**2, 120)]
    assert books.faults() == []


def test_rebuilt_habits_are_those_that_the_sales_left(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """Whatever stood there before; members without a sale are counted too."""
    lan = lane.enrols(name="Lan")["card"]["number"]
    lane.enrols()
    for card in (hanh["card"], lan, hanh["card"]):
        sold = lane.sells(MILK, bread(12_000, 7, quantity=2), card=card)
        clock.move(days=4)
    lane.takes_back(sold["id"], ("7", 1))
    lane.sells(COFFEE, card=lan, **at(clock, 9))
    before = books.state()
    for damage in (
        "UPDATE member_products SET gap_squares = 7, times = times + 1, weight = 0",
        "DELETE FROM member_categories",
        "UPDATE profiles SET visits = 0, weekday_1 = 9, first_at = NULL",
        "DELETE FROM member_days",
        "UPDATE member_stores SET visits = 40",
    ):
        books.change(damage)
    assert books.faults() != []
    told: list[tuple[int, int]] = []
    done = profiles.rebuild(lane.services, lambda number, total: told.append((number, total)))
    assert done == {"members": 3}
    assert told[-1] == (1, 1)
    assert books.state() == before
    assert books.faults() == []


def test_tills_sell_while_habits_are_rebuilt(lane: Lane, hanh: Json, books: Books) -> None:
    """A sale that is being recorded is counted once, by the till or by the rebuilding."""
    for _ in range(5):
        lane.sells(MILK, FRUIT, card=hanh["card"])

    def sell(_number: int) -> None:
        lane.sells(MILK, COFFEE, card=hanh["card"])

    with ThreadPoolExecutor(3) as tills:
        selling = [tills.submit(sell, number) for number in range(12)]
        while not all(one.done() for one in selling):
            profiles.rebuild(lane.services, lambda _number, _total: None)
    for one in selling:
        one.result()
    assert books.value("SELECT visits FROM profiles") == 17
    assert books.faults() == []
