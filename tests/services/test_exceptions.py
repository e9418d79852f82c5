"""The manager's list of what could not be given as priced."""

from __future__ import annotations

import pytest
from conftest import Shop

from loyalty_pos.errors import Conflict, NotFound
from loyalty_pos.services import exceptions, staff
from loyalty_pos.services.context import Request, Services
from loyalty_pos.storage.posting import add_exception


@pytest.fixture
def two(services: Services, shop: Shop) -> Services:
    """One exception in each store."""
    stores = {code: staff.by_terminal_key(services, key).store_id or 0 for code, key in shop.keys.items()}
    for lane in ("hn-01-1", "hn-02-1"):
        add = stores[lane]
        services.store.write(lambda tx, add=add: add_exception(tx, add, services.now_ms(), "guessing", 0, 0, None))
    return services


def test_a_manager_sees_and_resolves_what_is_in_their_stores(two: Services, shop: Shop) -> None:
    """contract.md 3: another store's exception does not exist for them."""
    owner, manager = (staff.by_token(two, shop.tokens[role]) for role in ("owner", "manager"))
    everything = exceptions.list_exceptions(two, owner)["items"]
    mine = exceptions.list_exceptions(two, manager, state="open")["items"]
    assert [row["store"] for row in everything] == ["hn-02", "hn-01"]
    assert [row["store"] for row in mine] == ["hn-01"]
    _, done = exceptions.resolve(two, Request(manager), mine[0]["id"], "accepted", "spoke to the cashier")
    assert (done["state"], done["note"]) == ("resolved", "accepted: spoke to the cashier")
    assert exceptions.list_exceptions(two, manager, state="open")["items"] == []
    with pytest.raises(Conflict):
        exceptions.resolve(two, Request(manager), mine[0]["id"], "accepted")
    with pytest.raises(NotFound):
        exceptions.resolve(two, Request(manager), everything[0]["id"], "accepted")


def test_the_list_comes_in_pages(two: Services, shop: Shop) -> None:
    owner = staff.by_token(two, shop.tokens["owner"])
    first = exceptions.list_exceptions(two, owner, limit=1)
    rest = exceptions.list_exceptions(two, owner, cursor=first["next"], limit=1)
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (1, 1, None)
