"""The console's campaigns: a manager builds one, sees what it comes to, launches it and reads what it brought."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from actions import FixedClock
from services.test_campaigns import drafted, launched

from loyalty_pos.services import campaign_whatif, campaigns, members, programme, segments
from loyalty_pos.services.context import SYSTEM, Caller, Request, Services
from loyalty_pos.services.requests import MemberIn
from tests.api.tables import digest

WRITE = Request(SYSTEM)
FORM: dict[str, Any] = {
    "name_vi": "Mời uống cà phê", "name_en": "Have a coffee", "audience": "all", "control": "10", "capped": "y",
    "promotions": ["coffee-20k"], "valid_from": "", "valid_to": "2026-12-05", "valid_days": "", "budget": "500000",
    "channels": ["zalo"],
}  # fmt: skip


@pytest.fixture
def console(pages: Any, lan: Any, services: Services) -> Any:
    """The manager is signed in, there are twenty members."""
    for number in range(19):
        members.enrol(services, WRITE, MemberIn(name=f"Trần Khách {number}"))
    pages.sign_in("manager")
    return pages


def only(services: Services) -> Any:
    """The one campaign that there is."""
    (found,) = campaigns.list_campaigns(services)["items"]
    return found


def test_a_campaign_is_tried_kept_launched_and_stopped(console: Any, services: Services) -> None:
    before = digest(services)
    tried = console.post("/manage/campaigns/new", do="preview", **FORM).get_data(as_text=True)
    assert digest(services) == before
    assert '<b id="treated">18</b>' in tried
    assert "Nhóm đối chứng" in tried
    assert "Chưa mua nhóm này: mời dùng thử" in tried
    assert console.post("/manage/campaigns/new", do="save", **FORM).status_code == 302
    made = only(services)
    assert (made["state"], made["name"]) == ("draft", {"vi": "Mời uống cà phê", "en": "Have a coffee"})
    assert made["definition"]["budget"] == 500_000
    page = console.text(f"/manage/campaigns/{made['id']}")
    assert "Mời uống cà phê" in page
    assert "khách nhận phiếu" in page
    console.post(f"/manage/campaigns/{made['id']}/launch", page=f"/manage/campaigns/{made['id']}")
    assert only(services)["state"] == "running"
    page = console.text(f"/manage/campaigns/{made['id']}?lang=en")
    assert "Unclear." in page
    assert "The campaign is launched." in page or "Đã phát hành chiến dịch." in page
    stop = {"reason": "đủ rồi", "cancel_unused": "1"}
    console.post(f"/manage/campaigns/{made['id']}/stop", page=f"/manage/campaigns/{made['id']}", **stop)
    found = only(services)
    assert (found["state"], found["stop_reason"], found["cancelled"]) == ("stopped", "đủ rồi", 18)
    assert "18" in console.text("/manage/campaigns?state=stopped")


def test_pressing_twice_keeps_one(console: Any, services: Services) -> None:
    """contract.md: one key per action."""
    source = console.client.get("/manage/campaigns/new").get_data(as_text=True)
    hidden = {name: re.search(rf'name="{name}"[^>]*value="([^"]+)"', source)[1] for name in ("csrf_token", "key")}  # type: ignore[index]
    for _ in range(2):
        answer = console.client.post("/manage/campaigns/new", data=hidden | FORM | {"do": "save"})
        assert answer.status_code == 302
    assert only(services)["state"] == "draft"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"promotions": []}, "Hãy chọn ít nhất một."),
        ({"control": "51"}, "Từ 0 đến 50."),
        ({"name_vi": ""}, "Ô này không được để trống."),
        ({"valid_from": "2026-12-06"}, "valid_to"),
        ({"audience": "segment:nobody"}, ""),
        ({"budget": "0"}, "Lớn hơn 0."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    console: Any, services: Services, fields: dict[str, Any], words: str
) -> None:
    before = digest(services)
    answer = console.post("/manage/campaigns/new", do="save", **(FORM | fields))
    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)
    assert digest(services) == before


def test_the_form_shows_what_was_kept_and_changes_it(console: Any, services: Services) -> None:
    segments.make_ready(services, WRITE, "lapsed")
    number = drafted(services, audience={"segment": "lapsed"}, promotion=None, promotions=["coffee-20k", "ten-percent"])
    page = console.text(f"/manage/campaigns/{number}/edit")
    assert 'selected value="segment:lapsed"' in page
    assert page.count("checked") == 3
    changed = FORM | {"audience": "always:birthday", "promotions": ["ten-percent"], "valid_days": "14"}
    assert console.post(f"/manage/campaigns/{number}/edit", do="save", **changed).status_code == 302
    found = only(services)
    assert found["definition"]["always"]["kind"] == "birthday"
    assert (found["definition"]["audience"], found["definition"]["promotion"]) == (None, "ten-percent")
    assert "Sinh nhật" in console.text("/manage/campaigns")


def test_an_audience_written_elsewhere_stays_as_it_is(console: Any, services: Services) -> None:
    number = drafted(services, audience={"members": ["1", "2"]})
    assert 'selected value="kept"' in console.text(f"/manage/campaigns/{number}/edit")
    console.post(f"/manage/campaigns/{number}/edit", do="save", **(FORM | {"audience": "kept"}))
    assert only(services)["definition"]["audience"]["members"] == ["1", "2"]


def test_a_second_person_approves(console: Any, services: Services) -> None:
    """S50: whoever wrote it has no button for it, and is refused without one."""
    programme.change(services, WRITE, {"campaigns": {"limit": 1}})
    number = drafted(services, Request(Caller(kind="staff", name="manager", role="manager")))
    page = f"/manage/campaigns/{number}"
    assert "Gửi duyệt" in console.text(page)
    assert f"{page}/approve" not in console.text(page)
    console.post(f"{page}/launch", page=page)
    assert only(services)["state"] == "waiting"
    console.post(f"{page}/approve", page=page)
    assert "Không ai được duyệt yêu cầu của chính mình" in console.text(page)
    console.sign_in("owner")
    assert f"{page}/approve" in console.text(page)
    console.post(f"{page}/approve", page=page)
    assert only(services)["approved_by"] == "owner"


def test_the_file_is_the_owners_alone(console: Any, services: Services) -> None:
    """contract.md 3: exports belong to the owner."""
    number = launched(services, drafted(services))["id"]
    console.text(f"/manage/campaigns/{number}/coupons.csv", 403)
    console.sign_in("owner")
    answer = console.client.get(f"/manage/campaigns/{number}/coupons.csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert len(answer.get_data(as_text=True).splitlines()) == 19


def test_an_auditor_sees_figures_and_no_button(console: Any, services: Services) -> None:
    number = launched(services, drafted(services))["id"]
    console.sign_in("auditor")
    page = console.text(f"/manage/campaigns/{number}")
    assert '<form class="cancel' not in page
    console.text("/manage/campaigns/new", 403)
    drafted(services)
    assert "Không có phần xem trước." in console.text("/manage/campaigns/2")


def test_what_is_not_there(console: Any) -> None:
    console.text("/manage/campaigns/99", 404)
    console.text("/manage/campaigns/x/edit", 404)


def test_a_campaign_is_tried_on_past_weeks(console: Any, services: Services) -> None:
    """Members who enrolled today would have got nothing; the page says so, in both languages, and writes nothing."""
    campaign = drafted(services)
    page = f"/manage/campaigns/{campaign}"
    assert f"{page}/what-if" in console.text(page)
    before = digest(services)
    assert 'id="given"' not in console.text(f"{page}/what-if")
    text = console.text(f"{page}/what-if?weeks=4")
    assert '<p class="v" id="given">0</p>' in text
    assert "Sẽ không có ai nhận phiếu." in text
    assert "Nobody would have got a coupon." in console.text(f"{page}/what-if?weeks=4&lang=en")
    assert digest(services) == before
    console.text("/manage/campaigns/999/what-if", 404)


def test_coupons_that_would_have_been_given_are_shown_by_day(
    console: Any, services: Services, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.at += timedelta(days=3)
    welcome = drafted(services, audience=None, always={"kind": "welcome"}, control_percent=0)
    console.sign_in("manager")
    text = console.text(f"/manage/campaigns/{welcome}/what-if?weeks=4&lang=en")
    assert '<p class="v" id="given">20</p>' in text
    assert "20 coupons would have been given, 1 to 6 of them used." in text
    assert "Columns: the coupons of each day" in text
    monkeypatch.setattr(campaign_whatif, "MOST_MEMBERS", 3)
    console.text(f"/manage/campaigns/{welcome}/what-if?weeks=4", 422)
