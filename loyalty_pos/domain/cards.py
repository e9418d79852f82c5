"""Cards: what was scanned, swiped or typed, turned into one Reading; and what must be refused.

Everything a till can read comes through ``read_swipe``: our own EAN-13, GS1 loyalty numbers,
Digital Links, the QR of a member page, the rotating code, magnetic stripes, coupons, phone
numbers.  Invariant: a Reading never carries a payment card's number or a name from a stripe
(track 1 is not read at all), and whatever is not understood is ``unknown``, never a guess.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct

from loyalty_pos.domain.checkdigits import gs1_check, gs1_valid, is_digits, luhn_valid
from loyalty_pos.domain.coupons import COUPON_PREFIX, VALUE_PREFIX

CARD_PREFIX = "29"
ROTATING_PREFIX = "98"
STEP_SECONDS = 30

Kind = Literal["card", "page", "rotating", "coupon", "value", "phone", "payment", "unknown"]
Form = Literal["ean13", "gsrn", "link", "stripe", "luhn", "text"]

_SEPARATORS = re.compile(r"[\s.\-\u2010-\u2015]+")
_AIM = re.compile(r"^\][A-Za-z][0-9]")
_GROUP = re.compile(r"\x1d|<GS>|\{GS\}")
_TRACK_2 = re.compile(r";([0-9:<>=]+)(?:\?|$)")
_ANY_TRACK = re.compile(r"^(?:[%;]|\+[^?]*\?)")
_PAGE = re.compile(r"^https?://[^/\s]+(?:/[^\s?#]*)?/m/([A-Za-z0-9_.~-]{8,200})/?(?:[?#].*)?$", re.IGNORECASE)
_LINK = re.compile(r"^https?://[^/\s]+/(?:[^\s?#]*/)?(?:8018|gsrn)/([0-9]{18})(?:[/?#].*)?$", re.IGNORECASE)
_PHONE = re.compile(r"^(?:0|\+?84)[1-9][0-9]{8,9}$")

# S41: the ranges of the payment schemes, the layout of their tracks, and digits that stand alone.
_PAYMENT_RANGE = re.compile(r"^(?:[34]|5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|60|62|65|9704)")
_BANK_TRACK = re.compile(r"[Bb]([0-9 ]{13,23})\^|(?<![0-9])([0-9]{13,21})=[0-9]{4}")
_ALONE = re.compile(
    r"(?<![0-9])(?:[0-9]{13,19}|[0-9]{4}([ .-])[0-9]{4}\1[0-9]{4}\1[0-9]{4}(?:\1[0-9]{1,3})?"
    r"|[0-9]{4}[ .-][0-9]{6}[ .-][0-9]{4,5})(?![0-9])"
)
EXEMPT = frozenset({"sku", "skus", "receipt", "sale_receipt"})
"""Fields where bare digits are no payment card: one foreign EAN-13 in ten would fall (S41)."""
_UNSEEN: dict[int, str | None] = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))


class Reading(Struct, frozen=True):
    """What was read.  ``value`` is the card number, page token, coupon code or phone number;
    of something unknown the cleaned text (it may be an older card); of a payment card nothing.

    ``code`` is set for ``rotating`` alone: the 8 digits to check.  ``form`` says how a card's
    number was written.
    """

    kind: Kind
    value: str = ""
    code: str = ""
    form: Form = "text"

    @property
    def card(self) -> str | None:
        """The card number, when the reading names one directly (card or rotating code)."""
        return self.value if self.kind in ("card", "rotating") else None


def read_swipe(
    raw: str,
    *,
    own_prefixes: tuple[str, ...] = (CARD_PREFIX,),
    luhn_prefixes: tuple[str, ...] = (),
    gsrn_prefixes: tuple[str, ...] = (),
    scan: bool = False,
    translate: Mapping[str, str] | None = None,
) -> Reading:
    """Read one scan, swipe or typed text (S23, S36, S40, S41).

    ``own_prefixes`` are those of our EAN-13 numbers, ``luhn_prefixes`` of older numbers that end
    in a Luhn digit, ``gsrn_prefixes`` of loyalty numbers typed without their AI 8018.
    ``scan`` is true when a scanner read it.  ``translate`` undoes the till's keyboard layout,
    character by character.  Never raises.
    """
    text = _clean(raw, translate)
    declared = own_prefixes + luhn_prefixes + gsrn_prefixes
    if bank_track(text, declared) or payment_card(text, declared, scan=scan):
        return Reading("payment")
    if _ANY_TRACK.match(text):
        number = _track_2_number(text)
        known = _read_number(number, own_prefixes, luhn_prefixes, gsrn_prefixes)
        if known is not None and known.kind == "card":
            return Reading("card", known.value, form="stripe")
        return Reading("unknown", number, form="stripe")
    if page := _PAGE.match(text):
        return Reading("page", page[1])
    loyalty = _gs1_number(text)
    if loyalty is not None:
        return Reading("card", loyalty, form="link" if "/" in text else "gsrn")
    digits = _SEPARATORS.sub("", text)
    known = _read_number(digits, own_prefixes, luhn_prefixes, gsrn_prefixes)
    if known is not None:
        return known
    phone = re.sub(r"[()]", "", digits)
    if _PHONE.match(phone):
        return Reading("phone", phone)
    return Reading("unknown", digits if is_digits(digits) else text)


def _clean(raw: str, translate: Mapping[str, str] | None = None) -> str:
    """Layout undone, full-width digits made plain, scanner marks and line ends taken off."""
    layout = _UNSEEN | {ord(typed): meant for typed, meant in (translate or {}).items()}
    text = unicodedata.normalize("NFKC", raw.translate(layout))
    text = text.strip(" \t\r\n\x00\x02\x03\x04").strip("*").strip()
    return _AIM.sub("", text).lstrip("\x1d")


def _track_2_number(text: str) -> str:
    """The number of track 2, up to its separator; empty when that track failed or is missing."""
    track = _TRACK_2.search(text)
    number = track[1].split("=")[0] if track else ""
    return number if is_digits(number) else ""


def _gs1_number(text: str) -> str | None:
    """The loyalty number (AI 8018) of a Digital Link or element string, check digit verified (S40)."""
    if link := _LINK.match(text):
        return link[1] if gs1_valid(link[1]) else None
    for element in _GROUP.split(text):
        plain = re.sub(r"[() ]", "", element)
        ends = len(plain) == 22 or plain.startswith("8019", 22)
        if plain.startswith("8018") and ends and gs1_valid(plain[4:22]):
            return plain[4:22]
    return None


def _read_number(digits: str, own: tuple[str, ...], luhn: tuple[str, ...], gsrn: tuple[str, ...]) -> Reading | None:
    """A bare number of ours: coupon, rotating code, card; None when it is none of these."""
    if not is_digits(digits):
        return None
    if len(digits) == 18 and digits.startswith(COUPON_PREFIX) and gs1_valid(digits):
        return Reading("coupon", digits)
    if len(digits) == 18 and digits.startswith(VALUE_PREFIX) and gs1_valid(digits):
        return Reading("value", digits)
    if len(digits) == 23 and digits.startswith(ROTATING_PREFIX):
        card, code = digits[2:15], digits[15:]
        return Reading("rotating", card, code) if _is_own(card, own) else None
    if _is_own(digits, own):
        return Reading("card", digits, form="ean13")
    if len(digits) == 18 and digits.startswith(gsrn) and gs1_valid(digits):
        return Reading("card", digits, form="gsrn")
    if 8 <= len(digits) <= 19 and digits.startswith(luhn) and luhn_valid(digits):
        return Reading("card", digits, form="luhn")
    return None


def _is_own(digits: str, prefixes: tuple[str, ...]) -> bool:
    return len(digits) == 13 and digits.startswith(prefixes) and gs1_valid(digits)


def new_card_number(random10: str, prefix: str = CARD_PREFIX) -> str:
    """A card number: prefix, random digits, check digit, 13 in all (S40).

    ``random10`` are as many random digits as fit (10 behind a prefix of two).  ValueError when
    they are not digits or do not fit.
    """
    body = prefix + random10
    if len(body) != 12 or not is_digits(body):
        raise ValueError("a card number is 12 digits and a check digit")
    return body + gs1_check(body)


def coupon_code(text: str) -> str | None:
    """The 18 digits of a coupon however it was scanned or typed, or None (S36)."""
    return _code(text, COUPON_PREFIX)


def value_code(text: str) -> str | None:
    """The 18 digits of a gift card or wallet however it was scanned or typed, or None."""
    return _code(text, VALUE_PREFIX)


def _code(text: str, prefix: str) -> str | None:
    digits = _SEPARATORS.sub("", _clean(text))
    return digits if len(digits) == 18 and digits.startswith(prefix) and gs1_valid(digits) else None


def spaced_card(number: str) -> str:
    """A number in groups of four as people read it: ``2904 1234 58310`` (one left over joins)."""
    groups = [number[start : start + 4] for start in range(0, len(number), 4)]
    if len(groups) > 1 and len(groups[-1]) == 1:
        groups[-2:] = [groups[-2] + groups[-1]]
    return " ".join(groups)


def mask_card(number: str) -> str:
    """A card number as it may be shown: ``2904 •••• •8310``; short numbers keep two digits at most."""
    shown = 4 if len(number) >= 12 else min(2, len(number) // 4)
    hidden = "•" * (len(number) - 2 * shown)
    return spaced_card(number[:shown] + hidden + number[len(number) - shown :])


# Rotating code (S23) ---------------------------------------------------------------------------


def rotating_step(now: datetime) -> int:
    """The number of the 30-second step that ``now`` (aware) falls in."""
    if now.tzinfo is None:
        raise ValueError("time without offset")
    return int(now.timestamp()) // STEP_SECONDS


def rotating_code(secret: bytes, card: str, step: int) -> str:
    """The 8 digits of a card for one step: HMAC-SHA256, truncated (S23)."""
    digest = hmac.digest(secret, f"loyalty-pos rotating {card} {step}".encode(), "sha256")
    return f"{int.from_bytes(digest[:8], 'big') % 10**8:08d}"


def rotating_text(secret: bytes, card: str, step: int) -> str:
    """What the member's phone shows as QR: 98, card number, code (S23)."""
    return ROTATING_PREFIX + card + rotating_code(secret, card, step)


def rotating_match(secret: bytes, card: str, code: str, step: int, *, drift: int = 1) -> int | None:
    """The step that ``code`` belongs to, among ``step`` and its ``drift`` neighbours; else None.

    Every candidate is compared in constant time.  That a step is used once is for the caller to
    enforce, by a unique row of card and step.
    """
    found: int | None = None
    for candidate in range(step - drift, step + drift + 1):
        if hmac.compare_digest(rotating_code(secret, card, candidate), code):
            found = candidate
    return found


# Payment cards (S41) ---------------------------------------------------------------------------


def bank_track(text: str, own_prefixes: tuple[str, ...] = (CARD_PREFIX,)) -> bool:
    """Whether a bank card's track stands anywhere in the text; refused in every field (S41).

    Track 1 in bank format (``B``, number, ``^``), or 13 to 19 digits, ``=`` and a four-digit
    date; a number with a prefix the shop declared is its own loyalty stripe.
    """
    tracks = _BANK_TRACK.finditer(_clean(text))
    return any(not (track[1] or track[2]).startswith(own_prefixes) for track in tracks)


def payment_card(text: str, own_prefixes: tuple[str, ...] = (CARD_PREFIX,), *, scan: bool = False) -> bool:
    """Whether digits that stand alone in the text look like a payment card's number (S41).

    13 to 19 digits, Luhn valid, in a payment range, not of a declared prefix.  ``scan``: a valid
    EAN-13 is a product code then, and passes.
    """
    text = _clean(text)
    whole = _SEPARATORS.sub("", text)
    if _gs1_number(text) is not None or (scan and len(whole) == 13 and gs1_valid(whole)):
        return False
    if len(whole) == 23 and whole.startswith(ROTATING_PREFIX) and _is_own(whole[2:15], own_prefixes):
        return False
    return any(_payment_number(number, own_prefixes) for number in _numbers(text, whole))


def _numbers(text: str, whole: str) -> Iterator[str]:
    yield whole
    for run in _ALONE.finditer(text):
        yield _SEPARATORS.sub("", run[0])


def _payment_number(number: str, own_prefixes: tuple[str, ...]) -> bool:
    return (
        13 <= len(number) <= 19
        and _PAYMENT_RANGE.match(number) is not None
        and not number.startswith(own_prefixes)
        and luhn_valid(number)
    )
