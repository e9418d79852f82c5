"""How a promotion's parts are told, Vietnamese or English: templates whose values come from the rule.

Each kind of reward and condition has its own template (``promise``, ``asks``); what they share, above all how
goods are called, is said here once.  A word of the rule language itself never stands in a phrase.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from loyalty_pos.domain.phrase import Named, Phrase, Piece, joined, strong
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.promotions.scope import Scope

MOST_NAMED = 4
"""Names of one list that are said; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Tell:
    """A language with its figures, and the names that people know."""

    say: Say
    named: Named

    def words(self, vi: str, en: str, **values: str | Phrase) -> Phrase:
        """A template with its ``{values}``; one that is text is strong."""
        found: Phrase = []
        for place, run in enumerate(re.split(r"\{(\w+)\}", self.say.text(vi, en))):
            if place % 2 == 0:
                found += [Piece(run)] if run else []
            else:
                value = values[run]
                found += [Piece(value, True)] if isinstance(value, str) else value
        return found

    def off(self, percent: Decimal | None, amount: int | None) -> str:
        """``10%`` or ``5.000đ``; nothing given: all of it."""
        return self.say.money(amount) if amount is not None else self.say.percent(percent or Decimal(100))

    def times(self, count: int) -> str:
        """``2 lần``; ``once``, ``2 times``."""
        number = self.say.number(count)
        return self.say.text(f"{number} lần", "once" if count == 1 else f"{number} times")

    def items(self, count: int) -> str:
        """``2 món``; ``1 item``, ``2 items``."""
        number = self.say.number(count)
        return self.say.text(f"{number} món", f"{number} item" if count == 1 else f"{number} items")

    def days(self, count: int) -> str:
        """``7 ngày``; ``1 day``, ``7 days``."""
        number = self.say.number(count)
        return self.say.text(f"{number} ngày", f"{number} day" if count == 1 else f"{number} days")

    def either(self, source: str, codes: Iterable[str]) -> Phrase:
        """Some of what ``source`` names: ``Vàng hoặc Bạch kim``."""
        some = sorted(codes)
        said = some if len(some) <= MOST_NAMED + 1 else some[:MOST_NAMED]
        names = [self.named(source, code) for code in said]
        if rest := len(some) - len(said):
            names.append(self.say.text(f"{self.say.number(rest)} thứ khác", f"{self.say.number(rest)} more"))
        return strong(names, self.say.text(" hoặc ", " or "))

    def at_most(self, amount: int | None, units: int | None, units_of_a_line: int | None) -> Phrase:
        """``, nhiều nhất 30.000đ, nhiều nhất 2 món``: the caps of a reward that are given."""
        caps = [] if amount is None else [self.words("nhiều nhất {n}", "at most {n}", n=self.say.money(amount))]
        if units is not None:
            caps.append(self.words("nhiều nhất {n}", "at most {n}", n=self.items(units)))
        if units_of_a_line is not None:
            n = self.items(units_of_a_line)
            caps.append(self.words("nhiều nhất {n} mỗi dòng hàng", "at most {n} of a line", n=n))
        return [Piece(", "), *joined(caps, ", ")] if caps else []

    def repeats(self, most: int | None) -> Phrase:
        """``, tối đa 2 lần mỗi hoá đơn``."""
        if most is None:
            return []
        return self.words(", tối đa {n} mỗi hoá đơn", ", at most {n} in a bill", n=self.times(most))

    def any_of(self, scope: Scope) -> Phrase:
        """``món bất kỳ``; ``of Milk``: what follows a number of units."""
        if not scope.narrow:
            return self.words(" bất kỳ", " of any goods")
        return self.words(" trong {goods}", " of {goods}", goods=self.goods(scope))

    def on(self, scope: Scope) -> Phrase:
        """``cho Sữa tươi``; ``for Milk``."""
        return self.words(" cho {goods}", " for {goods}", goods=self.goods(scope))

    def goods(self, scope: Scope) -> Phrase:
        """What a scope means: ``Sữa tươi hiệu Mộc, giá từ 10.000đ (trừ Sữa hạt)``."""
        found = self.either("products", scope.skus)
        if scope.categories:
            kinds = self.either("categories", scope.categories)
            found = joined([found, kinds], self.say.text(" thuộc ", " in ")) if found else kinds
        if not found:
            found = self.words("món", "goods") if scope.brands else self.words("mọi món", "all goods")
        if scope.brands:
            brands = self.either("brands", scope.brands)
            found = [*found, *self.words(" hiệu {brands}", " of the brand {brands}", brands=brands)]
        return [*found, *self._priced(scope), *self._without(scope)]

    def _priced(self, scope: Scope) -> Phrase:
        low, high = (None if price is None else self.say.money(price) for price in (scope.price_min, scope.price_max))
        if low is not None and high is not None:
            return self.words(" giá từ {low} đến {high}", " priced from {low} to {high}", low=low, high=high)
        if low is not None:
            return self.words(" giá từ {low}", " priced at {low} or more", low=low)
        if high is not None:
            return self.words(" giá không quá {high}", " priced at {high} or less", high=high)
        return []

    def _without(self, scope: Scope) -> Phrase:
        parts = [self.either("categories", scope.exclude_categories), self.either("products", scope.exclude_skus)]
        out = joined(parts, ", ")
        found = self.words(" (trừ {out})", " (except {out})", out=out) if out else []
        return found + (self.words(" chưa giảm giá", " not reduced already") if scope.exclude_discounted else [])
