"""The made-up members: who they are, and the habits that the product will have to find out.

A person is drawn from a generator of their own, seeded by the shop's seed and their number, so
that one person's luck never moves another's and the same seed makes the same town.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from msgspec import Struct

from loyalty_pos.demo.catalogue import Catalogue, NameBook, Product, catalogue, name_book
from loyalty_pos.domain.cards import new_card_number

STORY_DIGITS = "0417465831"
"""The ten digits of the card that the newcomer's story names: 2904174658310."""

PREFIXES = ("090", "091", "093", "094", "096", "097", "098")
BIRTHDAYS_SOON = 6
OFFERS_SOUGHT = ("dairy/milk", "fresh/fruit", "bakery/bread", "drinks/coffee")


class Rhythm(Struct, frozen=True):
    """How a kind of shopper comes: mean gap in days, lines per basket, usual hour, how many of 100."""

    gap: float
    lines: float
    hour: float
    weekend: bool
    of_100: int


RHYTHMS = (
    Rhythm(7.0, 2.6, 8.0, False, 10),
    Rhythm(7.0, 9.0, 8.5, False, 4),
    Rhythm(15.0, 5.0, 17.8, False, 28),
    Rhythm(18.0, 8.0, 9.5, True, 20),
    Rhythm(25.0, 6.0, 18.5, False, 16),
    Rhythm(30.0, 9.0, 15.0, True, 10),
    Rhythm(35.0, 2.5, 12.3, False, 12),
)
STORY_RHYTHM = Rhythm(5.5, 6.5, 17.6, False, 0)


class Person(Struct, frozen=True, kw_only=True):
    """One member with their habits; ``favourites`` pairs a product with how strongly it is liked."""

    number: int
    name: str
    gender: str
    phone: str
    birthday: date
    card: str
    address: str
    interests: list[str]
    marketing: bool
    joined: date
    left: date | None
    rhythm: Rhythm
    hour: float
    thrift: float
    """The chance that coupons are brought out at the till; points are spent half as often."""
    favourites: tuple[tuple[Product, float], ...]

    @property
    def likes_coffee(self) -> bool:
        """Coffee is among the favourites: the audience of the coffee coupon."""
        return any(product.category == "drinks/coffee" for product, _ in self.favourites)


def draw(seed: int, count: int, first: date, last: date) -> list[Person]:
    """At most 1,000 people who join between ``first`` and ``last``; number 0 is the story's member."""
    return [_person(seed, number, first, last) for number in range(count)]


def _person(seed: int, number: int, first: date, last: date) -> Person:
    luck = Random(f"{seed}:person:{number}")
    shelves, book = catalogue(), name_book()
    story = number == 0
    gender = "female" if story or luck.random() < 0.62 else "male"
    days = (last - first).days
    joined = first if story or luck.random() < 0.65 else first + timedelta(luck.randrange(max(1, days - 7)))
    stays = story or luck.random() < 0.85
    left = None if stays else joined + timedelta(luck.randrange(7, max(8, days)))
    rhythm = STORY_RHYTHM if story else luck.choices(RHYTHMS, [kind.of_100 for kind in RHYTHMS])[0]
    digits = STORY_DIGITS if story else f"{luck.randrange(10**10):010d}"
    return Person(
        number=number,
        name="Nguyễn Thị Hạnh" if story else _name(luck, book, gender),
        gender=gender,
        phone="0901234218" if story else f"{luck.choice(PREFIXES)}{number:03d}{luck.randrange(10**4):04d}",
        birthday=_birthday(luck, number, last),
        card=new_card_number(digits),
        address=luck.choice(book.places),
        interests=sorted(luck.sample(book.interests, 2)),
        marketing=luck.random() < 0.7,
        joined=joined,
        left=left,
        rhythm=rhythm,
        hour=luck.gauss(rhythm.hour, 1.5),
        thrift=1.0 if story else luck.betavariate(3, 2),
        favourites=_favourites(luck, shelves, story),
    )


def _name(luck: Random, book: NameBook, gender: str) -> str:
    names = book.female if gender == "female" else book.male
    family = luck.choices(list(book.family), list(book.family.values()))[0]
    given = luck.choice(names.given)
    middle = luck.choice([name for name in names.middle if given not in name.split()])
    return f"{family} {middle} {given}"


def _birthday(luck: Random, number: int, last: date) -> date:
    """A grown-up's birthday; the first few have theirs within a week of ``last``."""
    year = 1988 if number == 0 else luck.randrange(last.year - 72, last.year - 18)
    day = date(year, 1, 1) + timedelta(luck.randrange(365))
    if number < BIRTHDAYS_SOON:
        soon = last + timedelta(3 if number == 0 else number)
        day = date(year, soon.month, min(soon.day, 28) if soon.month == 2 else soon.day)
    return day


def _favourites(luck: Random, shelves: Catalogue, story: bool) -> tuple[tuple[Product, float], ...]:
    """One to three products from each of some ten categories, liked more or less."""
    liking = {
        category.code: category.share * luck.lognormvariate(0, 0.8) for category in shelves.categories if category.share
    }
    chosen = sorted(liking, key=lambda code: luck.random() ** (1 / liking[code]), reverse=True)
    kinds = chosen[: luck.randrange(7, 13)]
    if story:
        kinds = [*OFFERS_SOUGHT, *(code for code in kinds if code not in OFFERS_SOUGHT)]
    found: list[tuple[Product, float]] = []
    for code in kinds:
        goods = shelves.in_category(code)
        popularity = [1 / (place + 1) ** 0.7 for place in range(len(goods))]
        picked = dict.fromkeys(luck.choices(goods, popularity, k=luck.randrange(1, 4)))
        found += [(product, liking[code] / len(picked)) for product in picked]
    return tuple(found)
