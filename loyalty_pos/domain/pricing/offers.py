"""A promotion made ready to try: decoded once, kept for as long as its rule set.

An offer is immutable and shared by threads.  ``check_promotion`` is the one way in, for the
console's form, the API and the compiler alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from loyalty_pos.domain.points import CatalogReward
from loyalty_pos.domain.promotions import conditions, rewards
from loyalty_pos.domain.promotions.conditions.base import Condition
from loyalty_pos.domain.promotions.decode import decode, invalid, join
from loyalty_pos.domain.promotions.definition import STAGES, Audience, Limits, Promotion, Valid
from loyalty_pos.domain.promotions.names import Name, Names, name_in
from loyalty_pos.domain.promotions.rewards.add_free_item import AddFreeItem
from loyalty_pos.domain.promotions.rewards.base import Reward
from loyalty_pos.domain.promotions.rewards.issue_coupon import IssueCoupon
from loyalty_pos.domain.promotions.rewards.percent_off import PercentOff
from loyalty_pos.domain.promotions.rewards.points import Points
from loyalty_pos.domain.promotions.scope import Scope, with_shared_scopes
from loyalty_pos.domain.tiers import Tier
from loyalty_pos.errors import BadInput

MAX_DEPTH = 5


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """One promotion, ready to try."""

    code: str
    name: Name
    trigger: Literal["automatic", "coupon"]
    stacking: Literal["combine", "exclusive", "best_of_group", "only_if_alone"]
    group: str | None
    priority: int
    stage: int
    """Position in STAGES (S7)."""
    valid: Valid
    audience: Audience
    limits: Limits
    floor: Literal["cost"] | int | None
    static: tuple[Condition, ...]
    """Conditions that hold or not whatever else applies."""
    dynamic: tuple[Condition, ...]
    """Conditions on what earlier offers have left."""
    rewards: tuple[Reward, ...]
    issues: tuple[IssueCoupon, ...]
    """Coupons for the next visit among the rewards."""
    gives: bool = False
    """Whether any of ``rewards`` gives something beside the price."""
    multiplies: bool = False
    """Whether one of them is a multiplier of points."""
    last: bool = False
    """Nothing but points: whatever its stage, it is applied to the final price."""
    order: tuple[int, int, str] = field(init=False)
    """Stage, priority (higher first), code: the order of application (S11)."""
    consumes: bool = field(init=False)
    """Whether it uses units up (S8)."""
    uses_up: tuple[Scope, ...] = field(init=False)
    """Scopes of the units that it then uses up."""
    within: tuple[Scope, ...] = field(init=False)
    """Scopes of its rewards."""
    touches: tuple[Scope, ...] = field(init=False)
    """Those of the lines that it may lower, or looks at to see whether they are lowered."""
    everywhere: tuple[Scope, ...] = field(init=False)
    """Those of the coupons it issues too: of all lines that it has to do with."""
    whole: bool = field(init=False)
    """Whether it is only for lines that nothing has lowered yet."""
    looks_around: bool = field(init=False)
    """Whether it depends on what was given elsewhere."""
    key: tuple[int, str] = field(init=False)
    """Priority (higher first), code: which of equal combinations is better (S11)."""
    open: bool = field(init=False)
    """Whether it is for everybody, at any time, any number of times."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "order", (len(STAGES) if self.last else self.stage, -self.priority, self.code))
        object.__setattr__(self, "key", (-self.priority, self.code))
        object.__setattr__(self, "consumes", any(reward.consumes for reward in self.rewards))
        used = (scope for reward in self.rewards if reward.consumes for scope in reward.scopes())
        object.__setattr__(self, "uses_up", tuple(used))
        scopes = [(scope, reward.lowers) for reward in self.rewards for scope in reward.scopes()]
        object.__setattr__(self, "within", tuple(scope for scope, _ in scopes))
        touched = (scope for scope, lowered in scopes if lowered or scope.exclude_discounted)
        object.__setattr__(self, "touches", tuple(touched))
        issued = (scope for reward in self.issues for scope in reward.scopes())
        object.__setattr__(self, "everywhere", (*self.within, *issued))
        object.__setattr__(self, "whole", any(scope.exclude_discounted for scope in self.everywhere))
        object.__setattr__(self, "looks_around", bool(self.dynamic) or self.stacking == "only_if_alone")
        bounds = (self.valid, self.audience, self.limits, self.static)
        object.__setattr__(self, "open", bounds == (Valid(), Audience(), Limits(), ()) and not self.personal)

    @property
    def personal(self) -> bool:
        """Whether it is for members alone by what it gives: coupons, or points that are counted or asked for."""
        if not all(isinstance(reward, Points) for reward in self.rewards):
            return False
        return bool(self.issues) or self.trigger == "coupon" or self.limits != Limits()

    def adds(self) -> list[str]:
        """Skus of goods that it adds to the basket."""
        return [reward.sku for reward in self.rewards if isinstance(reward, AddFreeItem)]


def check_promotion(definition: Mapping[str, Any], path: str = "") -> Offer:
    """One promotion validated and made ready; BadInput names the faulty field under ``path``."""
    promotion = decode(definition, Promotion, path)
    given = tuple(decode_reward(raw, join(path, f"rewards[{index}]")) for index, raw in enumerate(promotion.rewards))
    asked = tuple(
        decode_condition(raw, join(path, f"conditions[{index}]")) for index, raw in enumerate(promotion.conditions)
    )
    applied = tuple(reward for reward in given if not isinstance(reward, IssueCoupon))
    return Offer(
        code=promotion.code,
        name=promotion.name,
        trigger=promotion.trigger,
        stacking=promotion.stacking,
        group=promotion.group if promotion.stacking == "best_of_group" else None,
        priority=promotion.priority,
        stage=STAGES.index(_stage(promotion, given)),
        valid=promotion.valid,
        audience=promotion.audience,
        limits=promotion.limits,
        floor=promotion.floor,
        static=tuple(condition for condition in asked if not condition.dynamic),
        dynamic=tuple(condition for condition in asked if condition.dynamic),
        rewards=applied,
        issues=tuple(reward for reward in given if isinstance(reward, IssueCoupon)),
        gives=any(not reward.lowers for reward in applied),
        multiplies=any(isinstance(reward, Points) and reward.multiplier is not None for reward in applied),
        last=bool(applied) and all(isinstance(reward, Points) for reward in applied),
    )


def _stage(promotion: Promotion, given: tuple[Reward, ...]) -> str:
    """The promotion's own stage, else by trigger, else the latest of its rewards' defaults; points and coupons for
    the next visit count for nothing beside others (S7)."""
    if promotion.stage is not None:
        return promotion.stage
    if promotion.trigger == "coupon":
        return "coupon"
    early = [reward for reward in given if not isinstance(reward, Points | IssueCoupon)]
    return max((reward.stage for reward in early or given), key=STAGES.index)


def decode_reward(raw: Mapping[str, Any], path: str) -> Reward:
    """One reward by its ``kind``."""
    kind = rewards.KINDS.get(str(raw.get("kind", "")))
    if kind is None:
        raise invalid(join(path, "kind"), "unknown" if "kind" in raw else "missing")
    return with_shared_scopes(decode({key: value for key, value in raw.items() if key != "kind"}, kind, path))


class _Of(Struct, frozen=True, forbid_unknown_fields=True):
    of: Annotated[list[dict[str, Any]], Meta(min_length=1, max_length=20)]


def decode_condition(raw: Mapping[str, Any], path: str, depth: int = 0) -> Condition:
    """One condition by its ``kind``; ``all``, ``any`` and ``not`` hold further ones in ``of``."""
    name = str(raw.get("kind", ""))
    arguments = {key: value for key, value in raw.items() if key != "kind"}
    combined = conditions.COMBINED.get(name)
    if combined is not None:
        if depth >= MAX_DEPTH:
            raise invalid(path, "too_deep")
        parts = decode(arguments, _Of, path).of
        return combined(
            of=tuple(decode_condition(part, join(path, f"of[{index}]"), depth + 1) for index, part in enumerate(parts))
        )
    kind = conditions.KINDS.get(name)
    if kind is None:
        raise invalid(join(path, "kind"), "unknown" if "kind" in raw else "missing")
    return with_shared_scopes(decode(arguments, kind, path))


def unknown_coupons(reward: Mapping[str, Any], coupons: Set[str], path: str) -> dict[str, list[str]]:
    """The faults of a valid reward that would issue what is no promotion of coupons (S39): field path -> codes."""
    if reward["kind"] != IssueCoupon.kind:
        return {}
    by_category = {f"by_category.{name}": code for name, code in reward.get("by_category", {}).items()}
    wanted = {"promotion": reward["promotion"]} | by_category
    return {join(path, field): ["unknown"] for field, code in wanted.items() if code not in coupons}


@dataclass(frozen=True, slots=True, eq=False)
class CataloguedOffer:
    """A reward of the catalogue, and what it costs in points."""

    offer: Offer
    cost: int


def catalogued(rewards: Sequence[CatalogReward], coupons: Set[str], path: str) -> dict[str, CataloguedOffer]:
    """The catalogue by code; ``coupons`` are the promotions that a reward may issue.  BadInput names the fault."""
    found: dict[str, CataloguedOffer] = {}
    for index, reward in enumerate(rewards):
        place = join(path, f"rewards[{index}]")
        if reward.code in found:
            raise invalid(join(place, "code"), "duplicate")
        promotion = {"code": reward.code, "name": reward.name or reward.code, "rewards": [reward.reward]}
        decode_reward(reward.reward, join(place, "reward"))
        if faults := unknown_coupons(reward.reward, coupons, join(place, "reward")):
            raise BadInput("invalid", errors=faults)
        found[reward.code] = CataloguedOffer(check_promotion(promotion), reward.cost)
    return found


def _tier_discount_name(tier: Tier) -> Names:
    percent = f"{tier.discount_percent.normalize():f}"
    return Names(
        vi=f"Hạng {name_in(tier.name, 'vi')} giảm {percent.replace('.', ',')}%",
        en=f"{name_in(tier.name, 'en')} tier: {percent}% off",
    )


def tier_offer(tier: Tier) -> Offer:
    """A tier's own discount as an automatic promotion in stage ``tier``; code ``gold-10``."""
    return Offer(
        code=f"{tier.code}-{tier.discount_percent.normalize():f}",
        name=_tier_discount_name(tier),
        trigger="automatic",
        stacking="combine",
        group=None,
        priority=0,
        stage=STAGES.index("tier"),
        valid=Valid(),
        audience=Audience(tiers=frozenset({tier.code})),
        limits=Limits(),
        floor=None,
        static=(),
        dynamic=(),
        rewards=(PercentOff(percent=tier.discount_percent),),
        issues=(),
    )
