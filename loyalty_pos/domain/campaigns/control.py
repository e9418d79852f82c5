"""Who of an audience gets nothing, so that a campaign can be compared with chance (habits.md section 5).

The choice is a hash of campaign and member: nobody picks, nobody can guess it, and asking twice gives
the same.  A fixed audience leaves out exactly the rounded share; one that grows day by day leaves out
whoever falls below the share, so that a member is on the same side for ever.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

_WHOLE = 2**64


def place(campaign: str, member: str) -> int:
    """Where a member stands in a campaign's draw: 0 up to 2^64, evenly."""
    return int.from_bytes(hashlib.sha256(f"{campaign}\n{member}".encode()).digest()[:8], "big")


def control_size(members: int, percent: Decimal) -> int:
    """How many of a fixed audience are left out: the rounded share, half up."""
    return int((members * percent / 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def control_of(campaign: str, members: Iterable[str], percent: Decimal) -> frozenset[str]:
    """Of a fixed audience the control group: ``percent`` of it, half up, those who stand lowest."""
    everyone = sorted({*members}, key=lambda member: (place(campaign, member), member))
    return frozenset(everyone[: control_size(len(everyone), percent)])


def is_control(campaign: str, member: str, percent: Decimal) -> bool:
    """Whether a member of an audience that grows belongs to its control group."""
    return place(campaign, member) * 100 < percent * _WHOLE
