"""Column types that mean the same on SQLite (STRICT tables) and PostgreSQL.

Moments are integers: milliseconds since 1970 UTC.  Local days are ISO text (``2026-11-30``),
which sorts and compares as dates do.  Money, points and ids are 64-bit integers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    REAL,
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy import text as sql
from sqlalchemy.types import TypeEngine

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMING)

Int = BigInteger().with_variant(Integer(), "sqlite")
Real: TypeEngine[float] = Double().with_variant(REAL(), "sqlite")


def table(name: str, *parts: Any) -> Table:
    """A STRICT table of the product's metadata."""
    return Table(name, metadata, *parts, sqlite_strict=True)


def clustered(name: str, *parts: Any) -> Table:
    """A STRICT table that SQLite keeps in the order of its own key: rows of one owner lie together."""
    return Table(name, metadata, *parts, sqlite_strict=True, sqlite_with_rowid=False)


def pk() -> Column[int]:
    """The database's own sequence: ids are ordered by time and never chosen by a caller."""
    return Column("id", Int, Identity(), primary_key=True)


def integer(name: str, *parts: Any, null: bool = False, default: int | None = None, **kw: Any) -> Column[int]:
    """A 64-bit integer; ``default`` is the database's own default."""
    server = None if default is None else str(default)
    return Column(name, Int, *parts, nullable=null, server_default=server, **kw)


def text(name: str, *parts: Any, null: bool = False, default: str | None = None, **kw: Any) -> Column[str]:
    """Unicode text."""
    return Column(name, Text, *parts, nullable=null, server_default=default, **kw)


def real(name: str) -> Column[float]:
    """A binary float; only for decayed counts, never for money."""
    return Column(name, Real, nullable=False, server_default="0")


def blob(name: str, null: bool = False) -> Column[bytes]:
    """Bytes: a hash, or a stored answer."""
    return Column(name, LargeBinary, nullable=null)


def ref(name: str, target: str, null: bool = False, **kw: Any) -> Column[int]:
    """A foreign key to ``target.id``."""
    return Column(name, Int, ForeignKey(f"{target}.id"), nullable=null, **kw)


def check(name: str, rule: str) -> CheckConstraint:
    """A rule that the database keeps even when the code is wrong."""
    return CheckConstraint(rule, name=name)


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """``column`` is one of a closed list."""
    listed = ", ".join(f"'{value}'" for value in values)
    return check(column, f"{column} IN ({listed})")


def left_index(name: str, *columns: str) -> Index:
    """An index of the lots that have anything left: spending does not look through those of years before."""
    return Index(name, *columns, sqlite_where=sql("remaining > 0"), postgresql_where=sql("remaining > 0"))


def due_index(name: str, column: str, rule: str, unique: bool = False) -> Index:
    """A small index of the rows that will be looked for: those that keep ``rule``."""
    return Index(name, column, unique=unique, sqlite_where=sql(rule), postgresql_where=sql(rule))
