"""/exceptions and /quarantine: what could not be given as priced, and records that contradict their
till's numbers, until a person has looked at them."""

from __future__ import annotations

from flask import Response
from msgspec import Struct

from loyalty_pos.api.auth import current_caller
from loyalty_pos.api.base import api, one_of, page, reply, services, show
from loyalty_pos.api.body import body_hash, write
from loyalty_pos.domain.basket import Text
from loyalty_pos.services import exceptions, quarantine
from loyalty_pos.services.exceptions import Action
from loyalty_pos.services.requests import ReasonIn


class ResolveIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /exceptions/{id}/resolve: what is done about it, and why."""

    action: Action
    note: Text | None = None


class NoteIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A body that may bear a remark."""

    note: Text | None = None


@api.get("/exceptions")
def list_exceptions() -> Response:
    """The exceptions of the caller's stores, newest first."""
    return show(
        exceptions.list_exceptions(services(), current_caller(), one_of("state", ("open", "resolved")), *page())
    )


@api.post("/exceptions/<exception>/resolve")
def resolve_exception(exception: str) -> Response:
    """Accept it (the store bears it), recover missing points from the customer, or drop a parked return."""
    request, body = write(ResolveIn)
    return reply(exceptions.resolve(services(), request, exception, body.action, body.note))


@api.get("/quarantine")
def list_quarantine() -> Response:
    """The records of the caller's stores that were set aside, newest first."""
    state = one_of("state", ("waiting", "accepted", "dismissed"))
    return show(quarantine.list_quarantine(services(), current_caller(), state, *page()))


@api.post("/quarantine/<record>/accept")
def accept_record(record: str) -> Response:
    """Record it after all, as its terminal's; what the single call refuses is refused here, and it waits on."""
    request, body = write(NoteIn)
    return reply(quarantine.accept(services(), request, record, body.note, body_hash))


@api.post("/quarantine/<record>/dismiss")
def dismiss_record(record: str) -> Response:
    """It was no fact of its own: say why."""
    request, body = write(ReasonIn)
    return reply(quarantine.dismiss(services(), request, record, body.reason))
