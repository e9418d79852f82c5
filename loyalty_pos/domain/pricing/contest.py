"""Multi-buys that want the same units: at most what they can give together, and what one would use up.

Each unit is used up once (S8), and until then no rival changes what it is worth.  So together they give
no more than the most that any of them gets out of each unit.  Those that cannot say it unit by unit (the
cheapest of a whole group) come on top by their ceilings; of equal groups one alone, as whoever comes
first leaves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from loyalty_pos.domain.pricing.ceilings import Ceilings
from loyalty_pos.domain.pricing.eligible import Candidate
from loyalty_pos.domain.pricing.facts import Facts
from loyalty_pos.domain.pricing.table import Table
from loyalty_pos.domain.promotions.rewards.base import MultiBuy
from loyalty_pos.domain.promotions.rewards.cheapest_off import CheapestOff


class Contest:
    """The rivals of one part, from a table on which none of them has its units yet."""

    def __init__(self, facts: Facts, rivals: Sequence[Candidate], ceilings: Ceilings, table: Table) -> None:
        self._facts, self._ceilings = facts, ceilings
        self._each: dict[int, int] = {}
        """Unit -> the most that a rival gets out of it."""
        self._fewest = 0
        """Units that any of them needs at least."""
        self._whole: dict[int, object] = {}
        """Rivals that cannot say so -> which of them stand in each other's place."""
        self._floors = any(line.floor is not None for line in facts.board.lines)
        for one in rivals:
            for reward in one.offer.rewards:
                figures = reward.each(table) if isinstance(reward, MultiBuy) else None
                if not isinstance(reward, MultiBuy) or figures is None:
                    self._whole[id(one)] = self._place(one)
                    continue
                self._fewest = min(reward.fewest, self._fewest or reward.fewest)
                for unit, figure in figures.items():
                    self._each[unit] = max(figure, self._each.get(unit, 0))

    def _place(self, one: Candidate) -> object:
        reward = one.offer.rewards[0]
        if len(one.offer.rewards) == 1 and isinstance(reward, CheapestOff) and not reward.scope.exclude_discounted:
            return tuple(self._facts.board.covered(reward.scope))
        return id(one)

    def most(self, wanting: Sequence[Candidate], taken: Set[int]) -> int:
        """At most what the rivals ``wanting`` can give together, from units that are not ``taken``."""
        return sum(self._places(wanting).values()) + self._from_units(self._free(taken))

    def ahead(self, wanting: Sequence[Candidate], table: Table) -> list[tuple[int, Candidate]]:
        """The rivals that give anything if they are next, with the most that can come of it, the largest first."""
        places, free = self._places(wanting), self._free(table.taken)
        whole = sum(places.values())
        bounds: list[tuple[int, Candidate]] = []
        for one in wanting:
            others = whole - places.get(self._whole.get(id(one)), 0)
            if self._bounded(one):
                bounds.append((self._ceilings.of(one) + others + self._from_units(free), one))
                continue
            reward = one.offer.rewards[0]
            assert isinstance(reward, MultiBuy)
            gives, used = reward.reach(table)
            if gives:
                bounds.append((gives + others + self._from_units(free.difference(used)), one))
        return sorted(bounds, key=lambda pair: (-pair[0], pair[1].order))

    def _free(self, taken: Set[int]) -> Set[int]:
        return self._each.keys() - taken

    def _from_units(self, units: Set[int]) -> int:
        return sum(map(self._each.__getitem__, units)) if len(units) >= self._fewest else 0

    def _places(self, wanting: Sequence[Candidate]) -> dict[object, int]:
        """The largest ceiling of each place."""
        places: dict[object, int] = {}
        for one in wanting:
            place = self._whole.get(id(one))
            if place is not None:
                places[place] = max(places.get(place, 0), self._ceilings.of(one))
        return places

    def _bounded(self, one: Candidate) -> bool:
        """Whether a floor, a limit or a second reward has a say in what one uses up."""
        offer = one.offer
        limited = one.applications is not None or one.budget is not None or offer.floor is not None or self._floors
        return bool(limited or offer.dynamic or len(offer.rewards) > 1 or offer.stacking == "only_if_alone")
