"""What is wrong with a file is said by row and column, or there is a stated way to go on (docs/habits.md)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from town import HEADER, Line, read, town, write

from loyalty_pos import insight
from loyalty_pos.cli import base, habits, main
from loyalty_pos.insight.rank import Job, rank

GOOD = Line("an", "2026-03-01 10:00:00", "b1", "tea")


def run(lines: Path, *words: str, out: str = "out.csv") -> Result:
    target = lines.parent / out
    return CliRunner().invoke(main, ["habits", "rank", "--lines", str(lines), "--out", str(target), *words])


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "user_language", lambda: "en")
    monkeypatch.setattr(habits, "user_language", lambda: "en")


def complaint(result: Result) -> str:
    """The one line of a refusal."""
    assert result.exit_code == 1, result.output
    assert not isinstance(result.exception, Exception), result.exception
    return result.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("column", ["member", "time", "basket", "sku"])
def test_a_missing_column_is_named(tmp_path: Path, column: str) -> None:
    path = write(tmp_path / "lines.csv", [GOOD], tuple(name for name in HEADER if name != column))
    assert f"{column}: this is needed" in complaint(run(path))


@pytest.mark.parametrize(
    ("bad", "column"),
    [
        (GOOD._replace(time="yesterday"), "time"),
        (GOOD._replace(time=""), "time"),
        (GOOD._replace(time="infinity"), "time"),
        (GOOD._replace(time="0001-01-01"), "time"),
        (GOOD._replace(basket=" "), "basket"),
        (GOOD._replace(sku=""), "sku"),
        (GOOD._replace(quantity="two"), "quantity"),
        (GOOD._replace(quantity="nan"), "quantity"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named_by_row_and_column(tmp_path: Path, bad: Line, column: str) -> None:
    """The header is row 1, so this is what a spreadsheet calls the row; the bad value is not echoed."""
    path = write(tmp_path / "lines.csv", [GOOD, GOOD, bad, bad])
    assert complaint(run(path)) == f"Error: Row 4, column {column}: empty or not readable."


def test_lines_of_nobody_and_returns_are_left_out_and_counted(tmp_path: Path) -> None:
    lines = [
        GOOD,
        GOOD._replace(member="", sku="milk"),
        GOOD._replace(quantity="0", sku="bread"),
        GOOD._replace(quantity="-1.5", sku="rice"),
        GOOD._replace(quantity="", sku="salt"),
    ]
    result = run(write(tmp_path / "lines.csv", lines), "--json")
    found = json.loads(result.stdout)
    assert (found["lines"], found["without_member"], found["returned"]) == (5, 1, 2)
    assert {row["sku"] for row in read(tmp_path / "out.csv")} == {"tea", "salt"}


def test_only_the_needed_columns_are_needed(tmp_path: Path) -> None:
    path = write(tmp_path / "lines.csv", town(members=5, weeks=4), HEADER[:4])
    assert run(path).exit_code == 0


@pytest.mark.parametrize("lines", [[], [GOOD._replace(member="")], [GOOD._replace(quantity="-1")]])
def test_no_purchase_at_all_is_said(tmp_path: Path, lines: list[Line]) -> None:
    assert "no line of a member's purchase" in complaint(run(write(tmp_path / "lines.csv", lines)))


def test_nothing_before_the_cut_is_said(tmp_path: Path) -> None:
    path = write(tmp_path / "lines.csv", [GOOD])
    assert "no line of a member's purchase" in complaint(run(path, "--cut", "2026-03-01"))


def test_one_member_with_one_item_is_ranked_by_the_shipped_weights(tmp_path: Path) -> None:
    result = run(write(tmp_path / "lines.csv", [GOOD]))
    assert "the shipped weights" in result.stdout
    assert [row["sku"] for row in read(tmp_path / "out.csv")] == ["tea"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("lines.parquet", b"not parquet"), ("lines.csv", b""), ("lines.xlsx", b"PK"), ("lines.csv", b"\xff\xfe\x00m\x80")],
)
def test_a_file_of_another_kind_is_refused_in_one_line(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert complaint(run(path)).startswith("Error: ")


def test_the_answer_is_csv_or_parquet(tmp_path: Path) -> None:
    path = write(tmp_path / "lines.csv", [GOOD])
    assert ".parquet or .csv" in complaint(run(path, out="out.txt"))


def test_an_answer_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    """A folder stands where the file should go: one line, and nothing half written beside it."""
    path = write(tmp_path / "lines.csv", [GOOD])
    (tmp_path / "out.csv").mkdir()
    assert run(path).exit_code == 2
    assert "could not be written" in complaint(run(path, out="nowhere/out.csv"))
    assert sorted(found.name for found in tmp_path.iterdir()) == ["lines.csv", "out.csv"]


def test_a_cut_that_is_no_time_is_wrong_usage(tmp_path: Path) -> None:
    assert run(write(tmp_path / "lines.csv", [GOOD]), "--cut", "soon").exit_code == 2


def test_without_the_extra_the_command_says_which_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(insight.EXTRAS, "analysis", ("a_package_that_is_not_there",))
    assert "pip install 'loyalty-pos[analysis]'" in complaint(run(write(tmp_path / "lines.csv", [GOOD])))


def test_parquet_rows_are_counted_from_one(tmp_path: Path) -> None:
    import duckdb

    source = write(tmp_path / "first.csv", [GOOD, GOOD._replace(time="?")])
    path = tmp_path / "lines.parquet"
    duckdb.sql(f"COPY (SELECT * FROM read_csv('{source}', all_varchar = true)) TO '{path}'")
    assert complaint(run(path)) == "Error: Row 2, column time: empty or not readable."


def test_a_day_alone_is_a_time(tmp_path: Path) -> None:
    path = write(tmp_path / "lines.csv", [GOOD._replace(time="2026-03-01")])
    assert rank(Job(lines=path, out=tmp_path / "out.csv", cut=datetime(2026, 3, 2, tzinfo=UTC)))["rows"] == 1


def test_memory_is_an_amount_that_engines_understand(tmp_path: Path) -> None:
    path = write(tmp_path / "lines.csv", [GOOD])
    assert run(path, "--memory", "lots").exit_code == 2
    assert run(path, "--memory", "4GB'; --").exit_code == 2
    assert run(path, "--memory", "512MB", "--threads", "1").exit_code == 0
