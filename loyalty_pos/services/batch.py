"""Many facts in one call: each has its own key and its own transaction; one bad item never blocks
the others.  The answers stand in the order of the items.

An item is the body of the single call plus its envelope (key, kind, epoch, sequence), and its key
remembers it as that call: a sale that was sent online and comes again in a batch is the same sale.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from loyalty_pos.domain.basket import Id
from loyalty_pos.errors import BadInput, LoyaltyError, Unavailable
from loyalty_pos.services import checkout, members, returns, sales
from loyalty_pos.services.context import Caller, Request, Services
from loyalty_pos.services.requests import Key, MemberIn, ReceiptReturnIn, SaleIn

BATCH_MAX = 500
ENVELOPE = ("key", "kind", "epoch", "sequence")

BodyHash = Callable[[str, str, object], bytes]
Refuse = Callable[[dict[str, Any]], None]


class BatchIn(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /sales/batch; the items are decoded one by one, so that each fails alone."""

    sales: Annotated[list[dict[str, Any]], Meta(min_length=1, max_length=BATCH_MAX)]
    sent_at: datetime | None = None


def run(services: Services, caller: Caller, body: BatchIn, refuse: Refuse, body_hash: BodyHash) -> dict[str, Any]:
    """{"items": [{"receipt", "status", "id" | "code"}], "high_contiguous", "gaps"}.

    ``refuse`` raises BadInput for an item that must not be stored (payment cards, S41);
    ``body_hash`` is what the single call's key would remember (method, path, body).
    """
    items = [_one(services, caller, raw, refuse, body_hash) for raw in body.sales]
    return {"items": items, "high_contiguous": None, "gaps": []}


def _one(
    services: Services, caller: Caller, raw: dict[str, Any], refuse: Refuse, body_hash: BodyHash
) -> dict[str, Any]:
    receipt = raw.get("receipt") if isinstance(raw.get("receipt"), str) else None
    try:
        refuse(raw)
        status, found = _apply(services, caller, raw, body_hash)
    except msgspec.ValidationError:
        return {"receipt": receipt, "status": "refused", "code": BadInput.default_code}
    except Unavailable:
        raise
    except LoyaltyError as error:
        return {"receipt": receipt, "status": "refused", "code": error.code}
    except Exception:
        logging.getLogger(__name__).exception("an item of a batch failed")
        return {"receipt": receipt, "status": "refused", "code": "internal"}
    return {"receipt": receipt, "status": status, "id": found}


def _apply(services: Services, caller: Caller, raw: dict[str, Any], body_hash: BodyHash) -> tuple[str, str]:
    """(status, id) of one item, recorded under its own key."""
    content = {name: value for name, value in raw.items() if name not in ENVELOPE}
    key = msgspec.convert(raw.get("key"), Key)
    kind = raw.get("kind", "sale")

    def request(path: str, sent: object) -> Request:
        return Request(caller, key, body_hash("POST", f"/api/v1{path}", sent))

    if kind == "sale":
        _, body = sales.sell(services, request("/sales", content), msgspec.convert(content, SaleIn))
        return body["status"], body["id"]
    if kind == "return":
        wanted = msgspec.convert(content, ReceiptReturnIn)
        if wanted.preview:
            raise BadInput(errors={"preview": ["not_available"]})
        _, body = returns.give_back_by_receipt(services, request("/returns", content), wanted)
        return body["status"], body["id"]
    if kind == "void":
        name = msgspec.convert(content.pop("checkout", None), Id)
        if content:
            raise BadInput
        _, body = checkout.void(services, request(f"/checkouts/{name}/void", {}), name)
        return "ok", body["id"]
    if kind == "enrolment":
        _, body = members.enrol(services, request("/members", content), msgspec.convert(content, MemberIn))
        return "ok", body["member"]["id"]
    raise BadInput(errors={"kind": ["not_one_of"]})
