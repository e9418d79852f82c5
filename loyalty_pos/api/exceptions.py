"""/exceptions: what could not be given as priced, until a person has looked at it."""

from __future__ import annotations

from flask import Response
from msgspec import Struct

from loyalty_pos.api.auth import current_caller
from loyalty_pos.api.base import api, one_of, page, reply, services, show
from loyalty_pos.api.body import write
from loyalty_pos.domain.basket import Text
from loyalty_pos.services import exceptions
from loyalty_pos.services.exceptions import Action


class ResolveIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /exceptions/{id}/resolve: what is done about it, and why."""

    action: Action
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
