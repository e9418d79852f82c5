"""Reading cards, and refusing payment cards (S23, S36, S40, S41)."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_pos.domain.cards import (
    Reading,
    bank_track,
    coupon_code,
    mask_card,
    new_card_number,
    payment_card,
    read_swipe,
    rotating_code,
    rotating_match,
    rotating_step,
    rotating_text,
    spaced_card,
)
from loyalty_pos.domain.checkdigits import gs1_check, luhn_check
from loyalty_pos.domain.coupons import new_coupon_code

CARD = "2900000000018"
GSRN = "950123456789012341"
COUPON = "992048517730264414"
TOKEN = "q7Kd_2mZx-81TfLw9Rb0YcVn"
VISA = "4111111111111111"
NAPAS = "970400000000001" + luhn_check("970400000000001")
SECRET = b"a secret for the tests only"
ten_digits = st.text(alphabet="0123456789", min_size=10, max_size=10)


@pytest.mark.parametrize(
    ("raw", "form"),
    [
        (CARD, "ean13"),
        (f"{CARD}\r\n", "ean13"),
        (f"  {CARD}\t", "ean13"),
        (f"*{CARD}*", "ean13"),
        (f"]E0{CARD}", "ean13"),
        ("２９００００００００01８", "ean13"),
        ("2900 0000 00018", "ean13"),
        ("2900-0000-00018", "ean13"),
        ("29000000\u200b00018", "ean13"),
        (f";{CARD}?", "stripe"),
        (f";{CARD}?3", "stripe"),
        (f";{CARD}", "stripe"),
        (f";{CARD}=49120000000?", "stripe"),
        (f"%E?;{CARD}?+E?", "stripe"),
        (f"%NGUYEN THI HANH?;{CARD}?", "stripe"),
    ],
)
def test_our_card_however_it_is_read(raw: str, form: str) -> None:
    """S40: scanner marks, line ends, full-width digits, tracks; the number is the same."""
    assert read_swipe(raw, scan=True) == Reading("card", CARD, form=form)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("raw", "form"),
    [
        (f"]C18018{GSRN}", "gsrn"),
        (f"]d28018{GSRN}\x1d8019001", "gsrn"),
        (f"]Q38018{GSRN}", "gsrn"),
        (f"\x1d8018{GSRN}", "gsrn"),
        (f"8018{GSRN}80190001", "gsrn"),
        (f"(8018){GSRN}", "gsrn"),
        (f"(8018) {GSRN} (8019) 01", "gsrn"),
        (f"0112345678901231<GS>8018{GSRN}", "gsrn"),
        (f"https://id.shop.example/8018/{GSRN}", "link"),
        (f"https://id.shop.example/some/8018/{GSRN}/8019/1?x=1", "link"),
        (f"HTTPS://ID.SHOP.EXAMPLE/gsrn/{GSRN}#top", "link"),
    ],
)
def test_gs1_loyalty_numbers(raw: str, form: str) -> None:
    """S40: AI 8018 as element string or Digital Link, the check digit verified by us."""
    assert read_swipe(raw) == Reading("card", GSRN, form=form)  # type: ignore[arg-type]
    assert read_swipe(raw.replace(GSRN, GSRN[:-1] + "2")).card is None


def test_a_bare_loyalty_number_needs_a_declared_prefix() -> None:
    """S40: without its AI an 18-digit number is read only where the shop said so."""
    assert read_swipe(GSRN).kind == "unknown"
    assert read_swipe(GSRN, gsrn_prefixes=("9501",)) == Reading("card", GSRN, form="gsrn")


def test_older_numbers_of_a_declared_prefix() -> None:
    """S40: Luhn numbers are ours when the shop declared the prefix, and their digit is right."""
    number = "6012345678" + luhn_check("6012345678")
    assert read_swipe(number).kind == "unknown"
    assert read_swipe(number, luhn_prefixes=("601",)) == Reading("card", number, form="luhn")
    assert read_swipe(f";{number}?", luhn_prefixes=("601",)) == Reading("card", number, form="stripe")
    assert read_swipe(number[:-1] + str((int(number[-1]) + 1) % 10), luhn_prefixes=("601",)).card is None


@pytest.mark.parametrize(
    "raw",
    [
        f"https://shop.example/m/{TOKEN}",
        f"http://192.168.1.5:8080/m/{TOKEN}/",
        f"https://shop.example/vi/m/{TOKEN}?src=card#points",
        f"]Q1https://shop.example/m/{TOKEN}\r",
    ],
)
def test_the_qr_on_the_card_is_the_card(raw: str) -> None:
    """S51: the page address read at the till is a scan; its token says whose."""
    assert read_swipe(raw, scan=True) == Reading("page", TOKEN)


@pytest.mark.parametrize(
    "raw", ["https://shop.example/m/", "https://shop.example/x/abcdefgh12", "javascript:/m/abcdefgh12"]
)
def test_other_addresses_are_unknown(raw: str) -> None:
    assert read_swipe(raw).kind == "unknown"


@pytest.mark.parametrize("raw", ["%E?", ";E?", "+E?", "%E?;E?+E?", "%NGUYEN/ANH^X?", "%NGUYEN/ANH^X", ";12:45?"])
def test_a_stripe_that_failed_gives_no_number_and_never_a_name(raw: str) -> None:
    """S40: error tracks and track 1 names are not read."""
    assert read_swipe(raw) == Reading("unknown", form="stripe")


def test_the_tills_keyboard_layout_is_undone() -> None:
    """A German layout types ö for ; and _ for ?."""
    assert read_swipe(f"ö{CARD}_", translate={"ö": ";", "_": "?"}).card == CARD


def test_coupons_are_digits_with_a_check_digit() -> None:
    """S36: 18 digits, prefix 99; spaces and dashes do not matter; a slip of one digit does."""
    for raw in (COUPON, "9920 4851 7730 264414", "992048517730-264414", f"]C1{COUPON}\r\n", f"*{COUPON}*"):
        assert read_swipe(raw) == Reading("coupon", COUPON)
        assert coupon_code(raw) == COUPON
    assert read_swipe("992048517730264415").kind == "unknown"
    assert coupon_code("992048517730264415") is None
    assert coupon_code(CARD) is None


@pytest.mark.parametrize("raw", ["0912345678", "0912 345 678", "+84 912 345 678", "84912345678", "(024) 3825.1234"])
def test_a_phone_number_is_known_by_its_shape(raw: str) -> None:
    """S23: identifies for earning; which number it is, the edge decides."""
    reading = read_swipe(raw)
    assert reading.kind == "phone"
    assert reading.value == "".join(c for c in raw if c in "+0123456789")


@pytest.mark.parametrize("raw", ["", " ", "hello", "09123", "2900000000017", "8934563138165", "00912345678"])
def test_everything_else_is_unknown_and_kept_as_it_stands(raw: str) -> None:
    """S42: an unknown card on a sale is kept, so its cleaned text is handed on."""
    assert read_swipe(raw, scan=True) == Reading("unknown", raw.strip())


@given(st.text(max_size=60))
def test_nothing_that_is_typed_makes_it_fail(raw: str) -> None:
    assert read_swipe(raw).kind in ("card", "page", "rotating", "coupon", "phone", "payment", "unknown")


# Numbers ---------------------------------------------------------------------------------------


@given(ten_digits)
def test_a_new_card_reads_back_and_is_never_taken_for_a_payment_card(random10: str) -> None:
    """S40, S41: our numbers are never refused, however they are written."""
    number = new_card_number(random10)
    assert len(number) == 13
    for raw in (number, spaced_card(number), f";{number}?", f";{number}=4912101?", f"Thẻ {number}, cũ"):
        assert not payment_card(raw)
        assert not bank_track(raw)
    assert read_swipe(number).card == number


def test_ten_thousand_cards_and_codes_give_no_false_refusal() -> None:
    """S41: cards, coupons and rotating codes of ours, as scanned and as printed in groups."""
    source = random.Random(2026)
    for _ in range(10_000):
        card = new_card_number(f"{source.randrange(10**10):010d}")
        coupon = new_coupon_code(f"{source.randrange(10**15):015d}")
        rotating = f"98{card}{source.randrange(10**8):08d}"
        for text in (card, coupon, rotating, spaced_card(coupon), spaced_card(rotating)):
            assert not payment_card(text)


@pytest.mark.parametrize("random10", ["", "123456789", "12345678901", "12345abcde", "１２３４５６７８９０"])
def test_a_new_card_needs_ten_digits(random10: str) -> None:
    with pytest.raises(ValueError):
        new_card_number(random10)


def test_a_new_coupon_needs_fifteen_digits() -> None:
    """S36."""
    assert new_coupon_code("204851773026441") == COUPON
    with pytest.raises(ValueError):
        new_coupon_code("20485177302644")


def test_a_shop_may_have_another_prefix() -> None:
    """S40: the prefix is a setting; 042 is what some tills know as a customer."""
    number = new_card_number("123456789", prefix="042")
    assert read_swipe(number, own_prefixes=("042",)).card == number
    assert read_swipe(number).card is None


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("2904123458310", "2904 •••• •8310"),
        (GSRN, "9501 •••• •••• ••23 41"),
        ("12345678", "12•• ••78"),
        ("123", "•••"),
        ("", ""),
    ],
)
def test_a_number_is_shown_masked(number: str, shown: str) -> None:
    assert mask_card(number) == shown


def test_a_number_is_printed_in_groups() -> None:
    assert spaced_card("2981599418569") == "2981 5994 18569"
    assert spaced_card(COUPON) == "9920 4851 7730 2644 14"


# Rotating code ---------------------------------------------------------------------------------


def test_the_rotating_code_names_its_card_and_changes_with_the_step() -> None:
    """S23: 98, card number, 8 digits of the 30-second step."""
    step = rotating_step(datetime(2026, 11, 21, 12, 0, tzinfo=UTC))
    assert rotating_step(datetime(2026, 11, 21, 12, 0, 29, tzinfo=UTC)) == step
    assert rotating_step(datetime(2026, 11, 21, 12, 0, 30, tzinfo=UTC)) == step + 1
    reading = read_swipe(rotating_text(SECRET, CARD, step), scan=True)
    assert reading == Reading("rotating", CARD, rotating_code(SECRET, CARD, step))
    assert reading.card == CARD
    codes = {rotating_code(SECRET, CARD, step + n) for n in range(100)}
    assert len(codes) == 100
    assert all(len(code) == 8 and code.isdigit() for code in codes)


@pytest.mark.parametrize(("late", "found"), [(-1, True), (0, True), (1, True), (2, False), (-2, False)])
def test_a_code_is_good_for_its_step_and_the_neighbours(late: int, found: bool) -> None:
    """S23: clocks of phone and shop may differ by one step; the step found is the one to use up."""
    code = rotating_code(SECRET, CARD, 1000)
    assert rotating_match(SECRET, CARD, code, 1000 + late) == (1000 if found else None)


def test_a_code_of_another_card_or_secret_is_no_code() -> None:
    code = rotating_code(SECRET, CARD, 1000)
    assert rotating_match(SECRET, "2900000000025", code, 1000) is None
    assert rotating_match(b"another", CARD, code, 1000) is None
    assert rotating_match(SECRET, CARD, "", 1000) is None


def test_a_rotating_code_of_a_wrong_card_number_is_unknown() -> None:
    assert read_swipe("98" + "2900000000017" + "12345678").kind == "unknown"


def test_a_step_needs_an_aware_time() -> None:
    with pytest.raises(ValueError):
        rotating_step(datetime(2026, 11, 21) + timedelta())  # noqa: DTZ001


# Payment cards (S41) ---------------------------------------------------------------------------


def luhn(body: str) -> str:
    return body + luhn_check(body)


@pytest.mark.parametrize(
    "prefix",
    ["3", "4", "51", "52", "53", "54", "55", "60", "62", "65", "9704"]
    + ["2221", "2229", "2230", "2299", "23", "26", "2700", "2719", "2720"],
)
@pytest.mark.parametrize("length", [13, 16, 19])
def test_every_payment_range_is_refused(prefix: str, length: int) -> None:
    """S41: ranges 3, 4, 51-55, 2221-2720, 60, 62, 65, 9704; 13 to 19 digits; Luhn valid."""
    number = luhn(prefix.ljust(length - 1, "0"))
    assert payment_card(number)
    assert not payment_card(number[:-1] + str((int(number[-1]) + 1) % 10))
    assert not payment_card(number, own_prefixes=(prefix,))
    assert read_swipe(number) == Reading("payment")


@pytest.mark.parametrize("prefix", ["1", "50", "56", "2220", "2721", "28", "29", "61", "63", "64", "7", "8", "9703"])
def test_other_ranges_are_not(prefix: str) -> None:
    assert not payment_card(luhn(prefix.ljust(15, "0")))


@pytest.mark.parametrize("length", [12, 20])
def test_other_lengths_are_not(length: int) -> None:
    assert not payment_card(luhn("4".ljust(length - 1, "0")))


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "４１１１ １１１１ １１１１ １１１１",
        f"*{VISA}*\r\n",
        f"]C1{VISA}",
        f"thẻ:{VISA}",
        f"0912345678 {VISA}",
        "Khách gọi 0912345678, 4111 1111 1111 1111 nhé",
        "3782 822463 10005",
        "4111\u200b1111\u200b1111\u200b1111",
        f";{VISA}?",
        f"x{VISA}y",
    ],
)
def test_the_number_is_found_however_it_is_written(text: str) -> None:
    """S41: spaces, dashes, full-width digits and words around it hide nothing."""
    assert payment_card(text)
    assert VISA not in repr(read_swipe(text))


def test_a_scanned_product_code_passes_and_a_typed_one_does_not() -> None:
    """S41: one in ten foreign EAN-13 looks like a payment card; a scan of it is exempt."""
    both = next(number for number in (f"40{n:010d}" for n in range(1000)) if gs1_check(number) == luhn_check(number))
    number = luhn(both)
    assert payment_card(number)
    assert not payment_card(number, scan=True)
    assert not payment_card(f"]E0{number}\r", scan=True)
    assert read_swipe(number, scan=True).kind == "unknown"
    assert payment_card(VISA, scan=True)


def test_loyalty_numbers_of_gs1_pass() -> None:
    """S40 before S41: a verified AI 8018 is no payment card, whatever its digits."""
    for n in range(500):
        body = f"4{n:016d}"
        number = body + gs1_check(body)
        assert not payment_card(f"(8018){number}")
        assert not payment_card(f"https://id.shop.example/8018/{number}")


@pytest.mark.parametrize(
    "text",
    [
        f";{VISA}=25121010000000000000?",
        f"{VISA}=2512",
        f"%B{VISA}^NGUYEN/ANH^2512101?",
        f"%B{VISA}^NGUYEN/ANH^2512101?;{VISA}=25121010000?",
        "%B4111 1111 1111 1111^NGUYEN/ANH^2512?",
        f";{NAPAS}=25121010000?",
        ";6301234567890123=4912?",
        f"ghi chú: ;{VISA[:-1]}0=2512101?",
        f";01{VISA}=724724?",
    ],
)
def test_a_bank_track_is_refused_anywhere(text: str) -> None:
    """S41: track layouts are refused in every field, Luhn valid or not."""
    assert bank_track(text)
    assert read_swipe(text) == Reading("payment")


@pytest.mark.parametrize(
    "text", [f";{CARD}?", f";{CARD}=4912?", "mã=2026", "123456789012=2512", f"{VISA}", "B 12^3", "a=b"]
)
def test_what_is_no_bank_track_passes(text: str) -> None:
    """S41: our own stripes, and receipts or skus with bare digits."""
    assert not bank_track(text)


def test_a_declared_prefix_makes_a_track_the_shops_own() -> None:
    assert not bank_track(";6301234567890123=4912?", own_prefixes=("6301",))
