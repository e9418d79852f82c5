"""/quotes and /checkouts: a basket priced, held, changed, settled or voided."""

from __future__ import annotations

from flask import Response

from loyalty_pos.api.auth import current_caller
from loyalty_pos.api.base import api, reply, services, show
from loyalty_pos.api.body import Nothing, read, write
from loyalty_pos.api.problem import asked_language
from loyalty_pos.domain.basket import Basket
from loyalty_pos.services import checkout as use_case
from loyalty_pos.services import sales
from loyalty_pos.services.requests import SettleIn


@api.post("/quotes")
def quote() -> Response:
    """The basket priced, with no effect, in the language of Accept-Language (else the shop's)."""
    return show(use_case.quote(services(), current_caller(), read(Basket), asked_language()))


@api.post("/checkouts")
def open_checkout() -> Response:
    """Price the basket and hold what it uses for fifteen minutes (S21)."""
    return reply(use_case.open_checkout(services(), *write(Basket)))


@api.get("/checkouts/<checkout>")
def get_checkout(checkout: str) -> Response:
    """A checkout as it stands now."""
    return show(use_case.get_checkout(services(), current_caller(), checkout))


@api.put("/checkouts/<checkout>")
def reprice(checkout: str) -> Response:
    """Price the changed basket from zero and adjust the holds."""
    request, basket = write(Basket)
    return reply(use_case.reprice(services(), request, checkout, basket))


@api.post("/checkouts/<checkout>/settle")
def settle(checkout: str) -> Response:
    """Post the stored price as a sale; nothing is priced anew (S48)."""
    request, body = write(SettleIn)
    return reply(sales.settle(services(), request, checkout, body))


@api.post("/checkouts/<checkout>/void")
def void(checkout: str) -> Response:
    """Give the holds back."""
    request, _ = write(Nothing)
    return reply(use_case.void(services(), request, checkout))
