"""Pairing: how a till gets its identity, a key and an epoch, without anybody typing a key.

Whoever runs the shop asks for a code; it is good for ten minutes and for one till.  The till that
uses it begins the next epoch with a new key, and the old key is dead: of two tills with one
identity, one is left.  The code is kept as a keyed hash alone.
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from typing import Any

from loyalty_pos.errors import NotFound, NotSignedIn
from loyalty_pos.services import guesses
from loyalty_pos.services.context import Caller, Outcome, Request, Services, from_ms
from loyalty_pos.services.idempotency import saved, write
from loyalty_pos.services.staff import secret_hash, secret_of
from loyalty_pos.storage import audit, shops, tills
from loyalty_pos.storage import guesses as misses
from loyalty_pos.storage.tx import Tx

GOOD_FOR_MS = 10 * 60_000
DIGITS = 8


def invite(services: Services, request: Request, code: str, reason: str | None = None) -> tuple[Outcome, Any]:
    """A pairing code for a terminal: {"code", "store", "pairing_code", "expires_at"}; an earlier one is dead.

    NotFound (``terminal_unknown``) also for another store's.
    """
    seed = services.ids.secret()

    def work(tx: Tx) -> Outcome:
        row = shops.terminal(tx, code)
        if row is None:
            raise NotFound("terminal_unknown")
        request.caller.need_store(row.store_id, "terminal")
        now = services.now_ms()
        tills.put_pairing_code(tx, row.id, _hash(services, code, _digits(services, seed)), now + GOOD_FOR_MS)
        audit.add(tx, now, request.caller.key, "terminal.invite", code, reason)
        expires = from_ms(now + GOOD_FOR_MS).isoformat(timespec="seconds")
        return Outcome("created", {"code": code, "store": row.store, "expires_at": expires, "seed": seed})

    outcome = write(services, request, work)
    made = dict(outcome.value())
    made["pairing_code"] = _digits(services, made.pop("seed"))
    return outcome, made


def pair(services: Services, request: Request, code: str, pairing_code: str) -> tuple[Outcome, Any]:
    """The till's identity from now on: {"epoch", "key"}.

    NotSignedIn (``pairing_code_wrong``) for a code that is wrong, over or used, and for an unknown
    terminal; TooMany (``slow_down``) after five tries a minute.
    """
    row = services.store.read(lambda tx: shops.terminal(tx, code))
    if row is None:
        raise NotSignedIn("pairing_code_wrong")
    till = Caller(kind="pairing", name=code, store_id=row.store_id)
    asked = replace(request, caller=till)
    if services.store.read(lambda tx: saved(tx, asked)) is None:
        services.store.write(lambda tx: _count_try(tx, till, services.now_ms()))
    hashed, seed = _hash(services, code, pairing_code), services.ids.secret()

    def work(tx: Tx) -> Outcome:
        now = services.now_ms()
        if not tills.use_pairing_code(tx, row.id, hashed, now):
            raise NotSignedIn("pairing_code_wrong")
        epoch = shops.begin_epoch(tx, row.id, secret_hash(secret_of(services, "terminal", seed)), now)
        misses.clear(tx, till.key)
        audit.add(tx, now, till.key, "terminal.pair", code, None)
        return Outcome("done", {"epoch": epoch, "seed": seed})

    outcome = write(services, asked, work)
    given = outcome.value()
    return outcome, {"epoch": given["epoch"], "key": secret_of(services, "terminal", given["seed"])}


def _count_try(tx: Tx, till: Caller, now: int) -> None:
    """Count the try before the code is looked at, one after another, so that tries at once cannot slip through."""
    tx.wait_for(till.key)
    guesses.check(tx, till, now)
    guesses.note(tx, till, 1, now)


def _digits(services: Services, seed: str) -> str:
    """The code that grows from a seed: the saved answer of a repeated request keeps the seed alone."""
    digest = hmac.digest(services.secret, f"loyalty-pos pairing {seed}".encode(), "sha256")
    return f"{int.from_bytes(digest[:8], 'big') % 10**DIGITS:0{DIGITS}d}"


def _hash(services: Services, code: str, pairing_code: str) -> bytes:
    """What is kept: eight digits need a key, or whoever reads the database tries them all."""
    typed = "".join(pairing_code.split()).replace("-", "")
    return hmac.digest(services.secret, f"loyalty-pos pair {code} {typed}".encode(), "sha256")
