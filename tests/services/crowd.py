"""Four people whose habits differ in everything that a segment's rule may ask for."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from actions import NOON, FixedClock
from conftest import Shop
from services.lane import COFFEE, FRUIT, MILK, Lane, bread, lane_of

from loyalty_pos.services import standing

Json = dict[str, Any]


class Crowd:
    """Name -> member, and back."""

    def __init__(self) -> None:
        self.ids: dict[str, int] = {}
        self.cards: dict[str, str] = {}

    def enrols(self, lane: Lane, called: str, **person: Any) -> None:
        """One more."""
        made = lane.enrols(**person)
        self.ids[called], self.cards[called] = int(made["member"]["id"]), made["card"]["number"]

    def named(self, ids: Any) -> set[str]:
        """Who these ids are."""
        found = set(ids)
        return {name for name, number in self.ids.items() if number in found}


@pytest.fixture
def crowd(shop: Shop, clock: FixedClock) -> Crowd:
    """Lan (three visits, tea, Zalo), Minh (one morning at the other store), An (coupons), Thu (never bought)."""
    lane, other, found = lane_of(shop), lane_of(shop, "hn-02-1"), Crowd()

    def on(day: int, hours: int = 0) -> None:
        clock.at = NOON - timedelta(days=112 - day, hours=-hours)

    def consents(channel: str, given: bool = True) -> Json:
        return {"purpose": "marketing", "channel": channel, "given": given, "text_version": "1"}

    on(0)
    found.enrols(lane, "lan", name="Nguyễn Thị Lan", birthday="1990-11-24", gender="female", interests=["trà", "sữa"],
                 consents=[consents("zalo"), {"purpose": "profiling", "given": True, "text_version": "1"}])  # fmt: skip
    found.enrols(lane, "an", name="Trần An", birthday="2001-11-28", consents=[consents("sms"), consents("sms", False)])
    lane.sells(MILK, card=found.cards["lan"])
    on(2)
    lane.sells(MILK, card=found.cards["lan"])
    on(60)
    lane.sells(bread(50_000), FRUIT, card=found.cards["an"], coupons=[lane.issues(str(found.ids["an"]))])
    on(61)
    lane.issues(str(found.ids["an"]), valid_to=date(2026, 10, 10))
    on(90)
    lane.issues(str(found.ids["lan"]), valid_to=date(2026, 12, 1))
    on(100)
    found.enrols(other, "minh", name="Lê Minh", birthday="2005-02-28", gender="male", interests=["cà phê"])
    found.enrols(lane, "thu")
    lane.gives_tier(str(found.ids["thu"]), "gold")
    lane.adjusts(str(found.ids["thu"]), 700)
    lane.sells(COFFEE, card=found.cards["lan"])
    on(111, hours=-4)
    other.sells(FRUIT, card=found.cards["minh"])
    on(112)
    standing.judge_all(shop.services, lambda _done, _total: None)
    return found
