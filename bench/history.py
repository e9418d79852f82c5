"""``python -m bench.history``: does a sale cost more for a member with a long history?

Two members of one shop, in the same tier: one with 10 entries in the ledger, one with 10,000, made
through the product over the two years before: a thousand sales, and points by hand whose lots are
still open.  Then both buy in turns: a checkout that holds points, and its settle.  The ratio is the
median of the rounds' own.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench import baskets, shop
from bench.databases import Databases, books, open_databases
from bench.meter import Reading, measure
from bench.moving import ReplayClock
from loyalty_pos.demo.catalogue import programme
from loyalty_pos.domain.basket import Basket
from loyalty_pos.services import checkout, points, sales
from loyalty_pos.services.context import Caller, Request, Services
from loyalty_pos.services.requests import AdjustIn, SaleIn, SettleIn
from loyalty_pos.services.staff import by_terminal_key

GOAL = 1.2
SHORT, LONG = 1, 2
SALES = 1000
PAUSE = 18 * 3600


class History:
    """A shop with the two members, and a till that sells to them."""

    def __init__(self, databases: Databases) -> None:
        url, rules = databases.new("history"), programme()
        settings = {"name": rules.shop, "points": rules.points}
        key = shop.build(url, settings, rules.tiers, rules.promotions, 1, 2)[0]
        self.url, self.clock, self.databases = url, ReplayClock(int(baskets.NOON.timestamp())), databases
        self.services: Services = replace(shop.services_on(url, baskets.NOON), clock=self.clock)
        self.caller: Caller = by_terminal_key(self.services, key)
        self._numbers = itertools.count(1)

    def live(self, member: int, entries: int) -> None:
        """Visits through two years, then small gifts of points until the member has so many entries."""
        for _ in range(min(SALES, entries // 3)):
            self.sell(member)
        for number in range(entries - self.entries(member)):
            request = self.request(member * 10**6 + number, "gift")
            points.adjust(self.services, request, str(member), AdjustIn(points=5, reason="a gift"))

    def alike(self) -> None:
        """Both in the highest tier, so that both pay the same price."""
        tier = self.services.store.read(self.services.rules.current).tiers[-1]["code"]
        self.services.store.write(lambda tx: tx.run("UPDATE members SET tier = ?, tier_by_hand = 1", (tier,)))

    def entries(self, member: int) -> int:
        """How many entries a member has."""
        sql = "SELECT count(*) FROM entries WHERE member_id = ?"
        return int(self.services.store.read(lambda tx: tx.all(sql, (member,)))[0][0])

    def sell(self, member: int) -> None:
        """One sale of the past."""
        number = next(self._numbers)
        body = self.basket(member, number) | {"receipt": f"h-{number}", "redeem_points": 100 * (number % 2)}
        sales.sell(self.services, self.request(number), msgspec.convert(body, SaleIn))

    def settle(self, member: int) -> None:
        """A checkout that holds a hundred points, and its settle."""
        number = next(self._numbers)
        basket = msgspec.convert(self.basket(member, number) | {"redeem_points": 100}, Basket)
        _, opened = checkout.open_checkout(self.services, self.request(number, "open"), basket)
        _, sold = sales.settle(
            self.services, self.request(number, "settle"), opened["id"], SettleIn(receipt=f"h-{number}")
        )
        if sold["points"]["redeemed"] != 100:
            raise SystemExit(f"member {member} could not spend 100 points")

    def basket(self, member: int, number: int) -> dict[str, object]:
        """Ten lines for a member; eighteen hours pass."""
        self.clock.move(int(baskets.NOON.timestamp()) + number * PAUSE)
        body = msgspec.json.decode(baskets.make(1, 1, 1, first=number)[0].body)
        card = baskets.card_number(member - 1)
        return {name: value for name, value in body.items() if name not in ("sold_at", "receipt")} | {"card": card}

    def request(self, number: int, verb: str = "sell") -> Request:
        """A write under a key of its own."""
        return Request(self.caller, f"history-{verb}-{number:010d}", b"")


class Figures(NamedTuple):
    """Entries of both members, their readings by round, and the ratio."""

    engine: str
    entries: tuple[int, int]
    short: list[Reading]
    long: list[Reading]

    @property
    def ratio(self) -> float:
        """The median of the rounds' CPU ratios."""
        return statistics.median(b.cpu / a.cpu for a, b in zip(self.short, self.long, strict=True))


def compare(databases: Databases, entries: int, rounds: int, settles: int) -> Figures:
    """Both members settle in turns, in reversed order each round; the first round warms up."""
    history = History(databases)
    try:
        history.live(LONG, entries)
        history.live(SHORT, 10)
        history.alike()
        had = history.entries(SHORT), history.entries(LONG)
        readings: dict[int, list[Reading]] = {SHORT: [], LONG: []}
        for number in range(rounds + 1):
            for member in (SHORT, LONG) if number % 2 else (LONG, SHORT):
                done = measure(lambda one=member: [history.settle(one) for _ in range(settles)], databases.cpu)
                readings[member] += [done] if number else []
    finally:
        history.services.store.close()
    if books(history.url).wrong:
        raise SystemExit("a balance is not its ledger's sum")
    return Figures(databases.engine, had, readings[SHORT], readings[LONG])


def main() -> None:
    """Print one line an engine; exit 1 when a ratio misses the goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--settles", type=int, default=20)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    asked = parser.parse_args()
    missed = False
    for engine in asked.engine or ["sqlite", "postgresql"]:
        with tempfile.TemporaryDirectory() as folder:
            databases = open_databases(engine, Path(folder))
            try:
                found = compare(databases, asked.entries, asked.rounds, asked.settles)
            finally:
                databases.close()
        missed = missed or found.ratio > GOAL
        short, long = (statistics.median(x.cpu for x in side) / asked.settles for side in (found.short, found.long))
        foreign = statistics.median(x.foreign for x in (*found.short, *found.long))
        print(
            f"{engine}: {found.entries[0]} entries {short * 1e6:.0f} us, {found.entries[1]} entries {long * 1e6:.0f} "
            f"us of CPU a checkout and settle; ratio {found.ratio:.2f} (goal <= {GOAL}); foreign load {foreign:.0%}"
        )
    sys.exit(missed)


if __name__ == "__main__":
    main()
