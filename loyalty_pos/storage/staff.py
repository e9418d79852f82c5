"""Staff, their sessions and personal tokens as rows; secrets are kept as hashes alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from loyalty_pos.storage.tx import Tx


class StaffRow(NamedTuple):
    """One person who works here."""

    id: int
    login: str
    name: str
    role: str
    password_hash: str | None
    state: str
    created_at: int


class SessionRow(NamedTuple):
    """A browser that is signed in; times in ms."""

    id: int
    staff_id: int
    terminal_id: int | None
    seen_at: int
    expires_at: int


class Lane(NamedTuple):
    """The terminal that a person sells on."""

    terminal_id: int
    terminal: str
    store_id: int
    store: str


_STAFF = ", ".join(StaffRow._fields)


def add(tx: Tx, login: str, name: str, role: str, password_hash: str | None, at: int) -> int | None:
    """A new person; None when the login is taken."""
    row = tx.one(
        "INSERT INTO staff (login, name, role, password_hash, created_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (login) DO NOTHING RETURNING id",
        (login, name, role, password_hash, at),
    )
    return int(row[0]) if row else None


def assign(tx: Tx, staff_id: int, store_ids: Iterable[int]) -> None:
    """Say which stores a person works in, instead of what was said before."""
    tx.run("DELETE FROM staff_stores WHERE staff_id = ?", (staff_id,))
    tx.many(
        "INSERT INTO staff_stores (staff_id, store_id) VALUES (?, ?)",
        [(staff_id, number) for number in sorted(set(store_ids))],
    )


def find(tx: Tx, login: str) -> StaffRow | None:
    """A person by login."""
    row = tx.one(f"SELECT {_STAFF} FROM staff WHERE login = ?", (login,))
    return StaffRow(*row) if row else None


def by_id(tx: Tx, staff_id: int) -> StaffRow | None:
    """A person by id."""
    row = tx.one(f"SELECT {_STAFF} FROM staff WHERE id = ?", (staff_id,))
    return StaffRow(*row) if row else None


def listed(tx: Tx, after: str, limit: int) -> list[StaffRow]:
    """People by login, after ``after``."""
    rows = tx.all(f"SELECT {_STAFF} FROM staff WHERE login > ? ORDER BY login LIMIT ?", (after, limit))
    return [StaffRow(*row) for row in rows]


def store_codes(tx: Tx, staff_id: int) -> list[tuple[int, str]]:
    """(id, code) of the stores a person is assigned to."""
    rows = tx.all(
        "SELECT s.id, s.code FROM staff_stores a JOIN stores s ON s.id = a.store_id WHERE a.staff_id = ? ORDER BY s.id",
        (staff_id,),
    )
    return [(int(row[0]), row[1]) for row in rows]


def lane(tx: Tx, staff_id: int, everywhere: bool, wanted: int | None) -> Lane | None:
    """The active lane ``wanted``, else the first of the person's stores (``everywhere``: of all)."""
    rule = "" if everywhere else "AND t.store_id IN (SELECT store_id FROM staff_stores WHERE staff_id = ?) "
    row = tx.one(
        "SELECT t.id, t.code, t.store_id, s.code FROM terminals t JOIN stores s ON s.id = t.store_id "
        f"WHERE t.state = 'active' {rule}ORDER BY CASE WHEN t.id = ? THEN 0 ELSE 1 END, t.store_id, t.id LIMIT 1",
        (wanted or 0,) if everywhere else (staff_id, wanted or 0),
    )
    return Lane(*row) if row else None


def sells_to_self(tx: Tx, member_id: int, staff_id: int | None, login: str | None) -> bool:
    """Whether a card of this member is the card of the person with this id or login."""
    row = tx.one(
        "SELECT 1 FROM cards c JOIN staff_cards k ON k.card_id = c.id JOIN staff s ON s.id = k.staff_id "
        "WHERE c.member_id = ? AND (s.id = ? OR s.login = ?)",
        (member_id, staff_id or 0, login or ""),
    )
    return row is not None


def card(tx: Tx, staff_id: int) -> str | None:
    """The number of a person's own card."""
    row = tx.one(
        "SELECT c.number FROM staff_cards k JOIN cards c ON c.id = k.card_id WHERE k.staff_id = ?", (staff_id,)
    )
    return str(row[0]) if row else None


def set_card(tx: Tx, staff_id: int, card_id: int | None) -> bool:
    """The person's own card from now on, or none; False when it is another person's."""
    tx.run("DELETE FROM staff_cards WHERE staff_id = ?", (staff_id,))
    return card_id is None or bool(
        tx.run("INSERT INTO staff_cards (staff_id, card_id) VALUES (?, ?) ON CONFLICT DO NOTHING", (staff_id, card_id))
    )


def set_password(tx: Tx, staff_id: int, password_hash: str) -> None:
    """A new password; whoever is signed in must sign in again."""
    tx.run("UPDATE staff SET password_hash = ? WHERE id = ?", (password_hash, staff_id))
    end_sessions(tx, staff_id)


def disable(tx: Tx, staff_id: int, at: int) -> bool:
    """active -> disabled with every session and token; False when it was disabled before."""
    done = tx.run("UPDATE staff SET state = 'disabled' WHERE id = ? AND state = 'active'", (staff_id,))
    end_sessions(tx, staff_id)
    tx.run("UPDATE staff_tokens SET revoked_at = ? WHERE staff_id = ? AND revoked_at IS NULL", (at, staff_id))
    return bool(done)


def active_owners(tx: Tx) -> int:
    """How many owners can still act."""
    row = tx.one("SELECT count(*) FROM staff WHERE role = 'owner' AND state = 'active'")
    return int(row[0]) if row else 0


def add_token(tx: Tx, staff_id: int, token_hash: bytes, at: int) -> None:
    """A personal token."""
    tx.run("INSERT INTO staff_tokens (staff_id, token_hash, created_at) VALUES (?, ?, ?)", (staff_id, token_hash, at))


def by_token(tx: Tx, token_hash: bytes) -> StaffRow | None:
    """Whose personal token this is, unless it is revoked."""
    row = tx.one(
        f"SELECT {', '.join('f.' + name for name in StaffRow._fields)} FROM staff_tokens k "
        "JOIN staff f ON f.id = k.staff_id WHERE k.token_hash = ? AND k.revoked_at IS NULL",
        (token_hash,),
    )
    return StaffRow(*row) if row else None


def add_session(tx: Tx, staff_id: int, token_hash: bytes, terminal_id: int | None, at: int, expires_at: int) -> None:
    """Sign a browser in."""
    tx.run(
        "INSERT INTO sessions (token_hash, staff_id, terminal_id, created_at, seen_at, expires_at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (token_hash, staff_id, terminal_id, at, at, expires_at),
    )


def session(tx: Tx, token_hash: bytes) -> SessionRow | None:
    """A session by the hash of its cookie."""
    row = tx.one(
        "SELECT id, staff_id, terminal_id, seen_at, expires_at FROM sessions WHERE token_hash = ?", (token_hash,)
    )
    return SessionRow(*row) if row else None


def touch(tx: Tx, session_id: int, at: int) -> None:
    """The session was used now."""
    tx.run("UPDATE sessions SET seen_at = ? WHERE id = ? AND seen_at < ?", (at, session_id, at))


def end_session(tx: Tx, token_hash: bytes) -> None:
    """Sign a browser out."""
    tx.run("DELETE FROM sessions WHERE token_hash = ?", (token_hash,))


def end_sessions(tx: Tx, staff_id: int) -> None:
    """Sign a person out everywhere."""
    tx.run("DELETE FROM sessions WHERE staff_id = ?", (staff_id,))


def end_old_sessions(tx: Tx, expires_before: int, seen_before: int) -> None:
    """Forget the sessions that are over."""
    tx.run("DELETE FROM sessions WHERE expires_at <= ? OR seen_at <= ?", (expires_before, seen_before))


def delay(tx: Tx, subject: str, until: int) -> None:
    """Let a subject wait until ``until``; its misses stay counted, so that the delay grows."""
    tx.run("UPDATE guesses SET blocked_until = ? WHERE subject = ?", (until, subject))
