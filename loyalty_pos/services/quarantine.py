"""Records that contradict a till's numbers wait here until a person has looked at them.

Nothing is dropped: a record is accepted (and then recorded as if it had come without a number),
or dismissed with a reason.  Either way its body is kept no longer, because an enrolment's holds
personal data; who decided and why stays.
"""

from __future__ import annotations

from typing import Any

import msgspec

from loyalty_pos.errors import Conflict, NotFound
from loyalty_pos.services import batch
from loyalty_pos.services.batch import BodyHash
from loyalty_pos.services.context import Caller, Outcome, Request, Services, from_ms
from loyalty_pos.services.idempotency import write
from loyalty_pos.services.identity import parse_id
from loyalty_pos.services.staff import as_terminal
from loyalty_pos.storage import audit, shops, tills
from loyalty_pos.storage.tills import SetAside
from loyalty_pos.storage.tx import Tx


def _shown(row: SetAside) -> dict[str, Any]:
    body = msgspec.json.decode(row.body) if row.body is not None else {}
    receipt = body.get("receipt")
    return {
        "id": str(row.id),
        "at": from_ms(row.at).isoformat(timespec="seconds"),
        "terminal": row.terminal,
        "store": row.store,
        "epoch": row.epoch,
        "sequence": row.sequence,
        "code": row.code,
        "kind": row.kind,
        "receipt": receipt if isinstance(receipt, str) else None,
        "state": row.state,
        "note": row.note,
        "resolved_by": row.resolved_by,
        "resolved_at": None if row.resolved_at is None else from_ms(row.resolved_at).isoformat(timespec="seconds"),
    }


def list_quarantine(
    services: Services, caller: Caller, state: str | None = None, cursor: str | None = None, limit: int = 50
) -> dict[str, Any]:
    """{"items", "next"} of the caller's stores, newest first; ``state`` waiting, accepted or dismissed."""
    before = parse_id(cursor, "page") if cursor else 0
    found = services.store.read(lambda tx: tills.list_set_aside(tx, before, limit + 1, caller.store_ids, state))
    items = [_shown(row) for row in found[:limit]]
    return {"items": items, "next": str(found[limit - 1].id) if len(found) > limit else None}


def accept(
    services: Services, request: Request, record_id: str, note: str | None, body_hash: BodyHash
) -> tuple[Outcome, Any]:
    """waiting -> accepted: the fact is recorded as its terminal's, under a key of the record's own, so
    that it happens once however often it is asked for.  Raises what the single call raises; then it
    still waits.  NotFound (``record_unknown``), Conflict (``record_resolved``).
    """

    def look(tx: Tx) -> tuple[SetAside, Caller]:
        row = _find(tx, request.caller, record_id)
        lane = shops.terminal(tx, row.terminal)
        assert lane is not None
        return row, as_terminal(lane)

    row, terminal = services.store.read(look)
    if row.body is not None:
        batch.let_through(services, terminal, msgspec.json.decode(row.body), body_hash, f"quarantine-{row.id:018d}")
    return _resolve(services, request, record_id, "accepted", note)


def dismiss(services: Services, request: Request, record_id: str, reason: str) -> tuple[Outcome, Any]:
    """waiting -> dismissed: it was no fact of its own.  NotFound (``record_unknown``), Conflict
    (``record_resolved``)."""
    return _resolve(services, request, record_id, "dismissed", reason)


def _find(tx: Tx, caller: Caller, record_id: str) -> SetAside:
    row = tills.find_set_aside(tx, parse_id(record_id, "record"))
    if row is None:
        raise NotFound("record_unknown")
    caller.need_store(row.store_id, "record")
    return row


def _resolve(services: Services, request: Request, record_id: str, state: str, note: str | None) -> tuple[Outcome, Any]:
    caller = request.caller

    def work(tx: Tx) -> Outcome:
        row = _find(tx, caller, record_id)
        now = services.now_ms()
        if not tills.resolve_set_aside(tx, row.id, state, note, caller.key, now):
            raise Conflict("record_resolved")
        audit.add(tx, now, caller.key, f"quarantine.{state}", str(row.id), note)
        done = row._replace(state=state, note=note, resolved_by=caller.key, resolved_at=now)
        return Outcome("done", _shown(done))

    outcome = write(services, request, work)
    return outcome, outcome.value()
