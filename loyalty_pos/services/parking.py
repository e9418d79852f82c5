"""Parking: a return that comes before its sale waits for it, and is applied in the sale's transaction (S31).

What waits longer than a day is shown to the manager; what does not fit its sale is too.  Neither
is dropped but by a person (services/exceptions.py).
"""

from __future__ import annotations

import hashlib

import msgspec

from loyalty_pos.errors import Conflict, LoyaltyError
from loyalty_pos.services.context import Outcome, Request, Services
from loyalty_pos.services.requests import ReceiptReturnIn
from loyalty_pos.services.reversal import Back, known_return, post_return
from loyalty_pos.storage import exceptions, posting, sales
from loyalty_pos.storage.sales import ParkedRow, SaleRow
from loyalty_pos.storage.tx import Tx

CLOCK_SKEW_MS = 5 * 60_000
PATIENCE_MS = 24 * 60 * 60_000
"""After this long the manager hears of a return whose sale has not come."""


def one_at_a_time(tx: Tx, store_id: int, receipt: str) -> None:
    """A sale and a return of its receipt see each other: the later one waits for the earlier.

    Before any row is locked, for whoever waits here holds nothing that the other needs.  A snapshot
    waits for nobody.
    """
    if tx.for_update:
        tx.wait_for(f"receipt {store_id}/{receipt}")


def park(services: Services, tx: Tx, request: Request, body: ReceiptReturnIn) -> Outcome:
    """Keep a return whose sale is not here; the same receipt with the same body is kept once (S45)."""
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


def apply_parked(services: Services, tx: Tx, request: Request, sale_id: int, receipt: str) -> None:
    """Apply the returns that waited for this sale; one that does not fit becomes an exception."""
    store_id, _ = request.caller.need_lane()
    one_at_a_time(tx, store_id, receipt)
    for waiting in sales.parked(tx, store_id, receipt):
        sale = sales.find(tx, sale_id)
        assert sale is not None
        body = msgspec.json.decode(waiting.body, type=ReceiptReturnIn)
        if not _waits_for(body, waiting, sale, request.caller.terminal):
            continue
        lane = (sale.store_id, waiting.terminal_id)
        back = Back(sale, body.lines, body.receipt, body.reason, lane, waiting.business_date, parked=True)
        try:
            outcome = known_return(tx, back) or post_return(services, tx, request, back)
        except LoyaltyError as error:
            sales.unpark(tx, waiting.id, "refused")
            posting.add_exception(tx, sale.store_id, services.now_ms(), f"return_{error.code}", 0, 0, sale.id)
        else:
            sales.unpark(tx, waiting.id, "applied", int(outcome.body["id"]))
        if waiting.exception_id is not None:
            exceptions.resolve(tx, waiting.exception_id, "applied", None, "system", services.now_ms())


def _waits_for(body: ReceiptReturnIn, waiting: ParkedRow, sale: SaleRow, terminal: str | None) -> bool:
    """Whether the parked return means this sale: sold before it, on its day and terminal if it names them.

    A receipt number that comes back on a later day is another sale (S45).
    """
    if body.sold_on is not None and body.sold_on.isoformat() != sale.business_date:
        return False
    return body.sale_terminal in (None, terminal) and sale.sold_at <= waiting.at + CLOCK_SKEW_MS


def count_overdue(services: Services, tx: Tx) -> int:
    """How many returns ``report_overdue`` would report."""
    return sales.count_unreported(tx, services.now_ms() - PATIENCE_MS)


def report_overdue(services: Services, tx: Tx, limit: int) -> int:
    """Tell the manager, once each, of the returns that wait longer than a day; how many."""
    now = services.now_ms()
    overdue = sales.parked_unreported(tx, now - PATIENCE_MS, limit)
    for parked_id, store_id in overdue:
        sales.report_parked(tx, parked_id, exceptions.add(tx, store_id, now, "return_parked"))
    return len(overdue)
