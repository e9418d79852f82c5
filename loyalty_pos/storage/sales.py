"""Sales and returns as rows."""

from __future__ import annotations

from typing import Any, NamedTuple

from loyalty_pos.storage.tx import Tx


class SaleRow(NamedTuple):
    """What a return needs of a sale; minor units, points, ms."""

    id: int
    store_id: int
    terminal_id: int
    cashier: str | None
    member_id: int | None
    swipe_id: int | None
    receipt: str
    business_date: str
    sold_at: int
    recorded_at: int
    state: str
    gross: int
    discount: int
    net: int
    to_pay: int
    due: int
    earned: int
    redeemed: int
    claimed: int
    refunded: int
    points_back: int
    points_given: int
    plan: str
    counted: str
    attached_at: int | None
    answer: bytes


class SaleLineRow(NamedTuple):
    """One line of a sale; ``runs`` as JSON."""

    position: int
    line: str
    sku: str
    category: str | None
    quantity: str
    gross: int
    net: int
    earns: int
    units: int
    returned: int
    runs: str


_COLUMNS = ", ".join(SaleRow._fields)


def find(tx: Tx, sale_id: int, lock: bool = False) -> SaleRow | None:
    """A sale by id; ``lock``: nobody else returns from it until this transaction ends."""
    row = tx.one(f"SELECT {_COLUMNS} FROM sales WHERE id = ?{tx.for_update if lock else ''}", (sale_id,))
    return SaleRow._make((*row[:-1], bytes(row[-1]))) if row else None


def of_member(tx: Tx, member_id: int) -> list[SaleRow]:
    """Every sale of a member, oldest first."""
    rows = tx.all(f"SELECT {_COLUMNS} FROM sales WHERE member_id = ? ORDER BY sold_at, id", (member_id,))
    return [SaleRow._make((*row[:-1], bytes(row[-1]))) for row in rows]


def lines(tx: Tx, sale_id: int) -> list[SaleLineRow]:
    """The lines of a sale, in order."""
    rows = tx.all(
        f"SELECT {', '.join(SaleLineRow._fields)} FROM sale_lines WHERE sale_id = ? ORDER BY position", (sale_id,)
    )
    return [SaleLineRow(*row) for row in rows]


def goods(tx: Tx, sale_id: int) -> list[tuple[Any, ...]]:
    """(line, sku, name, quantity, unit price) of a sale, in order; the name as our catalogue has it now."""
    return tx.all(
        "SELECT l.line, l.sku, p.name, l.quantity, l.unit_price FROM sale_lines l LEFT JOIN products p "
        "ON p.sku = l.sku WHERE l.sale_id = ? ORDER BY l.position",
        (sale_id,),
    )


def receipt_of(tx: Tx, sale_id: int) -> str:
    """The receipt number of a sale."""
    row = tx.one("SELECT receipt FROM sales WHERE id = ?", (sale_id,))
    assert row is not None
    return str(row[0])


def answer_of(tx: Tx, sale_id: int) -> bytes | None:
    """The Sale as it was first answered, as JSON."""
    row = tx.one("SELECT answer FROM sales WHERE id = ?", (sale_id,))
    return bytes(row[0]) if row else None


def attach(
    tx: Tx, sale_id: int, member_id: int, swipe_id: int | None, earned: int, plan: str, at: int, by: str
) -> bool:
    """Give a sale without a member to one, with what it earns; False when it has one by now."""
    return bool(
        tx.run(
            "UPDATE sales SET member_id = ?, swipe_id = coalesce(?, swipe_id), earned = ?, plan = ?, attached_at = ?, "
            "attached_by = ? WHERE id = ? AND member_id IS NULL",
            (member_id, swipe_id, earned, plan, at, by, sale_id),
        )
    )


def waiting_for(tx: Tx, number: str, since: int) -> list[int]:
    """The sales at which this card was not known yet, sold since ``since`` (ms), oldest first."""
    rows = tx.all(
        "SELECT id FROM sales WHERE unknown_card = ? AND member_id IS NULL AND state <> 'returned' AND sold_at >= ? "
        "ORDER BY sold_at, id",
        (number, since),
    )
    return [int(row[0]) for row in rows]


def by_receipt(tx: Tx, store_id: int, receipt: str, terminal: str | None, day: str | None) -> list[int]:
    """Sales of a store with this receipt, narrowed by terminal code and business day."""
    rows = tx.all(
        "SELECT s.id FROM sales s JOIN terminals t ON t.id = s.terminal_id WHERE s.store_id = ? AND s.receipt = ? "
        "AND (CAST(? AS TEXT) IS NULL OR t.code = ?) AND (CAST(? AS TEXT) IS NULL OR s.business_date = ?) "
        "ORDER BY s.id LIMIT 2",
        (store_id, receipt, terminal, terminal, day, day),
    )
    return [int(row[0]) for row in rows]


def listed(
    tx: Tx,
    after: int,
    limit: int,
    stores: frozenset[int] | None,
    member_id: int | None = None,
    store: str | None = None,
    receipt: str | None = None,
    sold_from: int | None = None,
    sold_to: int | None = None,
) -> list[tuple[Any, ...]]:
    """(id, receipt, store, terminal, member_id, sold_at, state, status, net, to_pay, earned, redeemed),
    newest first, before id ``after`` (0: from the newest)."""
    rules: list[tuple[str, object]] = []
    if after:
        rules.append(("s.id < ?", after))
    if member_id is not None:
        rules.append(("s.member_id = ?", member_id))
    if store is not None:
        rules.append(("o.code = ?", store))
    if receipt is not None:
        rules.append(("s.receipt = ?", receipt))
    if sold_from is not None:
        rules.append(("s.sold_at >= ?", sold_from))
    if sold_to is not None:
        rules.append(("s.sold_at < ?", sold_to))
    where = " AND ".join(rule for rule, _ in rules) or "1 = 1"
    values = [value for _, value in rules]
    if stores is not None:
        where += f" AND s.store_id IN ({', '.join('?' * len(stores)) or 'NULL'})"
        values += sorted(stores)
    return tx.all(
        "SELECT s.id, s.receipt, o.code, t.code, s.member_id, s.sold_at, s.state, s.status, s.net, s.to_pay, s.earned, "
        "s.redeemed FROM sales s JOIN stores o ON o.id = s.store_id JOIN terminals t ON t.id = s.terminal_id "
        f"WHERE {where} ORDER BY s.id DESC LIMIT ?",
        (*values, limit),
    )


def take_units(tx: Tx, sale_id: int, position: int, units: int) -> bool:
    """Mark units of a line as returned; False when there are not so many left (I13)."""
    return bool(
        tx.run(
            "UPDATE sale_lines SET returned = returned + ? "
            "WHERE sale_id = ? AND position = ? AND returned + ? <= units",
            (units, sale_id, position, units),
        )
    )


def add_refund(tx: Tx, sale_id: int, refund: int, points_back: int, points_given: int, state: str) -> None:
    """Move the sale's running figures of what was returned."""
    tx.run(
        "UPDATE sales SET refunded = refunded + ?, points_back = points_back + ?, points_given = points_given + ?, "
        "state = ? WHERE id = ?",
        (refund, points_back, points_given, state, sale_id),
    )


class NewReturn(NamedTuple):
    """The row of a return, in the order of its columns."""

    sale_id: int
    store_id: int
    terminal_id: int
    receipt: str
    business_date: str
    at: int
    reason: str | None
    body_hash: bytes
    refund: int
    pay_back: int
    taken_back: int
    given_back: int
    shortfall: int
    value_back: int
    answer: bytes


def add_return(tx: Tx, row: NewReturn) -> int | None:
    """Insert a return; None when its receipt is there already."""
    found = tx.one(
        f"INSERT INTO returns ({', '.join(NewReturn._fields)}) VALUES ({', '.join('?' * len(NewReturn._fields))}) "
        "ON CONFLICT (store_id, terminal_id, business_date, receipt) DO NOTHING RETURNING id",
        row,
    )
    return int(found[0]) if found else None


def add_return_lines(tx: Tx, return_id: int, rows: list[tuple[str, int, int]]) -> None:
    """(line, units, refund) of a return."""
    tx.many(
        "INSERT INTO return_lines (return_id, line, units, refund) VALUES (?, ?, ?, ?)", [(return_id, *r) for r in rows]
    )


def return_by_receipt(
    tx: Tx, store_id: int, terminal_id: int, day: str, receipt: str
) -> tuple[int, bytes, bytes] | None:
    """(id, body hash, answer) of a return by its own receipt."""
    row = tx.one(
        "SELECT id, body_hash, answer FROM returns WHERE store_id = ? AND terminal_id = ? AND business_date = ? "
        "AND receipt = ?",
        (store_id, terminal_id, day, receipt),
    )
    return (int(row[0]), bytes(row[1]), bytes(row[2])) if row else None


def park(
    tx: Tx, lane: tuple[int, int], sale_receipt: str, receipt: str, day: str, at: int, body_hash: bytes, body: bytes
) -> int:
    """Keep a return whose sale is not here yet; its id."""
    return tx.insert(
        "INSERT INTO parked_returns "
        "(store_id, terminal_id, sale_receipt, receipt, business_date, at, body_hash, body) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (*lane, sale_receipt, receipt, day, at, body_hash, body),
    )


class ParkedRow(NamedTuple):
    """A return that waits for its sale, as it was recorded."""

    id: int
    terminal_id: int
    business_date: str
    at: int
    exception_id: int | None
    body: bytes


def parked(tx: Tx, store_id: int, sale_receipt: str) -> list[ParkedRow]:
    """The returns that wait for a receipt, oldest first."""
    rows = tx.all(
        "SELECT id, terminal_id, business_date, at, exception_id, body FROM parked_returns "
        "WHERE store_id = ? AND sale_receipt = ? AND state = 'waiting' ORDER BY id",
        (store_id, sale_receipt),
    )
    return [ParkedRow._make((*row[:-1], bytes(row[-1]))) for row in rows]


def parked_by_receipt(tx: Tx, lane: tuple[int, int], day: str, receipt: str) -> tuple[int, bytes] | None:
    """(id, body hash) of a parked return by its own receipt."""
    row = tx.one(
        "SELECT id, body_hash FROM parked_returns "
        "WHERE store_id = ? AND terminal_id = ? AND business_date = ? AND receipt = ?",
        (*lane, day, receipt),
    )
    return (int(row[0]), bytes(row[1])) if row else None


def paid_back(tx: Tx, sale_id: int) -> int:
    """The money that earlier returns of a sale handed out."""
    row = tx.one("SELECT coalesce(sum(pay_back), 0) FROM returns WHERE sale_id = ?", (sale_id,))
    return int(row[0]) if row else 0


def points_taken(tx: Tx, sale_id: int) -> int:
    """The points that earlier returns of a sale took back or wrote down as owed."""
    row = tx.one("SELECT coalesce(sum(taken_back + shortfall), 0) FROM returns WHERE sale_id = ?", (sale_id,))
    return int(row[0]) if row else 0


def unpark(tx: Tx, parked_id: int, state: str, return_id: int | None = None) -> bool:
    """waiting -> applied (as this return), refused or dropped; False when it does not wait (any more)."""
    return bool(
        tx.run(
            "UPDATE parked_returns SET state = ?, return_id = ? WHERE id = ? AND state = 'waiting'",
            (state, return_id, parked_id),
        )
    )


_UNREPORTED = "FROM parked_returns WHERE state = 'waiting' AND at <= ? AND exception_id IS NULL"


def count_unreported(tx: Tx, before: int) -> int:
    """How many returns wait since before ``before`` (ms) without anybody being told."""
    return int(tx.all(f"SELECT count(*) {_UNREPORTED}", (before,))[0][0])


def parked_unreported(tx: Tx, before: int, limit: int) -> list[tuple[int, int]]:
    """(id, store) of such returns, locked."""
    rows = tx.all(f"SELECT id, store_id {_UNREPORTED} ORDER BY id LIMIT ?{tx.for_update}", (before, limit))
    return [(row[0], row[1]) for row in rows]


def report_parked(tx: Tx, parked_id: int, exception_id: int) -> None:
    """Note under which exception the manager sees it."""
    tx.run("UPDATE parked_returns SET exception_id = ? WHERE id = ?", (exception_id, parked_id))


def is_return(tx: Tx, store_id: int, receipt: str, terminal: str | None, day: str | None) -> bool:
    """Whether a return of this store bears the receipt, narrowed by terminal code and business day."""
    return any(
        tx.one(
            f"SELECT 1 FROM {table} r JOIN terminals t ON t.id = r.terminal_id WHERE r.store_id = ? AND r.receipt = ? "
            "AND (CAST(? AS TEXT) IS NULL OR t.code = ?) AND (CAST(? AS TEXT) IS NULL OR r.business_date = ?) LIMIT 1",
            (store_id, receipt, terminal, terminal, day, day),
        )
        for table in ("returns", "parked_returns")
    )


def add_redeemed(tx: Tx, sale_id: int, points: int) -> None:
    """Points that a sale was paid with and that were taken later."""
    tx.run("UPDATE sales SET redeemed = redeemed + ? WHERE id = ?", (points, sale_id))
