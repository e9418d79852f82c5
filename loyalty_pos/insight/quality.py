"""What a model is worth on the newest 28 days: learned on what stood before them, asked of them, compared.

Invariant: of the window only the answers are looked at, never a figure; so the measure is what somebody would
have seen who had ranked 28 days ago.  Members are taken every k-th, as for learning.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loyalty_pos.insight import boosted
from loyalty_pos.insight.engine import Keep
from loyalty_pos.insight.features import LATE_DAYS
from loyalty_pos.insight.questions import lesson_of, lessons, refitted, shipped
from loyalty_pos.insight.visits import Visits, before_day

BINS = 10


def measured(known: Visits, keep: Keep, boost: bool = False) -> dict[str, Any] | None:
    """{"days", "pairs", "bought", "said", "auc", "bins": [{"pairs", "said", "bought"}]}; None without a past to rank.

    ``said`` is the mean chance, ``bought`` the share that was bought, each of the candidates of all members and of
    those in a tenth of the chance; ``auc`` is null where all or none were bought.
    """
    start = known.today - LATE_DAYS
    history, later = before_day(known.bought, start)
    early = Visits(keep(history), known.members, known.items, start)
    if not early.bought.count().to_pyarrow().as_py():
        return None
    taught = lessons(early, keep)
    weights, _ = refitted(taught, shipped())
    trees = boosted.grown(taught, weights) if boost else {}
    asked = lesson_of(early.bought, later.select("m", "s").distinct(), start, keep)
    said = boosted.chances(asked.columns, asked.own, weights, trees, "month")
    return {
        "days": LATE_DAYS,
        "pairs": len(said),
        "said": _mean(said),
        "bought": _mean(asked.answers),
        "auc": auc(said, asked.answers),
        "bins": bins(said, asked.answers),
    }


def auc(said: np.ndarray, answers: np.ndarray) -> float | None:
    """How often a pair that was bought has the higher chance than one that was not; ties count half."""
    bought = int(answers.sum())
    others = len(answers) - bought
    if not bought or not others:
        return None
    _, place, sizes = np.unique(said, return_inverse=True, return_counts=True)
    ranks = np.cumsum(sizes) - (sizes - 1) / 2.0
    return round(float((ranks[place][answers > 0].sum() - bought * (bought + 1) / 2.0) / (bought * others)), 4)


def bins(said: np.ndarray, answers: np.ndarray) -> list[dict[str, Any]]:
    """The chance said and the share bought, by tenths of the chance."""
    tenth = np.minimum((said * BINS).astype(int), BINS - 1)
    return [
        {
            "pairs": int((tenth == one).sum()),
            "said": _mean(said[tenth == one]),
            "bought": _mean(answers[tenth == one]),
        }
        for one in np.unique(tenth)
    ]


def _mean(values: np.ndarray) -> float:
    return round(float(values.mean()), 4) if len(values) else 0.0
