"""Posting: a priced basket becomes a sale, in one transaction and in one order.

Order: the receipt, the member's row (the lock and the guard), the sale and its lines, points,
coupons, uses, habits.  ``post_sale`` prices nothing (S48).  What cannot be given any more is
written as an exception of the store; the fact is recorded all the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

import msgspec
from msgspec import Struct

from loyalty_pos.domain.basket import Line
from loyalty_pos.domain.coupons import new_coupon_code
from loyalty_pos.domain.pricing.receipt import receipt_text
from loyalty_pos.domain.pricing.result import NextCoupon, Priced, UnitRun
from loyalty_pos.errors import Conflict
from loyalty_pos.services import tiers
from loyalty_pos.services.answers import Exceptional, SaleAnswer, SaleLine, local_time, units_of
from loyalty_pos.services.context import Caller, Outcome, Request, Services
from loyalty_pos.services.rules import Book
from loyalty_pos.storage import coupons as coupon_rows
from loyalty_pos.storage import habits, ledger, posting, reading
from loyalty_pos.storage.habits import Bought
from loyalty_pos.storage.ledger import Why
from loyalty_pos.storage.posting import NewLine, NewSale
from loyalty_pos.storage.reading import MemberRow
from loyalty_pos.storage.tx import Stale, Tx


class Ticket(Struct, frozen=True):
    """Everything that post_sale writes.  Times in ms; ``member_version`` None: no guard needed."""

    request: Request
    book: Book
    priced: Priced
    lines: Sequence[Line]
    receipt: str
    body_hash: bytes
    sold_at: int
    now: int
    cashier: str | None
    member: MemberRow | None
    """Who earns; None without a card and for a blocked one (S42)."""
    swipe_id: int | None
    unknown_card: str | None
    spent: int
    """Points that really leave the member, as money and for rewards: less what could not be had any more."""
    taken: Sequence[tuple[int, int]] = ()
    """(lot, points) already captured from holds; empty when the points are spent now."""
    held: int = 0
    exceptions: tuple[Exceptional, ...] = ()
    member_version: int | None = None
    counted: str = "[]"
    """The uses that were counted against limits, as ``limits.pack`` wrote them."""
    rules: int | None = None
    """The version of the rules that priced it, when it is not the book's."""


def known_receipt(tx: Tx, caller: Caller, book: Book, receipt: str, sold_at: int, body_hash: bytes) -> Outcome | None:
    """The first sale of this receipt when the body is the same; Conflict (``receipt_conflict``) otherwise (S45)."""
    store_id, terminal_id = caller.need_lane()
    day = book.programme.business_date(sold_at).isoformat()
    prior = reading.sale_by_receipt(tx, store_id, terminal_id, day, receipt)
    if prior is None:
        return None
    if prior[1] != body_hash:
        raise Conflict("receipt_conflict")
    return Outcome("done", sale_id=prior[0])


def post_sale(services: Services, tx: Tx, ticket: Ticket) -> tuple[int, SaleAnswer]:
    """Write the sale; its id and what the contract shows of it.

    Raises Stale when the member or the receipt moved since the price was made.
    """
    caller, book, pricing = ticket.request.caller, ticket.book, ticket.priced.pricing
    store_id, terminal_id = caller.need_lane()
    coupons = _next_coupons(services, tx, ticket)
    answer = _answer(ticket, coupons)
    member, outcome = ticket.member, pricing.points
    earned = outcome.earned if member is not None else 0
    claimed = min(ticket.spent, pricing.points_claimed)
    redeemed = ticket.spent - claimed
    if member is not None:
        _move_balances(tx, ticket, earned, ticket.spent)
    totals = pricing.totals
    sale_id = posting.add_sale(tx, NewSale(
        store_id, terminal_id, ticket.cashier, member.id if member else None, ticket.swipe_id, ticket.unknown_card,
        ticket.receipt, book.programme.business_date(ticket.sold_at).isoformat(), ticket.sold_at, ticket.now,
        answer.status, ticket.body_hash, ticket.rules or book.version,
            totals.gross, totals.discount, totals.net, totals.to_pay, totals.due,
        earned, redeemed, claimed, msgspec.json.encode(ticket.priced.earning).decode(), ticket.counted,
            msgspec.json.encode(answer),
    ))  # fmt: skip
    if sale_id is None:
        raise Stale
    posting.add_lines(tx, sale_id, _lines(ticket))
    uses = [(u.promotion, u.uses, u.amount, u.coupon) for u in ticket.priced.uses]
    posting.add_uses(tx, sale_id, member.id if member else None, ticket.now, uses)
    if member is not None:
        why = Why(ticket.now, caller.key, terminal_id, sale_id, key=ticket.request.key)
        _post_points(tx, ticket, why, earned, claimed)
        coupon_rows.add_next(tx, coupons, member.id, sale_id, ticket.now, caller.key)
        _count_habits(tx, ticket, store_id, earned)
        tiers.settle(tx, book, member, ticket.sold_at)
    for item in ticket.exceptions:
        missing = pricing.points_spent - ticket.spent if item.code == "points_insufficient" else 0
        posting.add_exception(tx, store_id, ticket.now, item.code, item.amount, missing, sale_id)
    return sale_id, answer


def _answer(ticket: Ticket, coupons: list[coupon_rows.NewCoupon]) -> SaleAnswer:
    pricing = ticket.priced.pricing
    lines = [
        SaleLine(x.line, x.gross, x.discount, x.net, x.discounts, units_of(ticket.priced.units[x.line]))
        for x in pricing.lines
    ]
    shown = [NextCoupon(c.code, c.name, c.valid_to, c.reason) for c in coupons]
    return SaleAnswer(
        receipt=ticket.receipt,
        sold_at=local_time(ticket.sold_at, ticket.book.programme.local),
        state="settled",
        status="accepted_with_exception" if ticket.exceptions else "ok",
        currency=pricing.currency,
        member=pricing.member,
        lines=lines,
        totals=pricing.totals,
        points=pricing.points,
        coupons=pricing.coupons,
        nearly=pricing.nearly,
        next_coupons=shown,
        messages=pricing.messages,
        free_items=pricing.free_items,
        stored_value=pricing.stored_value,
        rewards=pricing.rewards,
        not_applied=pricing.not_applied,
        proof=pricing.proof,
        exceptions=list(ticket.exceptions),
        receipt_text=receipt_text(pricing, shown, ticket.book.language),
    )


def _lines(ticket: Ticket) -> list[NewLine]:
    by_id = {line.line: line for line in ticket.lines}
    rows = []
    for position, priced in enumerate(ticket.priced.pricing.lines):
        line = by_id[priced.line]
        rows.append(NewLine(
            position, line.line, line.sku, line.category, str(line.quantity), line.unit_price, line.unit_cost,
            priced.gross, priced.discount, priced.net, int(line.earns), line.units,
            _runs(ticket.priced.units[line.line]),
        ))  # fmt: skip
    return rows


def _runs(runs: list[UnitRun]) -> str:
    return msgspec.json.encode(runs).decode()


def _move_balances(tx: Tx, ticket: Ticket, earned: int, spent: int) -> None:
    """One guarded update of the member's row: earn, spend, recover (S27)."""
    member = ticket.member
    assert member is not None
    recovered = min(member.shortfall, earned)
    waiting = ticket.book.rules.points.pending_days > 0
    gain = earned - recovered
    moved = posting.settle_member(
        tx,
        member.id,
        ticket.member_version,
        active=(0 if waiting else gain) - (spent - ticket.held),
        pending=gain if waiting else 0,
        held=-ticket.held,
        spent=spent,
        shortfall=-recovered,
    )
    if not moved:
        raise Stale


def _post_points(tx: Tx, ticket: Ticket, why: Why, earned: int, claimed: int) -> None:
    """The entries of what is spent, the rewards first, each by its name, and the lot of what is earned."""
    member = ticket.member
    assert member is not None
    taken = list(ticket.taken)
    missing = ticket.spent - sum(points for _, points in taken)
    if missing:
        taken += spend_lots(tx, member.id, missing, ticket.now)
    for reward, lot_id, points in _parts(ticket.priced.pricing.rewards, claimed, taken):
        kind, because = ("claim", why._replace(reason=reward)) if reward else ("redeem", why)
        ledger.add_entry(tx, member.id, kind, -points, lot_id, because)
    if earned:
        grant(tx, ticket.book, member, earned, min(ticket.sold_at, ticket.now), why)


def _parts(
    rewards: Mapping[str, int], claimed: int, taken: Sequence[tuple[int, int]]
) -> Iterator[tuple[str | None, int, int]]:
    """(reward, lot, points) of what left the lots: ``claimed`` points for the rewards in their order, the rest as
    money."""
    wanted: list[tuple[str | None, int]] = []
    for code, cost in rewards.items():
        part = min(claimed, cost)
        wanted.append((code, part))
        claimed -= part
    wanted.append((None, sum(points for _, points in taken) - sum(part for _, part in wanted)))
    left = list(taken)
    for reward, need in wanted:
        while need:
            lot_id, points = left[0]
            part = min(need, points)
            yield reward, lot_id, part
            need -= part
            left[:1] = [(lot_id, points - part)] if points > part else []


def grant(tx: Tx, book: Book, member: MemberRow, points: int, granted_at: int, why: Why) -> None:
    """The lot and the entries of points that a sale earns; what the member owes is taken first (S27)."""
    recovered = min(member.shortfall, points)
    active_from, expires_at = lot_terms(book, granted_at)
    state = "pending" if book.rules.points.pending_days else "active"
    lot_id = ledger.add_lot(tx, member.id, points, state, active_from, expires_at, why.sale_id)
    ledger.add_entry(tx, member.id, "earn", points, lot_id, why)
    if recovered:
        ledger.take(tx, lot_id, recovered)
        ledger.add_entry(tx, member.id, "recover", -recovered, lot_id, why)


def spend_lots(tx: Tx, member_id: int, points: int, now: int) -> list[tuple[int, int]]:
    """Take ``points`` out of free lots, soonest expiry first (S19).  Stale when they are not there."""
    taken: list[tuple[int, int]] = []
    for lot in ledger.spendable_lots(tx, member_id, now):
        part = min(points, lot.free)
        if part and ledger.take(tx, lot.id, part):
            taken.append((lot.id, part))
            points -= part
        if not points:
            return taken
    raise Stale


def lot_terms(book: Book, granted_at: int) -> tuple[int, int | None]:
    """(active from, expires at) in ms of points granted at a moment (S18, S20)."""
    today, programme, terms = book.programme.local(granted_at).date(), book.programme, book.rules.points
    active_from = programme.day_begins(terms.active_from(today)) if terms.pending_days else granted_at
    last_day = terms.expires_on(today)
    return active_from, None if last_day is None else programme.day_ends(last_day)


def _next_coupons(services: Services, tx: Tx, ticket: Ticket) -> list[coupon_rows.NewCoupon]:
    """The coupons that this sale issues for the next visit; codes from a CSPRNG (S36)."""
    member = ticket.member
    if member is None:
        return []
    today = ticket.book.programme.local(ticket.now).date()
    issued = []
    for issue, shown in zip(ticket.priced.issues, ticket.priced.pricing.next_coupons, strict=True):
        code = new_coupon_code(services.ids.digits(15))
        until = (today + timedelta(days=issue.valid_days)).isoformat()
        why = issue.category and msgspec.json.encode({"category": issue.category}).decode()
        days = (today.isoformat(), until)
        issued.append(coupon_rows.NewCoupon(code, issue.promotion, *days, shown.name, shown.reason, why))
    return issued


def goods(lines: Sequence[tuple[str, str | None, int, int]]) -> tuple[list[Bought], list[Bought]]:
    """(sku, category, quantity in thousandths, spend) of lines, summed by sku and by category."""
    skus: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    categories: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for sku, category, quantity, spend in lines:
        for table, name in ((skus, sku), (categories, category)):
            if name:
                table[name][0] += quantity
                table[name][1] += spend
    return (
        [Bought(name, q, s) for name, (q, s) in sorted(skus.items())],
        [Bought(name, q, s) for name, (q, s) in sorted(categories.items())],
    )


def thousandths(quantity: int | str) -> int:
    """A quantity as a whole number of thousandths."""
    whole, _, part = str(quantity).partition(".")
    return int(whole) * 1000 + int(part.ljust(3, "0")[:3] or 0)


def _count_habits(tx: Tx, ticket: Ticket, store_id: int, earned: int) -> None:
    member, pricing = ticket.member, ticket.priced.pricing
    assert member is not None
    worth = {line: sum(run.count * run.refund for run in runs) for line, runs in ticket.priced.units.items()}
    bought = [(x.sku, x.category, thousandths(x.quantity), worth[x.line]) for x in ticket.lines]
    products, categories = goods(bought)
    late = member.last_at is not None and ticket.sold_at < member.last_at
    habits.count_goods(tx, member.id, ticket.sold_at, 1, products, categories, among=late)
    local = ticket.book.programme.local(ticket.sold_at)
    items = sum(line.units for line in ticket.lines)
    habits.count_visit(
        tx, member.id, store_id, ticket.sold_at, local.date().isoformat(), local.isoweekday(), local.hour, items,
        pricing.totals.net, earned,
    )  # fmt: skip
