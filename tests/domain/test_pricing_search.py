"""The combination is the best permitted one, against a search that knows nothing of ours (S11)."""

from __future__ import annotations

import itertools
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from domain.baskets import ask, modest, priced, rule_set
from hypothesis import given
from hypothesis import strategies as st

from loyalty_pos.domain.pricing.engine import price

# One line, one unit: then a set of offers has exactly one outcome, and an oracle can be short.
offers = st.lists(
    st.tuples(
        st.sampled_from(["combine", "exclusive", "g", "h", "only_if_alone"]),
        st.sampled_from(["automatic", "coupon"]),
        st.one_of(
            st.tuples(st.just("percent"), st.integers(1, 60)),
            st.tuples(st.just("amount"), st.integers(1, 50_000)),
        ),
        st.integers(0, 1),
        st.sampled_from([0, 0, 40_000, 80_000]),
    ),
    max_size=6,
)


def as_promotion(number: int, offer: tuple[str, str, tuple[str, int], int, int]) -> dict[str, Any]:
    stacking, trigger, (kind, figure), priority, threshold = offer
    group = stacking if stacking in ("g", "h") else None
    reward: dict[str, Any] = {"kind": "percent_off", "percent": figure, "level": "basket"}
    if kind == "amount":
        reward = {"kind": "amount_off", "amount": figure}
    return {
        "code": f"p{number}",
        "name": "Ưu đãi",
        "trigger": trigger,
        "rewards": [reward],
        "stacking": "best_of_group" if group else stacking,
        "group": group,
        "priority": priority,
        "conditions": [{"kind": "min_amount", "amount": threshold, "basis": "discounted"}] if threshold else [],
    }


def half_up(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def outcome(start: int, chosen: list[dict[str, Any]]) -> int:
    """What a set of offers gives in order of stage, priority and code; the gold tier's 10 % between."""
    order = sorted(
        chosen, key=lambda p: (2 if p["trigger"] == "coupon" else p.get("stage_no", 1), -p["priority"], p["code"])
    )
    left, applied = start, 0
    for promotion in order:
        if promotion["stacking"] == "only_if_alone" and applied:
            continue
        if promotion["conditions"] and left < promotion["conditions"][0]["amount"]:
            continue
        reward = promotion["rewards"][0]
        if reward["kind"] == "percent_off":
            cut = half_up(Decimal(left) * Decimal(reward["percent"]) / 100)
        else:
            cut = min(left, reward["amount"])
        left -= cut
        applied += cut > 0
    return start - left


def best_by_force(start: int, promotions: list[dict[str, Any]]) -> int:
    tier: dict[str, Any] = {
        "code": "gold-10",
        "trigger": "automatic",
        "rewards": [{"kind": "percent_off", "percent": 10}],
        "stacking": "combine",
        "group": None,
        "priority": 0,
        "conditions": [],
        "stage_no": 0,
    }
    everything = [*promotions, tier]
    free = ("combine", "only_if_alone")
    must = {p["code"] for p in everything if p["trigger"] == "automatic" and p["stacking"] in free}
    best = 0
    for size in range(len(everything) + 1):
        for chosen in itertools.combinations(everything, size):
            codes = {p["code"] for p in chosen}
            groups = [p["group"] for p in chosen if p["group"]]
            alone = any(p["stacking"] == "exclusive" for p in chosen)
            permitted = size == 1 if alone else must <= codes and len(groups) == len(set(groups))
            if permitted:
                best = max(best, outcome(start, list(chosen)))
    return best


@modest
@given(offers, st.integers(0, 120_000))
def test_s11_equals_brute_force(made: list[tuple[str, str, tuple[str, int], int, int]], start: int) -> None:
    promotions = [as_promotion(number, offer) for number, offer in enumerate(made)]
    goods = [{"line": "1", "sku": "a", "quantity": 1, "unit_price": start}]
    proof = priced(goods, promotions).pricing.proof
    assert proof.optimal
    assert proof.discount == proof.upper_bound == best_by_force(start, promotions)


def coupons(count: int) -> list[dict[str, Any]]:
    return [
        {
            "code": f"c{number}",
            "name": "Phiếu",
            "trigger": "coupon",
            "rewards": [{"kind": "percent_off", "percent": 50}],
            "conditions": [{"kind": "min_amount", "amount": 1, "basis": "discounted"}],
        }
        for number in range(count)
    ]


@pytest.mark.parametrize(("nodes", "optimal"), [(1, False), (10, False), (11, True), (1000, True)])
def test_s11_the_node_limit_ends_the_search_honestly(nodes: int, optimal: bool) -> None:
    # All four, each three and each two could give more than what all four give: 1 + 4 + 6 tries.
    promotions = coupons(4)
    goods = [{"line": "1", "sku": "a", "quantity": 1, "unit_price": 100_000}]
    proof = price(rule_set(promotions, {"search_nodes": nodes}), ask(goods, promotions)).pricing.proof
    assert proof.nodes == min(nodes, 11)
    assert proof.optimal == optimal
    assert (proof.upper_bound == proof.discount) == optimal


def test_s11_multi_buys_that_want_the_same_units_are_tried_without_each_other() -> None:
    milk = {"categories": ["dairy/milk"]}
    small = {"kind": "buy_get", "buy_scope": milk, "buy_quantity": 2, "get_quantity": 1, "percent": 10}
    large = {"kind": "buy_get", "buy_scope": milk, "buy_quantity": 2, "get_quantity": 1, "percent": 100}
    promotions: list[dict[str, Any]] = [
        {"code": "a-small", "name": "A", "rewards": [small], "priority": 5},
        {"code": "b-large", "name": "B", "rewards": [large]},
    ]
    goods = [{"line": "1", "sku": "m", "category": "dairy/milk", "quantity": 3, "unit_price": 30_000}]
    answer = priced(goods, promotions, coupons=[], redeem_points=0)
    assert [use.promotion for use in answer.uses] == ["b-large", "gold-10"]
    assert not answer.pricing.proof.optimal or answer.pricing.proof.upper_bound == answer.pricing.proof.discount


def test_s11_equal_totals_go_to_the_fewer_promotions_then_priority_then_code() -> None:
    half: dict[str, Any] = {"rewards": [{"kind": "percent_off", "percent": 50}], "stacking": "best_of_group"}
    promotions = [
        {"code": "z", "name": "Z", "group": "g", "priority": 2, **half},
        {"code": "a", "name": "A", "group": "g", "priority": 1, **half},
        {"code": "y", "name": "Y", "group": "h", **half},
        {"code": "b", "name": "B", "group": "h", **half},
    ]
    goods = [{"line": "1", "sku": "a", "quantity": 1, "unit_price": 1000}]
    assert [use.promotion for use in priced(goods, promotions).uses] == ["z", "b", "gold-10"]


def test_s11_a_coupon_is_not_spent_where_the_others_take_the_whole_bill() -> None:
    """10 % off and a sum above the bill come to the same as the sum alone: the fewer promotions stay."""
    promotions: list[dict[str, Any]] = [
        {
            "code": "ten",
            "name": "A",
            "trigger": "coupon",
            "priority": 1,
            "rewards": [{"kind": "percent_off", "percent": 10}],
        },
        {"code": "sum", "name": "B", "trigger": "coupon", "rewards": [{"kind": "amount_off", "amount": 100_000}]},
    ]
    goods = [{"line": "1", "sku": "a", "quantity": 1, "unit_price": 80_000}]
    made = priced(goods, promotions)
    assert made.pricing.totals.net == 0
    assert [use.promotion for use in made.uses] == ["gold-10", "sum"]
    assert {one.code: one.status for one in made.pricing.coupons} == {"99ten": "refused", "99sum": "applied"}
    assert [one.reason for one in made.pricing.coupons] == ["not_combinable", None]


@pytest.mark.parametrize(("stage", "used"), [("item", {"gift", "gold-10"}), ("coupon", {"gift", "only", "gold-10"})])
def test_s11_what_applies_only_alone_gives_way_to_a_gift_before_it(stage: str, used: set[str]) -> None:
    """A free item lowers no price, and has applied all the same."""
    cup = {"kind": "add_free_item", "sku": "cup"}
    promotions: list[dict[str, Any]] = [
        {"code": "gift", "name": "A", "stage": stage, "priority": 1, "rewards": [cup]},
        {"code": "only", "name": "B", "stage": "item", "stacking": "only_if_alone",
         "rewards": [{"kind": "amount_off", "amount": 1_000}]},
    ]  # fmt: skip
    made = priced([{"line": "1", "sku": "a", "quantity": 1, "unit_price": 80_000}], promotions)
    assert {use.promotion for use in made.uses} == used
