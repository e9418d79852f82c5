"""The boosted model: trees that learn what the logistic model leaves over.  Needs the extra ``boosted``.

The trees start from the logistic score and correct it, so a feature's plain effect is not learned
twice, and few trees do.  Invariant: where there is too little to learn from, there are no trees, and
the answer is the logistic model's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.expr.types import Table

from loyalty_pos.insight.engine import Engine
from loyalty_pos.insight.logged import OWN, WAITING
from loyalty_pos.insight.logistic import CONSTANT, Weights
from loyalty_pos.insight.questions import FEWEST, Lesson

READS = {"next": OWN, "month": (*OWN, *WAITING)}
TREES = 100
SHAPE = {
    "objective": "binary",
    "num_leaves": 15,
    "learning_rate": 0.05,
    "min_data_in_leaf": 200,
    "lambda_l2": 20.0,
    "feature_fraction": 0.5,
    "seed": 1,
    "deterministic": True,
    "verbose": -1,
}
BATCH = 200_000


def grown(taught: Mapping[str, Lesson], weights: Mapping[str, Weights]) -> dict[str, Any]:
    """Question -> trees, for the questions with purchases enough to learn from."""
    import lightgbm

    trees = {}
    for question, lesson in taught.items():
        if FEWEST <= lesson.answers.sum() <= len(lesson.answers) - FEWEST:
            start = _logit(lesson.columns, lesson.own, weights, question)
            rows = lightgbm.Dataset(_rows(lesson.columns, lesson.own, question), lesson.answers, init_score=start)
            trees[question] = lightgbm.train(SHAPE, rows, TREES)
    return trees


def scored(engine: Engine, features: Table, weights: Mapping[str, Weights], trees: Mapping[str, Any]) -> Table:
    """m, s, score and chance of every candidate; the rows pass through in batches."""

    def batches() -> Iterator[pa.RecordBatch]:
        path = engine.scratch / "features.parquet"
        engine.write(features, path)
        for batch in pq.ParquetFile(path).iter_batches(BATCH):
            columns = {name: batch.column(name).to_numpy() for name in (*OWN, *WAITING)}
            own = batch.column("own").to_numpy(zero_copy_only=False)
            found = [pa.array(chances(columns, own, weights, trees, question)) for question in READS]
            yield pa.record_batch([batch.column("m"), batch.column("s"), *found], names=list(schema.names))

    schema = pa.schema([("m", pa.int64()), ("s", pa.int64()), ("score", pa.float64()), ("chance", pa.float64())])
    return engine.take(batches(), schema)


def chances(
    columns: Mapping[str, np.ndarray],
    own: np.ndarray,
    weights: Mapping[str, Weights],
    trees: Mapping[str, Any],
    question: str,
) -> np.ndarray:
    """The answer to a question for each row: the logistic model's, corrected by its trees where there are any."""
    total = _logit(columns, own, weights, question)
    if question in trees:
        total = total + trees[question].predict(_rows(columns, own, question), raw_score=True)
    return np.asarray(1.0 / (1.0 + np.exp(-total)))


def _rows(columns: Mapping[str, np.ndarray], own: np.ndarray, question: str) -> np.ndarray:
    return np.column_stack([own, *(columns[name] for name in READS[question])])


def _logit(
    columns: Mapping[str, np.ndarray], own: np.ndarray, weights: Mapping[str, Weights], question: str
) -> np.ndarray:
    """The weighted sum of the logistic model, for a question of each row."""

    def total(kind: str) -> np.ndarray:
        found = weights[f"{question}_{kind}"]
        sums = np.full(len(own), found[CONSTANT])
        for name, weight in found.items():
            if name != CONSTANT:
                sums = sums + columns[name] * weight
        return sums

    return np.where(own, total("own"), total("new"))
