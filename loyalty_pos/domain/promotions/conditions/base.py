"""What every condition kind is: declared arguments, and one pure function that says what is missing.

A kind is a frozen struct in a file of its own; adding one is that file and a line in
``conditions/__init__.py``.  What every kind must say itself raises NotImplementedError here: a
struct cannot be an abstract base class.
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from loyalty_pos.domain.phrase import Phrase
from loyalty_pos.domain.pricing.facts import Facts, Miss
from loyalty_pos.domain.pricing.table import Table
from loyalty_pos.domain.promotions.tell import Tell


class Condition(Struct, frozen=True, eq=False, forbid_unknown_fields=True, kw_only=True):
    """One thing that must hold for an offer to apply."""

    kind: ClassVar[str]

    @property
    def dynamic(self) -> bool:
        """Whether it looks at what earlier offers have done (basis ``discounted``, ``exclude_discounted``, S9)."""
        return False

    def asks(self, tell: Tell) -> Phrase:
        """What must hold, as what follows ``when``: ``the bill has 3 items of Milk``."""
        raise NotImplementedError

    def miss(self, facts: Facts, table: Table | None) -> Miss | None:
        """None when it holds; ``table`` is given when the condition is dynamic."""
        raise NotImplementedError
