"""The radar of the counter: each sign at its threshold and one below it (reliability.md section 2, rows 1-3)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from actions import FixedClock
from conftest import Shop
from services.lane import Books, Lane, bread, fresh_key, lane_of, sqlite_only

from loyalty_pos import reports
from loyalty_pos.errors import BadInput, Conflict, NotFound
from loyalty_pos.services import attach, points, programme, staff
from loyalty_pos.services.context import SYSTEM, Caller, Request
from loyalty_pos.services.requests import AdjustIn, AttachIn

Json = dict[str, Any]


def signs(lane: Lane, sign: str, caller: Caller = SYSTEM, **days: str) -> list[Json]:
    """The rows of one sign."""
    found = reports.run(lane.services, caller, "radar", days.get("first"), days.get("last"))
    assert all(list(row) == [column["code"] for column in found["columns"]] for row in found["rows"])
    return [row for row in found["rows"] if row["sign"] == sign]


def bound(lane: Lane, **values: int) -> None:
    """Set thresholds."""
    programme.change(lane.services, Request(SYSTEM), {"radar": values})


def person(lane: Lane, shop: Shop, role: str) -> Caller:
    """Somebody of the shop."""
    return staff.by_token(lane.services, shop.tokens[role])


def test_one_card_on_many_tickets_of_a_shift(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """More than three by one cashier on one business day; another cashier, another day is another shift."""
    for cashier in ("C07", "C07", "C07", "C08"):
        lane.sells(bread(10_000), card=hanh["card"], cashier=cashier)
    assert signs(lane, "one_card_many_tickets") == []
    lane.sells(bread(10_000), card=hanh["card"], cashier="C07")
    (row,) = signs(lane, "one_card_many_tickets")
    assert (row["cashier"], row["times"], row["of"], row["points"], row["store"]) == ("C07", 4, 3, 40, "hn-01")
    assert (row["member"], row["card"][:4], "•" in row["card"]) == (hanh["id"], "2900", True)
    bound(lane, card_tickets=4)
    assert signs(lane, "one_card_many_tickets") == []


def test_a_card_that_keeps_to_one_cashier(lane: Lane, hanh: Json) -> None:
    """Eight tickets, all at one of several cashiers; where there is one cashier only, it says nothing."""
    for _ in range(8):
        lane.sells(bread(10_000), card=hanh["card"], cashier="C07")
    assert signs(lane, "cashier_and_card") == []
    for _ in range(9):
        lane.sells(bread(10_000), card=lane.enrols()["card"]["number"], cashier="C08")
    (row,) = signs(lane, "cashier_and_card")
    assert (row["cashier"], row["member"], row["times"], row["of"]) == ("C07", hanh["id"], 8, 8)
    for _ in range(3):
        lane.sells(bread(10_000), card=hanh["card"], cashier="C08")
    assert signs(lane, "cashier_and_card") == []


def test_a_card_attached_after_payment(lane: Lane, hanh: Json) -> None:
    """Who attached it, to which bill, for how many points; what an enrolment brings is no sign."""
    sold = lane.sells(bread(90_000), cashier="C07", receipt="r-1")
    attach.attach(lane.services, lane.request("x"), sold["id"], AttachIn(swipe=hanh["card"]))
    lane.sells(bread(10_000), card="2900000000018")
    lane.enrols(card="2900000000018")
    (row,) = signs(lane, "attached_after_payment")
    assert (row["cashier"], row["by"], row["receipt"], row["points"]) == ("C07", "terminal:hn-01-1", "r-1", 90)
    assert (row["sale"], row["member"]) == (sold["id"], hanh["id"])


def test_a_second_card_shown_again_and_again(lane: Lane, hanh: Json) -> None:
    """S42: it is refused and recorded; twice by one cashier is a sign."""
    for expected in (0, 1):
        held = lane.opens(bread(10_000), card=lane.enrols()["card"]["number"], cashier="C07")["id"]
        with pytest.raises(Conflict, match="card_conflict"):
            lane.changes(held, bread(10_000), card=hanh["card"], cashier="C07")
        assert len(signs(lane, "second_card")) == expected
    (row,) = signs(lane, "second_card")
    assert (row["cashier"], row["member"], row["times"]) == ("C07", hanh["id"], 2)


def test_a_refund_after_the_points_were_spent(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """Buy, earn, spend, refund (field notes, complaints 1 and 23): within a week; a plain return is no sign."""
    lane.takes_back_all(lane.sells(bread(50_000), card=hanh["card"]))
    first = lane.sells(bread(300_000), card=hanh["card"], receipt="r-1")
    lane.sells(bread(100_000, earns=False), card=hanh["card"], redeem_points=200)
    clock.move(days=6)
    assert signs(lane, "refund_after_redemption") == []
    lane.takes_back_all(first)
    (row,) = signs(lane, "refund_after_redemption")
    assert (row["receipt"], row["points"], row["of"], row["member"]) == ("r-1", 300, 200, hanh["id"])
    bound(lane, refund_hours=6 * 24 - 1)
    assert signs(lane, "refund_after_redemption") == []


def test_points_spent_on_a_reward_are_spent_too(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """A reward bought with points takes them out of the member's hands as money does."""
    reward = {"kind": "amount_off", "amount": 1_000, "per": "basket"}
    programme.change(
        lane.services,
        Request(SYSTEM),
        {"points": {"rewards": [{"code": "cup", "cost": 250, "name": "Cốc", "reward": reward}]}},
    )
    lane.adjusts(hanh["id"], 400)
    first = lane.sells(bread(300_000), card=hanh["card"])
    lane.sells(bread(100_000, earns=False), card=hanh["card"], claim_rewards=["cup"], redeem_points=100)
    clock.move(hours=1)
    lane.takes_back_all(first)
    (row,) = signs(lane, "refund_after_redemption")
    assert row["of"] == 350


def test_points_by_hand_near_the_end_of_the_shift(lane: Lane, shop: Shop, hanh: Json, clock: FixedClock) -> None:
    """Within half an hour of the last sale of the day at that store, before or after."""
    manager = person(lane, shop, "manager")

    def gives(amount: int) -> None:
        body = AdjustIn(points=amount, reason="quà")
        points.adjust(lane.services, Request(manager, fresh_key()), hanh["id"], body)

    gives(1)
    clock.move(minutes=31)
    gives(2)
    clock.move(minutes=29)
    lane.sells(bread(10_000))
    clock.move(minutes=30)
    gives(3)
    clock.move(minutes=1)
    gives(4)
    lane_of(shop, "hn-02-1").sells(bread(10_000))
    assert [(row["by"], row["points"], row["store"]) for row in signs(lane, "points_near_shift_end")] == [
        ("staff:manager", 3, "hn-01"), ("staff:manager", 2, "hn-01"),
    ]  # fmt: skip
    bound(lane, shift_end_minutes=31)
    assert [row["points"] for row in signs(lane, "points_near_shift_end")] == [4, 3, 2]


def test_the_sellers_own_card(lane: Lane, shop: Shop, hanh: Json) -> None:
    """It earned nothing, and it shows."""
    staff.set_card(lane.services, Request(SYSTEM), "cashier", hanh["card"])
    lane.sells(bread(10_000), card=hanh["card"], cashier="C07")
    assert signs(lane, "own_card") == []
    seller = Lane(lane.services, person(lane, shop, "cashier"))
    sold = seller.sells(bread(10_000), card=hanh["card"])
    (row,) = signs(lane, "own_card")
    assert (row["cashier"], row["sale"], row["points"]) == ("cashier", sold["id"], 0)


@sqlite_only
def test_everybody_sees_what_their_role_may(lane: Lane, shop: Shop, hanh: Json) -> None:
    """contract.md 3: a manager their own stores; an auditor no personal data."""
    bound(lane, card_tickets=0)
    lane.sells(bread(10_000), card=hanh["card"])
    lane_of(shop, "hn-02-1").sells(bread(10_000), card=hanh["card"])
    seen = {role: signs(lane, "one_card_many_tickets", person(lane, shop, role)) for role in ("owner", "manager")}
    assert [row["store"] for row in seen["owner"]] == ["hn-01", "hn-02"]
    assert [row["store"] for row in seen["manager"]] == ["hn-01"]
    auditor = signs(lane, "one_card_many_tickets", person(lane, shop, "auditor"))
    assert [row["card"] for row in auditor] == [None, None]
    assert hanh["card"] not in json.dumps(seen)
    nobody = Caller(kind="staff", name="x", role="manager", store_ids=frozenset())
    assert signs(lane, "one_card_many_tickets", nobody) == []


@sqlite_only
def test_days_are_local_and_inclusive(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """Seven days without a question; a day that is none is refused; an unknown report too."""
    bound(lane, card_tickets=0)
    lane.sells(bread(10_000), card=hanh["card"])
    clock.move(days=6, hours=11, minutes=59)
    assert len(signs(lane, "one_card_many_tickets")) == 1
    clock.move(minutes=1)
    assert signs(lane, "one_card_many_tickets") == []
    assert len(signs(lane, "one_card_many_tickets", first="2026-11-21", last="2026-11-21")) == 1
    assert signs(lane, "one_card_many_tickets", first="2026-11-22") == []
    with pytest.raises(BadInput):
        reports.run(lane.services, SYSTEM, "radar", "yesterday", None)
    with pytest.raises(NotFound, match="report_unknown"):
        reports.run(lane.services, SYSTEM, "no such report", None, None)
    for values in ({"card_tickets": -1}, {"pair_percent": 101}, {"no_such": 1}, {"card_tickets": "3"}):
        with pytest.raises(BadInput):
            programme.change(lane.services, Request(SYSTEM), {"radar": values})
    assert "radar" in [one["code"] for one in reports.listed()["items"]]


def test_the_ledger_is_right_all_along(lane: Lane, hanh: Json, books: Books) -> None:
    """Looking changes nothing."""
    lane.sells(bread(10_000), card=hanh["card"])
    before = books.state()
    reports.run(lane.services, SYSTEM, "radar", None, None)
    assert books.state() == before
    assert books.faults() == []
