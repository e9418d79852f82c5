"""``python -m bench.segments``: how long does the count of a segment's rule take, and what does a sale pay?

A shop of 100,000 members with two years of habits told from a seed; every ready-made rule and some
harder ones are counted with their funnel (the median of some runs), then a member is followed as a
sale follows one.  1 when a count takes longer than the goal by the clock and by CPU: on a busy
machine the clock measures its neighbours.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from bench import baskets, shop
from bench.databases import Databases, open_databases
from bench.meter import Reading, measure
from loyalty_pos.domain.segments.decode import decode_rule
from loyalty_pos.domain.segments.ready import FIXED, big_spenders
from loyalty_pos.services import segment_members
from loyalty_pos.services.context import Services
from loyalty_pos.storage import segments
from loyalty_pos.storage.habits import weight_at

GOAL = 0.5
"""Seconds for one count at 100,000 members."""
DAY = 86_400_000
TODAY = date(2026, 11, 18)
TIERS = [{"code": code, "name": code.title(), "threshold": at} for code, at in
         (("bronze", 0), ("silver", 3_000_000), ("gold", 9_000_000))]  # fmt: skip
CATEGORIES = [f"kind-{top}/part-{part}" for top in range(8) for part in range(5)]
SKUS = [f"893{number:010d}" for number in range(4_000)]

HARD: dict[str, dict[str, Any]] = {
    "gold, away 30 to 90 days, once bought two kinds, no coupon lately": {
        "all": [{"field": "tier", "op": "in", "value": ["gold", "silver"]},
                {"field": "last_purchase", "op": "between", "value": [30, 90]},
                {"field": "category_last", "op": "exists", "value": True, "of": ["kind-0", "kind-1/part-1"]}],
        "not": {"field": "coupon_given", "op": "within_days", "value": 14}},
    "a product in the last 60 days": {
        "all": [{"field": "product_last", "op": "within_days", "value": 60, "of": SKUS[:5]}]},
    "spend of a year between": {
        "all": [{"field": "spend", "op": "between", "value": [1_000_000, 4_000_000], "days": 365}]},
    "favourite kind, own store, Zalo": {
        "all": [{"field": "favourite_category", "op": "in", "value": ["kind-2"]},
                {"field": "store", "op": "in", "value": ["bench"]},
                {"field": "consent", "op": "in", "value": ["marketing.zalo"]}]},
    "one of many, and none of many": {
        "any": [{"field": "visits", "op": ">=", "value": 10, "days": 90},
                {"field": "coupons_used", "op": ">=", "value": 2, "days": 180},
                {"field": "birthday", "op": "within_days", "value": 14},
                {"field": "points_lapsing", "op": ">=", "value": 100, "days": 60}],
        "not": [{"field": "categories_bought", "op": "<=", "value": 2},
                {"field": "product_times", "op": ">=", "value": 3, "of": SKUS[5:10]}]},
}  # fmt: skip


def begins(day: date) -> int:
    """The first moment of a day, in ms; the shop of the benchmark keeps UTC."""
    return (day - date(1970, 1, 1)).days * DAY


class Habits:
    """What every table holds of every member, told from the member's number."""

    def __init__(self, members: int) -> None:
        self.members = members

    def of(self, member: int) -> tuple[Random, list[int]]:
        """(the member's own luck, on how many days ago they bought, the newest first)."""
        luck = Random(member)
        every = luck.choice((4, 8, 14, 25, 60))
        days, ago = [], int(luck.expovariate(1 / every))
        while ago < 730 and len(days) < 40:
            days.append(ago)
            ago += 1 + int(luck.expovariate(1 / every))
        return luck, days

    def all(self) -> Iterator[tuple[int, Random, list[int]]]:
        """Every member."""
        for member in range(1, self.members + 1):
            yield member, *self.of(member)

    def people(self) -> Iterator[tuple[object, ...]]:
        """Birthdays and genders."""
        for member, luck, _ in self.all():
            born = date(1950, 1, 1) + timedelta(days=luck.randrange(20_000))
            yield member, f"Nguyễn Văn {member}", born.isoformat(), luck.choice(("female", "male", None))

    def profiles(self) -> Iterator[tuple[object, ...]]:
        """Totals; weekdays and dayparts by a formula."""
        for member, _, days in self.all():
            visits = len(days)
            if visits:
                last, first = begins(TODAY) - days[0] * DAY, begins(TODAY) - days[-1] * DAY
                weekdays = [visits // 7] * 6 + [visits - visits // 7 * 6]
                yield member, visits, visits * 6, visits * 150_000, first, last, *weekdays, 0, visits, 0, 0

    def days(self) -> Iterator[tuple[object, ...]]:
        """One row a day with a visit."""
        for member, luck, days in self.all():
            for ago in sorted(days, reverse=True):
                yield member, (TODAY - timedelta(days=ago)).isoformat(), 1, luck.randrange(20, 400) * 1_000

    def goods(self, names: list[str], most: int) -> Iterator[tuple[object, ...]]:
        """What was bought how often: few things of many."""
        for member, luck, days in self.all():
            if not days:
                continue
            chosen = {names[int(len(names) * luck.random() ** 2)] for _ in range(min(most, 2 * len(days)))}
            for name in sorted(chosen):
                times = luck.randrange(1, 1 + len(days))
                first, last = (begins(TODAY) - ago * DAY for ago in (days[-1], luck.choice(days)))
                yield member, name, times, times * 1000, times * 30_000, min(first, last), last, weight_at(last)

    def stores(self) -> Iterator[tuple[object, ...]]:
        """The one store."""
        for member, _, days in self.all():
            if days:
                yield member, 1, len(days), begins(TODAY) - days[0] * DAY

    def consents(self) -> Iterator[tuple[object, ...]]:
        """Half of them by Zalo, some taken back."""
        for member, luck, _ in self.all():
            if luck.random() < 0.5:
                yield member, "marketing", "zalo", 1
            if luck.random() < 0.1:
                yield member, "marketing", "zalo", 0

    def coupons(self) -> Iterator[tuple[object, ...]]:
        """One or two each, most of them not used."""
        for member, luck, _ in self.all():
            for number in range(luck.randrange(3)):
                given = begins(TODAY) - luck.randrange(120) * DAY
                code = f"99{member:012d}{number:04d}"
                yield code, "p", member, "issued", "2026-01-01", "2026-12-31", given


def fill(url: str, members: int) -> None:
    """The shop and its members' habits."""
    shop.build(url, {"zone": "UTC"}, TIERS, (), 1, members)
    told = Habits(members)
    goods = "times, quantity, spend, first_at, last_at, weight"
    weekdays = ", ".join(f"weekday_{day}" for day in range(1, 8))
    dayparts = "daypart_night, daypart_morning, daypart_afternoon, daypart_evening"
    shop.insert(url, [
        ("people (member_id, name, birthday, gender)", told.people()),
        (f"profiles (member_id, visits, items, spend, first_at, last_at, {weekdays}, {dayparts})", told.profiles()),
        ("member_days (member_id, day, visits, spend)", told.days()),
        (f"member_products (member_id, sku, {goods})", told.goods(SKUS, 30)),
        (f"member_categories (member_id, category, {goods})", told.goods(CATEGORIES, 10)),
        ("member_stores (member_id, store_id, visits, last_at)", told.stores()),
        ("consents (member_id, purpose, channel, given, text_version, at, by)",
         ((*row, "1", 1, "bench") for row in told.consents())),
        ("coupons (code, promotion, member_id, state, valid_from, valid_to, issued_at)", told.coupons()),
    ])  # fmt: skip


def count(services: Services, rule: dict[str, Any], runs: int, databases: Databases) -> tuple[Reading, int]:
    """(the run with the median time of a count with its funnel, members left)."""
    asked, today, left = decode_rule(rule), segments.Today(TODAY, begins), [0]

    def work() -> None:
        left[:] = services.store.read(lambda tx: segments.funnel(tx, asked, today))

    readings = sorted((measure(work, databases.cpu) for _ in range(runs)), key=lambda one: one.wall)
    return readings[runs // 2], left[-1]


def follow(services: Services, rules: list[dict[str, Any]]) -> float:
    """Milliseconds for one member against all the rules at once, as each sale asks them: the median."""
    asked, today, seconds = [decode_rule(rule) for rule in rules], segments.Today(TODAY, begins), []
    for member in range(1, 400):
        began = time.perf_counter()
        services.store.read(lambda tx, member=member: segments.holding(tx, asked, today, [member]))  # type: ignore[misc]
        seconds.append(time.perf_counter() - began)
    return round(1000 * statistics.median(seconds), 3)


def main() -> int:
    """Prints one JSON object for each engine; 1 when a count misses the goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    options = parser.parse_args()
    rules = {one.code: one.rule for one in (*FIXED, big_spenders(4_000_000))} | HARD
    worst = 0.0
    for engine in options.engine or ("sqlite", "postgresql"):
        with tempfile.TemporaryDirectory(prefix="loyalty-segments-") as folder:
            databases = open_databases(engine, Path(folder))
            url = databases.new("segments")
            fill(url, options.members)
            services = shop.services_on(url, baskets.NOON)
            assert segment_members.due(services) == []
            found = {name: count(services, rule, options.runs, databases) for name, rule in rules.items()}
            alone = follow(services, [one.rule for one in FIXED])
            services.store.close()
            databases.close()
        worst = max(worst, *(min(one.wall, one.cpu) for one, _ in found.values()))
        shown = {
            name: {"ms": round(1000 * one.wall), "cpu_ms": round(1000 * one.cpu), "foreign": round(one.foreign, 2),
                   "members": left}
            for name, (one, left) in found.items()
        }  # fmt: skip
        print(json.dumps({"engine": engine, "members": options.members, "sale_ms": alone, "rules": shown}, indent=1))
    return int(worst > GOAL)


if __name__ == "__main__":
    sys.exit(main())
