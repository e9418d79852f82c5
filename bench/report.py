"""The figures as one markdown table, each ratio beside its goal."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from bench.meter import Reading
from bench.tails import Tail

NAMES = {
    "raw": "raw driver, 16 sales a commit",
    "storage": "storage part: the writing transaction through the product's store",
    "reads": "the same with the snapshot reads before and after it",
    "service": "service call, price known",
    "bare": "whole request without price()",
    "whole": "whole request",
    "textbook": "textbook stack, whole request",
    "few": "whole request, small shop",
    "many": "whole request, big shop",
}


class Figures(NamedTuple):
    """What was measured on one engine."""

    engine: str
    sales: int
    readings: dict[str, list[Reading]]
    growth: dict[str, list[Reading]]
    raw_tail: Tail
    served_tail: Tail
    price: Tail

    def ratio(self, one: str, other: str) -> float:
        """The median of the rounds' CPU ratios."""
        readings = self.readings | self.growth
        pairs = zip(readings[one], readings[other], strict=True)
        return statistics.median(a.cpu / b.cpu for a, b in pairs)


class Goal(NamedTuple):
    """A ratio with what it should be at most, for each engine (None = not set)."""

    text: str
    value: float
    limit: float | None


def goals(figures: Figures) -> list[Goal]:
    """The ratios of one engine."""
    sqlite = figures.engine == "sqlite"
    rows = [
        Goal("storage part / raw", figures.ratio("storage", "raw"), 1.5 if sqlite else 1.8),
        Goal("storage part with its reads / raw", figures.ratio("reads", "raw"), None),
        Goal("service call / raw", figures.ratio("service", "raw"), None),
        Goal("request without price() / raw", figures.ratio("bare", "raw"), 4.0 if sqlite else None),
        Goal("request without price() / textbook", figures.ratio("bare", "textbook"), 0.2),
        Goal("request / textbook", figures.ratio("whole", "textbook"), None),
        Goal("p99/p50 at 16 tills / raw's own", figures.served_tail.ratio / figures.raw_tail.ratio, 1.5),
        Goal("price() of 20 lines, median ms", figures.price.p50, 3.0),
    ]
    if figures.growth:
        rows.append(Goal("big shop / small shop", figures.ratio("many", "few"), 1.5))
    return rows


def markdown(all_figures: Sequence[Figures]) -> str:
    """One section for each engine."""
    return "\n\n".join(_section(figures) for figures in all_figures) + "\n"


def _section(figures: Figures) -> str:
    lines = [
        f"### {figures.engine}",
        "",
        "| a sale of 10 lines | CPU µs | wall µs | foreign load |",
        "|---|---:|---:|---:|",
    ]
    for name, readings in (figures.readings | figures.growth).items():
        cpu, wall = (statistics.median(getattr(r, what) for r in readings) for what in ("cpu", "wall"))
        foreign = statistics.median(reading.foreign for reading in readings)
        lines.append(
            f"| {NAMES[name]} | {cpu * 1e6 / figures.sales:.0f} | {wall * 1e6 / figures.sales:.0f} | {foreign:.0%} |"
        )
    raw, served = figures.raw_tail, figures.served_tail
    lines += [
        "",
        f"p50/p99 in ms: raw group of 16 {raw.p50:.1f}/{raw.p99:.1f}; POST /sales over HTTP at 16 tills "
        f"{served.p50:.1f}/{served.p99:.1f}; price() of 20 lines {figures.price.p50:.2f}/{figures.price.p99:.2f}.",
        "",
        "| ratio | measured | goal | |",
        "|---|---:|---:|---|",
    ]
    for goal in goals(figures):
        limit = "" if goal.limit is None else f"≤ {goal.limit}"
        verdict = "" if goal.limit is None else "met" if goal.value <= goal.limit else "missed"
        lines.append(f"| {goal.text} | {goal.value:.2f} | {limit} | {verdict} |")
    return "\n".join(lines)
