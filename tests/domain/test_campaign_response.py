"""The response model: figures from before the coupon alone, chances that fit the past, ranges that hold the truth."""

from __future__ import annotations

import random
from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_pos.domain.campaigns import response
from loyalty_pos.domain.campaigns.choice import Bought, Candidate, appeal, choose
from loyalty_pos.domain.campaigns.response import DAY_MS, Fate, PastCoupon, PastLine

NOW = 1_000 * DAY_MS
ODD = st.integers(0, 999)


def line(ago: float, sku: str = "milk", net: int = 10_000, coupon: bool = False) -> PastLine:
    at = int(NOW - ago * DAY_MS)
    return PastLine(at, at, sku, "drinks", net, coupon)


def milk(one: PastLine) -> bool:
    return one.sku == "milk"


def test_figures_by_hand() -> None:
    lines = [line(183), line(10.5, coupon=True), line(10.2, "tea"), line(3, net=5_000), line(0)]
    coupons = [PastCoupon(NOW - 20 * DAY_MS, NOW - 10 * DAY_MS), PastCoupon(NOW - DAY_MS, None), PastCoupon(NOW, None)]
    found = response.figures(lines, coupons, milk, NOW)
    assert found == response.Figures(
        redeemed=1, answered=1, asked=2, coupon_lines=1, age=3, visits=2, spend=25_000, goods_days=2, goods_kinds=1,
        goods_coupons=1,
    )  # fmt: skip


def test_nothing_is_known_of_whoever_never_came() -> None:
    found = response.figures([], [], milk, NOW)
    assert (found.age, found.visits, found.spend) == (response.NEVER_DAYS, 0, 0)
    assert len(response.scores([found, found])) == 2


@given(st.lists(st.tuples(st.floats(0, 400), st.integers(0, 90_000), st.booleans())), st.lists(st.floats(0, 400)))
def test_what_happens_from_the_coupon_on_changes_no_figure(
    before: list[tuple[float, int, bool]], later: list[float]
) -> None:
    lines = [line(ago + 1e-6, "milk", net, coupon) for ago, net, coupon in before]
    coupons = [PastCoupon(int(NOW - (ago + 1) * DAY_MS), None) for ago, _, _ in before]
    after = [line(-ago) for ago in later]
    used_later = [one._replace(used_at=int(NOW + ago * DAY_MS)) for one, ago in zip(coupons, later, strict=False)]
    known = response.figures(lines, coupons, milk, NOW)
    assert response.figures([*lines, *after], [*used_later, *coupons[len(used_later) :]], milk, NOW) == known


def fates(seed: int, count: int = 600, shift: float = -1.0, slope: float = 1.0, campaigns: float = 0.0) -> list[Fate]:
    """Coupons of twelve campaigns; ``campaigns``: how far these differ from each other."""
    luck = random.Random(seed)
    moves = [luck.gauss(0, campaigns) for _ in range(12)]
    found = []
    for number in range(count):
        score = luck.gauss(0, 1)
        chance = 1 / (1 + exp(-(shift + slope * score + moves[number % 12])))
        found.append(Fate(score, luck.random() < chance, str(number % 12)))
    return found


def test_a_few_coupons_teach_nothing() -> None:
    assert response.learned(fates(1, response.ENOUGH - 1)) is None
    assert response.learned([one._replace(used=number < 19) for number, one in enumerate(fates(1))]) is None
    assert response.learned([one._replace(used=number >= 19) for number, one in enumerate(fates(1))]) is None
    assert response.learned(fates(1)) is not None


@given(ODD, st.floats(-2, 1), st.floats(-0.5, 2))
def test_the_chances_add_up_to_what_was_used(seed: int, shift: float, slope: float) -> None:
    past = fates(seed, shift=shift, slope=slope)
    model = response.learned(past)
    assert model is not None
    assert sum(model.chance(one.score) for one in past) == pytest.approx(sum(one.used for one in past), abs=1e-3)
    assert model.known == 600
    assert model.spread >= 0


def test_much_past_finds_the_truth() -> None:
    model = response.learned(fates(5, 40_000, shift=-1.5, slope=0.6))
    assert model is not None
    assert (model.shift, model.slope) == (pytest.approx(-1.5, abs=0.05), pytest.approx(0.6, abs=0.05))


@pytest.mark.parametrize("campaigns", [0.0, 0.4])
def test_the_range_holds_the_next_campaign(campaigns: float) -> None:
    """In at least nine of ten, whether campaigns are alike or not; not because it says next to nothing."""
    held, width = 0, 0.0
    for seed in range(200):
        model = response.learned(fates(seed, campaigns=campaigns))
        assert model is not None
        luck = random.Random(f"next {seed}")
        move = luck.gauss(0, campaigns)
        some = [luck.gauss(0, 1) for _ in range(300)]
        came = sum(luck.random() < 1 / (1 + exp(-(-1.0 + score + move))) for score in some)
        low, high = response.expected(model, some, 300)
        assert 0 <= low <= high <= 300
        held, width = held + (low <= came <= high), width + (high - low) / 300
    assert held >= 180
    assert width / 200 < 0.45


def test_a_part_of_the_members_stands_for_all_with_a_wider_range() -> None:
    model = response.learned(fates(3))
    assert model is not None
    scores = [random.Random(number).gauss(0, 1) for number in range(400)]
    whole, part = response.expected(model, scores, 400), response.expected(model, scores[::4], 400)
    assert part[1] - part[0] > whole[1] - whole[0] > 0
    assert sum(part) / 2 == pytest.approx(sum(whole) / 2, rel=0.25)


def test_the_features_are_logarithms_free_of_currency() -> None:
    one = response.figures([line(3)], [], milk, NOW)
    small, large = (response.logged(one._replace(spend=spend), spend / 2.0) for spend in (100, 10_000_000))
    assert small["spend"] == pytest.approx(large["spend"])
    assert small["goods_days"] == pytest.approx(log(2))


# Which of a set -------------------------------------------------------------------------------------


def candidates(*appeals: float) -> list[Candidate]:
    kinds = [frozenset({name}) for name in ("tea", "milk", "bread")]
    return [Candidate(str(n), str(n), frozenset(), kinds[n], value) for n, value in enumerate(appeals)]


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.integers(1, 9))
def test_own_purchases_come_before_what_others_use(appeals: list[float], times: int) -> None:
    bought = [Bought("milk", False, times, 0.1, 0)]
    assert choose(candidates(*appeals), bought).candidate.promotion == "1"


def test_among_equals_the_more_readily_used_one_is_given() -> None:
    bought = [Bought(sku, False, 2, 0.5, 0) for sku in ("tea", "milk")]
    assert choose(candidates(0.1, 0.2, 0.9), bought).candidate.promotion == "1"
    assert choose(candidates(0.1, 0.2, 0.9), []).candidate.promotion == "2"
    assert choose(candidates(0.2, 0.2, 0.2), []).candidate.promotion == "0"


def test_few_coupons_of_a_promotion_say_little() -> None:
    assert appeal(0, 0, 0, 0) == 0
    assert appeal(0, 0, 30, 100) == pytest.approx(0.3)
    assert 0.3 < appeal(2, 2, 30, 100) < 0.35
    assert appeal(900, 1000, 930, 1300) > 0.85
