"""Files of a shop that existed before us: everything good comes in, once."""

from __future__ import annotations

import io
from typing import Any

import pytest
from conftest import Shop

from loyalty_pos.cli.files import read_rows
from loyalty_pos.errors import BadInput
from loyalty_pos.ports import Connection, Ignored
from loyalty_pos.registry import file_adapter
from loyalty_pos.services import imports, ledger, members, points, profiles, staff
from loyalty_pos.services.context import SYSTEM, Request, Services
from loyalty_pos.services.imports import Result
from loyalty_pos.services.products import ProductIn

WRITE = Request(SYSTEM)
CARD, OTHER = "2904174658310", "2930382896916"
MEMBERS = f"""card,name,phone,birthday,interests,tier,opening_points
{CARD},Nguyễn Thị Hạnh,0901234567,1990-11-24,cà phê;trà,gold,1200
,Trần Minh,0907654321,,,,
{OTHER},Lê Mai,0901234567,,,,
,No Number,,,,,
,Bad Day,0901111111,31/12/1990,,,
,Bad Tier,0901111112,,,diamond,
,Bank Card 4111111111111111,0901111113,,,,
4111111111111111,Bank,,,,,
4901234567894,An older card with a number like a product's,,,,,
"""
SALES = f"""receipt,sold_at,store,terminal,card,sku,name,quantity,unit_price,discount
R1,2026-06-01T10:00:00+07:00,hn-01,hn-01-1,{CARD},1,Mì,2,4500,0
R1,2026-06-01T10:00:00+07:00,hn-01,hn-01-1,{CARD},2,Sữa,1,30000,1000
R2,2026-06-02T10:00:00+07:00,,,,1,Mì,1,4500,0
R3,2026-06-02T10:00:00+07:00,hn-01,nowhere,,1,Mì,1,4500,0
R4,2026-06-02T10:00:00+07:00,hn-02,hn-01-1,,1,Mì,1,4500,0
R5,2026-06-02T10:00:00+07:00,hn-01,hn-01-1,,1,Mì,many,4500,0
R6,2026-06-02T10:00:00+07:00,hn-01,hn-01-1,4111111111111111,1,Mì,1,4500,0
R7,2026-06-02T10:00:00+07:00,hn-01,hn-01-1,,1,Mì,1,4500,9000
"""


def rows(text: str, kind: Any) -> Any:
    return read_rows(io.BytesIO(text.encode("utf-8-sig")), kind.__struct_fields__, (), {})


def reasons(result: Result) -> list[tuple[int | None, str, str]]:
    return [(item.line, item.field, item.reason) for item in result.aside]


def take_members(services: Services, text: str = MEMBERS) -> Result:
    return imports.import_members(services, WRITE, rows(text, imports.MemberRow), lambda _done: None)


def take_sales(services: Services, text: str = SALES, *, earn: bool = False) -> Result:
    documents = file_adapter("csv_file").read_file(io.BytesIO(text.encode()), Connection())
    return imports.import_sales(services, documents, lambda _done: None, terminal="hn-01-2", earn=earn)


def test_members_come_with_tier_and_opening_points(services: Services, shop: Shop) -> None:
    result = take_members(services)
    assert (result.read, result.added, result.known) == (9, 3, 0)
    found = members.search(services, SYSTEM, CARD, None, 10)["items"][0]
    assert (found["name"], found["tier"]["code"], found["points"]["active"]) == ("Nguyễn Thị Hạnh", "gold", 1200)
    entries = points.entries(services, SYSTEM, found["id"], None, 10)["items"]
    assert [(entry["kind"], entry["points"]) for entry in entries] == [("opening", 1200)]
    other = members.search(services, SYSTEM, "tran minh", None, 10)["items"][0]
    assert (other["tier"]["code"], len(other["cards"])) == ("bronze", 1)
    assert ledger.check(services) == []


def test_bad_members_are_set_aside_with_line_and_reason_and_no_value(services: Services, shop: Shop) -> None:
    """S41: a payment card is refused in every field."""
    result = take_members(services)
    assert reasons(result) == [
        (4, "", "phone_taken"),
        (5, "card", "card_or_phone_missing"),
        (6, "birthday", "invalid"),
        (7, "tier", "unknown"),
        (8, "name", "payment_card"),
        (9, "card", "payment_card"),
    ]


def test_a_second_run_adds_nothing_twice(services: Services, shop: Shop) -> None:
    take_members(services)
    again = take_members(services)
    assert (again.added, again.known, len(again.aside)) == (0, 3, 6)
    assert ledger.check(services) == []


def test_products_are_known_by_sku(services: Services, shop: Shop) -> None:
    text = "sku,name,unit_price\n1,Mì,4500\n2,Sữa,30.5\n3,Phở,\n1,Mì Hảo,4600\n"
    first = imports.import_products(services, WRITE, rows(text, ProductIn), lambda _done: None)
    again = imports.import_products(services, WRITE, rows(text, ProductIn), lambda _done: None)
    assert (first.added, first.known, reasons(first)) == (2, 0, [(3, "unit_price", "invalid")])
    assert (again.added, again.known) == (0, 2)


def test_sales_are_history_without_points(services: Services, shop: Shop) -> None:
    """S47: the price charged stands; points only with --earn."""
    take_members(services)
    result = take_sales(services)
    assert (result.read, result.added, result.known) == (7, 2, 0)
    member = members.search(services, SYSTEM, CARD, None, 10)["items"][0]
    assert member["points"]["active"] == 1200
    profile = profiles.profile(services, SYSTEM, member["id"])
    assert (profile["visits"], profile["spend"]) == (1, 38_000)
    assert profile["first_purchase"].startswith("2026-06-01")
    assert ledger.check(services) == []


def test_sales_earn_when_asked_to(services: Services, shop: Shop) -> None:
    """S15 with the tier's multiplier: 38 thousand times 1.25."""
    take_members(services)
    take_sales(services, earn=True)
    member = members.search(services, SYSTEM, CARD, None, 10)["items"][0]
    assert member["points"]["active"] == 1200 + 47
    assert ledger.check(services) == []


def test_a_receipt_is_recorded_once(services: Services, shop: Shop) -> None:
    """S45: the same receipt is the same sale; with another body it is a conflict."""
    take_sales(services)
    again = take_sales(services)
    assert (again.added, again.known) == (0, 2)
    bill = "R2,2026-06-02T10:00:00+07:00,,,,1,Mì,"
    changed = take_sales(services, SALES.replace(bill + "1", bill + "3"))
    assert (changed.added, changed.known) == (0, 1)
    assert changed.aside[0].reason == "receipt_conflict"


def test_bad_sales_are_set_aside_by_line_or_receipt(services: Services, shop: Shop) -> None:
    result = take_sales(services)
    found = [(item.line, item.receipt[2] if item.receipt else None, item.reason) for item in result.aside]
    assert found == [
        (None, "R3", "terminal_unknown"),
        (None, "R4", "terminal_unknown"),
        (7, None, "not_a_number"),
        (None, "R6", "payment_card"),
        (None, "R7", "invalid"),
    ]


def test_what_is_no_sale_is_passed_over(services: Services, shop: Shop) -> None:
    result = imports.import_sales(services, [Ignored("draft")], lambda _done: None)
    assert (result.read, result.added, result.aside) == (1, 0, [])


def test_a_sale_without_a_terminal_needs_one_named(services: Services, shop: Shop) -> None:
    documents = list(file_adapter("csv_file").read_file(io.BytesIO(SALES.encode()), Connection()))
    result = imports.import_sales(services, documents[1:2], lambda _done: None)
    assert [item.reason for item in result.aside] == ["no_terminal"]


@pytest.mark.parametrize(("text", "code"), [(b"\xff\xfe", "not_utf8"), (b"name\nx\n", "columns_missing")])
def test_a_file_that_cannot_be_read_says_so(text: bytes, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        list(read_rows(io.BytesIO(text), ("sku", "name"), ("sku",), {}))
    assert refused.value.code == code


def test_imported_cards_work_at_the_till(services: Services, shop: Shop) -> None:
    take_members(services)
    caller = staff.by_terminal_key(services, shop.keys["hn-01-1"])
    found = members.search(services, caller, CARD, None, 10)["items"]
    assert [card["state"] for card in found[0]["cards"]] == ["active"]
