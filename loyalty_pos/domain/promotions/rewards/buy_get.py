"""``buy_get``: buy some, get some free or cheaper, again and again while units last.

A unit is bought or given, never both and never twice (S8); given units are the cheapest (policy
``given_units``).  Buy 10 get 3 with 12 units gives 2.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar

from msgspec import Meta

from loyalty_pos.domain.phrase import Phrase
from loyalty_pos.domain.pricing.facts import Miss
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.pricing.table import Cut, Table
from loyalty_pos.domain.promotions.decode import Percent, check_one_of, check_percent
from loyalty_pos.domain.promotions.rewards.base import LineShare, MultiBuy
from loyalty_pos.domain.promotions.rewards.cheapest_off import given_cut, most_off, off_each, off_text
from loyalty_pos.domain.promotions.scope import EVERYTHING, Scope
from loyalty_pos.domain.promotions.tell import Tell

_FREE = Decimal(100)

Units = Annotated[int, Meta(ge=1, le=10_000)]


class BuyGet(MultiBuy, frozen=True, eq=False, kw_only=True):
    """``buy_quantity`` of ``buy_scope`` give ``get_quantity`` of ``get_scope``.

    The default is the same scope, and free.
    """

    kind: ClassVar[str] = "buy_get"
    one_of: ClassVar[tuple[str, ...]] = ("percent", "amount")
    one_needed: ClassVar[bool] = False

    buy_quantity: Units
    get_quantity: Units = 1
    buy_scope: Scope = EVERYTHING
    get_scope: Scope | None = None
    percent: Percent | None = None
    amount: Annotated[int, Meta(ge=1, le=10**12)] | None = None
    max_get_units: Units | None = None

    def __post_init__(self) -> None:
        check_one_of(self, self.one_of, self.one_needed)
        check_percent(self.percent)

    @property
    def gives(self) -> Scope:
        """The scope of given units."""
        return self.get_scope or self.buy_scope

    @property
    def rate(self) -> Decimal | None:
        """The percentage off a given unit; None when it is an amount."""
        return self.percent if self.amount is not None else self.percent or _FREE

    def scopes(self) -> tuple[Scope, ...]:
        """What is bought and what is given."""
        return (self.buy_scope, self.gives)

    def promise(self, tell: Tell) -> Phrase:
        """``mua 2 món trong Sữa tươi được tặng 1 món``."""
        bought = tell.words("{n}{of}", "{n}{of}", n=tell.items(self.buy_quantity), of=tell.any_of(self.buy_scope))
        if self.get_scope is None:
            n = tell.say.number(self.get_quantity)
            given = tell.words("{n} món cùng loại", "{n} more of the same", n=n)
        else:
            given = tell.words("{n}{of}", "{n}{of}", n=tell.items(self.get_quantity), of=tell.any_of(self.get_scope))
        if self.rate == 100:
            found = tell.words(
                "mua {bought} được tặng {given}", "get {given} for free when they buy {bought}",
                bought=bought, given=given,
            )  # fmt: skip
        else:
            found = tell.words(
                "mua {bought} được giảm {off} mỗi món cho {given}",
                "get {off} off each of {given} when they buy {bought}",
                bought=bought, given=given, off=tell.off(self.rate, self.amount),
            )  # fmt: skip
        return found + tell.at_most(None, self.max_get_units, None)

    def propose(self, table: Table) -> list[Cut]:
        """One cut per repetition, triggers consumed with it."""
        buyable = table.free_units(self.buy_scope)
        givable = table.ranked(table.free_units(self.gives))
        bought = set(buyable)
        both = sum(unit in bought for unit in givable)
        times, most = self._how_many(len(buyable), both, len(givable) - both, table.applications)
        if not most:
            return []
        spare = len(buyable) - times * self.buy_quantity
        given: list[int] = []
        for unit in givable:
            if len(given) == most:
                break
            if unit in bought:
                if not spare:
                    continue
                spare -= 1
            given.append(unit)
        gifts = set(given)
        triggers = table.ranked([unit for unit in buyable if unit not in gifts], dearest=True)
        cuts = []
        for time in range(times):
            gift = sorted(given[time * self.get_quantity : (time + 1) * self.get_quantity])
            cut = given_cut(table, gift, self.rate, self.amount)
            if cut.total:
                paid = triggers[time * self.buy_quantity : (time + 1) * self.buy_quantity]
                cut.consumed = sorted([*gift, *paid])
                cuts.append(cut)
        return cuts

    def _how_many(self, buyable: int, both: int, only_given: int, allowed: int | None) -> tuple[int, int]:
        """(repetitions, given units) with the most given units, in the fewest repetitions.

        ``both`` units could be bought or given, ``only_given`` could not be bought.
        """
        best = (0, 0)
        times = 1
        while times * self.buy_quantity <= buyable and (allowed is None or times <= allowed):
            spare = min(both, buyable - times * self.buy_quantity)
            given = min(times * self.get_quantity, only_given + spare)
            if self.max_get_units is not None:
                given = min(given, self.max_get_units)
            if given > best[1]:
                best = (times, given)
            times += 1
        return best

    def miss(self, table: Table) -> Miss | None:
        """Units missing for the first gift (S13): to buy, then to be given."""
        buyable = table.free_units(self.buy_scope)
        bought = set(buyable)
        givable = table.free_units(self.gives)
        only_given = sum(unit not in bought for unit in givable)
        missing = max(0, self.buy_quantity - len(buyable))
        spare = min(len(givable) - only_given, max(0, len(buyable) - self.buy_quantity))
        gifts = 0 if only_given + spare else 1
        wanted = ((self.buy_scope, missing), (self.gives, gifts))
        if not missing + gifts:
            return None
        return Miss("min_quantity", quantity=missing + gifts, of=self.buy_quantity + 1, wanted=wanted)

    def ceiling(self, table: Table) -> int:
        """The dearest units that could be given, as many as could: fewer units never give more."""
        buyable, givable = set(table.free_units(self.buy_scope)), table.free_units(self.gives)
        both = sum(unit in buyable for unit in givable)
        times, most = self._how_many(len(buyable), both, len(givable) - both, table.applications)
        return most_off(table, givable, most, self.rate, self.amount, times)

    @property
    def needs(self) -> int:
        """What is bought, and a gift."""
        return self.buy_quantity + 1

    def each(self, table: Table) -> dict[int, int]:
        """What a unit loses when it is given.  Where the cheapest of one scope are given, what is bought is no
        cheaper than its gifts: all units of a repetition share it."""
        part, of = 1, 1
        if table.policy.given_units == "cheapest_first" and self.get_scope is None:
            part, of = self.get_quantity, self.get_quantity + self.buy_quantity
        bought = dict.fromkeys(table.free_units(self.buy_scope), 0)
        given = off_each(table, table.free_units(self.gives), self.rate, self.amount)
        return bought | {unit: off * part // of + 1 for unit, off in given.items()}

    def explain(self, say: Say, share: LineShare) -> str:
        """``Mua 2 tặng 1: tặng 30.000đ``."""
        buy, get = say.number(self.buy_quantity), say.number(self.get_quantity)
        off = off_text(say, self.rate, self.amount, share.base)
        if self.rate == _FREE:
            return say.text(f"Mua {buy} tặng {get}: {off}", f"Buy {buy} get {get}: {off}")
        return say.text(f"Mua {buy} được ưu đãi {get}: {off}", f"Buy {buy}, next {get}: {off}")
