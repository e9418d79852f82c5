"""Promotions as the manager keeps them: draft, active, ended; each change of one that ran is its
next version, and the versions before it stay, superseded, because sales were priced with them.

A rule becomes active only when the whole rule set compiles with it in force.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loyalty_pos.domain.pricing.compile import RuleSet
from loyalty_pos.domain.pricing.offers import check_promotion
from loyalty_pos.errors import BadInput, Conflict, NotFound
from loyalty_pos.services.context import Outcome, Request, Services, from_ms
from loyalty_pos.services.idempotency import write
from loyalty_pos.services.programme import changed, check, locked
from loyalty_pos.services.rules import segments_of
from loyalty_pos.storage import reading, segment_rows
from loyalty_pos.storage import rules as stored
from loyalty_pos.storage.rules import StoredPromotion, StoredRules
from loyalty_pos.storage.tx import Tx

STATES = ("draft", "active", "ended")


def _shown(row: StoredPromotion) -> dict[str, Any]:
    created = from_ms(row.created_at).isoformat(timespec="seconds")
    return row.definition | {"state": row.state, "version": row.version, "created_at": created}


def list_promotions(
    services: Services, cursor: str | None = None, limit: int = 50, state: str | None = None
) -> dict[str, Any]:
    """{"items", "next"}: the newest version of each promotion by code, of one state if asked."""

    def work(tx: Tx) -> dict[str, Any]:
        found = stored.promotions(tx, cursor or "", limit + 1, state)
        items = [_shown(row) for row in found[:limit]]
        return {"items": items, "next": found[limit - 1].code if len(found) > limit else None}

    return services.store.read(work)


def spent(services: Services, codes: Sequence[str]) -> dict[str, int]:
    """Minor units given by the promotions among ``codes`` that have a budget or a limit in all (S37)."""
    found = services.store.read(lambda tx: reading.uses(tx, codes, [""]))
    return {code: amount for (code, _scope), (_uses, amount) in found.items()}


def get(services: Services, code: str) -> dict[str, Any]:
    """A promotion's rule with its "state" and "version"; NotFound (``promotion_unknown``)."""
    return services.store.read(lambda tx: _shown(find(tx, code)))


def versions(services: Services, code: str) -> dict[str, Any]:
    """{"items"}: every version of a promotion, the newest first; NotFound (``promotion_unknown``).

    A sale keeps the number of the rules that priced it, and so the version in force then.
    """

    def work(tx: Tx) -> dict[str, Any]:
        find(tx, code)
        rows = stored.versions(tx, code)
        return {"items": [_shown(row) | {"created_by": row.created_by} for row in rows]}

    return services.store.read(work)


def find(tx: Tx, code: str) -> StoredPromotion:
    """The newest version of a promotion; NotFound (``promotion_unknown``)."""
    row = stored.promotion(tx, code)
    if row is None:
        raise NotFound("promotion_unknown")
    return row


def _split(body: dict[str, Any], state: str) -> tuple[dict[str, Any], str]:
    """(definition, wanted state)."""
    definition = dict(body)
    wanted = definition.pop("state", state)
    if wanted not in STATES:
        raise BadInput(errors={"state": ["unknown"]})
    return definition, wanted


def create(services: Services, request: Request, body: dict[str, Any]) -> tuple[Outcome, Any]:
    """A new promotion in the rule language, ``"state"`` active (default) or draft.

    BadInput names every faulty field; Conflict (``promotion_taken``).
    """
    definition, state = _split(body, "active")
    check_promotion(definition)

    def work(tx: Tx) -> Outcome:
        raw = locked(tx)
        code = definition["code"]
        if stored.promotion(tx, code) is not None:
            raise Conflict("promotion_taken")
        row = StoredPromotion(code, 1, state, definition, services.now_ms(), request.caller.key)
        if state == "active":
            compiled_with(raw, code, definition)
            check_segments(tx, definition)
        stored.add_promotion(tx, row)
        changed(services, tx, request, "promotion", code)
        return Outcome("created", _shown(row))

    outcome = write(services, request, work)
    return outcome, outcome.value()


def patch(services: Services, request: Request, code: str, changes: dict[str, Any]) -> tuple[Outcome, Any]:
    """Change fields of the rule, or its "state" (active, ended, draft), or both.

    A draft changes in place; anything that ran gets its next version.  NotFound
    (``promotion_unknown``), BadInput with the faulty fields, Conflict (``promotion_needed``) when
    another active promotion issues coupons of one that would end.
    """
    if "code" in changes and changes["code"] != code:
        raise BadInput(errors={"code": ["fixed"]})

    def work(tx: Tx) -> Outcome:
        raw = locked(tx)
        before = find(tx, code)
        fields, state = _split(changes, before.state)
        definition = before.definition | fields
        check_promotion(definition)
        compiled_with(raw, code, definition if state == "active" else None)
        if state == "active":
            check_segments(tx, definition)
        after = before._replace(state=state, definition=definition)
        if before.state != "draft" and (definition != before.definition or state == "draft"):
            after = after._replace(
                version=before.version + 1, created_at=services.now_ms(), created_by=request.caller.key
            )
            stored.set_promotion(tx, code, before.version, "superseded")
            stored.add_promotion(tx, after)
        elif after != before:
            stored.replace_promotion(tx, after)
        changed(services, tx, request, "promotion", code)
        return Outcome("done", _shown(after))

    outcome = write(services, request, work)
    return outcome, outcome.value()


def check_segments(tx: Tx, definition: dict[str, Any]) -> None:
    """BadInput (``unknown``) for a segment that the rule names and the shop does not keep."""
    named = segments_of(definition)
    kept = {row.code for row in segment_rows.listed(tx)} if named else set()
    if faults := {path: ["unknown"] for path, code in named.items() if code not in kept}:
        raise BadInput(errors=faults)


def compiled_with(raw: StoredRules, code: str, definition: dict[str, Any] | None) -> RuleSet:
    """The active rules with this one in (or, None, out).

    BadInput with the faulty fields of this one; Conflict (``promotion_needed``) for a fault of another.
    """
    others = [rule for rule in raw.promotions if rule["code"] != code]
    try:
        return check(raw._replace(promotions=others if definition is None else [*others, definition]))
    except BadInput as refusal:
        own = f"promotions[{len(others)}]."
        mine = {path.removeprefix(own): codes for path, codes in refusal.errors.items() if path.startswith(own)}
        if mine:
            raise BadInput(errors=mine) from None
        raise Conflict("promotion_needed") from None
