"""What tills number (S44): each (terminal, epoch, sequence) is one record, for ever.

``till_epochs.highest`` is the highest number that came, ``till_gaps`` lists every one below it that
did not (L9); both move in the transaction of the record.  A body that contradicts the numbers
waits in ``quarantine``.
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


class Gap(NamedTuple):
    """Numbers that never came, both inclusive, and since when (ms) that is known."""

    epoch: int
    first: int
    last: int
    since: int


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
    taken = tx.run(
        "INSERT INTO till_records (terminal_id, epoch, sequence, key, body_hash, at) "
        "SELECT id, epoch, ?, ?, ?, ? FROM terminals WHERE id = ? AND epoch = ? ON CONFLICT DO NOTHING",
        (sequence, key, body_hash, at, terminal_id, epoch),
    )
    if taken:
        _keep_gaps(tx, terminal_id, epoch, sequence, at)
    return bool(taken)


def _keep_gaps(tx: Tx, terminal_id: int, epoch: int, sequence: int, at: int) -> None:
    """A number above the highest may open a gap; one below it lies in a gap, and splits or closes it."""
    top = highest(tx, terminal_id, epoch, lock=True)
    if sequence > top:
        parts = [(top + 1, sequence - 1, at)]
        tx.later(
            "UPDATE till_epochs SET highest = ? WHERE terminal_id = ? AND epoch = ?", (sequence, terminal_id, epoch)
        )
    else:
        gap = tx.one(
            "DELETE FROM till_gaps WHERE terminal_id = ? AND epoch = ? AND first <= ? AND last >= ? "
            "RETURNING first, last, since",
            (terminal_id, epoch, sequence, sequence),
        )
        assert gap is not None
        parts = [(gap[0], sequence - 1, gap[2]), (sequence + 1, gap[1], gap[2])]
    for first, last, since in parts:
        if first <= last:
            tx.later(
                "INSERT INTO till_gaps (terminal_id, epoch, first, last, since) VALUES (?, ?, ?, ?, ?)",
                (terminal_id, epoch, first, last, since),
            )


def highest(tx: Tx, terminal_id: int, epoch: int, lock: bool = False) -> int:
    """The highest number of an epoch that came; 0 before the first."""
    row = tx.one(
        f"SELECT highest FROM till_epochs WHERE terminal_id = ? AND epoch = ?{tx.for_update if lock else ''}",
        (terminal_id, epoch),
    )
    return int(row[0]) if row else 0


def gaps(tx: Tx, terminal_id: int, epoch: int | None, limit: int) -> list[Gap]:
    """The open gaps of a terminal, the lowest first; ``epoch`` None: of all its epochs."""
    within, params = ("", [terminal_id]) if epoch is None else (" AND epoch = ?", [terminal_id, epoch])
    rows = tx.all(
        f"SELECT epoch, first, last, since FROM till_gaps WHERE terminal_id = ?{within} ORDER BY epoch, first LIMIT ?",
        (*params, limit),
    )
    return [Gap(*row) for row in rows]


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
