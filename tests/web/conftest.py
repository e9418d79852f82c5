"""The pages on a database of their own: SQLite alone, because no page knows which one it is."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from loyalty_pos.services import members, staff
from loyalty_pos.services.context import SYSTEM, Request, Services
from loyalty_pos.services.requests import MemberIn

CARD = "2900000000018"
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


@pytest.fixture
def store_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite file."""
    path = tmp_path / "loyalty.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same argon2 with little work: these tests are about pages."""
    monkeypatch.setattr(staff, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def lan(services: Services, shop: Any) -> dict[str, Any]:
    """Member Lan with card 2900000000018: {"member", "card", "page"}."""
    person = MemberIn(card=CARD, name="Nguyễn Thị Lan", phone="0908412218", address="12 Hàng Bông")
    answer: dict[str, Any] = members.enrol(services, Request(SYSTEM), person)[1]
    return answer


class Pages:
    """A browser without scripts: it follows forms and their tokens."""

    def __init__(self, client: FlaskClient, shop: Any) -> None:
        self.client, self.shop, self.password = client, shop, ""

    def sign_in(self, role: str) -> TestResponse:
        """Sign in as the person of a role."""
        self.password = self.shop.password(role)
        return self.post("/login", login=role, password=self.password)

    def text(self, path: str, status: int = 200) -> str:
        """A page's text, answered with ``status``."""
        answer = self.client.get(path)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.get_data(as_text=True)

    def post(self, path: str, page: str | None = None, **fields: Any) -> TestResponse:
        """Send the form of ``page`` (or of ``path``) with its token and hidden key."""
        source = self.client.get(page or path).get_data(as_text=True)
        token = TOKEN.search(source)
        key = re.search(r'name="key"[^>]*value="([^"]+)"', source)
        hidden = {"csrf_token": token[1]} if token else {}
        return self.client.post(path, data=hidden | ({"key": key[1]} if key else {}) | fields)


@pytest.fixture
def pages(client: FlaskClient, shop: Any) -> Pages:
    """Nobody signed in yet."""
    return Pages(client, shop)
