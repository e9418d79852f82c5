"""A day of the made-up shop is one transaction, and each write in it is still a whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from loyalty_pos.demo.day import in_one_day
from loyalty_pos.demo.opening import DemoClock
from loyalty_pos.errors import Conflict
from loyalty_pos.services import stores
from loyalty_pos.services.context import SYSTEM, Request, Services
from loyalty_pos.services.rules import RuleBooks
from loyalty_pos.storage.engine import open_store
from loyalty_pos.storage.migrate import upgrade

from .test_simulator import NOW, CountedIds


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    url = f"sqlite:///{tmp_path / 'day.db'}"
    upgrade(url)
    found = Services(open_store(url), DemoClock(NOW), CountedIds("day"), b"s" * 32, RuleBooks())
    yield found
    found.store.close()


def codes(services: Services) -> list[str]:
    """The stores there are."""
    return [store["code"] for store in stores.list_stores(services)["items"]]


def test_a_refused_write_takes_back_itself_alone(services: Services) -> None:
    def live(today: Services) -> None:
        stores.add_store(today, Request(SYSTEM, "first-store-00001"), "q1", "Quận 1")
        with pytest.raises(Conflict):
            stores.add_store(today, Request(SYSTEM, "second-store-0001"), "q1", "Quận 1")[0].value()
        stores.add_store(today, Request(SYSTEM, "third-store-00001"), "q2", "Quận 2")
        assert codes(today) == ["q1", "q2"]

    in_one_day(services, live)
    assert codes(services) == ["q1", "q2"]


def test_a_day_that_fails_leaves_nothing(services: Services) -> None:
    def live(today: Services) -> None:
        stores.add_store(today, Request(SYSTEM), "q1", "Quận 1")
        raise RuntimeError("the lights went out")

    with pytest.raises(RuntimeError):
        in_one_day(services, live)
    assert codes(services) == []
