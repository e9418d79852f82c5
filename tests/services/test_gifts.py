"""Goods and points that offers give, from the till to the return and the forgotten card (S11, S26)."""

from __future__ import annotations

from typing import Any

from services.lane import Books, Lane, bread

from loyalty_pos.services import promotions
from loyalty_pos.services.context import SYSTEM, Request

Json = dict[str, Any]


def runs(lane: Lane, code: str, *rewards: Json, **more: Any) -> None:
    """A promotion in force."""
    promotions.create(lane.services, Request(SYSTEM), {"code": code, "name": code, "rewards": list(rewards), **more})


def test_points_of_an_offer_are_granted_and_go_back_with_the_goods(lane: Lane, hanh: Json, books: Books) -> None:
    """S26: five a loaf and twice the rest; the whole return leaves nothing."""
    runs(lane, "loaves", {"kind": "points", "points": 5, "per": "unit", "scope": {"skus": ["bread"]}})
    runs(lane, "double", {"kind": "points", "multiplier": 20_000})
    sold = lane.sells(bread(10_000) | {"quantity": 3}, card=hanh["card"])
    assert sold["points"]["earned"] == 60 + 15
    lane.takes_back(sold["id"], ("1", 1))
    assert lane.points(hanh["id"])["active"] == 40 + 10
    lane.takes_back(sold["id"], ("1", 2))
    assert lane.points(hanh["id"])["active"] == 0
    assert books.faults() == []


def test_a_card_attached_later_earns_by_the_offers_of_the_day(lane: Lane, hanh: Json, books: Books) -> None:
    runs(lane, "double", {"kind": "points", "multiplier": 20_000})
    sold = lane.sells(bread(50_000))
    assert sold["points"]["earned"] == 0
    lane.attaches(sold["id"], hanh["card"])
    assert lane.points(hanh["id"])["active"] == 100
    assert books.faults() == []


def test_goods_that_are_given_are_weighed_by_the_catalogue(lane: Lane, hanh: Json) -> None:
    """S11: the till sold the cup for 12.000đ before, so it is worth more than 10.000đ off."""
    group = {"stacking": "best_of_group", "group": "g"}
    runs(lane, "cup", {"kind": "add_free_item", "sku": "cup"}, **group)
    runs(lane, "sum", {"kind": "amount_off", "amount": 10_000}, **group)
    assert lane.quotes(bread(50_000), card=hanh["card"])["free_items"] == {}
    lane.sells(bread(12_000) | {"sku": "cup"})
    found = lane.quotes(bread(50_000), card=hanh["card"])
    assert (found["free_items"], found["totals"]["discount"]) == ({"cup": 1}, 0)
    sold = lane.sells(bread(50_000), card=hanh["card"])
    assert sold["free_items"] == {"cup": 1}


def test_s37_a_budget_counts_goods_and_points(lane: Lane, hanh: Json) -> None:
    """500 points are 5.000đ of a budget of 8.000đ: once, and again when it was returned."""
    runs(lane, "more", {"kind": "points", "points": 500}, limits={"budget": 8_000})
    first = lane.sells(bread(10_000), card=hanh["card"])
    assert [first["points"]["earned"], lane.sells(bread(10_000), card=hanh["card"])["points"]["earned"]] == [510, 10]
    lane.takes_back_all(first)
    assert lane.sells(bread(10_000), card=hanh["card"])["points"]["earned"] == 510
