"""Card sheets, judged as a scanner and a pair of scissors judge them: by the rendered page (S40, S51)."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from loyalty_pos.domain.cards import new_card_number, read_swipe, spaced_card
from loyalty_pos.errors import BadInput
from loyalty_pos.printing.cards import CardToPrint, card_sheets

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SHOP = "Mộc An Mart · Phường Nguyễn Thị Minh Khai"
DPI = 200
CARDS = tuple(
    CardToPrint(new_card_number(f"{n * 7919:010d}"), f"https://the.mocan.example/m/{n:04d}q7Kd_2mZx-81TfLw9Rb0Y")
    for n in range(12)
)


@cache
def sheets() -> bytes:
    return card_sheets(CARDS, SHOP, NOW, phone="1900 0000", batch="2026-11-B")


@cache
def picture(page: int) -> Image.Image:
    with pypdfium2.PdfDocument(sheets()) as document:
        return document[page].render(scale=DPI / 72).to_pil().convert("L")  # type: ignore[no-any-return]


def words(page: int) -> str:
    with pypdfium2.PdfDocument(sheets()) as document:
        return " ".join(document[page].get_textpage().get_text_range().split())


def millimetres(pixels: float) -> float:
    return pixels / DPI * 25.4


def scanned(page: int) -> dict[str, tuple[float, float]]:
    """What a scanner reads on a page: text -> where its middle lies, in mm."""
    found = {}
    for code in zxingcpp.read_barcodes(picture(page)):
        at = code.position
        corners = at.top_left, at.top_right, at.bottom_left, at.bottom_right
        xs, ys = [corner.x for corner in corners], [corner.y for corner in corners]
        found[code.text] = millimetres(sum(xs) / 4), millimetres(sum(ys) / 4)
    return found


def test_ten_cards_to_a_sheet_fronts_and_backs() -> None:
    with pypdfium2.PdfDocument(sheets()) as document:
        assert len(document) == 4
        assert [round(side / 72 * 25.4) for side in document[0].get_size()] == [210, 297]


@pytest.mark.parametrize(("page", "cards"), [(1, CARDS[:10]), (3, CARDS[10:])])
def test_a_scanner_reads_both_codes_of_every_card(page: int, cards: tuple[CardToPrint, ...]) -> None:
    """S40, S51: the EAN-13 is the number, the QR is the member page; both lead to the card."""
    found = scanned(page)
    assert set(found) == {card.number for card in cards} | {card.page_url for card in cards}
    for card in cards:
        assert read_swipe(card.number, scan=True).card == card.number
        assert read_swipe(card.page_url, scan=True).kind == "page"


def test_each_back_lies_behind_its_front() -> None:
    """Flipped along the long edge, the first front (left) has its back on the right."""
    found = scanned(1)
    for place, card in enumerate(CARDS[:10]):
        row, column = divmod(place, 2)
        left = 105 - 85.6 * column
        top = 13.5 + 54 * row
        for content in (card.number, card.page_url):
            x, y = found[content]
            assert left < x < left + 85.6
            assert top < y < top + 54


def test_the_number_is_printed_on_both_sides_and_the_name_keeps_its_letters() -> None:
    for page in (0, 1):
        assert all(spaced_card(card.number) in words(page) for card in CARDS[:10])
    assert words(0).count(SHOP) == 10
    assert "Thẻ hội viên" in words(0)
    assert "Mặt trước · lô 2026-11-B · tờ 1 trên 2" in words(0)
    assert "khoá trên trang thẻ hoặc gọi 1900 0000, điểm vẫn còn." in words(1)


def test_the_front_is_green_to_the_edge_and_the_margin_is_white() -> None:
    """A card is 85,6 x 54 mm: dark inside its edge, paper outside."""
    front = picture(0)

    def shade(x: float, y: float) -> int:
        value = front.getpixel((int(x / 25.4 * DPI), int(y / 25.4 * DPI)))
        assert isinstance(value, int)
        return value

    assert shade(19.4 + 2, 13.5 + 2) < 120
    assert shade(19.4 + 171.2 - 2, 13.5 + 270 - 2) < 120
    assert shade(19.4 - 2, 150) == shade(210 - 19.4 + 2, 150) == 255


def test_a_long_name_is_made_smaller_not_cut() -> None:
    """The shop's name stays on its card, however long."""
    box = (104.2, 18, 104.8, 30)
    beside = picture(0).crop(tuple(int(side / 25.4 * DPI) for side in box))
    high = beside.getextrema()[1]
    assert isinstance(high, int)
    assert high < 200


def test_in_english_and_without_a_phone() -> None:
    content = card_sheets(CARDS[:1], "Corner Shop", NOW, language="en")
    with pypdfium2.PdfDocument(content) as document:
        text = " ".join(" ".join(page.get_textpage().get_text_range().split()) for page in document)
    assert "Member card" in text
    assert "Block it on its page; your points stay." in text
    assert "batch" not in text


def test_the_same_values_give_the_same_bytes_and_tell_their_progress() -> None:
    ready: list[int] = []
    again = card_sheets(CARDS, SHOP, NOW, phone="1900 0000", batch="2026-11-B", done=ready.append)
    assert again == sheets()
    assert ready == [10, 12]


@pytest.mark.parametrize(
    "number", ["", "2900000000017", "290000000001", "950123456789012341", "２９００００００００01８"]
)
def test_only_numbers_that_a_barcode_can_carry_are_printed(number: str) -> None:
    with pytest.raises(BadInput) as refused:
        card_sheets([CardToPrint(number, "https://x.example/m/abcdefgh")], SHOP, NOW)
    assert refused.value.code == "card_number"
