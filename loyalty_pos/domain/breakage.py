"""How many of the points that are owed will lapse unused, told from those that came to their end.

The share is a ratio over members, because the lots of one member lapse together: members, not points, are what
chance draws.  The interval is the normal one of that ratio (Cochran, Sampling Techniques, 6.3) and is not told
where too few members stand behind it.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

FEWEST = 30
"""Members whose points have come to an end, below which nothing is said."""
SIGMA = 1.96


class Breakage(NamedTuple):
    """Shares of 1: what lapsed, and the ends of its interval of 95 %."""

    share: float
    low: float
    high: float


def breakage(
    members: int, granted: float, lapsed: float, granted_squares: float, products: float, lapsed_squares: float
) -> Breakage | None:
    """From the sums over members of granted and lapsed points, their squares and their product."""
    if members < FEWEST or granted <= 0:
        return None
    share = lapsed / granted
    squares = lapsed_squares - 2 * share * products + share**2 * granted_squares
    error = sqrt(max(squares, 0.0) * members / (members - 1)) / granted
    return Breakage(share, max(share - SIGMA * error, 0.0), min(share + SIGMA * error, 1.0))
