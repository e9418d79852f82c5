"""Recency, frequency and spend as quintiles: 5 is the best fifth of the members, 1 the last.

The cuts are taken once from the whole shop; a member's marks follow from them and from nobody else.
Invariant: whoever came later, more often or spent more has no lower mark.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from msgspec import Struct

FIFTHS = 5


class Figures(Struct, frozen=True):
    """What is compared: days of silence, days with a visit and minor units in the last year."""

    silence: int
    days: int
    spend: int


class Cuts(Struct, frozen=True):
    """The four figures between the fifths, ascending."""

    silence: tuple[int, ...] = ()
    days: tuple[int, ...] = ()
    spend: tuple[int, ...] = ()


class Marks(Struct, frozen=True):
    """A member's quintiles, 1 to 5."""

    recency: int
    frequency: int
    spend: int


def cuts(members: Sequence[Figures]) -> Cuts:
    """The cuts of a shop, or of an even sample of it; none where nobody has bought."""
    if not members:
        return Cuts()
    return Cuts(*(_between(sorted(getattr(one, name) for one in members)) for name in ("silence", "days", "spend")))


def _between(values: Sequence[int]) -> tuple[int, ...]:
    """The largest value of each of the first four fifths."""
    return tuple(values[max(-(-len(values) * fifth // FIFTHS) - 1, 0)] for fifth in range(1, FIFTHS))


def marks(figures: Figures, between: Cuts) -> Marks:
    """A member's marks; who has equal figures has equal marks."""
    return Marks(
        recency=FIFTHS - bisect_left(between.silence, figures.silence),
        frequency=1 + bisect_left(between.days, figures.days),
        spend=1 + bisect_left(between.spend, figures.spend),
    )
