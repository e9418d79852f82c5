"""Misses per subject in a window, as one row each."""

from __future__ import annotations

from loyalty_pos.storage.tx import Tx


def blocked_until(tx: Tx, subject: str) -> int:
    """When the subject may ask again (ms); 0 when it never was blocked."""
    row = tx.one("SELECT blocked_until FROM guesses WHERE subject = ?", (subject,))
    return int(row[0]) if row else 0


def add(tx: Tx, subject: str, misses: int, now: int, window: int) -> int:
    """Count misses; how many stand in the running window."""
    row = tx.one(
        "INSERT INTO guesses (subject, window_start, misses) VALUES (?, ?, ?) ON CONFLICT (subject) DO UPDATE SET "
        "misses = CASE WHEN guesses.window_start > ? THEN guesses.misses ELSE 0 END + excluded.misses, "
        "window_start = CASE WHEN guesses.window_start > ? THEN guesses.window_start ELSE excluded.window_start END "
        "RETURNING misses",
        (subject, now, misses, now - window, now - window),
    )
    return int(row[0]) if row else 0


def block(tx: Tx, subject: str, until: int) -> None:
    """Silence the subject and start counting anew."""
    tx.run("UPDATE guesses SET blocked_until = ?, misses = 0 WHERE subject = ?", (until, subject))


def clear(tx: Tx, subject: str) -> None:
    """Forget the misses after a success."""
    tx.run("UPDATE guesses SET misses = 0 WHERE subject = ?", (subject,))
