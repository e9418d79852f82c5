"""The made-up members: the same seed makes the same town, and the story's member is in it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from loyalty_pos.demo.people import Person, draw
from loyalty_pos.domain.checkdigits import gs1_valid

LAST = date(2026, 11, 21)
FIRST = LAST - timedelta(182)


@pytest.fixture(scope="module")
def town() -> list[Person]:
    return draw(1, 400, FIRST, LAST)


def test_the_same_seed_makes_the_same_town_and_another_seed_another(town: list[Person]) -> None:
    assert draw(1, 400, FIRST, LAST) == town
    assert draw(2, 400, FIRST, LAST) != town


def test_a_smaller_town_is_the_beginning_of_a_larger_one(town: list[Person]) -> None:
    assert draw(1, 20, FIRST, LAST) == town[:20]


def test_cards_and_phones_are_well_formed_and_nobody_shares_one(town: list[Person]) -> None:
    """S40: EAN-13 with prefix 29."""
    assert len({person.card for person in town}) == len({person.phone for person in town}) == 400
    assert all(person.card.startswith("29") and gs1_valid(person.card) for person in town)
    assert all(len(person.phone) == 10 and person.phone.startswith("09") for person in town)


def test_the_member_of_the_story_has_a_known_card_and_a_birthday_in_three_days(town: list[Person]) -> None:
    hanh = town[0]
    assert (hanh.name, hanh.card, hanh.phone) == ("Nguyễn Thị Hạnh", "2904174658310", "0901234218")
    assert hanh.birthday == date(1988, 11, 24)
    assert hanh.likes_coffee
    assert hanh.left is None


def test_some_have_birthdays_this_week_and_some_have_drifted_away(town: list[Person]) -> None:
    week = {(LAST + timedelta(day)).strftime("%m-%d") for day in range(8)}
    assert sum(person.birthday.strftime("%m-%d") in week for person in town) >= 6
    assert sum(person.left is not None and person.left < LAST for person in town) >= 20


def test_a_leap_day_is_no_obstacle() -> None:
    assert draw(1, 6, date(2028, 2, 1), date(2028, 2, 26))[0].birthday == date(1988, 2, 28)
