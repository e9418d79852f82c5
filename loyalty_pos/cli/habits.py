"""``habits``: what members buy, counted anew from the sales; what they buy next, from a file of lines; and the models
by which the nights ranked it.

Ranking needs the extra ``analysis``.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from loyalty_pos.cli.base import all_items, json_option, opened, progress, show, table, user_language
from loyalty_pos.insight import need
from loyalty_pos.services import profiles, ranking

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class Moment(click.ParamType[datetime]):
    """A time as ISO 8601 writes it; without an offset it is the time of the file."""

    name = "TIMESTAMP"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The time, or wrong usage."""
        if isinstance(value, datetime):
            return value
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            self.fail("write it as 2026-11-24 or 2026-11-24T07:00:00+07:00", param, ctx)


class Memory(click.ParamType[str]):
    """An amount of memory that both engines understand."""

    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The amount, or wrong usage."""
        if not re.fullmatch(r"[1-9][0-9]{0,5}[MG]B", value):
            self.fail("write it as 512MB or 4GB", param, ctx)
        return str(value)


@click.group()
def habits() -> None:
    """What members buy, and what they buy next."""


@habits.command()
@json_option
def rebuild(as_json: bool) -> None:
    """Count the habits of every member anew from the sales.

    Every sale keeps them right by itself; this is for a doubt, or after the shop's time zone was
    changed.  Tills may sell meanwhile.
    """
    with opened() as services, progress("Members", 1000) as tell:
        done = profiles.rebuild(services, lambda number, total: tell(1000 * number // total))
    show(as_json, done, f"The habits of {done['members']} members are counted anew.")


@habits.command()
@click.option("--lines", type=FILE, required=True, help="Lines sold, .parquet or .csv: member, time, basket, sku, ...")
@click.option("--members", type=FILE, help="Rank these alone: member and, for newcomers, segment or store.")
@click.option("--cut", type=Moment(), help="Look at nothing from this time on (default: the whole file).")
@click.option("--top", type=click.IntRange(0), default=20, show_default=True, help="Items a member; 0 = all.")
@click.option(
    "--model", type=click.Choice(["logistic", "boosted"]), default="logistic", show_default=True, help="The model."
)
@click.option(
    "--level", type=click.Choice(["product", "category"]), default="product", show_default=True, help="What is ranked."
)
@click.option(
    "--engine", type=click.Choice(["duckdb", "spark"]), default="duckdb", show_default=True, help="What computes it."
)
@click.option("--threads", type=click.IntRange(1), help="Threads of the engine (default: all cores).")
@click.option("--memory", type=Memory(), help="Memory of the engine, such as 4GB (default: most of the machine's).")
@click.option("--language", type=click.Choice(["vi", "en"]), help="Of the reasons (default: this machine's).")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="RANK.parquet or RANK.csv.")
@json_option
def rank(as_json: bool, language: Any, **options: Any) -> None:
    """Rank what each member buys next, each item with its chance within 28 days and a reason."""
    need("analysis")
    if options["model"] == "boosted":
        need("boosted")
    if options["engine"] == "spark":
        need("spark")
    from loyalty_pos.insight import rank as ranking

    with progress("Ranking", 100) as tell:
        found = ranking.rank(ranking.Job(language=language or user_language(), **options), tell)
    show(as_json, found, _text(found))


@habits.command()
@json_option
def models(as_json: bool) -> None:
    """The models by which the nightly job `rank` made its lists, the newest first, and what each was worth.

    Measured on the 28 days before its night: learned on what stood before them, then compared with what was bought.
    """
    with opened() as services:
        items = all_items(lambda cursor: ranking.models(services, cursor))
    head = ["id", "day", "kind", "lines", "learned from", "pairs", "said", "bought", "AUC"]
    rows = [
        [one["id"], one["day"], one["kind"], str(one["lines"]), str(one["learned_from"]), *_measure(one["quality"])]
        for one in items
    ]
    show(as_json, {"items": items}, table([head, *rows]))


def _measure(quality: dict[str, Any] | None) -> list[str]:
    names = ("pairs", "said", "bought", "auc")
    return ["-" if quality is None or quality[name] is None else str(quality[name]) for name in names]


def _text(found: dict[str, Any]) -> str:
    left = "".join(
        f"\nLeft out: {found[name]} {words}."
        for name, words in (
            ("without_member", "lines without a member"),
            ("returned", "lines of no or negative quantity"),
        )
        if found[name]
    )
    model = "learned on these lines" if found["learned_here"] else "the shipped weights (too little to learn from)"
    return f"{found['members']} members, {found['rows']} rows.  Model: {model}.{left}"
