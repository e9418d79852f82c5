"""The two tasks, each with all contenders on one history: the last basket, and what is bought within four weeks.

Ours are run as anybody runs them: lines are written to a file and ranked from it, so that nothing but
the history can reach them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import Literal, NamedTuple

import duckdb
import numpy as np

from bench.habits.classics import CLASSICS, History, Rows
from bench.habits.data import Bought, last_day
from bench.habits.measures import Basket, K, Lists, auc, bands, precision, recall_ndcg
from loyalty_pos.insight.rank import Job, rank

Model = Literal["logistic", "boosted"]
Tell = Callable[[str], None]
WEEKS = 28


class Found(NamedTuple):
    """A contender's figures: whole, and for each half of the members."""

    name: str
    first: float
    second: float
    halves: tuple[tuple[float, float], tuple[float, float]]
    seconds: float


def last_basket(bought: Bought, fewest: int, models: Iterable[Model], folder: Path, tell: Tell) -> list[Found]:
    """recall@10 and nDCG@10 of each member's last day; history is everything before it."""
    known, after = last_day(bought, fewest)
    history = History(known)
    truth = Basket(np.searchsorted(history.members, after.member), after.item)

    def judged(name: str, make: Callable[[], Lists]) -> Found:
        begun = process_time()
        lists = make()
        seconds = process_time() - begun
        whole, *halves = (recall_ndcg(lists, truth, history.items, half) for half in (None, 0, 1))
        tell(f"{name}: recall@10 {whole[0]:.4f}, nDCG@10 {whole[1]:.4f}")
        return Found(name, *whole, (halves[0], halves[1]), seconds)

    found = [
        judged(name, lambda make=make: Lists.of(make(history), len(history.members)))  # type: ignore[misc]
        for name, make in CLASSICS.items()
    ]
    lines = known.write(folder / "known.parquet")

    def ours(model: Model) -> Lists:
        rows = _ranked(Job(lines, folder / "rank.parquet", top=K, model=model))
        items = np.full((len(history.members), K), -1)
        items[np.searchsorted(history.members, rows["member"]), rows["place"] - 1] = rows["sku"]
        return Lists(items)

    return found + [judged(f"ours, {model}", lambda model=model: ours(model)) for model in models]  # type: ignore[misc]


class Weeks(NamedTuple):
    """AUC and P@5 of each contender, and how well the chances of ours hold, by model."""

    found: list[Found]
    bands: dict[str, list[tuple[int, float, float]]]


def four_weeks(
    bought: Bought, cut: int, models: Iterable[Model], folder: Path, tell: Tell, classics: Iterable[str]
) -> Weeks:
    """Of the pairs bought in the last 182 days by members who came in the last 84: AUC over all, P@5 a member."""
    known = bought.where(bought.day < cut)
    history = History(known)
    active = history.last >= cut - 84
    recent = (known.day >= cut - 182) & active[history.place]
    keys = np.unique(history.place[recent] * np.int64(history.items) + known.item[recent])
    place, item = keys // history.items, keys % history.items
    later = bought.where((bought.day >= cut) & (bought.day < cut + WEEKS) & np.isin(bought.member, history.members))
    came = np.isin(keys, np.searchsorted(history.members, later.member) * np.int64(history.items) + later.item)

    def judged(name: str, scores: np.ndarray, seconds: float) -> Found:
        parts = [np.ones(len(keys), bool), place % 2 == 0, place % 2 == 1]
        whole, *halves = (
            (auc(scores[part], came[part]), precision(place[part], scores[part], came[part])) for part in parts
        )
        tell(f"{name}: AUC {whole[0]:.4f}, P@5 {whole[1]:.4f}")
        return Found(name, *whole, (halves[0], halves[1]), seconds)

    found = []
    for name in classics:
        begun = process_time()
        scores = _pair_scores(CLASSICS[name](history), place, item)
        found.append(judged(name, scores, process_time() - begun))
    lines, held = bought.write(folder / "lines.parquet"), {}
    for model in models:
        begun = process_time()
        moment = datetime.fromtimestamp(cut * 86_400, UTC)
        rows = _ranked(Job(lines, folder / "rank.parquet", cut=moment, top=0, model=model))
        ranked = np.searchsorted(history.members, rows["member"]) * np.int64(history.items) + rows["sku"]
        order = np.argsort(ranked)
        chances = rows["chance"][order[np.searchsorted(ranked, keys, sorter=order)]]
        found.append(judged(f"ours, {model}", chances, process_time() - begun))
        held[model] = bands(chances, came)
    return Weeks(found, held)


def _pair_scores(rows: Rows, place: np.ndarray, item: np.ndarray) -> np.ndarray:
    """The score of each pair; ``place`` is in order."""
    scores = np.empty(len(place))
    for start in range(0, int(place.max()) + 1, 200):
        chosen = slice(*np.searchsorted(place, [start, start + 200]))
        members, index = np.unique(place[chosen], return_inverse=True)
        if len(members):
            scores[chosen] = rows(members)[index, item[chosen]]
    return scores


def _ranked(job: Job) -> dict[str, np.ndarray]:
    """Run ours and read what it wrote."""
    rank(job)
    return duckdb.execute(
        f"""SELECT CAST(member AS BIGINT) AS member, rank AS place, CAST(sku AS BIGINT) AS sku, score, chance
            FROM read_parquet('{job.out}')"""
    ).fetchnumpy()
