"""The list of what a member is likely to buy next, as the newest night has left it, for people and for campaigns.

Invariant: it says which night and which model it comes from; a member who is merged or erased has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loyalty_pos.domain.campaigns.choice import Listed
from loyalty_pos.domain.habits import due
from loyalty_pos.domain.habits.profile import DAY_MS
from loyalty_pos.domain.habits.reasons import OWN, Why, say
from loyalty_pos.services.standing import Terms
from loyalty_pos.storage import habits, ranking, reading, shops
from loyalty_pos.storage.ranking import Item
from loyalty_pos.storage.tx import Tx


def shown(tx: Tx, member_id: int, terms: Terms, now: int, language: str) -> dict[str, Any] | None:
    """{"day", "model", "items": [{"place", "sku", "name", "chance", "reason", "bought_before", "due"}]}, the likeliest
    first; ``due``: how many usual gaps have gone by since they last bought it, null where no rhythm is known."""
    model = ranking.in_force(tx)
    items = ranking.of(tx, model.id, [member_id]) if model else []
    if model is None or not items:
        return None
    names = reading.products(tx, {item.sku for item in items})
    stores = _stores(tx, items)
    bought = habits.bought(tx, member_id, [item.sku for item in items])
    found = []
    for item in items:
        product, mine = names.get(item.sku), bought.get(item.sku)
        ratio = None
        if mine is not None and mine.times > 1:
            gaps = due.kept_gaps(mine.times, mine.first_at, mine.last_at, mine.gap_squares)
            beat = due.rhythm(gaps, terms.of_category(product.category if product else None))
            ratio = round(beat.ratio(max(now - mine.last_at, 0) / DAY_MS), 2)
        found.append({
            "place": item.place,
            "sku": item.sku,
            "name": product.name if product else None,
            "chance": round(item.chance, 4),
            "reason": say(_why(stores, item), language),
            "bought_before": item.why in OWN,
            "due": ratio,
        })  # fmt: skip
    return {"day": model.day, "model": str(model.id), "items": found}


def expected(tx: Tx, members: Sequence[int]) -> tuple[int | None, dict[int, list[Listed]]]:
    """(the model in force, member -> their list): what a coupon may be chosen by."""
    model = ranking.in_force(tx)
    if model is None:
        return None, {}
    items = ranking.of(tx, model.id, members)
    goods = reading.products(tx, {item.sku for item in items})
    stores = _stores(tx, items)
    found: dict[int, list[Listed]] = {}
    for item in items:
        product = goods.get(item.sku)
        listed = Listed(item.sku, product.category if product else None, item.chance, _why(stores, item))
        found.setdefault(item.member_id, []).append(listed)
    return model.id, found


def _stores(tx: Tx, items: Sequence[Item]) -> dict[str, str]:
    """Code -> name of the stores, if a reason names one."""
    return shops.names(tx) if any(item.home for item in items) else {}


def _why(stores: dict[str, str], item: Item) -> Why:
    """The parts of the reason, a store by its name."""
    home = None if item.home is None else stores.get(item.home, item.home)
    return Why(item.why, item.gap, item.ago, item.percent, home)
