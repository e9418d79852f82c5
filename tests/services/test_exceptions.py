"""The manager's list of what could not be given as priced."""

from __future__ import annotations

from typing import Any

import pytest
from actions import FixedClock
from conftest import Shop
from services.lane import MILK, Books, Lane, bread

from loyalty_pos.errors import Conflict, NotFound, Refused
from loyalty_pos.jobs import release_holds, report_parked
from loyalty_pos.services import exceptions, staff
from loyalty_pos.services.context import Request, Services
from loyalty_pos.services.exceptions import Action
from loyalty_pos.storage.posting import add_exception

Json = dict[str, Any]


@pytest.fixture
def two(services: Services, shop: Shop) -> Services:
    """One exception in each store."""
    stores = {code: staff.by_terminal_key(services, key).store_id or 0 for code, key in shop.keys.items()}
    for lane in ("hn-01-1", "hn-02-1"):
        add = stores[lane]
        services.store.write(lambda tx, add=add: add_exception(tx, add, services.now_ms(), "guessing", 0, 0, None))
    return services


def test_a_manager_sees_and_resolves_what_is_in_their_stores(two: Services, shop: Shop) -> None:
    """contract.md 3: another store's exception does not exist for them."""
    owner, manager = (staff.by_token(two, shop.tokens[role]) for role in ("owner", "manager"))
    everything = exceptions.list_exceptions(two, owner)["items"]
    mine = exceptions.list_exceptions(two, manager, state="open")["items"]
    assert [row["store"] for row in everything] == ["hn-02", "hn-01"]
    assert [row["store"] for row in mine] == ["hn-01"]
    _, done = exceptions.resolve(two, Request(manager), mine[0]["id"], "accept", "spoke to the cashier")
    assert (done["state"], done["action"], done["note"]) == ("resolved", "accept", "spoke to the cashier")
    assert exceptions.list_exceptions(two, manager, state="open")["items"] == []
    with pytest.raises(Conflict):
        exceptions.resolve(two, Request(manager), mine[0]["id"], "accept")
    with pytest.raises(NotFound):
        exceptions.resolve(two, Request(manager), everything[0]["id"], "accept")


def test_the_list_comes_in_pages(two: Services, shop: Shop) -> None:
    owner = staff.by_token(two, shop.tokens["owner"])
    first = exceptions.list_exceptions(two, owner, limit=1)
    rest = exceptions.list_exceptions(two, owner, cursor=first["next"], limit=1)
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (1, 1, None)


@pytest.fixture
def missing(lane: Lane, hanh: Json, clock: FixedClock) -> Json:
    """A bill that promised 200 points after its hold had lapsed; 150 of them were spent elsewhere."""
    lane.adjusts(hanh["id"], 300)
    opened = lane.opens(bread(100_000, earns=False), card=hanh["card"], redeem_points=200)
    clock.move(minutes=16)
    release_holds.run(lane.services)
    lane.sells(bread(100_000, earns=False), card=hanh["card"], redeem_points=250)
    return lane.settles(opened["id"])


def resolves(shop: Shop, action: Action, note: str | None = None) -> Json:
    """The owner resolves the first open exception."""
    owner = staff.by_token(shop.services, shop.tokens["owner"])
    found = exceptions.list_exceptions(shop.services, owner, state="open")["items"]
    return dict(exceptions.resolve(shop.services, Request(owner), found[-1]["id"], action, note)[1])


def test_a_late_settle_is_recorded_and_the_store_bears_what_is_missing(
    lane: Lane, hanh: Json, missing: Json, books: Books
) -> None:
    """contract.md, Facts; reliability 3.9 case 5: never the customer below zero, told once."""
    assert missing["status"] == "accepted_with_exception"
    assert missing["exceptions"] == [{"code": "points_insufficient", "amount": 1_500}]
    assert missing["totals"]["to_pay"] == 98_000
    now = lane.points(hanh["id"])
    assert (now["active"], now["spent"], now["shortfall"]) == (0, 300, 0)
    assert books.rows("SELECT code, amount, points FROM exceptions") == [("points_insufficient", 1_500, 150)]
    assert books.faults() == []


def test_accepted_the_store_bears_it(lane: Lane, hanh: Json, missing: Json, books: Books, shop: Shop) -> None:
    """Action ``accept``: nothing else moves."""
    before = books.state()
    assert resolves(shop, "accept", "chúng ta chịu")["action"] == "accept"
    assert books.state() == before
    assert books.faults() == []


def test_recovered_the_points_are_taken_when_they_are_there(
    lane: Lane, hanh: Json, missing: Json, books: Books, shop: Shop
) -> None:
    """Action ``recover``: as spent on that bill, so that a return gives all of them back (S28)."""
    lane.adjusts(hanh["id"], 149)
    with pytest.raises(Refused, match="points_insufficient"):
        resolves(shop, "recover")
    assert books.value("SELECT state FROM exceptions") == "open"
    lane.adjusts(hanh["id"], 1)
    assert resolves(shop, "recover")["state"] == "resolved"
    assert [lane.points(hanh["id"])[name] for name in ("active", "spent")] == [0, 450]
    last = lane.entries(hanh["id"])[-2:]
    assert {(entry["kind"], entry["receipt"]) for entry in last} == {("redeem", missing["receipt"])}
    assert sum(entry["points"] for entry in last) == -150
    assert books.faults() == []
    done = lane.takes_back_all(missing)
    assert (done["pay_back"], done["points"]["given_back"]) == (98_000, 200)
    assert lane.points(hanh["id"])["active"] == 200
    assert books.faults() == []


def test_a_bill_that_was_returned_has_nothing_to_recover(
    lane: Lane, hanh: Json, missing: Json, books: Books, shop: Shop
) -> None:
    """The customer has had nothing for the missing points."""
    done = lane.takes_back_all(missing)
    assert (done["pay_back"], done["points"]["given_back"]) == (98_000, 50)
    lane.adjusts(hanh["id"], 500)
    with pytest.raises(Refused, match="exception_action"):
        resolves(shop, "recover")
    assert books.faults() == []


@pytest.mark.parametrize("action", ["recover", "drop"])
def test_an_action_must_fit(two: Services, shop: Shop, action: Action, books: Books) -> None:
    """A till that guessed owes no points and has parked nothing."""
    with pytest.raises(Refused, match="exception_action"):
        resolves(shop, action)
    assert books.value("SELECT count(*) FROM exceptions WHERE state = 'resolved'") == 0


def test_a_return_that_waits_a_day_is_the_managers(lane: Lane, books: Books, clock: FixedClock, shop: Shop) -> None:
    """S31: told once after 24 hours, with the receipt it waits for."""
    lane.takes_back_receipt("r9", ("1", 1))
    clock.move(hours=23, minutes=59)
    assert report_parked.run(lane.services).done == 0
    clock.move(minutes=1)
    assert [report_parked.run(lane.services).done for _ in range(3)] == [1, 0, 0]
    owner = staff.by_token(shop.services, shop.tokens["owner"])
    found = exceptions.list_exceptions(lane.services, owner)["items"]
    assert [(row["code"], row["store"], row["receipt"]) for row in found] == [("return_parked", "hn-01", "r9")]
    lane.sells(MILK, receipt="r9", sold_at="2026-11-21T11:00:00+07:00")
    assert books.rows("SELECT refunded FROM sales") == [(20_000,)]
    assert books.rows("SELECT state, action, resolved_by FROM exceptions") == [("resolved", "applied", "system")]
    assert books.faults() == []


def test_a_dropped_return_is_not_applied_any_more(lane: Lane, books: Books, clock: FixedClock, shop: Shop) -> None:
    """Action ``drop``: the sale that comes after all stays as it was; accepted, it is applied."""
    for receipt in ("r1", "r2"):
        lane.takes_back_receipt(receipt, ("1", 1))
    clock.move(days=1)
    report_parked.run(lane.services)
    resolves(shop, "drop", "hàng đã trả ở nơi khác")
    resolves(shop, "accept")
    for receipt in ("r1", "r2"):
        lane.sells(MILK, receipt=receipt, sold_at="2026-11-21T11:00:00+07:00")
    assert books.rows("SELECT receipt, refunded FROM sales ORDER BY id") == [("r1", 0), ("r2", 20_000)]
    assert books.rows("SELECT state FROM parked_returns ORDER BY id") == [("dropped",), ("applied",)]
    assert books.faults() == []


def test_a_return_that_did_not_fit_is_not_tried_again(lane: Lane, books: Books, clock: FixedClock) -> None:
    """S31: refused once, shown once; the same number of another day is another sale."""
    lane.takes_back_receipt("r9", ("1", 5))
    lane.sells(MILK, receipt="r9")
    clock.move(days=1)
    lane.sells(MILK, receipt="r9", sold_at="2026-11-20T11:00:00+07:00")
    assert books.exceptions() == [("return_more_than_bought", 0)]
    assert books.value("SELECT count(*) FROM returns") == 0
    assert report_parked.run(lane.services).done == 0
