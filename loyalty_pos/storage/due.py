"""What is due by the clock: lots, released or expired, member row first, one guarded step at a time; and
when each job last ran."""

from __future__ import annotations

from loyalty_pos.storage.ledger import Why, add_entry
from loyalty_pos.storage.posting import settle_member
from loyalty_pos.storage.tx import Tx

_RELEASING = "state = 'pending' AND active_from <= ?"
_LAPSING = "state = 'active' AND expires_at <= ? AND (remaining > held OR remaining = 0)"


def releasing(tx: Tx, now: int) -> int:
    """How many lots ``release`` would move."""
    return int(tx.all(f"SELECT count(*) FROM lots WHERE {_RELEASING}", (now,))[0][0])


def release(tx: Tx, now: int, limit: int) -> int:
    """pending -> active for lots whose day has come; how many moved."""
    lots = tx.all(f"SELECT id, member_id FROM lots WHERE {_RELEASING} ORDER BY member_id, id LIMIT ?", (now, limit))
    moved = 0
    for lot_id, member_id in lots:
        found = _locked(tx, member_id, lot_id, _RELEASING, now)
        if found is not None:
            settle_member(tx, member_id, None, found[0], -found[0], 0, 0, 0)
            tx.run("UPDATE lots SET state = 'active' WHERE id = ?", (lot_id,))
            moved += 1
    return moved


def lapsing(tx: Tx, now: int) -> int:
    """How many lots ``expire`` would move."""
    return int(tx.all(f"SELECT count(*) FROM lots WHERE {_LAPSING}", (now,))[0][0])


def expire(tx: Tx, now: int, limit: int) -> int:
    """Take the free points out of lots that have lapsed; how many lots moved.

    A lot of which something is held stays active until the hold ends.  The entry bears the ticket
    that had granted the points.
    """
    lots = tx.all(
        f"SELECT id, member_id, sale_id FROM lots WHERE {_LAPSING} ORDER BY member_id, id LIMIT ?", (now, limit)
    )
    moved = 0
    for lot_id, member_id, sale_id in lots:
        found = _locked(tx, member_id, lot_id, _LAPSING, now)
        if found is None:
            continue
        moved += 1
        remaining, held = found
        points = remaining - held
        if points:
            settle_member(tx, member_id, None, -points, 0, 0, 0, 0)
            tx.run("UPDATE members SET expired = expired + ? WHERE id = ?", (points, member_id))
            add_entry(tx, member_id, "expire", -points, lot_id, Why(now, "system", sale_id=sale_id, reason="expired"))
        state = "active" if held else "expired"
        tx.run("UPDATE lots SET remaining = ?, state = ? WHERE id = ?", (held, state, lot_id))
    return moved


def note_run(tx: Tx, name: str, at: int) -> None:
    """This job has done what was due at ``at`` (ms)."""
    tx.run(
        "INSERT INTO job_runs (name, at) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at",
        (name, at),
    )


def last_run(tx: Tx, name: str) -> int | None:
    """When this job last ran (ms); None when it never did here."""
    row = tx.one("SELECT at FROM job_runs WHERE name = ?", (name,))
    return int(row[0]) if row else None


def _locked(tx: Tx, member_id: int, lot_id: int, due: str, now: int) -> tuple[int, int] | None:
    """(remaining, held) of a lot as it is once its member's row is locked; None when it is not due any more."""
    tx.one(f"SELECT id FROM members WHERE id = ?{tx.for_update}", (member_id,))
    row = tx.one(f"SELECT remaining, held FROM lots WHERE id = ? AND member_id = ? AND {due}", (lot_id, member_id, now))
    return (int(row[0]), int(row[1])) if row else None
