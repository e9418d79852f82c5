"""What was sold in a span of business days, by store and day, by member or not: the figures of the first page.

Sales count by their business day, less what came back of them; a bill that came back whole is no bill.  All but the
goods is answered from one index (``ix_sales_figures``), so the cost follows the bills of the span alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from loyalty_pos.storage.reading import marks
from loyalty_pos.storage.tx import Tx


class Days(NamedTuple):
    """Which stores, from which business day to which (ISO, both inclusive)."""

    stores: Sequence[int]
    first: str
    last: str

    @property
    def values(self) -> tuple[object, ...]:
        """As the parameters of ``_WITHIN``."""
        return (*self.stores, self.first, self.last)

    @property
    def where(self) -> str:
        """The condition on a sale ``s``."""
        return f"s.store_id IN ({marks(self.stores) or 'NULL'}) AND s.business_date >= ? AND s.business_date <= ?"


class Sold(NamedTuple):
    """A day of a store: bills, those with a member, minor units of all and of members."""

    store_id: int
    day: str
    bills: int
    carded: int
    net: int
    member_net: int


class Moved(NamedTuple):
    """Goods, with what they brought (minor units) in the span and in the one before."""

    sku: str
    name: str | None
    now: int
    before: int


_KEPT = "s.net > s.refunded OR s.net = 0"


def by_day(tx: Tx, days: Days) -> list[Sold]:
    """Every day of every store on which something was sold, by store and day."""
    rows = tx.all(
        f"SELECT s.store_id, s.business_date, sum(CASE WHEN {_KEPT} THEN 1 ELSE 0 END), "
        f"sum(CASE WHEN ({_KEPT}) AND s.member_id IS NOT NULL THEN 1 ELSE 0 END), sum(s.net - s.refunded), "
        "sum(CASE WHEN s.member_id IS NULL THEN 0 ELSE s.net - s.refunded END) "
        f"FROM sales s WHERE {days.where} GROUP BY s.store_id, s.business_date ORDER BY s.store_id, s.business_date",
        days.values,
    )
    return [Sold(row[0], row[1], *(int(figure) for figure in row[2:])) for row in rows]


def buyers(tx: Tx, days: Days) -> int:
    """How many members bought something."""
    row = tx.one(
        f"SELECT count(DISTINCT s.member_id) FROM sales s WHERE {days.where} AND s.member_id IS NOT NULL AND ({_KEPT})",
        days.values,
    )
    assert row is not None
    return int(row[0])


def by_tier(tx: Tx, days: Days) -> dict[str | None, tuple[int, int]]:
    """Tier -> (members who bought, minor units), by the tier that they have now."""
    rows = tx.all(
        "SELECT m.tier, count(*), sum(x.net) FROM (SELECT s.member_id, sum(s.net - s.refunded) AS net FROM sales s "
        f"WHERE {days.where} AND s.member_id IS NOT NULL AND ({_KEPT}) GROUP BY s.member_id) AS x "
        "JOIN members m ON m.id = x.member_id GROUP BY m.tier",
        days.values,
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in rows}


def moved(tx: Tx, days: Days, half: str, every: int, most: int) -> list[Moved]:
    """The goods whose sales changed most between the days before ``half`` and from it on, counted on each
    ``every``-th bill; in minor units of all bills."""
    rows = tx.all(
        "SELECT x.sku, p.name, x.now, x.before FROM (SELECT l.sku, "
        "sum(CASE WHEN s.business_date >= ? THEN l.net ELSE 0 END) AS now, "
        "sum(CASE WHEN s.business_date < ? THEN l.net ELSE 0 END) AS before "
        f"FROM sales s JOIN sale_lines l ON l.sale_id = s.id WHERE {days.where} AND s.id % ? = 0 "
        "AND s.state <> 'returned' GROUP BY l.sku) AS x LEFT JOIN products p ON p.sku = x.sku "
        "ORDER BY abs(x.now - x.before) DESC, x.sku LIMIT ?",
        (half, half, *days.values, every, most),
    )
    return [Moved(row[0], row[1], int(row[2]) * every, int(row[3]) * every) for row in rows]


def coupons_used(tx: Tx, stores: Sequence[int], start: int, end: int) -> int:
    """Coupons that were used at these stores from ``start`` to ``end`` (ms), but for bills that came back whole.

    CROSS JOIN: SQLite then begins with the coupons of the span, not with every sale of the stores.
    """
    row = tx.one(
        "SELECT count(*) FROM coupons c CROSS JOIN sales s WHERE s.id = c.sale_id AND c.state = 'used' "
        "AND c.used_at >= ? "
        f"AND c.used_at < ? AND s.state <> 'returned' AND s.store_id IN ({marks(stores) or 'NULL'})",
        (start, end, *stores),
    )
    assert row is not None
    return int(row[0])
