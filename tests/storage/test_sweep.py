"""Every written cell of every table is walked, on both engines."""

from __future__ import annotations

from conftest import Shop

from loyalty_pos.storage import sweep
from loyalty_pos.storage.tables import metadata


def test_every_table_is_there_with_its_columns_of_text_and_bytes(shop: Shop) -> None:
    store = shop.services.store
    found = store.read(lambda tx: sweep.columns(tx, store.dialect))
    assert found.keys() == metadata.tables.keys() | {"alembic_version"}
    assert found["stores"] == (["code", "name"], True)
    assert found["settings"] == (["name", "value"], False)
    assert "key_hash" in found["terminals"][0]


def test_the_rows_come_with_their_id(shop: Shop) -> None:
    names = ["code", "name"]
    rows = shop.services.store.read(lambda tx: [tuple(row) for row in sweep.rows(tx, "stores", names, True)])
    assert [row[1:] for row in rows] == [("hn-01", "Hàng Bông"), ("hn-02", "Cầu Giấy")]
    assert all(isinstance(row[0], int) for row in rows)
