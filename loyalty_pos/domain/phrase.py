"""Words made from a rule: a row of pieces, some of them strong.

What is strong is a value of the rule, so that a page can show which words come from it; if a phrase
reads wrong, the rule is wrong.  Names of goods, tiers and stores are asked of whoever has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

Named = Callable[[str, str], str]
"""(where its values come from, code) -> what people call it."""


class Piece(NamedTuple):
    """A run of words; ``strong``: a value of the rule."""

    text: str
    strong: bool = False


Phrase = list[Piece]


def plain(phrase: Phrase) -> str:
    """The words alone."""
    return "".join(piece.text for piece in phrase)


def joined(phrases: Iterable[Phrase], between: str, last: str | None = None) -> Phrase:
    """Phrases one after another; ``last`` stands before the last one."""
    rows = [phrase for phrase in phrases if phrase]
    found: Phrase = []
    for place, phrase in enumerate(rows):
        if place:
            found.append(Piece(last if last is not None and place == len(rows) - 1 else between))
        found += phrase
    return found


def strong(words: Sequence[str], last: str) -> Phrase:
    """``Gold, Silver or Bronze``: values with ``last`` before the last one."""
    return joined([[Piece(word, True)] for word in words], ", ", last)
