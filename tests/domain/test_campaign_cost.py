"""What the rule of a promotion says about the cost of its coupons (habits.md section 5)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from loyalty_pos.domain.campaigns.cost import ASSUMED, bound, discount_percent, most_of, rate_of
from loyalty_pos.domain.pricing.offers import Offer, check_promotion

Json = dict[str, Any]
ALL: Json = {"all": True}
MILK: Json = {"categories": ["dairy/milk"]}


def offer(*rewards: Json, **fields: Any) -> Offer:
    """A coupon promotion."""
    return check_promotion({"code": "x", "name": "x", "trigger": "coupon", "rewards": list(rewards)} | fields)


MOST: list[tuple[list[Json], int | None]] = [
    ([{"kind": "amount_off", "amount": 20_000, "per": "basket", "scope": ALL}], 20_000),
    ([{"kind": "amount_off", "amount": 20_000, "per": "basket", "scope": ALL, "max_amount": 15_000}], 15_000),
    ([{"kind": "amount_off", "amount": 5_000, "per": "unit", "scope": MILK}], None),
    ([{"kind": "amount_off", "amount": 5_000, "per": "unit", "scope": MILK, "max_amount": 30_000}], 30_000),
    ([{"kind": "percent_off", "percent": 10, "scope": ALL}], None),
    ([{"kind": "percent_off", "percent": 10, "scope": ALL, "max_amount": 50_000}], 50_000),
    ([{"kind": "fixed_price", "price": 9_000, "scope": MILK}], None),
    ([{"kind": "points", "points": 100, "scope": ALL}], 1_000),
    ([{"kind": "points", "multiplier": 20_000, "scope": ALL}], None),
    ([{"kind": "amount_off", "amount": 20_000, "per": "basket", "scope": ALL},
      {"kind": "points", "points": 50, "scope": ALL}], 20_500),
    ([{"kind": "amount_off", "amount": 20_000, "per": "basket", "scope": ALL},
      {"kind": "percent_off", "percent": 10, "scope": MILK}], None),
]  # fmt: skip


@pytest.mark.parametrize(("rewards", "most"), MOST, ids=lambda value: str(value)[:60])
def test_the_most_that_a_coupon_takes_off(rewards: list[Json], most: int | None) -> None:
    assert most_of(offer(*rewards), 10) == most


def test_a_promotions_limits_bound_all_its_coupons_together() -> None:
    """S37."""
    sum_off, percent = MOST[0][0][0], MOST[4][0][0]
    assert bound(offer(sum_off), 7, 10) == 140_000
    assert bound(offer(sum_off, limits={"total": 3}), 7, 10) == 60_000
    assert bound(offer(sum_off, limits={"budget": 90_000}), 7, 10) == 90_000
    assert bound(offer(percent), 7, 10) is None
    assert bound(offer(percent, limits={"budget": 90_000}), 7, 10) == 90_000
    assert bound(offer(percent, limits={"total": 3}), 7, 10) is None


def test_the_share_that_is_taken_off() -> None:
    least = {"kind": "min_amount", "amount": 120_000, "scope": ALL}
    assert discount_percent(offer(MOST[4][0][0])) == 10
    assert discount_percent(offer(MOST[0][0][0], conditions=[least])) == Decimal(2_000_000) / 120_000
    assert discount_percent(offer(MOST[0][0][0])) is None
    assert discount_percent(offer(MOST[6][0][0])) is None
    assert discount_percent(offer({"kind": "points", "points": 5, "scope": ALL})) is None


def test_a_short_history_is_not_believed() -> None:
    assert rate_of(20, 29) == (*ASSUMED, 0)
    low, high, known = rate_of(15, 30)
    assert (round(low, 3), round(high, 3), known) == (0.332, 0.668, 30)
    assert rate_of(0, 100).low == 0
    assert rate_of(100, 100).high > 0.999_999
