"""Every real answer is what the published document promises."""

from __future__ import annotations

from typing import Any

from actions import Till, basket, line, new_key, ok
from marshmallow import Schema

from loyalty_pos.api import answers, operations, shapes
from tests.api.test_idempotency import writes


def check(method: str, rule: str, body: Any, schema: type[Schema] | None = None) -> None:
    """``body`` fits the answer of this route."""
    row = operations.TABLE[(method, rule)]
    shape = schema or (shapes.listing(row.answer) if row.listed else row.answer)
    faults = shape().validate(body)
    assert faults == {}, (method, rule, faults, body)


def rule_of(method: str, path: str) -> str:
    """The route that a path belongs to."""
    parts = path.split("/")
    for known, rule in operations.TABLE:
        named = rule.split("/")
        fits = all(name == part or name.startswith("<") for name, part in zip(named, parts, strict=False))
        if known == method and len(named) == len(parts) and fits:
            return rule
    raise LookupError(path)


def test_writes_and_reads_answer_as_documented(till: Till, owner: Till) -> None:
    covered: set[tuple[str, str]] = set()
    found: dict[str, str] = {}
    for caller, method, path, body in writes(till, owner):
        answer = caller.call(method, path, body)
        rule = rule_of(method, path)
        parked = answers.Parked if rule == "/returns" and answer.status_code == 202 else None
        check(method, rule, ok(answer), parked)
        assert answer.status_code in operations.TABLE[(method, rule)].done, (method, rule)
        covered.add((method, rule))
        found[rule] = path
    member = found["/members/<member>"]
    goods = basket(line(1, category="dairy/milk", quantity=3), line(2, category="dairy/milk"), card="2900000000001")
    ok(till.sell(goods), 201)
    for rule, path in {
        "/checkouts/<checkout>": "/checkouts/1", "/sales/<sale>": "/sales/1", "/members": "/members?q=lan",
        "/members/<member>": member, "/members/<member>/points": f"{member}/points",
        "/members/<member>/points/entries": f"{member}/points/entries",
        "/members/<member>/coupons": f"{member}/coupons", "/members/<member>/profile": f"{member}/profile",
        "/promotions": "/promotions", "/promotions/<code>": "/promotions/milk-3for2", "/coupons": "/coupons",
        "/promotions/<code>/versions": "/promotions/milk-3for2/versions",
        "/segments": "/segments", "/segments/<code>": "/segments/guests",
        "/segments/<code>/members": "/segments/guests/members",
        "/campaigns": "/campaigns", "/campaigns/<campaign>": "/campaigns/1",
        "/campaigns/<campaign>/results": "/campaigns/1/results",
        "/campaigns/<campaign>/members": "/campaigns/1/members",
        "/tiers": "/tiers", "/settings": "/settings", "/products": "/products", "/products/<sku>": "/products/1",
        "/categories": "/categories", "/exceptions": "/exceptions", "/approvals": "/approvals",
        "/reports": "/reports", "/reports/<report>": "/reports/radar", "/stores": "/stores",
        "/terminals": "/terminals", "/staff": "/staff", "/sales": "/sales", "/swipes": "/swipes",
        "/connections": "/connections", "/quarantine": "/quarantine",
    }.items():  # fmt: skip
        check("GET", rule, ok(owner.get(path)))
        covered.add(("GET", rule))
    code = ok(owner.get("/coupons"))["items"][0]["code"]
    check("GET", "/coupons/<code>", ok(owner.get(f"/coupons/{code}")))
    check("POST", "/quotes", ok(till.quote(goods)))
    check("POST", "/sales/batch", ok(till.call("POST", "/sales/batch", {"sales": [{"receipt": "x"}]})))
    tiers: dict[str, Any] = {"tiers": [{"code": "one", "name": "Một"}, {"code": "two", "name": "Hai", "threshold": 9}]}
    check("POST", "/tiers/preview", ok(owner.call("POST", "/tiers/preview", tiers)))
    rule = {"any": [{"field": "visits", "op": ">=", "value": 1}], "not": {"field": "age", "op": ">=", "value": 99}}
    check("POST", "/segments/preview", ok(owner.call("POST", "/segments/preview", {"rule": rule})))
    audience = {"rule": rule}
    sent = {"name": "Trà", "promotion": "ten-percent", "audience": audience, "channels": ["zalo"]}
    check("POST", "/campaigns/preview", ok(owner.call("POST", "/campaigns/preview", sent)))
    check("POST", "/campaigns/<campaign>/preview", ok(owner.call("POST", "/campaigns/2/preview", {})))
    check("POST", "/campaigns/<campaign>/simulate", ok(owner.call("POST", "/campaigns/2/simulate", {"weeks": 1})))
    days = {"from": "2026-11-21", "to": "2026-11-21"}
    check("POST", "/tiers/simulate", ok(owner.call("POST", "/tiers/simulate", tiers | days)))
    ok(owner.call("PATCH", "/promotions/milk-3for2", {"state": "draft", "priority": 5}))
    check("GET", "/promotions/<code>", ok(owner.call("GET", "/promotions/milk-3for2")))
    check("POST", "/promotions/<code>/drop-draft", ok(owner.call("POST", "/promotions/milk-3for2/drop-draft", {})))
    check("POST", "/promotions/<code>/simulate", ok(owner.call("POST", "/promotions/milk-3for2/simulate", days)))
    swiped = {"swipes": [{"key": new_key(), "swipe": "2900000000001", "at": "2026-11-21T09:00:00+07:00"}]}
    check("POST", "/swipes/batch", ok(till.call("POST", "/swipes/batch", swiped)))
    covered |= {
        ("POST", "/promotions/<code>/drop-draft"),
        ("POST", "/segments/preview"),
        ("POST", "/campaigns/preview"),
        ("POST", "/campaigns/<campaign>/preview"),
        ("POST", "/campaigns/<campaign>/simulate"),
        ("POST", "/tiers/preview"),
        ("POST", "/tiers/simulate"),
        ("POST", "/promotions/<code>/simulate"),
    }
    covered |= {("GET", "/coupons/<code>"), ("POST", "/quotes"), ("POST", "/sales/batch"), ("POST", "/swipes/batch")}
    elsewhere = {("POST", "/exceptions/<exception>/resolve")} | {
        ("POST", f"/quarantine/<record>/{act}") for act in ("accept", "dismiss")
    }
    elsewhere |= {key for key in operations.TABLE if "/stored-value" in key[1]}
    assert covered >= set(operations.TABLE) - elsewhere


def test_gift_cards_and_wallets_answer_as_documented(till: Till, owner: Till) -> None:
    member = ok(till.enrol(), 201)["member"]["id"]
    body = {"kind": "wallet", "member": member, "amount": 9, "expires_on": "2030-01-31", "reason": "a gift"}
    made = ok(owner.call("POST", "/stored-value", body), 201)
    check("POST", "/stored-value", made)
    path = f"/stored-value/{made['code']}"
    for act, sent in (("load", {"amount": 9, "reason": "x"}), ("block", {"reason": "x"}), ("unblock", {"reason": "x"})):
        check("POST", f"/stored-value/<code>/{act}", ok(owner.call("POST", f"{path}/{act}", sent)))
    check("GET", "/stored-value", ok(owner.get("/stored-value")))
    check("GET", "/stored-value/<code>", ok(till.get(path)))
    check("GET", "/stored-value/<code>/entries", ok(till.get(f"{path}/entries")))
    check("GET", "/members/<member>/stored-value", ok(till.get(f"/members/{member}/stored-value")))


def test_a_cloned_tills_record_is_shown_and_decided_as_documented(till: Till, owner: Till) -> None:
    def numbered(receipt: str, sequence: int) -> Any:
        return basket(receipt=receipt, key=new_key(), epoch=1, sequence=sequence)

    for items in ([numbered("a", 1), numbered("b", 3)], [numbered("c", 1), numbered("d", 3)]):
        check("POST", "/sales/batch", ok(till.call("POST", "/sales/batch", {"sales": items})))
    check("GET", "/connections", ok(owner.get("/connections")))
    check("GET", "/exceptions", ok(owner.get("/exceptions")))
    waiting = ok(owner.get("/quarantine?state=waiting"))
    check("GET", "/quarantine", waiting)
    acts = (("accept", {"note": "a sale of its own"}), ("dismiss", {"reason": "the same sale"}))
    for item, (act, body) in zip(waiting["items"], acts, strict=True):
        done = ok(owner.call("POST", f"/quarantine/{item['id']}/{act}", body))
        check("POST", f"/quarantine/<record>/{act}", done)


def test_lists_page_by_cursor_without_gap_or_repetition(till: Till, owner: Till) -> None:
    """{"items", "next"}: the last page's next is null."""
    made = [ok(till.enrol(name=f"Lan {n}"), 201)["member"]["id"] for n in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = ok(owner.get(f"/members?limit=2&q=lan{cursor}"))
        assert len(page["items"]) <= 2
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert sorted(seen, key=int) == made
