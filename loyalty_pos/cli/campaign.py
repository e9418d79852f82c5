"""``campaign``: coupons for an audience, from the draft to the results."""

from __future__ import annotations

import json
from typing import Any, BinaryIO, TextIO

import click

from loyalty_pos.cli.base import all_items, json_option, opened, progress, show, table, user_language, write
from loyalty_pos.domain.campaigns.definition import CampaignIn
from loyalty_pos.domain.money import format_money
from loyalty_pos.domain.promotions.decode import decode
from loyalty_pos.domain.promotions.names import name_in
from loyalty_pos.errors import BadInput
from loyalty_pos.services import campaign_export, campaign_launch, campaign_preview, campaign_results, campaign_whatif
from loyalty_pos.services import campaigns as use_cases
from loyalty_pos.services.context import Services
from loyalty_pos.services.segments import named

FIGURES = ("audience", "treated", "control", "coupons", "used", "discount")


@click.group()
def campaign() -> None:
    """Campaigns: coupons for an audience, with a control group; docs/campaigns.md."""


@campaign.command("list")
@json_option
def list_campaigns(as_json: bool) -> None:
    """Every campaign, the newest first."""
    with opened() as services:
        items = all_items(lambda cursor: use_cases.list_campaigns(services, cursor))
    rows = [[x["id"], x["state"], *(str(x[name]) for name in FIGURES), _name(x["name"])] for x in items]
    show(as_json, {"items": items}, table([["id", "state", *FIGURES, "name"], *rows]))


@campaign.command("show")
@click.argument("number")
@json_option
def show_campaign(number: str, as_json: bool) -> None:
    """The campaign NUMBER as it stands."""
    with opened() as services:
        found = use_cases.get(services, number)
    show(as_json, found, _text(found) + "\n" + json.dumps(found["definition"], ensure_ascii=False, indent=1))


@campaign.command()
@click.argument("file", type=click.File("rb"))
@json_option
def draft(file: BinaryIO, as_json: bool) -> None:
    """Keep the campaign of FILE (JSON, - for standard input) as a draft."""
    body = decode(_json(file), CampaignIn, "")
    with opened() as services:
        _, found = use_cases.draft(services, write(), body)
    show(as_json, found, _text(found))


@campaign.command()
@click.argument("number", required=False)
@click.option("--file", type=click.File("rb"), help="A campaign that is not kept yet, instead of a NUMBER.")
@json_option
def preview(number: str | None, file: BinaryIO | None, as_json: bool) -> None:
    """Whom the campaign NUMBER would meet and what it may cost.  Nothing is stored."""
    if (number is None) == (file is None):
        raise click.UsageError("Name a NUMBER, or --file FILE.")
    with opened() as services:
        if file is not None:
            found = campaign_preview.preview_draft(services, decode(_json(file), CampaignIn, ""))
        else:
            found = campaign_preview.preview(services, number or "")
        money = _money(services)
    show(as_json, found, _previewed(found, money))


def _previewed(found: dict[str, Any], money: Any) -> str:
    used, cost, least = found["used"], found["cost"], found["smallest_difference"]
    reach = ", ".join(f"{x['channel']} {x['members']}" for x in found["reach"]["channels"])
    smallest = "none" if least["amount"] is None else f"{money(least['amount'])} a member ({least['percent']} %)"
    rows = [
        ["audience", str(found["audience"])],
        ["get a coupon", str(found["treated"])],
        ["control group", str(found["control"])],
        ["not active, had enough", "{not_active}, {capped}".format_map(found["left_out"])],
        ["told by", reach or "-"],
        ["till and page alone", str(found["reach"]["page_only"])],
        ["will be used", f"{used['low']} to {used['high']}"],
        ["will cost", f"{money(cost['low'])} to {money(cost['high'])}"],
        ["costs at most", money(cost["most"])],
        ["needs approval", "yes" if found["needs_approval"] else "no"],
        ["smallest difference it finds", smallest + (", too small a group" if least["too_small"] else "")],
    ]
    rows += [["below cost", x["promotion"]] for x in found["margin"] if x["below_cost"]]
    rows += [["also holds a coupon of", f"{_name(x['name'])}: {x['members']}"] for x in found["overlap"]]
    language = user_language()
    rows += [[x["short_name"] or x["id"], f"{x['promotion']}: {x['reason'][language]}"] for x in found["sample"]]
    return table(rows)


@campaign.command()
@click.argument("number")
@click.option(
    "--weeks", type=click.IntRange(1, campaign_whatif.MOST_WEEKS), default=campaign_whatif.WEEKS, show_default=True,
    help="How many of the past weeks.",
)  # fmt: skip
@json_option
def simulate(number: str, weeks: int, as_json: bool) -> None:
    """Who would have got what of the campaign NUMBER in the past weeks, and what it would have cost.

    Nothing is stored.
    """
    with opened() as services, progress("Members", 1000) as tell:
        found = campaign_whatif.simulate(
            services, number, weeks, lambda done, total: tell(1000 * done // max(total, 1))
        )
        money = _money(services)
    show(as_json, found, _simulated(found, money))


def _simulated(found: dict[str, Any], money: Any) -> str:
    used, cost = found["used"], found["cost"]
    rows = [
        ["days", f"{found['from']} to {found['to']}"],
        ["members looked at", str(found["members"])],
        ["coupons given", str(found["given"])],
        ["control group", str(found["control"])],
        ["had enough", str(found["capped"])],
        ["came in its days, bought the goods", f"{found['came']}, {found['bought']}"],
        ["would be used", f"{used['low']} to {used['high']} ({used['basis']})"],
        ["would cost", f"{money(cost['low'])} to {money(cost['high'])}"],
    ]
    rows += [[f"given of {x['promotion']}", str(x["given"])] for x in found["by_promotion"]]
    rows += [["also held a coupon of", f"{_name(x['name'])}: {x['members']}"] for x in found["overlap"]]
    rows += [[x["day"], f"{x['given']} given, {x['control']} left out"] for x in found["by_day"] if x["given"]]
    language = user_language()
    rows += [
        [x["short_name"] or x["id"], f"{x['day']} {x['promotion']}: {x['reason'][language]}"] for x in found["sample"]
    ]
    return table(rows)


@campaign.command()
@click.argument("number")
@click.option("--note", help="A remark for the audit.")
@json_option
def approve(number: str, note: str | None, as_json: bool) -> None:
    """Approve the campaign NUMBER that somebody else wrote."""
    with opened() as services:
        _, found = use_cases.approve(services, write(), number, note)
    show(as_json, found, _text(found))


@campaign.command()
@click.argument("number")
@json_option
def launch(number: str, as_json: bool) -> None:
    """Freeze the audience of the campaign NUMBER and issue its coupons; go on with a launch that was cut off."""
    with opened() as services:
        found = use_cases.get(services, number)
        if found["state"] != "launching":
            _, found = campaign_launch.launch(services, write(), number)
        if found["state"] == "launching":
            with progress("members", found["audience"]) as tell:
                campaign_launch.issue(services, int(found["id"]), lambda done, _total: tell(done))
            found = use_cases.get(services, number)
    show(as_json, found, _text(found))


@campaign.command()
@click.argument("number")
@click.option("--reason", required=True, help="Why.")
@click.option("--cancel-unused", is_flag=True, help="Take back the coupons that nobody has used.")
@json_option
def stop(number: str, reason: str, cancel_unused: bool, as_json: bool) -> None:
    """Stop the campaign NUMBER: no coupon of it is issued any more."""
    with opened() as services:
        _, found = use_cases.stop(services, write(), number, reason, cancel_unused)
    show(as_json, found, _text(found))


@campaign.command()
@click.argument("number")
@json_option
def results(number: str, as_json: bool) -> None:
    """What the campaign NUMBER brought beside its control group."""
    with opened() as services:
        found = campaign_results.results(services, number)
        money = _money(services)
    rows = [["", "treated", "control", "difference", "95 %", "verdict"]]
    for name in ("sales", "margin"):
        one = found[name]
        if one is not None:
            ends = "-" if one["interval"] is None else " to ".join(money(end) for end in one["interval"])
            figures = [money(one[side]) for side in ("treated", "control", "difference")]
            rows.append([f"{name} a member", *figures, ends, one["verdict_text"][user_language()]])
    coupons = "{issued} coupons, {used} used".format_map(found["coupons"])
    head = "{treated} treated, {control} control".format_map(found["members"])
    needed = found["sales"]["settled_by"]
    end = f"\nabout {needed} members would settle a difference like this" if needed else ""
    show(as_json, found, f"{head}; {coupons}, {money(found['discount'])} off\n\n{table(rows)}{end}")


@campaign.command()
@click.argument("number")
@click.option("--out", type=click.File("w", encoding="utf-8-sig", lazy=False), required=True, help="The CSV file.")
@json_option
def export(number: str, out: TextIO, as_json: bool) -> None:
    """The unused coupons of the campaign NUMBER as CSV, with contact data where the member agreed."""
    with opened() as services:
        use_cases.get(services, number)
        count = campaign_export.write_csv(out, campaign_export.deliveries(services, number, user_language()))
    show(as_json, {"coupons": count, "file": out.name}, f"{count} coupons are in {out.name}.")


def _json(file: BinaryIO) -> Any:
    try:
        return json.loads(file.read())
    except ValueError as error:
        raise BadInput("invalid_json") from error


def _name(name: Any) -> str:
    return name if isinstance(name, str) else name_in(named(name), user_language())


def _money(services: Services) -> Any:
    """How an amount is written here; ``?`` for one that is not known."""
    currency = services.store.read(services.rules.current).programme.currency
    return lambda amount: "?" if amount is None else format_money(amount, currency, user_language())


def _text(found: dict[str, Any]) -> str:
    figures = ", ".join(f"{name} {found[name]}" for name in FIGURES)
    return f"{found['id']} {_name(found['name'])}: {found['state']}; {figures}."
