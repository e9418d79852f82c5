"""The objects that the contract shows for checkouts, sales and returns.

What is stored holds ids and figures alone; ``dress`` fills the id and the member's short name in
again, each time it is shown (contract.md, Idempotency-Key).
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from loyalty_pos.domain.pricing.result import (
    CouponOutcome,
    LineDiscount,
    MemberSummary,
    Nearly,
    NextCoupon,
    NotApplied,
    PointsOutcome,
    Priced,
    Proof,
    Totals,
    UnitRun,
)
from loyalty_pos.services.context import from_ms
from loyalty_pos.storage import reading
from loyalty_pos.storage.reading import MemberRow
from loyalty_pos.storage.tx import Tx


class Unit(Struct, frozen=True):
    """One unit of a line: what the receipt shows, and what it is worth on return (S25)."""

    discount: int
    net: int
    refund: int


class SaleLine(Struct, frozen=True):
    """A priced line with its units."""

    line: str
    gross: int
    discount: int
    net: int
    discounts: list[LineDiscount]
    units: list[Unit]


class Exceptional(Struct, frozen=True):
    """What could not be given as priced: a code and the amount that the shop bears."""

    code: str
    amount: int


class SaleAnswer(Struct, frozen=True):
    """A Sale: contract.md section 2, without its id (it is the row's)."""

    receipt: str
    sold_at: str
    state: str
    status: str
    currency: str
    member: MemberSummary | None
    lines: list[SaleLine]
    totals: Totals
    points: PointsOutcome
    coupons: list[CouponOutcome]
    nearly: list[Nearly]
    next_coupons: list[NextCoupon]
    messages: list[str]
    free_items: dict[str, int]
    stored_value: dict[str, int]
    rewards: dict[str, int]
    not_applied: list[NotApplied]
    proof: Proof
    exceptions: list[Exceptional]
    receipt_text: list[str]


def units_of(runs: list[UnitRun]) -> list[Unit]:
    """Each unit of a line, in stored order."""
    return [Unit(run.discount, run.net, run.refund) for run in runs for _ in range(run.count)]


def local_time(moment_ms: int, zone_time: Any) -> str:
    """RFC 3339 with the shop's offset, to the second."""
    return str(zone_time(moment_ms).isoformat(timespec="seconds"))


def checkout_answer(priced: Priced, checkout_id: int, state: str, expires_at: int) -> Any:
    """A Checkout: the Pricing plus id, state and expires_at."""
    body = msgspec.to_builtins(priced.pricing)
    moment = from_ms(expires_at).isoformat(timespec="seconds")
    return {"id": str(checkout_id), "state": state, "expires_at": moment} | body


def dress(tx: Tx, body: Any, row_id: int | None = None) -> Any:
    """``body`` with its id in front and the member's short name filled in."""
    if row_id is not None:
        body = {"id": str(row_id)} | body
    if body.get("member") is not None:
        name_member(body, reading.member(tx, int(body["member"]["id"])))
    return body


def name_member(body: Any, member: MemberRow | None) -> None:
    """Fill in the short name of the member that ``body`` tells of, when they are still one."""
    if body["member"] is not None:
        body["member"]["short_name"] = short_name(member.name) if member and member.state == "active" else None


def sale_answer(answer: SaleAnswer, sale_id: int, member: MemberRow | None) -> Any:
    """A Sale just made, as ``dress`` would show it from its row."""
    body = {"id": str(sale_id)} | msgspec.to_builtins(answer)
    name_member(body, member)
    return body


def short_name(name: str | None) -> str | None:
    """``Lan N.``: the given name and the family name's initial, as a queue may see it."""
    if not name:
        return None
    parts = name.split()
    return parts[-1] if len(parts) == 1 else f"{parts[-1]} {parts[0][0]}."
