"""What tills number (S44): each (terminal, epoch, sequence) is one record, for ever.

The rows of ``till_records`` are the truth; ``till_epochs.contiguous`` only remembers up to where
no number is missing, so that a look for gaps begins there.  A body that contradicts them waits
in ``quarantine``.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from loyalty_pos.storage.tx import Tx


class Taken(Exception):
    """Another request was faster with this number, or the till was paired again: look once more."""


class Record(NamedTuple):
    """What stands under a number: the key that answers for it, and what the body was."""

    key: str
    body_hash: bytes


class SetAside(NamedTuple):
    """A record in quarantine; ``body`` None once a person has decided about it."""

    id: int
    at: int
    terminal: str
    store: str
    store_id: int
    epoch: int
    sequence: int
    code: str
    kind: str
    state: str
    note: str | None
    resolved_by: str | None
    resolved_at: int | None
    body: bytes | None


# Pairing codes --------------------------------------------------------------------------------


def put_pairing_code(tx: Tx, terminal_id: int, code_hash: bytes, expires_at: int) -> None:
    """The terminal's pairing code from now on; an earlier one is dead."""
    tx.run(
        "INSERT INTO pairing_codes (terminal_id, code_hash, expires_at) VALUES (?, ?, ?) ON CONFLICT (terminal_id) "
        "DO UPDATE SET code_hash = excluded.code_hash, expires_at = excluded.expires_at, used_at = NULL",
        (terminal_id, code_hash, expires_at),
    )


def use_pairing_code(tx: Tx, terminal_id: int, code_hash: bytes, now: int) -> bool:
    """Use the code up; False when it is wrong, over, or was used before."""
    return bool(
        tx.run(
            "UPDATE pairing_codes SET used_at = ? "
            "WHERE terminal_id = ? AND code_hash = ? AND used_at IS NULL AND expires_at > ?",
            (now, terminal_id, code_hash, now),
        )
    )


# Numbers --------------------------------------------------------------------------------------


def record(tx: Tx, terminal_id: int, epoch: int, sequence: int) -> Record | None:
    """What stands under a number."""
    row = tx.one(
        "SELECT key, body_hash FROM till_records WHERE terminal_id = ? AND epoch = ? AND sequence = ?",
        (terminal_id, epoch, sequence),
    )
    return Record(row[0], bytes(row[1])) if row else None


def add_record(tx: Tx, terminal_id: int, epoch: int, sequence: int, key: str, body_hash: bytes, at: int) -> bool:
    """Take a number of the terminal's current epoch; False when it is taken, or the epoch is another."""
    return bool(
        tx.run(
            "INSERT INTO till_records (terminal_id, epoch, sequence, key, body_hash, at) "
            "SELECT id, epoch, ?, ?, ?, ? FROM terminals WHERE id = ? AND epoch = ? ON CONFLICT DO NOTHING",
            (sequence, key, body_hash, at, terminal_id, epoch),
        )
    )


def contiguous(tx: Tx, terminal_id: int, epoch: int) -> int:
    """Up to where no number is known to be missing."""
    row = tx.one("SELECT contiguous FROM till_epochs WHERE terminal_id = ? AND epoch = ?", (terminal_id, epoch))
    return int(row[0]) if row else 0


def advance(tx: Tx, terminal_id: int, epoch: int, to: int) -> None:
    """No number up to ``to`` is missing; never goes back."""
    tx.later(
        "UPDATE till_epochs SET contiguous = ? WHERE terminal_id = ? AND epoch = ? AND contiguous < ?",
        (to, terminal_id, epoch, to),
    )


def islands(tx: Tx, terminal_id: int, epoch: int, above: int, limit: int) -> list[tuple[int, int]]:
    """(first, last) of each run of numbers that are here, above ``above``, in their order."""
    return [
        (int(row[0]), int(row[1]))
        for row in tx.all(
            "SELECT min(sequence), max(sequence) FROM (SELECT sequence, "
            "sequence - row_number() OVER (ORDER BY sequence) AS island FROM till_records "
            "WHERE terminal_id = ? AND epoch = ? AND sequence > ?) AS run GROUP BY island ORDER BY 1 LIMIT ?",
            (terminal_id, epoch, above, limit),
        )
    ]


def recorded_at(tx: Tx, terminal_id: int, epoch: int, sequence: int) -> int:
    """When a number that is here came (ms)."""
    row = tx.one(
        "SELECT at FROM till_records WHERE terminal_id = ? AND epoch = ? AND sequence = ?",
        (terminal_id, epoch, sequence),
    )
    assert row is not None
    return int(row[0])


def epochs(tx: Tx, terminal_id: int) -> list[tuple[int, int]]:
    """(epoch, contiguous) of a terminal, oldest first."""
    rows = tx.all("SELECT epoch, contiguous FROM till_epochs WHERE terminal_id = ? ORDER BY epoch", (terminal_id,))
    return [(int(row[0]), int(row[1])) for row in rows]


# Quarantine -----------------------------------------------------------------------------------


def set_aside(
    tx: Tx, terminal_id: int, at: int, epoch: int, sequence: int, code: str, kind: str, body_hash: bytes, body: bytes
) -> None:
    """Keep a record that contradicts the numbers; the same one once."""
    tx.later(
        "INSERT INTO quarantine (terminal_id, at, epoch, sequence, code, kind, body_hash, body) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (terminal_id, epoch, sequence, body_hash) DO NOTHING",
        (terminal_id, at, epoch, sequence, code, kind, body_hash, body),
    )


_SET_ASIDE = (
    "SELECT q.id, q.at, t.code, s.code, t.store_id, q.epoch, q.sequence, q.code, q.kind, q.state, q.note, "
    "q.resolved_by, q.resolved_at, q.body FROM quarantine q JOIN terminals t ON t.id = q.terminal_id "
    "JOIN stores s ON s.id = t.store_id "
)


def find_set_aside(tx: Tx, record_id: int) -> SetAside | None:
    """One record in quarantine."""
    row = tx.one(_SET_ASIDE + "WHERE q.id = ?", (record_id,))
    return SetAside(*row) if row else None


def list_set_aside(
    tx: Tx, before: int, limit: int, store_ids: Collection[int] | None, state: str | None
) -> list[SetAside]:
    """Newest first, before id ``before`` (0: from the newest); ``store_ids`` None: of every store."""
    rules: list[str] = ["1 = 1"]
    params: list[Any] = []
    if before:
        rules.append("q.id < ?")
        params.append(before)
    if state is not None:
        rules.append("q.state = ?")
        params.append(state)
    if store_ids is not None:
        rules.append(f"t.store_id IN ({', '.join('?' * len(store_ids)) or 'NULL'})")
        params += sorted(store_ids)
    rows = tx.all(_SET_ASIDE + f"WHERE {' AND '.join(rules)} ORDER BY q.id DESC LIMIT ?", (*params, limit))
    return [SetAside(*row) for row in rows]


def resolve_set_aside(tx: Tx, record_id: int, state: str, note: str | None, by: str, at: int) -> bool:
    """waiting -> accepted or dismissed; its body is kept no longer.  False when it was decided before."""
    return bool(
        tx.run(
            "UPDATE quarantine SET state = ?, note = ?, resolved_by = ?, resolved_at = ?, body = NULL "
            "WHERE id = ? AND state = 'waiting'",
            (state, note, by, at, record_id),
        )
    )


def waiting(tx: Tx, terminal_id: int) -> int:
    """How many records of a terminal wait in quarantine."""
    row = tx.one("SELECT count(*) FROM quarantine WHERE terminal_id = ? AND state = 'waiting'", (terminal_id,))
    return int(row[0]) if row else 0
