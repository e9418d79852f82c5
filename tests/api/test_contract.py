"""Routes, roles, operations, codes and sentences tell the same story (contract.md sections 1 and 3)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from loyalty_pos.api import openapi, operations, problem, roles
from loyalty_pos.api.sentences import SENTENCES, sentence
from loyalty_pos.errors import BadInput, LoyaltyError
from tests.api.codes import KINDS, raised


@pytest.fixture
def store_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One engine is enough for what never asks the database."""
    return f"sqlite:///{tmp_path_factory.mktemp('contract') / 'empty.db'}"


def routes(app: Flask) -> set[tuple[str, str]]:
    """(method, rule) of every call under /api/v1."""
    return {
        (method, rule.rule.removeprefix("/api/v1"))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_every_route_has_its_row_in_the_role_table_and_no_row_is_idle(app: Flask) -> None:
    assert set(roles.TABLE) == routes(app)


def test_every_route_is_documented_and_nothing_else_is(app: Flask) -> None:
    assert set(operations.TABLE) == routes(app)


def test_every_class_of_error_has_a_status() -> None:
    for kind in KINDS.values():
        error = kind.__new__(kind)
        LoyaltyError.__init__(error)
        assert 400 <= problem.status_of(error) <= 599


def test_every_code_has_a_sentence_in_both_languages_and_no_sentence_is_idle() -> None:
    of_the_web_layer = {*problem.HTTP_CODES.values(), "bad_request", "internal"}
    assert set(SENTENCES) - of_the_web_layer == set(raised()) - of_the_web_layer
    for code, (vi, en) in SENTENCES.items():
        assert vi != en, code
        assert vi[-1] == en[-1] == ".", code
        assert sentence(code, "vi") != sentence(code, "en")


def test_documented_statuses_are_those_that_are_answered() -> None:
    known = raised()
    for (method, rule), row in operations.TABLE.items():
        for status, codes in openapi._refusals(row).items():
            for code in set(codes) - {"internal"}:
                assert problem.status_of(known[code](code)) == status, (method, rule, code)


def test_the_document_is_openapi_3_1_and_all_references_resolve(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    assert document["openapi"] == "3.1.0"
    wanted = {part.split('"')[0] for part in json.dumps(document).split("#/components/schemas/")[1:]}
    assert wanted <= set(document["components"]["schemas"])
    basket = document["components"]["schemas"]["BasketIn"]
    assert basket["additionalProperties"] is False
    assert document["components"]["schemas"]["LineIn"]["required"] == ["line", "quantity", "sku", "unit_price"]


def test_the_page_shows_every_call_and_loads_nothing_from_elsewhere(client: FlaskClient) -> None:
    answer = client.get("/docs")
    page = answer.get_data(as_text=True)
    for method, rule in operations.TABLE:
        assert f">{method}</b> <code>/api/v1{rule.replace('<', '{').replace('>', '}')}</code>" in page
    assert "http://" not in page
    assert "https://" not in page
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    with client.get("/docs/static/docs.css") as style:
        assert style.status_code == 200


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_code_becomes_a_problem_in_the_readers_language(app: Flask, language: str) -> None:
    for code, kind in raised().items():
        error = LoyaltyError.__new__(kind)
        LoyaltyError.__init__(error, code)
        with app.test_request_context(headers={"Accept-Language": language}):
            answer = problem.problem(error)
        body = answer.get_json(force=True)
        assert answer.status_code == body["status"] == problem.status_of(error)
        assert body["type"] == f"urn:loyalty-pos:problem:{code}"
        assert body["detail"] == sentence(code, language)  # type: ignore[arg-type]
        assert answer.headers["Content-Language"] == language
        assert ("Retry-After" in answer.headers) == (body["status"] in (429, 503) or code == "in_progress")


def test_a_field_name_that_we_did_not_choose_is_not_echoed(app: Flask) -> None:
    with app.test_request_context():
        body = problem.problem(BadInput(errors={"lines[3].<script>": ["unknown_field"]})).get_json(force=True)
    assert body["errors"] == {"lines.3.?": ["unknown_field"]}


def test_the_page_for_people_names_every_call_its_callers_and_every_code() -> None:
    """docs/api.md is part of the contract."""
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    for (method, rule), who in roles.TABLE.items():
        assert f"| `{method} {rule}` | {who.scope or '-'} | {', '.join(sorted(who.roles))} |" in page
    for row in operations.TABLE.values():
        for status, codes in openapi._refusals(row).items():
            for code in codes:
                assert f"| {status} | `{code}` | {sentence(code, 'en')} |" in page
