"""Lists of what happened at the tills: sales and swipes, newest first, within the caller's stores."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from loyalty_pos.domain.cards import mask_card
from loyalty_pos.errors import BadInput, NotFound
from loyalty_pos.services.context import Caller, Services, from_ms
from loyalty_pos.services.identity import parse_id
from loyalty_pos.services.rules import Programme
from loyalty_pos.storage import members, sales, swipes
from loyalty_pos.storage.tx import Tx


def list_sales(
    services: Services,
    caller: Caller,
    cursor: str | None,
    limit: int,
    member: str | None = None,
    store: str | None = None,
    receipt: str | None = None,
    first: str | None = None,
    last: str | None = None,
) -> dict[str, Any]:
    """{"items", "next"} of sales; ``first`` and ``last`` are local days, inclusive."""

    def work(tx: Tx) -> dict[str, Any]:
        programme = services.rules.current(tx).programme
        rows = sales.listed(
            tx,
            parse_id(cursor, "page") if cursor else 0,
            limit + 1,
            caller.store_ids,
            members.living(tx, parse_id(member, "member")) if member else None,
            store,
            receipt,
            *_span(programme, first, last),
        )
        items = [
            {
                "id": str(row[0]),
                "receipt": row[1],
                "store": row[2],
                "terminal": row[3],
                "member": None if row[4] is None else str(row[4]),
                "sold_at": from_ms(row[5]).isoformat(timespec="seconds"),
                "state": row[6],
                "status": row[7],
                "net": row[8],
                "to_pay": row[9],
                "earned": row[10],
                "redeemed": row[11],
            }
            for row in rows[:limit]
        ]
        return {"items": items, "next": str(rows[limit - 1][0]) if len(rows) > limit else None}

    return services.store.read(work)


def goods(services: Services, caller: Caller, sale_id: str) -> dict[str, Any]:
    """Line -> {"sku", "name", "quantity", "unit_price"} of a sale.

    NotFound (``sale_unknown``) also for another store's.
    """

    def work(tx: Tx) -> dict[str, Any]:
        row = sales.find(tx, parse_id(sale_id, "sale"))
        if row is None:
            raise NotFound("sale_unknown")
        caller.need_store(row.store_id, "sale")
        return {
            line: {"sku": sku, "name": name, "quantity": quantity, "unit_price": price}
            for line, sku, name, quantity, price in sales.goods(tx, row.id)
        }

    return services.store.read(work)


def list_swipes(
    services: Services,
    caller: Caller,
    cursor: str | None,
    limit: int,
    terminal: str | None = None,
    first: str | None = None,
    last: str | None = None,
) -> dict[str, Any]:
    """{"items", "next"} of identifications (S43); card numbers masked."""

    def work(tx: Tx) -> dict[str, Any]:
        programme = services.rules.current(tx).programme
        before = parse_id(cursor, "page") if cursor else 0
        rows = swipes.listed(tx, before, limit + 1, caller.store_ids, terminal, *_span(programme, first, last))
        items = [
            {
                "id": str(row[0]),
                "at": from_ms(row[1]).isoformat(timespec="seconds"),
                "recorded_at": from_ms(row[2]).isoformat(timespec="seconds"),
                "store": row[3],
                "terminal": row[4],
                "cashier": row[5],
                "card": None if row[6] is None else mask_card(row[6]),
                "member": None if row[7] is None else str(row[7]),
                "entry": row[8],
                "outcome": row[9],
            }
            for row in rows[:limit]
        ]
        return {"items": items, "next": str(rows[limit - 1][0]) if len(rows) > limit else None}

    return services.store.read(work)


def _span(programme: Programme, first: str | None, last: str | None) -> tuple[int | None, int | None]:
    """[from, to) in ms of two inclusive local days; BadInput (``not_a_day``)."""
    start, end = day_of("from", first), day_of("to", last)
    return (
        programme.day_begins(start) if start else None,
        programme.day_begins(end + timedelta(days=1)) if end else None,
    )


def day_of(name: str, text: str | None) -> date | None:
    """A local day that was asked for as ``name``; BadInput (``not_a_day``, ``out_of_range``)."""
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadInput(errors={name: ["not_a_day"]}) from None
    if not 2000 <= day.year <= 2100:
        raise BadInput(errors={name: ["out_of_range"]})
    return day
