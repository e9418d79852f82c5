"""/coupons, and the coupons that a person gives to a member."""

from __future__ import annotations

from flask import Response

from loyalty_pos.api.base import api, one_of, page, reply, services, show, text
from loyalty_pos.api.body import write
from loyalty_pos.api.problem import asked_language
from loyalty_pos.services import coupons
from loyalty_pos.services.requests import CouponIn, ReasonIn

STATES = ("issued", "held", "used", "expired", "cancelled")


@api.get("/coupons")
def list_coupons() -> Response:
    """Coupons, newest first, of one member, state or campaign if asked."""
    found = coupons.list_coupons(
        services(),
        *page(),
        text("member"),
        one_of("state", STATES),
        campaign=text("campaign"),
        language=asked_language(),
    )
    return show(found)


@api.get("/coupons/<code>")
def get_coupon(code: str) -> Response:
    """One coupon, however its code was typed."""
    return show(coupons.get(services(), code, asked_language()))


@api.post("/coupons/<code>/cancel")
def cancel_coupon(code: str) -> Response:
    """Take a coupon back, with a reason (S35)."""
    request, body = write(ReasonIn)
    return reply(coupons.cancel(services(), request, code, body.reason))


@api.post("/members/<member>/coupons")
def give_coupon(member: str) -> Response:
    """Give a member a coupon of a promotion in force (S39)."""
    request, body = write(CouponIn)
    return reply(coupons.issue(services(), request, member, body.promotion, body.valid_to, body.reason))
