"""The store's exception account: what could not be given as priced, open until a person resolves it, once.

The fact itself is recorded already, and no customer was charged below zero for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from loyalty_pos.errors import Conflict, NotFound, Refused
from loyalty_pos.services.context import Caller, Outcome, Request, Services, from_ms
from loyalty_pos.services.idempotency import write
from loyalty_pos.services.identity import parse_id
from loyalty_pos.services.posting import spend_lots
from loyalty_pos.storage import audit, ledger, posting, reading, sales
from loyalty_pos.storage import exceptions as rows
from loyalty_pos.storage.exceptions import ExceptionRow
from loyalty_pos.storage.ledger import Why
from loyalty_pos.storage.tx import Tx

Action = Literal["accept", "recover", "drop"]


def _shown(row: ExceptionRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "at": from_ms(row.at).isoformat(timespec="seconds"),
        "code": row.code,
        "amount": row.amount,
        "points": row.points,
        "store": row.store,
        "terminal": row.terminal,
        "sale": None if row.sale_id is None else str(row.sale_id),
        "receipt": row.receipt,
        "state": row.state,
        "action": row.action,
        "note": row.note,
        "resolved_by": row.resolved_by,
        "resolved_at": None if row.resolved_at is None else from_ms(row.resolved_at).isoformat(timespec="seconds"),
    }


def list_exceptions(
    services: Services, caller: Caller, state: str | None = None, cursor: str | None = None, limit: int = 50
) -> dict[str, Any]:
    """{"items", "next"} of the caller's stores, newest first; ``state`` open or resolved."""
    after = parse_id(cursor, "page") if cursor else 0
    found = services.store.read(lambda tx: rows.listed(tx, after, limit + 1, caller.store_ids, state))
    items = [_shown(row) for row in found[:limit]]
    return {"items": items, "next": str(found[limit - 1].id) if len(found) > limit else None}


def resolve(
    services: Services, request: Request, exception_id: str, action: Action, note: str | None = None
) -> tuple[Outcome, Any]:
    """open -> resolved, by one action; each says what it does.  The exception.

    NotFound (``exception_unknown``) also for another store's, Conflict (``exception_resolved``),
    Refused (``exception_action``) for an action that this exception does not know, and what the
    action itself refuses.
    """
    caller = request.caller

    def work(tx: Tx) -> Outcome:
        row = rows.find(tx, parse_id(exception_id, "exception"))
        if row is None:
            raise NotFound("exception_unknown")
        caller.need_store(row.store_id, "exception")
        now = services.now_ms()
        if not rows.resolve(tx, row.id, action, note, caller.key, now):
            raise Conflict("exception_resolved")
        why = Why(now, caller.key, caller.terminal_id, row.sale_id, reason=note or row.code, key=request.key)
        _ACTIONS[action](tx, row, why)
        audit.add(tx, now, caller.key, f"exception.{action}", str(row.id), note)
        done = row._replace(state="resolved", action=action, note=note, resolved_by=caller.key, resolved_at=now)
        return Outcome("done", _shown(done))

    outcome = write(services, request, work)
    return outcome, outcome.value()


def _accept(_tx: Tx, _row: ExceptionRow, _why: Why) -> None:
    """The store bears it; nothing else moves."""


def _recover(tx: Tx, row: ExceptionRow, why: Why) -> None:
    """Points that the customer did not have at a settle are taken now, as paid for that bill.

    Refused (``points_insufficient``) while they are not there: the exception stays open.
    """
    sale = sales.find(tx, row.sale_id, lock=True) if row.sale_id is not None else None
    if not row.points or sale is None or sale.member_id is None or sale.state == "returned":
        raise Refused("exception_action")
    member = reading.member(tx, sale.member_id)
    assert member is not None
    if member.active - ledger.lapsed(tx, member.id, why.at) < row.points:
        raise Refused("points_insufficient")
    posting.settle_member(tx, member.id, None, -row.points, 0, 0, row.points, 0)
    for lot_id, points in spend_lots(tx, member.id, row.points, why.at):
        ledger.add_entry(tx, member.id, "redeem", -points, lot_id, why)
    sales.add_redeemed(tx, sale.id, row.points)


def _drop(tx: Tx, row: ExceptionRow, _why: Why) -> None:
    """A return that still waits for its sale is closed: it will not be applied when the sale comes."""
    if row.parked_id is None or not sales.unpark(tx, row.parked_id, "dropped"):
        raise Refused("exception_action")


_ACTIONS: Mapping[Action, Callable[[Tx, ExceptionRow, Why], None]] = {
    "accept": _accept,
    "recover": _recover,
    "drop": _drop,
}
