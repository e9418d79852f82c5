"""/promotions: the rules as the manager keeps them, in the rule language of docs/promotions.md."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response
from msgspec import Struct, field

from loyalty_pos.api.auth import current_caller
from loyalty_pos.api.base import api, one_of, page, reply, services, show
from loyalty_pos.api.body import Nothing, read, write
from loyalty_pos.services import promotion_drafts, promotions


class SimulateIn(Struct, frozen=True, forbid_unknown_fields=True):
    """The local days to replay, both inclusive; ``changes``: fields of the rule to try otherwise."""

    first: date = field(name="from")
    last: date = field(name="to")
    changes: dict[str, Any] = {}


@api.get("/promotions")
def list_promotions() -> Response:
    """Each promotion by code: the version in force, else the newest, and the draft beside it."""
    return show(promotions.list_promotions(services(), *page(), one_of("state", promotions.STATES)))


@api.post("/promotions")
def create_promotion() -> Response:
    """A new promotion, active or draft; it is in force for the next basket."""
    return reply(promotions.create(services(), *write(dict[str, Any])))


@api.get("/promotions/<code>")
def get_promotion(code: str) -> Response:
    """A promotion's rule, state and version, and the draft beside it."""
    return show(promotions.get(services(), code))


@api.patch("/promotions/<code>")
def change_promotion(code: str) -> Response:
    """Change it, or start or end it; one that ran gets its next version, or with state draft a draft beside it."""
    request, changes = write(dict[str, Any])
    return reply(promotions.patch(services(), request, code, changes))


@api.post("/promotions/<code>/drop-draft")
def drop_promotion_draft(code: str) -> Response:
    """Throw away the draft beside what runs or ran; that stays as it is."""
    return reply(promotions.drop_draft(services(), write(Nothing)[0], code))


@api.get("/promotions/<code>/versions")
def promotion_versions(code: str) -> Response:
    """Every version of a promotion, the newest first."""
    return show(promotions.versions(services(), code))


@api.post("/promotions/<code>/simulate")
def simulate_promotion(code: str) -> Response:
    """A promotion on past sales: what it costs, who gains, what it pushes aside; nothing changes."""
    body = read(SimulateIn)
    return show(promotion_drafts.simulate(services(), current_caller(), code, body.first, body.last, body.changes))
