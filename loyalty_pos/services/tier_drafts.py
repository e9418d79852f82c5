"""A draft tier table looked at before it is put in force: who would move, and what it would cost.

Neither changes anything.  The preview says where today's members would go if they bought nothing
more; the simulation prices past sales again, each member on the tier that each table gives from
the days before the sale.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from functools import cache, partial
from typing import Any

from loyalty_pos.domain.pricing.compile import RuleSet
from loyalty_pos.domain.pricing.engine import price
from loyalty_pos.domain.tiers import Days, TierTable, figure_of, placed, successors
from loyalty_pos.services import replay, tiers
from loyalty_pos.services.context import Caller, Services
from loyalty_pos.services.programme import check_tiers
from loyalty_pos.services.replay import MOST_TICKETS, Member, Pair, Period, Tally
from loyalty_pos.services.rules import Book, gifts
from loyalty_pos.storage import rules as rule_rows
from loyalty_pos.storage import tiers as stored
from loyalty_pos.storage.tiers import Candidate
from loyalty_pos.storage.tx import Tx

PAGE = 500

Draft = Sequence[dict[str, Any]]
Move = tuple[str | None, str | None, str]
"""(from, to, when)."""


def _compiled(services: Services, draft: Draft) -> tuple[Book, RuleSet]:
    """The rules in force and the draft; BadInput names what is wrong with the draft."""

    def work(tx: Tx) -> tuple[Book, RuleSet]:
        return services.rules.current(tx), check_tiers(rule_rows.load(tx), list(draft))

    return services.store.read(work)


# Who moves ----------------------------------------------------------------------------------------


def preview(services: Services, draft: Draft) -> dict[str, Any]:
    """{"members", "moves": [{"from", "to", "when", "now", "draft"}]}: how many would move, if nobody
    bought anything more, under the table in force and under the draft.

    ``when``: ``at_once`` (their level leaves the table), ``next_ticket`` or ``review``.
    """
    book, rules = _compiled(services, draft)
    renamed = successors(book.rules.tiers, rules.tiers)
    now: Counter[Move] = Counter()
    then: Counter[Move] = Counter()
    members = after = 0
    while page := services.store.read(partial(_standings, services, book, after)):
        members += len(page)
        after = page[-1][0].id
        for member, figure, kept in page:
            now.update(_moves(book, book.rules.tiers, {}, member, figure, kept))
            then.update(_moves(book, rules.tiers, renamed, member, figure, kept))
    moves = [
        {"from": move[0], "to": move[1], "when": move[2], "now": now[move], "draft": then[move]}
        for move in sorted(now | then, key=lambda move: tuple(part or "" for part in move))
    ]
    return {"members": members, "moves": moves}


def _standings(services: Services, book: Book, after: int, tx: Tx) -> list[tuple[Candidate, int, int]]:
    """(member, figure today, figure of the coming review) of the next members."""
    found = stored.page(tx, after, PAGE)
    if not found:
        return []
    rules = book.programme.tier_rules
    today = book.programme.local(services.now_ms()).date()
    first = rules.window_start(today)
    periods = [rules.period(date.fromisoformat(x.review_on)) if x.review_on else (first, today) for x in found]
    ids = found[0].id, found[-1].id
    days = stored.days_between(tx, *ids, rules.metric, min(first, *(start for start, _ in periods)))
    uncounted = rules.metric == "points" and not rules.pending_points
    waiting = stored.waiting_between(tx, *ids) if uncounted else {}
    standings = []
    for member, period in zip(found, periods, strict=True):
        counted = tiers.without(days.get(member.id, []), tiers.on_days(book, waiting.get(member.id, ())))
        standings.append((member, figure_of(counted, first), figure_of(counted, *period)))
    return standings


def _moves(
    book: Book, table: TierTable, renamed: dict[str, str | None], member: Candidate, figure: int, kept: int
) -> list[Move]:
    """At most one move of a member under a table."""
    tier = renamed.get(member.tier, member.tier) if member.tier else None
    by_hand = renamed.get(member.tier_by_hand, member.tier_by_hand) if member.tier_by_hand else None
    higher = table.upgrade(tier, figure)
    if higher is not None:
        return [(member.tier, higher.code, "next_ticket")]
    stands = member._replace(tier=tier, tier_by_hand=by_hand)
    reviewed = tiers.reviewed(table, book.programme.tier_rules, stands, kept) if member.review_on else tier
    if reviewed != tier:
        return [(member.tier, reviewed, "review")]
    return [(member.tier, tier, "at_once")] if tier != member.tier else []


# What it costs ------------------------------------------------------------------------------------


def simulate(
    services: Services,
    caller: Caller,
    draft: Draft,
    first: date,
    last: date,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    most: int | None = MOST_TICKETS,
) -> dict[str, Any]:
    """The draft on the members' past sales of ``first`` to ``last`` (local days, inclusive).

    contract.md section 3; ``by_tier`` counts the members with a ticket by their level on the last
    day.  BadInput for a faulty draft or period; Refused (``too_many_tickets``).
    """
    book, rules = _compiled(services, draft)
    renamed = successors(book.rules.tiers, rules.tiers)
    own = frozenset(x.code for x in (*book.rules.tier_offers.values(), *rules.tier_offers.values()))
    goods = services.store.read(lambda tx: gifts(tx, book.rules, rules))
    budgets = {code: x["budget"] for code, x in book.limited.items() if "budget" in x}
    tally = Tally(own=own, budgets=budgets, goods=goods)
    levels = _Levels()
    seen: dict[int, Member] = {}

    @cache
    def tier(member_id: int, day: date, drafted: bool) -> str | None:
        member = seen[member_id]
        hand = renamed.get(member.by_hand, member.by_hand) if drafted and member.by_hand else member.by_hand
        table = rules.tiers if drafted else book.rules.tiers
        return _tier(book, table, hand, member, first, day)

    period = Period(first, last, caller.store_ids, members_only=True)
    for ticket in replay.tickets(services, book, period, progress, most):
        assert ticket.member is not None
        seen[ticket.member.id] = ticket.member
        before, after = (tier(ticket.member.id, ticket.day, drafted) for drafted in (False, True))
        now = price(book.rules, ticket.request(book, before, goods))
        then = price(rules, ticket.request(book, after, goods))
        tally.add(ticket, now, then)
        levels.ticket(before, after, now.pricing.totals.discount, then.pricing.totals.discount)
    end = date.fromordinal(last.toordinal() + 1)
    for member_id in seen:
        levels.member(tier(member_id, end, False), tier(member_id, end, True))
    return tally.shown() | {"by_tier": levels.shown()}


def _tier(book: Book, table: TierTable, hand: str | None, member: Member, first: date, day: date) -> str | None:
    """The tier on ``day`` from the days before it, had the table placed everybody on the first day."""
    rules = book.programme.tier_rules
    days: Days = [(x.day, getattr(x, rules.metric)) for x in member.days if x.day < day]
    return placed(table, rules, hand if table.get(hand) else None, first, days).tier


class _Levels:
    """The parts of a simulation by level, under both tables."""

    def __init__(self) -> None:
        self.members: dict[str | None, Pair] = defaultdict(Pair)
        self.tickets: dict[str | None, Pair] = defaultdict(Pair)
        self.discount: dict[str | None, Pair] = defaultdict(Pair)

    def ticket(self, before: str | None, after: str | None, now: int, draft: int) -> None:
        """One ticket's discounts."""
        self.tickets[before].add(1, 0)
        self.tickets[after].add(0, 1)
        self.discount[before].add(now, 0)
        self.discount[after].add(0, draft)

    def member(self, before: str | None, after: str | None) -> None:
        """One member's level on the last day."""
        self.members[before].add(1, 0)
        self.members[after].add(0, 1)

    def shown(self) -> list[dict[str, Any]]:
        """One row a level that anybody was on."""
        codes = sorted(self.members.keys() | self.tickets.keys(), key=lambda code: code or "")
        parts = ("members", "tickets", "discount")
        return [{"tier": code} | {part: getattr(self, part)[code].shown() for part in parts} for code in codes]
