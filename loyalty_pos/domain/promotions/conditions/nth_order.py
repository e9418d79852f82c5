"""``nth_order``: this purchase is the member's n-th."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from loyalty_pos.domain.phrase import Phrase
from loyalty_pos.domain.pricing.facts import Facts, Miss
from loyalty_pos.domain.pricing.table import Table
from loyalty_pos.domain.promotions.conditions.base import Condition
from loyalty_pos.domain.promotions.tell import Tell


class NthOrder(Condition, frozen=True, eq=False, kw_only=True):
    """This purchase is the member's n-th."""

    kind: ClassVar[str] = "nth_order"
    n: Annotated[int, Meta(ge=1, le=10**6)]

    def asks(self, tell: Tell) -> Phrase:
        """``đây là lần mua thứ 3``."""
        n = tell.say.number(self.n)
        return tell.words("đây là lần mua thứ {n} của khách", "it is purchase number {n} of the customer", n=n)

    def miss(self, facts: Facts, table: Table | None) -> Miss | None:
        """The orders before this one are n - 1."""
        if facts.member is None:
            return Miss("member_required")
        return None if facts.member.orders + 1 == self.n else Miss("not_eligible")
