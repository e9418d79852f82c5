"""At most what each candidate can give, whatever else applies: what the search need not look below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from loyalty_pos.domain.pricing.eligible import Candidate
from loyalty_pos.domain.pricing.facts import Facts
from loyalty_pos.domain.pricing.play import ceiling, gifts_worth
from loyalty_pos.domain.pricing.policy import Policy
from loyalty_pos.domain.pricing.table import Table


@dataclass(slots=True)
class Ceilings:
    """At most what each candidate can give, whatever else applies; worked out when first asked for."""

    facts: Facts
    policy: Policy
    untouched: Table = field(init=False)
    """Without any offer; only to be read."""
    _known: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.untouched = Table(self.facts.board, self.policy)

    def of(self, one: Candidate) -> int:
        """The ceiling of one candidate, in minor units."""
        found = self._known.get(id(one))
        if found is None:
            found = self._known[id(one)] = ceiling(one, self.facts, self.untouched)
        return found

    def gifts(self, some: Sequence[Candidate]) -> int:
        """What of it is no discount, of several together."""
        return sum(gifts_worth(one, self.facts, self.untouched) for one in some)

    def sum(self, some: Sequence[Candidate]) -> int:
        """Of several together."""
        return sum(map(self.of, some))
