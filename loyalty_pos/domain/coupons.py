"""Coupon codes: 18 digits, prefix 99, 15 random digits, a GS1 check digit (S36).

Digits only, because Vietnamese typing tools rewrite letters in a scan; random, because a
sequence can be guessed.  The states of a coupon are kept by the database (storage/coupons.py).
"""

from __future__ import annotations

from loyalty_pos.domain.checkdigits import gs1_check, is_digits

COUPON_PREFIX = "99"


def new_coupon_code(random15: str) -> str:
    """A coupon code from 15 digits of a cryptographic random source.  ValueError for anything else."""
    if len(random15) != 15 or not is_digits(random15):
        raise ValueError("a coupon code needs 15 random digits")
    body = COUPON_PREFIX + random15
    return body + gs1_check(body)


def normalise_code(raw: str) -> str:
    """A code as scanned or typed without spaces and dashes: the same coupon is one coupon."""
    return "".join(character for character in raw if not character.isspace() and character != "-")
