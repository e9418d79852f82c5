"""Points: earning, spending, lots, expiry, what a return takes back (S15-S27)."""

from __future__ import annotations

from datetime import date

import pytest

from loyalty_pos.domain.points import (
    EarnPlan,
    EarnTerm,
    Expiry,
    PointsProgram,
    Redeem,
    Worth,
    earn_basis,
    earned,
    redeemable,
    restored_expiry,
)
from loyalty_pos.domain.promotions.decode import decode
from loyalty_pos.errors import BadInput


def plan(step: int = 1000, points: int = 1, tier: int = 10_000, promotion: int = 10_000) -> EarnPlan:
    term = EarnTerm(points=points, per="amount", step=step, basis="paid", lines=["1"])
    return EarnPlan(terms=[term], multipliers=(tier, promotion), lines=["1"])


def paid(amount: int) -> dict[str, Worth]:
    return {"1": Worth(1, amount, amount)}


@pytest.mark.parametrize(
    ("amount", "tier", "promotion", "points"),
    [
        (999, 10_000, 10_000, 0),
        (1000, 10_000, 10_000, 1),
        (1999, 15_000, 10_000, 1),
        (2000, 15_000, 10_000, 3),
        (632_000, 12_500, 20_000, 1580),
        (632_999, 12_500, 20_000, 1580),
    ],
)
def test_s15_s17_whole_steps_then_multipliers_then_one_floor(
    amount: int, tier: int, promotion: int, points: int
) -> None:
    assert earned(plan(tier=tier, promotion=promotion), paid(amount), 0) == points


def test_s15_complaint_15_points_are_never_rounded_with_money() -> None:
    assert earned(plan(step=10, points=1), paid(14), 0) == 1


def test_s16_points_tender_is_shared_over_earning_lines_only() -> None:
    two = EarnPlan(lines=["10", "9"])
    worth = {"9": Worth(1, 300, 300), "10": Worth(1, 100, 100), "gift": Worth(1, 50, 50)}
    assert earn_basis(two, worth, 0) == {"9": 300, "10": 100}
    assert earn_basis(two, worth, 200) == {"9": 150, "10": 50}
    assert earn_basis(two, worth, 420) == {"9": 0, "10": 0}


def test_rules_by_unit_order_and_gross() -> None:
    terms = [
        EarnTerm(points=5, per="unit", step=1, basis="paid", lines=["1"]),
        EarnTerm(points=3, per="order", step=1, basis="paid", lines=["1"]),
        EarnTerm(points=1, per="amount", step=1000, basis="gross", lines=["1"]),
    ]
    worth = {"1": Worth(2, 1500, 4000)}
    assert earned(EarnPlan(terms=terms, lines=["1"]), worth, 0) == 10 + 3 + 4
    assert (
        earned(
            EarnPlan(bonuses=[EarnTerm(points=7, per="order", step=1, basis="paid", lines=["1"])], lines=["1"]),
            {"1": Worth(0, 0, 0)},
            0,
        )
        == 0
    )


@pytest.mark.parametrize(
    ("asked", "active", "net", "points", "reason"),
    [
        (0, 500, 100_000, 0, None),
        (200, 500, 100_000, 200, None),
        (100, 500, 100_000, 100, None),
        (99, 500, 100_000, 0, "points_minimum"),
        (600, 500, 100_000, 500, "points_insufficient"),
        (600, 90, 100_000, 0, "points_insufficient"),
        (9_000, 20_000, 100_000, 5_000, "points_share"),
        (9_000, 20_000, 99_999, 4_999, "points_share"),
    ],
)
def test_s22_as_much_as_allowed_with_a_reason(
    asked: int, active: int, net: int, points: int, reason: str | None
) -> None:
    spent = redeemable(Redeem(), asked, active, net)
    assert (spent.points, spent.value, spent.reason) == (points, points * 10, reason)


def test_s22_steps() -> None:
    spent = redeemable(Redeem(step=50), 130, 500, 100_000)
    assert (spent.points, spent.reason, spent.limit) == (100, "points_step", 50)
    assert redeemable(None, 100, 500, 100_000).reason == "no_effect"


@pytest.mark.parametrize(
    ("expiry", "granted", "last"),
    [
        (Expiry(mode="months", months=12), date(2026, 7, 6), date(2027, 7, 31)),
        (Expiry(mode="months", months=1), date(2028, 1, 31), date(2028, 2, 29)),
        (Expiry(mode="months", months=12), date(2026, 12, 31), date(2027, 12, 31)),
        (Expiry(mode="days", days=30), date(2026, 11, 21), date(2026, 12, 21)),
        (Expiry(mode="never"), date(2026, 11, 21), None),
    ],
)
def test_s20_expiry(expiry: Expiry, granted: date, last: date | None) -> None:
    assert PointsProgram(expiry=expiry).expires_on(granted) == last


def test_s18_pending_days() -> None:
    assert PointsProgram().active_from(date(2026, 11, 21)) == date(2026, 11, 21)
    assert PointsProgram(pending_days=14).active_from(date(2026, 11, 21)) == date(2026, 12, 5)


def test_s24_points_given_back_live_at_least_thirty_days() -> None:
    today = date(2026, 11, 21)
    assert restored_expiry(date(2026, 11, 30), today) == date(2026, 12, 21)
    assert restored_expiry(date(2027, 1, 31), today) == date(2027, 1, 31)
    assert restored_expiry(None, today) is None


@pytest.mark.parametrize(
    ("raw", "errors"),
    [
        ({"earn": [{"points": 1}]}, {"points.earn[0].per_amount": ["missing"]}),
        ({"redeem": {"max_percent_of_ticket": 101}}, {"points.redeem.max_percent_of_ticket": ["out_of_range"]}),
        ({"expiry": {"mode": "days"}}, {"points.expiry.days": ["missing"]}),
        ({"pending_days": -1}, {"points.pending_days": ["out_of_range"]}),
    ],
)
def test_a_faulty_programme_names_its_field(raw: dict[str, object], errors: dict[str, list[str]]) -> None:
    with pytest.raises(BadInput) as refusal:
        decode(raw, PointsProgram, "points")
    assert refusal.value.errors == errors
