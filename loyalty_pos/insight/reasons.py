"""Why an item stands in the list, in one line a person can check, in Vietnamese or English.

Invariant: a reason states only what the history holds: counts, days, and what was bought before.
"""

from __future__ import annotations

from typing import Literal

import ibis
from ibis.expr.types import StringColumn, Table

Language = Literal["vi", "en"]

_WORDS: dict[str, tuple[str, str]] = {
    "rhythm": ("mua {gap} ngày một lần, lần cuối {ago} ngày trước", "bought every {gap} days, last {ago} days ago"),
    "once": ("đã mua một lần, {ago} ngày trước", "bought once, {ago} days ago"),
    "together": (
        "chưa mua; khách khác hay mua cùng những món người này mua",
        "not bought yet; goes with what they buy",
    ),
    "following": ("chưa mua; khách khác hay mua sau giỏ gần nhất", "not bought yet; others buy it after such a basket"),
    "popular": ("chưa mua; dạo này nhiều khách mua", "not bought yet; many customers buy it lately"),
    "newcomer": (
        "khách mới, chưa có lịch sử mua; {percent}% khách mua trong 28 ngày",
        "new customer, no purchases to go by; {percent}% of customers bought it within 28 days",
    ),
    "newcomer_group": (
        "khách mới, chưa có lịch sử mua; {percent}% khách của {group} mua trong 28 ngày",
        "new customer, no purchases to go by; {percent}% of the customers of {group} bought it within 28 days",
    ),
}


def reason(rows: Table, language: Language) -> StringColumn:
    """Of rows with times, gap (mean days between purchases), ago (days), together and following."""
    ago = rows.ago.cast("int64").cast("string")
    gap = ibis.greatest(rows.gap.round(), 1).cast("int64").cast("string")
    together, following = rows.together.fill_null(0.0), rows.following.fill_null(0.0)
    return ibis.cases(
        (rows.times > 1, _said("rhythm", language, gap=gap, ago=ago)),
        (rows.times == 1, _said("once", language, ago=ago)),
        (following > ibis.greatest(together, 0.05), _said("following", language)),
        (together > 0.05, _said("together", language)),
        else_=_said("popular", language),
    )


def newcomer_reason(share: ibis.Value, group: StringColumn, language: Language) -> StringColumn:
    """For a member without purchases: how many customers (of the group, unless it is null) bought the item."""
    percent = (share * 100).round().cast("int64").cast("string")
    return ibis.coalesce(
        _said("newcomer_group", language, percent=percent, group=group),
        _said("newcomer", language, percent=percent),
    )


def _said(key: str, language: Language, **values: StringColumn) -> StringColumn:
    """The sentence with its figures put in."""
    text = _WORDS[key][0 if language == "vi" else 1]
    found: StringColumn = ibis.literal("")
    for part in text.replace("}", "{").split("{"):
        found = found.concat(values.get(part, ibis.literal(part)))
    return found
