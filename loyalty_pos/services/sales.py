"""Sales: open and settle in one call, settle of a checkout, and sales made elsewhere.

A sale that has happened is a fact and is never refused: what could not be given as priced is
the store's exception, the customer's receipt stays true (S47, S48, contract.md, Facts).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from loyalty_pos.domain.basket import Basket, moment_fault
from loyalty_pos.domain.pricing.result import Priced
from loyalty_pos.errors import BadInput, Conflict, NotFound
from loyalty_pos.services import checkout, crediting, holding, limits, parking, segment_members
from loyalty_pos.services.answers import Exceptional, SaleAnswer, dress, sale_answer
from loyalty_pos.services.context import Caller, Outcome, Request, Services, to_ms
from loyalty_pos.services.idempotency import decide
from loyalty_pos.services.identity import parse_id
from loyalty_pos.services.loading import Ready, check_basket, check_scopes, make_ready
from loyalty_pos.services.members import summary
from loyalty_pos.services.posting import Ticket, known_receipt, post_sale
from loyalty_pos.services.promotions import priced_by
from loyalty_pos.services.requests import SaleIn, SettleIn
from loyalty_pos.storage import coupons as coupon_rows
from loyalty_pos.storage import ledger, members, posting, reading, sales, values
from loyalty_pos.storage.checkouts import CheckoutRow
from loyalty_pos.storage.ledger import Why
from loyalty_pos.storage.reading import MemberRow
from loyalty_pos.storage.sales import SaleRow
from loyalty_pos.storage.tx import Stale, Tx


def sell(services: Services, request: Request, body: SaleIn) -> tuple[Outcome, Any]:
    """Record a sale: priced here, or (``as_sold``) at the price already charged (S47).

    The same receipt with the same body answers with the first sale; Conflict
    (``receipt_conflict``) with another body (S45).
    """
    check_basket(body)
    caller = request.caller
    check_scopes(caller, body, made=body.as_sold)
    lane = caller.need_lane()
    body_hash = hashlib.sha256(msgspec.json.encode(body)).digest()

    def known(tx: Tx) -> Outcome | None:
        sold_at = services.now_ms() if body.sold_at is None else to_ms(body.sold_at)
        return known_receipt(tx, caller, services.rules.current(tx), body.receipt, sold_at, body_hash)

    def load(tx: Tx) -> Ready | None:
        parking.one_at_a_time(tx, lane[0], body.receipt)
        if known(tx) is not None:
            return None
        return make_ready(services, tx, caller, body, "as_sold" if body.as_sold else "sale", seen=request.seen)

    def post(tx: Tx, ready: Ready | None) -> Outcome:
        parking.one_at_a_time(tx, lane[0], body.receipt)
        if ready is None:
            first = known(tx)
            if first is None:
                raise Stale
            return first
        holding.check_rules(tx, ready.book)
        sale_id, answer = post_new(services, tx, request, ready, body, body_hash)
        return Outcome("created", sale_answer(answer, sale_id, ready.member), sale_id)

    recorder = checkout.conflict_recorder(services, request, body)
    return shown(services, decide(services, request, load, post, recorder))


def post_new(
    services: Services, tx: Tx, request: Request, ready: Ready, body: SaleIn, body_hash: bytes
) -> tuple[int, SaleAnswer]:
    """Write a sale as it was made ready, with all that follows from it; its id, and what is shown of it."""
    lane = request.caller.need_lane()
    swipe_id = checkout.swipe_of(tx, lane, ready)
    member_id = ready.earner.id if ready.earner else None
    limited = not body.as_sold
    if ready.priced.payments:
        members.lock(tx, member_id)
        values.by_codes(tx, list(ready.values))
    counted = limits.count(tx, ready.book, ready.priced.uses, member_id, lane[0], ready.basket.cashier, limited)
    ticket = _ticket(tx, request, ready, body, body_hash, swipe_id, counted)
    sale_id, answer = post_sale(services, tx, ticket)
    _pay(tx, ready.payments(), _why(request, ready.now, sale_id))
    _use_coupons(tx, ready, sale_id, request)
    posting.add_products(tx, _fresh(ready))
    _follow(services, tx, request, ticket, sale_id)
    return sale_id, answer


def _follow(services: Services, tx: Tx, request: Request, ticket: Ticket, sale_id: int) -> None:
    """The member's segments; and what waited for this sale: its card, enrolled meanwhile (S42), its returns (S31)."""
    if ticket.member is not None:
        segment_members.follow(tx, ticket.book, ticket.member.id, ticket.now)
    if ticket.unknown_card is not None:
        crediting.credit_enrolled(services, tx, request, sale_id, ticket.unknown_card)
    parking.apply_parked(services, tx, request, sale_id, ticket.receipt)


def _ticket(
    tx: Tx,
    request: Request,
    ready: Ready,
    body: SaleIn,
    body_hash: bytes,
    swipe_id: int | None,
    counted: list[limits.Counted],
) -> Ticket:
    member, holder = ready.earner, ready.holder
    exceptions: list[Exceptional] = []
    spent = ready.priced.pricing.points_spent
    if body.as_sold:
        refused = [x for x in ready.priced.pricing.coupons if x.status == "refused"]
        exceptions = [Exceptional(x.reason or "coupon_not_usable", 0) for x in refused]
        spent, missing = _available(tx, ready.priced, member, ready.now)
        exceptions += [missing] if missing else []
        exceptions += [Exceptional("value_not_usable", 0)] if ready.unusable() else []
    return Ticket(
        request=request,
        book=ready.book,
        priced=ready.priced,
        lines=ready.basket.lines,
        receipt=body.receipt,
        body_hash=body_hash,
        sold_at=ready.sold_at,
        now=ready.now,
        cashier=ready.basket.cashier,
        member=member,
        swipe_id=swipe_id,
        unknown_card=crediting.unknown_number(holder),
        spent=spent,
        exceptions=tuple(exceptions),
        member_version=member.version if member else None,
        counted=limits.pack(counted),
    )


def _why(request: Request, now: int, sale_id: int) -> Why:
    caller = request.caller
    return Why(now, caller.key, caller.terminal_id, sale_id, key=request.key)


def _pay(tx: Tx, payments: Sequence[tuple[int, int]], why: Why) -> None:
    for value_id, amount in payments:
        if not values.pay(tx, value_id, amount, why):
            raise Stale


def _use_coupons(tx: Tx, ready: Ready, sale_id: int, request: Request) -> None:
    for coupon_id in ready.applied_coupons():
        if not coupon_rows.use(tx, coupon_id, sale_id, ready.now, request.caller.key):
            raise Stale


def _fresh(ready: Ready) -> list[tuple[str, str | None, str | None, str | None, int, int | None, int]]:
    return [(x.sku, x.name, x.category, x.brand, x.unit_price, x.unit_cost, ready.now) for x in ready.new_products]


def settle(services: Services, request: Request, checkout_id: str, body: SettleIn) -> tuple[Outcome, Any]:
    """Post the checkout's stored price; nothing is priced anew (S48).

    Settled again with the same receipt: that sale; with another one: Conflict
    (``checkout_settled``); Conflict (``checkout_voided``).
    """
    caller = request.caller
    caller.need("earn")
    if body.paid_at is not None and (fault := moment_fault(body.paid_at)):
        raise BadInput(errors={"paid_at": [fault]})

    def post(tx: Tx, _ready: object) -> Outcome:
        row = checkout.find_checkout(tx, caller, checkout_id, lock=True)
        if row.sale_id is not None:
            if sales.receipt_of(tx, row.sale_id) != body.receipt:
                raise Conflict("checkout_settled")
            return Outcome("done", sale_id=row.sale_id)
        if row.state == "voided":
            raise Conflict("checkout_voided")
        parking.one_at_a_time(tx, row.store_id, body.receipt)
        return _post_checkout(services, tx, request, row, body)

    return shown(services, decide(services, request, lambda _tx: object(), post))


def _post_checkout(services: Services, tx: Tx, request: Request, row: CheckoutRow, body: SettleIn) -> Outcome:
    book = services.rules.current(tx)
    now = services.now_ms()
    sold_at = now if body.paid_at is None else to_ms(body.paid_at)
    body_hash = hashlib.sha256(f"checkout {row.id}".encode()).digest()
    if known_receipt(tx, request.caller, book, body.receipt, sold_at, body_hash) is not None:
        raise Conflict("receipt_conflict")
    basket = msgspec.json.decode(row.basket, type=Basket)
    priced = msgspec.json.decode(row.priced, type=Priced)
    member = reading.member(tx, row.member_id) if row.member_id is not None else None
    taken = holding.capture(tx, row)
    held = row.state == "open"
    spent, points_missing = (priced.pricing.points_spent, None) if held else _available(tx, priced, member, now)
    payments, value_missing = _payable(tx, priced, held)
    priced, lost = _lost_coupons(tx, row, priced)
    counted = row.counted
    if row.state == "expired":
        earner = member.id if member else None
        anew = limits.count(tx, book, priced.uses, earner, row.store_id, row.cashier, limited=False)
        counted = limits.pack(anew)
    exceptions = [*lost, *(one for one in (points_missing, value_missing) if one)]
    ticket = Ticket(
        request=request, book=book, priced=priced, lines=basket.lines, receipt=body.receipt, body_hash=body_hash,
        sold_at=sold_at, now=now, cashier=row.cashier, member=member, swipe_id=row.swipe_id,
        unknown_card=_unknown_card(tx, row), spent=spent, taken=taken, held=row.points_held,
        exceptions=tuple(exceptions),
        member_version=member.version if member else None, rules=row.rules, counted=counted,
    )  # fmt: skip
    sale_id, answer = post_sale(services, tx, ticket)
    why = _why(request, now, sale_id)
    if held and priced.payments:
        values.capture(tx, row.id, why)
    _pay(tx, payments, why)
    for coupon_id, _ in sorted(coupon_rows.ids(tx, _applied(priced))):
        if not coupon_rows.use(tx, coupon_id, sale_id, now, request.caller.key, row.id):
            raise Stale
    fresh = [(x.sku, x.name, x.category, x.brand, x.unit_price, x.unit_cost, now) for x in basket.lines]
    posting.add_products(tx, fresh)
    holding.move(tx, row, "settled", sale_id)
    _follow(services, tx, request, ticket, sale_id)
    return Outcome("created", sale_answer(answer, sale_id, member), sale_id)


def _unknown_card(tx: Tx, row: CheckoutRow) -> str | None:
    """The number of the card that was not known when the checkout was opened (S42)."""
    swipe = reading.swipe(tx, row.swipe_id) if row.swipe_id is not None and row.member_id is None else None
    if swipe is None or swipe.outcome != "unknown" or swipe.entry == "rotating":
        return None
    return swipe.number


def _available(tx: Tx, priced: Priced, member: MemberRow | None, now: int) -> tuple[int, Exceptional | None]:
    """(points that can really be spent now, what is missing as the store's exception)."""
    pricing = priced.pricing
    if not pricing.points_spent or member is None:
        return pricing.points_spent, None
    spent = min(pricing.points_spent, member.active - ledger.lapsed(tx, member.id, now))
    missing = pricing.points_spent - spent
    if not missing:
        return spent, None
    of_money = min(missing, pricing.points.redeemed)  # rewards are paid first, then the points that are money
    value = pricing.totals.points_value * of_money // pricing.points.redeemed if of_money else 0
    worth = sum(use.amount for use in priced.uses if use.promotion in pricing.rewards)
    value += worth * (missing - of_money) // pricing.points_claimed if pricing.rewards else 0
    return spent, Exceptional("points_insufficient", value)


def _payable(tx: Tx, priced: Priced, held: bool) -> tuple[list[tuple[int, int]], Exceptional | None]:
    """((id, amount) that gift cards and wallets can still pay where nothing is ``held``, by id, what is missing
    as the store's exception).  They stay locked, so that what is found here is there a moment later.
    """
    promised = {one.code: one.amount for one in priced.payments}
    rows = values.by_codes(tx, list(promised))
    if held:
        return [], None
    found = [(row.id, min(promised[row.code], row.free)) for row in rows if row.free and row.state == "active"]
    missing = sum(promised.values()) - sum(amount for _, amount in found)
    return found, Exceptional("value_insufficient", missing) if missing else None


def _applied(priced: Priced) -> list[str]:
    return [x.code for x in priced.pricing.coupons if x.status == "applied"]


def _lost_coupons(tx: Tx, row: CheckoutRow, priced: Priced) -> tuple[Priced, list[Exceptional]]:
    """Coupons that were used or cancelled elsewhere after the hold lapsed: refused in the Sale."""
    if row.state == "open":
        return priced, []
    free = {code for _, code in coupon_rows.ids(tx, _applied(priced), state="issued")}
    lost = [code for code in _applied(priced) if code not in free]
    if not lost:
        return priced, []
    given = {use.coupon: use.amount for use in priced.uses}
    shown_coupons = [
        msgspec.structs.replace(x, status="refused", reason="coupon_not_usable") if x.code in lost else x
        for x in priced.pricing.coupons
    ]
    pricing = msgspec.structs.replace(priced.pricing, coupons=shown_coupons)
    exceptions = [Exceptional("coupon_not_usable", given.get(code, 0)) for code in lost]
    return msgspec.structs.replace(priced, pricing=pricing), exceptions


def shown(services: Services, outcome: Outcome) -> tuple[Outcome, Any]:
    """The sale of an outcome, just made or read again; the refusal raised."""
    made = outcome.value()
    if made is not None and not outcome.replayed:
        return outcome, made
    assert outcome.sale_id is not None
    sale_id = outcome.sale_id
    return outcome, services.store.read(lambda tx: first_answer(tx, sale_id), brief=True)


def first_answer(tx: Tx, sale_id: int) -> Any:
    """The Sale as it was first answered."""
    row = sales.answer_of(tx, sale_id)
    assert row is not None
    return dress(tx, msgspec.json.decode(row), sale_id)


def get_sale(services: Services, caller: Caller, sale_id: str) -> Any:
    """A Sale as it stands now, with the version of each promotion that priced it in ``promotions``.

    NotFound (``sale_unknown``) also for another store's.
    """

    def work(tx: Tx) -> Any:
        row = sales.find(tx, parse_id(sale_id, "sale"))
        if row is None:
            raise NotFound("sale_unknown")
        caller.need_store(row.store_id, "sale")
        now = {"state": row.state, "promotions": priced_by(tx, row.id)}
        return first_answer(tx, row.id) | now | _attached(services, tx, row)

    return services.store.read(work)


def _attached(services: Services, tx: Tx, row: SaleRow) -> dict[str, Any]:
    """What a sale says otherwise than at first once it came to its member late."""
    if row.attached_at is None or row.member_id is None:
        return {}
    member = summary(services, tx, row.member_id)
    points = msgspec.json.decode(row.answer)["points"] | {"earned": row.earned}
    return {"member": {name: value for name, value in member.items() if name != "call_name"}, "points": points}
