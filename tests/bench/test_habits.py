"""The measures and the classics by hand on a few baskets, and both tasks end to end on a small town."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("ibis")
pytest.importorskip("duckdb")
pytest.importorskip("scipy")

import numpy as np

from bench.habits.classics import CLASSICS, History, Rows
from bench.habits.data import Bought, fashion, last_day
from bench.habits.measures import Basket, Lists, auc, bands, precision, recall_ndcg
from bench.habits.tasks import four_weeks, last_basket

# Member 1: milk (0) thrice, then bread (1) on the last two days; member 2: tea (2) on one day.
FEW = Bought(*(np.array(column) for column in zip(
    (1, 0, 10, 0), (1, 0, 11, 0), (1, 0, 12, 0), (1, 1, 12, 0), (1, 1, 13, 0), (2, 2, 11, 0), strict=True
)))  # fmt: skip


def scores(name: str) -> np.ndarray:
    history = History(FEW)
    return CLASSICS[name](history)(np.arange(len(history.members)))


@pytest.mark.parametrize(
    ("name", "milk", "bread"),
    [
        ("G-TopFreq", 3, 2),
        ("P-TopFreq", 3, 2),
        ("decayed 0.95 a visit", 0.95**3 + 0.95**2 + 0.95, 0.95 + 1),
        ("decayed exp(-days/90)", sum(np.exp(-days / 90) for days in (3, 2, 1)), np.exp(-1 / 90) + 1),
        ("recency", 1 / 2, 1),
    ],
)
def test_the_counting_classics(name: str, milk: float, bread: float) -> None:
    assert scores(name)[0, :2] == pytest.approx([milk, bread], abs=1e-5)


def test_the_neighbours_lend_what_a_member_never_bought() -> None:
    """Two members who both buy milk: the one's bread is suggested to the other, less than to its buyer."""
    like = FEW._replace(item=np.array([0, 0, 0, 1, 1, 0]))
    for name in ("TIFU-KNN", "UP-CF@r"):
        history = History(like)
        found = CLASSICS[name](history)(np.arange(2))
        assert 1e-3 < found[1, 1] < found[0, 1], name


def test_recall_and_ndcg_by_hand() -> None:
    """Of a basket of two, one is found on place 2; the other member's list is empty."""
    lists = Lists(np.array([[5, 7, -1, -1, -1, -1, -1, -1, -1, -1], [-1] * 10]))
    after = Basket(np.array([0, 0, 1]), np.array([7, 9, 3]))
    recall, gain = recall_ndcg(lists, after, 10)
    assert recall == pytest.approx(1 / 4)
    assert gain == pytest.approx((1 / np.log2(3)) / (1 + 1 / np.log2(3)) / 2)


def test_what_scores_nothing_is_not_suggested() -> None:
    rows: Rows = lambda places: np.tile([0.0, 2.0, 1.0], (len(places), 1))  # noqa: E731
    assert Lists.of(rows, 1).items.tolist() == [[1, 2, *[-1] * 8]]


def test_auc_precision_and_bands_by_hand() -> None:
    bought = np.array([True, False, True, False])
    assert auc(np.array([0.9, 0.8, 0.8, 0.1]), bought) == pytest.approx(3.5 / 4)
    assert precision(np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.4, 0.3]), bought, 1) == pytest.approx(1 / 2)
    assert bands(np.array([0.95, 0.05, 0.98, 1.0]), bought) == [
        (1, pytest.approx(0.05), 0.0),
        (3, pytest.approx(2.93 / 3), pytest.approx(2 / 3)),
    ]


def test_the_last_day_is_not_among_what_is_known() -> None:
    known, after = last_day(FEW, 3)
    assert (len(known.day), after.day.tolist(), after.item.tolist()) == (5, [13], [1])


def test_both_tasks_on_a_small_town(tmp_path: Path) -> None:
    town = fashion(members=80, items=60, days=200)
    rows = last_basket(town, 4, ["logistic"], tmp_path, lambda text: None)
    best = {row.name: row.first for row in rows}
    assert best["ours, logistic"] > best["P-TopFreq"]
    weeks = four_weeks(town, 160, ["logistic"], tmp_path, lambda text: None, ["GP-TopFreq (purchase count)"])
    assert [row.name for row in weeks.found] == ["GP-TopFreq (purchase count)", "ours, logistic"]
    assert weeks.found[1].first > 0.5
