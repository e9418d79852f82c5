"""The rule language: what is accepted, which field is refused and why, scopes and times."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_pos.domain.basket import Line
from loyalty_pos.domain.pricing.offers import check_promotion
from loyalty_pos.domain.promotions import conditions, rewards
from loyalty_pos.domain.promotions.decode import decode
from loyalty_pos.domain.promotions.definition import STAGES, Promotion, Valid, hours_fit
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
        ({"trigger": "coupon"}, "coupon"),
        ({"trigger": "coupon", "stage": "catalog"}, "catalog"),
    ],
)
def test_s7_every_kind_has_its_stage(changes: dict[str, Any], stage: str) -> None:
    assert STAGES[check_promotion(promotion(**changes)).stage] == stage


@pytest.mark.parametrize(
    ("scope", "fits"),
    [
        ({}, True),
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


@pytest.mark.parametrize(
    ("valid", "weekday", "clock", "fits"),
    [
        ({}, 1, "10:00", True),
        ({"weekdays": [6, 7]}, 6, "10:00", True),
        ({"weekdays": [6, 7]}, 5, "10:00", False),
        ({"hours": ["08:00", "11:00"]}, 1, "08:00", True),
        ({"hours": ["08:00", "11:00"]}, 1, "10:59", True),
        ({"hours": ["08:00", "11:00"]}, 1, "11:00", False),
        ({"hours": ["22:00", "02:00"]}, 1, "23:00", True),
        ({"hours": ["22:00", "02:00"]}, 1, "01:59", True),
        ({"hours": ["22:00", "02:00"]}, 1, "02:00", False),
        ({"hours": ["22:00", "02:00"], "weekdays": [7]}, 1, "01:00", True),
        ({"hours": ["22:00", "02:00"], "weekdays": [7]}, 7, "01:00", False),
        ({"hours": ["00:00", "24:00"]}, 3, "23:59", True),
    ],
)
def test_hours_end_excluded_and_cross_midnight(valid: dict[str, Any], weekday: int, clock: str, fits: bool) -> None:
    assert hours_fit(decode(valid, Valid, "valid"), weekday, clock) == fits


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
