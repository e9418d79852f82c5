"""What contradicts the books is refused with its own code and sentence, and changes nothing (issue 3, bad input)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actions import FixedClock, Till, basket, line, ok, problem
from conftest import Shop
from flask.testing import FlaskClient
from services.lane import Books

from loyalty_pos.services.context import Services

Json = dict[str, Any]
GOODS = basket(line(quantity=3))


def refused(services: Services, call: Callable[[str], Any], status: int, code: str) -> None:
    """Refused in both languages, each in its own words; every row but the saved refusal is as before."""
    before = Books(services).dump()
    said = {language: problem(call(language), status, code)["detail"] for language in ("vi", "en")}
    after = Books(services).dump()
    assert said["vi"] != said["en"]
    assert after | {"answers": before["answers"]} == before, code


def test_each_contradiction_has_its_own_code_and_changes_nothing(
    till: Till, other_till: Till, client: FlaskClient, shop: Shop, services: Services, clock: FixedClock
) -> None:
    """Returns, undo, void, settle and receipts, as a till would get them wrong."""
    earning = Till(client, shop.keys["hn-01-2"], "hn-01-2")
    sale = ok(till.sell(GOODS, receipt="s-1"), 201)["id"]
    ok(till.give_back(sale, ("1", 1), receipt="b-1"), 201)
    whole = ok(till.sell(GOODS, receipt="s-2"), 201)["id"]
    ok(till.give_back(whole, ("1", 3), receipt="b-2"), 201)
    late = ok(earning.sell(GOODS, receipt="s-3"), 201)["id"]
    for lane in (till, earning):
        ok(lane.sell(GOODS, receipt="twice"), 201)
    settled, voided = (ok(till.open(GOODS), 201)["id"] for _ in range(2))
    ok(till.settle(settled, "s-4"), 201)
    ok(till.void(voided))
    clock.move(seconds=31)
    fresh = ok(till.sell(GOODS, receipt="s-5"), 201)["id"]

    def returns(lane: Till, of: str, quantity: int = 1, **more: Any) -> Callable[[str], Any]:
        body = {"lines": [{"line": "1", "quantity": quantity}], "receipt": "b-9"} | more
        return posted(lane, f"/sales/{of}/returns", body)

    def by_receipt(receipt: str) -> Callable[[str], Any]:
        lines = [{"line": "1", "quantity": 1}]
        return posted(till, "/returns", {"lines": lines, "receipt": "b-9", "sale_receipt": receipt})

    def posted(lane: Till, path: str, body: Json) -> Callable[[str], Any]:
        return lambda language: lane.call("POST", path, body, headers={"Accept-Language": language})

    cases: list[tuple[int, str, Callable[[str], Any]]] = [
        (422, "more_than_bought", returns(till, sale, 3)),
        (422, "more_than_bought", returns(till, whole)),
        (422, "return_of_return", by_receipt("b-1")),
        (409, "receipt_ambiguous", by_receipt("twice")),
        (404, "sale_unknown", returns(other_till, sale)),
        (403, "scope_missing", returns(earning, late)),
        (409, "receipt_conflict", returns(till, sale, 1, receipt="b-2")),
        (409, "receipt_conflict", returns(till, sale, 1, exchange=GOODS | {"receipt": "s-2"})),
        (409, "undo_too_late", returns(earning, late, 3, reason="undo")),
        (409, "undo_elsewhere", returns(earning, fresh, 3, reason="undo")),
        (409, "undo_not_whole", returns(till, fresh, 2, reason="undo")),
        (409, "receipt_conflict", posted(till, "/sales", basket(line(quantity=2), receipt="s-1"))),
        (409, "checkout_settled", posted(till, f"/checkouts/{settled}/void", {})),
        (409, "checkout_settled", posted(till, f"/checkouts/{settled}/settle", {"receipt": "s-9"})),
        (409, "checkout_voided", posted(till, f"/checkouts/{voided}/settle", {"receipt": "s-9"})),
        (404, "checkout_unknown", posted(other_till, f"/checkouts/{settled}/void", {})),
    ]
    for status, code, call in cases:
        refused(services, call, status, code)


def test_a_preview_takes_no_key_and_a_return_does(till: Till, services: Services) -> None:
    """contract.md 1: previews take none; also by receipt, and for an exchange."""
    sale = ok(till.sell(GOODS, receipt="s-1"), 201)["id"]
    back: Json = {"lines": [{"line": "1", "quantity": 1}], "receipt": "b-1"}
    headers = {"Authorization": f"Bearer {till.key}"}
    for path, more in (
        (f"/sales/{sale}/returns", {}),
        (f"/sales/{sale}/returns", {"exchange": GOODS}),
        ("/returns", {"sale_receipt": "s-1"}),
    ):
        before = Books(services).dump()
        shown = till.client.post("/api/v1" + path, json=back | more | {"preview": True}, headers=headers)
        assert ok(shown, 200)["status"] == "preview"
        assert Books(services).dump() == before
        problem(till.client.post("/api/v1" + path, json=back | more, headers=headers), 400, "key_missing")


def test_a_batch_takes_no_preview(till: Till, services: Services) -> None:
    """A fact that is none: the item is refused, the others proceed."""
    ok(till.sell(GOODS, receipt="s-1"), 201)
    item = {"kind": "return", "key": "batch-return-0001", "sale_receipt": "s-1", "receipt": "b-1",
            "lines": [{"line": "1", "quantity": 1}], "preview": True}  # fmt: skip
    found = ok(till.call("POST", "/sales/batch", {"sales": [item]}))["items"]
    assert found == [{"receipt": "b-1", "status": "refused", "code": "invalid"}]
    assert Books(services).value("SELECT count(*) FROM returns") == 0
