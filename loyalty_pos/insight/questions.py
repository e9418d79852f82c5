"""The two questions that are learned: what is in the next basket, and what is bought within 28 days.

The first gives the score that orders the list.  Its answers are each member's own newest visits before
the cut, each judged on what stood before it; "bought in the last 28 days" over everybody ranks worse
than plain counting.  The second gives the chance that people read: what was known 28, 56 and 84 days
before the cut, and what was bought in the 28 days from there, so that one odd month is not the rule.
Invariant: both are taken from lines before the cut alone.

Members are taken every k-th by number, so that learning costs the same for a shop and for a chain;
where there are fewer than ``FEWEST`` purchases to learn from, the shipped weights stand.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import ibis
import numpy as np
from ibis.expr.types import Table

from loyalty_pos.insight import logistic
from loyalty_pos.insight.engine import Keep
from loyalty_pos.insight.features import LATE_DAYS, candidates
from loyalty_pos.insight.logged import NEW, OWN, WAITING, logged
from loyalty_pos.insight.logistic import Weights
from loyalty_pos.insight.visits import Visits, before_day, before_newest

MOST_ROWS = 600_000
VISITS, MONTHS = 2, 3
FEWEST = 200
FEATURES = {
    "next_own": OWN,
    "next_new": NEW,
    "month_own": (*OWN, *WAITING),
    "month_new": (*NEW, *WAITING),
}


@dataclass(frozen=True, slots=True)
class Lesson:
    """Candidates with what came of them: the features and the 0/1 answers, own items first by ``own``."""

    columns: dict[str, np.ndarray]
    own: np.ndarray
    answers: np.ndarray

    def part(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """The rows and answers that the weights ``name`` are learned from."""
        chosen = self.own if name.endswith("own") else ~self.own
        rows = np.column_stack([self.columns[feature][chosen] for feature in FEATURES[name]])
        return rows, self.answers[chosen]


def lessons(known: Visits, keep: Keep) -> dict[str, Lesson]:
    """ "next" and "month": what the lines before the cut teach."""
    visits, history = [], known.bought
    for _ in range(VISITS):
        history, answers = before_newest(history)
        history = keep(history)
        visits.append(lesson_of(history, answers, known.today, keep))
    months = []
    for number in range(1, MONTHS + 1):
        start = known.today - number * LATE_DAYS
        history, answers = before_day(known.bought, start)
        window = answers.filter(answers.day < start + LATE_DAYS).select("m", "s").distinct()
        months.append(lesson_of(keep(history), window, start, keep))
    return {"next": _together(visits), "month": _together(months)}


def lesson_of(history: Table, answers: Table, today: int, keep: Keep) -> Lesson:
    """The candidates of a history as of a day, and which of them the answers (m, s) name."""
    step = max(1, int(history.count().to_pyarrow().as_py()) // MOST_ROWS)
    found = logged(candidates(history, today, keep, step), today)
    marked = answers.mutate(answer=ibis.literal(1.0, "float64"))
    found = found.left_join(marked, ["m", "s"], rname="{name}_again").drop("m_again", "s_again")
    table = keep(found.mutate(answer=found.answer.fill_null(0.0))).order_by(["m", "s"]).to_pyarrow()
    columns = {name: table[name].to_numpy() for name in (*OWN, *WAITING)}
    return Lesson(columns, table["own"].to_numpy(), table["answer"].to_numpy())


def _together(parts: Sequence[Lesson]) -> Lesson:
    columns = {name: np.concatenate([part.columns[name] for part in parts]) for name in (*OWN, *WAITING)}
    own, answers = (np.concatenate([getattr(part, name) for part in parts]) for name in ("own", "answers"))
    return Lesson(columns, own, answers)


def shipped() -> dict[str, dict[str, float]]:
    """The weights that come with the product (docs/habits.md says what they were learned from)."""
    text = (files("loyalty_pos.insight") / "weights.json").read_text(encoding="utf-8")
    found: dict[str, dict[str, float]] = json.loads(text)
    return found


def refitted(taught: dict[str, Lesson], known: dict[str, dict[str, float]]) -> tuple[dict[str, Weights], set[str]]:
    """The weights for this shop, and which of them it had purchases enough to learn itself."""
    weights: dict[str, Weights] = dict(known)
    own = set()
    for name in FEATURES:
        question = name.split("_")[0]
        if question not in taught:
            continue
        rows, answers = taught[question].part(name)
        if FEWEST <= answers.sum() <= len(answers) - FEWEST:
            weights[name] = logistic.learned(rows, answers, FEATURES[name], known.get(name, {}))
            own.add(name)
    return weights, own
