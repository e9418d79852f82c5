"""Where members stand: lifted by a settle, lowered by a review, set by a hand (S32-S34).

The hot path sums at most a year of days, in one statement; what is rare (a late sale, a return of
what lifted a tier) walks the days of the present period.  Each change of a tier is one guarded
update of the member's row, which the caller holds locked or whose version it checks.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from loyalty_pos.domain.tiers import (
    ONE_DAY,
    Days,
    Placed,
    Standing,
    TierProgress,
    TierRules,
    TierTable,
    figure_of,
    placed,
    progress,
)
from loyalty_pos.services.context import Services
from loyalty_pos.services.rules import Book
from loyalty_pos.storage import reading
from loyalty_pos.storage import tiers as stored
from loyalty_pos.storage.members import Account
from loyalty_pos.storage.reading import MemberRow
from loyalty_pos.storage.tiers import Candidate, Place
from loyalty_pos.storage.tx import Tx


def enrol(tx: Tx, book: Book, member_id: int, now: int, tier: str | None = None) -> None:
    """A new member starts on the level that nothing reaches, or on ``tier`` that they bring along."""
    start = book.rules.tiers.reached(0)
    code = tier or (start.code if start else None)
    stored.place(tx, member_id, _from_today(book, code, None, now))


def _from_today(book: Book, tier: str | None, by_hand: str | None, now: int) -> Place:
    """A place whose floor is ``tier`` from today on, reviewed a period later."""
    today = book.programme.local(now).date()
    return Place(tier, by_hand, tier, today.isoformat(), _review_after(book, tier, today))


def _review_after(book: Book, tier: str | None, day: date) -> str | None:
    return book.programme.tier_rules.review_after(day).isoformat() if tier else None


def set_by_hand(tx: Tx, book: Book, member: MemberRow, tier: str | None, now: int) -> None:
    """Give a tier by hand, or (None) let the present one be reviewed again, a period from now."""
    stored.place(tx, member.id, _from_today(book, tier or member.tier, tier, now))


# What counts --------------------------------------------------------------------------------------


def _waiting(tx: Tx, book: Book, member_id: int) -> list[tuple[date, int]]:
    """(day, points) that do not count yet, because they are pending (S18)."""
    rules = book.programme.tier_rules
    if rules.metric != "points" or rules.pending_points:
        return []
    return on_days(book, stored.waiting(tx, member_id))


def on_days(book: Book, moments: Iterable[tuple[int, int]]) -> list[tuple[date, int]]:
    """(local day, points) of (ms, points)."""
    return [(book.programme.local(at).date(), points) for at, points in moments]


def without(days: Days, waiting: Days) -> Days:
    """``days`` less what waits."""
    if not waiting:
        return days
    left = dict(days)
    for day, points in waiting:
        left[day] = left.get(day, 0) - points
    return sorted(left.items())


def _days(tx: Tx, book: Book, member_id: int, first: date) -> Days:
    """The days from ``first`` on that count, under the metric and window in force."""
    rules = book.programme.tier_rules
    days = stored.days(tx, member_id, rules.metric, first)
    return without(days, [x for x in _waiting(tx, book, member_id) if x[0] >= first])


def _total(tx: Tx, book: Book, member_id: int) -> int:
    """The figure of a lifetime."""
    waiting = _waiting(tx, book, member_id)
    return stored.total(tx, member_id, book.programme.tier_rules.metric) - figure_of(waiting, date.min)


# A sale and its return ----------------------------------------------------------------------------


def settle(tx: Tx, book: Book, member: MemberRow, sold_at: int) -> None:
    """Raise the tier when a sale made the figure reach a higher one, on its day or a later one (S33)."""
    if not book.rules.tiers.levels:
        return
    day = max(book.programme.local(sold_at).date(), date.fromisoformat(member.floor_on))
    reached = _lifted(tx, book, member, day)
    if reached.tier != member.tier:
        _move(tx, book, member, reached)


def _lifted(tx: Tx, book: Book, member: MemberRow, day: date) -> Placed:
    """The present tier, or the higher one that the days from ``day`` on reach."""
    table, rules = book.rules.tiers, book.programme.tier_rules
    if rules.window == "lifetime":
        figure = _total(tx, book, member.id)
    else:
        first = rules.window_start(day)
        figure, newest = stored.window(tx, member.id, rules.metric, first)
        if newest is not None and newest > day:
            return placed(table, rules, member.tier, day, _days(tx, book, member.id, first))
        figure -= figure_of(_waiting(tx, book, member.id), first)
    higher = table.upgrade(member.tier, figure)
    return Placed(higher.code if higher else member.tier, day)


def _move(tx: Tx, book: Book, member: MemberRow, to: Placed) -> None:
    review = _review_after(book, to.tier, to.since)
    stored.place(tx, member.id, Place(to.tier, member.tier_by_hand, member.tier_floor, member.floor_on, review))


def supported(tx: Tx, book: Book, member: MemberRow) -> Placed | None:
    """The tier that the days since the floor give; None when the member stands on the floor itself."""
    table = book.rules.tiers
    if table.rank(member.tier) <= table.rank(member.tier_floor):
        return None
    return _reached(tx, book, member)


def _reached(tx: Tx, book: Book, member: MemberRow) -> Placed:
    table, rules = book.rules.tiers, book.programme.tier_rules
    floor_on = date.fromisoformat(member.floor_on)
    if rules.window == "lifetime":
        days: Days = [(floor_on, _total(tx, book, member.id))]
    else:
        days = _days(tx, book, member.id, rules.window_start(floor_on))
    return placed(table, rules, member.tier_floor, floor_on, days)


def undo(tx: Tx, book: Book, member: MemberRow, before: Placed | None) -> None:
    """Take back an upgrade that only returned goods had reached; no other downgrade here (S33).

    ``before`` is what was ``supported`` before the return: a tier that it did not support was not
    owed to these goods (the table or the settings changed), and waits for its review.
    """
    rank = book.rules.tiers.rank
    if before is None or rank(before.tier) < rank(member.tier):
        return
    after = supported(tx, book, member)
    if after is not None and rank(after.tier) < rank(member.tier):
        _move(tx, book, member, after)


# Two members made one -----------------------------------------------------------------------------


def kept_by_hand(book: Book, target: MemberRow, source: MemberRow) -> str | None:
    """What a hand gave to either of two members, the higher one."""
    return max(target.tier_by_hand, source.tier_by_hand, key=book.rules.tiers.rank)


def join(tx: Tx, book: Book, target: MemberRow, source: MemberRow) -> None:
    """Place ``target``, who has the rows of both by now: the higher floor, the higher tier, or the one
    that both together reach from there; what a hand gave stays (S33)."""
    rank = book.rules.tiers.rank
    floor = max(target, source, key=lambda row: rank(row.tier_floor))
    best = max(target, source, key=lambda row: (rank(row.tier), row.review_on or ""))
    place = Place(best.tier, kept_by_hand(book, target, source), floor.tier_floor, floor.floor_on, best.review_on)
    stored.place(tx, target.id, place)
    lift(tx, book, target._replace(**place._asdict()))


def lift(tx: Tx, book: Book, member: MemberRow) -> None:
    """Raise the tier to what the days since the floor give; nothing lowers it here."""
    reached = _reached(tx, book, member)
    if book.rules.tiers.rank(reached.tier) > book.rules.tiers.rank(member.tier):
        _move(tx, book, member, reached)


# The review ---------------------------------------------------------------------------------------


def due_until(services: Services, book: Book) -> date:
    """The newest review date that is decided now: its days of grace are over."""
    today = book.programme.local(services.now_ms()).date()
    return book.programme.tier_rules.decided(today)


def waiting(services: Services, tx: Tx) -> int:
    """How many members a review is due for."""
    return stored.count_due(tx, due_until(services, services.rules.current(tx)))


def review_some(services: Services, tx: Tx, limit: int) -> int:
    """Review up to ``limit`` members whose grace is over; how many were due.  One guarded step of the job."""
    book = services.rules.current(tx)
    until = due_until(services, book)
    found = stored.due(tx, until, limit)
    for member_id in found:
        member = reading.member(tx, member_id)
        if member is not None and member.review_on is not None and member.review_on <= until.isoformat():
            _review(tx, book, member)
    return len(found)


def _review(tx: Tx, book: Book, member: MemberRow) -> None:
    """Keep or lower one tier; the result is the floor of the next period, whose days may have lifted
    it again when the job comes late."""
    assert member.review_on is not None
    table, rules = book.rules.tiers, book.programme.tier_rules
    review_on = date.fromisoformat(member.review_on)
    first, last = rules.period(review_on)
    if rules.window == "lifetime":
        days: Days = [(review_on - ONE_DAY, _total(tx, book, member.id))]
    else:
        days = _days(tx, book, member.id, first)
    floor = reviewed(table, rules, member, figure_of(days, first, last))
    now = placed(table, rules, floor, review_on, days)
    review = _review_after(book, now.tier, now.since)
    stored.place(tx, member.id, Place(now.tier, member.tier_by_hand, floor, review_on.isoformat(), review))


def reviewed(table: TierTable, rules: TierRules, member: MemberRow | Candidate, figure: int) -> str | None:
    """The tier that a review with this figure gives; never below one given by hand."""
    tier = table.reviewed(member.tier, figure, one_level=rules.one_level, floor=member.tier_by_hand)
    return tier.code if tier else None


# What is told -------------------------------------------------------------------------------------


def standing(tx: Tx, book: Book, member: MemberRow | Account, now: int) -> Standing | None:
    """Where a member stands today (S34); None in a programme without tiers."""
    table, rules = book.rules.tiers, book.programme.tier_rules
    if not table.levels:
        return None
    today = book.programme.local(now).date()
    first = rules.window_start(today)
    kept_first, kept_last = rules.period(date.fromisoformat(member.review_on)) if member.review_on else (first, today)
    figure, oldest, kept = _figures(tx, book, member.id, first, kept_first, kept_last)
    above = table.missing(member.tier, figure)
    held = table.get(member.tier)
    by_hand = table.rank(member.tier) <= table.rank(member.tier_by_hand)
    losable = held is not None and held.threshold > 0 and not by_hand and member.review_on is not None
    return Standing(
        metric=rules.metric,
        figure=figure,
        next=above[0] if above else None,
        missing=above[1] if above else 0,
        until=rules.counts_until(oldest) if oldest and above else None,
        keep_missing=table.keeps(member.tier, kept) if losable else None,
        keep_until=kept_last if losable else None,
    )


def _figures(
    tx: Tx, book: Book, member_id: int, first: date, kept_first: date, kept_last: date
) -> tuple[int, date | None, int]:
    rules = book.programme.tier_rules
    if rules.window == "lifetime":
        total = _total(tx, book, member_id)
        return total, None, total
    waiting = _waiting(tx, book, member_id)
    if not waiting:
        return stored.sums(tx, member_id, rules.metric, first, kept_first, kept_last)
    days = _days(tx, book, member_id, min(first, kept_first))
    oldest = next((day for day, value in days if day >= first and value > 0), None)
    return figure_of(days, first), oldest, figure_of(days, kept_first, kept_last)


def shown(tx: Tx, book: Book, member: MemberRow | Account, now: int) -> TierProgress | None:
    """The standing as the answers show it, in the shop's language."""
    return progress(standing(tx, book, member, now), book.language)
