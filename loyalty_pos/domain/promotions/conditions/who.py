"""Conditions on the member: ``tier``, ``member``, ``segment``."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from loyalty_pos.domain.pricing.facts import Facts, Miss
from loyalty_pos.domain.pricing.table import Table
from loyalty_pos.domain.promotions.conditions.base import Condition

Codes = Annotated[frozenset[str], Meta(min_length=1)]


class TierIs(Condition, frozen=True, eq=False, kw_only=True):
    """The member is in one of these tiers."""

    kind: ClassVar[str] = "tier"
    any_of: Codes

    def miss(self, facts: Facts, table: Table | None) -> Miss | None:
        """A member of another tier is not eligible."""
        if facts.member is None:
            return Miss("member_required")
        return None if facts.tier in self.any_of else Miss("not_eligible")


class MemberIs(Condition, frozen=True, eq=False, kw_only=True):
    """The customer is one of these members; without ``any_of``, any member."""

    kind: ClassVar[str] = "member"
    any_of: frozenset[str] = frozenset()

    def miss(self, facts: Facts, table: Table | None) -> Miss | None:
        """Somebody else is not eligible."""
        if facts.member is None:
            return Miss("member_required")
        return None if not self.any_of or facts.member.id in self.any_of else Miss("not_eligible")


class SegmentIs(Condition, frozen=True, eq=False, kw_only=True):
    """The member is in one of these segments."""

    kind: ClassVar[str] = "segment"
    any_of: Codes

    def miss(self, facts: Facts, table: Table | None) -> Miss | None:
        """A member outside is not eligible."""
        if facts.member is None:
            return Miss("member_required")
        return None if not self.any_of.isdisjoint(facts.member.segments) else Miss("not_eligible")
