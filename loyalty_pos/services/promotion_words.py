"""A promotion's sentence with the shop's own names in it, as it is being written or as it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loyalty_pos.domain.phrase import Phrase, plain
from loyalty_pos.domain.pricing.offers import check_promotion
from loyalty_pos.domain.promotions import sentence as say_it
from loyalty_pos.domain.promotions.definition import Promotion
from loyalty_pos.errors import BadInput
from loyalty_pos.services.context import Services
from loyalty_pos.services.names import speaker
from loyalty_pos.storage.tx import Tx

Rule = Mapping[str, Any]


def sentence(services: Services, rule: Rule, language: str) -> Phrase:
    """Who gets what, on what, how often, when and beside what; BadInput of a faulty rule."""
    offer = check_promotion(rule)
    return services.store.read(
        lambda tx: say_it.sentence(offer, *speaker(tx, services.rules.current(tx), language)),
    )


def promises(services: Services, rules: Sequence[Rule], language: str) -> dict[str, str]:
    """Code -> what each promotion gives, in a few words; one that does not read any more is left out.

    The rules may be as ``promotions.list_promotions`` shows them.
    """

    def work(tx: Tx) -> dict[str, str]:
        say, named = speaker(tx, services.rules.current(tx), language)
        found = {}
        for rule in rules:
            try:
                found[rule["code"]] = plain(say_it.promise(check_promotion(_alone(rule)), say, named))
            except BadInput:
                continue
        return found

    return services.store.read(work)


def _alone(shown: Rule) -> Rule:
    """The rule without what is shown beside it (its state, version, draft)."""
    return {name: shown[name] for name in Promotion.__struct_fields__ if name in shown}
