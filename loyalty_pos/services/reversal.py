"""Reversal: one return written into the books, in one transaction (S25-S30, S33).

Units, points, coupons, uses, habits and tier go back to where they were.  A lawful return is never
blocked: points that were spent meanwhile become a recorded shortfall (S27).
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from loyalty_pos.domain.basket import Basket
from loyalty_pos.domain.points import EarnPlan, restored_expiry
from loyalty_pos.domain.pricing.result import UnitRun
from loyalty_pos.domain.returns import ReturnOutcome, SoldLine, SoldSale, compute_return, units_back
from loyalty_pos.errors import Conflict
from loyalty_pos.services import limits, segment_members, tiers, value_returns
from loyalty_pos.services.context import Outcome, Request, Services
from loyalty_pos.services.posting import goods, thousandths
from loyalty_pos.services.requests import ReturnLine
from loyalty_pos.services.rules import Book
from loyalty_pos.storage import coupons as coupon_rows
from loyalty_pos.storage import habits, ledger, posting, reading, sales, values
from loyalty_pos.storage.ledger import LotRow, Why
from loyalty_pos.storage.sales import NewReturn, SaleLineRow, SaleRow
from loyalty_pos.storage.tx import Stale, Tx

UNDO_MS = 30_000


class Back(msgspec.Struct, frozen=True):
    """One return as it is asked for: of which sale, at which lane, on which business day."""

    sale: SaleRow
    lines: tuple[ReturnLine, ...]
    receipt: str
    reason: str | None
    lane: tuple[int, int]
    day: str
    exchange: Basket | None = None
    parked: bool = False
    """It was made before its sale was here."""

    @property
    def body_hash(self) -> bytes:
        """What tells one return from another under the same receipt."""
        told: list[object] = [self.sale.id, self.lines, self.reason]
        return hashlib.sha256(msgspec.json.encode(told if self.exchange is None else [*told, self.exchange])).digest()


def known_return(tx: Tx, back: Back) -> Outcome | None:
    """The first return of this receipt when the body is the same; Conflict (``receipt_conflict``) otherwise (S45)."""
    prior = sales.return_by_receipt(tx, *back.lane, back.day, back.receipt)
    if prior is None:
        return None
    if prior[1] != back.body_hash:
        raise Conflict("receipt_conflict")
    return Outcome("done", body={"id": str(prior[0])} | msgspec.json.decode(prior[2]))


def post_return(services: Services, tx: Tx, request: Request, back: Back) -> Outcome:
    """Write one return of a locked sale that ``known_return`` does not know.

    Refused (``more_than_bought``, ``value_spent``); Conflict (``undo_elsewhere``, ``undo_too_late``,
    ``undo_not_whole``) for an undo that is none.
    """
    book, now, by, sale = services.rules.current(tx), services.now_ms(), request.caller.key, back.sale
    if sale.member_id is not None:
        reading.member(tx, sale.member_id)  # the lock, before anything of the member is read
    rows = sales.lines(tx, sale.id)
    sold = sold_sale(tx, sale, rows)
    outcome = compute_return(sold, units_back(sold, [(line.line, line.quantity) for line in back.lines]))
    if back.reason == "undo" and not back.parked:
        _check_undo(back, outcome, now)
    plan = value_returns.plan(tx, sale.id, sold, outcome)
    _take_units(tx, sale.id, rows, outcome)
    points = _plan_points(tx, book, sale, outcome, now)
    today = book.programme.local(now).date().isoformat()
    coupons = coupon_rows.give_back(tx, sale.id, today, now, by) if outcome.full else []
    answer = _answer(outcome, rows, points, coupons) | {"value_back": plan.shown, "rewards_back": points.claimed_back}
    return_id = sales.add_return(tx, NewReturn(
        sale.id, *back.lane, back.receipt, back.day, now, back.reason, back.body_hash, outcome.refund,
        outcome.pay_back, points.taken_back, outcome.given_back, points.shortfall, outcome.value_back,
        msgspec.json.encode(answer),
    ))  # fmt: skip
    if return_id is None:
        raise Stale
    sales.add_return_lines(tx, return_id, [(x.line, x.units, x.refund) for x in outcome.lines])
    state = "returned" if outcome.full else "partly_returned"
    sales.add_refund(tx, sale.id, outcome.refund, outcome.taken_back, outcome.given_back, state)
    why = Why(now, by, back.lane[1], sale.id, return_id, back.reason, request.key)
    if sale.member_id is not None:
        _correct_member(tx, book, sale, rows, outcome, points, why)
    value_returns.post(tx, book, plan, why)
    if outcome.full:
        limits.give_back(tx, limits.unpack(sale.counted))
        coupon_rows.cancel_issued_by(tx, sale.id, now, by)
    if sale.member_id is not None:
        segment_members.follow(tx, book, sale.member_id, now)
    return Outcome("created", body={"id": str(return_id)} | answer)


def _check_undo(back: Back, outcome: ReturnOutcome, now: int) -> None:
    """An undo takes the whole bill back, at its own terminal, within 30 seconds of its record."""
    if back.lane[1] != back.sale.terminal_id:
        raise Conflict("undo_elsewhere")
    if now - back.sale.recorded_at > UNDO_MS:
        raise Conflict("undo_too_late")
    if back.exchange is not None or back.sale.state != "settled" or not outcome.full:
        raise Conflict("undo_not_whole")


def sold_sale(tx: Tx, sale: SaleRow, rows: list[SaleLineRow]) -> SoldSale:
    """A stored sale as the arithmetic of returns takes it."""
    paid, back = values.of_sale(tx, sale.id) if sale.due < sale.to_pay else (0, 0)
    return SoldSale(
        lines=[_sold_line(row) for row in rows],
        earning=msgspec.json.decode(sale.plan, type=EarnPlan),
        earned=sale.earned,
        redeemed=sale.redeemed,
        points_value=sale.net - sale.to_pay,
        refunded=sale.refunded,
        paid_back=sales.paid_back(tx, sale.id),
        value=sale.to_pay - sale.due,
        value_paid=paid,
        value_back=back,
        taken_back=sale.points_back,
        given_back=sale.points_given,
    )


def _sold_line(row: SaleLineRow) -> SoldLine:
    weighed = "." in row.quantity or row.units != int(row.quantity)
    runs = msgspec.json.decode(row.runs, type=list[UnitRun])
    quantity: int | str = row.quantity if weighed else int(row.quantity)
    return SoldLine(line=row.line, quantity=quantity, runs=runs, returned=row.returned)


class _Points(msgspec.Struct, frozen=True):
    """Where the points of a return go: per lot, and what cannot be had any more."""

    given: list[tuple[int, int, str, int | None]]
    """(lot, points, state, expires at) of spent points that come back."""
    claimed: list[tuple[int, int, str, int | None, str]]
    """The same of what rewards cost, when everything comes back; and the reward."""
    taken: list[tuple[int, int, bool]]
    """(lot, points, pending) of earned points that go."""
    shortfall: int

    @property
    def claimed_back(self) -> int:
        """Points of rewards that come back."""
        return sum(points for _, points, _, _, _ in self.claimed)

    @property
    def taken_back(self) -> int:
        """Points that really go."""
        return sum(points for _, points, _ in self.taken)


def _plan_points(tx: Tx, book: Book, sale: SaleRow, outcome: ReturnOutcome, now: int) -> _Points:
    """Spent points return to their lots (S24, S28); earned ones leave this ticket's lot first,
    then other active lots; the rest is a shortfall (S27)."""
    if sale.member_id is None:
        return _Points([], [], [], 0)
    given = _plan_given(tx, book, sale, outcome.given_back, now)
    claims = ledger.claimed_lots(tx, sale.id) if outcome.full and sale.claimed else []
    claimed = [(lot, part, "active", _until(tx, book, lot, now), reward) for lot, part, reward in claims]
    back: dict[int, int] = defaultdict(int)
    for lot_id, points in [row[:2] for row in given] + [row[:2] for row in claimed]:
        back[lot_id] += points
    missing, taken = outcome.taken_back - _gone_already(tx, sale, outcome.taken_back), []
    for lot in _lots_to_take(tx, sale.id, sale.member_id, back):
        if not missing:
            break
        part = min(missing, lot.free + back.get(lot.id, 0))
        if part > 0:
            taken.append((lot.id, part, lot.state == "pending"))
            missing -= part
    return _Points(given, claimed, taken, missing if book.programme.return_shortfall == "record" else 0)


def _lots_to_take(tx: Tx, sale_id: int, member_id: int, back: Iterable[int]) -> Iterator[LotRow]:
    """The ticket's own lots, the member's other active ones, then those that only what comes back fills.

    None of another member's: two that were one meanwhile may have spent each other's.
    """
    seen = set()
    for lot in ledger.lots_of_sale(tx, sale_id):
        seen.add(lot.id)
        if lot.member_id == member_id:
            yield lot
    for lot in ledger.spendable_lots(tx, member_id, now=-1):
        if lot.id not in seen:
            seen.add(lot.id)
            yield lot
    revived = (ledger.lot(tx, lot_id) for lot_id in back if lot_id not in seen)
    yield from (lot for lot in revived if lot.member_id == member_id)


def _gone_already(tx: Tx, sale: SaleRow, points: int) -> int:
    """How many of the points to take back have lapsed in this ticket's own lot: they are not taken twice."""
    forgiven = sale.points_back - sales.points_taken(tx, sale.id)
    return max(0, min(points, ledger.lapsed_of_sale(tx, sale.id) - forgiven))


def _plan_given(tx: Tx, book: Book, sale: SaleRow, points: int, now: int) -> list[tuple[int, int, str, int | None]]:
    given = []
    for lot_id, spent in ledger.redeemed_lots(tx, sale.id):
        part = min(points, spent)
        if part:
            given.append((lot_id, part, "active", _until(tx, book, lot_id, now)))
            points -= part
    return given


def _until(tx: Tx, book: Book, lot_id: int, now: int) -> int | None:
    """When points that come back to this lot lapse (S24), in ms."""
    lot = ledger.lot(tx, lot_id)
    expires = lot.expires_at
    if expires is not None and (lot.state == "expired" or expires <= now):
        last_day = restored_expiry(book.programme.local(expires - 1).date(), book.programme.local(now).date())
        assert last_day is not None
        expires = max(expires, book.programme.day_ends(last_day))
    return expires


def _correct_member(
    tx: Tx, book: Book, sale: SaleRow, rows: list[SaleLineRow], outcome: ReturnOutcome, points: _Points, why: Why
) -> None:
    """Balances, lots, entries, habits and tier after a return (S27, S30, S33)."""
    member_id = sale.member_id
    assert member_id is not None
    member = reading.member(tx, member_id)
    assert member is not None
    stood = tiers.supported(tx, book, member)
    pending = sum(part for _, part, waits in points.taken if waits)
    back = outcome.given_back + points.claimed_back
    active = back - (points.taken_back - pending)
    posting.settle_member(tx, member_id, None, active, -pending, 0, -back, points.shortfall)
    for lot_id, part, state, expires_at in points.given:
        lot_id = _put_back(tx, member_id, lot_id, part, state, expires_at, why)
        ledger.add_entry(tx, member_id, "give_back", part, lot_id, why)
    for lot_id, part, state, expires_at, reward in points.claimed:
        lot_id = _put_back(tx, member_id, lot_id, part, state, expires_at, why)
        ledger.add_entry(tx, member_id, "claim", part, lot_id, why._replace(reason=reward))
    for lot_id, part, _ in points.taken:
        if not ledger.take(tx, lot_id, part):
            raise Stale
        ledger.add_entry(tx, member_id, "take_back", -part, lot_id, why)
    _correct_habits(tx, book, sale, rows, outcome)
    tiers.undo(tx, book, member, stood)


def _put_back(tx: Tx, member_id: int, lot_id: int, points: int, state: str, expires_at: int | None, why: Why) -> int:
    """The lot that spent points come back to: their own, or a new one of the member's."""
    if ledger.lot(tx, lot_id).member_id != member_id:  # two members that were one when it was spent
        return ledger.add_lot(tx, member_id, points, state, why.at, expires_at, None)
    ledger.put_back(tx, lot_id, points, state, expires_at)
    return lot_id


def _correct_habits(tx: Tx, book: Book, sale: SaleRow, rows: list[SaleLineRow], outcome: ReturnOutcome) -> None:
    member_id = sale.member_id
    assert member_id is not None
    back = {line.line: line for line in outcome.lines}
    left = [row for row in rows if row.returned + (back[row.line].units if row.line in back else 0) < row.units]
    kept, kept_categories = {row.sku for row in left}, {row.category for row in left}
    for whole in (True, False):
        moved = [
            (row.sku, None, _quantity_back(row, back[row.line].units), back[row.line].refund)
            for row in rows
            if row.line in back and (row.sku not in kept) == whole
        ]
        moved_categories = [
            (row.category or "", None, _quantity_back(row, back[row.line].units), back[row.line].refund)
            for row in rows
            if row.line in back and row.category and (row.category not in kept_categories) == whole
        ]
        products, categories = goods(moved)[0], goods(moved_categories)[0]
        habits.count_goods(tx, member_id, sale.sold_at, -1, products, categories, full=whole, among=whole)
    local = book.programme.local(sale.sold_at)
    items = sum(line.units for line in outcome.lines)
    habits.take_back_visit(
        tx, member_id, sale.store_id, local.date().isoformat(), local.isoweekday(), local.hour, outcome.full, items,
        outcome.refund, outcome.taken_back,
    )  # fmt: skip
    if outcome.full:
        habits.refresh_ends(tx, member_id)


def _quantity_back(row: SaleLineRow, units: int) -> int:
    whole = thousandths(row.quantity)
    return whole if row.units == 1 else units * 1000


def _take_units(tx: Tx, sale_id: int, rows: list[SaleLineRow], outcome: ReturnOutcome) -> None:
    position = {row.line: row.position for row in rows}
    for line in outcome.lines:
        if not sales.take_units(tx, sale_id, position[line.line], line.units):
            raise Stale


def _answer(outcome: ReturnOutcome, rows: list[SaleLineRow], points: _Points, coupons: list[str]) -> dict[str, Any]:
    weighed = {row.line: row.quantity for row in rows if "." in row.quantity}
    return {
        "status": "ok",
        "refund": outcome.refund,
        "pay_back": outcome.pay_back,
        "lines": [
            {"line": x.line, "quantity": weighed.get(x.line, x.units), "refund": x.refund} for x in outcome.lines
        ],
        "points": {
            "taken_back": points.taken_back,
            "given_back": outcome.given_back,
            "shortfall": points.shortfall,
        },
        "coupons": coupons,
    }
