"""The three faces: till, customer page, console.  Pages only translate; services decide.

``register`` puts them on an application.  Every page goes out with a policy under which no
script or style can come from anywhere but our own files.
"""

from __future__ import annotations

from flask import Flask

from loyalty_pos.web import (
    coupons,
    i18n,
    login,
    member,
    members,
    pages,
    promotions,
    radar,
    refusals,
    segments,
    till,
    what_if,
)

VIEWS = (login, till, member, members, promotions, what_if, segments, coupons, radar, refusals)
"""Every module that puts pages on the blueprint."""


def register(app: Flask) -> None:
    """Add the pages, their languages and their headers to ``app``."""
    i18n.init(app)
    pages.add_to(app)
