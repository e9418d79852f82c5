"""A small made-up town that shops: everybody has items they come back to, and tries what is popular."""

from __future__ import annotations

import csv
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
HEADER = ("member", "time", "basket", "sku", "quantity", "amount", "category")


class Line(NamedTuple):
    """One line sold."""

    member: str
    time: str
    basket: str
    sku: str
    quantity: str = "1"
    amount: str = "10000"
    category: str = ""


def town(members: int = 60, weeks: int = 20, items: int = 40, seed: int = 7) -> list[Line]:
    """The lines of so many weeks; the same for the same seed."""
    chance = random.Random(seed)
    lines = []
    for number in range(members):
        liked = chance.sample(range(items), 5)
        moment = START + timedelta(hours=number)
        while moment < START + timedelta(weeks=weeks):
            bought = {item for item in liked if chance.random() < 0.6}
            bought |= {int(items * chance.random() ** 3) for _ in range(2)}
            basket = f"b{number}-{moment:%m%d}"
            lines += [
                Line(f"m{number:03}", moment.isoformat(" "), basket, f"p{item:02}", category=f"k{item % 6}")
                for item in sorted(bought)
            ]
            moment += timedelta(days=chance.choice((5, 7, 7, 9)))
    return lines


def write(path: Path, lines: list[Line], columns: tuple[str, ...] = HEADER) -> Path:
    """The lines as a CSV file with these columns."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows([getattr(line, column) for column in columns] for line in lines)
    return path


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
