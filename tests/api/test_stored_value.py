"""Gift cards over HTTP: sold, looked up, paid with, given back, blocked."""

from __future__ import annotations

from actions import Till, basket, line, new_key, ok, problem
from conftest import Shop
from flask.testing import FlaskClient

GIFT = line("1", sku="gift", price=200_000)


def test_a_gift_card_from_its_sale_to_its_block(till: Till, owner: Till) -> None:
    """contract.md: ``pay_with`` lowers ``due``; the answer lists the balance after."""
    ok(owner.call("PATCH", "/settings", {"gift_card_skus": ["gift"]}))
    sold = ok(till.sell(basket(GIFT)), 201)
    assert sold["points"]["basis"] == 0
    key = new_key()
    body = {"amount": 150_000, "sale": sold["id"], "line": "1"}
    made = ok(till.call("POST", "/stored-value", body, key=key), 201)
    again = till.call("POST", "/stored-value", body, key=key)
    assert (again.headers["Idempotent-Replayed"], again.get_json()) == ("true", made)
    code = made["code"]
    assert ok(till.call("POST", f"/stored-value/{code}/load", body | {"amount": 50_000}))["balance"] == 200_000
    problem(till.call("POST", f"/stored-value/{code}/load", body | {"amount": 1}), 422, "value_not_sold")
    paid = ok(till.sell(basket(line(price=30_000), pay_with=[code])), 201)
    assert (paid["totals"]["due"], paid["stored_value"]) == (0, {code: 170_000})
    back = ok(till.give_back(paid["id"], ("1", 1)), 201)
    assert (back["pay_back"], back["value_back"]) == (0, {code: 30_000})
    problem(till.call("POST", f"/stored-value/{code}/block", {"reason": "lost"}), 403, "not_allowed")
    assert ok(owner.call("POST", f"/stored-value/{code}/block", {"reason": "lost"}))["state"] == "blocked"
    problem(owner.call("POST", f"/stored-value/{code}/block", {"reason": "lost"}), 409, "value_blocked")
    assert ok(owner.call("POST", f"/stored-value/{code}/unblock", {"reason": "found"}))["state"] == "active"
    problem(owner.call("POST", f"/stored-value/{code}/unblock", {"reason": "found"}), 409, "value_active")
    kinds = [entry["kind"] for entry in ok(till.get(f"/stored-value/{code}/entries"))["items"]]
    assert kinds == ["load", "load", "pay", "refund"]


def test_a_sold_gift_card_that_was_spent_does_not_come_back(till: Till, owner: Till) -> None:
    ok(owner.call("PATCH", "/settings", {"gift_card_skus": ["gift"]}))
    sold = ok(till.sell(basket(GIFT)), 201)
    body = {"amount": 200_000, "sale": sold["id"], "line": "1"}
    code = ok(till.call("POST", "/stored-value", body), 201)["code"]
    ok(till.sell(basket(line(price=1_000), pay_with=[code])), 201)
    problem(till.give_back(sold["id"], ("1", 1)), 422, "value_spent")


def test_a_wallet_is_found_by_its_member(till: Till, owner: Till) -> None:
    member = ok(till.enrol(), 201)
    body = {"kind": "wallet", "member": member["member"]["id"], "amount": 10_000, "reason": "a gift"}
    made = ok(owner.call("POST", "/stored-value", body), 201)
    found = ok(till.get(f"/members/{member['member']['id']}/stored-value"))
    assert found == {"items": [made], "next": None}
    mine = basket(line(price=4_000), card=member["card"]["number"], entry="scan", pay_with=[made["code"]])
    assert ok(till.quote(mine))["stored_value"] == {made["code"]: 6_000}


def test_a_till_gives_no_money_away(till: Till, client: FlaskClient, shop: Shop) -> None:
    """S50: without a sale only a manager, with a reason."""
    problem(till.call("POST", "/stored-value", {"amount": 5, "reason": "x"}), 403, "not_allowed")
    cashier = Till(client, shop.tokens["cashier"])
    problem(cashier.call("POST", "/stored-value", {"amount": 5, "reason": "x"}), 403, "not_allowed")
    manager = Till(client, shop.tokens["manager"])
    assert problem(manager.call("POST", "/stored-value", {"amount": 5}), 422, "invalid")["errors"] == {
        "reason": ["missing"]
    }
    ok(manager.call("POST", "/stored-value", {"amount": 5, "reason": "x"}), 201)


def test_unknown_codes_are_slowed_down(till: Till) -> None:
    """S36: never a balance for whoever guesses."""
    for _ in range(6):
        problem(till.get("/stored-value/960000000000000009"), 404, "value_unknown")
    assert till.get("/stored-value/960000000000000009").headers["Retry-After"] == "60"
    problem(till.get("/stored-value/960000000000000009"), 429, "slow_down")


def test_the_settings_are_checked(owner: Till) -> None:
    for wrong in ({"gift_card_skus": "gift"}, {"gift_card_skus": [""]}, {"value_limit": -1}):
        problem(owner.call("PATCH", "/settings", wrong), 422, "invalid")


def test_a_manager_lists_them_by_kind_state_and_last_digits(till: Till, owner: Till) -> None:
    codes = [ok(owner.call("POST", "/stored-value", {"amount": 1_000, "reason": "x"}), 201)["code"] for _ in range(3)]
    ok(owner.call("POST", f"/stored-value/{codes[0]}/block", {"reason": "lost"}))
    first = ok(owner.get("/stored-value?limit=2"))
    rest = ok(owner.get(f"/stored-value?limit=2&cursor={first['next']}"))
    assert [one["code"] for one in first["items"] + rest["items"]] == codes[::-1]
    assert [one["code"] for one in ok(owner.get("/stored-value?state=blocked"))["items"]] == codes[:1]
    assert ok(owner.get("/stored-value?kind=wallet"))["items"] == []
    assert [one["code"] for one in ok(owner.get(f"/stored-value?ending={codes[1][-8:]}"))["items"]] == [codes[1]]
    problem(owner.get("/stored-value?ending=%25"), 422, "invalid")
    problem(till.get("/stored-value"), 403, "not_allowed")
