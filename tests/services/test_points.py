"""Points by hand, balances, entries and the profile as the contract shows them (S19, S20, S22, S50)."""

from __future__ import annotations

from typing import Any

import pytest
from actions import FixedClock
from services.lane import COFFEE, FRUIT, MILK, Books, Lane, bread, sqlite_only

from loyalty_pos.errors import BadInput, NotFound, Refused
from loyalty_pos.services import points, profiles, programme
from loyalty_pos.services.context import SYSTEM, Request

Json = dict[str, Any]
pytestmark = sqlite_only


def test_balances_name_their_lots(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """S20: granted 2026-11-21 + 12 months is gone after 2027-11-30."""
    lane.sells(bread(100_000), card=hanh["card"])
    clock.move(days=10)
    lane.adjusts(hanh["id"], 50)
    now = lane.points(hanh["id"])
    assert now["lots"] == [
        {"points": 100, "active_from": "2026-11-21", "expires_on": "2027-11-30"},
        {"points": 50, "active_from": "2026-12-01", "expires_on": "2027-12-31"},
    ]
    assert now["active"] == 150


def test_the_soonest_expiry_is_spent_first(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """S19: then the oldest; lots that never expire last."""
    programme.change(lane.services, Request(SYSTEM), {"points": {"expiry": {"mode": "never"}}})
    lane.adjusts(hanh["id"], 100)
    programme.change(lane.services, Request(SYSTEM), {"points": {"expiry": {"mode": "days", "days": 90}}})
    lane.adjusts(hanh["id"], 200)
    programme.change(lane.services, Request(SYSTEM), {"points": {"expiry": {"mode": "days", "days": 30}}})
    clock.move(days=1)
    lane.adjusts(hanh["id"], 300)
    lane.sells(bread(100_000, earns=False), card=hanh["card"], redeem_points=450)
    left = [(lot["points"], lot["expires_on"]) for lot in lane.points(hanh["id"])["lots"]]
    assert left == [(50, "2027-02-19"), (100, None)]


@pytest.mark.parametrize(("asked", "given"), [(99, 0), (100, 100), (500, 500), (501, 500), (10_000, 500)])
def test_as_many_as_allowed(lane: Lane, hanh: Json, asked: int, given: int) -> None:
    """S22: minimum 100, at most what is there; more is never an error, and is explained."""
    lane.adjusts(hanh["id"], 500)
    priced = lane.quotes(bread(1_000_000), card=hanh["card"], redeem_points=asked)
    assert priced["points"]["redeemed"] == given
    assert bool(priced["messages"]) is (asked != given)


def test_half_of_the_ticket_at_most(lane: Lane, hanh: Json) -> None:
    """S22: 50 % of 20.000đ is 1.000 points."""
    lane.adjusts(hanh["id"], 1_000)
    lane.adjusts(hanh["id"], 1_000)
    assert lane.quotes(bread(20_000), card=hanh["card"], redeem_points=2_000)["points"]["redeemed"] == 1_000


def test_entries_sum_to_the_balance(lane: Lane, hanh: Json) -> None:
    """Oldest first; their sum = active + pending + held; each says which ticket, key and terminal."""
    lane.adjusts(hanh["id"], 500)
    sold = lane.sells(bread(100_000), card=hanh["card"], redeem_points=200, receipt="r7", key="a-key-0123456789")
    lane.opens(bread(100_000), card=hanh["card"], redeem_points=150)
    lane.takes_back_all(sold)
    rows = lane.entries(hanh["id"])
    assert [(row["kind"], row["points"]) for row in rows] == [
        ("adjust", 500), ("redeem", -200), ("earn", 98), ("give_back", 200), ("take_back", -98),
    ]  # fmt: skip
    now = lane.points(hanh["id"])
    assert sum(row["points"] for row in rows) == now["active"] + now["pending"] + now["held"]
    earn = rows[2]
    assert (earn["sale"], earn["receipt"], earn["terminal"]) == (sold["id"], "r7", "hn-01-1")
    assert earn["idempotency_key"] == "a-key-0123456789"


def test_pages_of_entries(lane: Lane, hanh: Json) -> None:
    """Every entry once, in order."""
    for amount in range(1, 8):
        lane.adjusts(hanh["id"], amount)
    seen: list[int] = []
    cursor = None
    while True:
        page = points.entries(lane.services, lane.caller, hanh["id"], cursor, 3)
        seen += [row["points"] for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == list(range(1, 8))


@pytest.mark.parametrize(("amount", "fine"), [(1_000, True), (1_001, False), (-1, True), (-1_001, False)])
def test_a_grant_above_the_limit_waits_for_a_second_person(
    lane: Lane, hanh: Json, books: Books, amount: int, fine: bool
) -> None:
    """S50: n and n+1, in both directions."""
    lane.adjusts(hanh["id"], 1_000)
    lane.adjusts(hanh["id"], 1_000)
    if fine:
        assert lane.adjusts(hanh["id"], amount)["active"] == 2_000 + amount
        assert books.value("SELECT count(*) FROM audit WHERE what = 'points.adjust'") == 3
    else:
        assert lane.adjusts(hanh["id"], amount)["status"] == "waiting_approval"
        assert lane.points(hanh["id"])["active"] == 2_000
    assert books.faults() == []


def test_nobody_is_put_below_zero_by_hand(lane: Lane, hanh: Json, books: Books) -> None:
    """I1; zero is no adjustment; an unknown member is unknown."""
    lane.adjusts(hanh["id"], 100)
    with pytest.raises(Refused, match="points_insufficient"):
        lane.adjusts(hanh["id"], -101)
    assert lane.adjusts(hanh["id"], -100)["active"] == 0
    with pytest.raises(BadInput):
        lane.adjusts(hanh["id"], 0)
    with pytest.raises(NotFound, match="member_unknown"):
        lane.adjusts("999", 1)
    assert books.faults() == []


def test_the_profile_counts_what_was_bought(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """Visits, spend, rhythm and favourites follow each sale and each return."""
    lane.sells(MILK, FRUIT, card=hanh["card"])
    clock.move(days=7)
    lane.sells(MILK, card=hanh["card"])
    clock.move(days=14)
    third = lane.sells(COFFEE, card=hanh["card"])
    seen = profiles.profile(lane.services, lane.caller, hanh["id"])
    assert (seen["visits"], seen["spend"], seen["items"]) == (3, 128_000 + 60_000 + 145_000, 9)
    assert seen["average_basket"] == 111_000
    assert (seen["rhythm"]["gaps"], seen["rhythm"]["mean_days"]) == (2, 10.5)
    assert seen["rhythm"]["weekdays"] == [0, 0, 0, 0, 0, 3, 0]
    assert seen["rhythm"]["dayparts"] == {"night": 0, "morning": 0, "afternoon": 3, "evening": 0}
    assert [(row["sku"], row["times"], row["quantity"]) for row in seen["favourites"]] == [
        ("milk", 2, 6), ("coffee", 1, 1), ("apple", 1, 2),
    ]  # fmt: skip
    assert seen["stores"][0]["visits"] == 3
    lane.takes_back_all(third)
    after = profiles.profile(lane.services, lane.caller, hanh["id"])
    assert (after["visits"], after["spend"]) == (2, 188_000)
    assert "coffee" not in [row["sku"] for row in after["favourites"]]
    assert after["last_purchase"] == "2026-11-28T05:00:00+00:00"


def test_coupons_of_a_member(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """S38: ``expired`` is told from the last day, before any job says so; newest first."""
    first, second = lane.issues(hanh["id"]), lane.issues(hanh["id"], "coffee-20k")
    lane.sells(COFFEE, card=hanh["card"], coupons=[second])
    listed = points.coupons(lane.services, lane.caller, hanh["id"], None, None, 10)["items"]
    assert [(x["code"], x["state"], x["name"]) for x in listed] == [
        (second, "used", "Cà phê giảm 20.000đ"), (first, "issued", "Giảm 10%"),
    ]  # fmt: skip
    clock.move(days=31)
    listed = points.coupons(lane.services, lane.caller, hanh["id"], None, None, 10)["items"]
    assert [x["state"] for x in listed] == ["used", "expired"]


def test_lapsed_points_are_not_taken_by_hand(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """S20: what has lapsed is not there, although no job has said so yet; a grant is granted."""
    programme.change(lane.services, Request(SYSTEM), {"points": {"expiry": {"mode": "days", "days": 1}}})
    lane.adjusts(hanh["id"], 300)
    clock.move(days=2)
    with pytest.raises(Refused, match="points_insufficient"):
        lane.adjusts(hanh["id"], -100)
    lane.adjusts(hanh["id"], 100)
    lane.adjusts(hanh["id"], -100)
    assert books.faults() == []
