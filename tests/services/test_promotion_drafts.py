"""What if: a promotion on past sales before it runs (contract.md section 3, promotions.md)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from actions import FixedClock, line
from conftest import Shop
from services.lane import COFFEE, FRUIT, MILK, Books, Lane, bread, lane_of

from loyalty_pos.errors import BadInput, NotFound, Refused
from loyalty_pos.services import products, promotion_drafts, promotions
from loyalty_pos.services.context import SYSTEM, Caller, Request

Json = dict[str, Any]
WRITE = Request(SYSTEM)
DAY = date(2026, 11, 21)
TEN: Json = {
    "code": "ten", "name": {"vi": "Giảm 10%", "en": "10% off"}, "state": "draft",
    "valid": {"from": "2027-01-01", "to": "2027-01-31"},
    "rewards": [{"kind": "percent_off", "percent": 10, "scope": {"skus": ["bread"]}}],
}  # fmt: skip


def drafted(lane: Lane, **changes: Any) -> str:
    """The code of a draft."""
    promotions.create(lane.services, WRITE, TEN | changes)
    return str(TEN["code"])


def simulate(lane: Lane, code: str, changes: Json | None = None, caller: Caller = SYSTEM, **more: Any) -> Json:
    """The what-if of one day."""
    return promotion_drafts.simulate(lane.services, caller, code, DAY, DAY, changes, **more)


def test_a_draft_says_what_it_costs_who_gains_and_by_tier(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """10 % of bread: a gold member's, a stranger's; a ticket without bread stays.  Its days, in 2027, are left out."""
    lane.gives_tier(hanh["id"], "gold")
    lane.sells(bread(100_000, unit_cost=60_000), card=hanh["card"])
    lane.sells(bread(50_000, unit_cost=20_000))
    lane.sells(COFFEE)
    found = simulate(lane, drafted(lane))
    assert (found["tickets"], found["tickets_touched"]) == (3, 2)
    assert found["discount"] == {"now": 10_000, "draft": 19_000 + 5_000}
    assert (found["margin"], found["tickets_without_cost"]) == ({"now": 60_000, "draft": 46_000}, 1)
    assert found["members"] == {"gain": 1, "lose": 0}
    by_tier = {part["tier"]: part for part in found["by_tier"]}
    assert by_tier["gold"]["discount"] == {"now": 10_000, "draft": 19_000}
    assert by_tier["gold"]["members"] == {"gain": 1, "lose": 0}
    assert (by_tier[None]["tickets"], by_tier[None]["tickets_touched"]) == (2, 1)
    assert found["by_day"] == [{"day": "2026-11-21", "tickets": 3, "discount": {"now": 10_000, "draft": 24_000}}]


def test_a_what_if_changes_nothing(lane: Lane, books: Books) -> None:
    lane.sells(bread(100_000))
    code = drafted(lane)
    before = books.dump()
    simulate(lane, code)
    assert books.dump() == before


def test_the_offers_that_it_pushes_aside_are_told(lane: Lane) -> None:
    """An exclusive draft that gives more than milk's multi-buy takes its place on that ticket (S11)."""
    lane.sells(MILK)
    lane.sells(bread(10_000))
    half = [{"kind": "percent_off", "percent": 50, "scope": {"categories": ["dairy/milk"]}}]
    found = simulate(lane, drafted(lane, rewards=half, stacking="exclusive"))
    assert found["conflicts"] == [{"promotion": "milk-3for2", "tickets": 1}]
    assert found["discount"] == {"now": 30_000, "draft": 45_000}


def test_the_floor_and_the_budget_are_told(lane: Lane, clock: FixedClock) -> None:
    """Bread sold at its cost is blocked; the budget of 15.000 is gone with the second ticket."""
    lane.sells(bread(100_000, unit_cost=50_000))
    lane.sells(bread(60_000, unit_cost=60_000))
    lane.sells(bread(50_000, unit_cost=20_000))
    found = simulate(lane, drafted(lane, floor="cost", limits={"budget": 15_000}))
    assert (found["floor_hits"], found["tickets_touched"]) == (1, 2)
    assert found["budget_reached_on"] == "2026-11-21"


def test_a_coupon_that_nobody_holds_is_taken_as_held_by_every_member(lane: Lane, hanh: Json) -> None:
    """The most that it can cost: the member's ticket, not the stranger's."""
    lane.sells(bread(100_000), card=hanh["card"])
    lane.sells(bread(100_000))
    found = simulate(lane, drafted(lane, trigger="coupon"))
    assert (found["tickets_touched"], found["discount"]) == (1, {"now": 0, "draft": 10_000})


def test_a_running_one_is_compared_with_its_absence(lane: Lane, hanh: Json) -> None:
    """What milk's multi-buy has given, and what the coupons that were used have given."""
    coupon = lane.issues(hanh["id"])
    lane.sells(MILK)
    lane.sells(bread(100_000), card=hanh["card"], coupons=[coupon])
    assert simulate(lane, "milk-3for2")["discount"] == {"now": 10_000, "draft": 40_000}
    assert simulate(lane, "ten-percent")["discount"] == {"now": 30_000, "draft": 40_000}


def test_a_change_of_a_running_one_is_compared_with_it_as_it_runs(lane: Lane, hanh: Json) -> None:
    lane.sells(FRUIT, card=hanh["card"])
    rewards = [{"kind": "percent_off", "percent": 20, "scope": {"categories": ["fresh/fruit"]}}]
    found = simulate(lane, "fruit-15", {"rewards": rewards})
    assert found["discount"] == {"now": 12_000, "draft": 16_000}
    assert promotions.get(lane.services, "fruit-15")["version"] == 1


def test_a_replay_of_the_same_rule_changes_nothing(lane: Lane, hanh: Json) -> None:
    """Both sides are one engine: multi-buys, coupons, points, weighed goods and the till's own discount."""
    coupon = lane.issues(hanh["id"])
    lane.adjusts(hanh["id"], 500)
    lane.sells(MILK, bread(100_000, 9, discount=5_000), card=hanh["card"], coupons=[coupon], redeem_points=200)
    lane.sells(line("1", sku="rice", price=20_000, quantity="0.435"), card=hanh["card"])
    found = simulate(lane, "fruit-15", {"priority": 0})
    assert (found["tickets"], found["tickets_touched"]) == (2, 0)
    assert all(found[part]["now"] == found[part]["draft"] for part in ("discount", "points", "margin"))


def test_a_till_sells_while_it_runs(lane: Lane, shop: Shop) -> None:
    """Each page is a read of its own: nothing is held between two of them."""
    lane.sells(bread(100_000))
    sold: list[Json] = []

    def meanwhile(_done: int, _total: int) -> None:
        if not sold:
            sold.append(lane_of(shop, "hn-01-2").sells(bread(50_000)))

    assert simulate(lane, drafted(lane), progress=meanwhile)["tickets"] >= 1
    assert sold[0]["totals"]["net"] == 50_000


def test_it_stays_in_the_callers_stores_and_within_its_limit(lane: Lane, shop: Shop) -> None:
    lane.sells(bread(100_000))
    lane_of(shop, "hn-02-1").sells(bread(100_000))
    code = drafted(lane)
    manager = Caller("staff", "manager", role="manager", store_ids=frozenset({1}))
    assert (simulate(lane, code)["tickets"], simulate(lane, code, caller=manager)["tickets"]) == (2, 1)
    with pytest.raises(Refused) as refused:
        simulate(lane, code, most=1)
    assert (refused.value.code, refused.value.facts) == ("too_many_tickets", {"limit": 1})
    told: list[tuple[int, int]] = []
    simulate(lane, code, most=None, progress=lambda done, total: told.append((done, total)))
    assert told == [(2, 2)]


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"rewards": [{"kind": "percent_off", "percent": 101}]}, ["rewards[0].percent"]),
        ({"surprise": 1}, ["surprise"]),
        ({"code": "other"}, ["code"]),
    ],
)
def test_faulty_changes_are_refused_by_field(lane: Lane, changes: Json, fields: list[str]) -> None:
    with pytest.raises(BadInput) as refused:
        simulate(lane, drafted(lane), changes)
    assert list(refused.value.errors) == fields


def test_an_unknown_promotion_and_a_period_of_no_use_are_refused(lane: Lane) -> None:
    with pytest.raises(NotFound):
        simulate(lane, "nothing")
    with pytest.raises(BadInput) as refused:
        promotion_drafts.simulate(lane.services, SYSTEM, "fruit-15", date(2026, 11, 22), DAY)
    assert list(refused.value.errors) == ["to"]


# Goods for free --------------------------------------------------------------------------------------


def test_goods_for_free_are_valued_though_no_ticket_has_them(lane: Lane, hanh: Json) -> None:
    """S11: by the price in our catalogue; their cost lowers the margin, and who gets them gains."""
    products.save(lane.services, WRITE, products.ProductIn(sku="cup", name="Cốc", unit_price=15_000, unit_cost=9_000))
    lane.sells(bread(100_000, unit_cost=60_000), card=hanh["card"])
    found = simulate(lane, drafted(lane, rewards=[{"kind": "add_free_item", "sku": "cup"}]))
    assert (found["tickets_touched"], found["discount"]) == (1, {"now": 0, "draft": 0})
    assert found["gifts"] == {"now": 0, "draft": 15_000}
    assert found["margin"] == {"now": 40_000, "draft": 31_000}
    assert found["members"] == {"gain": 1, "lose": 0}
    assert found["by_tier"][0]["gifts"] == found["gifts"]


def test_a_gift_steers_the_choice_as_it_would_at_the_till(lane: Lane) -> None:
    """S11: exclusive against each other, the dearer gift wins over the smaller discount."""
    products.save(lane.services, WRITE, products.ProductIn(sku="cup", name="Cốc", unit_price=15_000))
    promotions.create(
        lane.services,
        WRITE,
        TEN
        | {
            "code": "five",
            "state": "active",
            "valid": {},
            "stacking": "exclusive",
            "rewards": [{"kind": "percent_off", "percent": 5, "scope": {"skus": ["bread"]}}],
        },
    )
    lane.sells(bread(100_000))
    found = simulate(lane, drafted(lane, rewards=[{"kind": "add_free_item", "sku": "cup"}], stacking="exclusive"))
    assert (found["discount"], found["gifts"]) == ({"now": 5_000, "draft": 0}, {"now": 0, "draft": 15_000})
    assert found["conflicts"] == [{"promotion": "five", "tickets": 1}]


def test_a_draft_is_compared_with_what_runs(lane: Lane) -> None:
    """contract.md 3: the draft beside a running version, without its being named."""
    code = drafted(lane, state="active", valid={})
    promotions.patch(lane.services, WRITE, code, {"state": "draft", "rewards": [TEN["rewards"][0] | {"percent": 25}]})
    lane.sells(bread(100_000))
    assert simulate(lane, code)["discount"] == {"now": 10_000, "draft": 25_000}
