"""The rule language: what is accepted, which field is refused and why, scopes and times."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from loyalty_pos.domain.basket import Line
from loyalty_pos.domain.pricing.document import price_document
from loyalty_pos.domain.pricing.facts import days_to_birthday
from loyalty_pos.domain.pricing.offers import check_promotion
from loyalty_pos.domain.promotions import conditions, rewards
from loyalty_pos.domain.promotions.decode import decode
from loyalty_pos.domain.promotions.definition import STAGES, Promotion, Valid, time_fault
from loyalty_pos.domain.promotions.names import Names, name_in
from loyalty_pos.domain.promotions.scope import Scope, category_path
from loyalty_pos.errors import BadInput

PERCENT: dict[str, Any] = {"kind": "percent_off", "percent": 10}


def promotion(**changes: Any) -> dict[str, Any]:
    return {"code": "p", "name": {"vi": "Ưu đãi", "en": "Offer"}, "rewards": [PERCENT], **changes}


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"code": "a b"}, "code", "out_of_range"),
        ({"name": {}}, "name.vi", "missing"),
        ({"rewards": []}, "rewards", "out_of_range"),
        ({"rewards": [{}]}, "rewards[0].kind", "missing"),
        ({"rewards": [{"kind": "magic"}]}, "rewards[0].kind", "unknown"),
        ({"rewards": [{"kind": "percent_off"}]}, "rewards[0].percent", "missing"),
        ({"rewards": [{"kind": "percent_off", "percent": 0}]}, "rewards[0].percent", "out_of_range"),
        ({"rewards": [{"kind": "percent_off", "percent": 100.5}]}, "rewards[0].percent", "out_of_range"),
        ({"rewards": [{"kind": "percent_off", "percent": "NaN"}]}, "rewards[0].percent", "out_of_range"),
        ({"rewards": [{"kind": "percent_off", "percent": "0.00001"}]}, "rewards[0].percent", "too_precise"),
        ({"rewards": [{"kind": "percent_off", "percent": True}]}, "rewards[0].percent", "wrong_type"),
        ({"rewards": [PERCENT | {"max": 3}]}, "rewards[0].max", "unknown_field"),
        ({"rewards": [PERCENT | {"level": "shop"}]}, "rewards[0].level", "not_one_of"),
        ({"rewards": [PERCENT | {"scope": {"skus": "a"}}]}, "rewards[0].scope.skus", "wrong_type"),
        ({"rewards": [{"kind": "amount_off", "amount": 1.5}]}, "rewards[0].amount", "wrong_type"),
        ({"rewards": [{"kind": "cheapest_off"}]}, "rewards[0].percent", "missing"),
        ({"rewards": [{"kind": "cheapest_off", "percent": 5, "amount": 5}]}, "rewards[0].amount", "one_only"),
        ({"rewards": [{"kind": "buy_get", "buy_quantity": 0}]}, "rewards[0].buy_quantity", "out_of_range"),
        ({"conditions": [{"kind": "moon"}]}, "conditions[0].kind", "unknown"),
        ({"conditions": [{"kind": "min_amount"}]}, "conditions[0].amount", "missing"),
        ({"conditions": [{"kind": "any", "of": []}]}, "conditions[0].of", "out_of_range"),
        ({"conditions": [{"kind": "not", "of": [{"kind": "x"}]}]}, "conditions[0].of[0].kind", "unknown"),
        ({"stacking": "best_of_group"}, "group", "missing"),
        ({"valid": {"from": "2026-02-02", "to": "2026-02-01"}}, "valid.to", "before_from"),
        ({"valid": {"weekdays": [8]}}, "valid.weekdays[0]", "out_of_range"),
        ({"valid": {"hours": ["8:00", "11:00"]}}, "valid.hours[0]", "out_of_range"),
        ({"limits": {"per_basket": 0}}, "limits.per_basket", "out_of_range"),
        ({"limits": {"per_period": {"days": 7}}}, "limits.per_period.uses", "missing"),
        ({"group": "g"}, "group", "without_stacking"),
        ({"stacking": "exclusive", "group": "g"}, "group", "without_stacking"),
        ({"valid": {"hours": ["08:00", "08:00"]}}, "valid.hours", "contradictory"),
        ({"valid": {"from": "2026-02-29"}}, "valid.from", "invalid"),
        ({"limits": {"budget": -1}}, "limits.budget", "out_of_range"),
        ({"rewards": [PERCENT | {"percent": 101}]}, "rewards[0].percent", "out_of_range"),
        ({"rewards": [PERCENT | {"percent": -1}]}, "rewards[0].percent", "out_of_range"),
        ({"rewards": [PERCENT | {"scope": {}}]}, "rewards[0].scope", "empty"),
        ({"rewards": [PERCENT | {"scope": {"all": False}}]}, "rewards[0].scope", "empty"),
        ({"rewards": [PERCENT | {"scope": {"skus": []}}]}, "rewards[0].scope.skus", "out_of_range"),
        ({"rewards": [PERCENT | {"scope": {"exclude_skus": []}}]}, "rewards[0].scope.exclude_skus", "out_of_range"),
        ({"rewards": [PERCENT | {"scope": {"all": True, "skus": ["a"]}}]}, "rewards[0].scope.all", "contradictory"),
        (
            {"rewards": [PERCENT | {"scope": {"skus": ["a", "b"], "exclude_skus": ["b"]}}]},
            "rewards[0].scope.exclude_skus",
            "contradictory",
        ),
        (
            {"rewards": [PERCENT | {"scope": {"categories": ["a/b"], "exclude_categories": ["a"]}}]},
            "rewards[0].scope.exclude_categories",
            "contradictory",
        ),
        (
            {"rewards": [PERCENT | {"scope": {"price_min": 2, "price_max": 1}}]},
            "rewards[0].scope.price_max",
            "contradictory",
        ),
        (
            {"conditions": [{"kind": "all", "of": [{"kind": "min_amount", "amount": 1, "scope": {}}]}]},
            "conditions[0].of[0].scope",
            "empty",
        ),
        ({"conditions": [{"kind": "min_quantity", "quantity": 3, "max": 2}]}, "conditions[0].max", "contradictory"),
        ({"conditions": [{"kind": "min_amount", "amount": 1, "op": "ne"}]}, "conditions[0].op", "not_one_of"),
        ({"conditions": [{"kind": "tier", "any_of": []}]}, "conditions[0].any_of", "out_of_range"),
        ({"conditions": [{"kind": "days_since_last_order", "days": -1}]}, "conditions[0].days", "out_of_range"),
        ({"rewards": [{"kind": "points"}]}, "rewards[0].points", "missing"),
        ({"rewards": [{"kind": "points", "points": 1, "multiplier": 20_000}]}, "rewards[0].multiplier", "one_only"),
        ({"rewards": [{"kind": "points", "multiplier": 10_000}]}, "rewards[0].multiplier", "out_of_range"),
        (
            {"rewards": [{"kind": "points", "multiplier": 20_000, "per": "unit"}]},
            "rewards[0].per",
            "contradictory",
        ),
        ({"rewards": [{"kind": "points", "points": 0}]}, "rewards[0].points", "out_of_range"),
        ({"rewards": [{"kind": "add_free_item"}]}, "rewards[0].sku", "missing"),
        (
            {"rewards": [{"kind": "add_free_item", "sku": "a", "per_quantity": 0}]},
            "rewards[0].per_quantity",
            "out_of_range",
        ),
        ({"floor": "price"}, "floor", "not_one_of"),
        ({"stage": "end"}, "stage", "not_one_of"),
    ],
)
def test_a_faulty_promotion_names_its_field_and_never_the_value(changes: dict[str, Any], path: str, code: str) -> None:
    with pytest.raises(BadInput) as refusal:
        check_promotion(promotion(**changes), "promotions[3]")
    assert refusal.value.errors == {f"promotions[3].{path}": [code]}


def test_conditions_nest_only_so_deep() -> None:
    nested: dict[str, Any] = {"kind": "nth_order", "n": 1}
    for _ in range(6):
        nested = {"kind": "all", "of": [nested]}
    with pytest.raises(BadInput) as refusal:
        check_promotion(promotion(conditions=[nested]))
    assert list(refusal.value.errors.values()) == [["too_deep"]]


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        ({}, "item"),
        ({"rewards": [PERCENT | {"level": "basket"}]}, "basket"),
        ({"rewards": [{"kind": "amount_off", "amount": 1}]}, "basket"),
        ({"rewards": [{"kind": "amount_off", "amount": 1, "per": "unit"}]}, "item"),
        ({"rewards": [{"kind": "buy_get", "buy_quantity": 2}]}, "group"),
        ({"rewards": [{"kind": "cheapest_off", "percent": 50}]}, "group"),
        ({"rewards": [{"kind": "fixed_price", "price": 1}]}, "item"),
        ({"rewards": [{"kind": "fixed_price_group", "quantity": 2, "price": 1}]}, "group"),
        ({"rewards": [{"kind": "bundle", "items": [{"scope": {"all": True}}], "price": 1}]}, "group"),
        ({"rewards": [{"kind": "add_free_item", "sku": "mug"}]}, "basket"),
        ({"rewards": [{"kind": "steps", "by": "basket_amount", "steps": [{"from": 1, "percent": 5}]}]}, "basket"),
        ({"rewards": [{"kind": "steps", "by": "quantity", "steps": [{"from": 1, "percent": 5}]}]}, "item"),
        ({"rewards": [PERCENT, {"kind": "points", "points": 5}]}, "item"),
        ({"trigger": "coupon"}, "coupon"),
        ({"trigger": "coupon", "stage": "catalog"}, "catalog"),
    ],
)
def test_s7_every_kind_has_its_stage(changes: dict[str, Any], stage: str) -> None:
    assert STAGES[check_promotion(promotion(**changes)).stage] == stage


@pytest.mark.parametrize(
    ("scope", "fits"),
    [
        ({"all": True}, True),
        ({"skus": ["s"]}, True),
        ({"skus": ["t"]}, False),
        ({"categories": ["dairy"]}, True),
        ({"categories": ["dairy/milk"]}, True),
        ({"categories": ["dairy/mil"]}, False),
        ({"categories": ["dairy/milk/uht"]}, False),
        ({"brands": ["Mộc"]}, True),
        ({"brands": ["Other"]}, False),
        ({"categories": ["dairy"], "exclude_skus": ["s"]}, False),
        ({"categories": ["dairy"], "exclude_categories": ["dairy/milk"]}, False),
        ({"price_min": 30_000}, True),
        ({"price_min": 30_001}, False),
        ({"price_max": 30_000}, True),
        ({"price_max": 29_999}, False),
        ({"skus": ["s"], "brands": ["Other"]}, False),
    ],
)
def test_the_keys_of_a_scope_combine_with_and(scope: dict[str, Any], fits: bool) -> None:
    line = Line(line="1", sku="s", quantity=1, unit_price=30_000, category="dairy/milk", brand="Mộc")
    assert decode(scope, Scope, "").matches(line, category_path(line.category)) == fits


# 2026-11-20 is a Friday, 27 February 2028 a Sunday.
@pytest.mark.parametrize(
    ("valid", "now", "fault"),
    [
        ({}, "2026-11-21T10:00", None),
        ({"weekdays": [6, 7]}, "2026-11-21T10:00", None),
        ({"weekdays": [6, 7]}, "2026-11-20T10:00", "between"),
        ({"hours": ["08:00", "11:00"]}, "2026-11-21T07:59", "between"),
        ({"hours": ["08:00", "11:00"]}, "2026-11-21T08:00", None),
        ({"hours": ["08:00", "11:00"]}, "2026-11-21T10:59", None),
        ({"hours": ["08:00", "11:00"]}, "2026-11-21T11:00", "between"),
        ({"hours": ["00:00", "24:00"]}, "2026-11-21T23:59", None),
        ({"hours": ["22:00", "02:00"]}, "2026-11-21T23:00", None),
        ({"hours": ["22:00", "02:00"]}, "2026-11-21T01:59", None),
        ({"hours": ["22:00", "02:00"]}, "2026-11-21T02:00", "between"),
        ({"hours": ["22:00", "02:00"]}, "2026-11-21T12:00", "between"),
        # Friday's night is Friday's, also after midnight.
        ({"hours": ["22:00", "02:00"], "weekdays": [5]}, "2026-11-21T01:00", None),
        ({"hours": ["22:00", "02:00"], "weekdays": [5]}, "2026-11-20T01:00", "between"),
        ({"hours": ["22:00", "02:00"], "weekdays": [6]}, "2026-11-21T01:00", "between"),
        # S38: the last day counts until its end, its night until it ends; the night before the first does not.
        ({"to": "2026-11-30"}, "2026-11-30T23:59", None),
        ({"to": "2026-11-30"}, "2026-12-01T00:00", "after"),
        ({"from": "2026-11-30"}, "2026-11-30T00:00", None),
        ({"from": "2026-11-30"}, "2026-11-29T23:59", "before"),
        ({"to": "2026-12-31", "hours": ["22:00", "02:00"]}, "2027-01-01T01:00", None),
        ({"to": "2026-12-31", "hours": ["22:00", "02:00"]}, "2027-01-01T22:00", "after"),
        ({"from": "2026-11-01", "hours": ["22:00", "02:00"]}, "2026-11-01T01:00", "before"),
        ({"from": "2026-11-01", "hours": ["22:00", "02:00"]}, "2026-11-01T22:00", None),
        ({"from": "2028-02-29", "to": "2028-02-29"}, "2028-02-29T12:00", None),
        ({"from": "2028-02-29", "to": "2028-02-29"}, "2028-03-01T00:00", "after"),
    ],
)
def test_days_are_inclusive_and_hours_belong_to_the_day_they_began_on(
    valid: dict[str, Any], now: str, fault: str | None
) -> None:
    assert time_fault(decode(valid, Valid, "valid"), datetime.fromisoformat(now)) == fault


@pytest.mark.parametrize(
    ("birthday", "today", "days"),
    [
        ("1990-11-24", "2026-11-24", 0),
        ("1990-11-24", "2026-11-21", 3),
        ("1990-11-24", "2026-11-25", 1),
        # Across the end of a year.
        ("1990-01-02", "2026-12-30", 3),
        ("1990-12-30", "2027-01-02", 3),
        ("1990-12-31", "2027-01-01", 1),
        # Born on 29 February: on the 28th where there is none.
        ("2000-02-29", "2026-02-28", 0),
        ("2000-02-29", "2026-03-01", 1),
        ("2000-02-29", "2028-02-29", 0),
        ("2000-02-29", "2028-02-28", 1),
        ("1990-06-01", "2026-12-01", 182),
    ],
)
def test_a_birthday_is_near_before_and_after(birthday: str, today: str, days: int) -> None:
    assert days_to_birthday(date.fromisoformat(birthday), date.fromisoformat(today)) == days


@pytest.mark.parametrize("category", ["a", "a/b", "a/b/a", "a/a/a", "a/b/c/b/a", "/".join("ab" * 100)])
def test_a_category_is_a_path_in_which_no_circle_can_be_written(category: str) -> None:
    """A parent is what stands before a slash, so it is shorter than its child: each line of parents ends."""
    line = sorted(category_path(category), key=len)
    assert line[-1] == category
    assert [child.rpartition("/")[0] for child in line] == ["", *line[:-1]]
    assert len({len(one) for one in line}) == len(line) == category.count("/") + 1


def test_a_name_that_comes_twice_in_a_path_is_two_categories() -> None:
    goods = Line(line="1", sku="s", quantity=1, unit_price=10, category="a/b/a")
    covered = category_path(goods.category)
    assert Scope(categories=frozenset({"a"})).matches(goods, covered)
    assert not Scope(categories=frozenset({"b"})).matches(goods, covered)
    assert not Scope(categories=frozenset({"a"}), exclude_categories=frozenset({"a/b/a"})).matches(goods, covered)


def test_promotions_that_issue_coupons_of_each_other_are_no_circle() -> None:
    """Each bill issues what it has earned, for the next one."""
    offers = [
        promotion(
            code=code,
            trigger="coupon",
            rewards=[PERCENT, {"kind": "issue_coupon", "promotion": other, "valid_days": 7}],
        )
        for code, other in (("a", "b"), ("b", "a"), ("self", "self"))
    ]
    coupons = [{"code": f"99{one['code']}", "promotion": one["code"], "member": "m1"} for one in offers]
    answer = price_document({
        "now": "2026-11-21T10:00:00+07:00",
        "member": {"id": "m1"},
        "promotions": offers,
        "coupons": coupons,
        "basket": {"coupons": [one["code"] for one in coupons],
                   "lines": [{"line": "1", "sku": "s", "quantity": 1, "unit_price": 1000}]},
    })  # fmt: skip
    assert answer["totals"]["net"] == 729
    assert len(answer["next_coupons"]) == 3


def test_names_fall_back_to_the_other_language() -> None:
    assert name_in(Names(vi="Sữa"), "en") == "Sữa"
    assert name_in(Names(vi="Sữa", en="Milk"), "en") == "Milk"
    assert name_in("Sữa", "en") == "Sữa"


def test_every_kind_stands_in_the_list_under_its_own_code() -> None:
    for kinds in (rewards.KINDS, conditions.KINDS, conditions.COMBINED):
        assert all(code == kind.kind for code, kind in kinds.items())


def test_the_example_of_the_rule_language_is_accepted() -> None:
    example = {
        "code": "milk-3for2",
        "name": {"vi": "Sữa: mua 2 tặng 1", "en": "Milk: 3 for 2"},
        "trigger": "automatic",
        "valid": {"from": "2026-11-01", "to": "2026-11-30", "weekdays": [6, 7], "hours": ["08:00", "11:00"]},
        "audience": {"tiers": ["gold"], "segments": [], "members_only": True, "birthday_within_days": 7},
        "conditions": [{"kind": "min_quantity", "quantity": 3, "scope": {"categories": ["dairy/milk"]}}],
        "rewards": [{"kind": "buy_get", "buy_scope": {"categories": ["dairy/milk"]}, "buy_quantity": 2}],
        "stacking": "combine",
        "group": None,
        "priority": 0,
        "stage": None,
        "limits": {"per_basket": 2, "total": 1000, "per_member": 1, "per_period": {"days": 7, "uses": 1},
                   "per_store": None, "per_cashier": None, "budget": 24_000_000},
        "floor": "cost",
        "enabled": True,
    }  # fmt: skip
    assert decode(example, Promotion, "").limits.budget == 24_000_000
    assert check_promotion(example).code == "milk-3for2"
