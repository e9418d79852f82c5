"""How figures are said in the answer's language; the sentences themselves stand where they are used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from loyalty_pos.domain.money import format_money
from loyalty_pos.domain.pricing.request import Language


@dataclass(frozen=True, slots=True)
class Say:
    """Vietnamese or English, in one currency."""

    language: Language
    currency: str

    def text(self, vi: str, en: str) -> str:
        """The one of two sentences that is in the answer's language."""
        return vi if self.language == "vi" else en

    def money(self, amount: int) -> str:
        """``18.000đ`` or ``18,000đ``."""
        return format_money(amount, self.currency, self.language)

    def percent(self, percent: Decimal) -> str:
        """``17,5%`` or ``17.5%``; no trailing zeros."""
        return self.decimal(percent) + "%"

    def decimal(self, value: Decimal) -> str:
        """``1,5`` or ``1.5``; no trailing zeros."""
        text = _plain(value)
        return text.replace(".", ",") if self.language == "vi" else text

    def number(self, value: int) -> str:
        """Points and quantities: ``1.580`` or ``1,580``."""
        text = f"{value:,}"
        return text.replace(",", ".") if self.language == "vi" else text

    def day(self, day: date) -> str:
        """``30/11/2026`` or ``30 Nov 2026``."""
        if self.language == "vi":
            return f"{day.day:02d}/{day.month:02d}/{day.year}"
        return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"

    def moment(self, moment: datetime) -> str:
        """A local time: ``19:05 21/11/2026``."""
        return f"{moment.hour:02d}:{moment.minute:02d} {self.day(moment.date())}"


@lru_cache(maxsize=4096)
def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
