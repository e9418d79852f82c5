"""Stores and their terminals (lanes) as rows; a terminal's key is kept as its SHA-256 alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from loyalty_pos.storage.reading import marks
from loyalty_pos.storage.tx import Tx


class StoreRow(NamedTuple):
    """One shop."""

    id: int
    code: str
    name: str
    created_at: int


class TerminalRow(NamedTuple):
    """One lane; ``scopes`` separated by spaces."""

    id: int
    code: str
    store_id: int
    store: str
    scopes: str
    state: str
    created_at: int
    epoch: int
    pair_again_since: int | None
    """When two bodies for one number were seen: two tills bear this identity (S44)."""
    skew: int | None
    """By how many ms its clock was ahead (negative: behind) when it last told, if that was too much."""


_TERMINAL = (
    "SELECT t.id, t.code, t.store_id, s.code, t.scopes, t.state, t.created_at, t.epoch, t.pair_again_since, t.skew "
    "FROM terminals t JOIN stores s ON s.id = t.store_id "
)


def add_store(tx: Tx, code: str, name: str, at: int) -> int | None:
    """A new store; None when the code is taken."""
    row = tx.one(
        "INSERT INTO stores (code, name, created_at) VALUES (?, ?, ?) ON CONFLICT (code) DO NOTHING RETURNING id",
        (code, name, at),
    )
    return int(row[0]) if row else None


def store(tx: Tx, code: str) -> StoreRow | None:
    """A store by its code."""
    row = tx.one("SELECT id, code, name, created_at FROM stores WHERE code = ?", (code,))
    return StoreRow(*row) if row else None


def store_ids(tx: Tx) -> list[int]:
    """The ids of all stores."""
    return [int(row[0]) for row in tx.all("SELECT id FROM stores ORDER BY id")]


def named(tx: Tx, ids: Sequence[int]) -> list[StoreRow]:
    """These stores, by name."""
    rows = tx.all(
        f"SELECT id, code, name, created_at FROM stores WHERE id IN ({marks(ids) or 'NULL'}) ORDER BY name", ids
    )
    return [StoreRow(*row) for row in rows]


def stores(tx: Tx, after: str, limit: int) -> list[StoreRow]:
    """Stores by code, after ``after``."""
    rows = tx.all("SELECT id, code, name, created_at FROM stores WHERE code > ? ORDER BY code LIMIT ?", (after, limit))
    return [StoreRow(*row) for row in rows]


def names(tx: Tx) -> dict[str, str]:
    """Code -> name of every store, by code."""
    return {row[0]: row[1] for row in tx.all("SELECT code, name FROM stores ORDER BY code")}


def add_terminal(tx: Tx, store_id: int, code: str, key_hash: bytes, scopes: str, at: int) -> int | None:
    """A new lane; None when the code is taken."""
    row = tx.one(
        "INSERT INTO terminals (store_id, code, key_hash, scopes, created_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (code) DO NOTHING RETURNING id",
        (store_id, code, key_hash, scopes, at),
    )
    if row is None:
        return None
    tx.later("INSERT INTO till_epochs (terminal_id, epoch, started_at) VALUES (?, 1, ?)", (row[0], at))
    return int(row[0])


def terminal(tx: Tx, code: str) -> TerminalRow | None:
    """A lane by its code."""
    row = tx.one(_TERMINAL + "WHERE t.code = ?", (code,))
    return TerminalRow(*row) if row else None


def terminal_by_key(tx: Tx, key_hash: bytes) -> TerminalRow | None:
    """The lane that holds a key, active or revoked: one indexed read."""
    row = tx.one(_TERMINAL + "WHERE t.key_hash = ?", (key_hash,))
    return TerminalRow(*row) if row else None


def terminals(tx: Tx, after: str, limit: int, store_ids: Collection[int] | None = None) -> list[TerminalRow]:
    """Lanes by code, after ``after``; ``store_ids`` None: of every store."""
    within = "" if store_ids is None else f"AND t.store_id IN ({', '.join('?' * len(store_ids)) or 'NULL'}) "
    params = (after, *sorted(store_ids or ()), limit)
    rows = tx.all(_TERMINAL + f"WHERE t.code > ? {within}ORDER BY t.code LIMIT ?", params)
    return [TerminalRow(*row) for row in rows]


def set_key(tx: Tx, terminal_id: int, key_hash: bytes) -> None:
    """A new key, in force at once; it also brings a revoked lane back."""
    tx.run("UPDATE terminals SET key_hash = ?, state = 'active' WHERE id = ?", (key_hash, terminal_id))


def begin_epoch(tx: Tx, terminal_id: int, key_hash: bytes, at: int) -> int:
    """The next epoch with a new key: the till is paired, what was wrong with the old one is over."""
    row = tx.one(
        "UPDATE terminals SET key_hash = ?, state = 'active', epoch = epoch + 1, pair_again_since = NULL "
        "WHERE id = ? RETURNING epoch",
        (key_hash, terminal_id),
    )
    assert row is not None
    tx.later("INSERT INTO till_epochs (terminal_id, epoch, started_at) VALUES (?, ?, ?)", (terminal_id, row[0], at))
    return int(row[0])


def need_pairing(tx: Tx, terminal_id: int, at: int) -> None:
    """Two tills bear this identity: it must be paired again; the first time counts."""
    tx.later("UPDATE terminals SET pair_again_since = coalesce(pair_again_since, ?) WHERE id = ?", (at, terminal_id))


def set_skew(tx: Tx, terminal_id: int, skew: int | None) -> None:
    """How far the till's clock is off (ms); None when it is right."""
    tx.later("UPDATE terminals SET skew = ? WHERE id = ?", (skew, terminal_id))


def revoke(tx: Tx, terminal_id: int) -> bool:
    """active -> revoked; False when it was revoked before."""
    return bool(tx.run("UPDATE terminals SET state = 'revoked' WHERE id = ? AND state = 'active'", (terminal_id,)))


def last_seen(tx: Tx) -> list[tuple[Any, ...]]:
    """(code, store code, ms of the newest swipe or sale, or None) of every active lane."""
    return tx.all(
        "SELECT code, store, CASE WHEN coalesce(swiped, 0) > coalesce(sold, 0) THEN swiped ELSE sold END FROM ("
        "SELECT t.code AS code, s.code AS store, (SELECT max(at) FROM swipes w WHERE w.terminal_id = t.id) AS swiped, "
        "(SELECT max(recorded_at) FROM sales x WHERE x.store_id = t.store_id AND x.terminal_id = t.id) AS sold "
        "FROM terminals t JOIN stores s ON s.id = t.store_id WHERE t.state = 'active') lanes ORDER BY code"
    )
