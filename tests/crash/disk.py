"""A disk of our own under SQLite: it remembers every write and sync, and fails when it is told to.

The product's store runs on it as it is: its statements, its writer thread and group commit, its
pragmas, asserted by its own code.  Only the connection object is another: the ``sqlite3`` module
cannot be given a VFS, so ``DiskStore`` opens through apsw (whose SQLite is a newer one) and tells
errors as ``sqlite3`` would.  What a power cut leaves is opened with the product's own store.

Invariant of ``cut``: what was synced is there; of what was not, each 512-byte sector is there,
or not, or torn in the middle, and so is each change of a file's length.
"""

from __future__ import annotations

import itertools
import random
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from loyalty_pos.storage import sqlite
from loyalty_pos.storage.sqlite import SqliteStore, SqliteTx

SECTOR = 512
_numbers = itertools.count(1)


class Change(NamedTuple):
    """One thing that reached the disk: ``write``, ``truncate``, ``sync`` or ``delete`` of a file."""

    kind: str
    file: str
    at: int = 0
    data: bytes = b""


class Disk:
    """What happened, in order; ``fail_at`` names the call that fails, ``stays`` whether the later ones do too."""

    def __init__(self) -> None:
        self.name = f"disk-{next(_numbers)}"
        self.log: list[Change] = []
        self.calls: list[str] = []
        self.fail_at: int | None = None
        self.error = apsw.SQLITE_FULL
        self.kinds: frozenset[str] = frozenset()
        self.stays = False
        self._lock = threading.Lock()
        self._vfs = _Vfs(self)

    def break_at(self, call: int, error: int, kinds: frozenset[str], stays: bool) -> None:
        """From now on, fail at the ``call``-th call of these kinds, and at every later one if it ``stays``."""
        with self._lock:
            self.calls.clear()
            self.fail_at, self.error, self.kinds, self.stays = call, error, kinds, stays

    def mend(self) -> bool:
        """The disk works again; whether it had failed."""
        with self._lock:
            failed = self.fail_at is not None and len(self.calls) >= self.fail_at
            self.fail_at, self.kinds = None, frozenset()
            return failed

    def meet(self, kind: str) -> None:
        """A call is about to be made: it fails if it was told to."""
        with self._lock:
            if kind not in self.kinds:
                return
            self.calls.append(kind)
            number = len(self.calls)
            if self.fail_at is not None and (number == self.fail_at or (self.stays and number > self.fail_at)):
                raise apsw.exceptionfor(self.error)

    def note(self, change: Change) -> None:
        """Remember what was done."""
        if not change.file.endswith("-shm"):
            self.log.append(change)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._disk = disk
        self._name = Path(name.filename() if isinstance(name, apsw.URIFilename) else str(name)).name

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        self._disk.meet("read")
        return super().xRead(amount, offset)

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802
        self._disk.meet("write")
        super().xWrite(data, offset)
        self._disk.note(Change("write", self._name, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._disk.meet("truncate")
        super().xTruncate(newsize)
        self._disk.note(Change("truncate", self._name, newsize))

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.meet("sync")
        super().xSync(flags)
        self._disk.note(Change("sync", self._name))


class _Vfs(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        super().__init__(disk.name, "")

    def xOpen(self, name: Any, flags: list[int]) -> _File:  # noqa: N802
        self._disk.meet("open")
        return _File(self._disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        self._disk.meet("delete")
        super().xDelete(filename, syncdir)
        self._disk.note(Change("delete", Path(filename).name))


class DiskConnection:
    """An apsw connection with the few words of a ``sqlite3.Connection`` that the store uses."""

    isolation_level: None = None

    def __init__(self, path: str, vfs: str) -> None:
        with _told():
            self._raw = apsw.Connection(path, vfs=vfs)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._raw.in_transaction

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Any:
        """Run one statement; what it found, or how many rows it changed."""
        with _told():
            rows = self._raw.execute(sql, params).fetchall()
        return _Rows(rows, self._raw.changes())

    def executemany(self, sql: str, rows: Any) -> None:
        """Run one statement for each row."""
        with _told():
            self._raw.executemany(sql, rows)

    def close(self) -> None:
        """Close it."""
        self._raw.close()


class _Rows(NamedTuple):
    rows: list[Any]
    rowcount: int

    def fetchall(self) -> list[Any]:
        """All rows."""
        return self.rows

    def fetchone(self) -> Any:
        """The first row."""
        return self.rows[0] if self.rows else None


@contextmanager
def _told() -> Iterator[None]:
    """The errors of apsw as those of ``sqlite3``."""
    try:
        yield
    except apsw.Error as error:
        kind = sqlite3.IntegrityError if isinstance(error, apsw.ConstraintError) else sqlite3.OperationalError
        known = kind(str(error))
        known.sqlite_errorcode = error.result
        raise known from error


class DiskStore(SqliteStore):
    """The product's embedded store on a disk of ours."""

    def __init__(self, url: str, disk: Disk) -> None:
        self.disk = disk
        super().__init__(url)

    def _connect(self, cache: int) -> SqliteTx:
        raw: Any = DiskConnection(self.url.removeprefix("sqlite:///"), self.disk.name)
        sqlite._prepare(raw, None)
        raw.execute(f"PRAGMA cache_size=-{cache}")
        with self._lock:
            self._open.append(raw)
        return SqliteTx(raw)


Files = dict[str, bytes]


def cuts(base: Files, log: Sequence[Change], points: Sequence[int], luck: random.Random) -> Iterator[tuple[int, Files]]:
    """(point, files) for each of the ``points`` in rising order: the power went after that many changes."""
    synced = {name: bytearray(data) for name, data in base.items()}
    waiting: dict[str, list[Change]] = defaultdict(list)
    done = 0
    for point in points:
        for change in log[done:point]:
            _happen(synced, waiting, change)
        done = point
        keep, tear = luck.choice((0.0, 0.5, 0.9, 1.0)), luck.choice((0.0, 0.2))
        files = {name: bytes(data) for name, data in synced.items()}
        for name, changes in waiting.items():
            data = _survive(synced.get(name), changes, keep, tear, luck)
            if data is not None:
                files[name] = bytes(data)
        yield point, files


def _happen(synced: dict[str, bytearray], waiting: dict[str, list[Change]], change: Change) -> None:
    if change.kind == "sync":
        data = synced.setdefault(change.file, bytearray())
        for one in waiting.pop(change.file, []):
            _apply(data, one)
    elif change.kind == "delete":
        waiting.pop(change.file, None)
        synced.pop(change.file, None)
    else:
        waiting[change.file].append(change)


def _survive(
    synced: bytearray | None, changes: list[Change], keep: float, tear: float, luck: random.Random
) -> bytearray | None:
    """The file with what survived of its unsynced changes; None: a new file of which nothing is known."""
    if synced is None and luck.random() >= keep:
        return None
    data = bytearray(synced or b"")
    for change in changes:
        if change.kind == "truncate":
            if luck.random() < keep:
                _apply(data, change)
            continue
        at, end = change.at, change.at + len(change.data)
        while at < end:
            stop = min(end, at - at % SECTOR + SECTOR)
            if luck.random() < keep:
                torn = at + luck.randrange(stop - at) if luck.random() < tear else stop
                _apply(data, Change("write", "", at, change.data[at - change.at : torn - change.at]))
            at = stop
    return data


def _apply(data: bytearray, change: Change) -> None:
    if change.kind == "truncate":
        del data[change.at :]
        return
    if len(data) < change.at:
        data.extend(bytes(change.at - len(data)))
    data[change.at : change.at + len(change.data)] = change.data
