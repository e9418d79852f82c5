"""The till page: an empty frame and the words it speaks; the page itself asks the API.

The page never holds a price rule: it sends the basket and shows the Pricing that comes back.
"""

from __future__ import annotations

from typing import Any

from flask import render_template

from loyalty_pos.api.auth import current_caller, require_role
from loyalty_pos.domain.money import exponent
from loyalty_pos.web import i18n
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.pages import book, point_value, shop, web


@web.get("/till")
@require_role("cashier", "manager", "owner")
def till() -> str:
    """The till of the lane that this session sells on."""
    caller = current_caller()
    return render_template("till/till.html", settings=settings(caller.terminal), words=words(), caller=caller)


def settings(terminal: str | None) -> dict[str, Any]:
    """What the page's scripts must know of the shop: figures and prefixes, never a price rule."""
    redeem = book().rules.points.redeem
    return {
        "language": i18n.language(),
        "currency": shop().currency,
        "exponent": exponent(shop().currency),
        "cardPrefixes": list(shop().own_prefixes),
        "pointValue": point_value(),
        "minPoints": redeem.min if redeem else 0,
        "terminal": terminal,
    }


def words() -> dict[str, str]:
    """The sentences the page's scripts fill in, in the reader's language."""
    return {
        "no_name": _("Member without a name"),
        "guest": _("Customer without a card"),
        "a_coupon": _("Coupon"),
        "none": _("None"),
        "other": _("Other"),
        "at_most": _("at most {amount}"),
        "subtotal": _("Subtotal"),
        "offers": _("Offers"),
        "coupons": _("Coupons ({n})"),
        "points_used": _("{n} points used"),
        "gift_card": _("Gift card •••• {code}"),
        "wallet": _("Wallet •••• {code}"),
        "value_left": _("{amount} left on it"),
        "value_blocked": _("This gift card is blocked: it pays nothing."),
        "value_not_usable": _(
            "This gift card or wallet cannot pay here: it has lapsed, or its owner's card was not scanned."
        ),
        "to_pay": _("To pay"),
        "left_to_pay": _("Left to pay"),
        "earns": _("Earns {n} points"),
        "items": _("{n} items"),
        "more": _("One more: {name}"),
        "less": _("One less: {name}"),
        "until": _("until {day}"),
        "not_yet": _("Not usable yet"),
        "nearly": _("Almost there"),
        "next_time": _("next visit"),
        "say_saved": _("“{name} saves {amount} on this bill.”"),
        "say_birthday": _("“Happy birthday {name}! This bill is {amount} less.”"),
        "thanks": _("“Thank you {name}! You now have {n} points.”"),
        "recorded": _("Bill {receipt} is recorded"),
        "paid": _("{name} pays {amount}"),
        "paid_earned": _("{name} pays {amount} and earns {n} points"),
        "with_exception": _("The bill is recorded, and the manager will look at it: an offer had changed meanwhile."),
        "price_changed": _("The price has just changed. Look at the total, then press Enter again."),
        "undone": _("The bill is undone: money, points and coupons are back as they were."),
        "another": _("That is the card of {name}, another customer. Change the customer of this bill?"),
        "keep": _("Keep this customer"),
        "change": _("Change customer"),
        "card_unknown": _("This card is not known. Scan it again, or type the customer's phone number."),
        "card_blocked": _("This card is blocked: the sale is recorded, without discount or points."),
        "bank_card": _("That is a bank card. It was not read or kept. Please scan the membership card."),
        "invalid": _("That cannot be taken. Check the code or the quantity, then try again."),
        "price_wrong": _("Type the price in figures, for example 32000."),
        "unreachable": _("The service cannot be reached. Nothing is lost: check the network, then try again."),
        "failed": _("That did not work (code {code}). Your bill is still here. Try again, or call the manager."),
        "again": _("Try again"),
    }
