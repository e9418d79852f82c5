"""The rights of the role that a service connects as: what the triggers refuse, it may not even try.

Read from the triggers themselves (function ``refuse_change``), so there is one list of what is a
fact: the migrations'.  The role owns nothing and can therefore take no trigger away.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Table

from loyalty_pos.errors import NotFound, Refused
from loyalty_pos.storage.tables import metadata
from loyalty_pos.storage.tx import Tx

DELETE, UPDATE = 8, 16
"""Bits of pg_trigger.tgtype."""


class Fixed(NamedTuple):
    """What may not change in a table: all of it, or these columns; and whether rows may go."""

    all: bool
    columns: frozenset[str]
    deleted: bool


def fixed(tx: Tx) -> dict[str, Fixed]:
    """Table -> what its triggers refuse to change in every row; what they refuse in some is theirs alone."""
    rows = tx.all(
        "SELECT c.relname, t.tgtype, ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid "
        "AND a.attnum = ANY (t.tgattr::int2[])) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        "JOIN pg_proc p ON p.oid = t.tgfoid WHERE p.proname = 'refuse_change' AND NOT t.tgisinternal "
        "AND t.tgqual IS NULL"
    )
    found: dict[str, Fixed] = {}
    for name, kind, columns in rows:
        seen = found.get(name, Fixed(False, frozenset(), False))
        found[name] = Fixed(
            seen.all or bool(kind & UPDATE and not columns),
            seen.columns | frozenset(columns),
            seen.deleted or bool(kind & DELETE),
        )
    return found


def rights(table: Table, kept: Fixed | None) -> list[str]:
    """What the role may do with a table, as GRANT says it.  An id never changes."""
    granted = ["SELECT", "INSERT"]
    if kept is None:
        kept = Fixed(False, frozenset(), False)
    free = [c.name for c in table.columns if c.name not in kept.columns and c.identity is None]
    if not kept.all and free:
        granted.append(f"UPDATE ({', '.join(quoted(name) for name in free)})")
    if not kept.deleted:
        granted.append("DELETE")
    return granted


def give(tx: Tx, role: str) -> int:
    """Give ``role`` exactly these rights on every table, and take every other; how many tables.

    NotFound (``role_unknown``), Refused (``role_owns``) for a role that rights do not bind: the
    owner of a table or a superuser, (``grant_refused``) when the caller owns no tables.
    """
    row = tx.one("SELECT rolsuper FROM pg_roles WHERE rolname = ?", (role,))
    if row is None:
        raise NotFound("role_unknown")
    schema, theirs, mine = tx.all(
        "SELECT current_schema(), coalesce(bool_or(tableowner = ?), false), "
        "coalesce(bool_and(pg_has_role(tableowner, 'USAGE')), true) FROM pg_tables WHERE schemaname = current_schema()",
        (role,),
    )[0]
    if row[0] or theirs:
        raise Refused("role_owns")
    if not mine:
        raise Refused("grant_refused")
    name, kept = quoted(role), fixed(tx)
    tx.run(f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {name}")
    tx.run(f"GRANT SELECT ON alembic_version TO {name}")
    for table in metadata.sorted_tables:
        tx.run(f"REVOKE ALL ON {quoted(table.name)} FROM {name}")
        tx.run(f"GRANT {', '.join(rights(table, kept.get(table.name)))} ON {quoted(table.name)} TO {name}")
    return len(metadata.sorted_tables)


def may_rewrite(tx: Tx) -> bool:
    """Whether the role that is connected could rewrite the ledger: it owns it, or has the right."""
    row = tx.one(
        "SELECT has_any_column_privilege('entries', 'UPDATE') OR has_table_privilege('entries', 'DELETE, TRUNCATE') "
        "OR (SELECT pg_has_role(tableowner, 'USAGE') FROM pg_tables WHERE schemaname = current_schema() "
        "AND tablename = 'entries')"
    )
    return bool(row and row[0])


def quoted(name: str) -> str:
    """An identifier, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'
