"""The record of identifications, for those who look into it."""

from __future__ import annotations

from typing import Any

from loyalty_pos.storage.tx import Tx


def listed(
    tx: Tx,
    before: int,
    limit: int,
    stores: frozenset[int] | None,
    terminal: str | None = None,
    start: int | None = None,
    end: int | None = None,
) -> list[tuple[Any, ...]]:
    """(id, at, recorded_at, store, terminal, cashier, number, member_id, entry, outcome), newest first, before
    id ``before``."""
    rules: list[tuple[str, object]] = []
    if before:
        rules.append(("w.id < ?", before))
    if terminal is not None:
        rules.append(("t.code = ?", terminal))
    if start is not None:
        rules.append(("w.at >= ?", start))
    if end is not None:
        rules.append(("w.at < ?", end))
    where = " AND ".join(rule for rule, _ in rules) or "1 = 1"
    values = [value for _, value in rules]
    if stores is not None:
        where += f" AND w.store_id IN ({', '.join('?' * len(stores)) or 'NULL'})"
        values += sorted(stores)
    return tx.all(
        "SELECT w.id, w.at, w.recorded_at, o.code, t.code, w.cashier, w.number, w.member_id, w.entry, w.outcome "
        "FROM swipes w JOIN stores o ON o.id = w.store_id JOIN terminals t ON t.id = w.terminal_id "
        f"WHERE {where} ORDER BY w.id DESC LIMIT ?",
        (*values, limit),
    )
