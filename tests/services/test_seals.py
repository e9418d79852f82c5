"""The chain of seals: what was sealed cannot be changed unnoticed (reliability.md 1 row 7, 3.7 I7)."""

from __future__ import annotations

import random
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from actions import FixedClock
from amounts import amount
from conftest import Shop
from services.insider import insider, seen_by
from services.lane import FRUIT, MILK, Books, Lane, bread, lane_of

from loyalty_pos.errors import BadInput, Refused, Unavailable
from loyalty_pos.jobs import seal_ledger
from loyalty_pos.services import seals
from loyalty_pos.services.context import Services
from loyalty_pos.storage import seals as rows
from loyalty_pos.storage.seals import Seal
from loyalty_pos.storage.tables import metadata
from loyalty_pos.storage.tx import Tx

Json = dict[str, Any]
postgres_only = pytest.mark.parametrize(
    "store_url", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)

LEFT_OUT = {
    # Free text may name a customer, who can have it erased.
    ("entries", "reason"), ("returns", "reason"), ("coupons", "reason"), ("coupon_events", "reason"),
    ("audit", "reason"), ("value_entries", "reason"), ("coupons", "why"), ("swipes", "number"),
    ("sales", "unknown_card"),
    # Who it belongs to can be found later, or move when members become one; the laws compare it.
    ("sales", "member_id"), ("sales", "swipe_id"), ("sale_uses", "member_id"), ("coupons", "member_id"),
    ("sales", "earned"), ("sales", "plan"), ("sales", "counted"), ("sales", "attached_at"), ("sales", "attached_by"),
    # Says which night's model chose it; old models are forgotten.
    ("coupons", "model_id"),
    # Figures and states that move; the laws recompute them.
    ("sales", "state"), ("sales", "status"), ("sales", "refunded"), ("sales", "points_back"),
    ("sales", "points_given"), ("sale_lines", "returned"), ("coupons", "state"), ("coupons", "checkout_id"),
    ("coupons", "sale_id"), ("coupons", "used_at"), ("stored_values", "member_id"), ("stored_values", "state"),
    ("stored_values", "balance"), ("stored_values", "held"), ("stored_values", "expires_on"),
}  # fmt: skip


@pytest.fixture
def sealed(lane: Lane, hanh: Json, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Services:
    """A shop with every kind of facts under some dozens of small seals."""
    monkeypatch.setattr(seals, "STEP", 3)
    lane.adjusts(hanh["id"], 900)
    for money in (70_000, 80_000, 90_000, 100_000):
        lane.gives_value(money)
    for number in range(4):
        code = lane.issues(hanh["id"])
        sold = lane.sells(MILK, FRUIT, bread(90_000, 9), card=hanh["card"], coupons=[code], redeem_points=100)
        lane.identifies(hanh["card"])
        if number % 2:
            lane.takes_back(sold["id"], ("1", 1), ("2", 2))
        clock.move(minutes=7)
        seals.seal(lane.services)
    assert not seals.verify(lane.services).findings
    return lane.services


def test_all_that_is_committed_is_sealed_and_nothing_twice(sealed: Services, lane: Lane, books: Books) -> None:
    """Idempotent: what is sealed is not sealed again; what is new comes under new seals."""
    before = seals.verify(sealed)
    assert (before.unsealed, before.findings) == (0, [])
    assert before.rows == sum(books.value(f"SELECT count(*) FROM {facts}") for facts in rows.FACTS)
    assert seals.seal(sealed) == seals.Sealed(0, before.head)
    lane.sells(bread(5_000))
    assert seals.verify(sealed).unsealed == 1
    assert seals.seal(sealed).rows == 1
    assert seals.verify(sealed).seals == before.seals + 1


def test_a_run_that_was_cut_is_continued(lane: Lane, hanh: Json, books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each seal is a transaction of its own: the next run goes on after the last one."""
    monkeypatch.setattr(seals, "STEP", 2)
    for _ in range(6):
        lane.sells(bread(9_000), card=hanh["card"])
    whole, made = rows.add, []

    def cut(tx: Tx, seal: Seal) -> bool:
        made.append(seal)
        if len(made) == 3:
            raise Unavailable("database_unavailable")
        return whole(tx, seal)

    monkeypatch.setattr(rows, "add", cut)
    with pytest.raises(Unavailable):
        seals.seal(lane.services)
    assert books.value("SELECT count(*) FROM seals") == 2
    seals.seal(lane.services)
    found = seals.verify(lane.services)
    assert (found.findings, found.unsealed) == ([], 0)


def test_two_sealers_at_once_make_one_chain(lane: Lane, hanh: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    """I7: the chain cannot fork; whoever comes second leaves the rest to the first."""
    monkeypatch.setattr(seals, "STEP", 2)
    for _ in range(8):
        lane.sells(bread(9_000), card=hanh["card"])
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: seals.seal(lane.services), range(4)))
    seals.seal(lane.services)
    found = seals.verify(lane.services)
    assert (found.findings, found.unsealed) == ([], 0)


def test_sealing_beside_the_tills(shop: Shop, hanh: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that are committed while it seals are under the next seal, never between two."""
    monkeypatch.setattr(seals, "STEP", 5)

    def sell(number: int) -> None:
        lane = lane_of(shop, ("hn-01-1", "hn-02-1")[number % 2])
        for _ in range(6):
            lane.sells(bread(9_000), card=hanh["card"] if number % 3 else None) if number % 3 else lane.sells(MILK)

    with ThreadPoolExecutor(5) as pool:
        tills = [pool.submit(sell, number) for number in range(4)]
        while not all(till.done() for till in tills):
            with suppress(Unavailable):
                seals.seal(shop.services)
        assert [till.result() for till in tills] == [None] * 4
    seals.seal(shop.services)
    found = seals.verify(shop.services)
    assert (found.findings, found.unsealed) == ([], 0)


@postgres_only
def test_a_late_commit_with_a_lower_id_is_waited_for(
    lane: Lane, hanh: Json, books: Books, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids are not in the order of commits: a transaction held open keeps what is above it from being sealed."""
    monkeypatch.setattr(seals, "LOOKS", 3)
    seals.seal(lane.services)
    with psycopg.connect(store_url.replace("+psycopg", "")) as late:
        late.execute(
            "INSERT INTO entries (member_id, at, kind, points, by) VALUES (%s, 1, 'adjust', 5, 'x')", (hanh["id"],)
        )
        lane.sells(bread(90_000), card=hanh["card"])
        with pytest.raises(Unavailable) as busy:
            seals.seal(lane.services)
        assert busy.value.code == "ledger_busy"
        assert seal_ledger.run(lane.services).done == 0
        late.commit()
        low, high = (row[0] for row in books.rows("SELECT id FROM entries ORDER BY id"))
        assert books.value("SELECT points FROM entries WHERE id = ?", low) == 5
        assert low < high
        assert seals.seal(lane.services).rows >= 2
        found = seals.verify(lane.services)
        assert (found.findings, found.unsealed) == ([], 0)
        late.execute("SELECT * FROM entries")
        lane.sells(bread(90_000), card=hanh["card"])
        assert seals.seal(lane.services).rows > 0  # who only reads is in nobody's way


def test_the_job_seals_each_hour_and_when_the_day_is_over(lane: Lane, books: Books, clock: FixedClock) -> None:
    """Hourly, and at day close in the shop's zone."""

    def sold() -> int:
        lane.sells(bread(9_000))
        return seal_ledger.run(lane.services).done

    assert sold() > 0
    clock.move(minutes=59)
    assert sold() == 0
    clock.move(minutes=1)
    assert sold() == 2
    clock.move(hours=10, minutes=50)  # 23:50 in Ho Chi Minh City
    assert sold() == 1
    clock.move(minutes=9)
    assert sold() == 0
    clock.move(minutes=1)
    assert seal_ledger.run(lane.services).done == 1


def test_another_key_is_said_and_seals_nothing(sealed: Services, lane: Lane) -> None:
    """A chain has one key; one that was lost or changed by mistake does not end in a second chain."""
    lane.sells(bread(9_000))
    for key in (b"", b"another key that is long enough"):
        other = replace(sealed, seal_key=key)
        with pytest.raises(Refused) as refused:
            seals.seal(other)
        assert refused.value.code == "seal_key_wrong"
        assert "made with another key" in seals.verify(other).findings[0]
    assert not seals.verify(sealed).findings


def test_a_tail_that_was_cut_off_is_found_by_the_printed_head(sealed: Services, lane: Lane) -> None:
    """Reliability row 7: facts and their seals gone together leave a chain that is whole, but shorter."""
    early = seals.verify(sealed).head
    lane.sells(bread(9_000))
    head = seals.seal(sealed).head
    assert head is not None
    for printed in (head, early):
        assert not seals.verify(sealed, printed).findings
    with insider(sealed.store.url) as begin, begin() as tx:
        sale = tx.all("SELECT max(id) FROM sales")[0][0]
        for table, key in (("sale_uses", "sale_id"), ("sale_lines", "sale_id"), ("sales", "id")):
            tx.run(f"DELETE FROM {table} WHERE {key} = ?", (sale,))
        tx.run("DELETE FROM seals WHERE number = ?", (int(head.split("-")[0]),))
        cut = seen_by(sealed, tx)
        assert not seals.verify(cut).findings
        assert "the chain ends at" in seals.verify(cut, head).findings[0]
    number, _, start = head.partition("-")
    forged = f"{number}-{'0' * len(start)}"
    assert seals.verify(sealed, forged).findings == [f"seal {number} is not the one that the anchor names"]
    for text in ("", "12", f"{head}0", "x-0123456789abcdef"):
        with pytest.raises(BadInput):
            seals.verify(sealed, text)


def test_each_kind_of_change_is_one_clear_line(sealed: Services) -> None:
    """An edit, a deletion, an insertion, a swap; of a row, of a seal."""
    changes = {
        "UPDATE entries SET points = points + 1 WHERE id = 2": "entries up to id 3, seal 1: not as it was sealed",
        "UPDATE sale_lines SET net = net - 1 WHERE sale_id = 1 AND position = 0": "not as it was sealed",
        "DELETE FROM swipes WHERE id = 2": "rows were sealed",
        "INSERT INTO coupon_events (id, coupon_id, at, state, by) VALUES (0, 1, 1, 'issued', 'x')": "3 are there",
        "UPDATE audit SET by = (SELECT max(o.by) FROM audit o), at = at + 1 WHERE id = 1": "not as it was sealed",
        "UPDATE seals SET at = at + 1 WHERE number = 4": "seal 4 was changed",
        "DELETE FROM seals WHERE number = 4": "seal 4 is missing",
        "DELETE FROM seals WHERE number IN (4, 5)": "seals 4 to 5 are missing",
    }
    with insider(sealed.store.url) as begin:
        for sql, said in changes.items():
            with begin() as tx:
                tx.run(sql)
                found = seals.verify(seen_by(sealed, tx)).findings
            assert [said in line for line in found] == [True], (sql, found)


class Edits:
    """Random single edits of what is sealed, each as somebody with every right would make it."""

    def __init__(self, tx: Tx, chance: random.Random, lite: bool) -> None:
        self.tx, self.chance, self.lite = tx, chance, lite
        facts = [(name, sealed.split(", ")) for tables in rows.FACTS.values() for name, (_, sealed) in tables.items()]
        self.table, self.columns = chance.choice([*facts, ("seals", list(Seal._fields))])
        keys = [column.name for column in metadata.tables[self.table].primary_key.columns]
        self.key = ", ".join(keys) or ("rowid" if lite else "ctid")

    def row(self) -> tuple[Any, ...]:
        """The key of a random row; of a seal, any but the newest (cutting the tail is another test)."""
        found = self.tx.all(f"SELECT {self.key} FROM {self.table} ORDER BY 1")
        return tuple(self.chance.choice(found[:-1] if self.table == "seals" else found))

    def set(self, row: tuple[Any, ...], column: str, value: object) -> None:
        where = " AND ".join(f"{name} = ?" for name in self.key.split(", "))
        self.tx.run(f"UPDATE {self.table} SET {column} = ? WHERE {where}", (value, *row))

    def get(self, row: tuple[Any, ...], column: str) -> Any:
        where = " AND ".join(f"{name} = ?" for name in self.key.split(", "))
        return self.tx.all(f"SELECT {column} FROM {self.table} WHERE {where}", row)[0][0]

    def other(self, column: str, value: Any) -> Any:
        """Something else than ``value``, that the column can hold."""
        kind = str(metadata.tables[self.table].columns[column].type)
        if value is not None and self.chance.random() < 0.1 and metadata.tables[self.table].columns[column].nullable:
            return None
        if kind == "BLOB":
            return bytes([value[0] ^ 1]) + value[1:] if value else b"x"
        return (value or 0) + self.chance.choice((-1, 1, 1000)) if kind != "TEXT" else f"{value or ''}9"

    def update(self) -> None:
        row, column = self.row(), self.chance.choice(self.columns)
        self.set(row, column, self.other(column, self.get(row, column)))

    def delete(self) -> None:
        where = " AND ".join(f"{name} = ?" for name in self.key.split(", "))
        self.tx.run(f"DELETE FROM {self.table} WHERE {where}", self.row())

    def insert(self) -> None:
        """A copy of a row under a key that lies within what is sealed."""
        names = [column.name for column in metadata.tables[self.table].columns]
        fresh = {"id": f"-{self.chance.randint(0, 9)}", "position": "position + 100", "line": "line || '9'",
                 "number": f"-{self.chance.randint(0, 9)}", "after_id": "after_id + 1"}  # fmt: skip
        line_ok = self.table == "return_lines"
        values = [fresh.get(name, name) if name != "line" or line_ok else name for name in names]
        where = " AND ".join(f"{name} = ?" for name in self.key.split(", "))
        self.tx.run(
            f"INSERT INTO {self.table} ({', '.join(names)}) SELECT {', '.join(values)} FROM {self.table} WHERE {where}",
            self.row(),
        )

    def swap(self) -> None:
        """Two rows exchange a value."""
        one, two, column = self.row(), self.row(), self.chance.choice(self.columns)
        if column in self.key.split(", "):
            raise ValueError("exchanging a key is exchanging everything else")
        first, second = self.get(one, column), self.get(two, column)
        if first == second:
            raise ValueError("nothing to exchange")
        self.set(one, column, second)
        self.set(two, column, first)


@pytest.mark.long
def test_a_thousand_random_edits_are_all_found(sealed: Services, store_url: str) -> None:
    """Reliability row 7: update, delete, insert, swap, by somebody who dropped the triggers first."""
    chance, lite = random.Random(20261124), store_url.startswith("sqlite")
    wanted = amount(1_000, 10_000) if lite else amount(150, 1_500)
    done, kinds = 0, dict.fromkeys(("update", "delete", "insert", "swap"), 0)
    with insider(store_url) as begin:
        while done < wanted:
            with begin() as tx:
                edits, kind = Edits(tx, chance, lite), chance.choice(list(kinds))
                try:
                    getattr(edits, kind)()
                except (sqlite3.Error, psycopg.Error, ValueError, OverflowError):
                    continue  # the engine itself refuses it, or nothing changes
                assert seals.verify(seen_by(sealed, tx)).findings, (done, kind, edits.table)
                done, kinds[kind] = done + 1, kinds[kind] + 1
    assert min(kinds.values()) >= wanted // 20
    assert not seals.verify(sealed).findings


def test_every_column_of_the_sealed_tables_is_sealed_or_left_out_for_a_reason() -> None:
    """A new column is decided on: it is under the seals, or in the list above."""
    columns = {name: [column.name for column in table.columns] for name, table in metadata.tables.items()}
    assert set(rows.left_out(columns)) == LEFT_OUT


def test_nothing_of_a_person_is_under_a_seal(sealed: Services, books: Books) -> None:
    """An erased member leaves the chain whole."""
    books.change("UPDATE people SET name = NULL, phone = NULL, search = ''")
    assert not seals.verify(sealed).findings
    assert not {"people", "consents", "cards", "members"} & set(rows.TABLES)


def test_the_form_of_a_seal_does_not_change() -> None:
    """What was sealed by an older version must be verified by a newer one: the bytes are fixed."""
    one = Seal(2, 1_763_701_200_000, "entries", 3, 9, 6, b"\x01" * 32, b"\x02" * 32, b"")
    assert seals._hash(b"a key of the test", one).hex() == GOLDEN


GOLDEN = "feacca6b3362c0723824e02102e42077964fc310616032eeb14991726cd9754e"
