"""Check digits, against published vectors and by their own invariants (S36, S40, S41)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_pos.domain.checkdigits import gs1_check, gs1_valid, is_digits, luhn_check, luhn_valid

digits = st.text(alphabet="0123456789", min_size=1, max_size=40)


@pytest.mark.parametrize(
    "number", ["02345673", "416000336108", "1234567890128", "12345678901231", "123456789012345675"]
)
def test_gs1_numbers_of_every_length(number: str) -> None:
    """S40: one algorithm for GTIN-8, -12, -13, -14 and the 18 digits of a GSRN."""
    assert gs1_valid(number)
    assert not gs1_valid(number[:-1] + str((int(number[-1]) + 1) % 10))


@pytest.mark.parametrize(("body", "check"), [("37610425002123456", "9"), ("629104150021", "3"), ("978820551237", "5")])
def test_gs1_check(body: str, check: str) -> None:
    assert gs1_check(body) == check


@pytest.mark.parametrize(
    ("body", "check"),
    [
        ("4992739871", "6"),
        ("142857", "2"),
        ("398438246238642378648236487236482734", "7"),
        ("49015420323751", "8"),
        ("630123456789012", "2"),
    ],
)
def test_luhn_check(body: str, check: str) -> None:
    assert luhn_check(body) == check
    assert luhn_valid(body + check)


def test_the_wrong_loyalty_number_that_libraries_accept() -> None:
    """S40: AI 8018 with a wrong last digit passes two well-known libraries, and not us."""
    assert gs1_valid("950123456789012341")
    assert not gs1_valid("950123456789012342")


@given(digits, st.integers(0, 39), st.integers(1, 9))
def test_one_changed_digit_is_always_noticed(body: str, place: int, shift: int) -> None:
    for check, valid in ((gs1_check, gs1_valid), (luhn_check, luhn_valid)):
        number = body + check(body)
        assert valid(number)
        at = place % len(number)
        changed = number[:at] + str((int(number[at]) + shift) % 10) + number[at + 1 :]
        assert not valid(changed)


@pytest.mark.parametrize("text", ["", "7", "12a", "１２３", "²", "٣٤٥", " 12", "-1"])
def test_what_is_no_number_is_never_valid(text: str) -> None:
    assert not gs1_valid(text)
    assert not luhn_valid(text)
    assert is_digits(text) == (text == "7")
