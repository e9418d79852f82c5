"""A promotion's sentence: every kind, scope, time, audience, limit and stacking, in both languages."""

from __future__ import annotations

import itertools
import re
from typing import Any, Literal

import msgspec
import pytest

from loyalty_pos.domain.phrase import plain
from loyalty_pos.domain.pricing.offers import Offer, check_promotion
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.promotions import conditions, rewards
from loyalty_pos.domain.promotions.definition import Audience, Limits, Promotion, Valid
from loyalty_pos.domain.promotions.rewards.steps import Step
from loyalty_pos.domain.promotions.scope import Scope
from loyalty_pos.domain.promotions.sentence import sentence

Json = dict[str, Any]
Language = Literal["vi", "en"]
NAMES = {"dairy/milk": "Sữa tươi", "dairy/nuts": "Sữa hạt", "milk-1l": "Sữa Mộc 1 L", "gold": "Vàng", "s1": "Sắp rời",
         "hn-01": "Hàng Bông", "next": "Phiếu 20"}  # fmt: skip
MILK: Json = {"categories": ["dairy/milk"], "exclude_categories": ["dairy/nuts"]}
REWARDS: list[Json] = [
    {"kind": "percent_off", "percent": "17.5", "scope": MILK, "max_amount": 9_000, "max_units": 2},
    {"kind": "percent_off", "percent": 10, "level": "basket", "base": "original", "max_units_per_line": 1},
    *({"kind": "amount_off", "amount": 5_000, "per": per, "scope": MILK} for per in ("basket", "line", "unit")),
    {"kind": "fixed_price", "price": 30_000, "scope": {"skus": ["milk-1l"], "brands": ["Moc"]}, "max_units": 3},
    {"kind": "cheapest_off", "percent": 50, "units": 2},
    {"kind": "cheapest_off", "amount": 4_000, "max_amount": 4_000, "scope": {"brands": ["Moc"]}},
    {"kind": "buy_get", "buy_quantity": 2, "buy_scope": MILK, "max_get_units": 4},
    {"kind": "buy_get", "buy_quantity": 1, "get_scope": {"skus": ["milk-1l"]}, "percent": 50, "get_quantity": 2},
    {"kind": "buy_get", "buy_quantity": 1, "amount": 2_000},
    {"kind": "fixed_price_group", "quantity": 3, "price": 85_000, "scope": MILK, "max_groups": 2},
    {"kind": "bundle", "items": [{"scope": MILK}, {"scope": {"all": True}, "quantity": 2}], "price": 39_000},
    {"kind": "bundle", "items": [{"scope": MILK}], "percent": 10, "max_groups": 1, "unit_order": "basket"},
    {"kind": "bundle", "items": [{"scope": MILK}], "amount": 1_000},
    {"kind": "add_free_item", "sku": "milk-1l"},
    {"kind": "add_free_item", "sku": "milk-1l", "scope": MILK},
    {"kind": "add_free_item", "sku": "milk-1l", "per_quantity": 3, "quantity": 2, "scope": MILK},
    *({"kind": "steps", "by": by, "scope": MILK,
       "steps": [{"from": 2, "percent": 5}, {"from": 3, "amount": 700}, {"from": 4, "price": 900}]}
      for by in ("basket_amount", "line_amount", "quantity")),
    {"kind": "points", "points": 50},
    {"kind": "points", "points": 50, "scope": MILK},
    {"kind": "points", "points": 5, "per": "unit", "scope": MILK},
    {"kind": "points", "multiplier": 15_000},
    {"kind": "issue_coupon", "promotion": "next", "valid_days": 30, "by_category": {"dairy/milk": "next"}},
]  # fmt: skip
CONDITIONS: list[Json] = [
    {"kind": "min_quantity", "quantity": 3, "scope": MILK},
    {"kind": "min_quantity", "quantity": 3, "max": 5},
    *({"kind": "min_amount", "amount": 100_000, "op": op} for op in ("gte", "gt", "lt", "eq")),
    {"kind": "min_amount", "amount": 100_000, "scope": MILK, "basis": "discounted"},
    {"kind": "tier", "any_of": ["gold"]},
    {"kind": "segment", "any_of": ["s1"]},
    {"kind": "member"},
    {"kind": "member", "any_of": ["17"]},
    {"kind": "nth_order", "n": 3},
    *({"kind": "days_since_last_order", "days": 30, "op": op} for op in ("gte", "gt", "lt", "lte", "eq")),
    {"kind": "any", "of": [{"kind": "tier", "any_of": ["gold"]}, {"kind": "nth_order", "n": 3}]},
    {"kind": "all", "of": [{"kind": "tier", "any_of": ["gold"]}, {"kind": "nth_order", "n": 3}]},
    {"kind": "not", "of": [{"kind": "tier", "any_of": ["gold"]}]},
]
PLAIN_SCOPES: list[Json] = [
    {"price_min": 10_000}, {"price_max": 20_000}, {"price_min": 10_000, "price_max": 20_000},
    {"exclude_discounted": True}, {"exclude_skus": ["milk-1l"]}, {"skus": ["milk-1l"], "categories": ["dairy/milk"]},
    {"skus": [f"sku{n}" for n in range(9)]},
]  # fmt: skip
SHARED: list[Json] = [
    {"valid": {"from": "2026-12-01", "to": "2026-12-31", "weekdays": [6, 7], "hours": ["08:00", "11:00"]}},
    {"valid": {"from": "2026-12-01"}},
    {"valid": {"to": "2026-12-31"}},
    {"audience": {"tiers": ["gold"], "segments": ["s1"], "stores": ["hn-01"], "birthday_within_days": 7}},
    {"audience": {"members": ["17", "18"], "members_only": True}},
    {"trigger": "coupon"},
    {"limits": {"per_basket": 1, "total": 1000, "per_member": 2, "per_period": {"days": 7, "uses": 1}, "per_store": 9,
                "per_cashier": 8, "budget": 24_000_000}},
    {"stacking": "exclusive"}, {"stacking": "only_if_alone"}, {"stacking": "best_of_group", "group": "sua"},
    {"floor": "cost"}, {"floor": 12_000},
]  # fmt: skip
ANY = {"kind": "percent_off", "percent": 10, "scope": MILK}


def rule(**fields: Any) -> Offer:
    """A promotion with some fields of its own."""
    return check_promotion({"code": "one", "name": "-", "rewards": [ANY]} | fields)


ALL = {
    f"{name} {number}": rule(**fields)
    for name, rows in {
        "reward": [{"rewards": [one]} for one in REWARDS],
        "condition": [{"conditions": [one]} for one in CONDITIONS],
        "scope": [{"rewards": [ANY | {"scope": one}]} for one in PLAIN_SCOPES],
        "shared": SHARED,
    }.items()
    for number, fields in enumerate(rows)
}


def said(offer: Offer, language: Language) -> str:
    """The sentence in words alone."""
    return plain(sentence(offer, Say(language, "VND"), lambda _source, code: NAMES.get(code, code)))


def words_of_the_language() -> set[str]:
    """Every name of an argument or kind that nobody would say aloud: those with an underscore."""
    kinds: list[type[Any]] = [*rewards.KINDS.values(), *conditions.KINDS.values()]
    structs = [*kinds, Scope, Valid, Audience, Limits, Promotion, Step]
    names = {name for struct in structs for name in msgspec.json.schema(struct)["$defs"][struct.__name__]["properties"]}
    return {name for name in [*names, *rewards.KINDS, *conditions.KINDS] if "_" in name}


def test_the_examples_go_over_every_kind() -> None:
    """A kind that is added must be added here, and so to the sentences."""
    assert {one["kind"] for one in REWARDS} == rewards.KINDS.keys()
    assert {one["kind"] for one in CONDITIONS} == conditions.KINDS.keys() | conditions.COMBINED.keys()
    assert all("promise" in vars(kind) for kind in rewards.KINDS.values())
    given = {name for fields in SHARED for name in fields.get("limits", {})}
    assert given == set(Limits.__struct_fields__)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_no_word_of_the_rule_language_and_no_gap_stands_in_a_sentence(name: str, language: Language) -> None:
    """Whatever a rule says is said in words."""
    text = said(ALL[name], language)
    assert not [word for word in words_of_the_language() if word in text]
    assert not re.search(r"[{}_]|  | [,.]|\.\.|,,|None", text), text
    assert text[0].isupper()
    assert text.endswith(".")
    assert "dairy/" not in text
    assert ("gold" in text, "hn-01" in text) == (False, False)


@pytest.mark.parametrize("name", ALL)
def test_the_two_languages_are_two(name: str) -> None:
    """Neither language borrows a sentence of the other; what is strong in one is as many values in the other."""
    assert said(ALL[name], "vi") != said(ALL[name], "en")
    counts = [
        sum(piece.strong for piece in sentence(ALL[name], Say(language, "VND"), lambda _s, code: code))
        for language in ("vi", "en")
    ]
    assert counts[0] == counts[1]


def test_what_differs_reads_differently() -> None:
    """No two of the examples say the same."""
    for language in ("vi", "en"):
        texts = [said(offer, language) for offer in ALL.values()]
        same = [pair for pair in itertools.combinations(texts, 2) if pair[0] == pair[1]]
        assert not same


def test_a_promotion_is_read_like_a_sentence() -> None:
    """The combo of the design, with everything around it."""
    offer = rule(
        rewards=[{"kind": "fixed_price_group", "quantity": 3, "price": 85_000, "scope": MILK, "max_groups": 2}],
        audience={"members_only": True}, valid={"from": "2026-12-01", "to": "2026-12-31"},
        stacking="best_of_group", group="sua", floor="cost", limits={"budget": 20_000_000},
    )  # fmt: skip
    assert said(offer, "vi") == (
        "Hội viên mua 3 món trong Sữa tươi (trừ Sữa hạt) trả 85.000đ, tối đa 2 lần mỗi hoá đơn. "
        "Nhiều nhất tổng cộng giảm 20.000.000đ. Từ 01/12/2026 đến hết 31/12/2026. "
        "Trong nhóm sua chỉ tính khuyến mãi lợi nhất cho khách. Không bán dưới giá vốn."
    )
    assert said(offer, "en") == (
        "Members pay 85,000đ for 3 items of Sữa tươi (except Sữa hạt), at most 2 times in a bill. "
        "At most 20,000,000đ taken off in all. From 1 Dec 2026 to 31 Dec 2026. "
        "Of the group sua only the best for the customer applies. Nothing is sold below cost."
    )
