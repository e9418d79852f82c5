"""A segment's rule as a query: one SELECT for everybody, or the same conditions for a few members.

A field's ``fact`` is a column of a table that has one row a member, an expression over those
(``EXPRESSIONS``), or a figure over many rows (``FIGURES``): a subquery for each member where their
rows lie together or few members are asked, else a grouped table joined once.
Invariant: no value of a rule is ever part of the text; every condition is true or false, never
unknown, so that ``not`` means what it says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from loyalty_pos.domain.segments.fields import Kind
from loyalty_pos.domain.segments.rule import Condition, Rule, steps
from loyalty_pos.storage.reading import marks
from loyalty_pos.storage.tx import Tx

BASES = {
    "members": "m",
    "profiles": "f",
    "people": "p",
    "member_standing": "g",
}
"""The tables with one row a member, and what a query calls them."""


class Today(NamedTuple):
    """The local day of the question, and when a local day begins (ms)."""

    day: date
    begins: Callable[[date], int]


class Figure(NamedTuple):
    """What many rows of a member say: ``value`` over the ``rows`` (called ``t``) that keep ``rule``."""

    value: str
    rows: str
    rule: str = "TRUE"


_MOST = "NOT EXISTS (SELECT 1 FROM {table} o WHERE o.member_id = t.member_id AND o.{count} > 0 AND ({better}))"
_FAVOURITE_STORE = _MOST.format(
    table="member_stores", count="visits",
    better="o.visits > t.visits OR (o.visits = t.visits AND o.store_id < t.store_id)",
)  # fmt: skip
_FAVOURITE_CATEGORY = _MOST.format(
    table="member_categories", count="times",
    better="(o.times, o.spend) > (t.times, t.spend) "
    "OR ((o.times, o.spend) = (t.times, t.spend) AND o.category < t.category)",
)  # fmt: skip
_STORES = "member_stores t JOIN stores s ON s.id = t.store_id"
_OVER = "t.valid_to IS NOT NULL AND t.valid_to < :today"
_NEWEST = (
    "NOT EXISTS (SELECT 1 FROM consents n WHERE n.member_id = t.member_id AND n.purpose = t.purpose "
    "AND coalesce(n.channel, '') = coalesce(t.channel, '') AND n.id > t.id)"
)

FIGURES: dict[str, Figure] = {
    "visits_since": Figure("sum(t.visits)", "member_days t", "t.day >= :since_day"),
    "spend_since": Figure("sum(t.spend)", "member_days t", "t.day >= :since_day"),
    "product_last": Figure("max(t.last_at)", "member_products t", "t.times > 0 AND t.sku IN :of"),
    "product_times": Figure("sum(t.times)", "member_products t", "t.sku IN :of"),
    "product_spend": Figure("sum(t.spend)", "member_products t", "t.sku IN :of"),
    "category_last": Figure("max(t.last_at)", "member_categories t", "t.times > 0 AND :in_categories"),
    "category_times": Figure("sum(t.times)", "member_categories t", ":in_categories"),
    "category_spend": Figure("sum(t.spend)", "member_categories t", ":in_categories"),
    "categories_bought": Figure("count(*)", "member_categories t", "t.times > 0"),
    "favourite_category": Figure(
        "count(*)", "member_categories t", f"t.times > 0 AND :in_categories AND {_FAVOURITE_CATEGORY}"
    ),
    "store": Figure("count(*)", _STORES, f"t.visits > 0 AND :stores AND {_FAVOURITE_STORE}"),
    "stores_visited": Figure("count(*)", _STORES, "t.visits > 0 AND :stores"),
    "points_lapsing": Figure(
        "sum(t.remaining - t.held)", "lots t", "t.state = 'active' AND t.expires_at > :now AND t.expires_at <= :until"
    ),
    "coupons_used": Figure("count(*)", "coupons t", "t.state = 'used'"),
    "coupons_used_since": Figure("count(*)", "coupons t", "t.state = 'used' AND t.used_at >= :since"),
    "coupons_unused": Figure("count(*)", "coupons t", f"t.state IN ('issued', 'held') AND NOT ({_OVER})"),
    "coupons_lapsed": Figure(
        "count(*)",
        "coupons t",
        f"(t.state = 'expired' OR (t.state = 'issued' AND {_OVER})) AND t.member_id IS NOT NULL",
    ),
    "coupon_given": Figure("max(t.issued_at)", "coupons t", "t.state <> 'cancelled' AND t.member_id IS NOT NULL"),
    "consent": Figure("count(*)", "consents t", f"t.given = 1 AND :purposes AND {_NEWEST}"),
}
"""A member without such rows has none: 0 where the figure is counted or summed."""

EXPRESSIONS: dict[str, str] = {
    "average_basket": "f.spend / nullif(f.visits, 0)",
    "weekend_share": "100 * (f.weekday_6 + f.weekday_7) / nullif(f.visits, 0)",
    "daypart": "CASE WHEN coalesce(f.visits, 0) = 0 THEN NULL "
    "WHEN f.daypart_morning >= f.daypart_night AND f.daypart_morning >= f.daypart_afternoon "
    "AND f.daypart_morning >= f.daypart_evening THEN 'morning' "
    "WHEN f.daypart_afternoon >= f.daypart_night AND f.daypart_afternoon >= f.daypart_evening THEN 'afternoon' "
    "WHEN f.daypart_evening >= f.daypart_night THEN 'evening' ELSE 'night' END",
    "enrolled_store": "(SELECT e.code FROM stores e WHERE e.id = m.store_id)",
}
"""Figures made of the columns of one member."""

_NONE_IS_ZERO: frozenset[Kind] = frozenset({"count", "money", "points"})
_CHOSEN_INSIDE = frozenset({"favourite_category", "store", "stores_visited", "consent"})
"""Choices whose values stand inside the figure: it counts the rows that fit."""


class Text(NamedTuple):
    """A piece of SQL and its parameters, in their order."""

    sql: str
    params: tuple[object, ...] = ()


class Query:
    """Collects what the conditions of one SELECT need; ``each``: rows are looked up for each member, not grouped."""

    def __init__(self, today: Today, each: bool) -> None:
        self.today, self.each = today, each
        self._bases: set[str] = set()
        self._joined: dict[Text, str] = {}

    def part(self, part: Condition | Rule) -> Text:
        """A part of a rule as a condition that is true or false."""
        return self._condition(part) if isinstance(part, Condition) else self.rule(part)

    def rule(self, rule: Rule) -> Text:
        """All of ``all``, one of ``any``, none of ``none``."""
        texts = [self.part(one) for one in rule.all]
        if rule.any:
            texts.append(_combined([self.part(one) for one in rule.any], " OR "))
        for one in rule.none:
            refused = self.part(one)
            texts.append(Text(f"NOT {refused.sql}", refused.params))
        return _combined(texts, " AND ")

    def select(self, what: Text, more: str = "") -> Text:
        """``what`` of every active member that ``more`` leaves."""
        tables = " ".join(
            f"LEFT JOIN {table} {BASES[table]} ON {BASES[table]}.member_id = m.id" for table in sorted(self._bases)
        )
        joins = " ".join(
            f"LEFT JOIN ({text.sql}) {alias} ON {alias}.member_id = m.id" for text, alias in self._joined.items()
        )
        params = [value for text in self._joined for value in text.params]
        sql = f"SELECT {what.sql} FROM members m {tables} {joins} WHERE m.state = 'active'{more}"
        return Text(sql, (*what.params, *params))

    def _condition(self, one: Condition) -> Text:
        known = self._known(one)
        if one.declared.fact in _CHOSEN_INSIDE and one.op == "in":
            return Text(f"(coalesce({known.sql}, 0) > 0)", known.params)
        compared = _COMPARED.get(one.declared.kind, _figure)(one, known.sql, self.today)
        return Text(f"(({compared.sql}) IS TRUE)", (*known.params, *compared.params))

    def _known(self, one: Condition) -> Text:
        """What is compared."""
        field = one.declared
        fact = field.since if one.days is not None and field.since else field.fact
        if fact in FIGURES:
            return self._over_rows(FIGURES[fact], one)
        sql = EXPRESSIONS.get(fact) or _column(fact)
        self._bases |= {table for table, name in BASES.items() if table != "members" and f"{name}." in sql}
        return Text(sql)

    def _over_rows(self, figure: Figure, one: Condition) -> Text:
        rule = _filled(figure.rule, one, self.today)
        if self.each:
            sql = f"(SELECT {figure.value} FROM {figure.rows} WHERE t.member_id = m.id AND ({rule.sql}))"
            return Text(sql, rule.params)
        grouped = f"SELECT t.member_id, {figure.value} AS v FROM {figure.rows} WHERE {rule.sql} GROUP BY t.member_id"
        alias = self._joined.setdefault(Text(grouped, rule.params), f"j{len(self._joined)}")
        return Text(f"{alias}.v")


def _combined(texts: Sequence[Text], between: str) -> Text:
    if not texts:
        return Text("(TRUE)")
    sql = between.join(text.sql for text in texts)
    return Text(f"({sql})", tuple(value for text in texts for value in text.params))


def _column(fact: str) -> str:
    table, _, column = fact.partition(".")
    return f"{BASES[table]}.{column}"


# The tokens of a figure's rule ---------------------------------------------------------------------


def _filled(rule: str, one: Condition, today: Today) -> Text:
    """A figure's rule with its tokens as parameters."""
    params: list[object] = []

    def fill(token: re.Match[str]) -> str:
        text = _TOKENS[token[1]](one, today)
        params.extend(text.params)
        return text.sql

    return Text(re.sub(r":([a-z_]+)", fill, rule), tuple(params))


def _in(words: Sequence[str]) -> Text:
    return Text(f"({marks(words)})", tuple(words))


def _in_categories(one: Condition, _today: Today) -> Text:
    """A category covers its children: ``dairy`` is also ``dairy/milk``."""
    codes = one.of or (one.value if one.op == "in" else ())
    if not codes:
        return Text("TRUE")
    each = ["t.category = ? OR substr(t.category, 1, ?) = ?" for _ in codes]
    return Text(f"({' OR '.join(each)})", tuple(x for code in codes for x in (code, len(code) + 1, code + "/")))


def _purposes(one: Condition, _today: Today) -> Text:
    """``marketing`` is any channel, ``marketing.zalo`` one of them."""
    values = _in(one.value)
    sql = f"(t.purpose IN {values.sql} OR t.purpose || '.' || t.channel IN {values.sql})"
    return Text(sql, (*values.params, *values.params))


def _stores(one: Condition, _today: Today) -> Text:
    if one.op == "exists":
        return Text("TRUE")
    values = _in(one.value)
    return Text(f"s.code IN {values.sql}", values.params)


def _ago(one: Condition, today: Today) -> date:
    return today.day - timedelta(days=one.days or 0)


_TOKENS: Mapping[str, Callable[[Condition, Today], Text]] = {
    "of": lambda one, _today: _in(one.of or ()),
    "in_categories": _in_categories,
    "stores": _stores,
    "purposes": _purposes,
    "since_day": lambda one, today: Text("?", (_ago(one, today).isoformat(),)),
    "since": lambda one, today: Text("?", (today.begins(_ago(one, today)),)),
    "now": lambda _one, today: Text("?", (today.begins(today.day),)),
    "until": lambda one, today: Text("?", (today.begins(today.day + timedelta(days=(one.days or 0) + 1)),)),
    "today": lambda _one, today: Text("?", (today.day.isoformat(),)),
}  # fmt: skip


# The operators of each kind ------------------------------------------------------------------------


def _figure(one: Condition, known: str, _today: Today) -> Text:
    if one.declared.kind in _NONE_IS_ZERO:
        known = f"coalesce({known}, 0)"
    if one.op == "between":
        return Text(f"{known} BETWEEN ? AND ?", tuple(one.value))
    return Text(f"{known} {one.op} ?", (one.value,))


def _past(one: Condition, known: str, today: Today) -> Text:
    """A moment (ms) by the local days that have passed since it."""

    def begins(ago: int) -> int:
        return today.begins(today.day - timedelta(days=ago))

    if one.op == "exists":
        return Text(f"{known} IS {'NOT ' if one.value else ''}NULL")
    if one.op == "within_days":
        return Text(f"{known} >= ?", (begins(one.value),))
    if one.op == ">=":
        return Text(f"{known} < ?", (begins(one.value - 1),))
    low, high = one.value
    return Text(f"{known} BETWEEN ? AND ?", (begins(high), begins(low - 1) - 1))


def _years(one: Condition, known: str, today: Today) -> Text:
    """The age of somebody born on a day: at least n years old is born n years ago or earlier."""
    least, most = {
        ">=": (one.value, None), "<=": (None, one.value), "=": (one.value, one.value), "between": one.value,
    }[one.op]  # fmt: skip
    texts = []
    if least is not None:
        texts.append(Text(f"{known} <= ?", (_born(today.day, least).isoformat(),)))
    if most is not None:
        texts.append(Text(f"{known} > ?", (_born(today.day, most + 1).isoformat(),)))
    return _combined(texts, " AND ")


def _born(day: date, years: int) -> date:
    """The same day ``years`` ago; of 29 February the 28th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return date(day.year - years, 2, 28)


def _yearly(one: Condition, known: str, today: Today) -> Text:
    """A birthday from today on; 29 February counts as 28 in a year without one."""
    if one.op == "exists":
        return Text(f"{known} IS {'NOT ' if one.value else ''}NULL")
    if one.value >= 365:
        return Text(f"{known} IS NOT NULL")
    last = today.day + timedelta(days=one.value)
    low, high = f"{today.day:%m-%d}", f"{last:%m-%d}"
    if high == "02-28" and (last + timedelta(days=1)).day == 1:
        high = "02-29"
    day = f"substr({known}, 6)"
    between = "AND" if low <= high else "OR"
    return Text(f"{day} >= ? {between} {day} <= ?", (low, high))


def _choice(one: Condition, known: str, _today: Today) -> Text:
    if one.op == "exists":
        if one.declared.fact in _CHOSEN_INSIDE:
            return Text(f"coalesce({known}, 0) {'>' if one.value else '='} 0")
        return Text(f"{known} IS {'NOT ' if one.value else ''}NULL")
    values = _in(one.value)
    return Text(f"{known} IN {values.sql}", values.params)


def _many(one: Condition, known: str, _today: Today) -> Text:
    """Words in a JSON list: each is looked for as it is written there."""
    each = [f"replace({known}, ?, '') <> {known}" for _ in one.value]
    return Text(" OR ".join(each), tuple(json.dumps(word, ensure_ascii=False) for word in one.value))


# ``_figure`` compares every other kind.  What a comparison writes twice is a column, and bears no parameters.
_COMPARED: Mapping[Kind, Callable[[Condition, str, Today], Text]] = {
    "past": _past, "years": _years, "yearly": _yearly, "one": _choice, "many": _many,
}  # fmt: skip


# What is asked --------------------------------------------------------------------------------------


def funnel(tx: Tx, rule: Rule, today: Today) -> list[int]:
    """How many active members there are, and how many are left after each step: one query."""
    query, found = Query(today, tx.clustered), steps(rule)
    reached = Text(str(len(found)))
    for number, step in reversed(list(enumerate(found))):
        holds = query.part(step.part)
        sql = f"CASE WHEN {'NOT ' if step.out else ''}{holds.sql} THEN {reached.sql} ELSE {number} END"
        reached = Text(sql, (*holds.params, *reached.params))
    inner = query.select(Text(f"{reached.sql} AS reached", reached.params))
    rows = tx.all(f"SELECT reached, count(*) FROM ({inner.sql}) x GROUP BY reached", inner.params)
    return [sum(int(count) for stopped, count in rows if stopped >= number) for number in range(len(found) + 1)]


def matching(tx: Tx, rule: Rule, today: Today, limit: int | None = None) -> list[int]:
    """The ids of the members that the rule means; of a ``limit``, as many, scattered over all of them."""
    query = Query(today, tx.clustered)
    holds = query.rule(rule)
    found = query.select(Text("m.id"), f" AND {holds.sql}")
    order = "" if limit is None else " ORDER BY m.id * 7919 % 65537, m.id LIMIT ?"
    rows = tx.all(found.sql + order, (*found.params, *holds.params, *(() if limit is None else (limit,))))
    return [int(row[0]) for row in rows]


def holding(tx: Tx, rules: Sequence[Rule], today: Today, members: Sequence[int]) -> dict[int, list[bool]]:
    """Member -> which of the rules mean it, for a few members; those that are not active are absent."""
    query = Query(today, each=True)
    texts = [query.rule(rule) for rule in rules]
    columns = ", ".join(f"CASE WHEN {text.sql} THEN 1 ELSE 0 END" for text in texts)
    what = Text(f"m.id, {columns}", tuple(value for text in texts for value in text.params))
    found = query.select(what, f" AND m.id IN ({marks(members)})")
    return {int(row[0]): [bool(x) for x in row[1:]] for row in tx.all(found.sql, (*found.params, *members))}
