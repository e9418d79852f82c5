"""Rules that are none: refused with the path of the fault in both languages, by each way in, and nothing changes."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from actions import Json, Till, ok, problem
from bad_rules import BAD_RULES, SOUND, rules
from click.testing import CliRunner
from services.lane import Books

from loyalty_pos.api.faults import FAULTS, fault
from loyalty_pos.api.problem import field_path
from loyalty_pos.cli import base, main
from loyalty_pos.domain.pricing.compile import MOST_PROMOTIONS, compile_rules
from loyalty_pos.domain.pricing.offers import check_promotion
from loyalty_pos.errors import BadInput
from loyalty_pos.services import promotions
from loyalty_pos.services.context import Services
from loyalty_pos.storage import rules as stored
from tests.api.codes import field_codes

NEEDS_THE_OTHERS = {"coupon of no promotion", "coupon of no promotion by category"}

each = pytest.mark.parametrize(("changes", "path", "code"), BAD_RULES.values(), ids=BAD_RULES)


@each
def test_compiled_by_itself(changes: Json, path: str, code: str) -> None:
    with pytest.raises(BadInput) as refusal:
        compile_rules(version=1, currency="VND", policy={}, promotions=rules(changes), tiers=[], points={})
    assert (refusal.value.code, refusal.value.errors) == ("invalid", {f"promotions[3].{path}": [code]})


@each
def test_on_the_command_line(monkeypatch: pytest.MonkeyPatch, changes: Json, path: str, code: str) -> None:
    request = {"now": "2026-11-21T10:00:00+07:00", "basket": {"lines": []}, "promotions": rules(changes)}
    for language in ("vi", "en"):
        monkeypatch.setattr(base, "user_language", lambda spoken=language: spoken)
        result = CliRunner().invoke(main, ["price", "-"], input=json.dumps(request))
        assert (result.exit_code, result.stdout) == (1, "")
        assert f"promotions[3].{path}: {fault(code, language)}" in result.stderr  # type: ignore[arg-type]


def test_over_the_api(owner: Till, services: Services) -> None:
    """Whoever writes one, or changes one that runs."""
    before = Books(services).dump()
    for what, (changes, path, code) in BAD_RULES.items():
        made = SOUND | changes
        for method, address, body in (("POST", "/promotions", made), ("PATCH", "/promotions/fruit-15", changes)):
            for language in ("vi", "en"):
                answer = owner.call(method, address, body, headers={"Accept-Language": language})
                found = problem(answer, 422, "invalid")
                assert found["errors"] == {field_path(path): [code]}, what
                said = f"{field_path(path)}: {fault(code, language)}"  # type: ignore[arg-type]
                assert said in found["detail"], what
    after = Books(services).dump()
    assert after | {"answers": before["answers"]} == before
    ok(owner.call("POST", "/promotions", SOUND), 201)


def test_a_form_shows_the_same_words() -> None:
    """Each code of the table has words of its own, in both languages; so has every code that the source puts on a
    field."""
    codes = {code for _, _, code in BAD_RULES.values()} | field_codes()
    assert codes - FAULTS.keys() == set()
    assert all(vi != en and vi and en for vi, en in FAULTS.values())
    for spoken in zip(*FAULTS.values(), strict=True):
        assert len(set(spoken)) == len(spoken)


@pytest.mark.parametrize("count", [MOST_PROMOTIONS + 1, 100_000])
def test_too_many_rules_are_refused_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, count: int) -> None:
    """Before a single one is read: by the engine, a request and a file of a programme."""
    many = [SOUND | {"code": f"p{number}"} for number in range(count)]
    began = time.process_time()
    with pytest.raises(BadInput) as refusal:
        compile_rules(version=1, currency="VND", policy={}, promotions=many, tiers=[], points={})
    assert refusal.value.errors == {"promotions": ["too_many"]}
    assert time.process_time() - began < 0.1
    request = {"now": "2026-11-21T10:00:00+07:00", "basket": {"lines": []}, "promotions": many}
    file = tmp_path / "programme.json"
    file.write_text(json.dumps({"promotions": many}), encoding="utf-8")
    monkeypatch.setenv("LOYALTY_POS_DATA", str(tmp_path / "var"))
    for words, text in ((["price", "-"], json.dumps(request)), (["programme", "load", str(file)], None)):
        for language, said in (("vi", "nhiều nhất 50.000 chương trình"), ("en", "at most 50,000 promotions")):
            monkeypatch.setattr(base, "user_language", lambda spoken=language: spoken)
            began = time.process_time()
            result = CliRunner().invoke(main, words, input=text)
            assert time.process_time() - began < 5
            assert (result.exit_code, result.stdout) == (1, "")
            assert f"promotions: {said}" in result.stderr
    assert not (tmp_path / "var" / "loyalty.db").exists()


def test_one_rule_too_many_is_no_fault_of_another() -> None:
    """The 50.001st of a shop, and a body that holds them all."""
    full = stored.StoredRules(1, {}, [SOUND | {"code": f"p{number}"} for number in range(MOST_PROMOTIONS)], [])
    with pytest.raises(BadInput) as refusal:
        promotions.compiled_with(full, "sound", SOUND)
    assert refusal.value.errors == {"promotions": ["too_many"]}


def test_a_body_with_a_hundred_thousand_rules_is_too_large(owner: Till, services: Services) -> None:
    before = Books(services).dump()
    many = [SOUND | {"code": f"p{number}"} for number in range(100_000)]
    for language in ("vi", "en"):
        problem(owner.call("POST", "/promotions", many, headers={"Accept-Language": language}), 413, "too_large")
    assert Books(services).dump() == before


def test_fifty_thousand_faults_are_found_in_one_go() -> None:
    """Each fault costs what it costs by itself, however many rules there are."""
    issue = {"rewards": [{"kind": "issue_coupon", "promotion": "nothing", "valid_days": 7}]}

    def spent(count: int) -> float:
        made = [SOUND | issue | {"code": f"p{number}"} for number in range(count)]
        began = time.process_time()
        with pytest.raises(BadInput) as refusal:
            compile_rules(version=1, currency="VND", policy={}, promotions=made, tiers=[], points={})
        assert len(refusal.value.errors) == count
        return time.process_time() - began

    many, few = (min(spent(count) for _ in range(3)) for count in (8_000, 1_000))
    assert many < 20 * few + 0.5


def test_a_rule_is_checked_by_itself_too() -> None:
    """What needs no other rule is refused without one."""
    for what, (changes, path, code) in BAD_RULES.items():
        if what not in NEEDS_THE_OTHERS:
            with pytest.raises(BadInput) as refusal:
                check_promotion(SOUND | changes)
            assert refusal.value.errors == {path: [code]}, what
