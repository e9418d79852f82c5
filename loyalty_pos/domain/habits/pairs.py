"""What goes with what: pairs of goods that stand in one basket more often than chance would have it.

The lift of a pair is how many times as often both are bought together as they would be if neither had to do
with the other: together x baskets / (one x other).  Rare goods make large lifts by chance, so a pair needs
``SUPPORT`` baskets.  It tells of baskets, not of wishes: who shows it says so.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

SUPPORT = 10
"""Baskets with both, below which a pair says nothing."""
LIFT = 1.5
EACH = 5
"""Partners kept of one product."""
GOODS = 1_000
"""Only so many products are paired, those in the most baskets: this bounds the pairs."""
WIDEST = 60
"""Baskets with more products than that say little about pairs and cost much."""


class Pair(NamedTuple):
    """``other`` goes with ``sku``: it is in ``together`` of the ``baskets`` with it, ``lift`` times what chance has."""

    sku: str
    other: str
    baskets: int
    together: int
    lift: float


def count(baskets: Sequence[Sequence[str]]) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """(baskets with each product, baskets with each pair of the most frequent ones, in the order of their names)."""
    alone: Counter[str] = Counter()
    for basket in baskets:
        alone.update(basket)
    paired = {sku for sku, _ in alone.most_common(GOODS)}
    together: Counter[tuple[str, str]] = Counter()
    for basket in baskets:
        goods = sorted(paired.intersection(basket))
        if len(goods) <= WIDEST:
            together.update(combinations(goods, 2))
    return alone, together


def strongest(
    baskets: int, alone: Mapping[str, int], together: Mapping[tuple[str, str], int], support: int = SUPPORT
) -> list[Pair]:
    """The partners of each product by lift, at most ``EACH``, from the counts of all ``baskets``."""
    partners: dict[str, list[Pair]] = defaultdict(list)
    for (one, other), both in together.items():
        lift = both * baskets / (alone[one] * alone[other])
        if both >= support and lift >= LIFT:
            partners[one].append(Pair(one, other, alone[one], both, lift))
            partners[other].append(Pair(other, one, alone[other], both, lift))
    return [
        pair
        for sku in sorted(partners)
        for pair in sorted(partners[sku], key=lambda x: (-x.lift, -x.together, x.other))[:EACH]
    ]
