"""The engine against an oracle that tries everything (oracle.py), on thousands of random small baskets (S11)."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from amounts import SEED, amount
from domain.baskets import NODES, ask, rule_set
from domain.clashes import GOLD, KINDS, WORLD, a_policy, some_goods, some_promotions
from domain.oracle import Outcome, best, best_outcomes
from domain.oracle_rewards import Json, Units
from domain.oracle_sets import contested, late

from loyalty_pos.domain.pricing.engine import price
from loyalty_pos.domain.pricing.result import Priced

BASKETS = amount(20_000, 200_000)
ENOUGH = 500
"""Baskets from which on shares mean anything."""


@pytest.mark.long
def test_s11_the_engine_finds_what_trying_everything_finds() -> None:
    """The same total, lines, goods and promotions, always; and proved, for no node limit is near."""
    luck = random.Random(SEED)
    kinds, clashes = Counter[str](), Counter[str]()
    for number in range(BASKETS):
        goods, promotions, policy = some_goods(luck), some_promotions(luck), a_policy(luck)
        made = price(rule_set(promotions, NODES | policy), ask(goods, promotions))
        found = best_outcomes(goods, [*promotions, GOLD], replace(WORLD, policy=policy))
        told = number, goods, promotions, policy
        assert figures(made) in [figures_of(one) for one in found], (figures(made), found, told)
        proof = made.pricing.proof
        assert (proof.optimal, proof.upper_bound) == (True, proof.discount), told
        kinds.update(found[0].kinds)
        clashes.update(clashing(goods, promotions, found[0]))
    if BASKETS >= ENOUGH:
        assert {kind for kind in KINDS if kinds[kind] < BASKETS * 0.06} == set(), kinds
        assert min(clashes.values()) >= BASKETS * 0.04, clashes


def figures(made: Priced) -> tuple[object, ...]:
    """What is compared: discount, lines, goods that are added, promotions with their coupons."""
    pricing = made.pricing
    uses = tuple(sorted(((use.promotion, use.coupon) for use in made.uses), key=str))
    nets = tuple(line.net for line in pricing.lines)
    return pricing.proof.discount, nets, tuple(sorted(pricing.free_items.items())), uses


def figures_of(outcome: Outcome) -> tuple[object, ...]:
    """The same, as the oracle has it."""
    return outcome.discount, outcome.nets, outcome.free, outcome.used


def clashing(goods: list[Json], promotions: list[Json], outcome: Outcome) -> Counter[str]:
    """Which kinds of clash a basket had; each of them is counted, if only as none."""
    rules = {one["code"]: one for one in promotions}
    used = [rules[code] for code, _ in outcome.used if code in rules]
    all_of = [one | {"coupon": None} for one in promotions]
    groups = Counter(one.get("group") for one in promotions if one.get("group"))
    floors = any(one.get("floor") is not None for one in used) or any("floor" in line for line in goods)
    return Counter(
        {
            "shared units": any(contested(Units(goods, WORLD), one, all_of) for one in all_of),
            "an exclusive offer won": any(one["stacking"] == "exclusive" for one in used),
            "an exclusive offer lost": any(one["stacking"] == "exclusive" for one in promotions) and len(used) > 1,
            "a conflict in a group": max(groups.values(), default=0) > 1,
            "a threshold on what is left": any(late(part) for one in used for part in one["conditions"]),
            "a floor": floors,
            "a coupon used": any(coupon for _, coupon in outcome.used),
            "a coupon left": any(one["trigger"] == "coupon" and one not in used for one in promotions),
            "a budget": any("budget" in one["limits"] for one in used),
            "stages apart": len({one.get("stage") for one in used}) > 1,
        }
    )


@pytest.mark.long
def test_s11_the_order_of_lines_and_promotions_is_all_the_same() -> None:
    """Nothing depends on the order of typing, and pricing twice is identical."""
    luck = random.Random(SEED + 1)
    for _ in range(BASKETS // 10):
        goods, promotions, policy = some_goods(luck), some_promotions(luck), a_policy(luck)
        first = price(rule_set(promotions, NODES | policy), ask(goods, promotions)).pricing
        again = price(rule_set(promotions, NODES | policy), ask(goods, promotions)).pricing
        assert again == first
        request = ask(goods[::-1], promotions)
        luck.shuffle(promotions)
        turned = price(rule_set(promotions, NODES | policy), request).pricing
        assert (turned.totals, turned.proof, turned.points) == (first.totals, first.proof, first.points)
        assert (turned.free_items, turned.coupons) == (first.free_items, first.coupons)
        assert sorted(turned.lines, key=lambda line: int(line.line)) == first.lines


def test_s11_of_equal_totals_the_fewer_promotions_win_among_multi_buys_too() -> None:
    """Three small gifts and two larger ones come to the same: the two stay."""
    goods = [
        {"line": str(number), "sku": f"s{number}", "category": "dairy", "quantity": 1, "unit_price": price_}
        for number, price_ in enumerate((20_000, 20_000, 30_000, 30_000, 40_000, 40_000), 1)
    ]
    pair: Json = {"kind": "fixed_price_group", "quantity": 2, "scope": {"categories": ["dairy"]}, "max_groups": 1}
    promotions = [
        {"code": "a1", "name": "A", "rewards": [pair | {"price": 60_000}], "trigger": "automatic"},
        {"code": "a2", "name": "A", "rewards": [pair | {"price": 40_000}], "trigger": "automatic"},
        {"code": "a3", "name": "A", "rewards": [pair | {"price": 30_000}], "trigger": "automatic"},
        {"code": "b", "name": "B", "rewards": [pair | {"price": 30_000, "max_groups": 3}], "trigger": "automatic"},
    ]
    made = price(rule_set(promotions), ask(goods, promotions))
    assert made.pricing.proof.optimal
    assert [use.promotion for use in made.uses] == ["b", "gold-10"]


def test_the_oracle_knows_nothing_of_the_product() -> None:
    """Its arithmetic and its choices are its own: no module of it, nor of the generator, imports ours."""
    for name in ("oracle", "oracle_rewards", "oracle_sets", "clashes"):
        assert "loyalty_pos" not in (Path(__file__).with_name(f"{name}.py")).read_text("utf-8")


MILK = [{"line": "1", "sku": "m", "category": "dairy/milk", "quantity": 3, "unit_price": 30_000}]
THREE_FOR_TWO: Json = {"kind": "buy_get", "buy_scope": {"all": True}, "buy_quantity": 2, "percent": 100}
TWO_TOGETHER: Json = {"kind": "bundle", "items": [{"scope": {"all": True}, "quantity": 2}], "price": 50_000}
STEP: Json = {"kind": "steps", "by": "basket_amount"}
HALF: Json = {"kind": "percent_off", "percent": 50, "scope": {"all": True}}


@pytest.mark.parametrize(
    ("promotions", "discount"),
    [
        ([{"code": "a", "rewards": [THREE_FOR_TWO]}], 30_000),
        ([{"code": "a", "rewards": [THREE_FOR_TWO]}, GOLD], 36_000),
        ([{"code": "a", "rewards": [THREE_FOR_TWO]}, {"code": "b", "rewards": [HALF], "stacking": "exclusive"}],
         45_000),
        # Cost 20.000: three at 30.000 may be sold for 60.000, and a unit by itself for 20.000.
        ([{"code": "a", "rewards": [THREE_FOR_TWO], "floor": 20_000}], 30_000),
        ([{"code": "a", "rewards": [THREE_FOR_TWO], "floor": 21_000}], 27_000),
        ([{"code": "a", "rewards": [HALF], "floor": 20_000}], 30_000),
        # The dearest two of 90.000 for 50.000; half of what one costs; a step of 90.000 and none of 90.001.
        ([{"code": "a", "rewards": [TWO_TOGETHER]}], 10_000),
        ([{"code": "a", "rewards": [STEP | {"steps": [{"from": 90_000, "percent": 10}]}]}], 9_000),
        ([{"code": "a", "rewards": [STEP | {"steps": [{"from": 90_001, "percent": 10}]}]}], 0),
        # A cup of 12.000 alone beats 10.000 off; 1.100 points alone, each of 10đ, beat a cup: no discount is left.
        ([{"code": "a", "stacking": "exclusive", "rewards": [{"kind": "add_free_item", "sku": "cup"}]},
          {"code": "b", "rewards": [{"kind": "amount_off", "amount": 10_000}]}], 0),
        ([{"code": "a", "stacking": "exclusive", "rewards": [{"kind": "points", "points": 1_100}]},
          {"code": "b", "rewards": [{"kind": "amount_off", "amount": 11_001}]}], 11_001),
        # 90 points, twice and at a gold member's 1,25, are 112 more: 1.120đ.
        ([{"code": "a", "stacking": "exclusive", "rewards": [{"kind": "points", "multiplier": 20_000}]},
          {"code": "b", "rewards": [{"kind": "amount_off", "amount": 1_119}]}], 0),
        ([{"code": "a", "stacking": "exclusive", "rewards": [{"kind": "points", "multiplier": 20_000}]},
          {"code": "b", "rewards": [{"kind": "amount_off", "amount": 1_121}]}], 1_121),
    ],
)  # fmt: skip
def test_the_oracle_knows_the_examples_of_the_rules(promotions: list[Json], discount: int) -> None:
    """S4, S8, S9, S11, S17: worked out by hand."""
    assert best(MILK, promotions, WORLD) == discount
    assert best([], promotions, WORLD) == 0
