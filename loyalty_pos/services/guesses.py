"""The guess limit: five unknown or foreign codes or cards a minute, then a minute's silence.

Counted per terminal in the database, so it holds across processes.  A member's own used or
expired coupon is no guess.  Recording facts (sales, batch, settle, returns) is never limited.
"""

from __future__ import annotations

from loyalty_pos.domain.basket import Basket
from loyalty_pos.errors import TooMany
from loyalty_pos.services.context import Caller, Services
from loyalty_pos.storage import guesses as rows
from loyalty_pos.storage.posting import add_exception
from loyalty_pos.storage.tx import Tx

LIMIT = 5
WINDOW_MS = 60_000
SILENCE_MS = 60_000


def check(tx: Tx, caller: Caller, now: int) -> None:
    """Raise TooMany while the caller is silenced."""
    until = rows.blocked_until(tx, caller.key)
    if until > now:
        raise TooMany(retry_after=(until - now + 999) // 1000)


def check_basket(tx: Tx, caller: Caller, basket: Basket, now: int) -> None:
    """``check``, where a basket names a person, a coupon or a gift card: goods alone guess nothing, and are priced."""
    if basket.card or basket.swipe or basket.member or basket.coupons or basket.pay_with:
        check(tx, caller, now)


def note(tx: Tx, caller: Caller, misses: int, now: int) -> None:
    """Count ``misses``; the one that passes the limit silences the caller and tells the manager."""
    if misses and rows.add(tx, caller.key, misses, now, WINDOW_MS) > LIMIT:
        rows.block(tx, caller.key, now + SILENCE_MS)
        if caller.store_id is not None:
            add_exception(tx, caller.store_id, now, "guessing", 0, 0, None)


def note_now(services: Services, caller: Caller, misses: int) -> None:
    """Count misses of a call that writes nothing else."""
    if misses:
        services.store.write(lambda tx: note(tx, caller, misses, services.now_ms()))
