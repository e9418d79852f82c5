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


def first_purchases(tx: Tx, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """(member, first purchase in ms) of the active members whose first purchase lies in one of these spans (ms)."""
    rule = " OR ".join("f.first_at BETWEEN ? AND ?" for _ in spans)
    rows = tx.all(
        "SELECT f.member_id, f.first_at FROM profiles f JOIN members m ON m.id = f.member_id "
        f"WHERE m.state = 'active' AND f.visits > 0 AND ({rule})",
        [end for span in spans for end in span],
    )
    return ((int(row[0]), int(row[1])) for row in rows)


def due_again(
    tx: Tx, now: int, least: int, hundredths: tuple[int, int], categories: Sequence[str], skus: Sequence[str]
) -> set[int]:
    """The active members who bought one of these goods (none named: any) at least so often, and since the last time
    (ms) between so many ``hundredths`` of their own mean gap ago."""
    rule = (
        "m.state = 'active' AND h.times >= ? AND h.last_at > h.first_at "
        "AND 100 * (? - h.last_at) * (h.times - 1) "
        "BETWEEN ? * (h.last_at - h.first_at) AND ? * (h.last_at - h.first_at)"
    )
    sql = f"SELECT DISTINCT h.member_id FROM {{}} h JOIN members m ON m.id = h.member_id WHERE {rule} AND {{}}"
    facts = (least, now, *hundredths)
    found: set[int] = set()
    for code in categories:
        inside = "(h.category = ? OR substr(h.category, 1, ?) = ?)"
        rows = tx.all(sql.format("member_categories", inside), (*facts, code, len(code) + 1, code + "/"))
        found |= {int(row[0]) for row in rows}
    parts: list[Sequence[str]] = [skus[start : start + FEW] for start in range(0, len(skus), FEW)]
    for part in parts if categories or skus else [()]:
        inside = f"h.sku IN ({marks(part)})" if part else "TRUE"
        found |= {int(row[0]) for row in tx.all(sql.format("member_products", inside), (*facts, *part))}
    return found
