"""A promotion in a reader's words: its name, what it is worth, what it asks for, when it runs.

A promotion is data in the rule language; this module reads it and never decides anything.  What
it has no short words for is shown by its name alone, never by a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from loyalty_pos.domain.promotions.names import Name, name_in
from loyalty_pos.web import format, i18n, words
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.i18n import lazy as _l

Promotion = Mapping[str, Any]

STAGES = {
    "catalog": _l("Shelf price"),
    "item": _l("Single goods"),
    "group": _l("Groups of goods"),
    "tier": _l("Tier"),
    "basket": _l("Whole bill"),
    "coupon": _l("Coupons"),
}


def name(promotion: Promotion) -> str:
    """The promotion's name in the reader's language, else in any it has, else its code."""
    names = promotion.get("name") or {}
    if isinstance(names, str):
        return names
    return str(names.get(i18n.language()) or next(iter(names.values()), promotion["code"]))


def tier_name(name: Name) -> str:
    """A tier's name in the reader's language."""
    return name_in(name, i18n.language())


def worth(promotion: Promotion, currency: str) -> tuple[str, str]:
    """What the first reward is worth, large and small: ("−10%", "at most 60.000 ₫")."""
    first: Mapping[str, Any] = next(iter(promotion.get("rewards") or ()), {})
    kind = first.get("kind")
    if kind in ("percent_off", "cheapest_off") and "percent" in first:
        most = first.get("max_amount")
        return f"{format.MINUS}{first['percent']}%", _(
            "at most %(amount)s", amount=_money(most, currency)
        ) if most else ""
    if kind in ("amount_off", "cheapest_off") and "amount" in first:
        return _money(first["amount"], currency), _("off")
    if kind == "fixed_price":
        return _money(first["price"], currency), _("instead of the shelf price")
    return _("Gift"), words.reward(str(kind))


def need(promotion: Promotion, currency: str) -> str:
    """What a bill must have for it, of the plain conditions: a sum, a quantity."""
    for condition in promotion.get("conditions") or ():
        narrow = _is_narrow(condition)
        if condition.get("kind") == "min_amount":
            amount = _money(condition["amount"], currency)
            if narrow:
                return _("For goods of this offer from %(amount)s", amount=amount)
            return _("For bills from %(amount)s", amount=amount)
        if condition.get("kind") == "min_quantity":
            return _("When you buy %(n)s or more", n=condition["quantity"])
    first: Mapping[str, Any] = next(iter(promotion.get("rewards") or ()), {})
    return _("For goods of this offer, once") if _is_narrow(first) else _("For any bill, once")


def _is_narrow(part: Mapping[str, Any]) -> bool:
    """Whether a condition or reward speaks of some goods only."""
    return bool((part.get("scope") or {"all": True}).keys() - {"all"})


def reward(promotion: Promotion) -> str:
    """The kinds of its rewards, in words."""
    kinds = [str(found.get("kind")) for found in promotion.get("rewards") or ()]
    return ", ".join(words.reward(kind) for kind in kinds)


def when(promotion: Promotion) -> str:
    """The days it runs: "01/11/2026 – 30/11/2026", "from 01/10/2026", "always"."""
    valid = promotion.get("valid") or {}
    first, last = valid.get("from"), valid.get("to")
    if first and last:
        return f"{_day(first)} – {_day(last)}"
    if first:
        return _("from %(day)s", day=_day(first))
    if last:
        return _("until %(day)s", day=_day(last))
    return _("always")


def last_day(valid_to: date | str | None, today: date) -> tuple[str, int | None]:
    """In words and in days: ("9 days left", 9) within ten days, else ("until 06/12", 16), or
    ("no last day", None)."""
    if valid_to is None:
        return _("no last day"), None
    last = date.fromisoformat(valid_to) if isinstance(valid_to, str) else valid_to
    left = (last - today).days
    if left == 0:
        return _("last day today"), 0
    if 0 < left <= 10:
        return _("%(n)s days left", n=left), left
    short = format.brief(last.isoformat(), language=i18n.language()) if last.year == today.year else _day(last)
    return _("until %(day)s", day=short), left


def _money(amount: int, currency: str) -> str:
    return format.money(amount, currency, i18n.language())


def _day(value: date | str) -> str:
    return format.day(value, language=i18n.language())
