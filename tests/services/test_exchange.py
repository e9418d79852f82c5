"""Exchange: a return and a new basket in one transaction, points netted once (S31)."""

from __future__ import annotations

from typing import Any

import pytest
from actions import FixedClock
from conftest import Shop, add_promotions
from services.lane import FRUIT, MILK, Books, Lane, bread, lane_of, same

from loyalty_pos.errors import BadInput, Conflict, NotAllowed, NotFound, Refused
from loyalty_pos.services import programme
from loyalty_pos.services.context import SYSTEM, Request
from loyalty_pos.storage.posting import add_sale

Json = dict[str, Any]


def setting(lane: Lane, **values: Any) -> None:
    """Change settings of the shop."""
    programme.change(lane.services, Request(SYSTEM), values)


def test_an_exchange_is_a_return_and_a_sale(lane: Lane, hanh: Json, books: Books) -> None:
    """S31: both are there, the sale under its own receipt; the till is told what is still to pay."""
    sold = lane.sells(bread(100_000), card=hanh["card"])
    done = lane.exchanges(sold["id"], [("1", 1)], bread(130_000), for_={"card": hanh["card"], "receipt": "new"})
    assert (done["status"], done["refund"], done["pay_back"]) == ("ok", 100_000, 100_000)
    assert (done["sale"]["receipt"], done["sale"]["totals"]["net"]) == ("new", 130_000)
    assert done["balance"] == 30_000
    assert done["points"] == {"taken_back": 100, "given_back": 0, "shortfall": 0}
    assert lane.points(hanh["id"])["active"] == 130
    assert books.rows("SELECT state FROM sales ORDER BY id") == [("returned",), ("settled",)]
    assert books.faults() == []


def test_the_points_of_both_are_netted(lane: Lane, hanh: Json, books: Books) -> None:
    """S31, S27: what was spent meanwhile is covered by what the new basket earns; nothing is owed."""
    sold = lane.sells(bread(300_000), card=hanh["card"])
    lane.sells(bread(100_000, earns=False), card=hanh["card"], redeem_points=250)
    done = lane.exchanges(sold["id"], [("1", 1)], bread(300_000), for_={"card": hanh["card"]})
    assert done["points"] == {"taken_back": 300, "given_back": 0, "shortfall": 0}
    assert done["sale"]["points"]["earned"] == 300
    now = lane.points(hanh["id"])
    assert (now["active"], now["shortfall"]) == (50, 0)
    assert done["sale"]["points"]["active_after"] == 50
    assert books.faults() == []


def test_what_the_new_basket_cannot_cover_is_still_owed(lane: Lane, hanh: Json, books: Books) -> None:
    """S27, S31: the answer says what is left after netting."""
    sold = lane.sells(bread(300_000), card=hanh["card"])
    lane.sells(bread(100_000, earns=False), card=hanh["card"], redeem_points=250)
    done = lane.exchanges(sold["id"], [("1", 1)], bread(40_000), for_={"card": hanh["card"]})
    assert done["points"] == {"taken_back": 90, "given_back": 0, "shortfall": 210}
    assert (done["balance"], lane.points(hanh["id"])["shortfall"]) == (40_000 - 300_000, 210)
    assert books.faults() == []


def test_the_new_basket_is_priced_with_what_came_back(lane: Lane, hanh: Json, books: Books, shop: Shop) -> None:
    """S28, S29, S30: the coupon, the points and the use of the returned bill serve again at once."""
    add_promotions(shop.services, [{
        "code": "once", "name": {"vi": "Một lần", "en": "Once"}, "limits": {"per_member": 1},
        "rewards": [{"kind": "amount_off", "amount": 1_000, "per": "basket", "scope": {"all": True}}],
    }])  # fmt: skip
    lane.adjusts(hanh["id"], 200)
    code = lane.issues(hanh["id"])
    with_all = {"card": hanh["card"], "coupons": [code], "redeem_points": 200}
    sold = lane.sells(bread(100_000), **with_all)
    done = lane.exchanges(sold["id"], [("1", 1)], bread(100_000), for_=with_all)
    assert done["coupons"] == [code]
    assert done["refund"] == done["pay_back"] + 10 * done["points"]["given_back"]
    assert done["sale"]["totals"] == sold["totals"]
    assert done["sale"]["coupons"][0]["status"] == "applied"
    assert done["sale"]["points"]["redeemed"] == 200
    assert done["balance"] == 0
    assert books.value("SELECT uses FROM usage") == 1
    assert books.faults() == []


def test_a_basket_that_names_nobody_is_the_customers_of_the_bill(lane: Lane, hanh: Json, books: Books) -> None:
    """S23, S31: for earning only; an unknown buyer stays unknown."""
    sold = lane.sells(bread(100_000), card=hanh["card"])
    done = lane.exchanges(sold["id"], [("1", 1)], bread(120_000), for_={"redeem_points": 100})
    assert done["sale"]["member"]["id"] == hanh["id"]
    assert (done["sale"]["points"]["earned"], done["sale"]["points"]["redeemed"]) == (120, 0)
    assert lane.points(hanh["id"])["active"] == 120
    nobody = lane.sells(bread(100_000))
    assert lane.exchanges(nobody["id"], [("1", 1)], bread(120_000))["sale"]["member"] is None
    assert books.faults() == []


def test_an_exchange_of_an_erased_customer_is_not_blocked(lane: Lane, hanh: Json, books: Books) -> None:
    """S27: a lawful return is never blocked; the new sale is nobody's."""
    sold = lane.sells(bread(100_000), card=hanh["card"])
    books.change("UPDATE members SET state = 'erased' WHERE id = ?", int(hanh["id"]))
    assert lane.exchanges(sold["id"], [("1", 1)], bread(120_000))["sale"]["member"] is None


def test_the_sale_takes_the_receipt_of_the_return(lane: Lane, hanh: Json) -> None:
    """S45: unless the basket has its own."""
    sold = lane.sells(bread(100_000), card=hanh["card"])
    assert lane.exchanges(sold["id"], [("1", 1)], bread(1_000), receipt="x-1")["sale"]["receipt"] == "x-1"


def test_an_exchange_sent_again_is_one_exchange(lane: Lane, hanh: Json, books: Books) -> None:
    """S45: by key the saved answer, by receipt the same; another body is a conflict."""
    sold = lane.sells(MILK, card=hanh["card"])
    goods = {"card": hanh["card"], "receipt": "new"}
    first = lane.exchanges(sold["id"], [("1", 1)], FRUIT, for_=goods, receipt="b", key="exchange-key-0001")
    again = lane.exchanges(sold["id"], [("1", 1)], FRUIT, for_=goods, receipt="b", key="exchange-key-0001")
    assert same(first, again)
    assert lane.outcome is not None
    assert lane.outcome.replayed
    assert same(first, lane.exchanges(sold["id"], [("1", 1)], FRUIT, for_=goods, receipt="b"))
    for other in (
        lambda: lane.exchanges(sold["id"], [("1", 1)], MILK, for_=goods, receipt="b"),
        lambda: lane.takes_back(sold["id"], ("1", 1), receipt="b"),
        lambda: lane.exchanges(sold["id"], [("1", 1)], FRUIT, for_=goods, receipt="another"),
    ):
        with pytest.raises(Conflict, match="receipt_conflict"):
            other()
    assert books.value("SELECT count(*) FROM returns") == 1
    assert books.value("SELECT count(*) FROM sales") == 2
    assert books.faults() == []


def test_the_saved_answer_holds_no_name(lane: Lane, hanh: Json, books: Books) -> None:
    """contract.md 1: names are filled in when it is shown again."""
    sold = lane.sells(MILK, card=hanh["card"])
    done = lane.exchanges(sold["id"], [("1", 1)], FRUIT, for_={"card": hanh["card"]})
    assert done["sale"]["member"]["short_name"] == "Hạnh N."
    assert all("Hạnh" not in bytes(row[0]).decode() for row in books.rows("SELECT answer FROM answers WHERE answer "
                                                                          "IS NOT NULL"))  # fmt: skip


def test_an_exchange_by_receipt(lane: Lane, hanh: Json, books: Books) -> None:
    """The same by the receipt of the sale; not for a sale that is not here."""
    from services.lane import basket

    from loyalty_pos.services.requests import ExchangeIn

    lane.sells(bread(100_000), card=hanh["card"], receipt="r1")
    new = basket(bread(130_000), kind=ExchangeIn, card=hanh["card"])
    done = lane.takes_back_receipt("r1", ("1", 1), exchange=new)
    assert (done["balance"], done["sale"]["totals"]["net"]) == (30_000, 130_000)
    with pytest.raises(NotFound, match="sale_unknown"):
        lane.takes_back_receipt("never seen", ("1", 1), exchange=new)
    assert books.value("SELECT count(*) FROM parked_returns") == 0
    assert books.faults() == []


@pytest.mark.parametrize("fields", [{"redeem_points": 100}, {"coupons": ["992048517730264414"]}])
def test_spending_in_an_exchange_needs_redeem(lane: Lane, shop: Shop, fields: Json) -> None:
    """contract.md 1: ``refund`` for the return, ``earn`` and ``redeem`` for the basket."""
    from loyalty_pos.services import stores

    made = stores.add_terminal(shop.services, Request(SYSTEM), "hn-01-9", "hn-01", ("earn", "refund"))
    third = lane_of(Shop(shop.services, shop.keys | {"hn-01-9": made[1]["key"]}, shop.tokens), "hn-01-9")
    sold = lane.sells(MILK)
    with pytest.raises(NotAllowed, match="scope_missing"):
        third.exchanges(sold["id"], [("1", 1)], FRUIT, for_=fields)
    assert third.exchanges(sold["id"], [("1", 1)], FRUIT)["status"] == "ok"


def test_when_the_new_basket_is_refused_nothing_comes_back(lane: Lane, hanh: Json, books: Books) -> None:
    """One transaction: all or nothing."""
    sold = lane.sells(MILK, card=hanh["card"])
    lane.sells(MILK, receipt="taken")
    before = books.state()
    with pytest.raises(Conflict, match="receipt_conflict"):
        lane.exchanges(sold["id"], [("1", 1)], FRUIT, for_={"receipt": "taken"})
    with pytest.raises(NotFound, match="member_unknown"):
        lane.exchanges(sold["id"], [("1", 1)], FRUIT, for_={"member": "999"})
    with pytest.raises(Refused, match="more_than_bought"):
        lane.exchanges(sold["id"], [("1", 4)], FRUIT)
    with pytest.raises(BadInput):
        lane.exchanges(sold["id"], [("1", 1)], FRUIT, FRUIT)
    assert books.state() == before
    assert books.value("SELECT count(*) FROM returns") == 0


def test_a_fault_between_return_and_sale_leaves_neither(
    lane: Lane, hanh: Json, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash is all or nothing, and the same key does it afterwards."""
    sold = lane.sells(MILK, card=hanh["card"])
    before = books.state()

    def broken(*_: object) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr("loyalty_pos.storage.posting.add_sale", broken)
    with pytest.raises(RuntimeError):
        lane.exchanges(sold["id"], [("1", 1)], FRUIT, key="exchange-key-0002", receipt="b")
    assert books.state() == before
    assert books.value("SELECT count(*) FROM returns") == 0
    monkeypatch.setattr("loyalty_pos.storage.posting.add_sale", add_sale)
    assert lane.exchanges(sold["id"], [("1", 1)], FRUIT, key="exchange-key-0002", receipt="b")["status"] == "ok"
    assert books.faults() == []


def test_pending_points_of_both_wait(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """S18, S27: the ticket's own pending points go, those of the new basket wait."""
    setting(lane, points={"pending_days": 7})
    sold = lane.sells(bread(100_000), card=hanh["card"])
    lane.exchanges(sold["id"], [("1", 1)], bread(80_000), for_={"card": hanh["card"]})
    now = lane.points(hanh["id"])
    assert (now["active"], now["pending"], now["shortfall"]) == (0, 80, 0)
    assert books.faults() == []


def test_an_exchange_is_no_undo(lane: Lane, books: Books) -> None:
    """contract.md 2: an undo takes the bill back and brings nothing new."""
    sold = lane.sells(MILK)
    with pytest.raises(Conflict, match="undo_not_whole"):
        lane.exchanges(sold["id"], [("1", 3)], FRUIT, reason="undo")
    assert books.value("SELECT count(*) FROM returns") == 0
