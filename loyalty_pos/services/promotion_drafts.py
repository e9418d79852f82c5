"""A promotion tried on past sales before it runs: what it costs, who gains, what it pushes aside.

Both sides are the rules in force, without the promotion and with it, priced by the engine that
prices at the till.  Its first and last day are left out: the replayed days stand for those on which
it will run.  A coupon that nobody holds yet is taken as held by every member; that is the most it
can cost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec

from loyalty_pos.domain.pricing.compile import RuleSet
from loyalty_pos.domain.pricing.engine import price
from loyalty_pos.domain.pricing.request import CouponFacts, PriceRequest
from loyalty_pos.errors import BadInput
from loyalty_pos.services import replay
from loyalty_pos.services.context import Caller, Services
from loyalty_pos.services.promotions import compiled_with, draft_of, find
from loyalty_pos.services.replay import MOST_TICKETS, Period, Tally
from loyalty_pos.services.rules import Book, Gift, gifts
from loyalty_pos.storage import rules as stored
from loyalty_pos.storage.tx import Tx

Rule = dict[str, Any]
BY_TIER = ("tickets", "tickets_touched", "discount", "points", "gifts", "members")
TRIED = "tried"
"""The code of a coupon that nobody holds yet."""


def simulate(
    services: Services,
    caller: Caller,
    code: str,
    first: date,
    last: date,
    changes: Rule | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    most: int | None = MOST_TICKETS,
) -> dict[str, Any]:
    """The draft of a promotion, else what runs of it, with ``changes`` of its fields, on the sales of
    ``first`` to ``last`` (local days, inclusive) in the caller's stores; contract.md section 3.

    "now" is the rules in force: without it, or, when a draft or changes of a running one are tried,
    with it as it runs.  ``by_tier`` is by the tier of the sale.  NotFound (``promotion_unknown``), BadInput
    for a faulty change or period, Refused (``too_many_tickets``).
    """
    if "code" in (changes or {}):
        raise BadInput(errors={"code": ["fixed"]})
    sides, goods = services.store.read(lambda tx: _sides(services, tx, code, changes or {}))
    book, now, draft, given = sides
    budget = draft.offers[code].limits.budget
    budgets = {} if budget is None else {code: budget}
    whole = Tally(own=frozenset({code}), budgets=budgets, goods=goods)
    tiers: dict[str | None, Tally] = defaultdict(lambda: Tally(goods=goods))
    period = Period(first, last, caller.store_ids)
    for ticket in replay.tickets(services, book, period, progress, most):
        request = ticket.request(book, ticket.tier, goods)
        before, after = price(now, request), price(draft, _with_coupon(request, code) if given else request)
        whole.add(ticket, before, after)
        tiers[ticket.tier].add(ticket, before, after)
    parts = [(tier, tiers[tier].shown()) for tier in sorted(tiers, key=lambda tier: tier or "")]
    return whole.shown() | {"by_tier": [{"tier": tier} | {name: x[name] for name in BY_TIER} for tier, x in parts]}


Sides = tuple[Book, RuleSet, RuleSet, bool]


def _sides(services: Services, tx: Tx, code: str, changes: Rule) -> tuple[Sides, dict[str, Gift]]:
    """The book, the two rule sets and whether every member is given the coupon; and the goods that either may add."""
    raw, row, draft = stored.load(tx), find(tx, code), draft_of(tx, code)
    running = row.state == "active"
    fields = {name: value for name, value in changes.items() if name != "state"}
    rule = (row if draft is None else draft).definition | fields
    tried = compiled_with(raw, code, _undated(rule | {"enabled": True}))
    before = _undated(row.definition) if running and rule != row.definition else row.definition | {"enabled": False}
    given = tried.offers[code].trigger == "coupon" and not running
    now = compiled_with(raw, code, before)
    return (services.rules.current(tx), now, tried, given), gifts(tx, now, tried)


def _undated(rule: Rule) -> Rule:
    """The rule on any day; its weekdays and hours stay."""
    valid = {name: value for name, value in (rule.get("valid") or {}).items() if name not in ("from", "to")}
    return rule | {"valid": valid}


def _with_coupon(request: PriceRequest, code: str) -> PriceRequest:
    """The request of a member who also shows a coupon of the promotion."""
    if request.member is None:
        return request
    basket = msgspec.structs.replace(request.basket, coupons=(*request.basket.coupons, TRIED))
    coupon = CouponFacts(code=TRIED, promotion=code, member=request.member.id)
    return msgspec.structs.replace(request, basket=basket, coupons=(*request.coupons, coupon))
