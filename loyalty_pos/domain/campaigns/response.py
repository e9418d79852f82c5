"""How many of a campaign's coupons will be used: each member's chance, made to fit what this shop's coupons did.

Who answers follows shipped weights on figures from before the coupon was given (learned where
``bench.habits.response`` judges them, before its campaign 18); how often anybody answers, and how far the
figures tell here, is learned from the shop's own past coupons: a shift and a slope.  The range holds chance, what
so few past coupons cannot tell, and that one campaign is not like the next.  Invariant: figures of a coupon come
from before it was given; with too few past coupons there is no model and nothing is said in its name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from math import exp, log, sqrt
from statistics import fmean, pvariance
from typing import NamedTuple

from loyalty_pos.domain.campaigns.cost import NORMAL_95

WINDOW_DAYS = 182
NEVER_DAYS = 400
DAY_MS = 86_400_000
ENOUGH, ENOUGH_OF_EACH = 200, 20
"""Past coupons whose fate is known, and of them used ones and lapsed ones, from which on there is a model."""
SLOPE_PULL = 10.0
"""As strong as so many coupons hold the slope at 1."""
SPREAD, SPREAD_PULL = 0.25, 2
"""Campaigns differ from each other by more than chance: this variance of their shift, as if so many had shown it."""
WEIGHTS = {
    "redeemed": 0.276, "answered": 0.317, "coupon_lines": 0.382, "age": -0.139, "visits": -0.722, "spend": 0.397,
    "goods_days": 0.466, "goods_kinds": 0.087, "goods_coupons": 0.442,
}  # fmt: skip
"""What ``python -m bench.habits.response`` prints last."""
ROUNDS = 30


class PastLine(NamedTuple):
    """A line that a member bought and kept; ``sold_at`` in ms, ``net`` in minor units, ``coupon``: lowered on a bill
    with a coupon."""

    sale: int
    sold_at: int
    sku: str
    category: str | None
    net: int
    coupon: bool


class PastCoupon(NamedTuple):
    """A coupon that a member got; times in ms."""

    issued_at: int
    used_at: int | None


class Figures(NamedTuple):
    """A member before a coupon; ``spend`` in minor units, days of purchases within the window."""

    redeemed: int
    answered: int
    asked: int
    coupon_lines: int
    age: int
    visits: int
    spend: int
    goods_days: int
    goods_kinds: int
    goods_coupons: int


def figures(
    lines: Sequence[PastLine], coupons: Sequence[PastCoupon], meets: Callable[[PastLine], bool], at: int
) -> Figures:
    """What was known of a member at ``at`` (ms); ``meets`` says which goods the coupon is for."""
    seen = [line for line in lines if at - WINDOW_DAYS * DAY_MS <= line.sold_at < at]
    goods = [line for line in seen if meets(line)]
    given = [one for one in coupons if one.issued_at < at]
    used = [one.used_at for one in coupons if one.used_at is not None and one.used_at < at]

    def days(moments: Sequence[int]) -> list[int]:
        return sorted({(at - moment - 1) // DAY_MS for moment in moments})

    came = days([line.sold_at for line in seen])
    return Figures(
        redeemed=len(days(used)),
        answered=len(used),
        asked=len(given),
        coupon_lines=sum(line.coupon for line in seen),
        age=came[0] + 1 if came else NEVER_DAYS,
        visits=len(came),
        spend=sum(line.net for line in seen),
        goods_days=len(days([line.sold_at for line in goods])),
        goods_kinds=len({line.sku for line in goods}),
        goods_coupons=sum(line.coupon for line in goods),
    )


def scores(found: Sequence[Figures]) -> list[float]:
    """The weighted sums of coupons given together (spend is beside their mean): the higher, the likelier a use."""
    mean = fmean([one.spend for one in found]) if found else 0.0
    return [sum(WEIGHTS[name] * value for name, value in logged(one, mean).items()) for one in found]


def logged(one: Figures, mean_spend: float) -> dict[str, float]:
    """The features, as ``insight.response`` has them."""
    counts = ("redeemed", "coupon_lines", "age", "visits", "goods_days", "goods_kinds", "goods_coupons")
    return {name: log(getattr(one, name) + 1.0) for name in counts} | {
        "answered": log((one.answered + 0.3) / (one.asked + 2.0)),
        "spend": log((max(one.spend, 0) + 0.05 * mean_spend + 1e-9) / (mean_spend + 1e-9)),
    }


class Fate(NamedTuple):
    """What became of a past coupon: its score, whether it was used, and with which others it was given."""

    score: float
    used: bool
    group: str


class Model(NamedTuple):
    """``spread``: variance of the shift from campaign to campaign; ``doubt``: variance of what is known of it."""

    shift: float
    slope: float
    spread: float
    doubt: float
    known: int

    def chance(self, score: float) -> float:
        """The chance that a coupon of this score is used."""
        return _logistic(self.shift + self.slope * score)


def learned(fates: Sequence[Fate]) -> Model | None:
    """The model of these past coupons; None where they are too few or too alike."""
    used = sum(one.used for one in fates)
    if len(fates) < ENOUGH or min(used, len(fates) - used) < ENOUGH_OF_EACH:
        return None
    middle = fmean(one.score for one in fates)
    shift, slope = log(used / (len(fates) - used)), 1.0
    for _ in range(ROUNDS):
        chances = [_logistic(shift + slope * (one.score - middle)) for one in fates]
        left = [one.used - chance for one, chance in zip(fates, chances, strict=True)]
        aside = [one.score - middle for one in fates]
        weights = [chance * (1.0 - chance) for chance in chances]
        first, second = sum(left), sum(a * b for a, b in zip(left, aside, strict=True)) - SLOPE_PULL * (slope - 1.0)
        a, b = sum(weights) + 1e-9, sum(w * x for w, x in zip(weights, aside, strict=True))
        c = sum(w * x * x for w, x in zip(weights, aside, strict=True)) + SLOPE_PULL
        det = a * c - b * b
        step = ((c * first - b * second) / det, (a * second - b * first) / det)
        shift, slope = shift + max(-2.0, min(2.0, step[0])), slope + max(-1.0, min(1.0, step[1]))
        if max(map(abs, step)) < 1e-8:
            break
    model = Model(shift - slope * middle, slope, 0.0, 0.0, len(fates))
    spread, campaigns = _spread(model, fates)
    doubt = 1.0 / _variance([model.chance(one.score) for one in fates]) + spread / campaigns
    return model._replace(spread=spread, doubt=doubt)


def _spread(model: Model, fates: Sequence[Fate]) -> tuple[float, int]:
    """How far the shift of one campaign lies from the next one's (variance), and of how many campaigns."""
    groups: dict[str, list[Fate]] = defaultdict(list)
    for one in fates:
        groups[one.group].append(one)
    beyond = squares = 0.0
    for group in groups.values():
        chances = [model.chance(one.score) for one in group]
        variance = _variance(chances)
        beyond += (sum(one.used for one in group) - sum(chances)) ** 2 - variance
        squares += variance**2
    more = len(groups) - 1
    return max(0.0, (SPREAD * SPREAD_PULL + more * beyond / max(squares, 1e-9)) / (SPREAD_PULL + more)), len(groups)


def expected(model: Model, some: Sequence[float], coupons: int) -> tuple[float, float]:
    """Between how many of ``coupons`` will be used (95 %); ``some``: the scores of at least one of them, or of all."""
    chances = [model.chance(score) for score in some]
    scale = coupons / len(chances)
    variance = scale * _variance(chances)
    left_out = 0.0 if len(chances) >= coupons else coupons**2 * pvariance(chances) / len(chances)
    half = NORMAL_95 * sqrt(variance + variance**2 * (model.spread + model.doubt) + left_out)
    middle = scale * sum(chances)
    return max(0.0, middle - half), min(float(coupons), middle + half)


def _variance(chances: Sequence[float]) -> float:
    return sum(chance * (1.0 - chance) for chance in chances)


def _logistic(total: float) -> float:
    return 1.0 / (1.0 + exp(-total)) if total > -700 else 0.0
