"""The CSV sales file: what the file as a whole may be, beyond its golden files."""

from __future__ import annotations

import io

import pytest

from loyalty_pos.errors import BadInput
from loyalty_pos.ports import Connection, Document, Rejected, SaleTicket
from loyalty_pos.registry import file_adapter

HEADER = "receipt,sold_at,sku,quantity,unit_price\n"
ROW = "42,2026-11-21T19:05:00+07:00,A,1,5000\n"


def read(text: str | bytes, **connection: object) -> list[Document]:
    content = text.encode() if isinstance(text, str) else text
    return list(file_adapter("csv_file").read_file(io.BytesIO(content), Connection(**connection)))  # type: ignore[arg-type]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_header_tells_the_separator(separator: str) -> None:
    (sale,) = read((HEADER + ROW).replace(",", separator))
    assert isinstance(sale, SaleTicket)
    assert sale.lines[0].unit_price == 5000


@pytest.mark.parametrize("text", ["", "\n", "a,b,c\n1,2,3\n", "receipt,sold_at,sku,quantity\n"])
def test_missing_columns_are_named(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(text)
    assert refused.value.code == "columns_missing"
    assert refused.value.errors["unit_price"] == ["missing"]


def test_another_encoding_is_refused_not_garbled() -> None:
    with pytest.raises(BadInput) as refused:
        read((HEADER + "42,2026-11-21T19:05,Mì,1,5000\n").encode("utf-16"))
    assert refused.value.code == "not_utf8"


def test_a_mapping_that_names_a_missing_column_is_refused() -> None:
    with pytest.raises(BadInput):
        read(HEADER + ROW, columns={"sku": "Mã hàng"})


def test_rows_of_one_receipt_that_disagree_are_rejected_with_their_line() -> None:
    found = read(HEADER + ROW + ROW.replace("19:05", "19:06"))
    assert found == [Rejected("differs_within_receipt", "line 3: sold_at")]


def test_the_same_receipt_of_two_terminals_is_two_sales() -> None:
    """S45: a receipt is unique per store and terminal."""
    header = HEADER.replace("receipt", "terminal,receipt")
    assert len(read(header + "1," + ROW + "2," + ROW)) == 2


@pytest.mark.parametrize(
    ("amount", "reason"),
    [("36.000", "not_an_amount"), ("1.5", "not_an_amount"), ("-1", "not_an_amount")]
    + [(text, "not_a_number") for text in ("36,000", "1e3", "", "4500đ", "９９９")],
)
def test_an_amount_that_could_mean_something_else_is_rejected(amount: str, reason: str) -> None:
    """S1: never a guess; 36.000 is 36 to one system and 36 thousand to another."""
    assert read(HEADER + ROW.replace("5000", f'"{amount}"')) == [Rejected(reason, "line 2: unit_price")]


def test_zeros_behind_the_point_are_read_as_spreadsheets_write_them() -> None:
    (sale,) = read(HEADER + ROW.replace("5000", "5000.0"))
    assert isinstance(sale, SaleTicket)
    assert sale.lines[0].unit_price == 5000


def test_the_stream_stays_open_for_its_owner() -> None:
    stream = io.BytesIO((HEADER + ROW).encode())
    assert len(list(file_adapter("csv_file").read_file(stream, Connection()))) == 1
    assert not stream.closed


def test_a_long_file_is_read_as_it_comes() -> None:
    """The first sale is there before the last row has been read."""
    stream = io.BytesIO((HEADER + "".join(ROW.replace("42", str(n), 1) for n in range(20_000))).encode())
    first = next(iter(file_adapter("csv_file").read_file(stream, Connection())))
    assert isinstance(first, SaleTicket)
    assert stream.tell() < 100_000
