"""What every use case is given: the store, the clock, the ids, the rules, and who calls.

Nothing here is global.  ``app.py`` (or the command line) makes one ``Services``; each request
makes a ``Caller`` and, for a write, a ``Request``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from loyalty_pos.errors import InProgress, LoyaltyError, NotAllowed, NotFound, Refused
from loyalty_pos.ports import Clock, Ids
from loyalty_pos.storage.tx import Store

if TYPE_CHECKING:
    from loyalty_pos.services.rules import RuleBooks

SCOPES = frozenset({"earn", "redeem", "refund", "enroll"})


@dataclass(frozen=True)
class Caller:
    """Who asks: a terminal by its key, a person by session or token, a till that has a pairing code alone.

    ``store_ids`` is None where every store is open (owner, auditor, system).  ``name`` is the code
    or the login, and scopes idempotency keys; ``person`` is what people call a member of staff.
    """

    kind: Literal["terminal", "staff", "system", "pairing"]
    name: str
    scopes: frozenset[str] = frozenset()
    role: str | None = None
    store_id: int | None = None
    terminal_id: int | None = None
    terminal: str | None = None
    store: str | None = None
    staff_id: int | None = None
    store_ids: frozenset[int] | None = None
    person: str | None = None
    pair_again: bool = False
    """Two tills bear this terminal's identity: it earns, but spends nothing until it is paired again."""

    @property
    def key(self) -> str:
        """The scope of idempotency keys."""
        return f"{self.kind}:{self.name}"

    def cashier(self, named: str | None) -> str | None:
        """Who sells: as the till names them, else the person who is signed in."""
        return named or (self.name if self.kind == "staff" else None)

    def need(self, scope: str) -> None:
        """Raise NotAllowed (``scope_missing``) without ``scope``."""
        if scope not in self.scopes:
            raise NotAllowed("scope_missing", scope=scope)

    def need_lane(self) -> tuple[int, int]:
        """(store id, terminal id) of the lane that sells; Refused (``no_terminal``) without one."""
        if self.store_id is None or self.terminal_id is None:
            raise Refused("no_terminal")
        return self.store_id, self.terminal_id

    def need_store(self, store_id: int, what: str) -> None:
        """Raise NotFound (``<what>_unknown``): another store's thing does not exist for this caller."""
        if self.store_ids is not None and store_id not in self.store_ids:
            raise NotFound(f"{what}_unknown")


SYSTEM = Caller(kind="system", name="system", scopes=SCOPES, role="owner")


@dataclass(frozen=True)
class Number:
    """A till's own number of a record, and what was recorded: (terminal, epoch, sequence) is one record (S44)."""

    epoch: int
    sequence: int
    body_hash: bytes


@dataclass(frozen=True)
class Request:
    """One write: who, under which idempotency key (None: not repeatable), with which body.

    ``number`` is taken with the key, in its transaction.  ``seen`` is the last server time (ms)
    that the till had seen when it made this record.
    """

    caller: Caller
    key: str | None = None
    body_hash: bytes = b""
    number: Number | None = None
    seen: int | None = None


@dataclass(frozen=True)
class Outcome:
    """The final answer of a write, as it is saved with its key.

    ``body`` is what the contract shows, without personal data; a refusal stands in ``error``.
    """

    kind: Literal["done", "created", "accepted", "refused"]
    body: Any = None
    sale_id: int | None = None
    error: LoyaltyError | None = None
    replayed: bool = False

    def value(self) -> Any:
        """The body; raises the refusal if it was one."""
        if self.error is not None:
            self.error.replayed = self.replayed
            raise self.error
        return self.body


@dataclass(frozen=True)
class Services:
    """The explicit argument of every use case."""

    store: Store
    clock: Clock
    ids: Ids
    secret: bytes
    rules: RuleBooks
    public_url: str = "http://127.0.0.1:8080"
    data_folder: str = "var"
    seal_key: bytes = b""
    """What the ledger's seals are made with; it is never in the database."""
    backup_every: int = 15
    """Minutes between two backups of an embedded database; 0: at day close alone."""
    backup_copy: str | None = None
    """A second folder that each backup is copied to."""

    def now_ms(self) -> int:
        """Now, in milliseconds since 1970 UTC."""
        return to_ms(self.clock.now())

    @contextmanager
    def in_flight(self, request: Request) -> Iterator[None]:
        """Hold the key while its request runs; InProgress when another one holds it."""
        if request.key is None:
            yield
            return
        name = f"{request.caller.key}/{request.key}"
        if not self.store.claim(name):
            raise InProgress("in_progress", retry_after=1)
        try:
            yield
        finally:
            self.store.release(name)


def to_ms(moment: datetime) -> int:
    """An aware time as milliseconds since 1970 UTC."""
    return int(moment.timestamp() * 1000)


def from_ms(value: int) -> datetime:
    """Milliseconds since 1970 as an aware UTC time."""
    return datetime.fromtimestamp(value / 1000, UTC)
