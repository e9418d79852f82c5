"""A shop whose members have bought for weeks, imported as a shop's own history is: enough to rank and to learn from."""

from __future__ import annotations

import csv
import io
import random
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from conftest import Shop

from loyalty_pos.cli.files import read_rows
from loyalty_pos.ports import Connection
from loyalty_pos.registry import file_adapter
from loyalty_pos.services import imports
from loyalty_pos.services.context import SYSTEM, Request, Services

HEAD = ("receipt", "sold_at", "store", "terminal", "card", "line", "sku", "name", "category", "quantity", "unit_price")
WRITE = Request(SYSTEM)


class Town(NamedTuple):
    """Cards by number of the member, in the order in which they came."""

    cards: list[str]


def card_of(number: int) -> str:
    """A member card with its check digit."""
    digits = f"29{number:010d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return digits + str(-total % 10)


def settle_in(shop: Shop, now: datetime, members: int = 20, weeks: int = 14, items: int = 20, seed: int = 5) -> Town:
    """Members who come about once a week to the store hn-01, each with five things they like; up to yesterday."""
    chance = random.Random(seed)
    cards = [card_of(number + 1) for number in range(members)]
    enrol(shop.services, cards)
    rows: list[tuple[Any, ...]] = []
    for number, card in enumerate(cards):
        liked = chance.sample(range(items), 5)
        moment = now - timedelta(weeks=weeks, hours=number)
        while moment < now - timedelta(days=1):
            bought = {item for item in liked if chance.random() < 0.6} | {int(items * chance.random() ** 3)}
            rows += [
                (f"t{number}-{moment:%y%m%d}", moment.isoformat(), "hn-01", "hn-01-1", card, place,
                 f"p{item:02}", f"Món {item}", f"kind/k{item % 4}", 1, 10_000)
                for place, item in enumerate(sorted(bought), start=1)
            ]  # fmt: skip
            moment += timedelta(days=chance.choice((5, 7, 7, 9)))
    record(shop.services, rows)
    return Town(cards)


def enrol(services: Services, cards: list[str]) -> None:
    """Members with these cards."""
    text = "card\n" + "\n".join(cards) + "\n"
    kind = imports.MemberRow
    read = read_rows(io.BytesIO(text.encode()), kind.__struct_fields__, (), {})
    imports.import_members(services, WRITE, read, lambda _done: None)


def record(services: Services, rows: list[tuple[Any, ...]]) -> None:
    """Lines sold, as in ``HEAD``."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(HEAD)
    writer.writerows(rows)
    documents = file_adapter("csv_file").read_file(io.BytesIO(stream.getvalue().encode()), Connection())
    found = imports.import_sales(services, documents, lambda _done: None)
    assert not found.aside, found.aside[:3]
