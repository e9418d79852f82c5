"""Members: enrolled in one call, found by anything they are known by, cards that come and go."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from conftest import Shop
from services.lane import Books, Lane, fresh_key, lane_of, sqlite_only

from loyalty_pos.domain.cards import read_swipe
from loyalty_pos.errors import BadInput, Conflict, NotAllowed, NotFound
from loyalty_pos.services import members
from loyalty_pos.services.context import Caller, Request
from loyalty_pos.services.staff import by_token

Json = dict[str, Any]


def person(shop: Shop, role: str) -> Caller:
    """A member of staff."""
    return by_token(shop.services, shop.tokens[role])


@sqlite_only
def test_a_card_only_is_enough(lane: Lane, books: Books) -> None:
    """POST /members {}: a card, no person, no personal data."""
    made = lane.enrols()
    assert made["member"]["name"] is None
    assert made["member"]["tier"] == {"code": "bronze", "name": "Đồng"}
    assert made["page"].startswith("/m/1-")
    number = made["card"]["number"]
    assert (len(number), number[:2], read_swipe(number).kind) == (13, "29", "card"), "S40"
    assert books.value("SELECT count(*) FROM people") == 0


@sqlite_only
def test_a_person_with_everything(lane: Lane, shop: Shop) -> None:
    """S51: each consent with purpose, channel, text and time; contact data full for the manager."""
    made = lane.enrols(
        name="Nguyễn Thị Lan", call_name="chị Lan", phone="090 123 4567", email="lan@example.vn",
        birthday="1990-02-28", gender="female", address="12 Phố Huế", interests=["trà", "hoa"],
        consents=[
            {"purpose": "programme", "given": True, "text_version": "2026-01"},
            {"purpose": "marketing", "channel": "zalo", "given": False, "text_version": "2026-01"},
        ],
    )  # fmt: skip
    full = members.get(shop.services, person(shop, "manager"), made["member"]["id"])
    assert (full["phone"], full["email"], full["birthday"]) == ("+84901234567", "lan@example.vn", "1990-02-28")
    assert full["interests"] == ["trà", "hoa"]
    assert [(c["purpose"], c["channel"], c["given"]) for c in full["consents"]] == [
        ("programme", None, True),
        ("marketing", "zalo", False),
    ]


@sqlite_only
def test_others_see_masked_data(lane: Lane, shop: Shop, hanh: Json) -> None:
    """The queue and the cashier see no contact data; the auditor no name."""
    for who, named in ((lane.caller, True), (person(shop, "cashier"), True), (person(shop, "auditor"), False)):
        seen = members.get(shop.services, who, hanh["id"])
        assert seen["phone"] == "09•• ••• 567"
        assert [seen[field] for field in ("email", "birthday", "address", "gender")] == [None] * 4
        assert (seen["name"] is not None) is named
        assert seen["cards"][0]["number"] != hanh["card"]


@sqlite_only
def test_one_phone_one_member(lane: Lane, hanh: Json, books: Books) -> None:
    """In any spelling; and nothing of the refused enrolment is left."""
    for phone in ("0901234567", "+84 90 123 4567", "090.123.4567"):
        with pytest.raises(Conflict, match="phone_taken"):
            lane.enrols(name="Khác", phone=phone)
    assert books.value("SELECT count(*) FROM members") == 1
    assert books.value("SELECT count(*) FROM cards") == 1
    with pytest.raises(BadInput):
        lane.enrols(phone="123")


@sqlite_only
def test_a_card_handed_over_is_theirs(lane: Lane) -> None:
    """A printed card is enrolled once; a taken one and what cannot be a card are refused."""
    made = lane.enrols(card="2900000000018")
    assert made["card"]["number"] == "2900000000018"
    with pytest.raises(Conflict, match="card_taken"):
        lane.enrols(card="2900000000018")
    coupon = lane.issues(made["member"]["id"])
    for text in ("4111111111111111", "hello", coupon, ";4111111111111111=2512?"):
        with pytest.raises(BadInput):
            lane.enrols(card=text)


@sqlite_only
def test_changes_are_partial(lane: Lane, hanh: Json, shop: Shop, books: Books) -> None:
    """PATCH: what is sent is changed, null takes away, the rest stays; the act is audited by field only."""
    members.change(shop.services, lane.request("x"), hanh["id"], {"phone": None, "call_name": "cô Hạnh"})
    now = members.get(shop.services, person(shop, "manager"), hanh["id"])
    assert (now["name"], now["phone"], now["call_name"]) == ("Nguyễn Thị Hạnh", None, "cô Hạnh")
    lane.enrols(phone="0901234567")
    assert books.rows("SELECT what, subject, reason FROM audit WHERE what = 'member.change'") == [
        ("member.change", hanh["id"], "call_name, phone")
    ]
    with pytest.raises(NotFound, match="member_unknown"):
        members.change(shop.services, lane.request("y"), "999", {"name": "x"})


@sqlite_only
@pytest.mark.parametrize(
    "query", ["hanh", "Hạnh", "NGUYEN thi", "hạnh nguyễn", "0901234567", "+84901234567", "84901234567", "{card}"]
)
def test_found_by_anything_they_are_known_by(lane: Lane, hanh: Json, shop: Shop, query: str) -> None:
    """Marks and case do not matter, words in any order, phone in any form, card."""
    lane.enrols(name="Đỗ Văn Hậu", phone="0977777777")
    found = members.search(shop.services, person(shop, "manager"), query.format(card=hanh["card"]), None, 10)
    assert [x["id"] for x in found["items"]] == [hanh["id"]]


@pytest.mark.parametrize("query", ["%", "_", "!", "h%h", "'; DROP TABLE people; --"])
def test_a_search_is_no_pattern(lane: Lane, hanh: Json, shop: Shop, query: str) -> None:
    """What is typed is text."""
    assert members.search(shop.services, person(shop, "manager"), query, None, 10)["items"] == []


@sqlite_only
def test_pages_of_members(lane: Lane, shop: Shop) -> None:
    """Newest first, every one once."""
    made = [lane.enrols(name=f"Lan {n}")["member"]["id"] for n in range(5)]
    seen: list[str] = []
    cursor = None
    while True:
        page = members.search(shop.services, person(shop, "manager"), "lan", cursor, 2)
        seen += [x["id"] for x in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == made[::-1]


@sqlite_only
def test_a_lost_card_is_replaced_once(lane: Lane, hanh: Json, books: Books) -> None:
    """S42: replaced once, by its member's card alone; a third card follows the second."""
    second = lane.gives_card(hanh["id"], replaces=hanh["card"], reason="mất thẻ")
    with pytest.raises(Conflict, match="card_replaced"):
        lane.gives_card(hanh["id"], replaces=hanh["card"])
    other = lane.enrols(name="Nam")
    with pytest.raises(NotFound, match="card_unknown"):
        lane.gives_card(other["member"]["id"], replaces=second["card"]["number"])
    lane.gives_card(hanh["id"], replaces=second["card"]["number"])
    found = lane.identifies(hanh["card"])
    assert found["member"]["id"] == hanh["id"]
    assert books.rows("SELECT state FROM cards WHERE member_id = ? ORDER BY id", int(hanh["id"])) == [
        ("replaced",), ("replaced",), ("active",)
    ]  # fmt: skip


@sqlite_only
def test_a_blocked_card(lane: Lane, hanh: Json) -> None:
    """Blocked once; identified as blocked."""
    done = members.block_card(lane.services, Request(lane.caller, fresh_key()), hanh["card"], "mất")[1]
    assert done == {"number": hanh["card"], "state": "blocked"}
    with pytest.raises(Conflict, match="card_not_active"):
        members.block_card(lane.services, Request(lane.caller, fresh_key()), hanh["card"], "mất")
    with pytest.raises(NotFound, match="card_unknown"):
        members.block_card(lane.services, Request(lane.caller, fresh_key()), "2999999999999", "mất")
    assert lane.identifies(hanh["card"])["card"]["state"] == "blocked"


@sqlite_only
def test_enrolling_needs_its_scope(shop: Shop, hanh: Json) -> None:
    """A lane with ``earn`` alone neither enrols nor gives nor blocks cards."""
    poor = lane_of(shop, "hn-01-2")
    for act in (
        lambda: poor.enrols(),
        lambda: poor.gives_card(hanh["id"]),
        lambda: members.block_card(shop.services, Request(poor.caller, fresh_key()), hanh["card"], "x"),
    ):
        with pytest.raises(NotAllowed, match="scope_missing"):
            act()


@pytest.mark.parametrize(
    ("born", "today", "near"),
    [
        ("1990-11-28", "2026-11-21", True),
        ("1990-11-29", "2026-11-21", False),
        ("1990-11-14", "2026-11-21", True),
        ("1990-11-13", "2026-11-21", False),
        ("1990-12-31", "2027-01-03", True),
        ("1990-01-02", "2026-12-30", True),
        ("1992-02-29", "2026-02-28", True),
        ("1992-02-29", "2026-03-08", False),
    ],
)
def test_a_birthday_is_a_week_around(born: str, today: str, near: bool) -> None:
    """The flag for the till: seven days on either side, across the year's end, 29 February as the 28th."""
    assert members.birthday_near(date.fromisoformat(born), date.fromisoformat(today)) is near
