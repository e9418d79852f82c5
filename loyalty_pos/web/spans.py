"""The filters of the pages of figures: which of one's stores, and how many days up to today.

A store that is not the reader's is as if it had not been asked for.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

from flask import request

from loyalty_pos.api.auth import current_caller
from loyalty_pos.services import stores
from loyalty_pos.services.context import Caller
from loyalty_pos.web.pages import services, shop

DAYS = (7, 30, 90)
DEFAULT = 30


class Asked(NamedTuple):
    """Who asks, narrowed to the chosen store; the days; what the form shows."""

    caller: Caller
    days: int
    first: str
    last: str
    form: dict[str, Any]
    query: dict[str, str]


def asked() -> Asked:
    """What the address asks for, and the choices there are."""
    caller, mine = current_caller(), stores.seen_by(services(), current_caller())
    chosen = next((one for one in mine if one["code"] == request.args.get("store")), None)
    wanted = request.args.get("days", "")
    days = int(wanted) if wanted in [str(one) for one in DAYS] else DEFAULT
    if chosen is not None:
        caller = replace(caller, store_ids=frozenset({chosen["id"]}))
    last = shop().business_date(services().now_ms())
    code = chosen["code"] if chosen else ""
    form = {"stores": mine, "store": code, "days": days, "choices": DAYS, "name": chosen["name"] if chosen else None}
    query = {"days": str(days)} | ({"store": code} if code else {})
    return Asked(caller, days, (last - timedelta(days=days - 1)).isoformat(), last.isoformat(), form, query)
