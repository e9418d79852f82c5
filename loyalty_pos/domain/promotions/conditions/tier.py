"""``tier``: the member is in one of these tiers."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from loyalty_pos.domain.phrase import Phrase
from loyalty_pos.domain.pricing.facts import Facts, Miss
from loyalty_pos.domain.pricing.table import Table
from loyalty_pos.domain.promotions.conditions.base import Condition
from loyalty_pos.domain.promotions.tell import Tell


class TierIs(Condition, frozen=True, eq=False, kw_only=True):
    """The member is in one of these tiers."""

    kind: ClassVar[str] = "tier"
    any_of: Annotated[frozenset[str], Meta(min_length=1)]

    def asks(self, tell: Tell) -> Phrase:
        """``khách ở hạng Vàng hoặc Bạch kim``."""
        return tell.words(
            "khách ở hạng {tiers}", "the customer's tier is {tiers}", tiers=tell.either("tiers", self.any_of)
        )

    def miss(self, facts: Facts, table: Table | None) -> Miss | None:
        """A member of another tier is not eligible."""
        if facts.member is None:
            return Miss("member_required")
        return None if facts.tier in self.any_of else Miss("not_eligible")
