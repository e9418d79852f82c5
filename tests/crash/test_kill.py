"""kill -9 while tills sell: every acknowledged sale is there once, nothing doubled, nothing invented.

Reliability.md section 1, row 1, and laws L1-L5, L10.  The server that is killed is the one that
``loyalty-pos serve`` starts.  LOYALTY_POS_TEST_KILLS sets how many kills a run makes on each
engine (default 4; a long run takes 500).
"""

from __future__ import annotations

import os
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import SECRET, Shop
from crash.harness import CrashTill, Server, Trap
from services.lane import Books, lane_of

from loyalty_pos.services import stores
from loyalty_pos.services.context import SCOPES, SYSTEM, Request, Services
from loyalty_pos.services.rules import RuleBooks
from loyalty_pos.storage.engine import open_store

pytestmark = pytest.mark.crash

KILLS = int(os.environ.get("LOYALTY_POS_TEST_KILLS", "4"))
SEED = int(os.environ.get("LOYALTY_POS_TEST_SEED", "20261121"))
TILLS = 4
MEMBERS = 3
READY_SECONDS = 5.0

Json = dict[str, Any]


@pytest.fixture
def server(shop: Shop, tmp_path: Path) -> Iterator[Server]:
    """The real server on the shop's database."""
    made = Server(shop.services.store.url, tmp_path, SECRET.decode())
    yield made
    made.kill()


def test_nothing_is_lost_doubled_or_invented(shop: Shop, server: Server, tmp_path: Path) -> None:
    """L1-L5, L10: kills at random moments and at the first byte of an answer."""
    cards = members_of(shop)
    keys = [lane_key(shop, f"kill-{number}") for number in range(TILLS)]
    shop.services.store.close()
    trap, luck = Trap(), random.Random(SEED)
    server.start()
    tills = [
        CrashTill(f"kill-{number}", key, list(cards), server.port, tmp_path, trap, SEED + number)
        for number, key in enumerate(keys)
    ]
    for till in tills:
        till.start()
    for number in range(KILLS):
        if number % 2:
            trap.arm(server.kill)
            while not trap.fired.wait(0.1):
                unharmed(tills, server)
        else:
            time.sleep(luck.uniform(0.1, 0.8))
            server.kill()
        server.start()
    time.sleep(0.5)
    for till in tills:
        till.halt.set()
    for till in tills:
        till.join(90)
        assert not till.is_alive()
    unharmed(tills, server)
    replay(tills)
    assert server.stop() == 0, server.log()
    audit(shop, tills, cards)
    assert max(server.ready_after) < READY_SECONDS


def unharmed(tills: list[CrashTill], server: Server) -> None:
    """No till has met what it must not meet."""
    for till in tills:
        assert till.failure is None, (till.failure, server.log())


def members_of(shop: Shop) -> dict[str, str]:
    """card -> member of a few members with points to spend."""
    lane = lane_of(shop)
    made = [lane.enrols(name=f"Hội viên {number}") for number in range(MEMBERS)]
    for one in made:
        lane.adjusts(one["member"]["id"], 1_000)
    return {one["card"]["number"]: one["member"]["id"] for one in made}


def lane_key(shop: Shop, code: str) -> str:
    """The key of a new lane."""
    made = stores.add_terminal(shop.services, Request(SYSTEM), code, "hn-01", SCOPES)[1]
    return str(made["key"])


def replay(tills: list[CrashTill]) -> None:
    """L10: whatever is sent again with its key is answered as before."""
    for till in tills:
        records = till.journal.records()
        sent = {record["key"]: record for record in records if "body" in record}
        for record in [r for r in records if "status" in r][-15:]:
            body = sent[record["key"]]["body"]
            assert till.deliver(record["key"], record["path"], body) == (record["status"], record["answer"])


def audit(shop: Shop, tills: list[CrashTill], cards: dict[str, str]) -> None:
    """What the journals say against what the database holds."""
    store = open_store(shop.services.store.url)
    try:
        services = Services(store, shop.services.clock, shop.services.ids, SECRET, RuleBooks())
        books = Books(services)
        sold, returned, gain = told(tills)
        kept = {row[0]: row[1:] for row in books.rows("SELECT id, receipt, net, earned, redeemed FROM sales")}
        assert set(kept) == set(sold), "every acknowledged sale, and no other"
        assert kept == sold
        assert len({row[0] for row in kept.values()}) == len(kept)
        assert {row[0] for row in books.rows("SELECT id FROM returns")} == returned
        for member in cards.values():
            now = books.rows("SELECT active, pending, held FROM members WHERE id = ?", int(member))[0]
            assert now[0] + now[1] + now[2] == 1_000 + gain[member]
        assert books.value("SELECT count(*) FROM checkouts WHERE state = 'open'") == 0
        kept_keys = books.value("SELECT count(*) FROM answers WHERE caller LIKE 'terminal:kill-%'")
        assert kept_keys == sum(len({r["key"] for r in till.journal.records()}) for till in tills)
        assert books.faults() == []
        if store.dialect == "sqlite":
            assert books.value("PRAGMA integrity_check") == "ok"
    finally:
        store.close()


def told(tills: list[CrashTill]) -> tuple[dict[int, tuple[Any, ...]], set[int], dict[str, int]]:
    """What the tills were told: sales, returns, and what each member won and spent."""
    sold: dict[int, tuple[Any, ...]] = {}
    returned: set[int] = set()
    gain: dict[str, int] = defaultdict(int)
    owner: dict[str, str] = {}
    for till in tills:
        for record in till.journal.records():
            answer: Json = record.get("answer", {})
            if record["path"] == "/sales" or record["path"].endswith("/settle"):
                if "status" in record:
                    assert record["status"] in (200, 201), record
                    points = answer["points"]
                    figures = (answer["receipt"], answer["totals"]["net"], points["earned"], points["redeemed"])
                    assert int(answer["id"]) not in sold
                    sold[int(answer["id"])] = figures
                    owner[answer["id"]] = answer["member"]["id"]
                    gain[answer["member"]["id"]] += points["earned"] - points["redeemed"]
            elif record["path"].endswith("/returns") and "status" in record:
                assert record["status"] == 201, record
                returned.add(int(answer["id"]))
                sale = record["path"].split("/")[2]
                gain[owner[sale]] += answer["points"]["given_back"] - answer["points"]["taken_back"]
    return sold, returned, gain
