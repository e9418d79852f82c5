"""The bodies of the till's calls, decoded straight into frozen values (contract.md section 2)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from loyalty_pos.domain.basket import (
    MAX_LINES,
    MAX_LINES_SOLD,
    MAX_MONEY,
    MAX_UNITS,
    PLAIN,
    Basket,
    Entry,
    Id,
    Line,
    Scan,
    Tender,
    Text,
)

Tenders = Annotated[tuple[Tender, ...], Meta(max_length=20)]
Key = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{16,64}$")]


class SwipeIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /cards/identify."""

    swipe: Scan
    entry: Entry | None = None
    cashier: Id | None = None


class SaleIn(Basket, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /sales: a Basket with its receipt; ``as_sold`` is a sale already made (S47)."""

    lines: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=MAX_LINES_SOLD)]
    receipt: Id
    tenders: Tenders = ()
    as_sold: bool = False


class SettleIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /checkouts/{id}/settle."""

    receipt: Id
    paid_at: datetime | None = None
    tenders: Tenders = ()


class ReturnLine(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much of one line comes back; a weighed line comes back whole (its own quantity)."""

    line: Id
    quantity: Annotated[int, Meta(ge=1, le=MAX_UNITS)] | Annotated[str, Meta(pattern=r"^[0-9]{1,6}(\.[0-9]{1,3})?$")]


class ExchangeIn(Basket, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The new basket of an exchange; its ``receipt``, when absent, is the return's (S31)."""

    lines: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=MAX_LINES)]


class ReturnIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /sales/{id}/returns."""

    lines: Annotated[tuple[ReturnLine, ...], Meta(min_length=1, max_length=MAX_LINES_SOLD)]
    receipt: Id
    preview: bool = False
    reason: Text | None = None
    exchange: ExchangeIn | None = None


class AttachIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /sales/{id}/attach: exactly one of card and swipe."""

    card: Scan | None = None
    swipe: Scan | None = None
    cashier: Id | None = None


class ReceiptReturnIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /returns: the same, the sale named by its receipt."""

    sale_receipt: Id
    lines: Annotated[tuple[ReturnLine, ...], Meta(min_length=1, max_length=MAX_LINES_SOLD)]
    receipt: Id
    sale_terminal: Id | None = None
    sold_on: date | None = None
    preview: bool = False
    reason: Text | None = None
    exchange: ExchangeIn | None = None


class ConsentIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One consent given at enrolment (S51)."""

    purpose: Literal["programme", "profiling", "marketing", "sharing"]
    given: bool
    text_version: Annotated[str, Meta(min_length=1, max_length=64, pattern=PLAIN)]
    channel: Literal["email", "sms", "zalo", "phone"] | None = None


class PersonIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a member tells of themselves; every field is optional."""

    name: Text | None = None
    call_name: Text | None = None
    phone: Annotated[str, Meta(max_length=32, pattern=PLAIN)] | None = None
    email: (
        Annotated[str, Meta(max_length=254, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+\.[^@\s\x00-\x1f]+$")] | None
    ) = None
    birthday: date | None = None
    gender: Literal["female", "male", "other"] | None = None
    address: Text | None = None
    interests: Annotated[tuple[Text, ...], Meta(max_length=20)] | None = None


class MemberIn(PersonIn, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /members."""

    card: Scan | None = None
    consents: Annotated[tuple[ConsentIn, ...], Meta(max_length=20)] = ()


class CardIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /members/{id}/cards."""

    card: Scan | None = None
    replaces: Scan | None = None
    reason: Text | None = None


class ReasonIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A body that only says why."""

    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]


class MergeIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /members/{id}/merge."""

    into: Id
    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]


class CouponIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /members/{id}/coupons."""

    promotion: Id
    valid_to: date | None = None
    reason: Text | None = None


class LoadIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /stored-value/{code}/load: money sold on a line of a sale, or by hand with a reason."""

    amount: Annotated[int, Meta(ge=1, le=MAX_MONEY)]
    sale: Id | None = None
    line: Id | None = None
    expires_on: date | None = None
    reason: Text | None = None


class StoredValueIn(LoadIn, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /stored-value; ``amount`` 0: a card that will be sold later."""

    amount: Annotated[int, Meta(ge=0, le=MAX_MONEY)] = 0
    kind: Literal["gift_card", "wallet"] = "gift_card"
    member: Id | None = None


class TierIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /members/{id}/tier; ``tier`` null: no longer by hand, the next review decides."""

    tier: Id | None
    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]


class AdjustIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /members/{id}/points/adjustments; ``points`` signed, never 0."""

    points: Annotated[int, Meta(ge=-(10**9), le=10**9)]
    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]
