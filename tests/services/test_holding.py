"""Holds: taken and given back by guarded updates, from named lots, against counted limits (S19, S21, S37)."""

from __future__ import annotations

from typing import Any

import pytest
from actions import FixedClock
from conftest import Shop, add_promotions
from services.lane import Books, Lane, bread, sqlite_only

from loyalty_pos.domain.pricing.result import Use
from loyalty_pos.jobs import expire_points, release_holds
from loyalty_pos.services import holding, limits, programme
from loyalty_pos.services.context import SYSTEM, Request
from loyalty_pos.services.limits import Counted
from loyalty_pos.storage.tx import Stale

Json = dict[str, Any]
pytestmark = sqlite_only


def test_points_are_held_on_named_lots(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """S19, S21: soonest expiry first, each lot says how many and for whom."""
    lane.adjusts(hanh["id"], 100)
    clock.move(days=40)
    lane.adjusts(hanh["id"], 300)
    opened = lane.opens(bread(100_000), card=hanh["card"], redeem_points=250)
    assert books.rows("SELECT lot_id, points FROM checkout_lots ORDER BY lot_id") == [(1, 100), (2, 150)]
    assert books.rows("SELECT remaining, held FROM lots ORDER BY id") == [(100, 100), (300, 150)]
    lane.settles(opened["id"])
    assert books.rows("SELECT lot_id, points FROM entries WHERE kind = 'redeem' ORDER BY lot_id") == [
        (1, -100),
        (2, -150),
    ]
    assert books.value("SELECT count(*) FROM checkout_lots") == 0


def test_held_points_do_not_expire_meanwhile(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """S20, S21: the free rest goes at the day's end, the held part when it is given back."""
    programme.change(lane.services, Request(SYSTEM), {"points": {"expiry": {"mode": "days", "days": 1}}})
    lane.adjusts(hanh["id"], 300)
    clock.move(days=1, hours=11, minutes=55)
    opened = lane.opens(bread(100_000), card=hanh["card"], redeem_points=200)
    clock.move(minutes=6)
    expire_points.run(lane.services)
    now = lane.points(hanh["id"])
    assert (now["active"], now["held"], now["expired"]) == (0, 200, 100)
    assert books.faults() == []
    sold = lane.settles(opened["id"])
    assert (sold["status"], sold["points"]["redeemed"]) == ("ok", 200)
    assert books.faults() == []


def test_a_lapsed_lot_goes_when_its_hold_ends(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """S20, S21: given back after midnight, gone at the next run."""
    programme.change(lane.services, Request(SYSTEM), {"points": {"expiry": {"mode": "days", "days": 1}}})
    lane.adjusts(hanh["id"], 300)
    clock.move(days=1, hours=11, minutes=55)
    lane.opens(bread(100_000), card=hanh["card"], redeem_points=200)
    clock.move(minutes=16)
    expire_points.run(lane.services)
    release_holds.run(lane.services)
    expire_points.run(lane.services)
    now = lane.points(hanh["id"])
    assert (now["active"], now["held"], now["expired"]) == (0, 0, 300)
    assert books.faults() == []


def limited(shop: Shop, **allowed: Any) -> None:
    """One promotion under these limits."""
    add_promotions(shop.services, [{
        "code": "limited", "name": {"vi": "Có hạn mức", "en": "Limited"}, "limits": allowed,
        "rewards": [{"kind": "amount_off", "amount": 1_000, "per": "basket", "scope": {"all": True}}],
    }])  # fmt: skip


def count(lane: Lane, uses: int, amount: int, *, limited: bool = True) -> list[Counted]:
    """Count a use as a sale does."""
    use = [Use("limited", uses, amount)]
    return lane.services.store.write(
        lambda tx: limits.count(tx, lane.services.rules.current(tx), use, 1, 1, "C07", limited)
    )


@pytest.mark.parametrize(
    ("allowed", "scope", "subject"),
    [({"total": 3}, "total", ""), ({"per_member": 3}, "member", "m1"), ({"per_store": 3}, "store", "s1"),
     ({"per_cashier": 3}, "cashier", "cC07")],
)  # fmt: skip
def test_the_database_keeps_the_limit(
    lane: Lane, shop: Shop, hanh: Json, books: Books, allowed: Json, scope: str, subject: str
) -> None:
    """S37: counted by one guarded statement; the use that does not fit leaves nothing."""
    limited(shop, **allowed)
    count(lane, 2, 2_000)
    with pytest.raises(Stale):
        count(lane, 2, 2_000)
    count(lane, 1, 1_000)
    assert books.rows("SELECT scope, subject, uses, amount FROM usage") == [(scope, subject, 3, 3_000)]
    count(lane, 5, 5_000, limited=False)
    assert books.value("SELECT uses FROM usage") == 8


def test_the_budget_is_kept_in_money(lane: Lane, shop: Shop, hanh: Json, books: Books) -> None:
    """S37: to the đồng; ``total`` beside it is the same counter."""
    limited(shop, budget=3_000, total=10)
    count(lane, 1, 2_999)
    with pytest.raises(Stale):
        count(lane, 1, 2)
    count(lane, 1, 1)
    assert books.rows("SELECT scope, uses, amount FROM usage") == [("total", 2, 3_000)]


def test_what_is_given_back_is_never_below_zero(lane: Lane, shop: Shop, hanh: Json, books: Books) -> None:
    """S30: a use that was never counted cannot be taken back."""
    limited(shop, total=3)
    counted = count(lane, 1, 1_000)
    assert limits.unpack(limits.pack(counted)) == counted
    for _ in range(3):
        lane.services.store.write(lambda tx: limits.give_back(tx, counted))
    assert books.rows("SELECT uses, amount FROM usage") == [(0, 0)]


def test_the_price_is_made_again_when_a_rule_changed_meanwhile(lane: Lane, shop: Shop) -> None:
    """Stale: a checkout never posts a price of yesterday's rules as today's."""
    old = lane.services.store.read(lane.services.rules.current)
    limited(shop, total=3)
    with pytest.raises(Stale):
        lane.services.store.write(lambda tx: holding.check_rules(tx, old))
    new = lane.services.store.read(lane.services.rules.current)
    lane.services.store.write(lambda tx: holding.check_rules(tx, new))
    assert new.version > old.version
