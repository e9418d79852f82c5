"""The reference stack: the same checkout as a textbook would write it.

flask-smorest reads and writes JSON by marshmallow schemas, SQLAlchemy's ORM keeps the rows, one
session is one unit of work.  It does the work of ``POST /api/v1/sales``: terminal key, answer of
the idempotency key, sale, lines with their units, points lot and entry, balance, counters and
habits.  Its pricing is a plain tier percentage, so that no engine is measured in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from flask import Flask, Response, current_app, request
from flask_smorest import Api, Blueprint, abort
from sqlalchemy import create_engine, event, select
from sqlalchemy.orm import Session, sessionmaker

from bench.textbook.rows import Answer, Base, Card, Entry, Habit, Lot, Member, Sale, SaleLine, Terminal
from bench.textbook.schemas import BasketSchema, SaleSchema


def _price(basket: dict[str, Any], member: Member) -> tuple[list[dict[str, Any]], dict[str, int]]:
    percent = {"gold": 10, "silver": 5}.get(member.tier or "", 0)
    lines = []
    for line in basket["lines"]:
        gross = line["unit_price"] * line["quantity"]
        off = (gross - line["discount"]) * percent // 100
        discount = line["discount"] + off
        each, rest = divmod(gross - discount, line["quantity"])
        units = [
            {
                "discount": line["unit_price"] - each - (i < rest),
                "net": each + (i < rest),
                "refund": each + (i < rest),
            }
            for i in range(line["quantity"])
        ]
        offers = [{"promotion": "tier", "name": "Tier", "amount": off, "explanation": f"{percent}%"}] if off else []
        lines.append(
            {
                "line": line["line"],
                "gross": gross,
                "discount": discount,
                "net": gross - discount,
                "discounts": offers,
                "units": units,
            }
        )
    totals = {name: sum(line[name] for line in lines) for name in ("gross", "discount", "net")}
    return lines, totals | {"points_value": 0, "to_pay": totals["net"], "due": totals["net"]}


def _habits(session: Session, member: Member, basket: dict[str, Any], nets: list[int]) -> None:
    now = basket["sold_at"]
    names = {("product", line["sku"]) for line in basket["lines"]}
    names |= {("category", line["category"]) for line in basket["lines"] if line.get("category")}
    rows = session.scalars(
        select(Habit).where(Habit.member_id == member.id, Habit.name.in_([name for _, name in names]))
    )
    known = {(habit.kind, habit.name): habit for habit in rows}
    for kind, name in names - known.keys():
        habit = Habit(member_id=member.id, kind=kind, name=name, times=0, quantity=0, spend=0, last_at=now)
        known[kind, name] = habit
        session.add(habit)
    for line, net in zip(basket["lines"], nets, strict=True):
        for key in (("product", line["sku"]), ("category", line.get("category"))):
            if key in known:
                habit = known[key]
                habit.times += 1
                habit.quantity += line["quantity"]
                habit.spend += net
                habit.last_at = now


def _post(session: Session, terminal: Terminal, card: Card, basket: dict[str, Any]) -> dict[str, Any]:
    member = card.member
    lines, totals = _price(basket, member)
    earned = totals["net"] // 1000
    sale = Sale(
        terminal_id=terminal.id,
        member_id=member.id,
        cashier=basket.get("cashier"),
        receipt=basket["receipt"],
        day=basket["sold_at"].date().isoformat(),
        sold_at=basket["sold_at"],
        gross=totals["gross"],
        discount=totals["discount"],
        net=totals["net"],
        earned=earned,
    )
    session.add(sale)
    for position, (line, priced) in enumerate(zip(basket["lines"], lines, strict=True)):
        sale.lines.append(
            SaleLine(
                position=position,
                line=line["line"],
                sku=line["sku"],
                category=line.get("category"),
                quantity=line["quantity"],
                unit_price=line["unit_price"],
                gross=priced["gross"],
                discount=priced["discount"],
                net=priced["net"],
                units=json.dumps(priced["units"]),
            )
        )
    session.flush()
    if earned:
        lot = Lot(member_id=member.id, sale_id=sale.id, granted=earned, remaining=earned, expires_on="2027-12-31")
        session.add(lot)
        session.flush()
        session.add(
            Entry(
                member_id=member.id,
                lot_id=lot.id,
                sale_id=sale.id,
                at=sale.sold_at,
                kind="earn",
                points=earned,
            )
        )
    member.active += earned
    member.visits += 1
    member.spend += totals["net"]
    member.last_at = sale.sold_at
    _habits(session, member, basket, [line["net"] for line in lines])
    points = {
        "earned": earned,
        "basis": totals["net"],
        "redeemed": 0,
        "active_after": member.active,
        "pending_after": 0,
    }
    return {
        "id": str(sale.id),
        "receipt": sale.receipt,
        "sold_at": sale.sold_at,
        "state": "settled",
        "status": "ok",
        "currency": "VND",
        "member": {"id": str(member.id), "tier": member.tier, "active": member.active},
        "lines": lines,
        "totals": totals,
        "points": points,
        "coupons": [],
        "messages": [],
    }


SALE = SaleSchema()
sales = Blueprint("sales", __name__, url_prefix="/api/v1/sales")


@sales.route("", methods=["POST"])
@sales.arguments(BasketSchema)
@sales.response(201, SaleSchema)
def post_sale(basket: dict[str, Any]) -> Response:
    """One sale: all of it in one session."""
    key = request.headers.get("Idempotency-Key") or abort(400, message="key_missing")
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
    body_hash = hashlib.sha256(request.get_data()).digest()
    with current_app.extensions["sessions"].begin() as session:
        key_hash = hashlib.sha256(bearer.encode()).digest()
        terminal = session.scalar(select(Terminal).where(Terminal.key_hash == key_hash)) or abort(401)
        saved = session.get(Answer, (terminal.id, key))
        if saved is not None:
            if saved.body_hash != body_hash:
                abort(422, message="key_reused")
            return _json(saved.body)
        card = session.scalar(select(Card).where(Card.number == basket["card"])) or abort(404)
        session.refresh(card.member, with_for_update=True)
        body = json.dumps(SALE.dump(_post(session, terminal, card, basket)))
        session.add(Answer(terminal_id=terminal.id, key=key, body_hash=body_hash, status=201, body=body))
    return _json(body)


def _json(body: str) -> Response:
    return current_app.response_class(body, 201, mimetype="application/json")


def create_app(url: str) -> Flask:
    """The reference application on the database that ``url`` names; its tables are created."""
    app = Flask(__name__)
    app.config.update(API_TITLE="textbook", API_VERSION="v1", OPENAPI_VERSION="3.1.0", PROPAGATE_EXCEPTIONS=True)
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _safe_sqlite)
    Base.metadata.create_all(engine)
    app.extensions["sessions"] = sessionmaker(engine, expire_on_commit=False)
    Api(app).register_blueprint(sales)
    return app


def fill(app: Flask, keys: Sequence[str], numbers: Sequence[str], tiers: Sequence[str]) -> None:
    """A terminal for each key, and a member for each card number; tiers in turn."""
    with app.extensions["sessions"].begin() as session:
        for key in keys:
            session.add(Terminal(store="bench", key_hash=hashlib.sha256(key.encode()).digest()))
        for index, number in enumerate(numbers):
            member = Member(tier=tiers[index % len(tiers)], active=0, visits=0, spend=0)
            member.cards.append(Card(number=number))
            session.add(member)


def check(app: Flask) -> int:
    """How many members' balances are not the sum of their entries; 0 is right."""
    with app.extensions["sessions"].begin() as session:
        sums: dict[int, int] = {}
        for member_id, points in session.execute(select(Entry.member_id, Entry.points)):
            sums[member_id] = sums.get(member_id, 0) + points
        return sum(
            sums.get(member_id, 0) != active for member_id, active in session.execute(select(Member.id, Member.active))
        )


def stop(app: Flask) -> None:
    """Close its connections."""
    app.extensions["sessions"].kw["bind"].dispose()


def _safe_sqlite(raw: Any, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        raw.execute(f"PRAGMA {pragma}")
