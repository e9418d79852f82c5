"""/staff: who works here, in which role, with which tokens."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import Response
from msgspec import Meta, Struct

from loyalty_pos.api.base import api, page, reply, services, show
from loyalty_pos.api.body import write
from loyalty_pos.api.shops import Named, WhyIn
from loyalty_pos.domain.basket import Scan
from loyalty_pos.domain.promotions.names import Code
from loyalty_pos.services import staff

Password = Annotated[str, Meta(min_length=staff.PASSWORD_MIN, max_length=staff.PASSWORD_MAX)]


class StaffIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /staff; without a password the person can use a token only."""

    login: Code
    name: Named
    role: Literal["cashier", "manager", "owner", "auditor"]
    stores: Annotated[tuple[Code, ...], Meta(max_length=200)] = ()
    password: Password | None = None
    token: bool = False


class PasswordIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /staff/{login}/password."""

    password: Password


class OwnCardIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """PUT /staff/{login}/card; null takes it away."""

    card: Scan | None


@api.get("/staff")
def list_staff() -> Response:
    """Everybody by login, disabled ones too."""
    return show(staff.list_staff(services(), *page()))


@api.post("/staff")
def add_staff() -> Response:
    """A new person; a token that was asked for is shown in this answer only."""
    request, body = write(StaffIn)
    who = (body.login, body.name, body.role, list(body.stores), body.password)
    return reply(staff.add_staff(services(), request, *who, token=body.token))


@api.post("/staff/<login>/tokens")
def add_token(login: str) -> Response:
    """One more personal token, shown in this answer only."""
    request, _ = write(WhyIn)
    return reply(staff.new_token(services(), request, login))


@api.post("/staff/<login>/password")
def set_password(login: str) -> Response:
    """A new password; every session of that person ends."""
    request, body = write(PasswordIn)
    return reply(staff.set_password(services(), request, login, body.password))


@api.put("/staff/<login>/card")
def set_own_card(login: str) -> Response:
    """Say which card is this person's own: it earns nothing at their own till."""
    request, body = write(OwnCardIn)
    return reply(staff.set_card(services(), request, login, body.card))


@api.post("/staff/<login>/disable")
def disable_staff(login: str) -> Response:
    """No sign-in any more; sessions and tokens end now."""
    request, body = write(WhyIn)
    return reply(staff.disable(services(), request, login, body.reason))
