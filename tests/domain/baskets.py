"""Random baskets and rules for the properties of pricing: small, but with every kind of clash."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from loyalty_pos.domain.basket import Basket
from loyalty_pos.domain.pricing.compile import RuleSet, compile_rules
from loyalty_pos.domain.pricing.engine import price
from loyalty_pos.domain.pricing.request import CouponFacts, MemberFacts, PriceRequest
from loyalty_pos.domain.pricing.result import Priced

# Enough to find a clash, few enough for a suite that is run all day; the machine may be busy.
modest = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
CATEGORIES = ["dairy", "dairy/milk", "fruit", "soap"]
TIERS: list[dict[str, Any]] = [
    {"code": "silver", "name": "Bạc", "threshold": 1_000_000, "discount_percent": "2.5", "earn_multiplier": 11_000},
    {"code": "gold", "name": "Vàng", "threshold": 5_000_000, "discount_percent": 10, "earn_multiplier": 12_500},
]
POINTS: dict[str, Any] = {"redeem": {"value": 10, "min": 1, "step": 1, "max_percent_of_ticket": 50}}

scopes = st.one_of(
    st.just({"all": True}),
    st.sampled_from(CATEGORIES).map(lambda category: {"categories": [category]}),
    st.just({"all": True, "exclude_categories": ["soap"]}),
    st.just({"all": True, "exclude_discounted": True}),
)
percents = st.sampled_from([5, 10, "17.5", 33, 50, 100])
gain = st.one_of(
    st.fixed_dictionaries({"price": st.integers(0, 60_000)}),
    st.fixed_dictionaries({"percent": percents}),
    st.fixed_dictionaries({"amount": st.integers(1, 30_000)}),
)
stairs = st.lists(
    st.tuples(st.integers(1, 5) | st.integers(1_000, 90_000), gain),
    min_size=1,
    max_size=3,
    unique_by=lambda step: step[0],
).map(lambda found: [{"from": lowest, **given} for lowest, given in sorted(found, key=lambda step: step[0])])
multi_buys = st.one_of(
    st.fixed_dictionaries({"kind": st.just("cheapest_off"), "units": st.integers(1, 2), "percent": percents,
                           "scope": scopes}),
    st.fixed_dictionaries({"kind": st.just("buy_get"), "buy_scope": scopes, "buy_quantity": st.integers(1, 3),
                           "get_quantity": st.integers(1, 2), "percent": percents}, optional={"get_scope": scopes}),
    st.fixed_dictionaries({"kind": st.just("fixed_price_group"), "quantity": st.integers(2, 4),
                           "price": st.integers(0, 60_000), "scope": scopes}),
    st.fixed_dictionaries({"kind": st.just("bundle"), "unit_order": st.sampled_from(["best", "basket"]),
                           "items": st.lists(st.fixed_dictionaries({"scope": scopes, "quantity": st.integers(1, 2)}),
                                             min_size=1, max_size=2)}
                          ).flatmap(lambda bundle: gain.map(lambda given: {**bundle, **given})),
)  # fmt: skip
rewards = st.one_of(
    st.fixed_dictionaries({"kind": st.just("percent_off"), "percent": percents, "scope": scopes},
                          optional={"level": st.just("basket"), "base": st.just("original"),
                                    "max_amount": st.integers(1, 9000), "max_units": st.integers(1, 4)}),
    st.fixed_dictionaries({"kind": st.just("amount_off"), "amount": st.integers(1, 30_000), "scope": scopes,
                           "per": st.sampled_from(["basket", "line", "unit"])}),
    st.fixed_dictionaries({"kind": st.just("fixed_price"), "price": st.integers(0, 20_000), "scope": scopes},
                          optional={"max_units": st.integers(1, 3)}),
    multi_buys,
    st.fixed_dictionaries({"kind": st.just("steps"), "scope": scopes,
                           "by": st.sampled_from(["basket_amount", "line_amount", "quantity"]), "steps": stairs}),
    st.fixed_dictionaries({"kind": st.just("add_free_item"), "sku": st.sampled_from(["s0", "cup"]), "scope": scopes},
                          optional={"per_quantity": st.integers(1, 3), "quantity": st.integers(1, 2)}),
    st.fixed_dictionaries({"kind": st.just("points"), "points": st.integers(1, 900), "scope": scopes,
                           "per": st.sampled_from(["basket", "unit"])}),
    st.fixed_dictionaries({"kind": st.just("points"), "multiplier": st.integers(10_001, 40_000), "scope": scopes}),
)  # fmt: skip
conditions = st.one_of(
    st.fixed_dictionaries({"kind": st.just("min_amount"), "amount": st.integers(1, 120_000),
                           "basis": st.sampled_from(["gross", "discounted"])}),
    st.fixed_dictionaries({"kind": st.just("min_quantity"), "quantity": st.integers(1, 5), "scope": scopes}),
)  # fmt: skip


@st.composite
def promotions(draw: st.DrawFn, most: int = 5) -> list[dict[str, Any]]:
    """Up to ``most`` promotions that may clash in every way."""
    made = []
    for number in range(draw(st.integers(0, most))):
        stacking = draw(st.sampled_from(["combine", "combine", "exclusive", "best_of_group", "only_if_alone"]))
        made.append(
            {
                "code": f"p{number}",
                "name": f"Ưu đãi {number}",
                "trigger": draw(st.sampled_from(["automatic", "automatic", "coupon"])),
                "rewards": draw(st.lists(rewards, min_size=1, max_size=2)),
                "conditions": draw(st.lists(conditions, max_size=1)),
                "stacking": stacking,
                "group": "g" if stacking == "best_of_group" else None,
                "priority": draw(st.integers(0, 2)),
                "floor": draw(st.sampled_from([None, None, "cost", 3000])),
            }
        )
    return made


@st.composite
def lines(draw: st.DrawFn, most: int = 5) -> list[dict[str, Any]]:
    """One to ``most`` lines, some weighed, some already reduced, some that take part in nothing."""
    made = []
    for number in range(draw(st.integers(1, most))):
        quantity = draw(st.one_of(st.integers(1, 4), st.sampled_from(["0.435", "1.250"])))
        unit_price = draw(st.integers(0, 40_000))
        made.append(
            {
                "line": str(number + 8),
                "sku": f"s{number}",
                "category": draw(st.sampled_from([*CATEGORIES, None])),
                "quantity": quantity,
                "unit_price": unit_price,
                "discount": draw(st.sampled_from([0, 0, unit_price // 3])) if isinstance(quantity, int) else 0,
                "discountable": draw(st.sampled_from([True, True, True, False])),
                "earns": draw(st.sampled_from([True, True, True, False])),
                "unit_cost": unit_price // 2,
            }
        )
    return made


def rule_set(promotions: list[dict[str, Any]], policy: dict[str, Any] | None = None) -> RuleSet:
    """The rules of a test shop."""
    return compile_rules(
        version=1, currency="VND", policy=policy or {}, promotions=promotions, tiers=TIERS, points=POINTS
    )


def ask(lines: list[dict[str, Any]], promotions: list[dict[str, Any]], **basket: Any) -> PriceRequest:
    """A gold member's basket with one coupon of every coupon promotion."""
    coupons = [(f"99{p['code']}", p["code"]) for p in promotions if p.get("trigger") == "coupon"]
    given = {"lines": lines, "coupons": [code for code, _ in coupons], "redeem_points": 0, **basket}
    return PriceRequest(
        basket=msgspec.convert(given, Basket),
        now=NOW,
        member=MemberFacts(id="m1", tier="gold", points=10_000),
        prices={"cup": 12_000},
        coupons=tuple(CouponFacts(code=code, promotion=promotion, member="m1") for code, promotion in coupons),
    )


def priced(lines: list[dict[str, Any]], promotions: list[dict[str, Any]], **basket: Any) -> Priced:
    """The basket of ``ask`` priced."""
    return price(rule_set(promotions), ask(lines, promotions, **basket))
