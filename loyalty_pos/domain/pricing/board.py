"""The basket laid out for pricing: every unit has a number, every line a range of numbers.

A Board never changes.  Its lines are sorted by line id (S4), so nothing computed from it can
depend on the order in which they were scanned; ``answer_order`` leads back to the basket's own.
Unit values start at gross minus what the host till took off (S49).
"""

from __future__ import annotations

from collections.abc import Iterable

from loyalty_pos.domain.basket import Basket, Line, line_order
from loyalty_pos.domain.money import line_gross, unit_shares
from loyalty_pos.domain.promotions.scope import Scope, category_path


class Board:
    """One basket's fixed facts: lines, units and which lines a scope covers. Minor units."""

    __slots__ = (
        "_covered",
        "_matching",
        "by_category",
        "by_sku",
        "categories",
        "earning",
        "first",
        "floors",
        "gross",
        "line_of",
        "line_start",
        "lines",
        "start",
    )

    def __init__(self, basket: Basket) -> None:
        self.lines: list[Line] = sorted(basket.lines, key=lambda line: line_order(line.line))
        self.categories = [category_path(line.category) for line in self.lines]
        self.start: list[int] = []
        """Value of each unit before our offers."""
        self.gross = [line.gross for line in self.lines]
        """Gross of each line, before the host's discount too."""
        self.line_start: list[int] = []
        """Value of each line before our offers."""
        self.line_of: list[int] = []
        self.first: list[int] = [0]
        """Line number -> its first unit; one more entry closes the last line."""
        for number, line in enumerate(self.lines):
            gross = self.gross[number]
            self.start.extend(_unit_values(line, gross))
            self.line_start.append(gross - line.discount)
            self.line_of.extend([number] * (len(self.start) - self.first[-1]))
            self.first.append(len(self.start))
        self.by_sku: dict[str, list[int]] = {}
        """Sku -> numbers of its lines; so for categories, with their parents."""
        self.by_category: dict[str, list[int]] = {}
        for number, line in enumerate(self.lines):
            self.by_sku.setdefault(line.sku, []).append(number)
            for category in self.categories[number]:
                self.by_category.setdefault(category, []).append(number)
        self.floors = any(line.floor is not None for line in self.lines)
        """Whether any line has a lowest price of its own."""
        self.earning = {line.line for line in self.lines if line.earns}
        """Ids of the lines that earn points at all (S16)."""
        self._matching: dict[Scope, list[int]] = {}
        self._covered: dict[Scope, list[int]] = {}

    def matching(self, scope: Scope) -> list[int]:
        """Numbers of all lines that a scope names."""
        found = self._matching.get(scope)
        if found is None:
            named = self._named(scope)
            found = [number for number in named if scope.matches(self.lines[number], self.categories[number])]
            self._matching[scope] = found
        return found

    def _named(self, scope: Scope) -> Iterable[int]:
        """Lines whose sku or category a scope names, in order; all where it names none."""
        if scope.skus:
            index, keys = self.by_sku, scope.skus
        elif scope.categories:
            index, keys = self.by_category, scope.categories
        else:
            return range(len(self.lines))
        if len(keys) == 1:
            return index.get(next(iter(keys)), ())
        return sorted({number for key in index.keys() & keys for number in index[key]})

    def covered(self, scope: Scope) -> list[int]:
        """The same without lines that take part in nothing (``discountable: false``, S10)."""
        found = self._covered.get(scope)
        if found is None:
            found = [number for number in self.matching(scope) if self.lines[number].discountable]
            self._covered[scope] = found
        return found

    def units_in(self, scope: Scope) -> int:
        """Units that count for a threshold; a weighed line is one (S4, S10)."""
        return sum(self.first[number + 1] - self.first[number] for number in self.covered(scope))

    def value_in(self, scope: Scope) -> int:
        """Value that counts for a ``gross`` threshold: gross minus the host's discount (S9, S49)."""
        return sum(self.line_start[number] for number in self.covered(scope))

    def price_of(self, sku: str) -> int | None:
        """What a product costs per unit in this basket; None where it is not in it."""
        numbers = self.by_sku.get(sku)
        return self.lines[numbers[0]].unit_price if numbers else None

    def unit_price(self, number: int, price: int) -> int:
        """``price`` per unit of sale as the price of one unit of this line (a weight multiplies)."""
        quantity = self.lines[number].quantity
        return price if isinstance(quantity, int) else line_gross(price, quantity)


def _unit_values(line: Line, gross: int) -> list[int]:
    if isinstance(line.quantity, str):
        return [gross - line.discount]
    values = [line.unit_price] * line.quantity
    if not line.discount:
        return values
    return [value - share for value, share in zip(values, unit_shares(line.discount, values), strict=True)]
