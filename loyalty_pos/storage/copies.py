"""Copies of the embedded file, and the file itself while nobody else has it open.

A copy is made under a working name, looked at there, and only then given its name, durably and in
one step: a file that bears a final name is whole, whenever the power fails.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy.engine import make_url

from loyalty_pos.errors import Conflict, Refused, Unavailable
from loyalty_pos.storage.driver import sqlite3
from loyalty_pos.storage.sqlite import READER_CACHE, SqliteTx
from loyalty_pos.storage.tx import Tx

ROOM = 100 * 2**20
"""What a copy leaves free on its disk: the shop needs it to go on selling."""


def embedded_file(url: str) -> Path:
    """The file of an embedded database; Refused (``not_embedded``) for PostgreSQL."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise Refused("not_embedded")
    return Path(parsed.database)


@contextmanager
def part_of(target: Path) -> Iterator[Path]:
    """A working name beside ``target``, of this process alone; what still bears it at the end is removed.

    Unavailable (``disk_failed``) for what the disk refuses.
    """
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield part
    except OSError as error:
        raise Unavailable("disk_failed", cause=error.strerror) from error
    finally:
        for name in (part, Path(f"{part}-wal"), Path(f"{part}-shm"), Path(f"{part}-journal")):
            with suppress(OSError):
                name.unlink(missing_ok=True)


def snapshot(source: Path, part: Path) -> None:
    """Copy the state of one moment, while others read and write.

    Refused (``copy_broken``) when the source is damaged or no database; Unavailable (``disk_full``)
    when the copy would leave too little room, (``disk_failed``).
    """
    part.unlink(missing_ok=True)
    if shutil.disk_usage(part.parent).free < source.stat().st_size + ROOM:
        raise Unavailable("disk_full")
    try:
        with closing(_read_only(source)) as live, closing(sqlite3.connect(part)) as fresh:
            live.backup(fresh)  # one step, one snapshot: in smaller ones every sale would begin it anew
            fresh.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        raise Unavailable("disk_failed", cause=str(error)) from error
    except sqlite3.DatabaseError as error:
        raise Refused("copy_broken") from error
    part.chmod(0o600)


@contextmanager
def opened(file: Path) -> Iterator[Tx]:
    """A copy, read as it lies: no other process has it open, and nothing is written beside it.

    Refused (``copy_broken``) when it cannot be read.
    """
    try:
        with closing(_read_only(file, immutable=True)) as raw:
            raw.execute(f"PRAGMA cache_size=-{READER_CACHE}")
            yield SqliteTx(raw)
    except sqlite3.DatabaseError as error:
        raise Refused("copy_broken") from error


def revision(tx: Tx) -> str:
    """The migration of an undamaged database of ours; Refused (``copy_broken``) for any other file."""
    sound = [row[0] for row in tx.all("PRAGMA integrity_check")] == ["ok"]
    whole = not tx.all("PRAGMA foreign_key_check")
    row = tx.one("SELECT version_num FROM alembic_version")
    if not (sound and whole and row):
        raise Refused("copy_broken")
    return str(row[0])


def put(part: Path, target: Path) -> None:
    """Give a finished file its name, durably; what bore the name is replaced in the same step."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(part, target)
    if os.name == "posix":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def duplicate(file: Path, target: Path) -> None:
    """The same bytes under another name, read back and compared before they count."""
    with part_of(target) as part:
        if shutil.disk_usage(part.parent).free < file.stat().st_size + ROOM:
            raise Unavailable("disk_full")
        shutil.copyfile(file, part)
        part.chmod(0o600)
        if _digest(part) != _digest(file):
            raise Refused("copy_broken")
        put(part, target)


def replace(part: Path, live: Path, aside: Path) -> None:
    """Put a finished file in the place of the live one, which stays under the name ``aside``.

    At every moment there is a whole database under the live name.  Conflict
    (``database_in_use``) while any process has it open.
    """
    if live.exists():
        with alone(live) as sound:
            _keep(live, aside)
            if not sound:
                _keep_log(live, aside)
            put(part, live)
    else:
        put(part, live)


@contextmanager
def alone(live: Path) -> Iterator[SqliteTx | None]:
    """The live file with its log folded in, locked against everybody until the end; None when it is
    too damaged to be opened at all.  Conflict (``database_in_use``) while another has it open."""
    with closing(sqlite3.connect(live, timeout=1, isolation_level=None)) as raw:
        try:
            raw.execute("PRAGMA journal_mode=DELETE")
            raw.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise Conflict("database_in_use") from error
        except sqlite3.DatabaseError:
            yield None
            return
        yield SqliteTx(raw)


def _keep(live: Path, aside: Path) -> None:
    """A second name for the same file; a second file where the disk knows no links."""
    try:
        os.link(live, aside)
    except OSError:
        shutil.copyfile(live, aside)


def _keep_log(live: Path, aside: Path) -> None:
    """A log that could not be folded in stays with its own file: the new one must never replay it."""
    for suffix in ("-wal", "-shm"):
        log = Path(f"{live}{suffix}")
        if log.exists():
            os.replace(log, f"{aside}{suffix}")


def _read_only(file: Path, immutable: bool = False) -> sqlite3.Connection:
    more = "&immutable=1" if immutable else ""
    name = str(file.resolve()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return sqlite3.connect(f"file:{name}?mode=ro{more}", uri=True, isolation_level=None)


def _digest(file: Path) -> bytes:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").digest()
