"""The points ledger: lots, holds on named lots, and entries that are only ever added."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from loyalty_pos.storage.tx import Tx

FEW = 16
"""Lots that are looked at in one step."""
LAST = 2**62
"""Larger than any id and any moment."""


class LotRow(NamedTuple):
    """Points granted together; ``free`` = remaining - held.  Times in ms."""

    id: int
    granted: int
    remaining: int
    held: int
    state: str
    active_from: int
    expires_at: int | None
    sale_id: int | None
    member_id: int

    @property
    def free(self) -> int:
        """What may be held or spent."""
        return self.remaining - self.held


class Why(NamedTuple):
    """Who moved points, for which ticket, and why: the tail of every entry."""

    at: int
    by: str
    terminal_id: int | None = None
    sale_id: int | None = None
    return_id: int | None = None
    reason: str | None = None
    key: str | None = None


_LOT = "SELECT id, granted, remaining, held, state, active_from, expires_at, sale_id, member_id FROM lots "
_SPENDING_ORDER = "ORDER BY expires_at IS NULL, expires_at, active_from, id"


def add_lot(
    tx: Tx, member_id: int, granted: int, state: str, active_from: int, expires_at: int | None, sale_id: int | None
) -> int:
    """Grant points; the new lot's id."""
    return tx.insert(
        "INSERT INTO lots (member_id, granted, remaining, state, active_from, expires_at, sale_id) "
        "VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (member_id, granted, granted, state, active_from, expires_at, sale_id),
    )


def add_entry(tx: Tx, member_id: int, kind: str, points: int, lot_id: int | None, why: Why) -> None:
    """Append one entry; ``points`` signed."""
    tx.later(
        "INSERT INTO entries (member_id, at, kind, points, lot_id, sale_id, return_id, terminal_id, by, reason, "
        "idempotency_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            member_id,
            why.at,
            kind,
            points,
            lot_id,
            why.sale_id,
            why.return_id,
            why.terminal_id,
            why.by,
            why.reason,
            why.key,
        ),
    )


def spendable_lots(tx: Tx, member_id: int, now: int) -> Iterator[LotRow]:
    """Active lots with something free that have not lapsed, in the order of spending (S19).

    They come a few at a time, by the index: whoever has thousands of lots pays out of the first.
    """
    place: tuple[int, ...] = (now, LAST, LAST)
    while lots := _next_lots(tx, member_id, "(expires_at, active_from, id) > (?, ?, ?)", place):
        yield from lots
        place = (lots[-1].expires_at or now, lots[-1].active_from, lots[-1].id)
    place = (0, 0)
    while lots := _next_lots(tx, member_id, "expires_at IS NULL AND (active_from, id) > (?, ?)", place):
        yield from lots
        place = (lots[-1].active_from, lots[-1].id)


def _next_lots(tx: Tx, member_id: int, after: str, place: tuple[int, ...]) -> list[LotRow]:
    rows = tx.all(
        _LOT + f"WHERE member_id = ? AND state = 'active' AND remaining > 0 AND remaining > held AND {after} "
        f"ORDER BY expires_at, active_from, id LIMIT {FEW}",
        (member_id, *place),
    )
    return [LotRow(*row) for row in rows]


def lapsed(tx: Tx, member_id: int, now: int) -> int:
    """Free points whose time is over and that no job has taken out yet: nobody may spend them (S20)."""
    row = tx.one(
        "SELECT coalesce(sum(remaining - held), 0) FROM lots "
        "WHERE member_id = ? AND remaining > 0 AND state = 'active' AND expires_at <= ?",
        (member_id, now),
    )
    return int(row[0]) if row else 0


def lapsed_of_sale(tx: Tx, sale_id: int) -> int:
    """The points of a sale's own lots that have lapsed."""
    return -_sum_of_sale(tx, sale_id, "expire")


def recovered_by(tx: Tx, sale_id: int) -> int:
    """The points that a sale earned and that went to the member's shortfall (S27)."""
    return -_sum_of_sale(tx, sale_id, "recover")


def _sum_of_sale(tx: Tx, sale_id: int, kind: str) -> int:
    row = tx.one("SELECT coalesce(sum(points), 0) FROM entries WHERE sale_id = ? AND kind = ?", (sale_id, kind))
    return int(row[0]) if row else 0


def open_lots(tx: Tx, member_id: int) -> list[LotRow]:
    """Lots with anything left, pending too, in the order of spending."""
    rows = tx.all(
        _LOT + f"WHERE member_id = ? AND state <> 'expired' AND remaining > 0 {_SPENDING_ORDER}", (member_id,)
    )
    return [LotRow(*row) for row in rows]


def lot(tx: Tx, lot_id: int) -> LotRow:
    """One lot."""
    row = tx.one(_LOT + "WHERE id = ?", (lot_id,))
    assert row is not None
    return LotRow(*row)


def lots_of_sale(tx: Tx, sale_id: int) -> list[LotRow]:
    """The lots that a sale granted."""
    return [LotRow(*row) for row in tx.all(_LOT + "WHERE sale_id = ? ORDER BY id", (sale_id,))]


def take(tx: Tx, lot_id: int, points: int) -> bool:
    """Take free points out of a lot; False when they are not free any more."""
    return bool(
        tx.run(
            "UPDATE lots SET remaining = remaining - ? WHERE id = ? AND remaining - held >= ?", (points, lot_id, points)
        )
    )


def put_back(tx: Tx, lot_id: int, points: int, state: str, expires_at: int | None) -> None:
    """Return spent points to their lot, reviving an expired one until ``expires_at`` (S24)."""
    tx.run(
        "UPDATE lots SET remaining = remaining + ?, state = ?, expires_at = ? WHERE id = ?",
        (points, state, expires_at, lot_id),
    )


def hold(tx: Tx, checkout_id: int, lot_id: int, points: int) -> bool:
    """Set points of a lot aside for a checkout (S21); False when they are not free."""
    held = tx.run("UPDATE lots SET held = held + ? WHERE id = ? AND remaining - held >= ?", (points, lot_id, points))
    if held:
        tx.later(
            "INSERT INTO checkout_lots (checkout_id, lot_id, points) VALUES (?, ?, ?)", (checkout_id, lot_id, points)
        )
    return bool(held)


def holds(tx: Tx, checkout_id: int) -> list[tuple[int, int]]:
    """(lot, points) that a checkout holds."""
    return [
        (row[0], row[1])
        for row in tx.all(
            "SELECT lot_id, points FROM checkout_lots WHERE checkout_id = ? ORDER BY lot_id", (checkout_id,)
        )
    ]


def release_holds(tx: Tx, checkout_id: int, capture: bool) -> list[tuple[int, int]]:
    """End the holds of a checkout: captured points leave their lots, released ones are free again."""
    held = holds(tx, checkout_id)
    for lot_id, points in held:
        taken = points if capture else 0
        tx.run("UPDATE lots SET held = held - ?, remaining = remaining - ? WHERE id = ?", (points, taken, lot_id))
    tx.run("DELETE FROM checkout_lots WHERE checkout_id = ?", (checkout_id,))
    return held


def claimed_lots(tx: Tx, sale_id: int) -> list[tuple[int, int, str]]:
    """(lot, points still out, reward) of what a sale's rewards cost."""
    rows = tx.all(
        "SELECT lot_id, -sum(points), reason FROM entries WHERE sale_id = ? AND kind = 'claim' "
        "GROUP BY lot_id, reason HAVING sum(points) < 0 ORDER BY lot_id, reason",
        (sale_id,),
    )
    return [(int(row[0]), int(row[1]), row[2]) for row in rows]


def redeemed_lots(tx: Tx, sale_id: int) -> list[tuple[int, int]]:
    """(lot, points still out) of what a sale spent, less what came back, in the order of spending."""
    rows = tx.all(
        "SELECT lot_id, -sum(points) FROM entries WHERE sale_id = ? AND kind IN ('redeem', 'give_back') "
        "GROUP BY lot_id HAVING sum(points) < 0 ORDER BY min(id)",
        (sale_id,),
    )
    return [(int(row[0]), int(row[1])) for row in rows]


def entries(tx: Tx, members: Sequence[int], after: int, limit: int) -> list[tuple[Any, ...]]:
    """Entries of these (a member and its aliases) after id ``after``, oldest first, with receipt and terminal code."""
    return tx.all(
        "SELECT e.id, e.at, e.kind, e.points, e.sale_id, s.receipt, e.idempotency_key, t.code, e.reason "
        "FROM entries e LEFT JOIN sales s ON s.id = e.sale_id LEFT JOIN terminals t ON t.id = e.terminal_id "
        f"WHERE e.member_id IN ({', '.join('?' * len(members))}) AND e.id > ? ORDER BY e.id LIMIT ?",
        (*members, after, limit),
    )
