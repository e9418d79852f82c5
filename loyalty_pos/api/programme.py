"""/tiers and /settings: the programme beside its promotions."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response
from msgspec import Struct, field

from loyalty_pos.api.auth import current_caller
from loyalty_pos.api.base import api, reply, services, show
from loyalty_pos.api.body import read, write
from loyalty_pos.services import programme, tier_drafts


class TiersIn(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole table; each tier is checked by the rules themselves."""

    tiers: list[dict[str, Any]]


class SimulateIn(TiersIn, frozen=True, forbid_unknown_fields=True):
    """A draft table and the local days to replay, both inclusive."""

    first: date = field(name="from")
    last: date = field(name="to")


@api.get("/tiers")
def get_tiers() -> Response:
    """The tier table in force."""
    found = programme.get(services())
    return show({"tiers": found["tiers"], "version": found["version"]})


@api.put("/tiers")
def put_tiers() -> Response:
    """Set the whole tier table (S32)."""
    request, body = write(TiersIn)
    outcome, found = programme.put_tiers(services(), request, body.tiers)
    return reply((outcome, {"tiers": found["tiers"], "version": found["version"]}))


@api.post("/tiers/preview")
def preview_tiers() -> Response:
    """Who would move under a draft table, if nobody bought anything more."""
    return show(tier_drafts.preview(services(), read(TiersIn).tiers))


@api.post("/tiers/simulate")
def simulate_tiers() -> Response:
    """A draft table on the members' past sales: its cost, who gains, who loses."""
    body = read(SimulateIn)
    return show(tier_drafts.simulate(services(), current_caller(), body.tiers, body.first, body.last))


@api.get("/settings")
def get_settings() -> Response:
    """The settings in force."""
    found = programme.get(services())
    return show({"settings": found["settings"], "version": found["version"]})


@api.patch("/settings")
def change_settings() -> Response:
    """Change some settings; absent ones stay."""
    outcome, found = programme.change(services(), *write(dict[str, Any]))
    return reply((outcome, {"settings": found["settings"], "version": found["version"]}))
