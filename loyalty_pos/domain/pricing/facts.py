"""What the rules may look at, worked out once per basket: the member as they count today.

A blocked card counts as no member (S42).  ``today`` is the local day in the shop's zone (S38).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from loyalty_pos.domain.pricing.board import Board
from loyalty_pos.domain.pricing.request import MemberFacts, PriceRequest
from loyalty_pos.domain.promotions.scope import Scope
from loyalty_pos.domain.tiers import NORMAL

if TYPE_CHECKING:
    from loyalty_pos.domain.pricing.earning import Earning


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
    wanted: tuple[tuple[Scope, int], ...] = ()
    """The goods that are missing: units of scopes, or minor units where an amount is missing."""

    @property
    def buyable(self) -> bool:
        """Whether more goods would mend it."""
        return self.amount is not None or self.quantity is not None


def first_miss(misses: Iterable[Miss | None]) -> Miss | None:
    """Of several, one that no purchase mends, else the first: a threshold is told only when it alone is missing
    (S13)."""
    first: Miss | None = None
    for miss in misses:
        if miss is not None and not miss.buyable:
            return miss
        first = first or miss
    return first


@dataclass(frozen=True, slots=True)
class Facts:
    """One basket's circumstances."""

    board: Board
    request: PriceRequest
    member: MemberFacts | None
    tier: str | None
    now: datetime
    """Local time in the shop's zone."""
    earnings: tuple[Earning, ...] = ()
    """Enabled earn rules, higher priority first."""
    tier_multiplier: int = NORMAL
    point_value: int = 0
    """Minor units that a point is worth when it is spent (S15)."""

    @property
    def today(self) -> date:
        """The shop's local day."""
        return self.now.date()

    def price_of(self, sku: str) -> int:
        """What a product costs: in this basket, else as the caller knows it; 0 where nobody does."""
        price = self.board.price_of(sku)
        return self.request.prices.get(sku, 0) if price is None else price


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
