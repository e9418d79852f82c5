"""Backups that are made by themselves: when, where, and how long they stay (reliability.md 5)."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from actions import FixedClock
from hypothesis import given
from hypothesis import strategies as st
from services.lane import Books, Lane

from loyalty_pos import jobs
from loyalty_pos.errors import NotFound, Refused, Unavailable
from loyalty_pos.jobs.summary import Tell
from loyalty_pos.services import backup, rotation
from loyalty_pos.services.context import Services
from loyalty_pos.services.rotation import kept

Json = dict[str, Any]
sqlite_only = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
START = datetime(2026, 1, 1, tzinfo=UTC)


def made(folder: Path) -> list[str]:
    """The proved backups of a folder, oldest first."""
    return sorted(path.name for path in folder.glob("*.db"))


def test_a_year_of_quarter_hours_leaves_hours_days_and_months() -> None:
    """24 hourly, 30 daily, 12 monthly, the newest always."""
    times = [START + timedelta(minutes=15 * number) for number in range(400 * 96)]
    left = sorted(kept(times))
    newest = times[-1]
    assert left[-1] == newest
    assert len(left) == 24 + 29 + 10, "the last day of a month is a day and a month"
    hours = [one for one in left if newest - one < timedelta(hours=24)]
    assert [one.hour for one in hours] == [one.hour for one in [newest - timedelta(hours=h) for h in range(23, -1, -1)]]
    assert {(one.hour, one.minute) for one in left if newest - one > timedelta(days=1)} == {(23, 45)}
    assert left[0].month == 3
    assert left[0].year == 2026


@given(st.sets(st.integers(0, 60 * 24 * 800), max_size=200))
def test_what_is_kept_is_kept_again_and_the_newest_is_never_lost(minutes: set[int]) -> None:
    times = [START + timedelta(minutes=minute) for minute in minutes]
    left = kept(times)
    assert left <= set(times)
    assert not times or max(times) in left
    assert kept(left) == left
    assert len(left) <= 24 + 30 + 12


@sqlite_only
def test_a_backup_is_made_when_the_interval_is_over(services: Services, clock: FixedClock, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    assert rotation.run(services)
    assert made(folder) == ["loyalty-20261121T050000Z.db"]
    clock.move(minutes=14, seconds=59)
    assert not rotation.run(services)
    clock.move(seconds=1)
    assert rotation.run(services)
    assert made(folder) == ["loyalty-20261121T051500Z.db"], "the newest of this hour"
    assert rotation.newest_of(services) == folder / "loyalty-20261121T051500Z.db"
    assert backup.drill(services, rotation.newest_of(services))


@sqlite_only
def test_a_backup_is_made_at_day_close_whatever_the_interval(services: Services, clock: FixedClock) -> None:
    """S45: the business day of the shop, here midnight in Hà Nội; noon was the beginning."""
    quiet = replace(services, backup_every=0)
    assert rotation.run(quiet)
    clock.move(hours=11, minutes=59)
    assert not rotation.run(quiet)
    clock.move(minutes=1)
    assert rotation.run(quiet)
    assert not rotation.run(quiet)


@sqlite_only
def test_a_clock_that_was_ahead_stops_no_backup(services: Services, clock: FixedClock, tmp_path: Path) -> None:
    clock.move(days=2)
    assert rotation.run(services)
    clock.move(days=-2)
    assert rotation.run(services)
    assert len(made(tmp_path / "backups")) == 2


@sqlite_only
def test_each_backup_is_copied_to_the_second_folder(services: Services, clock: FixedClock, tmp_path: Path) -> None:
    second = tmp_path / "usb"
    second.mkdir()
    both = replace(services, backup_copy=str(second))
    for _ in range(3):
        assert rotation.run(both)
        clock.move(minutes=30)
    first = tmp_path / "backups"
    assert made(second) == made(first)
    assert len(made(first)) == 2
    for name in made(first):
        assert (second / name).read_bytes() == (first / name).read_bytes()


@sqlite_only
def test_a_second_folder_that_is_unplugged_is_said_and_the_first_is_made(services: Services, tmp_path: Path) -> None:
    """And no folder is made in its place: it would lie on the same disk."""
    lost = replace(services, backup_copy=str(tmp_path / "usb"))
    with pytest.raises(Unavailable, match="backup_folder_missing"):
        rotation.run(lost)
    assert len(made(tmp_path / "backups")) == 1
    assert not (tmp_path / "usb").exists()


@sqlite_only
def test_an_unproven_copy_lets_no_old_one_go(
    services: Services, lane: Lane, hanh: Json, books: Books, clock: FixedClock, tmp_path: Path
) -> None:
    """Old ones rotate only after a newer proved one; of unproven ones the newest stays."""
    folder = tmp_path / "backups"
    assert rotation.run(services)
    lane.adjusts(hanh["id"], 500)
    books.change("UPDATE members SET active = active + 1")
    for _ in range(2):
        clock.move(minutes=15)
        with pytest.raises(Refused, match="copy_unproven"):
            rotation.run(services)
        assert not rotation.run(services), "not again before the next interval"
    assert made(folder) == ["loyalty-20261121T050000Z.db"]
    assert [path.name for path in folder.glob("*.unproven")] == ["loyalty-20261121T053000Z.db.unproven"]
    books.change("UPDATE members SET active = active - 1")
    clock.move(minutes=15)
    assert rotation.run(services)
    assert made(folder) == ["loyalty-20261121T054500Z.db"]


@sqlite_only
def test_what_an_interrupted_copy_left_goes_after_a_day(services: Services, clock: FixedClock, tmp_path: Path) -> None:
    """Another process's copy in progress is left alone."""
    folder = tmp_path / "backups"
    folder.mkdir()
    now = clock.now().timestamp()
    for name, age in (("loyalty-20261120T000000Z.db.77.part", 90_000), ("loyalty-20261121T045900Z.db.78.part", 60)):
        (folder / name).write_text("half")
        os.utime(folder / name, (now - age, now - age))
    (folder / "notes.txt").write_text("mine")
    (folder / "loyalty-mine.db").write_text("mine")
    assert rotation.run(services)
    left = sorted(path.name for path in folder.iterdir())
    assert left == [
        "loyalty-20261121T045900Z.db.78.part", "loyalty-20261121T050000Z.db", "loyalty-mine.db", "notes.txt",
    ]  # fmt: skip


def test_the_job_backs_up_an_embedded_database_alone(services: Services, store_url: str, tmp_path: Path) -> None:
    """PostgreSQL has its own archive."""
    done = {summary.name: summary.done for summary in jobs.run_due(services)}
    assert done["backup"] == int(store_url.startswith("sqlite"))
    assert (tmp_path / "backups").exists() == store_url.startswith("sqlite")


def test_a_job_that_fails_keeps_no_other_from_running(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = []

    def fails(_services: Services, _tell: Tell) -> Any:
        raise Unavailable("disk_full")

    def works(_services: Services, _tell: Tell) -> Any:
        ran.append(1)

    table: dict[str, Callable[[Services, Tell], Any]] = {"a": fails, "b": works}
    monkeypatch.setattr(jobs, "JOBS", table)
    jobs.run_due(services)
    assert ran == [1]


@sqlite_only
def test_without_a_backup_there_is_nothing_to_try(services: Services) -> None:
    with pytest.raises(NotFound, match="backup_missing"):
        rotation.newest_of(services)
