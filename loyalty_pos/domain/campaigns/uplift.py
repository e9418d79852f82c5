"""What a campaign really brought: members who got it beside members whom chance left out.

Everybody counts where they were assigned, whether or not they used the coupon: anything else compares
buyers with non-buyers.  Spends are skewed (most buy nothing, a few buy a lot) and control groups small, and
there the usual normal interval is too narrow.  So the interval comes from the data: the two groups are
laid on each other by what they differ in, dealt out anew many times, and what chance alone does to the
studentised difference gives the ends.  Spend before the campaign may be taken out first (CUPED: Deng
et al., 2013), which narrows the interval without moving what it is about.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, sqrt
from statistics import NormalDist, fmean
from typing import Literal

DEALS = 999
"""How often the members are dealt out anew."""
LARGE = 2_000
"""From so large a smaller group on, the normal interval is as good and costs nothing."""
_NORMAL = NormalDist()
Verdict = Literal["more", "less", "unclear"]


@dataclass(frozen=True, slots=True)
class Group:
    """What each member of one side came to (spend, margin, visits), and before the campaign, in the same order."""

    values: Sequence[float]
    before: Sequence[float] | None = None


@dataclass(frozen=True, slots=True)
class Uplift:
    """Per member, in the unit of the values; ``interval`` None where nothing can be said."""

    treated: float
    control: float
    difference: float
    interval: tuple[float, float] | None
    settled_by: int | None
    """Members in all that would settle a difference like this one, 4 times in 5; None where it is settled or 0."""

    @property
    def verdict(self) -> Verdict:
        """``unclear`` when the interval holds 0, or there is none."""
        low, high = self.interval or (0, 0)
        return "more" if low > 0 else "less" if high < 0 else "unclear"


def uplift(treated: Group, control: Group, luck: random.Random, confidence: float = 0.95) -> Uplift:
    """The difference of the means with its interval.  ``luck`` deals the members out: a campaign's own seed."""
    means = _mean(treated.values), _mean(control.values)
    first, second = _adjusted(treated, control)
    difference = _mean(first) - _mean(second)
    if min(len(first), len(second)) < 2:
        return Uplift(*means, difference, None, None)
    error = _error(first, second)
    lower, upper = _tails(first, second, difference, luck, confidence)
    found = Uplift(*means, difference, (difference - upper * error, difference - lower * error), None)
    if found.verdict != "unclear" or not difference:
        return found
    share = len(second) / (len(first) + len(second))
    spread = sqrt(error**2 / (1 / len(first) + 1 / len(second)))
    return replace(found, settled_by=members_needed(abs(difference), spread, share, confidence))


def members_needed(
    difference: float, spread: float, control_share: float, confidence: float = 0.95, power: float = 0.8
) -> int:
    """Members in both groups together that find a ``difference`` of means with a ``power``, at a standard
    deviation of ``spread``."""
    reach = _NORMAL.inv_cdf((1 + confidence) / 2) + _NORMAL.inv_cdf(power)
    return ceil((reach * spread / difference) ** 2 / (control_share * (1 - control_share)))


def smallest_difference(
    members: int, spread: float, control_share: float, confidence: float = 0.95, power: float = 0.8
) -> float | None:
    """The smallest difference of means that so many members find; None where a side would be empty."""
    if not 0 < control_share < 1 or members < 2:
        return None
    reach = _NORMAL.inv_cdf((1 + confidence) / 2) + _NORMAL.inv_cdf(power)
    return reach * spread / sqrt(members * control_share * (1 - control_share))


def _adjusted(treated: Group, control: Group) -> tuple[list[float], list[float]]:
    """The values without what spend before the campaign explains of them, by one slope within both groups."""
    first, second = list(treated.values), list(control.values)
    if not treated.before or not control.before:
        return first, second
    groups = ((treated.before, first), (control.before, second))
    together = covariance = 0.0
    for before, values in groups:
        middle, mean = fmean(before), fmean(values)
        together += sum((x - middle) ** 2 for x in before)
        covariance += sum((x - middle) * (y - mean) for x, y in zip(before, values, strict=True))
    if not together:
        return first, second
    slope, middle = covariance / together, fmean((*treated.before, *control.before))
    taken = [[y - slope * (x - middle) for x, y in zip(before, values, strict=True)] for before, values in groups]
    return taken[0], taken[1]


def _tails(
    first: Sequence[float], second: Sequence[float], difference: float, luck: random.Random, confidence: float
) -> tuple[float, float]:
    """The studentised difference that chance stays below, and above, with half of what is left each."""
    tail = (1 - confidence) / 2
    small = min(len(first), len(second))
    if small >= LARGE:
        return _NORMAL.inv_cdf(tail), _NORMAL.inv_cdf(1 - tail)
    pool = sorted([*(value - difference for value in first), *second])
    middle = fmean(pool)
    pool = [value - middle for value in pool]
    squares = [value * value for value in pool]
    whole, size = sum(squares), len(pool)
    turned = len(first) < len(second)
    found = []
    for _ in range(DEALS):
        dealt = luck.sample(range(size), small)
        a, b = sum(map(pool.__getitem__, dealt)), sum(map(squares.__getitem__, dealt))
        found.append(_studentised(a, b, whole, small, size))
    found.sort()
    low, high = _quantile(found, tail), _quantile(found, 1 - tail)
    return (low, high) if turned else (-high, -low)


def _studentised(total: float, squares: float, whole: float, small: int, size: int) -> float:
    """Mean of the dealt less mean of the rest, over its standard error; the pool's mean is 0."""
    large = size - small
    here, there = total / small, -total / large
    variance_here = (squares - small * here**2) / (small - 1)
    variance_there = (whole - squares - large * there**2) / (large - 1)
    error = sqrt(max(0.0, variance_here / small + variance_there / large))
    return (here - there) / error if error else 0.0


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Between the two nearest, as (n + 1) places."""
    spot = min(max(share * (len(ordered) + 1) - 1, 0), len(ordered) - 1)
    below = floor(spot)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (spot - below) * (ordered[above] - ordered[below])


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else 0.0


def _error(first: Sequence[float], second: Sequence[float]) -> float:
    """The standard error of the difference of the means (Welch)."""
    parts = 0.0
    for values in (first, second):
        mean = fmean(values)
        parts += sum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values)
    return sqrt(parts)
