"""How the tills are: what is missing of their numbers, which must be paired again, whose clock is wrong.

Every gap is told here until it is filled, of earlier epochs too (L9): a number that never came
may be a sale that nobody recorded.
"""

from __future__ import annotations

from typing import Any

from loyalty_pos.services.context import Caller, Services, from_ms
from loyalty_pos.services.numbering import MOST_GAPS, contiguous
from loyalty_pos.storage import shops, tills
from loyalty_pos.storage.shops import TerminalRow
from loyalty_pos.storage.tills import Gap
from loyalty_pos.storage.tx import Tx


def list_connections(services: Services, caller: Caller, cursor: str | None = None, limit: int = 50) -> dict[str, Any]:
    """{"items", "next"}: the terminals of the caller's stores by code."""

    def work(tx: Tx) -> dict[str, Any]:
        found = shops.terminals(tx, cursor or "", limit + 1, caller.store_ids)
        items = [_health(tx, row) for row in found[:limit]]
        return {"items": items, "next": found[limit - 1].code if len(found) > limit else None}

    return services.store.read(work)


def _health(tx: Tx, row: TerminalRow) -> dict[str, Any]:
    gaps, top = tills.gaps(tx, row.id, None, MOST_GAPS), tills.highest(tx, row.id, row.epoch)
    present = [gap for gap in gaps if gap.epoch == row.epoch]
    return {
        "terminal": row.code,
        "store": row.store,
        "state": row.state,
        "epoch": row.epoch,
        "high_contiguous": contiguous(top, present) if top else None,
        "gaps": [_gap(gap) for gap in gaps],
        "pair_again": row.pair_again_since is not None,
        "quarantined": tills.waiting(tx, row.id),
        "clock_skew": None if row.skew is None else row.skew // 1000,
    }


def _gap(gap: Gap) -> dict[str, Any]:
    since = from_ms(gap.since).isoformat(timespec="seconds")
    return {"epoch": gap.epoch, "from": gap.first, "to": gap.last, "since": since}
