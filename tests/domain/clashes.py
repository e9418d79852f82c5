"""Random small baskets on which every kind of reward meets every other: for the oracle and its vectors.

A ``random.Random`` decides everything, so a seed is a basket for good.  Goods and offers are drawn so
that each kind really applies often; tests/domain/test_pricing_oracle.py counts it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from domain.oracle_rewards import Json, World

GOLD: Json = {
    "code": "gold-10",
    "stage": "tier",
    "rewards": [{"kind": "percent_off", "percent": 10, "scope": {"all": True}}],
}
"""The tier's own discount, as the oracle knows it."""
PRICES = {"cup": 12_000, "mug": 45_000}
WORLD = World(prices=PRICES)
CATEGORIES = ("dairy", "dairy/milk", "fruit", "soap", None)
BRANDS = ("Mộc", "Sen", None)
SCOPES: tuple[Json, ...] = (
    {"all": True},
    {"all": True},
    {"categories": ["dairy"]},
    {"categories": ["dairy/milk"]},
    {"categories": ["fruit"]},
    {"categories": ["dairy", "fruit"]},
    {"exclude_categories": ["soap"]},
    {"brands": ["Mộc"]},
    {"skus": ["s0", "s1"]},
    {"exclude_skus": ["s0"]},
    {"price_min": 10_000, "price_max": 35_000},
    {"all": True, "exclude_discounted": True},
)
PERCENTS = (5, 10, "17.5", 33, 50, 100)
POLICIES: tuple[Json, ...] = (
    {"percent_stacking": "additive"},
    {"percent_stacking": "best_per_line"},
    {"exclusive_by": "priority"},
    {"given_units": "dearest_first"},
    {"over_budget": "cap"},
    {"percent_stacking": "additive", "given_units": "dearest_first", "over_budget": "cap"},
)


def some_goods(luck: random.Random) -> list[Json]:
    """One to four lines of one to three units, some weighed, some reduced already, some with a floor."""
    return [_a_line(luck, number) for number in range(luck.randint(1, 4))]


def _a_line(luck: random.Random, number: int) -> Json:
    price = luck.choice((luck.randint(0, 40_000), luck.randrange(1_000, 40_000, 1_000)))
    made: Json = {
        "line": str(number + 8),
        "sku": f"s{number}",
        "category": luck.choice(CATEGORIES),
        "brand": luck.choice(BRANDS),
        "quantity": luck.choice(("0.435", "1.250")) if luck.random() < 0.1 else luck.randint(1, 3),
        "unit_price": price,
        "discountable": luck.random() > 0.1,
        "earns": luck.random() > 0.1,
        "unit_cost": price * luck.randint(4, 9) // 10,
    }
    if luck.random() < 0.1 and isinstance(made["quantity"], int):
        made["discount"] = luck.randint(0, price)
    return made | ({"floor": price * luck.randint(2, 9) // 10} if luck.random() < 0.1 else {})


# Rewards ----------------------------------------------------------------------------------------


def a_scope(luck: random.Random) -> Json:
    """Some goods."""
    return luck.choice(SCOPES)


def _off(luck: random.Random) -> Json:
    """A percentage or an amount."""
    return {"percent": luck.choice(PERCENTS)} if luck.random() < 0.6 else {"amount": luck.randint(1, 15_000)}


def _sometimes(luck: random.Random, **more: Any) -> Json:
    """Each of these, seldom."""
    return {name: value for name, value in more.items() if luck.random() < 0.2}


def _percent_off(luck: random.Random) -> Json:
    made = {"percent": luck.choice(PERCENTS), "scope": a_scope(luck)}
    return made | _sometimes(
        luck,
        level="basket",
        base="original",
        max_amount=luck.randint(1, 9_000),
        max_units=luck.randint(1, 3),
        max_units_per_line=1,
    )


def _amount_off(luck: random.Random) -> Json:
    made = {"amount": luck.randint(1, 20_000), "per": luck.choice(("basket", "line", "unit")), "scope": a_scope(luck)}
    more = {"max_amount": luck.randint(1, 9_000), "max_units": luck.randint(1, 3), "max_units_per_line": 1}
    return made | _sometimes(luck, **more)


def _fixed_price(luck: random.Random) -> Json:
    return {"price": luck.randint(0, 25_000), "scope": a_scope(luck)} | _sometimes(luck, max_units=luck.randint(1, 3))


def _steps(luck: random.Random) -> Json:
    by = luck.choice(("basket_amount", "line_amount", "quantity"))
    bounds = {luck.randint(1, 5) if by == "quantity" else luck.randint(1, 60_000) for _ in range(luck.randint(1, 3))}
    gains = [{"price": luck.randint(0, 25_000)} if luck.random() < 0.2 else _off(luck) for _ in bounds]
    steps = [{"from": bound} | gain for bound, gain in zip(sorted(bounds), gains, strict=True)]
    return {"by": by, "steps": steps, "scope": a_scope(luck)}


def _cheapest_off(luck: random.Random) -> Json:
    made = {"units": luck.randint(1, 2), "scope": a_scope(luck)} | _off(luck)
    return made | _sometimes(luck, max_amount=luck.randint(1, 9_000))


def _buy_get(luck: random.Random) -> Json:
    scope = a_scope(luck)
    made = {"buy_quantity": luck.randint(1, 2), "get_quantity": luck.randint(1, 2), "buy_scope": scope}
    made |= luck.choice(({}, _off(luck), {"percent": 100}))
    return made | _sometimes(luck, get_scope=a_scope(luck), max_get_units=luck.randint(1, 2))


def _fixed_price_group(luck: random.Random) -> Json:
    size = luck.randint(2, 3)
    made = {"quantity": size, "price": size * luck.randrange(0, 25_000, 500), "scope": a_scope(luck)}
    return made | _sometimes(luck, max_groups=1)


def _bundle(luck: random.Random) -> Json:
    items = [{"scope": a_scope(luck)} | _sometimes(luck, quantity=2) for _ in range(luck.choice((1, 2, 2, 3)))]
    gain = {"price": luck.randrange(0, 30_000 * len(items), 500)} if luck.random() < 0.5 else _off(luck)
    return {"items": items} | gain | _sometimes(luck, max_groups=1, unit_order="basket")


def _add_free_item(luck: random.Random) -> Json:
    made = {"sku": luck.choice(("s0", "cup", "mug")), "scope": a_scope(luck)}
    return made | _sometimes(luck, quantity=2, per_quantity=luck.randint(1, 3))


def _points(luck: random.Random) -> Json:
    if luck.random() < 0.5:
        return {"multiplier": luck.choice((15_000, 20_000, 50_000, 200_000)), "scope": a_scope(luck)}
    return {"points": luck.randint(1, 900), "per": luck.choice(("basket", "unit")), "scope": a_scope(luck)}


KINDS: Mapping[str, Callable[[random.Random], Json]] = {
    "percent_off": _percent_off,
    "amount_off": _amount_off,
    "fixed_price": _fixed_price,
    "steps": _steps,
    "cheapest_off": _cheapest_off,
    "buy_get": _buy_get,
    "fixed_price_group": _fixed_price_group,
    "bundle": _bundle,
    "add_free_item": _add_free_item,
    "points": _points,
}


def a_reward(luck: random.Random) -> Json:
    """One of any kind."""
    kind = luck.choice(tuple(KINDS))
    return {"kind": kind} | KINDS[kind](luck)


def a_multi_buy(luck: random.Random) -> Json:
    """One that uses units up."""
    kind = luck.choice(("cheapest_off", "buy_get", "fixed_price_group", "bundle"))
    return {"kind": kind} | KINDS[kind](luck)


# Promotions -------------------------------------------------------------------------------------


def some_promotions(luck: random.Random, most: int = 5) -> list[Json]:
    """Up to five that clash in every way: across stages, in groups, over units, thresholds and each other."""
    return [a_promotion(luck, number) for number in range(luck.randint(1, most))]


def a_promotion(luck: random.Random, number: int) -> Json:
    """Any rewards with any way of stacking."""
    stackings = ("combine", "combine", "combine", "exclusive", "best_of_group", "only_if_alone")
    made: Json = {
        "code": f"p{number}",
        "name": f"Ưu đãi {number}",
        "rewards": [a_reward(luck) for _ in range(luck.choice((1, 1, 1, 2)))],
        "stacking": luck.choice(stackings),
        "trigger": luck.choice(("automatic", "automatic", "coupon")),
        "priority": luck.randint(-1, 2),
        "conditions": [a_condition(luck)] if luck.random() < 0.3 else [],
        "limits": _sometimes(luck, per_basket=luck.randint(1, 2), budget=luck.randint(0, 30_000)),
    }
    if made["stacking"] == "best_of_group":
        made["group"] = luck.choice("gh")
    if luck.random() < 0.15:
        made["stage"] = luck.choice(("catalog", "item", "group", "basket", "coupon"))
    if luck.random() < 0.2:
        made["floor"] = luck.choice(("cost", luck.randint(0, 20_000)))
    if made["trigger"] == "coupon" and luck.random() < 0.2:
        made["coupons"] = 2
    return made


def a_condition(luck: random.Random) -> Json:
    """A threshold near what such a basket comes to."""
    if luck.random() < 0.3:
        made = {"kind": "min_quantity", "quantity": luck.randint(1, 5), "scope": a_scope(luck)}
        return made | _sometimes(luck, max=luck.randint(5, 7))
    made = {
        "kind": "min_amount",
        "amount": luck.randint(1, 90_000),
        "scope": luck.choice(({"all": True}, a_scope(luck))),
    }
    return made | {"basis": luck.choice(("gross", "discounted")), "op": luck.choice(("gte", "gte", "gt", "lt"))}


def a_policy(luck: random.Random) -> Json:
    """Mostly the usual one."""
    return luck.choice(POLICIES) if luck.random() < 0.35 else {}
