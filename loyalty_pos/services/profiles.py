"""A member's habits as the contract shows them, and all habits counted anew from the sales.

Invariant: ``rebuild`` finds what each sale and return has left, figure by figure (habits.md section 1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from itertools import pairwise
from typing import Any

from loyalty_pos.domain.habits import due
from loyalty_pos.domain.habits.due import Gaps
from loyalty_pos.domain.habits.profile import DAY_MS, score
from loyalty_pos.domain.pricing.request import Language
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.services import next_items, pairs, visits
from loyalty_pos.services import standing as standings
from loyalty_pos.services.context import Caller, Services, from_ms
from loyalty_pos.services.points import account_of
from loyalty_pos.services.standing import Terms
from loyalty_pos.storage import habits, members, reading, recount, standing
from loyalty_pos.storage.habits import Favourite
from loyalty_pos.storage.recount import Block
from loyalty_pos.storage.tx import Tx

FAVOURITES = 20
MEMBERS = 10
"""Members of one transaction of ``rebuild``: a till waits for so many at most."""


def profile(services: Services, caller: Caller, member_id: str, language: Language | None = None) -> dict[str, Any]:
    """The habits of a member, from the counters that each sale moves (habits.md section 1), and what the newest
    night found out about them (section 3); sentences in ``language``, else in the shop's.
    """

    def work(tx: Tx) -> dict[str, Any]:
        book, now = services.rules.current(tx), services.now_ms()
        say = Say(language or book.language, book.programme.currency)
        account = account_of(tx, member_id)
        row, judged, terms = habits.profile(tx, account.id), standing.of(tx, account.id), standings.terms(tx)
        days = [date.fromisoformat(day) for day in habits.days(tx, account.id)]
        gaps = [(later - earlier).days for earlier, later in pairwise(days)]
        visited, items, spend, first_at, last_at = row[:5] if row else (0, 0, 0, None, None)
        times = row[5:] if row else (0,) * 11
        favourites = habits.favourites(tx, "member_products", "sku", account.id, FAVOURITES)
        return {
            "visits": visited,
            "items": items,
            "spend": spend,
            "average_basket": spend // visited if visited else 0,
            "first_purchase": None if first_at is None else _moment(first_at),
            "last_purchase": None if last_at is None else _moment(last_at),
            "rhythm": {
                "gaps": len(gaps),
                "mean_days": round(sum(gaps) / len(gaps), 2) if gaps else None,
                "mean_square_days": round(sum(g * g for g in gaps) / len(gaps), 2) if gaps else None,
                "weekdays": list(times[:7]),
                "dayparts": dict(zip(habits.DAYPARTS, times[7:], strict=True)),
            },
            "favourites": _products(tx, terms, favourites, now, say),
            "categories": [
                {"category": x.name, "name": None} | _bought(x, terms.categories, now, say)
                for x in habits.favourites(tx, "member_categories", "category", account.id, FAVOURITES)
            ],
            "stores": [
                {"store": code, "visits": count, "last": _moment(at)}
                for code, count, at in habits.stores(tx, account.id)
            ],
            "standing": None if judged is None else standings.shown(judged, say),
            "goes_with": pairs.shown(tx, account.id, [x.name for x in favourites], say),
            "next": next_items.shown(tx, account.id, terms, now, say.language),
        }

    return services.store.read(work)


def _products(tx: Tx, terms: Terms, rows: list[Favourite], now: int, say: Say) -> list[dict[str, Any]]:
    known = reading.products(tx, (row.name for row in rows))
    shown = []
    for row in rows:
        product = known.get(row.name)
        usual_gap = terms.of_category(product.category if product else None)
        shown.append({"sku": row.name, "name": product.name if product else None} | _bought(row, usual_gap, now, say))
    return shown


def _bought(row: Favourite, usual_gap: Gaps, now: int, say: Say) -> dict[str, Any]:
    """How often and how much of one product or category; its rhythm from the second purchase on."""
    return {
        "times": row.times,
        "quantity": row.quantity / 1000,
        "spend": row.spend,
        "first": _moment(row.first_at),
        "last": _moment(row.last_at),
        "score": round(score(row.weight, now), 4),
        "rhythm": _rhythm(row, usual_gap, now, say) if row.times > 1 else None,
    }


def _rhythm(row: Favourite, usual_gap: Gaps, now: int, say: Say) -> dict[str, Any]:
    beat = due.rhythm(due.kept_gaps(row.times, row.first_at, row.last_at, row.gap_squares), usual_gap)
    silence = max(now - row.last_at, 0) / DAY_MS
    return {
        "mean_days": round(beat.mean, 2),
        "deviation_days": round(beat.deviation, 2),
        "due": round(beat.ratio(silence), 2),
        "reason": due.because(beat.mean, int(silence), say),
    }


def bought_on(
    services: Services, caller: Caller, member_id: str, skus: Sequence[str], days: int
) -> dict[str, list[date]]:
    """The local days of the last ``days`` days on which the member bought each of these products, oldest first."""

    def work(tx: Tx) -> dict[str, list[date]]:
        local = services.rules.current(tx).programme.local
        since = services.now_ms() - days * DAY_MS
        found: dict[str, dict[date, None]] = {sku: {} for sku in skus}
        for sku, at in habits.purchases(tx, account_of(tx, member_id).id, skus, since):
            found[sku][local(at).date()] = None
        return {sku: list(mine) for sku, mine in found.items()}

    return services.store.read(work)


def _moment(at: int) -> str:
    return from_ms(at).isoformat(timespec="seconds")


def rebuild(services: Services, tell: Callable[[int, int], None]) -> dict[str, int]:
    """Count all habits anew from the sales, some members a transaction: {"members"}, how many were counted.

    Tills sell meanwhile.  A run that was cut off has done no harm; the next one does all of them again.
    """
    blocks = services.store.read(lambda tx: recount.blocks(tx, "members", MEMBERS))
    counted = 0
    for number, block in enumerate(blocks, start=1):
        counted += services.store.write(partial(_rebuild_some, services, block))
        tell(number, len(blocks))
    return {"members": counted}


def _rebuild_some(services: Services, block: Block, tx: Tx) -> int:
    book, found = services.rules.current(tx), members.between(tx, block)
    members.lock(tx, *found)
    for member_id in found:
        visits.recount(tx, book, member_id)
        members.touch(tx, member_id)
    return len(found)
