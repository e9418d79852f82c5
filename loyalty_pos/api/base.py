"""What every resource shares: the blueprint, the services, the answer, the pages of a list."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
from flask import Blueprint, Response, current_app, request

from loyalty_pos.errors import BadInput
from loyalty_pos.services.context import Outcome, Services

PAGE_DEFAULT, PAGE_MOST = 50, 200
STATUS = {"done": 200, "created": 201, "accepted": 202}

api = Blueprint("api", __name__, url_prefix="/api/v1")


def services() -> Services:
    """The services of this application."""
    found: Services = current_app.extensions["loyalty_pos"]
    return found


def show(body: Any, status: int = 200) -> Response:
    """``body`` as JSON."""
    return Response(msgspec.json.encode(body), status, content_type="application/json")


def reply(answer: tuple[Outcome, Any]) -> Response:
    """The answer of a write: 200, 201 or 202, marked when it is a replay."""
    outcome, body = answer
    response = show(body, STATUS[outcome.kind])
    if outcome.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def page() -> tuple[str | None, int]:
    """(cursor, limit) of a list; BadInput for a limit that is no number from 1 to 200."""
    raw = request.args.get("limit", str(PAGE_DEFAULT))
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 3 and 1 <= int(raw) <= PAGE_MOST):
        raise BadInput(errors={"limit": ["out_of_range"]})
    return text("cursor", 200), int(raw)


def text(name: str, longest: int = 64) -> str | None:
    """A query parameter, None when it is absent or empty; BadInput when it cannot be one."""
    value = request.args.get(name)
    if not value:
        return None
    if len(value) > longest or not value.isprintable():
        raise BadInput(errors={name: ["invalid"]})
    return value


def one_of(name: str, values: Collection[str]) -> str | None:
    """A query parameter that is one of ``values``, or absent; BadInput for anything else."""
    value = text(name)
    if value is not None and value not in values:
        raise BadInput(errors={name: ["not_one_of"]})
    return value
