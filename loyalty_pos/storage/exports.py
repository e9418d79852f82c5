"""The rows of an export, file by file, and what each column holds.

Invariant: no column is personal or secret.  Names, phones, card numbers, coupon codes, keys and free
text written by people stay in the database; members are the ids that the API shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from loyalty_pos.storage.tx import Tx

Kind = Literal["id", "text", "json", "count", "points", "money", "quantity", "moment", "day"]
"""``money``: minor units of the currency; ``moment``: milliseconds since 1970 UTC; ``day``: a local day as ISO text."""
STEP = 5_000


class File(NamedTuple):
    """``columns``: name -> (kind, SQL); ``source``: what stands after FROM, in the order of the rows."""

    name: str
    columns: dict[str, tuple[Kind, str]]
    source: str
    counted: str

    @property
    def sql(self) -> str:
        """The query of all rows."""
        return f"SELECT {', '.join(sql for _, sql in self.columns.values())} FROM {self.source}"


def _file(name: str, table: str, columns: str, source: str | None = None, order: str = "id") -> File:
    """``columns``: ``name kind`` or ``name kind=SQL``, by commas; the SQL is the name where there is none."""
    found: dict[str, tuple[Kind, str]] = {}
    for part in columns.split(","):
        column, kind = part.split()
        plain, _, sql = kind.partition("=")
        found[column] = (plain, sql or column)  # type: ignore[assignment]
    return File(name, found, f"{source or table} ORDER BY {order}", table)


FILES = (
    _file("stores", "stores", "store text=code, name text, created_at moment"),
    _file(
        "products",
        "products",
        "sku text, name text, category text, brand text, unit_price money, unit_cost money, updated_at moment",
        order="sku",
    ),
    _file(
        "members",
        "members",
        "member id=m.id, state text=m.state, merged_into id, tier text, store text=s.code, enrolled_at moment, "
        "active points, pending points, held points, spent points, expired points, shortfall points",
        "members m LEFT JOIN stores s ON s.id = m.store_id",
        "m.id",
    ),
    _file(
        "sales",
        "sales",
        "sale id=x.id, store text=s.code, terminal text=t.code, cashier text, receipt text, business_date day, "
        "sold_at moment, recorded_at moment, member id=member_id, state text=x.state, status text, gross money, "
        "discount money, net money, to_pay money, due money, earned points, redeemed points, claimed points, "
        "refunded money, points_back points, points_given points",
        "sales x JOIN stores s ON s.id = x.store_id JOIN terminals t ON t.id = x.terminal_id",
        "x.id",
    ),
    _file(
        "lines",
        "sale_lines",
        "member id=x.member_id, time moment=x.sold_at, basket id=l.sale_id, sku text, quantity quantity, "
        "amount money=l.net, category text, store text=s.code, line text, unit_price money, unit_cost money, "
        "gross money=l.gross, discount money=l.discount, units count, returned count",
        "sale_lines l JOIN sales x ON x.id = l.sale_id JOIN stores s ON s.id = x.store_id",
        "l.sale_id, l.position",
    ),
    _file(
        "uses",
        "sale_uses",
        "sale id=sale_id, member id=member_id, at moment, promotion text, uses count, amount money",
        order="sale_id, promotion, uses, amount",
    ),
    _file(
        "returns",
        "returns",
        "return id=r.id, sale id=sale_id, store text=s.code, terminal text=t.code, receipt text, business_date day, "
        "at moment, refund money, pay_back money, taken_back points, given_back points, shortfall points, "
        "value_back money",
        "returns r JOIN stores s ON s.id = r.store_id JOIN terminals t ON t.id = r.terminal_id",
        "r.id",
    ),
    _file(
        "return_lines",
        "return_lines",
        "return id=return_id, line text, units count, refund money",
        order="return_id, line",
    ),
    _file(
        "points",
        "entries",
        "entry id=id, member id=member_id, at moment, kind text, points points, lot id=lot_id, sale id=sale_id, "
        "return id=return_id",
    ),
    _file(
        "coupons",
        "coupons",
        "coupon id=id, promotion text, member id=member_id, state text, valid_from day, valid_to day, "
        "issued_at moment, from_sale id=from_sale_id, campaign id=campaign_id, sale id=sale_id, used_at moment",
    ),
    _file(
        "promotions",
        "promotions",
        "promotion text=code, version count, state text, definition json, created_at moment",
    ),
    _file(
        "campaigns",
        "campaigns",
        "campaign id=id, name text, state text, definition json, created_at moment, launched_at moment, "
        "starts_on day, ends_on day, size count, stopped_at moment",
    ),
    _file(
        "assignments",
        "campaign_members",
        "campaign id=campaign_id, member id=member_id, occasion text, side text, assigned_at moment, "
        "promotion text, coupon id=coupon_id",
        order="campaign_id, member_id, occasion",
    ),
)


def count(tx: Tx) -> int:
    """How many rows all files have together."""
    return sum(tx.all(f"SELECT count(*) FROM {file.counted}")[0][0] for file in FILES)


def rows(tx: Tx, file: File) -> Iterator[Any]:
    """The rows of one file, about ``STEP`` of them in memory."""
    return tx.each(file.sql, STEP)
