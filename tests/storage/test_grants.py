"""The role that serves adds facts and changes none, even when the triggers are away (reliability.md 3.7, I9, I10)."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from conftest import Shop
from databases import SERVING_ROLE, owner_url
from psycopg import errors as pg
from services.lane import FRUIT, MILK, Books, Lane

from loyalty_pos.errors import LoyaltyError
from loyalty_pos.services import doctor
from loyalty_pos.storage import grants
from loyalty_pos.storage.engine import open_store
from loyalty_pos.storage.tables import metadata

Json = dict[str, Any]
FACTS = ("entries", "swipes", "sale_uses", "returns", "return_lines", "coupon_events", "value_entries", "consents",
         "audit", "answers",         "rule_versions", "till_records", "seals", "campaign_audiences",
         "campaign_members")  # fmt: skip
pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.parametrize("store_url", ["postgresql"], indirect=True),
]


def owner(url: str) -> psycopg.Connection:
    """A connection of the owner of the tables."""
    return psycopg.connect(owner_url(url).replace("+psycopg", ""), autocommit=True)


def denied(shop: Shop, sql: str) -> bool:
    """Whether PostgreSQL itself says no to the role that serves."""
    try:
        shop.services.store.write(lambda tx: tx.run(sql))
    except pg.InsufficientPrivilege:
        return True
    return False


@pytest.fixture
def bare(shop: Shop, lane: Lane, hanh: Json) -> Shop:
    """A shop that has sold, whose triggers are all gone: only rights are left."""
    lane.adjusts(hanh["id"], 500)
    sold = lane.sells(MILK, FRUIT, card=hanh["card"], redeem_points=100, pay_with=[lane.gives_value(20_000)])
    lane.takes_back_all(sold)
    with owner(shop.services.store.url) as raw:
        for table in metadata.sorted_tables:
            raw.execute(f'ALTER TABLE "{table.name}" DISABLE TRIGGER USER')
    return shop


def test_facts_cannot_be_changed_removed_or_emptied(bare: Shop) -> None:
    for table in FACTS:
        column = list(metadata.tables[table].columns)[-1].name
        for sql in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}", f"TRUNCATE {table}"):
            assert denied(bare, sql), sql
    for sql in (
        "DELETE FROM sales",
        "DELETE FROM sale_lines",
        "UPDATE sales SET net = net",
        "UPDATE sales SET receipt = receipt",
        "UPDATE sale_lines SET runs = runs",
        "UPDATE lots SET id = id",
        "TRUNCATE members CASCADE",
        "DROP TABLE entries CASCADE",
        "ALTER TABLE entries DISABLE TRIGGER USER",
        "DROP TRIGGER entries_append_only ON entries",
        "UPDATE alembic_version SET version_num = 'x'",
    ):
        assert denied(bare, sql), sql


def test_what_moves_may_move(bare: Shop) -> None:
    """Running balances, returned units, states: the columns that guarded updates change."""
    for sql in (
        "UPDATE sales SET refunded = refunded",
        "UPDATE sale_lines SET returned = returned",
        "UPDATE lots SET remaining = remaining",
        "UPDATE members SET active = active",
        "DELETE FROM checkout_lots",
    ):
        assert not denied(bare, sql), sql


def test_rights_follow_the_triggers(shop: Shop, store_url: str) -> None:
    """One list of facts: what the triggers refuse is not granted, and every table is granted."""
    store = shop.services.store
    kept = store.read(grants.fixed)
    assert {name for name, one in kept.items() if one.all} == set(FACTS)
    assert {name for name, one in kept.items() if one.columns} == {"sales", "sale_lines"}
    assert grants.rights(metadata.tables["entries"], kept["entries"]) == ["SELECT", "INSERT"]
    assert "DELETE" in grants.rights(metadata.tables["checkout_lots"], None)


def test_a_wider_right_of_before_is_taken_away(shop: Shop) -> None:
    """And granting again is granting once."""
    with owner(shop.services.store.url) as raw:
        raw.execute("CREATE ROLE wide LOGIN")
        try:
            raw.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO wide")
            store = open_store(owner_url(shop.services.store.url))
            for _ in range(2):
                assert store.write(lambda tx: grants.give(tx, "wide")) == len(metadata.tables)
            store.close()
            ask = "SELECT has_table_privilege('wide', 'entries', %s)"
            found = {name: raw.execute(ask, (name,)).fetchone() for name in ("SELECT", "INSERT", "UPDATE", "TRUNCATE")}
            assert found == {"SELECT": (True,), "INSERT": (True,), "UPDATE": (False,), "TRUNCATE": (False,)}
        finally:
            raw.execute("DROP OWNED BY wide")
            raw.execute("DROP ROLE wide")


@pytest.mark.parametrize(
    ("who", "role", "code"),
    [
        ("postgres", "nobody", "role_unknown"),
        ("postgres", 'x"; DROP TABLE sales; --', "role_unknown"),
        ("postgres", "postgres", "role_owns"),
        (SERVING_ROLE, SERVING_ROLE, "grant_refused"),
    ],
)
def test_a_role_that_rights_do_not_bind_is_refused(shop: Shop, who: str, role: str, code: str) -> None:
    store = open_store(shop.services.store.url.replace(f"//{SERVING_ROLE}:", f"//{who}:"))
    with pytest.raises(LoyaltyError) as refused:
        store.write(lambda tx: grants.give(tx, role))
    store.close()
    assert refused.value.code == code


def test_the_doctor_names_a_service_that_could_rewrite(shop: Shop, books: Books) -> None:
    assert doctor._role(shop.services).state == "ok"
    mighty = open_store(owner_url(shop.services.store.url))
    assert mighty.read(grants.may_rewrite)
    mighty.close()
