"""What every reward kind is: declared arguments, and one pure function that proposes cuts.

A kind is a frozen struct in a file of its own; adding one is that file and a line in
``rewards/__init__.py``.  ``propose`` only reads the table: sharing, floors, budgets and the
keeping of books are the engine's.  What every kind must say itself raises NotImplementedError
here: a struct cannot be an abstract base class.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from msgspec import Struct

from loyalty_pos.domain.phrase import Phrase
from loyalty_pos.domain.pricing.facts import Facts, Miss
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.pricing.table import Cut, Gift, Table
from loyalty_pos.domain.promotions.definition import StageName
from loyalty_pos.domain.promotions.scope import Scope
from loyalty_pos.domain.promotions.tell import Tell


class LineShare(Struct, frozen=True):
    """What an explanation may speak of, for one line: minor units and units of goods (S14)."""

    base: int
    """Value of the covered units of this line just before the cut."""
    share: int
    units: int
    """Units of this line that lost something."""
    lines: int
    """Lines among which the cut was shared."""
    total: int
    granted: int
    part: int = 0
    """Which of the reward's own parts it was: the number of a step."""


class Reward(Struct, frozen=True, eq=False, forbid_unknown_fields=True, kw_only=True):
    """One thing an offer gives."""

    kind: ClassVar[str]
    consumes: ClassVar[bool] = False
    """A multi-buy: it uses units up, each once (S8)."""
    lowers: ClassVar[bool] = True
    """Whether it changes a price."""
    one_of: ClassVar[tuple[str, ...]] = ()
    """Arguments of which exactly one must be given; at most one where none is needed."""
    one_needed: ClassVar[bool] = True

    @property
    def stage(self) -> StageName:
        """Where it applies when the promotion does not say (S7)."""
        return "item"

    def scopes(self) -> tuple[Scope, ...]:
        """Scopes of lines that this reward may touch, for the index."""
        raise NotImplementedError

    def propose(self, table: Table) -> list[Cut]:
        """The cuts it would make now; empty when there is nothing to give."""
        raise NotImplementedError

    def promise(self, tell: Tell) -> Phrase:
        """What customers get, as what follows ``Customers``: ``get 10% off Milk``."""
        raise NotImplementedError

    def miss(self, table: Table) -> Miss | None:
        """What is missing for a first application, where more goods would help (S13)."""
        return None

    def further(self, table: Table) -> Miss | None:
        """What is missing for more than it gives now, where it gives something already."""
        return None

    def gift(self, facts: Facts, table: Table) -> Gift | None:
        """What it gives beside the price; None when there is nothing."""
        return None

    def ceiling(self, table: Table) -> int:
        """At most what ``propose`` can give in any state of this basket, from a table without offers (the
        search's bound).  What leaves reduced lines out may come to others later than it would now."""
        if any(scope.exclude_discounted for scope in self.scopes()):
            return sum(table.left[unit] for scope in self.scopes() for unit in table.units_of(table.lines(scope)))
        return sum(cut.total for cut in self.propose(table))

    def explain(self, say: Say, share: LineShare) -> str:
        """Why one line became cheaper, in one sentence (S14)."""
        raise NotImplementedError

    def announce(self, say: Say, gift: Gift) -> str:
        """What the cashier says of a gift, in one sentence."""
        raise NotImplementedError


class GiftReward(Reward, frozen=True, eq=False, kw_only=True):
    """A reward that changes no price; it says ``gift`` and ``announce`` itself."""

    lowers: ClassVar[bool] = False

    def propose(self, table: Table) -> list[Cut]:
        """No price changes."""
        return []


class MultiBuy(Reward, frozen=True, eq=False, forbid_unknown_fields=True, kw_only=True):
    """An offer over several units together, each of which it uses up (S8)."""

    consumes: ClassVar[bool] = True

    def reach(self, table: Table) -> tuple[int, Sequence[int]]:
        """At most what it gives on this very table, and the units that it uses up there."""
        cuts = self.propose(table)
        return sum(cut.total for cut in cuts), [unit for cut in cuts for unit in cut.consumed]

    @property
    def needs(self) -> int:
        """Units that one application needs at least."""
        return 1

    @property
    def lowers_few(self) -> int | None:
        """How many units it lowers where it uses up all there are for them; None where those it uses up pay for it."""
        return None

    def each(self, table: Table) -> dict[int, int]:
        """Unit -> at most what using it up brings, whatever it is used with.

        Summed over the units of any application it is no less than what that gives; units that are
        not there are in none.  From a table on which no multi-buy has its units yet.
        """
        raise NotImplementedError

    @property
    def stage(self) -> StageName:
        """After the offers on single goods (S7)."""
        return "group"
