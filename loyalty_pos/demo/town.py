"""The story so far, and what happens at a till: enrolment, sale, return.

A member comes once a day at most, so nobody else touches their ``Holder`` while they are served.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from msgspec import Struct

from loyalty_pos.demo.opening import Lane
from loyalty_pos.demo.people import Person
from loyalty_pos.demo.visits import Visit
from loyalty_pos.domain.basket import Line
from loyalty_pos.services import members, returns, sales
from loyalty_pos.services.context import Request, Services
from loyalty_pos.services.requests import ConsentIn, MemberIn, ReturnIn, ReturnLine, SaleIn

RETURN_AFTER = timedelta(2)
POINTS_AT_ONCE = 5000
SPENT_FROM = 500
CONSENT_TEXT = "demo-1"


class Coupon(Struct, frozen=True):
    """A coupon as its holder remembers it."""

    code: str
    name: str
    valid_to: str


@dataclass
class Holder:
    """What the story knows of a member."""

    id: str
    page: str
    points: int = 0
    coupons: list[Coupon] = field(default_factory=list)

    def brought(self, day: date) -> tuple[str, ...]:
        """The codes to show on ``day``: of each kind the one that ends first."""
        good = sorted((c for c in self.coupons if c.valid_to >= day.isoformat()), key=lambda c: c.valid_to)
        return tuple({coupon.name: coupon.code for coupon in reversed(good)}.values())


class Regret(Struct, frozen=True):
    """A line that will be brought back."""

    sale: str
    receipt: str
    line: str
    quantity: int | str


@dataclass
class Town:
    """Members by their number, and what is still to be brought back, by day."""

    people: Sequence[Person]
    holders: dict[int, Holder] = field(default_factory=dict)
    regrets: dict[date, list[Regret]] = field(default_factory=lambda: defaultdict(list))


def sell(services: Services, lane: Lane, town: Town, visit: Visit, number: int) -> None:
    """Ring up one visit as the lane's bill ``number`` of the day."""
    receipt = f"{lane.code}-{visit.at:%Y%m%d}-{number:04d}"
    request = Request(lane.caller, f"demo-{receipt}")
    lines = tuple(
        Line(line=str(place), sku=product.sku, quantity=quantity, unit_price=product.unit_price)
        for place, (product, quantity) in enumerate(visit.goods, start=1)
    )
    if visit.person is None:
        sales.sell(services, request, SaleIn(lines=lines, receipt=receipt, cashier=lane.cashier))
        return
    person, holder = town.people[visit.person], town.holders[visit.person]
    spends = visit.spends_points and holder.points >= SPENT_FROM
    _, sale = sales.sell(
        services,
        request,
        SaleIn(
            lines=lines,
            receipt=receipt,
            cashier=lane.cashier,
            card=person.card,
            entry="scan",
            coupons=holder.brought(visit.at.date()) if visit.brings_coupons else (),
            redeem_points=min(holder.points // 100 * 100, POINTS_AT_ONCE) if spends else 0,
        ),
    )
    _remember(holder, sale)
    if visit.regrets:
        product, quantity = visit.goods[0]
        regret = Regret(sale["id"], f"{receipt}-R", "1", quantity if isinstance(quantity, str) else 1)
        town.regrets[visit.at.date() + RETURN_AFTER].append(regret)


def _remember(holder: Holder, sale: dict[str, Any]) -> None:
    used = {coupon["code"] for coupon in sale["coupons"] if coupon["status"] == "applied"}
    given = [Coupon(new["code"], new["name"], new["valid_to"]) for new in sale["next_coupons"]]
    holder.coupons = [coupon for coupon in holder.coupons if coupon.code not in used] + given
    holder.points = sale["points"]["active_after"]


def enrol(services: Services, lane: Lane, town: Town, person: Person) -> None:
    """A free card at the till, with the consents that were given (S51)."""
    given = person.name.split()[-1]
    consents = [ConsentIn(purpose="programme", given=True, text_version=CONSENT_TEXT)]
    if person.marketing:
        consents.append(ConsentIn(purpose="profiling", given=True, text_version=CONSENT_TEXT))
        consents.append(ConsentIn(purpose="marketing", channel="zalo", given=True, text_version=CONSENT_TEXT))
    body = MemberIn(
        card=person.card,
        name=person.name,
        call_name=f"{'chị' if person.gender == 'female' else 'anh'} {given}",
        phone=person.phone,
        birthday=person.birthday,
        gender="female" if person.gender == "female" else "male",
        address=person.address,
        interests=tuple(person.interests),
        consents=tuple(consents),
    )
    _, enrolled = members.enrol(services, Request(lane.caller, f"demo-member-{person.number:05d}"), body)
    town.holders[person.number] = Holder(enrolled["member"]["id"], enrolled["page"])


def take_back(services: Services, lane: Lane, town: Town, day: date) -> int:
    """The returns of a morning; how many."""
    regrets = town.regrets.pop(day, [])
    for regret in sorted(regrets, key=lambda regret: regret.receipt):
        body = ReturnIn(lines=(ReturnLine(line=regret.line, quantity=regret.quantity),), receipt=regret.receipt)
        returns.give_back(services, Request(lane.caller, f"demo-{regret.receipt}"), regret.sale, body)
    return len(regrets)
