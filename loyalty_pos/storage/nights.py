"""Work that is done once for each local day, in parts: what it goes by, how far it is, whether it is finished.

Invariant: a part that was written counts as done in the same transaction, so a night that was cut
off goes on where it stood.
"""

from __future__ import annotations

from typing import NamedTuple

from loyalty_pos.storage.tx import Tx


class Night(NamedTuple):
    """The newest run of a work: its local day, what it goes by (JSON), the last id that is done."""

    day: str
    terms: str
    done_to: int
    finished: int


def newest(tx: Tx, name: str) -> Night | None:
    """The newest run of this work; None when there was none."""
    row = tx.one(f"SELECT {', '.join(Night._fields)} FROM nights WHERE name = ?", (name,))
    return Night(*row) if row else None


def begin(tx: Tx, name: str, day: str, terms: str) -> None:
    """A run for a new day, if nobody has begun it."""
    tx.run(
        "INSERT INTO nights (name, day, terms) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
        "day = excluded.day, terms = excluded.terms, done_to = 0, finished = 0 WHERE nights.day < excluded.day",
        (name, day, terms),
    )


def go_by(tx: Tx, name: str, day: str, before: str, terms: str, to: int) -> bool:
    """Everything up to ``to`` is done, and from here on it goes by these terms; False unless it went by ``before``."""
    return bool(
        tx.run(
            "UPDATE nights SET terms = ?, done_to = ? WHERE name = ? AND day = ? AND terms = ? AND finished = 0",
            (terms, to, name, day, before),
        )
    )


def done(tx: Tx, name: str, day: str, to: int) -> None:
    """Everything up to this id is done."""
    tx.run("UPDATE nights SET done_to = ? WHERE name = ? AND day = ? AND done_to < ?", (to, name, day, to))


def finish(tx: Tx, name: str, day: str) -> None:
    """This day's run is finished."""
    tx.run("UPDATE nights SET finished = 1 WHERE name = ? AND day = ?", (name, day))
