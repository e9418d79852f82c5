"""Every row of an embedded database into an empty PostgreSQL one, in one transaction.

What was read and what stands there afterwards are compared row by row through a digest that does
not depend on order.  Invariant: the target has all rows or none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any

import psycopg
from psycopg import errors as pg
from sqlalchemy import Table
from sqlalchemy.engine import make_url

from loyalty_pos.errors import Conflict, Refused, Unavailable
from loyalty_pos.storage.postgres import PostgresTx
from loyalty_pos.storage.sqlite import SqliteTx
from loyalty_pos.storage.tables import metadata

Tell = Callable[[int], None]
STEP = 5_000
"""Rows between two words about how far it is, and of one look at the target."""


@contextmanager
def target(url: str) -> Iterator[PostgresTx]:
    """One transaction on an empty PostgreSQL database that nobody else writes to; COMMIT at the end.

    Conflict (``target_not_empty``, ``database_in_use``), Unavailable (``database_unavailable``).
    """
    try:
        with psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)) as raw:
            raw.execute("SET LOCAL lock_timeout = '2s'")
            names = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
            raw.execute(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")
            for table in metadata.sorted_tables:
                if raw.execute(f'SELECT 1 FROM "{table.name}" LIMIT 1').fetchone():
                    raise Conflict("target_not_empty", table=table.name)
            yield PostgresTx(raw)
    except pg.LockNotAvailable as error:
        raise Conflict("database_in_use") from error
    except psycopg.OperationalError as error:
        raise Unavailable("database_unavailable") from error


def count(source: SqliteTx) -> int:
    """How many rows there are to move."""
    return sum(source.all(f'SELECT count(*) FROM "{table.name}"')[0][0] for table in metadata.sorted_tables)


def move(source: SqliteTx, into: PostgresTx, tell: Tell) -> dict[str, tuple[int, int]]:
    """Copy every table, parents first, and set the sequences: table -> (rows, digest) of what was read.

    ``tell(rows so far)``.  Refused (``rows_unfit``) names the table whose rows PostgreSQL does not take.
    """
    seen: dict[str, tuple[int, int]] = {}
    for table in metadata.sorted_tables:
        digest = Digest(tell, sum(rows for rows, _ in seen.values()))
        try:
            into.load(table.name, _columns(table), digest.watch(source.each(_select(table), STEP)))
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            raise Refused("rows_unfit", table=table.name) from error
        seen[table.name] = digest.result
        if table.c[0].identity is not None:
            into.all(
                f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), coalesce(max(id), 1), count(*) > 0) "
                f'FROM "{table.name}"'
            )
    into.later("ANALYZE")
    return seen


def compare(into: PostgresTx, seen: dict[str, tuple[int, int]], tell: Tell) -> None:
    """Read everything back; Refused (``rows_differ``) names the first table that is not what was read."""
    before = 0
    for table in metadata.sorted_tables:
        digest = Digest(tell, before)
        for _ in digest.watch(into.each(_select(table), STEP)):
            pass
        if digest.result != seen[table.name]:
            raise Refused("rows_differ", table=table.name)
        before += digest.result[0]


class Digest:
    """How many rows went by, and a sum over all of them in which a changed row changes the sum."""

    def __init__(self, tell: Tell, before: int) -> None:
        self._tell, self._before = tell, before
        self.result = (0, 0)

    def watch(self, rows: Iterable[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
        """The same rows, counted and summed on the way."""
        number, total = 0, 0
        for row in rows:
            one = tuple(row)
            number += 1
            total += int.from_bytes(blake2b(repr(one).encode(), digest_size=8).digest())
            if number % STEP == 0:
                self._tell(self._before + number)
            yield one
        self.result = (number, total % 2**64)
        self._tell(self._before + number)


def _columns(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def _select(table: Table) -> str:
    names = ", ".join(f'"{name}"' for name in _columns(table))
    return f'SELECT {names} FROM "{table.name}"'
