"""A member's habits as the contract shows them, and all habits counted anew from the sales.

Invariant: ``rebuild`` finds what each sale and return has left, figure by figure (habits.md section 1).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from itertools import pairwise
from typing import Any

from loyalty_pos.domain.habits.profile import score
from loyalty_pos.services import visits
from loyalty_pos.services.context import Caller, Services, from_ms
from loyalty_pos.services.points import account_of
from loyalty_pos.storage import habits, members, reading, recount
from loyalty_pos.storage.recount import Block
from loyalty_pos.storage.tx import Tx

MEMBERS = 20
"""Members of one transaction of ``rebuild``: a till waits for so many at most."""


def profile(services: Services, caller: Caller, member_id: str) -> dict[str, Any]:
    """The habits of a member, from the counters that each sale moves (habits.md section 1)."""

    def work(tx: Tx) -> dict[str, Any]:
        account = account_of(tx, member_id)
        row = habits.profile(tx, account.id)
        now = services.now_ms()
        days = [date.fromisoformat(day) for day in habits.days(tx, account.id)]
        gaps = [(later - earlier).days for earlier, later in pairwise(days)]
        visited, items, spend, first_at, last_at = row[:5] if row else (0, 0, 0, None, None)
        times = row[5:] if row else (0,) * 11
        return {
            "visits": visited,
            "items": items,
            "spend": spend,
            "average_basket": spend // visited if visited else 0,
            "first_purchase": None if first_at is None else _moment(first_at),
            "last_purchase": None if last_at is None else _moment(last_at),
            "rhythm": {
                "gaps": len(gaps),
                "mean_days": round(sum(gaps) / len(gaps), 2) if gaps else None,
                "mean_square_days": round(sum(g * g for g in gaps) / len(gaps), 2) if gaps else None,
                "weekdays": list(times[:7]),
                "dayparts": dict(zip(habits.DAYPARTS, times[7:], strict=True)),
            },
            "favourites": _favourites(tx, "member_products", "sku", account.id, now),
            "categories": _favourites(tx, "member_categories", "category", account.id, now),
            "stores": [
                {"store": code, "visits": count, "last": _moment(at)}
                for code, count, at in habits.stores(tx, account.id)
            ],
        }

    return services.store.read(work)


def _favourites(tx: Tx, table: str, key: str, member_id: int, now: int) -> list[dict[str, Any]]:
    rows = habits.favourites(tx, table, key, member_id, 20)
    names = reading.products(tx, (row.name for row in rows)) if key == "sku" else {}
    return [
        {
            key: row.name,
            "name": names[row.name].name if row.name in names else None,
            "times": row.times,
            "quantity": row.quantity / 1000,
            "spend": row.spend,
            "first": _moment(row.first_at),
            "last": _moment(row.last_at),
            "score": round(score(row.weight, now), 4),
        }
        for row in rows
    ]


def _moment(at: int) -> str:
    return from_ms(at).isoformat(timespec="seconds")


def rebuild(services: Services, tell: Callable[[int, int], None]) -> dict[str, int]:
    """Count all habits anew from the sales, some members a transaction: {"members"}, how many were counted.

    Tills sell meanwhile.  A run that was cut off has done no harm; the next one does all of them again.
    """
    blocks = services.store.read(lambda tx: recount.blocks(tx, "members", MEMBERS))
    counted = 0
    for number, block in enumerate(blocks, start=1):
        counted += services.store.write(partial(_rebuild_some, services, block))
        tell(number, len(blocks))
    return {"members": counted}


def _rebuild_some(services: Services, block: Block, tx: Tx) -> int:
    book, found = services.rules.current(tx), members.between(tx, block)
    members.lock(tx, *found)
    for member_id in found:
        visits.recount(tx, book, member_id)
        members.touch(tx, member_id)
    return len(found)
