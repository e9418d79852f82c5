"""Batches of cards: each works from the moment it is printed (M2)."""

from __future__ import annotations

import pytest
from actions import Till, ok
from conftest import Shop

from loyalty_pos.domain.checkdigits import gs1_valid
from loyalty_pos.errors import BadInput, NotFound
from loyalty_pos.services import cardsheets
from loyalty_pos.services.context import SYSTEM, Request, Services

WRITE = Request(SYSTEM)


def test_every_card_has_its_own_member_and_page(services: Services, shop: Shop, till: Till) -> None:
    """S40: EAN-13, prefix 29, check digit."""
    told: list[int] = []
    made = cardsheets.issue(services, WRITE, 120, told.append, store="hn-01")
    assert told == [100, 120]
    assert all(card.number.startswith("29") and gs1_valid(card.number) for card in made)
    assert len({card.number for card in made}) == len({card.page for card in made}) == 120
    who = [ok(till.identify(card.number))["member"]["id"] for card in made[:3]]
    assert len(set(who)) == 3


def test_the_number_of_cards_and_the_store_are_checked(services: Services, shop: Shop) -> None:
    for count in (0, cardsheets.MOST + 1):
        with pytest.raises(BadInput):
            cardsheets.issue(services, WRITE, count, print)
    with pytest.raises(NotFound):
        cardsheets.issue(services, WRITE, 1, print, store="nowhere")
