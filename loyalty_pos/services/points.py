"""A member's points and coupons, as the contract shows them, and points by hand."""

from __future__ import annotations

from typing import Any

import msgspec

from loyalty_pos.errors import BadInput, NotFound, Refused
from loyalty_pos.services.context import Caller, Outcome, Request, Services, from_ms
from loyalty_pos.services.idempotency import decide
from loyalty_pos.services.identity import parse_id
from loyalty_pos.services.posting import lot_terms, spend_lots
from loyalty_pos.services.requests import AdjustIn
from loyalty_pos.storage import approvals, audit, catalogue, ledger, members, posting, reading
from loyalty_pos.storage import coupons as coupon_rows
from loyalty_pos.storage.ledger import Why
from loyalty_pos.storage.members import Account
from loyalty_pos.storage.reading import MemberRow
from loyalty_pos.storage.tx import Stale, Tx


def account_of(tx: Tx, member_id: str) -> Account:
    """The account that an id or an old id stands for; NotFound (``member_unknown``)."""
    account = members.account(tx, parse_id(member_id, "member"))
    if account is None:
        raise NotFound("member_unknown")
    return account


def balances(services: Services, caller: Caller, member_id: str) -> dict[str, Any]:
    """{"active", "pending", "held", "spent", "expired", "shortfall", "lots": [...]}; ``active``
    does not include ``held``; lots with anything left, in the order of spending (S19)."""

    def work(tx: Tx) -> dict[str, Any]:
        book = services.rules.current(tx)
        account = account_of(tx, member_id)
        local = book.programme.local
        lots = [
            {
                "points": lot.remaining,
                "active_from": local(lot.active_from).date().isoformat(),
                "expires_on": None if lot.expires_at is None else local(lot.expires_at - 1).date().isoformat(),
            }
            for lot in ledger.open_lots(tx, account.id)
        ]
        names = ("active", "pending", "held", "spent", "expired", "shortfall")
        return {name: getattr(account, name) for name in names} | {"lots": lots}

    return services.store.read(work)


def entries(services: Services, caller: Caller, member_id: str, cursor: str | None, limit: int) -> dict[str, Any]:
    """The entries, those of merged members too, oldest first; their sum = active + pending + held."""

    def work(tx: Tx) -> dict[str, Any]:
        account = account_of(tx, member_id)
        mine = members.family(tx, account.id)
        rows = ledger.entries(tx, mine, parse_id(cursor, "page") if cursor else 0, limit + 1)
        items = [
            {
                "id": str(row[0]),
                "at": from_ms(row[1]).isoformat(timespec="seconds"),
                "kind": row[2],
                "points": row[3],
                "sale": None if row[4] is None else str(row[4]),
                "receipt": row[5],
                "idempotency_key": row[6],
                "terminal": row[7],
                "reason": row[8],
            }
            for row in rows[:limit]
        ]
        return {"items": items, "next": str(rows[limit - 1][0]) if len(rows) > limit else None}

    return services.store.read(work)


def adjust(services: Services, request: Request, member_id: str, body: AdjustIn) -> tuple[Outcome, Any]:
    """Points by hand, with a reason: {"status": "ok", "member", "points", "active"}.

    Above the limit nothing moves yet: accepted, {"status": "waiting_approval", "approval", ...}
    until a second person decides (S50).  Refused (``points_insufficient``).
    """
    caller = request.caller
    if body.points == 0:
        raise BadInput(errors={"points": ["zero"]})

    def post(tx: Tx, row: MemberRow) -> Outcome:
        if abs(body.points) > services.rules.current(tx).programme.adjustment_limit:
            now = services.now_ms()
            approval_id = approvals.add(tx, now, caller.key, row.id, body.points, body.reason)
            audit.add(tx, now, caller.key, "points.ask", str(row.id), body.reason)
            asked = {"status": "waiting_approval", "approval": str(approval_id)}
            return Outcome("accepted", asked | {"member": str(row.id), "points": body.points})
        why = Why(services.now_ms(), caller.key, caller.terminal_id, reason=body.reason, key=request.key)
        return Outcome("created", post_adjustment(services, tx, row, body.points, why))

    outcome = decide(services, request, lambda tx: adjustable(services, tx, member_id, body.points), post)
    return outcome, outcome.value()


def adjustable(services: Services, tx: Tx, member_id: str, points: int) -> MemberRow:
    """The member, if their points can be moved by so many (S20).

    NotFound (``member_unknown``), Refused (``points_insufficient``).
    """
    row = reading.member(tx, parse_id(member_id, "member"))
    if row is None or row.state != "active":
        raise NotFound("member_unknown")
    if row.active - ledger.lapsed(tx, row.id, services.now_ms()) + points < 0:
        raise Refused("points_insufficient")
    return row


def post_adjustment(services: Services, tx: Tx, row: MemberRow, points: int, why: Why) -> dict[str, Any]:
    """Move the points and say so; Stale when the member moved since ``row`` was read."""
    if not posting.settle_member(tx, row.id, row.version, points, 0, 0, 0, 0):
        raise Stale
    if points > 0:
        _, expires_at = lot_terms(services.rules.current(tx), why.at)
        lot_id = ledger.add_lot(tx, row.id, points, "active", why.at, expires_at, None)
        ledger.add_entry(tx, row.id, "adjust", points, lot_id, why)
    else:
        for lot_id, part in spend_lots(tx, row.id, -points, why.at):
            ledger.add_entry(tx, row.id, "adjust", -part, lot_id, why)
    audit.add(tx, why.at, why.by, "points.adjust", str(row.id), why.reason)
    return {"status": "ok", "member": str(row.id), "points": points, "active": row.active + points}


def coupons(
    services: Services, caller: Caller, member_id: str, state: str | None, cursor: str | None, limit: int,
    language: str | None = None,
) -> Any:  # fmt: skip
    """The member's coupons, newest first, each with its promotion's name and last day; the reason in ``language``."""

    def work(tx: Tx) -> dict[str, Any]:
        account = account_of(tx, member_id)
        return page_of_coupons(services, tx, cursor, limit, language, member_id=account.id, state=state)

    return services.store.read(work)


def page_of_coupons(
    services: Services, tx: Tx, cursor: str | None, limit: int, language: str | None = None, **filters: Any
) -> dict[str, Any]:
    """{"items", "next"} of coupons; ``expired`` is told from the last day, also before a job says so.

    ``reason`` in ``language`` (else the shop's) where the member's habits chose the coupon, else as it was given;
    ``model``: whose list chose it.
    """
    book = services.rules.current(tx)
    today = book.programme.local(services.now_ms()).date().isoformat()
    rows = coupon_rows.listed(tx, parse_id(cursor, "page") if cursor else 0, limit + 1, **filters)
    items = [
        {
            "code": row[1],
            "promotion": row[2],
            "name": promotion_name(book.promotions.get(row[2]), row[2], book.programme.language),
            "member": None if row[3] is None else str(row[3]),
            "state": "expired" if row[4] == "issued" and row[6] is not None and row[6] < today else row[4],
            "valid_from": row[5],
            "valid_to": row[6],
            "issued_at": from_ms(row[7]).isoformat(timespec="seconds"),
            "reason": _reason(tx, row[8], row[12], language or book.language),
            "used_at": None if row[9] is None else from_ms(row[9]).isoformat(timespec="seconds"),
            "sale": None if row[10] is None else str(row[10]),
            "campaign": None if row[11] is None else str(row[11]),
            "model": None if row[13] is None else str(row[13]),
        }
        for row in rows[:limit]
    ]
    return {"items": items, "next": str(rows[limit - 1][0]) if len(rows) > limit else None}


def _reason(tx: Tx, given: str | None, why: str | None, language: str) -> str | None:
    """Why a coupon was given: what a person or a promotion wrote, or what habits chose it by, in a language."""
    if why is None:
        return given
    found = msgspec.json.decode(why)
    if "category" not in found:
        return str(found[language])
    names = catalogue.category(tx, found["category"]) or {}
    name = names.get(language) or next(iter(names.values()), found["category"])
    most = f"Mua {name} nhiều nhất" if language == "vi" else f"Buys {name} most"
    return f"{given}. {most}" if given else most


def promotion_name(definition: dict[str, Any] | None, code: str, language: str) -> str:
    """The promotion's name in a language, else its code."""
    name = (definition or {}).get("name") or code
    return str(name.get(language) or name.get("vi") or code) if isinstance(name, dict) else str(name)
