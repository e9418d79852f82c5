"""Takes the pictures of this folder anew: ``make screenshots``.

The made-up shop is filled at a fixed moment with numbers told from a seed, served on loopback,
and looked at by Chromium while one purchase goes from the scan to the customer's phone and on to
the manager's console.  The same code gives the same pictures but for the sign of a countdown.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from pathlib import Path
from random import Random
from shutil import which
from zoneinfo import ZoneInfo

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright
from werkzeug.serving import make_server

from loyalty_pos.app import create_app
from loyalty_pos.config import load_config
from loyalty_pos.demo.opening import ZONE, DemoClock
from loyalty_pos.demo.simulator import DemoShop, fill
from loyalty_pos.storage import migrate

FOLDER = Path(__file__).parent
NOW = datetime(2026, 11, 21, 10, 42, tzinfo=ZoneInfo(ZONE))
COLOURS = 128
DESK, CONSOLE, PHONE = (1280, 800), (1440, 900), (390, 844)
STILL = "*, *::before, *::after { animation: none !important; transition: none !important; caret-color: transparent; }"


class SeededIds:
    """Codes and keys that are the same in every run; a shop that is real must never use them."""

    def __init__(self) -> None:
        self._luck = Random("screenshots")

    def digits(self, count: int) -> str:
        """``count`` decimal digits."""
        return f"{self._luck.randrange(10**count):0{count}d}"

    def secret(self) -> str:
        """Some 256 bits as text."""
        return f"{self._luck.randrange(2**256):064x}"


@contextmanager
def served() -> Iterator[tuple[str, DemoShop]]:
    """The demo shop as it stands at NOW, on loopback: its address and what there is in it."""
    with tempfile.TemporaryDirectory() as folder:
        log = str(Path(folder, "requests.log"))
        config = load_config({"LOYALTY_POS_DATA": folder, "LOYALTY_POS_SECRET_KEY": "s" * 32, "LOYALTY_POS_LOG": log})
        migrate.upgrade(config.database_url)
        app = create_app(config, clock=DemoClock(NOW), ids=SeededIds())
        services = app.extensions["loyalty_pos"]
        shop = fill(services, NOW)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", shop
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            services.store.close()


@contextmanager
def window(chromium: Browser, size: tuple[int, int], scale: int = 1) -> Iterator[Page]:
    """A Vietnamese browser window."""
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]}, locale="vi-VN", timezone_id=ZONE, device_scale_factor=scale
    )
    context.clock.set_fixed_time(NOW)
    yield context.new_page()
    context.close()


def picture(page: Page, name: str, *themes: str) -> None:
    """``name``-light.png (and of the other ``themes``), in few colours, so that it is small."""
    for theme in themes or ("light",):
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
        page.mouse.move(0, 0)
        page.wait_for_load_state("networkidle")
        taken = Image.open(BytesIO(page.screenshot(style=STILL))).convert("RGB")
        few = taken.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        few.save(FOLDER / f"{name}-{theme}.png", optimize=True)


def sign_in(page: Page, url: str, shop: DemoShop, role: str) -> None:
    """As the person of a role."""
    person = next(login for login in shop.logins if login.role == role)
    page.goto(url)
    page.fill("#login", person.login)
    page.fill("#password", person.password)
    page.keyboard.press("Enter")
    page.wait_for_url(url.split("?")[0])


def scan(page: Page, text: str, shown: Locator) -> None:
    """As a scanner types, and until it is shown."""
    page.keyboard.type(text, delay=3)
    page.keyboard.press("Enter")
    shown.wait_for()


def at_the_till(chromium: Browser, url: str, shop: DemoShop) -> None:
    """Waiting, found, priced with the coupon, done."""
    with window(chromium, DESK) as page:
        page.goto(f"{url}/login")
        picture(page, "login-desktop", "light", "dark")
        sign_in(page, f"{url}/till", shop, "cashier")
        picture(page, "till-waiting-desktop")
        scan(page, shop.card, page.locator("#m-name"))
        picture(page, "till-found-desktop")
        for place, good in enumerate(shop.goods):
            scan(page, f"2*{good.sku}" if place == 1 else good.sku, page.locator("#b-lines li").nth(place))
        page.locator(".c-row.on").first.wait_for()
        picture(page, "till-bill-desktop", "light", "dark")
        page.wait_for_timeout(450)  # an Enter that follows a scan at once is the scanner's own
        page.keyboard.press("Enter")
        page.locator("#done").wait_for()
        picture(page, "till-done-desktop")


def on_the_phone(chromium: Browser, url: str, shop: DemoShop) -> None:
    """The customer's card, the history, and a coupon held up to the scanner."""
    with window(chromium, PHONE, scale=2) as page:
        page.goto(url + shop.page)
        picture(page, "member-phone", "light", "dark")
        page.goto(f"{url}{shop.page}/history")
        picture(page, "member-history-phone")
        page.goto(url + shop.page)
        page.locator(".ticket").first.click()
        page.locator("#digits").wait_for()
        picture(page, "member-code-phone")


def in_the_console(chromium: Browser, url: str, shop: DemoShop) -> None:
    """Members, one record, promotions, one with its draft, a bill, a what-if, a gift card, coupons, and one given."""
    with window(chromium, CONSOLE) as page:
        sign_in(page, f"{url}/manage/members", shop, "manager")
        picture(page, "manage-members-desktop")
        page.goto(f"{url}/manage/members/{shop.member}")
        picture(page, "manage-member-desktop", "light", "dark")
        page.goto(f"{url}/manage/promotions")
        picture(page, "manage-promotions-desktop")
        page.goto(f"{url}/manage/promotions/weekend-fruit")
        page.fill("[id='rewards.0.percent']", "20")
        page.click("button[value=save]")
        page.locator(".beside table").wait_for()
        picture(page, "manage-promotion-desktop", "light", "dark")
        page.locator("a[href*='/manage/bills/']").first.click()
        page.locator(".xl").wait_for()
        picture(page, "manage-bill-desktop")
        page.goto(f"{url}/manage/promotions/milk-3for2/what-if?from=2026-10-24&to=2026-11-20")
        picture(page, "manage-what-if-desktop", "light", "dark")
        page.goto(f"{url}/manage/values/new")
        page.fill("#amount", "200.000")
        page.fill("#reason", "Quà khai trương")
        page.click("main .btn-primary")
        page.locator("#balance").wait_for()
        picture(page, "manage-value-desktop")
        page.goto(f"{url}/manage/segments/milk-and-fresh")
        picture(page, "manage-segments-desktop", "light", "dark")
        page.goto(f"{url}/manage/segments/milk-and-fresh/edit")
        picture(page, "manage-segment-desktop")
        page.goto(f"{url}/manage/coupons")
        picture(page, "manage-coupons-desktop")
        page.goto(f"{url}/manage/coupons/give?member={shop.member}")
        picture(page, "manage-give-desktop")


def main() -> None:
    """All of them."""
    path = which("chromium") or which("chromium-browser") or which("google-chrome")
    if path is None:
        sys.exit("No Chromium: apt-get install chromium.")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with served() as (url, shop), sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu", "--lang=vi"])
        for part in (at_the_till, on_the_phone, in_the_console):
            part(chromium, url, shop)
        chromium.close()


if __name__ == "__main__":
    main()
