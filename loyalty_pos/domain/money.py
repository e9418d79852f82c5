"""Money: integers of minor units, rounded half-up once, shared out without losing a unit.

Invariant: no binary float appears here, and the shares of an allocation always sum to the
amount, each between 0 and the value it is taken from (S1-S5).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal

# Minor units per currency (ISO 4217), for the currencies a shop is likely to use (S1).
EXPONENTS: dict[str, int] = {
    "VND": 0, "JPY": 0, "KRW": 0, "CLP": 0, "ISK": 0, "UGX": 0, "XAF": 0, "XOF": 0,
    "USD": 2, "EUR": 2, "GBP": 2, "AUD": 2, "CAD": 2, "CHF": 2, "CNY": 2, "DKK": 2, "HKD": 2,
    "IDR": 2, "INR": 2, "KHR": 2, "LAK": 2, "MMK": 2, "MYR": 2, "NOK": 2, "NZD": 2, "PHP": 2,
    "PLN": 2, "SEK": 2, "SGD": 2, "THB": 2, "TWD": 2,
    "BHD": 3, "JOD": 3, "KWD": 3, "OMR": 3, "TND": 3,
}  # fmt: skip

_VIETNAMESE = str.maketrans(",.", ".,")
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "KRW": "₩"}

# Every quantity, percentage and amount the contract admits fits in 40 digits: exact.
_EXACT = Context(prec=40)


def exponent(currency: str) -> int:
    """Digits after the point of a currency (S1); KeyError for one that is not known."""
    return EXPONENTS[currency]


def half_up(value: Decimal) -> int:
    """A Decimal as the nearest integer, halves away from zero."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP, context=_EXACT))


def floor_of(value: Decimal) -> int:
    """The greatest integer not above ``value``."""
    return int(value.quantize(Decimal(1), rounding=ROUND_FLOOR, context=_EXACT))


def line_gross(unit_price: int, quantity: int | str) -> int:
    """unit_price x quantity in minor units, half-up once (S2); a weight is a decimal string."""
    if isinstance(quantity, int):
        return unit_price * quantity
    return half_up(_EXACT.multiply(Decimal(unit_price), Decimal(quantity)))


def percent_of(amount: int, percent: Decimal) -> int:
    """``percent`` of ``amount``, which is not negative, half-up once over the whole sum (S3). Minor units."""
    numerator, denominator = percent.as_integer_ratio()
    return (amount * numerator + 50 * denominator) // (100 * denominator)


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """Share ``amount`` in proportion to ``weights`` (S4): largest remainder.

    Each share is floored, what is left goes by the largest fraction, of equal ones to the earlier; a basket's lines
    stand in the order of their ids (board.py), however they were scanned.
    With 0 <= amount <= sum(weights) no share exceeds its weight (S5); ValueError outside that.
    """
    total = sum(weights)
    if not 0 <= amount <= total:
        raise ValueError("amount outside 0..sum(weights)")
    if total == 0:
        return [0] * len(weights)
    shares, fractions, left = [], [], amount
    for weight in weights:
        share, fraction = divmod(amount * weight, total)
        shares.append(share)
        fractions.append(fraction)
        left -= share
    if left:
        # A zero fraction means an exact share; there are always enough others for what is left.
        ranked = sorted(range(len(weights)), key=fractions.__getitem__, reverse=True)
        for index in ranked[:left]:
            shares[index] += 1
    return shares


def unit_shares(amount: int, values: Sequence[int]) -> list[int]:
    """The same over the units of one line, earlier units first (S4): 10.000 over 3 equal units
    is 3.334 + 3.333 + 3.333."""
    count = len(values)
    if count == 1 and 0 <= amount <= values[0]:
        return [amount]
    if count and min(values) == max(values) and 0 <= amount <= count * values[0]:
        share, more = divmod(amount, count)
        return [share + 1] * more + [share] * (count - more)
    return allocate(amount, values)


def format_money(amount: int, currency: str, language: str) -> str:
    """An amount as people read it: ``18.000đ`` in vi, ``18,000đ`` in en; ``$12.50``, ``12,50 USD``."""
    digits = EXPONENTS[currency]
    if digits:
        whole, part = divmod(abs(amount), 10**digits)
        text = f"{whole:,}.{part:0{digits}d}"
        text = text.translate(_VIETNAMESE) if language == "vi" else text
    else:
        text = f"{abs(amount):,}"
        text = text.replace(",", ".") if language == "vi" else text
    sign = "-" if amount < 0 else ""
    if currency == "VND":
        return f"{sign}{text}đ"
    if language == "en" and currency in _SYMBOLS:
        return f"{sign}{_SYMBOLS[currency]}{text}"
    return f"{sign}{text} {currency}"
