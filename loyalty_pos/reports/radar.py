"""The fraud radar: signs at the counter that somebody should look at (reliability.md section 2, rows 1-3).

No sign is a proof and nothing is blocked by one.  How strong a sign must be is the setting ``radar``.
Cards are masked, and an auditor sees none; members are shown by their opaque id.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from loyalty_pos.domain.cards import mask_card
from loyalty_pos.services.context import Caller, Services, from_ms
from loyalty_pos.services.listings import day_of
from loyalty_pos.services.rules import Programme
from loyalty_pos.storage import radar, reading, shops
from loyalty_pos.storage.radar import Sign, Span
from loyalty_pos.storage.tx import Tx

CODE = "radar"
NAME = {"vi": "Radar quầy thu ngân", "en": "Radar of the counter"}
SIGNS = {
    "one_card_many_tickets": {"vi": "Một thẻ trên nhiều hoá đơn trong ca", "en": "One card on many tickets of a shift"},
    "cashier_and_card": {"vi": "Thẻ chỉ gặp một thu ngân", "en": "A card that keeps to one cashier"},
    "attached_after_payment": {"vi": "Gắn thẻ sau khi trả tiền", "en": "Card attached after payment"},
    "second_card": {"vi": "Quẹt thẻ thứ hai", "en": "Shown as the second card"},
    "refund_after_redemption": {"vi": "Trả hàng sau khi dùng điểm", "en": "Refund after points were spent"},
    "points_near_shift_end": {"vi": "Cộng điểm tay gần cuối ca", "en": "Points by hand near the end of the shift"},
    "own_card": {"vi": "Thẻ của chính người bán", "en": "The seller's own card"},
}
COLUMNS = {
    "sign": {"vi": "Dấu hiệu", "en": "Sign"},
    "at": {"vi": "Lúc", "en": "When"},
    "store": {"vi": "Cửa hàng", "en": "Store"},
    "cashier": {"vi": "Thu ngân", "en": "Cashier"},
    "by": {"vi": "Người làm", "en": "Done by"},
    "card": {"vi": "Thẻ", "en": "Card"},
    "member": {"vi": "Thành viên", "en": "Member"},
    "times": {"vi": "Số lần", "en": "Times"},
    "of": {"vi": "So với", "en": "Against"},
    "points": {"vi": "Điểm", "en": "Points"},
    "sale": {"vi": "Giao dịch", "en": "Sale"},
    "receipt": {"vi": "Hoá đơn", "en": "Receipt"},
}
DAYS = 7
HOUR_MS = 3_600_000
MINUTE_MS = 60_000


def rows(
    services: Services, caller: Caller, first: str | None, last: str | None
) -> tuple[str, str, list[dict[str, Any]]]:
    """Every sign of the caller's stores, by kind; the last seven days unless days are named."""

    def work(tx: Tx) -> tuple[str, str, list[dict[str, Any]]]:
        programme = services.rules.current(tx).programme
        end = day_of("to", last) or programme.local(services.now_ms()).date()
        start = day_of("from", first) or end - timedelta(days=DAYS - 1)
        stores = sorted(shops.store_ids(tx) if caller.store_ids is None else caller.store_ids)
        span = Span(stores, programme.day_begins(start), programme.day_ends(end))
        found = [_row(tx, caller, sign, one) for sign, one in _signs(tx, programme, span)]
        return start.isoformat(), end.isoformat(), found

    return services.store.read(work)


def _signs(tx: Tx, programme: Programme, span: Span) -> Iterator[tuple[str, Sign]]:
    """(code, what was seen) of everything that reaches its threshold."""
    bounds = programme.radar
    kinds = {
        "one_card_many_tickets": radar.one_card_in_a_shift(tx, span, bounds.card_tickets),
        "cashier_and_card": radar.cashier_and_card(tx, span, bounds.pair_tickets, bounds.pair_percent),
        "attached_after_payment": radar.attached_after_payment(tx, span),
        "second_card": radar.second_cards(tx, span, bounds.second_cards),
        "refund_after_redemption": radar.refund_after_redemption(tx, span, bounds.refund_hours * HOUR_MS),
        "points_near_shift_end": _near_shift_end(tx, programme, span),
        "own_card": radar.own_cards(tx, span),
    }
    for sign, found in kinds.items():
        for one in found:
            yield sign, one


def _near_shift_end(tx: Tx, programme: Programme, span: Span) -> list[Sign]:
    """Points by hand within some minutes of the last sale of their business day, at that store (else at any)."""
    ends: dict[tuple[int | None, int], int | None] = {}
    found = []
    for one, store in radar.granted_by_hand(tx, span):
        day = programme.business_begins(programme.business_date(one.at))
        key = (store, day)
        if key not in ends:
            ends[key] = radar.last_sale(tx, Span(span.stores if store is None else [store], day, day + 24 * HOUR_MS))
        last = ends[key]
        if last is not None and abs(one.at - last) <= programme.radar.shift_end_minutes * MINUTE_MS:
            found.append(one)
    return found[: radar.MOST]


def _row(tx: Tx, caller: Caller, sign: str, one: Sign) -> dict[str, Any]:
    card = reading.member_card(tx, one.member_id) if one.member_id is not None and caller.role != "auditor" else None
    return {
        "sign": sign,
        "at": from_ms(one.at).isoformat(timespec="seconds"),
        "store": one.store,
        "cashier": one.cashier,
        "by": one.by,
        "card": None if card is None else mask_card(card.number),
        "member": None if one.member_id is None else str(one.member_id),
        "times": one.times,
        "of": one.of,
        "points": one.points,
        "sale": None if one.sale_id is None else str(one.sale_id),
        "receipt": one.receipt,
    }
