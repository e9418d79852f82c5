"""Bad rules are refused by their path wherever they come in, and nothing is stored; promotions ask who belongs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from actions import Till, basket, line, ok, problem
from click.testing import CliRunner

from loyalty_pos.cli import main
from loyalty_pos.domain.segments.decode import DEEPEST, MOST, decode_rule
from loyalty_pos.errors import BadInput
from loyalty_pos.services.context import Services
from tests.api.tables import digest

Json = dict[str, Any]
MARK = "zq" * 8


def c(field: str, op: str, value: Any, **beside: Any) -> Json:
    return {"field": field, "op": op, "value": value} | beside


def nested(depth: int) -> Json:
    """A condition under so many rules."""
    rule: Json = {"all": [c("visits", ">=", 1)]}
    for _ in range(depth - 1):
        rule = {"all": [rule]}
    return rule


BAD: dict[str, tuple[Json, str, str]] = {
    "empty": ({}, "rule", "empty"),
    "empty parts": ({"all": [], "not": []}, "rule", "empty"),
    "unknown part": ({"some": [c("visits", ">=", 1)]}, "rule.some", "unknown_field"),
    "part of another kind": ({"all": c("visits", ">=", 1)}, "rule.all", "wrong_type"),
    "condition of another kind": ({"all": [MARK]}, "rule.all.0", "wrong_type"),
    "unknown field": ({"all": [c("mood", ">=", 1)]}, "rule.all.0.field", "unknown"),
    "field missing": ({"any": [{"op": ">=", "value": 1}]}, "rule.any.0.field", "missing"),
    "operator missing": ({"any": [{"field": "visits", "value": 1}]}, "rule.any.0.op", "missing"),
    "value missing": ({"any": [{"field": "visits", "op": ">="}]}, "rule.any.0.value", "missing"),
    "one field too many": ({"all": [c("visits", ">=", 1, colour=MARK)]}, "rule.all.0.colour", "unknown_field"),
    "operator of another kind": ({"all": [c("visits", "in", ["1"])]}, "rule.all.0.op", "not_one_of"),
    "SQL as an operator": ({"all": [c("visits", "> 0 OR", 1)]}, "rule.all.0.op", "not_one_of"),
    "text for a figure": ({"all": [c("spend", ">=", MARK)]}, "rule.all.0.value", "wrong_type"),
    "float for a figure": ({"all": [c("spend", ">=", 1.5)]}, "rule.all.0.value", "wrong_type"),
    "yes for a figure": ({"all": [c("spend", ">=", True)]}, "rule.all.0.value", "wrong_type"),
    "figure for a yes": ({"all": [c("last_purchase", "exists", 1)]}, "rule.all.0.value", "wrong_type"),
    "negative": ({"all": [c("visits", ">=", -1)]}, "rule.all.0.value", "out_of_range"),
    "beyond every integer": ({"all": [c("spend", ">=", 10**40)]}, "rule.all.0.value", "out_of_range"),
    "one figure between": ({"all": [c("visits", "between", [1])]}, "rule.all.0.value", "out_of_range"),
    "upside down": ({"all": [c("visits", "between", [9, 1])]}, "rule.all.0.value", "contradictory"),
    "no words": ({"all": [c("interests", "in", [])]}, "rule.all.0.value", "out_of_range"),
    "odd characters": ({"all": [c("interests", "in", ["a\u202eb"])]}, "rule.all.0.value.0", "bad_characters"),
    "unknown gender": ({"all": [c("gender", "in", ["male", MARK])]}, "rule.all.0.value.1", "not_one_of"),
    "unknown tier": ({"all": [c("tier", "in", ["gold", MARK])]}, "rule.all.0.value.1", "unknown"),
    "unknown store": ({"not": [c("store", "in", [MARK])]}, "rule.not.0.value.0", "unknown"),
    "goods missing": ({"all": [c("product_times", ">=", 1)]}, "rule.all.0.of", "missing"),
    "goods of nothing": ({"all": [c("visits", ">=", 1, of=["a"])]}, "rule.all.0.of", "unknown_field"),
    "window missing": ({"all": [c("points_lapsing", ">=", 1)]}, "rule.all.0.days", "missing"),
    "window of nothing": ({"all": [c("points", ">=", 1, days=9)]}, "rule.all.0.days", "unknown_field"),
    "window of no day": ({"all": [c("visits", ">=", 1, days=0)]}, "rule.all.0.days", "out_of_range"),
    "too deep": (nested(DEEPEST + 1), "rule" + ".all.0" * DEEPEST, "too_deep"),
    "too many": ({"any": [{"all": [c("visits", ">=", 1)] * 16}] * 2}, "rule", "too_many"),
    "far too many": ({"any": [c("visits", ">=", 1)] * (MOST + 1)}, "rule.any", "too_many"),
    "figures apart": ({"all": [c("visits", ">=", 5), c("visits", "<=", 4)]}, "rule.all.1", "contradictory"),
    "words apart": ({"all": [c("tier", "in", ["gold"]), c("tier", "in", ["silver"])]}, "rule.all.1", "contradictory"),
    "there and not there": (
        {"all": [c("last_purchase", "exists", False), {"all": [c("last_purchase", "within_days", 9)]}]},
        "rule.all.1.all.0", "contradictory"),
    "asked and refused": (
        {"all": [c("tier", "in", ["gold"])], "not": c("tier", "in", ["gold", "silver"])},
        "rule.not.0", "contradictory"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_the_rule_language_refuses_it_by_its_path(what: str) -> None:
    """The domain alone; what depends on the shop or on the transport is not its affair."""
    raw, path, code = BAD[what]
    if code in ("unknown", "bad_characters") and what != "unknown field":
        return
    with pytest.raises(BadInput) as refusal:
        decode_rule(raw)
    found = {where.replace("[", ".").replace("]", ""): codes for where, codes in refusal.value.errors.items()}
    assert found.get(path) == [code]


def test_what_is_nearly_refused_is_taken() -> None:
    """The bounds themselves, and conditions that only look as if they contradicted each other."""
    for raw in (
        nested(DEEPEST),
        {"any": [c("visits", ">=", 1)] * MOST},
        {"all": [c("visits", ">=", 5), c("visits", "<=", 5)]},
        {"all": [c("visits", ">=", 5), c("visits", "<=", 4, days=30)]},
        {"all": [c("interests", "in", ["a"]), c("interests", "in", ["b"])]},
        {"any": [c("visits", ">=", 5), c("visits", "<=", 4)]},
        {"all": [c("tier", "in", ["gold", "silver"])], "not": c("tier", "in", ["gold"])},
    ):
        decode_rule(raw)


def test_the_api_refuses_it_in_both_languages_and_stores_nothing(owner: Till, services: Services) -> None:
    before = digest(services)
    for what, (raw, path, code) in BAD.items():
        for place, body in (
            ("/segments/preview", {"rule": raw}),
            ("/segments", {"code": "a", "name": "A", "rule": raw}),
        ):
            spoken = set()
            for language in ("vi", "en"):
                answer = owner.call("POST", place, body, headers={"Accept-Language": language})
                found = problem(answer, 422, "invalid")
                assert found["errors"].get(path) == [code], (what, found)
                assert MARK not in answer.get_data(as_text=True), what
                spoken.add(found["detail"])
            assert len(spoken) == 2
    assert digest(services) == before


def test_the_command_line_refuses_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit status 1 and one line that names the field."""
    monkeypatch.setenv("LOYALTY_POS_DATA", str(tmp_path / "var"))
    monkeypatch.delenv("LOYALTY_POS_DATABASE_URL", raising=False)
    CliRunner().invoke(main, ["store", "add", "hn-01", "--name", "Hàng Bông"])
    for what in (
        "empty",
        "unknown field",
        "text for a figure",
        "figures apart",
        "too deep",
        "too many",
        "unknown store",
    ):
        raw, path, _code = BAD[what]
        for command in ("preview", "save"):
            body = {"rule": raw} | ({"code": "a", "name": "A"} if command == "save" else {})
            done = CliRunner().invoke(main, ["segment", command, "-"], input=json.dumps(body))
            assert done.exit_code == 1, what
            assert f"{path}: " in done.stderr.replace("[", ".").replace("]", ""), (what, done.stderr)
    kept = json.loads(CliRunner().invoke(main, ["segment", "list", "--json"]).stdout)
    assert kept == {"items": []}


def test_a_count_of_nobody_names_the_condition(owner: Till, till: Till) -> None:
    ok(till.enrol(), 201)
    rule = {"all": [c("visits", "=", 0), c("age", ">=", 18), c("tier", "in", ["gold"])]}
    found = ok(owner.call("POST", "/segments/preview", {"rule": rule}))
    assert [step["left"] for step in found["funnel"]] == [1, 0, 0]
    assert (found["count"], found["emptied_by"], found["sample"]) == (0, "rule.all.1", [])


def test_saving_again_makes_the_next_version_and_saving_the_same_none(owner: Till) -> None:
    body = {"code": "guests", "name": {"vi": "Khách", "en": "Guests"}, "rule": {"all": [c("visits", ">=", 1)]}}
    assert ok(owner.call("POST", "/segments", body), 201)["version"] == 1
    assert ok(owner.call("POST", "/segments", body), 200)["version"] == 1
    changed = ok(owner.call("POST", "/segments", body | {"rule": {"all": [c("visits", ">=", 2)]}}), 200)
    assert (changed["version"], changed["sentence"]["en"]) == (2, "Members whose number of visits is at least 2.")
    problem(owner.get("/segments/nobody"), 404, "segment_unknown")
    problem(owner.get("/segments/nobody/members"), 404, "segment_unknown")


def test_a_promotion_for_a_segment_prices_by_who_belongs_to_it(owner: Till, till: Till) -> None:
    """field-notes 19: membership is stored, so that customer conditions cost the till nothing.

    The first sale brings the member in, its full return brings them out again.
    """
    rule = {"all": [c("visits", ">=", 1)]}
    early = {"code": "early", "name": "x", "rewards": [{"kind": "percent_off", "percent": 5, "scope": {"all": True}}],
             "audience": {"segments": ["back"]}}  # fmt: skip
    found = problem(owner.call("POST", "/promotions", early), 422, "invalid")
    assert found["errors"] == {"audience.segments.0": ["unknown"]}
    ok(owner.call("POST", "/segments", {"code": "back", "name": "Quay lại", "rule": rule}), 201)
    for code, more in (
        ("by-audience", {"audience": {"segments": ["back"]}}),
        ("by-condition", {"conditions": [{"kind": "any", "of": [{"kind": "segment", "any_of": ["back"]}]}]}),
    ):
        reward = [{"kind": "amount_off", "amount": 1_000, "per": "basket", "scope": {"all": True}}]
        ok(owner.call("POST", "/promotions", {"code": code, "name": code, "rewards": reward} | more), 201)
    card = ok(till.enrol(), 201)["card"]["number"]
    goods = basket(line(price=50_000), card=card, entry="scan")
    sold = ok(till.sell(goods), 201)
    assert sold["totals"]["discount"] == 0
    assert ok(till.quote(goods))["totals"]["discount"] == 2_000
    assert [x["id"] for x in ok(owner.get("/segments/back/members"))["items"]] == [sold["member"]["id"]]
    ok(till.give_back(sold["id"], ("1", 1)), 201)
    assert ok(till.quote(goods))["totals"]["discount"] == 0
    assert ok(owner.get("/segments/back"))["members"] == 0
