"""The made-up shop's shelves and programme, as data files beside this module.

``products.csv`` has the columns of ``import products`` and one more, ``sold_by`` (``unit`` or
``kg``); ``categories.csv`` gives each category its names and how often a shopper reaches for it;
``programme.json`` holds tiers, points, promotions and staff in the rule language itself.  Brands,
numbers, people and prices are invented.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from msgspec import Struct


class Product(Struct, frozen=True):
    """One thing on the shelf; prices in minor units per piece or per kilogram."""

    sku: str
    name: str
    category: str
    brand: str
    unit_price: int
    unit_cost: int
    sold_by: str


class Category(Struct, frozen=True):
    """A category path (``food/rice``); ``share`` of an average basket, 0 for a parent."""

    code: str
    name_vi: str
    name_en: str
    share: int


class Names(Struct, frozen=True):
    """Middle and given names that go together."""

    middle: list[str]
    given: list[str]


class NameBook(Struct, frozen=True):
    """What members' names, addresses and interests are drawn from; family names by frequency."""

    family: dict[str, int]
    female: Names
    male: Names
    interests: list[str]
    places: list[str]


class Programme(Struct, frozen=True):
    """The rules of the shop: definitions exactly as a manager would send them."""

    shop: str
    store: dict[str, str]
    terminals: list[str]
    staff: list[dict[str, str]]
    cashiers: list[str]
    tiers: list[dict[str, Any]]
    points: dict[str, Any]
    promotions: list[dict[str, Any]]


class Catalogue(Struct, frozen=True):
    """Everything on the shelves, in the files' order: what sells most stands first in its category."""

    products: tuple[Product, ...]
    categories: tuple[Category, ...]

    def in_category(self, code: str) -> tuple[Product, ...]:
        """The products of one leaf category."""
        return _by_category()[code]


def _text(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


@cache
def catalogue() -> Catalogue:
    """The 300 products and their categories."""
    products = csv.DictReader(_text("products.csv").splitlines())
    categories = csv.DictReader(_text("categories.csv").splitlines())
    return Catalogue(
        msgspec.convert(list(products), tuple[Product, ...], strict=False),
        msgspec.convert(list(categories), tuple[Category, ...], strict=False),
    )


@cache
def _by_category() -> dict[str, tuple[Product, ...]]:
    found: dict[str, list[Product]] = {}
    for product in catalogue().products:
        found.setdefault(product.category, []).append(product)
    return {code: tuple(products) for code, products in found.items()}


@cache
def name_book() -> NameBook:
    """The names members are made of."""
    return msgspec.json.decode(_text("names.json"), type=NameBook)


@cache
def programme() -> Programme:
    """Tiers, points, promotions, staff and terminals of the shop."""
    return msgspec.json.decode(_text("programme.json"), type=Programme)
