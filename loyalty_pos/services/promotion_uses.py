"""What promotions gave at the caller's stores, and which bills each version of one priced."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from loyalty_pos.services.context import Caller, Services, from_ms
from loyalty_pos.services.identity import parse_id
from loyalty_pos.services.promotions import find
from loyalty_pos.storage import shops, uses
from loyalty_pos.storage.tx import Tx

DAYS = 30


def given(services: Services, caller: Caller) -> dict[str, Any]:
    """{"since", "sold", "promotions": {code: {"uses", "amount"}}} of the last 30 local days, today among them.

    Minor units; gifts and points by their worth.  Sales that came back whole are left out.
    """

    def work(tx: Tx) -> dict[str, Any]:
        programme = services.rules.current(tx).programme
        first = programme.local(services.now_ms()).date() - timedelta(days=DAYS - 1)
        stores, since = _stores(tx, caller), programme.day_begins(first)
        found = uses.given(tx, stores, since)
        return {
            "since": first.isoformat(),
            "sold": uses.sold(tx, stores, since),
            "promotions": {code: one._asdict() for code, one in found.items()},
        }

    return services.store.read(work)


def bills(
    services: Services, caller: Caller, code: str, version: int, cursor: str | None = None, limit: int = 50
) -> dict[str, Any]:
    """{"items", "next"} of the sales that a version priced, newest first; NotFound (``promotion_unknown``)."""

    def work(tx: Tx) -> dict[str, Any]:
        find(tx, code)
        before = parse_id(cursor, "page") if cursor else 0
        rows = uses.bills(tx, _stores(tx, caller), code, version, before, limit + 1)
        items = [
            {
                "id": str(row.sale_id),
                "receipt": row.receipt,
                "store": row.store,
                "sold_at": from_ms(row.sold_at).isoformat(timespec="seconds"),
                "state": row.state,
                "uses": row.uses,
                "amount": row.amount,
            }
            for row in rows[:limit]
        ]
        return {"items": items, "next": items[-1]["id"] if len(rows) > limit else None}

    return services.store.read(work)


def _stores(tx: Tx, caller: Caller) -> Sequence[int]:
    return shops.store_ids(tx) if caller.store_ids is None else sorted(caller.store_ids)
