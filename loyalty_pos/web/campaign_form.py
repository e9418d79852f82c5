"""The console's campaign builder: who, what, when, and beside it what it would come to.

The form writes a campaign as the API takes it; whether it makes sense is decided there.  ``Show what it
comes to`` previews what is typed and stores nothing.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from msgspec import ValidationError, convert
from werkzeug.wrappers import Response
from wtforms import (  # type: ignore[import-untyped]
    BooleanField,
    DateField,
    HiddenField,
    IntegerField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp  # type: ignore[import-untyped]

from loyalty_pos.api.auth import current_caller, require_role
from loyalty_pos.domain.campaigns.definition import CampaignIn
from loyalty_pos.errors import BadInput, LoyaltyError
from loyalty_pos.services import campaign_preview
from loyalty_pos.services import campaigns as use_cases
from loyalty_pos.services import promotions as rules
from loyalty_pos.services import segments as groups
from loyalty_pos.services.context import Request
from loyalty_pos.web import offers
from loyalty_pos.web.campaigns import CHANNELS, KINDS, given, in_words, previewed
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.i18n import lazy as _l
from loyalty_pos.web.members import WRITERS, around
from loyalty_pos.web.pages import Form, services, shop, web
from loyalty_pos.web.refusals import say

Json = dict[str, Any]
EVERYBODY: Json = {"rule": {"any": [{"field": "visits", "op": ">=", "value": 0}]}}
KEPT = "kept"
"""The choice of an audience that was written elsewhere, and stays as it is."""


class CampaignForm(Form):
    """What a campaign says; ``key`` makes pressing the button twice keep one."""

    key = HiddenField(validators=[Regexp(r"^[A-Za-z0-9-]{16,64}$")])
    name_vi = StringField(_l("Name in Vietnamese"), [InputRequired(), Length(max=200)])
    name_en = StringField(_l("Name in English"), [Length(max=200)])
    audience = SelectField(_l("Group or occasion"), [InputRequired()])
    control = IntegerField(_l("Control group, percent"), [InputRequired(), NumberRange(0, 50, _l("From 0 to 50."))])
    capped = BooleanField(_l("Leave out who had enough lately"))
    promotions = SelectMultipleField(
        _l("Coupons"), [InputRequired(_l("Choose at least one.")), Length(max=20)], validate_choice=False
    )
    valid_from = DateField(_l("First day"), [Optional()])
    valid_to = DateField(_l("Last day"), [Optional()])
    valid_days = IntegerField(_l("Days a coupon lasts"), [Optional(), NumberRange(1, 3660, _l("From 1 to 3660."))])
    budget = IntegerField(_l("Budget"), [Optional(), NumberRange(1, 10**12, _l("More than 0."))])
    channels = SelectMultipleField(
        _l("Told by"), [Length(max=4)], choices=[SelectChoice(*one) for one in CHANNELS.items()]
    )


@web.route("/manage/campaigns/new", methods=["GET", "POST"])
@require_role(*WRITERS)
def campaign_new() -> Response | str | tuple[str, int]:
    """A form for a new campaign, kept as a draft."""
    return _edit(None)


@web.route("/manage/campaigns/<campaign>/edit", methods=["GET", "POST"])
@require_role(*WRITERS)
def campaign_edit(campaign: str) -> Response | str | tuple[str, int]:
    """The form of one that is not launched."""
    return _edit(use_cases.get(services(), campaign))


def _edit(before: Json | None) -> Response | str | tuple[str, int]:
    form = CampaignForm(data=_fields(before["definition"]) if before else {"control": 10, "capped": True})
    form.audience.choices = _audiences(before)
    if request.method == "GET":
        form.key.data = services().ids.digits(24)
        return _page(form, before)
    if not form.validate():
        return _page(form, before, refusal=form.stale()), 422
    document = _document(form, before)
    try:
        if request.form.get("do") != "save":
            return _page(form, before, preview=previewed(campaign_preview.preview_draft(services(), _read(document))))
        number = _store(form, before, document)
    except LoyaltyError as error:
        form.key.data = services().ids.digits(24)
        return _page(form, before, refusal=say(error)), 422
    flash(_("The campaign is kept as a draft."), "good")
    return redirect(url_for("web.campaign", campaign=number))


def _page(form: CampaignForm, before: Json | None, refusal: str = "", preview: Json | None = None) -> str:
    chosen = form.promotions.data or []
    return render_template(
        "manage/campaign_edit.html", form=form, before=before, refusal=refusal, preview=preview, chosen=chosen,
        told=form.channels.data or [], promotions=_promotions(), currency=shop().currency, rules=shop().campaigns,
        title=in_words(before["name"]) if before else _("New campaign"), **around(),
    )  # fmt: skip


def _promotions() -> list[Json]:
    """The promotions in force that need a coupon, with what they are worth."""
    found = rules.list_promotions(services(), None, 200, "active")["items"]
    return [_promotion(rule) for rule in found if rule.get("trigger") == "coupon"]


def _promotion(rule: Json) -> Json:
    worth, note = offers.worth(rule, shop().currency)
    need = offers.need(rule, shop().currency)
    return {"code": rule["code"], "name": offers.name(rule), "worth": f"{worth} {note}".strip(), "need": need}


def _audiences(before: Json | None) -> list[SelectChoice]:
    """Segments with their sizes, and the occasions; an audience that was written elsewhere stays a choice."""
    once, always = _("Once, to a group"), _("Always on")
    found = [SelectChoice("all", _("All members"), optgroup=once)]
    if before and _choice(before["definition"]) == KEPT:
        found.append(SelectChoice(KEPT, _("As it was written"), optgroup=once))
    for one in groups.list_segments(services(), None, 100)["items"]:
        found.append(
            SelectChoice(f"segment:{one['code']}", f"{in_words(one['name'])} ({one['members']})", optgroup=once)
        )
    return found + [SelectChoice(f"always:{kind}", label, optgroup=always) for kind, label in KINDS.items()]


def _choice(definition: Json) -> str:
    audience, always = definition.get("audience") or {}, definition.get("always")
    if always:
        return f"always:{always['kind']}" if not audience else KEPT
    if audience.get("segment"):
        return f"segment:{audience['segment']}"
    return "all" if audience.get("rule") == EVERYBODY["rule"] else KEPT


def _fields(definition: Json) -> Json:
    """A stored campaign as the form shows it."""
    name = definition["name"]
    names = {"vi": name} if isinstance(name, str) else name
    days = {
        field: definition.get(field) and date.fromisoformat(definition[field]) for field in ("valid_from", "valid_to")
    }
    return days | {
        "name_vi": names.get("vi") or names.get("en"),
        "name_en": names.get("en") if names.get("vi") else None,
        "audience": _choice(definition),
        "control": definition["control_percent"],
        "capped": definition["capped"],
        "promotions": given(definition),
        "valid_days": definition.get("valid_days"),
        "budget": definition.get("budget"),
        "channels": definition.get("channels") or [],
    }


def _document(form: CampaignForm, before: Json | None) -> Json:
    """What was typed as the API takes it; every field is named, so that an emptied one is taken away."""
    kind, _colon, code = form.audience.data.partition(":")
    codes, names = form.promotions.data, {"vi": form.name_vi.data, "en": form.name_en.data or None}
    kept = before["definition"] if before and kind == KEPT else {}
    whom = {"segment": {"segment": code}, "all": EVERYBODY}.get(kind, kept.get("audience"))
    always = {"kind": code} if kind == "always" else kept.get("always")
    days = {name: getattr(form, name).data for name in ("valid_from", "valid_to")}
    return {name: day and day.isoformat() for name, day in days.items()} | {
        "name": names,
        "audience": whom,
        "always": always,
        "control_percent": form.control.data,
        "capped": form.capped.data,
        "promotion": codes[0] if len(codes) == 1 else None,
        "promotions": codes if len(codes) > 1 else None,
        "valid_days": form.valid_days.data if always else None,
        "budget": form.budget.data,
        "channels": form.channels.data or [],
    }


def _read(document: Json) -> CampaignIn:
    try:
        return convert(document, CampaignIn)
    except ValidationError:
        raise BadInput from None


def _store(form: CampaignForm, before: Json | None, document: Json) -> str:
    """Keep it; its id."""
    asked = Request(
        current_caller(), form.key.data, hashlib.sha256(json.dumps(document, sort_keys=True).encode()).digest()
    )
    if before is None:
        return str(use_cases.draft(services(), asked, _read(document))[1]["id"])
    return str(use_cases.change(services(), asked, before["id"], document)[1]["id"])
