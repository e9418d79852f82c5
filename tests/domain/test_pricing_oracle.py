"""The engine against an oracle that tries everything (oracle.py), on thousands of random small baskets (S11)."""

from __future__ import annotations

import random
from typing import Any

import pytest
from amounts import SEED, amount
from domain.baskets import ask, rule_set
from domain.oracle import best

from loyalty_pos.domain.pricing.engine import price

Json = dict[str, Any]
BASKETS = amount(20_000, 200_000)
GOLD: Json = {
    "code": "gold-10",
    "stage": "tier",
    "rewards": [{"kind": "percent_off", "percent": 10, "scope": {"all": True}}],
}
CATEGORIES = ("dairy", "dairy/milk", "fruit", "soap")
SCOPES: tuple[Json, ...] = (
    {"all": True},
    {"all": True},
    {"categories": ["dairy"]},
    {"categories": ["dairy/milk"]},
    {"categories": ["fruit"]},
    {"categories": ["dairy", "fruit"]},
    {"exclude_categories": ["soap"]},
)


def some_goods(luck: random.Random) -> list[Json]:
    """One to four lines of one to three units."""
    return [
        {
            "line": str(number),
            "sku": f"s{number}",
            "category": luck.choice(CATEGORIES),
            "quantity": luck.randint(1, 3),
            "unit_price": luck.choice((luck.randint(0, 40_000), luck.randrange(1_000, 40_000, 1_000))),
            "discountable": luck.random() > 0.1,
        }
        for number in range(1, luck.randint(2, 5))
    ]


def a_reward(luck: random.Random) -> Json:
    """One that lowers prices and uses no units up."""
    kind = luck.choice(("percent_off", "percent_off", "amount_off", "fixed_price"))
    made: Json = {"kind": kind, "scope": luck.choice(SCOPES)}
    if kind == "percent_off":
        made["percent"] = luck.choice((5, 10, "17.5", 33, 50, 100))
        made |= luck.choice(({}, {}, {"level": "basket"}, {"max_amount": luck.randint(1, 9_000)}, {"base": "original"},
                             {"max_units": luck.randint(1, 3)}))  # fmt: skip
    elif kind == "amount_off":
        made |= {"amount": luck.randint(1, 30_000), "per": luck.choice(("basket", "line", "unit"))}
    else:
        made["price"] = luck.randint(0, 20_000)
    return made


def a_multi_buy(luck: random.Random) -> Json:
    """One that uses units up."""
    percent = luck.choice((20, 50, 100, 100))
    if luck.random() < 0.4:
        return {"kind": "cheapest_off", "units": luck.randint(1, 2), "percent": percent, "scope": luck.choice(SCOPES)}
    scope = luck.choice(SCOPES)
    if luck.random() < 0.4:
        size = luck.randint(2, 3)
        price = size * luck.randrange(0, 30_000, 500)
        return {"kind": "fixed_price_group", "quantity": size, "price": price, "scope": scope}
    return {"kind": "buy_get", "buy_scope": scope, "buy_quantity": luck.randint(1, 2), "get_quantity": 1,
            "get_scope": luck.choice((scope, scope, luck.choice(SCOPES))), "percent": percent}  # fmt: skip


def some_promotions(luck: random.Random) -> list[Json]:
    """Up to five that clash in every way: across stages, in groups, over units, thresholds and each other."""
    return [a_promotion(luck, number) for number in range(luck.randint(1, 5))]


def a_promotion(luck: random.Random, number: int) -> Json:
    """A multi-buy, or something else with its own way of stacking."""
    made: Json = {"code": f"p{number}", "name": f"Ưu đãi {number}"}
    threshold = {"kind": "min_amount", "amount": luck.randint(1, 90_000), "basis": luck.choice(("gross", "discounted"))}
    if luck.random() < 0.4:
        made |= {
            "rewards": [a_multi_buy(luck)],
            "stacking": luck.choice(("combine", "combine", "combine", "exclusive")),
        }
        return made | ({"limits": {"per_basket": 1}} if luck.random() < 0.2 else {})
    made |= {
        "rewards": [a_reward(luck) for _ in range(luck.choice((1, 1, 2)))],
        "stacking": luck.choice(("combine", "combine", "exclusive", "best_of_group", "only_if_alone")),
        "trigger": luck.choice(("automatic", "automatic", "coupon")),
        "priority": luck.randint(0, 2),
        "conditions": [threshold] if luck.random() < 0.3 else [],
    }
    stages = {"stage": luck.choice(("item", "basket", "coupon"))}
    made |= stages if len(made["rewards"]) > 1 or luck.random() < 0.2 else {}
    return made | ({"group": luck.choice("gh")} if made["stacking"] == "best_of_group" else {})


@pytest.mark.long
def test_s11_the_engine_finds_what_trying_everything_finds() -> None:
    """Same total, always; and proved, for nothing here comes near the node limit."""
    luck = random.Random(SEED)
    for number in range(BASKETS):
        goods, promotions = some_goods(luck), some_promotions(luck)
        proof = price(rule_set(promotions), ask(goods, promotions)).pricing.proof
        told = number, goods, promotions
        assert proof.discount == best(goods, [*promotions, GOLD]), told
        assert proof.optimal, told
        assert proof.upper_bound == proof.discount, told


def test_s11_of_equal_totals_the_fewer_promotions_win_among_multi_buys_too() -> None:
    """Three small gifts and two larger ones come to the same: the two stay."""
    goods = [
        {"line": str(number), "sku": f"s{number}", "category": "dairy", "quantity": 1, "unit_price": price_}
        for number, price_ in enumerate((20_000, 20_000, 30_000, 30_000, 40_000, 40_000), 1)
    ]
    pair: Json = {"kind": "fixed_price_group", "quantity": 2, "scope": {"categories": ["dairy"]}, "max_groups": 1}
    promotions = [
        {"code": "a1", "name": "A", "rewards": [pair | {"price": 60_000}]},
        {"code": "a2", "name": "A", "rewards": [pair | {"price": 40_000}]},
        {"code": "a3", "name": "A", "rewards": [pair | {"price": 30_000}]},
        {"code": "b", "name": "B", "rewards": [pair | {"price": 30_000, "max_groups": 3}], "stacking": "combine"},
    ]
    made = price(rule_set(promotions), ask(goods, promotions))
    assert made.pricing.proof.optimal
    assert [use.promotion for use in made.uses] == ["b", "gold-10"]


@pytest.mark.long
def test_s11_the_order_of_lines_and_promotions_is_all_the_same() -> None:
    """Nothing depends on the order of typing, and pricing twice is identical."""
    luck = random.Random(SEED + 1)
    for _ in range(BASKETS // 10):
        goods, promotions = some_goods(luck), some_promotions(luck)
        first = price(rule_set(promotions), ask(goods, promotions)).pricing
        again = price(rule_set(promotions), ask(goods, promotions)).pricing
        assert again == first
        luck.shuffle(promotions)
        turned = price(rule_set(promotions), ask(goods[::-1], promotions)).pricing
        assert (turned.totals, turned.proof) == (first.totals, first.proof)
        assert sorted(turned.lines, key=lambda line: line.line) == first.lines


def test_the_oracle_knows_the_examples_of_the_rules() -> None:
    """S4, S8, S11: worked out by hand."""
    milk = [{"line": "1", "sku": "m", "category": "dairy/milk", "quantity": 3, "unit_price": 30_000}]
    three_for_two = {
        "kind": "buy_get",
        "buy_scope": {"all": True},
        "buy_quantity": 2,
        "get_scope": {"all": True},
        "get_quantity": 1,
        "percent": 100,
    }
    promotion = {"code": "a", "rewards": [three_for_two]}
    assert best(milk, [promotion]) == 30_000
    assert best(milk, [promotion, GOLD]) == 36_000
    half = {
        "code": "b",
        "stacking": "exclusive",
        "rewards": [{"kind": "percent_off", "percent": 50, "scope": {"all": True}}],
    }
    assert best(milk, [promotion, half]) == 45_000
    assert best([], [promotion]) == 0
