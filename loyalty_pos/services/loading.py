"""A basket made ready: who, under which rules, at which price, on one snapshot.

``make_ready`` reads and prices and changes nothing.  Quotes answer with it; checkouts and sales
post it, guarded by the versions it saw (the rules' number, the member's version, the state of
each coupon, the room under each limit).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from loyalty_pos.domain.basket import Basket, Line, basket_faults
from loyalty_pos.domain.cards import coupon_code, value_code
from loyalty_pos.domain.pricing.as_sold import record_as_sold
from loyalty_pos.domain.pricing.engine import price
from loyalty_pos.domain.pricing.request import CouponFacts, Language, MemberFacts, PriceRequest, StoredValue
from loyalty_pos.domain.pricing.result import Priced
from loyalty_pos.errors import BadInput, NotAllowed
from loyalty_pos.services import identity, limits, tiers
from loyalty_pos.services.context import Caller, Services, from_ms, to_ms
from loyalty_pos.services.identity import Holder
from loyalty_pos.services.rules import Book
from loyalty_pos.storage import ledger, reading, segment_rows, staff, values
from loyalty_pos.storage.checkouts import CheckoutRow
from loyalty_pos.storage.reading import CouponRow, MemberRow, ProductRow
from loyalty_pos.storage.tx import Tx
from loyalty_pos.storage.values import ValueRow

Mode = Literal["quote", "open", "sale", "as_sold"]


class Ready(Struct, frozen=True):
    """A priced basket and what its price was decided on.  Times in ms."""

    book: Book
    basket: Basket
    holder: Holder | None
    priced: Priced
    coupons: dict[str, CouponRow]
    values: dict[str, ValueRow]
    now: int
    sold_at: int
    new_products: list[Line]
    misses: int

    @property
    def member(self) -> MemberRow | None:
        """The member, if the card is known (blocked or not)."""
        return self.holder.member if self.holder else None

    def stored_basket(self) -> bytes:
        """The basket as a checkout keeps it: without what was scanned or typed to say who it is."""
        return msgspec.json.encode(msgspec.structs.replace(self.basket, card=None, swipe=None))

    def applied_coupons(self) -> list[int]:
        """The ids of the coupons that the price uses, in the order in which everybody locks them."""
        applied = (x.code for x in self.priced.pricing.coupons if x.status == "applied")
        return sorted(self.coupons[code].id for code in applied)

    def payments(self) -> list[tuple[int, int]]:
        """(id, amount) of what gift cards and wallets pay, in the order in which everybody locks them."""
        return sorted((self.values[one.code].id, one.amount) for one in self.priced.payments)

    def unusable(self) -> list[str]:
        """The codes in ``pay_with`` that pay nothing because they cannot."""
        return [code for code in self.basket.pay_with if code not in self.priced.pricing.stored_value]

    @property
    def earner(self) -> MemberRow | None:
        """The member who gets the benefits: none for a blocked card (S42)."""
        return self.holder.member if self.holder and not self.holder.blocked else None


def check_basket(basket: Basket) -> None:
    """Raise BadInput with the faults that types cannot say."""
    faults = dict(basket_faults(basket))
    if faults:
        raise BadInput(errors=faults)


def check_scopes(caller: Caller, basket: Basket, made: bool = False) -> None:
    """Identify and price need ``earn``; what the customer spends (coupons, points, gift cards) needs ``redeem``.

    NotAllowed (``terminal_quarantined``) where a till that must be paired again would spend; a
    sale already ``made`` is a fact (S47).
    """
    caller.need("earn")
    if basket.coupons or basket.redeem_points or basket.claim_rewards or basket.pay_with:
        caller.need("redeem")
        if caller.pair_again and not made:
            raise NotAllowed("terminal_quarantined")


def ticket_time(sold_at: int, seen: int | None, now: int) -> int:
    """When a ticket counts as made (S44), all in ms: as its till says, but not before the last server
    time that the till had seen.  A clock that was turned back revives no offer."""
    return sold_at if seen is None else max(sold_at, min(seen, now))


def make_ready(
    services: Services,
    tx: Tx,
    caller: Caller,
    basket: Basket,
    mode: Mode,
    own: CheckoutRow | None = None,
    language: Language | None = None,
    seen: int | None = None,
) -> Ready:
    """Read and price ``basket``.  Raises what identification raises; an unknown card prices
    without a member.  ``own`` is the checkout being changed: what it holds is free to it.
    ``language`` is the reader's, for what is not stored; the shop's own without one.
    ``seen``: the last server time (ms) that the till had seen.
    """
    book = services.rules.current(tx)
    now = services.now_ms()
    basket = msgspec.structs.replace(basket, cashier=caller.cashier(basket.cashier))
    sold_at = now if basket.sold_at is None or mode in ("quote", "open") else to_ms(basket.sold_at)
    at = ticket_time(sold_at, seen, now)
    holder = identity.of_basket(services, tx, book, caller, basket)
    known = reading.products(tx, (*(line.sku for line in basket.lines), *book.rules.gifts))
    filled = _fill(basket, known, book)
    codes = _codes(basket)
    member = holder.member if holder else None
    earner = member.id if member and holder and not holder.blocked else None
    best = basket.coupons == "best"
    shown = reading.own_coupons(tx, earner) if best else reading.coupons(tx, codes)
    coupons = {row.code: row for row in shown}
    stored = {row.code: row for row in values.by_codes(tx, filled.pay_with)}
    own_card = holder is not None and own_till(tx, caller, basket.cashier, holder)
    request = PriceRequest(
        basket=msgspec.structs.replace(filled, coupons="best" if best else tuple(codes)),
        now=from_ms(at).astimezone(ZoneInfo(book.programme.zone)),
        zone=book.programme.zone,
        member=_member_facts(tx, book, holder, own, now, own_card) if holder else None,
        coupons=tuple(_coupon_facts(row, book, own, now) for row in coupons.values()),
        usage=limits.usage(tx, book, earner, caller.store_id, basket.cashier, now, own),
        store=caller.store,
        language=language or book.language,
        explain=basket.explain,
        prices={sku: known[sku].unit_price or 0 for sku in book.rules.gifts if sku in known},
        stored_value=_stored_value(tx, stored, holder, book, own),
    )
    priced = record_as_sold(book.rules, request) if mode == "as_sold" else price(book.rules, request)
    fresh = [line for line in basket.lines if line.sku not in known]
    misses = _misses(holder, codes, coupons, member) + _foreign(filled.pay_with, stored, member)
    return Ready(book, filled, holder, priced, coupons, stored, now, sold_at, fresh, misses)


def _fill(basket: Basket, known: dict[str, ProductRow], book: Book) -> Basket:
    """Lines with what our catalogue knows and the till did not say; each gift card once, however it was written.

    A line that sells a gift card is no merchandise: no offer touches it and it earns nothing (S16).
    """
    lines = []
    for line in basket.lines:
        product = known.get(line.sku)
        if product is not None and (line.category is None or line.unit_cost is None or line.brand is None):
            line = msgspec.structs.replace(
                line,
                name=line.name or product.name,
                category=line.category or product.category,
                brand=line.brand or product.brand,
                unit_cost=line.unit_cost if line.unit_cost is not None else product.unit_cost,
            )
        if line.sku in book.programme.gift_card_skus:
            line = msgspec.structs.replace(line, discountable=False, earns=False)
        lines.append(line)
    pay_with = tuple(dict.fromkeys(value_code(text) or text[:64] for text in basket.pay_with))
    return msgspec.structs.replace(basket, lines=tuple(lines), pay_with=pay_with)


def _codes(basket: Basket) -> list[str]:
    """The coupon codes, each once, however they were written."""
    typed = basket.coupons if not isinstance(basket.coupons, str) else ()
    return list(dict.fromkeys(coupon_code(text) or text[:64] for text in typed))


def _misses(
    holder: Holder | None, codes: Sequence[str], coupons: dict[str, CouponRow], member: MemberRow | None
) -> int:
    """Unknown or foreign cards and codes in this basket: guesses (contract.md, guess limit)."""
    foreign = sum(
        code not in coupons
        or (coupons[code].member_id is not None and (member is None or coupons[code].member_id != member.id))
        for code in codes
    )
    return foreign + (holder is not None and holder.outcome == "unknown")


def _foreign(codes: Sequence[str], stored: dict[str, ValueRow], member: MemberRow | None) -> int:
    """Unknown gift cards and other people's wallets: guesses too."""
    mine = {None, member.id if member else None}
    return sum(code not in stored or stored[code].member_id not in mine for code in codes)


def _stored_value(
    tx: Tx, stored: dict[str, ValueRow], holder: Holder | None, book: Book, own: CheckoutRow | None
) -> tuple[StoredValue, ...]:
    """What may pay: what is not blocked and not held by others; a wallet only for its owner, present (S23)."""
    present = holder.member.id if holder and holder.member and holder.may_spend(book) and not holder.blocked else None
    mine = values.holds(tx, own.id) if stored and own is not None and own.state == "open" else {}
    return tuple(
        StoredValue(
            code=row.code,
            kind=row.kind,
            balance=row.free + mine.get(row.id, 0),
            expires=date.fromisoformat(row.expires_on) if row.expires_on else None,
        )
        for row in stored.values()
        if row.state == "active" and row.member_id in (None, present)
    )


def own_till(tx: Tx, caller: Caller, cashier: str | None, holder: Holder) -> bool:
    """Whether the card belongs to the one who sells: signed in, or named by login as ``cashier``."""
    if holder.member is None or (caller.staff_id is None and cashier is None):
        return False
    return staff.sells_to_self(tx, holder.member.id, caller.staff_id, cashier)


def _member_facts(
    tx: Tx, book: Book, holder: Holder, own: CheckoutRow | None, now: int, own_card: bool
) -> MemberFacts | None:
    row = holder.member
    if row is None:
        return None
    lapsed, favourite = (
        reading.standing(tx, row.id, now) if book.issues_coupons else (ledger.lapsed(tx, row.id, now), None)
    )
    mine = own.points_held if own is not None and own.state == "open" and own.member_id == row.id else 0
    last = None if row.last_at is None else book.programme.local(row.last_at).date()
    return MemberFacts(
        id=str(row.id),
        tier=row.tier,
        points=max(0, row.active + mine - lapsed),
        pending=row.pending,
        held=row.held - mine,
        owed=row.shortfall,
        birthday=date.fromisoformat(row.birthday) if row.birthday else None,
        orders=row.visits,
        last_order=last,
        spend=row.spend,
        standing=tiers.standing(tx, book, row, now),
        segments=segment_rows.codes_of(tx, row.id) if book.names_segments else (),
        favourite=favourite,
        may_spend=holder.may_spend(book),
        blocked=holder.blocked,
        own_till=own_card,
    )


def _coupon_facts(row: CouponRow, book: Book, own: CheckoutRow | None, now: int) -> CouponFacts:
    """A hold that has lapsed still holds until its checkout has given it back (jobs/release_holds)."""
    zone = ZoneInfo(book.programme.zone)
    mine = row.state == "held" and own is not None and row.checkout_id == own.id
    return CouponFacts(
        code=row.code,
        promotion=row.promotion,
        member=None if row.member_id is None else str(row.member_id),
        state="issued" if mine else row.state,  # type: ignore[arg-type]
        valid_from=date.fromisoformat(row.valid_from),
        valid_to=date.fromisoformat(row.valid_to) if row.valid_to else None,
        held_until=_moment(row.held_until if row.held_until and row.held_until > now else None, zone),
        used_at=_moment(row.used_at, zone),
        used_where=row.used_store,
    )


def _moment(value: int | None, zone: ZoneInfo) -> datetime | None:
    return None if value is None else from_ms(value).astimezone(zone)
