"""The console: members, coupons and promotions, as a manager works with them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from actions import Till, basket, line, ok
from web.conftest import CARD

from loyalty_pos import jobs
from loyalty_pos.services import coupons
from loyalty_pos.services.context import Services
from loyalty_pos.storage import coupons as coupon_rows
from loyalty_pos.storage import ranking


@pytest.fixture
def console(pages: Any, lan: Any) -> Any:
    """The manager is signed in, Lan is a member."""
    pages.sign_in("manager")
    return pages


@pytest.fixture
def number(lan: Any) -> str:
    """Lan's id."""
    return str(lan["member"]["id"])


@pytest.mark.parametrize("query", ["lan", "nguyen thi", "0908412218", "2900000000018", ""])
def test_a_member_is_found_by_name_without_marks_phone_or_card(console: Any, query: str) -> None:
    assert "Nguyễn Thị Lan" in console.text(f"/manage/members?q={query}")


def test_nobody_found_says_what_to_try(console: Any) -> None:
    assert "Không có ai khớp" in console.text("/manage/members?q=zzz")


def test_phone_and_card_are_masked_on_every_page_of_the_console(console: Any, number: str) -> None:
    """mockups/README: masked everywhere except after an explicit, logged request."""
    text = console.text("/manage/members") + console.text(f"/manage/members/{number}")
    assert "09•• ••• 218" in text
    assert "2900 •••• •0018" in text
    assert "908412218" not in text
    assert "2900000000018" not in text


def test_a_record_shows_figures_points_and_coupons(console: Any, number: str, services: Services, till: Any) -> None:
    record = console.text(f"/manage/members/{number}")
    assert "Hoá đơn trung bình" in record
    assert "Chưa có phiếu." in console.text(f"/manage/members/{number}?tab=coupons")


def give(console: Any, number: str, **more: Any) -> Any:
    """Send the form that gives a coupon."""
    fields = {"members": [number], "promotion": "ten-percent", "reason": "Cảm ơn chị", "valid_to": ""} | more
    return console.post("/manage/coupons/give", **fields)


def test_a_coupon_is_given_to_the_chosen_members(console: Any, number: str, services: Services) -> None:
    """M5: issued by the manager."""
    assert give(console, number).status_code == 302
    held = coupons.list_coupons(services, member=number)["items"]
    assert [(one["promotion"], one["reason"]) for one in held] == [("ten-percent", "Cảm ơn chị")]
    assert "Đã tặng 1 phiếu." in console.text("/manage/coupons")


def test_pressing_twice_gives_once(console: Any, number: str, services: Services) -> None:
    """contract.md: one key per action."""
    source = console.text("/manage/coupons/give")
    hidden = {name: re.search(rf'name="{name}"[^>]*value="([^"]+)"', source)[1] for name in ("csrf_token", "key")}
    form = hidden | {"members": [number], "promotion": "ten-percent", "reason": "Cảm ơn", "valid_to": ""}
    for _ in range(2):
        assert console.client.post("/manage/coupons/give", data=form).status_code == 302
    assert len(coupons.list_coupons(services, member=number)["items"]) == 1


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"members": []}, "Hãy chọn ít nhất một hội viên."),
        ({"reason": " "}, "Ô này không được để trống."),
        ({"promotion": "milk-3for2"}, "Lựa chọn không có trong danh sách."),
        ({"valid_to": "2026-11-20"}, "valid_to"),
        ({"valid_to": "soon"}, "Ngày không đúng."),
    ],
)
def test_a_wrong_gift_is_refused_beside_its_field(console: Any, number: str, fields: Any, sentence: str) -> None:
    """S38, S39: a day that is over, a promotion that needs no coupon."""
    answer = give(console, number, **fields)
    assert answer.status_code == 422
    assert sentence in answer.get_data(as_text=True)


def test_a_coupon_is_cancelled_with_a_reason(console: Any, number: str, services: Services) -> None:
    """S35: every change of state has a reason."""
    give(console, number)
    code = coupons.list_coupons(services)["items"][0]["code"]
    page = f"/manage/coupons/{code}"
    assert console.post(f"{page}/cancel", page, reason="").status_code == 422
    console.post(f"{page}/cancel", page, reason="nhầm người")
    assert coupons.get(services, code)["state"] == "cancelled"
    assert "đã huỷ" in console.text("/manage/coupons?state=cancelled")


def test_an_auditor_reads_and_changes_nothing(pages: Any, lan: Any, number: str) -> None:
    """contract.md: who may what."""
    pages.sign_in("auditor")
    text = pages.text("/manage/members") + pages.text("/manage/coupons") + pages.text("/manage/promotions")
    assert "Tặng phiếu" not in text
    assert "Tạo khuyến mãi" not in text
    assert "Nguyễn" not in text
    assert pages.post("/manage/promotions/new", **{"code": "x", "name.vi": "x", "do": "save"}).status_code == 200


def test_a_record_lists_the_bills_of_the_readers_stores(
    console: Any, number: str, till: Till, other_till: Till
) -> None:
    """M12: newest first, with what was paid and earned; another store's bills are not there."""
    first = ok(till.sell(basket(line(price=30_000), card=CARD), receipt="A-0001"))
    ok(till.sell(basket(line(price=20_000), card=CARD), receipt="A-0002"))
    ok(other_till.sell(basket(line(price=20_000), card=CARD), receipt="B-0001"))
    assert first["state"] == "settled"
    bills = console.text(f"/manage/members/{number}?tab=bills")
    assert bills.index("A-0002") < bills.index("A-0001")
    assert "30.000\u00a0₫" in bills
    assert "đã thanh toán" in bills
    assert "B-0001" not in bills


def test_long_lists_of_bills_have_pages(console: Any, number: str, till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loyalty_pos.web.members.PAGE", 2)
    for place in range(3):
        ok(till.sell(basket(line(), card=CARD), receipt=f"A-000{place}"))
    first = console.text(f"/manage/members/{number}?tab=bills")
    assert "A-0000" not in first
    following = re.search(r'href="([^"]+cursor=[^"]+)"', first)
    assert following is not None
    assert "A-0000" in console.text(following[1].replace("&amp;", "&"))


def test_people_are_called_by_their_name(console: Any) -> None:
    """The person's name stands there, not what they type to sign in."""
    assert "<b>Manager</b>" in console.text("/manage/members")


def test_a_last_day_that_is_over_is_named(console: Any, number: str) -> None:
    """Words for people, not for programmers."""
    text = give(console, number, valid_to="2020-01-01").get_data(as_text=True)
    assert "Chưa lưu. Xin xem lại: valid_to" in text


def test_the_radar_lists_signs_with_masked_cards(
    console: Any, number: str, till: Any, services: Services, client: Any
) -> None:
    """mockups, console-exceptions: signs, no verdicts; nothing stands out in a quiet shop."""
    assert "Không có gì bất thường." in console.text("/manage/radar")
    for _ in range(4):
        ok(till.sell(basket(card="2900000000018", entry="scan", cashier="C07")), 201)
    page = console.text("/manage/radar")
    for words in ("Một thẻ trên nhiều hoá đơn trong ca (1)", "C07", "2900 •••• •0018", f"/manage/members/{number}"):
        assert words in page
    assert "2900000000018" not in page
    assert "C07" not in console.text("/manage/radar?sign=own_card")
    assert "C07" in console.text("/manage/radar?sign=nonsense")


def test_a_record_shows_habits_only_when_there_are_any(console: Any, number: str) -> None:
    """The empty states say what to wait for."""
    record = console.text(f"/manage/members/{number}")
    assert "Biết nhịp mua khi một món đã được mua hai lần." in record
    assert "Được tính vào đêm sau lần mua đầu tiên." in record
    assert "<circle" not in record


def test_a_record_shows_the_rhythm_and_where_the_member_stands(
    console: Any, number: str, services: Services, till: Till, clock: Any
) -> None:
    """Picture, sentence and table, in both languages; no inline style or script."""
    for _ in range(4):
        for goods in (basket(line("1", "milk", 30_000, name="Sữa tươi"), card=CARD), basket(line("1", "rice", 9_000))):
            ok(till.sell(goods))
        clock.move(days=7)
    for name in ("lifecycle", "cross-sell"):
        jobs.run(services, name)
    console.sign_in("manager")
    record = console.text(f"/manage/members/{number}")
    assert record.count("<circle") == 4
    assert "Sữa tươi: Mua khoảng 7 ngày một lần, lần cuối 7 ngày trước." in record
    assert "đang mua" in record
    assert "Ghé nhiều nhất vào T7: 4 trên 4 lần." in record
    english = console.text(f"/manage/members/{number}?lang=en")
    assert "Buys about every 7 days, last 7 days ago." in english
    assert "days with a purchase" in english
    assert not re.search(r"<script>|\sstyle=|\son\w+=", record)


def test_a_record_shows_what_is_likely_bought_next(console: Any, number: str, services: Services) -> None:
    """Chance, reason and due in words, honestly labelled; before the first night it says what to wait for."""
    assert "Chưa có danh sách" in console.text(f"/manage/members/{number}")

    def work(tx: Any) -> None:
        model = ranking.add_model(tx, ranking.ModelRow(0, 1, "2026-11-21", "shipped", 1, 1, 0, "{}", None, None))
        rest = ("popular", None, None, None, None)
        ranking.put(tx, model, [
            ranking.Item(int(number), 1, "trà", 0.5, 0.417, "once", None, 3, None, None),
            ranking.Item(int(number), 2, "kẹo", 0.1, 0.001, *rest),
        ])  # fmt: skip
        ranking.list_by(tx, model, 2)

    services.store.write(work)
    record = console.text(f"/manage/members/{number}")
    assert "Có thể sẽ mua tiếp" in record
    assert "42%" in record
    assert "dưới 1%" in record
    assert "đã mua một lần, 3 ngày trước" in record
    assert "là khả năng, không phải lời hứa" in record
    assert "bought once, 3 days ago" in console.text(f"/manage/members/{number}?lang=en")


def test_the_page_of_a_coupon_says_why_it_was_chosen(console: Any, number: str, services: Services) -> None:
    """In the reader's language, with the model whose list had a say."""

    def work(tx: Any) -> int:
        model = ranking.add_model(tx, ranking.ModelRow(0, 1, "2026-11-21", "shipped", 1, 1, 0, "{}", None, None))
        why = '{"vi": "Có thể sẽ mua trà", "en": "May buy tea next"}'
        coupon = coupon_rows.NewCoupon(
            "992048517730264414", "ten-percent", "2026-11-21", "2026-12-21", "", "x", why, model
        )
        coupon_rows.add(tx, coupon, int(number), None, 1, "x")
        return model

    model = services.store.write(work)
    page = console.text("/manage/coupons/992048517730264414")
    assert "Có thể sẽ mua trà" in page
    assert f"danh sách khách sẽ mua gì tiếp, mô hình {model}" in page
    assert "May buy tea next" in console.text("/manage/coupons/992048517730264414?lang=en")
