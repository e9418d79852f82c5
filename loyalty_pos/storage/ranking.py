"""What members buy next, as a night has ranked it: the lines that are ranked, the models, the lists.

A list is shown once its model is marked as listed; the newest listed model's is the one in force.  Invariant: a
list that is still being written, and one of a member who is merged or erased, is shown to nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from loyalty_pos.storage.reading import marks
from loyalty_pos.storage.recount import Block
from loyalty_pos.storage.tx import Tx


class ModelRow(NamedTuple):
    """A model: times in ms, the local day it ranked for, weights and quality as JSON."""

    id: int
    made_at: int
    day: str
    kind: str
    cut: int
    lines: int
    learned_from: int
    weights: str
    quality: str | None
    listed_at: int | None


class Item(NamedTuple):
    """One place of a member's list; ``why`` and what follows are the parts of the reason."""

    member_id: int
    place: int
    sku: str
    score: float
    chance: float
    why: str
    gap: int | None
    ago: int | None
    percent: int | None
    home: str | None


_MODEL = ", ".join(ModelRow._fields)
_ITEM = ", ".join(Item._fields)


# What is ranked -----------------------------------------------------------------------------------


def anything(tx: Tx, cut: int) -> bool:
    """Whether a member bought anything before ``cut`` (ms)."""
    return tx.one("SELECT 1 FROM sales WHERE member_id IS NOT NULL AND sold_at < ? LIMIT 1", (cut,)) is not None


def lines(tx: Tx, block: Block, cut: int) -> list[Any]:
    """(member, sold at, sale, sku, quantity, units, units that came back, category) of the lines that active members
    bought before ``cut``, of the sales in a block; what came back since is not looked at."""
    return tx.all(
        "SELECT s.member_id, s.sold_at, s.id, l.sku, l.quantity, l.units, coalesce(r.units, 0), "
        "coalesce(p.category, l.category) FROM sales s "
        "JOIN members m ON m.id = s.member_id AND m.state = 'active' JOIN sale_lines l ON l.sale_id = s.id "
        "LEFT JOIN products p ON p.sku = l.sku LEFT JOIN "
        "(SELECT t.sale_id, x.line, sum(x.units) AS units FROM returns t JOIN return_lines x ON x.return_id = t.id "
        "WHERE t.sale_id > ? AND t.sale_id <= ? AND t.at < ? GROUP BY t.sale_id, x.line) "
        "AS r ON r.sale_id = s.id AND r.line = l.line "
        "WHERE s.id > ? AND s.id <= ? AND s.sold_at < ? ORDER BY s.id, l.position",
        (*block, cut, *block, cut),
    )


def people(tx: Tx, block: Block, cut: int) -> list[Any]:
    """(member, code of the store that enrolled them or null) of the active members in a block who had enrolled or
    bought before ``cut``."""
    return tx.all(
        "SELECT m.id, t.code FROM members m LEFT JOIN stores t ON t.id = m.store_id "
        "WHERE m.id > ? AND m.id <= ? AND m.state = 'active' AND (m.enrolled_at < ? OR EXISTS "
        "(SELECT 1 FROM sales s WHERE s.member_id = m.id AND s.sold_at < ?)) ORDER BY m.id",
        (*block, cut, cut),
    )


# Models -------------------------------------------------------------------------------------------


def add_model(tx: Tx, model: ModelRow) -> int:
    """Keep a model that has not listed yet; its id (that of ``model`` is not looked at)."""
    names = ModelRow._fields[1:-1]
    return tx.insert(
        f"INSERT INTO ranking_models ({', '.join(names)}) VALUES ({marks(names)}) RETURNING id", model[1:-1]
    )


def list_by(tx: Tx, model_id: int, at: int) -> None:
    """From now on the lists of this model are those in force."""
    tx.run("UPDATE ranking_models SET listed_at = ? WHERE id = ?", (at, model_id))


def in_force(tx: Tx) -> ModelRow | None:
    """The model whose lists are shown; None before the first."""
    row = tx.one(f"SELECT {_MODEL} FROM ranking_models WHERE listed_at IS NOT NULL ORDER BY id DESC LIMIT 1")
    return ModelRow(*row) if row else None


def models(tx: Tx, before: int, limit: int) -> list[ModelRow]:
    """The models that have listed, the newest first, below the id ``before`` (0: all)."""
    rule, params = ("AND id < ?", (before,)) if before else ("", ())
    rows = tx.all(
        f"SELECT {_MODEL} FROM ranking_models WHERE listed_at IS NOT NULL {rule} ORDER BY id DESC LIMIT ?",
        (*params, limit),
    )
    return [ModelRow(*row) for row in rows]


# Lists --------------------------------------------------------------------------------------------


def put(tx: Tx, model_id: int, items: Sequence[Item]) -> None:
    """Write places of lists; members who are not active any more are left out."""
    members = sorted({item.member_id for item in items})
    rows = tx.all(f"SELECT id FROM members WHERE id IN ({marks(members)}) AND state = 'active'", members)
    active = {int(row[0]) for row in rows}
    tx.many(
        f"INSERT INTO next_items (model_id, {_ITEM}) VALUES (?, {marks(Item._fields)})",
        [(model_id, *item) for item in items if item.member_id in active],
    )


def of(tx: Tx, model_id: int, members: Sequence[int]) -> list[Item]:
    """The lists of these members by a model, by member and place; of the active ones alone."""
    if not members:
        return []
    names = ", ".join(f"n.{name}" for name in Item._fields)
    rows = tx.all(
        f"SELECT {names} FROM next_items n JOIN members m ON m.id = n.member_id AND m.state = 'active' "
        f"WHERE n.model_id = ? AND n.member_id IN ({marks(members)}) ORDER BY n.member_id, n.place",
        (model_id, *members),
    )
    return [Item(*row) for row in rows]


def superseded(tx: Tx, keep: int) -> list[int]:
    """The models other than ``keep`` that have lists left, or never listed."""
    rows = tx.all(
        "SELECT id FROM ranking_models r WHERE id <> ? AND (listed_at IS NULL OR EXISTS "
        "(SELECT 1 FROM next_items n WHERE n.model_id = r.id)) ORDER BY id",
        (keep,),
    )
    return [int(row[0]) for row in rows]


def forget(tx: Tx, model_id: int, limit: int) -> int:
    """Take away the lists of so many members by a model, and a model that never listed with its last; how many."""
    rows = tx.all("SELECT DISTINCT member_id FROM next_items WHERE model_id = ? ORDER BY member_id LIMIT ?",
                  (model_id, limit))  # fmt: skip
    if not rows:
        tx.run("DELETE FROM ranking_models WHERE id = ? AND listed_at IS NULL", (model_id,))
        return 0
    tx.run("DELETE FROM next_items WHERE model_id = ? AND member_id <= ?", (model_id, int(rows[-1][0])))
    return len(rows)
