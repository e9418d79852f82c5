"""The customer's page: read-only, by an unguessable link, telling nothing of who or where."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from actions import basket, line, ok

from loyalty_pos.services import coupons, members, points, programme
from loyalty_pos.services.context import SYSTEM, Request, Services
from loyalty_pos.services.requests import AdjustIn

COFFEE = line(1, "8930000000024", 145_000, category="drinks/coffee")


@pytest.fixture
def number(lan: Any) -> str:
    """Lan's id."""
    return str(lan["member"]["id"])


def give(services: Services, number: str, promotion: str = "coffee-20k", **more: Any) -> str:
    """Give Lan a coupon; its code."""
    return str(coupons.issue(services, Request(SYSTEM), number, promotion, **more)[1]["code"])


def test_the_page_shows_points_their_worth_and_the_tier(pages: Any, lan: Any, number: str, services: Services) -> None:
    """S15: a point is worth 10đ; S34: what is missing to the next tier."""
    points.adjust(services, Request(SYSTEM), number, AdjustIn(points=900, reason="thẻ cũ"))
    text = pages.text(lan["page"])
    assert "Chào Lan" in text
    assert 'id="points">900 ' in text
    assert "9.000\u00a0₫" in text
    assert "Đồng" in text
    assert "Thêm 1.000.000\u00a0₫ nữa để lên hạng Bạc" in text


def test_a_purchase_moves_the_progress_to_the_next_tier(pages: Any, lan: Any, till: Any) -> None:
    """S34."""
    ok(till.sell(basket(COFFEE, card="2900000000018", entry="scan")))
    text = pages.text(lan["page"])
    assert "Thêm 855.000\u00a0₫ nữa đến hết 20/11/2027 để lên hạng Bạc" in text
    assert 'value="145000" max="1000000"' in text


def test_the_progress_is_exact_beyond_the_first_twelve_months(pages: Any, lan: Any, till: Any, clock: Any) -> None:
    """S32, S34: what was bought a year ago no longer counts."""
    ok(till.sell(basket(COFFEE, card="2900000000018", entry="scan")))
    clock.move(days=300)
    ok(till.sell(basket(COFFEE, COFFEE | {"line": "2"}, card="2900000000018", entry="scan")))
    assert 'value="435000" max="1000000"' in pages.text(lan["page"])
    clock.move(days=100)
    text = pages.text(lan["page"])
    assert 'value="290000" max="1000000"' in text
    assert "Thêm 710.000\u00a0₫ nữa đến hết 16/09/2028 để lên hạng Bạc" in text


def test_the_page_says_what_keeps_the_tier(pages: Any, lan: Any, till: Any, clock: Any) -> None:
    """S34: until the last day of grace."""
    ok(till.sell(basket(line(1, price=999_000), card="2900000000018", entry="scan")))
    clock.move(days=1)
    ok(till.sell(basket(line(1, price=1_000), card="2900000000018", entry="scan")))
    assert "Thêm 999.000\u00a0₫ nữa đến hết 21/12/2027 để giữ hạng" in pages.text(lan["page"])
    ok(till.sell(basket(line(1, price=999_000), card="2900000000018", entry="scan")))
    assert "Bạn đã đủ để giữ hạng" in pages.text(lan["page"])


def test_the_progress_is_written_as_the_metric_counts(pages: Any, lan: Any, till: Any, services: Services) -> None:
    """S32: visits and points are not money."""
    for metric, text in (("visits", "Thêm 999.999 lần mua nữa"), ("points", "Thêm 999.855 điểm nữa")):
        programme.change(services, Request(SYSTEM), {"tier_rules": {"metric": metric}})
        if metric == "visits":
            ok(till.sell(basket(COFFEE, card="2900000000018", entry="scan")))
        assert text in pages.text(lan["page"])


def test_the_page_tells_no_phone_number_address_or_family_name(pages: Any, lan: Any) -> None:
    """S51 and contract.md: the link is no proof of who opens it."""
    everything = "".join(pages.text(lan["page"] + part) for part in ("", "/history", "/code"))
    for secret in ("0908412218", "908412218", "218", "Hàng Bông", "Nguyễn"):
        assert secret not in everything


def test_the_page_is_not_kept_searched_or_named_to_other_sites(pages: Any, lan: Any) -> None:
    """product.md: found by nobody who guesses."""
    headers = pages.client.get(lan["page"]).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in headers["X-Robots-Tag"]
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_wrong_links_are_told_apart_by_nothing(pages: Any, lan: Any) -> None:
    """contract.md: the token is an HMAC; a near miss says no more than nonsense."""
    near = lan["page"][:-1] + ("A" if lan["page"][-1] != "A" else "B")
    wrong = [near, "/m/1-AAAAAAAAAAAAAAAAAAAAAA", "/m/999999-x", "/m/nonsense", "/m/" + "9" * 400]
    answers = {pages.text(path, 404).split("</nav>")[1] for path in wrong}
    assert len(answers) == 1


def test_a_replaced_card_opens_its_old_page_no_more(pages: Any, lan: Any, number: str, services: Services) -> None:
    """S42: the successor has a page of its own."""
    body = members.CardIn(replaces=lan["card"]["number"], reason="mất")
    successor = members.add_card(services, Request(SYSTEM), number, body)[1]
    pages.text(lan["page"], 404)
    assert "Chào Lan" in pages.text(successor["page"])


def test_a_blocked_card_shows_the_points_but_no_code(pages: Any, lan: Any, services: Services) -> None:
    """S42: no benefit, nothing lost."""
    members.block_card(services, Request(SYSTEM), lan["card"]["number"], "mất")
    assert "Thẻ này đã khoá" in pages.text(lan["page"])
    pages.text(lan["page"] + "/code", 404)


def test_coupons_stand_where_they_belong(
    pages: Any, lan: Any, number: str, services: Services, till: Any, clock: Any
) -> None:
    """S35, S38: usable through the last local day, used and expired kept for 90 days."""
    today = clock.now().date()
    used = give(services, number)
    give(services, number, "ten-percent", valid_to=today + timedelta(days=9))
    assert "Còn 9 ngày" in pages.text(lan["page"])
    ok(till.sell(basket(COFFEE, card="2900000000018", entry="scan", coupons=[used])))
    assert "đã dùng 21/11/2026" in pages.text(lan["page"] + "?show=used")
    assert used not in pages.text(lan["page"])
    clock.move(days=9)
    assert "ngày cuối hôm nay" in pages.text(lan["page"])
    clock.move(days=1)
    assert "ngày cuối hôm nay" not in pages.text(lan["page"])
    assert "Giảm 10%" in pages.text(lan["page"] + "?show=past")
    clock.move(days=90)
    assert "Giảm 10%" not in pages.text(lan["page"] + "?show=past")


def test_a_coupon_opens_its_code_and_a_foreign_one_does_not(
    pages: Any, lan: Any, number: str, services: Services
) -> None:
    """S36: the 18 digits, for the scanner and for the eye."""
    code = give(services, number)
    text = pages.text(f"{lan['page']}/coupons/{code}")
    assert " ".join(code[at : at + 4] for at in range(0, 18, 4)) in text
    assert text.count("<svg class=") >= 2
    other = members.enrol(services, Request(SYSTEM), members.MemberIn(name="Lê Tuấn"))[1]["member"]["id"]
    pages.text(f"{lan['page']}/coupons/{give(services, other)}", 404)


def test_the_history_adds_up_by_month(pages: Any, lan: Any, number: str, services: Services, clock: Any) -> None:
    """S19: every change of the balance is one line."""
    points.adjust(services, Request(SYSTEM), number, AdjustIn(points=900, reason="thẻ cũ"))
    clock.move(days=15)
    points.adjust(services, Request(SYSTEM), number, AdjustIn(points=-150, reason="nhầm"))
    text = pages.text(lan["page"] + "/history")
    assert text.index("Tháng 12 2026") < text.index("Tháng 11 2026")
    assert "\u2212150 điểm" in text
    assert "+900 điểm" in text
    assert "750" in text


def test_points_that_expire_within_two_months_are_announced(
    pages: Any, lan: Any, number: str, services: Services, clock: Any
) -> None:
    """S20: granted in November 2026 + 12 months, gone after 30 November 2027."""
    points.adjust(services, Request(SYSTEM), number, AdjustIn(points=900, reason="thẻ cũ"))
    assert "sẽ hết hạn" not in pages.text(lan["page"])
    clock.move(days=330)
    assert "900 điểm sẽ hết hạn ngày 30/11/2027" in pages.text(lan["page"])


def test_a_name_is_text_and_never_markup(pages: Any, services: Services, shop: Any) -> None:
    person = members.MemberIn(name="<script>alert(1)</script>")
    page = members.enrol(services, Request(SYSTEM), person)[1]["page"]
    assert "<script>alert" not in pages.text(page)
