"""Charts: even scales, nothing outside the view box, words escaped."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_pos.web.charts import (
    HEIGHT,
    LEFT,
    NAME,
    REACH,
    WIDTH,
    Column,
    Stack,
    Track,
    bar,
    columns,
    interval,
    scale,
    shade,
    stacks,
    tracks,
)

figures = st.lists(st.integers(0, 10**9), max_size=12)
shares = st.floats(-2, 3)


@pytest.mark.parametrize(
    ("highest", "marks"),
    [(0, [0, 1]), (1, [0, 1]), (4, [0, 1, 2, 3, 4]), (5, [0, 2, 4, 6]), (9, [0, 5, 10]), (47, [0, 20, 40, 60]),
     (400, [0, 100, 200, 300, 400])],
)  # fmt: skip
def test_a_scale_has_whole_even_steps(highest: int, marks: list[int]) -> None:
    """1, 2 or 5 times a power of ten."""
    assert scale(highest) == marks


@given(highest=st.integers(0, 10**12))
def test_a_scale_reaches_the_highest_and_has_few_lines(highest: int) -> None:
    """Four at most above zero, none of them idle."""
    marks = scale(highest)
    assert marks[-1] >= highest
    assert len(marks) <= 5
    assert len(marks) == 2 or marks[-2] < highest


def numbers(svg: str, tag: str, *names: str) -> list[tuple[float, ...]]:
    """The attributes of every shape of one kind."""
    return [tuple(float(node.get(name) or 0) for name in names) for node in ElementTree.fromstring(svg).iter(tag)]


@given(values=figures)
def test_columns_stand_on_their_ground_inside_the_picture(values: list[int]) -> None:
    """Whatever the figures; a higher figure has no lower column."""
    svg = columns([Column(f"c{n}", value) for n, value in enumerate(values)], "title", "unit", str)
    bars = numbers(svg, "rect", "x", "y", "width", "height")
    assert len(bars) == len(values)
    for x, y, wide, tall in bars:
        assert LEFT <= x <= x + wide <= WIDTH
        assert 0 <= y <= y + tall <= HEIGHT
    tall_by_value = [tall for _, (_, _, _, tall) in sorted(zip(values, bars, strict=True), key=lambda pair: pair[0])]
    assert tall_by_value == sorted(tall_by_value)


@given(rows=st.lists(st.tuples(st.lists(shares, max_size=5), st.tuples(shares, shares).map(sorted)), max_size=6))
def test_tracks_show_the_moments_of_the_span_and_no_others(rows: list[tuple[list[float], list[float]]]) -> None:
    """What lies before or after is not drawn at its edge."""
    svg = tracks([Track("x", at, (usual[0], usual[1])) for at, usual in rows], [(0.5, "today")], "title")
    dots = numbers(svg, "circle", "cx", "cy")
    assert len(dots) == sum(0 <= share <= 1 for at, _ in rows for share in at)
    height = float(re.search(r'viewBox="0 0 \d+ (\d+)"', svg)[1])  # type: ignore[index]
    assert all(NAME <= x <= WIDTH and 0 <= y <= height for x, y in dots)
    assert all(x >= NAME for x, _ in numbers(svg, "rect", "x", "y"))


def test_names_are_words_and_never_markup() -> None:
    """A product may be called anything; a long name is cut, the table has all of it."""
    svg = tracks([Track('<script>"& a name that is far too long to stand here', [0.5])], [], 'a "title"')
    assert "<script>" not in svg
    assert [node.text for node in ElementTree.fromstring(svg).iter("text")] == ['<script>"& a name that…']
    assert ElementTree.fromstring(svg).get("aria-label") == 'a "title"'


@given(parts=st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), max_size=40), line=figures)
def test_stacks_stay_inside_and_add_up(parts: list[tuple[int, int]], line: list[int]) -> None:
    """The parts of a column stand on each other; the line is over the same scale."""
    svg = stacks([Stack("", one) for one in parts], "t", str, line)
    for x, y, wide, tall in numbers(svg, "rect", "x", "y", "width", "height"):
        assert LEFT <= x <= x + wide <= WIDTH
        assert 0 <= y <= y + tall <= HEIGHT
    for node in ElementTree.fromstring(svg).iter("polyline"):
        assert all(0 <= float(value) <= WIDTH for point in node.attrib["points"].split() for value in point.split(","))


@given(ends=st.tuples(st.floats(-500, 500), st.floats(-500, 500), st.floats(-500, 500)), reach=st.floats(1, 200))
def test_an_interval_stays_inside(ends: tuple[float, float, float], reach: float) -> None:
    """An end beyond the reach is drawn at it."""
    low, at, high = sorted(ends)
    svg = interval(low, at, high, reach, "+1%", "t")
    assert all(0 <= x <= REACH for node in numbers(svg, "line", "x1", "x2") for x in node)
    assert ("pt g" in svg, "pt b" in svg) == (low > 0, low <= 0 and high < 0)


def test_a_bar_is_side_by_side_and_escaped() -> None:
    """Each part begins where the one before ends."""
    svg = bar([(60.0, "f1"), (40.0, "f4")], "<b>")
    assert 'x="60.00%" width="40.00%"' in svg
    assert "<b>" not in svg


@pytest.mark.parametrize(("value", "step"), [(0, "h0"), (49, "h2"), (50, "h3"), (99, "h5"), (100, "h5")])
def test_shades_follow_the_figure(value: int, step: str) -> None:
    """Six steps from nothing to the most."""
    assert shade(value, 100) == step
    assert shade(0, 0) == "h0"
