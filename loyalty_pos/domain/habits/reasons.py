"""Why a product stands in the list of what a member buys next: a kind and its figures, said in Vietnamese or English.

The kind and the figures are what is kept, the words are found when somebody reads.  Invariant: a reason
states only what the history holds: counts, days, and what was bought before.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Language = Literal["vi", "en"]

WORDS: dict[str, tuple[str, str]] = {
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
        "khách mới, chưa có lịch sử mua; {percent}% khách của {home} mua trong 28 ngày",
        "new customer, no purchases to go by; {percent}% of the customers of {home} bought it within 28 days",
    ),
}
OWN = frozenset({"rhythm", "once"})
"""The kinds that speak of what the member has bought before."""


class Why(NamedTuple):
    """``gap``: mean days between purchases; ``ago``: days; ``percent`` of the customers, of ``home`` (a store or
    segment) if one is named."""

    kind: str
    gap: int | None = None
    ago: int | None = None
    percent: int | None = None
    home: str | None = None


def said(kind: str, language: str) -> str:
    """The sentence of a kind, with its figures as ``{gap}`` and so on."""
    return WORDS[kind][0 if language == "vi" else 1]


def say(why: Why, language: str) -> str:
    """The reason as a sentence."""
    return said(why.kind, language).format_map(why._asdict())
