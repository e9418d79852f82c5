"""A full disk or an I/O error at every single call of a checkout: a clear answer, nothing changed,
and the same request works when the disk does again (reliability.md, row 6).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest
from actions import Till, basket, line, new_key, ok, problem
from conftest import SECRET, Shop
from crash.disk import Disk, DiskStore
from services.lane import Books, lane_of, sqlite_only
from werkzeug.test import TestResponse

from loyalty_pos.app import create_app
from loyalty_pos.config import Config
from loyalty_pos.services.context import Services

pytestmark = [pytest.mark.long, sqlite_only]

WRITING = frozenset({"write", "truncate", "sync", "delete"})
ANY = WRITING | {"read", "open"}
Json = dict[str, Any]


@contextmanager
def open_shop(shop: Shop, file: Path) -> Iterator[tuple[Till, Books, Disk]]:
    """A till on a cold copy of the shop, on a disk of ours."""
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    shutil.copy(shop.services.store.url.removeprefix("sqlite:///"), file)
    disk = Disk()
    store = DiskStore(f"sqlite:///{file}", disk)
    config = Config(data=file.parent, database_url=store.url, secret_key=SECRET)
    app = create_app(config, clock=shop.services.clock, ids=shop.services.ids, store=store)
    services: Services = app.extensions["loyalty_pos"]
    try:
        yield Till(app.test_client(), shop.keys["hn-01-1"], "hn-01-1"), Books(services), disk
    finally:
        disk.mend()
        store.close()


@pytest.mark.parametrize(
    ("error", "kinds", "stays"),
    [
        pytest.param(apsw.FullError, WRITING, False, id="one call finds no room"),
        pytest.param(apsw.FullError, WRITING, True, id="the disk stays full"),
        pytest.param(apsw.IOError, ANY, False, id="one call fails"),
        pytest.param(apsw.IOError, ANY, True, id="the disk is gone"),
    ],
)
def test_no_failing_call_leaves_half_a_checkout(
    shop: Shop, tmp_path: Path, error: type[apsw.Error], kinds: frozenset[str], stays: bool
) -> None:
    """Row 6: every call of identify, open, change and settle fails once."""
    member = lane_of(shop).enrols()
    lane_of(shop).adjusts(member["member"]["id"], 1_000)
    coupon = lane_of(shop).issues(member["member"]["id"])
    shop.services.store.close()
    card = member["card"]["number"]
    goods = basket(line(1, price=60_000, quantity=2), card=card, entry="scan", coupons=[coupon], redeem_points=100)
    refused, call, failed = 0, 0, True
    while failed:
        call += 1
        with open_shop(shop, tmp_path / "faulty.db") as (till, books, disk):
            disk.break_at(call, error, kinds, stays)
            refused += checked_out(till, books, disk, goods)
            failed = len(disk.calls) >= call
            assert books.faults() == []
            assert books.rows("SELECT count(*), min(earned), min(redeemed) FROM sales") == [(1, 107, 100)]
    assert call > 10
    assert refused >= call // 2


def checked_out(till: Till, books: Books, disk: Disk, goods: Json) -> int:
    """Open and settle; what fails is repeated with its key on a disk that works.  How often it was refused."""
    refused = 0

    def insist(path: str, body: Json) -> Json:
        nonlocal refused
        key = new_key()
        answer = till.call("POST", path, body, key=key)
        if answer.status_code >= 400:
            refused += 1
            assert disk.mend()
            clear(answer)
            assert books.value("SELECT count(*) FROM answers WHERE key = ?", key) == 0, "nothing half-done"
            answer = till.call("POST", path, body, key=key)
        return ok(answer)  # type: ignore[no-any-return]

    opened = insist("/checkouts", goods)
    insist(f"/checkouts/{opened['id']}/settle", {"receipt": "r-1"})
    return refused


def clear(answer: TestResponse) -> None:
    """503 with a code and a sentence; no trace of the inside."""
    said = problem(answer, 503, "database_unavailable")
    assert "sqlite" not in str(said).lower()
    assert answer.headers["Retry-After"]
