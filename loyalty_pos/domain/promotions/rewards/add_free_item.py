"""``add_free_item``: goods that the till adds for nothing; no price changes (S11 values them at theirs).

The answer is the whole number for this bill (``free_items``), not one more per question.  The till
hands them over outside of the basket, or as a line at price 0 with ``discountable: false``, which
counts for no threshold (S10).
"""

from __future__ import annotations

from typing import ClassVar

from loyalty_pos.domain.basket import Id
from loyalty_pos.domain.phrase import Phrase
from loyalty_pos.domain.pricing.facts import Facts, Miss
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.pricing.table import Gift, Table
from loyalty_pos.domain.promotions.definition import StageName
from loyalty_pos.domain.promotions.rewards.base import GiftReward
from loyalty_pos.domain.promotions.rewards.buy_get import Units
from loyalty_pos.domain.promotions.rewards.fixed_price_group import fewest
from loyalty_pos.domain.promotions.scope import EVERYTHING, Scope
from loyalty_pos.domain.promotions.tell import Tell


class AddFreeItem(GiftReward, frozen=True, eq=False, kw_only=True):
    """``quantity`` of ``sku`` once, or for every ``per_quantity`` units of ``scope``."""

    kind: ClassVar[str] = "add_free_item"

    sku: Id
    quantity: Units = 1
    per_quantity: Units | None = None
    scope: Scope = EVERYTHING

    @property
    def stage(self) -> StageName:
        """Decided with the basket's offers."""
        return "basket"

    def scopes(self) -> tuple[Scope, ...]:
        """What is counted."""
        return (self.scope,)

    def promise(self, tell: Tell) -> Phrase:
        """``được tặng 1 Bánh quy cho mỗi 3 món trong Cà phê``."""
        found = tell.words(
            "được tặng {n} × {gift}", "get {n} × {gift} for free",
            n=tell.say.number(self.quantity), gift=tell.named("products", self.sku),
        )  # fmt: skip
        if self.per_quantity is not None:
            n, of = tell.items(self.per_quantity), tell.any_of(self.scope)
            return found + tell.words(" cho mỗi {n}{of}", " for every {n}{of}", n=n, of=of)
        if self.scope.narrow:
            found += tell.words(" khi mua {goods}", " when they buy {goods}", goods=tell.goods(self.scope))
        return found

    def gift(self, facts: Facts, table: Table) -> Gift | None:
        """As often as the units of the scope and the offer's limits allow."""
        units = table.count(self.scope)
        times = units // self.per_quantity if self.per_quantity is not None else min(units, 1)
        times = fewest(times, table.applications)
        if not times:
            return None
        count = times * self.quantity
        return Gift(count * facts.price_of(self.sku), times, self.sku, count)

    def miss(self, table: Table) -> Miss | None:
        """Units missing for the first one (S13)."""
        wanted = self.per_quantity or 1
        missing = wanted - table.count(self.scope)
        return (
            Miss("min_quantity", quantity=missing, of=wanted, wanted=((self.scope, missing),)) if missing > 0 else None
        )

    def announce(self, say: Say, gift: Gift) -> str:
        """``Tặng 2 × cup-01``."""
        count = say.number(gift.quantity)
        return say.text(f"Tặng {count} × {gift.sku}", f"{count} × {gift.sku} for free")
