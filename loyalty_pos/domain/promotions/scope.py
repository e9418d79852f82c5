"""Which lines a rule means: the keys of a scope combine with AND (promotions.md).

A scope is compared by identity, and those that say the same are one, so that pricing can remember which
lines it covers.  Every line is ``{"all": true}``; a scope that says nothing, or can mean no line, is refused.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, TypeVar

from msgspec import Meta, Struct
from msgspec.structs import astuple, force_setattr

from loyalty_pos.domain.basket import Line

Decoded = TypeVar("Decoded", bound=Struct)
Amount = Annotated[int, Meta(ge=0, le=10**12)]
Keys = Annotated[frozenset[str], Meta(min_length=1)]


class Scope(Struct, frozen=True, eq=False, forbid_unknown_fields=True, kw_only=True):
    """The lines a condition or reward is about; a category covers its children."""

    all: bool = False
    skus: Keys = frozenset()
    categories: Keys = frozenset()
    brands: Keys = frozenset()
    exclude_skus: Keys = frozenset()
    exclude_categories: Keys = frozenset()
    price_min: Amount | None = None
    price_max: Amount | None = None
    exclude_discounted: bool = False
    """Leaves out lines that already carry a discount when the offer's turn comes."""

    def __post_init__(self) -> None:
        if self.all and (self.skus or self.categories or self.brands):
            raise ValueError("all:contradictory")
        if self.skus & self.exclude_skus:
            raise ValueError("exclude_skus:contradictory")
        if any(self.exclude_categories & category_path(category) for category in self.categories):
            raise ValueError("exclude_categories:contradictory")
        if self.price_min is not None and self.price_max is not None and self.price_min > self.price_max:
            raise ValueError("price_max:contradictory")
        if not (self.all or self.narrow):
            raise ValueError(":empty")

    @property
    def narrow(self) -> bool:
        """Whether it leaves anything out."""
        priced = self.price_min is not None or self.price_max is not None or self.exclude_discounted
        return bool(
            priced or self.skus or self.categories or self.brands or self.exclude_skus or self.exclude_categories
        )

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


@lru_cache(maxsize=20_000)
def _the_one(said: tuple[object, ...]) -> Scope:
    return Scope(**dict(zip(Scope.__struct_fields__, said, strict=True)))  # type: ignore[arg-type]


def with_shared_scopes(decoded: Decoded) -> Decoded:
    """A decoded condition or reward, with scopes that say what others say replaced by the one that said it first."""
    for name in decoded.__struct_fields__:
        value = getattr(decoded, name)
        if isinstance(value, Scope):
            force_setattr(decoded, name, _the_one(astuple(value)))
        for part in value if isinstance(value, list) else ():
            if isinstance(part, Struct):
                with_shared_scopes(part)
    return decoded


@lru_cache(maxsize=4096)
def category_path(category: str | None) -> frozenset[str]:
    """A category and its parents: ``dairy/milk`` is in ``dairy/milk`` and ``dairy``."""
    if not category:
        return frozenset()
    parts = category.split("/")
    return frozenset("/".join(parts[: depth + 1]) for depth in range(len(parts)))


EVERYTHING = Scope(all=True)
