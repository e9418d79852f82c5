"""Cards and swipes as rows."""

from __future__ import annotations

from typing import Any, NamedTuple

from loyalty_pos.storage.tx import Tx


class PageCard(NamedTuple):
    """What a page's token is derived from."""

    id: int
    number: str
    generation: int
    state: str
    member_id: int


def page_row(tx: Tx, card_id: int) -> PageCard | None:
    """The card behind a page."""
    row = tx.one("SELECT id, number, generation, state, member_id FROM cards WHERE id = ?", (card_id,))
    return PageCard(*row) if row else None


def of_member(tx: Tx, member_id: int) -> list[tuple[Any, ...]]:
    """(id, number, state, generation, issued_at, reason) of a member's cards, newest first."""
    return tx.all(
        "SELECT id, number, state, generation, issued_at, reason FROM cards WHERE member_id = ? ORDER BY id DESC",
        (member_id,),
    )


def add(tx: Tx, number: str, member_id: int, at: int) -> int | None:
    """A new card; None when the number is taken."""
    row = tx.one(
        "INSERT INTO cards (number, member_id, issued_at) VALUES (?, ?, ?) "
        "ON CONFLICT (number) DO NOTHING RETURNING id",
        (number, member_id, at),
    )
    return int(row[0]) if row else None


def block(tx: Tx, card_id: int, reason: str) -> int:
    """Block an active card; 0 when it was not active."""
    return tx.run("UPDATE cards SET state = 'blocked', reason = ? WHERE id = ? AND state = 'active'", (reason, card_id))


def replace(tx: Tx, card_id: int, successor: int, reason: str | None) -> int:
    """The card acts as its successor from now on (S42), and its page is gone; 0 if it was replaced before."""
    return tx.run(
        "UPDATE cards SET state = 'replaced', replaced_by = ?, reason = ?, generation = generation + 1 "
        "WHERE id = ? AND state <> 'replaced'",
        (successor, reason, card_id),
    )


def step_used(tx: Tx, card_id: int, step: int) -> bool:
    """Whether this step of the rotating code was used before."""
    return tx.one("SELECT 1 FROM rotating_used WHERE card_id = ? AND step = ?", (card_id, step)) is not None


def use_step(tx: Tx, card_id: int, step: int) -> bool:
    """Mark a step of the rotating code as used (I15); False when it was used before."""
    return bool(
        tx.run("INSERT INTO rotating_used (card_id, step) VALUES (?, ?) ON CONFLICT DO NOTHING", (card_id, step))
    )


def add_swipe(
    tx: Tx,
    now: int,
    lane: tuple[int, int],
    cashier: str | None,
    number: str | None,
    card_id: int | None,
    member_id: int | None,
    entry: str,
    outcome: str,
    at: int | None = None,
) -> int:
    """Record an identification (S43); its id.  ``at``: when the till read the card, if that was not now."""
    return tx.insert(
        "INSERT INTO swipes (at, recorded_at, store_id, terminal_id, cashier, number, card_id, member_id, entry, "
        "outcome) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (now if at is None else at, now, *lane, cashier, number, card_id, member_id, entry, outcome),
    )
