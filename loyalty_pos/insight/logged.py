"""The figures of a candidate as logarithms: what the models read, the same for training and for use.

Logarithms, since what matters is whether somebody buys twice as often, not once more.  Invariant:
every feature is free of the size of the shop and of its currency, so that weights learned in one
shop mean the same in another; the features of an own item and of a new one are two lists, since
their slopes differ.
"""

from __future__ import annotations

import ibis
from ibis.expr.types import NumericColumn, Table

from loyalty_pos.insight.features import PER_VISIT, SHORT_VISIT

DIGITS = 9
"""Of a feature: engines add in any order, and the last bits of a sum must not choose a tree's split."""
GAP_OWN = 2.0
NEVER = 200.0
SHARED = (
    "popular", "repeat", "late", "trend", "newest", "firsts", "size", "visits", "rhythm", "kinds",
    "kind_count", "kind_back", "together", "following",
)  # fmt: skip
OWN = (
    "times", "share", "per_visit", "short_visit", "visit_share", "short_share", "per_day", "short_day", "age", "back",
    "due", "due_squared", "overdue", "last_gap", "own_gap", *SHARED,
)  # fmt: skip
NEW = SHARED
WAITING = ("since", "since_rhythm")
"""What the 28-day chance reads beside: how long the member has not come."""


def logged(found: Table, today: int) -> Table:
    """m, s, ``own`` and every feature, from the rows of ``features.candidates``; ``today`` is the day of the cut."""
    own_gap = (_or(found.gap_sum, 0.0) + GAP_OWN * found.item_gap) / (_or(found.gaps, 0.0) + GAP_OWN)
    age = _or(found.age, NEVER)
    due = ((age + found.rhythm + 0.5) / (own_gap + 1.0)).ln()
    since = today - found.last_day
    own = {
        "times": _or(found.times, 1.0).ln(),
        "share": ((_or(found.times, 0.0) + 0.5) / (found.visits + 3.0)).ln(),
        "per_visit": _log(found.per_visit, 0.02),
        "short_visit": _log(found.short_visit, 0.02),
        "visit_share": _log(found.per_visit / _most(PER_VISIT, found.visits), 0.002),
        "short_share": _log(found.short_visit / _most(SHORT_VISIT, found.visits), 0.005),
        "per_day": _log(found.per_day, 0.02),
        "short_day": _log(found.short_day, 0.02),
        "age": (age + 1.0).ln(),
        "back": (_or(found.back, NEVER) + 1.0).ln(),
        "due": due,
        "due_squared": due * due,
        "overdue": ibis.greatest(due, 0.0),
        "last_gap": (ibis.coalesce(found.last_gap.cast("float64"), own_gap) + 1.0).ln(),
        "own_gap": (own_gap + 1.0).ln(),
    }
    shared = {
        **{name: (found[name] + 1e-6).ln() for name in ("popular", "repeat", "late", "trend", "newest", "firsts")},
        **{name: found[name].cast("float64").ln() for name in ("size", "visits", "rhythm", "kinds")},
        "kind_count": _log(found.kind_count, 0.05),
        "kind_back": (_or(found.kind_back, NEVER) + 1.0).ln(),
        "together": _log(found.together, 0.01),
        "following": _log(found.following, 0.01),
    }
    waiting = {"since": (since + 1.0).ln(), "since_rhythm": ((since + 1.0) / found.rhythm).ln()}
    features = {name: value.round(DIGITS) for name, value in (own | shared | waiting).items()}
    return found.select("m", "s", own=found.times.notnull(), **features)


def _or(value: NumericColumn, otherwise: float) -> NumericColumn:
    return value.cast("float64").fill_null(otherwise)


def _log(value: NumericColumn, floor: float) -> NumericColumn:
    return (_or(value, 0.0) + floor).ln()


def _most(factor: float, visits: NumericColumn) -> NumericColumn:
    """The decayed count of an item that was in every one of so many visits."""
    return (1.0 - ibis.literal(factor).pow(visits)) / (1.0 - factor)
