"""The doctor finds what is wrong and says what to do."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest
from actions import Till, basket
from conftest import Shop

from loyalty_pos.errors import Refused, Unavailable
from loyalty_pos.services import backup, doctor, rotation
from loyalty_pos.services.context import Services
from loyalty_pos.storage import migrate, upkeep

Usage = namedtuple("Usage", "total used free")


def found(services: Services, what: str, disk: bool = False) -> tuple[str, str]:
    finding = {finding.what: finding for finding in doctor.examine(services, disk)}[what]
    return finding.state, finding.says


def test_a_sound_installation_has_nothing_failing(services: Services, shop: Shop, till: Till) -> None:
    till.sell(basket())
    states = {finding.what: finding.state for finding in doctor.examine(services)}
    assert states["database"] == "ok"
    assert found(services, "terminals") == (
        "warn", "hn-01-2 (hn-01): never seen; hn-02-1 (hn-02): never seen",
    )  # fmt: skip


def test_lanes_that_were_silent_for_a_week_are_named(services: Services, till: Till) -> None:
    till.sell(basket())
    assert "hn-01-1" not in found(services, "terminals")[1]
    services.clock.move(days=8)  # type: ignore[attr-defined]
    assert "hn-01-1 (hn-01): last seen 2026-11-21" in found(services, "terminals")[1]


def test_an_old_database_must_be_upgraded(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "newest", lambda: "9999")
    state, says = found(services, "database")
    assert state == "fail"
    assert "db upgrade" in says


def test_a_database_that_is_away_is_said_in_a_line(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        dialect, url = "postgresql", "postgresql://nowhere"

        def read(self, _work: object) -> None:
            raise Unavailable("database_unavailable")

    assert found(replace(services, store=Away()), "database") == ("fail", "cannot be reached")  # type: ignore[arg-type]


def test_an_sqlite_with_the_wal_fault_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """reliability.md, finding 5: the version, and what to do."""
    monkeypatch.setattr(upkeep, "sqlite_version", lambda: ("3.40.1", True))
    assert doctor._sqlite().state == "warn"
    assert "loyalty-pos[sqlite]" in doctor._sqlite().says
    monkeypatch.setattr(upkeep, "sqlite_version", lambda: ("3.53.4", False))
    assert doctor._sqlite() == doctor.Finding("sqlite", "ok", "3.53.4")


def test_a_full_disk_and_an_open_key_are_found(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("secret.key", "seal.key"):
        key = tmp_path / name
        key.write_text("x")
        key.chmod(0o644)
        assert found(services, name)[0] == "warn"
        key.chmod(0o600)
        assert found(services, name) == ("ok", "mode 0600")
    for free, state in ((1, "fail"), (2**30, "warn"), (2**40, "ok")):
        monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _path, free=free: Usage(0, 0, free))
        assert found(services, "free disk")[0] == state
    assert found(replace(services, data_folder=str(tmp_path / "missing")), "data folder")[0] == "fail"


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_backups_are_looked_after(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None yet, fresh, too old, one that does not balance; and the same of the second folder."""
    assert found(services, "backups") == ("warn", "none yet: `serve` makes them")
    assert found(services, "second backups")[0] == "warn"
    second = tmp_path / "usb"
    both = replace(services, backup_copy=str(second))
    assert found(both, "second backups")[0] == "fail"
    second.mkdir()
    rotation.run(both)
    for what in ("backups", "second backups"):
        assert found(both, what) == ("ok", "newest proved one of 2026-11-21 05:00 UTC")
    services.clock.move(days=1, seconds=1)  # type: ignore[attr-defined]
    assert found(both, "backups")[0] == found(both, "second backups")[0] == "warn"
    monkeypatch.setattr(backup, "prove", lambda _services: ["L5: a fault"])
    with pytest.raises(Refused):
        rotation.run(both)
    state, says = found(both, "backups")
    assert state == "fail"
    assert "ledger check" in says


def test_the_disk_is_looked_at_when_asked(services: Services) -> None:
    assert "disk sync" not in {finding.what for finding in doctor.examine(services)}
    assert found(services, "disk sync", disk=True)[1].startswith("write ")


@pytest.mark.postgresql
@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_a_server_that_may_lose_sales_fails(services: Services) -> None:
    """reliability.md 1, row 11: synchronous_commit=on; the tests' own server has it off."""
    assert found(services, "synchronous_commit")[0] == "fail"
    assert found(services, "fsync")[0] in ("ok", "fail")
