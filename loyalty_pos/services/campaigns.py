"""Campaigns as the manager keeps them: draft, approval by a second person, stop; the launch stands beside.

A campaign gives one promotion to an audience, or each member the best one of a set, and leaves a control
group out by chance.  Until its launch it may change, and every change makes it a draft that nobody has
approved; afterwards it only moves on: launching, running, ended or stopped.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from loyalty_pos.domain.campaigns.control import control_size
from loyalty_pos.domain.campaigns.cost import bound, most_of
from loyalty_pos.domain.campaigns.definition import CampaignIn, faults
from loyalty_pos.domain.promotions.decode import decode
from loyalty_pos.errors import BadInput, Conflict, NotFound, Refused
from loyalty_pos.services import campaign_audience
from loyalty_pos.services.campaign_coupons import Chooser
from loyalty_pos.services.context import Outcome, Request, Services, from_ms
from loyalty_pos.services.coupons import need_coupons
from loyalty_pos.services.idempotency import decide, write
from loyalty_pos.services.identity import parse_id
from loyalty_pos.services.rules import Book
from loyalty_pos.storage import audit, campaign_figures
from loyalty_pos.storage import campaigns as rows
from loyalty_pos.storage import coupons as coupon_rows
from loyalty_pos.storage.campaigns import OPEN, CampaignRow
from loyalty_pos.storage.tx import Stale, Tx

STATES = ("draft", "waiting", "approved", "launching", "running", "stopped", "ended")
STEP = 250
"""Members, or coupons, of one transaction."""


# Showing -------------------------------------------------------------------------------------------


def list_campaigns(
    services: Services, cursor: str | None = None, limit: int = 50, state: str | None = None
) -> dict[str, Any]:
    """{"items", "next"}: campaigns, the newest first, with what their coupons came to so far."""

    def work(tx: Tx) -> dict[str, Any]:
        found = rows.listed(tx, parse_id(cursor, "page") if cursor else 0, limit + 1, state)
        items = [_shown(tx, row) for row in found[:limit]]
        return {"items": items, "next": str(found[limit - 1].id) if len(found) > limit else None}

    return services.store.read(work)


def get(services: Services, campaign_id: str) -> dict[str, Any]:
    """One campaign; NotFound (``campaign_unknown``)."""
    return services.store.read(lambda tx: _shown(tx, find(tx, campaign_id)))


def find(tx: Tx, campaign_id: str) -> CampaignRow:
    """A campaign, locked by a writer; NotFound (``campaign_unknown``)."""
    row = rows.find(tx, parse_id(campaign_id, "campaign"))
    if row is None:
        raise NotFound("campaign_unknown")
    return row


def definition_of(row: CampaignRow) -> CampaignIn:
    """What a stored campaign says."""
    return msgspec.convert(row.definition, CampaignIn)


def _shown(tx: Tx, row: CampaignRow) -> dict[str, Any]:
    launched = row.launched_at is not None
    given = campaign_figures.given(tx, row.id) if launched else campaign_figures.Given(0, 0, 0, 0)
    sides = rows.sides(tx, row.id) if launched else {}
    return {
        "id": str(row.id),
        "name": row.name,
        "state": row.state,
        "definition": row.definition,
        "version": row.version,
        "created_at": _moment(row.created_at),
        "created_by": row.created_by.partition(":")[2],
        "saved_by": row.saved_by.partition(":")[2],
        "approved_at": _moment(row.approved_at),
        "approved_by": row.approved_by and row.approved_by.partition(":")[2],
        "approved_most": row.approved_most,
        "launched_at": _moment(row.launched_at),
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
        "audience": row.size,
        "done": row.position,
        "treated": sides.get("treated", 0),
        "control": sides.get("control", 0),
        "coupons": given.issued,
        "used": given.used,
        "cancelled": given.cancelled,
        "discount": given.discount,
        "stopped_at": _moment(row.stopped_at),
        "stopped_by": row.stopped_by and row.stopped_by.partition(":")[2],
        "stop_reason": row.stop_reason,
    }


def _moment(at: int | None) -> str | None:
    return None if at is None else from_ms(at).isoformat(timespec="seconds")


def list_members(services: Services, campaign_id: str, cursor: str | None, limit: int) -> dict[str, Any]:
    """{"items", "next"}: who is on which side, with the coupon and the reason of each of the treated."""

    def work(tx: Tx) -> dict[str, Any]:
        row = find(tx, campaign_id)
        found = rows.page(tx, row.id, parse_id(cursor, "page") if cursor else 0, limit)
        items = [
            {"member": str(one.member), "occasion": one.occasion, "side": one.side, "assigned_at": _moment(one.at),
             "promotion": one.promotion, "reason": one.reason, "coupon": one.code, "state": one.state}
            for one in found
        ]  # fmt: skip
        full = len({one.member for one in found}) == limit
        return {"items": items, "next": str(found[-1].member) if full else None}

    return services.store.read(work)


# Keeping -------------------------------------------------------------------------------------------


def draft(services: Services, request: Request, body: CampaignIn) -> tuple[Outcome, Any]:
    """A new draft, as ``get`` shows it.

    BadInput with the faulty fields; NotFound (``promotion_unknown``, ``segment_unknown``), Conflict
    (``promotion_not_coupon``).
    """

    def work(tx: Tx) -> Outcome:
        check(services, tx, body)
        now, by = services.now_ms(), request.caller.key
        campaign_id = rows.add(tx, msgspec.to_builtins(body.name), msgspec.to_builtins(body), now, by)
        audit.add(tx, now, by, "campaign.draft", str(campaign_id), None)
        return Outcome("created", {"id": str(campaign_id)})

    outcome = write(services, request, work)
    return outcome, get(services, outcome.value()["id"])


def change(services: Services, request: Request, campaign_id: str, changes: dict[str, Any]) -> tuple[Outcome, Any]:
    """Change fields of a campaign that is not launched; null takes a field away.  It is a draft again.

    As ``draft``; Conflict (``campaign_launched``, ``campaign_stopped``, ``campaign_over``).
    """

    def work(tx: Tx) -> Outcome:
        row = need_open(find(tx, campaign_id))
        body = decode(row.definition | changes, CampaignIn, "")
        check(services, tx, body)
        now, by = services.now_ms(), request.caller.key
        rows.change(tx, row, msgspec.to_builtins(body.name), msgspec.to_builtins(body), now, by)
        audit.add(tx, now, by, "campaign.change", str(row.id), ", ".join(sorted(changes)))
        return Outcome("done", {"id": str(row.id)})

    outcome = write(services, request, work)
    return outcome, get(services, outcome.value()["id"])


def need_open(row: CampaignRow) -> CampaignRow:
    """The campaign, if it is not launched yet; Conflict that says what became of it."""
    if row.state not in OPEN:
        raise _launched(row)
    return row


def _launched(row: CampaignRow) -> Conflict:
    if row.state == "stopped":
        return Conflict("campaign_stopped")
    return Conflict("campaign_over") if row.state == "ended" else Conflict("campaign_launched")


def check(services: Services, tx: Tx, body: CampaignIn) -> Book:
    """What ``draft`` refuses; the rules in force."""
    wrong = faults(body)
    if wrong:
        raise BadInput(errors=wrong)
    book = services.rules.current(tx)
    for code in body.given:
        need_coupons(book, code)
    campaign_audience.check(services, tx, body)
    return book


# What it may cost ----------------------------------------------------------------------------------


class Stake(NamedTuple):
    """What a campaign may cost, in minor units.  ``most``: a bound that its promotions give, or None;
    ``counted``: what is held against the limit, the budget where there is no bound."""

    most: int | None
    counted: int


def stake(campaign: CampaignIn, chooser: Chooser, members: int) -> Stake:
    """Of an audience of so many.  Refused (``budget_missing``) where neither a bound nor a budget says what it may
    cost."""
    coupons = members - control_size(members, Decimal(campaign.control_percent))
    most = None if campaign.always else most_it_costs(chooser, coupons)
    if most is None and campaign.budget is None:
        raise Refused("budget_missing")
    return Stake(most, most if most is not None else campaign.budget or 0)


def most_it_costs(chooser: Chooser, coupons: int) -> int | None:
    """The most that so many coupons of these promotions cost together; None where the promotions give no bound."""
    redeem = chooser.book.rules.points.redeem
    value = redeem.value if redeem is not None else 0
    whole = [bound(offer, coupons, value) for offer in chooser.offers]
    if None in whole:
        return None
    each = [most_of(offer, value) for offer in chooser.offers]
    dearest = [] if None in each else [coupons * max((one or 0 for one in each), default=0)]
    return min([sum(one or 0 for one in whole), *dearest])


# The second person and the stop --------------------------------------------------------------------


def approve(services: Services, request: Request, campaign_id: str, note: str | None = None) -> tuple[Outcome, Any]:
    """draft or waiting -> approved, up to what it may cost now, by somebody who did not write it (S50).

    Refused (``own_approval``, ``budget_missing``), Conflict (``campaign_approved`` and what ``change`` says).
    """

    def load(tx: Tx) -> tuple[CampaignRow, int]:
        row = need_open(find(tx, campaign_id))
        if request.caller.key in (row.created_by, row.saved_by):
            raise Refused("own_approval")
        if row.state == "approved":
            raise Conflict("campaign_approved")
        body = definition_of(row)
        chooser = Chooser(tx, check(services, tx, body), body.given)
        members = 0 if body.always else len(campaign_audience.meant(services, tx, row.id, body).members)
        return row, stake(body, chooser, members).counted

    def post(tx: Tx, ready: tuple[CampaignRow, int]) -> Outcome:
        row, most = ready
        now, by = services.now_ms(), request.caller.key
        if not rows.approve(tx, row, most, now, by):
            raise Stale
        audit.add(tx, now, by, "campaign.approve", str(row.id), note)
        return Outcome("done", {"id": str(row.id)})

    outcome = decide(services, request, load, post)
    return outcome, get(services, outcome.value()["id"])


def stop(
    services: Services, request: Request, campaign_id: str, reason: str, cancel_unused: bool = False
) -> tuple[Outcome, Any]:
    """launching or running -> stopped: no coupon of it is given any more.

    Those that were given stay good, unless ``cancel_unused`` takes back what nobody has used.  Conflict
    (``campaign_not_running``, ``campaign_stopped``, ``campaign_over``).
    """

    def work(tx: Tx) -> Outcome:
        row = find(tx, campaign_id)
        if row.state not in ("launching", "running"):
            raise Conflict("campaign_not_running") if row.state in OPEN else _launched(row)
        now, by = services.now_ms(), request.caller.key
        rows.stop(tx, row.id, now, by, reason, cancel_unused)
        audit.add(tx, now, by, "campaign.stop", str(row.id), reason)
        return Outcome("done", {"id": str(row.id)})

    outcome = write(services, request, work)
    number = int(outcome.value()["id"])
    if cancel_unused:
        withdraw(services, number)
    return outcome, get(services, str(number))


def withdraw(services: Services, campaign_id: int) -> int:
    """Take back the unused coupons of a campaign that was stopped so, in steps of one transaction; how many."""

    def step(tx: Tx) -> int:
        row, now = rows.find(tx, campaign_id), services.now_ms()
        if row is None or not row.withdraw:
            return 0
        unused = coupon_rows.unused_of(tx, row.id, STEP)
        by, why = row.stopped_by or "", row.stop_reason or ""
        return sum(coupon_rows.cancel(tx, coupon, now, by, why) for coupon in unused)

    done = 0
    while moved := services.store.write(step):
        done += moved
    return done
