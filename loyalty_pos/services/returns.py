"""Returns: money, points and coupons go back by the unit, in one transaction (S25-S31).

A lawful return is never blocked: points that were spent meanwhile become a recorded shortfall.
A return whose sale is not here yet is parked and applied in the transaction of the sale.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from loyalty_pos.domain.points import EarnPlan, restored_expiry
from loyalty_pos.domain.pricing.result import UnitRun
from loyalty_pos.domain.returns import ReturnOutcome, SoldLine, SoldSale, compute_return, units_back
from loyalty_pos.errors import Conflict, LoyaltyError, NotFound
from loyalty_pos.services import limits
from loyalty_pos.services.context import Caller, Outcome, Request, Services
from loyalty_pos.services.idempotency import decide
from loyalty_pos.services.identity import parse_id
from loyalty_pos.services.posting import goods, thousandths, window_start
from loyalty_pos.services.requests import ReceiptReturnIn, ReturnIn, ReturnLine
from loyalty_pos.services.rules import Book
from loyalty_pos.storage import coupons as coupon_rows
from loyalty_pos.storage import habits, ledger, posting, reading, sales
from loyalty_pos.storage.ledger import Why
from loyalty_pos.storage.sales import NewReturn, ParkedRow, SaleLineRow, SaleRow
from loyalty_pos.storage.tx import Stale, Tx

UNDO_MS = 30_000
CLOCK_SKEW_MS = 5 * 60_000


def preview(services: Services, caller: Caller, sale_id: str, body: ReturnIn) -> dict[str, Any]:
    """What a return would give back, with no effect."""
    caller.need("refund")

    def work(tx: Tx) -> dict[str, Any]:
        sale = _find(tx, caller, sale_id, lock=False)
        _, outcome = _compute(tx, sale, body.lines)
        points = {"taken_back": outcome.taken_back, "given_back": outcome.given_back, "shortfall": 0}
        return _answer("preview", outcome, sales.lines(tx, sale.id), points, [])

    return services.store.read(work)


def give_back(services: Services, request: Request, sale_id: str, body: ReturnIn) -> tuple[Outcome, Any]:
    """Return units of a sale: a Return.  The same receipt with the same body answers as before."""
    caller = request.caller
    caller.need("refund")

    def post(tx: Tx, _ready: object) -> Outcome:
        sale = _find(tx, caller, sale_id, lock=True)
        return _post(services, tx, request, sale, body.lines, body.receipt, body.reason)

    return _shown(decide(services, request, lambda _tx: object(), post))


def give_back_by_receipt(services: Services, request: Request, body: ReceiptReturnIn) -> tuple[Outcome, Any]:
    """The same, the sale named by its receipt.

    Conflict (``receipt_ambiguous``) when several match; accepted with status ``parked`` when the
    sale is not here yet.
    """
    caller = request.caller
    caller.need("refund")
    store_id, _ = caller.need_lane()

    def post(tx: Tx, _ready: object) -> Outcome:
        one_at_a_time(tx, store_id, body.sale_receipt)
        day = body.sold_on.isoformat() if body.sold_on else None
        found = sales.by_receipt(tx, store_id, body.sale_receipt, body.sale_terminal, day)
        if len(found) > 1:
            raise Conflict("receipt_ambiguous")
        if not found:
            return _park(services, tx, request, body)
        sale = sales.find(tx, found[0], lock=True)
        assert sale is not None
        return _post(services, tx, request, sale, body.lines, body.receipt, body.reason)

    return _shown(decide(services, request, lambda _tx: object(), post))


def apply_parked(services: Services, tx: Tx, request: Request, sale_id: int) -> None:
    """Apply the returns that waited for this sale; one that does not fit becomes an exception.

    The receipt is held by ``one_at_a_time`` since the sale began."""
    sale = sales.find(tx, sale_id)
    assert sale is not None
    for waiting in sales.parked(tx, sale.store_id, sale.receipt):
        body = msgspec.json.decode(waiting.body, type=ReceiptReturnIn)
        if not _waits_for(body, waiting, sale, request.caller.terminal):
            continue
        try:
            outcome = _post(services, tx, request, sale, body.lines, body.receipt, body.reason, waiting)
        except LoyaltyError as error:
            posting.add_exception(tx, sale.store_id, services.now_ms(), f"return_{error.code}", 0, 0, sale.id)
            continue
        sales.unpark(tx, waiting.id, int(outcome.body["id"]))
        sale = sales.find(tx, sale_id)
        assert sale is not None


def one_at_a_time(tx: Tx, store_id: int, receipt: str) -> None:
    """A sale and a return of its receipt see each other: the later one waits for the earlier.

    Before any row is locked, for whoever waits here holds nothing that the other needs.  A snapshot
    waits for nobody."""
    if tx.for_update:
        tx.wait_for(f"receipt {store_id}/{receipt}")


def _waits_for(body: ReceiptReturnIn, waiting: ParkedRow, sale: SaleRow, terminal: str | None) -> bool:
    """Whether the parked return means this sale: sold before it, on its day and terminal if it names them.

    A receipt number that comes back on a later day is another sale (S45).
    """
    if body.sold_on is not None and body.sold_on.isoformat() != sale.business_date:
        return False
    return body.sale_terminal in (None, terminal) and sale.sold_at <= waiting.at + CLOCK_SKEW_MS


def _find(tx: Tx, caller: Caller, sale_id: str, lock: bool) -> SaleRow:
    sale = sales.find(tx, parse_id(sale_id, "sale"), lock)
    if sale is None:
        raise NotFound("sale_unknown")
    caller.need_store(sale.store_id, "sale")
    return sale


def _compute(tx: Tx, sale: SaleRow, lines: tuple[ReturnLine, ...]) -> tuple[SoldSale, ReturnOutcome]:
    sold = SoldSale(
        lines=[_sold_line(row) for row in sales.lines(tx, sale.id)],
        earning=msgspec.json.decode(sale.plan, type=EarnPlan),
        earned=sale.earned,
        redeemed=sale.redeemed,
        points_value=sale.net - sale.to_pay,
        refunded=sale.refunded,
        paid_back=sales.paid_back(tx, sale.id),
        taken_back=sale.points_back,
        given_back=sale.points_given,
    )
    back = units_back(sold, [(line.line, line.quantity) for line in lines])
    return sold, compute_return(sold, back)


def _sold_line(row: SaleLineRow) -> SoldLine:
    weighed = "." in row.quantity or row.units != int(row.quantity)
    runs = msgspec.json.decode(row.runs, type=list[UnitRun])
    quantity: int | str = row.quantity if weighed else int(row.quantity)
    return SoldLine(line=row.line, quantity=quantity, runs=runs, returned=row.returned)


def _post(
    services: Services,
    tx: Tx,
    request: Request,
    sale: SaleRow,
    lines: tuple[ReturnLine, ...],
    receipt: str,
    reason: str | None,
    parked: ParkedRow | None = None,
) -> Outcome:
    """Write one return of a locked sale; a parked one keeps the lane and the day it was made at."""
    caller, book, now = request.caller, services.rules.current(tx), services.now_ms()
    store_id, terminal_id = caller.need_lane()
    day = book.programme.business_date(now).isoformat()
    if parked is not None:
        terminal_id, day = parked.terminal_id, parked.business_date
    body_hash = hashlib.sha256(msgspec.json.encode([sale.id, lines, reason])).digest()
    prior = sales.return_by_receipt(tx, store_id, terminal_id, day, receipt)
    if prior is not None:
        if prior[1] != body_hash:
            raise Conflict("receipt_conflict")
        return Outcome("done", body={"id": str(prior[0])} | msgspec.json.decode(prior[2]))
    if reason == "undo" and (terminal_id != sale.terminal_id or now - sale.recorded_at > UNDO_MS) and parked is None:
        raise Conflict("undo_too_late")
    if sale.member_id is not None:
        reading.member(tx, sale.member_id)  # the lock, before anything of the member is read
    _, outcome = _compute(tx, sale, lines)
    rows = sales.lines(tx, sale.id)
    _take_units(tx, sale.id, rows, outcome)
    points = _plan_points(tx, book, sale, outcome, now)
    today = book.programme.local(now).date().isoformat()
    coupons = coupon_rows.give_back(tx, sale.id, today, now, caller.key) if outcome.full else []
    shown = {"taken_back": points.taken_back, "given_back": outcome.given_back, "shortfall": points.shortfall}
    answer = _answer("ok", outcome, rows, shown, coupons)
    return_id = sales.add_return(
        tx,
        NewReturn(
            sale.id, store_id, terminal_id, receipt, day, now, reason, body_hash, outcome.refund, outcome.pay_back,
            points.taken_back, outcome.given_back, points.shortfall, msgspec.json.encode(answer),
        ),
    )  # fmt: skip
    if return_id is None:
        raise Stale
    sales.add_return_lines(tx, return_id, [(x.line, x.units, x.refund) for x in outcome.lines])
    state = "returned" if outcome.full else "partly_returned"
    sales.add_refund(tx, sale.id, outcome.refund, outcome.taken_back, outcome.given_back, state)
    why = Why(now, caller.key, terminal_id, sale.id, return_id, reason, request.key)
    if sale.member_id is not None:
        _correct_member(tx, book, sale, rows, outcome, points, why)
    if outcome.full:
        limits.give_back(tx, limits.unpack(sale.counted))
        coupon_rows.cancel_issued_by(tx, sale.id, now, caller.key)
    return Outcome("created", body={"id": str(return_id)} | answer)


class _Points(msgspec.Struct, frozen=True):
    """Where the points of a return go: per lot, and what cannot be had any more."""

    given: list[tuple[int, int, str, int | None]]
    """(lot, points, state, expires at) of spent points that come back."""
    taken: list[tuple[int, int, bool]]
    """(lot, points, pending) of earned points that go."""
    shortfall: int

    @property
    def taken_back(self) -> int:
        """Points that really go."""
        return sum(points for _, points, _ in self.taken)


def _plan_points(tx: Tx, book: Book, sale: SaleRow, outcome: ReturnOutcome, now: int) -> _Points:
    """Spent points return to their lots (S24, S28); earned ones leave this ticket's lot first,
    then other active lots; the rest is a shortfall (S27)."""
    if sale.member_id is None:
        return _Points([], [], 0)
    given = _plan_given(tx, book, sale, outcome.given_back, now)
    back = {lot_id: points for lot_id, points, _, _ in given}
    own = ledger.lots_of_sale(tx, sale.id)
    others = [x for x in ledger.open_lots(tx, sale.member_id) if x.state == "active" and x.sale_id != sale.id]
    known = {x.id for x in (*own, *others)}
    revived = [ledger.lot(tx, lot_id) for lot_id in back if lot_id not in known]
    missing, taken = outcome.taken_back - _gone_already(tx, sale, outcome.taken_back), []
    for lot in (*own, *others, *revived):
        part = min(missing, lot.free + back.get(lot.id, 0))
        if part > 0:
            taken.append((lot.id, part, lot.state == "pending"))
            missing -= part
    return _Points(given, taken, missing if book.programme.return_shortfall == "record" else 0)


def _gone_already(tx: Tx, sale: SaleRow, points: int) -> int:
    """How many of the points to take back have lapsed in this ticket's own lot: they are not taken twice."""
    forgiven = sale.points_back - sales.points_taken(tx, sale.id)
    return max(0, min(points, ledger.lapsed_of_sale(tx, sale.id) - forgiven))


def _plan_given(tx: Tx, book: Book, sale: SaleRow, points: int, now: int) -> list[tuple[int, int, str, int | None]]:
    given = []
    today = book.programme.local(now).date()
    for lot_id, spent in ledger.redeemed_lots(tx, sale.id):
        part = min(points, spent)
        if part:
            lot = ledger.lot(tx, lot_id)
            expires = lot.expires_at
            if expires is not None and (lot.state == "expired" or expires <= now):
                last_day = restored_expiry(book.programme.local(expires - 1).date(), today)
                assert last_day is not None
                expires = max(expires, book.programme.day_ends(last_day))
            given.append((lot_id, part, "active", expires))
            points -= part
    return given


def _correct_member(
    tx: Tx, book: Book, sale: SaleRow, rows: list[SaleLineRow], outcome: ReturnOutcome, points: _Points, why: Why
) -> None:
    """Balances, lots, entries, habits and tier after a return (S27, S30, S33)."""
    member_id = sale.member_id
    assert member_id is not None
    pending = sum(part for _, part, waits in points.taken if waits)
    active = outcome.given_back - (points.taken_back - pending)
    posting.settle_member(tx, member_id, None, active, -pending, 0, -outcome.given_back, points.shortfall)
    for lot_id, part, state, expires_at in points.given:
        ledger.put_back(tx, lot_id, part, state, expires_at)
        ledger.add_entry(tx, member_id, "give_back", part, lot_id, why)
    for lot_id, part, _ in points.taken:
        if not ledger.take(tx, lot_id, part):
            raise Stale
        ledger.add_entry(tx, member_id, "take_back", -part, lot_id, why)
    _correct_habits(tx, book, sale, rows, outcome)
    _undo_upgrade(tx, book, sale, outcome.refund, why.at)


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
        habits.count_goods(tx, member_id, sale.sold_at, -1, products, categories, full=whole)
        if whole:
            habits.refresh_goods(tx, member_id, products, categories)
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


def _undo_upgrade(tx: Tx, book: Book, sale: SaleRow, refund: int, now: int) -> None:
    """An upgrade owed only to returned sales is undone at once; no other downgrade here (S33)."""
    member = reading.member(tx, sale.member_id) if sale.member_id is not None else None
    held = book.rules.tiers.get(member.tier) if member else None
    if member is None or held is None or member.tier_by_hand or (member.tier_since or 0) < sale.recorded_at:
        return
    day = window_start(book.programme.local(now).date()).isoformat()
    spend, _, _ = reading.spend_since(tx, member.id, day)
    owed = book.rules.tiers.reached(spend), book.rules.tiers.get(sale.tier_before)
    tier = max((one for one in owed if one is not None), key=book.rules.tiers.levels.index, default=None)
    if spend + refund >= held.threshold > spend and tier is not None:
        posting.set_tier(tx, member.id, tier.code, now)


def _take_units(tx: Tx, sale_id: int, rows: list[SaleLineRow], outcome: ReturnOutcome) -> None:
    position = {row.line: row.position for row in rows}
    for line in outcome.lines:
        if not sales.take_units(tx, sale_id, position[line.line], line.units):
            raise Stale


def _answer(
    status: str, outcome: ReturnOutcome, rows: list[SaleLineRow], points: dict[str, int], coupons: list[str]
) -> dict[str, Any]:
    weighed = {row.line: row.quantity for row in rows if "." in row.quantity}
    lines = [{"line": x.line, "quantity": weighed.get(x.line, x.units), "refund": x.refund} for x in outcome.lines]
    return {
        "status": status,
        "refund": outcome.refund,
        "pay_back": outcome.pay_back,
        "lines": lines,
        "points": points,
        "coupons": coupons,
    }


def _park(services: Services, tx: Tx, request: Request, body: ReceiptReturnIn) -> Outcome:
    lane, now = request.caller.need_lane(), services.now_ms()
    day = services.rules.current(tx).programme.business_date(now).isoformat()
    raw = msgspec.json.encode(body)
    digest = hashlib.sha256(raw).digest()
    known = sales.parked_by_receipt(tx, lane, day, body.receipt)
    if known is not None:
        if known[1] != digest:
            raise Conflict("receipt_conflict")
        return Outcome("accepted", body={"id": f"parked-{known[0]}", "status": "parked"})
    parked_id = sales.park(tx, lane, body.sale_receipt, body.receipt, day, now, digest, raw)
    return Outcome("accepted", body={"id": f"parked-{parked_id}", "status": "parked"})


def _shown(outcome: Outcome) -> tuple[Outcome, Any]:
    return outcome, outcome.value()
