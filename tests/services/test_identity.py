"""Who holds the card, and what that way of reading may spend (S23, S36, S40-S43)."""

from __future__ import annotations

from typing import Any

import pytest
from actions import FixedClock
from conftest import Shop
from services.lane import FRUIT, Books, Lane, bread, lane_of, sqlite_only

from loyalty_pos.domain.cards import rotating_step, rotating_text
from loyalty_pos.errors import BadInput, Conflict, NotFound, Refused
from loyalty_pos.services import programme, stores
from loyalty_pos.services.context import SCOPES, SYSTEM, Request

Json = dict[str, Any]
pytestmark = sqlite_only


@pytest.mark.parametrize("entry", ["scan", "stripe", "qr"])
def test_possession_may_spend(lane: Lane, hanh: Json, entry: str) -> None:
    """S23: scan, stripe and qr of the card spend points."""
    lane.adjusts(hanh["id"], 500)
    priced = lane.quotes(bread(100_000), card=hanh["card"], entry=entry, redeem_points=200)
    assert priced["points"]["redeemed"] == 200


@pytest.mark.parametrize("entry", ["typed", "phone", None])
def test_a_typed_number_earns_only(lane: Lane, hanh: Json, entry: str | None) -> None:
    """S23: earning, tier price and automatic offers, a coupon that was itself scanned; no points."""
    lane.adjusts(hanh["id"], 500)
    code = lane.issues(hanh["id"])
    goods = {"card": hanh["card"], "entry": entry, "coupons": [code], "redeem_points": 200}
    priced = lane.quotes(FRUIT, bread(100_000), **goods)
    assert priced["points"]["redeemed"] == 0
    assert priced["points"]["earned"] > 0
    assert priced["coupons"][0]["status"] == "applied"
    assert priced["messages"]


def test_a_phone_number_earns_only(lane: Lane, hanh: Json) -> None:
    """S23: the number in any form finds the member, and spends nothing."""
    lane.adjusts(hanh["id"], 500)
    for text in ("0901234567", "090 123 4567", "+84901234567"):
        priced = lane.quotes(bread(100_000), card=text, entry="phone", redeem_points=200)
        assert (priced["member"]["id"], priced["points"]["redeemed"]) == (hanh["id"], 0)


def test_a_member_inherits_how_the_swipe_was_read(lane: Lane, hanh: Json) -> None:
    """S23: ``member`` with the ``swipe_id`` of a scan may spend; alone, or typed, it may not."""
    lane.adjusts(hanh["id"], 500)
    scanned = lane.identifies(hanh["card"])["swipe_id"]
    typed = lane.identifies(hanh["card"], "typed")["swipe_id"]
    spent = [
        lane.quotes(bread(100_000), member=hanh["id"], redeem_points=200, **more)["points"]["redeemed"]
        for more in ({"swipe_id": scanned}, {"swipe_id": typed}, {})
    ]
    assert spent == [200, 0, 0]


def test_a_rotating_code_opens_once(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """S23, I15: each 30-second step is usable once; the swipe that used it may still spend."""
    lane.adjusts(hanh["id"], 500)
    code = code_of(lane, hanh["card"])
    found = lane.identifies(code, "qr")
    opened = lane.opens(bread(100_000), swipe_id=found["swipe_id"], redeem_points=200)
    assert opened["points"]["redeemed"] == 200
    again = lane.identifies(code, "qr")["swipe_id"]
    for used in ({"swipe_id": again}, {"card": code, "entry": "qr"}):
        assert lane.opens(bread(100_000), redeem_points=200, **used)["points"]["redeemed"] == 0
    clock.move(seconds=30)
    assert lane.identifies(code_of(lane, hanh["card"]), "qr")["member"]["id"] == hanh["id"]
    assert books.value("SELECT count(*) FROM rotating_used") == 2


def test_an_old_rotating_code_is_unknown(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """S23: a screenshot of two minutes ago finds nobody."""
    code = code_of(lane, hanh["card"])
    clock.move(minutes=2)
    with pytest.raises(NotFound, match="card_unknown"):
        lane.identifies(code, "qr")


def test_the_shop_may_ask_for_the_rotating_code(lane: Lane, hanh: Json) -> None:
    """S23, setting ``spend_needs_code``: a scan of the printed card earns only."""
    programme.change(lane.services, Request(SYSTEM), {"spend_needs_code": True})
    lane.adjusts(hanh["id"], 500)
    scanned = lane.quotes(bread(100_000), card=hanh["card"], redeem_points=200)
    coded = lane.quotes(bread(100_000), card=code_of(lane, hanh["card"]), entry="qr", redeem_points=200)
    assert (scanned["points"]["redeemed"], coded["points"]["redeemed"]) == (0, 200)


def code_of(lane: Lane, card: str) -> str:
    """What the member's page shows now."""
    return rotating_text(lane.services.secret, card, rotating_step(lane.services.clock.now()))


def test_the_card_in_any_form_finds_the_member(lane: Lane, hanh: Json) -> None:
    """S40: printed number, symbology prefix, page link."""
    page = lane.gives_card(hanh["id"])["page"]
    for text in (hanh["card"], "]E0" + hanh["card"], "http://127.0.0.1:8080" + page):
        assert lane.identifies(text, "scan")["member"]["id"] == hanh["id"], text


def test_every_identification_is_recorded(lane: Lane, hanh: Json, books: Books) -> None:
    """S43: also of an unknown card, and also when no sale follows."""
    lane.identifies(hanh["card"])
    with pytest.raises(NotFound, match="card_unknown"):
        lane.identifies("2912345678904")
    assert books.rows("SELECT entry, outcome, number FROM swipes ORDER BY id") == [
        ("scan", "found", hanh["card"]),
        ("scan", "unknown", "2912345678904"),
    ]


def test_a_payment_card_is_refused_before_anything_is_stored(lane: Lane, books: Books) -> None:
    """S41: bare digits and track layouts; not a row is written."""
    for text in ("4111111111111111", "%B4111111111111111^NAME/A^2512101?", ";9704198526191432198=2512?"):
        with pytest.raises(BadInput, match="payment_card"):
            lane.identifies(text)
        with pytest.raises(BadInput, match="payment_card"):
            lane.sells(bread(1_000), card=text)
    assert books.value("SELECT count(*) FROM swipes") == 0
    assert books.value("SELECT count(*) FROM answers WHERE caller LIKE 'terminal:%'") == 0


def test_a_coupon_is_no_card(lane: Lane, hanh: Json) -> None:
    """S36: the code of a coupon in the place of the card is named as such."""
    with pytest.raises(Refused, match="card_is_coupon"):
        lane.identifies(lane.issues(hanh["id"]))


def test_two_people_in_one_basket_are_a_conflict(lane: Lane, hanh: Json) -> None:
    """S42: the swiped one and another card need the cashier's word; then the card named counts."""
    other = lane.enrols(name="Trần Văn Nam")
    swipe = lane.identifies(hanh["card"])["swipe_id"]
    with pytest.raises(Conflict, match="card_conflict"):
        lane.quotes(FRUIT, swipe_id=swipe, card=other["card"]["number"])
    with pytest.raises(Conflict, match="card_conflict"):
        lane.quotes(FRUIT, swipe_id=swipe, member=other["member"]["id"])
    changed = lane.quotes(FRUIT, swipe_id=swipe, card=other["card"]["number"], replace_card=True)
    assert changed["member"]["id"] == other["member"]["id"]


def test_ids_that_are_not_ours_are_unknown(lane: Lane) -> None:
    """An id is opaque: any text is answered, none is an error of ours."""
    for text in ("0", "-1", "x", "9" * 19, "1e3", "１"):
        with pytest.raises(NotFound, match="member_unknown"):
            lane.quotes(FRUIT, member=text)
        with pytest.raises(NotFound, match="swipe_unknown"):
            lane.quotes(FRUIT, swipe_id=text)


def test_a_swipe_shows_possession_for_a_while_at_its_own_lane(
    lane: Lane, shop: Shop, hanh: Json, clock: FixedClock
) -> None:
    """S23: half an hour, and not at another terminal; after that it still earns."""
    lane.adjusts(hanh["id"], 500)
    swipe = lane.identifies(hanh["card"])["swipe_id"]
    spends = lambda at: at.quotes(bread(100_000), swipe_id=swipe, redeem_points=200)["points"]["redeemed"]  # noqa: E731
    keys = shop.keys | {"hn-01-9": _second_lane(shop)}
    assert spends(lane) == 200
    assert spends(lane_of(Shop(shop.services, keys, shop.tokens), "hn-01-9")) == 0
    clock.move(minutes=30)
    assert spends(lane) == 200
    clock.move(seconds=1)
    assert spends(lane) == 0
    assert lane.sells(bread(100_000), swipe_id=swipe)["points"]["earned"] == 100


def _second_lane(shop: Shop) -> str:
    made = stores.add_terminal(shop.services, Request(SYSTEM), "hn-01-9", "hn-01", SCOPES)
    return str(made[1]["key"])
