"""What the shop calls the things that its rules speak of: goods, categories, tiers, stores, segments, promotions.

A code that nobody named is its own name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from loyalty_pos.domain.phrase import Named
from loyalty_pos.domain.pricing.request import Language
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.promotions.names import name_in
from loyalty_pos.services.rules import Book
from loyalty_pos.storage import catalogue, segment_rows, shops
from loyalty_pos.storage.tx import Tx


def speaker(tx: Tx, book: Book, language: str) -> tuple[Say, Named]:
    """Figures in the language, and the names of what a rule may speak of; good within the transaction."""
    spoken: Language = "vi" if language == "vi" else "en"
    levels = book.rules.tiers.levels
    tables: dict[str, Callable[[], dict[str, Any]]] = {
        "categories": lambda: catalogue.categories(tx),
        "tiers": lambda: {level.code: name_in(level.name, spoken) for level in levels},
        "stores": lambda: shops.names(tx),
        "segments": lambda: {row.code: row.name for row in segment_rows.listed(tx)},
        "promotions": lambda: {code: rule.get("name") for code, rule in book.promotions.items()},
    }
    known: dict[str, dict[str, Any]] = {}

    def named(source: str, code: str) -> str:
        if source == "products":
            product = catalogue.product(tx, code)
            return (product.name if product else None) or code
        if source not in known:
            known[source] = tables[source]() if source in tables else {}
        name = known[source].get(code)
        if isinstance(name, dict):
            name = name.get(spoken) or next(iter(name.values()), None)
        return str(name or code)

    return Say(spoken, book.programme.currency), named
