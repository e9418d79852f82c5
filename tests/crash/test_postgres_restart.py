"""PostgreSQL stops hard, loses its backends, fails over: nothing acknowledged is lost (reliability.md, row 11).

The server is the test's own, with fsync on.  A COMMIT whose connection broke has an unknown
outcome; the till hears ``unavailable`` and asks again with the same key.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from actions import CountingIds
from amounts import SEED, amount
from conftest import SECRET
from crash.cluster import Cluster
from services.lane import Books, Lane, bread

from loyalty_pos.app import SystemClock
from loyalty_pos.errors import InProgress, Unavailable
from loyalty_pos.services import stores
from loyalty_pos.services.context import SYSTEM, Request, Services
from loyalty_pos.services.rules import RuleBooks
from loyalty_pos.services.staff import by_terminal_key
from loyalty_pos.storage import migrate
from loyalty_pos.storage.engine import open_store

pytestmark = [pytest.mark.crash, pytest.mark.long, pytest.mark.postgresql]

STOPS, FAILOVERS = amount(10, 100), amount(2, 20)
TILLS = 4
PATIENCE = 120
TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
)
Json = dict[str, Any]


class Load:
    """Tills that sell, open, settle and void through the services, wherever these are now."""

    def __init__(self, url: str) -> None:
        self.services = self.open(url)
        stores.add_store(self.services, Request(SYSTEM), "s1", "Hàng Bông")
        self._key = str(stores.add_terminal(self.services, Request(SYSTEM), "s1-1", "s1")[1]["key"])
        self._caller = by_terminal_key(self.services, self._key)
        self.lane = Lane(self.services, self._caller)
        self._cards = [self.lane.enrols() for _ in range(TILLS)]
        for one in self._cards:
            self.lane.adjusts(one["member"]["id"], 1_000)
        self.halt = threading.Event()
        self.told: dict[str, Json] = {}
        """key -> what was answered."""
        self.repeats = 0
        self.failures: list[BaseException] = []
        self._threads = [threading.Thread(target=self._till, args=(number,), daemon=True) for number in range(TILLS)]

    def open(self, url: str) -> Services:
        """Services on a database."""
        return Services(open_store(url), SystemClock(), CountingIds(), SECRET, RuleBooks())

    def move(self, url: str) -> None:
        """From now on the tills' server uses another database."""
        before, self.services = self.services, self.open(url)
        self.lane = Lane(self.services, self._caller)
        before.store.close()

    def start(self) -> None:
        """All tills at once."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Wait until every till has its last answer."""
        self.halt.set()
        for thread in self._threads:
            thread.join(2 * PATIENCE)
            assert not thread.is_alive()
        assert self.failures == []

    def grow(self, by: int) -> None:
        """Wait until so many more answers were given."""
        goal, deadline = len(self.told) + by, time.monotonic() + PATIENCE
        while len(self.told) < goal:
            assert self.failures == []
            assert time.monotonic() < deadline, "no answers"
            time.sleep(0.01)

    def _till(self, number: int) -> None:
        luck, card = random.Random(SEED + number), self._cards[number]["card"]["number"]
        try:
            visit = 0
            while not self.halt.is_set():
                visit += 1
                name = f"pg-{number}-{visit:08d}"
                goods = bread(luck.randrange(20_000, 90_000, 500))
                fields: Json = {"card": card, "redeem_points": luck.choice((0, 0, 100))}
                self._ask("sells", goods, key=f"{name}-sell", receipt=name, **fields)
                opened = self._ask("opens", goods, key=f"{name}-open", **fields)
                if luck.random() < 0.5:
                    self._ask("settles", opened["id"], key=f"{name}-settle", receipt=f"{name}-s")
                else:
                    self._ask("voids", opened["id"], key=f"{name}-void")
        except BaseException as error:  # the test reads it
            self.failures.append(error)

    def _ask(self, verb: str, *args: Any, key: str, **fields: Any) -> Json:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answer: Json = getattr(self.lane, verb)(*args, key=key, **fields)
            except (Unavailable, InProgress):
                assert time.monotonic() < deadline, f"{key} was never answered"
                self.repeats += 1
                time.sleep(0.02)
                continue
            self.told[key] = answer
            return answer

    def audit(self) -> None:
        """Everything told is there, once, with its figures, and nothing else."""
        books = Books(self.services)
        rows = books.rows("SELECT id, receipt, net, earned, redeemed FROM sales")
        kept = {str(row[0]): row[1:] for row in rows}
        told = {
            answer["id"]: (
                answer["receipt"], answer["totals"]["net"], answer["points"]["earned"], answer["points"]["redeemed"]
            )
            for key, answer in self.told.items() if key.endswith(("-sell", "-settle"))
        }  # fmt: skip
        assert kept == told
        assert {row[0] for row in books.rows("SELECT key FROM answers WHERE key LIKE 'pg-%'")} == set(self.told)
        assert books.value("SELECT count(*) FROM checkouts WHERE state = 'open'") == 0
        assert books.faults() == []


@pytest.fixture
def clusters() -> Iterator[list[Cluster]]:
    """The servers of a test, the first one running with a migrated database; all are removed at the end."""
    made = [Cluster.new()]
    try:
        made[0].start()
        migrate.upgrade(made[0].url)
        yield made
    finally:
        for cluster in made:
            cluster.remove()


def test_a_hard_stop_and_lost_backends_lose_nothing(clusters: list[Cluster]) -> None:
    """Row 11: stopped in the middle, started again; between, every connection is taken away."""
    server, luck = clusters[0], random.Random(SEED)
    load = Load(server.url)
    load.start()
    for _ in range(STOPS):
        load.grow(luck.randrange(5, 30))
        server.run(TERMINATE)
        load.grow(luck.randrange(5, 30))
        server.crash()
        server.start()
    load.grow(10)
    load.stop()
    assert load.repeats >= STOPS
    load.move(server.url)
    load.audit()
    load.services.store.close()


def test_a_promoted_standby_has_everything_that_was_answered(clusters: list[Cluster]) -> None:
    """Row 11: a synchronous standby takes over under load."""
    load = Load(clusters[0].url)
    load.start()
    for _ in range(FAILOVERS):
        standby = clusters[-1].standby()
        clusters.append(standby)
        load.grow(30)
        clusters[-2].crash()
        standby.promote()
        load.move(standby.url)
    load.grow(10)
    load.stop()
    load.audit()
    load.services.store.close()
