"""Stores and terminals: keys shown once, rotated and revoked at once."""

from __future__ import annotations

import pytest
from conftest import Shop

from loyalty_pos.errors import BadInput, Conflict, NotFound, NotSignedIn
from loyalty_pos.services import staff, stores
from loyalty_pos.services.context import SYSTEM, Request, Services

WRITE = Request(SYSTEM)


def test_a_rotated_key_replaces_the_old_one_and_brings_a_revoked_lane_back(services: Services, shop: Shop) -> None:
    stores.revoke(services, WRITE, "hn-01-1", "stolen")
    _, made = stores.rotate(services, WRITE, "hn-01-1")
    assert staff.by_terminal_key(services, made["key"]).name == "hn-01-1"
    with pytest.raises(NotSignedIn):
        staff.by_terminal_key(services, shop.keys["hn-01-1"])


def test_the_key_is_shown_once_and_to_a_repeated_request(services: Services, shop: Shop) -> None:
    """contract.md 1: the same status and body; no list shows a key."""
    request = Request(SYSTEM, "add-this-terminal", b"body")
    first = stores.add_terminal(services, request, "hn-01-9", "hn-01")
    again = stores.add_terminal(services, request, "hn-01-9", "hn-01")
    assert again[1] == first[1]
    assert again[0].replayed
    assert first[1]["key"] not in repr(stores.list_terminals(services))


def test_revoking_twice_is_revoking_once(services: Services, shop: Shop) -> None:
    _, first = stores.revoke(services, WRITE, "hn-01-1")
    _, again = stores.revoke(services, WRITE, "hn-01-1")
    assert first == again == {"code": "hn-01-1", "store": "hn-01", "state": "revoked"}


def test_what_cannot_be_is_refused(services: Services, shop: Shop) -> None:
    with pytest.raises(Conflict):
        stores.add_store(services, WRITE, "hn-01", "Again")
    with pytest.raises(Conflict):
        stores.add_terminal(services, WRITE, "hn-01-1", "hn-02")
    with pytest.raises(NotFound):
        stores.add_terminal(services, WRITE, "x", "nowhere")
    with pytest.raises(BadInput):
        stores.add_terminal(services, WRITE, "x", "hn-01", ["earn", "everything"])
    with pytest.raises(BadInput):
        stores.add_terminal(services, WRITE, "x", "hn-01", [])
    with pytest.raises(NotFound):
        stores.revoke(services, WRITE, "x")


def test_lists_come_in_pages(services: Services, shop: Shop) -> None:
    assert [store["code"] for store in stores.list_stores(services)["items"]] == ["hn-01", "hn-02"]
    first = stores.list_terminals(services, limit=2)
    rest = stores.list_terminals(services, first["next"], limit=2)
    assert [lane["code"] for lane in first["items"] + rest["items"]] == ["hn-01-1", "hn-01-2", "hn-02-1"]
    assert (first["next"], rest["next"]) == ("hn-01-2", None)


def test_every_change_is_in_the_audit(services: Services, shop: Shop) -> None:
    stores.revoke(services, WRITE, "hn-01-1", "stolen")
    row = services.store.read(lambda tx: tx.all("SELECT by, what, subject, reason FROM audit ORDER BY id DESC"))[0]
    assert tuple(row) == ("system:system", "terminal.revoke", "hn-01-1", "stolen")
