"""/approvals: what waits for a second person, and the decision (S50)."""

from __future__ import annotations

from flask import Response
from msgspec import Struct

from loyalty_pos.api.base import api, one_of, page, reply, services, show
from loyalty_pos.api.body import write
from loyalty_pos.domain.basket import Text
from loyalty_pos.services import approvals


class DecisionIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /approvals/{id}/approve and /reject."""

    note: Text | None = None


@api.get("/approvals")
def list_approvals() -> Response:
    """What was asked for, newest first."""
    return show(approvals.list_approvals(services(), one_of("state", ("waiting", "approved", "rejected")), *page()))


@api.post("/approvals/<approval>/approve")
def approve(approval: str) -> Response:
    """Approve what another person asked for: the points move, or the draft runs, now."""
    request, body = write(DecisionIn)
    return reply(approvals.approve(services(), request, approval, body.note))


@api.post("/approvals/<approval>/reject")
def reject(approval: str) -> Response:
    """Turn it down, or take one's own request back; nothing moves."""
    request, body = write(DecisionIn)
    return reply(approvals.reject(services(), request, approval, body.note))
