"""What promotions gave, and which bills a version priced: on both engines, for the reader's stores."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from actions import FixedClock
from conftest import Shop
from services.lane import Lane, bread, lane_of

from loyalty_pos.errors import NotFound
from loyalty_pos.services import approvals, listings, programme, promotion_uses, promotions
from loyalty_pos.services.context import SYSTEM, Caller, Request

WRITE = Request(SYSTEM)
TEN: dict[str, Any] = {
    "code": "ten", "name": "10 %",
    "rewards": [{"kind": "percent_off", "percent": 10, "scope": {"skus": ["bread"]}}],
}  # fmt: skip


def given(lane: Lane, caller: Caller = SYSTEM) -> dict[str, Any]:
    """What the promotion gave in thirty days."""
    found: dict[str, Any] = promotion_uses.given(lane.services, caller)
    return found


def priced(lane: Lane, version: int, caller: Caller = SYSTEM, **page: Any) -> dict[str, Any]:
    """The bills of a version."""
    return promotion_uses.bills(lane.services, caller, "ten", version, **page)


def test_what_it_gave_lately_is_summed_by_promotion(lane: Lane, shop: Shop, clock: FixedClock) -> None:
    """S30: a sale that came back whole gave nothing; thirty local days, today among them."""
    promotions.create(lane.services, WRITE, TEN)
    lane.sells(bread(100_000))
    lane.takes_back_all(lane.sells(bread(50_000)))
    lane_of(shop, "hn-02-1").sells(bread(30_000))
    assert given(lane)["promotions"] == {"ten": {"uses": 2, "amount": 13_000}}
    assert given(lane)["sold"] == 117_000
    here = replace(SYSTEM, store_ids=frozenset({lane.caller.store_id}))
    assert given(lane, here)["promotions"] == {"ten": {"uses": 1, "amount": 10_000}}
    assert given(lane, replace(SYSTEM, store_ids=frozenset()))["promotions"] == {}
    clock.move(days=29)
    assert given(lane)["promotions"]["ten"]["uses"] == 2
    clock.move(days=1)
    assert given(lane)["promotions"] == {}


def test_the_bills_of_a_version_come_page_by_page(lane: Lane, shop: Shop) -> None:
    promotions.create(lane.services, WRITE, TEN)
    bills = [lane.sells(bread(10_000 * n))["id"] for n in (1, 2, 3)]
    promotions.patch(lane.services, WRITE, "ten", {"priority": 3})
    later = lane.sells(bread(70_000))
    first = priced(lane, 1, limit=2)
    rest = priced(lane, 1, cursor=first["next"], limit=2)
    assert [bill["id"] for bill in first["items"] + rest["items"]] == bills[::-1]
    assert [(bill["id"], bill["amount"]) for bill in priced(lane, 2)["items"]] == [(later["id"], 7_000)]
    elsewhere = replace(SYSTEM, store_ids=frozenset({lane_of(shop, "hn-02-1").caller.store_id}))
    assert priced(lane, 1, elsewhere)["items"] == []
    with pytest.raises(NotFound):
        promotion_uses.bills(lane.services, SYSTEM, "nothing", 1)


def test_the_goods_of_a_bill_are_its_store_s(lane: Lane, shop: Shop) -> None:
    sale = lane.sells(bread(40_000))["id"]
    assert listings.goods(lane.services, lane.caller, sale)["1"]["unit_price"] == 40_000
    for caller, number in ((lane_of(shop, "hn-02-1").caller, sale), (lane.caller, "99")):
        with pytest.raises(NotFound):
            listings.goods(lane.services, caller, number)


def test_what_waits_is_known_by_its_code(lane: Lane) -> None:
    programme.change(lane.services, WRITE, {"promotion_limit": 0})
    promotions.create(lane.services, WRITE, TEN)
    assert approvals.waiting_promotions(lane.services) == ["ten"]
