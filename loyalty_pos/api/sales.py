"""/sales and /returns: facts of the shop floor, which are never refused (contract.md, Facts)."""

from __future__ import annotations

from flask import Response

from loyalty_pos.api.auth import current_caller
from loyalty_pos.api.base import api, page, reply, services, show, text
from loyalty_pos.api.body import MIB, body_hash, harmless, need_key, refuse, write, write_items
from loyalty_pos.services import attach, batch, listings, returns, sales
from loyalty_pos.services.batch import BatchIn, SwipesIn
from loyalty_pos.services.requests import AttachIn, ReceiptReturnIn, ReturnIn, SaleIn


@api.post("/sales")
def sell() -> Response:
    """Open and settle in one; with ``as_sold`` a sale already made, at the price charged (S47)."""
    return reply(sales.sell(services(), *write(SaleIn)))


@api.post("/sales/batch")
def record_batch() -> Response:
    """Up to 500 facts, each under its own key; a bad one never blocks the others."""
    answer = batch.run(services(), current_caller(), write_items(BatchIn, most=8 * MIB), refuse, body_hash)
    for item in answer["items"]:
        item["receipt"] = harmless(item["receipt"])
    return show(answer)


@api.post("/swipes/batch")
def record_swipes() -> Response:
    """Up to 500 identifications made offline, each under its own key (S43)."""
    body = write_items(SwipesIn, most=8 * MIB)
    return show(batch.run_swipes(services(), current_caller(), body, refuse, body_hash))


@api.get("/sales")
def list_sales() -> Response:
    """Sales, newest first: of a member, a store, a receipt, local days (inclusive)."""
    asked = [text(name) for name in ("member", "store", "receipt", "from", "to")]
    return show(listings.list_sales(services(), current_caller(), *page(), *asked))


@api.get("/swipes")
def list_swipes() -> Response:
    """Identifications at the tills, newest first (S43)."""
    asked = [text(name) for name in ("terminal", "from", "to")]
    return show(listings.list_swipes(services(), current_caller(), *page(), *asked))


@api.get("/sales/<sale>")
def get_sale(sale: str) -> Response:
    """A sale as it stands now."""
    return show(sales.get_sale(services(), current_caller(), sale))


@api.post("/sales/<sale>/attach")
def attach_card(sale: str) -> Response:
    """Attach a forgotten card to a sale without a member: it earns, at the price that was charged (S48)."""
    request, body = write(AttachIn)
    return reply(attach.attach(services(), request, sale, body))


@api.post("/sales/<sale>/returns")
def give_back(sale: str) -> Response:
    """Units of a sale come back, perhaps for a new basket; with ``preview`` only what that would give."""
    request, body = write(ReturnIn, key=False)
    return reply(returns.give_back(services(), request if body.preview else need_key(request), sale, body))


@api.post("/returns")
def give_back_by_receipt() -> Response:
    """The same by the sale's receipt; parked (202) when the sale is not here yet."""
    request, body = write(ReceiptReturnIn, key=False)
    return reply(returns.give_back_by_receipt(services(), request if body.preview else need_key(request), body))
