"""Whom a past day would have meant: the occasions of campaigns that are always on, for one member at a time.

The day is looked at as it begins, from what was known then, as the night's job does it.  Invariant: nothing
from that day on is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from loyalty_pos.domain.campaigns.choice import Bought, Candidate
from loyalty_pos.domain.campaigns.definition import Always
from loyalty_pos.domain.campaigns.occasions import (
    AHEAD,
    DUE,
    LEAST_TIMES,
    WELCOME_DAYS,
    YEARLY,
    comes_round,
    key_of,
    next_time,
    pause,
)
from loyalty_pos.domain.campaigns.response import DAY_MS, PastLine
from loyalty_pos.domain.habits.profile import weight_at

SLIPPING = (46, 120)
SLIPPING_VISITS, YEAR = 4, 365


class Known(NamedTuple):
    """A member: enrolled when (local day), born on (``11-24``), first purchase ever, and a year or more of lines."""

    enrolled: date
    birthday: str | None
    first: date | None
    lines: Sequence[PastLine]


class Morning(NamedTuple):
    """A local day and the moment at which it begins (ms)."""

    day: date
    begins: int


def occasions(
    always: Always, known: Known, mornings: Sequence[Morning], goods: Sequence[Candidate]
) -> Iterator[tuple[Morning, str]]:
    """The mornings on which a member would have been met, with the key of each occasion; capped by nothing else."""
    used: set[str] = set()
    last: date | None = None
    wait = pause(always)
    for morning in mornings:
        if wait is not None and last is not None and (morning.day - last).days < wait:
            continue
        key = _key(always.kind, known, morning, goods)
        if key is not None and key not in used:
            used.add(key)
            last = morning.day
            yield morning, key


def _key(kind: str, known: Known, morning: Morning, goods: Sequence[Candidate]) -> str | None:
    day = morning.day
    if known.enrolled >= day:
        return None
    if kind == "birthday":
        born = known.birthday
        return key_of(kind, day, born) if born and next_time(born, day) <= day + timedelta(days=AHEAD) else None
    if kind == "anniversary":
        first = known.first
        return key_of(kind, day, f"{first:%m-%d}") if first and first < day and comes_round(first, day) else None
    if kind == "welcome":
        return key_of(kind, day) if (day - known.enrolled).days <= WELCOME_DAYS else None
    assert kind not in YEARLY
    before = [line for line in known.lines if line.sold_at < morning.begins]
    meant = {"thank_you": _came_yesterday, "slipping": _slipping}
    if kind == "replenishment":
        return key_of(kind, day) if _due(before, morning.begins, goods) else None
    return key_of(kind, day) if meant[kind](before, morning.begins) else None


def _came_yesterday(before: Sequence[PastLine], now: int) -> bool:
    return bool(before) and _days_ago(before[-1].sold_at, now) == 1


def _slipping(before: Sequence[PastLine], now: int) -> bool:
    visits = {line.sale for line in before if _days_ago(line.sold_at, now) <= YEAR}
    return len(visits) >= SLIPPING_VISITS and SLIPPING[0] <= _days_ago(before[-1].sold_at, now) <= SLIPPING[1]


def _due(before: Sequence[PastLine], now: int, goods: Sequence[Candidate]) -> bool:
    if goods and all(one.general for one in goods):
        goods = ()
    for one in habits(before, goods):
        if one.times < LEAST_TIMES or (goods and not any(wanted.covers(one) for wanted in goods)):
            continue
        first = min(line.sold_at for line in before if one.code == (line.category if one.category else line.sku))
        gaps = 100 * (now - one.last_at) * (one.times - 1)
        if one.last_at > first and DUE[0] * (one.last_at - first) <= gaps <= DUE[1] * (one.last_at - first):
            return True
    return False


def _days_ago(at: int, now: int) -> int:
    """Local days before the day that begins at ``now``."""
    return -(-(now - at) // DAY_MS)


def habits(before: Sequence[PastLine], goods: Sequence[Candidate]) -> list[Bought]:
    """What a member bought of these goods (none named: of every product)."""
    categories, skus = {c for one in goods for c in one.categories}, {s for one in goods for s in one.skus}
    seen: dict[tuple[str, bool], dict[int, int]] = {}
    for line in before:
        if not goods or line.sku in skus:
            seen.setdefault((line.sku, False), {})[line.sale] = line.sold_at
        if categories and line.category:
            seen.setdefault((line.category, True), {})[line.sale] = line.sold_at
    return [
        Bought(code, whole, len(sales), sum(map(weight_at, sales.values())), max(sales.values()))
        for (code, whole), sales in sorted(seen.items())
    ]
