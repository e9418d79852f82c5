"""Rhythm and lifecycle: shrunk to what is usual, judged by one's own past (habits.md section 3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_pos.domain.habits import due
from loyalty_pos.domain.habits.due import Gaps, chance, gaps_of, kept_gaps, rhythm
from loyalty_pos.domain.habits.lifecycle import STATES, Lifecycle, because, lifecycle
from loyalty_pos.domain.habits.profile import DAY_MS, T0_MS, gap_squares
from loyalty_pos.domain.pricing.say import Say

VI, EN = Say("vi", "VND"), Say("en", "VND")
USUAL = chance(14)
lengths = st.lists(st.integers(0, 200), max_size=30)
FAR = {"new": 0, "active": 0, "regular": 0, "won_back": 0, "slipping": 1, "lapsed": 2}


def every(gap: int, times: int, start: int = 0) -> list[int]:
    """Days at an even distance."""
    return [start + gap * number for number in range(times)]


@given(own=lengths)
def test_a_rhythm_lies_between_the_own_and_the_usual(own: list[int]) -> None:
    """One usual gap stands beside the own ones; without any it is the usual one."""
    beat = rhythm(gaps_of(own), USUAL)
    mean = sum(own) / len(own) if own else 14
    assert min(mean, 14) - 1e-9 <= beat.mean <= max(mean, 14) + 1e-9
    assert beat.mean == pytest.approx((sum(own) + 14) / (len(own) + 1))
    assert beat.deviation >= 0


def test_many_gaps_are_ones_own() -> None:
    """A hundred weeks of every week: 7 days, and hardly any deviation."""
    beat = rhythm(gaps_of([7] * 100), USUAL)
    assert beat.mean == pytest.approx(7.07, abs=0.01)
    assert beat.deviation < 3
    assert beat.ratio(14) == pytest.approx(1.98, abs=0.01)
    assert rhythm(Gaps(), USUAL) == pytest.approx((14, 14))


@given(days=st.lists(st.integers(0, 3_000), min_size=2, max_size=20, unique=True).map(sorted))
def test_counters_tell_the_same_gaps_as_the_days(days: list[int]) -> None:
    """The count and the sum telescope; the squares are kept in hours."""
    moments = [T0_MS + day * DAY_MS for day in days]
    kept = kept_gaps(len(days), moments[0], moments[-1], gap_squares(moments))
    assert kept == pytest.approx(gaps_of(b - a for a, b in zip(days, days[1:], strict=False)))


@pytest.mark.parametrize(
    ("days", "today", "state"),
    [
        ([0], 0, "new"),
        ([0], 42, "new"),
        ([0], 43, "slipping"),
        ([0], 84, "slipping"),
        ([0], 85, "lapsed"),
        ([0, 9], 10, "new"),
        ([0, 9, 11], 12, "active"),
        (every(7, 5), 30, "active"),
        (every(7, 6), 37, "regular"),
        (every(7, 30), 203 + 10, "regular"),
        (every(7, 30), 203 + 25, "slipping"),
        (every(7, 30), 203 + 60, "lapsed"),
        (every(30, 30), 870 + 25, "regular"),
        ([*every(7, 20), 133 + 120], 133 + 120, "won_back"),
        ([*every(7, 20), *every(7, 3, 253)], 253 + 15, "won_back"),
        ([*every(7, 20), *every(7, 4, 253)], 253 + 22, "regular"),
        ([*every(7, 20), 253], 253 + 60, "lapsed"),
        ([0, 1, 30, 31, 33, 60], 61, "active"),
    ],
)
def test_where_somebody_stands(days: list[int], today: int, state: str) -> None:
    """Weekly buyers slip after three weeks, monthly ones do not; who came back is won back for three visits."""
    assert lifecycle(days, today, USUAL).state == state


@given(gaps=st.lists(st.integers(1, 300), max_size=25), waits=st.tuples(st.integers(0, 2_000), st.integers(0, 2_000)))
def test_who_is_silent_longer_is_never_nearer(gaps: list[int], waits: tuple[int, int]) -> None:
    """And nobody is silent for more than a year without having lapsed."""
    days = [0]
    for gap in gaps:
        days.append(days[-1] + gap)
    sooner, later = (lifecycle(days, days[-1] + wait, USUAL) for wait in sorted(waits))
    assert FAR[sooner.state] <= FAR[later.state]
    assert later.silence <= 366 or later.state == "lapsed"


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("visits", [1, 9])
def test_each_state_has_its_reason_in_both_languages(state: str, visits: int) -> None:
    """With the figures it was judged by."""
    life = Lifecycle(state, visits, 9, 7, 21, 100)  # type: ignore[arg-type]
    vi, en = because(life, VI), because(life, EN)
    assert vi != en
    assert "ngày" in vi
    assert "day" in en
    assert any(figure in en for figure in ("7 days", "9 days", "100 days", "1 day"))


def test_the_reason_of_a_rhythm() -> None:
    """habits.md section 2: mua 7 ngày một lần, lần cuối 9 ngày trước."""
    assert due.because(6.8, 9, VI) == "Mua khoảng 7 ngày một lần, lần cuối 9 ngày trước."
    assert due.because(1.2, 1, EN) == "Buys about every 1 day, last 1 day ago."
