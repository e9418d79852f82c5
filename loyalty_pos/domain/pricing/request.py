"""What pricing is asked: everything it may look at, as frozen values.

price() is a pure function of (rules, request): no clock, no database, no randomness.  The
service fills these from one read of the database, ``loyalty-pos price`` from a JSON file.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from loyalty_pos.domain.basket import Basket
from loyalty_pos.domain.tiers import Standing

Language = Literal["vi", "en"]


class MemberFacts(Struct, frozen=True, kw_only=True):
    """What the rules may know of the member.  Points and ``spend`` as integers (minor units)."""

    id: str
    tier: str | None = None
    segments: tuple[str, ...] = ()
    points: int = 0
    pending: int = 0
    held: int = 0
    owed: int = 0
    """The shortfall: points that the next ones earned go to first (S27)."""
    birthday: date | None = None
    orders: int = 0
    last_order: date | None = None
    spend: int = 0
    standing: Standing | None = None
    """How far the next tier is and what keeps this one (S34)."""
    favourite: str | None = None
    """The category bought most often (habits.md section 1)."""
    may_spend: bool = True
    """Identified by scan, stripe, qr or the rotating code: may spend points (S23)."""
    blocked: bool = False
    """The card is blocked: the sale is recorded, no benefit (S42)."""
    own_till: bool = False
    """The card of the very person who is selling: it earns nothing here."""


class CouponFacts(Struct, frozen=True, kw_only=True):
    """A coupon the basket presents, as stored.  Unknown codes are simply absent."""

    code: str
    promotion: str
    member: str | None = None
    state: Literal["issued", "held", "used", "expired", "cancelled"] = "issued"
    valid_from: date | None = None
    valid_to: date | None = None
    held_until: datetime | None = None
    used_at: datetime | None = None
    used_where: str | None = None


class Usage(Struct, frozen=True, kw_only=True):
    """Uses of one promotion so far, against its limits (S37); ``budget`` in minor units spent."""

    total: int = 0
    member: int = 0
    member_in_period: int = 0
    store: int = 0
    cashier: int = 0
    budget: int = 0


class StoredValue(Struct, frozen=True, kw_only=True):
    """A gift card or wallet: payment after all discounts; ``balance`` in minor units."""

    code: str
    kind: str = "gift_card"
    balance: int = 0
    expires: date | None = None


class PriceRequest(Struct, frozen=True, kw_only=True):
    """One basket to price.  ``now`` is aware; rules use its local day in ``zone`` (S38, S44)."""

    basket: Basket
    now: datetime
    zone: str = "Asia/Ho_Chi_Minh"
    member: MemberFacts | None = None
    coupons: tuple[CouponFacts, ...] = ()
    usage: dict[str, Usage] = {}
    store: str | None = None
    language: Language = "vi"
    stored_value: tuple[StoredValue, ...] = ()
    prices: dict[str, int] = {}
    """What goods cost that an offer may add, by sku: it is valued by that (S11)."""
    explain: bool = False
