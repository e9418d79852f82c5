"""The console's campaigns: the list, one campaign with what it may cost or what it brought, and its buttons."""

from __future__ import annotations

import io
from typing import Any

from flask import Response as Answer
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from loyalty_pos.api.auth import current_caller, require_role
from loyalty_pos.domain.promotions.names import name_in
from loyalty_pos.errors import LoyaltyError
from loyalty_pos.services import campaign_export, campaign_launch, campaign_preview, campaign_results
from loyalty_pos.services import campaigns as use_cases
from loyalty_pos.services import segments as groups
from loyalty_pos.services.context import Request
from loyalty_pos.services.segments import named
from loyalty_pos.web import format, i18n, offers
from loyalty_pos.web.forms import ReasonForm
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.i18n import lazy as _l
from loyalty_pos.web.members import PAGE, READERS, WRITERS, around
from loyalty_pos.web.pages import Empty, book, services, web
from loyalty_pos.web.refusals import say

STEPS_AT_ONCE = 8
OPEN = ("draft", "waiting", "approved")
STATES = {
    "": _l("All"),
    "draft": _l("Drafts"),
    "waiting": _l("To approve"),
    "running": _l("Running"),
    "stopped": _l("Stopped"),
    "ended": _l("Over"),
}
KINDS = {
    "welcome": _l("Welcome of new members"),
    "thank_you": _l("Thanks after a purchase"),
    "birthday": _l("Birthday"),
    "anniversary": _l("Anniversary of the first purchase"),
    "slipping": _l("Have not come for a while"),
    "replenishment": _l("Due to buy again"),
}
CHANNELS = {"zalo": _l("Zalo"), "sms": _l("Text message"), "email": _l("E-mail"), "phone": _l("Call")}
STOPS = {
    "budget": _l("The budget is reached."),
    "promotion": _l("Its promotion is not in force any more."),
    "over": _l("Its last day is over."),
}
WIDTH, MIDDLE = 226, 113
"""The drawing of an interval, in its own units; the dotted line of no difference stands in the middle."""


@web.get("/manage/campaigns")
@require_role(*READERS)
def campaigns() -> str:
    """Campaigns, the newest first, of one state if asked."""
    state = request.args.get("state", "")
    state = state if state in STATES else ""
    found = use_cases.list_campaigns(services(), request.args.get("cursor"), PAGE, state or None)
    filters = [
        {"label": label, "href": url_for("web.campaigns", state=key or None), "here": key == state}
        for key, label in STATES.items()
    ]
    rows = [_shown(one) for one in found["items"]]
    return render_template(
        "manage/campaigns.html", campaigns=rows, filters=filters, state=state, next=found["next"], **around()
    )


@web.get("/manage/campaigns/<campaign>")
@require_role(*READERS)
def campaign(campaign: str) -> str:
    """One campaign: before its launch with its preview, afterwards with its results."""
    return _page(use_cases.get(services(), campaign), ReasonForm())


def _page(found: dict[str, Any], form: ReasonForm) -> str:
    preview = result = refusal = None
    if found["state"] not in OPEN:
        result = _compared(campaign_results.results(services(), found["id"]))
    elif current_caller().role in WRITERS:
        try:
            preview = previewed(campaign_preview.preview(services(), found["id"]))
        except LoyaltyError as error:
            refusal = say(error)
    return render_template(
        "manage/campaign.html", c=_shown(found), facts=_facts(found), preview=preview, result=result, refusal=refusal,
        form=form, token=Empty(), me=current_caller().name, owner=current_caller().role == "owner", **around(),
    )  # fmt: skip


@web.post("/manage/campaigns/<campaign>/launch")
@require_role(*WRITERS)
def campaign_go(campaign: str) -> Response:
    """Launch it, or ask for a second person; what is not issued at once is issued in the background."""

    def work() -> str:
        outcome, found = campaign_launch.launch(services(), Request(current_caller()), campaign)
        if outcome.kind == "accepted":
            return _("Another person has to approve it first.")
        if found["state"] == "launching":
            campaign_launch.issue(services(), int(found["id"]), steps=STEPS_AT_ONCE)
        return _("The campaign is launched.")

    return _act(campaign, work)


@web.post("/manage/campaigns/<campaign>/approve")
@require_role(*WRITERS)
def campaign_yes(campaign: str) -> Response:
    """Approve what somebody else wrote (S50)."""

    def work() -> str:
        use_cases.approve(services(), Request(current_caller()), campaign)
        return _("The campaign is approved; it can be launched now.")

    return _act(campaign, work)


@web.post("/manage/campaigns/<campaign>/stop")
@require_role(*WRITERS)
def campaign_stop(campaign: str) -> Response | tuple[str, int]:
    """Stop it, with a reason."""
    form = ReasonForm()
    if not form.validate_on_submit():
        return _page(use_cases.get(services(), campaign), form), 422

    def work() -> str:
        unused = "cancel_unused" in request.form
        use_cases.stop(services(), Request(current_caller()), campaign, form.reason.data.strip(), unused)
        return _("The campaign is stopped.")

    return _act(campaign, work)


def _act(campaign: str, work: Any) -> Response:
    """Do it, say so or why not, and show the campaign again."""
    token = Empty()
    try:
        flash(work() if token.validate_on_submit() else token.stale(), "good" if not token.errors else "bad")
    except LoyaltyError as error:
        flash(say(error), "bad")
    return redirect(url_for("web.campaign", campaign=campaign))


@web.get("/manage/campaigns/<campaign>/coupons.csv")
@require_role("owner")
def campaign_file(campaign: str) -> Answer:
    """Its unused coupons for a printer or a mailing tool, with contact data where the member agreed (S51)."""
    text = io.StringIO()
    campaign_export.write_csv(text, campaign_export.deliveries(services(), campaign, i18n.language()))
    answer = Answer("\ufeff" + text.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="campaign-{int(campaign)}.csv"'
    return answer


# What is drawn -------------------------------------------------------------------------------------


def in_words(name: Any) -> str:
    """A stored name in the reader's language."""
    return name if isinstance(name, str) else name_in(named(name), i18n.language())


def _shown(found: dict[str, Any]) -> dict[str, Any]:
    definition = found["definition"]
    always, codes = definition.get("always"), given(definition)
    more = _("%(name)s and %(n)s more", name=promotion_name(codes[0]), n=len(codes) - 1)
    return found | {
        "title": in_words(found["name"]),
        "kind": KINDS[always["kind"]] if always else None,
        "what": more if len(codes) > 1 else promotion_name(codes[0]),
        "stopped": STOPS.get(found["stop_reason"] or "", found["stop_reason"]),
    }


def given(definition: dict[str, Any]) -> list[str]:
    """The codes of the promotions of a stored campaign."""
    return [definition["promotion"]] if definition.get("promotion") else list(definition.get("promotions") or ())


def promotion_name(code: str) -> str:
    """How a promotion is called, in the reader's language."""
    rule = book().promotions.get(code)
    return offers.name(rule) if rule else code


def _facts(found: dict[str, Any]) -> list[tuple[str, Any]]:
    """What was written, one line a field."""
    definition = found["definition"]
    always, channels = definition.get("always"), definition.get("channels") or []
    return [
        (_("Who gets it"), KINDS[always["kind"]] if always else _audience(definition["audience"])),
        (_("Control group"), f"{definition['control_percent']}%"),
        (_("What is given"), ", ".join(promotion_name(code) for code in given(definition))),
        (_("Told by"), ", ".join(str(CHANNELS[one]) for one in channels) or _("the till and their page alone")),
        (_("Made by"), found["created_by"]),
        (_("Approved by"), found["approved_by"] or "–"),
    ]


def _audience(audience: dict[str, Any]) -> str:
    if audience.get("segment"):
        return in_words(groups.get(services(), audience["segment"])["name"])
    if audience.get("rule"):
        return "".join(piece.text for piece in groups.sentence_of(services(), audience["rule"], i18n.language()))
    return _("%(n)s members by name", n=len(audience["members"]))


def previewed(found: dict[str, Any]) -> dict[str, Any]:
    """A preview with the words that the page shows."""
    language = i18n.language()
    channels = [one | {"name": CHANNELS[one["channel"]]} for one in found["reach"]["channels"]]
    return found | {
        "matched": found["treated"] + found["control"],
        "channels": channels,
        "below": [promotion_name(one["promotion"]) for one in found["margin"] if one["below_cost"]],
        "unknown": [promotion_name(one["promotion"]) for one in found["margin"] if one["below_cost"] is None],
        "overlap": [one | {"title": in_words(one["name"])} for one in found["overlap"]],
        "sample": [one | {"why": one["reason"][language], "what": promotion_name(one["promotion"])}
                   for one in found["sample"]],
    }  # fmt: skip


def _compared(found: dict[str, Any]) -> dict[str, Any]:
    """Results with a drawing of each interval; both are drawn to the same scale."""
    parts = [(name, label) for name, label in (("sales", _("Sales")), ("margin", _("Margin"))) if found[name]]
    ends = [abs(end) for name, _label in parts for end in found[name]["interval"] or ()]
    scale = (WIDTH - MIDDLE - 12) / max(ends, default=1) if any(ends) else 0
    rows = [found[name] | {"label": label} | _drawn(found[name], scale) for name, label in parts]
    share = found["coupons"]["used_percent"]
    return found | {
        "rows": rows,
        "said": found["sales"]["verdict_text"][i18n.language()],
        "used_share": "" if share is None else f"{format.tenths(share, i18n.language())}%",
    }


def _drawn(one: dict[str, Any], scale: float) -> dict[str, Any]:
    low, high = one["interval"] or (0, 0)
    look = {"more": "g", "less": "b", "unclear": ""}[one["verdict"]]
    places = [round(MIDDLE + end * scale, 1) for end in (low, high, one["difference"])]
    return {"look": look, "from": places[0], "to": places[1], "at": places[2], "width": WIDTH, "middle": MIDDLE}
