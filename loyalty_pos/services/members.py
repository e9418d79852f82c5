"""Members: enrolment at the till in one call, their record, their cards.

A card can be enrolled empty (a card only) and the person told later.  One phone number belongs
to one member.  What the cashier sees is the summary; personal data goes only to those whose
role shows it.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Any

import msgspec

from loyalty_pos.domain.cards import mask_card, new_card_number, read_swipe
from loyalty_pos.errors import BadInput, Conflict, NotFound
from loyalty_pos.services import tiers
from loyalty_pos.services.answers import short_name
from loyalty_pos.services.context import Caller, Outcome, Request, Services, from_ms
from loyalty_pos.services.crediting import credit_waiting
from loyalty_pos.services.idempotency import write
from loyalty_pos.services.identity import parse_id
from loyalty_pos.services.pages import page_token
from loyalty_pos.services.phones import e164, mask_phone
from loyalty_pos.services.requests import CardIn, MemberIn, PersonIn, TierIn
from loyalty_pos.services.rules import Book
from loyalty_pos.storage import audit, cards, members, reading
from loyalty_pos.storage.members import Person
from loyalty_pos.storage.tx import Tx

CARD_TRIES = 20


def fold(text: str) -> str:
    """Text for search: lower case, without marks, đ as d ("hanh" finds "Hạnh")."""
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(char for char in plain if not unicodedata.combining(char))


def tier_shown(book: Book, code: str | None) -> dict[str, str] | None:
    """{"code", "name"} of a tier in the shop's language."""
    for tier in book.tiers:
        if tier["code"] == code:
            name = tier["name"]
            return {"code": tier["code"], "name": name if isinstance(name, str) else name[book.programme.language]}
    return None


def summary(services: Services, tx: Tx, member_id: int) -> dict[str, Any]:
    """Who it is, as the queue may see it: short name, tier, points, flags."""
    book = services.rules.current(tx)
    row = reading.member(tx, member_id)
    if row is None:
        raise NotFound("member_unknown")
    today = book.programme.local(services.now_ms()).date()
    return {
        "id": str(row.id),
        "short_name": short_name(row.name),
        "call_name": row.call_name,
        "tier": tier_shown(book, row.tier),
        "tier_progress": msgspec.to_builtins(tiers.shown(tx, book, row, services.now_ms())),
        "points": {"active": row.active, "pending": row.pending, "held": row.held},
        "flags": ["birthday"] if row.birthday and birthday_near(date.fromisoformat(row.birthday), today) else [],
    }


def birthday_near(born: date, today: date, days: int = 7) -> bool:
    """Whether the birthday falls within ``days`` of today, across the year's end; 29 February counts as 28."""
    for year in (today.year - 1, today.year, today.year + 1):
        try:
            this = born.replace(year=year)
        except ValueError:
            this = date(year, 2, 28)
        if abs((this - today).days) <= days:
            return True
    return False


def record(services: Services, tx: Tx, caller: Caller, member_id: int) -> dict[str, Any]:
    """The member's record; contact data in full only for manager and owner, masked for others."""
    book = services.rules.current(tx)
    account = members.account(tx, member_id)
    if account is None or account.state == "erased":
        raise NotFound("member_unknown")
    who = members.person(tx, account.id)
    full = caller.role in ("manager", "owner")
    own = [
        {"number": number if full else mask_card(number), "state": state, "issued_at": _time(at)}
        for _, number, state, _, at, _ in cards.of_member(tx, account.id)
    ]
    return {
        "id": str(account.id),
        "state": account.state,
        "short_name": short_name(who.name),
        "name": who.name if full or caller.role == "cashier" or caller.kind == "terminal" else None,
        "call_name": who.call_name,
        "phone": who.phone if full else mask_phone(who.phone),
        "email": who.email if full else None,
        "birthday": who.birthday if full else None,
        "gender": who.gender if full else None,
        "address": who.address if full else None,
        "interests": list(who.interests) if full else [],
        "tier": tier_shown(book, account.tier),
        "tier_by_hand": account.tier_by_hand,
        "tier_progress": msgspec.to_builtins(tiers.shown(tx, book, account, services.now_ms())),
        "points": {"active": account.active, "pending": account.pending, "held": account.held},
        "enrolled_at": _time(account.enrolled_at),
        "cards": own,
        "consents": _consents(tx, account.id),
    }


def _time(moment_ms: int) -> str:
    return from_ms(moment_ms).isoformat(timespec="seconds")


def _consents(tx: Tx, member_id: int) -> list[dict[str, Any]]:
    newest: dict[tuple[str, str | None], dict[str, Any]] = {}
    for purpose, channel, given, version, at in members.consents(tx, member_id):
        newest[(purpose, channel)] = {
            "purpose": purpose, "channel": channel, "given": bool(given), "text_version": version, "at": _time(at),
        }  # fmt: skip
    return list(newest.values())


def get(services: Services, caller: Caller, member_id: str) -> dict[str, Any]:
    """The member's record by id."""
    return services.store.read(lambda tx: record(services, tx, caller, parse_id(member_id, "member")))


def enrol(services: Services, request: Request, body: MemberIn) -> tuple[Outcome, Any]:
    """A new member with a card: {"member", "card": {"number"}, "page"}.

    Without ``card`` a number is made.  Conflict (``card_taken``, ``phone_taken``); BadInput for a
    number that cannot be one of our cards.
    """
    caller = request.caller
    caller.need("enroll")

    def work(tx: Tx) -> Outcome:
        now = services.now_ms()
        book = services.rules.current(tx)
        member_id = members.add(tx, now, caller.store_id)
        tiers.enrol(tx, book, member_id, now)
        card_id, number = _new_card(services, tx, book, member_id, body.card, now)
        credit_waiting(services, tx, request, number, member_id)
        fields = {name: getattr(body, name) for name in PersonIn.__struct_fields__}
        if any(value is not None for value in fields.values()):
            _save(tx, member_id, Person(), fields)
        for consent in body.consents:
            members.add_consent(
                tx, member_id, consent.purpose, consent.channel, consent.given, consent.text_version, now, caller.key
            )
        return Outcome("created", {"member": {"id": str(member_id)}, "card_id": card_id})

    outcome = write(services, request, work)
    saved = outcome.value()

    def show(tx: Tx) -> Any:
        card = cards.page_row(tx, saved["card_id"])
        assert card is not None
        return {
            "member": record(services, tx, caller, int(saved["member"]["id"])),
            "card": {"number": card.number},
            "page": page_path(services, card),
        }

    return outcome, services.store.read(show)


def page_path(services: Services, card: cards.PageCard) -> str:
    """``/m/<token>`` of a card."""
    return "/m/" + page_token(services.secret, card.id, card.number, card.generation)


def _new_card(services: Services, tx: Tx, book: Book, member_id: int, typed: str | None, now: int) -> tuple[int, str]:
    """(id, number) of a new card: the one that was handed over, or a random one (S40)."""
    if typed is not None:
        read = read_swipe(typed, own_prefixes=book.programme.own_prefixes, scan=True)
        if read.kind == "payment":
            raise BadInput("payment_card", errors={"card": ["payment_card"]})
        if read.kind not in ("card", "unknown") or not re.fullmatch(r"[0-9]{6,20}", read.value):
            raise BadInput(errors={"card": ["not_a_card"]})
        card_id = cards.add(tx, read.value, member_id, now)
        if card_id is None:
            raise Conflict("card_taken")
        return card_id, read.value
    prefix = book.programme.card_prefix
    for _ in range(CARD_TRIES):
        number = new_card_number(services.ids.digits(12 - len(prefix)), prefix)
        card_id = cards.add(tx, number, member_id, now)
        if card_id is not None:
            return card_id, number
    raise Conflict("card_numbers_exhausted")


def _stripped(value: Any) -> Any:
    """Text without blanks around it; nothing but blanks is nothing."""
    return value.strip() or None if isinstance(value, str) else value


def _save(tx: Tx, member_id: int, before: Person, fields: dict[str, Any]) -> None:
    given = {name: _stripped(value) for name, value in fields.items() if value is not msgspec.UNSET}
    if given.get("phone"):
        given["phone"] = e164(given["phone"])
        holder = reading.member_by_phone(tx, given["phone"])
        if holder is not None and holder != member_id:
            raise Conflict("phone_taken")
    if given.get("birthday") is not None:
        given["birthday"] = given["birthday"].isoformat()
    if "interests" in given:
        given["interests"] = tuple(given["interests"] or ())
    after = before._replace(**given)
    members.save_person(tx, member_id, after, fold(" ".join(filter(None, (after.name, after.call_name)))))


def change(services: Services, request: Request, member_id: str, fields: dict[str, Any]) -> tuple[Outcome, Any]:
    """Change some of a member's own data; ``fields`` are those of PersonIn that were sent."""
    caller = request.caller

    def work(tx: Tx) -> Outcome:
        account = members.account(tx, parse_id(member_id, "member"))
        if account is None or account.state != "active":
            raise NotFound("member_unknown")
        number = account.id
        _save(tx, number, members.person(tx, number), fields)
        members.touch(tx, number)
        audit.add(tx, services.now_ms(), caller.key, "member.change", str(number), ", ".join(sorted(fields)))
        return Outcome("done", {"member": {"id": str(number)}})

    outcome = write(services, request, work)
    return outcome, get(services, caller, outcome.value()["member"]["id"])


def give_tier(services: Services, request: Request, member_id: str, body: TierIn) -> tuple[Outcome, Any]:
    """A tier by hand, which no job takes away (S33), or (None) the present one from now on under review.

    The member's record.  BadInput for a tier that the table does not have; NotFound (``member_unknown``).
    """
    caller = request.caller

    def work(tx: Tx) -> Outcome:
        now, book = services.now_ms(), services.rules.current(tx)
        row = reading.member(tx, parse_id(member_id, "member"))
        if row is None or row.state != "active":
            raise NotFound("member_unknown")
        if body.tier is not None and book.rules.tiers.get(body.tier) is None:
            raise BadInput(errors={"tier": ["unknown"]})
        tiers.set_by_hand(tx, book, row, body.tier, now)
        audit.add(tx, now, caller.key, f"member.tier.{body.tier or 'by_review'}", str(row.id), body.reason)
        return Outcome("done", {"member": {"id": str(row.id)}})

    outcome = write(services, request, work)
    return outcome, get(services, caller, outcome.value()["member"]["id"])


def search(services: Services, caller: Caller, query: str, cursor: str | None, limit: int) -> dict[str, Any]:
    """Members by name (marks do not matter), phone in any form, or card; {"items", "next"}."""
    digits = re.sub(r"[\s.\-()]", "", query)
    phone = card = None
    words: list[str] = []
    if re.fullmatch(r"(0|\+?84)[0-9]{8,10}", digits):
        phone = e164(digits if not digits.startswith("84") else "+" + digits)
    elif re.fullmatch(r"[0-9]{6,20}", digits):
        card = digits
    else:
        words = fold(query).split()[:6]

    def work(tx: Tx) -> dict[str, Any]:
        found = members.search(tx, words, phone, card, parse_id(cursor, "page") if cursor else 0, limit + 1)
        items = [record(services, tx, caller, number) for number in found[:limit]]
        return {"items": items, "next": str(found[limit - 1]) if len(found) > limit else None}

    return services.store.read(work)


def add_card(services: Services, request: Request, member_id: str, body: CardIn) -> tuple[Outcome, Any]:
    """One more card for a member, or the successor of a lost one (``replaces``); M2, S42.

    {"card": {"number", "state"}, "page"}.
    """
    caller = request.caller
    caller.need("enroll")

    def work(tx: Tx) -> Outcome:
        now = services.now_ms()
        book = services.rules.current(tx)
        account = members.account(tx, parse_id(member_id, "member"))
        if account is None or account.state != "active":
            raise NotFound("member_unknown")
        number = account.id
        card_id, card_number = _new_card(services, tx, book, number, body.card, now)
        credit_waiting(services, tx, request, card_number, number)
        if body.replaces is not None:
            old = reading.card(tx, read_swipe(body.replaces, own_prefixes=book.programme.own_prefixes, scan=True).value)
            if old is None or old.member_id != number:
                raise NotFound("card_unknown")
            if not cards.replace(tx, old.id, card_id, body.reason):
                raise Conflict("card_replaced")
        audit.add(tx, now, caller.key, "card.add", str(number), body.reason)
        return Outcome("created", {"card_id": card_id})

    outcome = write(services, request, work)
    card_id = outcome.value()["card_id"]

    def show(tx: Tx) -> Any:
        card = cards.page_row(tx, card_id)
        assert card is not None
        return {"card": {"number": card.number, "state": card.state}, "page": page_path(services, card)}

    return outcome, services.store.read(show)


def block_card(services: Services, request: Request, number: str, reason: str) -> tuple[Outcome, Any]:
    """Block a card: {"number", "state"}; NotFound (``card_unknown``), Conflict when it is not active."""
    caller = request.caller
    caller.need("enroll")

    def work(tx: Tx) -> Outcome:
        book = services.rules.current(tx)
        card = reading.card(tx, read_swipe(number, own_prefixes=book.programme.own_prefixes, scan=True).value)
        if card is None:
            raise NotFound("card_unknown")
        if not cards.block(tx, card.id, reason):
            raise Conflict("card_not_active")
        audit.add(tx, services.now_ms(), caller.key, "card.block", str(card.member_id), reason)
        return Outcome("done", {"number": card.number, "state": "blocked"})

    outcome = write(services, request, work)
    return outcome, outcome.value()
