"""The console's segments without scripts: list, open one, build one by submits, keep a ready-made one."""

from __future__ import annotations

import re
from typing import Any

import pytest
from services.crowd import Crowd, crowd
from werkzeug.datastructures import MultiDict

from loyalty_pos.domain.segments.fields import FIELDS, OPERATORS
from loyalty_pos.services import segments as use_cases
from loyalty_pos.services.context import Services
from loyalty_pos.web import segment_form
from tests.services.test_segment_rules import CASES, RULES
from tests.web.conftest import Pages

__all__ = ["crowd"]
SHOP = {
    "tiers": {"bronze": "Đồng", "silver": "Bạc", "gold": "Vàng"},
    "stores": {"hn-01": "Hàng Bông", "hn-02": "Cầu Giấy"},
}


def typed(parts: list[dict[str, Any]]) -> MultiDict[str, str]:
    """What a browser sends of the rows that are shown."""
    sent: MultiDict[str, str] = MultiDict()
    for row in (row for part in parts for row in part["rows"]):
        if "json" in row:
            sent[f"{row['path']}.json"] = row["json"]
            continue
        sent[f"{row['path']}.field"], sent[f"{row['path']}.op"] = row["field"], row["op"]
        for box in (*row["boxes"], *row["of"], *row["window"]):
            sent[box.path] = box.text
        for code, _name, ticked in row["ticks"]:
            if ticked:
                sent.add(f"{row['path']}.value", code)
    return sent


@pytest.mark.parametrize("rule", [{"all": [one]} for one, _ in CASES] + [rule for rule, _ in RULES], ids=str)
def test_a_rule_as_a_form_and_back_is_the_same_rule(app: Any, rule: dict[str, Any]) -> None:
    """Every field, every operator, and rules inside rules."""
    with app.test_request_context("/?lang=vi"):
        back = segment_form.document(typed(segment_form.shown(rule, {}, SHOP)), SHOP)
    wanted = {part: sorted_words(rows) for part, rows in segment_form.listed(rule).items() if rows}
    assert {part: sorted_words(rows) for part, rows in back.items()} == wanted


def sorted_words(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row | {"value": sorted(row["value"])} if row.get("op") == "in" else row for row in rows]


def test_the_form_offers_every_declared_field(pages: Pages) -> None:
    pages.sign_in("manager")
    page = pages.text("/manage/segments/new?lang=en")
    for field in FIELDS:
        assert f'<option value="{field}"' in page
    assert all(f'value="{op.replace(">", "&gt;").replace("<", "&lt;")}"' in page for op in OPERATORS["count"])


def test_a_segment_is_built_by_submits_alone(pages: Pages, crowd: Crowd, services: Services) -> None:
    """Add a condition, choose its field, count, save; the page shows sentence, funnel and people."""
    pages.sign_in("manager")
    path = "/manage/segments/new?lang=en"
    row = {"all.0.field": "visits", "all.0.op": ">=", "all.0.value": "1"}
    more = pages.post(path, **row, do="add:not").get_data(as_text=True)
    assert 'name="not.0.field"' in more
    row |= {"not.0.field": "gender", "not.0.op": "in", "not.0.value": "male"}
    counted = pages.post(path, **row, do="try").get_data(as_text=True)
    assert "<b>2</b>" in counted
    assert "Lan N." in counted
    saved = pages.post(path, **row, **{"code": "ladies", "name.vi": "Không phải nam", "name.en": "Not men"}, do="save")
    assert saved.status_code == 302
    page = pages.text("/manage/segments/ladies?lang=en")
    assert "Members whose number of visits is at least <b>1</b>. Without those whose gender is <b>male</b>." in page
    assert page.count('<li class="out">') == 1
    assert use_cases.get(services, "ladies")["members"] == 2
    assert "Lan N." in pages.text("/manage/segments/ladies/members")
    dropped = pages.post("/manage/segments/ladies/edit", **row, do="drop:not.0").get_data(as_text=True)
    assert 'name="not.0.field"' not in dropped


def test_a_refusal_stands_at_its_row_and_stores_nothing(pages: Pages, crowd: Crowd, services: Services) -> None:
    pages.sign_in("manager")
    row = {"all.0.field": "visits", "all.0.op": "between", "all.0.value": "9", "all.0.to": "x"}
    answer = pages.post("/manage/segments/new?lang=vi", **row, code="bad", **{"name.vi": "Sai"}, do="save")
    assert answer.status_code == 422
    text = answer.get_data(as_text=True)
    assert re.search(r'class="err" role="alert">[^<]+<', text)
    assert use_cases.list_segments(services)["items"] == []
    nobody = pages.post("/manage/segments/new?lang=en", **row | {"all.0.to": "99"}, do="try").get_data(as_text=True)
    assert "Nobody is left after: Number of visits is between 9 and 99" in nobody


def test_a_ready_made_one_is_kept_by_one_press(pages: Pages, crowd: Crowd, services: Services) -> None:
    pages.sign_in("manager")
    page = pages.text("/manage/segments")
    assert 'value="birthday-week"' in page
    answer = pages.post("/manage/segments/ready", "/manage/segments", code="birthday-week")
    assert answer.headers["Location"].endswith("/manage/segments/birthday-week")
    assert use_cases.get(services, "birthday-week")["members"] == 1
    assert 'aria-current="true"' in pages.text("/manage/segments/birthday-week")


def test_who_may_see_and_who_may_write(pages: Pages, crowd: Crowd) -> None:
    """An auditor reads figures and sentences, and sees no person."""
    pages.sign_in("manager")
    pages.post("/manage/segments/ready", "/manage/segments", code="repeat")
    pages.client.post("/logout")
    pages.sign_in("auditor")
    page = pages.text("/manage/segments/repeat")
    assert "Lan N." not in page
    for path in ("/manage/segments/new", "/manage/segments/repeat/edit", "/manage/segments/repeat/members"):
        pages.text(path, 403)
    pages.client.post("/logout")
    pages.sign_in("cashier")
    pages.text("/manage/segments", 403)
