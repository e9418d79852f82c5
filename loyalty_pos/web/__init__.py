"""The three faces: till, customer page, console.  Pages only translate; services decide.

``register`` puts them on an application.  Every page goes out with a policy under which no
script or style can come from anywhere but our own files.
"""

from __future__ import annotations

from flask import Flask

from loyalty_pos.web import (
    bills,
    board,
    campaign_form,
    campaign_what_if,
    campaigns,
    coupons,
    exceptions,
    i18n,
    login,
    member,
    members,
    pages,
    promotion_list,
    promotions,
    radar,
    refusals,
    reports,
    segments,
    till,
    values,
    what_if,
)

VIEWS = (
    *(login, till, member, members, promotion_list, promotions, what_if, bills),
    *(board, reports, exceptions),
    *(segments, campaigns, campaign_form, campaign_what_if, coupons, values, radar, refusals),
)
"""Every module that puts pages on the blueprint."""


def register(app: Flask) -> None:
    """Add the pages, their languages and their headers to ``app``."""
    i18n.init(app)
    pages.add_to(app)
