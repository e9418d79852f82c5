"""What is due by the clock: lots, released or expired, member row first, one guarded step at a time; and
when each job last ran."""

from __future__ import annotations

from loyalty_pos.storage.ledger import Why, add_entry
from loyalty_pos.storage.posting import settle_member
from loyalty_pos.storage.tx import Tx


def release(tx: Tx, now: int, limit: int) -> int:
    """pending -> active for lots whose day has come; how many moved."""
    lots = tx.all(
        "SELECT id, member_id FROM lots WHERE state = 'pending' AND active_from <= ? ORDER BY member_id, id LIMIT ?",
        (now, limit),
    )
    for lot_id, member_id in lots:
        found = _locked(tx, member_id, lot_id, "pending")
        if found is not None:
            settle_member(tx, member_id, None, found[0], -found[0], 0, 0, 0)
            tx.run("UPDATE lots SET state = 'active' WHERE id = ?", (lot_id,))
    return len(lots)


def expire(tx: Tx, now: int, limit: int) -> int:
    """Take the free points out of lots that have lapsed; how many lots moved.

    A lot of which something is held stays active until the hold ends.
    """
    lots = tx.all(
        "SELECT id, member_id FROM lots WHERE state = 'active' AND expires_at <= ? "
        "AND (remaining > held OR remaining = 0) ORDER BY member_id, id LIMIT ?",
        (now, limit),
    )
    for lot_id, member_id in lots:
        found = _locked(tx, member_id, lot_id, "active")
        if found is None:
            continue
        remaining, held = found
        points = remaining - held
        if points:
            settle_member(tx, member_id, None, -points, 0, 0, 0, 0)
            tx.run("UPDATE members SET expired = expired + ? WHERE id = ?", (points, member_id))
            add_entry(tx, member_id, "expire", -points, lot_id, Why(now, "system", reason="expired"))
        state = "active" if held else "expired"
        tx.run("UPDATE lots SET remaining = ?, state = ? WHERE id = ?", (held, state, lot_id))
    return len(lots)


def note_run(tx: Tx, name: str, at: int) -> None:
    """This job has done what was due at ``at`` (ms)."""
    tx.run(
        "INSERT INTO job_runs (name, at) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET "
        "at = CASE WHEN excluded.at > job_runs.at THEN excluded.at ELSE job_runs.at END",
        (name, at),
    )


def last_run(tx: Tx, name: str) -> int | None:
    """When this job last ran (ms); None when it never did here."""
    row = tx.one("SELECT at FROM job_runs WHERE name = ?", (name,))
    return int(row[0]) if row else None


def _locked(tx: Tx, member_id: int, lot_id: int, state: str) -> tuple[int, int] | None:
    """(remaining, held) of a lot as it is once its member's row is locked; None when its state moved."""
    tx.one(f"SELECT id FROM members WHERE id = ?{tx.for_update}", (member_id,))
    row = tx.one("SELECT remaining, held FROM lots WHERE id = ? AND state = ?", (lot_id, state))
    return (int(row[0]), int(row[1])) if row else None
