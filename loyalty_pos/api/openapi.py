"""/openapi.json (OpenAPI 3.1) and /docs: the contract, made from the schemas and the tables.

Nothing is written twice: bodies and answers are the marshmallow schemas, who may call stands in
the role table, what can go wrong in the operations, and the sentences in the catalogue.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Blueprint, Flask, Response, current_app, render_template
from markupsafe import Markup, escape
from marshmallow import Schema

from loyalty_pos import errors
from loyalty_pos.api import answers, operations, problem, roles, shapes
from loyalty_pos.api.base import show
from loyalty_pos.api.operations import Operation
from loyalty_pos.api.sentences import sentence

ALWAYS = ("not_signed_in", "terminal_revoked", "not_allowed", "scope_missing", "unavailable", "internal")
BODY = ("invalid_json", "too_large", "unsupported_media_type", "invalid", "payment_card")
KEYED = ("key_invalid", "key_reused", "in_progress")
CLASS_OF: dict[str, type[errors.LoyaltyError]] = {
    "in_progress": errors.InProgress,
    "slow_down": errors.TooMany,
    "not_signed_in": errors.NotSignedIn,
    "terminal_revoked": errors.NotSignedIn,
    "not_allowed": errors.NotAllowed,
    "scope_missing": errors.NotAllowed,
    "terminal_quarantined": errors.NotAllowed,
    "pairing_code_wrong": errors.NotSignedIn,
    "unavailable": errors.Unavailable,
}
REFUSED = (
    "own_approval", "card_blocked", "merge_itself", "points_insufficient", "card_is_coupon", "no_terminal",
    "last_owner", "more_than_bought", "return_of_return", "exception_action", "too_many_tickets",
    "value_not_sold", "value_spent", "audience_empty", "budget_missing", "too_many_members",
)  # fmt: skip
INVALID = ("invalid", "payment_card", "key_reused")
QUERY = {
    "limit": ({"type": "integer", "minimum": 1, "maximum": 200, "default": 50}, "Items a page."),
    "cursor": ({"type": "string"}, "``next`` of the page before."),
    "q": ({"type": "string", "maxLength": 100}, "Words to look for; marks do not matter."),
    "state": ({"type": "string"}, "Only those in this state."),
    "kind": ({"type": "string"}, "Only those of this kind."),
    "ending": ({"type": "string", "pattern": "^[0-9]{1,18}$"}, "Only those whose code ends with these digits."),
    "member": ({"type": "string"}, "Only those of this member."),
    "campaign": ({"type": "string"}, "Only those of this campaign."),
    "store": ({"type": "string"}, "Only those of the store with this code."),
    "terminal": ({"type": "string"}, "Only those of the terminal with this code."),
    "receipt": ({"type": "string"}, "Only those with this receipt number."),
    "from": ({"type": "string", "format": "date"}, "From this local day on."),
    "to": ({"type": "string", "format": "date"}, "Up to and with this local day."),
}

pages = Blueprint("docs", __name__, template_folder="templates", static_folder="static", static_url_path="/docs/static")


def register(app: Flask) -> None:
    """Add /openapi.json and /docs to ``app``."""
    app.register_blueprint(pages)


@pages.get("/openapi.json")
def openapi() -> Response:
    """The document."""
    return show(document())


@pages.get("/docs")
def docs() -> Response:
    """The document, to be read."""
    response = Response(render_template("docs.html", doc=document(), rows=_rows(document()), shape=_shape))
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return response


def status_of(code: str) -> int:
    """The status that a code is answered with."""
    if code == "internal":
        return 500
    kind = CLASS_OF.get(code)
    if kind is None:
        kind = errors.NotFound if code.endswith("_unknown") else errors.Conflict
        kind = errors.Refused if code in REFUSED else errors.BadInput if code in INVALID else kind
    return problem.status_of(kind(code))


@cache
def document() -> dict[str, Any]:
    """The whole document."""
    spec = APISpec(
        title="loyalty-pos",
        version=current_app.config["VERSION"],
        openapi_version="3.1.0",
        info={"description": "Member prices, points, coupons and habits for the POS you already have."},
        plugins=[MarshmallowPlugin(schema_name_resolver=_name)],
    )
    spec.components.security_scheme("key", {"type": "http", "scheme": "bearer"})
    spec.components.security_scheme("session", {"type": "apiKey", "in": "cookie", "name": "loyalty_session"})
    spec.components.schema("Problem", schema=answers.Problem)
    for (method, rule), row in operations.TABLE.items():
        path = "/api/v1" + re.sub(r"<([a-z]+)>", r"{\1}", rule)
        spec.path(path, operations={method.lower(): _operation(method, rule, row)})
    return spec.to_dict()


def _name(schema: Any) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__ + ("In" if kind.__module__.endswith(".schemas") else "")


def _operation(method: str, rule: str, row: Operation) -> dict[str, Any]:
    view = _view(method, rule)
    who = roles.TABLE[(method, rule)]
    scope = [f"terminal scope `{who.scope}`"] if who.scope else []
    made: dict[str, Any] = {
        "operationId": view.__name__,
        "tags": [rule.split("/")[1]],
        "summary": (view.__doc__ or "").strip(),
        "description": "For: " + ", ".join(["whom the body names"] if who.open else scope + sorted(who.roles)),
        "security": [] if who.open else [{"key": []}, {"session": []}],
        "parameters": _parameters(rule, row),
        "responses": _responses(row),
    }
    if row.body is not None:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": row.body}}}
    return made


def _view(method: str, rule: str) -> Any:
    for found in current_app.url_map.iter_rules():
        if found.rule == "/api/v1" + rule and method in (found.methods or ()):
            return current_app.view_functions[found.endpoint]
    raise LookupError(rule)


def _parameters(rule: str, row: Operation) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = [
        {"in": "path", "name": name, "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"<([a-z]+)>", rule)
    ]
    for name in row.query:
        shape, text = QUERY[name]
        made.append({"in": "query", "name": name, "schema": shape, "description": text})
    if row.key is not None:
        shape = {"type": "string", "pattern": "^[A-Za-z0-9-]{16,64}$"}
        made.append({"in": "header", "name": "Idempotency-Key", "required": row.key, "schema": shape})
    return made


def _responses(row: Operation) -> dict[str, Any]:
    answer: type[Schema] = shapes.listing(row.answer) if row.listed else row.answer
    made: dict[str, Any] = {}
    for status in row.done:
        shape = answers.Parked if status == 202 and row.answer is answers.Return else answer
        made[str(status)] = {"description": "Done.", "content": {"application/json": {"schema": shape}}}
    for status, codes in sorted(_refusals(row).items()):
        lines = "\n".join(f"- `{code}`: {sentence(code, 'en')}" for code in codes)
        content = {"application/problem+json": {"schema": answers.Problem}}
        made[str(status)] = {"description": lines, "content": content}
    return made


def _refusals(row: Operation) -> dict[int, list[str]]:
    codes = [*ALWAYS, *row.codes]
    if row.body is not None:
        codes += BODY
    elif row.query:
        codes.append("invalid")
    if row.key is not None:
        codes += (("key_missing",) if row.key else ()) + KEYED
    found: dict[int, list[str]] = {}
    for code in dict.fromkeys(codes):
        found.setdefault(status_of(code), []).append(code)
    return found


def _rows(doc: dict[str, Any]) -> list[dict[str, Any]]:
    """The operations by tag, for the page."""
    return [
        {"method": method.upper(), "path": path, **operation}
        for path, methods in doc["paths"].items()
        for method, operation in methods.items()
    ]


def _shape(schema: dict[str, Any]) -> Markup:
    """A type in words, an object as a link to its fields."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#schema-{0}">{0}</a>').format(name)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return Markup(" or ").join(_shape(one) for one in schema[choice])
    if "items" in schema:
        return Markup("list of {}").format(_shape(schema["items"]))
    if "enum" in schema:
        return escape(" | ".join(str(value) for value in schema["enum"]))
    kind = schema.get("type", "any")
    return escape(" or ".join(kind) if isinstance(kind, list) else kind)
