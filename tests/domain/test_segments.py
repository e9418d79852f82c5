"""The rule language of segments in words and as a schema: the documentation's examples are what it says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from loyalty_pos.cli import main
from loyalty_pos.domain.phrase import plain
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.segments.decode import decode_rule
from loyalty_pos.domain.segments.fields import FIELDS, OPERATORS, label, said
from loyalty_pos.domain.segments.ready import FIXED, big_spenders, of_kind, of_store
from loyalty_pos.domain.segments.schema import rule_schema
from loyalty_pos.domain.segments.sentence import sentence
from tests.api.test_segments import BAD
from tests.services.test_segment_rules import CASES, RULES

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "segments.md").read_text(encoding="utf-8")
EXAMPLES: list[dict[str, Any]] = [json.loads(text) for text in re.findall(r"```json segment\n(.*?)```", PAGE, re.S)]
SCHEMA = Draft202012Validator(rule_schema())
NEEDS_READING = {"contradictory", "unknown", "too_deep", "too_many", "empty", "bad_characters"}
"""What a schema cannot see: sense, the shop, depth and number."""


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["says"][:60])
def test_every_example_of_the_documentation_says_what_it_says(example: dict[str, Any]) -> None:
    found = sentence(decode_rule(example["rule"]), Say("en", "VND"), lambda _kind, code: code)
    assert plain(found) == example["says"]
    assert SCHEMA.is_valid(example["rule"])


def test_every_field_is_documented_with_an_example() -> None:
    for name in FIELDS:
        assert f"| `{name}` |" in PAGE
        assert any(f'"{name}"' in json.dumps(example) for example in EXAMPLES), name


def test_the_published_schema_is_the_one_of_the_code_and_of_the_command() -> None:
    published = json.loads((DOCS / "segment-rule.schema.json").read_text(encoding="utf-8"))
    printed = json.loads(CliRunner().invoke(main, ["segment", "preview", "--schema"]).stdout)
    assert published == printed == rule_schema()
    Draft202012Validator.check_schema(published)


def test_the_schema_takes_what_is_read_and_refuses_what_is_not() -> None:
    for rule in [*({"all": [one]} for one, _ in CASES), *(rule for rule, _ in RULES)]:
        assert SCHEMA.is_valid(rule), rule
    for what, (rule, _path, code) in BAD.items():
        if code not in NEEDS_READING or what == "unknown field":
            assert not SCHEMA.is_valid(rule), what


SAID = {
    "vi": "Khách mà hạng là Vàng hoặc Bạch kim, lần mua gần nhất cách đây 30 đến 90 ngày, "
    "(chi tiêu trong 365 ngày qua từ 1.000.000đ trở lên hoặc sở thích gồm trà). "
    "Bỏ ai mà phiếu nhận gần nhất trong 14 ngày qua, hoặc ai mà giới tính là nam.",
    "en": "Members whose tier is Vàng or Bạch kim, and whose last purchase was 30 to 90 days ago, "
    "and whose (spend in the last 365 days is at least 1,000,000đ or whose interests include trà). "
    "Without those whose last coupon given was in the last 14 days, or whose gender is male.",
}


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_sentence_is_read_like_one(language: Any) -> None:
    rule = decode_rule({
        "all": [{"field": "tier", "op": "in", "value": ["gold", "platinum"]},
                {"field": "last_purchase", "op": "between", "value": [30, 90]}],
        "any": [{"field": "spend", "op": ">=", "value": 1_000_000, "days": 365},
                {"field": "interests", "op": "in", "value": ["trà"]}],
        "not": [{"field": "coupon_given", "op": "within_days", "value": 14},
                {"field": "gender", "op": "in", "value": ["male"]}],
    })  # fmt: skip
    names = {"gold": "Vàng", "platinum": "Bạch kim"}
    assert plain(sentence(rule, Say(language, "VND"), lambda _kind, code: names.get(code, code))) == SAID[language]


def test_every_field_operator_and_ready_made_rule_has_its_words() -> None:
    for field in FIELDS.values():
        assert label(field, "vi") != label(field, "en")
        assert all(vi != en for vi, en in (said(op, field.kind) for op in OPERATORS[field.kind]))
    for one in (*FIXED, big_spenders(1), of_store("hn-01", "Hàng Bông"), of_kind("đồ ăn/mì", "Mì", "Noodles")):
        decode_rule(one.rule)
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", one.code)
        assert one.name["vi"] != one.name["en"]
