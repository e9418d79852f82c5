"""The night's ranking as the shop keeps it: whose turn it is, what is ranked, the lists that come of it.

The ranking itself is ``insight``'s, on files; here are the transactions around it.  A turn is taken with a lease,
so that of many processes one works and a dead one is followed.  Each part is written with the place up to which all
is done, under the terms that the writer knows: one who was overtaken writes nothing more.  Invariant: members see
the old lists until the last part of the new ones is written, then the new ones, by one update.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct, structs

from loyalty_pos.services import rules
from loyalty_pos.services.context import Services
from loyalty_pos.services.identity import parse_id
from loyalty_pos.storage import nights
from loyalty_pos.storage import ranking as rows
from loyalty_pos.storage.pairs import newest_sale
from loyalty_pos.storage.ranking import Item, ModelRow
from loyalty_pos.storage.standing import newest_member
from loyalty_pos.storage.tx import Tx

NIGHT = "rank"
TOP = 20
LEASE = 30 * 60_000
"""Milliseconds after which somebody else may go on where nothing was heard."""
BLOCK, PART, FORGOTTEN = 2_000, 1_000, 500
"""Sales or members of one read, places of one write, members of one deletion."""

Tell = Callable[[int, int], None]


class Terms(Struct, frozen=True):
    """What a night goes by: the ``cut`` (ms), who works ``until`` when (ms), the ``model`` once there is one."""

    cut: int
    until: int
    model: int | None = None


class Turn(NamedTuple):
    """One process's turn at a night: its day, its terms, the places that are written."""

    day: str
    terms: Terms
    done_to: int


class Overtaken(Exception):
    """The lease ran out and somebody else goes on."""


def take_turn(services: Services) -> Turn | None:
    """The turn to rank for today, cut at the local midnight; None when it is done, under way, or nothing is there."""
    programme, now = rules.book(services).programme, services.now_ms()
    today = programme.local(now).date()
    cut = programme.day_begins(today)

    def work(tx: Tx) -> Turn | None:
        tx.wait_for(NIGHT)
        night = nights.newest(tx, NIGHT)
        if _nothing_to_do(tx, today.isoformat(), cut, now):
            return None
        if night is None or night.day < today.isoformat():
            turn = Turn(today.isoformat(), Terms(cut, now + LEASE), 0)
            nights.begin(tx, NIGHT, turn.day, _text(turn.terms))
            return turn
        terms = msgspec.json.decode(night.terms, type=Terms)
        return _moved(tx, Turn(night.day, terms, night.done_to), until=now + LEASE)

    if services.store.read(lambda tx: _nothing_to_do(tx, today.isoformat(), cut, now)):
        return None
    return services.store.write(work)


def _nothing_to_do(tx: Tx, today: str, cut: int, now: int) -> bool:
    """Whether this day is done, somebody is at it, or no member has bought anything."""
    night = nights.newest(tx, NIGHT)
    if night is None or night.day < today:
        return not rows.anything(tx, cut)
    return bool(night.finished) or msgspec.json.decode(night.terms, type=Terms).until > now


def renew(services: Services, turn: Turn) -> Turn:
    """The lease anew; Overtaken."""
    until = services.now_ms() + LEASE
    return services.store.write(lambda tx: _moved(tx, turn, until=until))


def leave(services: Services, turn: Turn) -> None:
    """Give the lease back: somebody else may go on at once."""
    terms = structs.replace(turn.terms, until=0)
    services.store.write(lambda tx: nights.go_by(tx, NIGHT, turn.day, _text(turn.terms), _text(terms), turn.done_to))


def begin(services: Services, turn: Turn, model: dict[str, Any]) -> Turn:
    """Keep the model (``kind``, ``lines``, ``learned_from``, ``weights``, ``quality``): its lists begin; Overtaken."""
    now, quality = services.now_ms(), model["quality"]

    def work(tx: Tx) -> Turn:
        row = ModelRow(
            0, now, turn.day, model["kind"], turn.terms.cut, model["lines"], model["learned_from"],
            msgspec.json.encode(model["weights"]).decode(),
            None if quality is None else msgspec.json.encode(quality).decode(), None,
        )  # fmt: skip
        return _moved(tx, turn, to=0, until=now + LEASE, model=rows.add_model(tx, row))

    return services.store.write(work)


def put(services: Services, turn: Turn, items: Sequence[Item]) -> Turn:
    """Write the next places; Overtaken."""
    model, until = turn.terms.model, services.now_ms() + LEASE
    assert model is not None

    def work(tx: Tx) -> Turn:
        rows.put(tx, model, items)
        return _moved(tx, turn, to=turn.done_to + len(items), until=until)

    return services.store.write(work)


def finish(services: Services, turn: Turn) -> None:
    """The new lists take the place of the old ones, if there are any, and the night is over; Overtaken."""
    model, now = turn.terms.model, services.now_ms()

    def switch(tx: Tx) -> None:
        _moved(tx, turn, until=0)
        if model is not None:
            rows.list_by(tx, model, now)
        nights.finish(tx, NIGHT, turn.day)

    services.store.write(switch)
    if model is not None:
        for old in services.store.read(lambda tx: rows.superseded(tx, model)):
            while services.store.write(partial(rows.forget, model_id=old, limit=FORGOTTEN)):
                pass


def _moved(tx: Tx, turn: Turn, to: int | None = None, **terms: Any) -> Turn:
    """The turn under new terms, written down; Overtaken unless the night still goes by the old ones."""
    found = Turn(turn.day, structs.replace(turn.terms, **terms), turn.done_to if to is None else to)
    if not nights.go_by(tx, NIGHT, turn.day, _text(turn.terms), _text(found.terms), found.done_to):
        raise Overtaken
    return found


def _text(terms: Terms) -> str:
    return msgspec.json.encode(terms).decode()


def models(services: Services, cursor: str | None = None, limit: int = 50) -> dict[str, Any]:
    """{"items", "next"}: every model that has ranked, the newest first; the first one's lists are shown."""

    def work(tx: Tx) -> dict[str, Any]:
        local = services.rules.current(tx).programme.local
        found = rows.models(tx, parse_id(cursor, "page") if cursor else 0, limit + 1)
        items = [
            {
                "id": str(row.id),
                "day": row.day,
                "made_at": local(row.made_at).isoformat(timespec="seconds"),
                "kind": row.kind,
                "cut": local(row.cut).isoformat(timespec="seconds"),
                "lines": row.lines,
                "learned_from": row.learned_from,
                "quality": None if row.quality is None else msgspec.json.decode(row.quality),
                "weights": msgspec.json.decode(row.weights),
            }
            for row in found[:limit]
        ]
        return {"items": items, "next": str(found[limit - 1].id) if len(found) > limit else None}

    return services.store.read(work)


# What is ranked -----------------------------------------------------------------------------------


def lines(services: Services, cut: int, tell: Tell = lambda _done, _total: None) -> Iterator[list[dict[str, Any]]]:
    """The lines that members bought before ``cut`` (ms), as ``habits rank`` reads them, net of what came back before
    it; the time is the shop's own, so that a visit is a day of the shop.  Block by block, ``tell(done, total)``."""
    local, newest = rules.book(services).programme.local, services.store.read(newest_sale)
    for at in range(0, newest, BLOCK):
        found = services.store.read(partial(rows.lines, block=(at, at + BLOCK), cut=cut))
        yield [
            {
                "member": str(member),
                "time": local(sold_at).replace(tzinfo=None),
                "basket": str(sale),
                "sku": sku,
                "quantity": _kept(quantity, units, back),
                "category": category,
            }
            for member, sold_at, sale, sku, quantity, units, back, category in found
        ]
        tell(min(at + BLOCK, newest), newest)


def people(services: Services, cut: int) -> Iterator[list[dict[str, Any]]]:
    """The members who get a list: ``member`` and the code of the ``store`` that enrolled them.  Block by block."""
    for at in range(0, services.store.read(newest_member), BLOCK):
        found = services.store.read(partial(rows.people, block=(at, at + BLOCK), cut=cut))
        yield [{"member": str(member), "store": store} for member, store in found]


def midnight(services: Services, cut: int) -> Any:
    """The cut as the lines tell time: the shop's own, without a zone."""
    return rules.book(services).programme.local(cut).replace(tzinfo=None)


def _kept(quantity: str, units: int, back: int) -> str:
    """What was not brought back: 0 when nothing is left."""
    return str(Decimal(quantity) * max(units - back, 0) / units) if back and units else quantity
