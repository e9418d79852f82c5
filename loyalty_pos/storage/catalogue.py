"""Products and categories as rows.  A category's name is JSON: ``{"vi": ..., "en": ...}``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple

from loyalty_pos.storage.tx import Tx


class Product(NamedTuple):
    """One product; prices in minor units."""

    sku: str
    name: str | None
    category: str | None
    brand: str | None
    unit_price: int | None
    unit_cost: int | None
    updated_at: int


_PRODUCT = ", ".join(Product._fields)


def product(tx: Tx, sku: str) -> Product | None:
    """A product by its sku."""
    row = tx.one(f"SELECT {_PRODUCT} FROM products WHERE sku = ?", (sku,))
    return Product(*row) if row else None


def products(tx: Tx, after: str, limit: int) -> list[Product]:
    """Products by sku, after ``after``."""
    rows = tx.all(f"SELECT {_PRODUCT} FROM products WHERE sku > ? ORDER BY sku LIMIT ?", (after, limit))
    return [Product(*row) for row in rows]


def save(tx: Tx, found: Iterable[Product]) -> None:
    """Write whole products, new or known; what is None keeps what was known."""
    tx.many(
        f"INSERT INTO products ({_PRODUCT}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sku) DO UPDATE SET "
        "name = coalesce(excluded.name, products.name), category = coalesce(excluded.category, products.category), "
        "brand = coalesce(excluded.brand, products.brand), "
        "unit_price = coalesce(excluded.unit_price, products.unit_price), "
        "unit_cost = coalesce(excluded.unit_cost, products.unit_cost), updated_at = excluded.updated_at",
        sorted(found, key=itemgetter(0)),
    )


def categories(tx: Tx) -> dict[str, dict[str, str]]:
    """Code -> name per language, by code."""
    return {row[0]: json.loads(row[1]) for row in tx.all("SELECT code, name FROM categories ORDER BY code")}


def category(tx: Tx, code: str) -> dict[str, str] | None:
    """The name of a category per language."""
    row = tx.one("SELECT name FROM categories WHERE code = ?", (code,))
    return dict(json.loads(row[0])) if row else None


def save_category(tx: Tx, code: str, names: dict[str, str]) -> None:
    """Name a category, new or known."""
    tx.run(
        "INSERT INTO categories (code, name) VALUES (?, ?) ON CONFLICT (code) DO UPDATE SET name = excluded.name",
        (code, json.dumps(names, ensure_ascii=False)),
    )
