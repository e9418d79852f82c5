"""A shop that grows moves from SQLite into PostgreSQL: every row, or none (reliability.md 4; contract.md 4)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from actions import Till, basket, line, new_key, ok
from conftest import Shop
from services.lane import Books, lane_of

from loyalty_pos import jobs
from loyalty_pos.app import create_app
from loyalty_pos.config import Config
from loyalty_pos.errors import LoyaltyError
from loyalty_pos.services import backup, ledger, moving, seals, staff
from loyalty_pos.services.context import Services
from loyalty_pos.services.rules import RuleBooks
from loyalty_pos.storage import copies, transfer
from loyalty_pos.storage.engine import open_store
from loyalty_pos.storage.tables import metadata

Json = dict[str, Any]
pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.parametrize("store_url", ["sqlite"], indirect=True),
]


@pytest.fixture
def target(postgres_server: str) -> Iterator[str]:
    """The URL of a PostgreSQL database that nothing was ever done to."""
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute("CREATE DATABASE moved TEMPLATE template0 ENCODING 'UTF8'")
    yield postgres_server.replace("/postgres?", "/moved?").replace("postgresql://", "postgresql+psycopg://", 1)
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute("DROP DATABASE moved WITH (FORCE)")


def grown(shop: Shop, till: Till) -> Json:
    """A shop with something of everything; what a till, a customer and a person in it remember."""
    hanh = ok(till.enrol(name="Nguyễn Thị Hạnh", phone="0901234567", birthday="1990-05-24"))
    card, member = hanh["card"]["number"], hanh["member"]["id"]
    goods = basket(line(1, sku="bread", price=600_000, quantity=3, category="bakery/bread"), card=card, entry="scan")
    key, receipt = new_key(), till.receipt()
    sold = ok(till.sell(goods, key=key, receipt=receipt))
    ok(till.give_back(sold["id"], ("1", 1)))
    codes = [lane_of(shop).issues(member) for _ in range(2)]
    gift = lane_of(shop).gives_value(50_000)
    opened = ok(till.open(goods | {"redeem_points": 100, "coupons": [codes[0]], "pay_with": [gift]}))
    session, _ = staff.sign_in(shop.services, "owner", shop.password("owner"))
    return {
        "card": card, "member": member, "page": hanh["page"], "goods": goods, "key": key, "receipt": receipt,
        "sold": sold, "opened": opened["id"], "code": codes[1], "session": session,
    }  # fmt: skip


def moved(services: Services, url: str) -> Services:
    """The same installation on its new database."""
    return replace(services, store=open_store(url), rules=RuleBooks())


def rows_of(services: Services) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    books = Books(services)
    return {
        table.name: sorted(books.rows(f"SELECT {', '.join(c.name for c in table.columns)} FROM {table.name}"), key=repr)
        for table in metadata.sorted_tables
    }


def refusal(services: Services, url: str) -> tuple[str, Json]:
    """The code of a refused move, and its facts."""
    with pytest.raises(LoyaltyError) as refused:
        moving.copy_to(services, url)
    return refused.value.code, refused.value.facts


def counted(url: str) -> int:
    """How many rows the target has."""
    with psycopg.connect(url.replace("+psycopg", "")) as raw:
        return sum(raw.execute(f'SELECT count(*) FROM "{t.name}"').fetchone()[0] for t in metadata.sorted_tables)  # type: ignore[index]


def test_every_row_is_there_and_everybody_goes_on(shop: Shop, till: Till, target: str) -> None:
    """A till's key, a repeated sale, an open checkout, a coupon, a customer's page, a sign-in."""
    before = grown(shop, till)
    jobs.run_due(shop.services)
    head = seals.verify(shop.services).head
    rows = rows_of(shop.services)
    assert rows["seals"]
    assert len(rows["job_runs"]) == len(jobs.JOBS)
    shop.services.store.close()
    told: list[tuple[int, int]] = []
    done = moving.copy_to(shop.services, target, lambda part, total: told.append((part, total)))
    assert done == {"tables": len(rows), "rows": sum(map(len, rows.values()))}
    assert told[-1] == (2 * done["rows"], 2 * done["rows"])
    assert told == sorted(told)

    services = moved(shop.services, target)
    assert rows_of(services) == rows
    config = Config(Path(services.data_folder), target, services.secret)
    app = create_app(config, clock=services.clock, ids=services.ids, store=services.store)
    there = Till(app.test_client(), till.key, "moved")
    repeated = there.sell(before["goods"], key=before["key"], receipt=before["receipt"])
    assert repeated.headers["Idempotent-Replayed"] == "true"
    assert ok(repeated) == before["sold"]
    assert ok(there.settle(before["opened"]))["points"]["redeemed"] == 100
    sold = ok(there.sell(before["goods"] | {"coupons": [before["code"]]}))
    assert sold["coupons"][0]["status"] == "applied"
    assert int(sold["id"]) > int(before["sold"]["id"])
    ok(there.give_back(before["sold"]["id"], ("1", 2)))
    assert ok(there.enrol(name="Mới"))["member"]["id"] != before["member"]
    assert app.test_client().get(before["page"]).status_code == 200
    assert staff.by_session(services, before["session"]).name == "owner"
    assert staff.by_token(services, shop.tokens["manager"]).role == "manager"
    assert seals.seal(services).rows > 0
    assert ledger.check(services, head) == []
    services.store.close()


def test_a_target_with_rows_is_refused(shop: Shop, till: Till, target: str) -> None:
    """The second time, or another shop's database."""
    grown(shop, till)
    shop.services.store.close()
    moving.copy_to(shop.services, target)
    rows = counted(target)
    code, facts = refusal(shop.services, target)
    assert (code, facts["table"]) == ("target_not_empty", "audit")
    assert counted(target) == rows


def test_what_fails_on_the_way_leaves_nothing(
    shop: Shop, till: Till, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that PostgreSQL does not take; a row that reads back otherwise; a book that is wrong there."""
    grown(shop, till)
    books = Books(shop.services)
    books.change("UPDATE stores SET name = 'a' || char(0) || 'b' WHERE code = 'hn-02'")
    shop.services.store.close()
    assert refusal(shop.services, target) == ("rows_unfit", {"table": "stores"})
    assert counted(target) == 0
    again = moved(shop.services, shop.services.store.url)
    Books(again).change("UPDATE stores SET name = 'b' WHERE code = 'hn-02'")
    again.store.close()

    whole = transfer.PostgresTx.load

    def changes(tx: Any, table: str, columns: Any, rows: Any) -> None:
        whole(tx, table, columns, rows)
        if table == "members":
            tx.run("UPDATE members SET version = version + 1")

    with monkeypatch.context() as broken:
        broken.setattr(transfer.PostgresTx, "load", changes)
        assert refusal(shop.services, target) == ("rows_differ", {"table": "members"})
    assert counted(target) == 0

    def wrong(services: Services) -> list[str]:
        return ["L5: wrong"] if services.store.dialect == "postgresql" else []

    with monkeypatch.context() as broken:
        broken.setattr(moving, "prove", wrong)
        assert refusal(shop.services, target) == ("books_wrong", {"count": 1, "database": "postgresql"})
    assert counted(target) == 0
    assert moving.copy_to(shop.services, target)["rows"] == counted(target)


def test_books_that_do_not_balance_are_not_moved(shop: Shop, till: Till, target: str) -> None:
    ok(till.enrol(name="Hạnh"))
    Books(shop.services).change("UPDATE members SET active = active + 1")
    shop.services.store.close()
    code, facts = refusal(shop.services, target)
    assert (code, facts["database"]) == ("books_wrong", "sqlite")
    assert counted(target) == 0


def test_nobody_sells_meanwhile(shop: Shop, till: Till, target: str) -> None:
    """A sale made after the copy began would be lost."""
    grown(shop, till)
    assert refusal(shop.services, target)[0] == "database_in_use"
    ok(till.sell(basket(line(1))))


def test_a_target_that_somebody_uses_is_refused(shop: Shop, target: str) -> None:
    shop.services.store.close()
    moving.copy_to(replace(shop.services, store=open_store(f"sqlite:///{empty_of(shop)}")), target)
    with psycopg.connect(target.replace("+psycopg", "")) as other:
        other.execute("INSERT INTO categories (code, name) VALUES ('a', 'A')")
        assert refusal(shop.services, target)[0] == "database_in_use"
        other.rollback()
    assert moving.copy_to(shop.services, target)["rows"] > 0


def empty_of(shop: Shop) -> Path:
    """A migrated, empty database."""
    path = Path(shop.services.data_folder) / "empty.db"
    shutil.copy(Path(shop.services.data_folder) / "loyalty.db", path)
    with copies.alone(path) as tx:
        assert tx is not None
        triggers = tx.all("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers:
            tx.run(f"DROP TRIGGER {name}")
        for table in reversed(metadata.sorted_tables):
            tx.run(f"DELETE FROM {table.name}")
        tx.end("COMMIT")
    return path


def test_other_places_are_named(shop: Shop, target: str, tmp_path: Path) -> None:
    shop.services.store.close()
    for url in ("sqlite:///x.db", "mysql://x/y", "nonsense"):
        assert refusal(shop.services, url)[0] == "target_unknown"
    assert refusal(shop.services, "postgresql+psycopg://nobody@127.0.0.1:1/none")[0] == "database_unavailable"
    missing = replace(shop.services, store=open_store(f"sqlite:///{tmp_path}/none.db"))
    assert refusal(missing, target)[0] == "database_missing"
    assert refusal(moved(shop.services, target), target)[0] == "not_embedded"
    assert backup.prove is moving.prove
