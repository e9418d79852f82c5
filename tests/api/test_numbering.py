"""A till that numbers, over HTTP: paired by a code, told its gaps, cloned, paired again (S43, S44)."""

from __future__ import annotations

from typing import Any

import pytest
from actions import FixedClock, Json, Till, basket, new_key, ok, problem
from flask.testing import FlaskClient

from loyalty_pos.services.context import Services
from tests.api.tables import digest


def numbered(sequence: int, receipt: str, epoch: int = 1, **more: Any) -> Json:
    """A sale with its number."""
    return basket(key=new_key(), receipt=receipt, epoch=epoch, sequence=sequence, **more)


def pair(client: FlaskClient, code: str, pairing_code: str, **more: Any) -> Any:
    """A till without any key asks for its identity."""
    sent = {"Idempotency-Key": new_key()} | more.pop("headers", {})
    body = {"pairing_code": pairing_code} | more
    return client.post(f"/api/v1/terminals/{code}/pair", json=body, headers=sent)


def invite(owner: Till, code: str = "hn-01-1") -> str:
    """A pairing code."""
    return str(ok(owner.call("POST", f"/terminals/{code}/invite", {}), 201)["pairing_code"])


def test_the_story_of_a_cloned_till(till: Till, owner: Till, client: FlaskClient) -> None:
    """Story 7: two bodies for one number, both are asked to pair again, and nothing is lost."""
    first = ok(till.call("POST", "/sales/batch", {"sales": [numbered(1, "a"), numbered(3, "b")]}))
    assert (first["high_contiguous"], first["gaps"], first["pair_again"]) == (1, [{"from": 2, "to": 2}], False)
    second = ok(till.call("POST", "/sales/batch", {"sales": [numbered(1, "c"), numbered(2, "d")]}))
    assert [(x["receipt"], x["status"], x.get("code")) for x in second["items"]] == [
        ("c", "quarantined", "number_taken"), ("d", "ok", None),
    ]  # fmt: skip
    assert (second["high_contiguous"], second["gaps"], second["pair_again"]) == (3, [], True)
    card = ok(till.enrol(), 201)["card"]["number"]
    problem(till.quote(basket(card=card, entry="scan", redeem_points=100)), 403, "terminal_quarantined")
    ok(till.quote(basket(card=card, entry="scan")))
    told = ok(owner.get("/exceptions"))["items"]
    assert [(x["code"], x["terminal"]) for x in told] == [("number_taken", "hn-01-1")]

    given = ok(pair(client, "hn-01-1", invite(owner)), 200)
    problem(till.quote(basket()), 401, "not_signed_in")
    till = Till(client, given["key"], "hn-01-1")
    assert given["epoch"] == 2
    third = ok(till.call("POST", "/sales/batch", {"sales": [numbered(1, "e", epoch=2)]}))
    assert (third["high_contiguous"], third["pair_again"]) == (1, False)
    ok(owner.call("POST", "/quarantine/1/accept", {}))
    receipts = {x["receipt"] for x in ok(owner.get("/sales"))["items"]}
    assert receipts == {"a", "b", "c", "d", "e"}
    problem(owner.call("POST", "/quarantine/1/accept", {}), 409, "record_resolved")
    problem(owner.call("POST", "/quarantine/2/dismiss", {"reason": "x"}), 404, "record_unknown")


def test_pairing_asks_for_the_code_and_nothing_else(client: FlaskClient, owner: Till, services: Services) -> None:
    """No key opens it, none is needed; what is malformed is told as everywhere."""
    code = invite(owner)
    before = digest(services)
    answer = client.post("/api/v1/terminals/hn-01-1/pair", json={"pairing_code": code})
    problem(answer, 400, "key_missing")
    problem(pair(client, "hn-01-1", "4111111111111111"), 422, "payment_card")
    problem(pair(client, "hn-01-1", code, extra=1), 422, "invalid")
    problem(pair(client, "hn-01-1", "x" * 33), 422, "invalid")
    problem(pair(client, "no-such", code), 401, "pairing_code_wrong")
    assert digest(services) == before
    wrong = pair(client, "hn-01-1", "00000000", headers={"Authorization": f"Bearer {owner.key}"})
    problem(wrong, 401, "pairing_code_wrong")
    assert ok(pair(client, "hn-01-1", code))["epoch"] == 2


def test_six_wrong_codes_make_it_wait(client: FlaskClient, owner: Till, clock: FixedClock) -> None:
    code = invite(owner)
    for _ in range(6):
        problem(pair(client, "hn-01-1", "00000000"), 401, "pairing_code_wrong")
    answer = pair(client, "hn-01-1", code)
    problem(answer, 429, "slow_down")
    assert answer.headers["Retry-After"] == "60"
    clock.move(seconds=61)
    ok(pair(client, "hn-01-1", code))


@pytest.mark.parametrize("body", [
    {}, {"swipes": []}, {"swipes": [{}] * 501}, {"swipes": "x"}, {"swipes": [1]}, {"swipes": [{}], "extra": 1},
    {"swipes": [{}], "sent_at": "2026-11-21T12:00:00"}, {"swipes": [{}], "sent_at": 5},
])  # fmt: skip
def test_a_batch_of_swipes_has_its_form(till: Till, services: Services, body: Json) -> None:
    before = digest(services)
    problem(till.call("POST", "/swipes/batch", body), 422, "invalid")
    assert digest(services) == before


def test_a_bad_swipe_never_blocks_the_others(till: Till, services: Services) -> None:
    """S41 too: a bank card is not stored, whatever field it hides in."""
    card = ok(till.enrol(), 201)["card"]["number"]
    good = {"swipe": card, "entry": "scan", "at": "2026-11-21T09:30:00+07:00"}
    bad: list[Json] = [
        {}, good, good | {"key": new_key(), "at": "2026-11-21T09:30:00"}, good | {"key": new_key(), "at": None},
        good | {"key": new_key(), "swipe": "4111 1111 1111 1111"}, good | {"key": "4111111111111111"},
        good | {"key": new_key(), "cashier": "4111111111111111"}, good | {"key": new_key(), "sequence": 1},
        good | {"key": new_key(), "epoch": [], "sequence": {}}, good | {"key": new_key(), "more": 1},
        good | {"key": new_key(), "swipe": "992048517730264414"},
    ]  # fmt: skip
    answer = ok(till.call("POST", "/swipes/batch", {"swipes": [*bad, good | {"key": new_key()}]}))
    heard = [item.get("code") for item in answer["items"]]
    assert heard[:-2] == [
        "invalid", "invalid", "invalid", "invalid", "payment_card", "payment_card", "payment_card", "invalid",
        "invalid", "invalid",
    ]  # fmt: skip
    assert heard[-2:] == ["card_is_coupon", None]
    swipes = services.store.read(lambda tx: tx.all("SELECT * FROM swipes"))
    assert len(swipes) == 1
    assert "4111" not in repr(swipes)


def test_the_list_of_swipes_shows_both_times(till: Till, owner: Till) -> None:
    item = {"key": new_key(), "swipe": "2900000000001", "at": "2026-11-21T09:30:00+07:00"}
    ok(till.call("POST", "/swipes/batch", {"swipes": [item]}))
    shown = ok(owner.get("/swipes"))["items"][0]
    assert (shown["at"], shown["recorded_at"]) == ("2026-11-21T02:30:00+00:00", "2026-11-21T05:00:00+00:00")
