"""The till's calls over HTTP, from the first scan to the return (contract.md section 2)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from actions import FixedClock, Json, Till, basket, line, new_key, ok, problem

from loyalty_pos.services.context import Services

COFFEE = {"category": "drinks/coffee", "sku": "8930000000017"}
MILK = {"category": "dairy/milk", "sku": "8930000000024"}


def card_of(till: Till, **person: Any) -> tuple[str, str]:
    """(member id, card number) of a new member."""
    made = ok(till.enrol(**person), 201)
    return made["member"]["id"], made["card"]["number"]


def scanned(card: str, *lines: Json, **more: Any) -> Json:
    """A basket of the member whose card was scanned."""
    return basket(*lines, card=card, entry="scan", **more)


def test_a_member_is_enrolled_found_and_earns(till: Till) -> None:
    """S15: one point per whole 1.000đ paid."""
    member, card = card_of(till, name="Nguyễn Thị Lan", phone="0901234567")
    assert ok(till.identify(card))["member"]["short_name"] == "Lan N."
    sale = ok(till.sell(scanned(card, line(price=50_999))), 201)
    assert sale["points"]["earned"] == 50
    assert ok(till.get(f"/members/{member}/points"))["active"] == 50
    entries = ok(till.get(f"/members/{member}/points/entries"))["items"]
    assert [(entry["kind"], entry["points"], entry["receipt"]) for entry in entries] == [("earn", 50, sale["receipt"])]


def test_an_unknown_card_is_told_and_recorded(till: Till, services: Services) -> None:
    """S43: every identification is recorded, also when nobody is found."""
    problem(till.identify("2900000000018"), 404, "card_unknown")
    rows = services.store.read(lambda tx: tx.all("SELECT number, outcome FROM swipes"))
    assert [tuple(row) for row in rows] == [("2900000000018", "unknown")]


def test_a_quote_is_repeated_on_every_scan_and_changes_nothing(till: Till, services: Services) -> None:
    _, card = card_of(till)
    goods = scanned(card, *(line(n, price=30_000, **MILK) for n in range(1, 4)))
    first = ok(till.quote(goods))
    assert first["totals"]["discount"] == 30_000
    assert ok(till.quote(goods)) == first
    assert ok(till.quote({"lines": [], "card": card, "entry": "scan"}))["member"]["points"]["active"] == 0
    assert services.store.read(lambda tx: tx.one("SELECT count(*) FROM checkouts"))[0] == 0


def test_a_quote_speaks_the_readers_language_and_a_sale_the_shops(till: Till) -> None:
    """What is stored and printed is the shop's; what the cashier reads is theirs."""

    def said(answer: Json) -> str:
        return str(answer["lines"][0]["discounts"][0]["explanation"])

    goods = basket(line(price=30_000, quantity=3, **MILK))

    def asked(language: str) -> Json:
        found: Json = ok(till.call("POST", "/quotes", goods, headers={"Accept-Language": language}))
        return found

    assert said(asked("en-GB, vi;q=0.5")) != said(asked("vi"))
    assert said(asked("vi")) == said(asked("fr")) == said(ok(till.quote(goods)))
    key = new_key()
    sold = till.call("POST", "/sales", goods | {"receipt": "r-1"}, key=key, headers={"Accept-Language": "en"})
    assert said(ok(sold, 201)) == said(asked("vi"))


def test_points_are_held_by_a_checkout_and_spent_by_its_settle(till: Till, owner: Till) -> None:
    """S21, S22, S48."""
    member, card = card_of(till)
    ok(owner.call("POST", f"/members/{member}/points/adjustments", {"points": 500, "reason": "quà"}), 201)
    checkout = ok(till.open(scanned(card, line(price=50_000), redeem_points=200)), 201)
    assert checkout["state"] == "open"
    assert checkout["totals"]["points_value"] == 2_000
    assert {k: v for k, v in ok(till.get(f"/members/{member}/points")).items() if k in ("active", "held")} == {
        "active": 300, "held": 200,
    }  # fmt: skip
    sale = ok(till.settle(checkout["id"], "r-1"), 201)
    assert {key: sale[key] for key in ("lines", "totals", "coupons")} | {"lines": 0} == {
        "lines": 0, "totals": checkout["totals"], "coupons": [],
    }  # fmt: skip
    again = till.settle(checkout["id"], "r-1")
    assert ok(again, 200)["id"] == sale["id"]
    problem(till.settle(checkout["id"], "r-2"), 409, "checkout_settled")
    problem(till.change(checkout["id"], basket()), 409, "checkout_settled")
    problem(till.void(checkout["id"]), 409, "checkout_settled")
    assert ok(till.get(f"/members/{member}/points"))["held"] == 0


def test_a_voided_checkout_gives_back_and_stays_closed(till: Till, owner: Till) -> None:
    member, card = card_of(till)
    ok(owner.call("POST", f"/members/{member}/points/adjustments", {"points": 500, "reason": "quà"}), 201)
    checkout = ok(till.open(scanned(card, line(price=50_000), redeem_points=200)), 201)["id"]
    assert ok(till.void(checkout))["state"] == "voided"
    assert ok(till.void(checkout))["state"] == "voided"
    assert ok(till.get(f"/members/{member}/points"))["active"] == 500
    problem(till.settle(checkout), 409, "checkout_voided")
    problem(till.change(checkout, basket()), 409, "checkout_voided")


def test_a_coupon_is_used_once_and_says_why_not_twice(till: Till, owner: Till, clock: FixedClock) -> None:
    """S35-S38: refused is data in the Pricing, with a code and a sentence."""
    member, card = card_of(till)
    last = (clock.now().date() + timedelta(days=3)).isoformat()
    given = ok(owner.call("POST", f"/members/{member}/coupons", {"promotion": "coffee-20k", "valid_to": last}), 201)
    goods = scanned(card, line(price=150_000, **COFFEE), coupons=[given["code"]])
    assert ok(till.quote(goods))["coupons"][0]["status"] == "applied"
    assert ok(till.sell(goods), 201)["totals"]["discount"] == 20_000
    refused = ok(till.quote(goods))["coupons"][0]
    assert (refused["status"], refused["reason"]) == ("refused", "coupon_used")
    assert refused["message"]
    other = ok(owner.call("POST", f"/members/{member}/coupons", {"promotion": "coffee-20k", "valid_to": last}), 201)
    clock.at = clock.now().replace(day=date.fromisoformat(last).day, hour=16, minute=59)
    assert ok(till.quote(goods | {"coupons": [other["code"]]}))["coupons"][0]["status"] == "applied"
    clock.move(minutes=1)
    assert ok(till.quote(goods | {"coupons": [other["code"]]}))["coupons"][0]["reason"] == "coupon_expired"


def test_units_come_back_and_the_points_with_them(till: Till) -> None:
    """S25-S30: the sum of partial returns is the full return."""
    member, card = card_of(till)
    sale = ok(till.sell(scanned(card, line(1, price=30_000, quantity=3, **MILK))), 201)
    assert sale["totals"]["net"] == 60_000
    preview = till.client.post(
        f"/api/v1/sales/{sale['id']}/returns",
        json={"lines": [{"line": "1", "quantity": 1}], "receipt": "p", "preview": True},
        headers={"Authorization": f"Bearer {till.key}"},
    )
    assert ok(preview)["refund"] == 20_000
    refunds = [ok(till.give_back(sale["id"], ("1", 1)), 201)["refund"] for _ in range(3)]
    assert refunds == [20_000, 20_000, 20_000]
    problem(till.give_back(sale["id"], ("1", 1)), 422, "more_than_bought")
    assert ok(till.get(f"/sales/{sale['id']}"))["state"] == "returned"
    assert ok(till.get(f"/members/{member}/points"))["active"] == 0


def test_a_return_may_come_before_its_sale(till: Till) -> None:
    """S31: parked until the sale arrives."""
    body = {"sale_receipt": "late-1", "lines": [{"line": "1", "quantity": 1}], "receipt": "back-1"}
    assert ok(till.call("POST", "/returns", body), 202)["status"] == "parked"
    ok(till.sell(basket(), receipt="late-1"), 201)
    sale = ok(till.get("/sales/1"))
    assert sale["state"] == "returned"


def test_a_receipt_is_one_sale(till: Till) -> None:
    """S45: the same body under a new key answers with the first sale, another body is a conflict."""
    first = ok(till.sell(basket(), receipt="r-1"), 201)
    assert ok(till.sell(basket(), receipt="r-1"), 200)["id"] == first["id"]
    problem(till.sell(basket(line(price=5)), receipt="r-1"), 409, "receipt_conflict")


def test_a_second_card_is_a_conflict_until_the_cashier_confirms(till: Till) -> None:
    """S42; the refusal is saved with its key like every other."""
    _, first = card_of(till)
    _, second = card_of(till)
    checkout = ok(till.open(scanned(first)), 201)["id"]
    key = new_key()
    for _ in range(2):
        problem(till.change(checkout, scanned(second), key=key), 409, "card_conflict")
    ok(till.change(checkout, scanned(second, replace_card=True)))


def test_typed_numbers_earn_but_do_not_spend(till: Till, owner: Till) -> None:
    """S23."""
    member, card = card_of(till, phone="0901234567")
    ok(owner.call("POST", f"/members/{member}/points/adjustments", {"points": 500, "reason": "quà"}), 201)
    for who in ({"card": card}, {"card": card, "entry": "typed"}, {"swipe": "0901 234 567", "entry": "phone"}):
        priced = ok(till.quote(basket(line(price=50_000), redeem_points=200) | who))
        assert priced["points"]["redeemed"] == 0
        assert priced["points"]["earned"] == 50
        assert priced["messages"]


def test_guessing_is_slowed_and_selling_is_not(till: Till, clock: FixedClock) -> None:
    """contract.md: five unknown cards a minute, then 429 for a minute; never on sales, nor for goods alone."""
    for n in range(5):
        problem(till.identify(f"unknown-{n}"), 404, "card_unknown")
    problem(till.identify("unknown-6"), 404, "card_unknown")
    answer = till.identify("unknown-7")
    problem(answer, 429, "slow_down")
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    named = scanned("2900000000018", line())
    problem(till.quote(named), 429, "slow_down")
    problem(till.open(named), 429, "slow_down")
    ok(till.quote(basket()))
    ok(till.sell(named), 201)
    clock.move(seconds=61)
    ok(till.quote(named))


def test_a_batch_answers_in_order_and_replays(till: Till) -> None:
    """Offline sales, returns, voids and enrolments, each under its own key."""
    checkout = ok(till.open(basket()), 201)["id"]
    items = [
        basket(key=new_key(), receipt="b-1", as_sold=True),
        {"kind": "return", "key": new_key(), "receipt": "b-2", "sale_receipt": "b-1",
         "lines": [{"line": "1", "quantity": 1}]},
        {"kind": "void", "key": new_key(), "checkout": checkout},
        {"kind": "enrolment", "key": new_key(), "name": "Trần Văn Bình"},
        {"kind": "other", "key": new_key()},
        basket(key=new_key(), receipt="b-3", epoch=1, sequence=7),
    ]  # fmt: skip
    body = {"sent_at": "2026-11-21T12:00:00+07:00", "sales": items}
    first = ok(till.call("POST", "/sales/batch", body))
    assert [item["status"] for item in first["items"]] == ["ok", "ok", "ok", "ok", "refused", "ok"]
    assert ok(till.call("POST", "/sales/batch", body)) == first


def test_a_sale_already_made_keeps_its_price(till: Till) -> None:
    """S47: recorded as charged."""
    _, card = card_of(till)
    goods = scanned(card, *(line(n, price=30_000, **MILK) for n in range(1, 4)), as_sold=True)
    sale = ok(till.sell(goods), 201)
    assert sale["totals"]["net"] == 90_000
    assert sale["points"]["earned"] == 90


def test_a_change_of_the_rules_is_in_force_for_the_next_basket(till: Till, owner: Till) -> None:
    goods = basket(line(price=100_000, sku="1"))
    assert ok(till.quote(goods))["totals"]["discount"] == 0
    rule = {"code": "one", "name": "Một", "rewards": [{"kind": "percent_off", "percent": 5, "scope": {"skus": ["1"]}}]}
    ok(owner.call("POST", "/promotions", rule), 201)
    assert ok(till.quote(goods))["totals"]["discount"] == 5_000
    ok(owner.call("PATCH", "/promotions/one", {"state": "ended"}))
    assert ok(till.quote(goods))["totals"]["discount"] == 0
    answer = owner.call(
        "POST", "/promotions", rule | {"code": "two", "rewards": [{"kind": "percent_off", "percent": 500}]}
    )
    assert list(problem(answer, 422, "invalid")["errors"]) == ["rewards.0.percent"]


def test_the_language_of_a_refusal_is_the_readers(till: Till) -> None:
    vi = till.call("GET", "/members/9", headers={"Accept-Language": "vi"}).get_json(force=True)
    en = till.call("GET", "/members/9", headers={"Accept-Language": "en-US,en;q=0.9,vi;q=0.1"}).get_json(force=True)
    other = till.call("GET", "/members/9", headers={"Accept-Language": "de"}).get_json(force=True)
    assert vi["detail"] == other["detail"] == "Không có thành viên này."
    assert en["detail"] == "There is no such member."


def test_a_member_changes_what_they_told_and_clears_it(till: Till, owner: Till) -> None:
    member, _ = card_of(till, name="Lan", phone="0901234567", birthday="1990-02-28")
    card_of(till, phone="0907654321")
    ok(till.call("PATCH", f"/members/{member}", {"name": "Hoa", "birthday": None}))
    seen = ok(owner.get(f"/members/{member}"))
    assert (seen["name"], seen["birthday"], seen["phone"]) == ("Hoa", None, "+84901234567")
    problem(till.call("PATCH", f"/members/{member}", {"phone": "0907654321"}), 409, "phone_taken")
    answer = till.call("PATCH", f"/members/{member}", {"colour": "red"})
    assert problem(answer, 422, "invalid")["errors"] == {"colour": ["unknown_field"]}
    answer = till.call("PATCH", f"/members/{member}", {"phone": "not a phone"})
    assert problem(answer, 422, "invalid")["errors"] == {"phone": ["not_a_phone"]}


def test_an_exception_is_resolved_once(till: Till, owner: Till) -> None:
    """Guessing shows in the manager's list until somebody has looked at it."""
    for n in range(7):
        till.identify(f"unknown-{n}")
    found = ok(owner.get("/exceptions?state=open"))["items"]
    assert [item["code"] for item in found] == ["guessing"]
    path = f"/exceptions/{found[0]['id']}/resolve"
    done = ok(owner.call("POST", path, {"action": "accept", "note": "khách thử thẻ"}))
    assert (done["state"], done["resolved_by"]) == ("resolved", "staff:owner")
    problem(owner.call("POST", path, {"action": "accept"}), 409, "exception_resolved")
    assert ok(owner.get("/exceptions?state=open"))["items"] == []
