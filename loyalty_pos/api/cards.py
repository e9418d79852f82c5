"""/cards: who holds this card, and blocking one that was lost."""

from __future__ import annotations

from flask import Response

from loyalty_pos.api.base import api, reply, services
from loyalty_pos.api.body import write
from loyalty_pos.services import checkout, members
from loyalty_pos.services.requests import ReasonIn, SwipeIn


@api.post("/cards/identify")
def identify() -> Response:
    """Who is it?  Records the swipe, also of an unknown card (S43)."""
    return reply(checkout.identify(services(), *write(SwipeIn, key=False)))


@api.post("/cards/<number>/block")
def block_card(number: str) -> Response:
    """Block a card that was lost or stolen."""
    request, body = write(ReasonIn)
    return reply(members.block_card(services(), request, number, body.reason))
