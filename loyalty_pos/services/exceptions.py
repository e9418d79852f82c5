"""The manager's list: what could not be given as priced, open until a person resolves it."""

from __future__ import annotations

from typing import Any

from loyalty_pos.errors import Conflict, NotFound
from loyalty_pos.services.context import Caller, Outcome, Request, Services, from_ms
from loyalty_pos.services.idempotency import write
from loyalty_pos.services.identity import parse_id
from loyalty_pos.storage import audit
from loyalty_pos.storage import exceptions as rows
from loyalty_pos.storage.exceptions import ExceptionRow
from loyalty_pos.storage.tx import Tx


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
    services: Services, request: Request, exception_id: str, action: str, note: str | None = None
) -> tuple[Outcome, Any]:
    """open -> resolved: the exception, its note ``action: note``.

    NotFound (``exception_unknown``) also for another store's, Conflict (``exception_resolved``).
    """
    caller = request.caller
    words = f"{action}: {note}" if note else action

    def work(tx: Tx) -> Outcome:
        row = rows.find(tx, parse_id(exception_id, "exception"))
        if row is None:
            raise NotFound("exception_unknown")
        caller.need_store(row.store_id, "exception")
        now = services.now_ms()
        if not rows.resolve(tx, row.id, words, caller.key, now):
            raise Conflict("exception_resolved")
        audit.add(tx, now, caller.key, "exception.resolve", str(row.id), words)
        done = row._replace(state="resolved", note=words, resolved_by=caller.key, resolved_at=now)
        return Outcome("done", _shown(done))

    outcome = write(services, request, work)
    return outcome, outcome.value()
