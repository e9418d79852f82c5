"""What a stored sale counts for in a member's habits, as it stands now: less what came back.

A sale that comes to a member late (a forgotten card, two members made one) is counted by this,
and the habits of a member can be counted anew from all their sales.  Invariant: both give what
the till's own counting would have given, sale by sale and return by return (S30).
"""

from __future__ import annotations

import msgspec

from loyalty_pos.domain.pricing.result import UnitRun
from loyalty_pos.services.posting import goods, thousandths
from loyalty_pos.services.rules import Book
from loyalty_pos.storage import habits, sales
from loyalty_pos.storage.sales import SaleLineRow, SaleRow
from loyalty_pos.storage.tx import Tx


def count(tx: Tx, book: Book, member_id: int, sale: SaleRow, earned: int, last_at: int | None = None) -> None:
    """Count one visit and its goods; nothing for a sale that came back whole.

    ``earned``: points kept.  ``last_at``: the member's newest visit so far, None when this one is newer.
    """
    if sale.state == "returned":
        return
    lines = [row for row in sales.lines(tx, sale.id) if row.returned < row.units]
    products, categories = goods([(row.sku, row.category, _quantity(row), _spend(row)) for row in lines])
    late = last_at is not None and sale.sold_at < last_at
    habits.count_goods(tx, member_id, sale.sold_at, 1, products, categories, among=late)
    local = book.programme.local(sale.sold_at)
    items = sum(row.units - row.returned for row in lines)
    habits.count_visit(
        tx, member_id, sale.store_id, sale.sold_at, local.date().isoformat(), local.isoweekday(), local.hour, items,
        sale.net - sale.refunded, earned,
    )  # fmt: skip


def recount(tx: Tx, book: Book, member_id: int) -> None:
    """The habits of a member anew, from every sale that is theirs."""
    habits.forget(tx, member_id)
    for sale in sales.of_member(tx, member_id):
        count(tx, book, member_id, sale, sale.earned - sale.points_back)


def _quantity(row: SaleLineRow) -> int:
    """What is kept of a line, in thousandths; a weighed line is kept whole."""
    return thousandths(row.quantity) if row.units == 1 else (row.units - row.returned) * 1000


def _spend(row: SaleLineRow) -> int:
    """What the kept units are worth on return, which is what was spent on them (S25)."""
    spent, skip = 0, row.returned
    for run in msgspec.json.decode(row.runs, type=list[UnitRun]):
        gone = min(skip, run.count)
        skip -= gone
        spent += (run.count - gone) * run.refund
    return spent
