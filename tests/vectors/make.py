"""Writes ``oracle.jsonl``: golden vectors whose expected values the oracle worked out, not the engine.

    PYTHONPATH=tests python -m vectors.make

The oracle (tests/domain/oracle.py) tries every permitted combination (S11) with arithmetic of its own
(S3, S4, S5, S7, S8, S9).  Lines are expected where all best combinations agree on them.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from domain.oracle import best_nets
from domain.test_pricing_oracle import GOLD, some_goods, some_promotions

COUNT, SEED = 220, 20_261_124
Json = dict[str, Any]
TIER: Json = {"code": "gold", "name": "Vàng", "threshold": 5_000_000, "discount_percent": 10}


def vectors() -> Iterator[Json]:
    """Baskets on which at least two offers stand, every other one of a gold member."""
    luck = random.Random(SEED)
    made = 0
    while made < COUNT:
        goods, promotions = some_goods(luck), some_promotions(luck)
        gold = made % 2 == 0
        discount, nets = best_nets(goods, [*promotions, GOLD] if gold else promotions)
        if len(promotions) < 2 or not discount:
            continue
        made += 1
        yield vector(f"S11-oracle-{made:03d}", goods, promotions, gold, (discount, nets))


def vector(
    name: str, goods: list[Json], promotions: list[Json], gold: bool, found: tuple[int, list[int] | None]
) -> Json:
    """One of them, as the file holds it."""
    coupons = [one["code"] for one in promotions if one.get("trigger") == "coupon"]
    gross = sum(line["quantity"] * line["unit_price"] for line in goods)
    expect: Json = {
        "totals": {"gross": gross, "discount": found[0], "net": gross - found[0]},
        "proof": {"optimal": True, "discount": found[0], "upper_bound": found[0]},
    }
    if found[1] is not None:
        expect["lines"] = [{"line": line["line"], "net": net} for line, net in zip(goods, found[1], strict=True)]
    return {
        "id": name,
        "request": {
            "currency": "VND",
            "now": "2026-11-21T10:00:00+07:00",
            "member": {"id": "m1", "tier": "gold"} if gold else {"id": "m1"},
            "tiers": [TIER],
            "promotions": promotions,
            "coupons": [{"code": f"99{code}", "promotion": code, "member": "m1"} for code in coupons],
            "basket": {"lines": goods, "coupons": [f"99{code}" for code in coupons]},
        },
        "expect": expect,
    }


def text() -> str:
    """The file."""
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in vectors())


if __name__ == "__main__":
    (Path(__file__).parent / "oracle.jsonl").write_text(text(), encoding="utf-8")
