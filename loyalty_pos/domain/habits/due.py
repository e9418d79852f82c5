"""Rhythm: how often somebody comes or buys something, and how late they are.

Few gaps say little, so a rhythm is shrunk: beside the own gaps stands one of what is usual (for a
product its category's, for a category or a member the shop's).  Invariant: with no gap of one's own the rhythm is
the usual one, with many it is one's own.  A due ratio of 1 is one usual gap of silence; it is one feature
among others, and alone a bad forecast (habits.md section 2).  All lengths are in days.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from loyalty_pos.domain.habits.profile import DAY_MS, HOUR_MS
from loyalty_pos.domain.pricing.say import Say


class Gaps(NamedTuple):
    """Gaps added up: how many, together how long, and their squares; in days."""

    number: float = 0
    total: float = 0
    squares: float = 0

    def __add__(self, other: object) -> Gaps:
        """Both together."""
        if not isinstance(other, Gaps):
            return NotImplemented
        return Gaps(self.number + other.number, self.total + other.total, self.squares + other.squares)

    def times(self, factor: float) -> Gaps:
        """The same gaps, weighed."""
        return Gaps(self.number * factor, self.total * factor, self.squares * factor)


class Rhythm(NamedTuple):
    """One gap on average, and how far gaps usually lie from it."""

    mean: float
    deviation: float

    def ratio(self, silence: float) -> float:
        """How many usual gaps a silence of so many days is."""
        return silence / self.mean


def gaps_of(lengths: Iterable[float]) -> Gaps:
    """Single gaps added up."""
    found = list(lengths)
    return Gaps(len(found), sum(found), sum(x * x for x in found))


def kept_gaps(times: int, first_at: int, last_at: int, gap_squares: int) -> Gaps:
    """The gaps between purchases from the counters that are kept of them (``profile.py``)."""
    return Gaps(times - 1, (last_at - first_at) / DAY_MS, gap_squares * (HOUR_MS / DAY_MS) ** 2)


def chance(mean: float) -> Gaps:
    """One gap of a habit that knows no rhythm: it deviates by as much as it lasts."""
    return Gaps(1, mean, 2 * mean * mean)


def usual(gaps: Gaps, otherwise: float) -> Gaps:
    """One gap as long as many people's are on average, as chance has it; ``otherwise`` days where there are none."""
    return chance(gaps.total / gaps.number if gaps.total else otherwise)


def rhythm(own: Gaps, usual_gap: Gaps) -> Rhythm:
    """The own gaps, shrunk to one usual gap; a mean is never below an hour."""
    both = own + usual_gap
    mean = max(both.total / both.number, 1 / 24)
    return Rhythm(mean, math.sqrt(max(both.squares / both.number - mean * mean, 0)))


def because(mean: float, silence: int, say: Say) -> str:
    """The rhythm and the silence as a sentence."""
    beat, silent = say_days(round(mean), say), say_days(silence, say)
    return say.text(
        f"Mua khoảng {beat} một lần, lần cuối {silent} trước.", f"Buys about every {beat}, last {silent} ago."
    )


def say_days(count: int, say: Say) -> str:
    """``9 ngày``, ``9 days``."""
    return say.text(f"{say.number(count)} ngày", f"{say.number(count)} day{'' if count == 1 else 's'}")
