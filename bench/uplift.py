"""``python -m bench.uplift``: how often a campaign's interval holds the truth, and what a campaign can find.

Members whose spend is skewed (60 % buy nothing, the rest is log-normal, and each has a taste of their own
that shows before the campaign too) are dealt into a campaign and a control group of 10 %, the campaign
moves the spend by a known share, and the interval is asked: with the spend before taken out, and without.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from statistics import fmean, pstdev
from typing import Any

from loyalty_pos.domain.campaigns.uplift import Group, smallest_difference, uplift

NOTHING, TYPICAL, TASTE, CHANCE = 0.6, 12.0, 0.7, 0.7
"""Share that buys nothing; the log of a typical spend; its spread between members, and from time to time."""
CONTROL = 0.1
SIZES = (200, 500, 1_000, 2_000, 5_000)
LIFTS = (0.0, 0.2)
MEAN = (1 - NOTHING) * math.exp(TYPICAL + (TASTE**2 + CHANCE**2) / 2)
"""What a member comes to without a campaign."""


def spend(luck: random.Random, taste: float) -> float:
    """One member in one period."""
    return 0.0 if luck.random() < NOTHING else math.exp(TYPICAL + taste + luck.gauss(0, CHANCE))


def held(members: int, lift: float, runs: int) -> dict[str, Any]:
    """The share of intervals that hold the truth, and their width beside the mean spend."""
    inside, width = {"plain": 0, "with spend before": 0}, {"plain": 0.0, "with spend before": 0.0}
    for number in range(runs):
        luck = random.Random(f"{members} {lift} {number}")
        tastes = [luck.gauss(0, TASTE) for _ in range(members)]
        before, after = ([spend(luck, taste) for taste in tastes] for _ in "ab")
        left_out = round(members * CONTROL)
        after[left_out:] = [value * (1 + lift) for value in after[left_out:]]
        for name in inside:
            known = (before[left_out:], before[:left_out]) if name != "plain" else (None, None)
            found = uplift(Group(after[left_out:], known[0]), Group(after[:left_out], known[1]), luck)
            assert found.interval is not None
            low, high = found.interval
            inside[name] += low <= lift * MEAN <= high
            width[name] += (high - low) / MEAN
    return {
        name: {"held": f"{100 * inside[name] / runs:.1f} %", "width": round(width[name] / runs, 2)} for name in inside
    }


def power(runs: int = 50_000) -> dict[str, str]:
    """The smallest lift of spend that campaigns of some sizes find 4 times in 5."""
    luck = random.Random(20_261_124)
    spends = [spend(luck, luck.gauss(0, TASTE)) for _ in range(runs)]
    spread, mean = pstdev(spends), fmean(spends)
    found = {}
    for members in (200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000):
        least = smallest_difference(members, spread, CONTROL)
        found[f"{members:,} members"] = f"{100 * (least or 0) / mean:.0f} %"
    return found


def main() -> int:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    options = parser.parse_args()
    found: dict[str, Any] = {"smallest lift found 4 times in 5": power()}
    for members in options.sizes:
        for lift in LIFTS:
            found[f"{members:,} members, {100 * lift:.0f} % more"] = held(members, lift, options.runs)
            print(members, lift, found[f"{members:,} members, {100 * lift:.0f} % more"], file=sys.stderr, flush=True)
    print(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
