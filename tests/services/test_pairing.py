"""Pairing: one code, one till, ten minutes; then a new epoch, a new key, and the old key is dead (S44)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from actions import FixedClock
from conftest import Shop
from services.lane import Books, Lane

from loyalty_pos.errors import NotFound, NotSignedIn, TooMany
from loyalty_pos.services import pairing, staff, stores
from loyalty_pos.services.context import SYSTEM, Caller, Request, Services
from loyalty_pos.storage.tables import metadata

Json = dict[str, Any]
WRITE = Request(SYSTEM)
NOBODY = Request(Caller(kind="pairing", name=""))


def invited(services: Services, code: str = "hn-01-1") -> str:
    """A fresh pairing code."""
    return str(pairing.invite(services, WRITE, code)[1]["pairing_code"])


def pairs(services: Services, pairing_code: str, code: str = "hn-01-1") -> Json:
    """The till's new identity."""
    found: Json = pairing.pair(services, NOBODY, code, pairing_code)[1]
    return found


def refused(services: Services, pairing_code: str, code: str = "hn-01-1") -> None:
    """The one refusal that there is."""
    with pytest.raises(NotSignedIn, match="pairing_code_wrong"):
        pairs(services, pairing_code, code)


def test_a_till_gets_the_next_epoch_and_a_new_key(services: Services, shop: Shop) -> None:
    made = pairing.invite(services, WRITE, "hn-01-1")[1]
    assert made["expires_at"] == "2026-11-21T05:10:00+00:00"
    assert made["pairing_code"].isdigit()
    assert len(made["pairing_code"]) == 8
    given = pairs(services, made["pairing_code"])
    assert given["epoch"] == 2
    assert staff.by_terminal_key(services, given["key"]).name == "hn-01-1"
    with pytest.raises(NotSignedIn):
        staff.by_terminal_key(services, shop.keys["hn-01-1"])
    assert pairs(services, invited(services))["epoch"] == 3


def test_a_wrong_a_used_and_an_old_code_are_told_alike(services: Services, shop: Shop, clock: FixedClock) -> None:
    """One code and one sentence, for an unknown terminal and another terminal's code too."""
    code = invited(services)
    refused(services, "00000000")
    refused(services, code, "hn-01-2")
    refused(services, code, "no-such-till")
    pairs(services, code)
    refused(services, code)
    code = invited(services)
    clock.move(minutes=10)
    refused(services, code)
    older, newer = invited(services), invited(services)
    refused(services, older)
    assert pairs(services, f"{newer[:4]}-{newer[4:]}")["epoch"] == 3


def test_the_code_is_nowhere_in_the_database(services: Services, shop: Shop, books: Books) -> None:
    """Stored as a keyed hash; the saved answer of the request keeps a seed alone."""
    request = Request(SYSTEM, "invite-this-till-", b"body")
    made = pairing.invite(services, request, "hn-01-1")[1]
    assert pairing.invite(services, request, "hn-01-1")[1] == made
    rows = repr([books.rows(f"SELECT * FROM {name}") for name in metadata.tables])
    assert made["pairing_code"] not in rows
    given = pairs(services, made["pairing_code"])
    assert given["key"] not in repr([books.rows(f"SELECT * FROM {name}") for name in metadata.tables])


def test_a_repeated_request_hears_the_same_key(services: Services, shop: Shop) -> None:
    """The answer was lost on the way: same key, same body, same answer, one epoch."""
    code = invited(services)
    request = Request(NOBODY.caller, "pair-this-till-01", b"body")
    first = pairing.pair(services, request, "hn-01-1", code)
    again = pairing.pair(services, request, "hn-01-1", code)
    assert again[1] == first[1]
    assert again[0].replayed


def test_five_tries_a_minute(services: Services, shop: Shop, lane: Lane, books: Books, clock: FixedClock) -> None:
    """Like guesses; the working till is not silenced by somebody who tries codes."""
    code = invited(services)
    for _ in range(6):
        refused(services, "00000000")
    with pytest.raises(TooMany):
        pairs(services, code)
    assert books.exceptions() == [("guessing", 0)]
    with pytest.raises(NotFound, match="card_unknown"):
        lane.identifies("2900000000001")
    clock.move(seconds=61)
    assert pairs(services, code)["epoch"] == 2


def test_two_tills_with_one_code_one_wins(services: Services, shop: Shop, books: Books) -> None:
    """Guarded in the row: one epoch, one key that opens."""
    code = invited(services)

    def tries(_: int) -> Json | None:
        try:
            return pairs(services, code)
        except NotSignedIn:
            return None

    with ThreadPoolExecutor(5) as pool:
        found = [given for given in pool.map(tries, range(5)) if given]
    assert [given["epoch"] for given in found] == [2]
    assert staff.by_terminal_key(services, found[0]["key"]).terminal == "hn-01-1"
    assert books.value("SELECT epoch FROM terminals WHERE code = 'hn-01-1'") == 2
    assert books.rows("SELECT epoch FROM till_epochs WHERE terminal_id = 1 ORDER BY epoch") == [(1,), (2,)]


def test_a_manager_invites_for_their_own_stores_alone(services: Services, shop: Shop) -> None:
    manager = Request(staff.by_token(services, shop.tokens["manager"]))
    assert pairing.invite(services, manager, "hn-01-1")[1]["store"] == "hn-01"
    for code in ("hn-02-1", "no-such-till"):
        with pytest.raises(NotFound, match="terminal_unknown"):
            pairing.invite(services, manager, code)


def test_pairing_brings_a_revoked_terminal_back(services: Services, shop: Shop) -> None:
    """What ``terminal_revoked`` tells the cashier to do."""
    stores.revoke(services, WRITE, "hn-01-1")
    with pytest.raises(NotSignedIn, match="terminal_revoked"):
        staff.by_terminal_key(services, shop.keys["hn-01-1"])
    assert staff.by_terminal_key(services, pairs(services, invited(services))["key"]).name == "hn-01-1"
