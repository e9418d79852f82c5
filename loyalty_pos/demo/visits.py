"""Six months of shopping, decided before the first sale is rung up.

Each person comes by their own rhythm and mostly takes what they like; passers-by without a card
fill the gaps.  Everything here is a function of the seed and the dates: what a visit will cost
and earn is left to the product.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from random import Random

from msgspec import Struct

from loyalty_pos.demo.catalogue import Catalogue, Product
from loyalty_pos.demo.people import Person

OPENS, CLOSES = 6.5, 21.5
PASSERS_BY = 0.15
"""Visits without a card for each visit with one."""
COFFEE_EVERY = 42
"""Days between two sendings of the coffee coupon."""
COFFEE_DAYS = 21


class Visit(Struct, frozen=True, kw_only=True):
    """One basket at one till.  ``person`` is the member's number, None for a passer-by."""

    at: datetime
    lane: int
    person: int | None
    goods: tuple[tuple[Product, int | str], ...]
    brings_coupons: bool = False
    spends_points: bool = False
    regrets: bool = False
    """One line of it is brought back two days later."""


def coffee_days(first: date, last: date) -> list[date]:
    """The days on which the manager sends the coffee coupon to those who like coffee."""
    days = (last - first).days
    return [first + timedelta(day) for day in range(min(7, days), days, COFFEE_EVERY)]


def plan(
    people: Sequence[Person], shelves: Catalogue, *, seed: int, lanes: int, first: date, now: datetime
) -> list[Visit]:
    """All visits from the morning of ``first`` until ``now`` (aware, in the shop's zone), in time order."""
    town = Random(f"{seed}:town")
    found: list[Visit] = []
    for person in people:
        found += _visits(person, shelves, seed=seed, lanes=lanes, first=first, now=now)
    leaves = [category for category in shelves.categories if category.share]
    for number in range(round(len(found) * PASSERS_BY)):
        luck = Random(f"{seed}:passer-by:{number}")
        day = first + timedelta(town.randrange((now.date() - first).days + 1))
        at = _moment(luck, day, luck.choice((8.0, 12.0, 18.0)), now.tzinfo)
        if at >= now:
            continue
        shares = [category.share for category in leaves]
        kinds = luck.choices(leaves, shares, k=luck.randrange(1, 6))
        goods = [luck.choice(shelves.in_category(kind.code)) for kind in kinds]
        found.append(Visit(at=at, lane=luck.randrange(lanes), person=None, goods=_amounts(luck, goods)))
    return sorted(found, key=lambda visit: (visit.at, visit.person if visit.person is not None else -1))


def _visits(
    person: Person, shelves: Catalogue, *, seed: int, lanes: int, first: date, now: datetime
) -> Iterator[Visit]:
    luck = Random(f"{seed}:visits:{person.number}")
    coffee = [day for day in coffee_days(first, now.date()) if person.likes_coffee and day >= person.joined]
    pack = shelves.in_category("drinks/coffee")[0]
    last: set[str] = set()
    for day in _days(luck, person, min(person.left or now.date(), now.date())):
        at = _moment(luck, day, person.hour, now.tzinfo)
        if at >= now:
            return
        wanted = _basket(luck, person, shelves, last)
        brings = luck.random() < person.thrift
        if brings and any(sent < day <= sent + timedelta(COFFEE_DAYS) for sent in coffee):
            coffee = [sent for sent in coffee if sent >= day]
            wanted.append(pack)
        last = {product.sku for product in wanted}
        yield Visit(
            at=at,
            lane=luck.randrange(lanes),
            person=person.number,
            goods=_amounts(luck, wanted),
            brings_coupons=brings,
            spends_points=luck.random() < person.thrift / 6,
            regrets=luck.random() < 0.02,
        )


def _days(luck: Random, person: Person, last: date) -> Iterator[date]:
    """The days a person comes, from the day they join (their first visit) until ``last``."""
    day = person.joined
    while day <= last:
        yield day
        gap = person.rhythm.gap * luck.lognormvariate(-0.06, 0.35)
        day += timedelta(max(1, round(gap)))
        if person.rhythm.weekend and day.weekday() < 5:
            day += timedelta(luck.choice((5, 6)) - day.weekday())


def _moment(luck: Random, day: date, hour: float, zone: tzinfo | None) -> datetime:
    wanted = min(CLOSES, max(OPENS, luck.gauss(hour, 0.8)))
    return datetime.combine(day, time(), zone) + timedelta(seconds=round(wanted * 3600) + luck.randrange(600))


def _basket(luck: Random, person: Person, shelves: Catalogue, last: set[str]) -> list[Product]:
    """What is taken: favourites, those bought last time less eagerly, and now and then something new."""
    count = max(1, round(luck.gauss(person.rhythm.lines, person.rhythm.lines / 3)))
    goods = [product for product, _ in person.favourites]
    eager = [
        liking * (0.4 if product.sku in last and person.rhythm.gap < 10 else 1.0)
        for product, liking in person.favourites
    ]
    novelties = sum(luck.random() < 0.15 for _ in range(count))
    return luck.choices(goods, eager, k=count - novelties) + luck.choices(shelves.products, k=novelties)


def _amounts(luck: Random, goods: Sequence[Product]) -> tuple[tuple[Product, int | str], ...]:
    once = {product.sku: product for product in goods}
    return tuple((product, _amount(luck, product)) for product in once.values())


def _amount(luck: Random, product: Product) -> int | str:
    """Pieces, or kilograms with three places as a scale prints them."""
    if product.sold_by == "kg":
        grams = luck.randrange(250, 1600) if product.unit_price < 150_000 else luck.randrange(200, 700)
        return f"{grams / 1000:.3f}"
    if product.category == "dairy/milk":
        return luck.choices((1, 2, 3, 6), (40, 30, 25, 5))[0]
    if product.unit_price < 15_000:
        return luck.choices((1, 2, 3, 5), (40, 30, 15, 15))[0]
    return 1 if product.unit_price > 60_000 else luck.choices((1, 2), (80, 20))[0]
