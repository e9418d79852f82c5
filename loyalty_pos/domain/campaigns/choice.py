"""Which coupon of a set a member gets, and why, in words.

A coupon on goods that the member buys comes first: by how often they were bought, then by the chance that the
night's list gives them (where there is one), then by how lately (the decayed count), then by how readily the shop's
coupons of that promotion are used (``appeal``).  Who bought none of them gets the likeliest on their list, then the
one that is used most readily; among equals one that is good for everything, else an invitation to try.
Invariant: the same member with the same habits gets the same coupon; ties go to the order in which the campaign
names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from loyalty_pos.domain.habits.reasons import Why, say
from loyalty_pos.domain.promotions.names import Name
from loyalty_pos.domain.promotions.scope import Scope, category_path

SHRUNK_BY = 100
"""A promotion's own coupons count for more than those of the others together from so many on."""

LIKELY = 0.05
"""The chance below which a list says too little of goods that were never bought."""


class Candidate(NamedTuple):
    """A promotion that may be given; a ``general`` one is good for everything."""

    promotion: str
    name: Name
    categories: frozenset[str]
    skus: frozenset[str]
    appeal: float = 0.0

    @property
    def general(self) -> bool:
        """Whether it names no goods."""
        return not (self.categories or self.skus)

    def covers(self, bought: Bought) -> bool:
        """Whether these goods are what it is for; a category covers its children."""
        return self._of(bought.code) if bought.category else bought.code in self.skus

    def meets(self, sku: str, category: str | None) -> bool:
        """Whether a line of these goods is what it is for."""
        return self.general or sku in self.skus or (category is not None and self._of(category))

    def _of(self, category: str) -> bool:
        return not self.categories.isdisjoint(category_path(category))

    def likeliest(self, listed: Iterable[Listed]) -> Listed | None:
        """The likeliest of these that it is for; a general one is for nothing in particular."""
        mine = [
            one for one in listed if one.sku in self.skus or not self.categories.isdisjoint(category_path(one.category))
        ]
        return max(mine, key=lambda one: (one.chance, one.sku), default=None)


class Bought(NamedTuple):
    """What a member bought of one product, or of one category; ``weight`` is the decayed count, times in ms."""

    code: str
    category: bool
    times: int
    weight: float
    last_at: int


class Listed(NamedTuple):
    """A product of the list of what a member buys next, with its category and the chance within 28 days."""

    sku: str
    category: str | None
    chance: float
    why: Why


class Choice(NamedTuple):
    """What a member gets; ``why`` the goods that they buy most of it, None where there are none; ``listed`` the
    likeliest of its goods on their list, where the list had a say."""

    candidate: Candidate
    why: Bought | None
    listed: Listed | None = None


def targets(scopes: Iterable[Scope]) -> list[Scope]:
    """The scopes that name goods."""
    return [scope for scope in scopes if scope.skus or scope.categories or scope.brands]


def by_category(scopes: Sequence[Scope]) -> bool:
    """Whether whole categories are all that they name: then no product has to be looked up."""
    return all(
        scope.categories and not (scope.skus or scope.brands or scope.exclude_skus or scope.exclude_categories)
        for scope in scopes
    )


def choose(candidates: Sequence[Candidate], bought: Iterable[Bought], listed: Sequence[Listed] = ()) -> Choice:
    """The best of at least one candidate for a member who bought these and is expected to buy those."""
    found = list(bought)
    best: tuple[int, float, float, float, int] | None = None
    chosen: Choice | None = None
    for number, candidate in enumerate(candidates):
        mine = [one for one in found if candidate.covers(one)] if not candidate.general else []
        likely = candidate.likeliest(listed)
        times, chance = sum(one.times for one in mine), likely.chance if likely else 0.0
        rank = (times, chance, sum(one.weight for one in mine), candidate.appeal, -number)
        if (times or chance >= LIKELY) and (best is None or rank > best):
            why = max(mine, key=lambda one: (one.times, one.weight, one.code), default=None)
            best, chosen = rank, Choice(candidate, why, likely)
    if chosen is not None:
        return chosen
    return Choice(max(candidates, key=lambda one: (one.appeal, one.general)), None)


def appeal(used: int, over: int, all_used: int, all_over: int) -> float:
    """The share of a promotion's coupons that is used, drawn to that of all of them: 0 where nothing is known."""
    return (used + SHRUNK_BY * all_used / all_over) / (over + SHRUNK_BY) if all_over else 0.0


def reason(
    choice: Choice, day_ago: Callable[[int], int], named: Callable[[Bought | Listed, str], str]
) -> dict[str, str]:
    """Why, per language: ``day_ago`` of a moment (ms), ``named`` the goods in a language."""
    candidate, why, listed = choice
    if why is not None:
        days = day_ago(why.last_at)
        vi_when = "hôm nay" if days == 0 else f"{days} ngày trước"
        en_when = "today" if days == 0 else "1 day ago" if days == 1 else f"{days} days ago"
        en_times = "once" if why.times == 1 else f"{why.times} times"
        return {
            "vi": f"Đã mua {named(why, 'vi')} {why.times} lần, gần nhất {vi_when}",
            "en": f"Bought {named(why, 'en')} {en_times}, last {en_when}",
        }
    if listed is not None:
        return {
            "vi": f"Có thể sẽ mua {named(listed, 'vi')}: {say(listed.why, 'vi')}",
            "en": f"May buy {named(listed, 'en')} next: {say(listed.why, 'en')}",
        }
    if candidate.general:
        return {"vi": "Dùng được cho mọi món", "en": "Good for everything"}
    return {"vi": "Chưa mua nhóm này: mời dùng thử", "en": "Not bought yet: an invitation to try"}
