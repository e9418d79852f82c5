"""/stored-value: gift cards and wallets sold, loaded, looked up, blocked; how they pay is the basket's ``pay_with``."""

from __future__ import annotations

from flask import Response

from loyalty_pos.api.auth import current_caller
from loyalty_pos.api.base import api, one_of, page, reply, services, show, text
from loyalty_pos.api.body import write
from loyalty_pos.services import stored_value
from loyalty_pos.services.requests import LoadIn, ReasonIn, StoredValueIn


@api.post("/stored-value")
def issue_value() -> Response:
    """A new gift card or wallet, with what it was sold for on it."""
    return reply(stored_value.issue(services(), *write(StoredValueIn)))


@api.get("/stored-value")
def list_values() -> Response:
    """Every gift card and wallet, the newest first; of a kind, of a state, or by the last digits of the code."""
    kind, state = one_of("kind", ("gift_card", "wallet")), one_of("state", ("active", "blocked"))
    return show(stored_value.list_values(services(), *page(), kind, state, text("ending")))


@api.get("/stored-value/<code>")
def get_value(code: str) -> Response:
    """A gift card or wallet and its balance; an unknown code is a guess."""
    return show(stored_value.get(services(), current_caller(), code))


@api.get("/stored-value/<code>/entries")
def value_entries(code: str) -> Response:
    """Every movement with the balance after it, oldest first; their sum is the balance."""
    return show(stored_value.entries(services(), current_caller(), code, *page()))


@api.post("/stored-value/<code>/load")
def load_value(code: str) -> Response:
    """Put money on it, sold on a line of a sale or by hand with a reason."""
    request, body = write(LoadIn)
    return reply(stored_value.load(services(), request, code, body))


@api.post("/stored-value/<code>/block")
def block_value(code: str) -> Response:
    """Block it: it pays nothing any more."""
    request, body = write(ReasonIn)
    return reply(stored_value.block(services(), request, code, body.reason))


@api.post("/stored-value/<code>/unblock")
def unblock_value(code: str) -> Response:
    """Let a blocked one pay again."""
    request, body = write(ReasonIn)
    return reply(stored_value.unblock(services(), request, code, body.reason))


@api.get("/members/<member>/stored-value")
def member_wallets(member: str) -> Response:
    """The wallets of a member, oldest first."""
    return show(stored_value.of_member(services(), member))
