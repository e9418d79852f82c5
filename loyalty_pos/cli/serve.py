"""``serve`` and ``demo``: the service, on the shop's own database or on a made-up one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import msgspec

from loyalty_pos.app import SystemClock, make_services
from loyalty_pos.cli import serving
from loyalty_pos.cli.base import at_hand, json_option, opened, progress, show, table
from loyalty_pos.config import Config, load_config
from loyalty_pos.services import backup
from loyalty_pos.storage import migrate

PORT = click.IntRange(1, 65535)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--host", help="Address to listen on (default: the setting, 127.0.0.1).")
@click.option("--port", type=PORT, help="Port to listen on (default: the setting, 8080).")
@click.option("--tls-cert", type=FILE, help="Certificate chain (PEM): serve https directly.")
@click.option("--tls-key", type=FILE, help="Private key of the certificate (PEM).")
@click.option("--no-jobs", is_flag=True, help="Do not run the due jobs; `jobs run` does it elsewhere.")
@click.option("--threads", type=click.IntRange(1, 256), default=16, show_default=True, help="Threads of a process.")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes (PostgreSQL only; default: one a core).")
def serve(
    host: str | None,
    port: int | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    no_jobs: bool,
    threads: int,
    workers: int | None,
) -> None:
    """Serve the API, the till, the members' pages and the console.

    An embedded database is brought to the newest migration first, after a checked backup.  It is
    served by one process; PostgreSQL by one for each core.
    """
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key belong together.")
    config = load_config()
    config = replace(config, host=host or config.host, port=port or config.port)
    if workers is not None and workers > 1 and config.database_url.startswith("sqlite"):
        raise click.UsageError("An embedded database has one process; use PostgreSQL for more.")
    if config.database_url.startswith("sqlite"):
        with at_hand(config) as services:
            done = backup.upgrade(services)
        if done["backup"]:
            click.echo(f"Upgraded to {done['revision']}; the database before it is {done['backup']}", err=True)
    else:
        with opened(config):
            pass
    tls = (tls_cert, tls_key) if tls_cert and tls_key else None
    shown = f"{'https' if tls else 'http'}://{config.host}:{config.port}"
    click.echo(f"Serving {shown}  (stop with Ctrl+C)", err=True)
    count = workers or serving.default_workers(config)
    serving.serve(config, threads=threads, workers=count, with_jobs=not no_jobs, tls=tls)


@click.command()
@click.option("--no-serve", is_flag=True, help="Only make the shop; do not serve it.")
@click.option("--port", type=PORT, envvar="LOYALTY_POS_PORT", default=8080, show_default=True, help="Port to serve.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="LOYALTY_POS_DATA",
    default=Path("var"),
    show_default=True,
    help="Folder for demo.db; a demo of before is replaced.",
)
@click.option("--members", type=click.IntRange(8, 1000), default=400, show_default=True, help="Members of the shop.")
@click.option("--days", type=click.IntRange(7, 365), default=182, show_default=True, help="Days of sales.")
@json_option
def demo(no_serve: bool, port: int, data: Path, members: int, days: int, as_json: bool) -> None:
    """A small made-up shop, ready to click through: half a year of sales in an embedded database."""
    from loyalty_pos.demo.simulator import fill

    if not no_serve:
        serving.check_port("127.0.0.1", port)
    config = _demo_config(data, port)
    services = make_services(config)
    try:
        with progress(f"{days} days of sales", 1000) as tell:
            shop = fill(
                services,
                SystemClock().now(),
                count=members,
                days=days,
                progress=lambda done, total: tell(1000 * done // max(total, 1)),
            )
    finally:
        services.store.close()
    answer = msgspec.to_builtins(shop) | {"url": config.public_url, "database": config.database_url}
    show(as_json, answer, _welcome(answer))
    if not no_serve:
        click.echo(f"\nServing {config.public_url}  (stop with Ctrl+C)", err=True)
        serving.serve(config, threads=16, workers=1, with_jobs=True, tls=None)


def _demo_config(data: Path, port: int) -> Config:
    """Settings of the demo: its own database in ``data``, fresh."""
    settings = {"LOYALTY_POS_DATA": str(data), "LOYALTY_POS_PORT": str(port)}
    config = replace(load_config(settings), database_url=f"sqlite:///{data / 'demo.db'}")
    for name in ("demo.db", "demo.db-wal", "demo.db-shm"):
        (data / name).unlink(missing_ok=True)
    migrate.upgrade(config.database_url)
    return config


def _welcome(shop: dict[str, Any]) -> str:
    url = shop["url"]
    logins = [["user name", "password", "role"], *([x["login"], x["password"], x["role"]] for x in shop["logins"])]
    goods = [["product", "price", "name"], *([x["sku"], str(x["unit_price"]), x["name"]] for x in shop["goods"])]
    keys = [["terminal", "key"], *([code, key] for code, key in shop["terminals"].items())]
    return f"""
{shop["name"]}: {shop["members"]} members, {shop["sales"]} sales, {shop["returns"]} returns - all made up.

Till           {url}/till
Console        {url}/manage
Member's page  {url}{shop["page"]}
API            {url}/docs

{table(logins)}

Scan at the till: card {shop["card"]} ({shop["member_name"]}), coupon {shop["coupon"]}
A blocked card:   {shop["blocked_card"]}

{table(goods)}

{table(keys)}"""
