"""/campaigns over HTTP: roles, the second person, bad input, what a caller sees of a long launch (contract.md 3)."""

from __future__ import annotations

from typing import Any

import pytest
from actions import Json, Till, new_key, ok, problem
from conftest import Shop
from flask.testing import FlaskClient

from loyalty_pos.api import campaigns
from loyalty_pos.services import campaign_launch
from loyalty_pos.services.context import Services
from tests.api.tables import digest

EVERYBODY: Json = {"rule": {"any": [{"field": "visits", "op": ">=", "value": 0}]}}
GOOD: Json = {"name": "Cà phê", "promotion": "coffee-20k", "audience": EVERYBODY}


@pytest.fixture
def manager(client: FlaskClient, shop: Shop) -> Till:
    """The manager, by personal token."""
    return Till(client, shop.tokens["manager"], "manager")


@pytest.fixture
def people(till: Till) -> list[str]:
    """Twenty members."""
    return [ok(till.enrol(), 201)["member"]["id"] for _ in range(20)]


BAD: list[tuple[Json, str, str]] = [
    ({"name": ""}, "name", "out_of_range"),
    ({"name": {"fr": "x"}}, "name.fr", "unknown_field"),
    ({"name": 5}, "name", "wrong_type"),
    ({"promotion": "no spaces"}, "promotion", "out_of_range"),
    ({"promotion": None}, "promotion", "missing"),
    ({"promotions": []}, "promotions", "out_of_range"),
    ({"promotions": ["x"]}, "promotions", "one_only"),
    ({"audience": {"members": []}}, "audience.members", "out_of_range"),
    ({"audience": {"members": ["x"]}}, "audience.members.0", "unknown"),
    ({"audience": {"rule": {"any": [{"field": "luck", "op": "=", "value": 1}]}}}, "audience.rule.any.0.field",
     "unknown"),
    ({"audience": {"rule": {}}}, "audience.rule", "empty"),
    ({"audience": {"who": 1}}, "audience.who", "unknown_field"),
    ({"control_percent": 51}, "control_percent", "out_of_range"),
    ({"control_percent": -1}, "control_percent", "out_of_range"),
    ({"control_percent": 10.5}, "control_percent", "wrong_type"),
    ({"control_percent": "10"}, "control_percent", "wrong_type"),
    ({"budget": 0}, "budget", "out_of_range"),
    ({"budget": 10**13}, "budget", "out_of_range"),
    ({"budget": True}, "budget", "wrong_type"),
    ({"channels": ["pigeon"]}, "channels.0", "not_one_of"),
    ({"valid_to": "30/11/2026"}, "valid_to", "invalid"),
    ({"always": {"kind": "easter"}}, "always.kind", "not_one_of"),
    ({"always": {"kind": "welcome", "every_days": 0}}, "always.every_days", "out_of_range"),
    ({"colour": "red"}, "colour", "unknown_field"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "path", "code"), BAD, ids=lambda value: str(value)[:40])
def test_bad_input_names_its_field_and_stores_nothing(
    manager: Till, services: Services, fields: Json, path: str, code: str
) -> None:
    before = digest(services)
    for url in ("/campaigns", "/campaigns/preview"):
        found = problem(manager.call("POST", url, GOOD | fields), 422, "invalid")["errors"]
        assert any(name == path or name.startswith(path + ".") or path.startswith(name) for name in found), found
        assert code in {one for codes in found.values() for one in codes}, found
    assert digest(services) == before


def test_what_is_no_campaign(manager: Till) -> None:
    reads = [("GET", path) for path in ("", "/results", "/members")]
    for method, path in (
        *reads,
        ("POST", "/preview"),
        ("POST", "/simulate"),
        ("POST", "/launch"),
        ("POST", "/approve"),
    ):
        for number in ("99", "x", "9" * 30):
            body = {} if method == "POST" else None
            problem(manager.call(method, f"/campaigns/{number}{path}", body), 404, "campaign_unknown")
    problem(manager.get("/coupons?campaign=x"), 404, "campaign_unknown")
    assert ok(manager.get("/coupons?campaign=99"))["items"] == []
    assert problem(manager.get("/campaigns?state=odd"), 422, "invalid")["errors"] == {"state": ["not_one_of"]}
    problem(manager.get("/campaigns?cursor=x"), 404, "page_unknown")


def test_a_second_person_over_http(manager: Till, owner: Till, people: list[str]) -> None:
    """S50: 202 until another person has said yes."""
    ok(owner.call("PATCH", "/settings", {"campaigns": {"limit": 359_999}}))
    number = ok(manager.call("POST", "/campaigns", GOOD), 201)["id"]
    path = f"/campaigns/{number}"
    assert ok(manager.call("POST", f"{path}/preview", {}))["needs_approval"]
    assert ok(manager.call("POST", f"{path}/launch", {}), 202)["state"] == "waiting"
    problem(manager.call("POST", f"{path}/approve", {}), 422, "own_approval")
    assert ok(owner.call("POST", f"{path}/approve", {"note": "được"}))["approved_by"] == "owner"
    assert ok(manager.call("POST", f"{path}/launch", {}), 200)["state"] == "running"
    problem(manager.call("POST", f"{path}/launch", {}), 409, "campaign_launched")
    assert ok(manager.get(f"{path}/results"))["sales"]["verdict"] == "unclear"
    assert [one["id"] for one in ok(manager.get("/campaigns?state=running"))["items"]] == [number]
    assert ok(manager.get("/campaigns?state=draft"))["items"] == []


def test_a_long_launch_is_answered_before_it_is_done(
    manager: Till, people: list[str], monkeypatch: pytest.MonkeyPatch, services: Services
) -> None:
    """The job goes on with it; the same request again issues nothing more."""
    monkeypatch.setattr(campaign_launch, "STEP", 5)
    monkeypatch.setattr(campaigns, "STEPS_AT_ONCE", 2)
    number = ok(manager.call("POST", "/campaigns", GOOD), 201)["id"]
    key = new_key()
    first = ok(manager.call("POST", f"/campaigns/{number}/launch", {}, key=key))
    assert (first["state"], first["done"], first["audience"]) == ("launching", 10, 20)
    assert ok(manager.call("POST", f"/campaigns/{number}/launch", {}, key=key))["done"] == 10
    problem(manager.call("POST", f"/campaigns/{number}/launch", {}), 409, "campaign_launched")
    campaign_launch.issue(services, int(number))
    assert ok(manager.get(f"/campaigns/{number}"))["done"] == 20


def test_the_auditor_reads_figures_and_no_person(client: FlaskClient, shop: Shop, manager: Till, people: Any) -> None:
    number = ok(manager.call("POST", "/campaigns", GOOD), 201)["id"]
    ok(manager.call("POST", f"/campaigns/{number}/launch", {}))
    auditor = Till(client, shop.tokens["auditor"])
    for path in ("", "/results"):
        ok(auditor.get(f"/campaigns/{number}{path}"))
    problem(auditor.get(f"/campaigns/{number}/members"), 403, "not_allowed")
    problem(auditor.call("POST", f"/campaigns/{number}/preview", {}), 403, "not_allowed")
    cashier = Till(client, shop.tokens["cashier"])
    problem(cashier.get("/campaigns"), 403, "not_allowed")


def test_refusals_are_told_in_both_languages(manager: Till, people: list[str]) -> None:
    number = ok(manager.call("POST", "/campaigns", GOOD | {"promotion": "ten-percent"}), 201)["id"]
    for language, word in (("vi", "ngân sách"), ("en", "budget")):
        answer = manager.call("POST", f"/campaigns/{number}/launch", {}, headers={"Accept-Language": language})
        assert word in problem(answer, 422, "budget_missing")["detail"]


def test_the_past_weeks_over_http(client: FlaskClient, shop: Shop, manager: Till, people: Any) -> None:
    """Who enrolled today would have got nothing; whoever may launch it may ask."""
    number = ok(manager.call("POST", "/campaigns", GOOD), 201)["id"]
    found = ok(manager.call("POST", f"/campaigns/{number}/simulate", {"weeks": 2}))
    assert (found["members"], found["given"], found["used"]["basis"], found["overlap"]) == (20, 0, "assumed", [])
    assert len(found["by_day"]) == 1
    for weeks in (0, 27, "2", None):
        refused = problem(manager.call("POST", f"/campaigns/{number}/simulate", {"weeks": weeks}), 422, "invalid")
        assert [*refused["errors"]] == ["weeks"]
    problem(Till(client, shop.tokens["auditor"]).call("POST", f"/campaigns/{number}/simulate", {}), 403, "not_allowed")
