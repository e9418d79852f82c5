"""Files of a shop that existed before us: members, products, past sales.

What can be read is taken in, a bad row is set aside with its reason, and a second run of the same
file adds nothing twice: members are known by card or phone, products by sku, sales by receipt.
Members and products are written in chunks of one transaction each; a sale is a sale as always.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from loyalty_pos.domain.basket import Id
from loyalty_pos.domain.cards import EXEMPT, bank_track, new_card_number, payment_card, read_swipe
from loyalty_pos.errors import BadInput, Conflict, LoyaltyError, NotFound, Refused, Unavailable
from loyalty_pos.ports import Document, Rejected, SaleTicket, as_sold
from loyalty_pos.services import sales, tiers
from loyalty_pos.services.context import SCOPES, Caller, Request, Services
from loyalty_pos.services.crediting import credit_waiting
from loyalty_pos.services.members import fold
from loyalty_pos.services.phones import e164
from loyalty_pos.services.posting import lot_terms
from loyalty_pos.services.products import ProductIn
from loyalty_pos.services.requests import PersonIn, SaleIn
from loyalty_pos.services.rules import Book
from loyalty_pos.storage import audit, cards, catalogue, ledger, members, posting, reading, shops
from loyalty_pos.storage.catalogue import Product
from loyalty_pos.storage.ledger import Why
from loyalty_pos.storage.members import Person
from loyalty_pos.storage.shops import TerminalRow
from loyalty_pos.storage.tx import Tx

CHUNK = 200

T = TypeVar("T")
Row = tuple[int, dict[str, str]]
"""The line number in the file and the cells by our column names; empty cells are absent."""
Progress = Callable[[int], None]
"""Told the number of rows (or sales) that are done."""


@dataclass(frozen=True)
class Aside:
    """One row that was not taken in: where it stands and why; never its values."""

    reason: str
    field: str = ""
    line: int | None = None
    receipt: tuple[str | None, str | None, str] | None = None
    """Store, terminal and receipt of a sale that could be read but not recorded."""


@dataclass
class Result:
    """What became of a file."""

    read: int = 0
    added: int = 0
    known: int = 0
    aside: list[Aside] = field(default_factory=list)

    def count(self, added: bool) -> None:
        """One row was good: new, or known before."""
        if added:
            self.added += 1
        else:
            self.known += 1


class MemberRow(PersonIn, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One row of a members file; ``interests`` separated by ``;``."""

    card: Id | None = None
    tier: Id | None = None
    opening_points: Annotated[int, Meta(ge=0, le=10**9)] = 0


# Members ----------------------------------------------------------------------------------------


def import_members(services: Services, request: Request, rows: Iterable[Row], progress: Progress) -> Result:
    """Members with card or phone (or both), their tier, and points as an ``opening`` entry.

    A row whose card is known, or whose phone is known and that names no card, is passed over.
    """
    result = Result()

    def work(tx: Tx, chunk: list[Row]) -> Result:
        book = services.rules.current(tx)
        part = Result()
        for line, cells in chunk:
            try:
                row = _decode(cells, MemberRow, book)
                part.count(_add_member(services, tx, request, book, row))
            except (BadInput, Conflict) as error:
                part.aside.append(_aside(error, line))
        audit.add(tx, services.now_ms(), request.caller.key, "import.members", str(part.added), None)
        return part

    return _in_chunks(services, rows, work, result, progress)


def _in_chunks(
    services: Services,
    rows: Iterable[Row],
    work: Callable[[Tx, list[Row]], Result],
    result: Result,
    progress: Progress,
) -> Result:
    def run(chunk: list[Row]) -> Result:
        return services.store.write(lambda tx: work(tx, chunk))

    for chunk in _chunks(rows):
        part = run(chunk)
        result.read += len(chunk)
        result.added += part.added
        result.known += part.known
        result.aside += part.aside
        progress(result.read)
    return result


def _chunks(rows: Iterable[T]) -> Iterator[list[T]]:
    source = iter(rows)
    while chunk := list(islice(source, CHUNK)):
        yield chunk


def _aside(error: LoyaltyError, line: int) -> Aside:
    where, codes = next(iter(error.errors.items()), ("", [error.code]))
    return Aside(codes[0] if codes else error.code, where, line)


def _decode(cells: dict[str, str], kind: type[T], book: Book) -> T:
    """The cells as a struct; BadInput with the field.  Payment cards are refused first (S41)."""
    raw: dict[str, Any] = {name: text.strip() for name, text in cells.items() if text.strip()}
    _sweep(raw, book)
    if "interests" in raw:
        raw["interests"] = [part.strip() for part in raw["interests"].split(";") if part.strip()]
    try:
        return msgspec.convert(raw, kind, strict=False)
    except msgspec.ValidationError as error:
        found = re.search(r"\$\.([a-z_]+)", str(error)) or re.search(r"field `([a-z_]+)`", str(error))
        raise BadInput(errors={found[1] if found else "row": ["invalid"]}) from None


def _sweep(raw: dict[str, Any], book: Book) -> None:
    own = book.programme.own_prefixes
    for name, text in raw.items():
        if isinstance(text, list):
            for inner in text:
                _sweep(inner, book)
        elif bank_track(text, own) or (name not in EXEMPT and payment_card(text, own, scan=name == "card")):
            raise BadInput("payment_card", errors={name: ["payment_card"]})


def _add_member(services: Services, tx: Tx, request: Request, book: Book, row: MemberRow) -> bool:
    """Add one member; False when they are known.  Everything is checked before the first write."""
    number = _card_number(row.card, book) if row.card else None
    phone = e164(row.phone) if row.phone else None
    if number is None and phone is None:
        raise BadInput(errors={"card": ["card_or_phone_missing"]})
    if number is not None and reading.card(tx, number) is not None:
        return False
    if phone is not None and reading.member_by_phone(tx, phone) is not None:
        if number is None:
            return False
        raise Conflict("phone_taken")
    if row.tier is not None and book.rules.tiers.get(row.tier) is None:
        raise BadInput(errors={"tier": ["unknown"]})
    now = services.now_ms()
    member_id = members.add(tx, now, request.caller.store_id)
    tiers.enrol(tx, book, member_id, now, row.tier)
    if cards.add(tx, number or _free_number(services, tx, book), member_id, now) is None:
        raise Unavailable("database_unavailable")
    birthday = row.birthday.isoformat() if row.birthday else None
    who = Person(
        row.name, row.call_name, phone, row.email, birthday, row.gender, row.address, tuple(row.interests or ())
    )
    members.save_person(tx, member_id, who, fold(" ".join(filter(None, (who.name, who.call_name)))))
    if row.opening_points:
        _open_balance(tx, request, book, member_id, row.opening_points, now)
    if number is not None:
        credit_waiting(services, tx, request, number, member_id)
    return True


def _card_number(text: str, book: Book) -> str:
    read = read_swipe(text, own_prefixes=book.programme.own_prefixes, scan=True)
    if read.kind not in ("card", "unknown") or not re.fullmatch(r"[0-9]{6,20}", read.value):
        raise BadInput(errors={"card": ["not_a_card"]})
    return read.value


def _free_number(services: Services, tx: Tx, book: Book) -> str:
    """A new random number (S40) that no card has."""
    prefix = book.programme.card_prefix
    while True:
        number = new_card_number(services.ids.digits(12 - len(prefix)), prefix)
        if reading.card(tx, number) is None:
            return number


def _open_balance(tx: Tx, request: Request, book: Book, member_id: int, points: int, now: int) -> None:
    """The points a member brings along: one lot, one entry of kind ``opening`` (S19)."""
    _, expires_at = lot_terms(book, now)
    lot_id = ledger.add_lot(tx, member_id, points, "active", now, expires_at, None)
    ledger.add_entry(tx, member_id, "opening", points, lot_id, Why(now, request.caller.key, reason="import"))
    posting.settle_member(tx, member_id, None, points, 0, 0, 0, 0)


# Products ---------------------------------------------------------------------------------------


def import_products(services: Services, request: Request, rows: Iterable[Row], progress: Progress) -> Result:
    """Products by sku; a known one gets what the row says and keeps the rest."""
    result = Result()

    def work(tx: Tx, chunk: list[Row]) -> Result:
        book, now, part = services.rules.current(tx), services.now_ms(), Result()
        good: dict[str, Product] = {}
        for line, cells in chunk:
            try:
                row = _decode(cells, ProductIn, book)
                good[row.sku] = Product(**msgspec.structs.asdict(row), updated_at=now)
            except BadInput as error:
                part.aside.append(_aside(error, line))
        known = reading.products(tx, good)
        catalogue.save(tx, good.values())
        part.added, part.known = len(good) - len(known), len(known)
        audit.add(tx, now, request.caller.key, "import.products", str(part.added), None)
        return part

    return _in_chunks(services, rows, work, result, progress)


# Sales ------------------------------------------------------------------------------------------


def import_sales(
    services: Services,
    documents: Iterable[Document],
    progress: Progress,
    *,
    terminal: str | None = None,
    earn: bool = False,
) -> Result:
    """Past sales at the price charged (S47), in the order of the file; points only with ``earn``.

    ``terminal`` is the lane of sales that name none.  No coupon is issued: a sale already made
    applies no promotion.
    """
    result = Result()
    lanes: dict[str, TerminalRow | None] = {}
    for document in documents:
        result.read += 1
        if isinstance(document, Rejected):
            result.aside.append(_unreadable(document))
        elif isinstance(document, SaleTicket):
            try:
                result.count(_record(services, _lane(services, document, terminal, lanes), document, earn))
            except (BadInput, Conflict, NotFound, Refused) as error:
                where = (document.store, document.terminal, document.receipt)
                result.aside.append(Aside(error.code, next(iter(error.errors), ""), receipt=where))
        progress(result.read)
    return result


def _unreadable(document: Rejected) -> Aside:
    found = re.fullmatch(r"line ([0-9]+): ?(.*)", document.where)
    return Aside(document.reason, found[2], int(found[1])) if found else Aside(document.reason, document.where)


def _lane(services: Services, ticket: SaleTicket, default: str | None, lanes: dict[str, TerminalRow | None]) -> Caller:
    code = ticket.terminal or default
    if code is None:
        raise BadInput("no_terminal", errors={"terminal": ["missing"]})
    if code not in lanes:
        lanes[code] = services.store.read(lambda tx: shops.terminal(tx, code))
    row = lanes[code]
    if row is None or (ticket.store is not None and ticket.store != row.store):
        raise NotFound("terminal_unknown")
    return Caller(
        kind="system",
        name="import",
        scopes=SCOPES,
        role="owner",
        store_id=row.store_id,
        terminal_id=row.id,
        terminal=row.code,
        store=row.store,
        store_ids=frozenset({row.store_id}),
    )


def _record(services: Services, caller: Caller, ticket: SaleTicket, earn: bool) -> bool:
    """Record one sale; False when its receipt is known with the same content."""
    raw: dict[str, Any] = as_sold(ticket)
    book = services.store.read(services.rules.current)
    for part in (raw, *raw["lines"]):
        _sweep({name: value for name, value in part.items() if isinstance(value, str)}, book)
    if not earn:
        raw["lines"] = [line | {"earns": False} for line in raw["lines"]]
    try:
        body = msgspec.convert(raw, SaleIn)
    except msgspec.ValidationError:
        raise BadInput from None
    outcome, _ = sales.sell(services, Request(caller), body)
    return outcome.kind == "created"
