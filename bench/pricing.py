"""``python -m bench.pricing``: what a price costs as the number of offers grows, and a hard case.

The workloads of the design: 1,000 skus in 50 categories, baskets of 20 lines touching 10 categories,
four kinds in turn (percent, amount, cheapest free, any two for a price).  In the first, offer k is on
category k mod 50; in the second each offer names 20 skus, and as many can touch a basket however many
there are.  The hard case is 30 overlapping multi-buys on 60 lines.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from bench.meter import quantile
from loyalty_pos.domain.basket import Basket
from loyalty_pos.domain.pricing.compile import RuleSet, compile_rules
from loyalty_pos.domain.pricing.engine import price
from loyalty_pos.domain.pricing.request import PriceRequest

SKUS, CATEGORIES, LINES, TOUCHED = 1_000, 50, 20, 10
Json = dict[str, Any]
NOON = datetime(2026, 11, 21, 5, tzinfo=UTC)


def category(sku: int) -> str:
    """The category of a sku."""
    return f"c{sku % CATEGORIES:02d}"


def unit_price(sku: int) -> int:
    """The shelf price of a sku, in đồng."""
    return 5_000 + sku * 7_919 % 95_000 // 500 * 500


def reward(number: int, scope: Json) -> Json:
    """Four kinds in turn."""
    return (
        {"kind": "percent_off", "percent": 5 + number % 10, "scope": scope},
        {"kind": "amount_off", "amount": 500 + number % 7 * 100, "scope": scope},
        {"kind": "cheapest_off", "units": 1, "percent": 100, "scope": scope},
        {"kind": "fixed_price_group", "quantity": 2, "price": 30_000 + number % 9 * 1_000, "scope": scope},
    )[number % 4]


def on_categories(count: int) -> list[Json]:
    """The first workload: offer k on category k mod 50."""
    return [offer(number, {"categories": [f"c{number % CATEGORIES:02d}"]}) for number in range(count)]


def on_skus(count: int) -> list[Json]:
    """The second: each offer names 20 skus; ten of them can touch a basket, however many there are."""
    return [
        offer(number, {"skus": [f"s{sku}" for sku in range(number * 20, number * 20 + 20)]}) for number in range(count)
    ]


def offer(number: int, scope: Json) -> Json:
    """One promotion."""
    return {"code": f"p{number:05d}", "name": f"Offer {number}", "rewards": [reward(number, scope)]}


def rules(promotions: Sequence[Json]) -> RuleSet:
    """Compiled."""
    return compile_rules(version=1, currency="VND", policy={}, promotions=promotions, tiers=[], points={})


def ask(lines: list[Json]) -> PriceRequest:
    """A request of a stranger."""
    basket = msgspec.convert({"lines": lines}, Basket)
    return PriceRequest(basket=basket, now=NOON)


def baskets(count: int, skus: int) -> list[PriceRequest]:
    """Baskets of 20 lines of 1 to 3 units, two lines of each of 10 categories where there are so many."""
    luck = random.Random(20_261_124)
    made = []
    for _ in range(count):
        chosen = luck.sample(range(CATEGORIES), TOUCHED)
        goods = [sku for code in chosen for sku in luck.sample(range(code, skus, CATEGORIES), LINES // TOUCHED)]
        made.append(
            ask(
                [
                    {"line": str(number), "sku": f"s{sku}", "category": category(sku), "unit_price": unit_price(sku),
                     "quantity": luck.randint(1, 3)}
                    for number, sku in enumerate(goods, 1)
                ]
            )
        )  # fmt: skip
    return made


def hard() -> tuple[RuleSet, PriceRequest]:
    """30 overlapping multi-buys on 60 lines: each wants three of the ten categories."""
    luck = random.Random(30)
    promotions = []
    for number in range(30):
        scope = {"categories": [f"c{code:02d}" for code in luck.sample(range(10), 3)]}
        given: Json = (
            {"kind": "buy_get", "buy_scope": scope, "buy_quantity": 1 + number % 3, "percent": 40 + number * 2},
            {"kind": "fixed_price_group", "quantity": 2 + number % 3, "price": 60_000 + number * 1_000, "scope": scope},
            {"kind": "cheapest_off", "units": 1 + number % 2, "percent": 50 + number, "scope": scope},
        )[number % 3]
        promotions.append({"code": f"h{number:02d}", "name": f"Hard {number}", "rewards": [given]})
    lines = [
        {"line": str(number), "sku": f"s{number}", "category": f"c{number % 10:02d}", "unit_price": unit_price(number),
         "quantity": 1}
        for number in range(60)
    ]  # fmt: skip
    return rules(promotions), ask(lines)


def timed(made: RuleSet, requests: Sequence[PriceRequest], rounds: int = 3) -> Json:
    """Milliseconds of CPU of one price, the first round to warm up; and how many were proved."""
    spent, proved = [], 0
    for number in range(rounds + 1):
        for request in requests:
            began = time.process_time()
            found = price(made, request).pricing.proof
            if number:
                spent.append((time.process_time() - began) * 1_000)
                proved += found.optimal
    median, slow = (round(quantile(spent, share), 2) for share in (0.5, 0.95))
    return {"median_ms": median, "p95_ms": slow, "proved": f"{proved}/{len(spent)}"}


def beside(python: str, baskets_: int) -> Json:
    """django-oscar's applicator (applicator.py) on the first workload: CPU, and where it comes to the same.

    It gives each unit to one offer and rounds each line down; so the sums are compared where no two offers
    meet, within a đồng a line.
    """
    counts = {10: baskets_, 100: max(1, baskets_ // 5), 1_000: max(1, baskets_ // 25)}
    requests = {count: baskets(number, SKUS) for count, number in counts.items()}
    asked = [
        {"offers": on_categories(count), "baskets": [msgspec.to_builtins(one.basket.lines) for one in requests[count]]}
        for count in counts
    ]
    done = subprocess.run(
        [python, "-W", "ignore", str(Path(__file__).with_name("applicator.py"))],
        input=json.dumps(asked), capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: Json = {}
    for count, answer in zip(counts, json.loads(done.stdout), strict=True):
        made = rules(on_categories(count))
        ours = [price(made, request).pricing.totals.discount for request in requests[count]]
        same = sum(abs(a - b) <= LINES for a, b in zip(ours, answer["discounts"], strict=True))
        better = sum(a > b + LINES for a, b in zip(ours, answer["discounts"], strict=True))
        found[f"django-oscar, {count} offers on categories"] = {
            "median_ms": round(quantile(answer["ms"], 0.5), 1),
            "same_sum": f"{same}/{len(ours)}",
            "ours_larger": f"{better}/{len(ours)}",
        }
    return found


def main() -> int:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--baskets", type=int, default=50)
    parser.add_argument("--oscar", metavar="PYTHON", help="an interpreter that has django-oscar: also its applicator")
    options = parser.parse_args()
    found: Json = {}
    for count in (10, 100, 1_000):
        found[f"{count} offers on categories"] = timed(rules(on_categories(count)), baskets(options.baskets, SKUS))
    for count in (10, 1_000, 10_000):
        found[f"{count} offers on 20 skus each"] = timed(rules(on_skus(count)), baskets(options.baskets, 200))
    if options.oscar:
        found |= beside(options.oscar, options.baskets)
    made, request = hard()
    began = time.process_time()
    proof = price(made, request).pricing.proof
    found["hard"] = {"ms": round((time.process_time() - began) * 1_000, 1)} | {
        "nodes": proof.nodes,
        "optimal": proof.optimal,
        "discount": proof.discount,
        "upper_bound": proof.upper_bound,
        "gap": f"{100 * (proof.upper_bound - proof.discount) / max(1, proof.discount):.1f} %",
    }
    print(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
