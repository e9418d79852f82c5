"""A scanner reads what the pages draw (S36, S40)."""

from __future__ import annotations

import re

import pytest
from PIL import Image, ImageDraw
from zxingcpp import read_barcodes

from loyalty_pos.web import codes

CARD, COUPON = "2900000000018", "991140785224903365"


def drawn(svg: str, unit: int = 4) -> Image.Image:
    """The SVG of our own paths as a picture, one module ``unit`` pixels wide."""
    left, _top, width, height = (int(part) for part in re.findall(r'viewBox="([^"]+)"', svg)[0].split())
    bars = "bc" in svg
    picture = Image.new("L", (width * unit, (60 if bars else height * unit)), 255)
    draw = ImageDraw.Draw(picture)
    for start, y, length in re.findall(r"M(\d+) (\d+)(?:\.5)?h(\d+)", svg):
        x0, x1 = (int(start) - left) * unit, (int(start) - left + int(length)) * unit - 1
        y0, y1 = (0, 59) if bars else (int(y) * unit, (int(y) + 1) * unit - 1)
        draw.rectangle((x0, y0, x1, y1), fill=0)
    return picture


@pytest.mark.parametrize("digits", [CARD, COUPON, "999999999999999993", "12345", "42"])
def test_a_barcode_reads_back_digit_for_digit(digits: str) -> None:
    """S36: a coupon begins with 99, which in Code 128 is also a switch of code sets."""
    found = read_barcodes(drawn(codes.barcode(digits, "code")))
    assert [one.text for one in found] == [digits]


@pytest.mark.parametrize("content", [CARD, COUPON, "https://shop.example/m/12-abcDEF_123"])
def test_a_qr_code_reads_back_and_is_not_a_micro_one(content: str) -> None:
    """S40: many scanners cannot read Micro QR."""
    found = read_barcodes(drawn(codes.qr(content, "code")))
    assert [(one.text, one.format.name) for one in found] == [(content, "QRCode")]


def test_the_quiet_zones_are_clear() -> None:
    """S36: four modules around a QR, ten beside a barcode."""
    qr = codes.qr(COUPON, "code")
    starts = [int(start) for start in re.findall(r"M(\d+) ", qr)]
    assert min(starts) == 4
    assert 'viewBox="-10 0 ' in codes.barcode(COUPON, "code")


def test_the_label_is_text_not_markup() -> None:
    """A label with a quote cannot end its attribute."""
    assert "&#34;&gt;" in codes.qr("1", '">')
