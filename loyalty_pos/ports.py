"""Ports: what the product asks of the world, and what a POS adapter is.

``Clock`` and ``Ids`` are made once, in app.py; everything else is given the time and its random
numbers.  An adapter turns a POS's own language into Documents and back, by pure functions: bytes
in, values out, no clock, no network, no database.  Invariant: a Document holds money as integers
of minor units and aware times, so that nothing behind the adapter ever guesses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import BinaryIO, Literal, Protocol, runtime_checkable

from loyalty_pos.domain.basket import Entry


class Clock(Protocol):
    """The server's clock."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        ...


class Ids(Protocol):
    """The source of randomness: cryptographically strong."""

    def digits(self, count: int) -> str:
        """``count`` random decimal digits."""
        ...

    def secret(self) -> str:
        """256 random bits, URL-safe text (keys, tokens)."""
        ...


# What comes from a POS -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketLine:
    """One line as sold.  Minor units; ``discount`` is what was taken off; quantity above 0."""

    line: str
    sku: str
    quantity: Decimal
    unit_price: int
    discount: int = 0
    name: str | None = None
    category: str | None = None
    brand: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketTender:
    """A part of the payment, in minor units; never a card number."""

    kind: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleTicket:
    """A sale that a POS has made, at the price it charged (S47)."""

    receipt: str
    sold_at: datetime
    lines: tuple[TicketLine, ...]
    currency: str
    store: str | None = None
    terminal: str | None = None
    cashier: str | None = None
    card: str | None = None
    entry: Entry | None = None
    coupons: tuple[str, ...] = ()
    tenders: tuple[TicketTender, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedLine:
    """How much of a line of the sale came back: positive, whatever sign the POS writes."""

    line: str
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnTicket:
    """Goods that came back, or a sale cancelled: no ``lines`` means all that is left of it."""

    receipt: str
    sale_receipt: str
    returned_at: datetime
    lines: tuple[ReturnedLine, ...] = ()
    store: str | None = None
    terminal: str | None = None
    sale_terminal: str | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing for us (a draft, a test message), and why: a snake_case reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """What cannot be read, and why: a snake_case reason, where (line number or field), no values."""

    reason: str
    where: str = ""


Document = SaleTicket | ReturnTicket | Ignored | Rejected


def as_sold(ticket: SaleTicket) -> dict[str, object]:
    """The ticket as the body of ``POST /sales`` with ``as_sold`` (S47): JSON-able, nothing added.

    Store, terminal and currency are not in it: they come from who posts.
    """
    head = {
        "receipt": ticket.receipt,
        "sold_at": ticket.sold_at.isoformat(),
        "cashier": ticket.cashier,
        "swipe": ticket.card,
        "entry": ticket.entry,
    }
    body: dict[str, object] = {name: value for name, value in head.items() if value is not None}
    body["lines"] = [_line(line) for line in ticket.lines]
    if ticket.coupons:
        body["coupons"] = list(ticket.coupons)
    if ticket.tenders:
        body["tenders"] = [{"kind": tender.kind, "amount": tender.amount} for tender in ticket.tenders]
    body["as_sold"] = True
    return body


def as_return(ticket: ReturnTicket) -> dict[str, object]:
    """The ticket as the body of ``POST /returns``; without ``lines`` when everything comes back."""
    body: dict[str, object] = {"receipt": ticket.receipt, "sale_receipt": ticket.sale_receipt}
    if ticket.sale_terminal is not None:
        body["sale_terminal"] = ticket.sale_terminal
    if ticket.lines:
        body["lines"] = [{"line": line.line, "quantity": _quantity(line.quantity)} for line in ticket.lines]
    return body


def _line(line: TicketLine) -> dict[str, object]:
    shown: dict[str, object] = {
        "line": line.line,
        "sku": line.sku,
        "quantity": _quantity(line.quantity),
        "unit_price": line.unit_price,
        "discount": line.discount,
    }
    texts = {"name": line.name, "category": line.category, "brand": line.brand}
    return shown | {name: text for name, text in texts.items() if text is not None}


def _quantity(quantity: Decimal) -> int | str:
    """A whole number as an integer, a weight as a decimal string of at most three places."""
    whole = int(quantity)
    return whole if whole == quantity else f"{quantity.quantize(Decimal('0.001')).normalize():f}"


# What an adapter is ----------------------------------------------------------------------------


class Cap(Enum):
    """What an adapter can do; each is one of the protocols below."""

    WEBHOOK = "webhook"
    FILE = "file"
    PUSH = "push"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One shop's connection to one POS, as the shop set it up.

    ``secrets`` holds two during a rotation; ``columns`` is the saved mapping of a file: our name
    to theirs; ``options`` are the adapter's own settings, named in its docstring.
    """

    currency: str = "VND"
    zone: str = "Asia/Ho_Chi_Minh"
    secrets: tuple[str, ...] = field(default=(), repr=False)
    columns: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRequest:
    """A webhook call as it arrived: header names in lower case, body not decoded."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What the POS is answered."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Auth:
    """Whether a call is from whom it says.  ``handshake`` carries the reply to give at once."""

    verdict: Literal["ok", "bad", "unsigned", "handshake"]
    reply: HttpReply | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a call tells.  The same ``key`` and ``revision`` is the same event again."""

    key: str
    revision: str
    native: Mapping[str, object] = field(repr=False)


class Stored(Enum):
    """What became of a call; the adapter knows which status its POS understands."""

    DONE = "done"
    BAD_SIGNATURE = "bad_signature"
    UNREADABLE = "unreadable"
    BUSY = "busy"


@dataclass(frozen=True, slots=True, kw_only=True)
class TierGiven:
    """A decision to carry to the POS: this customer now belongs to this tier."""

    customer: str
    tier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CouponGiven:
    """A decision to carry to the POS: accept this code once, for so much, until that time."""

    code: str
    amount: int
    valid_to: datetime
    customer: str | None = None


Decision = TierGiven | CouponGiven


@dataclass(frozen=True, slots=True)
class NativeAction:
    """A request to send to the POS: path under its address, body; ``key`` makes it repeatable."""

    method: str
    path: str
    body: bytes
    key: str
    content_type: str = "application/json"


class PosAdapter(Protocol):
    """What every adapter has.  A module in ``adapters/`` offers one as its ``ADAPTER``."""

    @property
    def code(self) -> str:
        """The name in addresses and commands: the module's own."""
        ...

    @property
    def title(self) -> str:
        """The name people know it by."""
        ...

    @property
    def caps(self) -> frozenset[Cap]:
        """What it can do."""
        ...


@runtime_checkable
class WebhookAdapter(PosAdapter, Protocol):
    """A POS that calls us.  The host stores the raw call first, answers, then normalises."""

    def authenticate(self, request: RawRequest, connection: Connection) -> Auth:
        """Compare in constant time, against every secret; look at nothing but the request."""
        ...

    def split(self, request: RawRequest) -> list[Event]:
        """The events of an authentic call. BadInput when the body cannot be read at all."""
        ...

    def normalise(self, event: Event, connection: Connection) -> list[Document]:
        """What the event means: mostly one Document, two for an exchange. Never raises."""
        ...

    def reply(self, stored: Stored) -> HttpReply:
        """The answer that makes this POS do the right thing next."""
        ...


@runtime_checkable
class FileAdapter(PosAdapter, Protocol):
    """A POS that gives files."""

    def read_file(self, stream: BinaryIO, connection: Connection) -> Iterator[Document]:
        """The documents of a file, in order, without holding it whole; a bad one is Rejected.

        BadInput when the file as a whole cannot be read (no header, wrong columns).
        """
        ...


@runtime_checkable
class PushAdapter(PosAdapter, Protocol):
    """A POS that can be told of tiers and coupons."""

    def express(self, decision: Decision, connection: Connection) -> list[NativeAction]:
        """The requests that carry a decision to the POS; none when it has no place for it."""
        ...
