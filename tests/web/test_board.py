"""The overview, the reports and the exceptions, as staff of each role see them."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from conftest import Shop
from services.lane import bread, lane_of
from web.conftest import CARD

from loyalty_pos import reports
from loyalty_pos.services import exceptions
from loyalty_pos.services.context import SYSTEM, Services
from loyalty_pos.storage.posting import add_exception
from loyalty_pos.web.reports import PAGES

PATHS = ("/manage", "/manage/reports", "/manage/exceptions", *(f"/manage/reports/{code}" for code in PAGES))


@pytest.fixture
def sold(shop: Shop, lan: Any) -> None:
    """Lan 120.000 and a stranger 30.000 at hn-01, a stranger 50.000 at hn-02."""
    lane_of(shop).sells(bread(120_000), card=CARD)
    lane_of(shop).sells(bread(30_000))
    lane_of(shop, "hn-02-1").sells(bread(50_000))


@pytest.mark.parametrize("role", ["manager", "owner", "auditor"])
def test_the_pages_of_figures_are_for_managers_owners_and_auditors(pages: Any, sold: None, role: str) -> None:
    """contract.md, Who may what; in both languages, without a word of personal data."""
    pages.sign_in(role)
    for path in PATHS:
        for language in ("vi", "en"):
            text = pages.text(f"{path}?lang={language}")
            assert "Nguyễn Thị Lan" not in text
            assert "None" not in text


def test_a_cashier_sees_none_of_them(pages: Any) -> None:
    pages.sign_in("cashier")
    for path in (*PATHS, "/manage/reports/days.csv"):
        pages.text(path, 403)


def test_an_empty_shop_says_so(pages: Any) -> None:
    pages.sign_in("owner")
    assert "Không bán gì trong những ngày này." in pages.text("/manage")
    assert "Chưa hội viên nào mua." in pages.text("/manage/reports")


def test_the_overview_shows_the_stores_of_the_reader(pages: Any, sold: None) -> None:
    """The manager is hn-01's: 120 of 150; asking for the other store changes nothing.  The owner may choose."""
    pages.sign_in("manager")
    for path in ("/manage", "/manage?store=hn-02", "/manage?days=5000"):
        text = pages.text(path)
        assert "120<small>\u00a0nghìn\u00a0₫</small>" in text
        assert "khách lẻ 30\u00a0nghìn\u00a0₫" in text
    pages.post("/logout", page="/manage")
    pages.sign_in("owner")
    assert "khách lẻ 80\u00a0nghìn\u00a0₫" in pages.text("/manage")
    assert "khách lẻ 50\u00a0nghìn\u00a0₫" in pages.text("/manage?store=hn-02")


def test_each_report_is_a_file(pages: Any, sold: None) -> None:
    """CSV and XLSX of what the page shows; no other kind, no other report."""
    pages.sign_in("owner")
    for code in reports.REPORTS:
        for kind in ("csv", "xlsx"):
            answer = pages.client.get(f"/manage/reports/{code}.{kind}")
            assert (answer.status_code, f".{kind}" in answer.headers["Content-Disposition"]) == (200, True)
    csv = pages.client.get("/manage/reports/sales.csv").data.decode("utf-8-sig").splitlines()
    assert csv[1:] == ["Hàng Bông,2,1,120000,30000,150000,80.0", "Cầu Giấy,1,0,0,50000,50000,0.0"]
    sheet = ZipFile(BytesIO(pages.client.get("/manage/reports/sales.xlsx").data)).read("xl/worksheets/sheet1.xml")
    assert b"<v>120000</v>" in sheet
    assert b"<v>80</v>" in sheet
    for path in ("/manage/reports/days.pdf", "/manage/reports/none.csv", "/manage/reports/none"):
        assert pages.client.get(path).status_code == 404


@pytest.fixture
def waiting(services: Services, shop: Shop) -> None:
    """One exception in each store."""
    for store in (1, 2):
        services.store.write(
            lambda tx, store=store: add_exception(tx, store, services.now_ms(), "coupon_not_usable", 20_000, 0, None)
        )


def test_an_exception_is_decided_once_with_a_note(pages: Any, waiting: None, services: Services) -> None:
    """docs/returns.md; the manager sees and decides their own store's."""
    pages.sign_in("manager")
    text = pages.text("/manage/exceptions")
    assert text.count("Một phiếu không còn dùng được") == 1
    assert "−20.000\u00a0₫" in text
    assert "1 giao dịch cần xem" in pages.text("/manage")
    mine, other = ((one["id"], one) for one in exceptions.list_exceptions(services, SYSTEM)["items"][::-1])
    resolve = f"/manage/exceptions/{mine[0]}/resolve"
    pages.post(resolve, page="/manage/exceptions", action="recover")
    assert "Không có việc nào chờ." not in pages.text("/manage/exceptions")
    pages.post(f"/manage/exceptions/{other[0]}/resolve", page="/manage/exceptions", action="accept")
    assert pages.post(resolve, page="/manage/exceptions", action="accept", note="đã nói chuyện").status_code == 302
    done = pages.text("/manage/exceptions?state=resolved")
    assert "đã nói chuyện" in done
    states = {one["id"]: one["state"] for one in exceptions.list_exceptions(services, SYSTEM)["items"]}
    assert states == {mine[0]: "resolved", other[0]: "open"}


def test_an_auditor_reads_and_decides_nothing(pages: Any, waiting: None) -> None:
    pages.sign_in("auditor")
    assert 'name="action"' not in pages.text("/manage/exceptions")
    assert pages.post("/manage/exceptions/1/resolve", page="/manage/exceptions", action="accept").status_code == 403


def test_a_forged_or_senseless_decision_changes_nothing(pages: Any, waiting: None, services: Services) -> None:
    pages.sign_in("manager")
    assert pages.client.post("/manage/exceptions/1/resolve", data={"action": "accept"}).status_code == 302
    assert pages.post("/manage/exceptions/1/resolve", page="/manage/exceptions", action="burn").status_code == 422
    assert {one["state"] for one in exceptions.list_exceptions(services, SYSTEM)["items"]} == {"open"}
