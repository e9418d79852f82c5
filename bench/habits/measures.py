"""The measures, each over arrays of (member's place, item): one definition for every contender.

nDCG's ideal is the whole basket in its best order, not its first ten items; recall and nDCG are means
over members.  The AUC is over all pairs of all members together, ties counted half.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from bench.habits.classics import Rows

K = 10


class Lists(NamedTuple):
    """``items[place]``: the first K items of each member, -1 where there is none."""

    items: np.ndarray

    @classmethod
    def of(cls, rows: Rows, members: int) -> Lists:
        """The best of all items by score; nothing is no suggestion."""
        found = np.full((members, K), -1)
        for start in range(0, members, 200):
            places = np.arange(start, min(start + 200, members))
            scores = rows(places)
            count = min(K, scores.shape[1])
            best = np.argpartition(-scores, count - 1, axis=1)[:, :count]
            value = np.take_along_axis(scores, best, axis=1)
            order = np.lexsort((best, -value), axis=1)
            best, value = np.take_along_axis(best, order, axis=1), np.take_along_axis(value, order, axis=1)
            found[places, :count] = np.where(value > 0, best, -1)
        return cls(found)


class Basket(NamedTuple):
    """What came: ``place`` and ``item`` of every purchase, once each."""

    place: np.ndarray
    item: np.ndarray


def recall_ndcg(lists: Lists, after: Basket, items: int, half: int | None = None) -> tuple[float, float]:
    """Means over the members with something to find; ``half`` = places with this remainder of 2 alone."""
    size = np.bincount(after.place, minlength=len(lists.items))
    keys = np.arange(len(lists.items))[:, None] * np.int64(items) + lists.items
    hits = np.isin(keys, after.place * np.int64(items) + after.item) & (lists.items >= 0)
    discount = 1.0 / np.log2(np.arange(max(size.max(), K)) + 2.0)
    ideal = np.cumsum(discount)
    judged = size > 0
    if half is not None:
        judged &= np.arange(len(size)) % 2 == half
    recall = hits[judged].sum(axis=1) / size[judged]
    gain = (hits[judged] * discount[:K]).sum(axis=1) / ideal[size[judged] - 1]
    return float(recall.mean()), float(gain.mean())


def auc(scores: np.ndarray, bought: np.ndarray) -> float:
    """How often a pair that was bought stands above one that was not."""
    ranks = rankdata(scores)
    wins = ranks[bought].sum() - bought.sum() * (bought.sum() + 1) / 2
    return float(wins / (bought.sum() * (~bought).sum()))


def precision(place: np.ndarray, scores: np.ndarray, bought: np.ndarray, first: int = 5) -> float:
    """Of each member's first so many pairs by score, the share bought; the mean over members."""
    order = np.lexsort((-scores, place))
    sorted_place = place[order]
    start = np.searchsorted(sorted_place, sorted_place)
    chosen = order[np.arange(len(order)) - start < first]
    return float(bought[chosen].sum() / first / len(np.unique(place)))


def bands(chances: np.ndarray, bought: np.ndarray, count: int = 10) -> list[tuple[int, float, float]]:
    """Calibration: (pairs, mean chance said, share bought) of pairs in bands of the chance."""
    edges = np.minimum((chances * count).astype(int), count - 1)
    return [
        (int(chosen.sum()), float(chances[chosen].mean()), float(bought[chosen].mean()))
        for chosen in (edges == band for band in range(count))
        if chosen.any()
    ]
