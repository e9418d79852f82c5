"""The golden vectors: one file that we and any third-party till must agree with (S1-S49)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from vectors import make

from loyalty_pos.domain.pricing.document import compare, price_json, run_vector
from loyalty_pos.errors import BadInput

FOLDER = Path(__file__).parent.parent / "vectors"
VECTORS = [json.loads(line) for path in sorted(FOLDER.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_vector(vector: dict[str, Any]) -> None:
    outcome = run_vector(vector)
    assert outcome["ok"], outcome["differences"]


def test_ids_are_unique_and_cite_a_rule() -> None:
    assert len({vector["id"] for vector in VECTORS}) == len(VECTORS) >= 300
    assert [vector["id"] for vector in VECTORS if not re.match(r"S[0-9]+-|complaint-[0-9]+-", vector["id"])] == []


def test_the_vectors_of_the_oracle_are_what_it_says_today() -> None:
    """Worked out by trying everything, never by the engine (S11)."""
    assert (FOLDER / "oracle.jsonl").read_text("utf-8") == make.text()


@pytest.mark.parametrize(
    ("expected", "got", "keys"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ["a.b"]),
        ({"a": [1, 2]}, {"a": [1]}, ["a"]),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2, "c": 3}]}, ["a[0].b"]),
        ({"a": {"b": 1}}, {"a": None}, ["a"]),
        ({"a": 1}, {"a": True}, ["a"]),
        ({"a": None}, {"a": None}, []),
    ],
)
def test_compare_looks_at_the_keys_expected(expected: object, got: object, keys: list[str]) -> None:
    assert [difference["key"] for difference in compare(expected, got)] == keys


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        (b"{", {}),
        (b'{"now": "2026-11-21T10:00:00", "basket": {}}', {"now": ["out_of_range"]}),
        (b'{"now": "2026-11-21T10:00:00Z", "basket": {"lines": [{}]}}', {"basket.lines[0].line": ["missing"]}),
        (b'{"now": "2026-11-21T10:00:00Z", "basket": {}, "x": 1}', {"x": ["unknown_field"]}),
    ],
)
def test_a_faulty_request_names_its_field(text: bytes, errors: dict[str, list[str]]) -> None:
    with pytest.raises(BadInput) as refusal:
        price_json(text)
    assert refusal.value.errors == errors


def test_a_line_priced_above_the_limit_of_a_basket_is_named() -> None:
    line = b'{"line": "1", "sku": "a", "quantity": 1, "unit_price": 10, "discount": 11}'
    with pytest.raises(BadInput) as refusal:
        price_json(b'{"now": "2026-11-21T10:00:00Z", "basket": {"lines": [' + line + b"]}}")
    assert refusal.value.errors == {"basket.lines.0.discount": ["above_line"]}


@pytest.mark.parametrize("vector", [None, {}, {"id": "x", "request": {}}])
def test_a_vector_needs_its_three_parts(vector: object) -> None:
    with pytest.raises(BadInput):
        run_vector(vector)
