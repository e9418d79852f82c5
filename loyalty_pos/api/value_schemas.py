"""What is sent to and comes back of gift cards and wallets."""

from __future__ import annotations

from typing import Any

from loyalty_pos.api.fields import Body, Day, Whole, identifier, one_of, words
from loyalty_pos.api.shapes import day, moment, text, whole
from loyalty_pos.domain.basket import MAX_MONEY

MAY: dict[str, Any] = {"allow_none": True}


class Load(Body):
    """Money sold on a ``line`` of a ``sale``, or given by hand with a ``reason``; perhaps another last day."""

    amount = Whole(1, MAX_MONEY, required=True)
    sale = identifier(**MAY)
    line = identifier(**MAY)
    expires_on = Day(**MAY)
    reason = words(**MAY)


class NewValue(Load):
    """A gift card, or the wallet of a member; ``amount`` 0: to be sold later."""

    amount = Whole(0, MAX_MONEY)
    kind = one_of("gift_card", "wallet")
    member = identifier(**MAY)


class StoredValue(Body):
    """A gift card or wallet; ``balance`` includes what checkouts hold."""

    code = text()
    kind = text()
    member = text(null=True)
    state = text()
    balance = whole()
    held = whole()
    expires_on = day(null=True)


class ValueEntry(Body):
    """One movement: load, pay, refund or unload, with the balance after it."""

    id = text()
    at = moment()
    kind = text()
    amount = whole()
    balance = whole()
    sale = text(null=True)
    receipt = text(null=True)
    terminal = text(null=True)
    reason = text(null=True)
