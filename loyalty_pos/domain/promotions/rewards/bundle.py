"""``bundle``: so many of this with so many of that, together for a price, a percentage or a sum less.

It repeats while units last.  Of each scope the dearest free units go in first (``unit_order: best``), or
those that stand first in the basket; the item that the fewest units would do for chooses first, so that
a wide scope leaves a narrow one what it needs.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from loyalty_pos.domain.money import percent_of
from loyalty_pos.domain.pricing.facts import Miss
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.pricing.table import Cut, Table
from loyalty_pos.domain.promotions.decode import check_one_of, check_percent
from loyalty_pos.domain.promotions.rewards.base import LineShare, MultiBuy
from loyalty_pos.domain.promotions.rewards.buy_get import Units
from loyalty_pos.domain.promotions.rewards.fixed_price_group import fewest, lacking
from loyalty_pos.domain.promotions.scope import Amount, Scope


class BundleItem(Struct, frozen=True, eq=False, forbid_unknown_fields=True, kw_only=True):
    """``quantity`` units of ``scope``."""

    scope: Scope
    quantity: Units = 1


class Bundle(MultiBuy, frozen=True, eq=False, kw_only=True):
    """All ``items`` together for ``price``, or with ``percent`` or ``amount`` off."""

    kind: ClassVar[str] = "bundle"

    items: Annotated[list[BundleItem], Meta(min_length=1, max_length=20)]
    price: Amount | None = None
    percent: Decimal | None = None
    amount: Annotated[int, Meta(ge=1, le=10**12)] | None = None
    max_groups: Units | None = None
    unit_order: Literal["best", "basket"] = "best"

    def __post_init__(self) -> None:
        check_one_of(price=self.price, percent=self.percent, amount=self.amount)
        check_percent(self.percent)

    def scopes(self) -> tuple[Scope, ...]:
        """Everything that goes in."""
        return tuple(item.scope for item in self.items)

    def propose(self, table: Table) -> list[Cut]:
        """One cut for each bundle that is dearer than it would be together."""
        used: set[int] = set()
        cuts: list[Cut] = []
        most = fewest(len(table.left), self.max_groups, table.applications)
        while len(cuts) < most and (group := self._next(table, used)):
            saved = self._saved(sum(table.left[unit] for unit in group))
            if saved <= 0:
                break
            cut = table.spread(saved, group, self.amount or saved)
            cut.consumed = group
            cuts.append(cut)
            used.update(group)
        return cuts

    def _next(self, table: Table, used: set[int]) -> list[int]:
        """The units of the next bundle, sorted; none when an item has not enough."""
        chosen: list[int] = []
        for item, units in sorted(self._free(table, used), key=lambda pair: len(pair[1])):
            left = [unit for unit in units if unit not in chosen]
            if len(left) < item.quantity:
                return []
            chosen += (table.ranked(left, dearest=True) if self.unit_order == "best" else left)[: item.quantity]
        return sorted(chosen)

    def _free(self, table: Table, used: set[int]) -> list[tuple[BundleItem, list[int]]]:
        return [(item, [unit for unit in table.free_units(item.scope) if unit not in used]) for item in self.items]

    def _saved(self, worth: int) -> int:
        if self.price is not None:
            return worth - self.price
        return percent_of(worth, self.percent) if self.percent is not None else min(self.amount or 0, worth)

    def miss(self, table: Table) -> Miss | None:
        """Units missing for the first bundle, item by item, each unit in one of them alone (S8, S13)."""
        used: set[int] = set()
        wanted: list[tuple[Scope, int]] = []
        for item, units in sorted(self._free(table, used), key=lambda pair: len(pair[1])):
            found = [unit for unit in units if unit not in used][: item.quantity]
            used.update(found)
            if len(found) < item.quantity:
                wanted.append((item.scope, item.quantity - len(found)))
        return lacking(wanted, len(used))

    def ceiling(self, table: Table) -> int:
        """The dearest units of each item go together, as often as the scarcest allows: no other way saves more,
        but for what rounding adds to a percentage."""
        free = [table.ranked(table.free_units(item.scope), dearest=True) for item in self.items]
        pairs = list(zip(self.items, free, strict=True))
        times = fewest(min(len(units) // item.quantity for item, units in pairs), self.max_groups)
        most = 0
        for time in range(times):
            group = [unit for item, units in pairs for unit in units[time * item.quantity : (time + 1) * item.quantity]]
            most += max(0, self._saved(sum(table.left[unit] for unit in group)))
        return most + (times if self.percent is not None else 0)

    @property
    def fewest(self) -> int:
        """All items."""
        return sum(item.quantity for item in self.items)

    def each(self, table: Table) -> dict[int, int]:
        """What a unit costs above its part of the price, or its part of what is taken off."""
        left, count = table.left, self.fewest
        units = {unit for item in self.items for unit in table.free_units(item.scope)}
        if self.price is not None:
            share = self.price // count
            return {unit: max(0, left[unit] - share) for unit in units}
        if self.percent is not None:
            return {unit: percent_of(left[unit], self.percent) + 1 for unit in units}
        return dict.fromkeys(units, (self.amount or 0) // count + 1)

    def explain(self, say: Say, share: LineShare) -> str:
        """``Combo 99.000đ``."""
        if self.price is not None:
            price = say.money(self.price)
            return say.text(f"Combo giá {price}", f"Together for {price}")
        if self.percent is not None:
            rate, base = say.percent(self.percent), say.money(share.base)
            return say.text(f"Combo giảm {rate} của {base}", f"Together {rate} off {base}")
        off = say.money(self.amount or 0)
        return say.text(f"Combo giảm {off}", f"Together {off} off")
