"""Backup and restore: a copy counts only when it was checked (reliability.md 1, row 10)."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from loyalty_pos.app import make_services
from loyalty_pos.config import Config
from loyalty_pos.errors import Conflict, NotFound, Refused
from loyalty_pos.services import backup, ledger, members, stores
from loyalty_pos.services.context import SYSTEM, Request, Services
from loyalty_pos.services.requests import MemberIn
from loyalty_pos.storage import migrate, upkeep

NOW = datetime(2026, 11, 21, 5, tzinfo=UTC)
WRITE = Request(SYSTEM)


@pytest.fixture
def services(sqlite_template: Path, tmp_path: Path) -> Services:
    """An embedded database of one process."""
    path = tmp_path / "loyalty.db"
    path.write_bytes(sqlite_template.read_bytes())
    return make_services(Config(data=tmp_path, database_url=f"sqlite:///{path}", secret_key=b"x" * 32))


def store_names(url: str) -> list[str]:
    services = make_services(Config(data=Path(), database_url=url, secret_key=b"x" * 32))
    try:
        return [row["name"] for row in stores.list_stores(services)["items"]]
    finally:
        services.store.close()


def test_a_backup_while_tills_enrol_is_whole_and_balanced(services: Services, tmp_path: Path) -> None:
    """A copy under load is the state of one moment."""
    stop = threading.Event()

    def enrol() -> None:
        while not stop.is_set():
            members.enrol(services, WRITE, MemberIn())

    till = threading.Thread(target=enrol)
    till.start()
    try:
        made = [backup.backup(services.store.url, tmp_path / f"copy-{number}.db") for number in range(3)]
    finally:
        stop.set()
        till.join()
    services.store.close()
    for copied in made:
        found = make_services(Config(data=tmp_path, database_url=f"sqlite:///{copied['file']}", secret_key=b"x" * 32))
        assert ledger.check(found) == []
        found.store.close()


def test_restore_brings_the_copy_back_and_keeps_the_present(services: Services, tmp_path: Path) -> None:
    url = services.store.url
    stores.add_store(services, WRITE, "a", "before")
    backup.backup(url, tmp_path / "copy.db")
    stores.add_store(services, WRITE, "b", "after")
    services.store.close()
    done = backup.restore(url, tmp_path / "copy.db", NOW)
    assert store_names(url) == ["before"]
    assert store_names(f"sqlite:///{done['kept']}") == ["before", "after"]
    assert (tmp_path / "copy.db").exists()


def test_restore_refuses_while_the_service_runs(services: Services, tmp_path: Path) -> None:
    backup.backup(services.store.url, tmp_path / "copy.db")
    stores.add_store(services, WRITE, "b", "after")
    with pytest.raises(Conflict) as refused:
        backup.restore(services.store.url, tmp_path / "copy.db", NOW)
    assert refused.value.code == "database_in_use"
    assert [row["name"] for row in stores.list_stores(services)["items"]] == ["after"]
    services.store.close()


def test_a_broken_or_foreign_file_is_no_backup(services: Services, tmp_path: Path) -> None:
    services.store.close()
    backup.backup(services.store.url, tmp_path / "copy.db")
    whole = (tmp_path / "copy.db").read_bytes()
    (tmp_path / "torn.db").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.db").write_text("not a database " * 100)
    with closing(sqlite3.connect(tmp_path / "foreign.db")) as raw:
        raw.execute("CREATE TABLE x (y)")
    for name in ("torn.db", "text.db", "foreign.db"):
        with pytest.raises(Refused) as refused:
            backup.restore(services.store.url, tmp_path / name, NOW)
        assert refused.value.code == "copy_broken"
    with pytest.raises(NotFound):
        backup.restore(services.store.url, tmp_path / "missing.db", NOW)


def test_a_backup_never_overwrites(services: Services, tmp_path: Path) -> None:
    services.store.close()
    live = tmp_path / "loyalty.db"
    before = live.read_bytes()
    with pytest.raises(Conflict) as refused:
        backup.backup(services.store.url, live)
    assert refused.value.code == "file_exists"
    assert live.read_bytes() == before
    with pytest.raises(NotFound):
        backup.backup(f"sqlite:///{tmp_path}/nothing.db", tmp_path / "copy.db")


def test_postgresql_has_its_own_tools(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        backup.backup("postgresql+psycopg://localhost/loyalty", tmp_path / "copy.db")
    assert refused.value.code == "not_embedded"


def test_an_upgrade_of_an_embedded_database_begins_with_a_backup(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = services.store.url
    stores.add_store(services, WRITE, "a", "before")
    services.store.close()
    assert backup.upgrade(url, tmp_path, NOW)["backup"] is None
    monkeypatch.setattr(migrate, "newest", lambda: "9999")
    monkeypatch.setattr(migrate, "upgrade", lambda _url: "9999")
    done = backup.upgrade(url, tmp_path, NOW)
    assert upkeep.verify(Path(done["backup"])) == done["before"]
    assert store_names(f"sqlite:///{done['backup']}") == ["before"]
    assert backup.upgrade(f"sqlite:///{tmp_path}/new.db", tmp_path, NOW)["backup"] is None
