"""The published schema is the language that is read: every golden request fits it, faults do not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from bad_rules import BAD_RULES, rules
from domain.test_pricing_vectors import VECTORS

from loyalty_pos.domain.pricing.compile import MOST_PROMOTIONS
from loyalty_pos.domain.pricing.document import price_document
from loyalty_pos.domain.pricing.schema import request_schema
from loyalty_pos.domain.promotions import conditions, rewards
from loyalty_pos.errors import BadInput

PUBLISHED = Path(__file__).parents[2] / "docs" / "price-request.schema.json"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    """Of the schema as the code makes it now."""
    return jsonschema.Draft202012Validator(request_schema())


def test_the_published_file_is_what_the_code_reads() -> None:
    """`loyalty-pos price --schema > docs/price-request.schema.json` writes it anew."""
    assert json.loads(PUBLISHED.read_text("utf-8")) == json.loads(json.dumps(request_schema()))
    jsonschema.Draft202012Validator.check_schema(request_schema())


def test_every_kind_is_in_it() -> None:
    defs = request_schema()["$defs"]
    assert {kind.__name__ for kind in (*rewards.KINDS.values(), *conditions.KINDS.values())} <= defs.keys()
    assert set(defs["Combined"]["properties"]["kind"]["enum"]) == set(conditions.COMBINED)


def test_every_golden_request_fits(validator: jsonschema.Draft202012Validator) -> None:
    refused = [vector["id"] for vector in VECTORS if list(validator.iter_errors(vector["request"]))]
    assert [name for name in refused if "faulty" not in name and "unknown-kind" not in name] == []


SAID_WHEN_IT_IS_READ = {
    "a sku in and out", "a category out with its parent", "no price between", "percent above 100", "percent too fine",
    "steps that overlap", "steps that fall", "ends before it starts", "no such day", "at most fewer than at least",
    "conditions nested too deep", "coupon of no promotion", "coupon of no promotion by category",
}  # fmt: skip
"""What a schema cannot say: one value beside another, a decimal that is written as text, how deep something is."""


@pytest.mark.parametrize("what", BAD_RULES)
def test_what_does_not_fit_is_not_read_either(validator: jsonschema.Draft202012Validator, what: str) -> None:
    request = {"now": "2026-11-21T10:00:00+07:00", "basket": {"lines": []}, "promotions": rules(BAD_RULES[what][0])}
    assert bool(list(validator.iter_errors(request))) == (what not in SAID_WHEN_IT_IS_READ)
    with pytest.raises(BadInput):
        price_document(request)


def test_more_rules_than_a_shop_may_have_do_not_fit() -> None:
    """The number alone is looked at: a validator that reads 50.001 rules takes its time."""
    assert request_schema()["properties"]["promotions"]["maxItems"] == MOST_PROMOTIONS
