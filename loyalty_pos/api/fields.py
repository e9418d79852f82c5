"""The contract's kinds of values as marshmallow fields: nothing is converted, nothing guessed.

They accept and refuse exactly what the services' structs do (a property test holds the two
equal); the structs decode the till's calls because they cost a hundredth.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from marshmallow import Schema, ValidationError, fields, validate
from msgspec import Meta

from loyalty_pos.domain.basket import MAX_MONEY, PLAIN, Count, Weight
from loyalty_pos.domain.promotions.names import Name

EMAIL = r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+\.[^@\s\x00-\x1f]+$"
CODE = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"


class Body(Schema):
    """A JSON object without unknown fields."""

    class Meta:
        """Unknown fields are refused."""

        unknown = "raise"


class Whole(fields.Integer):
    """A JSON integer; never a float, a boolean or a string."""

    def __init__(self, least: int, most: int, **more: Any) -> None:
        super().__init__(validate=validate.Range(least, most), **more)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class Yes(fields.Boolean):
    """true or false; never 1, "yes" or null."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input="")
        return value


class _Parsed(fields.Field[Any]):
    """A string that msgspec reads as ``kind``."""

    kind: Any = str

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        try:
            return msgspec.convert(value, self.kind)
        except msgspec.ValidationError:
            raise ValidationError("Not valid.") from None


class Moment(_Parsed):
    """RFC 3339 with offset."""

    kind = datetime


class Day(_Parsed):
    """A local day, YYYY-MM-DD."""

    kind = date


class Label(_Parsed):
    """What the shop calls a thing: a text, or one per language."""

    kind = Name


class Quantity(_Parsed):
    """A whole number, or a decimal string with at most three places: a weighed line (S4)."""

    kind = Count | Weight


class Returned(_Parsed):
    """How much comes back: a whole number, or the weighed line's own quantity."""

    kind = Count | Annotated[str, Meta(pattern=r"^[0-9]{1,6}(\.[0-9]{1,3})?$")]


def money(**more: Any) -> Whole:
    """Minor units of the currency, from 0."""
    return Whole(0, MAX_MONEY, **more)


def plain(most: int, least: int = 0, pattern: str = PLAIN, **more: Any) -> fields.String:
    """Text without control and bidirectional characters."""
    rules: list[Any] = [validate.Length(least, most), validate.Regexp(pattern)]
    return fields.String(validate=rules, **more)


def identifier(**more: Any) -> fields.String:
    """An opaque id, or a code that the shop chose."""
    return plain(64, 1, **more)


def words(**more: Any) -> fields.String:
    """A name or a remark, at most 200 characters."""
    return plain(200, **more)


def scan(**more: Any) -> fields.String:
    """What a scanner, a stripe or a person gave, at most 400 characters."""
    return fields.String(validate=validate.Length(1, 400), **more)


def one_of(*values: str, **more: Any) -> fields.String:
    """One of a few words."""
    return fields.String(validate=validate.OneOf(values), **more)


def many(inner: fields.Field[Any] | type[Schema], most: int, least: int = 0, **more: Any) -> fields.List[Any]:
    """A list of at most ``most``."""
    item = fields.Nested(inner) if isinstance(inner, type) else inner
    return fields.List(item, validate=validate.Length(least, most), **more)


class Coupons(fields.Field[Any]):
    """Up to fifty scanned codes, or ``"best"``."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if value == "best" and isinstance(value, str):
            return value
        return many(scan(), 50).deserialize(value, attr, data, **kwargs)
