"""Many facts in one call: each has its own key and its own transaction; one bad item never blocks
the others.  The answers stand in the order of the items."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from loyalty_pos.domain.basket import Id
from loyalty_pos.errors import BadInput, LoyaltyError
from loyalty_pos.services import checkout, members, returns, sales
from loyalty_pos.services.context import Caller, Outcome, Request, Services
from loyalty_pos.services.requests import Key, MemberIn, ReceiptReturnIn, SaleIn

BATCH_MAX = 500


class BatchIn(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /sales/batch; the items are decoded one by one, so that each fails alone."""

    sales: Annotated[list[dict[str, Any]], Meta(min_length=1, max_length=BATCH_MAX)]
    sent_at: datetime | None = None


class _Sale(SaleIn, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="sale"):
    key: Key


class _Return(ReceiptReturnIn, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="return"):
    key: Key


class _Void(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="void"):
    key: Key
    checkout: Id


class _Enrolment(MemberIn, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="enrolment"):
    key: Key


Item = _Sale | _Return | _Void | _Enrolment


def run(services: Services, caller: Caller, body: BatchIn, refuse: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """{"items": [{"receipt", "status", "id" | "code"}], "high_contiguous", "gaps"}.

    ``refuse`` raises BadInput for an item that must not be stored (payment cards, S41).
    """
    items = [_one(services, caller, raw, refuse) for raw in body.sales]
    return {"items": items, "high_contiguous": None, "gaps": []}


def _one(
    services: Services, caller: Caller, raw: dict[str, Any], refuse: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    receipt = raw.get("receipt") if isinstance(raw.get("receipt"), str) else None
    try:
        refuse(raw)
        fields = {name: value for name, value in raw.items() if name not in ("epoch", "sequence")}
        item = msgspec.convert({"kind": "sale"} | fields, Item)
        status, found = _apply(services, caller, item)
    except msgspec.ValidationError:
        return {"receipt": receipt, "status": "refused", "code": BadInput.default_code}
    except LoyaltyError as error:
        return {"receipt": receipt, "status": "refused", "code": error.code}
    return {"receipt": receipt, "status": status, "id": found}


def _apply(services: Services, caller: Caller, item: Item) -> tuple[str, str]:
    """(status, id) of one item, recorded under its own key."""
    content = {k: v for k, v in msgspec.to_builtins(item).items() if k not in ("key", "kind")}
    digest = hashlib.sha256(msgspec.json.encode(content, order="sorted")).digest()
    request = Request(caller, item.key, digest)
    outcome: Outcome
    if isinstance(item, _Sale):
        outcome, body = sales.sell(services, request, msgspec.convert(content, SaleIn))
        return body["status"], body["id"]
    if isinstance(item, _Return):
        outcome, body = returns.give_back_by_receipt(services, request, msgspec.convert(content, ReceiptReturnIn))
        return body["status"], body["id"]
    if isinstance(item, _Void):
        outcome, body = checkout.void(services, request, item.checkout)
        return "ok", body["id"]
    outcome, body = members.enrol(services, request, msgspec.convert(content, MemberIn))
    return "ok", body["member"]["id"]
