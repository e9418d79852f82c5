"""Figures and times as POS systems write them, read exactly or refused.

Invariant: nothing is rounded and nothing is guessed.  ``32.000`` is thirty-two to one system and
thirty-two thousand to another, so it is refused unless the connection says which.  Shared by the
adapters; ``Unreadable`` carries a reason and the field, never the value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from loyalty_pos.domain.money import exponent

_PLAIN_NUMBER = re.compile(r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$")
_LARGEST = 10**15
_PLACES = 6
_THREE_PLACES = Decimal("0.001")


class Unreadable(ValueError):
    """A value that cannot be read: a snake_case reason, and the field it stood in."""

    def __init__(self, reason: str, where: str) -> None:
        self.reason = reason
        self.where = where
        super().__init__(reason)


def number(value: object, where: str) -> Decimal:
    """A plain decimal number from an int, a Decimal or text; never from a float or a boolean."""
    if isinstance(value, str) and _PLAIN_NUMBER.match(value.strip()):
        return Decimal(value.strip())
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        exact = Decimal(value)
        if exact.is_finite() and abs(exact) < _LARGEST and -int(exact.as_tuple().exponent) <= _PLACES:
            return exact
    raise Unreadable("not_a_number", where)


def minor_units(value: object, where: str) -> int:
    """An amount that is already in minor units: a whole number, not negative.

    Up to two zeros behind a point are let pass (``32000.0``, as spreadsheets write it); three may
    be a thousands separator, so ``32.000`` is refused.
    """
    return _amount(number(value, where), 0, where)


def major_units(value: object, currency: str, where: str) -> int:
    """An amount as people write it (``12.50``), in minor units of the currency; else as above."""
    return _amount(number(value, where), exponent(currency), where)


def _amount(amount: Decimal, digits: int, where: str) -> int:
    scaled = amount.scaleb(digits)
    places = -int(amount.as_tuple().exponent)
    if amount < 0 or scaled != scaled.to_integral_value() or places > max(2, digits):
        raise Unreadable("not_an_amount", where)
    return int(scaled)


def quantity(value: object, where: str) -> Decimal:
    """How much was sold: above 0, at most three places."""
    amount = number(value, where)
    if amount <= 0:
        raise Unreadable("not_positive", where)
    if amount != amount.quantize(_THREE_PLACES):
        raise Unreadable("too_many_places", where)
    return amount


def instant(value: object, zone: str, where: str, pattern: str | None = None) -> datetime:
    """A time with its offset; without one it is the shop's local time (``zone``).

    RFC 3339, or ``pattern`` as strptime understands it.
    """
    if not isinstance(value, str):
        raise Unreadable("not_a_time", where)
    try:
        text = value.strip()
        time = datetime.strptime(text, pattern) if pattern else datetime.fromisoformat(text)  # noqa: DTZ007
    except ValueError as err:
        raise Unreadable("not_a_time", where) from err
    return time if time.tzinfo else time.replace(tzinfo=ZoneInfo(zone))


def text(native: Mapping[str, object], field: str) -> str:
    """A text or whole number that must be there."""
    found = optional_text(native, field)
    if found is None:
        raise Unreadable("missing", field)
    return found


def optional_text(native: Mapping[str, object], field: str) -> str | None:
    """A text or whole number, or None when it is absent or empty."""
    value = native.get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Unreadable("not_text", field)
    return value.strip() or None
