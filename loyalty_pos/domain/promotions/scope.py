"""Which lines a rule means: the keys of a scope combine with AND (promotions.md).

A scope is declared once and compared by identity, so that pricing can remember which lines it
covers.  An empty scope, or ``{"all": true}``, means every line.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

from msgspec import Meta, Struct

from loyalty_pos.domain.basket import Line

Amount = Annotated[int, Meta(ge=0, le=10**12)]


class Scope(Struct, frozen=True, eq=False, forbid_unknown_fields=True, kw_only=True):
    """The lines a condition or reward is about; a category covers its children."""

    all: bool = False
    skus: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    brands: frozenset[str] = frozenset()
    exclude_skus: frozenset[str] = frozenset()
    exclude_categories: frozenset[str] = frozenset()
    price_min: Amount | None = None
    price_max: Amount | None = None
    exclude_discounted: bool = False
    """Leaves out lines that already carry a discount when the offer's turn comes."""

    def matches(self, line: Line, categories: frozenset[str]) -> bool:
        """Whether ``line`` is meant; ``categories`` are its category and all its parents."""
        return not (
            (self.skus and line.sku not in self.skus)
            or (self.categories and self.categories.isdisjoint(categories))
            or (self.brands and line.brand not in self.brands)
            or (self.exclude_skus and line.sku in self.exclude_skus)
            or (self.exclude_categories and not self.exclude_categories.isdisjoint(categories))
            or (self.price_min is not None and line.unit_price < self.price_min)
            or (self.price_max is not None and line.unit_price > self.price_max)
        )


EVERYTHING = Scope(all=True)


@lru_cache(maxsize=4096)
def category_path(category: str | None) -> frozenset[str]:
    """A category and its parents: ``dairy/milk`` is in ``dairy/milk`` and ``dairy``."""
    if not category:
        return frozenset()
    parts = category.split("/")
    return frozenset("/".join(parts[: depth + 1]) for depth in range(len(parts)))
