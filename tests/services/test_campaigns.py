"""Campaigns: draft, approval, launch in steps, stop, and the rules that hold between them (habits.md section 5)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import msgspec
import pytest
from actions import FixedClock
from conftest import Shop
from services.lane import COFFEE, FRUIT, Books, Lane, bread

from loyalty_pos.domain.campaigns.definition import CampaignIn
from loyalty_pos.errors import BadInput, Conflict, InProgress, LoyaltyError, NotFound, Refused
from loyalty_pos.services import campaign_launch, campaign_upkeep, campaigns, coupons, programme, promotions
from loyalty_pos.services.context import SYSTEM, Caller, Request, Services

Json = dict[str, Any]
WRITE = Request(SYSTEM)
EVERYBODY: Json = {"rule": {"any": [{"field": "visits", "op": ">=", "value": 0}]}}
COFFEE_20K: Json = {"name": {"vi": "Cà phê", "en": "Coffee"}, "promotion": "coffee-20k", "audience": EVERYBODY}


def by(login: str) -> Request:
    """A write of this manager."""
    return Request(Caller(kind="staff", name=login, role="manager"))


def drafted(services: Services, request: Request = WRITE, **fields: Any) -> str:
    """The id of a new draft."""
    body = msgspec.convert(COFFEE_20K | fields, CampaignIn)
    return str(campaigns.draft(services, request, body)[1]["id"])


def launched(services: Services, campaign: str) -> Json:
    """The campaign after a whole launch."""
    campaign_launch.launch(services, WRITE, campaign)
    campaign_launch.issue(services, int(campaign))
    return campaigns.get(services, campaign)


def refused(kind: type[LoyaltyError], code: str, work: Any) -> LoyaltyError:
    """The refusal of ``work``."""
    with pytest.raises(kind) as found:
        work()
    assert found.value.code == code
    return found.value


@pytest.fixture
def people(lane: Lane) -> list[str]:
    """Thirty members."""
    return [str(lane.enrols()["member"]["id"]) for _ in range(30)]


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every launch here takes several transactions."""
    monkeypatch.setattr(campaign_launch, "STEP", 7)
    monkeypatch.setattr(campaigns, "STEP", 7)


# Drafts --------------------------------------------------------------------------------------------


def test_a_draft_is_kept_as_it_was_written_and_issues_nothing(services: Services, people: list[str]) -> None:
    found = campaigns.get(services, drafted(services, budget=500_000, channels=["zalo", "sms"]))
    assert (found["state"], found["coupons"], found["created_by"]) == ("draft", 0, "system")
    assert found["definition"]["control_percent"] == 10
    assert found["definition"]["channels"] == ["zalo", "sms"]
    assert campaigns.list_campaigns(services)["items"] == [found]
    assert coupons.list_coupons(services)["items"] == []


BAD: list[tuple[Json, str, str]] = [
    ({"promotion": None}, "promotion", "missing"),
    ({"promotions": ["ten-percent"]}, "promotions", "one_only"),
    ({"promotion": None, "promotions": ["ten-percent", "ten-percent"]}, "promotions", "duplicate"),
    ({"audience": None}, "audience", "missing"),
    ({"audience": {}}, "audience", "missing"),
    ({"audience": EVERYBODY | {"members": ["1"]}}, "audience", "one_only"),
    ({"audience": {"members": ["1", "an odd id"]}}, "audience.members[1]", "unknown"),
    ({"audience": {"rule": {"any": [{"field": "luck", "op": ">=", "value": 1}]}}}, "audience.rule.any[0].field",
     "unknown"),
    ({"valid_from": "2026-12-02", "valid_to": "2026-12-01"}, "valid_to", "before_from"),
    ({"valid_days": 14}, "valid_days", "contradictory"),
    ({"channels": ["sms", "sms"]}, "channels", "duplicate"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "path", "code"), BAD, ids=lambda value: str(value)[:30])
def test_what_contradicts_itself_is_refused_by_its_field(
    services: Services, shop: Shop, fields: Json, path: str, code: str
) -> None:
    refusal = refused(BadInput, "invalid", lambda: drafted(services, **fields))
    assert refusal.errors == {path: [code]}
    assert campaigns.list_campaigns(services)["items"] == []


def test_a_draft_gives_coupons_of_promotions_in_force_to_a_segment_that_exists(services: Services, shop: Shop) -> None:
    """S39."""
    refused(NotFound, "promotion_unknown", lambda: drafted(services, promotion="nothing"))
    refused(Conflict, "promotion_not_coupon", lambda: drafted(services, promotion="fruit-15"))
    refused(NotFound, "segment_unknown", lambda: drafted(services, audience={"segment": "nobody"}))
    refused(NotFound, "campaign_unknown", lambda: campaigns.get(services, "999"))
    refused(NotFound, "campaign_unknown", lambda: campaigns.get(services, "x"))


def test_a_change_makes_the_next_version_and_takes_the_approval_away(services: Services, people: list[str]) -> None:
    campaign = drafted(services, by("lan"))
    campaigns.approve(services, by("hoa"), campaign)
    _, found = campaigns.change(services, by("lan"), campaign, {"budget": 90_000, "control_percent": 20})
    assert (found["state"], found["version"], found["approved_by"]) == ("draft", 2, None)
    assert found["definition"]["budget"] == 90_000
    _, found = campaigns.change(services, by("lan"), campaign, {"budget": None})
    assert found["definition"]["budget"] is None
    refused(BadInput, "invalid", lambda: campaigns.change(services, by("lan"), campaign, {"colour": 1}))
    launched(services, campaign)
    refused(Conflict, "campaign_launched", lambda: campaigns.change(services, by("lan"), campaign, {"budget": 1}))


# The second person ---------------------------------------------------------------------------------


def test_above_the_limit_a_second_person_has_to_say_yes(services: Services, people: list[str]) -> None:
    """S50: 27 coupons of 20.000đ may cost 540.000đ."""
    programme.change(services, WRITE, {"campaigns": {"limit": 539_999}})
    campaign = drafted(services, by("lan"))
    outcome, found = campaign_launch.launch(services, by("lan"), campaign)
    assert (outcome.kind, found["state"]) == ("accepted", "waiting")
    outcome, found = campaign_launch.launch(services, by("lan"), campaign)
    assert (outcome.kind, found["state"]) == ("accepted", "waiting")
    refused(Refused, "own_approval", lambda: campaigns.approve(services, by("lan"), campaign))
    _, found = campaigns.approve(services, by("hoa"), campaign, "ok")
    assert (found["state"], found["approved_by"], found["approved_most"]) == ("approved", "hoa", 540_000)
    refused(Conflict, "campaign_approved", lambda: campaigns.approve(services, by("minh"), campaign))
    assert launched(services, campaign)["coupons"] == 27


def test_at_the_limit_nobody_is_asked(services: Services, people: list[str]) -> None:
    programme.change(services, WRITE, {"campaigns": {"limit": 540_000}})
    assert launched(services, drafted(services))["state"] == "running"


def test_whoever_changed_it_last_is_no_second_person(services: Services, people: list[str]) -> None:
    campaign = drafted(services, by("lan"))
    campaigns.change(services, by("hoa"), campaign, {"control_percent": 0})
    for one in ("lan", "hoa"):
        refused(Refused, "own_approval", lambda one=one: campaigns.approve(services, by(one), campaign))
    campaigns.approve(services, by("minh"), campaign)


def test_an_approval_is_for_what_it_could_cost_then(services: Services, people: list[str], lane: Lane) -> None:
    programme.change(services, WRITE, {"campaigns": {"limit": 100_000}})
    campaign = drafted(services, by("lan"))
    campaigns.approve(services, by("hoa"), campaign)
    for _ in range(3):
        lane.enrols()
    outcome, found = campaign_launch.launch(services, by("lan"), campaign)
    assert (outcome.kind, found["state"], found["approved_by"]) == ("accepted", "waiting", None)


def test_what_nothing_bounds_needs_a_budget(services: Services, people: list[str]) -> None:
    """``ten-percent`` has no cap: only a budget says what is at stake."""
    campaign = drafted(services, promotion="ten-percent")
    refused(Refused, "budget_missing", lambda: campaign_launch.launch(services, WRITE, campaign))
    campaigns.change(services, WRITE, campaign, {"budget": 20_000_000})
    assert campaign_launch.launch(services, WRITE, campaign)[0].kind == "accepted"
    campaigns.change(services, WRITE, campaign, {"budget": 1_000_000})
    assert launched(services, campaign)["coupons"] == 27


# The launch ----------------------------------------------------------------------------------------


def test_everybody_stands_on_one_side_and_the_control_group_is_exact(services: Services, people: list[str]) -> None:
    found = launched(services, drafted(services))
    assert (found["state"], found["audience"], found["done"]) == ("running", 30, 30)
    assert (found["treated"], found["control"], found["coupons"]) == (27, 3, 27)
    items = campaigns.list_members(services, found["id"], None, 200)["items"]
    assert [one["member"] for one in items] == people
    for one in items:
        assert (one["coupon"] is None) == (one["side"] == "control") == (one["reason"] is None)
    listed = coupons.list_coupons(services, limit=200, campaign=found["id"])["items"]
    assert {(one["member"], one["code"]) for one in listed} == {
        (one["member"], one["coupon"]) for one in items if one["coupon"]
    }
    assert {one["campaign"] for one in listed} == {found["id"]}
    assert {(one["valid_from"], one["valid_to"]) for one in listed} == {("2026-11-21", "2026-12-21")}


def test_pages_of_members_have_no_gap(services: Services, people: list[str]) -> None:
    found = launched(services, drafted(services))
    first = campaigns.list_members(services, found["id"], None, 20)
    rest = campaigns.list_members(services, found["id"], first["next"], 20)
    assert [one["member"] for one in (*first["items"], *rest["items"])] == people
    assert rest["next"] is None


def test_a_launch_that_was_cut_off_is_gone_on_with(services: Services, people: list[str], books: Books) -> None:
    """Cut between any two steps; what is done stays done, nobody gets two."""
    campaign = drafted(services)
    campaign_launch.launch(services, WRITE, campaign)
    for done in (7, 14):
        assert campaign_launch.issue(services, int(campaign), steps=1) == 7
        found = campaigns.get(services, campaign)
        assert (found["state"], found["done"]) == ("launching", done)
    told: list[tuple[int, int]] = []
    assert campaign_launch.issue(services, int(campaign), lambda *at: told.append(at)) == 16
    assert told == [(21, 30), (28, 30), (30, 30)]
    found = campaigns.get(services, campaign)
    assert (found["state"], found["coupons"], found["control"]) == ("running", 27, 3)
    assert campaign_launch.issue(services, int(campaign)) == 0
    assert books.faults() == []


def test_a_step_that_fails_leaves_nothing_of_itself(
    services: Services, people: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = drafted(services)
    campaign_launch.launch(services, WRITE, campaign)
    advance = campaign_launch.rows.advance

    def killed(*facts: Any) -> None:
        advance(*facts)
        raise RuntimeError

    monkeypatch.setattr(campaign_launch.rows, "advance", killed)
    with pytest.raises(RuntimeError):
        campaign_launch.issue(services, int(campaign))
    monkeypatch.undo()
    assert campaigns.get(services, campaign)["coupons"] == 0
    campaign_launch.issue(services, int(campaign))
    assert campaigns.get(services, campaign)["coupons"] == 27


def test_the_job_goes_on_with_a_launch(services: Services, people: list[str]) -> None:
    campaign = drafted(services)
    campaign_launch.launch(services, WRITE, campaign)
    assert campaign_upkeep.run(services) == 30
    assert campaigns.get(services, campaign)["state"] == "running"
    assert campaign_upkeep.run(services) == 0


def test_the_audience_is_frozen_at_the_launch(services: Services, people: list[str], lane: Lane) -> None:
    campaign = drafted(services)
    campaign_launch.launch(services, WRITE, campaign)
    late = lane.enrols()["member"]["id"]
    campaign_launch.issue(services, int(campaign))
    assert str(late) not in {one["member"] for one in campaigns.list_members(services, campaign, None, 200)["items"]}


def test_whoever_is_gone_by_their_turn_gets_nothing(
    services: Services, people: list[str], lane: Lane, books: Books
) -> None:
    """Merged, erased, or every card blocked: after the freeze or before it."""
    books.change("UPDATE cards SET state = 'blocked' WHERE member_id = ?", int(people[0]))
    campaign = drafted(services, control_percent=0)
    campaign_launch.launch(services, WRITE, campaign)
    lane.merges(people[1], people[2])
    books.change("UPDATE members SET state = 'erased' WHERE id = ?", int(people[3]))
    books.change("UPDATE cards SET state = 'blocked' WHERE member_id = ?", int(people[4]))
    campaign_launch.issue(services, int(campaign))
    found = campaigns.get(services, campaign)
    assert (found["audience"], found["coupons"], found["state"]) == (29, 26, "running")
    got = {one["member"] for one in campaigns.list_members(services, campaign, None, 200)["items"]}
    assert got == set(people) - {people[number] for number in (0, 1, 3, 4)}


def test_a_campaign_is_launched_once(services: Services, people: list[str]) -> None:
    campaign = drafted(services)
    launched(services, campaign)
    refused(Conflict, "campaign_launched", lambda: campaign_launch.launch(services, WRITE, campaign))


def test_of_two_launches_at_once_one_is_done(services: Services, people: list[str]) -> None:
    campaign = drafted(services)

    def try_it(number: int) -> str:
        try:
            campaign_launch.launch(services, by(f"manager-{number}"), campaign)
        except (Conflict, InProgress) as refusal:
            return refusal.code
        return "done"

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(try_it, range(4)))
    assert answers == ["campaign_launched"] * 3 + ["done"]
    with ThreadPoolExecutor(3) as pool:
        done = sum(pool.map(lambda _: campaign_launch.issue(services, int(campaign)), range(3)))
    found = campaigns.get(services, campaign)
    assert (done, found["coupons"], found["control"]) == (30, 27, 3)


def test_tills_go_on_selling_while_coupons_are_issued(services: Services, lane: Lane, books: Books) -> None:
    """Nobody waits in a circle, nobody sees an error; a stop beside the issuing leaves right totals."""
    cards = [str(lane.enrols()["card"]["number"]) for _ in range(24)]
    first, second = drafted(services), drafted(services)
    for campaign in (first, second):
        campaign_launch.launch(services, WRITE, campaign)

    def sell(card: str) -> str:
        return str(lane.sells(COFFEE, card=card, coupons="best")["status"])

    with ThreadPoolExecutor(6) as pool:
        issued = [pool.submit(campaign_launch.issue, services, int(one)) for one in (first, second, second)]
        sold = [pool.submit(sell, card) for card in cards]
        stopped = pool.submit(campaigns.stop, services, WRITE, first, "x", cancel_unused=True)
        assert {one.result() for one in sold} == {"ok"}
        stopped.result()
        assert sum(one.result() for one in issued[1:]) == 24
    campaign_upkeep.run(services)
    for campaign in (first, second):
        found = campaigns.get(services, campaign)
        assert found["treated"] + found["control"] == found["done"]
        assert found["coupons"] == found["treated"]
    assert books.faults() == []


def test_the_same_request_launches_once(services: Services, people: list[str]) -> None:
    """contract.md 1, Idempotency-Key."""
    campaign = drafted(services)
    request = Request(SYSTEM, "launch-this-campaign", b"body")
    campaign_launch.launch(services, request, campaign)
    assert campaign_launch.launch(services, request, campaign)[0].replayed


def test_an_audience_of_nobody_and_days_that_are_over(services: Services, shop: Shop, lane: Lane) -> None:
    campaign = drafted(services)
    refused(Refused, "audience_empty", lambda: campaign_launch.launch(services, WRITE, campaign))
    lane.enrols()
    campaigns.change(services, WRITE, campaign, {"valid_to": "2026-11-20"})
    refused(Conflict, "campaign_over", lambda: campaign_launch.launch(services, WRITE, campaign))
    campaigns.change(services, WRITE, campaign, {"valid_to": "2026-11-21"})
    assert campaign_launch.launch(services, WRITE, campaign)[1]["state"] == "launching"


def test_coupons_last_from_the_first_to_the_last_day_and_no_longer_than_their_promotion(
    services: Services, people: list[str]
) -> None:
    """S38."""
    days = launched(services, drafted(services, valid_from="2026-11-25", valid_to="2026-11-30"))
    assert (days["starts_on"], days["ends_on"]) == ("2026-11-25", "2026-11-30")
    promotions.patch(services, WRITE, "coffee-20k", {"valid": {"to": "2026-12-05"}})
    days = launched(services, drafted(services, capped=False))
    assert (days["starts_on"], days["ends_on"]) == ("2026-11-21", "2026-12-05")


def test_a_promotion_that_ends_under_way_stops_the_launch(services: Services, people: list[str]) -> None:
    campaign = drafted(services)
    campaign_launch.launch(services, WRITE, campaign)
    campaign_launch.issue(services, int(campaign), steps=1)
    promotions.patch(services, WRITE, "coffee-20k", {"state": "ended"})
    campaign_launch.issue(services, int(campaign))
    found = campaigns.get(services, campaign)
    assert (found["state"], found["stop_reason"], found["done"]) == ("stopped", "promotion", 7)


# The stop ------------------------------------------------------------------------------------------


def test_a_stop_under_way_leaves_right_totals(services: Services, people: list[str], books: Books) -> None:
    campaign = drafted(services)
    campaign_launch.launch(services, WRITE, campaign)
    campaign_launch.issue(services, int(campaign), steps=2)
    _, found = campaigns.stop(services, WRITE, campaign, "too dear")
    assert (found["state"], found["stop_reason"], found["done"], found["cancelled"]) == ("stopped", "too dear", 14, 0)
    assert found["treated"] + found["control"] == 14
    assert found["coupons"] == found["treated"]
    assert campaign_launch.issue(services, int(campaign)) == 0
    assert campaign_upkeep.run(services) == 0
    assert campaigns.get(services, campaign) == found
    assert books.faults() == []


def test_a_stop_takes_back_what_nobody_used_if_asked(
    services: Services, people: list[str], lane: Lane, hanh: Json, books: Books
) -> None:
    found = launched(services, drafted(services, control_percent=0))
    code = coupons.list_coupons(services, member=hanh["id"])["items"][0]["code"]
    lane.sells(COFFEE, card=hanh["card"], coupons=[code])
    _, found = campaigns.stop(services, by("hoa"), found["id"], "enough", cancel_unused=True)
    assert (found["coupons"], found["used"], found["cancelled"], found["discount"]) == (31, 1, 30, 20_000)
    events = books.rows("SELECT by, reason FROM coupon_events WHERE state = 'cancelled'")
    assert set(events) == {("staff:hoa", "enough")}
    assert books.faults() == []


def test_a_coupon_that_a_till_held_is_taken_back_when_it_comes_free(
    services: Services, lane: Lane, hanh: Json, clock: FixedClock
) -> None:
    found = launched(services, drafted(services, control_percent=0))
    code = coupons.list_coupons(services, member=hanh["id"])["items"][0]["code"]
    checkout = lane.opens(COFFEE, card=hanh["card"], coupons=[code])
    campaigns.stop(services, WRITE, found["id"], "enough", cancel_unused=True)
    assert coupons.get(services, code)["state"] == "held"
    lane.voids(checkout["id"])
    campaign_upkeep.run(services)
    assert coupons.get(services, code)["state"] == "cancelled"


def test_only_what_runs_can_be_stopped_once(services: Services, people: list[str]) -> None:
    campaign = drafted(services)
    refused(Conflict, "campaign_not_running", lambda: campaigns.stop(services, WRITE, campaign, "x"))
    launched(services, campaign)
    campaigns.stop(services, WRITE, campaign, "x")
    refused(Conflict, "campaign_stopped", lambda: campaigns.stop(services, WRITE, campaign, "x"))
    refused(Conflict, "campaign_stopped", lambda: campaign_launch.launch(services, WRITE, campaign))
    refused(Conflict, "campaign_stopped", lambda: campaigns.approve(services, by("hoa"), campaign))


def test_a_campaign_ends_after_its_last_day(services: Services, people: list[str], clock: FixedClock) -> None:
    """S38: the last local day counts whole."""
    campaign = launched(services, drafted(services, valid_to="2026-11-30"))["id"]
    clock.move(days=9, hours=11, minutes=59)
    campaign_upkeep.run(services)
    assert campaigns.get(services, campaign)["state"] == "running"
    clock.move(minutes=1)
    campaign_upkeep.run(services)
    assert campaigns.get(services, campaign)["state"] == "ended"
    refused(Conflict, "campaign_over", lambda: campaigns.stop(services, WRITE, campaign, "x"))
    refused(Conflict, "campaign_over", lambda: campaign_launch.launch(services, WRITE, campaign))


def test_the_budget_stops_it_and_no_further_coupon_is_issued(
    services: Services, people: list[str], lane: Lane, hanh: Json
) -> None:
    campaign = drafted(services, control_percent=0, budget=20_000)
    campaign_launch.launch(services, WRITE, campaign)
    while not (mine := coupons.list_coupons(services, member=hanh["id"])["items"]):
        campaign_launch.issue(services, int(campaign), steps=1)
    before = campaigns.get(services, campaign)
    sold = lane.sells(COFFEE, card=hanh["card"], coupons=[mine[0]["code"]])
    assert sold["coupons"][0]["status"] == "applied"
    campaign_upkeep.run(services)
    found = campaigns.get(services, campaign)
    assert (found["state"], found["stop_reason"], found["stopped_by"]) == ("stopped", "budget", "campaigns")
    assert (found["coupons"], found["discount"], found["cancelled"]) == (before["coupons"], 20_000, 0)


def test_a_bill_that_comes_back_whole_costs_nothing(services: Services, lane: Lane, hanh: Json) -> None:
    """S30: a return gives campaign figures back."""
    found = launched(services, drafted(services, control_percent=0, budget=1_000_000))
    code = coupons.list_coupons(services, member=hanh["id"])["items"][0]["code"]
    sold = lane.sells(COFFEE, card=hanh["card"], coupons=[code])
    assert campaigns.get(services, found["id"])["discount"] == 20_000
    lane.takes_back_all(sold)
    after = campaigns.get(services, found["id"])
    assert (after["discount"], after["used"]) == (0, 0)
    assert coupons.get(services, code)["state"] == "issued"


# Who gets which coupon, and why --------------------------------------------------------------------


def test_each_gets_the_best_coupon_of_a_set_with_the_reason(services: Services, lane: Lane, clock: FixedClock) -> None:
    """Own purchases of the coupon's goods first; then what is good for everything."""
    promotions.create(services, WRITE, {
        "code": "apple-5k", "trigger": "coupon", "name": "Táo",
        "rewards": [{"kind": "amount_off", "amount": 5_000, "scope": {"skus": ["apple"]}}],
    })  # fmt: skip
    drinker, eater, new = (lane.enrols() for _ in range(3))
    for _ in range(2):
        lane.sells(COFFEE, bread(5_000), card=drinker["card"]["number"])
    lane.sells(FRUIT, card=drinker["card"]["number"])
    lane.sells(FRUIT, card=eater["card"]["number"])
    clock.move(days=9)
    campaign = drafted(services, promotion=None, promotions=["coffee-20k", "ten-percent", "apple-5k"],
                       control_percent=0, budget=1_000_000)  # fmt: skip
    launched(services, campaign)
    items = {one["member"]: one for one in campaigns.list_members(services, campaign, None, 10)["items"]}
    got = [(items[str(one["member"]["id"])]["promotion"], items[str(one["member"]["id"])]["reason"]["en"])
           for one in (drinker, eater, new)]  # fmt: skip
    assert got == [
        ("coffee-20k", "Bought drinks/coffee 2 times, last 9 days ago"),
        ("apple-5k", "Bought Táo once, last 9 days ago"),
        ("ten-percent", "Good for everything"),
    ]
    assert items[str(eater["member"]["id"])]["reason"]["vi"] == "Đã mua Táo 1 lần, gần nhất 9 ngày trước"
    shown = coupons.list_coupons(services, member=str(eater["member"]["id"]))["items"][0]
    assert shown["reason"] == "Đã mua Táo 1 lần, gần nhất 9 ngày trước"


def test_the_coupon_reaches_the_member_at_the_till(services: Services, lane: Lane, hanh: Json) -> None:
    launched(services, drafted(services, control_percent=0))
    priced = lane.quotes(COFFEE, card=hanh["card"], coupons="best")
    assert [one["status"] for one in priced["coupons"]] == ["applied"]
    assert priced["totals"]["discount"] == 20_000


# How often -----------------------------------------------------------------------------------------


def test_whoever_had_enough_coupons_of_campaigns_lately_is_left_out(
    services: Services, people: list[str], clock: FixedClock
) -> None:
    """The setting ``campaigns``: two coupons in seven days; it holds for control and treated alike."""
    for _ in range(2):
        launched(services, drafted(services, control_percent=0))
    third = drafted(services, control_percent=0)
    refused(Refused, "audience_empty", lambda: campaign_launch.launch(services, WRITE, third))
    clock.move(days=6)
    refused(Refused, "audience_empty", lambda: campaign_launch.launch(services, WRITE, third))
    campaigns.change(services, WRITE, third, {"capped": False})
    assert launched(services, third)["coupons"] == 30
    clock.move(days=7)
    assert launched(services, drafted(services, control_percent=0))["coupons"] == 30


def test_members_who_are_named_get_it(services: Services, people: list[str]) -> None:
    named = [people[4], people[2], people[2]]
    found = launched(services, drafted(services, audience={"members": [*named, "999999"]}, control_percent=0))
    assert found["coupons"] == 2
    assert date.fromisoformat(found["ends_on"]) > date(2026, 11, 21)
