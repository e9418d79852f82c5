"""A promotion from its draft to the till, in a real browser."""

from __future__ import annotations

from typing import Any

import pytest
from actions import line
from browser.browser_actions import scan
from playwright.sync_api import Page, expect
from services.lane import Lane

from loyalty_pos.services import promotions
from loyalty_pos.services.staff import by_terminal_key

pytestmark = pytest.mark.browser

RICE = "8930000000024"


def sold_before(corner: Any) -> None:
    """A bag of rice, two days ago."""
    corner.services.clock.move(days=-2)
    lane = Lane(corner.services, by_terminal_key(corner.services, corner.shop.keys["hn-01-1"]))
    rice = line(1, sku=RICE, name="Gạo thơm túi 5 kg", category="food/rice", price=189_000)
    lane.sells(rice)
    corner.services.clock.move(days=2)


def test_a_draft_is_priced_tried_on_past_sales_activated_and_given(corner: Any, till: Page, phone: Page) -> None:
    """product.md, what nobody else has: 1, 2 and 6; the example needs no button where scripts run."""
    sold_before(corner)
    corner.sign_in(till, "manager", "/manage/promotions/new")
    till.get_by_role("button", name="giảm tiền").click()
    till.fill("[id='rewards.0.amount']", "9.000")
    till.locator(".arg details summary").first.click()
    till.fill("[id='rewards.0.scope.skus']", RICE)
    for place in (0, 1):
        till.fill(f"[id='example.lines.{place}.quantity']", "0")
    till.fill("[id='example.goods']", f"2*{RICE}")
    expect(till.locator("#example-net")).to_have_text("369.000\u00a0₫")
    till.fill("[id='rewards.0.amount']", "10.000")
    expect(till.locator("#example-net")).to_have_text("368.000\u00a0₫")
    till.fill("#code", "rice-10k")
    till.fill("[id='name.vi']", "Gạo giảm 10.000đ")
    till.get_by_role("button", name="Lưu nháp").click()
    expect(till.locator("h1")).to_have_text("Gạo giảm 10.000đ")
    assert promotions.get(corner.services, "rice-10k")["state"] == "draft"

    till.get_by_role("link", name="Chạy thử trên hoá đơn cũ").click()
    till.get_by_role("button", name="Chạy").click()
    expect(till.locator("#cost")).to_have_text("10\u00a0nghìn\u00a0₫")
    expect(till.locator("#touched")).to_have_text("1")
    till.go_back()
    till.go_back()
    till.get_by_role("button", name="Bật khuyến mãi này").click()
    expect(till.locator(".banner.good")).to_be_visible()
    assert promotions.get(corner.services, "rice-10k")["state"] == "active"

    corner.sign_in(phone, "cashier", "/till")
    scan(phone, RICE)
    expect(phone.locator("dd.js-total").first).to_have_text("179.000\u00a0₫")


def test_the_editor_fits_a_phone_and_works_without_scripts(corner: Any, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 800}, locale="vi-VN", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{corner.url}/manage/promotions/fruit-15")
    page.fill("#login", "manager")
    page.fill("#password", corner.shop.password("manager"))
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Trái cây giảm 15%")
    page.fill("[id='rewards.0.percent']", "20")
    for place in (0, 1):
        page.fill(f"[id='example.lines.{place}.quantity']", "0")
    page.fill("[id='example.goods']", RICE)
    page.keyboard.press("Enter")
    expect(page.locator("#example-net")).to_have_text("189.000\u00a0₫")
    expect(page.locator("[id='rewards.0.percent']")).to_have_value("20")
    assert promotions.get(corner.services, "fruit-15")["rewards"][0]["percent"] == 15
    width = page.locator("main").bounding_box()["width"]
    assert width <= 320
    context.close()


@pytest.mark.parametrize("width", [320, 820, 1280])
def test_no_page_of_a_promotion_scrolls_sideways(corner: Any, till: Page, width: int) -> None:
    """mockups/README: everything works at 320 px."""
    sold_before(corner)
    till.set_viewport_size({"width": width, "height": 900})
    corner.sign_in(till, "manager", "/manage/promotions")
    page = "/manage/promotions/coffee-20k"
    for path in ("/manage/promotions", page, f"{page}/what-if?from=2026-11-01&to=2026-11-21"):
        till.goto(corner.url + path)
        assert till.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
