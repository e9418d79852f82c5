"""Tickets as the bodies of the till's calls."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from loyalty_pos.ports import (
    ReturnedLine,
    ReturnTicket,
    SaleTicket,
    TicketLine,
    TicketTender,
    as_return,
    as_sold,
)

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LINE = TicketLine(line="1", sku="A", quantity=Decimal("2.000"), unit_price=4500, discount=900, name="Mì")


def test_a_sale_becomes_a_sale_already_made() -> None:
    """S47: what was charged goes in as it was charged, with as_sold."""
    ticket = SaleTicket(
        receipt="42",
        sold_at=NOON,
        lines=(LINE,),
        currency="VND",
        store="hn-01",
        terminal="03",
        cashier="C07",
        card="2900000000018",
        entry="scan",
        coupons=("992048517730264414",),
        tenders=(TicketTender(kind="cash", amount=8100),),
    )
    assert as_sold(ticket) == {
        "receipt": "42",
        "sold_at": "2026-11-21T12:00:00+00:00",
        "cashier": "C07",
        "swipe": "2900000000018",
        "entry": "scan",
        "lines": [{"line": "1", "sku": "A", "quantity": 2, "unit_price": 4500, "discount": 900, "name": "Mì"}],
        "coupons": ["992048517730264414"],
        "tenders": [{"kind": "cash", "amount": 8100}],
        "as_sold": True,
    }


def test_what_is_not_known_is_left_out() -> None:
    body = as_sold(SaleTicket(receipt="42", sold_at=NOON, lines=(LINE,), currency="VND"))
    assert set(body) == {"receipt", "sold_at", "lines", "as_sold"}


def test_a_weight_is_a_decimal_string() -> None:
    """S4: a weighed line keeps its three places as text."""
    line = TicketLine(line="1", sku="A", quantity=Decimal("0.4350"), unit_price=42000)
    ticket = SaleTicket(receipt="42", sold_at=NOON, lines=(line,), currency="VND")
    assert as_sold(ticket)["lines"] == [
        {"line": "1", "sku": "A", "quantity": "0.435", "unit_price": 42000, "discount": 0}
    ]


def test_a_return_names_its_sale_and_a_void_names_no_lines() -> None:
    """S25: returned by line and quantity; without lines the whole sale comes back."""
    part = ReturnTicket(
        receipt="43",
        sale_receipt="42",
        returned_at=NOON,
        sale_terminal="03",
        lines=(ReturnedLine(line="1", quantity=Decimal(1)),),
    )
    assert as_return(part) == {
        "receipt": "43",
        "sale_receipt": "42",
        "sale_terminal": "03",
        "lines": [{"line": "1", "quantity": 1}],
    }
    assert "lines" not in as_return(ReturnTicket(receipt="43", sale_receipt="42", returned_at=NOON))
