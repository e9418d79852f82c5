"""Charts as SVG, drawn on the server: columns (plain or stacked under a line), tracks of moments along a line of
time, intervals around a line of no difference, shares of a bar, and the shades of a heat map.

A chart is filled by class, so it follows the theme, prints, and needs neither style nor script.  It has a title for
who cannot see it; its page adds a sentence, and a table of the same figures.  Invariant: nothing is drawn
outside the view box, whatever the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import NamedTuple

from markupsafe import Markup

WIDTH = 720
LEFT, RIGHT, TOP, FOOT = 46, 12, 24, 26
"""Room for the scale, beside the last mark, above the highest column and for the names below."""
HEIGHT = 200
ROW, NAME = 30, 170
"""The height of one track, and the room for its name."""
FILLS = ("f1", "f4", "f2", "f3")
"""The fills of the parts of a stacked column, from the ground up."""
SHADES = 6
"""Steps of a heat map, from h0 to h5."""
REACH, MIDDLE, ROOM = 226, 113, 34
"""An interval's width, its line of no difference, its height."""
LONGEST = 24
"""Letters of a name; the table has all of them."""


class Column(NamedTuple):
    """One column: its name and its figure, 0 or more."""

    name: str
    value: int


class Stack(NamedTuple):
    """One column of parts, from the ground up, each 0 or more; a name that is empty is not written."""

    name: str
    parts: tuple[int, ...]
    partial: bool = False
    """Not over yet: drawn paler."""


class Track(NamedTuple):
    """One line of time: its name, moments on it, and from when to when the next is usual; all as shares of the span."""

    name: str
    at: Sequence[float]
    next: tuple[float, float] | None = None


def scale(highest: int, lines: int = 4) -> list[int]:
    """Even whole steps of 1, 2 or 5 times a power of ten, ``lines`` at most, from 0 to at least ``highest``."""
    highest = max(highest, 1)
    step = next(digit * 10**power for power in count() for digit in (1, 2, 5) if digit * 10**power * lines >= highest)
    return list(range(0, highest + step, step))[: -(-highest // step) + 1]


def columns(rows: Sequence[Column], title: str, unit: str, number: Callable[[int], str]) -> Markup:
    """Columns over a scale in ``unit``."""
    marks = scale(max((row.value for row in rows), default=0))
    top, bottom = marks[-1], HEIGHT - FOOT

    def height(value: int) -> float:
        return value / top * (bottom - TOP)

    parts = [_text(0, TOP - 10, unit, "start")]
    for mark in marks:
        y = bottom - height(mark)
        parts += [_line(LEFT, y, WIDTH - RIGHT, y), _text(LEFT - 8, y + 4, number(mark), "end")]
    pitch = (WIDTH - LEFT - RIGHT) / max(len(rows), 1)
    for place, row in enumerate(rows):
        middle, tall = LEFT + pitch * (place + 0.5), height(row.value)
        wide = min(pitch * 0.6, 56)
        parts += [
            Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="2" class="f1"/>').format(
                middle - wide / 2, bottom - tall, wide, tall
            ),
            _text(middle, HEIGHT - 8, row.name, "middle"),
        ]
    return _svg(HEIGHT, title, parts)


def stacks(
    rows: Sequence[Stack], title: str, number: Callable[[int], str], line: Sequence[int] = (), width: int = WIDTH
) -> Markup:
    """Stacked columns under a dashed line of other figures, over one scale; ``number`` writes its marks."""
    tops = [sum(row.parts) for row in rows]
    marks = scale(max((*tops, *line), default=0))
    top, bottom = marks[-1], HEIGHT - FOOT
    parts = []
    for mark in marks:
        y = bottom - mark / top * (bottom - TOP)
        parts += [_line(LEFT, y, width - RIGHT, y), _text(LEFT - 8, y + 4, number(mark), "end")]
    pitch = (width - LEFT - RIGHT) / max(len(rows), 1)
    wide = min(pitch * 0.66, 52)
    for place, row in enumerate(rows):
        middle, ground = LEFT + pitch * (place + 0.5), float(bottom)
        for part, fill in zip(row.parts, FILLS, strict=False):
            tall = part / top * (bottom - TOP)
            ground -= tall
            parts.append(
                Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="2" class="{}"/>').format(
                    middle - wide / 2, ground, wide, max(tall - 1, 0), f"{fill} pale" if row.partial else fill
                )
            )
        parts.append(_text(middle, HEIGHT - 8, row.name, "middle") if row.name else Markup(""))
    points = " ".join(
        f"{LEFT + pitch * (place + 0.5):.1f},{bottom - value / top * (bottom - TOP):.1f}"
        for place, value in enumerate(line[: len(rows)])
    )
    parts.append(Markup('<polyline points="{}" class="ln-d"/>').format(points) if points else Markup(""))
    return _svg(HEIGHT, title, parts, width)


def interval(low: float, at: float, high: float, reach: float, words: str, title: str) -> Markup:
    """A figure with its interval around the line of no difference; ``reach`` is the farthest end that is drawn."""
    look = "g" if low > 0 else "b" if high < 0 else ""
    unit = (REACH - MIDDLE - 10) / (reach or 1)
    start, middle, end = (MIDDLE + min(max(value, -reach), reach) * unit for value in (low, at, high))
    parts = Markup(
        '<text x="0" y="22" class="v {}">{}</text><line x1="{}" x2="{}" y1="3" y2="31" class="zl"/>'
        '<line x1="{:.1f}" x2="{:.1f}" y1="17" y2="17" class="iv {}"/>'
        '<circle cx="{:.1f}" cy="17" r="5.5" class="pt {}"/>'
    ).format(look, words, MIDDLE, MIDDLE, start, end, look, middle, look)
    return Markup(
        '<svg viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}" class="lift">{}</svg>'
    ).format(REACH, ROOM, REACH, ROOM, title, parts)


def bar(parts: Sequence[tuple[float, str]], title: str, css: str = "stack", height: int = 26) -> Markup:
    """One lying bar of (share of 100, fill), side by side with a thin gap, in a width that follows its place."""
    found, at = [], 0.0
    for share, fill in parts:
        found.append(
            Markup('<rect x="{:.2f}%" width="{:.2f}%" height="{}" class="{}"/>').format(at, share, height, fill)
        )
        if at:
            found.append(Markup('<rect x="{:.2f}%" width="2" height="{}" class="gap"/>').format(at, height))
        at += share
    return Markup('<svg class="{}" width="100%" height="{}" role="img" aria-label="{}">{}</svg>').format(
        css, height, title, Markup("").join(found)
    )


def shade(value: float, highest: float) -> str:
    """The class of a cell of a heat map: h0 for the least, h5 for the most."""
    step = int(SHADES * value / highest) if highest else 0
    return f"h{min(max(step, 0), SHADES - 1)}"


def tracks(rows: Sequence[Track], ticks: Sequence[tuple[float, str]], title: str) -> Markup:
    """One line for each row with a dot for each moment; ``ticks`` are (share of the span, name)."""
    height = ROW * len(rows) + FOOT + 8
    bottom, span = height - FOOT, WIDTH - NAME - RIGHT

    def x(share: float) -> float:
        return NAME + min(max(share, 0.0), 1.0) * span

    parts = []
    for share, name in ticks:
        parts += [_line(x(share), 4, x(share), bottom), _text(x(share), height - 8, name, "middle")]
    for place, row in enumerate(rows):
        y = ROW * (place + 0.5) + 4
        parts += [_text(0, y + 4, _short(row.name), "start"), _line(NAME, y, WIDTH - RIGHT, y)]
        if row.next is not None and row.next[1] > 0:
            start, end = x(row.next[0]), x(row.next[1])
            parts.append(
                Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="10" rx="5" class="f2"/>').format(
                    start, y - 5, max(end - start, 3)
                )
            )
        parts += [
            Markup('<circle cx="{:.1f}" cy="{:.1f}" r="4.5" class="f1"/>').format(x(share), y)
            for share in row.at
            if 0 <= share <= 1
        ]
    return _svg(height, title, parts)


def _svg(height: int, title: str, parts: Sequence[Markup], width: int = WIDTH) -> Markup:
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        width, height, title, Markup("").join(parts)
    )


def _line(x1: float, y1: float, x2: float, y2: float) -> Markup:
    return Markup('<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" class="gl"/>').format(x1, y1, x2, y2)


def _text(x: float, y: float, words: str, anchor: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(x, y, anchor, words)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1].rstrip()}…"
