"""What the rules may look at, worked out once per basket: the member as they count today.

A blocked card counts as no member (S42).  ``today`` is the local day in the shop's zone (S38).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from loyalty_pos.domain.pricing.board import Board
from loyalty_pos.domain.pricing.request import MemberFacts, PriceRequest


@dataclass(frozen=True, slots=True)
class Miss:
    """Why an offer or coupon does not apply, and what is missing (S13)."""

    reason: str
    amount: int | None = None
    quantity: int | None = None
    of: int | None = None
    """The threshold itself, to tell how near it is."""
    winner: str | None = None
    """The promotion that won, for ``not_combinable``."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One basket's circumstances."""

    board: Board
    request: PriceRequest
    member: MemberFacts | None
    tier: str | None
    now: datetime
    """Local time in the shop's zone."""

    @property
    def today(self) -> date:
        """The shop's local day."""
        return self.now.date()


def facts_of(board: Board, request: PriceRequest, tier: str | None) -> Facts:
    """Facts of one request; ``tier`` is the one that counts for this purchase."""
    member = counted_member(request)
    now = request.now.astimezone(ZoneInfo(request.zone))
    return Facts(board, request, member, tier if member else None, now)


def counted_member(request: PriceRequest) -> MemberFacts | None:
    """The member, unless the card is blocked (S42)."""
    member = request.member
    return None if member is None or member.blocked else member


def compare(value: int, op: Literal["gte", "gt", "lt", "lte", "eq"], bound: int) -> bool:
    """``value op bound``; thresholds are inclusive by default (S9)."""
    if op == "gte":
        return value >= bound
    if op == "gt":
        return value > bound
    if op == "lte":
        return value <= bound
    return value < bound if op == "lt" else value == bound


def days_to_birthday(birthday: date, today: date) -> int:
    """Days between ``today`` and the nearest birthday, before or after; 29 February counts as the 28th."""
    return min(abs((_in_year(birthday, today.year + shift) - today).days) for shift in (-1, 0, 1))


def _in_year(birthday: date, year: int) -> date:
    try:
        return birthday.replace(year=year)
    except ValueError:
        return date(year, 2, 28)
