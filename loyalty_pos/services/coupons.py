"""Coupons given by people: issued to members, looked up, cancelled.

A coupon points to exactly one promotion of trigger ``coupon`` that is in force (S39), is bound to
its member (S35), and its code is random (S36).  Every change of state has actor, time and reason.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from loyalty_pos.domain.cards import coupon_code
from loyalty_pos.domain.coupons import new_coupon_code
from loyalty_pos.errors import BadInput, Conflict, NotFound
from loyalty_pos.services.context import Outcome, Request, Services
from loyalty_pos.services.idempotency import write
from loyalty_pos.services.identity import parse_id
from loyalty_pos.services.points import page_of_coupons
from loyalty_pos.services.rules import Book
from loyalty_pos.storage import audit, members, reading
from loyalty_pos.storage import coupons as rows
from loyalty_pos.storage.coupons import NewCoupon
from loyalty_pos.storage.tx import Tx

DEFAULT_DAYS = 30
MANY = 1_000


def issue(
    services: Services,
    request: Request,
    member_id: str,
    promotion: str,
    valid_to: date | None = None,
    reason: str | None = None,
) -> tuple[Outcome, Any]:
    """One coupon: {"code", "state", "valid_from", "valid_to"}; ``valid_to`` is its last local day (S38).

    NotFound (``member_unknown``, ``promotion_unknown``), Conflict (``promotion_not_coupon``),
    BadInput for a day that is over.
    """

    def work(tx: Tx) -> Outcome:
        template = _template(services, tx, promotion, valid_to, reason)
        audit.add(tx, services.now_ms(), request.caller.key, "coupon.issue", promotion, reason)
        return Outcome("created", _issue(services, tx, request, member_id, template))

    outcome = write(services, request, work)
    return outcome, outcome.value()


def issue_many(
    services: Services,
    request: Request,
    member_ids: list[str],
    promotion: str,
    valid_to: date | None = None,
    reason: str | None = None,
) -> tuple[Outcome, Any]:
    """The same for up to 1.000 members, all or none: {"items": [{"member", "code", ...}]}."""
    if not 0 < len(member_ids) <= MANY:
        raise BadInput(errors={"members": ["out_of_range"]})

    def work(tx: Tx) -> Outcome:
        template = _template(services, tx, promotion, valid_to, reason)
        audit.add(tx, services.now_ms(), request.caller.key, "coupon.issue", promotion, reason)
        chosen = dict.fromkeys(member_ids)
        items = [{"member": one} | _issue(services, tx, request, one, template) for one in chosen]
        return Outcome("created", {"items": items})

    outcome = write(services, request, work)
    return outcome, outcome.value()


def need_coupons(book: Book, promotion: str) -> None:
    """A coupon points to exactly one promotion of trigger ``coupon`` in force (S39).

    NotFound (``promotion_unknown``), Conflict (``promotion_not_coupon``).
    """
    rule = book.promotions.get(promotion)
    if rule is None:
        raise NotFound("promotion_unknown")
    if rule.get("trigger") != "coupon" or promotion not in book.rules.offers:
        raise Conflict("promotion_not_coupon")


def _template(services: Services, tx: Tx, promotion: str, valid_to: date | None, reason: str | None) -> NewCoupon:
    """Everything of the coupons but their code."""
    book = services.rules.current(tx)
    need_coupons(book, promotion)
    today = book.programme.local(services.now_ms()).date()
    last = valid_to or _last_day(book, promotion, today)
    if last < today:
        raise BadInput(errors={"valid_to": ["past"]})
    return NewCoupon("", promotion, today.isoformat(), last.isoformat(), reason=reason or "")


def _last_day(book: Book, promotion: str, today: date) -> date:
    """30 days from today, or the promotion's own last day when that comes first."""
    last = book.rules.offers[promotion].valid.last
    default = today + timedelta(days=DEFAULT_DAYS)
    return default if last is None else min(last, default)


def _issue(services: Services, tx: Tx, request: Request, member_id: str, template: NewCoupon) -> dict[str, Any]:
    holder = reading.member(tx, parse_id(member_id, "member"))
    if holder is None or holder.state != "active":
        raise NotFound("member_unknown")
    coupon = template._replace(code=new_coupon_code(services.ids.digits(15)))
    rows.add(tx, coupon, holder.id, None, services.now_ms(), request.caller.key)
    return {"code": coupon.code, "state": "issued", "valid_from": coupon.valid_from, "valid_to": coupon.valid_to}


def list_coupons(
    services: Services,
    cursor: str | None = None,
    limit: int = 50,
    member: str | None = None,
    state: str | None = None,
    code: str | None = None,
    campaign: str | None = None,
    language: str | None = None,
) -> dict[str, Any]:
    """{"items", "next"}: coupons, newest first, with their promotion's name; filters are optional."""
    filters: dict[str, Any] = {"state": state}
    if code is not None:
        filters["code"] = coupon_code(code) or code
    if campaign is not None:
        filters["campaign_id"] = parse_id(campaign, "campaign")

    def work(tx: Tx) -> dict[str, Any]:
        mine = members.living(tx, parse_id(member, "member")) if member else None
        return page_of_coupons(services, tx, cursor, limit, language, member_id=mine, **filters)

    return services.store.read(work)


def get(services: Services, code: str, language: str | None = None) -> dict[str, Any]:
    """One coupon by its code, however it was typed; NotFound (``coupon_unknown``)."""
    items = list_coupons(services, limit=1, code=code, language=language)["items"]
    if not items:
        raise NotFound("coupon_unknown")
    return dict(items[0])


def cancel(services: Services, request: Request, code: str, reason: str) -> tuple[Outcome, Any]:
    """issued -> cancelled, with a reason (S35): the coupon; Conflict (``coupon_state``) when it is
    held, used or over."""

    def work(tx: Tx) -> Outcome:
        found = rows.ids(tx, [coupon_code(code) or code])
        if not found:
            raise NotFound("coupon_unknown")
        coupon_id, number = found[0]
        now = services.now_ms()
        if not rows.cancel(tx, coupon_id, now, request.caller.key, reason):
            raise Conflict("coupon_state")
        audit.add(tx, now, request.caller.key, "coupon.cancel", number, reason)
        return Outcome("done", {"code": number})

    outcome = write(services, request, work)
    return outcome, get(services, outcome.value()["code"])
