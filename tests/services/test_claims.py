"""Rewards bought with points, from the checkout to the return."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from actions import FixedClock
from services.lane import Books, Lane, bread

from loyalty_pos import jobs
from loyalty_pos.errors import BadInput, NotAllowed
from loyalty_pos.services import merging, programme
from loyalty_pos.services.context import SYSTEM, Request

Json = dict[str, Any]
REWARDS = [
    {"code": "loaf", "cost": 300, "name": "Một ổ bánh mì",
     "reward": {"kind": "amount_off", "amount": 10_000, "per": "basket", "scope": {"skus": ["bread"]}}},
    {"code": "tenth", "cost": 200, "reward": {"kind": "percent_off", "percent": 10, "scope": {"all": True}}},
]  # fmt: skip
CLAIM: Json = {"claim_rewards": ["loaf"]}


@pytest.fixture
def fan(lane: Lane, hanh: Json) -> Json:
    """A member with 900 points in a shop that has a catalogue."""
    programme.change(lane.services, Request(SYSTEM), {"points": {"rewards": REWARDS}})
    for _ in range(3):
        lane.adjusts(hanh["id"], 300)
    return hanh


def spent(lane: Lane, member: str) -> list[tuple[str, int, str | None]]:
    """(kind, points, reason) of the entries that rewards wrote."""
    return [(one["kind"], one["points"], one["reason"]) for one in lane.entries(member) if one["kind"] != "adjust"]


def test_a_claimed_reward_is_held_and_spent_by_its_name(lane: Lane, fan: Json, books: Books) -> None:
    """S21, S48: held at the checkout, spent at settle with a reason that names the reward."""
    opened = lane.opens(bread(50_000), card=fan["card"], redeem_points=100, **CLAIM)
    assert (opened["totals"]["to_pay"], opened["rewards"]) == (39_000, {"loaf": 300})
    assert (lane.points(fan["id"])["active"], lane.points(fan["id"])["held"]) == (500, 400)
    sold = lane.settles(opened["id"])
    assert sold["totals"] == opened["totals"]
    assert spent(lane, fan["id"]) == [("claim", -300, "loaf"), ("redeem", -100, None), ("earn", 39, None)]
    assert lane.points(fan["id"])["spent"] == 400
    assert any("300" in line for line in sold["receipt_text"])
    assert books.faults() == []


@pytest.mark.parametrize("ends", ["void", "expiry"])
def test_a_hold_is_given_back(lane: Lane, fan: Json, books: Books, clock: FixedClock, ends: str) -> None:
    opened = lane.opens(bread(50_000), card=fan["card"], **CLAIM)
    if ends == "void":
        lane.voids(opened["id"])
    else:
        clock.move(minutes=16)
        jobs.run(lane.services, "release-holds")
    assert lane.points(fan["id"])["active"] == 900
    assert books.faults() == []


def test_a_changed_checkout_lets_go_of_its_reward(lane: Lane, fan: Json, books: Books) -> None:
    opened = lane.opens(bread(50_000), card=fan["card"], **CLAIM)
    assert lane.changes(opened["id"], bread(50_000), card=fan["card"])["totals"]["net"] == 50_000
    assert lane.points(fan["id"])["held"] == 0
    assert books.faults() == []


def test_two_rewards_come_out_of_several_lots(lane: Lane, fan: Json, books: Books) -> None:
    """S19: lots in their order; each entry says for which reward."""
    sold = lane.sells(bread(50_000), card=fan["card"], claim_rewards=["tenth", "loaf"], redeem_points=250)
    assert sold["points"]["redeemed"] == 250
    assert spent(lane, fan["id"])[:-1] == [
        ("claim", -200, "tenth"), ("claim", -100, "loaf"), ("claim", -200, "loaf"),
        ("redeem", -100, None), ("redeem", -150, None),
    ]  # fmt: skip
    assert books.faults() == []


def test_a_full_return_gives_the_points_back_and_a_part_does_not(lane: Lane, fan: Json, books: Books) -> None:
    """S29, S30: as with coupons; sale and full return is the state before."""
    before = books.state()
    sold = lane.sells(bread(20_000, quantity=2), card=fan["card"], redeem_points=100, **CLAIM)
    part = lane.takes_back(sold["id"], ("1", 1))
    assert part["rewards_back"] == 0
    assert books.faults() == []
    rest = lane.takes_back(sold["id"], ("1", 1))
    assert rest["rewards_back"] == 300
    assert spent(lane, fan["id"])[-2:-1] == [("claim", 300, "loaf")]
    assert books.state() == before
    assert books.faults() == []


def test_a_late_settle_spends_what_is_there(lane: Lane, fan: Json, books: Books, clock: FixedClock) -> None:
    """A fact is never refused: the reward is paid first, then the points that are money; the store bears the rest."""
    opened = lane.opens(bread(50_000), card=fan["card"], redeem_points=200, **CLAIM)
    clock.move(minutes=16)
    jobs.run(lane.services, "release-holds")
    for _ in range(3):
        lane.adjusts(fan["id"], -250)
    sold = lane.settles(opened["id"])
    # 150 points are there: half of the reward's 10.000, and nothing of the 2.000 that 200 points are worth.
    assert sold["exceptions"] == [{"code": "points_insufficient", "amount": 7_000}]
    assert spent(lane, fan["id"])[0] == ("claim", -150, "loaf")
    assert lane.points(fan["id"])["active"] == sold["points"]["earned"]
    assert books.rows("SELECT points FROM exceptions") == [(350,)]
    assert books.faults() == []
    assert lane.takes_back_all(sold)["rewards_back"] == 150
    assert books.faults() == []


def test_a_sale_made_offline_spends_what_is_there(lane: Lane, fan: Json, books: Books) -> None:
    """S47: the price stays as charged."""
    lane.adjusts(fan["id"], -800)
    sold = lane.sells(bread(40_000), card=fan["card"], as_sold=True, **CLAIM)
    assert (sold["totals"]["net"], sold["rewards"]) == (40_000, {"loaf": 300})
    assert [one["code"] for one in sold["exceptions"]] == ["points_insufficient"]
    assert spent(lane, fan["id"])[0] == ("claim", -100, "loaf")
    assert books.faults() == []


def test_whoever_may_not_spend_claims_nothing(lane: Lane, fan: Json, books: Books) -> None:
    """S22, S23."""
    typed = lane.sells(bread(50_000), card=fan["card"], entry="typed", **CLAIM)
    assert (typed["rewards"], typed["messages"][0].split(":")[0]) == ({}, "typed_entry")
    assert lane.sells(bread(50_000), **CLAIM)["messages"][0].startswith("member_required")
    earns_only = Lane(lane.services, replace(lane.caller, scopes=frozenset({"earn"})))
    with pytest.raises(NotAllowed, match="scope_missing"):
        earns_only.quotes(bread(50_000), card=fan["card"], **CLAIM)
    assert books.faults() == []


def test_the_catalogue_is_checked_with_the_settings(lane: Lane) -> None:
    """Nothing is stored that would not compile."""
    taken = [{**REWARDS[0], "code": "milk-3for2"}]
    for wrong in ([{**REWARDS[0], "cost": 0}], taken):
        with pytest.raises(BadInput):
            programme.change(lane.services, Request(SYSTEM), {"points": {"rewards": wrong}})


def test_merged_and_parted_members_keep_the_laws(lane: Lane, fan: Json, books: Books) -> None:
    """A reward that one bought with the other's points comes back to whom the sale belongs."""
    other = lane.enrols()
    lane.adjusts(other["member"]["id"], 500)
    lane.merges(other["member"]["id"], fan["id"])
    sold = lane.sells(bread(50_000), card=other["card"]["number"], claim_rewards=["loaf", "tenth"], redeem_points=700)
    assert books.faults() == []
    merging.unmerge(lane.services, Request(SYSTEM), other["member"]["id"])
    assert books.faults() == []
    lane.takes_back_all(sold)
    assert books.faults() == []
