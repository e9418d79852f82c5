"""Check digits: the last digit of a number, computed from the others.

Invariant: for any digits d, ``valid(d + check(d))`` holds, and changing one digit breaks it.
We verify every check digit ourselves: well-known GS1 libraries let wrong ones through for
loyalty numbers (AI 8018) and coupons.
"""

from __future__ import annotations


def is_digits(text: str) -> bool:
    """Whether the text is one or more of the digits 0-9 (no other script's digits)."""
    return text.isascii() and text.isdigit()


def gs1_check(digits: str) -> str:
    """The GS1 mod 10 check digit of ``digits`` of any length: weights 3, 1 from the right (S36, S40).

    ValueError when a character is not a digit.
    """
    total = sum(int(digit) * (1 if index % 2 else 3) for index, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def gs1_valid(number: str) -> bool:
    """Whether the last digit is the GS1 check digit of the others (GTIN, GSRN, our cards)."""
    return len(number) > 1 and is_digits(number) and gs1_check(number[:-1]) == number[-1]


def luhn_check(digits: str) -> str:
    """The Luhn check digit of ``digits`` (ISO/IEC 7812-1). ValueError when one is not a digit."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 if index % 2 else 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def luhn_valid(number: str) -> bool:
    """Whether the last digit is the Luhn check digit of the others."""
    return len(number) > 1 and is_digits(number) and luhn_check(number[:-1]) == number[-1]
