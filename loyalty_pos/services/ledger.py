"""The ledger proves itself: the laws of reliability.md 3.10, recomputed from the rows.

Nothing here uses the code that wrote the rows: sums are taken anew, in plain SQL, and compared
with what is stored.  One clear line per violation; an empty list is the proof.

L4 no balance of a member below 0 at any prefix of the entries; L5 the running balances, the
lots, the uses and the profiles equal their recomputation; L6 a coupon is used at most once and
each use has its sale.
"""

from __future__ import annotations

from collections.abc import Callable

from loyalty_pos.services.context import Services
from loyalty_pos.storage import laws
from loyalty_pos.storage.tx import Tx

Progress = Callable[[int, int], None]


def check(services: Services, progress: Progress | None = None) -> list[str]:
    """All violations as sentences; ``progress(done, total)`` is told after each law."""

    def work(tx: Tx) -> list[str]:
        found: list[str] = []
        for number, law in enumerate(laws.LAWS, start=1):
            found += [f"{law.code}: {law.sentence.format(*row)}" for row in tx.all(law.sql)]
            if progress is not None:
                progress(number, len(laws.LAWS))
        return found

    return services.store.read(work)
