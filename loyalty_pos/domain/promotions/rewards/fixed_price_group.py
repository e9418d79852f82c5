"""``fixed_price_group``: any so many units of a scope for one price, again and again while units last.

The dearest units go first, so the customer gains most; a group that costs no more by itself is left
alone.  Each unit is in one group (S8), and what a group saves is spread over it (S4, S25).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar

from msgspec import Meta

from loyalty_pos.domain.phrase import Phrase
from loyalty_pos.domain.pricing.facts import Miss
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.pricing.table import Cut, Table
from loyalty_pos.domain.promotions.rewards.base import LineShare, MultiBuy
from loyalty_pos.domain.promotions.rewards.buy_get import Units
from loyalty_pos.domain.promotions.scope import EVERYTHING, Amount, Scope
from loyalty_pos.domain.promotions.tell import Tell


class FixedPriceGroup(MultiBuy, frozen=True, eq=False, kw_only=True):
    """Any ``quantity`` units of ``scope`` together for ``price``, at most ``max_groups`` times."""

    kind: ClassVar[str] = "fixed_price_group"

    quantity: Annotated[int, Meta(ge=2, le=10_000)]
    price: Amount
    scope: Scope = EVERYTHING
    max_groups: Units | None = None

    def scopes(self) -> tuple[Scope, ...]:
        """The group."""
        return (self.scope,)

    def promise(self, tell: Tell) -> Phrase:
        """``mua 3 món trong Sữa tươi trả 85.000đ``."""
        found = tell.words(
            "mua {n}{of} trả {price}", "pay {price} for {n}{of}",
            n=tell.items(self.quantity), of=tell.any_of(self.scope), price=tell.say.money(self.price),
        )  # fmt: skip
        return found + tell.repeats(self.max_groups)

    def propose(self, table: Table) -> list[Cut]:
        """One cut for each group that is dearer than its price."""
        cuts = []
        for group, saved in self._groups(table):
            cut = table.spread(saved, group, saved)
            cut.consumed = group
            cuts.append(cut)
        return cuts

    def _groups(self, table: Table) -> Iterator[tuple[list[int], int]]:
        """The units of each group, sorted, and what it saves: the dearest first, while it saves anything."""
        units = table.free_ranked(self.scope, dearest=True)
        for time in range(fewest(len(units) // self.quantity, self.max_groups, table.applications)):
            group = sorted(units[time * self.quantity : (time + 1) * self.quantity])
            saved = sum(map(table.left.__getitem__, group)) - self.price
            if saved <= 0:
                break
            yield group, saved

    def miss(self, table: Table) -> Miss | None:
        """Units missing for the first group (S13)."""
        found = len(table.free_units(self.scope))
        return lacking([(self.scope, self.quantity - found)], found) if found < self.quantity else None

    def ceiling(self, table: Table) -> int:
        """The dearest units go together: no other way saves more."""
        if self.scope.exclude_discounted:
            return super().ceiling(table)
        return self.reach(table)[0]

    def reach(self, table: Table) -> tuple[int, Sequence[int]]:
        """What all groups save, and their units."""
        groups = list(self._groups(table))
        return sum(saved for _, saved in groups), [unit for group, _ in groups for unit in group]

    @property
    def needs(self) -> int:
        """A whole group."""
        return self.quantity

    def each(self, table: Table) -> dict[int, int]:
        """What a unit costs above its part of the price."""
        left, share = table.left, self.price // self.quantity
        return {unit: max(0, left[unit] - share) for unit in table.free_units(self.scope)}

    def explain(self, say: Say, share: LineShare) -> str:
        """``3 món giá 84.000đ``."""
        count, price = say.number(self.quantity), say.money(self.price)
        return say.text(f"{count} món giá {price}", f"{count} for {price}")


def fewest(first: int, *limits: int | None) -> int:
    """The smallest of a number and those limits that there are."""
    return min([first, *(limit for limit in limits if limit is not None)])


def lacking(wanted: Sequence[tuple[Scope, int]], found: int) -> Miss | None:
    """The units of scopes that a multi-buy lacks beside those that are ``found``; None when there are none."""
    missing = sum(count for _, count in wanted)
    return Miss("min_quantity", quantity=missing, of=missing + found, wanted=tuple(wanted)) if missing else None
