"""Why an item stands in the list: its kind and figures as columns, and the sentence that they make.

Invariant: the sentence follows from the columns alone (``domain/habits/reasons.py``), so that a list that was
kept without words can be read in any language.
"""

from __future__ import annotations

from typing import Any

import ibis
from ibis.expr.types import StringColumn, StringValue, Table

from loyalty_pos.domain.habits.reasons import WORDS, Language, said

PARTS = ("why", "gap", "ago", "percent", "home")
"""The columns of a reason: kind, days between purchases, days since the last, percent of the customers of a home."""


def parts(rows: Table) -> dict[str, Any]:
    """Of rows with times, gap (mean days between purchases), ago (days), together and following."""
    together, following = rows.together.fill_null(0.0), rows.following.fill_null(0.0)
    kind = ibis.cases(
        (rows.times > 1, "rhythm"),
        (rows.times == 1, "once"),
        (following > ibis.greatest(together, 0.05), "following"),
        (together > 0.05, "together"),
        else_="popular",
    )
    gap = ibis.greatest(rows.gap.round(), 1).cast("int64")
    return {
        "why": kind,
        "gap": ibis.ifelse(rows.times > 1, gap, ibis.null("int64")),
        "ago": rows.ago.cast("int64"),
        "percent": ibis.null("int64"),
        "home": ibis.null("string"),
    }


def newcomer_parts(share: ibis.Value, home: StringColumn) -> dict[str, Any]:
    """For a member without purchases: how many customers (of their home, unless it is null) bought the item."""
    return {
        "why": ibis.ifelse(home.isnull(), "newcomer", "newcomer_group"),
        "gap": ibis.null("int64"),
        "ago": ibis.null("int64"),
        "percent": (share * 100).round().cast("int64"),
        "home": home,
    }


def sentence(rows: Table, language: Language) -> StringValue:
    """The reason of rows with ``PARTS``, in words."""
    kinds = ((rows.why == kind, _filled(said(kind, language), rows)) for kind in WORDS)
    return ibis.cases(*kinds, else_=ibis.null("string"))


def _filled(text: str, rows: Table) -> StringValue:
    """The sentence with its figures put in."""
    found: StringValue = ibis.literal("")
    for part in text.replace("}", "{").split("{"):
        found = found.concat(rows[part].cast("string") if part in PARTS else ibis.literal(part))
    return found
