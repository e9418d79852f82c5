"""``python -m bench.replay``: a year of real baskets through the served product, then its books.

8 tills send 155,848 baskets as card swipes and sales in time order, over HTTP, to the product as
it is served.  Afterwards ``ledger check`` must be clean, and visits, spend and points of each of
the 2,469 households must be what an independent computation over the file says.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from bench import lanes, shop
from bench.databases import Databases, open_databases
from bench.journey import CENTS_PER_POINT, Figures, Journey, Ticket
from bench.meter import quantile
from bench.server import Server
from bench.till import Till, Unexpected, expect
from loyalty_pos.services import ledger

TILLS = 8
RSS_GOAL_MIB = 250
SETTINGS: dict[str, Any] = {
    "name": "Complete Journey",
    "currency": "USD",
    "zone": "UTC",
    "language": "en",
    "points": {
        "earn": [{"points": 1, "per_amount": CENTS_PER_POINT, "per": "amount", "basis": "paid"}],
        "redeem": {"value": 1, "min": 100, "step": 1, "max_percent_of_ticket": 50},
        "pending_days": 0,
        "expiry": {"mode": "never"},
    },
}
_OK = re.compile(rb'"status": ?"ok"')


class _Swiped(msgspec.Struct):
    swipe_id: str


class _Member(msgspec.Struct):
    id: str


class _Card(msgspec.Struct):
    number: str


class _Enrolled(msgspec.Struct):
    member: _Member
    card: _Card


_read_swipe = msgspec.json.Decoder(_Swiped).decode
_read_enrolled = msgspec.json.Decoder(_Enrolled).decode


def replay(engine: str, limit: int | None, folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Run it; the figures.  Raises Unexpected when an answer or a household is wrong."""
    journey = Journey(limit)
    expected = journey.expected()
    say(f"{len(expected)} households; reading the baskets")
    tickets = list(journey.tickets())
    databases = open_databases(engine, folder)
    try:
        url = databases.new("replay")
        keys = shop.build(url, SETTINGS, tiers=[], tills=TILLS)
        with Server(url, folder) as server:
            figures = _drive(server, databases, url, keys, tickets, expected, say)
        figures["ledger"] = check_ledger(url)
        figures["bytes_on_disk"] = databases.size(url)
        return {"engine": engine, **figures}
    finally:
        databases.close()


def check_ledger(url: str) -> str:
    """``clean``, or what ``ledger check`` finds."""
    services = shop.services_on(url, datetime(2018, 1, 2, tzinfo=UTC))
    try:
        found = ledger.check(services)
    finally:
        services.store.close()
    return "\n".join(found) or "clean"


def _drive(
    server: Server,
    databases: Databases,
    url: str,
    keys: list[str],
    tickets: list[Ticket],
    expected: dict[int, Figures],
    say: Callable[[str], None],
) -> dict[str, Any]:
    with Till(server.port, keys[0]) as office:
        members, cards = _enrol(office, list(expected), tickets[0].second - 3600)
    say(f"{len(members)} households enrolled; {len(tickets)} baskets from {len(keys)} tills")
    began_cpu, began_db = server.cpu(), databases.cpu()
    times = lanes.run(server.port, keys, tickets, _visit(cards), _progress(say, len(tickets)))
    cpu, database_cpu = server.cpu() - began_cpu, databases.cpu() - began_db
    swipes, sales = times.calls
    wrong = _wrong(server, members, expected)
    if wrong:
        raise Unexpected(f"{len(wrong)} households differ, the first: {wrong[0]}")
    return {
        "sales": len(tickets),
        "lines": sum(ticket.lines for ticket in tickets),
        "households_equal": len(expected),
        "seconds": round(times.wall, 1),
        "sales_per_second": round(len(tickets) / times.wall, 1),
        "swipe_ms": _spread(swipes),
        "sale_ms": _spread(sales),
        "server_cpu_ms_per_sale": round(cpu * 1000 / len(tickets), 3),
        "database_cpu_ms_per_sale": round(database_cpu * 1000 / len(tickets), 3),
        "server_rss_mib": round(server.rss() / 2**20, 1),
        "server_pss_mib": round(server.pss() / 2**20, 1),
    }


def _enrol(office: Till, households: list[int], second: int) -> tuple[dict[int, str], dict[int, str]]:
    members, cards = {}, {}
    for household in households:
        key = b"Idempotency-Key: journey-household-%d" % household
        answer = office.post(b"/api/v1/members", b"{}", key, b"X-Replay-Time: %d" % second)
        enrolled = _read_enrolled(expect(answer, 201))
        members[household], cards[household] = enrolled.member.id, enrolled.card.number
    return members, cards


def _visit(cards: dict[int, str]) -> Callable[[Till, Ticket], tuple[float, ...]]:
    clock = time.perf_counter

    def visit(till: Till, ticket: Ticket) -> tuple[float, ...]:
        at = b"X-Replay-Time: %d" % ticket.second
        card = cards[ticket.household].encode()
        began = clock()
        answer = till.post(b"/api/v1/cards/identify", b'{"swipe":"%s","entry":"scan"}' % card, at)
        swiped = clock()
        head = b'{"swipe_id":"%s","card":"%s","entry":"scan","receipt":"%s","sold_at":"%s","lines":' % (
            _read_swipe(expect(answer, 200)).swipe_id.encode(),
            card,
            ticket.receipt.encode(),
            ticket.sold_at.encode(),
        )
        key = b"Idempotency-Key: journey-sale-" + ticket.receipt.encode()
        asked = clock()
        answer = till.post(b"/api/v1/sales", head + ticket.body + b"}", key, at)
        sold = clock()
        if not _OK.search(expect(answer, 201)):
            raise Unexpected(f"receipt {ticket.receipt} is not ok: {answer.body[:400]!r}")
        return swiped - began, sold - asked

    return visit


def _wrong(server: Server, members: dict[int, str], expected: dict[int, Figures]) -> list[str]:
    wrong = []
    with Till(server.port, shop.token()) as manager:
        for household, figures in expected.items():
            base = f"/api/v1/members/{members[household]}"
            profile = json.loads(expect(manager.get(f"{base}/profile".encode()), 200))
            points = json.loads(expect(manager.get(f"{base}/points".encode()), 200))
            balance = points["active"] + points["pending"] + points["held"]
            found = Figures(profile["visits"], profile["spend"], balance)
            if found != figures:
                wrong.append(f"household {household}: {found} instead of {figures}")
    return wrong


def _spread(seconds: list[float]) -> dict[str, float]:
    return {f"p{share}": round(quantile(seconds, share / 100) * 1000, 2) for share in (50, 99)}


def _progress(say: Callable[[str], None], total: int) -> Callable[[int], None]:
    began, said = time.perf_counter(), [0.0]

    def progress(taken: int) -> None:
        passed = time.perf_counter() - began
        if passed - said[0] >= 30:
            said[0] = passed
            say(f"{taken} of {total} baskets, {taken / passed:.0f} a second")

    return progress


def main(arguments: list[str] | None = None) -> int:
    """The command: prints one JSON object, exit status 1 when something was wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.replay", description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--limit", type=int, help="only the first so many baskets")
    options = parser.parse_args(arguments)

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="replay-") as folder:
        try:
            figures = replay(options.engine, options.limit, Path(folder), say)
        except Unexpected as error:
            say(f"FAILED: {error}")
            return 1
    print(json.dumps(figures, indent=2))
    if figures["server_rss_mib"] > RSS_GOAL_MIB:
        say(f"the server's memory is above {RSS_GOAL_MIB} MiB")
    return 0 if figures["ledger"] == "clean" else 1


if __name__ == "__main__":
    sys.exit(main())
