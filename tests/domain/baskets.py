"""Random baskets and rules for the properties of pricing, and the shop they are priced in.

Every kind of reward meets every other (clashes.py); tests/domain/test_pricing_properties.py counts that each applies.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import msgspec
from domain import clashes
from domain.clashes import PRICES
from domain.oracle_sets import coupon_code
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from loyalty_pos.domain.basket import Basket
from loyalty_pos.domain.pricing.compile import RuleSet, compile_rules
from loyalty_pos.domain.pricing.engine import price
from loyalty_pos.domain.pricing.request import CouponFacts, MemberFacts, PriceRequest
from loyalty_pos.domain.pricing.result import Priced

Json = dict[str, Any]

# Enough to find a clash, few enough for a suite that is run all day; the machine may be busy.
modest = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
TIERS: list[Json] = [
    {"code": "silver", "name": "Bạc", "threshold": 1_000_000, "discount_percent": "2.5", "earn_multiplier": 11_000},
    {"code": "gold", "name": "Vàng", "threshold": 5_000_000, "discount_percent": 10, "earn_multiplier": 12_500},
]
POINTS: Json = {"redeem": {"value": 10, "min": 1, "step": 1, "max_percent_of_ticket": 50}}
NODES = {"search_nodes": 1_000_000}
"""No node limit ends such a search: what is found is the best."""

_luck: st.SearchStrategy[random.Random] = st.randoms(use_true_random=True)
rewards = _luck.map(clashes.a_reward)
multi_buys = _luck.map(clashes.a_multi_buy)


def promotions(most: int = 5) -> st.SearchStrategy[list[Json]]:
    """None, or up to ``most`` promotions that may clash in every way."""
    return st.just([]) | _luck.map(lambda luck: clashes.some_promotions(luck, most))


def lines() -> st.SearchStrategy[list[Json]]:
    """Some lines, some weighed, some already reduced, some that take part in nothing."""
    return _luck.map(clashes.some_goods)


def as_rules(promotions: list[Json]) -> list[Json]:
    """As a shop writes them: how many coupons of one are shown is no part of it."""
    return [{name: value for name, value in one.items() if name != "coupons"} for one in promotions]


def shown_coupons(promotions: list[Json]) -> list[tuple[str, str]]:
    """(coupon, promotion) of every coupon that is shown."""
    coupons = [one for one in promotions if one.get("trigger") == "coupon"]
    return [(coupon_code(one, number), one["code"]) for one in coupons for number in range(one.get("coupons", 1))]


def rule_set(promotions: list[Json], policy: Json | None = None) -> RuleSet:
    """The rules of a test shop."""
    rules = as_rules(promotions)
    return compile_rules(version=1, currency="VND", policy=policy or {}, promotions=rules, tiers=TIERS, points=POINTS)


def ask(lines: list[Json], promotions: list[Json], **basket: Any) -> PriceRequest:
    """A gold member's basket with every coupon."""
    coupons = shown_coupons(promotions)
    given = {"lines": lines, "coupons": [code for code, _ in coupons], "redeem_points": 0, **basket}
    return PriceRequest(
        basket=msgspec.convert(given, Basket),
        now=NOW,
        member=MemberFacts(id="m1", tier="gold", points=10_000),
        prices=PRICES,
        coupons=tuple(CouponFacts(code=code, promotion=promotion, member="m1") for code, promotion in coupons),
    )


def priced(lines: list[Json], promotions: list[Json], **basket: Any) -> Priced:
    """The basket of ``ask`` priced."""
    return price(rule_set(promotions), ask(lines, promotions, **basket))
