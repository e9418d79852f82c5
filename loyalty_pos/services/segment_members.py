"""Who belongs to a segment: found anew each night and when its rule changes, and moved by each sale.

A sale looks only at its own member, and only where some segment's rule is one that a sale can change.
Invariant: membership is always what the rule said of the member at a moment; whoever writes it locks
the member first and asks the rule in the same transaction, so that no older answer wins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from loyalty_pos.domain.promotions.names import name_in
from loyalty_pos.errors import NotFound
from loyalty_pos.services.answers import short_name
from loyalty_pos.services.context import Services, from_ms
from loyalty_pos.services.identity import parse_id
from loyalty_pos.services.rules import Book, LiveSegment, live_segment
from loyalty_pos.storage import catalogue, members, segment_rows, segments
from loyalty_pos.storage.segment_rows import Seen, SegmentRow
from loyalty_pos.storage.segments import Today
from loyalty_pos.storage.tx import Tx

STEP = 200
"""Members that one transaction moves."""


def today(book: Book, now: int) -> Today:
    """The local day that rules are asked on."""
    return Today(book.programme.local(now).date(), book.programme.day_begins)


def follow(tx: Tx, book: Book, member_id: int, now: int) -> None:
    """After a sale or a return: bring the member into and out of the segments that it can change."""
    if book.segments:
        _place(tx, book, book.segments, [member_id], now)


def _place(tx: Tx, book: Book, found: Sequence[LiveSegment], member_ids: Sequence[int], now: int) -> int:
    """Let these members belong where the rules say so; how many came or went."""
    held = segments.holding(tx, [one.rule for one in found], today(book, now), member_ids)
    means = {(one.id, member) for member, row in held.items() for one, yes in zip(found, row, strict=True) if yes}
    before = segment_rows.among(tx, [one.id for one in found], member_ids)
    segment_rows.bring_in(tx, sorted(means - before), now)
    segment_rows.take_out(tx, sorted(before - means))
    return len(means ^ before)


def refresh(services: Services, code: str, tell: Callable[[int, int], None] = lambda _done, _total: None) -> int:
    """Find anew who belongs to a segment, in steps of one transaction each; how many came or went.

    NotFound (``segment_unknown``).
    """

    def differing(tx: Tx) -> list[int]:
        row, book = find(tx, code), services.rules.current(tx)
        meant = segments.matching(tx, live_segment(row).rule, today(book, services.now_ms()))
        return sorted(set(meant) ^ set(segment_rows.belonging(tx, row.id)))

    differ, moved = services.store.read(differing), 0
    for start in range(0, len(differ), STEP):
        part = differ[start : start + STEP]
        moved += services.store.write(lambda tx, part=part: _settle(services, tx, code, part))  # type: ignore[misc]
        tell(start + len(part), len(differ))
    services.store.write(lambda tx: _note(services, tx, code))
    return moved


def _settle(services: Services, tx: Tx, code: str, part: Sequence[int]) -> int:
    members.lock(tx, *part)
    return _place(tx, services.rules.current(tx), [live_segment(find(tx, code))], part, services.now_ms())


def _note(services: Services, tx: Tx, code: str) -> None:
    now = services.now_ms()
    day = services.rules.current(tx).programme.local(now).date().isoformat()
    segment_rows.note(tx, find(tx, code).id, day, now)


def due(services: Services) -> list[str]:
    """The segments whose members were not found anew since the local day began."""

    def work(tx: Tx) -> list[str]:
        programme = services.rules.current(tx).programme
        begun = programme.day_begins(programme.local(services.now_ms()).date())
        return [row.code for row in segment_rows.listed(tx) if row.refreshed_at < begun]

    return services.store.read(work)


def find(tx: Tx, code: str) -> SegmentRow:
    """A segment; NotFound (``segment_unknown``)."""
    row = segment_rows.find(tx, code)
    if row is None:
        raise NotFound("segment_unknown")
    return row


def list_members(
    services: Services, code: str, cursor: str | None, limit: int, language: str | None = None
) -> dict[str, Any]:
    """{"items", "next"}: who belongs to a segment, with short names; NotFound (``segment_unknown``).

    ``language`` is the reader's; the shop's own without one.
    """

    def work(tx: Tx) -> dict[str, Any]:
        after = parse_id(cursor, "page") if cursor else 0
        rows = segment_rows.page(tx, find(tx, code).id, after, limit + 1)
        items = people(services, tx, rows[:limit], language)
        return {"items": items, "next": str(rows[limit - 1].id) if len(rows) > limit else None}

    return services.store.read(work)


def people(services: Services, tx: Tx, rows: Sequence[Seen], language: str | None = None) -> list[dict[str, Any]]:
    """Members as a list shows them: short name, tier, figures, the kind of goods they buy most."""
    book = services.rules.current(tx)
    language = language or book.language
    kinds = catalogue.categories(tx)
    day = book.programme.local(services.now_ms()).date()
    tiers = {level.code: name_in(level.name, language) for level in book.rules.tiers.levels}
    return [
        {
            "id": str(row.id),
            "short_name": short_name(row.name),
            "tier": {"code": row.tier, "name": tiers.get(row.tier, row.tier)} if row.tier else None,
            "visits": row.visits,
            "spend": row.spend,
            "last_purchase": None if row.last_at is None else from_ms(row.last_at).isoformat(timespec="seconds"),
            "days_since": None if row.last_at is None else _days(book, row.last_at, day),
            "favourite": row.favourite and kinds.get(row.favourite, {}).get(language, row.favourite),
        }
        for row in rows
    ]


def _days(book: Book, at: int, day: date) -> int:
    return (day - book.programme.local(at).date()).days
