"""Reasons without words, and what a model was worth on the window that it had not seen."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from town import START, Line, read, town, write

from loyalty_pos.domain.habits.reasons import Why, say
from loyalty_pos.insight import quality
from loyalty_pos.insight.rank import Job, Model, ranked

CUT = START + timedelta(weeks=16)


def whole(text: str) -> int | None:
    return int(text) if text else None


def ask(tmp_path: Path, lines: list[Line], **options: Any) -> tuple[list[dict[str, str]], Model]:
    out = tmp_path / "out.csv"
    _, model = ranked(Job(lines=write(tmp_path / "lines.csv", lines), out=out, cut=CUT, **options))
    return read(out), model


def test_a_reason_without_words_says_the_same_in_every_language(tmp_path: Path) -> None:
    """The parts, put into words later, are the sentences that the command writes."""
    people = tmp_path / "people.csv"
    people.write_text("member,store\nm000,hn-01\nm001,hn-01\nnew,hn-01\nnowhere,\n", encoding="utf-8")
    asked = {"members": people, "top": 30}
    rows, _ = ask(tmp_path, town(), language=None, **asked)
    assert {row["why"] for row in rows} >= {"rhythm", "newcomer", "newcomer_group"}
    for language in ("vi", "en"):
        told, _ = ask(tmp_path, town(), language=language, **asked)
        said = [
            say(Why(row["why"], *(whole(row[name]) for name in ("gap", "ago", "percent")), row["home"]), language)
            for row in rows
        ]
        assert said == [row["reason"] for row in told]


@pytest.mark.parametrize("kind", ["logistic", "boosted"])
def test_the_window_is_judged_by_what_stood_before_it(tmp_path: Path, kind: str) -> None:
    """Chances near what happened, in all and in each tenth."""
    _, model = ask(tmp_path, town(members=120), measure=True, model=kind)
    found = model.quality
    assert found is not None
    assert model.kind == ("refit" if kind == "logistic" else "boosted")
    assert model.learned_from > 1_000
    assert found["said"] == pytest.approx(found["bought"], rel=0.15)
    assert found["auc"] > 0.75
    assert sum(one["pairs"] for one in found["bins"]) == found["pairs"] > 1_000


def test_nothing_from_the_cut_on_changes_the_measure(tmp_path: Path) -> None:
    past = [line for line in town() if line.time < CUT.isoformat(" ")]
    found = [ask(tmp_path, lines, measure=True)[1] for lines in (past, town())]
    assert found[0].quality == found[1].quality


def test_a_young_shop_is_not_measured_and_keeps_the_shipped_weights(tmp_path: Path) -> None:
    lines = [Line("an", (CUT - timedelta(days=day)).isoformat(" "), f"b{day}", "tea") for day in (1, 8)]
    _, model = ask(tmp_path, lines, measure=True)
    assert (model.kind, model.learned_from, model.quality) == ("shipped", 0, None)


def test_the_area_counts_ties_half() -> None:
    answers = np.array([1.0, 0.0, 1.0, 0.0])
    assert quality.auc(np.array([0.9, 0.1, 0.8, 0.2]), answers) == 1.0
    assert quality.auc(np.array([0.5, 0.5, 0.5, 0.5]), answers) == 0.5
    assert quality.auc(np.array([0.9, 0.9, 0.1, 0.2]), answers) == pytest.approx((0.5 + 1 + 0 + 0) / 4, abs=1e-4)
    assert quality.auc(np.array([0.1]), np.array([1.0])) is None
