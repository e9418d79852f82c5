"""What promotions gave, from the sales that used them; a sale that came back whole gave nothing (S30)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from loyalty_pos.storage.reading import marks
from loyalty_pos.storage.tx import Tx


class Given(NamedTuple):
    """How often, and how much in minor units (gifts and points by their worth)."""

    uses: int
    amount: int


class Bill(NamedTuple):
    """A sale that a version of a promotion priced; ms, minor units."""

    sale_id: int
    receipt: str
    store: str
    sold_at: int
    state: str
    uses: int
    amount: int


def given(tx: Tx, stores: Sequence[int], since: int) -> dict[str, Given]:
    """What each promotion gave at some stores since ``since`` (ms), by code."""
    rows = tx.all(
        "SELECT u.promotion, sum(u.uses), sum(u.amount) FROM sales s JOIN sale_uses u ON u.sale_id = s.id "
        f"WHERE s.store_id IN ({marks(stores) or 'NULL'}) AND s.sold_at >= ? AND s.state <> 'returned' "
        "GROUP BY u.promotion",
        (*stores, since),
    )
    return {code: Given(int(uses), int(amount)) for code, uses, amount in rows}


def sold(tx: Tx, stores: Sequence[int], since: int) -> int:
    """What some stores sold since ``since`` (ms), net, in minor units."""
    row = tx.one(
        f"SELECT coalesce(sum(net), 0) FROM sales WHERE store_id IN ({marks(stores) or 'NULL'}) AND sold_at >= ? "
        "AND state <> 'returned'",
        (*stores, since),
    )
    return int(row[0]) if row else 0


def bills(tx: Tx, stores: Sequence[int], code: str, version: int, before: int, limit: int) -> list[Bill]:
    """The sales of some stores that a version priced, newest first, before id ``before`` (0: from the newest)."""
    rows = tx.all(
        "SELECT s.id, s.receipt, o.code, s.sold_at, s.state, n.uses, n.amount FROM (SELECT u.sale_id AS sale_id, "
        "sum(u.uses) AS uses, sum(u.amount) AS amount FROM sale_uses u WHERE u.promotion = ? AND u.sale_id < ? "
        "AND EXISTS (SELECT 1 FROM sales s JOIN promotions p ON s.rules >= p.since AND (p.until IS NULL "
        "OR s.rules < p.until) WHERE s.id = u.sale_id AND p.code = ? AND p.version = ? "
        f"AND s.store_id IN ({marks(stores) or 'NULL'})) GROUP BY u.sale_id ORDER BY u.sale_id DESC LIMIT ?) AS n "
        "JOIN sales s ON s.id = n.sale_id JOIN stores o ON o.id = s.store_id ORDER BY s.id DESC",
        (code, before or 2**62, code, version, *stores, limit),
    )
    return [Bill._make((*row[:5], int(row[5]), int(row[6]))) for row in rows]
