"""The habits that a campaign looks at: what some members bought of some goods, and who has an occasion today."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loyalty_pos.domain.campaigns.choice import Bought
from loyalty_pos.storage.campaigns import FEW
from loyalty_pos.storage.reading import marks
from loyalty_pos.storage.tx import Tx


def bought(tx: Tx, members: Sequence[int], categories: bool, skus: Sequence[str]) -> dict[int, list[Bought]]:
    """Member -> what they bought: by category if asked, and of these skus."""
    found: dict[int, list[Bought]] = {member: [] for member in members}
    if not members:
        return found
    sql = "SELECT member_id, {}, times, weight, last_at FROM {} WHERE times > 0 AND member_id IN ({})"
    if categories:
        rows = tx.all(sql.format("category", "member_categories", marks(members)), members)
        for member, code, *figures in rows:
            found[member].append(Bought(code, True, *figures))
    for start in range(0, len(skus), FEW):
        part = skus[start : start + FEW]
        rows = tx.all(
            f"{sql.format('sku', 'member_products', marks(members))} AND sku IN ({marks(part)})", (*members, *part)
        )
        for member, code, *figures in rows:
            found[member].append(Bought(code, False, *figures))
    return found


def birthdays(tx: Tx, members: Sequence[int]) -> dict[int, str]:
    """Member -> month and day of birth (``11-24``), of those who told."""
    rows = tx.all(
        f"SELECT member_id, substr(birthday, 6) FROM people WHERE birthday IS NOT NULL "
        f"AND member_id IN ({marks(members)})",
        members,
    )
    return {int(row[0]): row[1] for row in rows}


def first_purchases(tx: Tx) -> Iterator[tuple[int, int]]:
    """(member, first purchase in ms) of every active member who bought."""
    rows = tx.all(
        "SELECT f.member_id, f.first_at FROM profiles f JOIN members m ON m.id = f.member_id "
        "WHERE m.state = 'active' AND f.visits > 0 AND f.first_at IS NOT NULL"
    )
    return ((int(row[0]), int(row[1])) for row in rows)


def rhythms(tx: Tx, least: int, categories: Sequence[str], skus: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """(member, first, last, times) of each of these goods that a member bought at least so often; none named: all."""
    everything = not categories and not skus
    sql = (
        "SELECT h.member_id, h.first_at, h.last_at, h.times FROM {} h JOIN members m ON m.id = h.member_id "
        "WHERE m.state = 'active' AND h.times >= ? AND {}"
    )
    for code in categories:
        rule = "(h.category = ? OR substr(h.category, 1, ?) = ?)"
        rows = tx.all(sql.format("member_categories", rule), (least, code, len(code) + 1, code + "/"))
        yield from ((int(a), int(b), int(c), int(d)) for a, b, c, d in rows)
    parts: list[Sequence[str]] = [skus[start : start + FEW] for start in range(0, len(skus), FEW)]
    for part in [()] if everything else parts:
        rule = f"h.sku IN ({marks(part)})" if part else "TRUE"
        rows = tx.all(sql.format("member_products", rule), (least, *part))
        yield from ((int(a), int(b), int(c), int(d)) for a, b, c, d in rows)
