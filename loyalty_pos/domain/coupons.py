"""Coupon codes and the states of a coupon.

A code is 18 digits: prefix 99, 15 random digits, a GS1 check digit.  Digits only, because
Vietnamese typing tools rewrite letters in a scan; random, because a sequence can be guessed (S36).
"""

from __future__ import annotations

from typing import Literal

from loyalty_pos.errors import Conflict

State = Literal["issued", "held", "used", "expired", "cancelled"]

PREFIX = "99"
LENGTH = 18

# S35; used -> issued is a full return (S29), expired -> issued never happens.
TRANSITIONS: dict[State, frozenset[State]] = {
    "issued": frozenset({"held", "used", "expired", "cancelled"}),
    "held": frozenset({"issued", "used", "expired", "cancelled"}),
    "used": frozenset({"issued"}),
    "expired": frozenset(),
    "cancelled": frozenset(),
}


def check_digit(digits: str) -> str:
    """GS1 mod 10: weights 3, 1, 3, ... from the right (S36)."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def coupon_code(random_digits: str) -> str:
    """A code from 15 digits of a cryptographic random source; ValueError for anything else."""
    if len(random_digits) != LENGTH - len(PREFIX) - 1 or not _digits(random_digits):
        raise ValueError("15 digits wanted")
    body = PREFIX + random_digits
    return body + check_digit(body)


def is_coupon_code(code: str) -> bool:
    """Whether a normalised code has our form and its check digit is right."""
    ours = len(code) == LENGTH and code.startswith(PREFIX) and _digits(code)
    return ours and check_digit(code[:-1]) == code[-1]


def normalise_code(raw: str) -> str:
    """A code as scanned or typed without spaces and dashes: the same coupon is one coupon."""
    return "".join(character for character in raw if not character.isspace() and character != "-")


def check_transition(before: State, after: State) -> None:
    """Conflict ``coupon_state`` when a coupon may not go from one state to the other (S35)."""
    if after not in TRANSITIONS[before]:
        raise Conflict("coupon_state")


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
