"""The ledger proves itself: the laws of reliability.md 3.10, recomputed from the rows.

Nothing here uses the code that wrote the rows: everything is added up anew and compared with
what is stored.  One clear line per violation; an empty list is the proof.

L4 no balance of a member, gift card or wallet below 0 at any prefix of the entries; L5 the running balances, lots,
sales, returns, limits and habits equal their recomputation; L6 a coupon is used at most once, each use has
its sale, its state is its newest event's; L7 the sum of everything is 0; L8 the chain of seals is
whole, up to the anchor that is named; L9 a till's numbers are all here or listed as missing; L11
when the holds were last released, none was left open more than a minute after its time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from zoneinfo import ZoneInfo

from loyalty_pos.services import recount, seals
from loyalty_pos.services.context import Services
from loyalty_pos.storage import due, laws
from loyalty_pos.storage import recount as blocks
from loyalty_pos.storage.laws import Law
from loyalty_pos.storage.tx import Tx

Progress = Callable[[int, int], None]
Step = Callable[[Tx], Iterable[str]]


def check(services: Services, anchor: str | None = None, progress: Progress | None = None) -> list[str]:
    """All violations as sentences, on one snapshot; ``progress(done, total)`` is told after each step.

    ``anchor`` is a printed head of the seals that the chain must still contain; BadInput for
    one that cannot be a head.
    """

    def work(tx: Tx) -> list[str]:
        found: list[str] = []
        steps = _steps(services, tx)
        for number, step in enumerate(steps, start=1):
            found += step(tx)
            if progress is not None:
                progress(number, len(steps) + 1)
        return found

    broken = services.store.read(work)
    broken += [f"L8: {line}" for line in seals.verify(services, anchor).findings]
    if progress is not None:
        progress(1, 1)
    return broken


def holds_judged_at(services: Services) -> int | None:
    """When the holds were last released (ms), which is the moment that L11 is judged at; None: never here."""
    return services.store.read(lambda tx: due.last_run(tx, "release-holds"))


def _steps(services: Services, tx: Tx) -> list[Step]:
    """The queries, then the recount in blocks."""
    zone = ZoneInfo(services.rules.current(tx).programme.zone)
    queries: list[Step] = [partial(_query, law) for law in laws.LAWS]
    parts: list[Step] = [recount.usage]
    parts += [partial(recount.lines, block=one) for one in blocks.blocks(tx, "sales", recount.SALES)]
    parts += [partial(recount.habits, block=one, zone=zone) for one in blocks.blocks(tx, "members", recount.MEMBERS)]
    return queries + [partial(_recounted, part) for part in parts]


def _query(law: Law, tx: Tx) -> list[str]:
    return [f"{law.code}: {law.sentence.format(*row)}" for row in tx.all(law.sql)]


def _recounted(part: Step, tx: Tx) -> list[str]:
    return [f"L5: {line}" for line in part(tx)]
