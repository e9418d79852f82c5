"""What each member buys next: from a file of lines to a file of ranked items, without a database of ours.

The way: lines are checked and become visits, visits become candidates with their figures, two questions
are learned on what came before the cut, every candidate gets its score and its chance, and the best of
each member are written with a reason.  Invariant: whatever the file says of the time from the cut on,
the answer is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import ibis
from ibis.expr.types import Table

from loyalty_pos.domain.habits.reasons import Language
from loyalty_pos.errors import BadInput, Unavailable
from loyalty_pos.insight import boosted, logistic
from loyalty_pos.insight.engine import Engine, Name, opened
from loyalty_pos.insight.features import candidates
from loyalty_pos.insight.lines import Lines, read_lines
from loyalty_pos.insight.logged import logged
from loyalty_pos.insight.newcomers import newcomers, read_members
from loyalty_pos.insight.quality import measured
from loyalty_pos.insight.questions import lessons, refitted, shipped
from loyalty_pos.insight.reasons import PARTS, parts, sentence
from loyalty_pos.insight.visits import Visits, visits

DIGITS = 6
"""Scores are written and compared to so many decimals: engines add in any order, and that decides no rank."""

Tell = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Job:
    """What to rank: ``top`` items a member (0 = all candidates), ``cut`` = None for everything in the file.

    Without a ``language`` the parts of the reason are written in place of its words.  ``measure``: try the model
    on the last 28 days as well.  ``threads`` and ``memory`` ("4GB") are what the engine may use, None: its own choice.
    """

    lines: Path
    out: Path
    members: Path | None = None
    cut: datetime | None = None
    top: int = 20
    model: Literal["logistic", "boosted"] = "logistic"
    level: Literal["product", "category"] = "product"
    language: Language | None = "en"
    measure: bool = False
    engine: Name = "duckdb"
    threads: int | None = None
    memory: str | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """What has ranked: the weights (and trees, as text) of each question, from how many rows they were learned, and
    what it was worth on the last window, if that was asked and there was one."""

    kind: Literal["shipped", "refit", "boosted"]
    weights: dict[str, Any]
    learned_from: int
    quality: dict[str, Any] | None


def rank(job: Job, tell: Tell = lambda done: None) -> dict[str, Any]:
    """Rank and write ``job.out``; figures of the run.  ``tell`` hears how many of 100 parts are done.

    BadInput and Refused of ``lines.read_lines``; BadInput (``out_file``); Unavailable (``out_not_written``,
    ``spark_failed``).
    """
    return ranked(job, tell)[0]


def ranked(job: Job, tell: Tell = lambda done: None) -> tuple[dict[str, Any], Model]:
    """The same, with the model that has ranked."""
    if job.out.suffix.lower() not in (".parquet", ".csv"):
        raise BadInput("out_file")
    with opened(job.engine, job.threads, job.memory) as engine:
        lines = read_lines(engine, job.lines, job.cut, by_category=job.level == "category")
        tell(10)
        known = visits(lines.table, lines.today, engine.keep)
        tell(15)
        asked = read_members(engine, job.members) if job.members else None
        taught = lessons(known, engine.keep)
        tell(55)
        weights, learned = refitted(taught, shipped())
        tell(60)
        found = engine.keep(candidates(known.bought, known.today, engine.keep))
        features = logged(found, known.today)
        trees = boosted.grown(taught, weights) if job.model == "boosted" else {}
        scored = boosted.scored(engine, features, weights, trees) if trees else _scored(features, weights)
        tell(75)
        rows = _best(engine, known, found, _rounded(scored), job, asked)
        if asked is not None:
            rows = ibis.union(rows, newcomers(engine, known, asked, job.top))
        rows = engine.keep(rows)
        _write(engine, _in_words(rows, job.language).order_by(["member", "rank"]), job.out)
        tell(85)
        model = Model(
            kind="boosted" if trees else "refit" if learned else "shipped",
            weights=weights | {name: tree.model_to_string() for name, tree in trees.items()},
            learned_from=sum(len(lesson.answers) for lesson in taught.values()) if learned else 0,
            quality=measured(known, engine.keep, boost=job.model == "boosted") if job.measure else None,
        )
        return _figures(rows, lines, known, learned), model


def _scored(features: Table, weights: Mapping[str, logistic.Weights]) -> Table:
    """m, s, score (of the next basket) and chance (within 28 days)."""

    def by_kind(question: str) -> Any:
        own, new = (logistic.chance(features, weights[f"{question}_{kind}"]) for kind in ("own", "new"))
        return ibis.ifelse(features.own, own, new)

    return features.select("m", "s", score=by_kind("next"), chance=by_kind("month"))


def _rounded(scored: Table) -> Table:
    return scored.mutate(score=scored.score.round(DIGITS), chance=scored.chance.round(DIGITS))


def _best(engine: Engine, known: Visits, found: Table, scored: Table, job: Job, asked: Table | None) -> Table:
    """The first ``top`` of each member, with names and the parts of the reasons."""
    members = known.members if asked is None else known.members.semi_join(asked, "member")
    named = scored.join(members, "m").join(known.items.select("s", "sku"), "s")
    placed = named.mutate(rank=ibis.row_number().over(group_by="m", order_by=[named.score.desc(), named.sku]) + 1)
    if job.top:
        placed = placed.filter(placed["rank"] <= job.top)
    why = found.select(
        "m", "s", "times", "together", "following", gap=found.gap_sum / found.gaps, ago=known.today - found.bought_last
    )
    rows = engine.keep(placed).join(why, ["m", "s"])
    return rows.select(
        "member", rank=rows["rank"].cast("int64"), sku="sku", score="score", chance="chance", **parts(rows)
    )


def _in_words(rows: Table, language: Language | None) -> Table:
    """With the reason as a sentence in place of its parts, if a language is named."""
    return rows if language is None else rows.mutate(reason=sentence(rows, language)).drop(*PARTS)


def _write(engine: Engine, rows: Table, out: Path) -> None:
    """The whole answer or none: beside the file first, then in its place."""
    beside = out.with_name(f".{out.name}.part")
    try:
        engine.write(rows, beside, out.suffix.lower())
        beside.replace(out)
    except Exception as error:  # the engines' errors have no common root
        raise Unavailable("out_not_written") from error
    finally:
        beside.unlink(missing_ok=True)


def _figures(rows: Table, lines: Lines, known: Visits, learned: set[str]) -> dict[str, Any]:
    return {
        "members": int(rows.member.nunique().to_pyarrow().as_py()),
        "rows": int(rows.count().to_pyarrow().as_py()),
        "lines": lines.read,
        "without_member": lines.without_member,
        "returned": lines.returned,
        "items": int(known.items.count().to_pyarrow().as_py()),
        "learned_here": sorted(learned),
    }
