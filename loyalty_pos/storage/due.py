"""Lots that are due by the clock: released or expired, member row first, one guarded step at a time."""

from __future__ import annotations

from loyalty_pos.storage.ledger import Why, add_entry
from loyalty_pos.storage.posting import settle_member
from loyalty_pos.storage.tx import Tx


def release(tx: Tx, now: int, limit: int) -> int:
    """pending -> active for lots whose day has come; how many moved."""
    lots = tx.all(
        "SELECT id, member_id, remaining FROM lots WHERE state = 'pending' AND active_from <= ? "
        f"ORDER BY member_id, id LIMIT ?{tx.for_update}",
        (now, limit),
    )
    for lot_id, member_id, points in lots:
        settle_member(tx, member_id, None, points, -points, 0, 0, 0)
        tx.run("UPDATE lots SET state = 'active' WHERE id = ?", (lot_id,))
    return len(lots)


def expire(tx: Tx, now: int, limit: int) -> int:
    """Take the free points out of lots that have lapsed; how many lots moved.

    A lot of which something is held stays active until the hold ends.
    """
    lots = tx.all(
        "SELECT id, member_id, remaining, held FROM lots WHERE state = 'active' AND expires_at <= ? "
        f"AND (remaining > held OR remaining = 0) ORDER BY member_id, id LIMIT ?{tx.for_update}",
        (now, limit),
    )
    for lot_id, member_id, remaining, held in lots:
        points = remaining - held
        if points:
            settle_member(tx, member_id, None, -points, 0, 0, 0, 0)
            tx.run("UPDATE members SET expired = expired + ? WHERE id = ?", (points, member_id))
            add_entry(tx, member_id, "expire", -points, lot_id, Why(now, "system", reason="expired"))
        state = "active" if held else "expired"
        tx.run("UPDATE lots SET remaining = ?, state = ? WHERE id = ?", (held, state, lot_id))
    return len(lots)
