"""Segments as the manager keeps them: a rule with a name, its count while it is written, its versions.

A rule is checked whole before anything is stored.  Saving one under a known code makes its next
version; who belongs is then found anew, in transactions of their own (``segment_members``).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from msgspec import Struct

from loyalty_pos.domain.phrase import Phrase, plain
from loyalty_pos.domain.promotions.decode import decode
from loyalty_pos.domain.promotions.names import Code, Name, name_in
from loyalty_pos.domain.segments import ready as ready_made
from loyalty_pos.domain.segments.decode import decode_rule
from loyalty_pos.domain.segments.ready import Ready
from loyalty_pos.domain.segments.rule import Rule, steps
from loyalty_pos.domain.segments.sentence import phrase_of, sentence
from loyalty_pos.errors import BadInput, NotFound
from loyalty_pos.services import segment_members
from loyalty_pos.services.context import Outcome, Request, Services, from_ms
from loyalty_pos.services.idempotency import write
from loyalty_pos.services.names import speaker
from loyalty_pos.services.programme import changed, locked
from loyalty_pos.services.rules import Book
from loyalty_pos.storage import catalogue, segment_rows, segments, shops
from loyalty_pos.storage.segment_rows import SegmentRow
from loyalty_pos.storage.tx import Tx

MOST_SEGMENTS = 100
SAMPLE = 6
WEEK, HISTORY = 7, 84
"""Days over which a size is compared, and over which it is shown."""


class SegmentIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A segment to keep."""

    code: Code
    name: Name
    rule: dict[str, Any]


class PreviewIn(Struct, frozen=True, forbid_unknown_fields=True):
    """A rule to try."""

    rule: dict[str, Any]


def decoded(raw: object) -> SegmentIn:
    """A segment as it was sent; BadInput with the faulty field."""
    return decode(raw, SegmentIn, "")


def named(name: Any) -> Name:
    """A stored name as the rules know names."""
    return msgspec.convert(name, Name)  # type: ignore[no-any-return]


# Showing -------------------------------------------------------------------------------------------


def list_segments(services: Services, cursor: str | None = None, limit: int = 50) -> dict[str, Any]:
    """{"items", "next"}: segments by code, with how many belong now and how many did a week ago."""

    def work(tx: Tx) -> dict[str, Any]:
        rows = segment_rows.listed(tx, cursor or "", limit + 1)
        now, before = segment_rows.sizes(tx), _week_ago(services, tx)
        items = [_shown(row) | {"members": now.get(row.id, 0), "week_ago": before.get(row.id)} for row in rows[:limit]]
        return {"items": items, "next": rows[limit - 1].code if len(rows) > limit else None}

    return services.store.read(work)


def _week_ago(services: Services, tx: Tx) -> dict[int, int]:
    day = services.rules.current(tx).programme.local(services.now_ms()).date() - timedelta(days=WEEK)
    return segment_rows.sizes_at(tx, day.isoformat())


def get(services: Services, code: str) -> dict[str, Any]:
    """A segment with its rule, its sentence, its size day by day and who belongs by tier and by store.

    NotFound (``segment_unknown``).
    """

    def work(tx: Tx) -> dict[str, Any]:
        row, book = segment_members.find(tx, code), services.rules.current(tx)
        rule = decode_rule(row.rule)
        since = (book.programme.local(services.now_ms()).date() - timedelta(days=HISTORY)).isoformat()
        return _shown(row) | {
            "members": segment_rows.size(tx, row.id),
            "week_ago": _week_ago(services, tx).get(row.id),
            "sentence": {language: plain(words(tx, book, rule, language)) for language in ("vi", "en")},
            "sizes": [{"day": day, "members": count} for day, count in segment_rows.history(tx, row.id, since)],
            "by_tier": [{"tier": tier, "members": count} for tier, count in segment_rows.by_tier(tx, row.id)],
            "by_store": [{"store": name, "members": count} for name, count in segment_rows.by_store(tx, row.id)],
        }  # fmt: skip

    return services.store.read(work)


def _shown(row: SegmentRow) -> dict[str, Any]:
    return {
        "code": row.code,
        "name": row.name,
        "rule": row.rule,
        "version": row.version,
        "saved_at": from_ms(row.saved_at).isoformat(timespec="seconds"),
        "saved_by": row.saved_by.partition(":")[2],
        "refreshed_at": from_ms(row.refreshed_at).isoformat(timespec="seconds") if row.refreshed_at else None,
    }


# Trying --------------------------------------------------------------------------------------------


def preview(services: Services, raw: object, language: str | None = None) -> dict[str, Any]:
    """How many members a rule means, how many are left after each condition, some of them, and the sentence.

    ``emptied_by`` is the condition at which nobody is left; ``language`` is that of the sample.  BadInput with the
    faulty fields.
    """
    rule = decode_rule(raw)

    def work(tx: Tx) -> dict[str, Any]:
        book = services.rules.current(tx)
        check_known(tx, book, rule)
        today = segment_members.today(book, services.now_ms())
        left = segments.funnel(tx, rule, today)
        said = {language: _funnel_words(tx, book, rule, language) for language in ("vi", "en")}
        funnel = [
            {
                "path": dotted(step.path),
                "out": step.out,
                "text": {language: said[language][number] for language in said},
                "left": left[number + 1],
                "lost": left[number] - left[number + 1],
            }
            for number, step in enumerate(steps(rule))
        ]
        sample = segments.matching(tx, rule, today, SAMPLE) if left[-1] else []
        return {
            "members": left[0],
            "count": left[-1],
            "funnel": funnel,
            "emptied_by": next((step["path"] for step in funnel if not step["left"] and left[0]), None),
            "sentence": {language: plain(words(tx, book, rule, language)) for language in ("vi", "en")},
            "sample": segment_members.people(services, tx, segment_rows.seen(tx, sample), language),
        }

    return services.store.read(work)


def dotted(path: str) -> str:
    """``rule.all[0]`` as the errors of the API write it: ``rule.all.0``."""
    return path.replace("[", ".").replace("]", "")


def _funnel_words(tx: Tx, book: Book, rule: Rule, language: str) -> list[str]:
    say, named = speaker(tx, book, language)
    found = [plain(phrase_of(step.part, say, named)) for step in steps(rule)]
    return [text[0].upper() + text[1:] for text in found]


def words(tx: Tx, book: Book, rule: Rule, language: str) -> Phrase:
    """The rule as a sentence, in pieces."""
    return sentence(rule, *speaker(tx, book, language))


def sentence_of(services: Services, raw: object, language: str) -> Phrase:
    """The sentence of a rule as it was typed or stored; BadInput."""
    rule = decode_rule(raw)
    return services.store.read(lambda tx: words(tx, services.rules.current(tx), rule, language))


def shop_choices(services: Services, language: str) -> dict[str, dict[str, str]]:
    """The values that depend on the shop, code -> name: its tiers and its stores."""

    def work(tx: Tx) -> dict[str, dict[str, str]]:
        levels = services.rules.current(tx).rules.tiers.levels
        return {"tiers": {one.code: name_in(one.name, language) for one in levels}, "stores": shops.names(tx)}

    return services.store.read(work)


def check_known(tx: Tx, book: Book, rule: Rule) -> None:
    """BadInput (``unknown``) for a tier or store that the shop does not have."""
    have = {"tiers": {level.code for level in book.rules.tiers.levels}, "stores": set(shops.names(tx))}
    faults: dict[str, list[str]] = {}
    for where, one in rule.conditions():
        known = have.get(one.declared.choices)
        if known is not None and one.op == "in":
            faults |= {f"{where}.value[{n}]": ["unknown"] for n, code in enumerate(one.value) if code not in known}
    if faults:
        raise BadInput(errors=faults)


# Keeping -------------------------------------------------------------------------------------------


def save(services: Services, request: Request, body: SegmentIn) -> tuple[Outcome, Any]:
    """Keep a segment: a new one, or the next version of the one with this code; as ``get`` shows it.

    BadInput with the faulty fields, ``too_many`` beyond ``MOST_SEGMENTS``.
    """
    rule = decode_rule(body.rule)
    name = msgspec.to_builtins(body.name)

    def work(tx: Tx) -> Outcome:
        locked(tx)
        check_known(tx, services.rules.current(tx), rule)
        before, now, by = segment_rows.find(tx, body.code), services.now_ms(), request.caller.key
        if before is None:
            if segment_rows.count(tx) >= MOST_SEGMENTS:
                raise BadInput(errors={"code": ["too_many"]})
            segment_rows.add(tx, body.code, name, body.rule, now, by)
        elif (before.name, before.rule) != (name, body.rule):
            segment_rows.change(tx, before.id, name, body.rule, now, by)
        else:
            return Outcome("done", {"code": body.code})
        changed(services, tx, request, "segment", body.code)
        return Outcome("done" if before else "created", {"code": body.code})

    outcome = write(services, request, work)
    code = outcome.value()["code"]
    if not outcome.replayed:
        segment_members.refresh(services, code)
    return outcome, get(services, code)


def make_ready(services: Services, request: Request, code: str) -> tuple[Outcome, Any]:
    """Keep one of the ready-made segments; NotFound (``segment_unknown``)."""
    found = next((one for one in ready(services) if one.code == code), None)
    if found is None:
        raise NotFound("segment_unknown")
    if code == ready_made.BIG_SPENDERS:
        found = ready_made.big_spenders(services.store.read(lambda tx: _much(services, tx)))
    return save(services, request, SegmentIn(code=code, name=named(found.name), rule=found.rule))


def _much(services: Services, tx: Tx) -> int:
    """What those who spend most spent at least in a year, at least 1 minor unit."""
    since = services.rules.current(tx).programme.local(services.now_ms()).date() - timedelta(days=ready_made.YEAR)
    return segment_rows.spend_at(tx, since.isoformat(), ready_made.TOP_PERCENT) or 1


def ready(services: Services) -> list[Ready]:
    """The ready-made segments that make sense here, whether or not they are kept already."""

    def work(tx: Tx) -> list[Ready]:
        stores, names = shops.names(tx), catalogue.categories(tx)
        places = [ready_made.of_store(code, name) for code, name in stores.items()] if len(stores) > 1 else []
        kinds = [_kind(names.get(code, {}), code) for code in segment_rows.kinds(tx)]
        return [*ready_made.FIXED, ready_made.big_spenders(1), *places, *kinds]

    return services.store.read(work)


def _kind(names: dict[str, str], code: str) -> Ready:
    return ready_made.of_kind(code, names.get("vi", code), names.get("en", code))
