"""The product against the ledger in a page (model.py): any history, the same balances after every step.

Hypothesis draws histories of 50 steps: each verb of a till is a rule, so are a lost answer, a
restart, the clock and the jobs.  After every step all balances and the states of all coupons are
compared, every answer with its figures, and at the end the ledger proves its own laws.

A new verb is one more rule here and one more method there.
"""

from __future__ import annotations

import hashlib
import itertools
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from actions import CountingIds, FixedClock
from amounts import SEED, amount
from conftest import SEAL_KEY, SECRET
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from property.model import Checkout, Member, Sale
from services.lane import Books, Lane, bread, fresh_key, same

from loyalty_pos import jobs
from loyalty_pos.errors import Conflict
from loyalty_pos.services import batch, profiles, programme, rules, stores
from loyalty_pos.services.context import SYSTEM, Request, Services, to_ms
from loyalty_pos.services.rules import RuleBooks
from loyalty_pos.services.staff import by_terminal_key
from loyalty_pos.storage.engine import open_store

pytestmark = pytest.mark.long

STEPS = 50
PART = {"sqlite": amount(750, 18_750), "postgresql": amount(250, 6_250)}
"""Histories of each of the two parts on an engine: 2,000 in all, 50,000 in soak."""
WEEK_MS = 7 * 86_400_000
DUE = ("release-holds", "release-points", "expire-points", "seal-ledger")
"""The jobs that move points; a backup at every step would take as long as everything else."""
FOREVER = date(2099, 12, 31)
RENEW = 25
"""Histories in one PostgreSQL database: making one takes as long as a history."""
PROGRAMME = {"points": {"pending_days": 1, "expiry": {"mode": "days", "days": 10}, "redeem": {"min": 10}}}
TENTH = {"code": "ten-percent", "trigger": "coupon", "name": {"vi": "Giảm 10%", "en": "10% off"},
         "rewards": [{"kind": "percent_off", "percent": 10, "scope": {"all": True}, "level": "basket"}]}  # fmt: skip
Json = dict[str, Any]

prices = st.integers(1, 60).map(lambda thousands: thousands * 1_000)
units = st.integers(1, 4)
points = st.sampled_from((1_000, 0, 100, 10))
picks = st.integers(0, 7)
waits = st.sampled_from((1_440, 1, 10, 16, 300, 2_880, 14_400))


class World:
    """A shop on a fresh database for each history (PostgreSQL: each 25), opened and opened again."""

    def __init__(self, template: str, folder: Path) -> None:
        self._template, self._folder, self._histories = template, folder, itertools.count()
        self._url, self._services, self.clock = "", None, FixedClock()
        self._ids = CountingIds()
        self._key = ""

    @property
    def lane(self) -> Lane:
        """The lane, on the services that are open now."""
        if self._services is None:
            self._services = self._open(self._url)
        return Lane(self._services, by_terminal_key(self._services, self._key))

    def begin(self) -> None:
        """A shop without customers."""
        self.clock.at = FixedClock().at
        number = next(self._histories)
        if self._template.startswith("sqlite"):
            self._new_database(f"sqlite:///{self._folder / 'history.db'}")
        elif number % RENEW == 0:
            self._new_database(self._template.replace("/template_loyalty?", "/history?"))

    def _open(self, url: str) -> Services:
        return Services(open_store(url), self.clock, self._ids, SECRET, RuleBooks(), seal_key=SEAL_KEY)

    def restart(self) -> None:
        """Close the services; the next call opens them again."""
        if self._services is not None:
            self._services.store.close()
            self._services = None

    def _new_database(self, url: str) -> None:
        self.restart()
        self._url = url
        if url.startswith("sqlite"):
            for suffix in ("", "-wal", "-shm"):
                (self._folder / f"history.db{suffix}").unlink(missing_ok=True)
            shutil.copy(self._template.removeprefix("sqlite:///"), self._folder / "history.db")
        else:
            admin = self._template.replace("+psycopg", "").replace("/template_loyalty?", "/postgres?")
            with psycopg.connect(admin, autocommit=True) as connection:
                connection.execute("DROP DATABASE IF EXISTS history WITH (FORCE)")
                connection.execute("CREATE DATABASE history TEMPLATE template_loyalty STRATEGY file_copy")
        services = self._services = self._open(url)
        stores.add_store(services, Request(SYSTEM), "s1", "Hàng Bông")
        self._key = stores.add_terminal(services, Request(SYSTEM), "s1-1", "s1")[1]["key"]
        programme.change(services, Request(SYSTEM), PROGRAMME)
        services.store.write(lambda tx: _promote(services, tx))


def _promote(services: Services, tx: Any) -> None:
    now = services.now_ms()
    number = rules.stored.bump(tx, now, "test", "promotions")
    row = rules.stored.StoredPromotion("ten-percent", 1, "active", TENTH, now, "test", number)
    rules.stored.add_promotion(tx, row)


def plain(n: int, each: int) -> Sale:
    """A bill without coupon or points."""
    return Sale(n, each, 0, 0, n * each // 1_000, None)


class Ledger(RuleBasedStateMachine):
    """Two members, their model, and what is open between them and the shop."""

    world: World

    @initialize()
    def open_the_shop(self) -> None:
        """Two members who have been here before, with points, a coupon and goods to return."""
        self.world.begin()
        lane = self.world.lane
        made = [lane.enrols() for _ in range(2)]
        self.ids = [one["member"]["id"] for one in made]
        self.cards = [one["card"]["number"] for one in made]
        self.members = [Member(), Member()]
        self.opened: list[tuple[int, str, Checkout]] = []
        self.sold: list[tuple[int, str, Sale]] = []
        self.forgotten: list[tuple[str, int, Sale]] = []
        self.lost: str | None = None
        for who in range(2):
            self.grant(who, 60)
            self.issue(who)
            self.earn(who, 3, 40_000, False, 0)
            self.earn(who, 2, 20_000, True, 10)
        self.expire(2_880)

    @property
    def now(self) -> int:
        """The server's time."""
        return to_ms(self.world.clock.at)

    def asks(self, verb: str, *args: Any, **fields: Any) -> Json:
        """One write; when its answer is lost, the same again (after a restart, perhaps) answers the same."""
        key = fresh_key()
        answer = getattr(self.world.lane, verb)(*args, key=key, **fields)
        if self.lost is not None:
            if self.lost == "restart":
                self.world.restart()
            assert same(getattr(self.world.lane, verb)(*args, key=key, **fields), answer), "L10"
            self.lost = None
        return answer  # type: ignore[no-any-return]

    def basket(self, who: int, coupon: bool, asked: int) -> tuple[str | None, Json]:
        """The newest coupon if one is shown, and what identifies the member."""
        code = next(reversed(self.members[who].coupons), None) if coupon else None
        return code, {"card": self.cards[who], "redeem_points": asked, "coupons": [code] if code else []}

    @rule(who=st.integers(0, 1), amount=st.sampled_from((10, 60, 300)))
    def grant(self, who: int, amount: int) -> None:
        """Points by hand."""
        self.asks("adjusts", self.ids[who], amount)
        self.members[who].grant(amount, self.now)

    @rule(who=st.integers(0, 1))
    def issue(self, who: int) -> None:
        """A coupon."""
        self.members[who].coupons[self.world.lane.issues(self.ids[who], valid_to=FOREVER)] = "issued"

    @rule(who=st.integers(0, 1), n=units, each=prices, coupon=st.booleans(), asked=points)
    def earn(self, who: int, n: int, each: int, coupon: bool, asked: int) -> None:
        """A sale in one call."""
        member = self.members[who]
        code, fields = self.basket(who, coupon, asked)
        expected = member.price(n, each, code, asked, self.now)
        receipt = self.world.lane.receipt()
        sold = self.asks("sells", bread(each, quantity=n), receipt=receipt, **fields)
        self.compare(sold, expected)
        member.settle(expected, self.now)
        self.sold.append((who, sold["id"], expected))

    @rule(who=st.integers(0, 1), n=units, each=prices, coupon=st.booleans(), asked=points)
    def hold(self, who: int, n: int, each: int, coupon: bool, asked: int) -> None:
        """A checkout."""
        member = self.members[who]
        code, fields = self.basket(who, coupon, asked)
        expected = member.price(n, each, code, asked, self.now)
        opened = self.asks("opens", bread(each, quantity=n), **fields)
        self.compare(opened, expected)
        self.opened.append((who, opened["id"], member.hold(expected, self.now)))

    @rule(pick=picks)
    def settle(self, pick: int) -> None:
        """Pay a checkout, late or not."""
        if self.opened:
            who, name, checkout = self.opened.pop(pick % len(self.opened))
            self.compare(sold := self.asks("settles", name, receipt=self.world.lane.receipt()), checkout.sale)
            self.members[who].settle(checkout.sale, self.now, checkout)
            self.sold.append((who, sold["id"], checkout.sale))

    @rule(pick=picks)
    def void(self, pick: int) -> None:
        """Give up a checkout."""
        if self.opened:
            who, name, checkout = self.opened.pop(pick % len(self.opened))
            self.asks("voids", name)
            self.members[who].release(checkout, "voided")

    @rule(pick=picks)
    def give_one_back(self, pick: int) -> None:
        """One unit of a sale."""
        self.give_back(pick, 1)

    @rule(pick=picks)
    def give_all_back(self, pick: int) -> None:
        """Whatever is left of a sale."""
        self.give_back(pick, 4)

    def give_back(self, pick: int, most: int) -> None:
        """Return up to so many units of a sale."""
        if not self.sold:
            return
        who, name, sale = self.sold[pick % len(self.sold)]
        count = min(most, sale.units - sale.back)
        back = self.asks("takes_back", name, ("1", count), receipt=self.world.lane.receipt())
        found = back["refund"], back["pay_back"], back["points"]["given_back"], back["points"]["taken_back"]
        assert found == self.members[who].give_back(sale, count, self.now)
        if sale.back == sale.units:
            self.sold.remove((who, name, sale))

    @rule(pick=picks, n=units, each=prices, coupon=st.booleans(), asked=points)
    def exchange(self, pick: int, n: int, each: int, coupon: bool, asked: int) -> None:
        """One unit of a sale for a new bill: the return first, then the sale, at once (S31)."""
        if not self.sold:
            return
        who, name, sale = self.sold[pick % len(self.sold)]
        member = self.members[who]
        code, fields = self.basket(who, coupon, asked)
        back = self.asks(
            "exchanges", name, [("1", 1)], bread(each, quantity=n), receipt=self.world.lane.receipt(), for_=fields
        )
        found = back["refund"], back["pay_back"], back["points"]["given_back"]
        assert found == member.give_back(sale, 1, self.now)[:3]
        expected = member.price(n, each, code, asked, self.now)
        self.compare(back["sale"], expected)
        member.settle(expected, self.now)
        self.sold.append((who, back["sale"]["id"], expected))
        if sale.back == sale.units:
            self.sold.remove((who, name, sale))

    @rule(n=units, each=prices)
    def forget(self, n: int, each: int) -> None:
        """A sale to somebody whose card lies at home."""
        sold = self.asks("sells", bread(each, quantity=n), receipt=self.world.lane.receipt())
        self.forgotten.append((sold["id"], self.now, plain(n, each)))

    @rule(pick=picks, who=st.integers(0, 1))
    def attach(self, pick: int, who: int) -> None:
        """The card is shown afterwards; it earns as of the sale, within a week (S42)."""
        if not self.forgotten:
            return
        name, at, sale = self.forgotten.pop(pick % len(self.forgotten))
        if self.now - at > WEEK_MS:
            with pytest.raises(Conflict, match="attach_too_late"):
                self.asks("attaches", name, self.cards[who])
            return
        assert self.asks("attaches", name, self.cards[who])["points"]["earned"] == sale.earned
        self.members[who].grant(sale.earned, at, sale)
        self.sold.append((who, name, sale))

    @rule(who=st.integers(0, 1))
    def merge(self, who: int) -> None:
        """The other was the same person all along (S43); somebody new comes in the other's place."""
        other = 1 - who
        if any(sum(lot.held for lot in member.lots) for member in self.members):
            with pytest.raises(Conflict, match="member_busy"):
                self.asks("merges", self.ids[other], self.ids[who])
            return
        self.asks("merges", self.ids[other], self.ids[who])
        self.members[who].join(self.members[other])
        self.sold = [(who, *rest) for _, *rest in self.sold]
        self.opened = [(who, *rest) for _, *rest in self.opened]
        made = self.world.lane.enrols()
        self.ids[other], self.cards[other] = made["member"]["id"], made["card"]["number"]
        self.members[other] = Member()

    @rule(who=st.integers(0, 1), bills=st.lists(st.tuples(units, prices), min_size=1, max_size=3), ago=waits)
    def sync(self, who: int, bills: list[tuple[int, int]], ago: int) -> None:
        """Sales of a till that was offline, at the price they were sold (S47), in one call."""
        at = self.world.clock.at - timedelta(minutes=ago)
        items = [
            {"kind": "sale", "key": fresh_key(), "lines": [bread(each, quantity=n)], "card": self.cards[who],
             "entry": "scan", "as_sold": True, "sold_at": at.isoformat(), "receipt": self.world.lane.receipt()}
            for n, each in bills
        ]  # fmt: skip
        found = self.send_batch(items)
        if self.lost is not None:
            assert self.send_batch(items) == found
            self.lost = None
        for (n, each), item in zip(bills, found, strict=True):
            assert item["status"] == "ok"
            sale = plain(n, each)
            self.members[who].settle(sale, self.now, at=to_ms(at))
            self.sold.append((who, item["id"], sale))

    def send_batch(self, items: list[Json]) -> list[Json]:
        """The items' answers."""
        lane = self.world.lane

        def digest(method: str, path: str, body: object) -> bytes:
            return hashlib.sha256(f"{method} {path}".encode() + msgspec.json.encode(body, order="sorted")).digest()

        body = batch.BatchIn(sales=[dict(item) for item in items])
        found: list[Json] = batch.run(lane.services, lane.caller, body, lambda _raw: None, digest)["items"]
        return found

    @rule(minutes=waits)
    def wait(self, minutes: int) -> None:
        """Time goes by; no job runs."""
        self.world.clock.move(minutes=minutes)

    @rule(minutes=waits)
    def expire(self, minutes: int) -> None:
        """Time goes by, and the jobs run."""
        self.world.clock.move(minutes=minutes)
        for job in DUE:
            jobs.run(self.world.lane.services, job)
        for member in self.members:
            member.clock(self.now)

    @rule(how=st.sampled_from(("answer", "restart")))
    def cut(self, how: str) -> None:
        """The answer of the next write will not arrive."""
        self.lost = how

    @rule()
    def restart(self) -> None:
        """Everything is closed and opened again."""
        self.world.restart()

    def compare(self, answer: Json, expected: Sale) -> None:
        """The figures of a bill."""
        totals, told = answer["totals"], answer["points"]
        assert totals["net"] == expected.units * expected.each
        assert totals["to_pay"] == totals["net"] - expected.value
        assert (told["redeemed"], told["earned"]) == (expected.value // 10, expected.earned)

    @invariant()
    def the_same(self) -> None:
        """Balances and coupons are those of the model."""
        books = Books(self.world.lane.services)
        one, other = map(int, self.ids)
        sql = "SELECT id, active, pending, held, spent, expired, shortfall FROM members WHERE id IN (?, ?)"
        found = {row[0]: row[1:] for row in books.rows(sql, one, other)}
        assert [found[one], found[other]] == [member.balances() for member in self.members]
        coupons = dict(books.rows("SELECT code, state FROM coupons WHERE member_id IN (?, ?)", one, other))
        assert coupons == self.members[0].coupons | self.members[1].coupons

    def teardown(self) -> None:
        """At the end of a history the ledger proves itself."""
        if hasattr(self, "ids"):
            faults = Books(self.world.lane.services).faults()
            # L11 compares with the last run of a job, and each history has a clock of its own.
            assert [one for one in faults if not one.startswith("L11")] == []
            books = Books(self.world.lane.services)
            before = books.state()
            profiles.rebuild(self.world.lane.services, lambda _number, _total: None)
            assert books.state() == before, "habits counted anew"


@pytest.fixture
def fast_folder() -> Iterator[Path]:
    """A folder in memory where there is one: the disk has tests of its own."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="loyalty-model-", dir=memory if memory.is_dir() else None))
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("part", [1, 2])
@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_any_history_is_that_of_the_model(
    engine: str, part: int, fast_folder: Path, request: pytest.FixtureRequest
) -> None:
    """Reliability rows 2 and 3: 0 mismatches."""
    if engine == "sqlite":
        template = f"sqlite:///{request.getfixturevalue('sqlite_template')}"
    else:
        admin = request.getfixturevalue("postgres_server")
        template = admin.replace("/postgres?", "/template_loyalty?").replace("postgresql://", "postgresql+psycopg://")
    world = World(template, fast_folder)
    machine = seed(SEED + part)(type("ThisLedger", (Ledger,), {"world": world}))
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=PART[engine],
            stateful_step_count=STEPS,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    world.restart()
