"""Four eyes: points by hand or a promotion above the limit wait until a second person decides, once (S50).

Invariant: points move, and a draft runs, only in the transaction that turns ``waiting`` into
``approved``, and the one who asked is never the one who approves; the database keeps both rules by
itself.  What is approved is the draft that was shown: a change of it takes the request back.
"""

from __future__ import annotations

from typing import Any

from loyalty_pos.errors import Conflict, NotFound, Refused
from loyalty_pos.services import promotions
from loyalty_pos.services.context import Outcome, Request, Services, from_ms
from loyalty_pos.services.idempotency import decide
from loyalty_pos.services.identity import parse_id
from loyalty_pos.services.points import adjustable, post_adjustment
from loyalty_pos.storage import approvals as rows
from loyalty_pos.storage import audit
from loyalty_pos.storage.approvals import ApprovalRow
from loyalty_pos.storage.ledger import Why
from loyalty_pos.storage.tx import Tx


def _shown(row: ApprovalRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "at": from_ms(row.at).isoformat(timespec="seconds"),
        "by": row.by,
        "member": None if row.member_id is None else str(row.member_id),
        "points": row.points,
        "promotion": row.promotion,
        "version": row.version,
        "amount": row.amount,
        "reason": row.reason,
        "state": row.state,
        "decided_by": row.decided_by,
        "decided_at": None if row.decided_at is None else from_ms(row.decided_at).isoformat(timespec="seconds"),
        "note": row.note,
    }


def list_approvals(
    services: Services, state: str | None = None, cursor: str | None = None, limit: int = 50
) -> dict[str, Any]:
    """{"items", "next"} of what was asked, newest first; ``state`` waiting, approved or rejected."""
    before = parse_id(cursor, "page") if cursor else 0
    found = services.store.read(lambda tx: rows.listed(tx, before, limit + 1, state))
    items = [_shown(row) for row in found[:limit]]
    return {"items": items, "next": str(found[limit - 1].id) if len(found) > limit else None}


def approve(services: Services, request: Request, approval_id: str, note: str | None = None) -> tuple[Outcome, Any]:
    """waiting -> approved, and the points move or the draft runs now.

    NotFound (``approval_unknown``), Refused (``own_approval``), Conflict (``approval_decided``);
    Refused (``points_insufficient``), NotFound (``member_unknown``), BadInput and Conflict
    (``promotion_needed``) of the rules leave it waiting.
    """

    def post(tx: Tx, _ready: object) -> Outcome:
        row = _find(tx, approval_id)
        if row.by == request.caller.key:
            raise Refused("own_approval")
        done = _decide(services, tx, request, row, "approved", note)
        if row.promotion is not None:
            promotions.run_approved(services, tx, request, row.promotion)
        elif row.points is not None:
            member = adjustable(services, tx, str(row.member_id), row.points)
            why = Why(services.now_ms(), row.by, request.caller.terminal_id, reason=row.reason, key=request.key)
            post_adjustment(services, tx, member, row.points, why)
        return Outcome("done", _shown(done))

    outcome = decide(services, request, lambda _tx: object(), post)
    return outcome, outcome.value()


def reject(services: Services, request: Request, approval_id: str, note: str | None = None) -> tuple[Outcome, Any]:
    """waiting -> rejected; whoever asked may take it back so.

    NotFound (``approval_unknown``), Conflict (``approval_decided``).
    """

    def post(tx: Tx, _ready: object) -> Outcome:
        return Outcome("done", _shown(_decide(services, tx, request, _find(tx, approval_id), "rejected", note)))

    outcome = decide(services, request, lambda _tx: object(), post)
    return outcome, outcome.value()


def waiting(services: Services, code: str) -> dict[str, Any] | None:
    """What waits for a promotion to run; None when nothing does."""
    row = services.store.read(lambda tx: rows.waiting(tx, code))
    return None if row is None else _shown(row)


def waiting_promotions(services: Services) -> list[str]:
    """The codes of the promotions that wait for a second person."""
    return services.store.read(rows.waiting_promotions)


def _find(tx: Tx, approval_id: str) -> ApprovalRow:
    row = rows.find(tx, parse_id(approval_id, "approval"))
    if row is None:
        raise NotFound("approval_unknown")
    return row


def _decide(
    services: Services, tx: Tx, request: Request, row: ApprovalRow, state: str, note: str | None
) -> ApprovalRow:
    """The decided row, with its line in the audit; Conflict (``approval_decided``) for whoever comes second."""
    now, by = services.now_ms(), request.caller.key
    if not rows.decide(tx, row.id, state, by, now, note):
        raise Conflict("approval_decided")
    audit.add(tx, now, by, f"approval.{state}", str(row.id), note)
    return row._replace(state=state, decided_by=by, decided_at=now, note=note)
