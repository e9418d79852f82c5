"""A tier table looked at before it is put in force: refusals, who moves, what it costs (S32-S34)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from actions import FixedClock, line
from conftest import TIERS, Shop
from services.lane import MILK, Books, Lane, bread, lane_of

from loyalty_pos.errors import BadInput, Refused
from loyalty_pos.jobs import tier_review
from loyalty_pos.services import programme, tier_drafts
from loyalty_pos.services.context import SYSTEM, Caller, Request

Json = dict[str, Any]
WRITE = Request(SYSTEM)
DAY = date(2026, 11, 21)


def draft(*changes: Json) -> list[Json]:
    """Bronze, silver and gold with some fields changed."""
    return [tier | change for tier, change in zip(TIERS, changes, strict=True)]


def customers(lane: Lane, *spends: int) -> list[Json]:
    """A member for each sum, who has bought for just that."""
    found = []
    for amount in spends:
        made = lane.enrols()
        found.append({"id": made["member"]["id"], "card": made["card"]["number"]})
        lane.sells(bread(amount), card=found[-1]["card"])
    return found


def simulate(lane: Lane, tiers: list[Json], caller: Caller = SYSTEM, **more: Any) -> Json:
    """The what-if of one day."""
    return tier_drafts.simulate(lane.services, caller, tiers, DAY, DAY, **more)


# What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tiers", "errors"),
    [
        ([TIERS[0], TIERS[2], TIERS[1]], {"tiers[2].threshold": ["not_above_the_one_before"]}),
        (draft({}, {}, {"threshold": 1_000_000}), {"tiers[2].threshold": ["not_above_the_one_before"]}),
        (draft({}, {"code": "bronze"}, {}), {"tiers[1].code": ["duplicate"]}),
        (draft({}, {}, {"discount_percent": 101}), {"tiers[2].discount_percent": ["out_of_range"]}),
        (draft({}, {"threshold": -1}, {}), {"tiers[1].threshold": ["out_of_range"]}),
        (draft({}, {"surprise": 1}, {}), {"tiers[1].surprise": ["unknown_field"]}),
    ],
)
def test_a_faulty_table_is_refused_by_field_everywhere(
    lane: Lane, tiers: list[Json], errors: dict[str, list[str]]
) -> None:
    """S32: unordered and overlapping thresholds, duplicate codes; nothing changes."""
    before = programme.get(lane.services)
    for call in (
        lambda: programme.put_tiers(lane.services, WRITE, tiers),
        lambda: tier_drafts.preview(lane.services, tiers),
        lambda: simulate(lane, tiers),
    ):
        with pytest.raises(BadInput) as refused:
            call()
        assert refused.value.errors == errors
    assert programme.get(lane.services) == before


# Who moves ----------------------------------------------------------------------------------------


def test_a_higher_threshold_moves_nobody_before_the_review(lane: Lane, books: Books, clock: FixedClock) -> None:
    """The preview says who and when; the table alone moves nobody; the review does, when it is due."""
    customers(lane, 1_200_000, 900_000, 5_500_000)
    higher = draft({}, {"threshold": 2_000_000}, {})
    shown = tier_drafts.preview(lane.services, higher)
    assert shown == {
        "members": 3,
        "moves": [{"from": "silver", "to": "bronze", "when": "review", "now": 0, "draft": 1}],
    }
    programme.put_tiers(lane.services, WRITE, higher)
    tiers = "SELECT tier FROM members ORDER BY id"
    assert books.rows(tiers) == [("silver",), ("bronze",), ("gold",)]
    clock.move(days=365)
    tier_review.run(lane.services)
    assert books.rows(tiers) == [("silver",), ("bronze",), ("gold",)]
    clock.move(days=30)
    tier_review.run(lane.services)
    assert books.rows(tiers) == [("bronze",), ("bronze",), ("gold",)]


def test_a_return_under_a_higher_threshold_lowers_nobody(lane: Lane, books: Books) -> None:
    """What was reached under the table before is not owed to the goods that come back now (S33)."""
    member = customers(lane, 1_200_000)[0]
    small = lane.sells(bread(1_000), card=member["card"])
    programme.put_tiers(lane.services, WRITE, draft({}, {"threshold": 2_000_000}, {}))
    lane.takes_back_all(small)
    assert books.value("SELECT tier FROM members") == "silver"


def test_a_lower_threshold_lifts_with_the_next_ticket(lane: Lane, books: Books) -> None:
    members = customers(lane, 600_000, 100_000)
    lower = draft({}, {"threshold": 500_000}, {})
    assert tier_drafts.preview(lane.services, lower)["moves"] == [
        {"from": "bronze", "to": "silver", "when": "next_ticket", "now": 0, "draft": 1}
    ]
    programme.put_tiers(lane.services, WRITE, lower)
    lane.sells(bread(1_000), card=members[0]["card"])
    assert books.rows("SELECT tier FROM members ORDER BY id") == [("silver",), ("bronze",)]


def test_the_members_of_a_level_that_leaves_stand_where_its_threshold_stands(lane: Lane, books: Books) -> None:
    """Silver (1.000.000) goes: its members stand on what 1.000.000 reaches in the new table."""
    member = customers(lane, 1_200_000, 6_000_000)[1]
    lane.gives_tier(member["id"], "silver")
    table = [TIERS[0], {"code": "member", "name": "Hội viên", "threshold": 900_000}, TIERS[2]]
    assert tier_drafts.preview(lane.services, table)["moves"] == [
        {"from": "silver", "to": "gold", "when": "next_ticket", "now": 1, "draft": 1},
        {"from": "silver", "to": "member", "when": "at_once", "now": 0, "draft": 1},
    ]
    programme.put_tiers(lane.services, WRITE, table)
    assert books.rows("SELECT tier, tier_by_hand, tier_floor FROM members ORDER BY id") == [
        ("member", None, "bronze"),
        ("member", "member", "member"),
    ]


@pytest.mark.parametrize("metric", ["visits", "points"])
def test_the_preview_follows_the_metric(lane: Lane, metric: str) -> None:
    programme.change(lane.services, WRITE, {"tier_rules": {"metric": metric}, "points": {"pending_days": 1}})
    customers(lane, 600_000)
    moves = tier_drafts.preview(lane.services, draft({}, {"threshold": 1}, {}))["moves"]
    assert len(moves) == (1 if metric == "visits" else 0)


# What it costs ------------------------------------------------------------------------------------


def test_the_present_table_as_a_draft_changes_nothing(lane: Lane, hanh: Json) -> None:
    """The replay is symmetrical, with multi-buys, coupons, points and a discount of the till among the tickets."""
    code = lane.issues(hanh["id"])
    lane.adjusts(hanh["id"], 500)
    lane.sells(MILK, bread(100_000, 9, discount=5_000), card=hanh["card"], coupons=[code], redeem_points=200)
    lane.sells(line("1", sku="rice", price=20_000, quantity="0.435"), card=hanh["card"])
    sold = lane.sells(bread(9_000_000), card=hanh["card"])
    lane.sells(bread(1_000))
    lane.takes_back_all(sold)
    found = simulate(lane, TIERS)
    assert (found["tickets"], found["tickets_touched"]) == (2, 0)
    assert found["members"] == {"gain": 0, "lose": 0}
    for figure in (found["discount"], found["points"], found["margin"]):
        assert figure["now"] == figure["draft"]
    assert found["discount"]["now"] == 5_000 + 30_000 + (60_000 + 95_000) // 10


def test_s34_a_dearer_draft_says_what_it_costs_and_who_gains(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """Silver gets 5 %: 50.000 of the one ticket that silver had; the first ticket made the tier, at bronze's price."""
    rice = line("1", sku="rice", price=1_000_000, unit_cost=700_000)
    clock.move(days=-1)
    lane.sells(rice, card=hanh["card"])
    clock.move(days=1)
    lane.sells(rice, card=hanh["card"])
    customers(lane, 100_000)
    found = simulate(lane, draft({}, {"discount_percent": 5}, {}))
    assert (found["tickets"], found["tickets_touched"]) == (2, 1)
    assert found["discount"] == {"now": 0, "draft": 50_000}
    assert found["points"] == {"now": 1_100 + 100, "draft": 1_045 + 100}
    assert (found["margin"], found["tickets_without_cost"]) == ({"now": 300_000, "draft": 250_000}, 1)
    assert found["members"] == {"gain": 1, "lose": 0}
    assert found["by_day"] == [{"day": "2026-11-21", "tickets": 2, "discount": {"now": 0, "draft": 50_000}}]
    assert found["by_tier"] == [
        {"tier": "bronze", "members": {"now": 1, "draft": 1}, "tickets": {"now": 1, "draft": 1},
         "discount": {"now": 0, "draft": 0}},
        {"tier": "silver", "members": {"now": 1, "draft": 1}, "tickets": {"now": 1, "draft": 1},
         "discount": {"now": 0, "draft": 50_000}},
    ]  # fmt: skip
    assert (found["conflicts"], found["floor_hits"], found["budget_reached_on"]) == ([], 0, None)


def test_whoever_pays_more_or_earns_less_loses(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """Gold from 10.000.000: the discount of 10 % goes; silver without its multiplier earns less."""
    clock.move(days=-1)
    lane.sells(bread(5_000_000), card=hanh["card"])
    other = customers(lane, 1_500_000)[0]
    clock.move(days=1)
    lane.sells(bread(100_000), card=hanh["card"])
    lane.sells(bread(100_000), card=other["card"])
    found = simulate(lane, draft({}, {"earn_multiplier": 10_000}, {"threshold": 10_000_000}))
    assert found["discount"] == {"now": 10_000, "draft": 0}
    assert found["members"] == {"gain": 0, "lose": 2}
    moved = {level["tier"]: level["members"] for level in found["by_tier"]}
    assert moved == {"gold": {"now": 1, "draft": 0}, "silver": {"now": 1, "draft": 2}}


def test_a_tier_by_hand_counts_in_the_replay(lane: Lane, hanh: Json) -> None:
    lane.gives_tier(hanh["id"], "gold")
    lane.sells(bread(100_000), card=hanh["card"])
    assert simulate(lane, draft({}, {}, {"discount_percent": 20}))["discount"] == {"now": 10_000, "draft": 20_000}


def test_a_simulation_stays_in_the_callers_stores_and_within_its_limit(lane: Lane, hanh: Json, shop: Shop) -> None:
    lane.sells(bread(100_000), card=hanh["card"])
    lane_of(shop, "hn-02-1").sells(bread(100_000), card=hanh["card"])
    assert simulate(lane, TIERS)["tickets"] == 2
    manager = Caller("staff", "manager", role="manager", store_ids=frozenset({1}))
    assert simulate(lane, TIERS, manager)["tickets"] == 1
    assert simulate(lane, TIERS, Caller("staff", "nobody", store_ids=frozenset()))["tickets"] == 0
    with pytest.raises(Refused) as refused:
        simulate(lane, TIERS, most=1)
    assert (refused.value.code, refused.value.facts) == ("too_many_tickets", {"limit": 1})
    told: list[tuple[int, int]] = []
    simulate(lane, TIERS, most=None, progress=lambda done, total: told.append((done, total)))
    assert told == [(2, 2)]


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [(date(2026, 11, 22), DAY, "to"), (date(1, 1, 1), DAY, "from"), (DAY, date(9999, 12, 31), "to")],
)
def test_a_period_of_no_use_is_refused(lane: Lane, first: date, last: date, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        tier_drafts.simulate(lane.services, SYSTEM, TIERS, first, last)
    assert list(refused.value.errors) == [field]


def test_gift_cards_and_bought_rewards_are_replayed_as_they_were(lane: Lane, hanh: Json) -> None:
    """S16: a tier makes no gift card cheaper; a reward that was claimed is claimed again."""
    reward = {"kind": "amount_off", "amount": 9_000, "per": "basket", "scope": {"skus": ["bread"]}}
    loaf = {"code": "loaf", "cost": 100, "reward": reward}
    programme.change(lane.services, WRITE, {"gift_card_skus": ["gift"], "points": {"rewards": [loaf]}})
    lane.adjusts(hanh["id"], 300)
    lane.gives_tier(hanh["id"], "gold")
    goods = [bread(50_000), line("2", sku="gift", price=500_000)]
    sold = lane.sells(*goods, card=hanh["card"], claim_rewards=["loaf"], redeem_points=100)
    assert sold["totals"]["discount"] == 5_000 + 9_000
    found = simulate(lane, draft({}, {}, {"discount_percent": 20}))
    assert found["discount"] == {"now": 14_000, "draft": 10_000 + 9_000}
