"""From a JSON value to a frozen struct, or BadInput that says which field and why.

Every rule of the language is declared as a msgspec struct; this is the one place that turns
msgspec's refusals into ``errors`` of field path -> codes.  The bad value is never echoed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from loyalty_pos.errors import BadInput

T = TypeVar("T")
Percent = Annotated[Decimal, Meta(extra_json_schema={"exclusiveMinimum": 0, "maximum": 100})]
"""A percentage; ``check_percent`` holds it to what the schema says."""

_SPOT = re.compile(r" - at `\$(?P<path>.*)`$")
_FIELD = re.compile(r"(?:missing required|contains unknown) field `(?P<field>[^`]*)`")
_OWN = re.compile(r"^(?P<field>[a-z_]*):(?P<code>[a-z_]+)$")
_HUNDRED = Decimal(100)


def decode(raw: object, kind: type[T], path: str) -> T:
    """``raw`` as ``kind``; BadInput ``invalid`` with the faulty field's path under ``path``."""
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as refusal:
        spot, code = _fault(str(refusal))
        raise invalid(join(path, spot), code) from None


def invalid(path: str, code: str) -> BadInput:
    """The refusal of one field."""
    return BadInput("invalid", errors={path: [code]})


def join(path: str, rest: str) -> str:
    """``promotions[3]`` + ``rewards`` = ``promotions[3].rewards``."""
    if not path or not rest:
        return path or rest
    return path + rest if rest.startswith("[") else f"{path}.{rest}"


def check_percent(percent: Decimal | None, field: str = "percent") -> None:
    """ValueError unless 0 < percent <= 100 with at most four decimals; None is allowed."""
    if percent is None:
        return
    if not percent.is_finite() or not 0 < percent <= _HUNDRED:
        raise ValueError(f"{field}:out_of_range")
    if percent != percent.quantize(Decimal("0.0001")):
        raise ValueError(f"{field}:too_precise")


def check_one_of(struct: msgspec.Struct, names: Sequence[str], needed: bool = True) -> None:
    """ValueError unless exactly one of the named fields is given (``percent`` or ``amount``); not ``needed``: at most
    one."""
    given = [name for name in names if getattr(struct, name) is not None]
    if needed and not given:
        raise ValueError(f"{names[0]}:missing")
    if len(given) > 1:
        raise ValueError(f"{given[-1]}:one_only")


def _fault(message: str) -> tuple[str, str]:
    """(path, code) of one msgspec message; a struct's own checks raise ``field:code``, or ``:code`` of the whole."""
    path = ""
    if spot := _SPOT.search(message):
        path = spot["path"].removeprefix(".")
        message = message[: spot.start()]
    if own := _OWN.match(message):
        return join(path, own["field"]), own["code"]
    if named := _FIELD.search(message):
        return join(path, named["field"]), "missing" if "missing" in message else "unknown_field"
    if "enum value" in message:
        return path, "not_one_of"
    if ", got `" in message:
        return path, "wrong_type"
    if message.startswith("Expected"):
        return path, "out_of_range"
    return path, "invalid"
