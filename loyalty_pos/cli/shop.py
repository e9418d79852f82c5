"""``store``, ``terminal``, ``staff``: who sells, where, and with which key."""

from __future__ import annotations

import sys

import click

from loyalty_pos.cli.base import all_items, json_option, opened, show, table, write
from loyalty_pos.services import pairing, stores
from loyalty_pos.services import staff as people
from loyalty_pos.services.context import SCOPES
from loyalty_pos.storage.tables import ROLES

REASON = click.option("--reason", help="Why; kept in the audit.")


@click.group()
def store() -> None:
    """The shops."""


@store.command("add")
@click.argument("code")
@click.option("--name", required=True, help="The name people know it by.")
@json_option
def add_store(code: str, name: str, as_json: bool) -> None:
    """Add the store CODE (hn-01)."""
    with opened() as services:
        _, made = stores.add_store(services, write(), code, name)
    show(as_json, made, f"Store {code} is added.")


@store.command("list")
@json_option
def list_stores(as_json: bool) -> None:
    """All stores."""
    with opened() as services:
        items = all_items(lambda cursor: stores.list_stores(services, cursor))
    show(as_json, {"items": items}, table([["code", "name"], *([x["code"], x["name"]] for x in items)]))


@click.group()
def terminal() -> None:
    """The lanes: each till, or each POS connection, has a key of its own."""


@terminal.command("add")
@click.argument("code")
@click.option("--store", required=True, help="The store it stands in.")
@click.option(
    "--scopes",
    multiple=True,
    help=f"What it may do, of {', '.join(sorted(SCOPES))}; repeat it or separate with commas (default: all).",
)
@json_option
def add_terminal(code: str, store: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Add the terminal CODE (hn-01-1) and show its key, this once."""
    wanted = {scope for part in scopes for scope in part.replace(",", " ").split()} or SCOPES
    with opened() as services:
        _, made = stores.add_terminal(services, write(), code, store, wanted)
    show(as_json, made, _key(made))


def _key(made: dict[str, str]) -> str:
    return f"Terminal {made['code']} of store {made['store']}. Its key, shown this once:\n{made['key']}"


@terminal.command()
@click.argument("code")
@REASON
@json_option
def pair(code: str, reason: str | None, as_json: bool) -> None:
    """Make a pairing code for the till that is to be CODE, good for ten minutes and one till."""
    with opened() as services:
        _, made = pairing.invite(services, write(), code, reason)
    text = f"Type this at the till within ten minutes; its old key dies then:\n{made['pairing_code']}"
    show(as_json, made, text)


@terminal.command()
@click.argument("code")
@REASON
@json_option
def rotate(code: str, reason: str | None, as_json: bool) -> None:
    """Give the terminal CODE a new key; the old one is dead at once."""
    with opened() as services:
        _, made = stores.rotate(services, write(), code, reason)
    show(as_json, made, _key(made))


@terminal.command()
@click.argument("code")
@REASON
@json_option
def revoke(code: str, reason: str | None, as_json: bool) -> None:
    """Lock the terminal CODE out, at once."""
    with opened() as services:
        _, done = stores.revoke(services, write(), code, reason)
    show(as_json, done, f"Terminal {code} is revoked.")


@terminal.command("list")
@json_option
def list_terminals(as_json: bool) -> None:
    """All terminals, without their keys."""
    with opened() as services:
        items = all_items(lambda cursor: stores.list_terminals(services, cursor))
    rows = [
        [x["code"], x["store"], "pair again" if x["pair_again"] else x["state"], str(x["epoch"]), " ".join(x["scopes"])]
        for x in items
    ]
    show(as_json, {"items": items}, table([["code", "store", "state", "epoch", "scopes"], *rows]))


@click.group()
def staff() -> None:
    """The people who work here."""


@staff.command("add")
@click.argument("login")
@click.option("--role", required=True, type=click.Choice(ROLES), help="What this person may do.")
@click.option("--store", "where", multiple=True, help="A store they work in; may be repeated.")
@click.option("--name", help="Their name (default: the login).")
@click.option("--password", help="At least 8 characters; asked for on a terminal when it is not given.")
@click.option("--token", is_flag=True, help="Make a personal token for the API and show it, this once.")
@json_option
def add_staff(
    login: str, role: str, where: tuple[str, ...], name: str | None, password: str | None, token: bool, as_json: bool
) -> None:
    """Add the person LOGIN."""
    if password is None and not token:
        password = _ask_password()
    with opened() as services:
        _, made = people.add_staff(services, write(), login, name or login, role, list(where), password, token=token)
    shown = f" Their token, shown this once:\n{made['token']}" if token else ""
    show(as_json, made, f"{login} is added as {role}.{shown}")


def _ask_password() -> str:
    if not sys.stdin.isatty():
        raise click.UsageError("Give --password or --token.")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


@staff.command()
@click.argument("login")
@click.option("--password", help="The new one; asked for on a terminal when it is not given.")
@json_option
def passwd(login: str, password: str | None, as_json: bool) -> None:
    """Give LOGIN a new password; whoever is signed in as them must sign in again."""
    new = password if password is not None else _ask_password()
    with opened() as services:
        _, done = people.set_password(services, write(), login, new)
    show(as_json, done, f"{login} has a new password.")


@staff.command()
@click.argument("login")
@json_option
def token(login: str, as_json: bool) -> None:
    """Make one more personal token for LOGIN and show it, this once."""
    with opened() as services:
        _, made = people.new_token(services, write(), login)
    show(as_json, made, f"Token of {login}, shown this once:\n{made['token']}")


@staff.command()
@click.argument("login")
@click.argument("number", required=False)
@json_option
def card(login: str, number: str | None, as_json: bool) -> None:
    """Say that the card NUMBER is LOGIN's own: it earns nothing at their own till.  Without NUMBER: none."""
    with opened() as services:
        _, done = people.set_card(services, write(), login, number)
    show(as_json, done, f"{login} holds {done['card']}." if done["card"] else f"{login} has no card of their own.")


@staff.command()
@click.argument("login")
@REASON
@json_option
def disable(login: str, reason: str | None, as_json: bool) -> None:
    """Lock LOGIN out, at once: sessions and tokens too."""
    with opened() as services:
        _, done = people.disable(services, write(), login, reason)
    show(as_json, done, f"{login} is disabled.")


@staff.command("list")
@json_option
def list_staff(as_json: bool) -> None:
    """Everybody, disabled people too."""
    with opened() as services:
        items = all_items(lambda cursor: people.list_staff(services, cursor))
    rows = [[x["login"], x["role"], x["state"], " ".join(x["stores"]) or "-", x["name"]] for x in items]
    show(as_json, {"items": items}, table([["login", "role", "state", "stores", "name"], *rows]))
