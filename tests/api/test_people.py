"""Approvals, attached cards and merged members over HTTP: statuses, codes, and what nobody may."""

from __future__ import annotations

import pytest
from actions import Json, Till, basket, line, ok, problem
from conftest import Shop
from flask.testing import FlaskClient

from loyalty_pos.services.context import Services
from tests.api.tables import digest

CARD = "2900000000018"


@pytest.fixture
def manager(client: FlaskClient, shop: Shop) -> Till:
    """The manager, by personal token."""
    return Till(client, shop.tokens["manager"], "manager")


def enrolled(till: Till, **person: str) -> Json:
    """A member: {"id", "card"}."""
    made = ok(till.enrol(**person), 201)
    return {"id": made["member"]["id"], "card": made["card"]["number"]}


def test_above_the_limit_it_takes_two(till: Till, owner: Till, manager: Till, services: Services) -> None:
    """S50: 202, then the other person's 200; one's own is 422, the second decision 409."""
    path = f"/members/{enrolled(till)['id']}/points"
    asked = ok(manager.call("POST", f"{path}/adjustments", {"points": 1_001, "reason": "quà"}), 202)
    assert asked["status"] == "waiting_approval"
    before = digest(services)
    mine = f"/approvals/{asked['approval']}/approve"
    assert problem(manager.call("POST", mine, {}), 422, "own_approval")["detail"]
    assert ok(owner.get("/approvals?state=waiting"))["items"][0]["by"] == "staff:manager"
    problem(owner.get("/approvals?state=maybe"), 422, "invalid")
    problem(owner.call("POST", "/approvals/9/approve", {}), 404, "approval_unknown")
    problem(owner.call("POST", mine, {"note": "4111111111111111"}), 422, "payment_card")
    assert digest(services) != before  # a refusal is saved with its key
    assert ok(owner.call("POST", mine, {}), 200)["state"] == "approved"
    problem(owner.call("POST", mine, {}), 409, "approval_decided")
    assert ok(owner.get(path))["active"] == 1_001


def test_a_forgotten_card_over_http(till: Till, other_till: Till, manager: Till) -> None:
    """Each wrong way its status; the sale then shows its member."""
    lan = enrolled(till, name="Nguyễn Thị Lan")
    sale = ok(till.sell(basket(line(price=50_000))), 201)["id"]
    path = f"/sales/{sale}/attach"
    problem(other_till.call("POST", path, {"swipe": lan["card"]}), 404, "sale_unknown")
    problem(till.call("POST", path, {}), 422, "invalid")
    problem(till.call("POST", path, {"swipe": "4111111111111111"}), 422, "payment_card")
    problem(till.call("POST", path, {"swipe": CARD}), 404, "card_unknown")
    ok(till.call("POST", f"/cards/{lan['card']}/block", {"reason": "mất"}))
    problem(till.call("POST", path, {"swipe": lan["card"]}), 422, "card_blocked")
    new = ok(till.call("POST", f"/members/{lan['id']}/cards", {"replaces": lan["card"]}), 201)["card"]["number"]
    said = ok(till.call("POST", path, {"swipe": lan["card"]}), 201)
    assert (said["points"]["earned"], said["member"]["short_name"]) == (50, "Lan N.")
    problem(till.call("POST", path, {"swipe": new}), 409, "sale_has_member")
    shown = ok(manager.get(f"/sales/{sale}"))
    assert (shown["member"]["short_name"], shown["points"]["earned"]) == ("Lan N.", 50)
    assert [row["id"] for row in ok(manager.get(f"/sales?member={lan['id']}"))["items"]] == [sale]


def test_merging_over_http(till: Till, owner: Till, manager: Till, client: FlaskClient, shop: Shop) -> None:
    """A manager may, a cashier and a till may not; the old id answers with the member that is left."""
    one, two = enrolled(till, name="Lan"), enrolled(till, name="Lan cũ")
    path = f"/members/{two['id']}"
    body = {"into": one["id"], "reason": "hai thẻ"}
    for nobody in (till, Till(client, shop.tokens["cashier"]), Till(client, shop.tokens["auditor"])):
        assert nobody.call("POST", f"{path}/merge", body).status_code == 403
    problem(manager.call("POST", f"{path}/merge", body | {"into": two["id"]}), 422, "merge_itself")
    problem(manager.call("POST", f"{path}/merge", {"into": one["id"]}), 422, "invalid")
    problem(manager.call("POST", f"{path}/unmerge", {}), 409, "not_merged")
    assert ok(manager.call("POST", f"{path}/merge", body), 201)["into"] == one["id"]
    assert ok(manager.get(path))["name"] == "Lan"
    assert len(ok(manager.get(path))["cards"]) == 2
    problem(manager.call("POST", f"{path}/merge", body), 409, "member_merged")
    ok(manager.call("PATCH", path, {"call_name": "chị Lan"}))
    ok(manager.call("POST", f"{path}/unmerge", {"reason": "nhầm"}), 200)
    assert (ok(manager.get(path))["name"], ok(manager.get(path))["call_name"]) == ("Lan cũ", None)
    assert ok(manager.get(f"/members/{one['id']}"))["call_name"] == "chị Lan"


def test_the_radar_over_http(till: Till, owner: Till, client: FlaskClient, shop: Shop) -> None:
    """Days as asked, thresholds as set, no card for an auditor; a wrong setting is refused by its name."""
    card = enrolled(till)["card"]
    ok(till.sell(basket(card=card, entry="scan")), 201)
    ok(owner.call("PATCH", "/settings", {"radar": {"card_tickets": 0}}))
    faults = problem(owner.call("PATCH", "/settings", {"radar": {"card_tickets": -1}}), 422, "invalid")
    assert list(faults["errors"]) == ["radar"]
    problem(owner.get("/reports/radar?from=yesterday"), 422, "invalid")
    problem(owner.get("/reports/none"), 404, "report_unknown")
    assert ok(owner.get("/reports/radar"))["rows"][0]["card"].startswith("2900")
    seen = ok(Till(client, shop.tokens["auditor"]).get("/reports/radar"))
    assert [row["card"] for row in seen["rows"]] == [None]
    assert ok(owner.get("/reports/radar?to=2026-11-20"))["rows"] == []
