"""The tier table: thresholds are inclusive, upgrades are earned, what is missing is always told.

A tier's own discount is an automatic promotion in stage ``tier`` (pricing/compile.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct

from loyalty_pos.domain.promotions.decode import check_percent
from loyalty_pos.domain.promotions.names import Code, Name
from loyalty_pos.domain.promotions.scope import Amount

NORMAL = 10_000
"""A multiplier of one, in basis points."""


class Tier(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One level.  ``threshold`` in the metric's unit (minor units, points or visits, S32)."""

    code: Code
    name: Name
    threshold: Amount = 0
    discount_percent: Decimal = Decimal(0)
    earn_multiplier: Annotated[int, Meta(ge=0, le=1_000_000)] = NORMAL
    benefits: tuple[Name, ...] = ()

    def __post_init__(self) -> None:
        if self.discount_percent:
            check_percent(self.discount_percent, "discount_percent")


class TierTable:
    """All levels of one programme, lowest first."""

    def __init__(self, tiers: Iterable[Tier]) -> None:
        self.levels = tuple(sorted(tiers, key=lambda tier: (tier.threshold, tier.code)))
        self._by_code = {tier.code: tier for tier in self.levels}

    def get(self, code: str | None) -> Tier | None:
        """The tier of a code; None for none, or one that the table no longer has."""
        return self._by_code.get(code) if code is not None else None

    def reached(self, metric: int) -> Tier | None:
        """The highest tier whose threshold the metric reaches, ``>=`` (S32)."""
        return next((tier for tier in reversed(self.levels) if metric >= tier.threshold), None)

    def upgrade(self, current: str | None, metric: int) -> Tier | None:
        """The higher tier that a settle gives from the next ticket on (S33); None: none is due.

        Never a lower one: downgrades happen only at the review date.
        """
        tier = self.reached(metric)
        held = self.get(current)
        if tier is None or (held is not None and self.levels.index(tier) <= self.levels.index(held)):
            return None
        return tier

    def one_down(self, current: str) -> Tier | None:
        """The tier just below, for a review that lowers one level at a time (S33)."""
        held = self.get(current)
        position = self.levels.index(held) if held is not None else 0
        return self.levels[position - 1] if position else None

    def missing(self, current: str | None, metric: int) -> tuple[Tier, int] | None:
        """(next tier above the current one, what is missing to it) (S34); None at the top."""
        held = self.get(current)
        above = self.levels[self.levels.index(held) + 1 :] if held is not None else self.levels
        return next(((tier, max(0, tier.threshold - metric)) for tier in above), None)

    def keeps(self, current: str | None, metric: int) -> int:
        """What is still missing to keep the current tier at its review (S34); 0 when it is safe."""
        held = self.get(current)
        return max(0, held.threshold - metric) if held is not None else 0
