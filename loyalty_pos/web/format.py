"""How money, points, dates and codes are written on a page, in either language.

Money arrives as whole minor units and leaves as text: "1.234.567 ₫" in Vietnamese, "₫1,234,567"
in English, with a no-break space where there is one, so that a sum is never cut over two lines.
Dates are day first in both languages.  Nothing here rounds an amount.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from loyalty_pos.domain.money import exponent

NBSP = "\u00a0"
MINUS = "\u2212"
_SHORT_VI = ((10**9, "tỷ"), (10**6, "triệu"), (10**3, "nghìn"))
_SHORT_EN = ((10**9, "bn"), (10**6, "m"), (10**3, "k"))


def money(amount: int, currency: str = "VND", language: str = "vi") -> str:
    """An amount of minor units as a reader writes it; a negative one has a real minus sign."""
    places = exponent(currency)
    text = format_currency(Decimal(abs(amount)).scaleb(-places), currency, locale=language)
    return f"{MINUS}{text}" if amount < 0 else text


def short_money(amount: int, currency: str = "VND", language: str = "vi") -> str:
    """A large sum for a headline: "16,7 triệu ₫", "1,28 tỷ ₫" (three significant figures)."""
    value = Decimal(abs(amount)).scaleb(-exponent(currency))
    for unit, word in _SHORT_VI if language == "vi" else _SHORT_EN:
        if value >= unit:
            shown = value / unit
            places = 2 if shown < 10 else 1 if shown < 100 else 0
            figure = format_decimal(
                round(shown, places), format="0." + "#" * places if places else "0", locale=language
            )
            sign = MINUS if amount < 0 else ""
            symbol = format_currency(0, currency, format="¤", locale=language).replace("0", "").strip()
            if language == "vi":
                return f"{sign}{figure}{NBSP}{word}{NBSP}{symbol}"
            return f"{sign}{symbol}{figure}{word}"
    return money(amount, currency, language)


def axis_money(amount: int, currency: str = "VND", language: str = "vi") -> str:
    """A mark of a chart's scale, as short as can be: "25 tr", "1,5 tỷ", "25m"; the unit stands beside the chart."""
    value = Decimal(amount).scaleb(-exponent(currency))
    for unit, word in ((10**9, "tỷ"), (10**6, "tr"), (10**3, "ng")) if language == "vi" else _SHORT_EN:
        if value >= unit:
            figure = format_decimal(value / unit, format="0.#", locale=language)
            return f"{figure}{NBSP if language == 'vi' else ''}{word}"
    return number(int(value), language)


def number(value: int, language: str = "vi") -> str:
    """A whole number with its thousands marked: points, counts."""
    text = format_decimal(abs(value), locale=language)
    return f"{MINUS}{text}" if value < 0 else text


def tenths(value: float, language: str = "vi") -> str:
    """A figure with at most one decimal: "5,7"."""
    return format_decimal(value, format="0.#", locale=language)


def signed(value: int, language: str = "vi") -> str:
    """A change: "+607", "−5.000"."""
    return number(value, language) if value < 0 else f"+{number(value, language)}"


def day(value: date | datetime | str, zone: str = "Asia/Ho_Chi_Minh", language: str = "vi") -> str:
    """A day: 21/11/2026 in Vietnamese, 21 Nov 2026 in English; a moment is taken in the shop's zone."""
    found = _local(value, zone)
    return format_date(found, "dd/MM/yyyy" if language == "vi" else "d MMM yyyy", locale=language)


def moment(value: datetime | str, zone: str = "Asia/Ho_Chi_Minh", language: str = "vi") -> str:
    """A moment in the shop's zone: 21/11/2026 18:05, 21 Nov 2026 18:05."""
    found = _local(value, zone)
    clock = f"{found:%H:%M}" if isinstance(found, datetime) else ""
    return f"{day(found, zone, language)} {clock}".rstrip()


def brief(value: datetime | str, zone: str = "Asia/Ho_Chi_Minh", language: str = "vi") -> str:
    """A moment of this year, short: 21/11 18:05, 21 Nov 18:05."""
    found = _local(value, zone)
    pattern = "dd/MM" if language == "vi" else "d MMM"
    clock = f" {found:%H:%M}" if isinstance(found, datetime) else ""
    return format_date(found, pattern, locale=language) + clock


def grouped(code: str) -> str:
    """Digits in groups for the eye: a card 2904 0012 83107, a coupon 9911 4078 5224 9033 65."""
    cuts = (4, 8) if len(code) == 13 else tuple(range(4, len(code), 4))
    bounds = (0, *cuts, len(code))
    return " ".join(code[start:end] for start, end in zip(bounds, bounds[1:], strict=False) if start < end)


def initials(name: str | None) -> str:
    """Two letters for a face: family and given name, as Vietnamese names are ordered."""
    words = (name or "").split()
    letters = [words[0][0], words[-1][0]] if len(words) > 1 else [word[0] for word in words]
    return "".join(letters).upper()


def _local(value: date | datetime | str, zone: str) -> date | datetime:
    if isinstance(value, str):
        value = datetime.fromisoformat(value) if "T" in value or " " in value else date.fromisoformat(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(ZoneInfo(zone))
    return value
