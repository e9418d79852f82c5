"""Who did what, to what, and why: rows that are only ever added."""

from __future__ import annotations

from typing import Any

from loyalty_pos.storage.tx import Tx


def add(tx: Tx, at: int, by: str, what: str, subject: str, reason: str | None) -> None:
    """Append one act; ``subject`` is an id or a code, never personal data."""
    tx.later(
        "INSERT INTO audit (at, by, what, subject, reason) VALUES (?, ?, ?, ?, ?)", (at, by, what, subject, reason)
    )


def listed(tx: Tx, after: int, limit: int) -> list[tuple[Any, ...]]:
    """(id, at, by, what, subject, reason), newest first, before id ``after`` (0: from the newest)."""
    rule, params = ("WHERE id < ?", (after,)) if after else ("", ())
    return tx.all(
        f"SELECT id, at, by, what, subject, reason FROM audit {rule} ORDER BY id DESC LIMIT ?", (*params, limit)
    )
