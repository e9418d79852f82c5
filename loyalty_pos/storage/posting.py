"""What a settled sale writes: the sale with its lines, its uses, its goods and the habits.

All of it in the transaction of the sale.  ``settle_member`` is the lock and the guard: it moves
the balances only where the member is still as the price saw them.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from loyalty_pos.storage.tx import Tx


class NewSale(NamedTuple):
    """The row of a sale, in the order of its columns; ``plan`` is how it earned (S26), as JSON."""

    store_id: int
    terminal_id: int
    cashier: str | None
    member_id: int | None
    swipe_id: int | None
    unknown_card: str | None
    receipt: str
    business_date: str
    sold_at: int
    recorded_at: int
    status: str
    body_hash: bytes
    rules: int
    gross: int
    discount: int
    net: int
    to_pay: int
    due: int
    earned: int
    redeemed: int
    claimed: int
    plan: str
    counted: str
    answer: bytes


class NewLine(NamedTuple):
    """One line of a sale; ``runs`` are its units (S25) as JSON."""

    position: int
    line: str
    sku: str
    category: str | None
    quantity: str
    unit_price: int
    unit_cost: int | None
    gross: int
    discount: int
    net: int
    earns: int
    units: int
    runs: str


_SALE = (
    f"INSERT INTO sales ({', '.join(NewSale._fields)}) VALUES ({', '.join('?' * len(NewSale._fields))}) "
    "ON CONFLICT (store_id, terminal_id, business_date, receipt) DO NOTHING RETURNING id"
)
_LINE = (
    f"INSERT INTO sale_lines (sale_id, {', '.join(NewLine._fields)}) "
    f"VALUES (?, {', '.join('?' * len(NewLine._fields))})"
)


def add_sale(tx: Tx, sale: NewSale) -> int | None:
    """Insert the sale; None when its receipt is there already (S45, I14)."""
    row = tx.one(_SALE, sale)
    return int(row[0]) if row else None


def add_lines(tx: Tx, sale_id: int, lines: Sequence[NewLine]) -> None:
    """Insert the lines of a sale."""
    tx.many(_LINE, [(sale_id, *line) for line in lines])


def add_uses(
    tx: Tx, sale_id: int, member_id: int | None, at: int, uses: Sequence[tuple[str, int, int, str | None]]
) -> None:
    """Which promotions the sale used: (promotion, uses, amount, coupon)."""
    if uses:
        tx.many(
            "INSERT INTO sale_uses (sale_id, member_id, at, promotion, uses, amount, coupon) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(sale_id, member_id, at, *use) for use in uses],
        )


def settle_member(
    tx: Tx, member_id: int, version: int | None, active: int, pending: int, held: int, spent: int, shortfall: int
) -> bool:
    """Move the balances by these amounts; False when the member has moved since ``version``.

    The row's CHECKs keep every balance at 0 or above (I1).
    """
    guard = "" if version is None else " AND version = ?"
    params: tuple[Any, ...] = (active, pending, held, spent, shortfall, member_id)
    return bool(
        tx.run(
            "UPDATE members SET active = active + ?, pending = pending + ?, held = held + ?, spent = spent + ?, "
            f"shortfall = shortfall + ?, version = version + 1 WHERE id = ?{guard}",
            params if version is None else (*params, version),
        )
    )


def add_products(tx: Tx, rows: Sequence[tuple[str, str | None, str | None, str | None, int, int | None, int]]) -> None:
    """Fill our catalogue with goods it did not know: (sku, name, category, brand, price, cost, at)."""
    if rows:
        tx.many(
            "INSERT INTO products (sku, name, category, brand, unit_price, unit_cost, updated_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sku) DO NOTHING",
            sorted(rows, key=itemgetter(0)),
        )


def reserve(
    tx: Tx, promotion: str, scope: str, subject: str, uses: int, amount: int, room: int | None, budget: int | None
) -> bool:
    """Count a use (S37); False when more than ``room`` uses or more than ``budget`` minor units would stand."""
    tx.later(
        "INSERT INTO usage (promotion, scope, subject, uses, amount) VALUES (?, ?, ?, 0, 0) "
        "ON CONFLICT (promotion, scope, subject) DO NOTHING",
        (promotion, scope, subject),
    )
    rules, params = "", [uses, amount, promotion, scope, subject]
    if room is not None:
        rules, params = rules + " AND uses + ? <= ?", [*params, uses, room]
    if budget is not None:
        rules, params = rules + " AND amount + ? <= ?", [*params, amount, budget]
    return bool(
        tx.run(
            "UPDATE usage SET uses = uses + ?, amount = amount + ? "
            f"WHERE promotion = ? AND scope = ? AND subject = ?{rules}",
            params,
        )
    )


def give_back_use(tx: Tx, promotion: str, scope: str, subject: str, uses: int, amount: int) -> None:
    """Take a use back, on void, expiry and full return (S30)."""
    tx.run(
        "UPDATE usage SET uses = uses - ?, amount = amount - ? WHERE promotion = ? AND scope = ? AND subject = ? "
        "AND uses >= ? AND amount >= ?",
        (uses, amount, promotion, scope, subject, uses, amount),
    )


def add_exception(tx: Tx, store_id: int, at: int, code: str, amount: int, points: int, sale_id: int | None) -> None:
    """Something a manager has to look at; the fact itself is recorded already."""
    tx.later(
        "INSERT INTO exceptions (store_id, at, code, amount, points, sale_id) VALUES (?, ?, ?, ?, ?, ?)",
        (store_id, at, code, amount, points, sale_id),
    )
