"""How many days with a purchase to expect: BG/NBD (Fader, Hardie and Lee, 2005).

While a customer is there, purchases come by chance at a rate of their own (gamma over customers), and after each
purchase they may be gone for good (beta over customers).  Of a customer one needs three figures: repeat
purchases, when the last one was, and how long they are known.  Plain Python: one member costs microseconds.

A trap: who bought once has had no repeat purchase after which to leave, so the model holds them all for alive.
``alive`` therefore says nothing of them (None), and nobody is ranked by it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from msgspec import Struct


class Known(NamedTuple):
    """A customer: repeat purchases, age at the last one, and age now, both since the first, in one unit of time."""

    repeats: int
    last: float
    age: float


class Model(Struct, frozen=True):
    """The four parameters: rates are gamma (r, alpha), leaving is beta (a, b)."""

    r: float
    alpha: float
    a: float
    b: float


TYPICAL = Model(0.8, 12.0, 1.2, 6.0)
"""For a shop with too few customers to fit one, time in weeks."""
FEWEST = 50
"""Customers below which nothing is fitted."""
STRAY = 0.01
"""Weight of the penalty that keeps parameters from running away where the data do not bind them."""


def fit(customers: Iterable[Known]) -> Model:
    """The most likely parameters; ``TYPICAL`` for fewer than ``FEWEST`` customers.  Ages in weeks."""
    counted: dict[Known, int] = {}
    for one in customers:
        counted[one] = counted.get(one, 0) + 1
    total = sum(counted.values())
    if total < FEWEST:
        return TYPICAL
    rows = list(counted.items())

    def loss(logs: Sequence[float]) -> float:
        if max(map(abs, logs)) > 12:
            return math.inf
        model = Model(*map(math.exp, logs))
        stray = STRAY * sum(x * x for x in logs) / total
        return stray - _likelihood(model, rows) / total

    start = [math.log(x) for x in (TYPICAL.r, TYPICAL.alpha, TYPICAL.a, TYPICAL.b)]
    return Model(*(math.exp(x) for x in lowest(loss, start)))


def _likelihood(model: Model, rows: Sequence[tuple[Known, int]]) -> float:
    """The logarithm of how likely these customers are."""
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    by_repeats: dict[int, tuple[float, float]] = {}
    found = 0.0
    for (x, last, age), count in rows:
        if x not in by_repeats:
            same = math.lgamma(r + x) - math.lgamma(r) + r * math.log(alpha)
            same += math.lgamma(a + b) + math.lgamma(b + x) - math.lgamma(b) - math.lgamma(a + b + x)
            by_repeats[x] = same, math.log(a) - math.log(b + x - 1) if x else -math.inf
        same, gone = by_repeats[x]
        here = -(r + x) * math.log(alpha + age)
        left = gone - (r + x) * math.log(alpha + last)
        top = max(here, left)
        found += count * (same + top + math.log(math.exp(here - top) + math.exp(left - top)))
    return found


def alive(model: Model, one: Known) -> float | None:
    """The chance that the customer still comes; None for one who bought once (see above)."""
    if not one.repeats:
        return None
    return 1 / (1 + _odds_gone(model, one))


def _odds_gone(model: Model, one: Known) -> float:
    if not one.repeats:
        return 0.0
    base = math.log((model.alpha + one.age) / (model.alpha + one.last)) * (model.r + one.repeats)
    return model.a / (model.b + one.repeats - 1) * math.exp(min(base, 700))


def expected(model: Model, one: Known, ahead: float) -> float:
    """Purchases to expect within ``ahead``, in the unit of the ages."""
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    x, age = one.repeats, one.age
    if abs(a - 1) < 1e-6:
        a += 2e-6
    z = ahead / (alpha + age + ahead)
    shrunk = math.exp((r + x) * math.log((alpha + age) / (alpha + age + ahead)))
    coming = (a + b + x - 1) / (a - 1) * (1 - shrunk * _hypergeometric(r + x, b + x, a + b + x - 1, z))
    return max(coming, 0) / (1 + _odds_gone(model, one))


def _hypergeometric(a: float, b: float, c: float, z: float) -> float:
    """Gauss's 2F1 by its series, 0 <= z < 1; by Euler's transformation where that converges sooner."""
    if c - a - b < 0 and z > 0.5:
        return math.exp((c - a - b) * math.log(1 - z)) * _series(c - a, c - b, c, z)
    return _series(a, b, c, z)


def _series(a: float, b: float, c: float, z: float) -> float:
    term = total = 1.0
    for n in range(100_000):
        term *= (a + n) * (b + n) / ((c + n) * (n + 1)) * z
        total += term
        if abs(term) <= 1e-12 * abs(total):
            break
    return total


def lowest(loss: Callable[[Sequence[float]], float], start: Sequence[float], steps: int = 400) -> list[float]:
    """Where a function is lowest, near ``start``: Nelder and Mead's simplex, without a derivative."""
    corners = [list(start)] + [[x + (0.5 if i == j else 0) for i, x in enumerate(start)] for j in range(len(start))]
    ranked = sorted((loss(corner), corner) for corner in corners)
    for _ in range(steps):
        (best, _), (worst, last) = ranked[0], ranked[-1]
        if worst - best < 1e-9:
            break
        middle = [sum(corner[i] for _, corner in ranked[:-1]) / (len(ranked) - 1) for i in range(len(start))]

        def towards(
            share: float, middle: Sequence[float] = middle, last: Sequence[float] = last
        ) -> tuple[float, list[float]]:
            point = [m + share * (m - x) for m, x in zip(middle, last, strict=True)]
            return loss(point), point

        tried = towards(1.0)
        if tried[0] < best:
            tried = min(tried, towards(2.0))
        elif tried[0] >= ranked[-2][0]:
            tried = towards(0.5) if tried[0] < worst else towards(-0.5)
        if tried[0] < worst:
            ranked = sorted([*ranked[:-1], tried])
        else:
            first = ranked[0][1]
            halved = [[(x + y) / 2 for x, y in zip(corner, first, strict=True)] for _, corner in ranked[1:]]
            ranked = sorted([ranked[0], *((loss(corner), corner) for corner in halved)])
    return ranked[0][1]
