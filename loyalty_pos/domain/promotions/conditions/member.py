"""``member``: the customer is a member, or one of these members."""

from __future__ import annotations

from typing import ClassVar

from loyalty_pos.domain.phrase import Phrase
from loyalty_pos.domain.pricing.facts import Facts, Miss
from loyalty_pos.domain.pricing.table import Table
from loyalty_pos.domain.promotions.conditions.base import Condition
from loyalty_pos.domain.promotions.tell import Tell


class MemberIs(Condition, frozen=True, eq=False, kw_only=True):
    """The customer is one of these members; without ``any_of``, any member."""

    kind: ClassVar[str] = "member"
    any_of: frozenset[str] = frozenset()

    def asks(self, tell: Tell) -> Phrase:
        """``khách là hội viên``; those that are named are counted."""
        if not self.any_of:
            return tell.words("khách là hội viên", "the customer is a member")
        n = tell.say.number(len(self.any_of))
        return tell.words("khách trong {n} hội viên được chọn", "the customer is among {n} chosen members", n=n)

    def miss(self, facts: Facts, table: Table | None) -> Miss | None:
        """Somebody else is not eligible."""
        if facts.member is None:
            return Miss("member_required")
        return None if not self.any_of or facts.member.id in self.any_of else Miss("not_eligible")
