"""Seals: history cannot be rewritten unnoticed by somebody who has the database (reliability.md 3.7, I7).

A job seals what is committed, in steps: each seal holds a digest of a range of facts and the hash
of the seal before it, under an HMAC whose key is not in the database.  The head (``412-9f3c...``)
is printed and kept elsewhere; with it, a chain whose tail was cut off is found too.
"""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Callable
from functools import partial

import msgspec
from msgspec import Struct

from loyalty_pos.errors import BadInput, Refused, Unavailable
from loyalty_pos.services.context import Services
from loyalty_pos.storage import seals
from loyalty_pos.storage.seals import Seal
from loyalty_pos.storage.tx import Tx

STEP = 2000
"""Rows of one seal."""
PAGE = 200
"""Seals that are read at once."""
HOUR_MS = 3_600_000
FIRST = Seal(0, 0, "", 0, 0, 0, b"", b"", b"")
"""Stands before the first seal."""
LOOKS, PAUSE = 100, 0.05
"""How often, and how far apart in seconds, it is looked whether an older writer has ended."""

Progress = Callable[[int, int], None]


class Sealed(Struct, frozen=True):
    """What a run sealed, and the head of the chain after it; None: there is nothing to seal."""

    rows: int
    head: str | None


class Verified(Struct, frozen=True):
    """What was compared, one sentence for each thing that is not as it was sealed, and what waits."""

    findings: list[str]
    seals: int
    rows: int
    head: str | None
    unsealed: int


def seal(services: Services) -> Sealed:
    """Seal every committed fact that is not sealed yet; each seal is its own transaction.

    Unavailable (``ledger_busy``) while an older transaction still writes: what it will commit
    may belong below what is there.  Refused (``seal_key_wrong``) when the chain was made with
    another key, or there is none.
    """
    tops = _settled(services)
    rows = 0
    for facts, top in tops.items():
        while (made := services.store.read(partial(_next, services, facts, top))) is not None:
            if not services.store.write(partial(_append, made)):
                break  # another process seals: it does the rest
            rows += made.size
    return Sealed(rows, services.store.read(head))


def _append(made: Seal, tx: Tx) -> bool:
    return seals.add(tx, made)


def due(services: Services) -> bool:
    """Whether an hour has passed since the newest seal, or its business day is over."""

    def work(tx: Tx) -> bool:
        newest, now = seals.newest(tx), services.now_ms()
        day = services.rules.current(tx).programme.business_date
        return newest is None or now - newest.at >= HOUR_MS or day(newest.at) != day(now)

    return services.store.read(work)


def head(tx: Tx) -> str | None:
    """The head of the chain as it is printed: number and the first characters of its hash."""
    newest = seals.newest(tx)
    return None if newest is None else _name(newest)


def verify(services: Services, anchor: str | None = None, progress: Progress | None = None) -> Verified:
    """Compare every seal, and every row under one, with what was sealed.

    ``anchor`` is a head as it was printed: the chain must still contain it.  BadInput for
    one that cannot be a head.
    """
    named = None if anchor is None else _anchor(anchor)
    total = services.store.read(seals.how_many)
    findings: list[str] = []
    before, done, rows = FIRST, 0, 0
    while page := services.store.read(partial(_page, before.number if done else seals.LOWEST)):
        for one in page:
            findings += _faults(services, before, one)
            before, done, rows = one, done + 1, rows + one.size
            if progress is not None:
                progress(done, total)
    if named is not None:
        findings += services.store.read(partial(_anchored, named))
    return Verified(findings, done, rows, _name(before) if done else None, services.store.read(seals.unsealed))


def _page(number: int, tx: Tx) -> list[Seal]:
    return seals.following(tx, number, PAGE)


def _settled(services: Services) -> dict[str, int]:
    """Kind of facts -> an id up to which everything that will ever be there is there.

    Ids are given before they are committed, so a lower one can appear after a higher one.  But
    whoever could still bring one below the highest committed id is writing now: once all of
    those have ended, nothing is missing.
    """
    tops = services.store.read(seals.tops)
    older = services.store.read(_writers)
    for _ in range(LOOKS):
        if not older:
            return tops
        time.sleep(PAUSE)
        older &= services.store.read(_writers)
    raise Unavailable("ledger_busy")


def _writers(tx: Tx) -> frozenset[str]:
    return tx.writers(seals.TABLES)


def _next(services: Services, facts: str, top: int, tx: Tx) -> Seal | None:
    """The next seal of a kind of facts, continuing the chain as it is now."""
    before = seals.newest(tx)
    if not services.seal_key or (before is not None and before.hash != _hash(services.seal_key, before)):
        raise Refused("seal_key_wrong")
    after = seals.sealed_up_to(tx, facts)
    last = seals.next_range(tx, facts, after, top, STEP)
    if last is None:
        return None
    number, previous = (before.number + 1, before.hash) if before else (1, b"")
    count, digest = seals.digest(tx, facts, after, last)
    made = Seal(number, services.now_ms(), facts, after, last, count, digest, previous, b"")
    return made._replace(hash=_hash(services.seal_key, made))


def _hash(key: bytes, seal_: Seal) -> bytes:
    """HMAC-SHA256 of everything else that the seal says."""
    return hmac.digest(key, msgspec.json.encode(tuple(seal_[:-1])), "sha256")


def _name(seal_: Seal) -> str:
    return f"{seal_.number}-{seal_.hash.hex()[:16]}"


def _faults(services: Services, before: Seal, one: Seal) -> list[str]:
    """What is wrong with a seal, with its place in the chain, and with the rows under it."""
    if one.hash != _hash(services.seal_key, one):
        return [f"seal {one.number} was changed, or made with another key"]
    found, wanted = [], before.number + 1
    if one.number > wanted:
        lost = one.number - 1
        found.append(f"seal {wanted} is missing" if lost == wanted else f"seals {wanted} to {lost} are missing")
    elif one.previous != before.hash:
        found.append(f"seal {one.number} does not continue the seal before it")
    return found + services.store.read(partial(_changed, one))


def _changed(one: Seal, tx: Tx) -> list[str]:
    count, digest = seals.digest(tx, one.facts, one.after_id, one.last_id)
    where = f"{one.facts} up to id {one.last_id}, seal {one.number}"
    if count != one.size:
        return [f"{where}: {one.size} rows were sealed, {count} are there"]
    return [] if digest == one.digest else [f"{where}: not as it was sealed"]


def _anchor(text: str) -> tuple[int, str]:
    """(number, first characters of the hash) of a printed head."""
    found = re.fullmatch(r"([0-9]{1,18})-([0-9a-f]{16})", text.strip())
    if found is None:
        raise BadInput(errors={"anchor": ["invalid"]})
    return int(found[1]), found[2]


def _anchored(anchor: tuple[int, str], tx: Tx) -> list[str]:
    number, start = anchor
    named, newest = seals.find(tx, number), seals.newest(tx)
    if named is None:
        return [f"the anchor names seal {number}, the chain ends at {newest.number if newest else 0}"]
    return [] if named.hash.hex().startswith(start) else [f"seal {number} is not the one that the anchor names"]
