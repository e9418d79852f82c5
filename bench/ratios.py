"""``python -m bench.ratios``: what the product costs beside the plain driver and beside a textbook.

Contenders sell the same 10-line baskets on copies of the same database.  They take turns, in
reversed order each round, so that a busy machine hurts all of them alike; a ratio is the median
of the rounds' own ratios.  Afterwards every database's balances must equal its ledger.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from bench import baskets, product, report, shop, tails
from bench.contenders import Contender, ProductService, ProductWsgi, Raw, Rounds, Storage, Textbook
from bench.databases import Databases, open_databases
from bench.meter import Reading, measure
from bench.product import Precomputed
from bench.till import Unexpected
from loyalty_pos.demo.catalogue import programme

TILLS = 16
Say = Callable[[str], None]


class Plan(NamedTuple):
    """``rounds`` after one to warm up, ``sales`` a round, ``members`` in the shop, ``many`` in the big one."""

    rounds: int
    sales: int
    members: int
    many: int

    def baskets(self, members: int) -> Rounds:
        """The baskets of each round, the warming one first, of members anywhere in the shop."""
        return [baskets.make(self.sales, members, TILLS, first=r * self.sales) for r in range(self.rounds + 1)]


def compare(databases: Databases, folder: Path, plan: Plan, say: Say) -> report.Figures:
    """Everything on one engine."""
    rounds, memory = plan.baskets(plan.members), Precomputed()
    base = build(databases, "base", plan.members)
    say(f"{databases.engine}: recording the product's statements")
    tapes = product.record(databases.copy(base, "recorded"), rounds, memory)
    raw = Raw("raw", databases.copy(base, "raw"), tapes)
    readings = take_turns(
        databases,
        [
            raw,
            Storage("storage", databases.copy(base, "storage"), tapes, reads=False),
            Storage("reads", databases.copy(base, "reads"), tapes, reads=True),
            ProductService("service", databases.copy(base, "service"), rounds, memory, TILLS),
            ProductWsgi("bare", databases.copy(base, "bare"), rounds, memory, TILLS),
            ProductWsgi("whole", databases.copy(base, "whole"), rounds, None, TILLS),
            Textbook("textbook", databases.new("textbook"), rounds, plan.members),
        ],
        say,
    )
    groups = raw.player.seconds[len(raw.player.seconds) // len(rounds) :]
    return report.Figures(
        engine=databases.engine,
        sales=plan.sales,
        readings=readings,
        growth=growth(databases, base, plan, say) if plan.many else {},
        raw_tail=tails.tail(groups),
        served_tail=tails.served(databases.copy(base, "served"), folder, rounds, TILLS),
        price=tails.price_alone(databases, base, plan.members),
    )


def growth(databases: Databases, base: str, plan: Plan, say: Say) -> dict[str, list[Reading]]:
    """The whole request in the shop and in the big shop, in turns."""
    say(f"{databases.engine}: making {plan.many} members")
    many = build(databases, "many", plan.many)
    contenders = [
        ProductWsgi("few", databases.copy(base, "few"), plan.baskets(plan.members), None, TILLS),
        ProductWsgi("many", many, plan.baskets(plan.many), None, TILLS),
    ]
    return take_turns(databases, contenders, say)


def build(databases: Databases, name: str, members: int) -> str:
    """A shop with the demo programme."""
    url = databases.new(name)
    rules = programme()
    settings = {"name": rules.shop, "points": rules.points}
    shop.build(url, settings, rules.tiers, rules.promotions, TILLS, members)
    return url


def take_turns(databases: Databases, contenders: Sequence[Contender], say: Say) -> dict[str, list[Reading]]:
    """Each contender's readings, one a round; round 0 warms up and is not kept."""
    readings: dict[str, list[Reading]] = {contender.name: [] for contender in contenders}
    with ExitStack() as stack:
        for contender in contenders:
            stack.callback(contender.close)
        for number in range(contenders[0].rounds):
            for contender in contenders if number % 2 else reversed(contenders):
                reading = measure(lambda c=contender, n=number: c.run(n), databases.cpu)
                readings[contender.name] += [reading] if number else []
            say(f"{databases.engine}: round {number}")
    return readings


def main(arguments: list[str] | None = None) -> int:
    """The command: prints the table; exit status 1 when an answer or a balance was wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.ratios", description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sales", type=int, default=320, help="a round")
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=0, help="also in a shop of so many members (1000000)")
    parser.add_argument("--output", type=Path, help="also write the table to this file")
    options = parser.parse_args(arguments)
    plan = Plan(options.rounds, options.sales, options.members, options.many)

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    figures = []
    for engine in ("sqlite", "postgresql") if options.engine == "both" else (options.engine,):
        with tempfile.TemporaryDirectory(prefix="ratios-") as name:
            databases = open_databases(engine, Path(name))
            try:
                figures.append(compare(databases, Path(name), plan, say))
            except Unexpected as error:
                say(f"FAILED: {error}")
                return 1
            finally:
                databases.close()
    table = report.markdown(figures)
    print(table)
    if options.output:
        options.output.write_text(table, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
