"""What comes back of a draft that was tried before it is put in force: today's members, past sales."""

from __future__ import annotations

from loyalty_pos.api.fields import Body
from loyalty_pos.api.shapes import day, many, one, text, whole


class TierMove(Body):
    """How many members move from one level to another, and when: under the table in force and the draft."""

    from_ = text(null=True, data_key="from")
    to = text(null=True)
    when = text()
    now = whole()
    draft = whole()


class TierPreview(Body):
    """Who would move under a draft table, if nobody bought anything more."""

    members = whole()
    moves = many(TierMove)


class NowDraft(Body):
    """A figure under the rules in force and under the draft."""

    now = whole()
    draft = whole()


class GainLose(Body):
    """Members who are better off, and members who pay more or earn less."""

    gain = whole()
    lose = whole()


class SimulatedDay(Body):
    """One local day."""

    day = day()
    tickets = whole()
    discount = one(NowDraft)


class SimulatedTier(Body):
    """One level: who stands on it on the last day, the tickets priced with it and their discount."""

    tier = text(null=True)
    members = one(NowDraft)
    tickets = one(NowDraft)
    discount = one(NowDraft)


class Displaced(Body):
    """An offer that the draft pushes off tickets."""

    promotion = text()
    tickets = whole()


class TierPart(Body):
    """The tickets that one tier bought; amounts in minor units."""

    tier = text(null=True)
    tickets = whole()
    tickets_touched = whole()
    discount = one(NowDraft)
    points = one(NowDraft)
    gifts = one(NowDraft)
    members = one(GainLose)


class Simulation(Body):
    """A what-if on past sales; amounts in minor units."""

    tickets = whole()
    tickets_touched = whole()
    discount = one(NowDraft)
    points = one(NowDraft)
    gifts = one(NowDraft)
    margin = one(NowDraft)
    tickets_without_cost = whole()
    members = one(GainLose)
    by_day = many(SimulatedDay)
    conflicts = many(Displaced)
    floor_hits = whole()
    budget_reached_on = day(null=True)


class TierSimulation(Simulation):
    """A tier table tried on past sales."""

    by_tier = many(SimulatedTier)


class PromotionSimulation(Simulation):
    """A promotion tried on past sales."""

    by_tier = many(TierPart)
