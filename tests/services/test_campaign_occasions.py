"""Campaigns that are always on: whom a day means, how often, on which side (habits.md section 5)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from actions import NOON, FixedClock
from services.lane import COFFEE, MILK, Books, Lane, bread
from services.test_campaigns import WRITE, drafted

from loyalty_pos.errors import Refused
from loyalty_pos.jobs import campaigns as job
from loyalty_pos.services import campaign_launch, campaign_upkeep, campaigns, coupons, programme
from loyalty_pos.services.context import Services

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A night takes several transactions."""
    monkeypatch.setattr(campaign_upkeep, "STEP", 2)


def on(services: Services, kind: str, every_days: int | None = None, **fields: Any) -> str:
    """The id of a running campaign of this occasion."""
    always = {"kind": kind} | ({} if every_days is None else {"every_days": every_days})
    fields = {"audience": None, "always": always, "control_percent": 0, "budget": 1_000_000, "capped": False} | fields
    campaign = drafted(services, **fields)
    campaign_launch.launch(services, WRITE, campaign)
    return campaign


def met(services: Services, campaign: str) -> list[tuple[str, str]]:
    """(member, occasion) of everybody whom it met so far."""
    items = campaigns.list_members(services, campaign, None, 200)["items"]
    return [(one["member"], one["occasion"]) for one in items]


def night(services: Services, clock: FixedClock, days: float = 1) -> int:
    """The job of another day."""
    clock.move(days=days)
    return job.run(services).done


def enrols(lane: Lane, **person: Any) -> tuple[str, str]:
    """(id, card) of a new member."""
    made = lane.enrols(**person)
    return str(made["member"]["id"]), made["card"]["number"]


def test_a_welcome_comes_once_for_ever(services: Services, lane: Lane, clock: FixedClock) -> None:
    first, _ = enrols(lane)
    campaign = on(services, "welcome")
    assert met(services, campaign) == []
    assert job.run(services).done == 1
    assert job.run(services).done == 0
    second, _ = enrols(lane)
    assert night(services, clock) == 1
    assert met(services, campaign) == [(first, "welcome"), (second, "welcome")]
    assert sum(night(services, clock) for _ in range(20)) == 0


def test_a_birthday_comes_once_a_year_and_a_week_ahead(services: Services, lane: Lane, clock: FixedClock) -> None:
    near, _ = enrols(lane, birthday="1990-11-28")
    far, _ = enrols(lane, birthday="1990-11-29")
    none, _ = enrols(lane)
    campaign = on(services, "birthday")
    job.run(services)
    assert met(services, campaign) == [(near, "2026")]
    assert night(services, clock) == 1
    assert met(services, campaign) == [(near, "2026"), (far, "2026")]
    assert sum(night(services, clock) for _ in range(30)) == 0
    clock.at = NOON + timedelta(days=365)
    assert night(services, clock, 0) == 1
    assert (near, "2027") in met(services, campaign)
    assert none not in {member for member, _ in met(services, campaign)}


def test_a_birthday_at_the_turn_of_the_year_is_one_occasion(services: Services, lane: Lane, clock: FixedClock) -> None:
    member, _ = enrols(lane, birthday="1990-01-02")
    campaign = on(services, "birthday")
    clock.at = datetime(2026, 12, 28, 5, tzinfo=UTC)
    assert sum(night(services, clock, days) for days in (0, 1, 1, 1, 1, 1)) == 1
    assert met(services, campaign) == [(member, "2027")]


def test_an_anniversary_is_of_the_first_purchase(services: Services, lane: Lane, clock: FixedClock) -> None:
    member, card = enrols(lane)
    lane.sells(bread(10_000), card=card)
    campaign = on(services, "anniversary")
    assert job.run(services).done == 0
    lane.sells(bread(10_000), card=card)
    clock.at = NOON + timedelta(days=357)
    assert night(services, clock, 0) == 0
    assert night(services, clock) == 1
    assert met(services, campaign) == [(member, "2027")]
    assert night(services, clock) == 0


def test_thanks_come_after_a_purchase_at_most_once_in_so_many_days(
    services: Services, lane: Lane, clock: FixedClock
) -> None:
    member, card = enrols(lane)
    campaign = on(services, "thank_you", every_days=10)
    for _ in range(12):
        lane.sells(bread(10_000), card=card)
        night(services, clock)
    assert met(services, campaign) == [(member, "2026-11-22"), (member, "2026-12-02")]


def test_those_who_slip_away_are_met_once_in_a_season(services: Services, lane: Lane, clock: FixedClock) -> None:
    member, card = enrols(lane)
    for _ in range(4):
        lane.sells(bread(10_000), card=card)
        clock.move(days=5)
    campaign = on(services, "slipping")
    assert sum(night(services, clock) for _ in range(40)) == 0
    assert sum(night(services, clock) for _ in range(30)) == 1
    assert [who for who, _ in met(services, campaign)] == [member]


def test_what_is_due_again_by_the_members_own_rhythm(services: Services, lane: Lane, clock: FixedClock) -> None:
    """Of the promotion's own goods alone; never after a single gap."""
    drinker, his = enrols(lane)
    baker, hers = enrols(lane)
    _new, card = enrols(lane)
    campaign = on(services, "replenishment")
    for _ in range(4):
        lane.sells(COFFEE, card=his)
        lane.sells(bread(5_000), card=hers)
        assert night(services, clock, 10) == 0 or clock.at > NOON + timedelta(days=25)
    lane.sells(COFFEE, card=card)
    assert [who for who, _ in met(services, campaign)] == [drinker]
    assert baker not in {who for who, _ in met(services, campaign)}
    reason = campaigns.list_members(services, campaign, None, 1)["items"][0]["reason"]
    assert reason["vi"].startswith("Sắp đến lúc mua lại. Đã mua drinks/coffee ")


def test_due_is_from_nine_tenths_to_one_and_a_half_of_the_gap(
    services: Services, lane: Lane, clock: FixedClock
) -> None:
    """Bought every ten days: due from the ninth to the fifteenth day after."""
    _member, card = enrols(lane)
    for _ in range(2):
        lane.sells(COFFEE, card=card)
        clock.move(days=10)
    campaign = on(services, "replenishment", every_days=1)
    assert job.run(services).done == 0
    lane.sells(COFFEE, card=card)
    assert [night(services, clock) for _ in range(17)] == [0] * 8 + [1] * 7 + [0] * 2
    assert len(met(services, campaign)) == 7


def test_the_side_of_a_member_never_changes(services: Services, lane: Lane, clock: FixedClock) -> None:
    cards = [enrols(lane)[1] for _ in range(12)]
    campaign = on(services, "thank_you", every_days=1, control_percent=50)
    for _ in range(3):
        for card in cards:
            lane.sells(bread(10_000), card=card)
        night(services, clock)
    sides: dict[str, set[str]] = {}
    items = campaigns.list_members(services, campaign, None, 200)["items"]
    for one in items:
        sides.setdefault(one["member"], set()).add(one["side"])
    assert len(items) == 36
    assert {len(found) for found in sides.values()} == {1}
    assert {side for found in sides.values() for side in found} == {"treated", "control"}


def test_the_cap_holds_across_campaigns(services: Services, lane: Lane, clock: FixedClock) -> None:
    """The member is not forgotten: the occasion is met when there is room again."""
    programme.change(services, WRITE, {"campaigns": {"coupons": 1, "days": 3}})
    enrols(lane, birthday="1990-11-24")
    first, second = on(services, "welcome", capped=True), on(services, "birthday", capped=True)
    job.run(services)
    assert (len(met(services, first)), len(met(services, second))) == (1, 0)
    assert [night(services, clock) for _ in range(3)] == [0, 0, 1]
    assert len(met(services, second)) == 1


def test_a_night_that_was_cut_off_is_gone_on_with(
    services: Services, lane: Lane, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(7):
        enrols(lane)
    campaign = on(services, "welcome")

    class Killed(Exception):
        pass

    def cut(done: int, _total: int) -> None:
        if done == 4:
            raise Killed

    with pytest.raises(Killed):
        campaign_upkeep.run(services, cut)
    assert len(met(services, campaign)) == 4
    assert campaign_upkeep.run(services) == 3
    assert len(met(services, campaign)) == 7
    assert books.faults() == []


def test_the_job_in_three_threads_meets_everybody_once(services: Services, lane: Lane) -> None:
    for _ in range(9):
        enrols(lane)
    campaign = on(services, "welcome")
    with ThreadPoolExecutor(3) as pool:
        done = sum(summary.done for summary in pool.map(lambda _: job.run(services), range(3)))
    assert (done, len(met(services, campaign))) == (9, 9)
    assert campaigns.get(services, campaign)["coupons"] == 9


def test_an_audience_narrows_the_occasion(services: Services, lane: Lane) -> None:
    enrols(lane)
    woman, _ = enrols(lane, gender="female")
    campaign = on(
        services, "welcome", audience={"rule": {"all": [{"field": "gender", "op": "in", "value": ["female"]}]}}
    )
    job.run(services)
    assert [who for who, _ in met(services, campaign)] == [woman]


def test_it_runs_between_its_days_and_its_coupons_last_so_many_days(
    services: Services, lane: Lane, clock: FixedClock
) -> None:
    enrols(lane)
    campaign = on(services, "welcome", valid_from="2026-11-23", valid_to="2026-11-24", valid_days=5)
    assert job.run(services).done == 0
    assert night(services, clock, 2) == 1
    coupon = coupons.list_coupons(services, campaign=campaign)["items"][0]
    assert (coupon["valid_from"], coupon["valid_to"]) == ("2026-11-23", "2026-11-28")
    enrols(lane)
    assert night(services, clock, 2) == 0
    assert campaigns.get(services, campaign)["state"] == "ended"


def test_the_budget_stops_it(services: Services, lane: Lane, clock: FixedClock) -> None:
    member, card = enrols(lane)
    campaign = on(services, "welcome", budget=20_000)
    job.run(services)
    lane.sells(COFFEE, MILK, card=card, coupons=[coupons.list_coupons(services, member=member)["items"][0]["code"]])
    enrols(lane)
    night(services, clock)
    found = campaigns.get(services, campaign)
    assert (found["state"], found["stop_reason"], found["coupons"]) == ("stopped", "budget", 1)


def test_it_needs_a_budget(services: Services, lane: Lane) -> None:
    with pytest.raises(Refused) as refusal:
        on(services, "welcome", budget=None)
    assert refusal.value.code == "budget_missing"
