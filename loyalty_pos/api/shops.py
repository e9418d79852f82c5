"""/stores, /terminals and /connections: where is sold, by which key, and how the tills are."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from msgspec import Meta, Struct

from loyalty_pos.api.auth import current_caller
from loyalty_pos.api.base import api, page, reply, services, show
from loyalty_pos.api.body import write
from loyalty_pos.domain.basket import PLAIN, Text
from loyalty_pos.domain.promotions.names import Code
from loyalty_pos.services import connections, pairing, stores
from loyalty_pos.services.context import SCOPES

Named = Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]


class StoreIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /stores."""

    code: Code
    name: Named


class TerminalIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /terminals; all four scopes unless some are named."""

    code: Code
    store: Code
    scopes: Annotated[tuple[str, ...], Meta(min_length=1, max_length=4)] = tuple(sorted(SCOPES))


class PairIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /terminals/{code}/pair."""

    pairing_code: Annotated[str, Meta(min_length=1, max_length=32, pattern=PLAIN)]


class WhyIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A body that may say why."""

    reason: Text | None = None


@api.get("/stores")
def list_stores() -> Response:
    """The stores by code."""
    return show(stores.list_stores(services(), *page()))


@api.post("/stores")
def add_store() -> Response:
    """A new store."""
    request, body = write(StoreIn)
    return reply(stores.add_store(services(), request, body.code, body.name))


@api.get("/terminals")
def list_terminals() -> Response:
    """The terminals by code, without their keys."""
    return show(stores.list_terminals(services(), *page()))


@api.post("/terminals")
def add_terminal() -> Response:
    """A new terminal; its key is shown in this answer only."""
    request, body = write(TerminalIn)
    return reply(stores.add_terminal(services(), request, body.code, body.store, body.scopes))


@api.post("/terminals/<code>/invite")
def invite_till(code: str) -> Response:
    """A pairing code for this terminal, good for ten minutes and one till; an earlier one is dead."""
    request, body = write(WhyIn)
    return reply(pairing.invite(services(), request, code, body.reason))


@api.post("/terminals/<code>/pair")
def pair_till(code: str) -> Response:
    """The next epoch and a new key for the till that has the pairing code; the old key is dead at once (S44)."""
    request, body = write(PairIn)
    return reply(pairing.pair(services(), request, code, body.pairing_code))


@api.get("/connections")
def list_connections() -> Response:
    """How the tills are: numbers that never came, tills to pair again, clocks that are wrong (S44)."""
    return show(connections.list_connections(services(), current_caller(), *page()))


@api.post("/terminals/<code>/rotate")
def rotate_terminal(code: str) -> Response:
    """A new key; the old one is dead at once."""
    request, body = write(WhyIn)
    return reply(stores.rotate(services(), request, code, body.reason))


@api.post("/terminals/<code>/revoke")
def revoke_terminal(code: str) -> Response:
    """The key opens nothing any more."""
    request, body = write(WhyIn)
    return reply(stores.revoke(services(), request, code, body.reason))
