"""The tier table (S32-S34)."""

from __future__ import annotations

import pytest

from loyalty_pos.domain.promotions.decode import decode
from loyalty_pos.domain.tiers import Tier, TierTable
from loyalty_pos.errors import BadInput

TABLE = TierTable(
    [
        Tier(code="gold", name="Vàng", threshold=5_000_000),
        Tier(code="bronze", name="Đồng"),
        Tier(code="silver", name="Bạc", threshold=1_000_000),
    ]
)


@pytest.mark.parametrize(
    ("metric", "code"),
    [(0, "bronze"), (999_999, "bronze"), (1_000_000, "silver"), (1_000_001, "silver"), (5_000_000, "gold")],
)
def test_s32_complaint_24_thresholds_are_inclusive(metric: int, code: str) -> None:
    tier = TABLE.reached(metric)
    assert tier is not None
    assert tier.code == code


def test_s32_below_every_threshold_there_is_no_tier() -> None:
    assert TierTable([Tier(code="gold", name="Vàng", threshold=1)]).reached(0) is None


@pytest.mark.parametrize(
    ("current", "metric", "code"),
    [
        ("bronze", 999_999, None),
        ("bronze", 1_000_000, "silver"),
        ("bronze", 9_000_000, "gold"),
        ("gold", 0, None),
        ("gold", 9_000_000, None),
        (None, 0, "bronze"),
        ("gone", 1_000_000, "silver"),
    ],
)
def test_s33_an_upgrade_only_goes_up(current: str | None, metric: int, code: str | None) -> None:
    tier = TABLE.upgrade(current, metric)
    assert (tier.code if tier else None) == code


def test_s33_a_review_lowers_one_level_at_a_time() -> None:
    below = TABLE.one_down("gold")
    assert below is not None
    assert below.code == "silver"
    assert TABLE.one_down("bronze") is None
    assert TABLE.one_down("gone") is None


def test_s34_what_is_missing_and_what_keeps() -> None:
    missing = TABLE.missing("silver", 1_200_000)
    assert missing is not None
    assert (missing[0].code, missing[1]) == ("gold", 3_800_000)
    assert TABLE.missing("gold", 0) is None
    assert TABLE.missing(None, 0) == (TABLE.get("bronze"), 0)
    assert TABLE.keeps("silver", 700_000) == 300_000
    assert TABLE.keeps("silver", 1_000_000) == 0
    assert TABLE.keeps(None, 0) == 0


@pytest.mark.parametrize(
    ("raw", "errors"),
    [
        ({"code": "gold", "name": "Vàng", "discount_percent": 101}, {"tiers[0].discount_percent": ["out_of_range"]}),
        ({"code": "gold", "name": "Vàng", "threshold": -1}, {"tiers[0].threshold": ["out_of_range"]}),
        ({"code": "gold"}, {"tiers[0].name": ["missing"]}),
        ({"code": "g l", "name": "Vàng"}, {"tiers[0].code": ["out_of_range"]}),
    ],
)
def test_a_faulty_tier_names_its_field(raw: dict[str, object], errors: dict[str, list[str]]) -> None:
    with pytest.raises(BadInput) as refusal:
        decode(raw, Tier, "tiers[0]")
    assert refusal.value.errors == errors
