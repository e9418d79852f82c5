"""Exactly once: a key, its effects and its saved answer are one transaction.

The same key with the same body gives the saved answer again; with another body it is refused.
A refusal decided by the rules is final too: its effects are undone, the refusal is saved.
What depends on the database being there (5xx, ``in_progress``, ``slow_down``) saves nothing.
A till's own number of the record (S44) is taken in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import msgspec

from loyalty_pos import errors
from loyalty_pos.errors import BadInput, InProgress, LoyaltyError, Refused, TooMany, Unavailable
from loyalty_pos.services.context import Outcome, Request, Services
from loyalty_pos.storage import answers, tills
from loyalty_pos.storage.tills import Taken
from loyalty_pos.storage.tx import Stale, Tx

T = TypeVar("T")
TRIES = 3


def is_final(error: LoyaltyError) -> bool:
    """Whether a refusal is saved with its key (contract.md section 1)."""
    if isinstance(error, InProgress | TooMany | Unavailable | errors.NotSignedIn | errors.NotAllowed):
        return False
    return not (isinstance(error, BadInput) or error.code in ("key_reused", "key_missing"))


def saved(tx: Tx, request: Request) -> Outcome | None:
    """The answer saved under this key, or None.  Raises Refused (``key_reused``) for another body."""
    if request.key is None:
        return None
    row = answers.find(tx, request.caller.key, request.key)
    if row is None:
        return None
    if row.body_hash != request.body_hash:
        raise Refused("key_reused")
    if row.outcome == "refused":
        return Outcome("refused", error=_thaw(row.answer), replayed=True)
    body = msgspec.json.decode(row.answer) if row.answer is not None else None
    return Outcome(row.outcome, body=body, sale_id=row.sale_id, replayed=True)


def once(services: Services, request: Request, work: Callable[[Tx], Outcome], tx: Tx) -> Outcome:
    """Run ``work`` under the request's key, inside ``tx``; save its answer or its refusal.

    Raises Taken when the request's number is not free.
    """
    now = services.now_ms()
    _claim(tx, request, now)
    known = saved(tx, request)
    if known is not None:
        return known
    try:
        outcome = work(tx)
    except LoyaltyError as error:
        if request.key is None or not is_final(error):
            raise
        tx.undo()
        _claim(tx, request, now)
        outcome = Outcome("refused", error=error)
    if request.key is not None:
        _save(tx, request, outcome, now)
    return outcome


def _claim(tx: Tx, request: Request, now: int) -> None:
    """Hold the key among all processes, and take the number; undoing the work lets go of both, so they
    are claimed again then."""
    if request.key is None:
        return
    caller, number = request.caller, request.number
    if not answers.lock(tx, caller.key, request.key):
        raise InProgress("in_progress", retry_after=1)
    if number is not None:
        assert caller.terminal_id is not None
        place = (caller.terminal_id, number.epoch, number.sequence)
        if not tills.add_record(tx, *place, request.key, number.body_hash, now):
            raise Taken


def write(services: Services, request: Request, work: Callable[[Tx], Outcome]) -> Outcome:
    """One transaction under one key."""
    with services.in_flight(request):
        return services.store.write(partial(once, services, request, work))


def decide(
    services: Services,
    request: Request,
    load: Callable[[Tx], T],
    post: Callable[[Tx, T], Outcome],
    refused: Callable[[Tx, LoyaltyError], None] = lambda _tx, _error: None,
) -> Outcome:
    """Decide on a snapshot, then write; decide again when what was read has moved meanwhile.

    ``load`` reads and prices (it may raise a refusal); ``post`` writes, guarded by the versions
    that ``load`` saw, and raises Stale when one moved.  The last try does both in one
    transaction, so it ends.  ``refused`` records what a final refusal of ``load`` leaves behind.
    """
    with services.in_flight(request):
        for _ in range(TRIES):
            try:
                ready = services.store.read(lambda tx: _known(tx, request) or load(tx), brief=True)
            except LoyaltyError as error:
                if not is_final(error):
                    raise
                return services.store.write(partial(once, services, request, partial(_refuse, error, refused)))
            if isinstance(ready, Outcome):
                return ready
            try:
                return services.store.write(partial(once, services, request, partial(_with, post, ready)))
            except Stale:
                continue
        try:
            return services.store.write(partial(once, services, request, lambda tx: post(tx, load(tx))))
        except Stale as error:
            raise Unavailable("busy", retry_after=1) from error


def _known(tx: Tx, request: Request) -> Outcome | None:
    """The saved answer, if nothing is left to write: a number that is new belongs to it (S44)."""
    return saved(tx, request) if request.number is None else None


def rehearse(services: Services, work: Callable[[Tx], T]) -> T:
    """What ``work`` would answer; all that it did is taken back.  A preview that cannot differ."""

    def tried(tx: Tx) -> T:
        answer = work(tx)
        tx.undo()
        return answer

    for _ in range(TRIES):
        try:
            return services.store.write(tried)
        except Stale:
            continue
    raise Unavailable("busy", retry_after=1)


def _refuse(error: LoyaltyError, refused: Callable[[Tx, LoyaltyError], None], tx: Tx) -> Outcome:
    refused(tx, error)
    return Outcome("refused", error=error)


def _with(post: Callable[[Tx, T], Outcome], ready: T, tx: Tx) -> Outcome:
    return post(tx, ready)


def _save(tx: Tx, request: Request, outcome: Outcome, at: int) -> None:
    assert request.key is not None
    if outcome.error is not None:
        answer: bytes | None = msgspec.json.encode(_freeze(outcome.error))
    else:
        answer = None if outcome.sale_id is not None else msgspec.json.encode(outcome.body)
    sale_id = None if answer is not None else outcome.sale_id
    row = answers.Answer(request.body_hash, outcome.kind, sale_id, answer)
    answers.save(tx, request.caller.key, request.key, at, row)


def _freeze(error: LoyaltyError) -> dict[str, Any]:
    facts = {"class": type(error).__name__, "code": error.code, "errors": error.errors}
    return facts | {"facts": error.facts}


def _thaw(answer: bytes | None) -> LoyaltyError:
    assert answer is not None
    data = msgspec.json.decode(answer)
    kind: type[LoyaltyError] = getattr(errors, data["class"], errors.Conflict)
    return kind(data["code"], errors=data["errors"], **data["facts"])
