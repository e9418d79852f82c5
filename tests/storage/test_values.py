"""Gift cards as rows: each movement is guarded, and bears the balance after it."""

from __future__ import annotations

from services.lane import Books, Lane, bread

from loyalty_pos.storage import values
from loyalty_pos.storage.ledger import Why

WHY = Why(1, "test", reason="a test")


def test_a_movement_that_is_not_there_moves_nothing(lane: Lane, books: Books) -> None:
    """I1: neither what is held nor what is not there is paid or unloaded."""
    code = lane.gives_value(10_000)
    lane.opens(bread(7_000), pay_with=[code])
    write = lane.services.store.write
    row = write(lambda tx: values.find(tx, code))
    assert row is not None
    assert row.free == 3_000
    assert not write(lambda tx: values.pay(tx, row.id, 3_001, WHY))
    assert not write(lambda tx: values.hold(tx, 1, row.id, 3_001))
    assert write(lambda tx: values.pay(tx, row.id, 1_000, WHY))
    assert write(lambda tx: values.load(tx, row.id, 500, WHY, None)) == 9_500
    assert books.rows("SELECT amount, balance FROM value_entries ORDER BY id") == [
        (10_000, 10_000), (-1_000, 9_000), (500, 9_500),
    ]  # fmt: skip


def test_a_blocked_one_is_neither_loaded_nor_paid_with(lane: Lane) -> None:
    """But what comes back comes back."""
    code = lane.gives_value(10_000)
    write = lane.services.store.write
    row = write(lambda tx: values.find(tx, code))
    assert row is not None
    assert write(lambda tx: values.set_state(tx, row.id, "active", "blocked"))
    assert not write(lambda tx: values.set_state(tx, row.id, "active", "blocked"))
    assert write(lambda tx: values.load(tx, row.id, 1, WHY, None)) is None
    assert not write(lambda tx: values.pay(tx, row.id, 1, WHY))
    assert not write(lambda tx: values.hold(tx, 1, row.id, 1))
    write(lambda tx: values.refund(tx, row.id, 5, WHY))
    assert lane.value(code)["balance"] == 10_005
