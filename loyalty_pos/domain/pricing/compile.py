"""Rules compiled once per version: validated, indexed by what they can touch, never changed.

The cost of a basket follows the offers that can touch it, not those that exist: an offer is
found by the sku, the category or the brand its rewards name, or stands among the few that may
touch anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from loyalty_pos.domain.money import EXPONENTS
from loyalty_pos.domain.points import PointsProgram
from loyalty_pos.domain.pricing.board import Board
from loyalty_pos.domain.pricing.earning import Earning
from loyalty_pos.domain.pricing.offers import (
    CataloguedOffer,
    Offer,
    catalogued,
    check_promotion,
    decode_condition,
    tier_offer,
    unknown_coupons,
)
from loyalty_pos.domain.pricing.policy import Policy
from loyalty_pos.domain.promotions.decode import decode, invalid
from loyalty_pos.domain.tiers import Tier, TierTable
from loyalty_pos.errors import BadInput

MOST_PROMOTIONS = 50_000


@dataclass(frozen=True, slots=True, eq=False)
class RuleSet:
    """Everything pricing depends on beside the request; shared by threads."""

    version: int
    currency: str
    policy: Policy
    offers: Mapping[str, Offer]
    """All enabled promotions by code."""
    tiers: TierTable
    tier_offers: Mapping[str, Offer]
    """Tier code -> its own discount."""
    points: PointsProgram
    earnings: tuple[Earning, ...]
    """Enabled earn rules, higher priority first."""
    catalogue: Mapping[str, CataloguedOffer]
    """Rewards bought with points, by code."""
    gifts: frozenset[str]
    """Skus of goods that an offer may add."""
    _automatic: Sequence[Offer]
    """In their order; what follows holds places in it."""
    _by_sku: Mapping[str, Sequence[int]]
    _by_category: Mapping[str, Sequence[int]]
    _by_brand: Mapping[str, Sequence[int]]
    _anywhere: Sequence[int]

    def touching(self, board: Board) -> list[Offer]:
        """Automatic offers that may touch this basket, in their order."""
        found = set(self._anywhere)
        brands = {line.brand for line in board.lines if line.brand is not None}
        indexes = ((self._by_sku, board.by_sku), (self._by_category, board.by_category), (self._by_brand, brands))
        for index, keys in indexes:
            for key in keys:
                found.update(index.get(key, ()))
        return [self._automatic[place] for place in sorted(found)]


def compile_rules(
    *,
    version: int,
    currency: str,
    policy: Mapping[str, Any],
    promotions: Sequence[Mapping[str, Any]],
    tiers: Sequence[Mapping[str, Any]],
    points: Mapping[str, Any],
) -> RuleSet:
    """Validate and index one version of the rules.

    BadInput ``invalid`` with every faulty promotion's field (``promotions[3].rewards[0].percent``).
    ``points`` empty means the defaults of S15 and S22.
    """
    if currency not in EXPONENTS:
        raise invalid("currency", "unknown")
    if len(promotions) > MOST_PROMOTIONS:
        raise invalid("promotions", "too_many")
    table = _tiers(tiers)
    tier_offers = {tier.code: tier_offer(tier) for tier in table.levels if tier.discount_percent}
    program, earnings = _points(points)
    coupons = {str(one.get("code")) for one in promotions if one.get("trigger") == "coupon"}
    catalogue = catalogued(program.rewards, coupons, "points")
    claimable = [one.offer for one in catalogue.values()]
    offers = _offers(promotions, {*catalogue, *(offer.code for offer in tier_offers.values())}, coupons)
    automatic = sorted((one for one in offers.values() if one.trigger != "coupon"), key=attrgetter("order"))
    by_sku: dict[str, list[int]] = {}
    by_category: dict[str, list[int]] = {}
    by_brand: dict[str, list[int]] = {}
    anywhere: list[int] = []
    for place, offer in enumerate(automatic):
        for scope in offer.everywhere:
            if scope.skus:
                _index(by_sku, scope.skus, place)
            elif scope.categories:
                _index(by_category, scope.categories, place)
            elif scope.brands:
                _index(by_brand, scope.brands, place)
            else:
                anywhere.append(place)
    return RuleSet(
        version=version,
        currency=currency,
        policy=decode(policy, Policy, "policy"),
        offers=offers,
        tiers=table,
        tier_offers=tier_offers,
        points=program,
        earnings=earnings,
        catalogue=catalogue,
        gifts=frozenset(sku for one in (*offers.values(), *claimable) for sku in one.adds()),
        _automatic=automatic,
        _by_sku=by_sku,
        _by_category=by_category,
        _by_brand=by_brand,
        _anywhere=anywhere,
    )


def _index(index: dict[str, list[int]], keys: Iterable[str], place: int) -> None:
    for key in keys:
        index.setdefault(key, []).append(place)


def _tiers(raw: Sequence[Mapping[str, Any]]) -> TierTable:
    levels = [decode(tier, Tier, f"tiers[{index}]") for index, tier in enumerate(raw)]
    codes: set[str] = set()
    for index, tier in enumerate(levels):
        if tier.code in codes:
            raise invalid(f"tiers[{index}].code", "duplicate")
        codes.add(tier.code)
    return TierTable(levels)


def _offers(raw: Sequence[Mapping[str, Any]], reserved: set[str], coupons: Set[str]) -> dict[str, Offer]:
    """Enabled offers by code; every promotion is validated, a disabled one too.

    ``reserved`` codes are taken; ``coupons`` are the promotions that a reward may issue, disabled ones too: those are
    merely not issued.
    """
    faults: dict[str, list[str]] = {}
    offers: dict[str, Offer] = {}
    seen = set(reserved)
    for index, definition in enumerate(raw):
        path = f"promotions[{index}]"
        try:
            offer = check_promotion(definition, path)
        except BadInput as refusal:
            faults.update(refusal.errors)
            continue
        if offer.code in seen:
            faults[f"{path}.code"] = ["duplicate"]
        seen.add(offer.code)
        if definition.get("enabled", True):
            offers[offer.code] = offer
        for number, reward in enumerate(definition["rewards"]):
            faults.update(unknown_coupons(reward, coupons, f"{path}.rewards[{number}]"))
    if faults:
        raise BadInput("invalid", errors=faults)
    return offers


def _points(raw: Mapping[str, Any]) -> tuple[PointsProgram, tuple[Earning, ...]]:
    program = decode(raw, PointsProgram, "points")
    earnings = [
        Earning(
            rule,
            tuple(
                decode_condition(condition, f"points.earn[{index}].conditions[{position}]")
                for position, condition in enumerate(rule.conditions)
            ),
        )
        for index, rule in enumerate(program.earn)
        if rule.enabled
    ]
    return program, tuple(sorted(earnings, key=lambda earning: -earning.rule.priority))
