"""The console's gift cards and wallets: issued, loaded, found, blocked, with a history that adds up."""

from __future__ import annotations

import re
from typing import Any

import pytest
from actions import Till, basket, line, ok

from loyalty_pos.services import stored_value
from loyalty_pos.services.context import Services

NEW = "/manage/values/new"
GIVEN = {"amount": "200.000", "reason": "quà khai trương"}
LOAF = line(1, sku="bread", category="bakery/bread", price=50_000)


@pytest.fixture
def console(pages: Any) -> Any:
    """The manager, signed in, reading Vietnamese."""
    pages.sign_in("manager")
    return pages


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def issued(console: Any) -> str:
    """The code of a new card."""
    return str(console.post(NEW, **GIVEN).location.rpartition("/")[2])


def balance(console: Any, code: str) -> str:
    found = re.search(r'id="balance">([^<]*)<', plain(console.text(f"/manage/values/{code}")))
    return found[1] if found else ""


def test_a_card_is_issued_loaded_paid_with_and_shows_its_history(console: Any, till: Till) -> None:
    code = issued(console)
    page = f"/manage/values/{code}"
    assert balance(console, code) == "200.000 ₫"
    console.post(f"{page}/load", page, amount="50000", reason="thêm")
    sale = ok(till.sell(basket(LOAF, pay_with=[code])), 201)
    assert balance(console, code) == "200.000 ₫"
    text = plain(console.text(page))
    moves = re.findall(r"<td class=\"r\">\+?([−\d.]+ ₫)</td><td class=\"r\">([\d.]+ ₫)</td>", text)
    assert moves == [("−50.000 ₫", "200.000 ₫"), ("50.000 ₫", "250.000 ₫"), ("200.000 ₫", "200.000 ₫")]
    assert f'href="/manage/bills/{sale["id"]}"' in text


def test_pressing_twice_issues_and_loads_once(console: Any, services: Services) -> None:
    form = console.client.get(NEW).get_data(as_text=True)
    hidden = {name: re.search(rf'name="{name}"[^>]*value="([^"]+)"', form)[1] for name in ("csrf_token", "key")}  # type: ignore[index]
    first, second = (console.client.post(NEW, data=GIVEN | hidden).location for _ in range(2))
    assert first == second
    assert len(stored_value.list_values(services)["items"]) == 1


def test_the_list_masks_codes_and_finds_one_by_its_end(console: Any) -> None:
    code, other = issued(console), issued(console)
    text = plain(console.text("/manage/values"))
    assert f"{code[:4]} •••• •••• {code[-4:]}" in text
    assert "400.000 ₫" in text
    assert f">{code}<" not in text
    found = console.text(f"/manage/values?ending={code[-6:]}")
    assert (code in found, other in found) == (True, False)
    sheet = console.client.get("/manage/values.csv").get_data().decode("utf-8-sig")
    assert (code in sheet, code[-4:] in sheet) == (False, True)


def test_a_lost_card_is_blocked_with_a_reason_and_pays_again(console: Any, till: Till) -> None:
    code = issued(console)
    page = f"/manage/values/{code}"
    assert console.post(f"{page}/block", page, reason="").status_code == 422
    console.post(f"{page}/block", page, reason="khách báo mất")
    assert ok(till.quote(basket(LOAF, pay_with=[code])))["totals"]["due"] == 50_000
    assert code in console.text("/manage/values?show=blocked")
    console.post(f"{page}/unblock", page, reason="tìm thấy")
    assert ok(till.quote(basket(LOAF, pay_with=[code])))["totals"]["due"] == 0


def test_a_wallet_is_opened_for_a_member(console: Any, lan: Any) -> None:
    where = f"{NEW}?member={lan['member']['id']}"
    page = console.post(where, **GIVEN).location
    assert "Nguyễn Thị Lan" in console.text(page)
    assert "Nguyễn Thị Lan" in console.text(where)


@pytest.mark.parametrize(
    "wrong",
    [{"amount": "many"}, {"amount": "0"}, {"amount": "2.000.000"}, {"reason": ""}, {"expires_on": "2020-01-01"}],
)
def test_what_cannot_be_issued_is_refused_in_words(console: Any, services: Services, wrong: dict[str, str]) -> None:
    """S50: above the shop's limit it is the owner's."""
    answer = console.post(NEW, **GIVEN | wrong)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.get_data(as_text=True)
    assert stored_value.list_values(services)["items"] == []


def test_only_managers_see_codes(pages: Any) -> None:
    for role in ("auditor", "cashier"):
        pages.sign_in(role)
        pages.text("/manage/values", 403)
