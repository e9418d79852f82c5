"""Who may what: the role table is what is enforced, and it says what the contract says."""

from __future__ import annotations

import re
from typing import Any

from actions import FixedClock, Till, basket, line, new_key, ok, problem
from conftest import Shop
from flask.testing import FlaskClient

from loyalty_pos.api import roles
from loyalty_pos.api.auth import SESSION_COOKIE
from loyalty_pos.services import staff, stores
from loyalty_pos.services.context import SYSTEM, Request, Services
from tests.api.tables import digest

SPOKEN: list[tuple[str, str, str, Any, int]] = [
    ("cashier", "POST", "/members/1/points/adjustments", {"points": 5, "reason": "x"}, 403),
    ("cashier", "POST", "/members/1/coupons", {"promotion": "ten-percent"}, 403),
    ("cashier", "POST", "/promotions", {}, 403),
    ("cashier", "GET", "/exceptions", None, 403),
    ("manager", "GET", "/exceptions", None, 200),
    ("manager", "POST", "/members/9/points/adjustments", {"points": 5, "reason": "x"}, 404),
    ("manager", "GET", "/staff", None, 403),
    ("manager", "PATCH", "/settings", {}, 403),
    ("manager", "POST", "/terminals/hn-01-1/rotate", {}, 403),
    ("manager", "POST", "/terminals/hn-01-1/invite", {}, 201),
    ("manager", "POST", "/terminals/hn-02-1/invite", {}, 404),
    ("cashier", "POST", "/terminals/hn-01-1/invite", {}, 403),
    ("hn-01-1", "POST", "/terminals/hn-01-1/invite", {}, 403),
    ("nobody", "POST", "/terminals/hn-01-1/pair", {"pairing_code": "00000000"}, 401),
    ("manager", "GET", "/connections", None, 200),
    ("auditor", "GET", "/quarantine", None, 200),
    ("auditor", "POST", "/quarantine/1/accept", {}, 403),
    ("owner", "GET", "/staff", None, 200),
    ("auditor", "GET", "/members", None, 403),
    ("auditor", "GET", "/members/1", None, 403),
    ("auditor", "POST", "/sales", basket(receipt="r"), 403),
    ("auditor", "GET", "/exceptions", None, 200),
    ("hn-01-2", "POST", "/returns", {}, 403),
    ("hn-01-2", "POST", "/members", {}, 403),
    ("hn-01-2", "POST", "/quotes", basket(), 200),
    ("hn-01-2", "POST", "/quotes", basket(redeem_points=100), 403),
    ("hn-01-2", "POST", "/quotes", basket(coupons=["992048517730264414"]), 403),
    ("hn-01-1", "GET", "/members", None, 403),
    ("hn-01-1", "GET", "/coupons", None, 403),
]


def callers(client: FlaskClient, shop: Shop) -> dict[str, Till]:
    """Everybody who can call."""
    tills = {name: Till(client, key, name) for name, key in shop.keys.items()}
    return tills | {role: Till(client, token, role) for role, token in shop.tokens.items()}


def everybody(client: FlaskClient, shop: Shop) -> dict[str, Till]:
    """The same, and one without a key."""
    return callers(client, shop) | {"nobody": Till(client, "")}


def allowed(name: str, who: roles.Who) -> bool:
    """What the table says."""
    if who.open:
        return True
    if name == "hn-01-2":
        return who.scope == "earn"
    if name in ("hn-01-1", "hn-02-1"):
        return who.scope is not None
    return name in who.roles


def test_whoever_the_table_does_not_name_is_refused_and_leaves_nothing(
    client: FlaskClient, shop: Shop, services: Services
) -> None:
    before = digest(services)
    for (method, rule), who in roles.TABLE.items():
        path = re.sub(r"<[a-z]+>", "0", rule)
        for name, caller in callers(client, shop).items():
            if not allowed(name, who):
                answer = caller.call(method, path, None if method == "GET" else {})
                assert answer.status_code == 403, (method, rule, name)
                assert answer.get_json(force=True)["code"] in ("not_allowed", "scope_missing")
        for key in ("", "x" * 64, "x" * 1000):
            if not who.open:
                problem(Till(client, key).call(method, path, {}), 401, "not_signed_in")
    assert digest(services) == before


def test_whoever_the_table_names_is_let_through(client: FlaskClient, shop: Shop) -> None:
    """What then comes is the body's or the rules' affair, never a refusal of the person."""
    for (method, rule), who in roles.TABLE.items():
        path = re.sub(r"<[a-z]+>", "0", rule)
        for name, caller in callers(client, shop).items():
            if allowed(name, who):
                answer = caller.call(method, path, None if method == "GET" else {"no such field": 1})
                assert answer.status_code not in (401, 403, 500), (method, rule, name, answer.get_data(as_text=True))


def test_the_table_says_what_the_contract_says(client: FlaskClient, shop: Shop) -> None:
    """contract.md section 3, Who may what; section 1, scopes."""
    for who, method, path, body, status in SPOKEN:
        answer = everybody(client, shop)[who].call(method, path, body)
        assert answer.status_code == status, (who, method, path, answer.get_data(as_text=True))


def test_another_stores_things_do_not_exist(till: Till, other_till: Till, client: FlaskClient, shop: Shop) -> None:
    """Another store's checkout, sale or terminal is 404."""
    checkout = ok(other_till.open(basket()), 201)["id"]
    sale = ok(other_till.sell(basket()), 201)["id"]
    manager = Till(client, shop.tokens["manager"])
    for caller in (till, manager):
        problem(caller.get(f"/checkouts/{checkout}"), 404, "checkout_unknown")
        problem(caller.change(checkout, basket()), 404, "checkout_unknown")
        problem(caller.settle(checkout), 404, "checkout_unknown")
        problem(caller.void(checkout), 404, "checkout_unknown")
        problem(caller.get(f"/sales/{sale}"), 404, "sale_unknown")
        problem(caller.give_back(sale, ("1", 1)), 404, "sale_unknown")
    owner = Till(client, shop.tokens["owner"])
    assert ok(owner.get(f"/sales/{sale}"))["id"] == sale
    ok(other_till.settle(checkout), 201)


def test_a_revoked_key_opens_nothing_from_the_very_next_call(till: Till, owner: Till) -> None:
    ok(till.quote(basket()))
    ok(owner.call("POST", "/terminals/hn-01-1/revoke", {"reason": "mất máy"}))
    problem(till.quote(basket()), 401, "terminal_revoked")
    key = ok(owner.call("POST", "/terminals/hn-01-1/rotate", {}))["key"]
    problem(till.quote(basket()), 401, "not_signed_in")
    ok(Till(till.client, key).quote(basket()))


def test_a_disabled_persons_token_opens_nothing(client: FlaskClient, shop: Shop, owner: Till) -> None:
    manager = Till(client, shop.tokens["manager"])
    ok(manager.get("/coupons"))
    ok(owner.call("POST", "/staff/manager/disable", {}))
    problem(manager.get("/coupons"), 401, "not_signed_in")


def test_without_a_key_nothing_opens_but_what_is_public(client: FlaskClient, shop: Shop) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/docs"):
        assert client.get(path).status_code == 200, path
    answer = client.get("/api/v1/tiers")
    problem(answer, 401, "not_signed_in")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    for header in ("Basic abc", "Bearer", "Bearer ", shop.keys["hn-01-1"], f"bearer  {'x' * 300}"):
        problem(client.get("/api/v1/tiers", headers={"Authorization": header}), 401, "not_signed_in")
    ok(client.get("/api/v1/tiers", headers={"Authorization": f"bearer {shop.keys['hn-01-1']}"}))


# Sessions ---------------------------------------------------------------------------------------


def signed_in(client: FlaskClient, shop: Shop, login: str) -> str:
    """A browser with this person's session."""
    token, _ = staff.sign_in(shop.services, login, shop.password(login))
    client.set_cookie(SESSION_COOKIE, token)
    return token


def test_a_session_sells_at_its_lane_from_our_own_page_only(client: FlaskClient, shop: Shop) -> None:
    """reliability.md row 17: Fetch Metadata, else Origin, else refused."""
    signed_in(client, shop, "cashier")

    def sell(headers: dict[str, str]) -> Any:
        return client.post(
            "/api/v1/sales", json=basket(receipt=new_key()), headers={"Idempotency-Key": new_key()} | headers
        )

    for headers in (
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    ):
        problem(sell(headers), 403, "cross_site")
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://localhost"}):
        ok(sell(headers), 201)
    ok(client.get("/api/v1/products"))


def test_a_session_ends_idle_and_when_its_person_is_disabled(
    client: FlaskClient, shop: Shop, clock: FixedClock, services: Services
) -> None:
    signed_in(client, shop, "cashier")
    ok(client.get("/api/v1/products"))
    clock.move(minutes=29)
    ok(client.get("/api/v1/products"))
    clock.move(minutes=31)
    problem(client.get("/api/v1/products"), 401, "not_signed_in")
    signed_in(client, shop, "cashier")
    staff.disable(services, Request(SYSTEM), "cashier")
    problem(client.get("/api/v1/products"), 401, "not_signed_in")


def test_a_key_in_the_header_counts_before_a_cookie(client: FlaskClient, shop: Shop) -> None:
    signed_in(client, shop, "auditor")
    ok(Till(client, shop.keys["hn-01-1"]).sell(basket()), 201)
    problem(Till(client, "unknown").get("/exceptions"), 401, "not_signed_in")


def test_a_person_without_a_lane_cannot_sell(client: FlaskClient, services: Services) -> None:
    """422 no_terminal: the account has no terminal to sell at."""
    stores.add_store(services, Request(SYSTEM), "hn-09", "Mới")
    _, made = staff.add_staff(services, Request(SYSTEM), "lan", "Lan", "cashier", ["hn-09"], token=True)
    lan = Till(client, made["token"])
    problem(lan.sell(basket()), 422, "no_terminal")
    problem(lan.open(basket()), 422, "no_terminal")


# Masked data ------------------------------------------------------------------------------------


def test_contact_data_goes_to_those_whose_role_shows_it(till: Till, client: FlaskClient, shop: Shop) -> None:
    """cashier: masked; manager and owner: in full; auditor: points and entries, no person."""
    member = ok(till.enrol(name="Nguyễn Thị Lan", phone="0901234567", email="lan@example.com"), 201)["member"]["id"]
    for name in ("cashier", "hn-01-1"):
        seen = ok(callers(client, shop)[name].get(f"/members/{member}"))
        assert (seen["phone"], seen["email"], seen["birthday"]) == ("09•• ••• 567", None, None)
        assert "•" in seen["cards"][0]["number"]
    seen = ok(callers(client, shop)["manager"].get(f"/members/{member}"))
    assert (seen["phone"], seen["email"]) == ("+84901234567", "lan@example.com")
    auditor = callers(client, shop)["auditor"]
    ok(auditor.get(f"/members/{member}/points/entries"))
    assert "Lan" not in auditor.get(f"/members/{member}/points").get_data(as_text=True)


def test_the_cost_of_goods_is_for_those_who_run_the_shop(till: Till, owner: Till) -> None:
    ok(till.sell(basket(line(sku="1", unit_cost=3900))), 201)
    assert "unit_cost" not in ok(till.get("/products/1"))
    assert ok(owner.get("/products/1"))["unit_cost"] == 3900
