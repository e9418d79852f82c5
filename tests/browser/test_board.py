"""The overview and its pages in a real browser: they fit every width, and a decision is one press."""

from __future__ import annotations

from typing import Any

import pytest
from browser.browser_actions import CARD
from playwright.sync_api import Page, expect
from services.lane import bread, lane_of

from loyalty_pos.storage.posting import add_exception

pytestmark = pytest.mark.browser

WIDTHS = (320, 390, 768, 1100, 1440)
PATHS = ("/manage", "/manage/reports", "/manage/reports/days", "/manage/exceptions")


def test_figures_fit_every_width_and_an_exception_is_decided(corner: Any, till: Page) -> None:
    """mockups/README, Console: no sideways scroll from 320 to 1440."""
    lane_of(corner.shop).sells(bread(150_000), card=CARD)
    services = corner.services
    services.store.write(lambda tx: add_exception(tx, 1, services.now_ms(), "coupon_not_usable", 20_000, 0, None))
    corner.sign_in(till, "manager", "/manage")
    expect(till.locator(".kpi").first).to_contain_text("150")
    for path in PATHS:
        till.goto(corner.url + path)
        for width in WIDTHS:
            till.set_viewport_size({"width": width, "height": 800})
            beyond = till.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert beyond <= 0, (path, width)
    till.goto(corner.url + "/manage")
    till.get_by_role("link", name="Mở: 1 giao dịch cần xem").click()
    till.get_by_label("Ghi chú").fill("khách quen")
    till.get_by_role("button", name="Chấp nhận: cửa hàng chịu").click()
    expect(till.locator(".banner.good")).to_be_visible()
    expect(till.locator(".exc")).to_contain_text("Không có việc nào chờ.")
