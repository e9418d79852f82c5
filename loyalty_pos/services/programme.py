"""The programme as the owner sees it: settings and tiers, changed under one rule version.

Nothing is stored that would not compile: the whole rule set is checked with the change in it
before a row is written, so that no till ever meets a rule it cannot price with.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from loyalty_pos.domain.pricing.compile import RuleSet, compile_rules
from loyalty_pos.domain.tiers import successors, table_faults
from loyalty_pos.errors import BadInput, InProgress
from loyalty_pos.services.context import Outcome, Request, Services
from loyalty_pos.services.idempotency import write
from loyalty_pos.services.rules import Programme
from loyalty_pos.storage import audit
from loyalty_pos.storage import rules as stored
from loyalty_pos.storage import tiers as tier_rows
from loyalty_pos.storage.rules import StoredRules
from loyalty_pos.storage.tx import Tx


def get(services: Services) -> dict[str, Any]:
    """{"settings", "tiers", "version"}: everything in force beside the promotions."""

    def work(tx: Tx) -> dict[str, Any]:
        book = services.rules.current(tx)
        return {"settings": msgspec.to_builtins(book.programme), "tiers": book.tiers, "version": book.version}

    return services.store.read(work)


def change(services: Services, request: Request, values: dict[str, Any]) -> tuple[Outcome, Any]:
    """Change some settings: {"settings", ...}; BadInput names the unknown one or the wrong value."""

    def work(tx: Tx) -> Outcome:
        raw = locked(tx)
        check(raw._replace(settings=raw.settings | values))
        stored.save_settings(tx, values)
        changed(services, tx, request, "settings", ", ".join(sorted(values)))
        return Outcome("done", {})

    outcome = write(services, request, work)
    outcome.value()
    return outcome, get(services)


def put_tiers(services: Services, request: Request, tiers: list[dict[str, Any]]) -> tuple[Outcome, Any]:
    """Set the whole tier table (S32): {"tiers", ...}; BadInput names what is wrong with it.

    Nobody moves: higher tiers are given by the next settle, lower ones by the review; only the
    members of a level that leaves the table change its name for that of the level in its place.
    """

    def work(tx: Tx) -> Outcome:
        raw = locked(tx)
        table = check_tiers(raw, tiers).tiers
        for old, new in successors(check(raw).tiers, table).items():
            tier_rows.rename(tx, old, new)
        stored.save_tiers(tx, tiers, services.now_ms(), request.caller.key)
        changed(services, tx, request, "tiers", None)
        return Outcome("done", {})

    outcome = write(services, request, work)
    outcome.value()
    return outcome, get(services)


def locked(tx: Tx) -> StoredRules:
    """The rules as stored, for one changer at a time; InProgress when somebody else changes them."""
    if not tx.lock("rules"):
        raise InProgress(retry_after=1)
    return stored.load(tx)


def changed(services: Services, tx: Tx, request: Request, what: str, reason: str | None) -> int:
    """Say that the rules changed: a new number for every till, which is returned, and a line in the audit."""
    now = services.now_ms()
    number = stored.bump(tx, now, request.caller.key, what)
    audit.add(tx, now, request.caller.key, f"rules.{what}", str(number), reason)
    return number


def check(raw: StoredRules) -> RuleSet:
    """Compile a whole rule set; BadInput with the faulty fields."""
    try:
        programme = msgspec.convert(raw.settings, Programme)
    except msgspec.ValidationError as error:
        raise BadInput(errors={_field(str(error)): ["invalid"]}) from None
    faults = {name: ["invalid"] for name, right in _SETTINGS.items() if not right(getattr(programme, name))}
    if faults:
        raise BadInput(errors=faults)
    return compile_rules(
        version=raw.version,
        currency=programme.currency,
        policy=programme.policy,
        promotions=raw.promotions,
        tiers=raw.tiers,
        points=programme.points,
    )


def check_tiers(raw: StoredRules, tiers: list[dict[str, Any]]) -> RuleSet:
    """The rule set with another tier table; BadInput names duplicate codes and thresholds that do not rise."""
    found = check(raw._replace(tiers=tiers))
    if faults := table_faults(tiers):
        raise BadInput(errors=faults)
    return found


def _field(message: str) -> str:
    found = re.search(r"`\$?\.?([a-z_]{1,40})[^`]*`$", message)
    return found[1] if found else "settings"


def _is_zone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError):
        return False


_SETTINGS: dict[str, Callable[[Any], bool]] = {
    "zone": _is_zone,
    "language": lambda value: value in ("vi", "en"),
    "day_starts": lambda value: bool(re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value)),
    "card_prefix": lambda value: bool(re.fullmatch(r"2[0-9]{1,3}", value)),
    "own_prefixes": lambda value: all(re.fullmatch(r"[0-9]{1,12}", prefix) for prefix in value),
    "return_shortfall": lambda value: value in ("record", "forgive"),
    "adjustment_limit": lambda value: value >= 0,
    "attach_days": lambda value: 0 <= value <= 366,
    "unknown_card_days": lambda value: 0 <= value <= 366,
    "unmerge_days": lambda value: 0 <= value <= 366,
}
