"""``adapters``: the POS systems we speak with, and the beginning of a new one."""

from __future__ import annotations

from pathlib import Path

import click

from loyalty_pos import registry
from loyalty_pos.cli.base import json_option, show, table


@click.group()
def adapters() -> None:
    """Adapters: one for each POS system."""


@adapters.command("list")
@json_option
def list_adapters(as_json: bool) -> None:
    """The adapters that are here, built in or installed."""
    items = [
        {"code": code, "title": adapter.title, "caps": sorted(cap.value for cap in adapter.caps)}
        for code, adapter in registry.adapters().items()
    ]
    rows = [[str(x["code"]), ", ".join(x["caps"]), str(x["title"])] for x in items]
    show(as_json, {"items": items}, table([["code", "does", "title"], *rows]))


@adapters.command()
@click.argument("name")
@json_option
def new(name: str, as_json: bool) -> None:
    """Begin the adapter NAME in this checkout: the reference one and its contract test, copied."""
    written = [str(path) for path in registry.scaffold(name, Path.cwd())]
    show(as_json, {"files": written}, "\n".join(written))
