"""What offers give beside the price: goods that are added, points as a number or a multiplier (S11, S15-S17)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from domain.baskets import NOW, rule_set

from loyalty_pos.domain.basket import Basket
from loyalty_pos.domain.points import Worth, earned
from loyalty_pos.domain.pricing.as_sold import record_as_sold
from loyalty_pos.domain.pricing.document import price_document
from loyalty_pos.domain.pricing.engine import price
from loyalty_pos.domain.pricing.request import MemberFacts, PriceRequest

Json = dict[str, Any]
MILK, TEA = {"categories": ["dairy/milk"]}, {"skus": ["tea"]}
LINES = [
    {"line": "1", "sku": "milk", "category": "dairy/milk", "quantity": 5, "unit_price": 30_000},
    {"line": "2", "sku": "tea", "category": "drinks", "quantity": 1, "unit_price": 50_000},
]


def offer(code: str, *rewards: Json, **more: Any) -> Json:
    return {"code": code, "name": {"vi": f"Ưu đãi {code}", "en": f"Offer {code}"}, "rewards": list(rewards), **more}


def ask(*promotions: Json, lines: list[Json] = LINES, **more: Any) -> Json:
    """A member's basket of five milks and a tea, 200.000đ; a point is worth 10đ."""
    request: Json = {"now": "2026-11-21T10:00:00+07:00", "language": "en", "promotions": list(promotions), "points": {}}
    request |= {"member": {"id": "m1"}, "basket": {"lines": lines}, "explain": True}
    return price_document(request | more)


def cup(**more: Any) -> Json:
    return {"kind": "add_free_item", "sku": "cup", **more}


def points(**more: Any) -> Json:
    return {"kind": "points", **more}


def percent(figure: int, **more: Any) -> Json:
    return {"kind": "percent_off", "percent": figure, **more}


@pytest.mark.parametrize(
    ("reward", "limits", "free"),
    [
        (cup(), {}, {"cup": 1}),
        (cup(quantity=3), {}, {"cup": 3}),
        (cup(per_quantity=2, scope=MILK), {}, {"cup": 2}),
        (cup(per_quantity=2, scope=MILK, quantity=2), {}, {"cup": 4}),
        (cup(per_quantity=5, scope=MILK), {}, {"cup": 1}),
        (cup(per_quantity=6, scope=MILK), {}, {}),
        (cup(per_quantity=1, scope=MILK), {"per_basket": 3}, {"cup": 3}),
        (cup(scope={"categories": ["soap"]}), {}, {}),
    ],
)
def test_goods_are_added_and_no_price_changes(reward: Json, limits: Json, free: Json) -> None:
    found = ask(offer("gift", reward, limits=limits))
    assert (found["free_items"], found["totals"]["discount"], found["proof"]["discount"]) == (free, 0, 0)
    said = [text for text in found["messages"] if text.startswith("free_item")]
    assert said == ([f"free_item: Offer gift: {free['cup']} × cup for free"] if free else [])


def test_complaint_17_a_free_item_that_the_till_has_added_brings_no_other_one() -> None:
    """S10: at price 0 and not discountable it counts for nothing."""
    added = {"line": "9", "sku": "cup", "category": "dairy/milk", "quantity": 2, "unit_price": 0, "discountable": False}
    rule = offer("gift", cup(per_quantity=2, scope=MILK))
    assert ask(rule, lines=[*LINES, added])["free_items"] == ask(rule)["free_items"] == {"cup": 2}


@pytest.mark.parametrize(
    ("prices", "lines", "wins"),
    [
        ({}, LINES, "sum"),
        ({"cup": 9_999}, LINES, "sum"),
        ({"cup": 10_001}, LINES, "gift"),
        ({"cup": 1}, [*LINES, {"line": "3", "sku": "cup", "quantity": 1, "unit_price": 20_000}], "gift"),
    ],
)
def test_s11_goods_are_weighed_by_their_price(prices: Json, lines: list[Json], wins: str) -> None:
    """In the basket, else as the caller knows it, else 0."""
    group = {"stacking": "best_of_group", "group": "g"}
    found = ask(
        offer("gift", cup(), **group), offer("sum", {"kind": "amount_off", "amount": 10_000}, **group),
        lines=lines, prices=prices,
    )  # fmt: skip
    assert bool(found["free_items"]) == (wins == "gift")
    assert found["totals"]["discount"] == (10_000 if wins == "sum" else 0)
    assert [(x["promotion"], x["reason"], x["winner"]) for x in found["not_applied"]] == [
        ("sum" if wins == "gift" else "gift", "not_combinable", wins)
    ]


@pytest.mark.parametrize(
    ("promotions", "earned_points"),
    [
        ([], 200),
        ([offer("a", points(points=50))], 250),
        ([offer("a", points(points=7, per="unit", scope=MILK))], 235),
        ([offer("a", points(multiplier=15_000))], 300),
        # Only the milk's 150 points are doubled.
        ([offer("a", points(multiplier=20_000, scope=MILK))], 350),
        # S17: the best multiplier alone, a number beside it and not multiplied.
        ([offer("a", points(multiplier=15_000)), offer("b", points(multiplier=20_000)), offer("c", points(points=9))],
         409),
        # Three times the tea's 50 brings 100 more, twice the milk's 150 brings 150 more.
        ([offer("a", points(multiplier=30_000, scope=TEA)), offer("b", points(multiplier=20_000, scope=MILK))],
         350),
        # On the final price: half of the milk is left.
        ([offer("a", points(multiplier=20_000)), offer("b", percent(50, scope=MILK))], 250),
        # With a discount in one offer.
        ([offer("a", percent(50, scope=MILK), points(multiplier=20_000))], 250),
    ],
)  # fmt: skip
def test_s15_points_on_the_final_price(promotions: list[Json], earned_points: int) -> None:
    assert ask(*promotions)["points"]["earned"] == earned_points


def test_s17_the_tier_multiplies_what_the_best_promotion_multiplies() -> None:
    """632.000đ, tier 12500, Saturday 20000: 632 x 2,5 = 1.580."""
    goods = [{"line": "1", "sku": "a", "quantity": 1, "unit_price": 632_000}]
    gold = {"code": "gold", "name": "Gold", "threshold": 0, "earn_multiplier": 12_500}
    found = ask(
        offer("saturday", points(multiplier=20_000), valid={"weekdays": [6]}),
        lines=goods, tiers=[gold], member={"id": "m1", "tier": "gold"},
    )  # fmt: skip
    assert found["points"]["earned"] == 1_580
    assert found["messages"] == ["more_points: Offer saturday: Points × 2"]


def test_s17_a_beaten_multiplier_is_not_used_and_its_coupon_stays() -> None:
    found = ask(
        offer("a", points(multiplier=20_000)), offer("b", points(multiplier=15_000), trigger="coupon"),
        coupons=[{"code": "991", "promotion": "b", "member": "m1"}], basket={"lines": LINES, "coupons": ["991"]},
    )  # fmt: skip
    (coupon,) = found["coupons"]
    assert (coupon["status"], coupon["reason"]) == ("refused", "not_combinable")
    assert coupon["message"] == "Cannot be combined with “Offer a”"
    assert found["points"]["earned"] == 400


@pytest.mark.parametrize(("percent", "wins"), [(2, True), (4, False)])
def test_s11_points_compete_by_what_they_are_worth_when_spent(percent: int, wins: bool) -> None:
    """400 points are 4.000đ less beside a stranger's 2 % (4.000đ: fewer is no reason, the code decides)."""
    alone = {"stacking": "exclusive"}
    found = ask(
        offer("a", points(points=500), **alone), offer("b", {"kind": "percent_off", "percent": percent}, **alone)
    )
    assert (found["points"]["earned"] > 200) == wins
    assert found["totals"]["discount"] == (0 if wins else 200_000 * percent // 100)


def test_s11_points_that_merely_combine_count_against_what_stands_alone() -> None:
    """700 points are 7.000đ: more than 3 % alone, less than 4 %."""
    rest = offer("a", points(points=700))
    for rate, alone in ((3, False), (4, True)):
        found = ask(rest, offer("b", percent(rate), stacking="exclusive"))
        assert (found["totals"]["discount"] > 0) == alone == (found["points"]["earned"] < 700)
        assert found["proof"]["optimal"]


def test_a_group_of_multiplier_and_percent_knows_of_the_multiplier_that_counts_anyway() -> None:
    """Twice is worth nothing beside three times: the 1 % is taken."""
    group = {"stacking": "best_of_group", "group": "g"}
    found = ask(
        offer("all", points(multiplier=30_000)),
        offer("twice", points(multiplier=20_000), **group),
        offer("one", percent(1), **group),
    )
    assert (found["totals"]["discount"], found["points"]["earned"]) == (2_000, 594)


def test_without_a_member_points_wait_for_the_card_and_counted_ones_are_not_given() -> None:
    """A card attached later earns them (docs: forgotten card); what is limited needs the member at once."""
    open_to_all, few = offer("a", points(points=50)), offer("b", points(points=10), limits={"total": 100})
    rules = rule_set([open_to_all, few])
    basket = msgspec.convert({"lines": LINES, "explain": True}, Basket)
    made = price(rules, PriceRequest(basket=basket, now=NOW))
    assert made.pricing.points.earned == 0
    assert made.pricing.messages == []
    assert [bonus.points for bonus in made.earning.bonuses] == [50]
    assert [(x.promotion, x.reason) for x in made.pricing.not_applied] == [("b", "member_required")]


def test_s26_a_bonus_for_units_goes_back_with_the_units() -> None:
    rules = rule_set([offer("a", points(points=7, per="unit", scope=MILK)), offer("b", points(points=50))])
    request = PriceRequest(basket=msgspec.convert({"lines": LINES}, Basket), now=NOW, member=MemberFacts(id="m"))
    plan = price(rules, request).earning
    kept = {"1": Worth(2, 60_000, 60_000), "2": Worth(1, 50_000, 50_000)}
    assert earned(plan, kept, 0) == 110 + 2 * 7 + 50
    assert earned(plan, {"1": Worth(0, 0, 0), "2": Worth(0, 0, 0)}, 0) == 0


def test_s47_a_sale_already_made_earns_by_the_offers_of_its_day_and_keeps_its_price() -> None:
    cut = offer("cut", {"kind": "percent_off", "percent": 50})
    rules = rule_set([offer("double", points(multiplier=20_000)), offer("free", cup()), cut])
    request = PriceRequest(basket=msgspec.convert({"lines": LINES}, Basket), now=NOW, member=MemberFacts(id="m"))
    made = record_as_sold(rules, request)
    assert (made.pricing.totals.net, made.pricing.points.earned, made.pricing.free_items) == (200_000, 400, {})
    assert [use.promotion for use in made.uses] == ["double"]


@pytest.mark.parametrize("policy", ["refuse", "cap"])
def test_s37_a_budget_counts_what_gifts_are_worth(policy: str) -> None:
    """500 points are 5.000đ; they are given whole or not at all."""
    rule = offer("a", points(points=500), limits={"budget": 9_000})
    used = {"a": {"budget": 4_001}}
    found = ask(rule, usage=used, policy={"over_budget": policy})
    assert found["points"]["earned"] == 200
    assert [x["reason"] for x in found["not_applied"]] == ["budget_exceeded"]
    assert ask(rule, usage={"a": {"budget": 4_000}})["points"]["earned"] == 700


def test_a_coupon_for_the_next_visit_competes_with_nothing_worth_less_than_it() -> None:
    """S11: it is worth 0, so any discount of its group wins, and nothing else does."""
    again = offer("again", {"kind": "percent_off", "percent": 10}, trigger="coupon")
    gift = {"kind": "issue_coupon", "promotion": "again", "valid_days": 7}
    group = {"stacking": "best_of_group", "group": "g"}
    alone = ask(again, offer("next", gift, **group))
    assert [coupon["reason"] for coupon in alone["next_coupons"]] == ["Offer next"]
    beaten = ask(again, offer("next", gift, **group), offer("cut", {"kind": "amount_off", "amount": 1}, **group))
    assert beaten["next_coupons"] == []
    assert [(x["promotion"], x["winner"]) for x in beaten["not_applied"]] == [("next", "cut")]
    shut = ask(again, offer("next", gift), offer("cut", {"kind": "amount_off", "amount": 1}, stacking="exclusive"))
    assert (shut["next_coupons"], shut["totals"]["discount"]) == ([], 1)
