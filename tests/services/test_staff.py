"""Who may sign in, and whom a session, a token or a terminal's key stands for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from actions import FixedClock
from conftest import Shop

from loyalty_pos.errors import BadInput, Conflict, LoyaltyError, NotFound, NotSignedIn, Refused, TooMany
from loyalty_pos.services import staff, stores
from loyalty_pos.services.context import SCOPES, SYSTEM, Request, Services

WRITE = Request(SYSTEM)


def code_of(refused: pytest.ExceptionInfo[LoyaltyError]) -> str:
    return refused.value.code


def test_a_password_opens_a_session_and_sign_out_closes_it(services: Services, shop: Shop) -> None:
    password = shop.password("cashier")
    token, caller = staff.sign_in(services, "cashier", password, "10.0.0.1")
    assert (caller.role, caller.store, caller.terminal) == ("cashier", "hn-01", "hn-01-1")
    assert staff.by_session(services, token) == caller
    staff.sign_out(services, token)
    with pytest.raises(NotSignedIn) as refused:
        staff.by_session(services, token)
    assert code_of(refused) == "not_signed_in"


def test_a_session_ends_idle_after_30_minutes_and_always_after_12_hours(
    services: Services, shop: Shop, clock: FixedClock
) -> None:
    """reliability.md 2, row 17."""
    password = shop.password("owner")
    token, _ = staff.sign_in(services, "owner", password)
    for _ in range(24):
        clock.move(minutes=29, seconds=55)
        staff.by_session(services, token)
    clock.move(minutes=5)
    with pytest.raises(NotSignedIn):
        staff.by_session(services, token)
    idle, _ = staff.sign_in(services, "owner", password)
    clock.move(minutes=30)
    with pytest.raises(NotSignedIn):
        staff.by_session(services, idle)


def test_wrong_login_and_wrong_password_sound_the_same(services: Services, shop: Shop) -> None:
    """A guesser does not learn which logins there are (reliability.md 2, row 7)."""
    shop.password("owner")
    for login, password in (("nobody", "mat khau thu nghiem"), ("owner", "wrong password"), ("manager", "any")):
        with pytest.raises(NotSignedIn) as refused:
            staff.sign_in(services, login, password)
        assert code_of(refused) == "login_wrong"


def test_misses_slow_a_login_down_more_and_more_and_never_lock_it(
    services: Services, shop: Shop, clock: FixedClock
) -> None:
    """reliability.md 2, row 7: a growing delay, never a lock by outsiders."""
    password = shop.password("owner")
    waits = []
    for _ in range(8):
        with pytest.raises(LoyaltyError) as refused:
            staff.sign_in(services, "owner", "guess", "10.0.0.9")
        if isinstance(refused.value, TooMany):
            waits.append(refused.value.retry_after)
            clock.move(seconds=refused.value.retry_after)
    assert waits == [1, 2]
    clock.move(seconds=staff.LONGEST_DELAY_MS["login"] / 1000)
    _, caller = staff.sign_in(services, "owner", password, "10.0.0.1")
    assert caller.name == "owner"
    staff.sign_in(services, "owner", password, "10.0.0.1")


def test_one_source_that_tries_many_logins_is_slowed_down(services: Services, shop: Shop) -> None:
    """reliability.md 2, row 7: limits on the source too."""
    for number in range(staff.FREE_MISSES):
        with pytest.raises(NotSignedIn):
            staff.sign_in(services, f"login-{number}", "guess", "10.0.0.9")
    with pytest.raises(TooMany):
        staff.sign_in(services, "another", "guess", "10.0.0.9")
    with pytest.raises(NotSignedIn):
        staff.sign_in(services, "another", "guess", "10.0.0.8")


def test_a_new_password_or_a_disabled_person_ends_what_was_open(services: Services, shop: Shop) -> None:
    password = shop.password("cashier")
    token, _ = staff.sign_in(services, "cashier", password)
    shop.password("cashier")
    with pytest.raises(NotSignedIn):
        staff.by_session(services, token)
    assert staff.by_token(services, shop.tokens["cashier"]).name == "cashier"
    staff.disable(services, WRITE, "cashier", "left")
    with pytest.raises(NotSignedIn):
        staff.by_token(services, shop.tokens["cashier"])
    with pytest.raises(NotSignedIn):
        staff.sign_in(services, "cashier", password)


def test_the_last_owner_stays(services: Services, shop: Shop) -> None:
    with pytest.raises(Refused) as refused:
        staff.disable(services, WRITE, "owner")
    assert code_of(refused) == "last_owner"
    assert staff.by_token(services, shop.tokens["owner"]).role == "owner"


def test_each_role_has_its_scopes_stores_and_lane(services: Services, shop: Shop) -> None:
    """contract.md 3, Who may what."""
    callers = {role: staff.by_token(services, token) for role, token in shop.tokens.items()}
    assert callers["owner"].store_ids is None
    assert callers["auditor"].store_ids is None
    assert callers["auditor"].scopes == frozenset()
    assert callers["auditor"].terminal is None
    for role in ("owner", "manager", "cashier"):
        assert callers[role].scopes == SCOPES
        assert callers[role].terminal == "hn-01-1"
    assert callers["cashier"].store_ids == callers["manager"].store_ids
    assert len(callers["manager"].store_ids or ()) == 1


def test_the_session_keeps_the_lane_it_was_opened_on(services: Services, shop: Shop) -> None:
    password = shop.password("manager")
    token, caller = staff.sign_in(services, "manager", password, terminal="hn-01-2")
    assert caller.terminal == "hn-01-2"
    stores.revoke(services, WRITE, "hn-01-2")
    assert staff.by_session(services, token).terminal == "hn-01-1"
    _, foreign = staff.sign_in(services, "manager", password, terminal="hn-02-1")
    assert foreign.terminal == "hn-01-1"


def test_terminal_keys_open_until_they_are_revoked(services: Services, shop: Shop) -> None:
    """Revocation counts from the very next call (reliability.md 2, row 10)."""
    caller = staff.by_terminal_key(services, shop.keys["hn-01-2"])
    assert (caller.kind, caller.name, caller.store, caller.scopes) == ("terminal", "hn-01-2", "hn-01", {"earn"})
    stores.revoke(services, WRITE, "hn-01-2")
    with pytest.raises(NotSignedIn) as refused:
        staff.by_terminal_key(services, shop.keys["hn-01-2"])
    assert code_of(refused) == "terminal_revoked"
    with pytest.raises(NotSignedIn) as refused:
        staff.by_terminal_key(services, "terminal-unknown")
    assert code_of(refused) == "not_signed_in"


def test_a_repeated_request_shows_the_same_token_and_the_database_holds_no_key(services: Services, shop: Shop) -> None:
    """Idempotency (contract.md 1); secrets are stored hashed (reliability.md 2, row 10)."""
    request = Request(SYSTEM, "repeat-this-token", b"body")
    _, first = staff.new_token(services, request, "owner")
    outcome, again = staff.new_token(services, request, "owner")
    assert outcome.replayed
    assert again == first
    rows = services.store.read(lambda tx: [tx.all(f"SELECT * FROM {name}") for name in ("answers", "staff_tokens")])
    assert first["token"] not in repr(rows)
    stolen = replace(services, secret=b"another secret of the service")
    assert staff.new_token(stolen, request, "owner")[1]["token"] != first["token"]


def test_bad_staff_is_refused(services: Services, shop: Shop) -> None:
    with pytest.raises(Conflict) as taken:
        staff.add_staff(services, WRITE, "owner", "Again", "owner", [], None)
    assert code_of(taken) == "login_taken"
    with pytest.raises(NotFound):
        staff.add_staff(services, WRITE, "x", "X", "cashier", ["nowhere"], None)
    for role, password in (("king", None), ("owner", "short")):
        with pytest.raises(BadInput):
            staff.add_staff(services, WRITE, "x", "X", role, [], password)
    assert "x" not in [person["login"] for person in staff.list_staff(services)["items"]]
    with pytest.raises(NotFound):
        staff.new_token(services, WRITE, "x")


def test_everybody_is_listed_in_pages(services: Services, shop: Shop) -> None:
    first = staff.list_staff(services, limit=3)
    rest = staff.list_staff(services, first["next"], limit=3)
    logins = [person["login"] for person in first["items"] + rest["items"]]
    assert logins == ["auditor", "cashier", "manager", "owner"]
    assert rest["next"] is None
    assert first["items"][1]["stores"] == ["hn-01"]
