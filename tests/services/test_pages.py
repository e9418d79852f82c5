"""The address of a card's page: derived, unguessable, revoked with the card (contract.md section 3)."""

from __future__ import annotations

from typing import Any

import pytest
from services.lane import Books, Lane, sqlite_only

from loyalty_pos.services.pages import page_card, page_token

Json = dict[str, Any]
SECRET = b"a secret of thirty-two bytes...."


@pytest.fixture
def token(lane: Lane) -> str:
    """The token of a member's page."""
    return str(lane.enrols(name="Lan")["page"]).removeprefix("/m/")


def card_of(lane: Lane, token: str) -> int | None:
    """The card that a token opens."""
    return lane.services.store.read(lambda tx: page_card(tx, lane.services.secret, token))


@sqlite_only
def test_the_token_opens_its_card(lane: Lane, token: str, books: Books) -> None:
    """Derived, not stored: no table holds it."""
    assert card_of(lane, token) == 1
    for (table,) in books.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
        assert token not in str(books.rows(f"SELECT * FROM {table}"))


def test_it_has_128_bits_and_depends_on_everything() -> None:
    """Another secret, card, number or generation is another token."""
    base = page_token(SECRET, 1, "2900000000018", 0)
    others = [
        page_token(b"another secret, thirty-two bytes", 1, "2900000000018", 0),
        page_token(SECRET, 1, "2900000000025", 0),
        page_token(SECRET, 1, "2900000000018", 1),
    ]
    assert len(base.partition("-")[2]) == 22
    assert len({base, *others}) == 4


@sqlite_only
@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token + "A",
        lambda token: "2" + token[1:],
        lambda token: "0" + token,
        lambda token: token.replace("-", "", 1),
        lambda token: "",
        lambda token: "-",
        lambda token: "x" * 400,
        lambda token: "１" + token[1:],
        lambda token: "9" * 30 + token[1:],
        lambda token: token + "\x00",
    ],
)
def test_any_other_text_opens_nothing(lane: Lane, token: str, spoil: Any) -> None:
    """Wrong, old and absurd tokens find nobody, and raise nothing."""
    assert card_of(lane, spoil(token)) is None


@sqlite_only
def test_raising_the_generation_revokes_it(lane: Lane, token: str, books: Books) -> None:
    """A new generation is a new address."""
    books.change("UPDATE cards SET generation = generation + 1 WHERE id = 1")
    assert card_of(lane, token) is None


@sqlite_only
def test_a_replaced_cards_page_is_gone(lane: Lane) -> None:
    """S42: the successor has its own."""
    made = lane.enrols(name="Lan")
    following = lane.gives_card(made["member"]["id"], replaces=made["card"]["number"])
    assert card_of(lane, made["page"].removeprefix("/m/")) is None
    assert card_of(lane, following["page"].removeprefix("/m/")) == 2
