"""The console's what-if of a campaign: the past weeks, who would have got what, and what it would have cost.

The page reads only; one request looks at a limited number of members, the command line at any number.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import render_template, request

from loyalty_pos.api.auth import require_role
from loyalty_pos.errors import LoyaltyError
from loyalty_pos.services import campaign_whatif
from loyalty_pos.services import campaigns as use_cases
from loyalty_pos.web import i18n
from loyalty_pos.web.campaigns import in_words, promotion_name
from loyalty_pos.web.members import WRITERS, around
from loyalty_pos.web.pages import services, web
from loyalty_pos.web.refusals import say
from loyalty_pos.web.what_if import chart

CHOICES = (4, 8, 12, 26)


@web.get("/manage/campaigns/<campaign>/what-if")
@require_role(*WRITERS)
def campaign_what_if(campaign: str) -> str | tuple[str, int]:
    """Choose the weeks, then see what the campaign would have done in them."""
    kept = use_cases.get(services(), campaign)
    asked = request.args.get("weeks", "")
    weeks = int(asked) if asked in map(str, CHOICES) else campaign_whatif.WEEKS
    found, refusal = None, ""
    if asked:
        try:
            most = campaign_whatif.MOST_MEMBERS
            found = _figures(campaign_whatif.simulate(services(), campaign, weeks, most=most))
        except LoyaltyError as error:
            refusal = say(error)
    page = render_template(
        "manage/campaign_what_if.html", c=kept, title=in_words(kept["name"]), weeks=weeks, choices=CHOICES,
        found=found, refusal=refusal, **around(),
    )  # fmt: skip
    return (page, 422) if refusal else page


def _figures(found: dict[str, Any]) -> dict[str, Any]:
    """The answer with what the page draws of it."""
    days = [
        one | {"day": date.fromisoformat(one["day"]), "cost": one["given"], "tickets": one["given"]}
        for one in found["by_day"]
    ]
    return found | {
        "first": date.fromisoformat(found["from"]),
        "last": date.fromisoformat(found["to"]),
        "days": days,
        "chart": chart(days) if len(days) > 1 else None,
        "by_promotion": [one | {"name": promotion_name(one["promotion"])} for one in found["by_promotion"]],
        "overlap": [one | {"title": in_words(one["name"])} for one in found["overlap"]],
        "sample": [
            one | {"why": one["reason"][i18n.language()], "what": promotion_name(one["promotion"]),
                   "day": date.fromisoformat(one["day"])}
            for one in found["sample"]
        ],
    }  # fmt: skip
