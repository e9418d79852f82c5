"""Attaching a forgotten card to a sale that is paid: the till's verb for ``crediting``."""

from __future__ import annotations

from typing import Any

from loyalty_pos.domain.pricing.explain import message
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.errors import BadInput, Conflict, NotFound, Refused
from loyalty_pos.services import guesses, identity
from loyalty_pos.services.checkout import record_swipe, use_code
from loyalty_pos.services.context import Outcome, Request, Services, from_ms
from loyalty_pos.services.crediting import DAY_MS, credit
from loyalty_pos.services.idempotency import decide
from loyalty_pos.services.identity import Holder, parse_id
from loyalty_pos.services.loading import own_till
from loyalty_pos.services.members import summary
from loyalty_pos.services.requests import AttachIn
from loyalty_pos.services.rules import Book
from loyalty_pos.storage import sales
from loyalty_pos.storage.sales import SaleRow
from loyalty_pos.storage.tx import Tx


def attach(services: Services, request: Request, sale_id: str, body: AttachIn) -> tuple[Outcome, Any]:
    """Attach a forgotten card: {"sale", "receipt", "attached_at", "member", "points": {"earned"}, "messages"}.

    NotFound (``sale_unknown``, ``card_unknown``), Conflict (``sale_has_member``, ``sale_returned``,
    ``attach_too_late``), Refused (``card_blocked``), BadInput (``payment_card``).
    """
    if (body.card is None) == (body.swipe is None):
        raise BadInput(errors={"card": ["one_identity"]})
    caller = request.caller
    caller.need("earn")
    lane = caller.need_lane()

    def post(tx: Tx, _ready: object) -> Outcome:
        now = services.now_ms()
        guesses.check(tx, caller, now)
        book = services.rules.current(tx)
        sale = _open_sale(tx, book, request, sale_id, now)
        entry = "typed" if body.swipe is None else "scan"
        holder = identity.find(services, tx, book, body.card or body.swipe or "", entry)
        use_code(tx, holder)
        swipe_id = record_swipe(tx, lane, caller.cashier(body.cashier), holder, now)
        if holder.member is None:
            guesses.note(tx, caller, 1, now)
            return Outcome("refused", error=NotFound("card_unknown"))
        if holder.blocked:
            return Outcome("refused", error=Refused("card_blocked"))
        own = any(own_till(tx, caller, seller, holder) for seller in (sale.cashier, body.cashier))
        earned = credit(services, tx, request, sale, holder.member.id, swipe_id, own)
        return Outcome("created", _said(book, sale, holder, earned, own, now))

    outcome = decide(services, request, lambda _tx: object(), post)
    said = outcome.value()
    member_id = int(said["member"]["id"])
    said["member"] = services.store.read(lambda tx: summary(services, tx, member_id))
    return outcome, said


def _open_sale(tx: Tx, book: Book, request: Request, sale_id: str, now: int) -> SaleRow:
    """The sale, locked, if a card may still be attached to it."""
    sale = sales.find(tx, parse_id(sale_id, "sale"), lock=True)
    if sale is None:
        raise NotFound("sale_unknown")
    request.caller.need_store(sale.store_id, "sale")
    if sale.member_id is not None:
        raise Conflict("sale_has_member")
    if sale.state == "returned":
        raise Conflict("sale_returned")
    if now - sale.sold_at > book.programme.attach_days * DAY_MS:
        raise Conflict("attach_too_late")
    return sale


def _said(book: Book, sale: SaleRow, holder: Holder, earned: int, own: bool, now: int) -> dict[str, Any]:
    assert holder.member is not None
    return {
        "sale": str(sale.id),
        "receipt": sale.receipt,
        "attached_at": from_ms(now).isoformat(timespec="seconds"),
        "member": {"id": str(holder.member.id)},
        "points": {"earned": earned},
        "messages": [message("staff_card", Say(book.language, book.programme.currency))] if own else [],
    }
