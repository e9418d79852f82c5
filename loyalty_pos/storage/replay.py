"""Past sales as a what-if reads them back: the goods, the coupons, who bought, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from loyalty_pos.storage.reading import marks
from loyalty_pos.storage.tx import Tx


class PastSale(NamedTuple):
    """One sale; ms, points; ``answer`` holds what the host till had taken off."""

    id: int
    member_id: int | None
    store: str
    sold_at: int
    redeemed: int
    answer: bytes


class PastLine(NamedTuple):
    """One line of it, with what our catalogue adds."""

    sale_id: int
    line: str
    sku: str
    category: str | None
    quantity: str
    unit_price: int
    unit_cost: int | None
    earns: int
    brand: str | None


class PastDay(NamedTuple):
    """What a member did on a local day."""

    day: date
    visits: int
    spend: int
    points: int


def _where(stores: frozenset[int] | None, members_only: bool) -> str:
    """The sales of a span that were not all returned, within some stores (their ids are ours)."""
    where = "s.sold_at >= ? AND s.sold_at < ? AND s.state <> 'returned'"
    if members_only:
        where += " AND s.member_id IS NOT NULL"
    if stores is not None:
        where += f" AND s.store_id IN ({marks(sorted(stores)) or 'NULL'})"
    return where


def count(tx: Tx, span: tuple[int, int], stores: frozenset[int] | None, members_only: bool) -> int:
    """How many sales a replay of [from, to) in ms would read."""
    row = tx.one(f"SELECT count(*) FROM sales s WHERE {_where(stores, members_only)}", (*span, *sorted(stores or ())))
    return int(row[0]) if row else 0


def page(
    tx: Tx,
    span: tuple[int, int],
    stores: frozenset[int] | None,
    members_only: bool,
    after: tuple[int, int],
    limit: int,
) -> list[PastSale]:
    """The next sales after (sold at, id), in the order in which they were made."""
    rows = tx.all(
        "SELECT s.id, s.member_id, o.code, s.sold_at, s.redeemed, s.answer FROM sales s "
        f"JOIN stores o ON o.id = s.store_id WHERE {_where(stores, members_only)} "
        "AND (s.sold_at > ? OR (s.sold_at = ? AND s.id > ?)) ORDER BY s.sold_at, s.id LIMIT ?",
        (*span, *sorted(stores or ()), after[0], *after, limit),
    )
    return [PastSale._make((*row[:-1], bytes(row[-1]))) for row in rows]


def lines(tx: Tx, sales: Sequence[int]) -> dict[int, list[PastLine]]:
    """The lines of some sales, in order, by sale."""
    if not sales:
        return {}
    found: dict[int, list[PastLine]] = {}
    for row in tx.all(
        "SELECT l.sale_id, l.line, l.sku, l.category, l.quantity, l.unit_price, coalesce(l.unit_cost, p.unit_cost), "
        "l.earns, p.brand FROM sale_lines l LEFT JOIN products p ON p.sku = l.sku "
        f"WHERE l.sale_id IN ({marks(sales)}) ORDER BY l.sale_id, l.position",
        sales,
    ):
        line = PastLine(*row)
        found.setdefault(line.sale_id, []).append(line)
    return found


def coupons(tx: Tx, sales: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """(coupon, promotion) that some sales used, by sale."""
    if not sales:
        return {}
    found: dict[int, list[tuple[str, str]]] = {}
    for sale_id, coupon, promotion in tx.all(
        f"SELECT sale_id, coupon, promotion FROM sale_uses WHERE sale_id IN ({marks(sales)}) AND coupon IS NOT NULL",
        sales,
    ):
        found.setdefault(sale_id, []).append((coupon, promotion))
    return found


def histories(tx: Tx, members: Sequence[int]) -> dict[int, list[PastDay]]:
    """Every day with a visit of some members, oldest first."""
    if not members:
        return {}
    found: dict[int, list[PastDay]] = {}
    for member_id, day, *figures in tx.all(
        f"SELECT member_id, day, visits, spend, earned FROM member_days WHERE member_id IN ({marks(members)}) "
        "ORDER BY member_id, day",
        members,
    ):
        found.setdefault(member_id, []).append(PastDay(date.fromisoformat(day), *figures))
    return found


def people(tx: Tx, members: Sequence[int]) -> dict[int, tuple[str | None, str | None]]:
    """(birthday, tier given by hand) of some members."""
    if not members:
        return {}
    rows = tx.all(
        "SELECT m.id, p.birthday, m.tier_by_hand FROM members m "
        f"LEFT JOIN people p ON p.member_id = m.id WHERE m.id IN ({marks(members)})",
        members,
    )
    return {row[0]: (row[1], row[2]) for row in rows}
