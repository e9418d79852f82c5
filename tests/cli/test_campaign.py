"""``loyalty-pos campaign``: a shop's campaign from a file to its results."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from cli.test_commands import Run, opened, run

__all__ = ["opened", "run"]
MEMBERS = "card,name,phone\n" + "".join(
    f"29000000000{number:02d},Khách {number},09012345{number:02d}\n" for number in range(1, 21)
)
PROMOTION = {
    "code": "coffee-20k", "trigger": "coupon", "name": {"vi": "Cà phê giảm 20.000đ", "en": "20,000đ off coffee"},
    "rewards": [{"kind": "amount_off", "amount": 20_000, "scope": {"categories": ["drinks/coffee"]}}],
}  # fmt: skip
CAMPAIGN = {"name": "Cà phê", "promotion": "coffee-20k", "channels": ["zalo"],
            "audience": {"rule": {"any": [{"field": "visits", "op": ">=", "value": 0}]}}}  # fmt: skip


@pytest.fixture
def shop(opened: Run, tmp_path: Path) -> Run:
    """A shop with twenty members and a coupon promotion."""
    (tmp_path / "members.csv").write_text(MEMBERS, encoding="utf-8")
    (tmp_path / "programme.json").write_text(json.dumps({"promotions": [PROMOTION]}), encoding="utf-8")
    opened("import", "members", "members.csv")
    opened("programme", "load", "programme.json")
    return opened


def test_a_campaign_from_its_file_to_its_results(shop: Run, tmp_path: Path) -> None:
    found = shop("campaign", "preview", "--file", "-", json_=True, stdin=json.dumps(CAMPAIGN))
    assert (found["treated"], found["control"], found["cost"]["most"]) == (18, 2, 360_000)
    assert shop("campaign", "list", json_=True) == {"items": []}
    made = shop("campaign", "draft", "-", json_=True, stdin=json.dumps(CAMPAIGN))
    number = made["id"]
    text = shop("campaign", "preview", number)
    assert "control group                 2" in text
    assert "too small a group" in text
    assert "coffee-20k: Not bought yet: an invitation to try" in text
    done = shop("campaign", "launch", number, json_=True)
    assert (done["state"], done["coupons"]) == ("running", 18)
    assert "running" in shop("campaign", "list")
    assert '"promotion": "coffee-20k"' in shop("campaign", "show", number)
    assert shop("campaign", "export", number, "--out", "coupons.csv", json_=True)["coupons"] == 18
    with (tmp_path / "coupons.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["code"] for row in rows}) == 18
    assert {row["address"] for row in rows} == {""}
    text = shop("campaign", "results", number)
    assert "18 treated, 2 control; 18 coupons, 0 used, 0đ off" in text
    assert "Unclear" in text
    stopped = shop("campaign", "stop", number, "--reason", "enough", "--cancel-unused", json_=True)
    assert (stopped["state"], stopped["cancelled"]) == ("stopped", 18)
    assert "This campaign was stopped" in shop("campaign", "launch", number, fails=1)


def test_what_waits_for_another_person_cannot_be_approved_from_here(shop: Run, tmp_path: Path) -> None:
    """S50: the command line is one person."""
    (tmp_path / "limit.json").write_text(json.dumps({"settings": {"campaigns": {"limit": 1}}}), encoding="utf-8")
    shop("programme", "load", "limit.json")
    number = shop("campaign", "draft", "-", json_=True, stdin=json.dumps(CAMPAIGN))["id"]
    assert shop("campaign", "launch", number, json_=True)["state"] == "waiting"
    assert "Nobody approves what they asked for" in shop("campaign", "approve", number, fails=1)


def test_wrong_usage_and_what_is_not_there(shop: Run) -> None:
    assert "Name a NUMBER" in shop("campaign", "preview", fails=2)
    assert "There is no such campaign" in shop("campaign", "show", "99", fails=1)
    assert "There is no such campaign" in shop("campaign", "export", "99", "--out", "x.csv", fails=1)
    assert "not well-formed JSON" in shop("campaign", "draft", "-", fails=1, stdin="{")
    assert "colour: there is no field of this name" in shop(
        "campaign", "draft", "-", fails=1, stdin=json.dumps(CAMPAIGN | {"colour": 1})
    )


def test_a_campaign_on_past_weeks(shop: Run) -> None:
    """Who enrolled today would have got nothing yet."""
    number = shop("campaign", "draft", "-", json_=True, stdin=json.dumps(CAMPAIGN))["id"]
    found = shop("campaign", "simulate", number, "--weeks", "2", json_=True)
    assert (found["members"], found["given"], found["used"]["basis"]) == (20, 0, "assumed")
    text = shop("campaign", "simulate", number)
    assert "members looked at                   20" in text
    assert "no such campaign" in shop("campaign", "simulate", "99", fails=1).lower()
    shop("campaign", "simulate", number, "--weeks", "99", fails=2)
