"""``bundle``: so many of this with so many of that, together for a price, a percentage or a sum less.

It repeats while units last.  The dearest free units go in first (``unit_order: best``), or those that stand
first in the basket; a unit that several items would take goes where it leaves the others what they need,
so a bundle that is in the basket is always found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from loyalty_pos.domain.money import percent_of
from loyalty_pos.domain.phrase import Phrase, joined
from loyalty_pos.domain.pricing.facts import Miss
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.pricing.table import Cut, Table
from loyalty_pos.domain.promotions.decode import Percent, check_one_of, check_percent
from loyalty_pos.domain.promotions.rewards.base import LineShare, MultiBuy
from loyalty_pos.domain.promotions.rewards.buy_get import Units
from loyalty_pos.domain.promotions.rewards.fixed_price_group import fewest, lacking
from loyalty_pos.domain.promotions.scope import Amount, Scope
from loyalty_pos.domain.promotions.tell import Tell


class BundleItem(Struct, frozen=True, eq=False, forbid_unknown_fields=True, kw_only=True):
    """``quantity`` units of ``scope``."""

    scope: Scope
    quantity: Units = 1


@dataclass(slots=True)
class Places:
    """The places of one bundle, and the units in them."""

    room: list[int]
    """Of each item, how many units are still wanted."""
    fits: dict[int, list[int]] = field(default_factory=dict)
    """Unit -> the items that would take it."""
    item_of: dict[int, int] = field(default_factory=dict)

    def put(self, unit: int, asked: set[int]) -> bool:
        """Find a place for a unit; those in its way move on to other items where they can."""
        for index in self.fits[unit]:
            if index in asked:
                continue
            asked.add(index)
            if self.room[index]:
                self.room[index] -= 1
            elif not any(self.put(other, asked) for other, item in list(self.item_of.items()) if item == index):
                continue
            self.item_of[unit] = index
            return True
        return False


class Bundle(MultiBuy, frozen=True, eq=False, kw_only=True):
    """All ``items`` together for ``price``, or with ``percent`` or ``amount`` off."""

    kind: ClassVar[str] = "bundle"
    one_of: ClassVar[tuple[str, ...]] = ("price", "percent", "amount")

    items: Annotated[list[BundleItem], Meta(min_length=1, max_length=20)]
    price: Amount | None = None
    percent: Percent | None = None
    amount: Annotated[int, Meta(ge=1, le=10**12)] | None = None
    max_groups: Units | None = None
    unit_order: Literal["best", "basket"] = "best"

    def __post_init__(self) -> None:
        check_one_of(self, self.one_of)
        check_percent(self.percent)

    def scopes(self) -> tuple[Scope, ...]:
        """Everything that goes in."""
        return tuple(item.scope for item in self.items)

    def promise(self, tell: Tell) -> Phrase:
        """``mua trọn bộ 1 Bánh mì và 1 Sữa tươi trả 39.000đ``."""
        parts = [
            tell.words("{n}{of}", "{n}{of}", n=tell.items(item.quantity), of=tell.any_of(item.scope))
            for item in self.items
        ]
        items = joined(parts, ", ", tell.say.text(" và ", " and "))
        if self.price is not None:
            price = tell.say.money(self.price)
            found = tell.words(
                "mua trọn bộ gồm {items} trả {price}", "pay {price} for {items} together", items=items, price=price
            )
        else:
            off = tell.off(self.percent, self.amount)
            found = tell.words(
                "mua trọn bộ gồm {items} được giảm {off}", "get {off} off {items} together", items=items, off=off
            )
        if self.unit_order == "basket":
            found += tell.words(" (món đứng trước trong hoá đơn tính trước)", " (those first in the bill count first)")
        return found + tell.repeats(self.max_groups)

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
        places = self._places(table, used)
        return [] if any(places.room) else sorted(places.item_of)

    def _places(self, table: Table, used: set[int]) -> Places:
        """As many units as find a place, in their order."""
        places = Places([item.quantity for item in self.items])
        for index, item in enumerate(self.items):
            for unit in table.free_units(item.scope):
                if unit not in used:
                    places.fits.setdefault(unit, []).append(index)
        units = sorted(places.fits)
        for unit in table.ranked(units, dearest=True) if self.unit_order == "best" else units:
            if not any(places.room):
                break
            places.put(unit, set())
        return places

    def _saved(self, worth: int) -> int:
        if self.price is not None:
            return worth - self.price
        return percent_of(worth, self.percent) if self.percent is not None else min(self.amount or 0, worth)

    def miss(self, table: Table) -> Miss | None:
        """Units missing for the first bundle, item by item, each unit in one of them alone (S8, S13)."""
        places = self._places(table, set())
        wanted = [(item.scope, room) for item, room in zip(self.items, places.room, strict=True) if room]
        return lacking(wanted, len(places.item_of))

    def ceiling(self, table: Table) -> int:
        """The dearest units of each item, as often as the scarcest allows: no other bundles are worth more together.
        A percentage of several may gain by rounding."""
        free = [table.free_ranked(item.scope, dearest=True) for item in self.items]
        pairs = list(zip(self.items, free, strict=True))
        times = fewest(min(len(units) // item.quantity for item, units in pairs), self.max_groups)
        worths = [
            sum(table.left[unit] for item, units in pairs for unit in units[time * item.quantity :][: item.quantity])
            for time in range(times)
        ]
        if self.price is not None:
            return sum(max(0, worth - self.price) for worth in worths)
        if self.percent is not None:
            return min(sum(worths), percent_of(sum(worths), self.percent) + times)
        return min(sum(worths), times * (self.amount or 0))

    @property
    def needs(self) -> int:
        """All items."""
        return sum(item.quantity for item in self.items)

    def each(self, table: Table) -> dict[int, int]:
        """What a unit costs above its part of the price, or its part of what is taken off."""
        left, count = table.left, self.needs
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
