"""Thirty-two clients on what is enough for few: exact counts, whatever the isolation (reliability.md, row 4).

Every balance has room for ten spends and every coupon for one use; thirty-two clients try each at
the same moment.  16,000 attempts on each engine, those on PostgreSQL at its three levels.
"""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from typing import Any

import psycopg
import pytest
from amounts import amount
from services.lane import Books, Lane, bread, fresh_key, sqlite_only

from loyalty_pos.errors import InProgress, Unavailable
from loyalty_pos.storage.postgres import PostgresTx

pytestmark = pytest.mark.long

CLIENTS, ROOM, PRICE = 32, 10, 100
ON_SQLITE = amount(500, 5_000)
"""Balances and coupons in equal parts, each tried by every client."""
ON_POSTGRESQL = {
    "read_committed": amount(400, 4_000),
    "repeatable_read": amount(50, 500),
    "serializable": amount(50, 500),
}
"""At the stricter levels most attempts are made several times, so they get fewer."""
Json = dict[str, Any]


@sqlite_only
def test_races_on_sqlite(lane: Lane, books: Books) -> None:
    """S22, S37: 16,000 attempts."""
    race(lane, books, ON_SQLITE)


@pytest.mark.parametrize("store_url", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
@pytest.mark.parametrize("level", list(psycopg.IsolationLevel)[1:], ids=lambda level: level.name.lower())
def test_races_on_postgresql(
    lane: Lane, books: Books, level: psycopg.IsolationLevel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same at READ COMMITTED, which the product uses, and at both stricter levels."""
    monkeypatch.setattr(PostgresTx, "writes_at", level)
    race(lane, books, ON_POSTGRESQL[level.name.lower()])


def race(lane: Lane, books: Books, subjects: int) -> None:
    """Every client at every subject, all at the same subject at the same time."""
    members = [lane.enrols() for _ in range((subjects + 1) // 2)]
    for one in members:
        lane.adjusts(one["member"]["id"], ROOM * PRICE)
    coupons = [lane.issues(one["member"]["id"]) for one in members[: subjects // 2]]
    tries = [(one, code) for one, code in zip(members, [*coupons, None], strict=False) for _ in range(CLIENTS)]

    def spend(task: tuple[Json, str | None]) -> int:
        one, _ = task
        sold = insist(lane, bread(20_000, earns=False), card=one["card"]["number"], redeem_points=PRICE)
        return int(sold["points"]["redeemed"])

    def use(task: tuple[Json, str | None]) -> str:
        one, code = task
        if code is None:
            return "none"
        sold = insist(lane, bread(20_000, earns=False), card=one["card"]["number"], coupons=[code])
        return str(sold["coupons"][0]["status"])

    with ThreadPoolExecutor(CLIENTS) as pool:
        spent = Counter(pool.map(spend, tries))
        used = Counter(pool.map(use, tries))
    assert spent == {PRICE: ROOM * len(members), 0: (CLIENTS - ROOM) * len(members)}
    assert used["applied"] == len(coupons)
    assert used["refused"] == (CLIENTS - 1) * len(coupons)
    assert books.rows("SELECT DISTINCT active, spent, held FROM members") == [(0, ROOM * PRICE, 0)]
    assert books.value("SELECT count(*) FROM coupons WHERE state = 'used'") == len(coupons)
    for one in members:
        prefixes = [*accumulate(entry["points"] for entry in lane.entries(one["member"]["id"]))]
        assert min(prefixes) == prefixes[-1] == 0
    assert books.faults() == []


def insist(lane: Lane, *lines: Json, **fields: Any) -> Json:
    """A sale, repeated with its key while the answer is to come again."""
    key, receipt = fresh_key(), lane.receipt()
    while True:
        try:
            return lane.sells(*lines, key=key, receipt=receipt, **fields)
        except (InProgress, Unavailable):
            time.sleep(0.01)
