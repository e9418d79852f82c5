"""Returns as they are asked for: of a sale or by its receipt, with or without a new basket (S25-S31).

A preview is the very return, taken back before it is kept: its figures cannot differ.  An exchange
is a return and then a sale in one transaction, so that the new basket is priced with the points,
coupons and uses that have just come back.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from loyalty_pos.domain.basket import Basket
from loyalty_pos.errors import Conflict, NotFound, Refused
from loyalty_pos.services import sales as selling
from loyalty_pos.services.context import Caller, Outcome, Request, Services, to_ms
from loyalty_pos.services.idempotency import decide, rehearse
from loyalty_pos.services.identity import parse_id
from loyalty_pos.services.loading import check_basket, check_scopes, make_ready
from loyalty_pos.services.parking import one_at_a_time, park
from loyalty_pos.services.posting import known_receipt
from loyalty_pos.services.requests import ReceiptReturnIn, ReturnIn, SaleIn
from loyalty_pos.services.reversal import Back, known_return, post_return
from loyalty_pos.storage import ledger, reading, sales
from loyalty_pos.storage.sales import SaleRow
from loyalty_pos.storage.tx import Tx

Find = Callable[[Tx], SaleRow | None]


def give_back(services: Services, request: Request, sale_id: str, body: ReturnIn) -> tuple[Outcome, Any]:
    """Return units of a sale: a Return, and for an exchange its ``sale``; with ``preview`` no effect.

    The same receipt with the same body answers as before, with another one: Conflict
    (``receipt_conflict``).  NotFound (``sale_unknown``) also for another store's sale.
    """
    _check(request.caller, body)
    return _answer(services, request, body, partial(_by_id, request.caller, sale_id))


def give_back_by_receipt(services: Services, request: Request, body: ReceiptReturnIn) -> tuple[Outcome, Any]:
    """The same, the sale named by its receipt.

    Conflict (``receipt_ambiguous``) when several match, Refused (``return_of_return``) for the
    receipt of a return; accepted with status ``parked`` when the sale is not here yet, but for an
    exchange NotFound (``sale_unknown``): its sale and its return can come one by one.
    """
    _check(request.caller, body)
    return _answer(services, request, body, partial(_by_receipt, request.caller, body))


def _check(caller: Caller, body: ReturnIn | ReceiptReturnIn) -> None:
    """An undo of the terminal's own bill needs no ``refund`` (its limits: reversal)."""
    caller.need("earn" if body.reason == "undo" else "refund")
    caller.need_lane()
    if body.exchange is not None:
        check_basket(body.exchange)
        check_scopes(caller, body.exchange)


def _by_id(caller: Caller, sale_id: str, tx: Tx) -> SaleRow:
    sale = sales.find(tx, parse_id(sale_id, "sale"), lock=True)
    if sale is None:
        raise NotFound("sale_unknown")
    caller.need_store(sale.store_id, "sale")
    return sale


def _by_receipt(caller: Caller, body: ReceiptReturnIn, tx: Tx) -> SaleRow | None:
    store_id, _ = caller.need_lane()
    one_at_a_time(tx, store_id, body.sale_receipt)
    day = body.sold_on.isoformat() if body.sold_on else None
    found = sales.by_receipt(tx, store_id, body.sale_receipt, body.sale_terminal, day)
    if len(found) > 1:
        raise Conflict("receipt_ambiguous")
    if found:
        return sales.find(tx, found[0], lock=True)
    if sales.is_return(tx, store_id, body.sale_receipt, body.sale_terminal, day):
        raise Refused("return_of_return")
    if body.exchange is not None:
        raise NotFound("sale_unknown")
    return None


def _answer(services: Services, request: Request, body: ReturnIn | ReceiptReturnIn, find: Find) -> tuple[Outcome, Any]:
    def post(tx: Tx, _ready: object) -> Outcome:
        sale = find(tx)
        if sale is None:
            assert isinstance(body, ReceiptReturnIn)
            request.caller.need("refund")  # an undo is of a bill that is here
            return park(services, tx, request, body)
        return _give_back(services, tx, request, sale, body)

    if body.preview:
        return Outcome("done"), rehearse(services, lambda tx: _as_preview(tx, post(tx, None)))
    outcome = decide(services, request, lambda _tx: object(), post)
    return outcome, services.store.read(lambda tx: _shown(tx, outcome.value()))


def _give_back(
    services: Services, tx: Tx, request: Request, sale: SaleRow, body: ReturnIn | ReceiptReturnIn
) -> Outcome:
    lane, now = request.caller.need_lane(), services.now_ms()
    day = services.rules.current(tx).programme.business_date(now).isoformat()
    back = Back(sale, body.lines, body.receipt, body.reason, lane, day, body.exchange)
    known = known_return(tx, back)
    outcome = known or post_return(services, tx, request, back)
    if body.exchange is None:
        return outcome
    sale_id = _sell(services, tx, request, sale, back, body.exchange, known is not None)
    return Outcome(outcome.kind, body=_netted(tx, outcome.body, sale_id))


def _sell(services: Services, tx: Tx, request: Request, sale: SaleRow, back: Back, basket: Basket, again: bool) -> int:
    """The id of the exchange's sale: written now, or (``again``) with the return that is known already."""
    sold = _as_sale(tx, sale, basket, back.receipt)
    sold_at = services.now_ms() if sold.sold_at is None else to_ms(sold.sold_at)
    known = known_receipt(tx, request.caller, services.rules.current(tx), sold.receipt, sold_at, back.body_hash)
    if again != (known is not None):
        raise Conflict("receipt_conflict")
    if known is not None:
        assert known.sale_id is not None
        return known.sale_id
    ready = make_ready(services, tx, request.caller, sold, "sale", seen=request.seen)
    sale_id, _ = selling.post_new(services, tx, request, ready, sold, back.body_hash)
    return sale_id


def _as_sale(tx: Tx, sale: SaleRow, basket: Basket, receipt: str) -> SaleIn:
    """The new basket under its own receipt, else the return's.

    A basket that names nobody is the customer's of the bill, known but not present: for earning
    only (S23).
    """
    named = (basket.card, basket.swipe, basket.member, basket.swipe_id)
    member = reading.member(tx, sale.member_id) if sale.member_id is not None else None
    fields = msgspec.structs.asdict(basket) | {"receipt": basket.receipt or receipt}
    if member is not None and member.state == "active" and named == (None,) * 4:
        fields |= {"member": str(member.id), "entry": "typed"}
    return SaleIn(**fields)


def _netted(tx: Tx, body: Any, sale_id: int) -> Any:
    """The answer of an exchange: what the new points have covered of the shortfall is taken back (S31)."""
    points = body["points"]
    covered = min(points["shortfall"], ledger.recovered_by(tx, sale_id))
    net = {"taken_back": points["taken_back"] + covered, "shortfall": points["shortfall"] - covered}
    return body | {"points": points | net, "sale": {"id": str(sale_id)}}


def _shown(tx: Tx, body: Any) -> Any:
    """A Return; of an exchange with the whole Sale and ``balance``: what the customer still pays, or gets."""
    if "sale" not in body:
        return body
    sale = selling.first_answer(tx, int(body["sale"]["id"]))
    return body | {"sale": sale, "balance": sale["totals"]["due"] - body["pay_back"]}


def _as_preview(tx: Tx, outcome: Outcome) -> Any:
    """The answer without what will not be there: ids, and codes of coupons."""
    if outcome.body["status"] == "parked":
        return {"status": "parked"}
    shown = {name: value for name, value in _shown(tx, outcome.body).items() if name != "id"} | {"status": "preview"}
    if "sale" in shown:
        shown["sale"] = {name: value for name, value in shown["sale"].items() if name not in ("id", "receipt_text")}
        for coupon in shown["sale"]["next_coupons"]:
            coupon["code"] = None
    return shown
