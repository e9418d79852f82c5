"""Offers over several units together, and offers by steps: the table of tests of each kind."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from domain.baskets import NOW, rule_set

from loyalty_pos.domain.basket import Basket
from loyalty_pos.domain.pricing.document import price_document
from loyalty_pos.domain.pricing.engine import price
from loyalty_pos.domain.pricing.request import PriceRequest
from loyalty_pos.errors import BadInput

Json = dict[str, Any]
MILK, TEA = {"categories": ["dairy/milk"]}, {"categories": ["drinks/tea"]}


def line(number: int, price: int, quantity: int | str = 1, category: str = "dairy/milk") -> Json:
    return {"line": str(number), "sku": f"s{number}", "category": category, "quantity": quantity, "unit_price": price}


def priced(reward: Json, *lines: Json, **promotion: Any) -> Json:
    """The Pricing of one offer for a stranger."""
    offer = {"code": "offer", "name": {"vi": "Ưu đãi", "en": "Offer"}, "rewards": [reward], **promotion}
    request = {
        "now": "2026-11-21T10:00:00+07:00",
        "promotions": [offer],
        "basket": {"lines": list(lines), "explain": True},
    }
    return price_document(request | {"explain": True})


def off(reward: Json, *lines: Json, **promotion: Any) -> list[int]:
    """What each line loses."""
    return [one["discount"] for one in priced(reward, *lines, **promotion)["lines"]]


def group(quantity: int, price: int, **more: Any) -> Json:
    return {"kind": "fixed_price_group", "quantity": quantity, "price": price, "scope": MILK, **more}


@pytest.mark.parametrize(
    ("reward", "lines", "discounts"),
    [
        (group(3, 75_000), [line(1, 30_000, 2)], [0]),
        (group(3, 75_000), [line(1, 30_000, 3)], [15_000]),
        (group(3, 75_000), [line(1, 30_000, 5)], [15_000]),
        (group(3, 75_000), [line(1, 30_000, 6)], [30_000]),
        (group(3, 75_000, max_groups=1), [line(1, 30_000, 6)], [15_000]),
        (group(3, 90_000), [line(1, 30_000, 3)], [0]),
        (group(3, 100_000), [line(1, 30_000, 3)], [0]),
        # The dearest two go together; the two that would be dearer together than apart are left alone.
        (group(2, 40_000), [line(1, 10_000), line(2, 30_000), line(3, 50_000), line(4, 20_000)],
         [0, 15_000, 25_000, 0]),
        (group(2, 40_000), [line(1, 30_000), line(2, 30_000, category="drinks/tea")], [0, 0]),
        # A weighed line is one unit (S4).
        (group(2, 40_000), [line(1, 60_000, "0.500"), line(2, 30_000)], [10_000, 10_000]),
    ],
)  # fmt: skip
def test_any_so_many_for_a_price(reward: Json, lines: list[Json], discounts: list[int]) -> None:
    assert off(reward, *lines) == discounts


def bundle(**more: Any) -> Json:
    return {"kind": "bundle", "items": [{"scope": MILK}, {"scope": TEA, "quantity": 2}], **more}


def tea(number: int, price: int, quantity: int = 1) -> Json:
    return line(number, price, quantity, "drinks/tea")


@pytest.mark.parametrize(
    ("reward", "lines", "discounts"),
    [
        (bundle(price=60_000), [line(1, 30_000), tea(2, 20_000, 1)], [0, 0]),
        (bundle(price=60_000), [line(1, 30_000), tea(2, 20_000, 2)], [4_286, 5_714]),
        (bundle(price=70_000), [line(1, 30_000), tea(2, 20_000, 2)], [0, 0]),
        (bundle(percent=10), [line(1, 30_000), tea(2, 20_000, 2)], [3_000, 4_000]),
        (bundle(amount=7_000), [line(1, 30_000, 2), tea(2, 20_000, 4)], [6_000, 8_000]),
        (bundle(amount=7_000, max_groups=1), [line(1, 30_000, 2), tea(2, 20_000, 4)], [3_000, 4_000]),
        (bundle(amount=900_000), [line(1, 30_000), tea(2, 20_000, 2)], [30_000, 40_000]),
        # The dearest go in, or those that stand first.
        (bundle(percent=10), [line(1, 10_000), line(2, 30_000), tea(3, 20_000, 2)], [0, 3_000, 4_000]),
        (bundle(percent=10, unit_order="basket"), [line(1, 10_000), line(2, 30_000), tea(3, 20_000, 2)],
         [1_000, 0, 4_000]),
        # A wide item leaves a narrow one what it needs.
        ({"kind": "bundle", "items": [{"scope": {"all": True}}, {"scope": MILK}], "percent": 50},
         [line(1, 30_000), tea(2, 20_000)], [15_000, 10_000]),
        # The second item needs all three milks but one: the first makes do with the tea.
        ({"kind": "bundle", "items": [{"scope": {"all": True}}, {"scope": MILK, "quantity": 3}], "percent": 50},
         [line(1, 30_000, 3), tea(2, 20_000)], [45_000, 10_000]),
        # Of two that both items would take the dearer pair goes in, whichever item each is for.
        ({"kind": "bundle", "percent": 50,
          "items": [{"scope": {"skus": ["s1", "s2"]}}, {"scope": {"skus": ["s2", "s3"]}}]},
         [line(1, 30_000), line(2, 40_000), line(3, 10_000)], [15_000, 20_000, 0]),
    ],
)  # fmt: skip
def test_so_many_of_this_with_so_many_of_that(reward: Json, lines: list[Json], discounts: list[int]) -> None:
    assert off(reward, *lines) == discounts


def steps(by: str, *rows: Json) -> Json:
    return {"kind": "steps", "by": by, "scope": MILK, "steps": list(rows)}


BY_VALUE = steps("basket_amount", {"from": 100_000, "percent": 5}, {"from": 200_000, "amount": 30_000})
BY_COUNT = steps("quantity", {"from": 3, "percent": 10}, {"from": 6, "price": 25_000})
BY_LINE = steps("line_amount", {"from": 50_000, "amount": 4_000})


@pytest.mark.parametrize(
    ("reward", "lines", "discounts"),
    [
        (BY_VALUE, [line(1, 99_999)], [0]),
        (BY_VALUE, [line(1, 100_000)], [5_000]),
        (BY_VALUE, [line(1, 199_999)], [10_000]),
        (BY_VALUE, [line(1, 200_000)], [30_000]),
        # Once, not for each multiple; and what is not in scope counts for nothing.
        (BY_VALUE, [line(1, 400_000)], [30_000]),
        (BY_VALUE, [line(1, 60_000), tea(2, 500_000)], [0, 0]),
        (BY_COUNT, [line(1, 30_000, 2)], [0]),
        (BY_COUNT, [line(1, 30_000, 3)], [9_000]),
        (BY_COUNT, [line(1, 30_000, 5)], [15_000]),
        (BY_COUNT, [line(1, 30_000, 6)], [30_000]),
        (BY_COUNT, [line(1, 30_000, 5), line(2, 20_000)], [25_000, 0]),
        (BY_LINE, [line(1, 49_999), line(2, 50_000), line(3, 25_000, 4)], [0, 4_000, 4_000]),
    ],
)
def test_the_highest_step_that_is_reached(reward: Json, lines: list[Json], discounts: list[int]) -> None:
    """S9: bounds are inclusive, at n-1, n and n+1."""
    assert off(reward, *lines) == discounts


def test_units_of_a_group_are_used_up_and_worth_the_same_on_return() -> None:
    """S8, S25: the saving is spread over every unit that went in, and none goes in twice."""
    offers: Json = {"code": "offer", "name": "A", "rewards": [group(3, 75_000), bundle(percent=50)]}
    goods = [line(1, 30_000, 3), line(2, 15_000), tea(3, 20_000, 1)]
    made = price(rule_set([offers]), PriceRequest(basket=msgspec.convert({"lines": goods}, Basket), now=NOW))
    assert made.pricing.totals.discount == 15_000
    assert [(run.count, run.net, run.refund) for run in made.units["1"]] == [(3, 25_000, 25_000)]
    assert [(run.count, run.net, run.refund) for run in made.units["2"]] == [(1, 15_000, 15_000)]


@pytest.mark.parametrize(
    ("reward", "missing"),
    [
        (group(3, 75_000), 2),
        (bundle(price=1_000), 2),
        ({"kind": "bundle", "items": [{"scope": {"all": True}}, {"scope": MILK}], "price": 1_000}, 1),
        (BY_COUNT, 2),
    ],
)  # fmt: skip
def test_what_is_missing_is_said(reward: Json, missing: int) -> None:
    """S13."""
    answer = priced(reward, line(1, 30_000))
    found = answer["not_applied"][0]
    assert (found["reason"], found["missing_quantity"]) == ("min_quantity", missing)


@pytest.mark.parametrize(
    ("reward", "path", "code"),
    [
        (group(1, 75_000), "quantity", "out_of_range"),
        (group(3, -1), "price", "out_of_range"),
        ({"kind": "bundle", "items": [], "price": 1}, "items", "out_of_range"),
        ({"kind": "bundle", "items": [{"scope": MILK}]}, "price", "missing"),
        ({"kind": "bundle", "items": [{"scope": MILK}], "price": 1, "percent": 5}, "percent", "one_only"),
        (
            {"kind": "bundle", "items": [{"scope": MILK, "quantity": 0}], "price": 1},
            "items[0].quantity",
            "out_of_range",
        ),
        (steps("quantity"), "steps", "out_of_range"),
        (steps("quantity", {"from": 3, "percent": 5}, {"from": 3, "percent": 6}), "steps", "overlapping"),
        (steps("quantity", {"from": 5, "percent": 5}, {"from": 3, "percent": 6}), "steps", "overlapping"),
        (steps("quantity", {"from": 3}), "steps[0].percent", "missing"),
        (steps("quantity", {"from": 3, "percent": 101}), "steps[0].percent", "out_of_range"),
        (steps("weight", {"from": 3, "percent": 5}), "by", "not_one_of"),
    ],
)
def test_a_fault_is_named_by_its_path(reward: Json, path: str, code: str) -> None:
    with pytest.raises(BadInput) as refusal:
        priced(reward, line(1, 30_000))
    assert refusal.value.errors == {f"promotions[0].rewards[0].{path}": [code]}
