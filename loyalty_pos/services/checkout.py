"""The till's main verbs: identify, quote, open a checkout, change it, settle it, void it.

Quotes change nothing.  A checkout holds the coupons, points and uses that its price stands on,
for fifteen minutes by the server's clock (S21).  Settle posts the stored price and never prices
(S48); after the holds have lapsed the sale is recorded all the same, and what could not be had
any more is the store's exception (contract.md, Facts).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct, structs

from loyalty_pos.domain.basket import Basket
from loyalty_pos.domain.pricing.request import Language
from loyalty_pos.domain.pricing.result import Priced
from loyalty_pos.errors import Conflict, LoyaltyError, NotFound
from loyalty_pos.services import guesses, holding, identity
from loyalty_pos.services.answers import checkout_answer, dress
from loyalty_pos.services.context import Caller, Outcome, Request, Services
from loyalty_pos.services.idempotency import decide, write
from loyalty_pos.services.identity import CardConflict, Holder
from loyalty_pos.services.loading import Ready, check_basket, check_scopes, make_ready
from loyalty_pos.services.members import summary
from loyalty_pos.services.requests import SwipeIn
from loyalty_pos.storage import cards, checkouts, members
from loyalty_pos.storage.checkouts import CheckoutRow
from loyalty_pos.storage.tx import Stale, Tx

HOLD_MS = 15 * 60 * 1000


def identify(services: Services, request: Request, body: SwipeIn, at: int | None = None) -> tuple[Outcome, Any]:
    """Who holds this card?  Records the swipe (S43), also of an unknown card.

    {"swipe_id", "member": summary, "card": {"number", "state"}}; NotFound (``card_unknown``).
    ``at``: when the till read the card while it was offline (ms): a fact, so no guess is counted.
    """
    caller = request.caller
    caller.need("earn")
    lane = caller.need_lane()

    def work(tx: Tx) -> Outcome:
        now = services.now_ms()
        if at is None:
            guesses.check(tx, caller, now)
        book = services.rules.current(tx)
        holder = identity.find(services, tx, book, body.swipe, body.entry, at)
        use_code(tx, holder)
        swipe_id = record_swipe(tx, lane, caller.cashier(body.cashier), holder, now, at)
        if holder.member is None:
            if at is None:
                guesses.note(tx, caller, 1, now)
            return Outcome("refused", body={"swipe_id": str(swipe_id)}, error=NotFound("card_unknown"))
        assert holder.card is not None
        found = {"number": holder.card.number, "state": holder.card.state}
        return Outcome("done", {"swipe_id": str(swipe_id), "member": {"id": str(holder.member.id)}, "card": found})

    outcome = decide(services, request, lambda _tx: None, lambda tx, _ready: work(tx))
    body_ = outcome.value()
    member_id = int(body_["member"]["id"])
    body_["member"] = services.store.read(lambda tx: summary(services, tx, member_id), brief=True)
    return outcome, body_


def record_swipe(
    tx: Tx, lane: tuple[int, int], cashier: str | None, holder: Holder, now: int, at: int | None = None
) -> int:
    """The swipe of this identification: the one already recorded, or a new one (S43), read ``at`` or now."""
    if holder.swipe_id is not None:
        return holder.swipe_id
    card_id = holder.card.id if holder.card else None
    member_id = holder.member.id if holder.member else None
    found = (holder.number, card_id, member_id, holder.entry, holder.outcome)
    return cards.add_swipe(tx, now, lane, cashier, *found, at=at)


def conflict_recorder(services: Services, request: Request, basket: Basket) -> Callable[[Tx, LoyaltyError], None]:
    """Records the swipe of a second card, whether or not it is allowed in the end (S42)."""

    def record(tx: Tx, error: LoyaltyError) -> None:
        if isinstance(error, CardConflict) and error.holder.swipe_id is None:
            seen = error.holder
            card_id, member_id = seen.card.id if seen.card else None, seen.member.id if seen.member else None
            lane, cashier = request.caller.need_lane(), request.caller.cashier(basket.cashier)
            cards.add_swipe(
                tx, services.now_ms(), lane, cashier, seen.number, card_id, member_id, seen.entry, "conflict"
            )

    return record


def quote(services: Services, caller: Caller, basket: Basket, language: Language | None = None) -> Any:
    """The basket priced, with no effect; a Pricing as the contract shows it, in the caller's ``language``."""
    check_basket(basket)
    check_scopes(caller, basket)

    def work(tx: Tx) -> tuple[Ready, Any]:
        guesses.check_basket(tx, caller, basket, services.now_ms())
        ready = make_ready(services, tx, caller, basket, "quote", language=language)
        return ready, dress(tx, msgspec.to_builtins(ready.priced.pricing))

    ready, body = services.store.read(work, brief=True)
    guesses.note_now(services, caller, ready.misses)
    return body


def open_checkout(services: Services, request: Request, basket: Basket) -> tuple[Outcome, Any]:
    """Price the basket and hold what it uses for fifteen minutes: a Checkout."""
    check_basket(basket)
    caller = request.caller
    check_scopes(caller, basket)
    lane = caller.need_lane()

    def load(tx: Tx) -> Ready:
        guesses.check_basket(tx, caller, basket, services.now_ms())
        return make_ready(services, tx, caller, basket, "open")

    def post(tx: Tx, ready: Ready) -> Outcome:
        holding.check_rules(tx, ready.book)
        swipe_id = swipe_of(tx, lane, ready)
        expires_at = ready.now + HOLD_MS
        checkout_id = checkouts.add(
            tx, lane, ready.basket.cashier, *_people(ready), swipe_id, ready.now, expires_at, ready.book.version,
            ready.stored_basket(), msgspec.json.encode(ready.priced),
        )  # fmt: skip
        holding.hold(tx, ready, checkout_id, lane[0], caller.key)
        guesses.note(tx, caller, ready.misses, ready.now)
        return Outcome("created", checkout_answer(ready.priced, checkout_id, "open", expires_at))

    return _shown(services, decide(services, request, load, post, conflict_recorder(services, request, basket)))


def _same_swipe(basket: Basket, row: CheckoutRow) -> Basket:
    """The basket with the swipe that opened the checkout, so that the same card is the same swipe."""
    nobody = basket.card is None and basket.swipe is None and basket.member is None
    if nobody or basket.swipe_id is not None or row.swipe_id is None:
        return basket
    return structs.replace(basket, swipe_id=str(row.swipe_id))


class _Change(Struct, frozen=True):
    row: CheckoutRow
    ready: Ready


def reprice(services: Services, request: Request, checkout_id: str, basket: Basket) -> tuple[Outcome, Any]:
    """Price from zero and adjust the holds; revives an expired checkout if its values are free.

    Conflict (``checkout_settled``, ``checkout_voided``); Conflict (``card_conflict``) when the
    basket names another member without ``replace_card`` (S42).
    """
    check_basket(basket)
    caller = request.caller
    check_scopes(caller, basket)

    seen: set[int | None] = set()

    def load(tx: Tx) -> _Change:
        guesses.check_basket(tx, caller, basket, services.now_ms())
        row = find_checkout(tx, caller, checkout_id, lock=True)
        members.lock(tx, *seen)  # the last try reads as it writes: both members, in their order
        _refuse_closed(row)
        ready = make_ready(services, tx, caller, _same_swipe(basket, row), "open", own=row)
        other = ready.member.id if ready.member else None
        seen.update((row.member_id, other))
        if row.member_id is not None and other not in (None, row.member_id) and not basket.replace_card:
            assert ready.holder is not None
            raise CardConflict(ready.holder)
        return _Change(row, ready)

    def post(tx: Tx, change: _Change) -> Outcome:
        ready, row = change.ready, change.row
        if checkouts.find(tx, row.id, lock=True) != row:
            raise Stale
        holding.check_rules(tx, ready.book)
        members.lock(tx, row.member_id, ready.earner.id if ready.earner else None)
        holding.release(services, tx, row, caller.key)
        expires_at = ready.now + HOLD_MS
        swipe_id = swipe_of(tx, (row.store_id, row.terminal_id), ready)
        holding.reopen(tx, row, *_people(ready), swipe_id, expires_at, ready)
        holding.hold(tx, ready, row.id, row.store_id, caller.key, released=row)
        guesses.note(tx, caller, ready.misses, ready.now)
        return Outcome("done", checkout_answer(ready.priced, row.id, "open", expires_at))

    return _shown(services, decide(services, request, load, post, conflict_recorder(services, request, basket)))


def void(services: Services, request: Request, checkout_id: str) -> tuple[Outcome, Any]:
    """Give the holds back; voiding twice is the same as once.  Conflict (``checkout_settled``)."""
    caller = request.caller
    caller.need("earn")

    def work(tx: Tx) -> Outcome:
        row = find_checkout(tx, caller, checkout_id, lock=True)
        if row.state == "settled":
            raise Conflict("checkout_settled")
        if row.state == "open":
            holding.release(services, tx, row, caller.key)
        if row.state != "voided":
            holding.move(tx, row, "voided")
        return Outcome("done", _stored(row, "voided"))

    return _shown(services, write(services, request, work))


def get_checkout(services: Services, caller: Caller, checkout_id: str) -> Any:
    """A checkout as it stands now."""

    def work(tx: Tx) -> Any:
        row = find_checkout(tx, caller, checkout_id)
        return dress(tx, _stored(row, row.state))

    return services.store.read(work)


def find_checkout(tx: Tx, caller: Caller, checkout_id: str, lock: bool = False) -> CheckoutRow:
    """The checkout; NotFound (``checkout_unknown``) also when it is another store's."""
    row = checkouts.find(tx, identity.parse_id(checkout_id, "checkout"), lock)
    if row is None:
        raise NotFound("checkout_unknown")
    caller.need_store(row.store_id, "checkout")
    return row


def _refuse_closed(row: CheckoutRow) -> None:
    if row.state in ("settled", "voided"):
        raise Conflict(f"checkout_{row.state}")


def _people(ready: Ready) -> tuple[int | None, int | None]:
    if ready.earner is None or ready.holder is None:
        return None, None
    return ready.earner.id, ready.holder.card.id if ready.holder.card else None


def swipe_of(tx: Tx, lane: tuple[int, int], ready: Ready) -> int | None:
    """The swipe behind a basket; a rotating code is used up by it (S23)."""
    holder = ready.holder
    if holder is None:
        return None
    use_code(tx, holder)
    return record_swipe(tx, lane, ready.basket.cashier, holder, ready.now)


def use_code(tx: Tx, holder: Holder) -> None:
    """Use up the step of a rotating code; Stale when another was faster: it then identifies for earning (S23)."""
    if holder.step is not None and holder.card is not None and not cards.use_step(tx, holder.card.id, holder.step):
        raise Stale


def _stored(row: CheckoutRow, state: str) -> Any:
    priced = msgspec.json.decode(row.priced, type=Priced)
    return checkout_answer(priced, row.id, state, row.expires_at)


def _shown(services: Services, outcome: Outcome) -> tuple[Outcome, Any]:
    body = outcome.value()
    return outcome, services.store.read(lambda tx: dress(tx, body), brief=True)
