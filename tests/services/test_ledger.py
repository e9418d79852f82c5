"""The ledger check finds every kind of planted error, one test for each law (reliability.md 3.10)."""

from __future__ import annotations

from typing import Any

import pytest
from services.lane import FRUIT, MILK, Books, Lane, bread

from loyalty_pos.services import ledger
from loyalty_pos.storage import laws

Json = dict[str, Any]


@pytest.fixture
def busy(lane: Lane, hanh: Json, books: Books) -> Json:
    """A member with sales, a return, a hold, a shortfall and a used coupon: everything the laws speak of."""
    lane.adjusts(hanh["id"], 300)
    earned = lane.sells(MILK, FRUIT, card=hanh["card"])
    code = lane.issues(hanh["id"])
    spent = lane.sells(bread(100_000), card=hanh["card"], coupons=[code], redeem_points=400)
    lane.takes_back_all(earned)
    lane.sells(bread(30_000), card=hanh["card"])
    opened = lane.opens(bread(50_000), card=hanh["card"], redeem_points=100)
    assert opened["points"]["redeemed"] >= 0
    assert books.faults() == []
    return {"member": int(hanh["id"]), "sale": int(spent["id"]), "code": code}


def open_up(books: Books) -> None:
    """An insider with every right: the triggers and checks that stand in the way are gone."""
    if books.services.store.dialect == "sqlite":
        names = books.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in names:
            books.change(f"DROP TRIGGER {name}")
    else:
        for (table,) in books.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            books.change(f"ALTER TABLE {table} DISABLE TRIGGER USER")


PLANTED = [
    ("L5", "UPDATE members SET active = active + 1 WHERE id = {member}", "points, the entries say"),
    ("L5", "UPDATE members SET pending = pending + 5, active = active - 5 WHERE id = {member}", "the lots say"),
    ("L5", "UPDATE lots SET remaining = remaining - 1 WHERE id = "
     "(SELECT max(id) FROM lots WHERE member_id = {member} AND remaining > held)", "points left, its entries say"),
    ("L5", "UPDATE lots SET held = held + 1 WHERE id = "
     "(SELECT max(id) FROM lots WHERE member_id = {member} AND remaining > held)", "the open checkouts hold"),
    ("L5", "UPDATE members SET spent = spent + 1 WHERE id = {member}", "has spent"),
    ("L5", "UPDATE members SET expired = expired + 1 WHERE id = {member}", "has spent"),
    ("L5", "UPDATE members SET shortfall = shortfall + 1 WHERE id = {member}", "owes"),
    ("L5", "UPDATE sales SET earned = earned + 1 WHERE id = {sale}", "its entries say"),
    ("L5", "UPDATE sales SET gross = gross + 1, net = net + 1 WHERE id = {sale}", "its lines say"),
    ("L5", "UPDATE sale_lines SET discount = discount + 1, net = net - 1 WHERE sale_id = {sale}", "its lines say"),
    ("L5", "UPDATE sales SET refunded = refunded + 1 WHERE id = {sale}", "its returns say"),
    ("L5", "UPDATE profiles SET visits = visits + 1 WHERE member_id = {member}", "visits and"),
    ("L5", "UPDATE profiles SET spend = spend - 1 WHERE member_id = {member}", "visits and"),
    ("L5", "UPDATE entries SET points = points + 1 WHERE id = (SELECT max(id) FROM entries)", "the entries say"),
    ("L5", "DELETE FROM entries WHERE id = (SELECT max(id) FROM entries)", "the entries say"),
    ("L4", "UPDATE entries SET points = points - 100000 WHERE id = (SELECT min(id) FROM entries)", "below zero"),
    ("L6", "INSERT INTO coupon_events (coupon_id, at, state, by) SELECT id, 1, 'used', 'x' FROM coupons "
     "WHERE code = '{code}'", "was used 2 times"),
    ("L6", "UPDATE sale_uses SET coupon = NULL WHERE sale_id = {sale}", "does not say so"),
]  # fmt: skip


@pytest.mark.parametrize(("law", "sql", "said"), PLANTED, ids=[f"{law}-{n}" for n, (law, *_) in enumerate(PLANTED)])
def test_a_planted_error_is_found(books: Books, busy: Json, law: str, sql: str, said: str) -> None:
    """L4, L5, L6: one changed figure is one clear line, at least."""
    open_up(books)
    books.change(sql.format(**busy))
    found = books.faults()
    assert any(line.startswith(f"{law}: ") and said in line for line in found), found


def test_a_foreign_entry_is_found(books: Books, busy: Json) -> None:
    """L5: points out of nothing, written past every function of ours."""
    books.change(
        "INSERT INTO entries (member_id, at, kind, points, by) VALUES (?, 1, 'adjust', 1000, 'x')", busy["member"]
    )
    assert len(books.faults()) == 1


def test_progress_is_told_law_by_law(lane: Lane) -> None:
    """Long work shows how far it is."""
    told: list[tuple[int, int]] = []
    assert ledger.check(lane.services, lambda done, total: told.append((done, total))) == []
    assert told == [(number, len(laws.LAWS)) for number in range(1, len(laws.LAWS) + 1)]


def test_every_law_has_its_planted_error() -> None:
    """A law that no test breaks is not known to bite."""
    assert {law.code for law in laws.LAWS} == {law for law, *_ in PLANTED}
    for law in laws.LAWS:
        words = law.sentence.replace("{", " ").split()
        assert words
        assert any(said.split()[0] in law.sentence for _, _, said in PLANTED), law.sentence
