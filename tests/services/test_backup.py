"""Backup and restore: a copy counts only when it was proved (reliability.md 1, row 10)."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from actions import FixedClock
from amounts import amount
from services.lane import Books, Lane, bread

from loyalty_pos.app import make_services
from loyalty_pos.config import Config
from loyalty_pos.errors import LoyaltyError, NotFound, Refused, Unavailable
from loyalty_pos.services import backup, ledger, seals, stores
from loyalty_pos.services.context import SYSTEM, Request, Services
from loyalty_pos.storage import copies, migrate
from loyalty_pos.storage.driver import sqlite3
from loyalty_pos.storage.engine import open_store

WRITE = Request(SYSTEM)
Json = dict[str, Any]
Usage = namedtuple("Usage", "total used free")
pytestmark = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)


def on(services: Services, file: Path | str) -> Services:
    """The services on another database of this machine."""
    config = Config(data=Path(services.data_folder), database_url=f"sqlite:///{file}", secret_key=b"x" * 32)
    return make_services(config, clock=services.clock, ids=services.ids)


def store_names(services: Services) -> list[str]:
    """The stores of a database; it is closed afterwards."""
    try:
        return [row["name"] for row in stores.list_stores(services)["items"]]
    finally:
        services.store.close()


def refusal(act: Callable[..., Any], *given: Any, **named: Any) -> str:
    """The code of what ``act`` refuses."""
    with pytest.raises(LoyaltyError) as refused:
        act(*given, **named)
    return refused.value.code


@pytest.fixture
def copied(services: Services, tmp_path: Path) -> Path:
    """A proved copy of a database with one store, ``before``."""
    stores.add_store(services, WRITE, "a", "before")
    backup.backup(services, tmp_path / "copy.db")
    return tmp_path / "copy.db"


@pytest.fixture
def selling(lane: Lane, hanh: Json) -> Iterator[None]:
    """Two lanes that sell and take back all the time."""
    stop = threading.Event()

    def sell() -> None:
        while not stop.is_set():
            sold = lane.sells(bread(20_000), card=hanh["card"])
            lane.takes_back_all(sold)
            lane.opens(bread(30_000), card=hanh["card"], redeem_points=lane.points(hanh["id"])["active"])

    lanes = [threading.Thread(target=sell) for _ in range(2)]
    for one in lanes:
        one.start()
    yield
    stop.set()
    for one in lanes:
        one.join()


@pytest.mark.long
def test_fifty_backups_under_load_are_all_restored_and_in_balance(
    services: Services, lane: Lane, books: Books, selling: None, tmp_path: Path
) -> None:
    """Row 10: each copy is the state of one moment, and what the tills were told before it is in it."""
    other = on(services, tmp_path / "other.db")
    sold = 0
    for number in range(amount(50, 500)):
        least = books.value("SELECT count(*) FROM sales")
        made = backup.backup(services, tmp_path / f"copy-{number}.db")
        assert backup.restore(other, Path(made["file"]))["revision"] == migrate.newest()
        found = on(services, tmp_path / "other.db")
        assert ledger.check(found) == []
        kept = Books(found).value("SELECT count(*) FROM sales")
        assert kept >= max(least, sold)
        sold = kept
        found.store.close()
        services.clock.move(seconds=1)  # type: ignore[attr-defined]
    assert sold >= amount(50, 500) // 5


def test_restore_brings_the_copy_back_and_keeps_the_present(services: Services, copied: Path) -> None:
    stores.add_store(services, WRITE, "b", "after")
    services.store.close()
    done = backup.restore(services, copied)
    assert store_names(on(services, done["file"])) == ["before"]
    assert store_names(on(services, done["kept"])) == ["before", "after"]
    assert copied.exists()
    assert not list(Path(services.data_folder).glob("*.part*"))


def test_restore_refuses_while_the_service_runs(services: Services, copied: Path) -> None:
    stores.add_store(services, WRITE, "b", "after")
    assert refusal(backup.restore, services, copied) == "database_in_use"
    assert [row["name"] for row in stores.list_stores(services)["items"]] == ["before", "after"]


def test_a_damaged_database_is_replaced_and_its_log_is_not_replayed_into_the_new_one(
    services: Services, copied: Path, tmp_path: Path
) -> None:
    """What restore is for: the present file cannot even be opened."""
    services.store.close()
    live = tmp_path / "loyalty.db"
    live.write_bytes(b"nothing of a database" * 1000)
    (tmp_path / "loyalty.db-wal").write_bytes(b"an old log")
    done = backup.restore(services, copied)
    assert store_names(on(services, live)) == ["before"]
    assert Path(done["kept"]).read_bytes().startswith(b"nothing")
    assert Path(done["kept"] + "-wal").read_bytes() == b"an old log"


def test_a_restore_that_dies_leaves_a_whole_database(
    services: Services, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every moment a whole file bears the name; a disk without links keeps the old one as a copy."""
    stores.add_store(services, WRITE, "b", "after")
    services.store.close()

    def dies(*_: object) -> None:
        raise OSError("power")

    with monkeypatch.context() as broken:
        broken.setattr(os, "link", dies)
        broken.setattr(copies, "put", dies)
        assert refusal(backup.restore, services, copied) == "disk_failed"
    assert store_names(on(services, Path(services.data_folder) / "loyalty.db")) == ["before", "after"]
    assert not list(Path(services.data_folder).glob("*.part*"))


def test_a_broken_or_foreign_file_is_no_backup(services: Services, copied: Path, tmp_path: Path) -> None:
    services.store.close()
    whole = copied.read_bytes()
    (tmp_path / "torn.db").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.db").write_text("not a database " * 100)
    (tmp_path / "empty.db").write_bytes(b"")
    with closing(sqlite3.connect(tmp_path / "foreign.db")) as raw:
        raw.execute("CREATE TABLE x (y)")
    for act in (backup.restore, backup.drill):
        for name in ("torn.db", "text.db", "empty.db", "foreign.db"):
            assert refusal(act, services, tmp_path / name) == "copy_broken", name
        assert refusal(act, services, tmp_path / "missing.db") == "file_missing"
    assert store_names(on(services, tmp_path / "loyalty.db")) == ["before"]


@pytest.mark.parametrize("damage", [b"\x00" * 64, b"\xff" * 64])
def test_a_page_that_rotted_is_found(services: Services, copied: Path, damage: bytes) -> None:
    """Bytes changed in the middle of the file, the size the same."""
    whole = bytearray(copied.read_bytes())
    for page in range(8, len(whole) // 4096):
        whole[page * 4096 : page * 4096 + 64] = damage
    copied.write_bytes(whole)
    assert refusal(backup.verify, services, copied) == "copy_broken"


def test_a_copy_of_a_later_program_is_not_restored(services: Services, copied: Path) -> None:
    with closing(sqlite3.connect(copied)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
        raw.commit()
    assert refusal(backup.restore, services, copied) == "copy_newer"


def test_a_copy_whose_books_do_not_balance_does_not_count_and_is_not_lost(
    services: Services, lane: Lane, hanh: Json, books: Books, tmp_path: Path
) -> None:
    """It is whole, so it is kept apart; it can be restored by whoever says so."""
    lane.adjusts(hanh["id"], 500)
    books.change("UPDATE members SET active = active + 1")
    with pytest.raises(Refused) as refused:
        backup.backup(services, tmp_path / "copy.db")
    assert (refused.value.code, refused.value.facts["count"]) == ("copy_unproven", 3)
    apart = tmp_path / "copy.db.unproven"
    assert not (tmp_path / "copy.db").exists()
    services.store.close()
    assert refusal(backup.restore, services, apart) == "copy_unproven"
    assert refusal(backup.drill, services, apart) == "copy_unproven"
    backup.restore(services, apart, unproven=True)
    found = on(services, tmp_path / "loyalty.db")
    assert Books(found).value("SELECT active FROM members") == 501
    found.store.close()


def test_a_copy_that_was_changed_after_it_was_sealed_does_not_count(
    services: Services, lane: Lane, hanh: Json, books: Books, tmp_path: Path
) -> None:
    """L8: the balances are right, the seals say that the past is another one."""
    lane.adjusts(hanh["id"], 500)
    seals.seal(services)
    backup.backup(services, tmp_path / "before.db")
    for (name,) in books.rows("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"):
        books.change(f"DROP TRIGGER {name}")
    books.change("UPDATE audit SET by = 'somebody else' WHERE id = 1")
    assert refusal(backup.backup, services, tmp_path / "after.db") == "copy_unproven"
    assert backup.drill(services, tmp_path / "before.db")["file"] == str(tmp_path / "before.db")


def test_a_backup_never_overwrites(services: Services, tmp_path: Path) -> None:
    live = tmp_path / "loyalty.db"
    before = live.read_bytes()
    assert refusal(backup.backup, services, live) == "file_exists"
    assert live.read_bytes() == before
    with pytest.raises(NotFound, match="database_missing"):
        backup.backup(on(services, tmp_path / "nothing.db"), tmp_path / "copy.db")
    assert not (tmp_path / "nothing.db").exists()


def test_a_copy_leaves_room_for_the_shop(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backup that fills the disk would stop the sales."""
    monkeypatch.setattr(copies.shutil, "disk_usage", lambda _path: Usage(0, 0, 50 * 2**20))
    with pytest.raises(Unavailable, match="disk_full"):
        backup.backup(services, tmp_path / "backups" / "copy.db")
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_said(services: Services, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert refusal(backup.backup, services, tmp_path / "file" / "copy.db") == "disk_failed"


def test_a_name_with_signs_of_an_address_is_a_name(services: Services, tmp_path: Path) -> None:
    """SQLite reads file names as addresses here: ``?``, ``#`` and ``%`` are letters all the same."""
    made = backup.backup(services, tmp_path / "50% of #1?mode=rw.db")
    assert backup.drill(services, Path(made["file"]))["bytes"] == made["bytes"]


def test_the_newest_sales_of_a_file_with_its_log_are_restored_too(services: Services, tmp_path: Path) -> None:
    """Another database of ours, whose process died with its log full: nothing of it is left out."""
    script = (
        "import os, sys; from pathlib import Path; from loyalty_pos.app import make_services; "
        "from loyalty_pos.config import Config; from loyalty_pos.services import stores; "
        "from loyalty_pos.services.context import SYSTEM, Request; from loyalty_pos.storage import migrate; "
        "url = 'sqlite:///' + sys.argv[1]; migrate.upgrade(url); "
        "made = make_services(Config(data=Path('.'), database_url=url, secret_key=b'x' * 32)); "
        "stores.add_store(made, Request(SYSTEM), 'a', 'in the log'); os._exit(0)"
    )
    died = tmp_path / "died.db"
    subprocess.run([sys.executable, "-c", script, str(died)], check=True, cwd=tmp_path)
    assert Path(f"{died}-wal").stat().st_size > 0
    services.store.close()
    backup.restore(services, died)
    assert store_names(on(services, tmp_path / "loyalty.db")) == ["in the log"]


def test_a_drill_touches_nothing_in_force(services: Services, copied: Path, tmp_path: Path) -> None:
    """restore --check: also while the service runs."""
    stores.add_store(services, WRITE, "b", "after")
    before = sorted(path.name for path in tmp_path.iterdir())
    assert backup.drill(services, copied)["revision"] == migrate.newest()
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert [row["name"] for row in stores.list_stores(services)["items"]] == ["before", "after"]


def test_postgresql_has_its_own_tools(services: Services, tmp_path: Path) -> None:
    chain = replace(services, store=open_store("postgresql+psycopg://localhost/loyalty"))
    for act in (backup.backup, backup.restore, backup.drill):
        assert refusal(act, chain, tmp_path / "copy.db") == "not_embedded"


def test_an_upgrade_of_an_embedded_database_begins_with_a_backup(
    services: Services, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores.add_store(services, WRITE, "a", "before")
    services.store.close()
    assert backup.upgrade(services)["backup"] is None
    monkeypatch.setattr(migrate, "newest", lambda: "9999")
    monkeypatch.setattr(migrate, "upgrade", lambda _url: "9999")
    done = backup.upgrade(services)
    assert backup.verify(services, Path(done["backup"])) == done["before"]
    assert store_names(on(services, done["backup"])) == ["before"]
    assert backup.upgrade(on(services, tmp_path / "new.db"))["backup"] is None
