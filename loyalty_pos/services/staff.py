"""Staff and callers: who may sign in, and whom a session, a token or a terminal key stands for.

Passwords are argon2id; sessions, tokens and keys are random and kept as SHA-256 alone.  Signing
in is slowed by misses per login and per source, never locked: an outsider cannot shut anybody
out for longer than the longest delay.  Whatever is revoked is refused by the very next call.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from loyalty_pos.domain.cards import mask_card, read_swipe
from loyalty_pos.errors import BadInput, Conflict, NotFound, NotSignedIn, Refused, TooMany
from loyalty_pos.services.context import SCOPES, Caller, Outcome, Request, Services, from_ms
from loyalty_pos.services.idempotency import write
from loyalty_pos.storage import audit, guesses, reading, shops
from loyalty_pos.storage import staff as rows
from loyalty_pos.storage.shops import TerminalRow
from loyalty_pos.storage.staff import StaffRow
from loyalty_pos.storage.tables import ROLES
from loyalty_pos.storage.tx import Tx

EVERYWHERE = frozenset({"owner", "auditor"})
IDLE_MS = 30 * 60_000
SESSION_MS = 12 * 3_600_000
TOUCH_MS = 60_000
PASSWORD_MIN, PASSWORD_MAX = 8, 256
FREE_MISSES = 5
MISS_WINDOW_MS = 15 * 60_000
LONGEST_DELAY_MS = {"login": 30_000, "source": 300_000}

_HASHER = PasswordHasher()


# Secrets --------------------------------------------------------------------------------------


def secret_hash(secret: str) -> bytes:
    """What is stored of a session, token or key: 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


def secret_of(services: Services, kind: str, seed: str) -> str:
    """The key or token that grows from a random ``seed`` (``services.ids.secret()``).

    The seed is kept with the saved answer, so that a replay shows the same key; without the
    service's own secret it opens nothing.
    """
    digest = hmac.digest(services.secret, f"loyalty-pos {kind} {seed}".encode(), "sha256")
    return f"{kind}-{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _password_hash(password: str) -> str:
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise BadInput(errors={"password": ["too_short" if len(password) < PASSWORD_MIN else "too_long"]})
    return _HASHER.hash(password)


@cache
def _nobody() -> str:
    """A hash to compare with when the login is unknown, so that both answers take as long."""
    return _HASHER.hash("nobody has this password")


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


# The people -----------------------------------------------------------------------------------


def add_staff(
    services: Services,
    request: Request,
    login: str,
    name: str,
    role: str,
    stores: list[str],
    password: str | None = None,
    *,
    token: bool = False,
) -> tuple[Outcome, Any]:
    """A new person: {"login", "name", "role", "stores", "state"}, and "token" when one is asked for.

    Without a password they can use tokens only.  Conflict (``login_taken``), NotFound
    (``store_unknown``); BadInput for an unknown role or a short password.
    """
    if role not in ROLES:
        raise BadInput(errors={"role": ["unknown"]})
    password_hash = _password_hash(password) if password is not None else None
    seed = services.ids.secret() if token else None

    def work(tx: Tx) -> Outcome:
        now = services.now_ms()
        numbers = [_store_id(tx, code) for code in stores]
        staff_id = rows.add(tx, login, name, role, password_hash, now)
        if staff_id is None:
            raise Conflict("login_taken")
        rows.assign(tx, staff_id, numbers)
        if seed is not None:
            rows.add_token(tx, staff_id, secret_hash(secret_of(services, "staff", seed)), now)
        audit.add(tx, now, request.caller.key, "staff.add", login, role)
        return Outcome("created", {"login": login, "seed": seed})

    outcome = write(services, request, work)
    return outcome, services.store.read(lambda tx: _shown(services, tx, outcome.value()))


def _store_id(tx: Tx, code: str) -> int:
    store = shops.store(tx, code)
    if store is None:
        raise NotFound("store_unknown")
    return store.id


def _shown(services: Services, tx: Tx, saved: dict[str, Any]) -> dict[str, Any]:
    person = _find(tx, saved["login"])
    shown = _person(tx, person)
    return shown | {"token": secret_of(services, "staff", saved["seed"])} if saved.get("seed") else shown


def _person(tx: Tx, row: StaffRow) -> dict[str, Any]:
    return {
        "login": row.login,
        "name": row.name,
        "role": row.role,
        "stores": [code for _, code in rows.store_codes(tx, row.id)],
        "card": None if (card := rows.card(tx, row.id)) is None else mask_card(card),
        "state": row.state,
        "created_at": from_ms(row.created_at).isoformat(timespec="seconds"),
    }


def _find(tx: Tx, login: str) -> StaffRow:
    row = rows.find(tx, login)
    if row is None:
        raise NotFound("staff_unknown")
    return row


def list_staff(services: Services, cursor: str | None = None, limit: int = 50) -> dict[str, Any]:
    """{"items", "next"}: everybody by login, disabled ones too."""

    def work(tx: Tx) -> dict[str, Any]:
        found = rows.listed(tx, cursor or "", limit + 1)
        items = [_person(tx, row) for row in found[:limit]]
        return {"items": items, "next": found[limit - 1].login if len(found) > limit else None}

    return services.store.read(work)


def new_token(services: Services, request: Request, login: str) -> tuple[Outcome, Any]:
    """One more personal token: {"login", "role", "token", ...}; NotFound (``staff_unknown``)."""
    seed = services.ids.secret()

    def work(tx: Tx) -> Outcome:
        person = _find(tx, login)
        if person.state != "active":
            raise Conflict("staff_disabled")
        now = services.now_ms()
        rows.add_token(tx, person.id, secret_hash(secret_of(services, "staff", seed)), now)
        audit.add(tx, now, request.caller.key, "staff.token", login, None)
        return Outcome("created", {"login": login, "seed": seed})

    outcome = write(services, request, work)
    return outcome, services.store.read(lambda tx: _shown(services, tx, outcome.value()))


def set_password(services: Services, request: Request, login: str, password: str) -> tuple[Outcome, Any]:
    """A new password; every session of that person ends."""
    password_hash = _password_hash(password)

    def work(tx: Tx) -> Outcome:
        person = _find(tx, login)
        rows.set_password(tx, person.id, password_hash)
        audit.add(tx, services.now_ms(), request.caller.key, "staff.password", login, None)
        return Outcome("done", {"login": login})

    outcome = write(services, request, work)
    return outcome, services.store.read(lambda tx: _shown(services, tx, outcome.value()))


def disable(services: Services, request: Request, login: str, reason: str | None = None) -> tuple[Outcome, Any]:
    """No sign-in any more, sessions and tokens end now; Refused (``last_owner``)."""

    def work(tx: Tx) -> Outcome:
        person = _find(tx, login)
        now = services.now_ms()
        if not rows.disable(tx, person.id, now):
            return Outcome("done", {"login": login})
        if person.role == "owner" and not rows.active_owners(tx):
            raise Refused("last_owner")
        audit.add(tx, now, request.caller.key, "staff.disable", login, reason)
        return Outcome("done", {"login": login})

    outcome = write(services, request, work)
    return outcome, services.store.read(lambda tx: _shown(services, tx, outcome.value()))


def set_card(services: Services, request: Request, login: str, number: str | None) -> tuple[Outcome, Any]:
    """Say which card is a person's own (None: none): it earns nothing at their own till.

    NotFound (``staff_unknown``, ``card_unknown``), Conflict (``card_of_staff``) for another
    person's, BadInput (``payment_card``).
    """

    def work(tx: Tx) -> Outcome:
        person = _find(tx, login)
        card_id = None if number is None else _card_id(services, tx, number)
        if not rows.set_card(tx, person.id, card_id):
            raise Conflict("card_of_staff")
        audit.add(tx, services.now_ms(), request.caller.key, "staff.card", login, None)
        return Outcome("done", {"login": login})

    outcome = write(services, request, work)
    return outcome, services.store.read(lambda tx: _shown(services, tx, outcome.value()))


def _card_id(services: Services, tx: Tx, number: str) -> int:
    prefixes = services.rules.current(tx).programme.own_prefixes
    read = read_swipe(number, own_prefixes=prefixes, scan=True)
    if read.kind == "payment":
        raise BadInput("payment_card", errors={"card": ["payment_card"]})
    card = reading.card(tx, read.value)
    if card is None:
        raise NotFound("card_unknown")
    return card.id


# Signing in -----------------------------------------------------------------------------------


def sign_in(
    services: Services, login: str, password: str, source: str | None = None, terminal: str | None = None
) -> tuple[str, Caller]:
    """(cookie token, caller).  NotSignedIn (``login_wrong``) for every kind of wrong; TooMany
    (``slow_down``) while misses of this login or ``source`` (the caller's address) make it wait.

    ``terminal`` is the code of the lane this browser sells on; unknown or foreign ones are ignored.
    """
    subjects = _subjects(services, login, source)
    services.store.write(lambda tx: _count_try(tx, subjects, services.now_ms()))
    person = services.store.read(lambda tx: rows.find(tx, login))
    usable = person is not None and person.state == "active" and person.password_hash is not None
    right = _matches(person.password_hash if person and usable and person.password_hash else _nobody(), password)
    if person is None or not usable or not right:
        raise NotSignedIn("login_wrong")
    token = services.ids.secret()

    def work(tx: Tx) -> Caller:
        now = services.now_ms()
        for subject in subjects.values():
            guesses.clear(tx, subject)
            rows.delay(tx, subject, 0)
        rows.end_old_sessions(tx, now, now - IDLE_MS)
        lane = shops.terminal(tx, terminal) if terminal else None
        lane_id = lane.id if lane else None
        rows.add_session(tx, person.id, secret_hash(token), lane_id, now, now + SESSION_MS)
        audit.add(tx, now, f"staff:{login}", "staff.sign_in", login, None)
        return _caller(tx, person, lane_id)

    return token, services.store.write(work)


def _subjects(services: Services, login: str, source: str | None) -> dict[str, str]:
    """What misses are counted for; an address is kept as a keyed hash."""
    found = {"login": f"login:{login[:64]}"}
    if source is not None:
        found["source"] = "source:" + hmac.digest(services.secret, source.encode(), "sha256").hex()[:32]
    return found


def _count_try(tx: Tx, subjects: dict[str, str], now: int) -> None:
    """Count the try before the password is looked at, so that tries at once cannot slip through."""
    for kind, subject in subjects.items():
        until = guesses.blocked_until(tx, subject)
        if until > now:
            raise TooMany(retry_after=(until - now + 999) // 1000)
        misses = guesses.add(tx, subject, 1, now, MISS_WINDOW_MS)
        if misses >= FREE_MISSES:
            wait = min(1000 * 2 ** min(misses - FREE_MISSES, 20), LONGEST_DELAY_MS[kind])
            rows.delay(tx, subject, now + wait)


def sign_out(services: Services, token: str) -> None:
    """End the session of this cookie, if it is one."""
    services.store.write(lambda tx: rows.end_session(tx, secret_hash(token)))


# Who calls ------------------------------------------------------------------------------------


def by_session(services: Services, token: str) -> Caller:
    """The person behind a cookie; NotSignedIn when it ended, lay idle 30 minutes or is 12 hours old."""
    hashed = secret_hash(token)
    now = services.now_ms()

    def work(tx: Tx) -> tuple[rows.SessionRow, Caller]:
        session = rows.session(tx, hashed)
        if session is None or session.expires_at <= now or session.seen_at + IDLE_MS <= now:
            raise NotSignedIn
        return session, _caller(tx, rows.by_id(tx, session.staff_id), session.terminal_id)

    session, caller = services.store.read(work)
    if now - session.seen_at >= TOUCH_MS:
        services.store.write(lambda tx: rows.touch(tx, session.id, now))
    return caller


def by_token(services: Services, token: str) -> Caller:
    """The person behind a personal token; NotSignedIn when it is unknown or revoked."""
    return services.store.read(lambda tx: _caller(tx, rows.by_token(tx, secret_hash(token)), None))


def by_terminal_key(services: Services, key: str) -> Caller:
    """The terminal of a key, by one indexed statement.

    NotSignedIn (``not_signed_in``) for an unknown key, (``terminal_revoked``) for a revoked one.
    """
    row = services.store.look(lambda tx: shops.terminal_by_key(tx, secret_hash(key)))
    if row is None:
        raise NotSignedIn
    if row.state != "active":
        raise NotSignedIn("terminal_revoked")
    return as_terminal(row)


def as_terminal(row: TerminalRow) -> Caller:
    """A terminal as a caller."""
    return Caller(
        kind="terminal",
        name=row.code,
        scopes=frozenset(row.scopes.split()),
        store_id=row.store_id,
        terminal_id=row.id,
        terminal=row.code,
        store=row.store,
        store_ids=frozenset({row.store_id}),
        pair_again=row.pair_again_since is not None,
    )


def _caller(tx: Tx, person: StaffRow | None, lane_id: int | None) -> Caller:
    """A person as a caller: the lane they sell on, and the stores that exist for them."""
    if person is None or person.state != "active":
        raise NotSignedIn
    everywhere = person.role in EVERYWHERE
    lane = rows.lane(tx, person.id, everywhere, lane_id) if person.role != "auditor" else None
    return Caller(
        kind="staff",
        name=person.login,
        scopes=frozenset() if person.role == "auditor" else SCOPES,
        role=person.role,
        store_id=lane.store_id if lane else None,
        terminal_id=lane.terminal_id if lane else None,
        terminal=lane.terminal if lane else None,
        store=lane.store if lane else None,
        staff_id=person.id,
        store_ids=None if everywhere else frozenset(number for number, _ in rows.store_codes(tx, person.id)),
        person=person.name,
    )
