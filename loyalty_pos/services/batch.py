"""Many facts in one call: each has its own key and its own transaction; one bad item never blocks
the others.  The answers stand in the order of the items.

An item is the body of the single call plus its envelope (key, kind, epoch, sequence, the last
server time seen), and its key remembers it as that call: a sale that was sent online and comes
again in a batch is the same sale.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta, Struct

from loyalty_pos.domain.basket import Id, moment_fault
from loyalty_pos.errors import BadInput, LoyaltyError, Unavailable
from loyalty_pos.services import checkout, members, numbering, returns, sales
from loyalty_pos.services.context import Caller, Number, Outcome, Request, Services, to_ms
from loyalty_pos.services.numbering import Quarantined
from loyalty_pos.services.requests import Key, MemberIn, ReceiptReturnIn, SaleIn, SwipeIn
from loyalty_pos.storage.tills import Taken

BATCH_MAX = 500
TRIES = 3

BodyHash = Callable[[str, str, object], bytes]
Refuse = Callable[[dict[str, Any]], None]
Json = dict[str, Any]
Items = Annotated[list[Json], Meta(min_length=1, max_length=BATCH_MAX)]
Counted = Annotated[int, Meta(ge=1, le=2**53 - 1)]


class BatchIn(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /sales/batch; the items are decoded one by one, so that each fails alone."""

    sales: Items
    sent_at: datetime | None = None


class SwipesIn(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /swipes/batch: identifications made offline."""

    swipes: Items
    sent_at: datetime | None = None


class Envelope(Struct, frozen=True):
    """What an item carries beside the body of its call."""

    key: Key
    epoch: Counted | None = None
    sequence: Counted | None = None
    server_time_seen: datetime | None = None


ENVELOPE = Envelope.__struct_fields__


class Call(NamedTuple):
    """The single call that an item is.

    ``sent`` is what its key remembers, with the path; ``record`` what its number stands for.
    """

    path: str
    sent: object
    record: object
    make: Callable[[Services, Request], tuple[str, str]]


def run(services: Services, caller: Caller, body: BatchIn, refuse: Refuse, body_hash: BodyHash) -> Json:
    """{"items": [{"receipt", "status", "id" | "code"}], "high_contiguous", "gaps", "pair_again"}.

    ``refuse`` raises BadInput for an item that must not be stored (payment cards, S41);
    ``body_hash`` is what the single call's key would remember (method, path, body).
    """
    numbering.note_clock(services, caller, _sent(body.sent_at))
    items = []
    for raw in body.sales:
        receipt = raw.get("receipt") if isinstance(raw.get("receipt"), str) else None
        items.append({"receipt": receipt} | _one(services, caller, raw, _fact, refuse, body_hash))
    return {"items": items} | numbering.position(services, caller)


def run_swipes(services: Services, caller: Caller, body: SwipesIn, refuse: Refuse, body_hash: BodyHash) -> Json:
    """{"items": [{"status", "id" | "code"}], "high_contiguous", "gaps", "pair_again"}; a card that
    nobody holds is recorded too, and answered with ``card_unknown`` (S43)."""
    numbering.note_clock(services, caller, _sent(body.sent_at))
    items = [_one(services, caller, raw, _swipe, refuse, body_hash) for raw in body.swipes]
    return {"items": items} | numbering.position(services, caller)


def let_through(services: Services, caller: Caller, raw: Json, body_hash: BodyHash, key: str) -> tuple[str, str]:
    """(status, id) of an item recorded after all, under ``key`` and without its number."""
    call = _swipe(raw) if "at" in raw else _fact(raw)
    return call.make(services, Request(caller, key, body_hash("POST", f"/api/v1{call.path}", call.sent)))


def _sent(moment: datetime | None) -> int | None:
    if moment is not None and moment.tzinfo is None:
        raise BadInput(errors={"sent_at": ["offset_missing"]})
    return None if moment is None else to_ms(moment)


def _one(
    services: Services, caller: Caller, raw: Json, call_of: Callable[[Json], Call], refuse: Refuse, body_hash: BodyHash
) -> Json:
    try:
        refuse(raw)
        status, found = _apply(services, caller, raw, call_of, body_hash)
    except msgspec.ValidationError:
        return {"status": "refused", "code": BadInput.default_code}
    except Unavailable:
        raise
    except LoyaltyError as error:
        return {"status": "quarantined" if isinstance(error, Quarantined) else "refused", "code": error.code}
    except Exception:
        logging.getLogger(__name__).exception("an item of a batch failed")
        return {"status": "refused", "code": "internal"}
    return {"status": status, "id": found}


def _apply(
    services: Services, caller: Caller, raw: Json, call_of: Callable[[Json], Call], body_hash: BodyHash
) -> tuple[str, str]:
    """(status, id) of one item, recorded under its own key and number."""
    call = call_of(raw)
    request = _request(caller, raw, call, partial(body_hash, "POST", f"/api/v1{call.path}"))
    for _ in range(TRIES):
        try:
            return call.make(services, numbering.admit(services, request, raw))
        except Taken:
            continue
    raise Unavailable("busy", retry_after=1)


def _request(caller: Caller, raw: Json, call: Call, hash_of: Callable[[object], bytes]) -> Request:
    given = msgspec.convert({name: raw[name] for name in ENVELOPE if name in raw}, Envelope)
    seen = given.server_time_seen
    if seen is not None and (fault := moment_fault(seen)):
        raise BadInput(errors={"server_time_seen": [fault]})
    if (given.epoch is None) is not (given.sequence is None):
        raise BadInput(errors={"epoch" if given.epoch is None else "sequence": ["missing"]})
    number = None
    if given.epoch is not None and given.sequence is not None:
        number = Number(given.epoch, given.sequence, hash_of(call.record))
    return Request(caller, given.key, hash_of(call.sent), number, None if seen is None else to_ms(seen))


# What an item can be ----------------------------------------------------------------------------


def _fact(raw: Json) -> Call:
    """A sale, or what ``kind`` says."""
    content = {name: value for name, value in raw.items() if name not in ENVELOPE and name != "kind"}
    kind = raw.get("kind", "sale")
    if kind == "sale":
        sale = msgspec.convert(content, SaleIn)
        return Call("/sales", content, content, lambda s, r: _said(sales.sell(s, r, sale)))
    if kind == "return":
        back = msgspec.convert(content, ReceiptReturnIn)
        if back.preview:
            raise BadInput(errors={"preview": ["not_available"]})
        return Call("/returns", content, content, lambda s, r: _said(returns.give_back_by_receipt(s, r, back)))
    if kind == "void":
        name = msgspec.convert(content.pop("checkout", None), Id)
        if content:
            raise BadInput
        return Call(f"/checkouts/{name}/void", {}, {}, lambda s, r: ("ok", checkout.void(s, r, name)[1]["id"]))
    if kind == "enrolment":
        person = msgspec.convert(content, MemberIn)
        return Call("/members", content, content, lambda s, r: ("ok", members.enrol(s, r, person)[1]["member"]["id"]))
    raise BadInput(errors={"kind": ["not_one_of"]})


def _said(answer: tuple[Outcome, Any]) -> tuple[str, str]:
    return answer[1]["status"], answer[1]["id"]


def _swipe(raw: Json) -> Call:
    """An identification, and when the till read the card."""
    content = {name: value for name, value in raw.items() if name not in ENVELOPE}
    record = dict(content)
    at = msgspec.convert(content.pop("at", None), datetime)
    if fault := moment_fault(at):
        raise BadInput(errors={"at": [fault]})
    swipe = msgspec.convert(content, SwipeIn)
    return Call(
        "/cards/identify",
        content,
        record,
        lambda s, r: ("ok", checkout.identify(s, r, swipe, to_ms(at))[1]["swipe_id"]),
    )
