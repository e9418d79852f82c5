"""The what-if of campaigns: it says whom the nights would have met and what to expect of them, and writes nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from actions import NOON, FixedClock
from services.lane import COFFEE, MILK, Books, Lane, bread
from services.test_campaign_occasions import enrols, met, on
from services.test_campaigns import EVERYBODY, drafted, launched

from loyalty_pos.errors import NotFound, Refused
from loyalty_pos.jobs import campaigns as job
from loyalty_pos.services import campaign_preview, campaign_whatif
from loyalty_pos.services.context import Services

Json = dict[str, Any]
DAWN = NOON - timedelta(hours=11, minutes=59)
"""A minute past midnight in the shop."""
WEEKS = 10
KINDS = ["welcome", "thank_you", "birthday", "slipping", "replenishment"]


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A replay takes several reads."""
    monkeypatch.setattr(campaign_whatif, "STEP", 2)


def tried(services: Services, campaign: str, weeks: int = WEEKS) -> Json:
    return campaign_whatif.simulate(services, campaign, weeks)


def lived(services: Services, lane: Lane, clock: FixedClock, kind: str) -> tuple[str, list[str]]:
    """Ten weeks of a running campaign, looked at each night: its id and the days on which it met somebody."""
    clock.at = DAWN - timedelta(days=7 * WEEKS + 1)
    people = [enrols(lane, birthday=f"1990-{month}-{day}") for month, day in (("10", "05"), ("12", "31"))]
    people += [enrols(lane) for _ in range(3)]
    clock.at = DAWN - timedelta(days=7 * WEEKS) - timedelta(minutes=30)
    campaign = on(services, kind)
    days: list[str] = []
    for number in range(7 * WEEKS):
        clock.at = DAWN - timedelta(days=7 * WEEKS - number)
        day = clock.at + timedelta(hours=7)
        days += [day.date().isoformat()] * job.run(services).done
        clock.at += timedelta(hours=10)
        if number == 20:
            people.append(enrols(lane))
        for place, (_, card) in enumerate(people):
            if number % (place + 3) == 0 and (place > 1 or number < 15):
                lane.sells(COFFEE if place % 2 else MILK, card=card)
    clock.at = DAWN
    return campaign, days


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_whom_the_nights_met(services: Services, lane: Lane, clock: FixedClock, kind: str) -> None:
    campaign, days = lived(services, lane, clock, kind)
    assert days
    found = tried(services, campaign)
    assert [one["day"] for one in found["by_day"] for _ in range(one["given"])] == days
    assert found["given"] == len(met(services, campaign)) == len(days)
    assert (found["control"], found["members"]) == (0, 6)
    assert found["came"] >= found["bought"] >= 0


def test_an_anniversary_is_seen_a_week_ahead(services: Services, lane: Lane, clock: FixedClock) -> None:
    clock.at = NOON - timedelta(days=365 + 10)
    _, card = enrols(lane)
    lane.sells(MILK, card=card)
    clock.at = NOON
    found = tried(services, drafted(services, audience=None, always={"kind": "anniversary"}, control_percent=0,
                                    budget=1_000_000))  # fmt: skip
    day = (NOON - timedelta(days=17)).date().isoformat()
    assert [one["day"] for one in found["by_day"] if one["given"]] == [day]


def test_a_campaign_for_a_group_is_launched_on_the_first_day(services: Services, lane: Lane, clock: FixedClock) -> None:
    """Each gets what they had bought before it; who enrolled since gets nothing."""
    clock.at = NOON - timedelta(days=40)
    people = [enrols(lane) for _ in range(10)]
    lane.sells(COFFEE, card=people[0][1])
    clock.at = NOON - timedelta(days=10)
    lane.sells(COFFEE, card=people[1][1])
    lane.sells(bread(9_000), card=people[2][1])
    enrols(lane)
    clock.at = NOON
    promotions = ["ten-percent", "coffee-20k"]
    campaign = drafted(services, promotion=None, promotions=promotions, budget=1_000_000, control_percent=20,
                       audience=EVERYBODY)  # fmt: skip
    found = tried(services, campaign, 4)
    assert (found["from"], found["to"]) == ("2026-10-24", "2026-11-20")
    assert (found["members"], found["given"], found["control"]) == (11, 8, 2)
    given = {one["promotion"]: one["given"] for one in found["by_promotion"]}
    assert given["coffee-20k"] <= 1
    assert sum(given.values()) == 8
    assert found["came"] <= 2
    assert found["used"]["basis"] == "assumed"
    assert {one["day"] for one in found["sample"]} == {"2026-10-24"}


def test_it_meets_what_ran_and_leaves_out_who_had_enough(services: Services, lane: Lane, clock: FixedClock) -> None:
    clock.at = NOON - timedelta(days=30)
    for _ in range(4):
        enrols(lane)
    clock.at = NOON - timedelta(days=29)
    first = launched(services, drafted(services, control_percent=0))
    clock.at = NOON
    campaign = drafted(services, control_percent=0)
    found = tried(services, campaign, 4)
    assert (found["given"], found["capped"]) == (4, 0)
    assert found["overlap"] == [{"campaign": first["id"], "name": first["name"], "members": 4}]
    clock.at = NOON - timedelta(days=28, hours=18)
    launched(services, drafted(services, control_percent=0))
    clock.at = NOON
    found = tried(services, campaign, 4)
    assert (found["given"], found["capped"]) == (0, 4)


def test_nothing_is_written(services: Services, lane: Lane, books: Books, clock: FixedClock) -> None:
    clock.at = NOON - timedelta(days=30)
    enrols(lane)
    clock.at = NOON
    campaign = drafted(services, control_percent=0)
    before = books.dump()
    assert tried(services, campaign, 4)["given"] == 1
    assert books.dump() == before


def test_a_request_looks_at_so_many_members_and_no_more(services: Services, lane: Lane) -> None:
    for _ in range(3):
        enrols(lane)
    campaign = drafted(services)
    with pytest.raises(Refused) as refusal:
        campaign_whatif.simulate(services, campaign, 4, most=2)
    assert refusal.value.code == "too_many_members"
    with pytest.raises(NotFound):
        tried(services, "999")


def test_past_coupons_enough_make_the_range_the_models(services: Services, lane: Lane, clock: FixedClock) -> None:
    """Ten of twenty members use every coupon of theirs: what is foreseen for them is more than for the others."""
    clock.at = NOON - timedelta(days=220)
    people = [enrols(lane) for _ in range(20)]
    for _ in range(12):
        clock.at += timedelta(days=10)
        for number, (member, card) in enumerate(people):
            code = lane.issues(member, "coffee-20k", valid_to=(clock.at + timedelta(days=5)).date())
            if number < 10:
                clock.at += timedelta(minutes=1)
                lane.sells(COFFEE, card=card, coupons=[code])
    clock.at = NOON

    def foreseen(some: list[tuple[str, str]]) -> Json:
        ids = [member for member, _ in some]
        found = campaign_preview.preview(services, drafted(services, control_percent=0, audience={"members": ids}))
        used: Json = found["used"]
        assert (used["basis"], used["known_from"], found["treated"]) == ("model", 240, 10)
        return used

    eager, others = foreseen(people[:10]), foreseen(people[10:])
    assert eager["low"] > others["high"]
