"""The power goes: every acknowledged sale is there, whole, and the file is sound (reliability.md, row 5).

The product sells on a disk that remembers (crash/disk.py); then the power is cut at random points
of what it wrote, and each remains is opened as the shop would open it next morning.
"""

from __future__ import annotations

import random
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from actions import CountingIds, FixedClock
from amounts import SEED, amount
from conftest import SECRET, Shop
from crash.disk import Disk, DiskStore, Files, cuts
from services.lane import Books, Lane, bread, lane_of, sqlite_only

from loyalty_pos.services.context import Services
from loyalty_pos.services.rules import RuleBooks
from loyalty_pos.storage import sqlite
from loyalty_pos.storage.engine import open_store

pytestmark = [pytest.mark.long, sqlite_only]

CUTS = amount(1_000, 5_000)
"""Of each of the two days."""
TILLS, VISITS = 4, 14
CHECKPOINT_PAGES = 100
"""Forty times more checkpoints than the product makes: most cuts should meet one."""
Json = dict[str, Any]


@dataclass(frozen=True)
class Day:
    """What was there in the morning, what reached the disk, and what was answered when."""

    morning: Files
    disk: Disk
    answered: list[tuple[int, str, Json]]
    """(changes on the disk when the answer came, key, the answer)."""


@pytest.fixture
def day(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Day:
    """Four tills sell, return and change their minds, on the disk that remembers."""
    monkeypatch.setitem(sqlite.PRAGMAS, "wal_autocheckpoint", CHECKPOINT_PAGES)
    return live(shop, tmp_path)


def live(shop: Shop, folder: Path) -> Day:
    """A day of the shop."""
    cards = [lane_of(shop).enrols() for _ in range(TILLS)]
    for one in cards:
        lane_of(shop).adjusts(one["member"]["id"], 1_000)
    shop.services.store.close()
    file = folder / "recorded.db"
    shutil.copy(shop.services.store.url.removeprefix("sqlite:///"), file)
    morning = {file.name: file.read_bytes()}
    disk = Disk()
    store = DiskStore(f"sqlite:///{file}", disk)
    answered: list[tuple[int, str, Json]] = []

    def till(number: int) -> None:
        services = Services(store, shop.services.clock, shop.services.ids, SECRET, RuleBooks())
        lane = Lane(services, lane_of(shop).caller)
        card, luck = cards[number]["card"]["number"], random.Random(SEED + number)
        for visit in range(VISITS):
            key = f"power-{number}-{visit:03d}-"
            fields: Json = {"card": card, "redeem_points": luck.choice((0, 0, 100))}
            goods = bread(luck.randrange(20_000, 90_000, 500), quantity=2)

            def heard(name: str, answer: Json, start: str = key) -> Json:
                answered.append((len(disk.log), start + name, answer))
                return answer

            sold = heard("sell-0000", lane.sells(goods, key=key + "sell-0000", receipt=key, **fields))
            opened = heard("open-0000", lane.opens(goods, key=key + "open-0000", **fields))
            if luck.random() < 0.5:
                heard("void-0000", lane.voids(opened["id"], key=key + "void-0000"))
                heard("back-0000", lane.takes_back(sold["id"], (goods["line"], 1), key=key + "back-0000"))
            else:
                heard("settle-00", lane.settles(opened["id"], receipt=key + "s", key=key + "settle-00"))

    with ThreadPoolExecutor(TILLS) as pool:
        list(pool.map(till, range(TILLS)))
    store.close()
    return Day(morning, disk, sorted(answered, key=lambda one: one[0]))


def losses(day: Day, folder: Path, count: int, seed: int) -> int:
    """At how many of ``count`` random cuts something acknowledged was missing; all else must be right at each."""
    luck = random.Random(seed)
    points = sorted(luck.choices(range(len(day.disk.log) + 1), k=count))
    found = 0
    for point, files in cuts(day.morning, day.disk.log, points, luck):
        for old in folder.glob("*"):
            old.unlink()
        for name, data in files.items():
            (folder / name).write_bytes(data)
        owed = {key for heard_at, key, _ in day.answered if heard_at <= point}
        asked = {key for _, key, _ in day.answered}
        kept = next_morning(folder / "recorded.db", asked)
        found += not owed <= kept
    return found


def next_morning(file: Path, asked: set[str]) -> set[str]:
    """The keys whose effects are in what the cut left.  Nothing is half there, doubled or made up."""
    store = open_store(f"sqlite:///{file}")
    try:
        books = Books(Services(store, FixedClock(), CountingIds(), SECRET, RuleBooks()))
        assert books.value("PRAGMA integrity_check") == "ok"
        assert books.faults() == []
        keys = {row[0] for row in books.rows("SELECT key FROM answers WHERE key LIKE 'power-%'")}
        assert keys <= asked
        sold = [key for key in keys if "sell-" in key or "settle-" in key]
        assert books.value("SELECT count(*) FROM sales") == len(sold), "a sale and its key are kept together"
        assert books.value("SELECT count(*) FROM returns") == len([key for key in keys if "back-" in key])
        return keys
    finally:
        store.close()


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_acknowledged_is_lost_with_the_power(day: Day, tmp_path: Path, seed: int) -> None:
    """Row 5: unsynced sectors dropped or torn at any moment; 0 lost, 0 partial, the file sound."""
    ruins = tmp_path / "ruins"
    ruins.mkdir()
    assert sum(change.kind == "sync" for change in day.disk.log if change.file == "recorded.db") > 10
    assert losses(day, ruins, CUTS, SEED + seed) == 0


def test_the_test_finds_losses_when_commits_are_not_synced(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proof of the proof: under ``synchronous=NORMAL`` the same cuts do lose acknowledged sales."""
    monkeypatch.setitem(sqlite.PRAGMAS, "synchronous", 1)
    ruins = tmp_path / "ruins"
    ruins.mkdir()
    assert losses(live(shop, tmp_path), ruins, 50, SEED) > 10
