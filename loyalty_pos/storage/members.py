"""Members and the people behind them.  Personal data is read and written here alone."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from loyalty_pos.storage.reading import marks
from loyalty_pos.storage.tx import Tx


class Person(NamedTuple):
    """What a member told of themselves; ``phone`` E.164, ``birthday`` ISO."""

    name: str | None = None
    call_name: str | None = None
    phone: str | None = None
    email: str | None = None
    birthday: str | None = None
    gender: str | None = None
    address: str | None = None
    interests: tuple[str, ...] = ()


class Account(NamedTuple):
    """A member's account without personal data; points, ms."""

    id: int
    state: str
    tier: str | None
    tier_by_hand: str | None
    review_on: str | None
    active: int
    pending: int
    held: int
    spent: int
    expired: int
    shortfall: int
    enrolled_at: int
    store_id: int | None


_ACCOUNT = ", ".join(Account._fields)
_PERSON = "name, call_name, phone, email, birthday, gender, address, interests"


def add(tx: Tx, at: int, store_id: int | None) -> int:
    """A new account without a tier (services/tiers.py places it); its id."""
    return tx.insert("INSERT INTO members (enrolled_at, store_id) VALUES (?, ?) RETURNING id", (at, store_id))


def account(tx: Tx, member_id: int) -> Account | None:
    """An account; of a merged member the one it was merged into."""
    row = tx.one(f"SELECT {_ACCOUNT}, merged_into FROM members WHERE id = ?", (member_id,))
    if row is not None and row[-1] is not None:
        return account(tx, int(row[-1]))
    return Account(*row[:-1]) if row else None


def living(tx: Tx, member_id: int) -> int:
    """The id of the member that this one was merged into, or its own."""
    found = account(tx, member_id)
    return found.id if found else member_id


def family(tx: Tx, member_id: int) -> list[int]:
    """A member and all that were merged into it, at any remove."""
    found, fresh = [member_id], [member_id]
    while fresh:
        rows = tx.all(f"SELECT id FROM members WHERE merged_into IN ({marks(fresh)}) ORDER BY id", fresh)
        fresh = [int(row[0]) for row in rows]
        found += fresh
    return found


def person(tx: Tx, member_id: int) -> Person:
    """The person behind an account; empty when nothing was told."""
    row = tx.one(f"SELECT {_PERSON} FROM people WHERE member_id = ?", (member_id,))
    return Person._make((*row[:7], tuple(json.loads(row[7])))) if row else Person()


def save_person(tx: Tx, member_id: int, who: Person, search: str) -> None:
    """Write the whole person."""
    interests = json.dumps(list(who.interests), ensure_ascii=False)
    tx.run(
        f"INSERT INTO people (member_id, search, {_PERSON}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (member_id) DO UPDATE SET search = excluded.search, name = excluded.name, "
        "call_name = excluded.call_name, phone = excluded.phone, email = excluded.email, birthday = excluded.birthday, "
        "gender = excluded.gender, address = excluded.address, interests = excluded.interests",
        (member_id, search, *who[:7], interests),
    )


def lock(tx: Tx, *member_ids: int | None) -> None:
    """Lock these members until the transaction ends, in the order that everybody keeps: by id."""
    if tx.for_update:
        for member_id in sorted({one for one in member_ids if one is not None}):
            tx.later(f"SELECT id FROM members WHERE id = ?{tx.for_update}", (member_id,))


def between(tx: Tx, ids: tuple[int, int]) -> list[int]:
    """The members with ids above the first and up to the second."""
    return [int(row[0]) for row in tx.all("SELECT id FROM members WHERE id > ? AND id <= ? ORDER BY id", ids)]


def touch(tx: Tx, member_id: int) -> None:
    """Say that something pricing may look at has changed."""
    tx.later("UPDATE members SET version = version + 1 WHERE id = ?", (member_id,))


def add_consent(
    tx: Tx, member_id: int, purpose: str, channel: str | None, given: bool, text_version: str, at: int, by: str
) -> None:
    """Append one consent, given or taken back (S51)."""
    tx.later(
        "INSERT INTO consents (member_id, purpose, channel, given, text_version, at, by) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (member_id, purpose, channel, int(given), text_version, at, by),
    )


def consents(tx: Tx, member_id: int) -> list[tuple[Any, ...]]:
    """(purpose, channel, given, text_version, at), oldest first."""
    return tx.all(
        "SELECT purpose, channel, given, text_version, at FROM consents WHERE member_id = ? ORDER BY id", (member_id,)
    )


def search(tx: Tx, words: list[str], phone: str | None, card: str | None, after: int, limit: int) -> list[int]:
    """Ids of members, newest first, before ``after``: every word in the folded name, or phone, or card."""
    rules = ["m.state = 'active'"]
    params: list[object] = []
    if after:
        rules.append("m.id < ?")
        params.append(after)
    if card is not None:
        rules.append("EXISTS (SELECT 1 FROM cards c WHERE c.member_id = m.id AND c.number = ?)")
        params.append(card)
    elif phone is not None:
        rules.append("p.phone = ?")
        params.append(phone)
    for word in words:
        rules.append("p.search LIKE ? ESCAPE '!'")
        params.append("%" + word.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%")
    rows = tx.all(
        "SELECT m.id FROM members m LEFT JOIN people p ON p.member_id = m.id "
        f"WHERE {' AND '.join(rules)} ORDER BY m.id DESC LIMIT ?",
        (*params, limit),
    )
    return [int(row[0]) for row in rows]
