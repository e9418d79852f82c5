"""The pieces that the schemas of answers are made of: every field of an answer is always there."""

from __future__ import annotations

from functools import cache
from typing import Any

from marshmallow import Schema, fields

from loyalty_pos.api.fields import Body


def text(null: bool = False, **more: Any) -> fields.String:
    """A string."""
    return fields.String(required=True, allow_none=null, **more)


def whole(null: bool = False, **more: Any) -> fields.Integer:
    """An integer: minor units, points or a count."""
    return fields.Integer(required=True, allow_none=null, strict=True, **more)


def yes() -> fields.Boolean:
    """true or false."""
    return fields.Boolean(required=True)


def moment(null: bool = False) -> fields.AwareDateTime:
    """RFC 3339 with offset."""
    return fields.AwareDateTime(required=True, allow_none=null)


def day(null: bool = False) -> fields.Date:
    """A local day."""
    return fields.Date(required=True, allow_none=null)


def one(schema: type[Schema], null: bool = False) -> Any:
    """One object."""
    return fields.Nested(schema, required=True, allow_none=null)


def many(schema: type[Schema]) -> Any:
    """A list of objects."""
    return fields.List(fields.Nested(schema), required=True)


def texts() -> Any:
    """A list of strings."""
    return fields.List(fields.String(), required=True)


def anything() -> Any:
    """An object whose fields the shop chose."""
    return fields.Dict(keys=fields.String(), required=True)


@cache
def listing(item: type[Schema]) -> type[Schema]:
    """{"items": [...], "next": cursor or null}."""
    return type(
        item.__name__ + "List", (Body,), {"items": many(item), "next": text(null=True), "__doc__": "A page of a list."}
    )
