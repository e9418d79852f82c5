"""Once a local day the pairs of goods are counted from the newest baskets of all stores (``domain/habits/pairs.py``).

Read block by block on snapshots, counted in memory, written whole in one transaction.  Invariant:
memory and rows are bounded by ``BASKETS`` and by the goods that are paired, not by the history.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from loyalty_pos.domain.habits.pairs import count, strongest
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.services import rules
from loyalty_pos.services.context import Services
from loyalty_pos.storage import nights, reading
from loyalty_pos.storage import pairs as rows
from loyalty_pos.storage.tx import Tx

NIGHT = "cross-sell"
BASKETS, BLOCK = 200_000, 2_000
"""The newest sales that are counted, and how many are read at once."""
SHOWN = 5


def count_all(services: Services, tell: Callable[[int, int], None]) -> int:
    """Count the pairs, if it was not done today; how many are kept.  ``tell(done, total)`` in sales."""
    today = rules.book(services).programme.local(services.now_ms()).date().isoformat()
    if services.store.read(lambda tx: _done(tx, today)):
        return 0
    newest = services.store.read(rows.newest_sale)
    oldest = max(newest - BASKETS, 0)
    baskets: list[tuple[str, ...]] = []
    for at in range(oldest, newest, BLOCK):
        found = services.store.read(partial(rows.baskets, block=(at, at + BLOCK)))
        baskets += [tuple(map(sys.intern, basket)) for basket in found]
        tell(min(at + BLOCK, newest) - oldest, newest - oldest)
    alone, together = count(baskets)
    found_pairs = [(*pair[:4], round(1000 * pair.lift)) for pair in strongest(len(baskets), alone, together)]

    def write(tx: Tx) -> int:
        tx.wait_for(NIGHT)
        if _done(tx, today):
            return 0
        rows.replace(tx, found_pairs)
        nights.begin(tx, NIGHT, today, f'{{"baskets":{len(baskets)}}}')
        nights.finish(tx, NIGHT, today)
        return len(found_pairs)

    return services.store.write(write)


def _done(tx: Tx, today: str) -> bool:
    night = nights.newest(tx, NIGHT)
    return night is not None and night.day >= today


def shown(tx: Tx, member_id: int, skus: Sequence[str], say: Say) -> list[dict[str, Any]]:
    """What goes with these goods in everybody's baskets and is new to the member, each thing once."""
    best: dict[str, Any] = {}
    for row in rows.for_member(tx, member_id, skus, 10 * SHOWN):
        best.setdefault(row[1], row)
    kept = list(best.values())[:SHOWN]
    names = reading.products(tx, {sku for row in kept for sku in row[:2]})

    def name(sku: str) -> str | None:
        return names[sku].name if sku in names else None

    return [
        {
            "sku": other,
            "name": name(other),
            "with": {"sku": sku, "name": name(sku)},
            "baskets": baskets,
            "together": together,
            "lift": lift / 1000,
            "reason": _because(name(sku) or sku, baskets, together, say),
        }
        for sku, other, baskets, together, lift in kept
    ]


def _because(sku: str, baskets: int, together: int, say: Say) -> str:
    both, all_ = say.number(together), say.number(baskets)
    return say.text(
        f"Có trong {both} trên {all_} giỏ có {sku} của mọi khách; khách này chưa mua.",
        f"In {both} of {all_} baskets of all customers with {sku}; this customer has not bought it.",
    )
