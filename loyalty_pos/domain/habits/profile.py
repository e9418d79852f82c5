"""What purchases leave in a profile: sums that each one moves and none has to read (habits.md section 1).

**Decayed count.**  ``score <- score x exp(-days/90) + 1`` at each purchase, kept as ``weight``: the sum of
exp((t - T0) / 90 days) over the purchases.  A purchase adds its own term, a return takes it away; the score
at a moment is weight x exp((T0 - now) / 90 days).

**Gaps.**  Of n purchases there are n - 1 gaps, and together they last from the first to the last.  So only
their squares are kept, in whole hours: a new newest purchase adds one square.  Moments are ms since 1970.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
T0_MS = 1_577_836_800_000
"""2020-01-01T00:00Z."""
DECAY_DAYS = 90.0


def weight_at(moment: int) -> float:
    """The term that one purchase adds."""
    return math.exp((moment - T0_MS) / DAY_MS / DECAY_DAYS)


def score(weight: float, now: int) -> float:
    """The decayed count at ``now``."""
    return weight * math.exp((T0_MS - now) / DAY_MS / DECAY_DAYS)


def gap_squares(moments: Sequence[int]) -> int:
    """The sum of the squared gaps between purchases, oldest first, in hours."""
    hours = [moment // HOUR_MS for moment in moments]
    return sum((later - earlier) ** 2 for earlier, later in pairwise(hours))
