"""What is nearly there: told when it is really all that is missing, the most worthwhile first (S13)."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_pos.domain.pricing.document import price_document

Json = dict[str, Any]
MILK, TEA = {"categories": ["dairy/milk"]}, {"categories": ["tea"]}
LINES = [
    {"line": "1", "sku": "milk", "category": "dairy/milk", "quantity": 2, "unit_price": 30_000},
    {"line": "2", "sku": "rice", "category": "rice", "quantity": 1, "unit_price": 100_000},
]


def offer(code: str, reward: Json, *conditions: Json, **more: Any) -> Json:
    made = {"code": code, "name": {"vi": f"Ưu đãi {code}", "en": f"Offer {code}"}, "rewards": [reward]}
    return made | {"conditions": list(conditions)} | more


def near(*promotions: Json, **more: Any) -> list[Json]:
    request = {"now": "2026-11-21T10:00:00+07:00", "language": "en", "basket": {"lines": LINES}, "points": {}}
    found: list[Json] = price_document(request | {"promotions": list(promotions)} | more)["nearly"]
    return found


def spend(amount: int, off: int, code: str = "a", **more: Any) -> Json:
    return offer(code, {"kind": "amount_off", "amount": off}, {"kind": "min_amount", "amount": amount}, **more)


THREE = {"kind": "buy_get", "buy_scope": MILK, "buy_quantity": 2, "get_quantity": 1}
PACK = {"kind": "fixed_price_group", "quantity": 4, "price": 100_000, "scope": MILK}
COMBO = {"kind": "bundle", "items": [{"scope": MILK}, {"scope": TEA}], "price": 40_000}


@pytest.mark.parametrize(
    ("promotion", "amount", "quantity", "message"),
    [
        (spend(172_000, 5_000), 12_000, None, "Spend 12,000đ more to get: Offer a"),
        (spend(160_001, 5_000), 1, None, "Spend 1đ more to get: Offer a"),
        (offer("a", {"kind": "amount_off", "amount": 1}, {"kind": "min_amount", "amount": 160_000, "op": "gt"}),
         1, None, "Spend 1đ more to get: Offer a"),
        (offer("a", {"kind": "amount_off", "amount": 1}, {"kind": "min_quantity", "quantity": 3, "scope": MILK}),
         None, 1, "Add 1 more to get: Offer a"),
        (offer("a", THREE), None, 1, "Add 1 more to get: Offer a"),
        (offer("a", PACK), None, 2, "Add 2 more to get: Offer a"),
        (offer("a", COMBO), None, 1, "Add 1 more to get: Offer a"),
        (offer("a", {"kind": "steps", "by": "basket_amount", "steps": [{"from": 200_000, "percent": 5}]}),
         40_000, None, "Spend 40,000đ more to get: Offer a"),
        (offer("a", {"kind": "steps", "by": "line_amount", "steps": [{"from": 110_000, "amount": 500}]}),
         10_000, None, "Spend 10,000đ more to get: Offer a"),
        (offer("a", {"kind": "steps", "by": "quantity", "scope": MILK, "steps": [{"from": 3, "percent": 5}]}),
         None, 1, "Add 1 more to get: Offer a"),
        (offer("a", {"kind": "add_free_item", "sku": "cup", "per_quantity": 3, "scope": MILK}), None, 1,
         "Add 1 more to get: Offer a"),
    ],
)  # fmt: skip
def test_what_is_missing(promotion: Json, amount: int | None, quantity: int | None, message: str) -> None:
    assert near(promotion) == [
        {"promotion": "a", "missing_amount": amount, "missing_quantity": quantity, "message": message}
    ]


@pytest.mark.parametrize(
    "promotion",
    [
        spend(160_000, 5_000),
        spend(320_001, 5_000),
        offer("a", {"kind": "amount_off", "amount": 1}, {"kind": "min_amount", "amount": 10, "op": "lt"}),
        spend(172_000, 5_000, audience={"tiers": ["gold"]}),
        spend(172_000, 5_000, valid={"weekdays": [7]}),
        spend(172_000, 5_000, trigger="coupon"),
        offer("a", {"kind": "amount_off", "amount": 1}, {"kind": "min_amount", "amount": 172_000}, {"kind": "member"}),
        # Two thresholds: one alone would not do.
        offer("a", {"kind": "amount_off", "amount": 1}, {"kind": "min_amount", "amount": 172_000},
              {"kind": "min_quantity", "quantity": 5, "scope": MILK}),
    ],
)  # fmt: skip
def test_nothing_is_promised_that_more_goods_would_not_bring(promotion: Json) -> None:
    assert near(promotion) == []


def test_the_largest_gain_comes_first_then_the_nearest() -> None:
    """One milk more is a gift of 30.000đ, two more a pack that saves 20.000đ; spending more brings 6.000đ."""
    found = near(
        spend(165_000, 6_000, "far"), spend(161_000, 6_000, "close"), offer("pack", PACK), offer("gift", THREE)
    )  # fmt: skip
    assert [one["promotion"] for one in found] == ["gift", "pack", "close", "far"]


def test_only_the_five_best_are_told() -> None:
    found = near(*(spend(170_000 + number, 1_000 * number, f"p{number}") for number in range(1, 9)))
    assert [one["promotion"] for one in found] == ["p8", "p7", "p6", "p5", "p4"]


def test_of_any_of_several_the_one_that_goods_can_meet_is_told() -> None:
    either = {"kind": "any", "of": [{"kind": "tier", "any_of": ["gold"]}, {"kind": "min_amount", "amount": 172_000}]}
    assert [x["missing_amount"] for x in near(offer("a", {"kind": "amount_off", "amount": 1}, either))] == [12_000]
    both = {"kind": "all", "of": [{"kind": "min_amount", "amount": 172_000}, {"kind": "tier", "any_of": ["gold"]}]}
    assert near(offer("a", {"kind": "amount_off", "amount": 1}, both)) == []


# The next step ---------------------------------------------------------------------------------------


STEPS = {
    "basket_amount": (
        {"from": 100_000, "percent": 5},
        {"from": 200_000, "percent": 10},
        {"from": 900_000, "percent": 20},
    ),
    "quantity": ({"from": 2, "percent": 5}, {"from": 4, "percent": 10}),
    "line_amount": ({"from": 50_000, "amount": 1_000}, {"from": 75_000, "amount": 3_000}),
}


@pytest.mark.parametrize(
    ("by", "scope", "amount", "quantity", "message"),
    [
        ("basket_amount", {"all": True}, 40_000, None, "Spend 40,000đ more to get more of: Offer a"),
        ("quantity", MILK, None, 2, "Add 2 more to get more of: Offer a"),
        ("line_amount", MILK, 15_000, None, "Spend 15,000đ more to get more of: Offer a"),
    ],
)
def test_steps_that_apply_name_the_next_one(
    by: str, scope: Json, amount: int | None, quantity: int | None, message: str
) -> None:
    """S13: 160.000 on the bill, two milks at 30.000; the step after the one that is reached."""
    found = near(offer("a", {"kind": "steps", "by": by, "scope": scope, "steps": list(STEPS[by])}))
    assert [(x["missing_amount"], x["missing_quantity"], x["message"]) for x in found] == [(amount, quantity, message)]


def test_the_last_step_a_far_one_and_a_worse_one_are_not_named() -> None:
    """At least half of the next bound must be there, and it must give more."""
    for second in ({"from": 160_000, "percent": 10}, {"from": 330_000, "percent": 10}, {"from": 170_000, "percent": 1}):
        steps = [{"from": 100_000, "percent": 5}, second]
        assert near(offer("a", {"kind": "steps", "by": "basket_amount", "steps": steps})) == []
