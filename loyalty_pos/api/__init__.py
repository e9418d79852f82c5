"""The HTTP edge: it only translates.  One resource a file; services decide.

``register`` puts the API on an application, under ``/api/v1``.
"""

from __future__ import annotations

from flask import Flask

from loyalty_pos.api import (
    approvals,
    auth,
    campaigns,
    cards,
    checkouts,
    coupons,
    exceptions,
    members,
    openapi,
    people,
    products,
    programme,
    promotions,
    reports,
    sales,
    segments,
    shops,
    stored_value,
)
from loyalty_pos.api.base import api

RESOURCES = (
    approvals, auth, campaigns, cards, checkouts, coupons, exceptions, members, people, products, programme, promotions,
    reports, sales, segments, shops, stored_value,
)  # fmt: skip
"""Every module that puts routes on the blueprint."""


def register(app: Flask) -> None:
    """Add the API's routes to ``app``."""
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.register_blueprint(api)
    openapi.register(app)
