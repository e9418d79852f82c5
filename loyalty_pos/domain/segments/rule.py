"""A segment's rule as frozen structs: conditions, and rules inside rules.

They hold what ``decode`` has checked: every field is declared, every operator is one of its kind,
every value is of the type that the operator takes (``between``: a pair, ``in``: words).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple

from msgspec import Meta, Struct

from loyalty_pos.domain.basket import PLAIN
from loyalty_pos.domain.segments.fields import FIELDS, LONGEST_WINDOW, Field

MOST_VALUES = 100

Word = Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]
Words = Annotated[tuple[Word, ...], Meta(min_length=1, max_length=MOST_VALUES)]
Window = Annotated[int, Meta(ge=1, le=LONGEST_WINDOW)]


class Condition(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing that must hold of a member."""

    field: str
    op: str
    value: Any
    of: Words | None = None
    days: Window | None = None

    @property
    def declared(self) -> Field:
        """The field that it is about."""
        return FIELDS[self.field]

    @property
    def about(self) -> tuple[str, tuple[str, ...], int | None]:
        """What it measures: two conditions about the same can contradict each other."""
        return self.field, tuple(sorted(self.of or ())), self.days


class Rule(Struct, frozen=True):
    """Every part of ``all``, at least one of ``any``, none of ``none``; an empty part asks for nothing."""

    all: tuple[Condition | Rule, ...] = ()
    any: tuple[Condition | Rule, ...] = ()
    none: tuple[Condition | Rule, ...] = ()

    def conditions(self, path: str = "rule") -> Iterator[tuple[str, Condition]]:
        """Every condition with its path in the JSON, those of the rules inside too."""
        for name, parts in (("all", self.all), ("any", self.any), ("not", self.none)):
            for number, part in enumerate(parts):
                where = f"{path}.{name}[{number}]"
                if isinstance(part, Rule):
                    yield from part.conditions(where)
                else:
                    yield where, part

    @property
    def moved_by_sale(self) -> bool:
        """Whether one sale can bring a member in or out."""
        return any(one.declared.sale for _path, one in self.conditions())


class Step(NamedTuple):
    """One step of the funnel: a part that must hold or, ``out``, must not; ``path`` as in the JSON."""

    path: str
    part: Condition | Rule
    out: bool = False


def steps(rule: Rule, path: str = "rule") -> list[Step]:
    """The parts of a rule in the order in which they narrow it down; ``any`` is one step."""
    found = [Step(f"{path}.all[{number}]", part) for number, part in enumerate(rule.all)]
    if rule.any:
        found.append(Step(f"{path}.any", Rule(any=rule.any)))
    return found + [Step(f"{path}.not[{number}]", part, out=True) for number, part in enumerate(rule.none)]
