"""The database keeps its rules even when the code above is wrong (reliability.md 3.7), on both engines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from conftest import Shop, add_promotions
from databases import owner_url
from services.batches import numbered, sends
from services.lane import FRUIT, MILK, Books, Lane, bread
from services.test_campaigns import drafted, launched
from sqlalchemy import CheckConstraint, Connection, create_engine, text
from sqlalchemy.pool import NullPool

from loyalty_pos.services import seals, segments, standing
from loyalty_pos.services.context import SYSTEM, Request
from loyalty_pos.storage import migrate
from loyalty_pos.storage.driver import sqlite3
from loyalty_pos.storage.sqlite import make_engine
from loyalty_pos.storage.tables import metadata

Json = dict[str, Any]
Refusal = (sqlite3.DatabaseError, psycopg.Error)
sqlite_only = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
postgres_only = pytest.mark.parametrize(
    "store_url", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)

VIOLATIONS: list[tuple[str, str, Json]] = [
    ("promotions", "state", {"state": "'asleep'", "version": "99", "since": "NULL"}),
    ("promotions", "running", {"state": "'ended'", "version": "99"}),
    ("promotions", "draft", {"state": "'draft'", "version": "99", "since": "1", "until": "2"}),
    ("promotions", "span", {"state": "'ended'", "version": "99", "since": "2", "until": "2"}),
    ("staff", "role", {"role": "'king'", "login": "'x'"}),
    ("staff", "state", {"state": "'gone'", "login": "'x'"}),
    ("usage", "counts", {"uses": "-1", "subject": "'x'"}),
    ("usage", "counts", {"amount": "-1", "subject": "'x'"}),
    ("members", "counted", {"spent": "-1"}),
    ("members", "counted", {"expired": "-1"}),
    ("members", "counted", {"shortfall": "-1"}),
    ("members", "spendable", {"active": "-1"}),
    ("members", "spendable", {"pending": "-1"}),
    ("members", "spendable", {"held": "-1"}),
    ("members", "state", {"state": "'lost'"}),
    ("terminals", "state", {"state": "'lost'", "code": "'x'"}),
    ("cards", "replaced", {"state": "'replaced'", "replaced_by": "NULL", "number": "'x'"}),
    ("cards", "replaced", {"state": "'active'", "replaced_by": "id", "number": "'x'"}),
    ("cards", "state", {"state": "'lost'", "number": "'x'"}),
    ("consents", "purpose", {"purpose": "'world'"}),
    ("sales", "figures", {"gross": "-1", "receipt": "'x'"}),
    ("sales", "figures", {"net": "net + 1", "receipt": "'x'"}),
    ("sales", "figures", {"to_pay": "net + 1", "receipt": "'x'"}),
    ("sales", "figures", {"to_pay": "-1", "receipt": "'x'"}),
    ("sales", "paid", {"due": "to_pay + 1", "receipt": "'x'"}),
    ("sales", "paid", {"due": "-1", "receipt": "'x'"}),
    ("sales", "paid", {"claimed": "-1", "receipt": "'x'"}),
    ("sales", "status", {"status": "'fine'", "receipt": "'x'"}),
    ("sales", "refunded", {"refunded": "net + 1", "receipt": "'x'"}),
    ("sales", "points_returned", {"points_back": "earned + 1", "receipt": "'x'"}),
    ("sales", "points_returned", {"points_given": "redeemed + 1", "receipt": "'x'"}),
    ("sales", "attached", {"attached_at": "1", "attached_by": "NULL", "receipt": "'x'"}),
    ("sales", "attached", {"attached_at": "1", "attached_by": "'x'", "member_id": "NULL", "receipt": "'x'"}),
    ("members", "merged", {"state": "'merged'"}),
    ("members", "merged", {"merged_into": "id"}),
    ("merges", "itself", {"into_id": "member_id", "undone_at": "1", "undone_by": "'x'"}),
    ("merges", "undone", {"undone_at": "1"}),
    ("merges", "undone", {"undone_by": "'x'"}),
    ("sales", "state", {"state": "'fine'", "receipt": "'x'"}),
    ("answers", "answer", {"sale_id": "NULL", "answer": "NULL", "key": "'x'"}),
    ("answers", "outcome", {"outcome": "'maybe'", "key": "'x'"}),
    ("checkouts", "state", {"state": "'maybe'"}),
    ("checkouts", "settled", {"state": "'settled'", "sale_id": "NULL"}),
    ("exceptions", "state", {"state": "'maybe'"}),
    ("parked_returns", "state", {"state": "'maybe'", "receipt": "'x'"}),
    ("parked_returns", "applied", {"state": "'applied'", "receipt": "'x'"}),
    ("lots", "state", {"state": "'maybe'"}),
    ("lots", "amounts", {"granted": "0", "remaining": "0", "held": "0"}),
    ("lots", "amounts", {"held": "-1"}),
    ("lots", "amounts", {"held": "remaining + 1"}),
    ("lots", "amounts", {"remaining": "granted + 1"}),
    ("sale_lines", "returned", {"returned": "units + 1", "position": "99"}),
    ("sale_lines", "returned", {"returned": "-1", "position": "99"}),
    ("sale_lines", "figures", {"net": "net + 1", "position": "99"}),
    ("sale_lines", "figures", {"discount": "-1", "net": "gross + 1", "position": "99"}),
    ("checkout_lots", "points", {"points": "0", "lot_id": "lot_id + 99"}),
    ("checkout_values", "amount", {"amount": "0", "value_id": "value_id + 99"}),
    ("stored_values", "kind", {"kind": "'points'", "code": "'x'"}),
    ("stored_values", "state", {"state": "'lost'", "code": "'x'"}),
    ("stored_values", "owner", {"kind": "'wallet'", "code": "'x'"}),
    ("stored_values", "owner", {"member_id": "1", "code": "'x'"}),
    ("stored_values", "spendable", {"balance": "held - 1", "code": "'x'"}),
    ("stored_values", "spendable", {"held": "-1", "code": "'x'"}),
    ("stored_values", "spendable", {"balance": "1000000000001", "code": "'x'"}),
    ("value_entries", "kind", {"kind": "'gift'", "amount": "-1"}),
    ("value_entries", "amount", {"amount": "0"}),
    ("value_entries", "amount", {"kind": "'pay'"}),
    ("value_entries", "amount", {"amount": "-1"}),
    ("value_entries", "balance", {"balance": "-1"}),
    ("value_entries", "line", {"line": "'1'", "sale_id": "NULL"}),
    ("coupons", "held", {"state": "'held'", "checkout_id": "NULL", "code": "'x'"}),
    ("coupons", "used", {"state": "'used'", "checkout_id": "NULL", "sale_id": "NULL", "code": "'x'"}),
    ("coupons", "state", {"state": "'maybe'", "checkout_id": "NULL", "code": "'x'"}),
    ("entries", "points", {"points": "0"}),
    ("entries", "points", {"points": "1000000000001"}),
    ("entries", "kind", {"kind": "'gift'"}),
    ("approvals", "state", {"state": "'maybe'", "decided_by": "'x'", "decided_at": "1"}),
    ("approvals", "points", {"points": "0"}),
    ("approvals", "subject", {"promotion": "'ten'", "version": "1"}),
    ("approvals", "decided", {"state": "'rejected'"}),
    ("approvals", "decided", {"decided_by": "'x'", "decided_at": "1"}),
    ("approvals", "two_people", {"state": "'approved'", "decided_by": "by", "decided_at": "1"}),
    ("till_epochs", "counts", {"epoch": "0"}),
    ("till_epochs", "counts", {"epoch": "99", "highest": "-1"}),
    ("till_gaps", "numbers", {"first": "0"}),
    ("till_gaps", "numbers", {"first": "9", "last": "8"}),
    ("till_records", "sequence", {"sequence": "0"}),
    ("quarantine", "code", {"code": "'odd'", "sequence": "99"}),
    ("quarantine", "state", {"state": "'lost'", "body": "NULL", "sequence": "99"}),
    ("quarantine", "body", {"body": "NULL", "sequence": "99"}),
    ("quarantine", "body", {"state": "'dismissed'", "sequence": "99"}),
    ("return_lines", "units", {"units": "0", "line": "'x'"}),
    ("return_lines", "units", {"refund": "-1", "line": "'x'"}),
    ("seals", "range", {"last_id": "after_id", "number": "number + 99"}),
    ("seals", "range", {"size": "0", "number": "number + 99"}),
    ("member_standing", "state", {"state": "'happy'", "member_id": "member_id + 99"}),
    ("member_standing", "quintiles", {"recency": "0", "member_id": "member_id + 99"}),
    ("member_standing", "quintiles", {"frequency": "6", "member_id": "member_id + 99"}),
    ("member_standing", "quintiles", {"spend": "0", "member_id": "member_id + 99"}),
    ("member_standing", "chances", {"expected": "-1", "member_id": "member_id + 99"}),
    ("member_standing", "chances", {"alive": "1001", "member_id": "member_id + 99"}),
    ("goods_pairs", "counts", {"together": "0", "sku": "'x'"}),
    ("goods_pairs", "counts", {"together": "baskets + 1", "sku": "'x'"}),
    ("ranking_models", "kind", {"kind": "'magic'"}),
    ("next_items", "place", {"place": "0"}),
    ("next_items", "chances", {"chance": "1.5", "place": "2"}),
    ("next_items", "chances", {"score": "-0.5", "place": "2"}),
    ("segments", "version", {"version": "0", "code": "'x'"}),
    ("segment_sizes", "members", {"members": "-1", "day": "'x'"}),
    ("campaigns", "state", {"state": "'maybe'"}),
    ("campaigns", "approved", {"approved_by": "'x'"}),
    ("campaigns", "approved", {"approved_at": "1"}),
    ("campaigns", "approved", {"approved_most": "1"}),
    ("campaigns", "approved", {"state": "'approved'", "launched_at": "NULL", "launched_by": "NULL"}),
    ("campaigns", "two_people", {"approved_by": "created_by", "approved_at": "1", "approved_most": "1"}),
    ("campaigns", "two_people", {"approved_by": "'x'", "saved_by": "'x'", "approved_at": "1", "approved_most": "1"}),
    ("campaigns", "launched", {"state": "'draft'"}),
    ("campaigns", "launched", {"launched_at": "NULL", "launched_by": "NULL"}),
    ("campaigns", "launched", {"launched_by": "NULL"}),
    ("campaigns", "stopped", {"state": "'stopped'"}),
    ("campaigns", "stopped", {"stopped_at": "1", "stopped_by": "'x'", "stop_reason": "'x'"}),
    ("campaigns", "stopped", {"state": "'stopped'", "stopped_at": "1", "stopped_by": "'x'"}),
    ("campaigns", "issued", {"position": "size + 1"}),
    ("campaigns", "issued", {"position": "-1"}),
    ("campaigns", "issued", {"state": "'launching'"}),
    ("campaigns", "withdraw", {"withdraw": "1"}),
    ("campaigns", "withdraw", {"withdraw": "2"}),
    ("campaigns", "version", {"version": "0"}),
    (
        "campaign_members",
        "side",
        {"side": "'middle'", "occasion": "'x'", "coupon_id": "NULL", "promotion": "NULL", "reason": "NULL"},
    ),
    ("campaign_members", "given", {"side": "'control'", "occasion": "'x'"}),
    ("campaign_members", "given", {"coupon_id": "NULL", "occasion": "'x'"}),
    ("campaign_members", "given", {"promotion": "NULL", "coupon_id": "9999", "occasion": "'x'"}),
    ("campaign_members", "given", {"reason": "NULL", "coupon_id": "9999", "occasion": "'x'"}),
]

APPEND_ONLY = ("entries", "swipes", "sale_uses", "returns", "return_lines", "coupon_events", "value_entries",
               "consents", "audit", "answers", "rule_versions", "till_records", "seals", "campaign_audiences",
               "campaign_members")  # fmt: skip


@pytest.fixture
def full(lane: Lane, hanh: Json, shop: Shop, books: Books) -> Books:
    """A shop in which every table that has rules of its own has a row."""
    add_promotions(shop.services, [{
        "code": "limited", "name": {"vi": "Có hạn mức", "en": "Limited"}, "limits": {"total": 9},
        "rewards": [{"kind": "amount_off", "amount": 1_000, "per": "basket", "scope": {"all": True}}],
    }])  # fmt: skip
    lane.enrols(name="Lan", consents=[{"purpose": "programme", "given": True, "text_version": "1"}])
    lane.adjusts(hanh["id"], 500)
    lane.adjusts(hanh["id"], 5_000)
    code = lane.issues(hanh["id"])
    sold = lane.sells(MILK, FRUIT, card=hanh["card"], redeem_points=150)
    lane.takes_back(sold["id"], ("1", 1))
    gift = lane.gives_value(50_000)
    lane.opens(bread(50_000), card=hanh["card"], coupons=[code], redeem_points=100, pay_with=[gift])
    lan = lane.enrols()["member"]["id"]
    merge = "INSERT INTO merges (member_id, into_id, at, by, reason, moved) VALUES (?, ?, 1, 'x', 'x', '{}')"
    books.change(merge, int(lan), int(hanh["id"]))
    books.change("INSERT INTO exceptions (store_id, at, code) VALUES (1, 1, 'x')")
    lane.takes_back_receipt("not here", ("1", 1))
    sends(lane, numbered(1), numbered(1, receipt="another"), numbered(3))
    seals.seal(shop.services)
    standing.judge_all(shop.services, lambda _done, _total: None)
    books.change("INSERT INTO goods_pairs (sku, other, baskets, together, lift) VALUES ('milk', 'apple', 9, 9, 2000)")
    books.change(
        "INSERT INTO ranking_models (made_at, day, kind, cut, lines, learned_from, weights) "
        "VALUES (1, '2026-11-21', 'shipped', 1, 1, 0, '{}')"
    )
    books.change(
        "INSERT INTO next_items (model_id, member_id, place, sku, score, chance, why) "
        "VALUES (1, ?, 1, 'milk', 0.5, 0.5, 'popular')",
        int(hanh["id"]),
    )
    segments.make_ready(shop.services, Request(SYSTEM), "lapsed")
    launched(shop.services, drafted(shop.services, audience={"members": [hanh["id"]]}, control_percent=0))
    return books


def copy_of(table: str, changed: Json) -> str:
    """An INSERT of one row like the last one, with some columns changed."""
    names = [column.name for column in metadata.tables[table].columns if column.name != "id"]
    values = ", ".join(str(changed.get(name, name)) for name in names)
    return f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {table} LIMIT 1"


def test_every_check_bites(full: Books) -> None:
    """I1-I3, I11, I13 and the closed lists: each rule refuses its violation, by name."""
    for table, name, changed in VIOLATIONS:
        assert full.value(f"SELECT count(*) FROM {table}") > 0, table
        with pytest.raises(Refusal, match=f"ck_{table}_{name}"):
            full.change(copy_of(table, changed))


def test_every_check_has_its_violation() -> None:
    """A CHECK that no test breaks is not known to bite."""
    known = {
        constraint.name
        for table in metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    assert known == {f"ck_{table}_{name}" for table, name, _ in VIOLATIONS}


def test_facts_are_only_ever_added(full: Books) -> None:
    """I10: UPDATE and DELETE of facts are refused, and so are those of a sale's own facts."""
    for table in APPEND_ONLY:
        assert full.value(f"SELECT count(*) FROM {table}") > 0, table
        column = list(metadata.tables[table].columns)[-1].name
        for sql in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
            with pytest.raises(Refusal, match="append_only"):
                full.change(sql)
    for sql in (
        "DELETE FROM sales",
        "DELETE FROM sale_lines",
        "UPDATE sale_lines SET net = net",
        "UPDATE sale_lines SET runs = '[]'",
        "UPDATE sale_lines SET quantity = '9'",
        "UPDATE sales SET net = net",
        "UPDATE sales SET receipt = 'other'",
        "UPDATE sales SET sold_at = 1",
    ):
        with pytest.raises(Refusal, match="append_only"):
            full.change(sql)
    full.change("UPDATE sale_lines SET returned = returned")
    full.change("UPDATE sales SET refunded = refunded")


@sqlite_only
def test_replace_does_not_slip_past(full: Books) -> None:
    """Reliability finding 7: INSERT OR REPLACE deletes by itself; the triggers fire all the same."""
    for table in APPEND_ONLY:
        names = [column.name for column in metadata.tables[table].columns]
        if metadata.tables[table].primary_key.columns:
            with pytest.raises(Refusal, match="append_only"):
                full.change(f"INSERT OR REPLACE INTO {table} SELECT {', '.join(names)} FROM {table} LIMIT 1")


@postgres_only
def test_truncate_is_refused(full: Books) -> None:
    """I10: a whole table of facts cannot be emptied either."""
    for table in (*APPEND_ONLY, "sales", "sale_lines"):
        with pytest.raises(Refusal, match="append_only"):
            full.change(f"TRUNCATE {table} CASCADE")


def test_a_reference_to_nothing_is_refused(full: Books) -> None:
    """Foreign keys are on: no entry without its member, no lot without its own."""
    for sql in (
        "INSERT INTO entries (member_id, at, kind, points, by) VALUES (999, 1, 'adjust', 1, 'x')",
        "INSERT INTO lots (member_id, granted, remaining, state, active_from) VALUES (999, 1, 1, 'active', 1)",
        "DELETE FROM members",
        "DELETE FROM cards",
    ):
        with pytest.raises(Refusal, match=r"(?i)foreign key"):
            full.change(sql)


def test_a_receipt_is_unique_where_it_should_be(full: Books) -> None:
    """S45, I14: per store, terminal and business day, in the database itself."""
    with pytest.raises(Refusal, match=r"(?i)unique"):
        full.change(copy_of("sales", {}))
    full.change(copy_of("sales", {"business_date": "'2020-01-01'"}))


def test_a_number_stands_for_one_record_of_an_epoch_that_was_given(full: Books) -> None:
    """S44, I6: (terminal, epoch, sequence) is unique, and no record is of an epoch that no pairing gave."""
    with pytest.raises(Refusal, match=r"(?i)unique"):
        full.change(copy_of("till_records", {"key": "'another-key-000000'"}))
    with pytest.raises(Refusal, match=r"(?i)foreign key"):
        full.change(copy_of("till_records", {"epoch": "2"}))
    full.change(copy_of("till_records", {"sequence": "2"}))
    with pytest.raises(Refusal, match=r"(?i)foreign key"):
        full.change(copy_of("till_gaps", {"epoch": "2"}))


@sqlite_only
def test_every_table_is_strict(full: Books) -> None:
    """Reliability finding 7: text and fractions do not become integers, nor integers floats."""
    loose = [row[1] for row in full.rows("PRAGMA table_list") if row[2] == "table" and not row[5]]
    assert set(loose) <= {"alembic_version", "sqlite_schema", "sqlite_temp_schema"}
    for value in ("'abc'", "1.5", "9223372036854775807 + 1"):
        with pytest.raises(Refusal, match="cannot store"):
            full.change(f"UPDATE members SET spent = {value}")


@pytest.fixture
def connection(store_url: str) -> Iterator[Connection]:
    """The migrated database through SQLAlchemy."""
    url = owner_url(store_url)
    engine = make_engine(url) if url.startswith("sqlite") else create_engine(url, poolclass=NullPool)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def test_the_migrated_database_is_what_the_tables_say(connection: Connection) -> None:
    """Migrations and tables.py agree: nothing to add, nothing to take away."""
    options = {"compare_type": True, "compare_server_default": connection.dialect.name == "postgresql"}
    assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


@sqlite_only
def test_it_agrees_to_the_letter_on_sqlite(connection: Connection) -> None:
    """Checks, defaults and partial indexes too: the statements are the same."""
    fresh = create_engine("sqlite://")
    metadata.create_all(fresh)
    query = text("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL")
    with fresh.connect() as other:
        wanted = {name: plain(sql) for name, sql in other.execute(query)}
    fresh.dispose()
    found = {name: plain(sql) for name, sql in connection.execute(query) if name != "alembic_version"}
    assert found.keys() == wanted.keys()
    assert {name: sql for name, sql in found.items() if sql != wanted[name]} == {}


def plain(sql: str) -> list[str]:
    """The parts of a CREATE statement, whatever their order and spacing."""
    text_ = re.sub(r"\s+", " ", sql.replace('"', "")).strip()
    head, _, body = text_.partition(" (")
    parts, depth, start = [], 0, 0
    for at, char in enumerate(body):
        depth += (char == "(") - (char == ")")
        if (char == "," and depth == 0) or depth < 0:
            parts.append(body[start:at].strip())
            start = at + 1
            if depth < 0:
                break
    return [head, *sorted(part.replace(" ( ", "(").replace("( ", "(").replace(" )", ")") for part in parts)]


@postgres_only
def test_it_agrees_to_the_letter_on_postgresql(connection: Connection) -> None:
    """Constraints and indexes as PostgreSQL itself writes them."""
    connection.execute(text("CREATE SCHEMA fresh"))
    connection.execute(text("SET search_path TO fresh"))
    metadata.create_all(connection)
    constraints = text(
        "SELECT conname, replace(pg_get_constraintdef(oid), 'fresh.', '') FROM pg_constraint "
        "WHERE connamespace = CAST(:schema AS regnamespace)"
    )
    indexes = text("SELECT indexname, replace(indexdef, :schema || '.', '') FROM pg_indexes WHERE schemaname = :schema")
    for query in (constraints, indexes):
        wanted = set(map(tuple, connection.execute(query, {"schema": "fresh"})))
        connection.execute(text("SET search_path TO public"))
        found = {tuple(row) for row in connection.execute(query, {"schema": "public"}) if "alembic" not in row[0]}
        connection.execute(text("SET search_path TO fresh"))
        assert found == wanted
    connection.rollback()


def test_migrating_twice_is_migrating_once(store_url: str) -> None:
    """Forward only; the newest revision stays where it is."""
    assert migrate.current(store_url) == migrate.newest()
    assert migrate.upgrade(store_url) == migrate.newest()
    assert migrate.current(store_url) == migrate.newest()


def test_an_empty_database_is_at_no_revision(tmp_path: Any) -> None:
    """``None`` until it is migrated."""
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    assert migrate.current(url) is None
    assert migrate.upgrade(url) == migrate.newest()
