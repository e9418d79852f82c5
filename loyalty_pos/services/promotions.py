"""Promotions as the manager keeps them: draft, active, ended; each version runs once and is never edited.

A change of what runs is a draft beside it, which changes nothing at the tills until it is activated, or
at once its next version.  The versions before stay, superseded, because sales were priced with them.
A rule becomes active only when the whole rule set compiles with it in force.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from loyalty_pos.domain.pricing.compile import RuleSet
from loyalty_pos.domain.pricing.offers import check_promotion
from loyalty_pos.errors import BadInput, Conflict, NotFound
from loyalty_pos.services.context import Outcome, Request, Services, from_ms
from loyalty_pos.services.idempotency import write
from loyalty_pos.services.programme import changed, check, locked
from loyalty_pos.services.rules import Programme, segments_of
from loyalty_pos.storage import approvals, audit, reading, segment_rows
from loyalty_pos.storage import rules as stored
from loyalty_pos.storage.rules import StoredPromotion, StoredRules
from loyalty_pos.storage.tx import Tx

STATES = ("draft", "active", "ended")


def shown(row: StoredPromotion, draft: StoredPromotion | None = None) -> dict[str, Any]:
    """A version as the contract shows it; ``draft`` is the one that waits beside it."""
    created = from_ms(row.created_at).isoformat(timespec="seconds")
    found = row.definition | {"state": row.state, "version": row.version, "created_at": created}
    return found if draft is None or draft == row else found | {"draft": shown(draft)}


def list_promotions(
    services: Services, cursor: str | None = None, limit: int = 50, state: str | None = None
) -> dict[str, Any]:
    """{"items", "next"}: each promotion by code, as ``get`` shows it, of one state if asked."""

    def work(tx: Tx) -> dict[str, Any]:
        found = stored.promotions(tx, cursor or "", limit + 1, state)
        drafts = stored.drafts(tx, [row.code for row in found])
        items = [shown(row, drafts.get(row.code)) for row in found[:limit]]
        return {"items": items, "next": found[limit - 1].code if len(found) > limit else None}

    return services.store.read(work)


def spent(services: Services, codes: Sequence[str]) -> dict[str, int]:
    """Minor units given by the promotions among ``codes`` that have a budget or a limit in all (S37)."""
    found = services.store.read(lambda tx: reading.uses(tx, codes, [""]))
    return {code: amount for (code, _scope), (_uses, amount) in found.items()}


def get(services: Services, code: str) -> dict[str, Any]:
    """A promotion's rule with its "state" and "version": those in force, else the newest; a "draft" beside it.

    NotFound (``promotion_unknown``).
    """
    return services.store.read(lambda tx: shown(find(tx, code), draft_of(tx, code)))


def versions(services: Services, code: str) -> dict[str, Any]:
    """{"items"}: every version of a promotion, the newest first; NotFound (``promotion_unknown``).

    Which one priced a sale stands at the sale (``priced_by``).
    """

    def work(tx: Tx) -> dict[str, Any]:
        find(tx, code)
        rows = stored.versions(tx, code)
        return {"items": [shown(row) | {"created_by": row.created_by} for row in rows]}

    return services.store.read(work)


def priced_by(tx: Tx, sale_id: int) -> list[dict[str, Any]]:
    """The version of each promotion that a sale used, as it was when it priced it."""
    rows = stored.pricing(tx, sale_id)
    return [{"promotion": row.code, "version": row.version, "definition": row.definition} for row in rows]


def draft_of(tx: Tx, code: str) -> StoredPromotion | None:
    """The draft of a promotion, if there is one."""
    return stored.drafts(tx, [code]).get(code)


def find(tx: Tx, code: str) -> StoredPromotion:
    """The version of a promotion in force, else its newest; NotFound (``promotion_unknown``)."""
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
    """A new promotion in the rule language, ``"state"`` active (default), draft or ended.

    BadInput names every faulty field; Conflict (``promotion_taken``).
    """
    definition, state = _split(body, "active")
    check_promotion(definition)

    def work(tx: Tx) -> Outcome:
        raw = locked(tx)
        code = definition["code"]
        if stored.promotion(tx, code) is not None:
            raise Conflict("promotion_taken")
        return _become(services, tx, request, raw, _next(services, request, code, 0, definition), state)

    outcome = write(services, request, work)
    return outcome, outcome.value()


def patch(services: Services, request: Request, code: str, changes: dict[str, Any]) -> tuple[Outcome, Any]:
    """Change fields of the rule, or its "state", or both.

    Above the limit for one person an activation is kept as the draft: accepted, with "status"
    ``waiting_approval`` and the "approval" that a second person decides (S50).
    "draft" keeps the change beside what runs; "active" alone activates the draft; "ended" ends what
    runs.  Fields alone change a draft in place, and make at once the next version of what runs.
    NotFound (``promotion_unknown``), BadInput with the faulty fields, Conflict (``promotion_needed``)
    when another active promotion issues coupons of one that would end.
    """
    if "code" in changes and changes["code"] != code:
        raise BadInput(errors={"code": ["fixed"]})

    def work(tx: Tx) -> Outcome:
        raw = locked(tx)
        now, draft = find(tx, code), draft_of(tx, code)
        fields, state = _split(changes, now.state)
        drafted = draft is not None and (state == "draft" or (state == "active" and not fields))
        before = draft if draft is not None and drafted else now
        definition = before.definition | fields
        check_promotion(definition)
        if state == now.state and before is now and definition == now.definition:
            return Outcome("done", shown(now, draft))
        if before.state == "draft":
            after = before._replace(definition=definition, **(_by(services, request) if fields else {}))
        elif state == "ended" and definition == before.definition:
            after = before
        else:
            after = _next(services, request, code, stored.versions(tx, code)[0].version, definition)
        return _become(services, tx, request, raw, after, state)

    outcome = write(services, request, work)
    return outcome, outcome.value()


def drop_draft(services: Services, request: Request, code: str) -> tuple[Outcome, Any]:
    """Throw away the draft beside what runs or ran: the promotion as it is then.

    NotFound (``promotion_unknown``, ``draft_unknown``); Conflict (``only_draft``) when nothing else is there.
    """

    def work(tx: Tx) -> Outcome:
        locked(tx)
        now = find(tx, code)
        if draft_of(tx, code) is None:
            raise NotFound("draft_unknown")
        if now.state == "draft" and len(stored.versions(tx, code)) == 1:
            raise Conflict("only_draft")
        _take_back(services, tx, request, now)
        stored.drop_draft(tx, code)
        audit.add(tx, services.now_ms(), request.caller.key, "promotion.drop_draft", code, None)
        return Outcome("done", shown(find(tx, code)))

    outcome = write(services, request, work)
    return outcome, outcome.value()


def _by(services: Services, request: Request) -> dict[str, Any]:
    return {"created_at": services.now_ms(), "created_by": request.caller.key}


def _next(services: Services, request: Request, code: str, newest: int, definition: dict[str, Any]) -> StoredPromotion:
    """A version to come, not stored yet."""
    return StoredPromotion(code, newest + 1, "new", definition, **_by(services, request))


def _become(
    services: Services, tx: Tx, request: Request, raw: StoredRules, row: StoredPromotion, state: str
) -> Outcome:
    """Put a version (new, a draft, or the one in force) into a state: the promotion as it is then."""
    created: Literal["done", "created"] = "created" if row.version == 1 and row.state == "new" else "done"
    if state == "draft":
        _keep(services, tx, request, row)
        return _done(tx, row.code, created)
    compiled_with(raw, row.code, row.definition if state == "active" else None)
    if state == "active":
        check_segments(tx, row.definition)
    if state == "active" and needs_approval(services.rules.current(tx).programme, row.definition):
        return _ask(services, tx, request, row)
    if row.state == "draft":
        _take_back(services, tx, request, row)
    number = changed(services, tx, request, "promotion", row.code)
    stored.stop(tx, row.code, number, "superseded" if state == "active" or row.state == "new" else "ended")
    if state == "active":
        if row.state == "draft":
            stored.redefine(tx, row)
            stored.start(tx, row.code, row.version, number)
        else:
            stored.add_promotion(tx, row._replace(state="active", since=number))
    elif row.state == "draft":
        stored.redefine(tx, row)
        stored.set_aside(tx, row.code)
    elif row.state == "new":
        stored.add_promotion(tx, row._replace(state="ended"))
    return _done(tx, row.code, created)


def _keep(services: Services, tx: Tx, request: Request, row: StoredPromotion) -> None:
    """Write a draft, or write it anew, in the place of the one before."""
    _take_back(services, tx, request, row)
    known = draft_of(tx, row.code)
    if known is not None:
        stored.redefine(tx, row._replace(version=known.version))
    else:
        stored.add_promotion(tx, row._replace(state="draft"))
    audit.add(tx, services.now_ms(), request.caller.key, "promotion.draft", row.code, None)


# Four eyes -----------------------------------------------------------------------------------------


def needs_approval(programme: Programme, definition: dict[str, Any]) -> bool:
    """Whether a rule can cost more than one person may decide (S50): its budget is the most it costs."""
    limit, most = programme.promotion_limit, most_cost(definition)
    return limit is not None and bool(definition.get("enabled", True)) and (most is None or most > limit)


def most_cost(definition: dict[str, Any]) -> int | None:
    """The most that a rule can cost, in minor units, as the tills enforce it; None without a budget (S37)."""
    budget: int | None = (definition.get("limits") or {}).get("budget")
    return budget


def _ask(services: Services, tx: Tx, request: Request, row: StoredPromotion) -> Outcome:
    """Keep the version as the draft and ask a second person; once for the same draft."""
    draft, known = draft_of(tx, row.code), approvals.waiting(tx, row.code)
    if draft is None or draft.definition != row.definition:
        _keep(services, tx, request, row)
        known = None
    draft = draft_of(tx, row.code)
    assert draft is not None
    if known is None:
        now, by = services.now_ms(), request.caller.key
        asked = approvals.add_promotion(tx, now, by, row.code, draft.version, most_cost(draft.definition))
        audit.add(tx, now, by, "promotion.ask", row.code, None)
    else:
        asked = known.id
    found = shown(find(tx, row.code), draft_of(tx, row.code))
    return Outcome("accepted", found | {"status": "waiting_approval", "approval": str(asked)})


def _take_back(services: Services, tx: Tx, request: Request, row: StoredPromotion) -> None:
    """A request for a draft that is not the same any more, or that runs or is gone, is decided: it was not approved."""
    known = approvals.waiting(tx, row.code)
    if known is not None:
        approvals.decide(tx, known.id, "rejected", request.caller.key, services.now_ms(), "draft changed")
        audit.add(tx, services.now_ms(), request.caller.key, "approval.rejected", str(known.id), "draft changed")


def run_approved(services: Services, tx: Tx, request: Request, code: str) -> None:
    """Activate a draft that a second person approved.  InProgress, BadInput, Conflict (``promotion_needed``)."""
    raw, draft = locked(tx), draft_of(tx, code)
    if draft is None:
        raise NotFound("draft_unknown")
    compiled_with(raw, code, draft.definition)
    stored.start(tx, code, draft.version, changed(services, tx, request, "promotion", code))


def _done(tx: Tx, code: str, kind: Literal["done", "created"]) -> Outcome:
    return Outcome(kind, shown(find(tx, code), draft_of(tx, code)))


def check_segments(tx: Tx, definition: dict[str, Any]) -> None:
    """BadInput (``unknown``) for a segment that the rule names and the shop does not keep."""
    named = segments_of(definition)
    kept = {row.code for row in segment_rows.listed(tx)} if named else set()
    if faults := {path: ["unknown"] for path, code in named.items() if code not in kept}:
        raise BadInput(errors=faults)


def compiled_with(raw: StoredRules, code: str, definition: dict[str, Any] | None) -> RuleSet:
    """The active rules with this one in (or, None, out).

    BadInput with the faulty fields of this one, or where there are too many; Conflict (``promotion_needed``) for a
    fault of another.
    """
    others = [rule for rule in raw.promotions if rule["code"] != code]
    try:
        return check(raw._replace(promotions=others if definition is None else [*others, definition]))
    except BadInput as refusal:
        own = f"promotions[{len(others)}]."
        mine = {path.removeprefix(own): codes for path, codes in refusal.errors.items() if path.startswith(own)}
        if mine:
            raise BadInput(errors=mine) from None
        if "promotions" in refusal.errors:
            raise
        raise Conflict("promotion_needed") from None
