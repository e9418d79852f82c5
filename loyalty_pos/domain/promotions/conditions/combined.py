"""``all``, ``any`` and ``not``: conditions made of conditions."""

from __future__ import annotations

from typing import ClassVar

from loyalty_pos.domain.phrase import Phrase, joined
from loyalty_pos.domain.pricing.facts import Facts, Miss, first_miss
from loyalty_pos.domain.pricing.table import Table
from loyalty_pos.domain.promotions.conditions.base import Condition
from loyalty_pos.domain.promotions.tell import Tell


class Combined(Condition, frozen=True, eq=False, kw_only=True):
    """Holds others in ``of``, already decoded."""

    of: tuple[Condition, ...]

    @property
    def dynamic(self) -> bool:
        """One dynamic part makes the whole dynamic."""
        return any(part.dynamic for part in self.of)

    def told(self, tell: Tell, last: str) -> Phrase:
        """The parts, ``last`` before the last; in brackets where there are several."""
        found = joined((part.asks(tell) for part in self.of), ", ", last)
        return tell.words("({parts})", "({parts})", parts=found) if len(self.of) > 1 else found


class AllOf(Combined, frozen=True, eq=False, kw_only=True):
    """Every part holds."""

    kind: ClassVar[str] = "all"

    def asks(self, tell: Tell) -> Phrase:
        """``(khách ở hạng Vàng và hoá đơn có từ 3 món)``."""
        return self.told(tell, tell.say.text(" và ", " and "))

    def miss(self, facts: Facts, table: Table | None) -> Miss | None:
        """A part that does not hold."""
        return first_miss(part.miss(facts, table) for part in self.of)


class AnyOf(Combined, frozen=True, eq=False, kw_only=True):
    """At least one part holds."""

    kind: ClassVar[str] = "any"

    def asks(self, tell: Tell) -> Phrase:
        """``(khách ở hạng Vàng hoặc hoá đơn có từ 3 món)``."""
        return self.told(tell, tell.say.text(" hoặc ", " or "))

    def miss(self, facts: Facts, table: Table | None) -> Miss | None:
        """When none holds: what could be bought, else the first part's miss."""
        misses: list[Miss] = []
        for part in self.of:
            miss = part.miss(facts, table)
            if miss is None:
                return None
            misses.append(miss)
        return next((miss for miss in misses if miss.buyable), misses[0])


class NoneOf(Combined, frozen=True, eq=False, kw_only=True):
    """No part holds."""

    kind: ClassVar[str] = "not"

    def asks(self, tell: Tell) -> Phrase:
        """``không có điều này: khách ở hạng Vàng``."""
        parts = self.told(tell, tell.say.text(" hoặc ", " or "))
        return tell.words("không có điều này: {parts}", "this does not hold: {parts}", parts=parts)

    def miss(self, facts: Facts, table: Table | None) -> Miss | None:
        """A part that holds makes the customer not eligible."""
        return Miss("not_eligible") if any(part.miss(facts, table) is None for part in self.of) else None
