"""Signing in, staying inside, signing out."""

from __future__ import annotations

from typing import Any

import pytest


def test_a_cashier_lands_at_the_till_and_a_manager_in_the_console(pages: Any) -> None:
    assert pages.sign_in("cashier").location == "/till"
    assert pages.sign_in("manager").location == "/manage"


def test_a_page_asks_to_sign_in_first_and_comes_back(pages: Any) -> None:
    answer = pages.client.get("/till")
    assert (answer.status_code, answer.location) == (302, "/login?next=/till")
    pages.sign_in("owner")
    assert pages.post("/login?next=/till", login="owner", password=pages.password).location == "/till"


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", ""])
def test_signing_in_never_leads_to_another_site(pages: Any, elsewhere: str) -> None:
    pages.sign_in("cashier")
    answer = pages.post(f"/login?next={elsewhere}", login="cashier", password=pages.password)
    assert answer.location == "/till"


def test_a_wrong_password_and_an_unknown_name_look_the_same(pages: Any) -> None:
    pages.sign_in("cashier")
    wrong = pages.post("/login", login="cashier", password="not this one")
    unknown = pages.post("/login", login="nobody", password="not this one")
    assert wrong.status_code == unknown.status_code == 401
    for answer in (wrong, unknown):
        assert "Tên đăng nhập hoặc mật khẩu không đúng." in answer.get_data(as_text=True)
        assert "Set-Cookie" not in answer.headers or "loyalty_session" not in answer.headers["Set-Cookie"]


def test_many_wrong_passwords_slow_the_next_try(pages: Any) -> None:
    answers = [pages.post("/login", login="cashier", password="not this one") for _ in range(8)]
    assert answers[-1].status_code == 429
    assert "Sai quá nhiều lần" in answers[-1].get_data(as_text=True)


def test_a_form_without_its_token_signs_nobody_in(pages: Any) -> None:
    pages.sign_in("cashier")
    pages.client.delete_cookie("loyalty_session")
    answer = pages.client.post("/login", data={"login": "cashier", "password": pages.password})
    assert answer.status_code == 400
    assert "Trang đã cũ" in answer.get_data(as_text=True)


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(pages: Any) -> None:
    cookie = next(c for c in pages.sign_in("cashier").headers.getlist("Set-Cookie") if "loyalty_session" in c)
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_signing_out_ends_the_session_in_the_database(pages: Any) -> None:
    pages.sign_in("cashier")
    cookie = pages.client.get_cookie("loyalty_session").value
    pages.post("/logout", "/till")
    pages.client.set_cookie("loyalty_session", cookie)
    assert pages.client.get("/till").status_code == 302


@pytest.mark.parametrize(
    ("role", "path"), [("cashier", "/manage/members"), ("auditor", "/till"), ("auditor", "/manage/coupons/give")]
)
def test_a_page_of_another_role_is_refused_in_words(pages: Any, role: str, path: str) -> None:
    pages.sign_in(role)
    assert "Bạn không được xem trang này" in pages.text(path, 403)


def test_the_language_is_the_address_then_the_cookie_then_the_browser(pages: Any) -> None:
    english = {"Accept-Language": "en-US,en;q=0.9"}
    assert "Đăng nhập" in pages.client.get("/login").get_data(as_text=True)
    assert "Sign in" in pages.client.get("/login", headers=english).get_data(as_text=True)
    assert "Đăng nhập" in pages.client.get("/login?lang=vi", headers=english).get_data(as_text=True)
    assert "Đăng nhập" in pages.client.get("/login", headers=english).get_data(as_text=True)


def test_no_english_sentence_of_the_forms_library_is_on_a_vietnamese_page(pages: Any) -> None:
    text = pages.post("/login", login="", password="").get_data(as_text=True)
    assert "Ô này không được để trống." in text
    assert "required." not in text


def test_the_bare_address_leads_to_the_sign_in_page(pages: Any) -> None:
    assert pages.client.get("/").location == "/login"


@pytest.mark.parametrize(
    ("action", "page"),
    [
        ("/manage/coupons/990000000000000015/cancel", "/manage/coupons/990000000000000015"),
        ("/manage/promotions/milk", "/manage/promotions"),
    ],
)
def test_an_action_of_an_ended_session_comes_back_to_its_page(pages: Any, action: str, page: str) -> None:
    """An address that only takes a form cannot be opened after signing in."""
    answer = pages.client.post(action)
    assert (answer.status_code, answer.location) == (302, f"/login?next={page}")


def test_an_unknown_address_of_the_console_is_a_page(pages: Any) -> None:
    assert "Không có trang này" in pages.text("/manage/nothing/here", 404)


@pytest.mark.parametrize(
    ("role", "page", "way"), [("cashier", "/manage/members", "/till"), ("auditor", "/till", "/manage")]
)
def test_who_may_not_see_a_page_is_shown_where_they_work(pages: Any, role: str, page: str, way: str) -> None:
    pages.sign_in(role)
    assert f'href="{way}"' in pages.text(page, 403)
