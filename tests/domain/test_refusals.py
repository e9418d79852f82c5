"""Every refusal code of the rule language is reached, and said in both languages (S13, complaint 25)."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_pos.domain.pricing.document import price_document

Json = dict[str, Any]
LINES = [{"line": "1", "sku": "milk", "category": "dairy", "quantity": 2, "unit_price": 30_000, "unit_cost": 20_000}]
OFF: Json = {"kind": "amount_off", "amount": 5_000}
HALF: Json = {"kind": "percent_off", "percent": 50}
GROUP: Json = {"stacking": "best_of_group", "group": "g"}


def offer(code: str = "a", reward: Json = OFF, **more: Any) -> Json:
    return {"code": code, "name": {"vi": f"Ưu đãi {code}", "en": f"Offer {code}"}, "rewards": [reward], **more}


def when(kind: str, **arguments: Any) -> Json:
    return {"conditions": [{"kind": kind, **arguments}]}


def ask(*promotions: Json, **more: Any) -> Json:
    request: Json = {"now": "2026-11-21T10:00:00+07:00", "language": "en", "promotions": list(promotions)}
    request |= {"points": {}, "member": {"id": "m1", "points": 500, "orders": 3, "last_order": "2026-11-11"}}
    return price_document(request | {"basket": {"lines": LINES}, "explain": True} | more)


NOT_APPLIED: list[tuple[str, Json, Json]] = [
    ("min_amount", offer(**when("min_amount", amount=60_001)), {}),
    ("min_amount", offer(**when("min_amount", amount=60_000, op="lt")), {}),
    ("min_amount", offer(**when("min_amount", amount=60_000, op="gt")), {}),
    ("min_amount", offer(**when("min_amount", amount=59_999, op="eq")), {}),
    ("min_amount", offer("b", HALF, priority=-1, **when("min_amount", amount=60_000, basis="discounted")),
     {"promotions": [offer("a", {**HALF, "percent": 1})]}),
    ("min_quantity", offer(**when("min_quantity", quantity=3)), {}),
    ("min_quantity", offer(reward={"kind": "buy_get", "buy_quantity": 2}), {}),
    ("not_in_scope", offer(reward={**OFF, "scope": {"skus": ["milk"], "price_min": 30_001}}), {}),
    ("not_in_scope", offer("b", {**OFF, "scope": {"all": True, "exclude_discounted": True}}),
     {"promotions": [offer("a", {**HALF, "scope": {"skus": ["milk"]}})]}),
    ("not_eligible", offer(**when("min_quantity", quantity=1, max=1)), {}),
    ("not_eligible", offer(audience={"tiers": ["gold"]}), {}),
    ("not_eligible", offer(audience={"segments": ["lapsed"]}), {}),
    ("not_eligible", offer(audience={"members": ["m2"]}), {}),
    ("not_eligible", offer(audience={"stores": ["hn-02"]}), {"store": "hn-01"}),
    ("not_eligible", offer(audience={"birthday_within_days": 7}), {}),
    ("not_eligible", offer(valid={"to": "2026-11-20"}), {}),
    ("not_eligible", offer(valid={"from": "2026-11-22"}), {}),
    ("not_eligible", offer(valid={"weekdays": [7]}), {}),
    ("not_eligible", offer(valid={"hours": ["08:00", "10:00"]}), {}),
    ("not_eligible", offer(**when("tier", any_of=["gold"])), {}),
    ("not_eligible", offer(**when("segment", any_of=["lapsed"])), {}),
    ("not_eligible", offer(**when("member", any_of=["m2"])), {}),
    ("not_eligible", offer(**when("nth_order", n=3)), {}),
    ("not_eligible", offer(**when("days_since_last_order", days=11)), {}),
    ("not_eligible", offer(**when("days_since_last_order", days=10, op="lt")), {}),
    ("not_eligible", offer(**when("not", of=[{"kind": "min_amount", "amount": 60_000}])), {}),
    ("member_required", offer(audience={"members_only": True}), {"member": None}),
    ("member_required", offer(**when("nth_order", n=4)), {"member": None}),
    ("member_required", offer(limits={"per_member": 1}), {"member": None}),
    ("member_required", offer(limits={"per_period": {"days": 7, "uses": 1}}), {"member": None}),
    ("limit_total", offer(limits={"total": 3}), {"usage": {"a": {"total": 3}}}),
    ("limit_total", offer(limits={"per_store": 3}), {"usage": {"a": {"store": 3}}}),
    ("limit_total", offer(limits={"per_cashier": 3}), {"usage": {"a": {"cashier": 3}}}),
    ("limit_per_member", offer(limits={"per_member": 3}), {"usage": {"a": {"member": 3}}}),
    ("limit_per_period", offer(limits={"per_period": {"days": 7, "uses": 3}}),
     {"usage": {"a": {"member_in_period": 3}}}),
    ("budget_exceeded", offer(limits={"budget": 9_999}), {"usage": {"a": {"budget": 5_000}}}),
    ("budget_exceeded", offer(limits={"budget": 9_999}), {"usage": {"a": {"budget": 9_999}}}),
    ("not_combinable", offer("b", **GROUP), {"promotions": [offer("a", HALF, **GROUP)]}),
    ("not_combinable", offer("b", stacking="exclusive"), {"promotions": [offer("a", HALF)]}),
    ("not_combinable", offer("b", stacking="only_if_alone"), {"promotions": [offer("a", HALF, stage="item")]}),
    ("below_floor", offer(floor=30_000), {}),
    ("no_effect", offer(reward={"kind": "fixed_price", "price": 30_000}), {}),
    ("no_effect", offer(reward={"kind": "fixed_price_group", "quantity": 2, "price": 60_000}), {}),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "promotion", "more"), NOT_APPLIED, ids=[entry[0] for entry in NOT_APPLIED])
def test_an_automatic_offer_says_why_it_did_not_apply(reason: str, promotion: Json, more: Json) -> None:
    found = ask(*more.get("promotions", []), promotion, **{k: v for k, v in more.items() if k != "promotions"})
    told = {one["promotion"]: one for one in found["not_applied"]}
    assert told[promotion["code"]]["reason"] == reason
    assert (told[promotion["code"]]["winner"] == "a") == (reason == "not_combinable")


COUPONS: list[tuple[str, Json, Json, str, str]] = [
    ("coupon_not_usable", {"member": "m2"}, {}, "không dùng được", "cannot be used"),
    ("coupon_not_usable", {"state": "cancelled"}, {}, "không dùng được", "cannot be used"),
    ("coupon_not_usable", {"state": "used"}, {"basket": {"entry": "typed"}}, "không dùng được", "cannot be used"),
    ("coupon_used", {"state": "used", "used_at": "2026-11-20T12:05:00Z", "used_where": "hn-02"}, {},
     "lúc 19:05 20/11/2026 tại hn-02", "on 19:05 20 Nov 2026 at hn-02"),
    ("coupon_expired", {"valid_to": "2026-11-20"}, {}, "(đến hết 20/11/2026)", "(valid until 20 Nov 2026)"),
    ("coupon_not_yet_valid", {"valid_from": "2026-11-22"}, {}, "(từ 22/11/2026)", "(valid from 22 Nov 2026)"),
    ("coupon_held", {"state": "held", "held_until": "2026-11-21T03:15:00Z"}, {}, "đến 10:15", "until 10:15"),
    ("min_amount", {}, when("min_amount", amount=70_000), "Cần mua thêm 10.000đ", "10,000đ more is needed"),
    ("min_quantity", {}, when("min_quantity", quantity=3), "Cần thêm 1 sản phẩm", "1 more needed"),
    ("not_combinable", {}, {"stacking": "exclusive"}, "“Ưu đãi a”", "“Offer a”"),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "coupon", "more", "vi", "en"), COUPONS, ids=[entry[0] for entry in COUPONS])
def test_a_coupon_that_is_refused_says_why(reason: str, coupon: Json, more: Json, vi: str, en: str) -> None:
    """S36, S38: with when and where for whoever may know."""
    rules = {name: value for name, value in more.items() if name != "basket"}
    basket = {"lines": LINES, "coupons": ["991"], **more.get("basket", {})}
    shown = [{"code": "991", "promotion": "c", "member": "m1"} | coupon]
    promotions = [offer("a", HALF), offer("c", trigger="coupon", **rules)]
    for language, words in (("vi", vi), ("en", en)):
        (found,) = ask(*promotions, coupons=shown, basket=basket, language=language)["coupons"]
        assert (found["status"], found["reason"]) == ("refused", reason)
        assert words in found["message"]


POINTS: list[tuple[str, int, Json, Json]] = [
    ("points_insufficient", 501, {"min": 1}, {}),
    ("points_minimum", 99, {"min": 100}, {}),
    ("points_step", 130, {"min": 1, "step": 50}, {}),
    ("points_share", 400, {"min": 1, "max_percent_of_ticket": 5}, {}),
    ("member_required", 100, {}, {"member": None}),
    ("typed_entry", 100, {}, {"entry": "typed"}),
]


@pytest.mark.parametrize(("reason", "asked", "redeem", "more"), POINTS, ids=[entry[0] for entry in POINTS])
def test_fewer_points_than_asked_say_why(reason: str, asked: int, redeem: Json, more: Json) -> None:
    """S22, S23."""
    basket = {"lines": LINES, "redeem_points": asked, "entry": more.get("entry", "scan")}
    member = {"member": None} if "member" in more else {}
    for language in ("vi", "en"):
        said = ask(points={"redeem": redeem}, basket=basket, language=language, **member)["messages"]
        assert [text.split(":")[0] for text in said] == [reason]


def test_no_code_is_forgotten() -> None:
    """promotions.md, refusal codes."""
    codes = (
        "coupon_not_usable coupon_used coupon_expired coupon_not_yet_valid coupon_held min_amount min_quantity "
        "not_in_scope not_eligible member_required limit_total limit_per_member limit_per_period budget_exceeded "
        "not_combinable below_floor points_insufficient points_minimum points_step points_share no_effect"
    )
    reached = {entry[0] for table in (NOT_APPLIED, COUPONS, POINTS) for entry in table}
    assert reached >= set(codes.split())
