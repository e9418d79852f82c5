"""The rows that the recount needs, block by block, so that a ledger of any size fits in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loyalty_pos.storage.tx import Tx

Block = tuple[int, int]
"""Ids above the first and up to the second."""


def blocks(tx: Tx, table: str, size: int) -> list[Block]:
    """The ids of a table in blocks."""
    assert table in ("members", "sales")
    low, high = tx.all(f"SELECT min(id), max(id) FROM {table}")[0]
    return [] if low is None else [(at, at + size) for at in range(low - 1, high, size)]


def lines(tx: Tx, block: Block) -> list[Any]:
    """(sale, state, sale's net, line, units, returned, discount, net, runs, units and refund of its returns)."""
    return tx.all(
        "SELECT s.id, s.state, s.net, l.line, l.units, l.returned, l.discount, l.net, l.runs, "
        "coalesce(r.units, 0), coalesce(r.refund, 0) FROM sales s JOIN sale_lines l ON l.sale_id = s.id LEFT JOIN "
        "(SELECT t.sale_id, x.line, sum(x.units) AS units, sum(x.refund) AS refund FROM returns t "
        "JOIN return_lines x ON x.return_id = t.id WHERE t.sale_id > ? AND t.sale_id <= ? GROUP BY t.sale_id, x.line) "
        "AS r ON r.sale_id = s.id AND r.line = l.line WHERE s.id > ? AND s.id <= ? ORDER BY s.id, l.position",
        (*block, *block),
    )


def counted(tx: Tx, size: int) -> Iterator[str]:
    """What every sale that was not returned whole, and every open checkout, counted against limits."""
    for table, standing in (("sales", "state <> 'returned'"), ("checkouts", "state = 'open'")):
        at = -(2**63)
        query = f"SELECT id, counted FROM {table} WHERE id > ? AND counted <> '[]' AND {standing} ORDER BY id LIMIT ?"
        while rows := tx.all(query, (at, size)):
            yield from (row[1] for row in rows)
            at = rows[-1][0]


def usage(tx: Tx) -> list[Any]:
    """(promotion, scope, subject, uses, amount) of every counter."""
    return tx.all("SELECT promotion, scope, subject, uses, amount FROM usage")


def visits(tx: Tx, block: Block) -> list[Any]:
    """(member, sale, store, sold at, whether any of it is kept, net, refunded, earned, points back) of members."""
    # In the order of the index: by id, every block would walk all sales.
    return tx.all(
        "SELECT member_id, id, store_id, sold_at, state <> 'returned', net, refunded, earned, points_back FROM sales "
        "WHERE member_id > ? AND member_id <= ? ORDER BY member_id, sold_at, id",
        block,
    )


def bought(tx: Tx, block: Block) -> list[Any]:
    """(sale, sku, category, quantity, units, returned, runs) of the sales of members, sale by sale."""
    return tx.all(
        "SELECT l.sale_id, l.sku, l.category, l.quantity, l.units, l.returned, l.runs FROM sales s "
        "JOIN sale_lines l ON l.sale_id = s.id WHERE s.member_id > ? AND s.member_id <= ? "
        "ORDER BY s.member_id, s.sold_at, s.id",
        block,
    )


HABITS = {
    "profiles": (
        "''",
        "visits, items, spend, weekday_1, weekday_2, weekday_3, weekday_4, weekday_5, weekday_6, weekday_7, "
        "daypart_night, daypart_morning, daypart_afternoon, daypart_evening, first_at, last_at",
    ),
    "member_days": ("day", "visits, spend, earned"),
    "member_stores": ("store_id", "visits, last_at"),
    "member_products": ("sku", "times, quantity, spend, first_at, last_at, gap_squares, weight"),
    "member_categories": ("category", "times, quantity, spend, first_at, last_at, gap_squares, weight"),
}
"""Table of habits -> (what a row is about beside its member, its figures)."""


def habits(tx: Tx, table: str, block: Block) -> list[Any]:
    """(member, what it is about, figures...) of one table of habits."""
    about, figures = HABITS[table]
    return tx.all(
        f"SELECT member_id, {about}, {figures} FROM {table} WHERE member_id > ? AND member_id <= ?",
        block,
    )
