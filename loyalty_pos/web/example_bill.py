"""The bill beside the form of a promotion: its goods, prices and buyer are tried, the engine answers.

It is part of the form and stored nowhere: goods stand in rows (number, price), one more is added by its
number.  Goods of which there are none are no row any more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import request

from loyalty_pos.domain.pricing.explain import SENTENCES
from loyalty_pos.errors import BadInput, LoyaltyError
from loyalty_pos.services import promotion_example
from loyalty_pos.services.promotion_example import MOST_GOODS, Buyer, Good
from loyalty_pos.web import i18n, offers
from loyalty_pos.web.declared import Json, number
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.pages import book, services
from loyalty_pos.web.refusals import say

TYPED = re.compile(r"(?:(\d{1,3})\s*[*x×]\s*)?([^\s,;*×@]{1,64})(?:@(\d{1,12}))?")
MOST_OF_ONE = 999


def shown(rule: Json) -> dict[str, Any]:
    """What the template draws: the rows, who buys, with which coupon, and the price or why there is none."""
    form = request.form
    sent = "example.who" in form
    rows = _rows(form) if sent else promotion_example.goods(services(), rule)
    own = str(rule.get("code") or "new")
    by_coupon = rule.get("trigger") == "coupon"
    coupons = [("", _("no coupon")), (own, _("a coupon of this promotion"))] if by_coupon else [("", _("no coupon"))]
    coupons += [
        (code, offers.name(other))
        for code, other in book().promotions.items()
        if other.get("trigger") == "coupon" and code != own
    ]
    wanted = form.get("example.coupon", own if by_coupon else "")
    coupon = wanted if wanted in dict(coupons) else own if by_coupon else ""
    who = form.get("example.who", "member")
    tiers = [("tier." + tier.code, offers.tier_name(tier.name)) for tier in book().rules.tiers.levels]
    found: dict[str, Any] = {
        "goods": rows,
        "who": who,
        "buyers": [("", _("without a card")), ("member", _("a member without a tier")), *tiers],
        "coupon": coupon,
        "coupons": coupons,
        "example": None,
        "aside": [],
        "example_fault": "",
    }
    buyer = Buyer(bool(who), who.partition(".")[2] or None, coupon or None)
    try:
        full = {"code": "new", "name": "-"} | rule
        found["example"] = promotion_example.example(services(), full, rows, buyer, i18n.language())
        found["goods"] = [
            {"sku": line["sku"], "name": line["name"], "quantity": line["quantity"], "price": line["unit_price"]}
            for line in found["example"]["lines"].values()
        ]
        found["aside"] = [_aside(x) for x in found["example"]["pricing"]["not_applied"]]
    except BadInput as error:
        unknown = "goods" in error.errors
        found["example_fault"] = _("One of these goods has no price here.") if unknown else _("Fill in the rule first.")
    except LoyaltyError as error:
        found["example_fault"] = say(error)
    return found


def _rows(form: Mapping[str, str]) -> list[Good]:
    """The goods of the rows, and those that are typed to be added."""
    rows = []
    for place in range(MOST_GOODS):
        sku = form.get(f"example.lines.{place}.sku", "").strip()[:64]
        count, price = (number(form.get(f"example.lines.{place}.{name}", "").strip()) for name in ("quantity", "price"))
        if sku and isinstance(count, int) and count > 0:
            rows.append(Good(min(count, MOST_OF_ONE), sku, price if isinstance(price, int) and price >= 0 else None))
    typed = TYPED.findall(form.get("example.goods", ""))
    return rows + [Good(int(count or 1), sku, int(price) if price else None) for count, sku, price in typed]


def _aside(missed: Mapping[str, Any]) -> tuple[str, str]:
    """(offer, why it did not apply)."""
    code, reason = missed["promotion"], SENTENCES.get(missed["reason"])
    name = offers.name(book().promotions[code]) if code in book().promotions else code
    return name, reason[0 if i18n.language() == "vi" else 1] if reason else missed["reason"]
