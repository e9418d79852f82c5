"""Gift cards and wallets as rows: a running balance under CHECKs beside entries that are only ever added.

A movement is one guarded update that answers the balance after it, and one entry that bears it:
no balance is below zero or below what is held, at any prefix (reliability.md I1).  Several are
locked in the order of their ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from loyalty_pos.storage.ledger import Why
from loyalty_pos.storage.reading import marks
from loyalty_pos.storage.tx import Tx


class ValueRow(NamedTuple):
    """A gift card or wallet; minor units, ``expires_on`` the last local day that it pays on."""

    id: int
    code: str
    kind: str
    member_id: int | None
    state: str
    balance: int
    held: int
    expires_on: str | None

    @property
    def free(self) -> int:
        """What may be held or paid."""
        return self.balance - self.held


class Paid(NamedTuple):
    """What a sale took from one gift card or wallet, less what came back; its last day, if it has one."""

    id: int
    code: str
    amount: int
    expires_on: str | None


class Loaded(NamedTuple):
    """What one line of a sale has put on one card, less what was taken off again; what is free on the card now."""

    line: str
    id: int
    amount: int
    free: int


_COLUMNS = ", ".join(ValueRow._fields)


def add(tx: Tx, code: str, kind: str, member_id: int | None, expires_on: str | None, at: int) -> int:
    """A new one with nothing on it; its id."""
    return tx.insert(
        "INSERT INTO stored_values (code, kind, member_id, expires_on, issued_at) VALUES (?, ?, ?, ?, ?) RETURNING id",
        (code, kind, member_id, expires_on, at),
    )


def find(tx: Tx, code: str) -> ValueRow | None:
    """The one with this code."""
    row = tx.one(f"SELECT {_COLUMNS} FROM stored_values WHERE code = ?", (code,))
    return ValueRow(*row) if row else None


def by_codes(tx: Tx, codes: Sequence[str]) -> list[ValueRow]:
    """Those with these codes, by id; unknown ones are absent.  A writing transaction locks them."""
    if not codes:
        return []
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM stored_values WHERE code IN ({marks(codes)}) ORDER BY id{tx.for_update}",
        codes,
    )
    return [ValueRow(*row) for row in rows]


def of_member(tx: Tx, member_id: int) -> list[ValueRow]:
    """A member's wallets, oldest first."""
    rows = tx.all(f"SELECT {_COLUMNS} FROM stored_values WHERE member_id = ? ORDER BY id", (member_id,))
    return [ValueRow(*row) for row in rows]


def listed(tx: Tx, before: int, limit: int, kind: str | None, state: str | None, ending: str | None) -> list[ValueRow]:
    """The newest first, before id ``before`` (0: from the newest), of a kind, of a state, with such last digits."""
    rules: list[tuple[str, object]] = [("1 = ?", 1)]
    if before:
        rules.append(("id < ?", before))
    if kind is not None:
        rules.append(("kind = ?", kind))
    if state is not None:
        rules.append(("state = ?", state))
    if ending is not None:
        rules.append(("code LIKE ?", f"%{ending}"))
    where = " AND ".join(rule for rule, _ in rules)
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM stored_values WHERE {where} ORDER BY id DESC LIMIT ?",
        (*(value for _, value in rules), limit),
    )
    return [ValueRow(*row) for row in rows]


def owed(tx: Tx) -> int:
    """What all of them bear together: what the shop owes their holders, in minor units."""
    row = tx.one("SELECT coalesce(sum(balance), 0) FROM stored_values")
    return int(row[0]) if row else 0


def load(tx: Tx, value_id: int, amount: int, why: Why, line: str | None) -> int | None:
    """Put money on it, sold on this line of a sale or given by hand: the balance after; None when it is blocked."""
    return _move(tx, value_id, "load", amount, why, line, " AND state = 'active'")


def pay(tx: Tx, value_id: int, amount: int, why: Why) -> bool:
    """Pay a part of a sale; False when it is not free, or blocked."""
    return _move(tx, value_id, "pay", -amount, why, rule=" AND state = 'active'") is not None


def refund(tx: Tx, value_id: int, amount: int, why: Why) -> None:
    """Give back what a sale had taken, on a blocked one too."""
    _move(tx, value_id, "refund", amount, why)


def unload(tx: Tx, value_id: int, amount: int, why: Why, line: str) -> bool:
    """Take off what a line that came back had put on; False when it is not free."""
    return _move(tx, value_id, "unload", -amount, why, line) is not None


def _move(
    tx: Tx, value_id: int, kind: str, amount: int, why: Why, line: str | None = None, rule: str = "", held: int = 0
) -> int | None:
    """Move ``amount`` (signed), of which so much was held, and write its entry: the balance after."""
    row = tx.one(
        "UPDATE stored_values SET balance = balance + ?, held = held - ? "
        f"WHERE id = ? AND balance + ? >= held - ?{rule} RETURNING balance",
        (amount, held, value_id, amount, held),
    )
    if row is None:
        return None
    tx.later(
        "INSERT INTO value_entries (value_id, at, kind, amount, balance, sale_id, line, return_id, terminal_id, by, "
        "reason, idempotency_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            value_id, why.at, kind, amount, row[0], why.sale_id, line, why.return_id, why.terminal_id, why.by,
            why.reason, why.key,
        ),
    )  # fmt: skip
    return int(row[0])


def hold(tx: Tx, checkout_id: int, value_id: int, amount: int) -> bool:
    """Set money aside for a checkout (S21); False when it is not free, or blocked by now."""
    held = tx.run(
        "UPDATE stored_values SET held = held + ? WHERE id = ? AND state = 'active' AND balance - held >= ?",
        (amount, value_id, amount),
    )
    if held:
        tx.later(
            "INSERT INTO checkout_values (checkout_id, value_id, amount) VALUES (?, ?, ?)",
            (checkout_id, value_id, amount),
        )
    return bool(held)


def holds(tx: Tx, checkout_id: int) -> dict[int, int]:
    """id -> amount that a checkout holds of it, in the order of locking."""
    rows = tx.all(
        "SELECT value_id, amount FROM checkout_values WHERE checkout_id = ? ORDER BY value_id", (checkout_id,)
    )
    return {int(row[0]): int(row[1]) for row in rows}


def release(tx: Tx, checkout_id: int) -> None:
    """What a checkout held is free again."""
    for value_id, amount in holds(tx, checkout_id).items():
        tx.run("UPDATE stored_values SET held = held - ? WHERE id = ?", (amount, value_id))
    tx.run("DELETE FROM checkout_values WHERE checkout_id = ?", (checkout_id,))


def capture(tx: Tx, checkout_id: int, why: Why) -> None:
    """What a checkout held is paid, also with a card that was blocked meanwhile."""
    for value_id, amount in holds(tx, checkout_id).items():
        _move(tx, value_id, "pay", -amount, why, held=amount)
    tx.run("DELETE FROM checkout_values WHERE checkout_id = ?", (checkout_id,))


def set_state(tx: Tx, value_id: int, before: str, after: str) -> bool:
    """Block it, or let it pay again; False when it was not in the state ``before``."""
    return bool(tx.run("UPDATE stored_values SET state = ? WHERE id = ? AND state = ?", (after, value_id, before)))


def last_until(tx: Tx, value_id: int, expires_on: str | None) -> None:
    """Give it another last day; None: it never lapses."""
    tx.run("UPDATE stored_values SET expires_on = ? WHERE id = ?", (expires_on, value_id))


def paid(tx: Tx, sale_id: int) -> list[Paid]:
    """What a sale still has of each gift card and wallet, in the order in which they paid."""
    rows = tx.all(
        "SELECT v.id, v.code, -sum(e.amount), v.expires_on FROM value_entries e JOIN stored_values v "
        "ON v.id = e.value_id WHERE e.sale_id = ? AND e.kind IN ('pay', 'refund') "
        "GROUP BY v.id, v.code, v.expires_on HAVING sum(e.amount) < 0 ORDER BY min(e.id)",
        (sale_id,),
    )
    return [Paid(int(row[0]), row[1], int(row[2]), row[3]) for row in rows]


def of_sale(tx: Tx, sale_id: int) -> tuple[int, int]:
    """(what gift cards and wallets paid of a sale, what has come back to them)."""
    row = tx.one(
        "SELECT coalesce(-sum(CASE WHEN kind = 'pay' THEN amount END), 0), "
        "coalesce(sum(CASE WHEN kind = 'refund' THEN amount END), 0) FROM value_entries WHERE sale_id = ?",
        (sale_id,),
    )
    assert row is not None
    return int(row[0]), int(row[1])


def loaded(tx: Tx, sale_id: int) -> list[Loaded]:
    """What the lines of a sale have put on gift cards and wallets, by id."""
    rows = tx.all(
        "SELECT e.line, v.id, sum(e.amount), v.balance - v.held FROM value_entries e JOIN stored_values v "
        "ON v.id = e.value_id WHERE e.sale_id = ? AND e.line IS NOT NULL "
        "GROUP BY e.line, v.id, v.balance, v.held HAVING sum(e.amount) > 0 ORDER BY v.id",
        (sale_id,),
    )
    return [Loaded(row[0], int(row[1]), int(row[2]), int(row[3])) for row in rows]


def entries(tx: Tx, value_id: int, after: int, limit: int) -> list[tuple[Any, ...]]:
    """(id, at, kind, amount, balance, sale_id, receipt, terminal code, reason) after id ``after``, oldest first."""
    return tx.all(
        "SELECT e.id, e.at, e.kind, e.amount, e.balance, e.sale_id, s.receipt, t.code, e.reason "
        "FROM value_entries e LEFT JOIN sales s ON s.id = e.sale_id LEFT JOIN terminals t ON t.id = e.terminal_id "
        "WHERE e.value_id = ? AND e.id > ? ORDER BY e.id LIMIT ?",
        (value_id, after, limit),
    )
