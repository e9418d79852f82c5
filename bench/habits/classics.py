"""The classics, written after their papers: each turns a history into scores of all items for some members.

Invariant: all of them see the same history, break ties by what everybody buys, and a score of nothing
is no suggestion.  TIFU-KNN: Hu et al., SIGIR 2020; UP-CF@r: Faggioli et al., UMAP 2020; the Top-Freq
family as Li et al. (2023) define it.  Their parameters are those of the papers for grocery data.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from bench.habits.data import Bought

Rows = Callable[[np.ndarray], np.ndarray]
"""Members' places -> their scores, one row a member and one column an item."""
_TIE = 1e-6


class History:
    """The known purchases as matrices: ``members`` in order, ``visit`` counted from 1, ``visits`` of each member."""

    def __init__(self, known: Bought) -> None:
        self.members, self.place = np.unique(known.member, return_inverse=True)
        self.item, self.items = known.item, int(known.item.max()) + 1
        days, index = np.unique(np.column_stack([self.place, known.day]), axis=0, return_inverse=True)
        first = np.searchsorted(days[:, 0], np.arange(len(self.members)))
        self.visit = index.ravel() - first[self.place] + 1
        self.visits = np.bincount(days[:, 0], minlength=len(self.members))
        self.last = days[np.append(first[1:], len(days)) - 1, 1]
        self.day = known.day
        self.popular = np.bincount(self.item, minlength=self.items).astype(float)
        self.back = self.visits[self.place] - self.visit

    def matrix(self, weights: np.ndarray) -> sparse.csr_matrix:
        """Members x items, the weights of the purchases added up."""
        shape = (len(self.members), self.items)
        return sparse.csr_matrix((weights, (self.place, self.item)), shape=shape)

    def tie(self) -> np.ndarray:
        """Far less than any score: what everybody buys."""
        return _TIE * self.popular / self.popular.max()


def g_topfreq(known: History) -> Rows:
    """What everybody buys most."""
    return lambda places: np.tile(known.popular, (len(places), 1))


def p_topfreq(known: History) -> Rows:
    """What the member bought most often; nothing else."""
    counts = known.matrix(np.ones(len(known.item)))
    return lambda places: counts[places].toarray()


def gp_topfreq(known: History) -> Rows:
    """The same, then what everybody buys."""
    return _with_tie(known, known.matrix(np.ones(len(known.item))))


def decayed(known: History) -> Rows:
    """Times bought, each worth 0.95 of the one a visit later."""
    return _with_tie(known, known.matrix(0.95**known.back))


def decayed_days(known: History) -> Rows:
    """Times bought, each worth exp(-days / 90) at the member's last visit."""
    return _with_tie(known, known.matrix(np.exp(-(known.last[known.place] - known.day) / 90.0)))


def recency(known: History) -> Rows:
    """What was bought last stands first."""
    found = known.matrix(1.0 / (1.0 + known.back))
    latest = found.copy()
    order = np.lexsort((-known.back, known.item, known.place))
    newest = np.append(np.diff(known.place[order] * known.items + known.item[order]) != 0, True)
    chosen = order[newest]
    latest = sparse.csr_matrix(
        (1.0 / (1.0 + known.back[chosen]), (known.place[chosen], known.item[chosen])), shape=found.shape
    )
    return _with_tie(known, latest)


def tifu_knn(known: History, near: int = 300, groups: int = 7, visit: float = 0.9, group: float = 0.7) -> Rows:
    """Temporal item frequency, mixed 7 : 3 with the mean of the nearest members."""
    alpha = 0.7
    visits = known.visits[known.place]
    size = np.ceil(visits / groups)
    used = np.ceil(visits / size)
    from_end = known.back // size
    within = known.back % size
    weights = visit**within / size * group**from_end / used
    vectors = known.matrix(weights)
    squares = np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel()

    def rows(places: np.ndarray) -> np.ndarray:
        distance = squares[None, :] - 2.0 * (vectors[places] @ vectors.T).toarray()
        distance[np.arange(len(places)), places] = np.inf
        count = min(near, len(squares) - 1)
        chosen = np.argpartition(distance, count - 1, axis=1)[:, :count]
        picked = sparse.csr_matrix(
            (np.full(chosen.size, 1.0 / count), chosen.ravel(), np.arange(len(places) + 1) * count),
            shape=(len(places), len(squares)),
        )
        return (alpha * vectors[places] + (1.0 - alpha) * (picked @ vectors)).toarray() + 1e-3 * known.tie()

    return rows


def up_cf(known: History, recent: int = 25, alpha: float = 0.25, locality: float = 5.0) -> Rows:
    """User-wise popularity in the last baskets, of all members weighted by their likeness."""
    within = known.back < recent
    popular = known.matrix(np.where(within, 1.0 / np.minimum(known.visits, recent)[known.place], 0.0))
    squares = np.maximum(np.asarray(popular.multiply(popular).sum(axis=1)).ravel(), 1e-12)

    def rows(places: np.ndarray) -> np.ndarray:
        like = (popular[places] @ popular.T).toarray()
        like /= squares[places][:, None] ** alpha * squares[None, :] ** (1.0 - alpha)
        return (sparse.csr_matrix(like**locality) @ popular).toarray() + 1e-3 * known.tie()

    return rows


CLASSICS: dict[str, Callable[[History], Rows]] = {
    "G-TopFreq": g_topfreq,
    "P-TopFreq": p_topfreq,
    "GP-TopFreq (purchase count)": gp_topfreq,
    "recency": recency,
    "decayed 0.95 a visit": decayed,
    "decayed exp(-days/90)": decayed_days,
    "TIFU-KNN": tifu_knn,
    "UP-CF@r": up_cf,
}


def _with_tie(known: History, scores: sparse.csr_matrix) -> Rows:
    tie = known.tie()
    return lambda places: scores[places].toarray() + tie
