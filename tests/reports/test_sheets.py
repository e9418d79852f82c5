"""Tables as spreadsheets: what goes in comes out, and nothing in a cell is computed."""

from __future__ import annotations

import csv
import re
import zipfile
from io import BytesIO, StringIO
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_pos.reports import sheets

NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
WORDS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=20)
CELLS = st.one_of(st.none(), st.integers(-(10**12), 10**12), st.builds("".join, st.tuples(
    st.sampled_from(["", "=", "+", "-", "@", "\t", "=HYPERLINK("]), WORDS)))  # fmt: skip


def read_csv(file: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(file.decode("utf-8-sig"))))


def read_xlsx(file: bytes) -> list[list[tuple[str, str]]]:
    """(type, text) of each cell, row by row; a cell with a formula fails."""
    with zipfile.ZipFile(BytesIO(file)) as parts:
        sheet = ElementTree.fromstring(parts.read("xl/worksheets/sheet1.xml"))
        shared = (
            ElementTree.fromstring(parts.read("xl/sharedStrings.xml")).findall("m:si", NS)
            if "xl/sharedStrings.xml" in parts.namelist()
            else []
        )
    texts = ["".join(part.itertext()) for part in shared]
    rows = []
    for row in sheet.iter(f"{{{NS['m']}}}row"):
        cells = []
        for cell in row:
            assert cell.find("m:f", NS) is None, "a formula"
            value = cell.findtext("m:v", "", NS)
            kind = cell.get("t", "n")
            cells.append((kind, texts[int(value)] if kind == "s" else value))
        rows.append(cells)
    return rows


@given(st.lists(st.tuples(CELLS, CELLS), max_size=8))
def test_a_csv_says_what_was_said_and_nothing_that_is_computed(rows: list[tuple[sheets.Cell, sheets.Cell]]) -> None:
    found = read_csv(sheets.made("csv", "x", ["a", "b"], rows))[1:]
    assert len(found) == len(rows)
    for texts, cells in zip(found, rows, strict=True):
        for text, cell in zip(texts, cells, strict=True):
            if isinstance(cell, str):
                assert not text.startswith(sheets.RISKY)
                assert text == cell or text == f"'{cell}"
            else:
                assert text == ("" if cell is None else str(cell))


@pytest.mark.parametrize("risky", ["=1+1", "+84", "-5 %", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_looks_like_a_formula_is_a_text_in_both(risky: str) -> None:
    """OWASP, CSV injection: a product or a promotion may bear any name."""
    assert read_csv(sheets.made("csv", "x", ["a"], [[risky]]))[1] == [f"'{risky}"]
    assert read_xlsx(sheets.made("xlsx", "x", ["a"], [[risky]]))[1][0][0] == "s"


def test_numbers_are_numbers_and_words_keep_their_marks() -> None:
    file = sheets.made("xlsx", "Khuyến mãi: [tháng 11]?", ["Tên", "Đã giảm"], [["Sữa tươi", -1_846], ["Gạo", None]])
    assert read_xlsx(file) == [
        [("s", "Tên"), ("s", "Đã giảm")],
        [("s", "Sữa tươi"), ("n", "-1846")],
        [("s", "Gạo")],
    ]
    with zipfile.ZipFile(BytesIO(file)) as parts:
        name = re.search(r'<sheet name="([^"]+)"', parts.read("xl/workbook.xml").decode())
    assert name is not None
    assert name[1] == "Khuyến mãi tháng 11"
    assert sheets.made("csv", "x", ["Tên"], [["Sữa"]]).startswith(b"\xef\xbb\xbf")
