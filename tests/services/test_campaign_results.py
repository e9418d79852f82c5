"""What a campaign is before its launch and what it brought after it: preview, results, export (habits.md section 5)."""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec
import pytest
from actions import FixedClock, line
from conftest import Shop
from services.lane import COFFEE, Lane, bread
from services.test_campaigns import COFFEE_20K, WRITE, drafted, launched, refused

from loyalty_pos.domain.campaigns.definition import CampaignIn
from loyalty_pos.errors import Conflict
from loyalty_pos.services import (
    campaign_export,
    campaign_launch,
    campaign_preview,
    campaign_results,
    campaigns,
    coupons,
    programme,
    promotions,
)
from loyalty_pos.services.context import Services
from tests.api.tables import digest

Json = dict[str, Any]


def consents(channel: str, given: bool = True) -> Json:
    return {"purpose": "marketing", "channel": channel, "given": given, "text_version": "1"}


@pytest.fixture
def crowd(lane: Lane) -> list[Json]:
    """Twenty members, {"id", "card"}: one with Zalo and e-mail, one with e-mail, one who took Zalo back."""
    told: list[Json] = [
        {"name": "Nguyễn Thị Lan", "phone": "0901234567", "email": "lan@example.com",
         "consents": [consents("zalo"), consents("email")]},
        {"name": "=Trần An", "email": "an@example.com", "consents": [consents("email")]},
        {"name": "Lê Minh", "phone": "0901234568", "consents": [consents("zalo"), consents("zalo", given=False)]},
        {"name": "Phạm Hoa", "consents": [consents("email")]},
    ]  # fmt: skip
    made = [lane.enrols(**(told[number] if number < len(told) else {})) for number in range(20)]
    return [{"id": str(one["member"]["id"]), "card": one["card"]["number"]} for one in made]


# Before --------------------------------------------------------------------------------------------


def test_a_preview_says_whom_and_how_much_and_writes_nothing(services: Services, crowd: list[Json]) -> None:
    campaign = drafted(services, channels=["zalo", "email"])
    before = digest(services)
    found = campaign_preview.preview(services, campaign)
    assert digest(services) == before
    assert (found["audience"], found["treated"], found["control"]) == (20, 18, 2)
    assert found["cost"] == {"low": 18_000, "high": 108_000, "most": 360_000, "each": 20_000}
    assert found["used"] == {
        "low": 1,
        "high": 5,
        "low_percent": 5,
        "high_percent": 30,
        "known_from": 0,
        "basis": "assumed",
    }
    assert (found["needs_approval"], found["budget_missing"], found["overlap"]) == (False, False, [])
    assert len(found["sample"]) == 6
    assert {one["reason"]["en"] for one in found["sample"]} == {"Not bought yet: an invitation to try"}
    assert found["smallest_difference"]["too_small"]


def test_the_preview_is_what_the_launch_does(services: Services, crowd: list[Json]) -> None:
    campaign = drafted(services)
    found = campaign_preview.preview(services, campaign)
    after = launched(services, campaign)
    assert (after["treated"], after["control"]) == (found["treated"], found["control"])


def test_reach_counts_each_member_at_the_first_channel_that_they_agreed_to(
    services: Services, crowd: list[Json]
) -> None:
    """S51: a consent that was taken back, or one without an address, reaches nobody."""
    for channels, wanted in (
        (["zalo", "email"], [("zalo", 1), ("email", 1)]),
        (["email", "zalo"], [("email", 2), ("zalo", 0)]),
        (["sms"], [("sms", 0)]),
    ):
        found = campaign_preview.preview_draft(
            services, msgspec.convert(COFFEE_20K | {"channels": channels, "control_percent": 0}, CampaignIn)
        )
        reach = found["reach"]
        assert [(one["channel"], one["members"]) for one in reach["channels"]] == wanted
        assert reach["page_only"] + sum(count for _, count in wanted) == found["treated"] == 20


def test_overlap_names_the_campaigns_whose_coupons_they_hold(services: Services, crowd: list[Json], lane: Lane) -> None:
    first = launched(
        services, drafted(services, control_percent=0, audience={"members": [crowd[0]["id"], crowd[1]["id"]]})
    )
    found = campaign_preview.preview(services, drafted(services, control_percent=0))
    assert found["overlap"] == [{"campaign": first["id"], "name": {"vi": "Cà phê", "en": "Coffee"}, "members": 2}]
    code = coupons.list_coupons(services, member=crowd[0]["id"])["items"][0]["code"]
    lane.sells(COFFEE, card=crowd[0]["card"], coupons=[code])
    assert campaign_preview.preview(services, drafted(services))["overlap"][0]["members"] <= 1


def test_goods_that_would_go_below_their_cost_are_told(services: Services, crowd: list[Json], lane: Lane) -> None:
    """20.000đ off 120.000đ takes 17 %; the coffee brings 10 %."""
    sold = line("1", sku="coffee", price=145_000, name="Cà phê", category="drinks/coffee", unit_cost=130_500)
    lane.sells(sold, card=crowd[0]["card"])
    margin = campaign_preview.preview(services, drafted(services))["margin"]
    assert margin == [{"promotion": "coffee-20k", "margin_percent": 10, "discount_percent": 17, "below_cost": True}]
    margin = campaign_preview.preview(services, drafted(services, promotion="ten-percent"))["margin"]
    assert margin == [{"promotion": "ten-percent", "margin_percent": 10, "discount_percent": 10, "below_cost": False}]


def test_the_range_is_the_shops_own_where_it_has_a_history(
    services: Services, crowd: list[Json], lane: Lane, clock: FixedClock
) -> None:
    """Of 40 coupons 20 were used: 35 to 65 %."""
    for _ in range(2):
        for number, one in enumerate(crowd):
            code = lane.issues(one["id"], "coffee-20k")
            if number % 2:
                lane.sells(COFFEE, card=one["card"], coupons=[code])
    clock.move(days=40)
    found = campaign_preview.preview(services, drafted(services, control_percent=0))
    assert found["used"]["basis"] == "history"
    assert (found["used"]["low_percent"], found["used"]["high_percent"], found["used"]["known_from"]) == (35, 65, 40)
    assert found["cost"]["each"] == 20_000


def test_a_budget_that_is_missing_and_an_approval_that_is_needed_are_told(
    services: Services, crowd: list[Json]
) -> None:
    programme.change(services, WRITE, {"campaigns": {"limit": 100_000}})
    assert campaign_preview.preview(services, drafted(services, promotion="ten-percent"))["budget_missing"]
    found = campaign_preview.preview(services, drafted(services, promotion="ten-percent", budget=100_001))
    assert (found["needs_approval"], found["cost"]["most"]) == (True, None)
    assert not campaign_preview.preview(services, drafted(services, promotion="ten-percent", budget=1))[
        "needs_approval"
    ]


def test_a_promotions_own_limits_bound_what_it_costs(services: Services, crowd: list[Json]) -> None:
    """S37: the promotion's budget is kept by the till itself."""
    promotions.patch(services, WRITE, "coffee-20k", {"limits": {"per_basket": 1, "budget": 50_000}})
    assert campaign_preview.preview(services, drafted(services))["cost"]["most"] == 50_000
    promotions.patch(services, WRITE, "coffee-20k", {"limits": {"per_basket": 1, "total": 3}})
    assert campaign_preview.preview(services, drafted(services))["cost"]["most"] == 60_000


def test_of_an_occasion_the_preview_shows_today(services: Services, crowd: list[Json]) -> None:
    campaign = drafted(services, audience=None, always={"kind": "welcome"}, control_percent=0, budget=1_000)
    assert campaign_preview.preview(services, campaign)["treated"] == 20


# After ---------------------------------------------------------------------------------------------


def test_sales_of_both_sides_are_compared_with_what_they_bought_before(
    services: Services, crowd: list[Json], lane: Lane, clock: FixedClock
) -> None:
    """Everybody counts where they were assigned; returns count; the cost of the coupons is told."""
    for one in crowd:
        lane.sells(bread(50_000, unit_cost=30_000), card=one["card"])
    clock.move(days=1)
    found = launched(services, drafted(services, control_percent=50))
    sides = {one["member"]: one for one in campaigns.list_members(services, found["id"], None, 200)["items"]}
    clock.move(days=1)
    for one in crowd:
        place = sides[one["id"]]
        if place["side"] == "treated":
            lane.sells(COFFEE | {"unit_cost": 100_000}, card=one["card"], coupons=[place["coupon"]])
        else:
            sold = lane.sells(bread(50_000, quantity=2, unit_cost=30_000), card=one["card"])
            lane.takes_back(sold["id"], ("1", 1))
    clock.move(days=1)
    result = campaign_results.results(services, found["id"])
    assert result["members"] == {"treated": 10, "control": 10, "left_out": 0}
    assert result["coupons"] == {"issued": 10, "used": 10, "cancelled": 0, "used_percent": 100.0}
    assert result["discount"] == 200_000
    assert result["returns"] == {"count": 10, "refund": 500_000}
    sales = result["sales"]
    assert (sales["treated"], sales["control"], sales["difference"], sales["total"]) == (
        125_000,
        50_000,
        75_000,
        750_000,
    )
    assert (sales["verdict"], sales["verdict_text"]["vi"]) == ("more", "Bán được nhiều hơn")
    margin = result["margin"]
    assert (margin["treated"], margin["control"]) == (25_000, 20_000)
    assert result["cost_known_percent"] == 100


def test_chance_alone_is_called_unclear(services: Services, crowd: list[Json], lane: Lane, clock: FixedClock) -> None:
    """A thousand đồng more, where bills differ by tens of thousands."""
    found = launched(services, drafted(services, control_percent=50))
    sides = {one["member"]: one["side"] for one in campaigns.list_members(services, found["id"], None, 200)["items"]}
    bought = {"treated": 1_000, "control": 0}
    for one in crowd:
        bought[sides[one["id"]]] += 10_000
        lane.sells(bread(bought[sides[one["id"]]]), card=one["card"])
    clock.move(days=1)
    sales = campaign_results.results(services, found["id"])["sales"]
    assert (sales["difference"], sales["verdict_text"]) == (1_000, {"vi": "Chưa rõ", "en": "Unclear"})
    low, high = sales["interval"]
    assert low < 0 < high
    assert sales["settled_by"] > 1_000


def test_sales_after_the_last_day_do_not_count(
    services: Services, crowd: list[Json], lane: Lane, clock: FixedClock
) -> None:
    found = launched(services, drafted(services, valid_to="2026-11-22"))
    clock.move(days=2)
    lane.sells(bread(10_000), card=crowd[0]["card"])
    sales = campaign_results.results(services, found["id"])["sales"]
    assert (sales["treated"], sales["control"]) == (0, 0)


def test_a_member_who_was_merged_since_is_on_neither_side(
    services: Services, crowd: list[Json], lane: Lane, clock: FixedClock
) -> None:
    found = launched(services, drafted(services))
    lane.merges(crowd[0]["id"], crowd[1]["id"])
    clock.move(days=1)
    members = campaign_results.results(services, found["id"])["members"]
    assert (members["treated"] + members["control"], members["left_out"]) == (19, 1)


def test_without_known_costs_there_is_no_margin_and_before_the_launch_no_result(
    services: Services, crowd: list[Json]
) -> None:
    campaign = drafted(services)
    refused(Conflict, "campaign_not_running", lambda: campaign_results.results(services, campaign))
    launched(services, campaign)
    assert campaign_results.results(services, campaign)["margin"] is None


# Export --------------------------------------------------------------------------------------------


def exported(services: Services, campaign: str) -> list[dict[str, str]]:
    """The rows of the CSV file."""
    text = io.StringIO()
    campaign_export.write_csv(text, campaign_export.deliveries(services, campaign, "vi"))
    return list(csv.DictReader(io.StringIO(text.getvalue())))


def test_the_export_has_contact_data_where_the_member_agreed_and_runs_no_formula(
    services: Services, crowd: list[Json], lane: Lane
) -> None:
    """S51; a name that begins like a formula is text."""
    campaign = drafted(services, channels=["zalo", "email"], control_percent=0)
    refused(Conflict, "campaign_not_running", lambda: exported(services, campaign))
    launched(services, campaign)
    rows = {row["member"]: row for row in exported(services, campaign)}
    assert len(rows) == 20
    lan, an, minh = (rows[crowd[number]["id"]] for number in range(3))
    assert (lan["name"], lan["channel"], lan["address"]) == ("Nguyễn Thị Lan", "zalo", "0901234567")
    assert (an["name"], an["channel"], an["address"]) == ("'=Trần An", "email", "an@example.com")
    assert (minh["name"], minh["channel"], minh["address"]) == ("", "", "")
    assert lan["promotion"] == "Cà phê giảm 20.000đ"
    assert lan["reason"] == "Chưa mua nhóm này: mời dùng thử"
    lane.sells(COFFEE, card=crowd[0]["card"], coupons=[lan["code"]])
    assert len(exported(services, campaign)) == 19


@pytest.mark.parametrize("cell", ["=1+1", "+84901", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1"])
def test_what_a_spreadsheet_would_run_is_quoted(cell: str) -> None:
    assert campaign_export.harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["Lan", "990000000000000017", "a=b", ""])
def test_what_it_would_not_run_is_left_alone(cell: str) -> None:
    assert campaign_export.harmless(cell) == cell


def test_the_export_goes_over_pages(services: Services, crowd: list[Json], monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = drafted(services, control_percent=0)
    launched(services, campaign)
    monkeypatch.setattr(campaign_export, "PAGE", 7)
    assert len({row["code"] for row in exported(services, campaign)}) == 20
    monkeypatch.setattr(campaign_export, "PAGE", 10)
    assert len({row["code"] for row in exported(services, campaign)}) == 20


def test_a_launch_of_several_promotions_is_bounded_by_the_dearest(services: Services, shop: Shop, lane: Lane) -> None:
    promotions.create(services, WRITE, {
        "code": "tea-5k", "trigger": "coupon", "name": "Trà",
        "rewards": [{"kind": "amount_off", "amount": 5_000, "scope": {"categories": ["drinks/tea"]}}],
    })  # fmt: skip
    for _ in range(10):
        lane.enrols()
    campaign = drafted(services, promotion=None, promotions=["tea-5k", "coffee-20k"])
    assert campaign_preview.preview(services, campaign)["cost"]["most"] == 180_000
    assert campaign_launch.launch(services, WRITE, campaign)[1]["state"] == "launching"
