"""kill -9 while tills sell: every acknowledged sale is there once, nothing doubled, nothing invented.

Reliability.md section 1, row 1, and laws L1-L5, L10.  The server that is killed is the one that
``loyalty-pos serve`` starts: at random moments, and at the first byte of an answer.  Tills are
processes with a journal, and are killed too; the link between loses, tears, delays and doubles
requests (crash/proxy.py).
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from amounts import SEED, SOAK, amount
from conftest import SECRET, Shop
from crash.harness import Server, TillProcess
from crash.proxy import FAULTS, Proxy
from crash.till import Wire
from services.lane import Books, lane_of

from loyalty_pos.services import stores
from loyalty_pos.services.context import SCOPES, SYSTEM, Request, Services
from loyalty_pos.services.rules import RuleBooks
from loyalty_pos.storage.engine import open_store

pytestmark = [pytest.mark.crash, pytest.mark.long]

KILLS = amount(50, 500)
"""On each engine."""
FAILING = 0.3 if SOAK else 0.1
"""The share of calls that something happens to on their way."""
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


@pytest.fixture
def link(server: Server) -> Iterator[Proxy]:
    """The link between the tills and the server."""
    made = Proxy(server.port, FAILING, SEED)
    yield made
    made.close()


@pytest.fixture
def cards(shop: Shop) -> dict[str, str]:
    """card -> member of a few members with points to spend."""
    return members_of(shop)


@pytest.fixture
def tills(shop: Shop, cards: dict[str, str], link: Proxy, tmp_path: Path) -> Iterator[list[TillProcess]]:
    """Four lanes."""
    made = [
        TillProcess(name, lane_key(shop, name), list(cards), link.port, tmp_path, SEED + number)
        for number, name in enumerate(f"kill-{number}" for number in range(TILLS))
    ]
    yield made
    for till in made:
        till.kill()


def test_nothing_is_lost_doubled_or_invented(
    shop: Shop, server: Server, link: Proxy, tills: list[TillProcess], cards: dict[str, str], tmp_path: Path
) -> None:
    """L1-L5, L10: kills at random moments and at the first byte of an answer, over a link that fails."""
    shop.services.store.close()
    luck = random.Random(SEED)
    server.start()
    for till in tills:
        till.start()
    for number in range(KILLS):
        if number % 2:
            link.trap(server.kill)
            while not link.sprung.wait(0.1):
                unharmed(tills, server)
        else:
            time.sleep(luck.uniform(0.1, 0.8))
            server.kill()
        if number % 5 == 0:
            tills[number % TILLS].kill()
            tills[number % TILLS].start()
        server.start()
    time.sleep(0.5)
    (tmp_path / "halt").touch()
    for till in tills:
        till.join()
    unharmed(tills, server)
    link.close()
    replay(tills, server.port)
    assert server.stop() == 0, server.log()
    audit(shop, tills, cards)
    assert KILLS < 20 or set(link.happened) == set(FAULTS)
    assert max(server.ready_after) < READY_SECONDS


def unharmed(tills: list[TillProcess], server: Server) -> None:
    """No till has met what it must not meet."""
    for till in tills:
        assert till.unharmed(), f"{till.log()}\n{server.log()}"


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


def replay(tills: list[TillProcess], port: int) -> None:
    """L10: whatever is sent again with its key is answered as before."""
    for till in tills:
        records, wire = till.records(), Wire(till.wire_key, port)
        sent = {record["key"]: record for record in records if "body" in record}
        for record in [r for r in records if "status" in r][-15:]:
            body = sent[record["key"]]["body"]
            assert wire.deliver(record["key"], record["path"], body) == (record["status"], record["answer"])


def audit(shop: Shop, tills: list[TillProcess], cards: dict[str, str]) -> None:
    """What the journals say against what the database holds."""
    store = open_store(shop.services.store.url)
    try:
        books = Books(Services(store, shop.services.clock, shop.services.ids, SECRET, RuleBooks()))
        told = Told(tills)
        kept = {row[0]: row[1:] for row in books.rows("SELECT id, receipt, net, earned, redeemed FROM sales")}
        assert set(kept) == set(told.sold), "every acknowledged sale, and no other"
        assert {name: figures for name, figures in kept.items() if told.sold[name][1:] != (None,) * 3} == {
            name: figures for name, figures in told.sold.items() if figures[1:] != (None,) * 3
        }
        assert len({row[0] for row in kept.values()}) == len(kept)
        assert {row[0] for row in books.rows("SELECT id FROM returns")} == told.returned
        late = sum(kept[name][2] for name in told.caught_up)
        now = books.rows("SELECT sum(active + pending + held) FROM members WHERE id IN (SELECT member_id FROM cards)")
        assert now[0][0] == len(cards) * 1_000 + told.gain + late
        assert books.value("SELECT count(*) FROM checkouts WHERE state = 'open'") == 0
        assert {
            row[0] for row in books.rows("SELECT key FROM answers WHERE caller LIKE 'terminal:kill-%'")
        } == told.keys
        assert books.faults() == []
        if store.dialect == "sqlite":
            assert books.value("PRAGMA integrity_check") == "ok"
    finally:
        store.close()


class Told:
    """What the tills were told: sales with their figures, returns, points won and spent, keys used."""

    def __init__(self, tills: list[TillProcess]) -> None:
        self.sold: dict[int, tuple[Any, ...]] = {}
        self.caught_up: set[int] = set()
        self.returned: set[int] = set()
        self.keys: set[str] = set()
        self.gain = 0
        for till in tills:
            records = till.records()
            answers = {record["key"]: record for record in records if "status" in record}
            for record in [record for record in records if "body" in record]:
                self._hear(record["path"], record["body"], record["key"], answers[record["key"]])

    def _hear(self, path: str, body: Json, key: str, heard: Json) -> None:
        answer = heard["answer"]
        assert heard["status"] in (200, 201), heard
        if path == "/sales/batch":
            for item, done in zip(body["sales"], answer["items"], strict=True):
                assert done["status"] == "ok", done
                self._add(int(done["id"]), (item["receipt"], None, None, None))
                self.caught_up.add(int(done["id"]))
                self.keys.add(item["key"])
            return
        self.keys.add(key)
        if path == "/sales" or path.endswith("/settle"):
            points = answer["points"]
            self._add(
                int(answer["id"]), (answer["receipt"], answer["totals"]["net"], points["earned"], points["redeemed"])
            )
            self.gain += points["earned"] - points["redeemed"]
        elif path.endswith("/returns"):
            self.returned.add(int(answer["id"]))
            self.gain += answer["points"]["given_back"] - answer["points"]["taken_back"]

    def _add(self, sale: int, figures: tuple[Any, ...]) -> None:
        assert sale not in self.sold, "one sale, told once"
        self.sold[sale] = figures
