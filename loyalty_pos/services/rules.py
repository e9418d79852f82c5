"""The rules in force, compiled once per version and shared by all threads.

A book is immutable.  Each read of the database asks for the newest version number; a changed
rule is therefore in force with the next request of every process.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from loyalty_pos.domain.basket import Id, Money
from loyalty_pos.domain.pricing.compile import RuleSet, compile_rules
from loyalty_pos.domain.pricing.request import Language
from loyalty_pos.domain.promotions.conditions.segment import SegmentIs
from loyalty_pos.domain.segments.decode import decode_rule
from loyalty_pos.domain.segments.rule import Rule
from loyalty_pos.domain.tiers import TierRules
from loyalty_pos.services.context import Services, from_ms, to_ms
from loyalty_pos.storage import reading, segment_rows
from loyalty_pos.storage import rules as stored
from loyalty_pos.storage.segment_rows import SegmentRow
from loyalty_pos.storage.tx import Tx

Bound = Annotated[int, Meta(ge=0, le=1_000_000)]


class Radar(Struct, frozen=True, forbid_unknown_fields=True):
    """How strong a sign at the counter must be before it is shown."""

    card_tickets: Bound = 3
    """More tickets with one card in one shift are a sign."""
    pair_tickets: Bound = 8
    pair_percent: Annotated[int, Meta(ge=1, le=100)] = 80
    """So many tickets of a card, and so large a part of all of its tickets, at one cashier are a sign."""
    second_cards: Bound = 2
    """So many times shown where another card was first are a sign."""
    refund_hours: Bound = 168
    shift_end_minutes: Bound = 30


class CampaignRules(Struct, frozen=True, forbid_unknown_fields=True):
    """What campaigns may do without asking (S50), and how often they may turn to the same member."""

    limit: Money = 10_000_000
    """What a campaign may cost at most, in minor units, before a second person has to approve it."""
    coupons: Annotated[int, Meta(ge=1, le=1_000)] = 2
    days: Annotated[int, Meta(ge=1, le=366)] = 7
    """At most so many coupons of campaigns in so many days, for each member."""


class Programme(Struct, frozen=True, forbid_unknown_fields=True):
    """The shop's settings; every default is the one that semantics.md states."""

    name: str = "Cửa hàng"
    currency: str = "VND"
    zone: str = "Asia/Ho_Chi_Minh"
    language: str = "vi"
    day_starts: str = "00:00"
    card_prefix: str = "29"
    own_prefixes: tuple[str, ...] = ("29",)
    spend_needs_code: bool = False
    """Only the rotating code of the QR page may spend points (S23)."""
    return_shortfall: str = "record"
    adjustment_limit: int = 1000
    promotion_limit: Money | None = None
    """A promotion that can cost more runs only when a second person approves; None: none is asked."""
    tier_rules: TierRules = TierRules()
    attach_days: int = 7
    """How long after a sale a forgotten card may still be attached."""
    unknown_card_days: int = 7
    """How long a sale waits for its unknown card to be enrolled (S42)."""
    unmerge_days: int = 30
    """How long two members that were made one can be made two again."""
    radar: Radar = Radar()
    campaigns: CampaignRules = CampaignRules()
    gift_card_skus: tuple[Id, ...] = ()
    """Goods that are gift cards or top-ups: their lines load stored value, and are no merchandise (S16)."""
    value_limit: Money = 1_000_000
    """The most that a manager puts on a gift card or wallet by hand, without a sale."""
    points: dict[str, Any] = {}
    policy: dict[str, Any] = {}

    def local(self, moment_ms: int) -> datetime:
        """The shop's local time."""
        return from_ms(moment_ms).astimezone(ZoneInfo(self.zone))

    def day_begins(self, day: date) -> int:
        """The first moment of a local day, in ms."""
        return to_ms(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.zone)))

    def day_ends(self, day: date) -> int:
        """The moment at which a local day is over, in ms (S20, S38)."""
        return self.day_begins(day + timedelta(days=1))

    def business_begins(self, day: date) -> int:
        """The first moment of a business day, in ms (S45)."""
        hours, minutes = (int(part) for part in self.day_starts.split(":"))
        return to_ms(datetime(day.year, day.month, day.day, hours, minutes, tzinfo=ZoneInfo(self.zone)))

    def business_date(self, moment_ms: int) -> date:
        """The business day of a moment: the local date, cut at ``day_starts`` (S45)."""
        return (self.local(moment_ms) - self._cut()).date()

    def business_day(self, day: date) -> int:
        """The first moment of a business day, in ms."""
        return to_ms(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.zone)) + self._cut())

    def _cut(self) -> timedelta:
        hours, minutes = (int(part) for part in self.day_starts.split(":"))
        return timedelta(hours=hours, minutes=minutes)


class LiveSegment(Struct, frozen=True):
    """A segment whose rule can be asked."""

    id: int
    code: str
    rule: Rule


def live_segment(row: SegmentRow) -> LiveSegment:
    """A stored segment; its rule was checked when it was saved."""
    return LiveSegment(row.id, row.code, decode_rule(row.rule))


class Book(Struct, frozen=True):
    """One version of everything pricing depends on beside the basket."""

    version: int
    programme: Programme
    rules: RuleSet
    promotions: dict[str, dict[str, Any]]
    tiers: list[dict[str, Any]]
    limited: dict[str, dict[str, Any]]
    """The limits of each promotion that has any: its uses are counted (S37)."""
    issues_coupons: bool = False
    """Whether any promotion gives a coupon for the next visit."""
    segments: tuple[LiveSegment, ...] = ()
    """Those whose members a sale can move."""
    names_segments: bool = False
    """Whether any rule asks which segments the member is in."""

    @property
    def language(self) -> Language:
        """The language of receipts and of what the till shows."""
        return "en" if self.programme.language == "en" else "vi"


class RuleBooks:
    """The compiled book of the newest version, kept until the number moves."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._book: Book | None = None

    def current(self, tx: Tx) -> Book:
        """The book in force as this transaction sees it."""
        number = stored.version(tx)
        book = self._book
        if book is not None and book.version == number:
            return book
        with self._lock:
            if self._book is None or self._book.version != number:
                self._book = _compile(stored.load(tx), segment_rows.listed(tx))
            return self._book


def _compile(raw: stored.StoredRules, segments: Sequence[SegmentRow]) -> Book:
    programme = msgspec.convert(raw.settings, Programme)
    rules = compile_rules(
        version=raw.version,
        currency=programme.currency,
        policy=programme.policy,
        promotions=raw.promotions,
        tiers=raw.tiers,
        points=programme.points,
    )
    limits = {p["code"]: {k: v for k, v in (p.get("limits") or {}).items() if v is not None} for p in raw.promotions}
    counted = {code: found for code, found in limits.items() if found.keys() - {"per_basket"}}
    issues = any(reward.get("kind") == "issue_coupon" for p in raw.promotions for reward in p["rewards"])
    moved = tuple(one for one in map(live_segment, segments) if one.rule.moved_by_sale)
    promotions = {p["code"]: p for p in raw.promotions}
    named = any(segments_of(p) for p in (*raw.promotions, *(programme.points.get("earn") or ())))
    return Book(raw.version, programme, rules, promotions, raw.tiers, counted, issues, moved, named)


def segments_of(rule: dict[str, Any]) -> dict[str, str]:
    """Path -> code of the segments that a promotion or an earning rule names."""
    audience = (rule.get("audience") or {}).get("segments") or ()
    found = {f"audience.segments[{number}]": code for number, code in enumerate(audience)}
    for path, condition in _conditions(rule.get("conditions") or (), "conditions"):
        if condition.get("kind") == SegmentIs.kind:
            found |= {f"{path}.any_of[{number}]": code for number, code in enumerate(condition["any_of"])}
    return found


def _conditions(listed: Sequence[dict[str, Any]], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Conditions with their paths, those inside others too."""
    for number, condition in enumerate(listed):
        yield f"{path}[{number}]", condition
        yield from _conditions(condition.get("of") or (), f"{path}[{number}].of")


def book(services: Services) -> Book:
    """The rules in force now."""
    return services.store.read(services.rules.current)


class Gift(Struct, frozen=True):
    """What we know of goods that an offer may add; minor units, None: not known."""

    price: int | None
    cost: int | None


def gifts(tx: Tx, *rules: RuleSet) -> dict[str, Gift]:
    """The goods that some rules may add, by sku, also those that no bill has."""
    known = reading.products(tx, [sku for one in rules for sku in one.gifts])
    return {sku: Gift(found.unit_price, found.unit_cost) for sku, found in known.items()}
