"""The seller's own card earns nothing at the seller's own till (reliability.md section 2, row 1)."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Shop
from services.lane import Books, Lane, bread

from loyalty_pos.errors import BadInput, Conflict, NotFound
from loyalty_pos.services import attach, staff
from loyalty_pos.services.context import SYSTEM, Request, Services
from loyalty_pos.services.requests import AttachIn

Json = dict[str, Any]


@pytest.fixture
def seller(services: Services, shop: Shop, hanh: Json) -> Lane:
    """The cashier, signed in, whose own card is Hạnh's."""
    staff.set_card(services, Request(SYSTEM), "cashier", hanh["card"])
    return Lane(services, staff.by_token(services, shop.tokens["cashier"]))


def test_it_is_recorded_and_earns_nothing_however_the_seller_is_known(
    seller: Lane, lane: Lane, hanh: Json, books: Books
) -> None:
    """By sign-in, or by the login as ``cashier``; also by checkout, as a sale already made, and attached later."""
    second = lane.gives_card(hanh["id"])["card"]["number"]
    seller.sells(bread(100_000), card=hanh["card"])
    said = lane.sells(bread(100_000), card=second, cashier="cashier")
    lane.sells(bread(100_000), card=hanh["card"], cashier="cashier", as_sold=True)
    seller.settles(seller.opens(bread(100_000), card=hanh["card"])["id"])
    forgotten = lane.sells(bread(100_000), cashier="cashier")
    body = AttachIn(swipe=hanh["card"], cashier="C07")
    _, attached = attach.attach(lane.services, lane.request("attach"), forgotten["id"], body)
    assert said["points"]["earned"] == attached["points"]["earned"] == 0
    assert [text.split(":")[0] for text in (said["messages"] + attached["messages"])] == ["staff_card"] * 2
    assert lane.points(hanh["id"])["active"] == 0
    assert books.rows("SELECT DISTINCT cashier, member_id FROM sales") == [("cashier", int(hanh["id"]))]
    assert books.value("SELECT visits FROM profiles") == 5
    assert books.faults() == []


def test_elsewhere_it_earns_as_any_other(seller: Lane, lane: Lane, shop: Shop, hanh: Json) -> None:
    """A colleague's till, and the seller's till for other customers."""
    manager = Lane(lane.services, staff.by_token(lane.services, shop.tokens["manager"]))
    manager.sells(bread(100_000), card=hanh["card"])
    lane.sells(bread(100_000), card=hanh["card"], cashier="C07")
    lane.sells(bread(100_000), card=hanh["card"])
    assert lane.points(hanh["id"])["active"] == 300
    other = lane.enrols()
    assert seller.sells(bread(100_000), card=other["card"]["number"])["points"]["earned"] == 100
    assert seller.sells(bread(100_000), card=other["card"]["number"])["messages"] == []


def test_returning_such_a_sale_takes_nothing(seller: Lane, hanh: Json, books: Books) -> None:
    seller.takes_back_all(seller.sells(bread(100_000), card=hanh["card"]))
    assert seller.points(hanh["id"])["shortfall"] == 0
    assert books.faults() == []


def test_a_card_is_one_persons_own(services: Services, shop: Shop, lane: Lane, hanh: Json) -> None:
    _, person = staff.set_card(services, Request(SYSTEM), "cashier", hanh["card"])
    assert person["card"].startswith("29")
    assert "•" in person["card"]
    with pytest.raises(Conflict, match="card_of_staff"):
        staff.set_card(services, Request(SYSTEM), "manager", hanh["card"])
    with pytest.raises(NotFound, match="card_unknown"):
        staff.set_card(services, Request(SYSTEM), "cashier", "2900000000018")
    with pytest.raises(BadInput, match="payment_card"):
        staff.set_card(services, Request(SYSTEM), "cashier", "4111111111111111")
    with pytest.raises(NotFound, match="staff_unknown"):
        staff.set_card(services, Request(SYSTEM), "nobody", hanh["card"])
    assert staff.set_card(services, Request(SYSTEM), "cashier", None)[1]["card"] is None
    staff.set_card(services, Request(SYSTEM), "manager", hanh["card"])
