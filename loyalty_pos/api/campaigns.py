"""/campaigns: coupons for an audience with a control group, from the draft to the results."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response
from msgspec import Meta, Struct

from loyalty_pos.api.approvals import DecisionIn
from loyalty_pos.api.base import api, one_of, page, reply, services, show
from loyalty_pos.api.body import Nothing, read, write
from loyalty_pos.domain.campaigns.definition import CampaignIn
from loyalty_pos.services import campaign_launch, campaign_preview, campaign_results, campaign_whatif, campaigns
from loyalty_pos.services.requests import ReasonIn

STEPS_AT_ONCE = 8
"""How much of a launch is issued before it is answered; the job goes on with the rest."""


class StopIn(ReasonIn, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why it stops, and whether the coupons that nobody has used are taken back."""

    cancel_unused: bool = False


@api.get("/campaigns")
def list_campaigns() -> Response:
    """Campaigns, the newest first, with what their coupons came to so far."""
    return show(campaigns.list_campaigns(services(), *page(), one_of("state", campaigns.STATES)))


@api.post("/campaigns")
def draft_campaign() -> Response:
    """A new draft: what is given to whom; nothing is issued."""
    return reply(campaigns.draft(services(), *write(CampaignIn)))


@api.post("/campaigns/preview")
def preview_campaign_draft() -> Response:
    """A campaign that is not kept yet: audience, reach, cost, overlap, what it could find; nothing changes."""
    return show(campaign_preview.preview_draft(services(), read(CampaignIn)))


@api.get("/campaigns/<campaign>")
def get_campaign(campaign: str) -> Response:
    """One campaign as it stands."""
    return show(campaigns.get(services(), campaign))


@api.patch("/campaigns/<campaign>")
def change_campaign(campaign: str) -> Response:
    """Change one that is not launched; it is a draft again, and an approval is gone."""
    request, changes = write(dict[str, Any])
    return reply(campaigns.change(services(), request, campaign, changes))


@api.post("/campaigns/<campaign>/preview")
def preview_campaign(campaign: str) -> Response:
    """Whom it would meet now, what it may cost, what it runs into, what it could find; nothing changes."""
    read(Nothing)
    return show(campaign_preview.preview(services(), campaign))


class WeeksIn(Struct, frozen=True, forbid_unknown_fields=True):
    """How many of the past weeks are replayed."""

    weeks: Annotated[int, Meta(ge=1, le=campaign_whatif.MOST_WEEKS)] = campaign_whatif.WEEKS


@api.post("/campaigns/<campaign>/simulate")
def simulate_campaign(campaign: str) -> Response:
    """Who would have got what in the past weeks, and what it would have cost; nothing changes."""
    most = campaign_whatif.MOST_MEMBERS
    return show(campaign_whatif.simulate(services(), campaign, read(WeeksIn).weeks, most=most))


@api.post("/campaigns/<campaign>/approve")
def approve_campaign(campaign: str) -> Response:
    """Say yes to what another person wrote, up to what it may cost now (S50)."""
    request, body = write(DecisionIn)
    return reply(campaigns.approve(services(), request, campaign, body.note))


@api.post("/campaigns/<campaign>/launch")
def launch_campaign(campaign: str) -> Response:
    """Freeze the audience and issue the coupons, many of them in the background; 202: a second person must approve."""
    request, _ = write(Nothing)
    outcome, shown = campaign_launch.launch(services(), request, campaign)
    if shown["state"] == "launching" and not outcome.replayed:
        campaign_launch.issue(services(), int(shown["id"]), steps=STEPS_AT_ONCE)
        shown = campaigns.get(services(), shown["id"])
    return reply((outcome, shown))


@api.post("/campaigns/<campaign>/stop")
def stop_campaign(campaign: str) -> Response:
    """Issue no coupon of it any more; those that were given stay good unless they are taken back."""
    request, body = write(StopIn)
    return reply(campaigns.stop(services(), request, campaign, body.reason, body.cancel_unused))


@api.get("/campaigns/<campaign>/results")
def campaign_result(campaign: str) -> Response:
    """What it brought beside its control group, with intervals."""
    return show(campaign_results.results(services(), campaign))


@api.get("/campaigns/<campaign>/members")
def campaign_members(campaign: str) -> Response:
    """Who is on which side, with the coupon and the reason of each."""
    return show(campaigns.list_members(services(), campaign, *page()))
