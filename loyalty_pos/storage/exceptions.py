"""The store's exception account as rows: what could not be given as priced, ``open``, then ``resolved``."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from loyalty_pos.storage.reading import marks
from loyalty_pos.storage.tx import Tx


class ExceptionRow(NamedTuple):
    """One exception with its store and, of a sale or a parked return, the sale's receipt; ms, minor units."""

    id: int
    at: int
    code: str
    amount: int
    points: int
    store_id: int
    store: str
    terminal: str | None
    sale_id: int | None
    receipt: str | None
    parked_id: int | None
    state: str
    action: str | None
    note: str | None
    resolved_by: str | None
    resolved_at: int | None


_SELECT = (
    "SELECT x.id, x.at, x.code, x.amount, x.points, x.store_id, t.code, l.code, x.sale_id, "
    "coalesce(s.receipt, p.sale_receipt), p.id, x.state, x.action, x.note, x.resolved_by, x.resolved_at "
    "FROM exceptions x JOIN stores t ON t.id = x.store_id LEFT JOIN terminals l ON l.id = x.terminal_id "
    "LEFT JOIN sales s ON s.id = x.sale_id LEFT JOIN parked_returns p ON p.exception_id = x.id "
)


def add(tx: Tx, store_id: int, at: int, code: str) -> int:
    """Put something on the manager's list that is no sale's; its id."""
    sql = "INSERT INTO exceptions (store_id, at, code) VALUES (?, ?, ?) RETURNING id"
    return tx.insert(sql, (store_id, at, code))


def tell(tx: Tx, store_id: int, terminal_id: int, at: int, code: str) -> None:
    """Trouble with a till: in the list once, until a person has resolved it."""
    tx.later(
        "INSERT INTO exceptions (store_id, terminal_id, at, code) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (store_id, terminal_id, at, code),
    )


def listed(
    tx: Tx, after: int, limit: int, store_ids: Collection[int] | None = None, state: str | None = None
) -> list[ExceptionRow]:
    """Newest first, before id ``after`` (0: from the newest); ``store_ids`` None: of every store."""
    rules: list[str] = ["1 = 1"]
    params: list[object] = []
    if after:
        rules.append("x.id < ?")
        params.append(after)
    if state is not None:
        rules.append("x.state = ?")
        params.append(state)
    if store_ids is not None:
        if not store_ids:
            return []
        rules.append(f"x.store_id IN ({marks(sorted(store_ids))})")
        params += sorted(store_ids)
    rows = tx.all(_SELECT + f"WHERE {' AND '.join(rules)} ORDER BY x.id DESC LIMIT ?", (*params, limit))
    return [ExceptionRow(*row) for row in rows]


def find(tx: Tx, exception_id: int) -> ExceptionRow | None:
    """One exception."""
    row = tx.one(_SELECT + "WHERE x.id = ?", (exception_id,))
    return ExceptionRow(*row) if row else None


def resolve(tx: Tx, exception_id: int, action: str, note: str | None, by: str, at: int) -> bool:
    """open -> resolved; False when it was resolved before."""
    return bool(
        tx.run(
            "UPDATE exceptions SET state = 'resolved', action = ?, note = ?, resolved_by = ?, resolved_at = ? "
            "WHERE id = ? AND state = 'open'",
            (action, note, by, at, exception_id),
        )
    )
