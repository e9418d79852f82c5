"""Writes ``oracle.jsonl``: golden vectors whose expected values the oracle worked out, not the engine.

    PYTHONPATH=tests python -m vectors.make

The oracle (tests/domain/oracle.py) tries every permitted combination (S11) with arithmetic of its own
(S3, S4, S5, S7, S8, S9, S12).  Lines, goods and coupons are expected where all best combinations agree on them.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from domain.baskets import NODES, POINTS, as_rules, shown_coupons
from domain.clashes import GOLD, PRICES, WORLD, a_policy, some_goods, some_promotions
from domain.oracle import Outcome, best_outcomes
from domain.oracle_rewards import NORMAL, Json, gross

COUNT, SEED = 220, 20_261_124
TIER: Json = {
    "code": "gold",
    "name": "Vàng",
    "threshold": 5_000_000,
    "discount_percent": 10,
    "earn_multiplier": WORLD.tier_multiplier,
}


def vectors() -> Iterator[Json]:
    """Baskets on which at least two offers stand, every other one of a gold member."""
    luck = random.Random(SEED)
    made = 0
    while made < COUNT:
        goods, promotions, policy = some_goods(luck), some_promotions(luck), a_policy(luck)
        gold = made % 2 == 0
        world = replace(WORLD, policy=policy, tier_multiplier=WORLD.tier_multiplier if gold else NORMAL)
        found = best_outcomes(goods, [*promotions, GOLD] if gold else promotions, world)
        if len(promotions) < 2 or not found[0].discount + found[0].worth:
            continue
        made += 1
        request = request_of(goods, promotions, policy, gold)
        yield {"id": f"S11-oracle-{made:03d}", "request": request, "expect": expected(goods, promotions, found)}


def request_of(goods: list[Json], promotions: list[Json], policy: Json, gold: bool) -> Json:
    """One basket as ``loyalty-pos price`` takes it."""
    coupons = shown_coupons(promotions)
    return {
        "currency": "VND",
        "now": "2026-11-21T10:00:00+07:00",
        "policy": NODES | policy,
        "member": {"id": "m1", "tier": "gold"} if gold else {"id": "m1"},
        "tiers": [TIER],
        "points": POINTS,
        "prices": PRICES,
        "promotions": as_rules(promotions),
        "coupons": [{"code": code, "promotion": promotion, "member": "m1"} for code, promotion in coupons],
        "basket": {"lines": goods, "coupons": [code for code, _ in coupons]},
    }


def expected(goods: list[Json], promotions: list[Json], found: list[Outcome]) -> Json:
    """What all best combinations agree on."""
    best = found[0]
    whole = sum(gross(line) for line in goods)
    off = whole - sum(best.nets)
    made: Json = {
        "totals": {"gross": whole, "discount": off, "net": whole - off},
        "proof": {"optimal": True, "discount": best.discount, "upper_bound": best.discount},
        "lines": [{"line": line["line"], "net": net} for line, net in zip(goods, best.nets, strict=True)],
        "free_items": dict(best.free),
        "coupons": [
            {"code": code, "status": "applied" if (promotion, code) in best.used else "refused"}
            for code, promotion in shown_coupons(promotions)
        ],
    }
    agreed = {
        "lines": len({one.nets for one in found}) == 1,
        "free_items": len({one.free for one in found}) == 1,
        "coupons": len({one.used for one in found}) == 1,
    }
    return {name: value for name, value in made.items() if agreed.get(name, True)}


def text() -> str:
    """The file."""
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in vectors())


if __name__ == "__main__":
    (Path(__file__).parent / "oracle.jsonl").write_text(text(), encoding="utf-8")
