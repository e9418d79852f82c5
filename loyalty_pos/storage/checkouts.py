"""Checkouts as rows: open -> settled, voided or expired, each change guarded by the state."""

from __future__ import annotations

from typing import NamedTuple

from loyalty_pos.storage.tx import Tx


class CheckoutRow(NamedTuple):
    """A checkout; ``basket`` and ``priced`` as JSON, times in ms."""

    id: int
    store_id: int
    terminal_id: int
    cashier: str | None
    member_id: int | None
    card_id: int | None
    swipe_id: int | None
    state: str
    opened_at: int
    expires_at: int
    rules: int
    points_held: int
    counted: str
    basket: bytes
    priced: bytes
    sale_id: int | None


_COLUMNS = ", ".join(CheckoutRow._fields)


def find(tx: Tx, checkout_id: int, lock: bool = False) -> CheckoutRow | None:
    """A checkout by id; ``lock``: nobody else changes it until this transaction ends."""
    row = tx.one(f"SELECT {_COLUMNS} FROM checkouts WHERE id = ?{tx.for_update if lock else ''}", (checkout_id,))
    return CheckoutRow(*row)._replace(basket=bytes(row[13]), priced=bytes(row[14])) if row else None


def add(
    tx: Tx,
    lane: tuple[int, int],
    cashier: str | None,
    member_id: int | None,
    card_id: int | None,
    swipe_id: int | None,
    opened_at: int,
    expires_at: int,
    rules: int,
    basket: bytes,
    priced: bytes,
) -> int:
    """Open a checkout that holds nothing yet; its id."""
    return tx.insert(
        "INSERT INTO checkouts (store_id, terminal_id, cashier, member_id, card_id, swipe_id, opened_at, expires_at, "
        "rules, basket, priced) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (*lane, cashier, member_id, card_id, swipe_id, opened_at, expires_at, rules, basket, priced),
    )


def note_holds(tx: Tx, checkout_id: int, points: int, counted: str) -> None:
    """Note what the checkout holds: points (their lots are in checkout_lots) and the uses it counted."""
    tx.later("UPDATE checkouts SET points_held = ?, counted = ? WHERE id = ?", (points, counted, checkout_id))


def open_of_member(tx: Tx, member_id: int) -> list[tuple[int, str]]:
    """(id, counted uses) of a member's open checkouts."""
    rows = tx.all("SELECT id, counted FROM checkouts WHERE member_id = ? AND state = 'open'", (member_id,))
    return [(int(row[0]), str(row[1])) for row in rows]


def reprice(
    tx: Tx, row: CheckoutRow, cashier: str | None, member_id: int | None, card_id: int | None,
    swipe_id: int | None, expires_at: int, rules: int, basket: bytes, priced: bytes,
) -> bool:  # fmt: skip
    """Put a new price on an open or expired checkout; False when it is neither any more."""
    return bool(
        tx.run(
            "UPDATE checkouts SET state = 'open', cashier = ?, member_id = ?, card_id = ?, swipe_id = ?, "
            "expires_at = ?, rules = ?, basket = ?, priced = ? "
            "WHERE id = ? AND state IN ('open', 'expired') AND state = ?",
            (cashier, member_id, card_id, swipe_id, expires_at, rules, basket, priced, row.id, row.state),
        )
    )


def close(tx: Tx, checkout_id: int, before: str, after: str, sale_id: int | None = None) -> bool:
    """Move from state ``before`` to ``after`` and let go of the points; False when it has moved."""
    return bool(
        tx.run(
            "UPDATE checkouts SET state = ?, sale_id = ?, points_held = 0 WHERE id = ? AND state = ?",
            (after, sale_id, checkout_id, before),
        )
    )


def overdue(tx: Tx, now: int, limit: int) -> list[int]:
    """Open checkouts whose time is over."""
    rows = tx.all(
        "SELECT id FROM checkouts WHERE state = 'open' AND expires_at <= ? ORDER BY expires_at LIMIT ?", (now, limit)
    )
    return [int(row[0]) for row in rows]


def count_overdue(tx: Tx, now: int) -> int:
    """How many open checkouts are overdue."""
    return int(tx.all("SELECT count(*) FROM checkouts WHERE state = 'open' AND expires_at <= ?", (now,))[0][0])
