"""The lines that the host prints on the customer's receipt: saved, earned, left, next time.

Plain text in the shop's language; the host wraps them to its paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from loyalty_pos.domain.pricing.request import Language
from loyalty_pos.domain.pricing.result import NextCoupon, Pricing
from loyalty_pos.domain.pricing.say import Say


def receipt_text(pricing: Pricing, coupons: Sequence[NextCoupon], language: Language) -> list[str]:
    """What this bill brought the customer; empty without a member and without a discount."""
    say = Say(language, pricing.currency)
    lines: list[str] = []
    totals, points = pricing.totals, pricing.points
    if totals.discount:
        lines.append(say.text("Đã giảm: ", "You saved: ") + say.money(totals.discount))
    if pricing.member is None:
        return lines
    if points.redeemed:
        spent, value = say.number(points.redeemed), say.money(totals.points_value)
        lines.append(say.text(f"Dùng {spent} điểm: -{value}", f"{spent} points used: -{value}"))
    if pricing.rewards:
        spent = say.number(pricing.points_claimed)
        lines.append(say.text(f"Đổi quà: {spent} điểm", f"Rewards: {spent} points"))
    earned, left = say.number(points.earned), say.number(points.active_after)
    lines.append(say.text(f"Điểm nhận: {earned}. Điểm hiện có: {left}", f"Points earned: {earned}. Balance: {left}"))
    for coupon in coupons:
        until = say.day(date.fromisoformat(coupon.valid_to))
        vi, en = f"Phiếu lần sau: {coupon.name}, đến {until}", f"Next visit: {coupon.name}, until {until}"
        lines.append(say.text(vi, en))
        lines.append(coupon.code or "")
    return lines
