"""``min_quantity``: at least so many units of a scope (inclusive, S9); at most ``max``."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from loyalty_pos.domain.phrase import Phrase
from loyalty_pos.domain.pricing.facts import Facts, Miss
from loyalty_pos.domain.pricing.table import Table
from loyalty_pos.domain.promotions.conditions.base import Condition
from loyalty_pos.domain.promotions.scope import EVERYTHING, Scope
from loyalty_pos.domain.promotions.tell import Tell

Quantity = Annotated[int, Meta(ge=1, le=10_000)]


class MinQuantity(Condition, frozen=True, eq=False, kw_only=True):
    """Units count, a weighed line is one unit (S4)."""

    kind: ClassVar[str] = "min_quantity"

    quantity: Quantity
    scope: Scope = EVERYTHING
    max: Quantity | None = None

    def __post_init__(self) -> None:
        if self.max is not None and self.max < self.quantity:
            raise ValueError("max:contradictory")

    @property
    def dynamic(self) -> bool:
        """Units of what is not reduced yet are counted when the offer's turn comes."""
        return self.scope.exclude_discounted

    def asks(self, tell: Tell) -> Phrase:
        """``hoá đơn có từ 3 món trong Sữa tươi``."""
        of = tell.any_of(self.scope)
        if self.max is not None:
            low, high = tell.say.number(self.quantity), tell.items(self.max)
            return tell.words("hoá đơn có từ {low} đến {high}{of}", "the bill has from {low} to {high}{of}",
                              low=low, high=high, of=of)  # fmt: skip
        return tell.words("hoá đơn có từ {n}{of}", "the bill has at least {n}{of}", n=tell.items(self.quantity), of=of)

    def miss(self, facts: Facts, table: Table | None) -> Miss | None:
        """How many units are missing."""
        units = facts.board.units_in(self.scope) if table is None else table.count(self.scope)
        missing = self.quantity - units
        if missing > 0:
            return Miss("min_quantity", quantity=missing, of=self.quantity, wanted=((self.scope, missing),))
        return Miss("not_eligible") if self.max is not None and units > self.max else None
