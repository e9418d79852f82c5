"""Rules that are none, and what is wrong with each: for every way in (tests/api/test_bad_rules.py) and the schema."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
PERCENT: Json = {"kind": "percent_off", "percent": 10}
STEP: Json = {"kind": "steps", "by": "quantity"}


def scoped(**scope: Any) -> Json:
    """A rule on some goods."""
    return {"rewards": [PERCENT | {"scope": scope}]}


def nested(depth: int) -> Json:
    """Conditions within conditions."""
    inner: Json = {"kind": "member"}
    for _ in range(depth):
        inner = {"kind": "all", "of": [inner]}
    return inner


BAD_RULES: dict[str, tuple[Json, str, str]] = {
    "unknown reward": ({"rewards": [{"kind": "magic"}]}, "rewards[0].kind", "unknown"),
    "reward without a kind": ({"rewards": [{"percent": 5}]}, "rewards[0].kind", "missing"),
    "unknown condition": ({"conditions": [{"kind": "moon"}]}, "conditions[0].kind", "unknown"),
    "unknown condition inside": (
        {"conditions": [{"kind": "not", "of": [{"kind": "moon"}]}]}, "conditions[0].of[0].kind", "unknown"),
    "unknown argument": ({"rewards": [PERCENT | {"of": 3}]}, "rewards[0].of", "unknown_field"),
    "unknown argument of a condition": (
        {"conditions": [{"kind": "member", "tier": "gold"}]}, "conditions[0].tier", "unknown_field"),
    "unknown field": ({"discount": 5}, "discount", "unknown_field"),
    "unknown value": ({"stacking": "always"}, "stacking", "not_one_of"),
    "argument of another type": ({"rewards": [PERCENT | {"max_units": "2"}]}, "rewards[0].max_units", "wrong_type"),
    "missing argument": ({"rewards": [PERCENT, {"kind": "amount_off"}]}, "rewards[1].amount", "missing"),
    "empty scope": (scoped(), "rewards[0].scope", "empty"),
    "scope of not all": (scoped(all=False), "rewards[0].scope", "empty"),
    "scope of no sku": (scoped(skus=[]), "rewards[0].scope.skus", "out_of_range"),
    "all and some": (scoped(all=True, skus=["a"]), "rewards[0].scope.all", "contradictory"),
    "a sku in and out": (scoped(skus=["a"], exclude_skus=["a"]), "rewards[0].scope.exclude_skus", "contradictory"),
    "a category out with its parent": (
        scoped(categories=["a/b"], exclude_categories=["a"]), "rewards[0].scope.exclude_categories", "contradictory"),
    "no price between": (scoped(price_min=2, price_max=1), "rewards[0].scope.price_max", "contradictory"),
    "scope of a condition": (
        {"conditions": [{"kind": "min_amount", "amount": 1, "scope": {}}]}, "conditions[0].scope", "empty"),
    "percent above 100": ({"rewards": [PERCENT | {"percent": "100.01"}]}, "rewards[0].percent", "out_of_range"),
    "percent below 0": ({"rewards": [PERCENT | {"percent": -5}]}, "rewards[0].percent", "out_of_range"),
    "percent of nothing": ({"rewards": [PERCENT | {"percent": 0}]}, "rewards[0].percent", "out_of_range"),
    "percent too fine": ({"rewards": [PERCENT | {"percent": "1.00001"}]}, "rewards[0].percent", "too_precise"),
    "percent and amount": (
        {"rewards": [{"kind": "cheapest_off", "percent": 5, "amount": 5}]}, "rewards[0].amount", "one_only"),
    "neither percent nor amount": ({"rewards": [{"kind": "cheapest_off"}]}, "rewards[0].percent", "missing"),
    "steps that overlap": (
        {"rewards": [STEP | {"steps": [{"from": 3, "percent": 5}, {"from": 3, "percent": 6}]}]},
        "rewards[0].steps", "overlapping"),
    "steps that fall": (
        {"rewards": [STEP | {"steps": [{"from": 3, "percent": 5}, {"from": 2, "percent": 6}]}]},
        "rewards[0].steps", "overlapping"),
    "group without stacking": ({"group": "g"}, "group", "without_stacking"),
    "stacking without group": ({"stacking": "best_of_group"}, "group", "missing"),
    "ends before it starts": ({"valid": {"from": "2026-11-30", "to": "2026-11-01"}}, "valid.to", "before_from"),
    "hours of no length": ({"valid": {"hours": ["08:00", "08:00"]}}, "valid.hours", "contradictory"),
    "no such day": ({"valid": {"from": "2026-02-30"}}, "valid.from", "invalid"),
    "budget below 0": ({"limits": {"budget": -1}}, "limits.budget", "out_of_range"),
    "limit of no use": ({"limits": {"total": 0}}, "limits.total", "out_of_range"),
    "at most fewer than at least": (
        {"conditions": [{"kind": "min_quantity", "quantity": 3, "max": 2}]}, "conditions[0].max", "contradictory"),
    "conditions nested too deep": ({"conditions": [nested(6)]}, "conditions[0]" + ".of[0]" * 5, "too_deep"),
    "coupon of no promotion": (
        {"rewards": [{"kind": "issue_coupon", "promotion": "nothing", "valid_days": 7}]},
        "rewards[0].promotion", "unknown"),
    "coupon of no promotion by category": (
        {"rewards": [{"kind": "issue_coupon", "promotion": "ten-percent", "valid_days": 7,
                      "by_category": {"dairy": "nothing"}}]},
        "rewards[0].by_category.dairy", "unknown"),
    "no reward": ({"rewards": []}, "rewards", "out_of_range"),
}  # fmt: skip
"""What is wrong -> the changed fields of a sound rule, the path of the fault, its code."""

SOUND: Json = {"code": "sound", "name": {"vi": "Ưu đãi", "en": "Offer"}, "rewards": [PERCENT]}
COUPON = SOUND | {"code": "ten-percent", "trigger": "coupon"}


def rules(changes: Json) -> list[Json]:
    """Four promotions, the last of them with the fault."""
    return [COUPON, SOUND | {"code": "a"}, SOUND | {"code": "b"}, SOUND | changes]
