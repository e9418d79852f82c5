"""Multi-buys that want the same units: at most what they can give together, and what one would use up.

Each unit is used up once (S8), and until then no rival changes what it is worth.  So together they give
no more than the most that any of them gets out of each unit.  One that uses a whole group up for its
cheapest units comes on top, by what so few of them bring more with it than without; of equal groups one
alone, as whoever comes first leaves nothing.  What gives more than a multi-buy counts by its ceiling.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from loyalty_pos.domain.pricing.ceilings import Ceilings
from loyalty_pos.domain.pricing.eligible import Candidate
from loyalty_pos.domain.pricing.facts import Facts
from loyalty_pos.domain.pricing.table import Table
from loyalty_pos.domain.promotions.rewards.base import MultiBuy


class Contest:
    """The rivals of one part, from a table on which none of them has its units yet."""

    def __init__(self, facts: Facts, rivals: Sequence[Candidate], ceilings: Ceilings, table: Table) -> None:
        self._facts, self._ceilings = facts, ceilings
        self._each: dict[int, int] = {}
        """Unit -> the most that a rival gets out of it."""
        self._fewest = 0
        """Units that any of them needs at least."""
        self._extra: dict[int, tuple[object, int]] = {}
        """Rivals that bring more than that -> whom they stand in for, and how much more."""
        self._floors = facts.board.floors
        self._bounded = {id(one) for one in rivals if self._is_bounded(one)}
        few: list[tuple[Candidate, MultiBuy]] = []
        for one in rivals:
            for reward in one.offer.rewards:
                if isinstance(reward, MultiBuy) and reward.lowers_few is None:
                    self._count(reward, table)
                elif isinstance(reward, MultiBuy) and len(one.offer.rewards) == 1:
                    few.append((one, reward))
                else:
                    self._extra[id(one)] = id(one), ceilings.of(one)
        for one, reward in few:
            self._fewest = 1
            more = [figure - self._each.get(unit, 0) for unit, figure in reward.each(table).items()]
            best = sum(sorted([figure for figure in more if figure > 0], reverse=True)[: reward.lowers_few])
            self._extra[id(one)] = self._place(one), best

    def _count(self, reward: MultiBuy, table: Table) -> None:
        self._fewest = min(reward.needs, self._fewest or reward.needs)
        for unit, figure in reward.each(table).items():
            self._each[unit] = max(figure, self._each.get(unit, 0))

    def _place(self, one: Candidate) -> object:
        if one.offer.whole:
            return id(one)
        return tuple(tuple(self._facts.board.covered(scope)) for scope in one.offer.within)

    def most(self, wanting: Sequence[Candidate], taken: Set[int]) -> int:
        """At most what the rivals ``wanting`` can give together, from units that are not ``taken``."""
        return sum(self._places(wanting).values()) + self._from_units(self._free(taken))

    def ahead(self, wanting: Sequence[Candidate], table: Table) -> list[tuple[int, Candidate]]:
        """The rivals that give anything if they are next, with the most that can come of it, the largest first."""
        places, free = self._places(wanting), self._free(table.taken)
        whole = sum(places.values())
        bounds: list[tuple[int, Candidate]] = []
        for one in wanting:
            place = self._extra.get(id(one), (None, 0))[0]
            others = whole - places.get(place, 0)
            if id(one) in self._bounded:
                bounds.append((self._ceilings.of(one) + others + self._from_units(free), one))
                continue
            reward = one.offer.rewards[0]
            assert isinstance(reward, MultiBuy)
            gives, used = reward.reach(table)
            if gives:
                bounds.append((gives + others + self._from_units(free.difference(used)), one))
        return sorted(bounds, key=lambda pair: (-pair[0], pair[1].order))

    def _free(self, taken: Set[int]) -> set[int]:
        return self._each.keys() - taken

    def _from_units(self, units: Set[int]) -> int:
        return sum(map(self._each.__getitem__, units)) if len(units) >= self._fewest else 0

    def _places(self, wanting: Sequence[Candidate]) -> dict[object, int]:
        """The most that comes on top, of those that stand in for each other."""
        places: dict[object, int] = {}
        for one in wanting:
            found = self._extra.get(id(one))
            if found is not None:
                places[found[0]] = max(places.get(found[0], 0), found[1])
        return places

    def _is_bounded(self, one: Candidate) -> bool:
        """Whether a floor, a limit or a second reward has a say in what one uses up."""
        offer = one.offer
        limited = one.applications is not None or one.budget is not None or offer.floor is not None or self._floors
        return bool(limited or offer.dynamic or len(offer.rewards) > 1 or offer.stacking == "only_if_alone")
