"""The occasions of campaigns that are always on: whom a day means, and how often it may mean the same member.

An occasion has a key; (campaign, member, key) is unique in the database, so that no occasion is used twice,
however often the day is evaluated.  A birthday and an anniversary come once a year, a welcome once for ever,
the others at most once in so many days.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple

from loyalty_pos.domain.campaigns.definition import Always

Json = dict[str, Any]
AHEAD = 7
"""Days before a birthday or an anniversary on which its coupon is given, so that there is time to come."""
WELCOME_DAYS = 7
LEAST_TIMES = 3
DUE = (90, 150)
"""A thing bought so often is due when between so many hundredths of the member's own mean gap have passed."""
YEARS = 40
"""Anniversaries that are looked for."""


class Occasion(NamedTuple):
    """A kind of occasion; ``rule`` in the language of segments, None where a query of its own finds the members."""

    rule: Json | None
    every_days: int | None
    """None: the key alone says how often."""
    vi: str
    en: str


def _all(*conditions: tuple[Any, ...]) -> Json:
    return {"all": [dict(zip(("field", "op", "value", "days"), one, strict=False)) for one in conditions]}


OCCASIONS: dict[str, Occasion] = {
    "welcome": Occasion(_all(("enrolled", "within_days", WELCOME_DAYS)), None, "Chào hội viên mới", "Welcome"),
    "thank_you": Occasion(_all(("last_purchase", "within_days", 1)), 30, "Cảm ơn đã mua hàng", "Thanks for the visit"),
    "birthday": Occasion(_all(("birthday", "within_days", AHEAD)), None, "Mừng sinh nhật", "Happy birthday"),
    "anniversary": Occasion(None, None, "Mừng ngày đầu mua hàng", "The day of the first purchase comes round"),
    "slipping": Occasion(
        _all(("visits", ">=", 4, 365), ("last_purchase", "between", [46, 120])), 90,
        "Lâu chưa ghé", "It has been a while",
    ),
    "replenishment": Occasion(None, 28, "Sắp đến lúc mua lại", "Time to buy again"),
}  # fmt: skip
YEARLY = frozenset({"birthday", "anniversary"})


def pause(always: Always) -> int | None:
    """Days in which a member is meant at most once; None where the key alone says so."""
    return always.every_days or OCCASIONS[always.kind].every_days


def key_of(kind: str, today: date, month_day: str | None = None) -> str:
    """The key of an occasion; ``month_day`` (``11-24``) of a yearly one."""
    if kind == "welcome":
        return kind
    if kind in YEARLY:
        assert month_day is not None
        return str(next_time(month_day, today).year)
    return today.isoformat()


def next_time(month_day: str, today: date) -> date:
    """The next day, today included, that bears this month and day; 29 February is the 28th in other years."""
    month, day = (int(part) for part in month_day.split("-"))
    found = _on(today.year, month, day)
    return found if found >= today else _on(today.year + 1, month, day)


def _on(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        return date(year, 2, 28)


def spans(today: date) -> list[tuple[date, date]]:
    """The days of earlier years near which a first purchase must lie to come round now, a day more on each side."""
    days = [_on(today.year - ago, today.month, today.day) for ago in range(1, YEARS + 1)]
    return [(day - timedelta(days=1), day + timedelta(days=AHEAD + 2)) for day in days]


def comes_round(first: date, today: date) -> bool:
    """Whether an anniversary of ``first``, at least the first one, lies in the next days."""
    coming = next_time(f"{first:%m-%d}", today)
    return coming.year > first.year and coming <= today + timedelta(days=AHEAD)
