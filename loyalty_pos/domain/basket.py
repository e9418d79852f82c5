"""The basket: what is being bought, as the till sends it.

The structs below are the contract's Basket, decoded straight from JSON by msgspec, frozen.
Money is an integer of minor units, a quantity is a whole number or a decimal string with at
most three places (a weighed line: one unit in every condition, returned whole, S4).  Decoding
refuses floats, booleans and unknown fields; nothing is ever guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from loyalty_pos.domain.money import line_gross

MAX_MONEY = 10**12
MAX_LINES = 1_000
MAX_LINES_SOLD = 5_000
MAX_UNITS = 10_000
FIRST_YEAR, LAST_YEAR = 2000, 2100

# Text that a person or a till typed: no control characters, no bidirectional overrides.
PLAIN = r"^[^\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]*$"

Money = Annotated[int, Meta(ge=0, le=MAX_MONEY)]
Id = Annotated[str, Meta(min_length=1, max_length=64, pattern=PLAIN)]
Text = Annotated[str, Meta(max_length=200, pattern=PLAIN)]
Scan = Annotated[str, Meta(min_length=1, max_length=400)]
Count = Annotated[int, Meta(ge=1, le=MAX_UNITS)]
Weight = Annotated[str, Meta(pattern=r"^(?=.*[1-9])[0-9]{1,6}(\.[0-9]{1,3})?$")]
Entry = Literal["scan", "stripe", "qr", "typed", "phone"]


class Line(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line of the basket.  ``discount`` is what the host till already took off (S49)."""

    line: Id
    sku: Id
    quantity: Count | Weight
    unit_price: Money
    name: Text | None = None
    category: Text | None = None
    brand: Text | None = None
    discount: Money = 0
    unit_cost: Money | None = None
    floor: Money | None = None
    discountable: bool = True
    earns: bool = True

    @property
    def units(self) -> int:
        """Units for conditions, groups and returns: a weighed line is one (S4)."""
        return self.quantity if isinstance(self.quantity, int) else 1

    @property
    def gross(self) -> int:
        """unit_price x quantity, rounded half-up once (S2), minor units."""
        return line_gross(self.unit_price, self.quantity)


class Tender(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a part of the bill was paid; never a card number."""

    kind: Annotated[str, Meta(min_length=1, max_length=32, pattern=PLAIN)]
    amount: Annotated[int, Meta(ge=-MAX_MONEY, le=MAX_MONEY)]


class Basket(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is being bought and who holds the card (contract.md section 2)."""

    lines: Annotated[tuple[Line, ...], Meta(max_length=MAX_LINES)] = ()
    card: Scan | None = None
    swipe: Scan | None = None
    member: Id | None = None
    entry: Entry | None = None
    cashier: Id | None = None
    receipt: Id | None = None
    sold_at: datetime | None = None
    coupons: Annotated[tuple[Scan, ...], Meta(max_length=50)] | Literal["best"] = ()
    redeem_points: Annotated[int, Meta(ge=0, le=MAX_MONEY)] = 0
    claim_rewards: Annotated[tuple[Id, ...], Meta(max_length=20)] = ()
    pay_with: Annotated[tuple[Scan, ...], Meta(max_length=20)] = ()
    swipe_id: Id | None = None
    replace_card: bool = False
    explain: bool = False


def line_order(line_id: str) -> tuple[int, int, str]:
    """The order of line ids wherever a tie is broken: numeric ids as numbers, else as text (S4)."""
    return (0, int(line_id), "") if line_id.isascii() and line_id.isdigit() else (1, 0, line_id)


def basket_faults(basket: Basket) -> Mapping[str, list[str]]:
    """What the types cannot say: field path -> codes; empty when the basket is sound.

    Line ids are unique, a basket has at most ``MAX_UNITS`` units, a host discount is not above
    its line, at most one of card, swipe and member is named, a time carries its offset.
    """
    faults: dict[str, list[str]] = {}
    seen: set[str] = set()
    units = total = 0
    for index, line in enumerate(basket.lines):
        if line.line in seen:
            faults[f"lines.{index}.line"] = ["duplicate"]
        seen.add(line.line)
        units += line.units
        gross = line.gross
        total += gross
        if gross > MAX_MONEY:
            faults[f"lines.{index}.unit_price"] = ["too_large"]
        elif line.discount > gross:
            faults[f"lines.{index}.discount"] = ["above_line"]
    if units > MAX_UNITS:
        faults["lines"] = ["too_many_units"]
    if sum(value is not None for value in (basket.card, basket.swipe, basket.member)) > 1:
        faults["card"] = ["one_identity"]
    if total > MAX_MONEY and "lines" not in faults:
        faults["lines"] = ["too_large"]
    if basket.sold_at is not None and (fault := moment_fault(basket.sold_at)):
        faults["sold_at"] = [fault]
    return faults


def moment_fault(moment: datetime) -> str | None:
    """What is wrong with a time of a ticket: it has no offset, or is of no year that a till can mean."""
    if moment.tzinfo is None:
        return "offset_missing"
    return None if FIRST_YEAR <= moment.year <= LAST_YEAR else "out_of_range"


decode_basket = msgspec.json.Decoder(Basket).decode
