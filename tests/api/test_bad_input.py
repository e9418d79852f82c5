"""Whatever is sent: 4xx with a code and the field, no echo, nothing stored, the next call works.

contract.md section 1, reliability.md section 6, S41.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from actions import Json, Till, basket, line, new_key, ok, problem

from loyalty_pos.services.context import Services
from tests.api.tables import digest

VISA = "4111111111111111"
NAPAS = "9704000000000018"
MARK = "zq" * 8
"""A bad value that must not come back."""

BAD_BASKETS: dict[str, tuple[Json, str, str]] = {
    "wrong type": (basket(line(price=MARK)), "lines.0.unit_price", "wrong_type"),
    "money as a string": (basket(line(price="10000")), "lines.0.unit_price", "wrong_type"),
    "float money": (basket(line(price=10_000.5)), "lines.0.unit_price", "wrong_type"),
    "whole float money": (basket(line(price=10_000.0)), "lines.0.unit_price", "wrong_type"),
    "boolean money": (basket(line(price=True)), "lines.0.unit_price", "wrong_type"),
    "null money": (basket(line(price=None)), "lines.0.unit_price", "wrong_type"),
    "missing field": (basket({"line": "1", "sku": "1", "quantity": 1}), "lines.0.unit_price", "missing"),
    "unknown field": (basket(line(colour=MARK)), "lines.0.colour", "unknown_field"),
    "unknown field with an odd name": (basket(line(**{f"<{MARK}>": 1})), "lines.0.?", "unknown_field"),
    "negative price": (basket(line(price=-1)), "lines.0.unit_price", "out_of_range"),
    "quantity zero": (basket(line(quantity=0)), "lines.0.quantity", "out_of_range"),
    "negative quantity": (basket(line(quantity=-1)), "lines.0.quantity", "out_of_range"),
    "weight zero": (basket(line(quantity="0.000")), "lines.0.quantity", "out_of_range"),
    "weight too fine": (basket(line(quantity="0.4355")), "lines.0.quantity", "out_of_range"),
    "huge price": (basket(line(price=10**18)), "lines.0.unit_price", "out_of_range"),
    "huge quantity": (basket(line(quantity=10**18)), "lines.0.quantity", "out_of_range"),
    "beyond every integer": (basket(line(price=10**40)), "lines.0.unit_price", "out_of_range"),
    "huge points": (basket(redeem_points=10**18), "redeem_points", "out_of_range"),
    "huge product": (basket(line(price=10**12, quantity=9_999)), "lines.0.unit_price", "too_large"),
    "discount above the line": (basket(line(price=5, discount=6)), "lines.0.discount", "above_line"),
    "too many units": (basket(*(line(n, quantity=5_001) for n in (1, 2))), "lines", "too_many_units"),
    "duplicate line id": (basket(line(1), line(1)), "lines.1.line", "duplicate"),
    "two identities": (basket(card="2900000000018", member="1"), "card", "one_identity"),
    "time without offset": (basket(sold_at="2026-11-21T19:05:00"), "sold_at", "offset_missing"),
    "no time at all": (basket(sold_at=MARK), "sold_at", "invalid"),
    "entry of another kind": (basket(entry=MARK), "entry", "not_one_of"),
    "control character in a name": (basket(line(name=f"a\x07{MARK}")), "lines.0.name", "bad_characters"),
    "line end in a name": (basket(line(name="a\n")), "lines.0.name", "bad_characters"),
    "bidi override in a name": (basket(line(name=f"\u202e{MARK}")), "lines.0.name", "bad_characters"),
    "bidi mark in a scan": (basket(card="2900\u200f000000018"), "card", "bad_characters"),
    "nul in a scan": (basket(card="2900\x00000000018"), "card", "bad_characters"),
    "control character in a field name": (basket(line(**{"a\x07": 1})), "lines.0", "bad_characters"),
    "overlong name": (basket(line(name="a" * 201)), "lines.0.name", "out_of_range"),
    "overlong scan": (basket(swipe="a" * 401), "swipe", "out_of_range"),
    "empty sku": (basket(line(sku="")), "lines.0.sku", "out_of_range"),
    "lines of another kind": ({"lines": {}}, "lines", "wrong_type"),
    "deep nesting": (basket(line(name=[[[[[]]]]])), "lines.0.name", "wrong_type"),
}  # fmt: skip


@pytest.mark.parametrize(
    "path", ["/quotes", "/checkouts", "/sales"],
)  # fmt: skip
def test_a_bad_basket_is_refused_by_field_and_leaves_nothing(till: Till, services: Services, path: str) -> None:
    before = digest(services)
    receipt = {"receipt": "r-1"} if path == "/sales" else {}
    for what, (body, field, code) in BAD_BASKETS.items():
        answer = till.call("POST", path, body | receipt)
        found = problem(answer, 422, "invalid")
        assert found["errors"].get(field) == [code], (what, found)
        assert MARK not in answer.get_data(as_text=True), what
    assert digest(services) == before
    ok(till.call("POST", path, basket() | receipt))


def test_more_lines_than_allowed(till: Till, services: Services) -> None:
    """1.000 lines in a basket, 5.000 in a sale that happened."""
    before = digest(services)
    goods = basket(*(line(n) for n in range(1001)))
    assert problem(till.quote(goods), 422, "invalid")["errors"] == {"lines": ["out_of_range"]}
    assert problem(till.open(goods), 422, "invalid")["errors"] == {"lines": ["out_of_range"]}
    many = basket(*(line(n) for n in range(5001)))
    assert problem(till.sell(many), 422, "invalid")["errors"] == {"lines": ["out_of_range"]}
    assert digest(services) == before
    ok(till.sell(basket(*(line(n) for n in range(1001)))), 201)


RAW: dict[str, tuple[bytes, dict[str, str], int, str]] = {
    "not JSON": (b"lines=1", {}, 400, "invalid_json"),
    "cut off": (b'{"lines": [', {}, 400, "invalid_json"),
    "empty": (b"", {}, 400, "invalid_json"),
    "NaN": (b'{"redeem_points": NaN}', {}, 400, "invalid_json"),
    "not UTF-8": (b'{"cashier": "\xff"}', {}, 400, "invalid_json"),
    "latin-1": ('{"cashier": "é"}'.encode("latin-1"), {}, 400, "invalid_json"),
    "UTF-16": ('{"cashier": "a"}'.encode("utf-16"), {}, 400, "invalid_json"),
    "byte order mark": (b"\xef\xbb\xbf{}", {}, 400, "invalid_json"),
    "half a surrogate": (b'{"cashier": "\\ud800"}', {}, 400, "invalid_json"),
    "bottomless": (b"[" * 200_000, {}, 400, "invalid_json"),
    "too deep": (b'{"a":' * 100 + b"1" + b"}" * 100, {}, 422, "invalid"),
    "a number out of range": (b'{"redeem_points": 1e999}', {}, 422, "invalid"),
    "not an object": (b"[]", {}, 422, "invalid"),
    "null": (b"null", {}, 422, "invalid"),
    "form": (b"{}", {"Content-Type": "application/x-www-form-urlencoded"}, 415, "unsupported_media_type"),
    "text": (b"{}", {"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
    "no type": (b"{}", {"Content-Type": ""}, 415, "unsupported_media_type"),
    "another charset": (b"{}", {"Content-Type": "application/json; charset=latin-1"}, 415, "unsupported_media_type"),
    "gzip": (b"{}", {"Content-Encoding": "gzip"}, 415, "unsupported_media_type"),
    "identity": (b"{}", {"Content-Encoding": "identity"}, 415, "unsupported_media_type"),
    "too large": (b" " * (1024 * 1024 + 1), {}, 413, "too_large"),
    "key too short": (b"{}", {"Idempotency-Key": "short"}, 400, "key_invalid"),
    "key too long": (b"{}", {"Idempotency-Key": "k" * 65}, 400, "key_invalid"),
    "key of other signs": (b"{}", {"Idempotency-Key": "k" * 16 + "_"}, 400, "key_invalid"),
}


def test_a_malformed_message_is_refused_and_leaves_nothing(till: Till, services: Services) -> None:
    before = digest(services)
    for what, (body, headers, status, code) in RAW.items():
        sent = {"Authorization": f"Bearer {till.key}", "Content-Type": "application/json", "Idempotency-Key": new_key()}
        answer = till.client.post("/api/v1/checkouts", data=body, headers=sent | headers)
        assert (answer.status_code, answer.get_json(force=True)["code"]) == (status, code), what
        assert answer.content_type.startswith("application/problem+json")
    assert digest(services) == before
    ok(till.open(basket()), 201)


def test_a_batch_may_be_larger_than_a_sale(till: Till) -> None:
    """Batch and imports: 8 MiB."""
    sent = {"Authorization": f"Bearer {till.key}", "Content-Type": "application/json"}
    body = json.dumps({"sales": [{"key": new_key(), "receipt": "r-1", "lines": [line()]}]}).encode()
    ok(till.client.post("/api/v1/sales/batch", data=body + b" " * (2 * 1024 * 1024), headers=sent))
    answer = till.client.post("/api/v1/sales/batch", data=body + b" " * (8 * 1024 * 1024), headers=sent)
    problem(answer, 413, "too_large")


def test_every_write_needs_a_key_and_says_so(till: Till, services: Services) -> None:
    """Missing -> 400 key_missing; quotes and previews take none; identify may carry one."""
    before = digest(services)
    sent = {"Authorization": f"Bearer {till.key}"}
    for method, path, body in (
        ("POST", "/checkouts", basket()),
        ("PUT", "/checkouts/1", basket()),
        ("POST", "/checkouts/1/settle", {"receipt": "r"}),
        ("POST", "/checkouts/1/void", {}),
        ("POST", "/sales", basket(receipt="r")),
        ("POST", "/sales/1/returns", {"lines": [{"line": "1", "quantity": 1}], "receipt": "r"}),
        ("POST", "/returns", {"lines": [{"line": "1", "quantity": 1}], "receipt": "r", "sale_receipt": "s"}),
        ("POST", "/members", {}),
        ("PATCH", "/members/1", {}),
    ):
        answer = till.client.open("/api/v1" + path, method=method, json=body, headers=sent)
        problem(answer, 400, "key_missing")
    assert digest(services) == before
    ok(till.client.post("/api/v1/quotes", json=basket(), headers=sent))


# S41 --------------------------------------------------------------------------------------------

CARDS: dict[str, Callable[[str], Any]] = {
    "card": lambda number: ("/quotes", basket(card=number)),
    "swipe": lambda number: ("/quotes", basket(swipe=number, entry="stripe")),
    "identify": lambda number: ("/cards/identify", {"swipe": number, "entry": "stripe"}),
    "member": lambda number: ("/checkouts", basket(member=number)),
    "coupon": lambda number: ("/checkouts", basket(coupons=[number])),
    "gift card": lambda number: ("/checkouts", basket(pay_with=[number])),
    "line name": lambda number: ("/sales", basket(line(name=f"the {number} khach"), receipt="r-1")),
    "cashier": lambda number: ("/sales", basket(cashier=number, receipt="r-1")),
    "tender": lambda number: ("/sales", basket(receipt="r-1", tenders=[{"kind": number, "amount": 1}])),
    "member's name": lambda number: ("/members", {"name": number}),
    "new card": lambda number: ("/members", {"card": number}),
    "reason": lambda number: ("/sales/1/returns", {"lines": [], "receipt": "r", "reason": f"the {number}"}),
    "unknown field": lambda number: ("/quotes", {"pan": number}),
}


def test_a_payment_card_is_refused_wherever_it_stands(till: Till, services: Services) -> None:
    """S41: refused before anything is stored, logged or echoed."""
    before = digest(services)
    for number in (VISA, NAPAS, "4111 1111 1111 1111", "４１１１１１１１１１１１１１１１"):
        for where, call in CARDS.items():
            path, body = call(number)
            answer = till.call("POST", path, body)
            found = problem(answer, 422, "payment_card")
            assert list(found["errors"].values()) == [["payment_card"]], where
            assert "1111" not in answer.get_data(as_text=True)
    assert digest(services) == before


def test_a_bank_track_is_refused_in_every_field_even_the_exempt_ones(till: Till, services: Services) -> None:
    """S41: track layouts are refused anywhere, sku and receipt too."""
    before = digest(services)
    for track in (f";{VISA}=30121010000012345678?", f"%B{VISA}^NGUYEN/LAN^3012101000000?", f"{NAPAS}=3012"):
        for body in (basket(line(sku=track)), basket(receipt=track), basket(swipe=track, entry="stripe")):
            problem(till.quote(body), 422, "payment_card")
        problem(till.call("POST", "/quotes", {track: 1}), 422, "payment_card")
    assert digest(services) == before


def test_bare_digits_of_goods_and_receipts_are_no_cards(till: Till) -> None:
    """S41: one in ten foreign EAN-13 would fall; a scanned valid EAN-13 is a product code."""
    luhn_ean = "4006381333931"
    ok(till.quote(basket(line(sku=VISA), receipt=VISA)))
    ok(till.quote(basket(line(sku=luhn_ean))))


def test_a_prefix_that_the_shop_declared_is_its_own(till: Till, owner: Till) -> None:
    """S41: not in a prefix the shop declared as its own."""
    problem(till.quote(basket(card=VISA)), 422, "payment_card")
    ok(owner.call("PATCH", "/settings", {"own_prefixes": ["29", "4111"]}))
    assert ok(till.quote(basket(card=VISA)))["member"] is None


def test_in_a_batch_only_the_bad_item_falls(till: Till) -> None:
    """One bad sale never blocks the others; the refused one is not echoed (S41)."""
    items = [
        basket(key=new_key(), receipt="r-1"),
        basket(key=new_key(), receipt="r-2", card=VISA),
        basket(key=new_key(), receipt=f";{VISA}=30121010000012345678?"),
        basket(line(price=1.5), key=new_key(), receipt="r-4"),
        basket(key="short", receipt="r-5"),
        basket(line(name="\u202eabc"), key=new_key(), receipt="r-6"),
        basket(key=new_key(), receipt="r-7"),
    ]
    answer = till.call("POST", "/sales/batch", {"sales": items})
    found = [(item["status"], item.get("code")) for item in ok(answer)["items"]]
    assert found == [
        ("ok", None), ("refused", "payment_card"), ("refused", "payment_card"), ("refused", "invalid"),
        ("refused", "invalid"), ("refused", "invalid"), ("ok", None),
    ]  # fmt: skip
    assert VISA not in answer.get_data(as_text=True)


# Queries ----------------------------------------------------------------------------------------


def test_a_bad_query_is_named_and_not_echoed(owner: Till) -> None:
    for path, field in (
        ("/members?limit=0", "limit"),
        ("/members?limit=201", "limit"),
        ("/members?limit=-1", "limit"),
        ("/members?limit=1e3", "limit"),
        (f"/members?limit={MARK}", "limit"),
        ("/members?limit=99999999999999999999", "limit"),
        (f"/members?q={'a' * 101}", "q"),
        ("/members?q=%00", "q"),
        (f"/coupons?state={MARK}", "state"),
        (f"/promotions?state={MARK}", "state"),
    ):
        answer = owner.get(path)
        assert list(problem(answer, 422, "invalid")["errors"]) == [field], path
        assert MARK not in answer.get_data(as_text=True)
    problem(owner.get(f"/members?cursor={MARK}"), 404, "page_unknown")
    problem(owner.get(f"/members/{MARK}"), 404, "member_unknown")
    problem(owner.get("/members/99999999999999999999"), 404, "member_unknown")
    for path in ("/members/%00", "/products/%00", "/promotions/a%07", "/coupons/%E2%80%AE", f"/sales/{'1' * 201}"):
        problem(owner.get(path), 404, "not_found")


def test_what_is_not_there_and_what_is_not_taken(till: Till) -> None:
    problem(till.get("/nothing"), 404, "not_found")
    problem(till.client.get("/nothing-at-all"), 404, "not_found")
    answer = till.call("DELETE", "/quotes")
    problem(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]
