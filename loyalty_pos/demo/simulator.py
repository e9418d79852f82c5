"""Fills an empty database with six months of the made-up shop, through the services alone.

The simulator is a till like any other: it enrols, sells, returns, and lets the product decide
what everything costs and earns.  The clock moves with the story, bill by bill; each day is one
transaction (``demo/day.py``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from msgspec import Struct

from loyalty_pos.demo import groups, people
from loyalty_pos.demo.catalogue import Product, catalogue
from loyalty_pos.demo.day import in_one_day
from loyalty_pos.demo.opening import ZONE, DemoClock, Lane, Login, OpenShop, open_shop
from loyalty_pos.demo.town import Coupon, Town, enrol, sell, take_back
from loyalty_pos.demo.visits import COFFEE_DAYS, Visit, coffee_days, plan
from loyalty_pos.services import coupons, members, pairs, points, standing
from loyalty_pos.services.context import Request, Services
from loyalty_pos.services.requests import AdjustIn

SEED = 20261121
OPENING, MORNING = time(5), time(6)
COFFEE = "coffee-20k"
STORY_GOODS = ("drinks/coffee", "dairy/milk", "food/rice", "bakery/bread")
LOST_CARD = 7
"""The number of the member who reports a lost card on the last morning."""

Progress = Callable[[int, int], None]


class Good(Struct, frozen=True):
    """A product by its number, with its shelf price in minor units."""

    sku: str
    name: str
    unit_price: int


class DemoShop(Struct, frozen=True):
    """What the ``demo`` command prints, and how much there is."""

    name: str
    store: str
    terminals: dict[str, str]
    """Code -> key, shown this once."""
    logins: list[Login]
    card: str
    """The card of the newcomer's story, with points and a coupon to spend."""
    member: str
    member_name: str
    page: str
    """The path of the story member's own page."""
    coupon: str
    """A code of theirs: 20,000đ off coffee from 120,000đ."""
    blocked_card: str
    goods: list[Good]
    """Some products to type or scan, a coffee for the coupon first."""
    members: int
    sales: int
    returns: int


def fill(
    services: Services,
    now: datetime,
    *,
    seed: int = SEED,
    count: int = 400,
    days: int = 182,
    progress: Progress | None = None,
) -> DemoShop:
    """Build the shop and live its last ``days`` days up to ``now`` (aware), with ``count`` members.

    The database must be migrated and empty; ``count`` is 8 to 1,000.  The same seed, moment and
    sizes give the same sales, to the đồng and to the point.  ``progress`` is told (visits done,
    visits in all) after each day.
    """
    local = now.astimezone(ZoneInfo(ZONE))
    first = local.date() - timedelta(days)
    shop = in_one_day(_at(services, datetime.combine(first, OPENING, local.tzinfo)), open_shop)
    town = Town(people.draw(seed, count, first, local.date()))
    visits = plan(town.people, catalogue(), seed=seed, lanes=len(shop.lanes), first=first, now=local)
    by_day: dict[date, list[Visit]] = defaultdict(list)
    for visit in visits:
        by_day[visit.at.date()].append(visit)
    mailings, evenings = coffee_days(first, local.date()), groups.weeks(local.date())
    sold = returned = 0
    for day, today in sorted(by_day.items()):
        morning = _at(services, datetime.combine(day, MORNING, local.tzinfo))
        live = partial(_live, shop=shop, town=town, day=day, today=today, mail=day in mailings)
        returned += in_one_day(morning, live)
        if day in evenings:
            groups.keep(_at(services, datetime.combine(day, MORNING, local.tzinfo)), shop.manager)
        sold += len(today)
        if progress is not None:
            progress(sold, len(visits))
    return _finished(_at(services, local), shop, town, local.date(), sold, returned)


def _live(services: Services, *, shop: OpenShop, town: Town, day: date, today: list[Visit], mail: bool) -> int:
    """One day: goods brought back, coupons sent, then bill after bill; how many returns."""
    returned = take_back(services, shop.lanes[0], town, day)
    lovers = [number for number in sorted(town.holders) if town.people[number].likes_coffee] if mail else []
    if lovers:
        _send_coffee(services, shop, town, day, day + timedelta(COFFEE_DAYS), lovers)
    bills = [0] * len(shop.lanes)
    for visit in today:
        till = _at(services, visit.at)
        if visit.person is not None and visit.person not in town.holders:
            enrol(till, shop.lanes[0], town, town.people[visit.person])
        bills[visit.lane] += 1
        sell(till, shop.lanes[visit.lane], town, visit, bills[visit.lane])
    return returned


def _at(services: Services, moment: datetime) -> Services:
    return replace(services, clock=DemoClock(moment))


def _best_seller(category: str) -> Product:
    return catalogue().in_category(category)[0]


def _send_coffee(services: Services, shop: OpenShop, town: Town, day: date, until: date, to: list[int]) -> str:
    """The manager sends the coffee coupon to some members; the first one's code."""
    request = Request(shop.manager, f"demo-coffee-coupons-{day:%Y%m%d}")
    chosen = [town.holders[number] for number in to]
    ids = [holder.id for holder in chosen]
    _, sent = coupons.issue_many(services, request, ids, COFFEE, until, "Thường mua cà phê")
    for holder, coupon in zip(chosen, sent["items"], strict=True):
        holder.coupons.append(Coupon(coupon["code"], COFFEE, until.isoformat()))
    return str(sent["items"][0]["code"])


def _unheard(_done: int, _total: int) -> None:
    """Nobody listens."""


def _finished(services: Services, shop: OpenShop, town: Town, today: date, sold: int, returned: int) -> DemoShop:
    """The last morning: a coupon and some points for the story's member, a lost card, and what the night found out."""
    story, holder = town.people[0], town.holders[0]
    lane: Lane = shop.lanes[0]
    coupon = _send_coffee(services, shop, town, today, today + timedelta(15), [0])
    adjustment = AdjustIn(points=200, reason="Quên quét thẻ lần trước")
    points.adjust(services, Request(shop.manager, "demo-forgotten-card-0000"), holder.id, adjustment)
    lost = town.people[LOST_CARD].card
    members.block_card(services, Request(lane.caller, "demo-lost-card-00000007"), lost, "Khách báo mất thẻ")
    standing.judge_all(services, _unheard)
    pairs.count_all(services, _unheard)
    return DemoShop(
        name=shop.name,
        store=shop.store,
        terminals={lane.code: lane.key for lane in shop.lanes},
        logins=shop.logins,
        card=story.card,
        member=holder.id,
        member_name=story.name,
        page=holder.page,
        coupon=coupon,
        blocked_card=lost,
        goods=[Good(found.sku, found.name, found.unit_price) for found in map(_best_seller, STORY_GOODS)],
        members=len(town.holders),
        sales=sold,
        returns=returned,
    )
