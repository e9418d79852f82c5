"""``python -m bench.campaigns``: how long does a campaign of 100,000 members take, from its preview to its results?

The members and habits are those of ``bench.segments``; the campaign gives each the best of three coupons.
1 when issuing misses the goal.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from bench import baskets, segments, shop
from bench.databases import open_databases
from loyalty_pos.domain.campaigns.definition import CampaignIn
from loyalty_pos.services import campaign_launch, campaign_preview, campaign_results, campaigns, programme, promotions
from loyalty_pos.services.context import SYSTEM, Request, Services

GOAL = 30.0
"""Seconds in which 100,000 codes are issued."""
WRITE = Request(SYSTEM)
EVERYBODY = {"rule": {"any": [{"field": "visits", "op": ">=", "value": 0}]}}


def coupon(code: str, scope: dict[str, Any]) -> dict[str, Any]:
    """A promotion of 10.000đ off some goods."""
    return {"code": code, "name": code, "trigger": "coupon",
            "rewards": [{"kind": "amount_off", "amount": 10_000, "scope": scope}]}  # fmt: skip


def prepared(services: Services) -> str:
    """The id of a draft for everybody."""
    scopes = {"all": {"all": True}, "kind-0": {"categories": ["kind-0"]}, "kind-1": {"categories": ["kind-1/part-1"]}}
    for code, scope in scopes.items():
        promotions.create(services, WRITE, coupon(code, scope))
    body = {"name": "bench", "promotions": [*scopes], "audience": EVERYBODY, "budget": 1_000_000, "channels": ["zalo"]}
    return str(campaigns.draft(services, WRITE, msgspec.convert(body, CampaignIn))[1]["id"])


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    began = time.perf_counter()
    work()
    return round(time.perf_counter() - began, 2)


def measure(services: Services) -> dict[str, Any]:
    """Seconds of each part, and whether everybody stands on a side once."""
    campaign = prepared(services)
    seconds = {"preview": timed(lambda: campaign_preview.preview(services, campaign))}
    programme.change(services, WRITE, {"campaigns": {"limit": 10**12}})
    seconds["freeze"] = timed(lambda: campaign_launch.launch(services, WRITE, campaign))
    seconds["issue"] = timed(lambda: campaign_launch.issue(services, int(campaign)))
    found = campaigns.get(services, campaign)
    assert found["state"] == "running"
    assert found["treated"] + found["control"] == found["audience"]
    seconds["results"] = timed(lambda: campaign_results.results(services, campaign))
    return {"coupons": found["coupons"], "seconds": seconds}


def main() -> int:
    """Prints one JSON object for each engine; 1 when the issuing misses the goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    options = parser.parse_args()
    worst = 0.0
    for engine in options.engine or ("sqlite", "postgresql"):
        with tempfile.TemporaryDirectory(prefix="loyalty-campaigns-") as folder:
            databases = open_databases(engine, Path(folder))
            url = databases.new("campaigns")
            segments.fill(url, options.members)
            services = shop.services_on(url, baskets.NOON)
            found = measure(services)
            services.store.close()
            databases.close()
        worst = max(worst, found["seconds"]["issue"])
        print(json.dumps({"engine": engine, "members": options.members} | found, indent=1), flush=True)
    return int(worst > GOAL)


if __name__ == "__main__":
    sys.exit(main())
