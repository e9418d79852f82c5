"""The till's habits: focus, scans that land anywhere, refusals that say what to do, no double sale."""

from __future__ import annotations

from typing import Any

import pytest
from browser.browser_actions import CARD, STOPWATCH, enter, focused, scan
from playwright.sync_api import Page, Route, expect

from loyalty_pos.services import members, stored_value
from loyalty_pos.services.context import SYSTEM, Request
from loyalty_pos.services.requests import StoredValueIn

pytestmark = pytest.mark.browser


@pytest.fixture
def open_till(corner: Any, till: Page) -> Page:
    """The till, signed in, waiting."""
    corner.sign_in(till, "cashier", "/till")
    return till


def test_the_name_is_there_within_150_ms_of_the_scan(open_till: Page) -> None:
    """mockups/README rule 9; the best of five, because other work may share the machine."""
    open_till.evaluate(STOPWATCH)
    for _ in range(5):
        scan(open_till, CARD)
        expect(open_till.locator("#member")).to_be_visible()
        open_till.keyboard.press("Escape")
        expect(open_till.locator("#waiting")).to_be_visible()
    assert min(open_till.evaluate("window.times")) <= 150


def test_the_scan_field_has_the_focus_after_every_action(open_till: Page) -> None:
    """mockups/README rule 1."""
    assert focused(open_till) == "scan"
    scan(open_till, CARD)
    scan(open_till, "8934563138165")
    expect(open_till.locator(".c-row")).to_have_count(1)
    for target in (".c-row", ".more", ".less", "h2 >> nth=0", ".seg label >> nth=0"):
        if open_till.locator(target).first.is_visible():
            open_till.locator(target).first.click()
            expect(open_till.locator("#scan")).to_be_focused()


def test_a_scan_that_lands_in_another_field_is_taken_out_of_it(open_till: Page) -> None:
    """mockups/README rule 2: thirteen quick characters are a scan wherever they hit."""
    scan(open_till, "8939999999998")
    expect(open_till.locator("#n-name")).to_be_focused()
    open_till.keyboard.type("Kẹo", delay=150)
    open_till.wait_for_timeout(400)  # the hand goes from the keys to the scanner
    scan(open_till, CARD)
    expect(open_till.locator("#m-name")).to_have_text("Lan N.")
    expect(open_till.locator("#n-name")).to_have_value("Kẹo")


def test_slow_keys_are_typing_and_earn_only(open_till: Page) -> None:
    """S23: a typed number identifies, but spends nothing that was not scanned."""
    open_till.keyboard.type(CARD, delay=60)
    open_till.keyboard.press("Enter")
    expect(open_till.locator("#m-name")).to_have_text("Lan N.")
    scan(open_till, "8934563138165")
    expect(open_till.locator("dd.js-total")).to_have_text("145.000\u00a0₫")
    expect(open_till.locator("#redeem")).to_be_hidden()


def test_a_phone_number_finds_the_member(open_till: Page) -> None:
    """S23."""
    open_till.keyboard.type("0908 412 218", delay=40)
    open_till.keyboard.press("Enter")
    expect(open_till.locator("#m-name")).to_have_text("Lan N.")


def test_a_scanner_without_enter_is_heard_too(open_till: Page) -> None:
    """frontend.md section 4: some scanners send no Enter."""
    open_till.keyboard.type(CARD, delay=2)
    expect(open_till.locator("#m-name")).to_have_text("Lan N.")


def test_a_scans_own_enter_never_finishes_the_bill(open_till: Page) -> None:
    """mockups/README rule 3."""
    scan(open_till, CARD)
    scan(open_till, "8930000000024")
    open_till.keyboard.press("Enter")
    open_till.wait_for_timeout(300)
    expect(open_till.locator("#done")).to_be_hidden()


def test_new_goods_ask_for_name_and_price(open_till: Page) -> None:
    """contract.md: an unknown sku fills the catalogue."""
    scan(open_till, "8939999999998")
    open_till.fill("#n-name", "Kẹo dừa")
    open_till.fill("#n-price", "12.000")
    open_till.keyboard.press("Enter")
    expect(open_till.locator("#b-lines .name")).to_have_text("Kẹo dừa")
    expect(open_till.locator("dd.js-total")).to_have_text("12.000\u00a0₫")


def test_three_at_once_and_one_less(open_till: Page) -> None:
    """A quantity before the code, then the buttons."""
    open_till.keyboard.type("3*8930000000024", delay=50)
    open_till.keyboard.press("Enter")
    expect(open_till.locator("dd.js-total")).to_have_text("567.000\u00a0₫")
    open_till.click(".less")
    expect(open_till.locator("dd.js-total")).to_have_text("378.000\u00a0₫")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("2999999999994", "Thẻ này chưa có trong hệ thống"),
        ("4111111111111111", "Đây là thẻ ngân hàng"),
        (";4111111111111111=26121011000?", "Đây là thẻ ngân hàng"),
    ],
)
def test_a_wrong_card_says_what_to_do_and_is_not_shown_again(open_till: Page, text: str, sentence: str) -> None:
    """S41: a bank card is refused with a friendly sentence and leaves no trace on the page."""
    scan(open_till, text)
    expect(open_till.locator("#notice")).to_contain_text(sentence)
    assert "4111" not in open_till.content()
    expect(open_till.locator("#scan")).to_have_value("")


def test_a_coupon_that_does_not_count_says_why(open_till: Page) -> None:
    """S36: unknown, foreign and used codes get one identical answer."""
    scan(open_till, CARD)
    scan(open_till, "8930000000024")
    scan(open_till, "990000000000000015")
    expect(open_till.locator("#notice")).to_be_visible()
    assert open_till.locator("#notice-text").inner_text().strip()


def test_another_customers_card_asks_before_it_changes_the_bill(corner: Any, open_till: Page) -> None:
    """S42: one card per sale; the first stays unless the cashier says otherwise."""
    other = members.MemberIn(card="2900000000025", name="Lê Quốc Tuấn")
    members.enrol(corner.services, Request(SYSTEM), other)
    scan(open_till, CARD)
    expect(open_till.locator("#m-name")).to_have_text("Lan N.")
    scan(open_till, "2900000000025")
    expect(open_till.locator("#notice")).to_contain_text("Thẻ này của Tuấn L.")
    open_till.get_by_role("button", name="Giữ khách này").click()
    expect(open_till.locator("#m-name")).to_have_text("Lan N.")
    scan(open_till, "2900000000025")
    open_till.get_by_role("button", name="Đổi khách").click()
    expect(open_till.locator("#m-name")).to_have_text("Tuấn L.")


def test_a_lost_answer_is_asked_again_under_the_same_key(corner: Any, open_till: Page) -> None:
    """contract.md: the same key gives the same sale; the cashier presses Enter until it is heard."""
    keys: list[str | None] = []

    def deaf(route: Route) -> None:
        keys.append(route.request.header_value("Idempotency-Key"))
        route.fetch()
        route.abort()

    scan(open_till, "8930000000024")
    expect(open_till.locator("dd.js-total")).to_have_text("189.000\u00a0₫")
    open_till.route("**/settle", deaf)
    enter(open_till)
    expect(open_till.locator("#notice")).to_contain_text("Không liên lạc được")
    open_till.unroute("**/settle")
    scan(open_till, "8934563138165")
    expect(open_till.locator("#b-lines li")).to_have_count(1)
    open_till.get_by_role("button", name="Thử lại").click()
    expect(open_till.locator("#done")).to_be_visible()
    assert len(keys) == 3
    assert len(set(keys)) == 1


@pytest.mark.parametrize(("width", "height"), [(320, 700), (420, 900), (820, 1180), (1280, 800)])
def test_no_screen_scrolls_sideways(open_till: Page, width: int, height: int) -> None:
    """mockups/README: everything works at 320 px."""
    scan(open_till, CARD)
    scan(open_till, "8934563138165")
    expect(open_till.locator(".c-row")).to_have_count(1)
    open_till.set_viewport_size({"width": width, "height": height})
    assert open_till.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_goods_outlive_another_language_and_an_ended_session(corner: Any, open_till: Page) -> None:
    """The goods lie on the counter still; who the customer is was not kept."""
    scan(open_till, CARD)
    scan(open_till, "8930000000024")
    expect(open_till.locator("#b-lines li")).to_have_count(1)
    open_till.get_by_role("link", name="English").click()
    expect(open_till.locator("#bl")).to_have_text("Bill")
    expect(open_till.locator("dd.js-total")).to_contain_text("189,000")
    expect(open_till.locator("#member")).to_be_hidden()
    open_till.context.clear_cookies(name="loyalty_session")
    scan(open_till, CARD)
    open_till.wait_for_url("**/login?next=*")
    corner.sign_in(open_till, "cashier", "/till")
    expect(open_till.locator("#b-lines li")).to_have_count(1)


def test_who_signs_out_leaves_no_goods_behind(corner: Any, open_till: Page) -> None:
    scan(open_till, "8930000000024")
    expect(open_till.locator("#b-lines li")).to_have_count(1)
    open_till.get_by_role("button", name="Đăng xuất").click()
    open_till.wait_for_url("**/login")
    corner.sign_in(open_till, "cashier", "/till")
    expect(open_till.locator("#b-empty")).to_be_visible()


def test_two_windows_of_a_lane_may_finish_in_the_same_second(corner: Any, open_till: Page) -> None:
    """S45: one receipt is one bill; the second window takes another number by itself."""
    open_till.context.clock.set_fixed_time("2026-11-21T12:00:00+07:00")
    windows = [open_till, open_till.context.new_page()]
    for window in windows:
        window.goto(corner.url + "/till")
        window.bring_to_front()
        scan(window, "8930000000024")
        expect(window.locator("dd.js-total")).to_have_text("189.000\u00a0₫")
        window.locator(".bill .js-settle").click()
        expect(window.locator("#done")).to_be_visible()
    first, second = (window.locator("#d-title").inner_text() for window in windows)
    assert second == f"{first}b"


def test_what_cannot_be_read_is_said_in_a_cashiers_words(open_till: Page) -> None:
    """A direction mark that came along from a copied text."""
    open_till.fill("#scan", "\u202e1234")
    open_till.keyboard.press("Enter")
    expect(open_till.locator("#notice")).to_contain_text("Kiểm tra lại mã hoặc số lượng")


def test_six_wrong_cards_do_not_stop_the_queue(open_till: Page) -> None:
    """contract.md, guess limit: cards and codes wait a minute, goods do not."""
    for number in range(6):
        open_till.fill("#scan", f"29000000{number:05d}")
        open_till.keyboard.press("Enter")
        expect(open_till.locator("#notice")).to_be_visible()
        open_till.keyboard.press("Escape")
    scan(open_till, CARD)
    expect(open_till.locator("#notice")).to_contain_text("Quá nhiều lần thử")
    scan(open_till, "8930000000024")
    expect(open_till.locator("dd.js-total")).to_have_text("189.000\u00a0₫")
    enter(open_till)
    expect(open_till.locator("#done")).to_be_visible()


def test_a_gift_card_is_scanned_and_pays_what_it_has(open_till: Page, corner: Any) -> None:
    """What is left on it and what is left to pay are there; a tap takes it off the bill again."""
    body = StoredValueIn(amount=150_000, reason="quà")
    code = stored_value.issue(corner.services, Request(SYSTEM), body)[1]["code"]
    scan(open_till, "8930000000024")
    scan(open_till, code)
    expect(open_till.locator("#due")).to_have_text("Còn phải trả")
    expect(open_till.locator("dd.js-total").first).to_have_text("39.000\u00a0₫")
    row = open_till.locator("#b-values .c-row")
    expect(row.locator(".why")).to_have_text("còn 0\u00a0₫ trên thẻ")
    row.click()
    expect(open_till.locator("dd.js-total").first).to_have_text("189.000\u00a0₫")
    expect(row.locator(".why")).to_have_text("còn 150.000\u00a0₫ trên thẻ")
    row.click()
    expect(open_till.locator("dd.js-total").first).to_have_text("39.000\u00a0₫")
    enter(open_till)
    expect(open_till.locator("#d-coupons")).to_contain_text("còn 0\u00a0₫ trên thẻ")
    assert stored_value.get(corner.services, SYSTEM, code)["balance"] == 0


def test_an_unknown_or_blocked_gift_card_is_refused_in_words(open_till: Page, corner: Any) -> None:
    body = StoredValueIn(amount=150_000, reason="quà")
    code = stored_value.issue(corner.services, Request(SYSTEM), body)[1]["code"]
    stored_value.block(corner.services, Request(SYSTEM), code, "mất")
    scan(open_till, code)
    expect(open_till.locator("#notice")).to_contain_text("đã bị khoá")
    scan(open_till, "960000000000000000")
    expect(open_till.locator("#notice")).to_contain_text("Không có thẻ quà tặng")
    expect(open_till.locator("#b-values")).to_be_hidden()
