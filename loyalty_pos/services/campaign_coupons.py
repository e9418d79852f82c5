"""The coupons of a campaign: who gets which one and why, and giving them to some members in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

import msgspec

from loyalty_pos.domain.basket import Line
from loyalty_pos.domain.campaigns.choice import (
    Bought,
    Candidate,
    Choice,
    Listed,
    appeal,
    by_category,
    choose,
    reason,
    targets,
)
from loyalty_pos.domain.campaigns.occasions import OCCASIONS
from loyalty_pos.domain.coupons import new_coupon_code
from loyalty_pos.domain.pricing.offers import Offer
from loyalty_pos.domain.promotions.scope import Scope, category_path
from loyalty_pos.services.context import Services
from loyalty_pos.services.next_items import expected
from loyalty_pos.services.rules import Book
from loyalty_pos.storage import campaign_habits, campaign_response, campaigns, catalogue, reading
from loyalty_pos.storage import coupons as coupon_rows
from loyalty_pos.storage.campaigns import Assigned, CampaignRow
from loyalty_pos.storage.catalogue import Product
from loyalty_pos.storage.coupons import NewCoupon
from loyalty_pos.storage.tx import Tx

BY = "system:campaigns"
_NOTHING = frozenset({""})
"""The goods of a promotion whose goods the shop never had: nobody bought them, and it is not for everything."""
ALL_PRODUCTS = 10**9
Reason = dict[str, str]


class Chosen(NamedTuple):
    """The promotion that a member gets, why (per language), and the model whose list had a say in it."""

    promotion: str
    reason: Reason
    model: int | None


class Chooser:
    """The promotions of a campaign that are in force, and how their goods are called; of one version of the rules."""

    def __init__(self, tx: Tx, book: Book, codes: Sequence[str]) -> None:
        self.book = book
        self.offers = [book.rules.offers[code] for code in in_force(book, codes)]
        wanted = {offer.code: _targets(offer) for offer in self.offers}
        by_product = any(not by_category(scopes) for scopes in wanted.values())
        products = catalogue.products(tx, "", ALL_PRODUCTS) if by_product else []
        candidates = [_candidate(offer, wanted[offer.code], products) for offer in self.offers]
        self.candidates = _with_appeal(tx, candidates)
        self.skus = sorted({sku for candidate in self.candidates for sku in candidate.skus})
        self.categories = sorted({code for candidate in self.candidates for code in candidate.categories})
        self._products: dict[str, str | None] = {one.sku: one.name for one in products}
        self._categories = catalogue.categories(tx)

    def choose(self, tx: Tx, members: Sequence[int], now: int) -> dict[int, Chosen]:
        """Member -> what they get; there must be a candidate.  Lists are asked where there is anything to choose."""
        habits = campaign_habits.bought(tx, members, bool(self.categories), self.skus)
        model, lists = expected(tx, members) if len(self.candidates) > 1 else (None, {})
        found = {}
        for member, bought in habits.items():
            choice = choose(self.candidates, bought, lists.get(member, ()))
            self._name(tx, choice)
            found[member] = self._chosen(choice, now, model if choice.listed is not None else None)
        return found

    def choose_for(self, habits: Mapping[int, Sequence[Bought]], now: int) -> dict[int, Chosen]:
        """The same of members with these habits and no list, seen at ``now`` (ms)."""
        return {member: self._chosen(choose(self.candidates, bought), now, None) for member, bought in habits.items()}

    def _chosen(self, choice: Choice, now: int, model: int | None) -> Chosen:
        return Chosen(choice.candidate.promotion, self._why(choice, now), model)

    def _name(self, tx: Tx, choice: Choice) -> None:
        """Look up what a product on a list is called, once."""
        if choice.listed is not None and choice.listed.sku not in self._products:
            known = reading.products(tx, [choice.listed.sku]).get(choice.listed.sku)
            self._products[choice.listed.sku] = known.name if known else None

    def _why(self, choice: Choice, now: int) -> Reason:
        local = self.book.programme.local
        return reason(choice, lambda at: max(0, (local(now).date() - local(at).date()).days), self._named)

    def _named(self, bought: Bought | Listed, language: str) -> str:
        if isinstance(bought, Listed):
            return self._products.get(bought.sku) or bought.sku
        if not bought.category:
            return self._products.get(bought.code) or bought.code
        names = self._categories.get(bought.code, {})
        return names.get(language) or next(iter(names.values()), bought.code)


def in_force(book: Book, codes: Sequence[str]) -> list[str]:
    """Those of these promotions that may give coupons now."""
    return [code for code in codes if code in book.rules.offers and book.promotions[code].get("trigger") == "coupon"]


def chooser_for(tx: Tx, book: Book, codes: Sequence[str], before: Chooser | None) -> Chooser:
    """The one of before, as long as the rules are what they were."""
    return before if before is not None and before.book.version == book.version else Chooser(tx, book, codes)


def _targets(offer: Offer) -> list[Scope]:
    """The goods that a promotion is for: those it lowers, else those it asks for."""
    asked = [getattr(one, "scope", None) for one in (*offer.static, *offer.dynamic)]
    return targets(offer.everywhere) or targets(scope for scope in asked if scope is not None)


def _candidate(offer: Offer, scopes: Sequence[Scope], products: Sequence[Product]) -> Candidate:
    if by_category(scopes):
        codes = frozenset(code for scope in scopes for code in scope.categories)
        return Candidate(offer.code, offer.name, codes, frozenset())
    skus = frozenset(product.sku for product in products if any(_meant(scope, product) for scope in scopes))
    return Candidate(offer.code, offer.name, frozenset(), skus or _NOTHING)


def _with_appeal(tx: Tx, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Of a single one nothing has to be known."""
    if len(candidates) < 2:
        return list(candidates)
    known = campaign_response.uses(tx, [one.promotion for one in candidates])
    whole = [sum(one[place] for one in known.values()) for place in (0, 1)]
    return [one._replace(appeal=appeal(*known.get(one.promotion, (0, 0)), *whole)) for one in candidates]


def _meant(scope: Scope, product: Product) -> bool:
    line = Line(line="1", sku=product.sku, quantity=1, unit_price=product.unit_price or 0, brand=product.brand)
    return scope.matches(line, category_path(product.category))


class Term(NamedTuple):
    """The first and the last local day of coupons."""

    first: date
    last: date


def give(
    services: Services,
    tx: Tx,
    row: CampaignRow,
    chooser: Chooser,
    occasions: Iterable[tuple[int, str]],
    is_control: Callable[[int], bool],
    term: Term,
    kind: str | None = None,
) -> int:
    """Put (member, occasion) on their sides, each of the treated with a coupon of their own; how many coupons.

    The members are locked and may get one; the campaign is locked, too.  ``kind`` of an occasion is told first.
    """
    now, language = services.now_ms(), chooser.book.language
    sides = [(member, occasion, is_control(member)) for member, occasion in occasions]
    chosen = chooser.choose(tx, [member for member, _, control in sides if not control], now)
    if kind is not None:
        said = OCCASIONS[kind]
        chosen = {
            member: one._replace(
                reason={"vi": f"{said.vi}. {one.reason['vi']}", "en": f"{said.en}. {one.reason['en']}"}
            )
            for member, one in chosen.items()
        }
    days = term.first.isoformat(), term.last.isoformat()
    coupons = {
        member: NewCoupon(
            new_coupon_code(services.ids.digits(15)),
            one.promotion,
            *days,
            reason=one.reason[language],
            why=msgspec.json.encode(one.reason).decode(),
            model=one.model,
        )
        for member, one in chosen.items()
    }
    ids = coupon_rows.add_many(tx, list(coupons.items()), row.id, now, BY)
    campaigns.assign(tx, row.id, now, [
        Assigned(member, occasion, "control") if control
        else Assigned(member, occasion, "treated", *chosen[member][:2], ids[coupons[member].code])
        for member, occasion, control in sides
    ])  # fmt: skip
    return len(coupons)
