"""Law L12: no payment card, secret or clear phone number outside the personal-data tables."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from actions import line
from conftest import PASSWORD, SECRET, Shop
from services.lane import BREAD, Books, Lane, sqlite_only

from loyalty_pos.services import backup, privacy
from loyalty_pos.services.context import Services
from loyalty_pos.services.disk import Finding
from loyalty_pos.services.members import page_path
from loyalty_pos.storage import cards
from loyalty_pos.storage.copies import embedded_file

VISA = "4111 1111 1111 1111"
TRACK = ";4111111111111111=30121010000000?"
EAN = "4006381333931"
"""A pen's: in a payment range."""
Json = dict[str, Any]
Plant = Callable[[Shop, Json], str]


@pytest.fixture
def kept(services: Services, tmp_path: Path) -> Services:
    """The services with an empty data folder."""
    folder = tmp_path / "data"
    folder.mkdir()
    return replace(services, data_folder=str(folder))


def findings(services: Services, *also: Path) -> list[tuple[str, str, str]]:
    return [(found.what, found.state, found.says) for found in privacy.examine(services, also)]


def put(services: Services, name: str, text: str | bytes) -> Path:
    """A file of the data folder."""
    file = Path(services.data_folder) / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def set_aside(books: Books, body: str) -> None:
    """A record that waits in quarantine."""
    books.change(
        "INSERT INTO quarantine (at, terminal_id, epoch, sequence, code, kind, body, body_hash) "
        "VALUES (1, ?, 1, 1, 'number_taken', 'enrol', ?, ?)",
        books.value("SELECT min(id) FROM terminals"), body.encode(), b"h" * 32,
    )  # fmt: skip


PLANTS: dict[str, tuple[str, Plant]] = {
    "a card number": ("payment card", lambda _shop, _hanh: VISA),
    "a stripe": ("payment card", lambda _shop, _hanh: TRACK),
    "a phone from abroad": ("phone number", lambda _shop, _hanh: "call +84 901 234 567 back"),
    "a phone at home": ("phone number", lambda _shop, _hanh: "(0901) 234.567"),
    "a terminal's key": ("secret", lambda shop, _hanh: f"key={shop.keys['hn-01-1']}"),
    "a staff token": ("secret", lambda shop, _hanh: shop.tokens["owner"]),
    "a member's page": ("page address", lambda shop, hanh: "https://shop.vn" + page_of(shop, hanh)),
}


def page_of(shop: Shop, member: Json) -> str:
    card_id = Books(shop.services).value("SELECT id FROM cards WHERE number = ?", member["card"])
    card = shop.services.store.read(lambda tx: cards.page_row(tx, card_id))
    assert card is not None
    return page_path(shop.services, card)


@pytest.fixture(params=PLANTS)
def plant(request: pytest.FixtureRequest, shop: Shop, hanh: Json) -> tuple[str, str]:
    """(kind, text) of something that must not be found."""
    kind, make = PLANTS[request.param]
    return kind, make(shop, hanh)


def test_a_day_of_the_shop_leaves_nothing(kept: Services, shop: Shop, lane: Lane, hanh: Json) -> None:
    """L12: enrolment, swipe by phone, sale, return, refused payment card, staff with a password."""
    shop.password("owner")
    lane.identifies("0901234567", entry="typed")
    goods = line("1", sku=EAN, price=25_000, name="Bút chì")
    sold = lane.sells(goods, BREAD, card=hanh["card"], receipt="4111111111111111")
    lane.takes_back(sold["id"], ("1", 1))
    assert findings(kept) == [("privacy", "ok", "nothing found in the database and 0 files")]


def test_what_lies_in_a_table_is_named_by_its_column(kept: Services, books: Books, plant: tuple[str, str]) -> None:
    kind, text = plant
    books.change("UPDATE stores SET name = ? WHERE code = 'hn-02'", text)
    where, state, says = findings(kept)[0]
    assert (where, state) == ("stores.name", "fail")
    assert says.startswith(f"{kind} in 1 row, first id ")


def test_what_lies_in_a_document_or_in_bytes_is_found(kept: Services, shop: Shop, books: Books) -> None:
    del shop
    books.change("UPDATE stores SET name = ? WHERE code = 'hn-02'", f'{{"sku": "1", "note": ["{VISA}"]}}')
    set_aside(books, f'{{"note": "{VISA}"}}')
    assert [(where, state) for where, state, _ in findings(kept)] == [
        ("quarantine.body", "fail"),
        ("stores.name", "fail"),
    ]


def test_a_product_or_a_receipt_is_no_card(kept: Services, books: Books) -> None:
    """S41: one foreign EAN-13 in ten would fall, and a receipt may have any digits."""
    document = f'{{"sku": "4111111111111111", "receipt": "0901234567", "text": "{EAN}"}}'
    books.change("UPDATE stores SET name = ? WHERE code = 'hn-02'", document)
    assert findings(kept)[0][1] == "ok"


def test_what_waits_for_a_decision_is_a_warning(kept: Services, hanh: Json, books: Books) -> None:
    """An enrolment that was set aside holds a phone number until somebody has looked at it."""
    del hanh
    set_aside(books, '{"phone": "0901234567"}')
    assert findings(kept) == [("quarantine.body", "warn", "phone number in 1 row: decide about what was set aside")]


def test_what_lies_in_a_file_is_named_by_its_place(kept: Services, plant: tuple[str, str], tmp_path: Path) -> None:
    kind, text = plant
    inside = put(kept, "export.csv", "ngày,tên\n" + text + "\n")
    outside = tmp_path / "serve.log.gz"
    outside.write_bytes(gzip.compress(f'{{"event": "x", "text": "{text}"}}\n'.encode()))
    assert findings(kept, outside) == [
        (str(inside), "fail", f"{kind} after byte 0"),
        (str(outside), "fail", f"{kind} after byte 0"),
    ]


def test_a_card_across_two_parts_of_a_long_file_is_found(kept: Services) -> None:
    filler = b"." * (privacy.PART - 8)
    put(kept, "long.log", filler + b" " + VISA.encode() + b" end")
    put(kept, "end.log", filler * 2 + b" 0901234567")
    assert [says for _, _, says in findings(kept)] == [f"payment card after byte {privacy.PART - privacy.OVERLAP}"]


def test_the_keys_of_the_service_lie_in_their_own_files_alone(kept: Services) -> None:
    put(kept, "secret.key", "f00d" * 16)
    assert findings(kept)[0][1] == "ok"
    copied = put(kept, "notes.txt", "the secret is " + "f00d" * 16)
    assert findings(kept) == [(str(copied), "fail", "secret after byte 0")]


@sqlite_only
def test_a_backup_is_read_as_the_database_it_is(kept: Services, hanh: Json, books: Books) -> None:
    """Its personal-data table holds the phone, as it must; another table must not."""
    clean = Path(kept.data_folder) / "clean.db"
    backup.backup(kept, clean)
    assert findings(kept)[0][1] == "ok"
    books.change("UPDATE stores SET name = '0901 234 567' WHERE code = 'hn-02'")
    stained = Path(kept.data_folder) / "stained.db"
    shutil.copy(clean, stained)
    backup.backup(kept, Path(kept.data_folder) / "later.db")
    assert sorted(where for where, _, _ in findings(kept)) == [
        f"{Path(kept.data_folder) / 'later.db'}: stores.name",
        "stores.name",
    ]


@sqlite_only
def test_the_database_in_force_is_read_through_its_tables(services: Services, hanh: Json) -> None:
    """Its own pages hold the people's table, and so does its log."""
    del hanh
    inside = replace(services, data_folder=str(embedded_file(services.store.url).parent))
    assert not [found for found in privacy.examine(inside) if ".db" in found.what]


def test_a_file_that_cannot_be_read_is_a_warning(kept: Services) -> None:
    torn = put(kept, "torn.gz", b"no gzip at all")
    broken = put(kept, "broken.db", b"SQLite format 3\0" + b"x" * 100)
    assert findings(kept) == [(str(broken), "warn", "cannot be read"), (str(torn), "warn", "cannot be read")]


def test_no_finding_repeats_what_it_found(kept: Services, plant: tuple[str, str], books: Books) -> None:
    _, text = plant
    books.change("UPDATE stores SET name = ? WHERE code = 'hn-02'", text)
    put(kept, "x.log", text)
    found: list[Finding] = privacy.examine(kept)
    assert len(found) == 2
    assert not any(text in finding.says or SECRET.decode() in finding.says for finding in found)
    assert not any(PASSWORD in finding.says for finding in found)
