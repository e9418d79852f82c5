"""The story of one purchase, in a real browser: cashier, then customer, then manager."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from browser.browser_actions import CARD, enter, scan
from PIL import Image
from playwright.sync_api import Page, expect
from zxingcpp import read_barcodes

from loyalty_pos.services import coupons, points, promotions
from loyalty_pos.services.context import SYSTEM, Request
from loyalty_pos.services.requests import AdjustIn

pytestmark = pytest.mark.browser

COME_BACK = {
    "code": "come-back",
    "name": {"vi": "Hẹn gặp lại", "en": "See you again"},
    "audience": {"members_only": True},
    "conditions": [{"kind": "min_amount", "amount": 200_000}],
    "rewards": [{"kind": "issue_coupon", "promotion": "ten-percent", "valid_days": 14}],
}


def active(corner: Any) -> int:
    """Lan's points as they stand."""
    return int(points.balances(corner.services, SYSTEM, corner.member)["active"])


def test_a_purchase_from_the_scan_to_the_customers_phone(corner: Any, till: Page, phone: Page) -> None:
    """product.md: recognise, price, record, bring back (S10, S15, S35, S48)."""
    promotions.create(corner.services, Request(SYSTEM), COME_BACK)
    corner.sign_in(till, "cashier", "/till")
    scan(till, CARD)
    expect(till.locator("#m-name")).to_have_text("Lan N.")
    for sku in ("8934563138165", "8930000000024", "8930000000024"):
        scan(till, sku)
    expect(till.locator("#b-lines li")).to_have_count(2)
    expect(till.locator(".c-row.on .save")).to_have_text("\u221220.000\u00a0₫")
    expect(till.locator("dd.js-total")).to_have_text("503.000\u00a0₫")
    enter(till)
    expect(till.locator("#d-line")).to_contain_text("Lan N. trả 503.000\u00a0₫, nhận +503 điểm")
    expect(till.locator("#d-coupons li")).to_have_count(1)

    phone.goto(corner.url + corner.page)
    expect(phone.locator("#points")).to_contain_text("503")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(phone.locator(".ticket")).to_have_count(1)
    phone.locator(".ticket").click()
    given = coupons.list_coupons(corner.services, member=corner.member, state="issued")["items"][0]["code"]
    picture = Image.open(BytesIO(phone.screenshot()))
    assert {found.text for found in read_barcodes(picture)} == {given}
    assert len(read_barcodes(picture)) == 2


def test_the_coupon_is_left_out_when_the_cashier_unticks_it(corner: Any, till: Page) -> None:
    """S35: what is not ticked stays issued."""
    corner.sign_in(till, "cashier", "/till")
    scan(till, CARD)
    scan(till, "8934563138165")
    expect(till.locator("dd.js-total")).to_have_text("125.000\u00a0₫")
    till.keyboard.press("1")
    expect(till.locator("dd.js-total")).to_have_text("145.000\u00a0₫")
    enter(till)
    expect(till.locator("#done")).to_be_visible()
    assert coupons.get(corner.services, corner.coupon)["state"] == "issued"


def test_points_are_spent_only_when_chosen(corner: Any, till: Page) -> None:
    """S22: never all by default; the engine says how many are possible."""
    points.adjust(corner.services, Request(SYSTEM), corner.member, AdjustIn(points=900, reason="thẻ cũ"))
    corner.sign_in(till, "cashier", "/till")
    scan(till, CARD)
    scan(till, "8930000000024")
    expect(till.locator("#r-most")).to_have_text("tối đa 9.000\u00a0₫")
    expect(till.locator("dd.js-total")).to_have_text("189.000\u00a0₫")
    till.keyboard.press("F6")
    expect(till.locator("dd.js-total")).to_have_text("187.000\u00a0₫")
    till.locator("#r-seg label", has_text="Số khác").click()
    till.keyboard.type("120")
    till.keyboard.press("Enter")
    expect(till.locator("dd.js-total")).to_have_text("187.800\u00a0₫")
    expect(till.locator("#scan")).to_be_focused()
    enter(till)
    expect(till.locator("#done")).to_be_visible()
    assert active(corner) == 900 - 120 + 187


def test_a_finished_bill_can_be_undone_at_once(corner: Any, till: Page) -> None:
    """S29, S30: coupon and points are back as they were."""
    corner.sign_in(till, "cashier", "/till")
    scan(till, CARD)
    scan(till, "8934563138165")
    expect(till.locator("dd.js-total")).to_have_text("125.000\u00a0₫")
    enter(till)
    expect(till.locator("#undo")).to_be_visible()
    till.keyboard.press("F9")
    expect(till.locator("#notice")).to_contain_text("Đã hoàn tác")
    assert coupons.get(corner.services, corner.coupon)["state"] == "issued"
    assert active(corner) == 0


def test_a_manager_gives_a_coupon_and_the_customer_has_it(corner: Any, till: Page, phone: Page) -> None:
    """M5: issued by the manager, on the page at once."""
    corner.sign_in(till, "manager", "/manage/members")
    till.click("text=Nguyễn Thị Lan")
    till.click("text=Tặng phiếu")
    till.select_option("#promotion", "ten-percent")
    till.fill("#reason", "Cảm ơn chị")
    till.click("button:has-text('Tặng phiếu')")
    expect(till.locator(".banner.good")).to_have_text("Đã tặng 1 phiếu.")
    phone.goto(corner.url + corner.page)
    expect(phone.locator(".ticket", has_text="Giảm 10%")).to_have_count(1)
