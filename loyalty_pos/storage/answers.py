"""The saved answers of idempotency keys: rows that are written once and never change."""

from __future__ import annotations

from typing import Literal, NamedTuple, cast

from loyalty_pos.storage.tx import Tx

Kind = Literal["done", "created", "accepted", "refused"]


class Answer(NamedTuple):
    """One saved answer: inline, or the sale whose own answer it is."""

    body_hash: bytes
    outcome: Kind
    sale_id: int | None
    answer: bytes | None


def find(tx: Tx, caller: str, key: str) -> Answer | None:
    """The answer saved under (caller, key)."""
    row = tx.one(
        "SELECT a.body_hash, a.outcome, a.sale_id, coalesce(a.answer, s.answer) FROM answers a "
        "LEFT JOIN sales s ON s.id = a.sale_id WHERE a.caller = ? AND a.key = ?",
        (caller, key),
    )
    return Answer(bytes(row[0]), cast(Kind, row[1]), row[2], None if row[3] is None else bytes(row[3])) if row else None


def lock(tx: Tx, caller: str, key: str) -> bool:
    """Claim the key among all processes until this transaction ends; False when one has it."""
    return tx.lock(f"{caller}/{key}")


def save(tx: Tx, caller: str, key: str, at: int, row: Answer) -> None:
    """Save the answer in the transaction of its effects."""
    tx.later(
        "INSERT INTO answers (caller, key, body_hash, at, outcome, sale_id, answer) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (caller, key, row.body_hash, at, row.outcome, row.sale_id, row.answer),
    )
