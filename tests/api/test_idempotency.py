"""Exactly once, as the contract words it (contract.md section 1, Idempotency-Key)."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from actions import FixedClock, Json, Till, basket, line, new_key, ok, problem
from flask import Flask
from werkzeug.test import TestResponse

from loyalty_pos.services import idempotency
from loyalty_pos.services.context import Services
from tests.api.tables import digest


def same(first: TestResponse, second: TestResponse) -> None:
    """The second is the replay of the first: status and body."""
    assert second.status_code == first.status_code
    assert second.get_json(force=True) == first.get_json(force=True)
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"


def enrolled(till: Till) -> Json:
    """A member with a card."""
    return ok(till.enrol(name="Nguyễn Thị Lan", phone="0901234567"), 201)


def writes(till: Till, owner: Till) -> list[tuple[Till, str, str, Json]]:
    """One call of every kind of write, in an order in which each can be done."""
    made = enrolled(till)
    member, card = made["member"]["id"], made["card"]["number"]
    ok(owner.call("POST", f"/members/{member}/points/adjustments", {"points": 500, "reason": "quà"}), 201)
    sale = ok(till.sell(basket(line(quantity=3), card=card, entry="scan")), 201)["id"]
    held = ok(till.open(basket(card=card, entry="scan")), 201)["id"]
    other = ok(till.open(basket()), 201)["id"]
    last = ok(till.enrol(), 201)
    twin, brother = (ok(till.enrol(), 201)["member"]["id"] for _ in range(2))
    without = ok(till.sell(basket(), receipt="a-0"), 201)["id"]
    back = [{"line": "1", "quantity": 1}]
    staff = {"login": "hoa", "name": "Hoa", "role": "manager", "token": True}
    manager = Till(owner.client, ok(owner.call("POST", "/staff", staff), 201)["token"], "hoa")
    asked = [
        ok(manager.call("POST", f"/members/{member}/points/adjustments", {"points": 2_000, "reason": "quà"}), 202)
        for _ in range(2)
    ]
    coupon = ok(owner.call("POST", f"/members/{member}/coupons", {"promotion": "ten-percent"}), 201)["code"]
    pairing = ok(owner.call("POST", "/terminals/hn-02-1/invite", {}), 201)["pairing_code"]
    campaign = {"name": "Cà phê", "promotion": "coffee-20k", "audience": {"members": [brother]}}
    ready = ok(owner.call("POST", "/campaigns", campaign), 201)["id"]
    return [
        (till, "POST", "/cards/identify", {"swipe": card, "entry": "scan"}),
        (till, "POST", "/checkouts", basket(card=card, entry="scan", redeem_points=100)),
        (till, "PUT", f"/checkouts/{held}", basket(line(quantity=2))),
        (till, "POST", f"/checkouts/{held}/settle", {"receipt": "a-1"}),
        (till, "POST", f"/checkouts/{other}/void", {}),
        (till, "POST", "/sales", basket(receipt="a-2", card=card, entry="scan")),
        (till, "POST", f"/sales/{without}/attach", {"swipe": card}),
        (till, "POST", f"/sales/{sale}/returns", {"lines": back, "receipt": "a-3"}),
        (till, "POST", "/returns", {"lines": back, "receipt": "a-4", "sale_receipt": "a-2"}),
        (till, "POST", "/returns", {"lines": back, "receipt": "a-5", "sale_receipt": "never seen"}),
        (till, "POST", "/members", {"name": "Trần Văn Bình"}),
        (till, "PATCH", f"/members/{member}", {"name": "Nguyễn Thị Lan Anh"}),
        (till, "POST", f"/members/{member}/cards", {"replaces": card}),
        (till, "POST", f"/cards/{last['card']['number']}/block", {"reason": "mất"}),
        (owner, "POST", f"/members/{member}/points/adjustments", {"points": 5, "reason": "quà"}),
        (owner, "POST", f"/members/{member}/tier", {"tier": "gold", "reason": "khách quen"}),
        (owner, "POST", f"/members/{member}/points/adjustments", {"points": 5_000, "reason": "quà lớn"}),
        (owner, "POST", f"/members/{twin}/merge", {"into": brother, "reason": "hai thẻ"}),
        (owner, "POST", f"/members/{twin}/unmerge", {"reason": "nhầm"}),
        (owner, "POST", f"/approvals/{asked[0]['approval']}/approve", {}),
        (owner, "POST", f"/approvals/{asked[1]['approval']}/reject", {"note": "nhầm"}),
        (owner, "POST", f"/members/{member}/coupons", {"promotion": "ten-percent"}),
        (owner, "POST", f"/coupons/{coupon}/cancel", {"reason": "nhầm"}),
        (owner, "POST", "/promotions", {"code": "tea", "name": "Trà", "state": "draft",
                                        "rewards": [{"kind": "percent_off", "percent": 5, "scope": {"all": True}}]}),
        (owner, "PATCH", "/promotions/tea", {"state": "active"}),
        (owner, "POST", "/segments", {"code": "guests", "name": "Khách", "rule": {"all": [
            {"field": "visits", "op": ">=", "value": 1}]}}),
        (owner, "POST", "/campaigns", campaign | {"name": {"vi": "Trà"}}),
        (owner, "PATCH", f"/campaigns/{ready}", {"channels": ["zalo"]}),
        (manager, "POST", f"/campaigns/{ready}/approve", {"note": "được"}),
        (owner, "POST", f"/campaigns/{ready}/launch", {}),
        (owner, "POST", f"/campaigns/{ready}/stop", {"reason": "đủ rồi", "cancel_unused": True}),
        (owner, "PUT", "/tiers", {"tiers": [{"code": "only", "name": "Một"}]}),
        (owner, "PATCH", "/settings", {"adjustment_limit": 50}),
        (owner, "POST", "/products", {"sku": "1", "name": "Một"}),
        (owner, "POST", "/categories", {"code": "food", "name": {"vi": "Đồ ăn"}}),
        (owner, "POST", "/stores", {"code": "hn-03", "name": "Ba Đình"}),
        (owner, "POST", "/terminals", {"code": "hn-03-1", "store": "hn-03"}),
        (owner, "POST", "/terminals/hn-03-1/invite", {}),
        (owner, "POST", "/terminals/hn-02-1/pair", {"pairing_code": pairing}),
        (owner, "POST", "/terminals/hn-03-1/rotate", {}),
        (owner, "POST", "/terminals/hn-03-1/revoke", {}),
        (owner, "POST", "/staff", {"login": "lan", "name": "Lan", "role": "cashier", "token": True}),
        (owner, "POST", "/staff/lan/tokens", {}),
        (owner, "POST", "/staff/lan/password", {"password": "mat khau dai"}),
        (owner, "PUT", "/staff/lan/card", {"card": card}),
        (owner, "POST", "/staff/lan/disable", {}),
    ]  # fmt: skip


def test_every_write_answers_the_same_again_and_does_nothing_twice(
    till: Till, owner: Till, services: Services, clock: FixedClock
) -> None:
    for caller, method, path, body in writes(till, owner):
        key = new_key()
        first = caller.call(method, path, body, key=key)
        assert first.status_code < 300, (method, path, first.get_data(as_text=True))
        after = digest(services)
        clock.move(minutes=1)
        again = caller.call(method, path, body, key=key)
        same(first, again)
        assert digest(services) == after, (method, path)
        clock.move(minutes=-1)


def test_the_same_key_with_another_body_is_refused(till: Till, services: Services) -> None:
    """Same key + other body -> 422 key_reused; another path is another body."""
    key = new_key()
    goods = basket(receipt="r-1")
    ok(till.call("POST", "/sales", goods, key=key), 201)
    after = digest(services)
    problem(till.call("POST", "/sales", basket(receipt="r-2"), key=key), 422, "key_reused")
    problem(till.call("POST", "/checkouts", basket(), key=key), 422, "key_reused")
    assert digest(services) == after
    ok(till.call("POST", "/sales", goods, key=key), 201)


def test_the_order_of_fields_and_blanks_do_not_make_another_body(till: Till) -> None:
    key = new_key()
    sent = {"Authorization": f"Bearer {till.key}", "Idempotency-Key": key, "Content-Type": "application/json"}
    one = b'{"receipt":"r-1","lines":[{"line":"1","sku":"1","quantity":1,"unit_price":5}]}'
    two = b'{ "lines": [ {"unit_price": 5, "quantity": 1, "sku": "1", "line": "1"} ], "receipt": "r-1" }'
    first = till.client.post("/api/v1/sales", data=one, headers=sent)
    same(first, till.client.post("/api/v1/sales", data=two, headers=sent))


def test_keys_are_each_callers_own(till: Till, other_till: Till) -> None:
    """Scope: the caller."""
    key = new_key()
    first = ok(till.call("POST", "/sales", basket(receipt="r-1"), key=key), 201)
    second = ok(other_till.call("POST", "/sales", basket(receipt="r-1"), key=key), 201)
    assert first["id"] != second["id"]


def test_a_refusal_of_the_rules_is_final_and_saved(till: Till, services: Services) -> None:
    """Every answer later than the checks of the body is saved with the key and is final."""
    problem(till.identify("2900000000018"), 404, "card_unknown")
    sale = ok(till.sell(basket()), 201)["id"]
    key = new_key()
    first = till.give_back(sale, ("1", 5), receipt="b-1", key=key)
    problem(first, 422, "more_than_bought")
    after = digest(services)
    again = till.give_back(sale, ("1", 5), receipt="b-1", key=key)
    assert (again.status_code, again.get_json(force=True)) == (first.status_code, first.get_json(force=True))
    assert digest(services) == after


def test_a_replayed_refusal_is_marked(till: Till) -> None:
    key = new_key()
    first = till.void("1", key=key)
    same(first, till.void("1", key=key))


def test_a_refusal_stays_when_it_would_be_allowed_by_now(till: Till) -> None:
    """404 checkout_unknown under this key for ever, although the checkout exists meanwhile."""
    key = new_key()
    problem(till.void("1", key=key), 404, "checkout_unknown")
    assert ok(till.open(basket()), 201)["id"] == "1"
    problem(till.void("1", key=key), 404, "checkout_unknown")
    ok(till.void("1"))


def test_a_body_that_was_not_valid_leaves_the_key_unused(till: Till) -> None:
    """400, 401, 403, 413, 415 and 422 invalid store nothing."""
    key = new_key()
    problem(till.call("POST", "/sales", basket(line(price=-1), receipt="r-1"), key=key), 422, "invalid")
    ok(till.call("POST", "/sales", basket(receipt="r-1"), key=key), 201)


def test_a_key_without_identify_is_not_needed_but_counts(till: Till) -> None:
    """identify may carry a key: then a retry records no second swipe."""
    card = enrolled(till)["card"]["number"]
    sent = {"Authorization": f"Bearer {till.key}"}
    first = ok(till.client.post("/api/v1/cards/identify", json={"swipe": card, "entry": "scan"}, headers=sent))
    second = ok(till.client.post("/api/v1/cards/identify", json={"swipe": card, "entry": "scan"}, headers=sent))
    assert first["swipe_id"] != second["swipe_id"]
    key = new_key()
    third, fourth = till.identify(card, key=key), till.identify(card, key=key)
    assert ok(third)["swipe_id"] == ok(fourth)["swipe_id"]


def test_a_saved_answer_holds_no_personal_data(till: Till, services: Services) -> None:
    """Names are filled in again when it is replayed: the newest ones."""
    key = new_key()
    first = ok(till.call("POST", "/members", {"name": "Nguyễn Thị Lan", "phone": "0901234567"}, key=key), 201)
    stored = services.store.read(lambda tx: tx.all("SELECT answer FROM answers"))
    assert all(b"Lan" not in bytes(row[0]) and b"901234567" not in bytes(row[0]) for row in stored if row[0])
    ok(till.call("PATCH", f"/members/{first['member']['id']}", {"name": "Nguyễn Thị Hoa"}))
    again = ok(till.call("POST", "/members", {"name": "Nguyễn Thị Lan", "phone": "0901234567"}, key=key), 201)
    assert again["member"]["short_name"] == "Hoa N."


def test_while_it_runs_the_same_key_is_in_progress_and_stays_unused(
    till: Till, app: Flask, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Still running -> 409 in_progress with Retry-After; the answer of the first is kept."""
    key, goods = new_key(), basket(receipt="r-1")
    inside, go_on = threading.Event(), threading.Event()
    saving = idempotency._save

    def slow(*args: Any) -> None:
        inside.set()
        assert go_on.wait(20)
        saving(*args)

    monkeypatch.setattr(idempotency, "_save", slow)
    answers: list[TestResponse] = []
    sent = {"Authorization": f"Bearer {till.key}", "Idempotency-Key": key}
    running = threading.Thread(
        target=lambda: answers.append(app.test_client().post("/api/v1/sales", json=goods, headers=sent))
    )
    running.start()
    try:
        assert inside.wait(20)
        answer = till.call("POST", "/sales", goods, key=key)
        problem(answer, 409, "in_progress")
        assert answer.headers["Retry-After"] == "1"
    finally:
        go_on.set()
        running.join()
    ok(answers[0], 201)
    same(answers[0], till.call("POST", "/sales", goods, key=key))


def test_the_same_key_from_many_tills_at_once_has_one_effect(till: Till, app: Flask, services: Services) -> None:
    key, goods = new_key(), basket(receipt="r-1")
    sent = {"Authorization": f"Bearer {till.key}", "Idempotency-Key": key}
    answers: list[TestResponse] = []
    threads = [
        threading.Thread(
            target=lambda: answers.append(app.test_client().post("/api/v1/sales", json=goods, headers=sent))
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.get_json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert services.store.read(lambda tx: tx.one("SELECT count(*) FROM sales"))[0] == 1


def test_a_fault_of_ours_saves_nothing_and_tells_nothing(
    till: Till, services: Services, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """5xx: an opaque id, no text of the exception; the same key then runs anew."""
    key, before = new_key(), digest(services)

    def broken(*args: Any) -> None:
        raise RuntimeError("secret 0901234567")

    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "_save", broken)
        answer = till.call("POST", "/sales", basket(receipt="r-1"), key=key)
    found = problem(answer, 500, "internal")
    assert found["incident"].isdigit()
    assert "secret" not in answer.get_data(as_text=True)
    assert "0901234567" not in capfd.readouterr().err
    assert digest(services) == before
    ok(till.call("POST", "/sales", basket(receipt="r-1"), key=key), 201)
