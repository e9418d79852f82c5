"""/members: enrolment, the record, cards, points, coupons and habits of a member."""

from __future__ import annotations

from flask import Response

from loyalty_pos.api.auth import current_caller
from loyalty_pos.api.base import api, page, reply, services, show, text
from loyalty_pos.api.body import write
from loyalty_pos.api.problem import asked_language
from loyalty_pos.api.shops import WhyIn
from loyalty_pos.domain.promotions.decode import decode
from loyalty_pos.services import members, merging, points, profiles
from loyalty_pos.services.requests import AdjustIn, CardIn, MemberIn, MergeIn, PersonIn, TierIn


@api.post("/members")
def enrol() -> Response:
    """A new member with a card."""
    return reply(members.enrol(services(), *write(MemberIn)))


@api.get("/members")
def search_members() -> Response:
    """Members by name, phone or card (``?q=``)."""
    return show(members.search(services(), current_caller(), text("q", 100) or "", *page()))


@api.get("/members/<member>")
def get_member(member: str) -> Response:
    """The member's record, as much of it as the caller may see."""
    return show(members.get(services(), current_caller(), member))


@api.patch("/members/<member>")
def change_member(member: str) -> Response:
    """Change what the member told of themselves; absent fields stay, null clears."""
    request, fields = write(dict[str, object])
    return reply(members.change(services(), request, member, _given(fields)))


def _given(raw: dict[str, object]) -> dict[str, object]:
    body = decode(raw, PersonIn, "")
    return {name: getattr(body, name) for name in raw}


@api.post("/members/<member>/cards")
def add_card(member: str) -> Response:
    """One more card, or the successor of a lost one."""
    request, body = write(CardIn)
    return reply(members.add_card(services(), request, member, body))


@api.get("/members/<member>/points")
def get_points(member: str) -> Response:
    """The balances and the lots behind them."""
    return show(points.balances(services(), current_caller(), member))


@api.get("/members/<member>/points/entries")
def list_entries(member: str) -> Response:
    """Every change of the points, oldest first."""
    return show(points.entries(services(), current_caller(), member, *page()))


@api.post("/members/<member>/points/adjustments")
def adjust_points(member: str) -> Response:
    """Points by hand, with a reason (S50)."""
    request, body = write(AdjustIn)
    return reply(points.adjust(services(), request, member, body))


@api.post("/members/<member>/tier")
def give_tier(member: str) -> Response:
    """A tier by hand, with a reason; null lets the reviews decide again (S33)."""
    request, body = write(TierIn)
    return reply(members.give_tier(services(), request, member, body))


@api.post("/members/<member>/merge")
def merge_members(member: str) -> Response:
    """Make this member an alias of another; everything it has goes along."""
    request, body = write(MergeIn)
    return reply(merging.merge(services(), request, member, body.into, body.reason))


@api.post("/members/<member>/unmerge")
def unmerge_members(member: str) -> Response:
    """Make two members of them again, each with what their own cards brought."""
    request, body = write(WhyIn)
    return reply(merging.unmerge(services(), request, member, body.reason))


@api.get("/members/<member>/coupons")
def list_member_coupons(member: str) -> Response:
    """The member's coupons, newest first."""
    return show(points.coupons(services(), current_caller(), member, text("state"), *page(), language=asked_language()))


@api.get("/members/<member>/profile")
def get_profile(member: str) -> Response:
    """The member's habits."""
    return show(profiles.profile(services(), current_caller(), member, asked_language()))
