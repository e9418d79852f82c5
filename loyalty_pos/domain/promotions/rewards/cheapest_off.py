"""``cheapest_off``: the cheapest units of a group at a percentage or an amount less.

The group is every free unit of the scope; it is consumed as a whole, and what was given is
spread over it on return (S8, S25).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import ceil
from typing import Annotated, ClassVar

from msgspec import Meta

from loyalty_pos.domain.money import percent_of
from loyalty_pos.domain.phrase import Phrase
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.pricing.table import Cut, Table
from loyalty_pos.domain.promotions.decode import Percent, check_one_of, check_percent
from loyalty_pos.domain.promotions.rewards.base import LineShare, MultiBuy
from loyalty_pos.domain.promotions.scope import EVERYTHING, Amount, Scope
from loyalty_pos.domain.promotions.tell import Tell


class CheapestOff(MultiBuy, frozen=True, eq=False, kw_only=True):
    """The ``units`` cheapest of the scope, each less by ``percent`` or by ``amount``."""

    kind: ClassVar[str] = "cheapest_off"
    one_of: ClassVar[tuple[str, ...]] = ("percent", "amount")

    units: Annotated[int, Meta(ge=1, le=10_000)] = 1
    percent: Percent | None = None
    amount: Annotated[int, Meta(ge=1, le=10**12)] | None = None
    scope: Scope = EVERYTHING
    max_amount: Amount | None = None

    def __post_init__(self) -> None:
        check_one_of(self, self.one_of)
        check_percent(self.percent)

    def scopes(self) -> tuple[Scope, ...]:
        """The group."""
        return (self.scope,)

    def promise(self, tell: Tell) -> Phrase:
        """``được giảm 50% 1 món rẻ nhất trong Sữa tươi``."""
        off, count = tell.off(self.percent, self.amount), tell.say.number(self.units)
        found = tell.words(
            "được giảm {off} mỗi món cho {count} món rẻ nhất trong {goods}",
            "get {off} off each of the {count} cheapest of {goods}",
            off=off, count=count, goods=tell.goods(self.scope),
        )  # fmt: skip
        return found + tell.at_most(self.max_amount, None, None)

    def propose(self, table: Table) -> list[Cut]:
        """One cut on the cheapest units."""
        group = table.free_units(self.scope)
        given = sorted(table.free_ranked(self.scope, dearest=False)[: self.units])
        cut = given_cut(table, given, self.percent, self.amount, self.max_amount)
        if not cut.total:
            return []
        cut.consumed = group
        return [cut]

    def ceiling(self, table: Table) -> int:
        """The dearest units of the group: the cheap ones may be somebody else's."""
        return most_off(table, table.free_units(self.scope), self.units, self.percent, self.amount)

    def reach(self, table: Table) -> tuple[int, Sequence[int]]:
        """What the cheapest units lose at most, and the whole group."""
        given = table.free_ranked(self.scope, dearest=False)[: self.units]
        return most_off(table, given, self.units, self.percent, self.amount), table.free_units(self.scope)

    @property
    def lowers_few(self) -> int:
        """The cheapest, though the whole group is used up."""
        return self.units

    def each(self, table: Table) -> dict[int, int]:
        """What a unit loses when it is the cheapest; no more than ``units`` of them do."""
        return off_each(table, table.free_units(self.scope), self.percent, self.amount)

    def explain(self, say: Say, share: LineShare) -> str:
        """``Món rẻ nhất: 50% của 30.000đ``."""
        off = off_text(say, self.percent, self.amount, share.base)
        return say.text(f"Món rẻ nhất: {off}", f"The cheapest: {off}")


def given_cut(
    table: Table, given: list[int], percent: Decimal | None, amount: int | None, most: int | None = None
) -> Cut:
    """The cut of units that a multi-buy gives: rounded once over their sum (S3), never above it (S8)."""
    if percent is not None:
        granted = percent_of(sum(table.left[unit] for unit in given), percent)
        return table.spread(granted if most is None else min(granted, most), given, granted)
    amounts = [min(amount or 0, table.left[unit]) for unit in given]
    cut = Cut(given, amounts, sum(amounts), (amount or 0) * len(given))
    return cut if most is None or cut.total <= most else table.shrink(cut, most)


def most_off(
    table: Table, units: list[int], count: int, percent: Decimal | None, amount: int | None, times: int = 1
) -> int:
    """At most what ``count`` of these units can lose, given in so many ``times`` that round by themselves."""
    values = sorted((table.left[unit] for unit in units), reverse=True)[:count]
    if percent is None:
        return sum(min(amount or 0, value) for value in values)
    return min(sum(values), percent_of(sum(values), percent) + times)


def off_each(table: Table, units: list[int], percent: Decimal | None, amount: int | None) -> dict[int, int]:
    """Unit -> at most what it can lose, quickly: in whole percents, and what rounding may add."""
    left = table.left
    if percent is None:
        return {unit: min(amount or 0, left[unit]) for unit in units}
    rate = ceil(percent)
    return {unit: min(left[unit], left[unit] * rate // 100 + 1) for unit in units}


def off_text(say: Say, percent: Decimal | None, amount: int | None, base: int) -> str:
    """What a given unit loses, as words: free, a percentage of its value, an amount."""
    if percent is None:
        off = say.money(amount or 0)
        return say.text(f"giảm {off}", f"{off} off")
    if percent == 100:
        return say.text(f"tặng {say.money(base)}", f"{say.money(base)} free")
    rate, value = say.percent(percent), say.money(base)
    return say.text(f"{rate} của {value}", f"{rate} of {value}")
