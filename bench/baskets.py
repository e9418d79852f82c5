"""Made-up baskets for the ratios: seeded, so that every contender sells the very same goods."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from loyalty_pos.demo.catalogue import catalogue
from loyalty_pos.domain.checkdigits import gs1_check

NOON = datetime(2026, 11, 18, 5, 0, tzinfo=UTC)


class Sold(NamedTuple):
    """One basket as a till sends it: ``body`` is the JSON of POST /sales."""

    card: str
    receipt: str
    till: int
    body: bytes


def card_number(index: int) -> str:
    """The card of generated member ``index`` (0, 1, ...): prefix 29, ten digits, check digit (S40).

    The digits are the index times a number prime to 10**10, so that neighbours lie far apart in
    the index on card numbers, as random ones do.
    """
    body = f"29{(index + 1) * 7_368_787_163 % 10**10:010d}"
    return body + gs1_check(body)


def make(count: int, members: int, tills: int, first: int = 0, lines: int = 10, seed: int = 1) -> list[Sold]:
    """``count`` baskets of ``lines`` different goods; receipts are numbered from ``first``."""
    rng = random.Random(f"{seed}/{first}")
    goods = [product for product in catalogue().products if product.sold_by == "unit"]
    return [_basket(rng, goods, members, first + index, tills, lines) for index in range(count)]


def _basket(rng: random.Random, goods: list[Any], members: int, number: int, tills: int, lines: int) -> Sold:
    card = card_number(rng.randrange(members))
    body = {
        "card": card,
        "entry": "scan",
        "cashier": "C07",
        "receipt": f"r{number:08d}",
        "sold_at": (NOON + timedelta(seconds=number // tills)).isoformat(),
        "lines": [
            {
                "line": str(position),
                "sku": product.sku,
                "name": product.name,
                "category": product.category,
                "brand": product.brand,
                "quantity": rng.choice((1, 1, 1, 2, 2, 3, 4)),
                "unit_price": product.unit_price,
                "unit_cost": product.unit_cost,
            }
            for position, product in enumerate(rng.sample(goods, lines), 1)
        ],
    }
    return Sold(card, body["receipt"], number % tills, msgspec.json.encode(body))
