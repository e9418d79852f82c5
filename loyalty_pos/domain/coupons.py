"""Codes of coupons, gift cards and wallets: 18 digits, a prefix, 15 random digits, a GS1 check digit (S36).

Digits only, because Vietnamese typing tools rewrite letters in a scan; random, because a
sequence can be guessed.  The states of a coupon are kept by the database (storage/coupons.py),
the money on a gift card by its ledger (storage/values.py).
"""

from __future__ import annotations

from loyalty_pos.domain.checkdigits import gs1_check, is_digits

COUPON_PREFIX = "99"
VALUE_PREFIX = "96"
"""Of gift cards and wallets; no payment card begins so (S41)."""


def new_coupon_code(random15: str) -> str:
    """A coupon code from 15 digits of a cryptographic random source.  ValueError for anything else."""
    return _code(COUPON_PREFIX, random15)


def new_value_code(random15: str) -> str:
    """The code of a gift card or wallet, made like a coupon's.  ValueError for anything else."""
    return _code(VALUE_PREFIX, random15)


def _code(prefix: str, random15: str) -> str:
    if len(random15) != 15 or not is_digits(random15):
        raise ValueError("a code needs 15 random digits")
    return prefix + random15 + gs1_check(prefix + random15)


def normalise_code(raw: str) -> str:
    """A code as scanned or typed without spaces and dashes: the same coupon is one coupon."""
    return "".join(character for character in raw if not character.isspace() and character != "-")
