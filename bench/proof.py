"""How long the ledger takes to prove itself: a shop with a million entries, checked, sealed and verified.

``python -m bench.proof [--entries 1000000]`` makes the database directly, by plain SQL and from a
seed: sales of two lines, points in lots, some spent, some sales returned whole.  What members have is added
up by queries of its own, so a shop that was made wrong does not pass its check.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sqlite3
import sys
import tempfile
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.shop import OPENED, build, services_on
from loyalty_pos.services import ledger, seals
from loyalty_pos.services.context import Services

SEED = 20261124
A_MEMBER, A_SECOND = 50, 60
"""Entries of a member, and seconds between two sales."""
EARN, REDEEM, EVERY = 1_000, 100, 6
"""Minor units a point, points that are spent, and the sales of which one spends them."""
RETURNED = 30
"""Of so many sales, one comes back whole."""
ANSWER = b"x" * 600
DAY, HOUR = "date(sold_at / 1000 + 25200, 'unixepoch')", "(sold_at / 3600000 + 7) % 24"

COLUMNS = {
    "sales": "id, store_id, terminal_id, member_id, receipt, business_date, sold_at, recorded_at, state, body_hash, "
    "rules, gross, discount, net, to_pay, due, earned, redeemed, refunded, points_back, plan, answer",
    "sale_lines": "sale_id, position, line, sku, category, quantity, unit_price, gross, discount, net, earns, units, "
    "returned, runs",
    "entries": "member_id, at, kind, points, lot_id, sale_id, return_id, terminal_id, by",
    "lots": "id, member_id, granted, remaining, state, active_from, sale_id",
    "returns": "id, sale_id, store_id, terminal_id, receipt, business_date, at, body_hash, refund, pay_back, "
    "taken_back, answer",
    "return_lines": "return_id, line, units, refund",
}

GOODS = """
    INSERT INTO {table} (member_id, {key}, times, quantity, spend, first_at, last_at, weight)
    SELECT s.member_id, l.{key}, count(DISTINCT s.id), sum(l.units) * 1000, sum(l.net), min(s.sold_at), max(s.sold_at),
    0 FROM sales s JOIN sale_lines l ON l.sale_id = s.id WHERE s.state = 'settled' GROUP BY 1, 2
"""
WEIGHT = """
    UPDATE {table} SET weight = w.weight FROM (SELECT member_id, {key}, sum(term) AS weight FROM
    (SELECT DISTINCT s.member_id, l.{key}, s.id, decayed(s.sold_at) AS term FROM sales s
    JOIN sale_lines l ON l.sale_id = s.id WHERE s.state = 'settled') GROUP BY 1, 2) AS w
    WHERE w.member_id = {table}.member_id AND w.{key} = {table}.{key}
"""
GAPS = """
    UPDATE {table} SET gap_squares = g.squares FROM (SELECT member_id, {key}, sum((hour - before) * (hour - before))
    AS squares FROM (SELECT member_id, {key}, hour, lag(hour) OVER (PARTITION BY member_id, {key} ORDER BY hour)
    AS before FROM (SELECT DISTINCT s.member_id, l.{key}, s.id, s.sold_at / 3600000 AS hour FROM sales s
    JOIN sale_lines l ON l.sale_id = s.id WHERE s.state = 'settled')) WHERE before IS NOT NULL GROUP BY 1, 2) AS g
    WHERE g.member_id = {table}.member_id AND g.{key} = {table}.{key}
"""
ADD_UP = [
    "UPDATE members SET active = l.points FROM (SELECT member_id, sum(remaining) AS points FROM lots GROUP BY 1) AS l "
    "WHERE l.member_id = members.id",
    "UPDATE members SET spent = e.points FROM (SELECT member_id, -sum(points) AS points FROM entries "
    "WHERE kind = 'redeem' GROUP BY 1) AS e WHERE e.member_id = members.id",
    "INSERT INTO profiles (member_id, visits, spend, first_at, last_at) SELECT member_id, count(*), sum(net), "
    "min(sold_at), max(sold_at) FROM sales WHERE state = 'settled' GROUP BY 1",
    "UPDATE profiles SET items = i.items FROM (SELECT s.member_id, sum(l.units) AS items FROM sales s "
    "JOIN sale_lines l ON l.sale_id = s.id WHERE s.state = 'settled' GROUP BY 1) AS i "
    "WHERE i.member_id = profiles.member_id",
    *(
        f"UPDATE profiles SET {name} = c.count FROM (SELECT member_id, count(*) AS count FROM sales "
        f"WHERE state = 'settled' AND {rule} GROUP BY 1) AS c WHERE c.member_id = profiles.member_id"
        for name, rule in (
            *((f"weekday_{day}", f"strftime('%w', {DAY}) = '{day % 7}'") for day in range(1, 8)),
            *((f"daypart_{part}", f"{HOUR} / 6 = {number}")
              for number, part in enumerate(("night", "morning", "afternoon", "evening"))),
        )
    ),
    f"INSERT INTO member_days (member_id, day, visits, spend, earned) SELECT member_id, {DAY}, count(*), sum(net), "
    "sum(earned) FROM sales WHERE state = 'settled' GROUP BY 1, 2",
    "INSERT INTO member_stores (member_id, store_id, visits, last_at) SELECT member_id, store_id, count(*), "
    "max(sold_at) FROM sales WHERE state = 'settled' GROUP BY 1, 2",
    *(sql.format(table=table, key=key) for sql in (GOODS, WEIGHT, GAPS)
      for table, key in (("member_products", "sku"), ("member_categories", "category"))),
]  # fmt: skip


class Shop:
    """Tickets one after the other, and what they leave in the lots."""

    def __init__(self, members: int) -> None:
        self.chance, self.members = random.Random(SEED), members
        self.lots: dict[int, deque[list[int]]] = defaultdict(deque)
        self.rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self.sales = self.returns = self.entries = 0

    def ticket(self) -> None:
        """One sale of two lines."""
        self.sales += 1
        sale, member = self.sales, self.chance.randint(1, self.members)
        at = OPENED + sale * A_SECOND * 1000
        day = datetime.fromtimestamp(at / 1000 + 25_200, UTC).date().isoformat()
        lines = [
            (self.chance.randrange(400), self.chance.randint(1, 3), self.chance.randint(8, 90) * 500) for _ in "ab"
        ]
        net = sum(quantity * price for _, quantity, price in lines)
        spent = self._spend(member, sale, at) if sale % EVERY == 0 else 0
        back = not spent and self.chance.randrange(RETURNED) == 0
        earned = (net - spent * 10) // EARN
        self.rows["lots"].append((sale, member, earned, earned, "active", at, sale))
        self._entry(member, at, "earn", earned, sale, sale)
        self.rows["sales"].append((
            sale, 1, 1, member, f"r{sale}", day, at, at, "returned" if back else "settled", b"h", 1, net, 0, net,
            net - spent * 10, net - spent * 10, earned, spent, net if back else 0, earned if back else 0, "{}", ANSWER,
        ))  # fmt: skip
        for place, (sku, quantity, price) in enumerate(lines):
            worth = quantity * price
            self.rows["sale_lines"].append((
                sale, place, str(place + 1), f"{8_930_000_000_000 + sku}", f"c/{sku % 20}", str(quantity), price, worth,
                0, worth, 1, quantity, quantity if back else 0, f"[[{quantity},0,{price},{price}]]",
            ))  # fmt: skip
        if back:
            self._give_back(member, sale, at, day, net, earned, lines)
        else:
            self.lots[member].append([sale, earned])

    def _entry(
        self, member: int, at: int, kind: str, points: int, lot: int, sale: int, back: int | None = None
    ) -> None:
        self.entries += 1
        self.rows["entries"].append((member, at, kind, points, lot, sale, back, 1, "terminal:bench-01"))

    def _spend(self, member: int, sale: int, at: int) -> int:
        """Points from the oldest lots; 0 when there are not enough."""
        lots, left = self.lots[member], REDEEM
        if sum(lot[1] for lot in lots) < REDEEM:
            return 0
        while left:
            part = min(left, lots[0][1])
            lots[0][1] -= part
            left -= part
            self._entry(member, at, "redeem", -part, lots[0][0], sale)
            self.rows["taken"].append((part, lots[0][0]))
            if not lots[0][1]:
                lots.popleft()
        return REDEEM

    def _give_back(
        self, member: int, sale: int, at: int, day: str, net: int, earned: int, lines: list[tuple[int, int, int]]
    ) -> None:
        self.returns += 1
        self._entry(member, at, "take_back", -earned, sale, sale, self.returns)
        self.rows["taken"].append((earned, sale))
        self.rows["returns"].append((self.returns, sale, 1, 1, f"x{sale}", day, at, b"h", net, net, earned, b"{}"))
        for place, (_, quantity, price) in enumerate(lines):
            self.rows["return_lines"].append((self.returns, str(place + 1), quantity, quantity * price))


def decayed(moment: int) -> float:
    """The habit's weight of one purchase at ``moment`` (ms)."""
    return math.exp((moment - 1_577_836_800_000) / 86_400_000 / 90)


def fill(url: str, entries: int) -> int:
    """A shop with so many entries, in an empty database; its sales."""
    members = max(1, entries // A_MEMBER)
    build(url, {}, [], members=members, tills=1)
    shop, raw = Shop(members), sqlite3.connect(url.removeprefix("sqlite:///"))
    raw.create_function("decayed", 1, decayed, deterministic=True)
    raw.execute("PRAGMA synchronous=OFF")
    with raw:
        while shop.entries < entries:
            for _ in range(2_000):
                shop.ticket()
            _write(raw, shop.rows)
        for sql in ADD_UP:
            raw.execute(sql)
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    return shop.sales


def _write(raw: sqlite3.Connection, rows: dict[str, list[tuple[Any, ...]]]) -> None:
    for table, columns in COLUMNS.items():
        marks = ", ".join("?" * (columns.count(",") + 1))
        raw.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows[table])
    raw.executemany("UPDATE lots SET remaining = remaining - ? WHERE id = ?", rows["taken"])
    rows.clear()


def timed(steps: Iterator[tuple[str, int]]) -> dict[str, Any]:
    """What each step found, and the seconds it took: by the clock, and of this process's CPU."""
    found: dict[str, Any] = {}
    clock, cpu = time.perf_counter(), time.process_time()
    for name, value in steps:
        seconds, used = time.perf_counter() - clock, time.process_time() - cpu
        found[name] = {"found": value, "seconds": round(seconds, 1), "cpu": round(used, 1)}
        clock, cpu = time.perf_counter(), time.process_time()
    return found


def prove(services: Services) -> Iterator[tuple[str, int]]:
    """Check it, seal it, verify it, check it with its seals."""
    yield "check", len(ledger.check(services))
    yield "seal", seals.seal(services).rows
    yield "verify", len(seals.verify(services).findings)
    yield "check with seals", len(ledger.check(services))


def main() -> int:
    """Make the shop, time the proofs, print one JSON object; 1 when anything was found wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    wanted = parser.parse_args().entries
    with tempfile.TemporaryDirectory(prefix="loyalty-proof-") as folder:
        url = f"sqlite:///{Path(folder) / 'shop.db'}"
        start = time.perf_counter()
        sales = fill(url, wanted)
        made = round(time.perf_counter() - start, 1)
        services = replace(services_on(url, datetime(2026, 11, 24, tzinfo=UTC)), seal_key=b"a key of the benchmark")
        try:
            found = timed(prove(services))
        finally:
            services.store.close()
        size = sum(part.stat().st_size for part in Path(folder).iterdir())
    print(json.dumps({"entries": wanted, "sales": sales, "bytes": size, "made in": made} | found, indent=2))
    return int(any(found[step]["found"] for step in ("check", "verify", "check with seals")))


if __name__ == "__main__":
    sys.exit(main())
