"""Who holds the card: one scan, swipe or number becomes a Holder, by index look-ups alone.

A holder says how the card was read, because possession decides what may be spent (S23): typed
numbers and phone numbers identify for earning only.  A blocked card identifies nobody to
benefit (S42); a replaced card acts as its successor.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, structs

from loyalty_pos.domain.basket import Basket
from loyalty_pos.domain.cards import Reading, read_swipe, rotating_match, rotating_step
from loyalty_pos.errors import BadInput, Conflict, NotFound, Refused
from loyalty_pos.services.context import Caller, Services, from_ms
from loyalty_pos.services.pages import page_card
from loyalty_pos.services.phones import e164
from loyalty_pos.services.rules import Book
from loyalty_pos.storage import cards, reading
from loyalty_pos.storage.reading import CardRow, MemberRow
from loyalty_pos.storage.tx import Tx

Found = Literal["found", "blocked", "replaced", "unknown"]
PRESENT_MS = 30 * 60_000
POSSESSION = frozenset({"scan", "stripe", "qr", "rotating"})


class Holder(Struct, frozen=True):
    """What an identification found.

    ``number`` is the card's number, or the cleaned text of an unknown one.  ``step`` is the step
    of a rotating code, to be marked as used by the write that spends with it.
    """

    outcome: Found
    entry: str
    number: str | None = None
    member: MemberRow | None = None
    card: CardRow | None = None
    step: int | None = None
    swipe_id: int | None = None

    @property
    def blocked(self) -> bool:
        """The card is blocked: the sale is recorded, no benefit."""
        return self.outcome == "blocked"

    def may_spend(self, book: Book) -> bool:
        """Whether this way of reading may spend points (S23)."""
        if book.programme.spend_needs_code:
            return self.entry == "rotating"
        return self.entry in POSSESSION


class CardConflict(Conflict):
    """A second card on one sale (S42); ``holder`` is the one that was not expected."""

    default_code = "card_conflict"

    def __init__(self, holder: Holder) -> None:
        super().__init__()
        self.holder = holder


def find(services: Services, tx: Tx, book: Book, raw: str, entry: str | None, at: int | None = None) -> Holder:
    """Read one scan and look up who it is.  BadInput (``payment_card``) for a payment card (S41).

    ``at``: when the till read it (ms), if that was not now: a rotating code is one of that moment.
    """
    how = entry or "typed"
    programme = book.programme
    read = read_swipe(raw, own_prefixes=programme.own_prefixes, scan=how in ("scan", "qr"))
    if read.kind == "payment":
        raise BadInput("payment_card", errors={"swipe": ["payment_card"]})
    if read.kind in ("coupon", "value"):
        raise Refused("card_is_coupon")
    if read.form == "stripe" and entry is not None:
        how = "stripe"
    if read.kind == "rotating":
        return _rotating(services, tx, read, services.now_ms() if at is None else at)
    if read.kind == "phone":
        return _by_phone(tx, read.value)
    if read.kind == "page":
        card_id = page_card(tx, services.secret, read.value)
        found = reading.holder_by_id(tx, card_id) if card_id is not None else None
    else:
        found = reading.holder(tx, read.value)
    number = None if read.kind == "page" else read.value[:64]
    return _of_card(tx, found, how, number)


def of_member(tx: Tx, member_id: int, entry: str, swipe_id: int | None = None) -> Holder:
    """The member by id, with the entry that found them; NotFound (``member_unknown``)."""
    member = reading.member(tx, member_id)
    if member is None or member.state == "erased":
        raise NotFound("member_unknown")
    card = reading.member_card(tx, member.id)
    blocked = card is not None and card.state == "blocked"
    number = card.number if card else None
    return Holder("blocked" if blocked else "found", entry, number, member, card, swipe_id=swipe_id)


def of_basket(services: Services, tx: Tx, book: Book, caller: Caller, basket: Basket) -> Holder | None:
    """Who the basket names by card, swipe, member or swipe_id; None for a basket without a member.

    Two different people in one basket are a conflict unless ``replace_card`` (S42): the card
    that is named in the basket then counts.
    """
    swiped = _of_swipe(services, tx, caller, basket.swipe_id) if basket.swipe_id is not None else None
    raw = basket.card if basket.card is not None else basket.swipe
    if raw is not None:
        holder = find(services, tx, book, raw, basket.entry)
        if swiped is None:
            return holder
        if holder.member is None or swiped.member is None or holder.member.id == swiped.member.id:
            return swiped if holder.member is not None else holder
        if not basket.replace_card:
            raise CardConflict(holder)
        return holder
    if basket.member is not None:
        member_id = parse_id(basket.member, "member")
        if swiped is None or swiped.member is None:
            return of_member(tx, member_id, "typed")
        if swiped.member.id != member_id:
            other = of_member(tx, member_id, "typed")
            if not basket.replace_card:
                raise CardConflict(other)
            return other
    return swiped


def parse_id(value: str, what: str) -> int:
    """An opaque id as our number; NotFound (``<what>_unknown``) when it cannot be one of ours."""
    if value.isascii() and value.isdigit() and len(value) <= 18:
        return int(value)
    raise NotFound(f"{what}_unknown")


def _of_swipe(services: Services, tx: Tx, caller: Caller, swipe_id: str) -> Holder | None:
    """The holder that a swipe found.  It shows possession only for a while and at its own terminal (S23)."""
    row = reading.swipe(tx, parse_id(swipe_id, "swipe"))
    if row is None:
        raise NotFound("swipe_unknown")
    caller.need_store(row.store_id, "swipe")
    fresh = services.now_ms() - min(row.at, row.recorded_at) <= PRESENT_MS and row.terminal_id == caller.terminal_id
    entry = row.entry if fresh or row.entry not in POSSESSION else "typed"
    if row.card_id is not None:
        holder = _of_card(tx, reading.holder_by_id(tx, row.card_id), entry, row.number)
        return structs.replace(holder, swipe_id=row.id)
    if row.member_id is not None:
        return of_member(tx, row.member_id, entry, swipe_id=row.id)
    return Holder("unknown", entry, row.number, swipe_id=row.id)


def _of_card(tx: Tx, found: tuple[CardRow, MemberRow] | None, entry: str, number: str | None) -> Holder:
    if found is None:
        return Holder("unknown", entry, number)
    card, member = found
    outcome: Found = "found"
    while card.state == "replaced" and card.replaced_by is not None:
        outcome = "replaced"
        successor = reading.holder_by_id(tx, card.replaced_by)
        assert successor is not None
        card, member = successor
    if card.state == "blocked":
        outcome = "blocked"
    return Holder(outcome, entry, card.number, member, card)


def _rotating(services: Services, tx: Tx, read: Reading, at: int) -> Holder:
    found = reading.holder(tx, read.value)
    step = rotating_match(services.secret, read.value, read.code, rotating_step(from_ms(at)))
    holder = _of_card(tx, found, "rotating", read.value)
    if holder.member is None or step is None:
        return Holder("unknown", "rotating", read.value)
    assert holder.card is not None
    if cards.step_used(tx, holder.card.id, step):
        return Holder(holder.outcome, "typed", holder.number, holder.member, holder.card)
    return Holder(holder.outcome, "rotating", holder.number, holder.member, holder.card, step)


def _by_phone(tx: Tx, raw: str) -> Holder:
    member_id = reading.member_by_phone(tx, e164(raw))
    if member_id is None:
        return Holder("unknown", "phone")
    return of_member(tx, member_id, "phone")
