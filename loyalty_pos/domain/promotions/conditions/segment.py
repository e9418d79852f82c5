"""``segment``: the member is in one of these segments."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from loyalty_pos.domain.phrase import Phrase
from loyalty_pos.domain.pricing.facts import Facts, Miss
from loyalty_pos.domain.pricing.table import Table
from loyalty_pos.domain.promotions.conditions.base import Condition
from loyalty_pos.domain.promotions.tell import Tell


class SegmentIs(Condition, frozen=True, eq=False, kw_only=True):
    """The member is in one of these segments."""

    kind: ClassVar[str] = "segment"
    any_of: Annotated[frozenset[str], Meta(min_length=1)]

    def asks(self, tell: Tell) -> Phrase:
        """``khách thuộc nhóm Sắp rời``."""
        which = tell.either("segments", self.any_of)
        return tell.words("khách thuộc nhóm {which}", "the customer is in the segment {which}", which=which)

    def miss(self, facts: Facts, table: Table | None) -> Miss | None:
        """A member outside is not eligible."""
        if facts.member is None:
            return Miss("member_required")
        return None if not self.any_of.isdisjoint(facts.member.segments) else Miss("not_eligible")
