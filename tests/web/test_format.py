"""Money, points, days and codes as a reader of either language writes them (S1)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from loyalty_pos.web import format

NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("amount", "currency", "language", "text"),
    [
        (1234567, "VND", "vi", f"1.234.567{NBSP}₫"),
        (1234567, "VND", "en", "₫1,234,567"),
        (0, "VND", "vi", f"0{NBSP}₫"),
        (-20000, "VND", "vi", f"\u221220.000{NBSP}₫"),
        (12345, "USD", "en", "$123.45"),
        (1234, "KWD", "en", "KWD1.234"),
    ],
)
def test_money_is_written_from_minor_units_and_never_breaks_over_lines(
    amount: int, currency: str, language: str, text: str
) -> None:
    """S1: whole minor units in, no rounding."""
    assert format.money(amount, currency, language) == text


@pytest.mark.parametrize(
    ("amount", "language", "text"),
    [
        (16_700_000, "vi", f"16,7{NBSP}triệu{NBSP}₫"),
        (1_280_000_000, "vi", f"1,28{NBSP}tỷ{NBSP}₫"),
        (404_000, "vi", f"404{NBSP}nghìn{NBSP}₫"),
        (999, "vi", f"999{NBSP}₫"),
        (18_980_000, "en", "₫19m"),
    ],
)
def test_a_headline_sum_uses_words_not_the_letters_t_and_n(amount: int, language: str, text: str) -> None:
    """S1: compact forms of the locale data ("1,3 T ₫") are unusable for shop staff."""
    assert format.short_money(amount, "VND", language) == text


def test_days_are_day_first_in_both_languages_and_moments_are_local() -> None:
    """S38: a day is the shop's local day; 17:30 UTC is already tomorrow in Vietnam."""
    late = datetime(2026, 11, 21, 17, 30, tzinfo=UTC)
    assert format.day(late) == "22/11/2026"
    assert format.moment(late) == "22/11/2026 00:30"
    assert format.brief(late, language="en") == "22 Nov 00:30"
    assert format.day(date(2026, 11, 5), language="en") == "5 Nov 2026"
    assert format.day("2026-11-30") == "30/11/2026"


def test_points_and_changes_are_signed_and_grouped() -> None:
    """S15: points are whole numbers."""
    assert format.number(12845) == "12.845"
    assert format.signed(607) == "+607"
    assert format.signed(-5000) == "\u22125.000"
    assert format.number(12845, "en") == "12,845"
    assert (format.tenths(5.69), format.tenths(6.0), format.tenths(5.69, "en")) == ("5,7", "6", "5.7")


def test_codes_are_grouped_for_the_eye() -> None:
    """S36 and S40: 18 digits of a coupon, 13 of a card."""
    assert format.grouped("991140785224903365") == "9911 4078 5224 9033 65"
    assert format.grouped("2904001283104") == "2904 0012 83104"


@pytest.mark.parametrize(
    ("name", "letters"), [("Nguyễn Thị Hạnh", "NH"), ("Hạnh", "H"), ("đặng Ô", "ĐÔ"), (None, ""), ("  ", "")]
)
def test_a_face_shows_family_and_given_name(name: str | None, letters: str) -> None:
    """Vietnamese names run family, middle, given."""
    assert format.initials(name) == letters


@pytest.mark.parametrize(
    ("amount", "language", "text"),
    [(0, "vi", "0"), (500, "vi", "500"), (25_000_000, "vi", f"25{NBSP}tr"), (1_500_000_000, "vi", f"1,5{NBSP}tỷ"),
     (20_000, "vi", f"20{NBSP}ng"), (25_000_000, "en", "25m"), (1_500_000_000, "en", "1.5bn")],
)  # fmt: skip
def test_a_scale_is_marked_as_short_as_can_be(amount: int, language: str, text: str) -> None:
    """mockups/README: "tr" on chart axes only."""
    assert format.axis_money(amount, "VND", language) == text
