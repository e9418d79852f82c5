"""Which SQLite is used, and which versions carry the WAL-reset fault (reliability.md, finding 5)."""

from __future__ import annotations

import importlib
import sqlite3
from pathlib import Path
from types import ModuleType

import pytest

from loyalty_pos.storage import driver
from loyalty_pos.storage.sqlite import SqliteStore

PRODUCT = Path(driver.__file__).parents[1]


def carrying(*version: int) -> ModuleType:
    """A driver of this SQLite version."""
    made = ModuleType("driver")
    made.sqlite_version_info = version  # type: ignore[attr-defined]
    return made


@pytest.mark.parametrize(
    ("version", "faulty"),
    [
        ((3, 6, 23), False), ((3, 7, 0), True), ((3, 40, 1), True), ((3, 44, 5), True), ((3, 44, 6), False),
        ((3, 45, 3), True), ((3, 50, 6), True), ((3, 50, 7), False), ((3, 51, 2), True), ((3, 51, 3), False),
        ((3, 53, 4), False), ((4, 0, 0), False),
    ],
)  # fmt: skip
def test_versions_with_the_wal_fault_are_known(version: tuple[int, int, int], faulty: bool) -> None:
    assert driver.has_wal_fault(version) is faulty


def test_the_newest_sqlite_is_used() -> None:
    old, new = carrying(3, 40, 1), carrying(3, 53, 4)
    assert driver.newest(old, new) is driver.newest(new, old) is new
    same = carrying(3, 40, 1)
    assert driver.newest(old, same) is old


def test_pysqlite3_is_used_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """And its absence is no error."""
    new = carrying(99, 0, 0)
    monkeypatch.setattr(importlib, "import_module", lambda name: {"pysqlite3.dbapi2": new}[name])
    assert driver.newest(*driver.installed()) is new

    def absent(name: str) -> ModuleType:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", absent)
    assert driver.installed() == [sqlite3]


def test_every_connection_is_the_chosen_drivers(sqlite_template: Path) -> None:
    store = SqliteStore(f"sqlite:///{sqlite_template}")
    kinds = {store.read(lambda tx: type(tx._raw)), store.write(lambda tx: type(tx._raw))}
    version = store.read(lambda tx: tx.all("SELECT sqlite_version()")[0][0])
    store.close()
    assert kinds == {driver.sqlite3.Connection}
    assert version == driver.sqlite3.sqlite_version


def test_no_other_module_chooses() -> None:
    """One place: an import elsewhere would bring the old SQLite back for its part of the work."""
    for path in PRODUCT.rglob("*.py"):
        if path != Path(driver.__file__):
            assert "import sqlite3" not in path.read_text(encoding="utf-8").replace("storage.driver import sqlite3", "")
