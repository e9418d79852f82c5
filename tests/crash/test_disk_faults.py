"""A full disk or an I/O error at every single call of a checkout: a clear answer, nothing changed,
and the same request works when the disk does again (reliability.md, row 6).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest
from actions import Till, basket, line, new_key, ok, problem
from conftest import Shop
from crash.disk import Disk, DiskStore
from services.lane import Books, lane_of, sqlite_only
from werkzeug.test import TestResponse

from loyalty_pos.app import create_app
from loyalty_pos.config import Config

pytestmark = [
    pytest.mark.long,
    sqlite_only,
    # A disk that is gone also fails where SQLite cannot hand the error on (while it closes a file).
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

WRITING = frozenset({"write", "truncate", "sync", "delete"})
ANY = WRITING | {"read", "open"}
Json = dict[str, Any]


class Spare:
    """A store that hands on to another one, so that one application serves many copies."""

    dialect, url = "sqlite", ""

    def __init__(self) -> None:
        self.now: DiskStore

    def __getattr__(self, name: str) -> Any:
        return getattr(self.now, name)


@pytest.fixture
def spare() -> Spare:
    """The place of the store."""
    return Spare()


@pytest.fixture
def till(shop: Shop, spare: Spare, config: Config) -> Till:
    """A lane of an application on the spare store."""
    store: Any = spare
    app = create_app(config, clock=shop.services.clock, ids=shop.services.ids, store=store)
    return Till(app.test_client(), shop.keys["hn-01-1"], "hn-01-1")


@contextmanager
def cold_copy(shop: Shop, spare: Spare, file: Path) -> Iterator[Disk]:
    """Put a copy of the shop on a new disk of ours in the spare place."""
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    shutil.copy(shop.services.store.url.removeprefix("sqlite:///"), file)
    disk = Disk()
    spare.now = DiskStore(f"sqlite:///{file}", disk)
    try:
        yield disk
    finally:
        disk.mend()
        spare.now.close()


@pytest.mark.parametrize(
    ("error", "kinds", "stays"),
    [
        pytest.param(apsw.SQLITE_FULL, WRITING, False, id="one call finds no room"),
        pytest.param(apsw.SQLITE_FULL, WRITING, True, id="the disk stays full"),
        pytest.param(apsw.SQLITE_IOERR, ANY, False, id="one call fails"),
        pytest.param(apsw.SQLITE_IOERR, ANY, True, id="the disk is gone"),
    ],
)
def test_no_failing_call_leaves_half_a_checkout(
    shop: Shop, spare: Spare, till: Till, tmp_path: Path, error: int, kinds: frozenset[str], stays: bool
) -> None:
    """Row 6: every call of open and settle in turn."""
    member = lane_of(shop).enrols()
    lane_of(shop).adjusts(member["member"]["id"], 1_000)
    coupon = lane_of(shop).issues(member["member"]["id"])
    shop.services.store.close()
    card = member["card"]["number"]
    goods = basket(line(1, price=60_000, quantity=2), card=card, entry="scan", coupons=[coupon], redeem_points=100)
    file, states = tmp_path / "faulty.db", []
    with cold_copy(shop, spare, file) as disk:
        checked_out(till, shop, spare, goods, states)
    call, refused, failed = 0, 0, True
    while failed:
        call += 1
        with cold_copy(shop, spare, file) as disk:
            disk.break_at(call, error, kinds, stays)
            refused += checked_out(till, shop, spare, goods, states)
            failed = len(disk.calls) >= call
            disk.mend()
            books = Books(replace(shop.services, store=spare.now))
            assert books.faults() == []
            assert books.rows("SELECT count(*), min(earned), min(redeemed) FROM sales") == [(1, 107, 100)]
    assert call > 10
    assert refused >= call // 2


def checked_out(till: Till, shop: Shop, spare: Spare, goods: Json, states: list[Json]) -> int:
    """Open and settle; what fails is repeated with its key on a disk that works.  How often it was refused.

    ``states`` are the states before each step: the first run, on a sound disk, writes them down.
    """
    books, disk, known, refused = Books(replace(shop.services, store=spare.now)), spare.now.disk, bool(states), 0

    def insist(step: int, path: str, body: Json, effects: str) -> Json:
        nonlocal refused
        if not known:
            states.append(books.state())
        key = new_key()
        answer = till.call("POST", path, body, key=key)
        if answer.status_code >= 400:
            refused += 1
            assert disk.mend()
            clear(answer)
            kept = books.value("SELECT count(*) FROM answers WHERE key = ?", key)
            assert books.value(effects) == kept, "the effect and its key, or neither"
            assert kept or books.state() == states[step], "nothing half-done"
            assert not kept or disk.calls[-1] in ("read", "open"), "kept before the answer could be read back"
            answer = till.call("POST", path, body, key=key)
        return ok(answer)  # type: ignore[no-any-return]

    opened = insist(0, "/checkouts", goods, "SELECT count(*) FROM checkouts")
    insist(1, f"/checkouts/{opened['id']}/settle", {"receipt": "r-1"}, "SELECT count(*) FROM sales")
    return refused


def clear(answer: TestResponse) -> None:
    """503 with a code and a sentence; no trace of the inside."""
    said = problem(answer, 503, "database_unavailable")
    assert "sqlite" not in str(said).lower()
    assert answer.headers["Retry-After"]
