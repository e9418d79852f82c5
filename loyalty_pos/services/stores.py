"""Stores and their terminals.  A terminal's key is shown when it is made and never again;
rotating or revoking it counts from the very next call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from loyalty_pos.errors import BadInput, Conflict, NotFound
from loyalty_pos.services.context import SCOPES, Caller, Outcome, Request, Services, from_ms
from loyalty_pos.services.idempotency import write
from loyalty_pos.services.staff import secret_hash, secret_of
from loyalty_pos.storage import audit, shops
from loyalty_pos.storage.shops import StoreRow, TerminalRow
from loyalty_pos.storage.tx import Tx


def _store(row: StoreRow) -> dict[str, Any]:
    return {"code": row.code, "name": row.name, "created_at": from_ms(row.created_at).isoformat(timespec="seconds")}


def _terminal(row: TerminalRow) -> dict[str, Any]:
    created = from_ms(row.created_at).isoformat(timespec="seconds")
    scopes = row.scopes.split()
    return {
        "code": row.code,
        "store": row.store,
        "scopes": scopes,
        "state": row.state,
        "epoch": row.epoch,
        "pair_again": row.pair_again_since is not None,
        "created_at": created,
    }


def _find(tx: Tx, code: str) -> TerminalRow:
    row = shops.terminal(tx, code)
    if row is None:
        raise NotFound("terminal_unknown")
    return row


def add_store(services: Services, request: Request, code: str, name: str) -> tuple[Outcome, Any]:
    """A new store: {"code", "name"}; Conflict (``store_taken``)."""

    def work(tx: Tx) -> Outcome:
        now = services.now_ms()
        if shops.add_store(tx, code, name, now) is None:
            raise Conflict("store_taken")
        audit.add(tx, now, request.caller.key, "store.add", code, None)
        return Outcome("created", {"code": code, "name": name})

    outcome = write(services, request, work)
    return outcome, outcome.value()


def list_stores(services: Services, cursor: str | None = None, limit: int = 50) -> dict[str, Any]:
    """{"items", "next"}: the stores by code."""
    found = services.store.read(lambda tx: shops.stores(tx, cursor or "", limit + 1))
    items = [_store(row) for row in found[:limit]]
    return {"items": items, "next": found[limit - 1].code if len(found) > limit else None}


def seen_by(services: Services, caller: Caller) -> list[dict[str, Any]]:
    """{"id", "code", "name"} of the stores whose sales the caller may see, by name."""

    def work(tx: Tx) -> list[dict[str, Any]]:
        ids = shops.store_ids(tx) if caller.store_ids is None else sorted(caller.store_ids)
        return [{"id": row.id, "code": row.code, "name": row.name} for row in shops.named(tx, ids)]

    return services.store.read(work)


def add_terminal(
    services: Services, request: Request, code: str, store: str, scopes: Iterable[str] = SCOPES
) -> tuple[Outcome, Any]:
    """A new lane: {"code", "store", "scopes", "key"}.

    NotFound (``store_unknown``), Conflict (``terminal_taken``), BadInput for an unknown scope.
    """
    wanted = sorted(set(scopes))
    if not wanted or not SCOPES.issuperset(wanted):
        raise BadInput(errors={"scopes": ["unknown"]})
    seed = services.ids.secret()

    def work(tx: Tx) -> Outcome:
        now = services.now_ms()
        shop = shops.store(tx, store)
        if shop is None:
            raise NotFound("store_unknown")
        hashed = secret_hash(secret_of(services, "terminal", seed))
        if shops.add_terminal(tx, shop.id, code, hashed, " ".join(wanted), now) is None:
            raise Conflict("terminal_taken")
        audit.add(tx, now, request.caller.key, "terminal.add", code, store)
        return Outcome("created", {"code": code, "store": store, "scopes": wanted, "seed": seed})

    return _with_key(services, write(services, request, work))


def _with_key(services: Services, outcome: Outcome) -> tuple[Outcome, Any]:
    saved = dict(outcome.value())
    key = secret_of(services, "terminal", saved.pop("seed"))
    return outcome, saved | {"key": key}


def rotate(services: Services, request: Request, code: str, reason: str | None = None) -> tuple[Outcome, Any]:
    """A new key, the old one dead at once; a revoked terminal is in use again: {"code", "store", "key"}."""
    seed = services.ids.secret()

    def work(tx: Tx) -> Outcome:
        row = _find(tx, code)
        shops.set_key(tx, row.id, secret_hash(secret_of(services, "terminal", seed)))
        audit.add(tx, services.now_ms(), request.caller.key, "terminal.rotate", code, reason)
        saved = {"code": code, "store": row.store, "scopes": row.scopes.split(), "seed": seed}
        return Outcome("done", saved)

    return _with_key(services, write(services, request, work))


def revoke(services: Services, request: Request, code: str, reason: str | None = None) -> tuple[Outcome, Any]:
    """The key opens nothing any more: {"code", "store", "state"}; revoking twice is the same as once."""

    def work(tx: Tx) -> Outcome:
        row = _find(tx, code)
        if shops.revoke(tx, row.id):
            audit.add(tx, services.now_ms(), request.caller.key, "terminal.revoke", code, reason)
        return Outcome("done", {"code": code, "store": row.store, "state": "revoked"})

    outcome = write(services, request, work)
    return outcome, outcome.value()


def list_terminals(services: Services, cursor: str | None = None, limit: int = 50) -> dict[str, Any]:
    """{"items", "next"}: the lanes by code, without their keys."""
    found = services.store.read(lambda tx: shops.terminals(tx, cursor or "", limit + 1))
    items = [_terminal(row) for row in found[:limit]]
    return {"items": items, "next": found[limit - 1].code if len(found) > limit else None}
