"""Rules compiled once: every fault named, disabled ones left out, only what can touch is tried."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from loyalty_pos.domain.basket import Basket
from loyalty_pos.domain.pricing.board import Board
from loyalty_pos.domain.pricing.compile import RuleSet, compile_rules
from loyalty_pos.errors import BadInput

GOLD: dict[str, Any] = {"code": "gold", "name": "Vàng", "discount_percent": "17.50"}


def promotion(code: str, scope: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    reward = {"kind": "percent_off", "percent": 10, "scope": scope or {"all": True}}
    return {"code": code, "name": code, "rewards": [reward], **changes}


def rules(promotions: list[dict[str, Any]], **changes: Any) -> RuleSet:
    given: dict[str, Any] = {"currency": "VND", "policy": {}, "tiers": [GOLD], "points": {}, **changes}
    return compile_rules(version=7, promotions=promotions, **given)


def board(*lines: dict[str, Any]) -> Board:
    made = [{"line": str(n), "quantity": 1, "unit_price": 10, **line} for n, line in enumerate(lines)]
    return Board(msgspec.convert({"lines": made}, Basket))


def test_only_offers_that_can_touch_the_basket_are_tried() -> None:
    compiled = rules(
        [
            promotion("by-sku", {"skus": ["a", "b"]}),
            promotion("by-parent", {"categories": ["dairy"]}),
            promotion("by-brand", {"brands": ["Mộc"]}),
            promotion("anything"),
            promotion("other", {"skus": ["z"]}),
            promotion("coupon", trigger="coupon"),
            promotion("off", enabled=False),
        ]
    )

    def tried(*lines: dict[str, Any]) -> list[str]:
        return [offer.code for offer in compiled.touching(board(*lines))]

    assert tried({"sku": "a"}) == ["anything", "by-sku"]
    assert tried({"sku": "q", "category": "dairy/milk", "brand": "Mộc"}) == ["anything", "by-brand", "by-parent"]
    assert tried() == ["anything"]
    assert "off" not in compiled.offers
    assert compiled.version == 7


def test_every_faulty_promotion_is_named_at_once() -> None:
    with pytest.raises(BadInput) as refusal:
        rules([promotion("a"), promotion("a"), promotion("b c"), promotion("d", enabled=False, priority="x")])
    assert refusal.value.errors == {
        "promotions[1].code": ["duplicate"],
        "promotions[2].code": ["out_of_range"],
        "promotions[3].priority": ["wrong_type"],
    }


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"currency": "XXX"}, {"currency": ["unknown"]}),
        ({"policy": {"percent_stacking": "magic"}}, {"policy.percent_stacking": ["not_one_of"]}),
        ({"policy": {"speed": 1}}, {"policy.speed": ["unknown_field"]}),
        ({"tiers": [GOLD, GOLD]}, {"tiers[1].code": ["duplicate"]}),
        ({"points": {"redeem": {"value": 0}}}, {"points.redeem.value": ["out_of_range"]}),
        (
            {"points": {"earn": [{"points": 1, "per": "order", "conditions": [{"kind": "x"}]}]}},
            {"points.earn[0].conditions[0].kind": ["unknown"]},
        ),
    ],
)
def test_the_other_parts_are_validated_too(changes: dict[str, Any], errors: dict[str, list[str]]) -> None:
    with pytest.raises(BadInput) as refusal:
        rules([], **changes)
    assert refusal.value.errors == errors


def test_s39_a_coupon_is_issued_only_of_a_coupon_promotion() -> None:
    gift = {"kind": "issue_coupon", "promotion": "next", "valid_days": 7}
    with pytest.raises(BadInput) as refusal:
        rules([promotion("a", rewards=[gift]), promotion("next")])
    assert refusal.value.errors == {"promotions[0].rewards[0].promotion": ["unknown"]}
    compiled = rules([promotion("a", rewards=[gift]), promotion("next", trigger="coupon", enabled=False)])
    assert list(compiled.offers) == ["a"]


def test_a_tiers_discount_has_a_code_of_its_own() -> None:
    assert [offer.code for offer in rules([]).tier_offers.values()] == ["gold-17.5"]
    with pytest.raises(BadInput) as refusal:
        rules([promotion("gold-17.5")])
    assert refusal.value.errors == {"promotions[0].code": ["duplicate"]}
