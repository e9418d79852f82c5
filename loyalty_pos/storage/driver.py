"""The SQLite that an embedded database runs on: the one place where it is chosen.

Python carries whatever SQLite its builder linked.  Where the ``pysqlite3`` package is installed
(extra ``sqlite``) and brings a newer SQLite, that one is used instead, for everything.  Invariant:
no other module of the product imports an SQLite driver (docs/decisions/0007).
"""

from __future__ import annotations

import importlib
import sqlite3 as standard
from types import ModuleType
from typing import TYPE_CHECKING

FAULTY = ((3, 7, 0), (3, 51, 2))
"""The versions whose WAL can be reset under a checkpoint that another connection is making."""
MENDED = ((3, 44, 6), (3, 50, 7))
"""Releases of older lines that carry the repair, as do the later ones of the same line."""


def newest(*drivers: ModuleType) -> ModuleType:
    """The driver with the newest SQLite; the first of equals."""
    return max(drivers, key=lambda driver: driver.sqlite_version_info)


def installed() -> list[ModuleType]:
    """Python's own driver, and pysqlite3 if it is there."""
    try:
        return [standard, importlib.import_module("pysqlite3.dbapi2")]
    except ImportError:
        return [standard]


if TYPE_CHECKING:
    sqlite3 = standard
else:
    sqlite3 = newest(*installed())


def has_wal_fault(version: tuple[int, ...]) -> bool:
    """Whether this version carries the WAL-reset fault (reliability: two connections writing or
    checkpointing at the same moment can damage the file)."""
    mended = any(version[:2] == line[:2] and version >= line for line in MENDED)
    return FAULTY[0] <= version <= FAULTY[1] and not mended
