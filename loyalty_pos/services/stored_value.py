"""Gift cards and wallets: issued, loaded, looked up, blocked.

A till puts money on one against a line of a recorded sale that sold it: all that a line has loaded
is never more than what of it was sold and kept.  By hand a manager does, with a reason.  How they pay
is the checkout's affair (services/loading.py, holding.py), how a return moves them value_returns.py.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from loyalty_pos.domain.basket import MAX_MONEY
from loyalty_pos.domain.cards import value_code
from loyalty_pos.domain.coupons import new_value_code
from loyalty_pos.domain.returns import worth_kept
from loyalty_pos.errors import BadInput, Conflict, NotAllowed, NotFound, Refused
from loyalty_pos.services import guesses
from loyalty_pos.services.context import Caller, Outcome, Request, Services, from_ms
from loyalty_pos.services.idempotency import write
from loyalty_pos.services.identity import parse_id
from loyalty_pos.services.requests import LoadIn, StoredValueIn
from loyalty_pos.services.reversal import sold_sale
from loyalty_pos.storage import audit, members, reading, sales, values
from loyalty_pos.storage.ledger import Why
from loyalty_pos.storage.tx import Tx
from loyalty_pos.storage.values import ValueRow


def issue(services: Services, request: Request, body: StoredValueIn) -> tuple[Outcome, Any]:
    """A new gift card, or a member's wallet, with what it was sold for on it (0: to be sold later).

    NotFound (``member_unknown``, ``sale_unknown``), Refused (``value_not_sold``), NotAllowed, BadInput.
    """
    if (body.kind == "wallet") != (body.member is not None):
        raise BadInput(errors={"member": ["invalid" if body.member else "missing"]})

    def work(tx: Tx) -> Outcome:
        owner = None
        if body.member is not None:
            member = reading.member(tx, parse_id(body.member, "member"))
            if member is None or member.state != "active":
                raise NotFound("member_unknown")
            owner = member.id
        last = _last_day(services, tx, body.expires_on)
        code = new_value_code(services.ids.digits(15))
        values.add(tx, code, body.kind, owner, last, services.now_ms())
        audit.add(tx, services.now_ms(), request.caller.key, "value.issue", body.kind, body.reason)
        row = values.find(tx, code)
        assert row is not None
        if body.amount:
            _put(services, tx, request, row, body)
        return Outcome("created", shown(row._replace(balance=body.amount)))

    outcome = write(services, request, work)
    return outcome, outcome.value()


def load(services: Services, request: Request, code: str, body: LoadIn) -> tuple[Outcome, Any]:
    """Money onto a card, sold on a line of a sale or by hand; ``expires_on`` gives it another last day.

    NotFound (``value_unknown``, ``sale_unknown``), Conflict (``value_blocked``), Refused
    (``value_not_sold``), NotAllowed, BadInput.
    """

    def work(tx: Tx) -> Outcome:
        row = _find(services, tx, request.caller, code)
        if row is None:
            guesses.note(tx, request.caller, 1, services.now_ms())
            return Outcome("refused", error=NotFound("value_unknown"))
        balance = _put(services, tx, request, row, body)
        last = _last_day(services, tx, body.expires_on) or row.expires_on
        if last != row.expires_on:
            values.last_until(tx, row.id, last)
        return Outcome("done", shown(row._replace(balance=balance, expires_on=last)))

    outcome = write(services, request, work)
    return outcome, outcome.value()


def _find(services: Services, tx: Tx, caller: Caller, code: str) -> ValueRow | None:
    """The row; unknown ones are guesses (contract.md, guess limit)."""
    guesses.check(tx, caller, services.now_ms())
    return values.find(tx, value_code(code) or code[:64])


def _last_day(services: Services, tx: Tx, day: date | None) -> str | None:
    if day is None:
        return None
    if day < services.rules.current(tx).programme.local(services.now_ms()).date():
        raise BadInput(errors={"expires_on": ["past"]})
    return day.isoformat()


def _put(services: Services, tx: Tx, request: Request, row: ValueRow, body: LoadIn) -> int:
    """The balance after loading ``body.amount``."""
    caller = request.caller
    if row.balance + body.amount > MAX_MONEY:
        raise BadInput(errors={"amount": ["too_large"]})
    sale_id, line = None, None
    if body.sale is not None:
        sale_id, line = _sold(services, tx, caller, body)
    else:
        _by_hand(services, tx, caller, body)
    why = Why(services.now_ms(), caller.key, caller.terminal_id, sale_id, reason=body.reason, key=request.key)
    balance = values.load(tx, row.id, body.amount, why, line)
    if balance is None:
        raise Conflict("value_blocked")
    return balance


def _sold(services: Services, tx: Tx, caller: Caller, body: LoadIn) -> tuple[int, str]:
    """(sale, line) that sold this money: a line of a gift card, of which so much is not loaded yet (S16)."""
    assert body.sale is not None
    if body.line is None:
        raise BadInput(errors={"line": ["missing"]})
    sale = sales.find(tx, parse_id(body.sale, "sale"), lock=True)
    if sale is None:
        raise NotFound("sale_unknown")
    caller.need_store(sale.store_id, "sale")
    rows = sales.lines(tx, sale.id)
    skus = services.rules.current(tx).programme.gift_card_skus
    mine = {row.line for row in rows if row.sku in skus}
    kept = sum(
        worth_kept(line, 0) for line in sold_sale(tx, sale, rows).lines if line.line == body.line and line.line in mine
    )
    loaded = sum(one.amount for one in values.loaded(tx, sale.id) if one.line == body.line)
    if loaded + body.amount > kept:
        raise Refused("value_not_sold")
    return sale.id, body.line


def _by_hand(services: Services, tx: Tx, caller: Caller, body: LoadIn) -> None:
    """Without a sale it is a manager's gift: with a reason, above the shop's limit the owner's (S50)."""
    if caller.role not in ("manager", "owner"):
        raise NotAllowed
    if not body.reason:
        raise BadInput(errors={"reason": ["missing"]})
    if caller.role != "owner" and body.amount > services.rules.current(tx).programme.value_limit:
        raise NotAllowed


def get(services: Services, caller: Caller, code: str) -> dict[str, Any]:
    """One by its code, however it was typed; NotFound (``value_unknown``), which is a guess."""
    return shown(_known(services, caller, code))


def _known(services: Services, caller: Caller, code: str) -> ValueRow:
    row = services.store.read(lambda tx: _find(services, tx, caller, code))
    if row is None:
        guesses.note_now(services, caller, 1)
        raise NotFound("value_unknown")
    return row


def entries(services: Services, caller: Caller, code: str, cursor: str | None, limit: int) -> dict[str, Any]:
    """{"items", "next"}: every movement with the balance after it, oldest first; their sum is the balance."""
    row = _known(services, caller, code)
    after = parse_id(cursor, "page") if cursor else 0
    found = services.store.read(lambda tx: values.entries(tx, row.id, after, limit + 1))
    items = [
        {
            "id": str(one[0]),
            "at": from_ms(one[1]).isoformat(timespec="seconds"),
            "kind": one[2],
            "amount": one[3],
            "balance": one[4],
            "sale": None if one[5] is None else str(one[5]),
            "receipt": one[6],
            "terminal": one[7],
            "reason": one[8],
        }
        for one in found[:limit]
    ]
    return {"items": items, "next": items[-1]["id"] if len(found) > limit else None}


def list_values(
    services: Services,
    cursor: str | None = None,
    limit: int = 50,
    kind: str | None = None,
    state: str | None = None,
    ending: str | None = None,
) -> dict[str, Any]:
    """{"items", "next"}: every one, the newest first, of a kind, of a state, or whose code ends so.

    BadInput for an ``ending`` that is no digits.
    """
    if ending is not None and not (ending.isascii() and ending.isdigit() and len(ending) <= 18):
        raise BadInput(errors={"ending": ["invalid"]})
    before = parse_id(cursor, "page") if cursor else 0
    found = services.store.read(lambda tx: values.listed(tx, before, limit + 1, kind, state, ending))
    items = [shown(row) for row in found[:limit]]
    return {"items": items, "next": str(found[limit - 1].id) if len(found) > limit else None}


def owed(services: Services) -> int:
    """What all gift cards and wallets bear together, in minor units."""
    return services.store.read(values.owed)


def of_member(services: Services, member_id: str) -> dict[str, Any]:
    """{"items", "next"}: the member's wallets, oldest first; NotFound (``member_unknown``)."""

    def work(tx: Tx) -> dict[str, Any]:
        account = members.account(tx, parse_id(member_id, "member"))
        if account is None:
            raise NotFound("member_unknown")
        return {"items": [shown(row) for row in values.of_member(tx, account.id)], "next": None}

    return services.store.read(work)


def block(services: Services, request: Request, code: str, reason: str) -> tuple[Outcome, Any]:
    """It pays nothing any more; what is held is still paid.  Conflict (``value_blocked``)."""
    return _change(services, request, code, reason, "active", "blocked")


def unblock(services: Services, request: Request, code: str, reason: str) -> tuple[Outcome, Any]:
    """It pays again.  Conflict (``value_active``)."""
    return _change(services, request, code, reason, "blocked", "active")


def _change(
    services: Services, request: Request, code: str, reason: str, before: str, after: str
) -> tuple[Outcome, Any]:
    def work(tx: Tx) -> Outcome:
        row = _find(services, tx, request.caller, code)
        if row is None:
            raise NotFound("value_unknown")
        if not values.set_state(tx, row.id, before, after):
            raise Conflict("value_blocked" if after == "blocked" else "value_active")
        audit.add(tx, services.now_ms(), request.caller.key, f"value.{after}", str(row.id), reason)
        return Outcome("done", shown(row._replace(state=after)))

    outcome = write(services, request, work)
    return outcome, outcome.value()


def shown(row: ValueRow) -> dict[str, Any]:
    """A gift card or wallet as the contract shows it; ``balance`` includes what is held."""
    return {
        "code": row.code,
        "kind": row.kind,
        "member": None if row.member_id is None else str(row.member_id),
        "state": row.state,
        "balance": row.balance,
        "held": row.held,
        "expires_on": row.expires_on,
    }
