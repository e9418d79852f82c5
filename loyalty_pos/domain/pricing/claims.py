"""The catalogue of rewards bought with points: claimed by the cashier, never by itself.

A claimed reward takes part in the search like any automatic offer; its cost, which is ours and not
the till's, is spent only if it applies.  Who may spend points may claim (S22, S23).
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from loyalty_pos.domain.pricing.compile import RuleSet
from loyalty_pos.domain.pricing.eligible import candidate
from loyalty_pos.domain.pricing.explain import message, refusal
from loyalty_pos.domain.pricing.facts import Facts, Miss
from loyalty_pos.domain.pricing.outcome import Verdicts, dropped
from loyalty_pos.domain.pricing.result import Use
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.pricing.search import Found
from loyalty_pos.domain.promotions.names import name_in


class Claimed(Struct, frozen=True):
    """The rewards that are paid with points on this bill, and what the cashier should say of the others."""

    rewards: dict[str, int] = {}
    """Code -> points."""
    messages: list[str] = []

    @property
    def points(self) -> int:
        """What they cost together."""
        return sum(self.rewards.values())


def screen_claims(rules: RuleSet, facts: Facts, verdicts: Verdicts) -> None:
    """Judge every reward that is claimed, each once, and file what may be tried."""
    left = facts.member.points if facts.member is not None else 0
    for code in dict.fromkeys(facts.request.basket.claim_rewards):
        verdict = _may_claim(rules, facts, code, left)
        if verdict is None:
            reward = rules.catalogue[code]
            ready = candidate(reward.offer, facts)
            if not isinstance(ready, Miss):
                left -= reward.cost
                (verdicts.tried if reward.offer.rewards else verdicts.later).append(ready)
            verdicts.claims[code] = ready
        else:
            verdicts.claims[code] = verdict


def _may_claim(rules: RuleSet, facts: Facts, code: str, left: int) -> Miss | None:
    """Why a reward cannot be claimed with ``left`` points, whatever is in the basket."""
    reward = rules.catalogue.get(code)
    if reward is None:
        return Miss("reward_not_usable")
    if facts.member is None:
        return Miss("member_required")
    if not facts.member.may_spend:
        return Miss("typed_entry")
    return Miss("points_insufficient", amount=left) if left < reward.cost else None


def claimed(rules: RuleSet, facts: Facts, verdicts: Verdicts, found: Found, uses: Sequence[Use], say: Say) -> Claimed:
    """What of it applied, and why the rest did not."""
    applied = {use.promotion for use in uses}
    made = Claimed({}, [])
    for code, verdict in verdicts.claims.items():
        if code in applied:
            made.rewards[code] = rules.catalogue[code].cost
            continue
        miss = verdict if isinstance(verdict, Miss) else dropped(verdict, rules, facts, found)
        text = _why_not(rules, facts, code, miss, say)
        if text not in made.messages:
            made.messages.append(text)
    return made


def _why_not(rules: RuleSet, facts: Facts, code: str, miss: Miss, say: Say) -> str:
    reward = rules.catalogue.get(code)
    if reward is None:
        return message(miss.reason, say)
    name = name_in(reward.offer.name, say.language)
    if miss.reason == "points_insufficient":
        cost, left = say.number(reward.cost), say.number(miss.amount or 0)
        text = say.text(f"Cần {cost} điểm, chỉ còn {left}", f"{cost} points are needed, {left} are there")
    else:
        text = refusal(miss, facts, say, str, None)
    return f"{miss.reason}: {name}: {text}"


def as_charged(rules: RuleSet, facts: Facts) -> Claimed:
    """The rewards of a sale already made: the till has given them (S47)."""
    if facts.member is None:
        return Claimed()
    codes = dict.fromkeys(facts.request.basket.claim_rewards)
    return Claimed({code: rules.catalogue[code].cost for code in codes if code in rules.catalogue})
