"""A small shop, thirty days: the simulator drives the services and nothing is out of balance."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from loyalty_pos.demo.catalogue import programme
from loyalty_pos.demo.opening import DemoClock
from loyalty_pos.demo.simulator import DemoShop, fill
from loyalty_pos.services import ledger, members, points, staff
from loyalty_pos.services.context import SYSTEM, Services
from loyalty_pos.services.rules import RuleBooks
from loyalty_pos.storage.engine import open_store
from loyalty_pos.storage.migrate import upgrade

NOW = datetime(2026, 11, 21, 10, 42, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
TOTALS = "SELECT count(*), sum(net), sum(discount), sum(earned), sum(redeemed), sum(refunded) FROM sales"


class CountedIds:
    """Random numbers that are none: told from a salt, so that two shops have different codes."""

    def __init__(self, salt: str) -> None:
        self._salt = salt
        self._turn = itertools.count()

    def digits(self, count: int) -> str:
        digest = hashlib.sha256(f"{self._salt}{next(self._turn)}".encode()).hexdigest()
        return str(int(digest, 16))[-count:]

    def secret(self) -> str:
        return self.digits(43)


def lived(folder: Path, salt: str) -> tuple[Services, DemoShop]:
    """Thirty days of 40 members in a database of their own."""
    url = f"sqlite:///{folder / 'demo.db'}"
    upgrade(url)
    services = Services(
        store=open_store(url), clock=DemoClock(NOW), ids=CountedIds(salt), secret=b"s" * 32, rules=RuleBooks()
    )
    return services, fill(services, NOW, count=40, days=30)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Services, DemoShop]]:
    services, found = lived(tmp_path_factory.mktemp("demo"), "one")
    yield services, found
    services.store.close()


def test_the_ledger_is_clean(shop: tuple[Services, DemoShop]) -> None:
    services, found = shop
    assert ledger.check(services) == []
    assert found.members == 40
    assert found.sales > 80
    assert found.returns > 0


def test_every_promotion_is_used_somewhere(shop: tuple[Services, DemoShop]) -> None:
    """The see-you-again coupon counts in any of its versions."""
    services, _ = shop
    used = {row[0] for row in services.store.read(lambda tx: tx.all("SELECT DISTINCT promotion FROM sale_uses"))}
    wanted = {promotion["code"] for promotion in programme().promotions}
    assert {code for code in wanted if not code.startswith("again")} <= used
    assert any(code.startswith("again") for code in used)


def test_the_same_seed_gives_the_same_totals_whatever_the_random_codes(
    shop: tuple[Services, DemoShop], tmp_path: Path
) -> None:
    services, found = shop
    other, again = lived(tmp_path, "two")
    try:
        assert other.store.read(lambda tx: tx.one(TOTALS)) == services.store.read(lambda tx: tx.one(TOTALS))
        assert (again.members, again.sales, again.returns) == (found.members, found.sales, found.returns)
        assert again.coupon != found.coupon
    finally:
        other.store.close()


def test_the_story_can_be_told(shop: tuple[Services, DemoShop]) -> None:
    """A known card with points, a birthday this week and a coupon for coffee; a blocked card (S42)."""
    services, found = shop
    assert found.card == "2904174658310"
    assert found.page.startswith("/m/")
    assert found.goods[0].unit_price >= 120_000
    hanh = services.store.read(lambda tx: members.summary(services, tx, int(found.member)))
    assert (hanh["short_name"], hanh["flags"]) == ("Hạnh N.", ["birthday"])
    assert hanh["points"]["active"] >= 200
    own = points.coupons(services, SYSTEM, found.member, "issued", None, 50)["items"]
    assert (found.coupon, "coffee-20k") in {(coupon["code"], coupon["promotion"]) for coupon in own}
    states = services.store.read(lambda tx: tx.all("SELECT number FROM cards WHERE state = 'blocked'"))
    assert [row[0] for row in states] == [found.blocked_card]


def test_everybody_may_sign_in_and_every_till_has_a_key(shop: tuple[Services, DemoShop]) -> None:
    services, found = shop
    for login in found.logins:
        _, caller = staff.sign_in(services, login.login, login.password)
        assert caller.role == login.role
    for code, key in found.terminals.items():
        assert staff.by_terminal_key(services, key).terminal == code
