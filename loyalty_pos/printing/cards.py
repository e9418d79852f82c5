"""Card sheets: A4 pages of ten loyalty cards (85,6 x 54 mm), fronts, then backs to match.

Invariant: printed on both sides and flipped along the long edge, each back lies behind its own
front, so the backs' columns are mirrored.  What a scanner must read (QR of the member page,
EAN-13 of the card number) is drawn as black vectors on white with its quiet zone.  Lengths in mm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from barcode.ean import EuropeanArticleNumber13
from fpdf import FPDF
from fpdf.pattern import RadialGradient
from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

from loyalty_pos.domain.cards import spaced_card
from loyalty_pos.domain.checkdigits import gs1_valid
from loyalty_pos.errors import BadInput

FONTS = Path(__file__).parent / "fonts"
FONT = "DejaVu"
PAGE_WIDTH, PAGE_HEIGHT = 210.0, 297.0
CARD_WIDTH, CARD_HEIGHT = 85.6, 54.0
COLUMNS, ROWS = 2, 5
PER_SHEET = COLUMNS * ROWS
LEFT, TOP = (PAGE_WIDTH - COLUMNS * CARD_WIDTH) / 2, (PAGE_HEIGHT - ROWS * CARD_HEIGHT) / 2
QR_SIZE, QR_QUIET = 34.0, 4
BAR_MODULE, BAR_HEIGHT, BAR_QUIET = 0.35, 13.0, 11

GREENS = ("#1b8a6c", "#0d614e", "#073c31")
PALE, RING = (214, 236, 228), (240, 169, 43)
INK, SOFT, CUT = (20, 24, 26), (85, 92, 96), (185, 180, 168)

TEXTS = {
    "vi": {
        "kind": "Thẻ hội viên",
        "line": "Quét thẻ, giá tốt hơn,\nđiểm về ngay.",
        "page": "Quét để xem điểm và ưu đãi",
        "free": "**Miễn phí.** Đưa thẻ trước khi thanh toán. Mất thẻ: khoá trên trang thẻ{call}, điểm vẫn còn.",
        "call": " hoặc gọi {phone}",
        "front": "Mặt trước{batch} · tờ {sheet} trên {sheets}",
        "back": "Mặt sau{batch} · tờ {sheet} trên {sheets}, đã đảo cột để khớp khi lật cạnh dài",
        "batch": " · lô {batch}",
    },
    "en": {
        "kind": "Member card",
        "line": "Scan the card, pay less,\nget points at once.",
        "page": "Scan to see your points and offers",
        "free": "**Free.** Show the card before you pay. Lost it? Block it on its page{call}; your points stay.",
        "call": " or call {phone}",
        "front": "Fronts{batch} · sheet {sheet} of {sheets}",
        "back": "Backs{batch} · sheet {sheet} of {sheets}, columns mirrored for flipping on the long edge",
        "batch": " · batch {batch}",
    },
}


@dataclass(frozen=True, slots=True)
class CardToPrint:
    """One card: its 13-digit number and the address of its member page (the QR's content)."""

    number: str
    page_url: str


def card_sheets(
    cards: Sequence[CardToPrint],
    shop: str,
    made_at: datetime,
    *,
    language: Literal["vi", "en"] = "vi",
    phone: str = "",
    batch: str = "",
    done: Callable[[int], object] | None = None,
) -> bytes:
    """The PDF of the cards, ten to a sheet, a page of fronts and a page of backs each (S40, S51).

    ``shop`` is the name on the card, ``phone`` the one to call when it is lost, ``batch`` the
    name of the batch in the margin, ``made_at`` (aware) the date in the file, ``done`` is told how
    many cards are ready after each sheet.  The same values give the same bytes.
    BadInput ``card_number`` when a number is no EAN-13.
    """
    if not all(len(card.number) == 13 and gs1_valid(card.number) for card in cards):
        raise BadInput("card_number")
    texts = TEXTS[language]
    pdf = _document(shop, made_at)
    named = texts["batch"].format(batch=batch) if batch else ""
    margin = {"batch": named, "sheets": -(-len(cards) // PER_SHEET)}
    free = texts["free"].format(call=texts["call"].format(phone=phone) if phone else "")
    for start in range(0, len(cards), PER_SHEET):
        sheet = cards[start : start + PER_SHEET]
        margin["sheet"] = start // PER_SHEET + 1
        _page(pdf, texts["front"].format(**margin))
        for place, card in enumerate(sheet):
            _front(pdf, *_corner(place), card, shop, texts)
        _page(pdf, texts["back"].format(**margin))
        for place, card in enumerate(sheet):
            _back(pdf, *_corner(place, mirrored=True), card, texts["page"], free)
        if done is not None:
            done(start + len(sheet))
    return bytes(pdf.output())


def _document(shop: str, made_at: datetime) -> FPDF:
    pdf = FPDF(format=(PAGE_WIDTH, PAGE_HEIGHT))
    pdf.set_creation_date(made_at)
    pdf.set_title(shop)
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    pdf.c_margin = 0
    pdf.add_font(FONT, "", FONTS / "DejaVuSans.ttf")
    pdf.add_font(FONT, "B", FONTS / "DejaVuSans-Bold.ttf")
    return pdf


def _corner(place: int, *, mirrored: bool = False) -> tuple[float, float]:
    """The upper left corner of the card at this place of the sheet."""
    row, column = divmod(place, COLUMNS)
    if mirrored:
        column = COLUMNS - 1 - column
    return LEFT + column * CARD_WIDTH, TOP + row * CARD_HEIGHT


def _page(pdf: FPDF, label: str) -> None:
    """A page with its label in the margin and the four corners to cut by."""
    pdf.add_page()
    _text(pdf, LEFT, 7.5, label, 7, colour=SOFT)
    pdf.set_draw_color(*INK)
    pdf.set_line_width(0.2)
    right, bottom = PAGE_WIDTH - LEFT, PAGE_HEIGHT - TOP
    for x, outward in ((LEFT, -1), (right, 1)):
        for y, away in ((TOP, -1), (bottom, 1)):
            pdf.line(x + outward * 1.4, y, x + outward * 6.4, y)
            pdf.line(x, y + away * 1.4, x, y + away * 4.4)


def _front(pdf: FPDF, x: float, y: float, card: CardToPrint, shop: str, texts: dict[str, str]) -> None:
    with pdf.rect_clip(x, y, CARD_WIDTH, CARD_HEIGHT):
        corner = x + CARD_WIDTH, y
        glow = RadialGradient(*corner, 0, *corner, 1.18 * CARD_WIDTH, list(GREENS), extend_after=True)
        with pdf.use_pattern(glow):
            pdf.rect(x, y, CARD_WIDTH, CARD_HEIGHT, style="F")
        with pdf.local_context(stroke_opacity=0.22, draw_color=RING, line_width=6):
            pdf.circle(x + CARD_WIDTH - 8, y + CARD_HEIGHT - 4, 19)
    pdf.set_fill_color(255, 255, 255)
    pdf.rect(x + 6, y + 6, 9, 9, style="F", round_corners=True, corner_radius=2.6)
    _leaf(pdf, x + 8, y + 8, 5)
    room = CARD_WIDTH - 23.4
    _text(pdf, x + 17.4, y + 10.2, shop, _fitting(pdf, shop, 12, room), bold=True, colour=(255, 255, 255))
    _text(pdf, x + 17.4, y + 14.6, texts["kind"], 8, colour=PALE)
    for number, line in enumerate(texts["line"].split("\n")):
        _text(pdf, x + 6, y + 24.5 + 5.2 * number, line, 10.5, bold=True, colour=(255, 255, 255))
    with pdf.local_context(char_spacing=0.5):
        _text(pdf, x + 6, y + CARD_HEIGHT - 6, spaced_card(card.number), 10, colour=(255, 255, 255))
    _cut_line(pdf, x, y)


def _back(pdf: FPDF, x: float, y: float, card: CardToPrint, page: str, free: str) -> None:
    pdf.set_text_color(*INK)
    pdf.set_xy(x + 6.6, y + 4.5)
    pdf.set_font(FONT, "B", 7)
    pdf.multi_cell(30, 3.4, page, align="L")
    _qr(pdf, x + 4, y + 14.5, card.page_url)
    width = BAR_MODULE * (95 + 2 * BAR_QUIET)
    left = x + CARD_WIDTH - 3 - width
    pdf.set_xy(left + 1, y + 4.5)
    pdf.set_font(FONT, "", 7)
    pdf.multi_cell(width - 2, 3.7, free, align="L", markdown=True)
    _bars(pdf, left, y + 31, card.number)
    number = spaced_card(card.number)
    pdf.set_font(FONT, "", 8.4)
    _text(pdf, left + (width - pdf.get_string_width(number)) / 2, y + 48, number, 8.4, colour=INK)
    _cut_line(pdf, x, y)


def _text(
    pdf: FPDF, x: float, y: float, text: str, size: float, *, colour: tuple[int, int, int], bold: bool = False
) -> None:
    """One line of text with its baseline at y."""
    pdf.set_font(FONT, "B" if bold else "", size)
    pdf.set_text_color(*colour)
    pdf.text(x, y, text)


def _fitting(pdf: FPDF, text: str, size: float, room: float) -> float:
    """The size, smaller if the text would not fit the room."""
    pdf.set_font(FONT, "B", size)
    return min(size, size * room / max(pdf.get_string_width(text), 1))


def _leaf(pdf: FPDF, x: float, y: float, size: float) -> None:
    unit = size / 16
    with pdf.new_path(x - 4 * unit, y - 4 * unit) as path:
        path.style.stroke_color = GREENS[1]
        path.style.fill_color = None
        path.style.stroke_width = 1.7 * unit
        path.style.stroke_join_style = "round"
        path.style.auto_close = False

        def at(*points: float) -> list[float]:
            return [start + unit * (point - 4) for point, start in zip(points, (x, y) * 3, strict=False)]

        path.move_to(*at(5, 19))
        path.curve_to(*at(5, 10, 10, 5, 20, 5))
        path.curve_to(*at(20, 15, 15, 20, 8, 20))
        path.curve_to(*at(6, 20, 5, 19.5, 5, 19))
        path.move_to(*at(5, 20))
        path.curve_to(*at(7, 15, 10, 12, 15, 10))


def _cut_line(pdf: FPDF, x: float, y: float) -> None:
    with pdf.local_context(draw_color=CUT, line_width=0.1, dash_pattern={"dash": 0.8, "gap": 0.8}):
        pdf.rect(x, y, CARD_WIDTH, CARD_HEIGHT)


def _qr(pdf: FPDF, x: float, y: float, content: str) -> None:
    """A QR code with its four clear modules, ``QR_SIZE`` wide in all."""
    code: QRCode[Any] = QRCode(error_correction=ERROR_CORRECT_M, border=QR_QUIET)
    code.add_data(content)
    code.make(fit=True)
    rows = code.get_matrix()
    module = QR_SIZE / len(rows)
    pdf.set_fill_color(0, 0, 0)
    for line, row in enumerate(rows):
        for start, length in _runs(row):
            pdf.rect(x + start * module, y + line * module, length * module, module, style="F")


def _bars(pdf: FPDF, x: float, y: float, number: str) -> None:
    """The EAN-13 of a card number with its quiet zones, bars only."""
    (bars,) = EuropeanArticleNumber13(number[:12]).build()
    pdf.set_fill_color(0, 0, 0)
    for start, length in _runs([bar == "1" for bar in bars]):
        pdf.rect(x + (start + BAR_QUIET) * BAR_MODULE, y, length * BAR_MODULE, BAR_HEIGHT, style="F")


def _runs(row: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Start and length of each stretch of dark modules."""
    at = 0
    for dark, modules in groupby(row):
        length = len(list(modules))
        if dark:
            yield at, length
        at += length
