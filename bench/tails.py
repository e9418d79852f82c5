"""Two measures in time and not in CPU: answers at 16 tills over HTTP, and ``price()`` alone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from bench import lanes, product, shop
from bench.baskets import NOON, Sold, make
from bench.contenders import Rounds, check_books
from bench.databases import Databases
from bench.meter import quantile
from bench.product import Precomputed
from bench.server import Server
from bench.till import Till, expect
from loyalty_pos.services import loading


class Tail(NamedTuple):
    """Milliseconds."""

    p50: float
    p99: float

    @property
    def ratio(self) -> float:
        """p99 / p50."""
        return self.p99 / self.p50


def tail(seconds: list[float]) -> Tail:
    """The tail of measured times."""
    return Tail(quantile(seconds, 0.5) * 1000, quantile(seconds, 0.99) * 1000)


def served(url: str, folder: Path, rounds: Rounds, tills: int) -> Tail:
    """The first round warms up, the others are measured: POST /sales at ``tills`` tills at once."""
    keys = [shop.till_key(till) for till in range(tills)]

    now = b"X-Replay-Time: %d" % NOON.timestamp()

    def visit(till: Till, sold: Sold) -> tuple[float, ...]:
        key = b"Idempotency-Key: key-of-sale-" + sold.receipt.encode()
        began = time.perf_counter()
        answer = till.post(b"/api/v1/sales", sold.body, key, now)
        taken = time.perf_counter() - began
        expect(answer, 201)
        return (taken,)

    with Server(url, folder) as server:
        lanes.run(server.port, keys, rounds[0], visit)
        times = lanes.run(server.port, keys, [sold for baskets in rounds[1:] for sold in baskets], visit)
    check_books(url, sum(map(len, rounds)))
    return tail(times.calls[0])


def price_alone(databases: Databases, base: str, members: int, lines: int = 20) -> Tail:
    """``price()`` of ``lines``-line baskets of known members under the shop's rules."""
    memory = Precomputed()
    baskets = make(200, members, 1, first=10**6, lines=lines)
    product.record(databases.copy(base, "priced"), [baskets], memory)
    seconds = []
    for _ in range(3):
        for rules, request in memory.requests:
            began = time.perf_counter()
            loading.price(rules, request)
            seconds.append(time.perf_counter() - began)
    return tail(seconds)
