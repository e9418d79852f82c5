"""Every written word of a database, table by table, as it stands: whoever looks for what must not be there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from loyalty_pos.storage.tx import Tx

STEP = 2_000

_COLUMNS = {
    "sqlite": "SELECT t.name, c.name, c.type IN ('TEXT', 'BLOB') FROM sqlite_master t "
    "JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY t.name, c.cid",
    "postgresql": "SELECT table_name, column_name, data_type IN ('text', 'bytea', 'character varying') "
    "FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name) "
    "WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY table_name, ordinal_position",
}


def columns(tx: Tx, dialect: str) -> dict[str, tuple[list[str], bool]]:
    """table -> (its columns of text or bytes, whether its rows have an ``id``)."""
    found: dict[str, tuple[list[str], bool]] = {}
    for table, column, written in tx.all(_COLUMNS[dialect]):
        names, has_id = found.get(table, ([], False))
        found[table] = ([*names, column] if written else names, has_id or column == "id")
    return found


def rows(tx: Tx, table: str, names: Sequence[str], has_id: bool) -> Iterator[Sequence[Any]]:
    """(id or None, value of each of the columns ``names``) of every row."""
    wanted = ", ".join(f'"{name}"' for name in names)
    return tx.each(f'SELECT {"id" if has_id else "NULL"}, {wanted} FROM "{table}"', STEP)


def phones(tx: Tx) -> Iterator[str]:
    """Every phone number that is known, E.164."""
    return (row[0] for row in tx.each("SELECT phone FROM people WHERE phone IS NOT NULL", STEP))


def secret_hashes(tx: Tx) -> Iterator[bytes]:
    """SHA-256 of every terminal key, staff token and session that was ever given and still opens something."""
    for table, column in (("terminals", "key_hash"), ("staff_tokens", "token_hash"), ("sessions", "token_hash")):
        yield from (bytes(row[0]) for row in tx.each(f"SELECT {column} FROM {table}", STEP))
