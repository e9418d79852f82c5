"""A batch of free cards to print: each number belongs to an anonymous member from the start, so a
card works at the till the moment it is handed over, and the person may be told later."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from loyalty_pos.domain.cards import new_card_number
from loyalty_pos.errors import BadInput, NotFound
from loyalty_pos.services import tiers
from loyalty_pos.services.context import Request, Services
from loyalty_pos.services.members import page_path
from loyalty_pos.storage import audit, cards, members, shops
from loyalty_pos.storage.tx import Tx

BATCH = 100
MOST = 10_000


class IssuedCard(NamedTuple):
    """A card to print: its number, and the path of its page (``/m/<token>``)."""

    number: str
    page: str


def issue(
    services: Services,
    request: Request,
    count: int,
    progress: Callable[[int], None],
    *,
    store: str | None = None,
    reason: str | None = None,
) -> list[IssuedCard]:
    """``count`` new cards with their anonymous members, in batches of one transaction each.

    ``progress`` is told how many are done.  BadInput above 10.000; NotFound (``store_unknown``).
    """
    if not 0 < count <= MOST:
        raise BadInput(errors={"count": ["out_of_range"]})
    issued: list[IssuedCard] = []
    while len(issued) < count:
        size = min(BATCH, count - len(issued))
        issued += _batch(services, request, size, store, reason)
        progress(len(issued))
    return issued


def _batch(services: Services, request: Request, size: int, store: str | None, reason: str | None) -> list[IssuedCard]:
    def work(tx: Tx) -> list[IssuedCard]:
        shop = shops.store(tx, store) if store is not None else None
        if store is not None and shop is None:
            raise NotFound("store_unknown")
        made = [_one(services, tx, shop.id if shop else None) for _ in range(size)]
        audit.add(tx, services.now_ms(), request.caller.key, "cards.issue", str(size), reason)
        return made

    return services.store.write(work)


def _one(services: Services, tx: Tx, store_id: int | None) -> IssuedCard:
    book, now = services.rules.current(tx), services.now_ms()
    member_id = members.add(tx, now, store_id)
    tiers.enrol(tx, book, member_id, now)
    prefix = book.programme.card_prefix
    card_id = None
    while card_id is None:
        card_id = cards.add(tx, new_card_number(services.ids.digits(12 - len(prefix)), prefix), member_id, now)
    row = cards.page_row(tx, card_id)
    assert row is not None
    return IssuedCard(row.number, page_path(services, row))
