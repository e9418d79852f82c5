"""Goods that go together, and the baskets they are counted from."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from loyalty_pos.storage.recount import Block
from loyalty_pos.storage.tx import Tx


def newest_sale(tx: Tx) -> int:
    """The largest id of a sale, 0 without any."""
    return int(tx.all("SELECT coalesce(max(id), 0) FROM sales")[0][0])


def baskets(tx: Tx, block: Block) -> list[tuple[str, ...]]:
    """The products kept of each sale with an id above the first and up to the second, each product once."""
    rows = tx.all(
        "SELECT DISTINCT sale_id, sku FROM sale_lines WHERE sale_id > ? AND sale_id <= ? AND returned < units "
        "ORDER BY sale_id, sku",
        block,
    )
    return [tuple(row[1] for row in mine) for _, mine in groupby(rows, key=itemgetter(0))]


def replace(tx: Tx, rows: Sequence[tuple[str, str, int, int, int]]) -> None:
    """(sku, other, baskets, together, lift in thousandths): these and no others."""
    tx.run("DELETE FROM goods_pairs")
    tx.many("INSERT INTO goods_pairs (sku, other, baskets, together, lift) VALUES (?, ?, ?, ?, ?)", rows)


def for_member(tx: Tx, member_id: int, skus: Sequence[str], limit: int) -> list[Any]:
    """(sku, other, baskets, together, lift in thousandths) of goods that go with these and that the member
    never bought, the strongest first."""
    if not skus:
        return []
    return tx.all(
        f"SELECT sku, other, baskets, together, lift FROM goods_pairs WHERE sku IN ({', '.join('?' * len(skus))}) "
        "AND NOT EXISTS (SELECT 1 FROM member_products m WHERE m.member_id = ? AND m.sku = goods_pairs.other) "
        "ORDER BY lift DESC, together DESC, sku, other LIMIT ?",
        (*skus, member_id, limit),
    )
