"""The guess limit: five unknown or foreign codes a minute per terminal, then a minute's silence (S36)."""

from __future__ import annotations

from typing import Any

import pytest
from actions import FixedClock
from conftest import Shop
from services.lane import FRUIT, Books, Lane, bread, lane_of, sqlite_only

from loyalty_pos.errors import NotFound, TooMany

Json = dict[str, Any]
pytestmark = sqlite_only


def guess(lane: Lane, times: int) -> None:
    """Scan cards that nobody holds."""
    for number in range(times):
        with pytest.raises(NotFound, match="card_unknown"):
            lane.identifies(f"29000000{number:05d}")


def test_the_sixth_miss_silences_the_terminal(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """Five are answered, the one that passes the limit too; then 429 for a minute and an entry."""
    guess(lane, 5)
    assert lane.identifies(hanh["card"])["member"]["id"] == hanh["id"]
    assert books.exceptions() == []
    guess(lane, 1)
    assert books.exceptions() == [("guessing", 0)]
    for act in (
        lambda: lane.identifies(hanh["card"]),
        lambda: lane.quotes(FRUIT, card=hanh["card"]),
        lambda: lane.opens(FRUIT, card=hanh["card"]),
    ):
        with pytest.raises(TooMany) as refusal:
            act()
        assert refusal.value.retry_after == 60
    clock.move(seconds=60)
    assert lane.identifies(hanh["card"])["member"]["id"] == hanh["id"]


def test_goods_without_a_card_are_priced_in_the_silence(lane: Lane) -> None:
    """The queue does not wait because a code was typed wrong six times."""
    guess(lane, 6)
    assert lane.quotes(bread(10_000))["totals"]["net"] == 10_000
    assert lane.opens(bread(10_000))["state"] == "open"
    with pytest.raises(TooMany):
        lane.quotes(bread(10_000), coupons=["990000000000000015"])


def test_a_slow_cashier_is_no_robot(lane: Lane, clock: FixedClock) -> None:
    """Five a minute: twenty misses in five minutes are answered."""
    for _ in range(5):
        guess(lane, 4)
        clock.move(seconds=61)


def test_recording_facts_is_never_limited(lane: Lane, hanh: Json, books: Books) -> None:
    """Never on sales, settle and returns."""
    opened = lane.opens(FRUIT, card=hanh["card"])
    guess(lane, 6)
    assert lane.settles(opened["id"])["status"] == "ok"
    sold = lane.sells(bread(10_000), card="2999999999999")
    assert lane.takes_back_all(sold)["status"] == "ok"
    for number in range(10):
        lane.sells(bread(10_000), card=f"29000001{number:05d}")
    assert books.exceptions() == [("guessing", 0)]


def test_other_terminals_are_not_silenced(lane: Lane, shop: Shop, hanh: Json) -> None:
    """Counted per terminal."""
    guess(lane, 6)
    assert lane_of(shop, "hn-01-2").identifies(hanh["card"])["member"]["id"] == hanh["id"]


def test_ones_own_spent_coupon_is_no_guess(lane: Lane, hanh: Json) -> None:
    """A member's own used or expired coupon may be shown again and again."""
    code = lane.issues(hanh["id"])
    lane.sells(bread(10_000), card=hanh["card"], coupons=[code])
    for _ in range(10):
        assert lane.quotes(FRUIT, card=hanh["card"], coupons=[code])["coupons"][0]["reason"] == "coupon_used"


@pytest.mark.parametrize("kind", ["unknown", "foreign", "used-foreign", "cancelled"])
def test_unknown_foreign_and_used_codes_sound_alike(lane: Lane, hanh: Json, books: Books, kind: str) -> None:
    """S36: one identical answer; and each of them is a guess."""
    other = lane.enrols(name="Trần Văn Nam")
    code = "990000000000000008"
    if kind != "unknown":
        code = lane.issues(other["member"]["id"])
    if kind == "used-foreign":
        lane.sells(bread(10_000), card=other["card"]["number"], coupons=[code])
    if kind == "cancelled":
        books.change("UPDATE coupons SET state = 'cancelled' WHERE code = ?", code)
    heard = lane.quotes(bread(50_000), card=hanh["card"], coupons=[code])["coupons"]
    assert heard == [{"code": code, "status": "refused", "reason": "coupon_not_usable", "message": heard[0]["message"]}]
    plain = lane.quotes(bread(50_000), card=hanh["card"], coupons=["990000000000000015"])["coupons"][0]["message"]
    assert heard[0]["message"] == plain
    assert books.value("SELECT misses FROM guesses") == 2


def test_the_owner_hears_that_it_was_used_and_where(lane: Lane, hanh: Json) -> None:
    """S36: identified by scan, the owner is told when and where; by a typed number they are not."""
    code = lane.issues(hanh["id"])
    lane.sells(bread(10_000), card=hanh["card"], coupons=[code])
    scanned = lane.quotes(FRUIT, card=hanh["card"], coupons=[code])["coupons"][0]
    typed = lane.quotes(FRUIT, card=hanh["card"], entry="typed", coupons=[code])["coupons"][0]
    assert (scanned["reason"], typed["reason"]) == ("coupon_used", "coupon_not_usable")
    assert "Hàng Bông" in scanned["message"]
    assert "Hàng Bông" not in typed["message"]
