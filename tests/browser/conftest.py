"""A real shop behind a real server on loopback, and a Chromium that looks at it.

Without a browser the tests are skipped with one clear line; REQUIRE_BROWSER=1 makes that a failure.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from browser.browser_actions import CARD
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import make_server

from loyalty_pos.services import coupons, members, products, staff
from loyalty_pos.services.context import SYSTEM, Request, Services
from loyalty_pos.services.requests import MemberIn

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
GOODS = (
    ("8934563138165", "Cà phê rang xay 500 g", "drinks/coffee", 145_000),
    ("8930000000017", "Sữa tươi tiệt trùng 1 L", "dairy/milk", 34_000),
    ("8930000000024", "Gạo thơm túi 5 kg", "food/rice", 189_000),
)


def find_chromium() -> str | None:
    """The browser to drive: CHROMIUM_PATH, else the first on the path."""
    for name in (os.environ.get("CHROMIUM_PATH"), *NAMES):
        found = shutil.which(name) if name else None
        if found:
            return found
    return None


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    path = find_chromium()
    if path is None:
        reason = "no Chromium: apt-get install chromium, or set CHROMIUM_PATH"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def store_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite file: no page knows which database it is."""
    path = tmp_path / "loyalty.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same argon2 with little work: these tests are about what is seen."""
    monkeypatch.setattr(staff, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@dataclass
class Corner:
    """A shop that is open: its address, a member with a coffee coupon, and the way to sign in."""

    url: str
    services: Services
    member: str
    page: str
    coupon: str
    shop: Any

    def sign_in(self, page: Page, role: str, path: str) -> None:
        """Open ``path`` by way of the sign-in page."""
        password = self.shop.password(role)
        page.goto(self.url + path)
        page.fill("#login", role)
        page.fill("#password", password)
        page.keyboard.press("Enter")
        page.wait_for_function("path => location.pathname === path", arg=path)
        page.wait_for_load_state("load")


@pytest.fixture
def corner(app: Flask, services: Services, shop: Any) -> Iterator[Corner]:
    """Goods on the shelf, Lan with her card and one coupon, served on loopback."""
    for sku, name, category, price in GOODS:
        goods = products.ProductIn(sku=sku, name=name, category=category, unit_price=price)
        products.save(services, Request(SYSTEM), goods)
    person = MemberIn(card=CARD, name="Nguyễn Thị Lan", phone="0908412218")
    lan = members.enrol(services, Request(SYSTEM), person)[1]
    number = lan["member"]["id"]
    coupon = coupons.issue(services, Request(SYSTEM), number, "coffee-20k", None, "hay mua cà phê")[1]["code"]
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Corner(f"http://127.0.0.1:{server.server_port}", services, number, lan["page"], coupon, shop)
    server.shutdown()
    thread.join()
    server.server_close()


def opened(context: BrowserContext, errors: list[str]) -> Page:
    """A page whose script errors and blocked contents are noted."""
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: "Content Security Policy" in line.text and errors.append(line.text))
    return page


@pytest.fixture
def till(browser: Browser) -> Iterator[Page]:
    """A Vietnamese till, 1280 by 800; an error in a script fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="vi-VN")
    errors: list[str] = []
    yield opened(context, errors)
    context.close()
    assert errors == []


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A customer's phone, 390 by 844, twice as fine as a desktop."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="vi-VN", device_scale_factor=2)
    errors: list[str] = []
    yield opened(context, errors)
    context.close()
    assert errors == []
