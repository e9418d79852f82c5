"""How many coupons will be used: by the response model, else by what these promotions' coupons did, else assumed.

Both the past coupons and those that would be given are looked at through one function of the member's purchases
before the coupon; of many members some, evenly, so that a large audience costs no more than a small one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

from loyalty_pos.domain.campaigns import response
from loyalty_pos.domain.campaigns.choice import Candidate
from loyalty_pos.domain.campaigns.cost import rate_of
from loyalty_pos.domain.campaigns.response import Fate, Figures, Model, PastLine
from loyalty_pos.services.campaign_coupons import Chooser
from loyalty_pos.services.rules import Book
from loyalty_pos.storage import campaign_figures, campaign_response
from loyalty_pos.storage.tx import Tx

MOST = 600
"""Coupons, of the past or to be given, that are looked at one by one."""
Thing = TypeVar("Thing")
Given = tuple[int, str, int]
"""Member, promotion and the moment (ms) of a coupon."""


class Used(NamedTuple):
    """How many coupons will be used, between two figures; ``basis``: model, history or assumed, ``known`` from so
    many past coupons (0: assumed)."""

    low: float
    high: float
    basis: str
    known: int


class Responses:
    """What this shop's past coupons say about these promotions, read once."""

    def __init__(self, tx: Tx, book: Book, codes: Sequence[str], now: int) -> None:
        today = book.programme.local(now).date().isoformat()
        self.tx, self.book = tx, book
        self.rate = rate_of(*campaign_figures.fates(tx, codes, today))
        self.model = self._model(codes, today)
        if self.model is None and not self.rate.known:
            self.model = self._model((), today)

    def _model(self, codes: Sequence[str], today: str) -> Model | None:
        found = campaign_response.fates(self.tx, codes, today, MOST)
        if len(found) < response.ENOUGH:
            return None
        figures = self._figures([(one.member, one.promotion, one.issued_at) for one in found])
        scores = response.scores(figures)
        return response.learned([Fate(score, one.used, one.group) for score, one in zip(scores, found, strict=True)])

    def expect(self, coupons: Sequence[Given], count: int) -> Used:
        """Of ``count`` coupons, of which these are some or all."""
        if self.model is None or not coupons:
            basis = "history" if self.rate.known else "assumed"
            return Used(self.rate.low * count, self.rate.high * count, basis, self.rate.known)
        scores = response.scores(self._figures(evenly(coupons)))
        return Used(*response.expected(self.model, scores, count), "model", self.model.known)

    def _figures(self, coupons: Sequence[Given]) -> list[Figures]:
        if not coupons:
            return []
        goods = _goods(self.tx, self.book, {promotion for _, promotion, _ in coupons})
        moments = [at for _, _, at in coupons]
        members = sorted({member for member, _, _ in coupons})
        since = min(moments) - response.WINDOW_DAYS * response.DAY_MS
        lines = campaign_response.lines(self.tx, members, since, max(moments))
        given = campaign_response.coupons(self.tx, members)
        return [
            response.figures(lines.get(member, ()), given.get(member, ()), Meets(goods.get(promotion)), at)
            for member, promotion, at in coupons
        ]


class Meets:
    """Whether a line is what a promotion is for; of one that is not in force any more nothing is known: everything."""

    def __init__(self, candidate: Candidate | None) -> None:
        self.candidate = candidate

    def __call__(self, line: PastLine) -> bool:
        """Whether it is."""
        return self.candidate is None or self.candidate.meets(line.sku, line.category)


def _goods(tx: Tx, book: Book, codes: set[str]) -> Mapping[str, Candidate]:
    return {one.promotion: one for one in Chooser(tx, book, sorted(codes)).candidates}


def evenly(things: Sequence[Thing]) -> Sequence[Thing]:
    """Every k-th of them, so that at most ``MOST`` are left."""
    return things[:: -(-len(things) // MOST)] if things else things
