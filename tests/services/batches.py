"""Batches as a till sends them when the line is back: sales and swipes, numbered or not."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import msgspec
from services.lane import Lane, bread, fresh_key

from loyalty_pos.errors import BadInput
from loyalty_pos.services import batch

Json = dict[str, Any]


def sends(lane: Lane, *items: Json, sent_at: datetime | None = None) -> Json:
    """The whole answer to a batch of facts."""
    body = batch.BatchIn(list(items), sent_at)
    return batch.run(lane.services, lane.caller, body, no_payment_cards, hash_of)


def sends_swipes(lane: Lane, *items: Json, sent_at: datetime | None = None) -> Json:
    """The whole answer to a batch of identifications."""
    body = batch.SwipesIn(list(items), sent_at)
    return batch.run_swipes(lane.services, lane.caller, body, no_payment_cards, hash_of)


def hash_of(method: str, path: str, body: object) -> bytes:
    """What tells one body from another."""
    return hashlib.sha256(msgspec.json.encode([method, path, body], order="sorted")).digest()


def no_payment_cards(item: Json) -> None:
    """The sweep of the edge, in short."""
    if "4111111111111111" in str(item):
        raise BadInput("payment_card")


def sale(receipt: str, **more: Any) -> Json:
    """A sale made while the line was down."""
    made = {"key": fresh_key(), "receipt": receipt, "sold_at": "2026-11-21T11:00:00+07:00"}
    return made | {"lines": [bread(50_000)]} | more


def numbered(sequence: int, epoch: int = 1, **more: Any) -> Json:
    """A sale with its number; its receipt says which."""
    receipt = more.pop("receipt", f"r-{epoch}-{sequence}")
    return sale(receipt, epoch=epoch, sequence=sequence, **more)


def swipe(card: str, sequence: int | None = None, **more: Any) -> Json:
    """An identification made while the line was down, numbered when ``sequence`` is given."""
    number = {} if sequence is None else {"epoch": 1, "sequence": sequence}
    made = {"key": fresh_key(), "swipe": card, "entry": "scan", "at": "2026-11-21T09:30:00+07:00"}
    return made | number | more
