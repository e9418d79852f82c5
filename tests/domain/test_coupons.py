"""Codes of coupons, gift cards and wallets (S36)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_pos.domain.cards import coupon_code, payment_card, read_swipe, value_code
from loyalty_pos.domain.checkdigits import gs1_check
from loyalty_pos.domain.coupons import new_coupon_code, new_value_code, normalise_code

random_digits = st.text("0123456789", min_size=15, max_size=15)


def test_s36_gs1_check_digit() -> None:
    # The published example of GS1 for an 18-digit SSCC: 37610425002123456 has check digit 9.
    assert gs1_check("37610425002123456") == "9"


@given(random_digits)
def test_s36_codes_are_eighteen_digits_that_check(digits: str) -> None:
    code = new_coupon_code(digits)
    assert len(code) == 18
    assert code.startswith("99" + digits)
    assert coupon_code(code) == code


@given(random_digits)
def test_a_gift_card_is_neither_a_coupon_nor_a_payment_card(digits: str) -> None:
    """S36, S41: whatever the random digits are."""
    code = new_value_code(digits)
    assert code.startswith("96" + digits)
    assert value_code(f"{code[:9]} {code[9:]}") == code
    assert coupon_code(code) is None
    assert not payment_card(code)
    assert read_swipe(code).kind == "value"


@given(random_digits, st.integers(2, 17), st.integers(1, 9))
def test_s36_one_wrong_digit_is_noticed(digits: str, place: int, shift: int) -> None:
    code = new_coupon_code(digits)
    wrong = code[:place] + str((int(code[place]) + shift) % 10) + code[place + 1 :]
    assert coupon_code(wrong) is None


@pytest.mark.parametrize("digits", ["", "1" * 14, "1" * 16, "12345678901234x", "١" * 15])
def test_s36_only_fifteen_digits_make_a_code(digits: str) -> None:
    with pytest.raises(ValueError, match="15"):
        new_coupon_code(digits)


def test_s36_spaces_and_dashes_do_not_make_another_coupon() -> None:
    code = new_coupon_code("048517730264414")
    assert normalise_code(f" {code[:6]}-{code[6:12]} {code[12:]}\t") == code
