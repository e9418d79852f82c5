"""The console's promotions: a form that every declared kind fills by itself, an example, versions, what-if."""

from __future__ import annotations

import html
import re
from typing import Any, ClassVar, Literal

import msgspec
import pytest
from actions import Till, basket, line, ok
from conftest import PROMOTIONS

from loyalty_pos.domain.promotions import conditions, rewards
from loyalty_pos.domain.promotions.rewards.percent_off import PercentOff
from loyalty_pos.services import products, programme, promotions
from loyalty_pos.services.context import SYSTEM, Request, Services
from loyalty_pos.web import declared, editor

Json = dict[str, Any]
NEW = "/manage/promotions/new"
RICE: Json = {
    "code": "rice-5", "name.vi": "Gạo giảm 5%", "trigger": "automatic", "stacking": "combine", "enabled": "1",
    "rewards.0.kind": "percent_off", "rewards.0.percent": "5", "rewards.0.scope.categories": "food/rice",
}  # fmt: skip
RICE_PAGE = "/manage/promotions/rice-5"
BAG = line(1, sku="bag", category="food/rice", price=100_000)
EVERYTHING: Json = {
    "code": "all", "name": {"vi": "Tất cả", "en": "All"}, "trigger": "automatic",
    "valid": {"from": "2026-11-01", "to": "2026-11-30", "weekdays": [6, 7], "hours": ["08:00", "11:00"]},
    "audience": {"tiers": ["gold"], "stores": ["hn-01"], "members_only": True, "birthday_within_days": 7},
    "conditions": [
        {"kind": "any", "of": [{"kind": "nth_order", "n": 3}, {"kind": "tier", "any_of": ["gold"]}]},
        {"kind": "min_amount", "amount": 120_000, "op": "gt", "scope": {"categories": ["dairy"], "price_min": 1000}},
    ],
    "rewards": [
        {"kind": "percent_off", "percent": "17.5", "max_amount": 30_000, "scope": {"skus": ["a", "b"]}},
        {"kind": "issue_coupon", "promotion": "ten-percent", "valid_days": 7, "by_category": {"dairy": "ten-percent"}},
    ],
    "stacking": "best_of_group", "group": "g1", "priority": 3, "stage": "basket",
    "limits": {"per_basket": 2, "per_period": {"days": 7, "uses": 1}, "budget": 24_000_000},
    "floor": "cost", "enabled": False,
}  # fmt: skip


@pytest.fixture
def console(pages: Any) -> Any:
    """The manager, signed in, reading Vietnamese."""
    pages.sign_in("manager")
    return pages


def sent(text: str) -> Json:
    """The form of a page as a browser would send it without a button."""
    form = {}
    for tag in re.findall(r"<input[^>]*>", text):
        said = {name: html.unescape(value) for name, value in re.findall(r'([a-z-]+)="([^"]*)"', tag)}
        if "name" in said and (said.get("type") != "checkbox" or " checked" in tag):
            form[said["name"]] = said.get("value", "")
    for name, inside in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', text, re.S):
        chosen = re.search(r'value="([^"]*)" selected', inside) or re.search(r'value="([^"]*)"', inside)
        form[name] = chosen[1] if chosen else ""
    for name, inside in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', text, re.S):
        form[name] = html.unescape(inside)
    form.pop("q", None)
    return form


# The form is the rule ------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [EVERYTHING, *PROMOTIONS], ids=lambda rule: rule["code"])
def test_what_is_shown_is_read_back_the_same(app: Any, rule: Json) -> None:
    """Nothing that can be said in the rule language is lost by looking at it."""
    with app.test_request_context():
        assert editor.changes(rule, editor.normal(rule)) == {}
        again = editor.normal(rule)
    expected = {name: value for name, value in rule.items() if name not in ("rewards", "conditions")}
    assert {name: again.get(name) for name in expected} == expected
    for part in ("rewards", "conditions"):
        for before, after in zip(rule.get(part, []), again[part], strict=True):
            assert {name: after.get(name) for name in before} == before


@pytest.mark.parametrize(("part", "kind"), [(part, kind) for part, known in editor.LISTS.items() for kind in known])
def test_every_kind_draws_every_argument_that_it_declares(console: Any, part: str, kind: str) -> None:
    """A kind is its file and a line in the list: its form needs nothing else."""
    form = sent(console.text(NEW)) | {f"add.{part}": kind, "do": f"add:{part}"}
    text = console.client.post(NEW, data=form).get_data(as_text=True)
    place = 1 if part == "rewards" else 0
    assert sent(text)[f"{part}.{place}.kind"] == kind
    for one in declared.declared(editor.LISTS[part][kind]):
        assert f'name="{part}.{place}.{one.encode_name}' in text


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of a surprise."""

    start: int = msgspec.field(name="from")
    off: Literal["some", "more"] = "some"


class Surprise(PercentOff, frozen=True, eq=False, kw_only=True):
    """A kind that nobody has heard of."""

    kind: ClassVar[str] = "surprise_off"
    how_much_fun: int = 1
    steps: list[Step] = []


def test_a_kind_added_later_appears_by_itself(console: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own words, a number, and rows of a list with an empty one at the end; what is typed is the rule."""
    monkeypatch.setitem(rewards.KINDS, "surprise_off", Surprise)
    text = console.client.post(NEW, data=sent(console.text(NEW)) | {"do": "kind:surprise_off"}).get_data(as_text=True)
    assert "surprise off" in text
    form = sent(text) | {"rewards.0.how_much_fun": "3", "rewards.0.steps.0.from": "5", "do": "try"}
    form = sent(console.client.post(NEW, data=form).get_data(as_text=True))
    form |= {"rewards.0.steps.1.from": "9", "rewards.0.steps.1.off": "more"}
    assert editor.document(form)["rewards"] == [
        {"kind": "surprise_off", "how_much_fun": 3, "level": "line", "base": "remaining",
         "steps": [{"from": 5, "off": "some"}, {"from": 9, "off": "more"}]}
    ]  # fmt: skip


def test_another_kind_keeps_the_arguments_that_both_declare(console: Any) -> None:
    text = console.client.post(NEW, data=RICE | {"do": "kind:fixed_price"}).get_data(as_text=True)
    form = sent(text)
    assert (form["rewards.0.kind"], form["rewards.0.scope.categories"]) == ("fixed_price", "food/rice")
    assert "rewards.0.percent" not in form


def test_a_part_is_taken_away(console: Any) -> None:
    form = RICE | {
        "conditions.0.kind": "nth_order",
        "conditions.0.n": "3",
        "conditions.1.kind": "tier",
        "do": "drop:conditions.0",
    }
    text = console.client.post(NEW, data=form).get_data(as_text=True)
    assert sent(text)["conditions.0.kind"] == "tier"
    assert "conditions.1.kind" not in text
    assert set(conditions.KINDS) < set(editor.LISTS["conditions"])


def test_figures_may_be_written_as_people_write_them(app: Any) -> None:
    """20.000, 1 500 and 17,5; what is no figure stays as typed, and the rules refuse it."""
    form = {"rewards.0.kind": "percent_off", "rewards.0.percent": "17,5", "rewards.0.max_amount": "20.000",
            "rewards.0.max_units": "many", "limits.budget": "1 500"}  # fmt: skip
    with app.test_request_context():
        rule = editor.document(form)
    assert rule["limits"] == {"budget": 1500}
    assert rule["rewards"] == [{"kind": "percent_off", "percent": "17.5", "max_amount": 20_000, "max_units": "many"}]


# Draft, active, ended ------------------------------------------------------------------------------


def test_a_promotion_is_drafted_activated_changed_and_ended(console: Any, services: Services) -> None:
    """S7, S39: a draft changes in place; a change of one that ran makes the next version."""
    assert console.post(NEW, **RICE, do="save").location == "/manage/promotions/rice-5"
    page = "/manage/promotions/rice-5"
    assert promotions.get(services, "rice-5")["state"] == "draft"
    assert "Gạo giảm 5%" in console.text("/manage/promotions?state=draft")
    console.post(page, **RICE | {"rewards.0.percent": "7"}, do="activate")
    found = promotions.get(services, "rice-5")
    assert (found["state"], found["version"], found["rewards"][0]["percent"]) == ("active", 1, 7)
    console.post(page, **RICE | {"valid.from": "2026-12-01", "valid.to": "2026-12-31"}, do="activate")
    found = promotions.get(services, "rice-5")
    assert (found["version"], found["valid"]) == (2, {"from": "2026-12-01", "to": "2026-12-31"})
    assert "01/12/2026 – 31/12/2026" in console.text("/manage/promotions")
    console.post(page, **sent(console.text(page)) | {"valid.from": "", "valid.to": ""}, do="activate")
    assert promotions.get(services, "rice-5")["valid"] == {}
    console.post(page, do="end")
    found = promotions.get(services, "rice-5")
    assert (found["state"], found["version"], found["rewards"][0]["percent"]) == ("ended", 3, 5)


def test_the_list_says_how_much_of_a_budget_is_spent(console: Any, till: Till) -> None:
    """S37: as it is counted at settle."""
    console.post(NEW, **RICE | {"limits.budget": "1.000.000"}, do="activate")
    ok(till.sell(basket(line(1, sku="rice", category="food/rice", price=100_000, quantity=4))), 201)
    text = console.text("/manage/promotions").replace("\u00a0", " ")
    assert 'value="20000" max="1000000"' in text
    assert "20 nghìn ₫ trên 1 triệu ₫" in text


def test_saving_untouched_makes_no_version(console: Any, services: Services) -> None:
    promotions.create(services, Request(SYSTEM), EVERYTHING)
    page = "/manage/promotions/all"
    form = sent(console.text(page))
    assert console.client.post(page, data=form | {"do": "save"}).location == page
    assert promotions.get(services, "all")["version"] == 1


def test_an_earlier_version_is_looked_at_and_taken_back(console: Any, services: Services) -> None:
    page = "/manage/promotions/fruit-15"
    console.post(page, **sent(console.text(page)) | {"rewards.0.percent": "20"}, do="activate")
    assert "Phần trăm <s>15</s> → 20" in console.text(page)
    old = sent(console.text(f"{page}?version=1"))
    assert old["rewards.0.percent"] == "15"
    console.client.post(page, data=old | {"do": "activate"})
    found = promotions.get(services, "fruit-15")
    assert (found["version"], found["rewards"][0]["percent"]) == (3, 15)


def test_a_draft_stands_beside_what_runs_with_what_it_changes(console: Any, services: Services, till: Till) -> None:
    """mockups/README: a running version is never edited; one press activates the draft."""
    console.post(NEW, **RICE, do="activate")
    console.post(RICE_PAGE, **RICE | {"rewards.0.percent": "20"}, do="save")
    text = console.text(RICE_PAGE)
    assert sent(text)["rewards.0.percent"] == "20"
    assert "Bản 1 đang chạy; bản 2 là bản nháp bên cạnh" in text
    assert re.search(r"<td>Phần trăm</td><td><s>5</s></td><td><b>20</b></td>", text)
    assert sent(console.text(f"{RICE_PAGE}?version=1"))["rewards.0.percent"] == "5"
    assert ok(till.quote(basket(BAG)))["totals"]["discount"] == 5_000
    assert "bản nháp: bản 2" in console.text("/manage/promotions?state=draft")
    assert "Gạo giảm" in console.text("/manage/promotions?state=active")
    console.post(RICE_PAGE, **sent(text), do="activate")
    assert ok(till.quote(basket(BAG)))["totals"]["discount"] == 20_000
    assert promotions.get(services, "rice-5")["version"] == 2


def test_a_draft_is_thrown_away_and_a_promotion_paused(console: Any, services: Services) -> None:
    page = "/manage/promotions/fruit-15"
    console.post(page, **sent(console.text(page)) | {"rewards.0.percent": "20"}, do="save")
    console.post(page, do="drop")
    assert "draft" not in promotions.get(services, "fruit-15")
    console.post(page, do="pause")
    assert promotions.get(services, "fruit-15")["enabled"] is False
    assert "Trái cây" in console.text("/manage/promotions?state=paused")
    console.post(page, do="resume")
    assert "Trái cây" not in console.text("/manage/promotions?state=paused")


def test_a_version_shows_its_bills_and_a_bill_its_versions(console: Any, till: Till) -> None:
    """contract.md 3: sales keep the version that priced them."""
    page = RICE_PAGE
    console.post(NEW, **RICE, do="activate")
    first = ok(till.sell(basket(BAG)), 201)
    console.post(page, **RICE | {"rewards.0.percent": "20"}, do="activate")
    second = ok(till.sell(basket(BAG)), 201)
    one, two = console.text(f"{page}?version=1"), console.text(f"{page}?version=2")
    assert (first["receipt"] in one, first["receipt"] in two) == (True, False)
    assert (second["receipt"] in one, second["receipt"] in two) == (False, True)
    assert f'href="{page}?version=1">bản 1</a>' in console.text(f"/manage/bills/{first['id']}")
    assert f'href="{page}?version=2">bản 2</a>' in console.text(f"/manage/bills/{second['id']}")


def test_a_bill_of_another_store_is_not_shown(console: Any, shop: Any, client: Any) -> None:
    """contract.md: what belongs to another store does not exist."""
    other = Till(client, shop.keys["hn-02-1"])
    console.post(NEW, **RICE, do="activate")
    sale = ok(other.sell(basket(BAG)), 201)
    console.text(f"/manage/bills/{sale['id']}", 404)
    assert sale["receipt"] not in console.text(f"{RICE_PAGE}?version=1")


def test_a_dear_promotion_is_asked_for_and_approved_by_another(console: Any, services: Services) -> None:
    """S50: whoever asked sees no way to approve; the list says what waits."""
    programme.change(services, Request(SYSTEM), {"promotion_limit": 1_000_000})
    answer = console.post(NEW, **RICE | {"limits.budget": "20.000.000"}, do="activate")
    assert answer.location == RICE_PAGE
    text = console.text(RICE_PAGE).replace("\u00a0", " ")
    assert "Bản 1 chờ người thứ hai duyệt" in text
    assert "20.000.000 ₫" in text
    assert 'value="approve"' not in text
    assert "Chờ duyệt" in console.text("/manage/promotions?state=draft")
    console.post(RICE_PAGE, do="approve")
    assert promotions.get(services, "rice-5")["state"] == "draft"
    console.sign_in("owner")
    assert 'value="approve"' in console.text(RICE_PAGE)
    console.post(RICE_PAGE, do="approve")
    assert promotions.get(services, "rice-5")["state"] == "active"
    assert console.post(RICE_PAGE, do="approve").status_code == 422


# The list ------------------------------------------------------------------------------------------


def cells(text: str, code: str) -> list[str]:
    """The words of a promotion's line."""
    row = next(row for row in re.findall(r"<tr>.*?</tr>", text, re.S) if f"/promotions/{code}" in row)
    return [
        re.sub(r"<[^>]*>", "", cell).strip().replace("\u00a0", " ") for cell in re.findall(r"<td.*?</td>", row, re.S)
    ]


def test_the_list_says_what_each_gave_in_thirty_days(console: Any, till: Till, shop: Any, client: Any) -> None:
    """The reader's stores alone; a sale that came back whole gave nothing (S30)."""
    console.post(NEW, **RICE, do="activate")
    ok(till.sell(basket(BAG)), 201)
    back = ok(till.sell(basket(BAG)), 201)
    ok(Till(client, shop.keys["hn-02-1"]).sell(basket(BAG)), 201)
    assert cells(console.text("/manage/promotions"), "rice-5")[4:6] == ["2", "10 nghìn ₫"]
    ok(
        till.call("POST", f"/sales/{back['id']}/returns", {"lines": [{"line": "1", "quantity": 1}], "receipt": "b"}),
        201,
    )
    assert cells(console.text("/manage/promotions"), "rice-5")[4:6] == ["1", "5 nghìn ₫"]
    shop.services.clock.move(days=30)
    console.sign_in("manager")
    assert cells(console.text("/manage/promotions"), "rice-5")[4:6] == ["–", "–"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_list_is_downloaded_as_it_is_filtered(console: Any, services: Services, kind: str) -> None:
    evil = RICE | {"name.vi": '=HYPERLINK("http://x")'}
    console.post(NEW, **evil, do="save")
    answer = console.client.get(f"/manage/promotions.{kind}?state=draft")
    assert answer.status_code == 200
    assert f"promotions-2026-11-21.{kind}" in answer.headers["Content-Disposition"]
    if kind == "csv":
        rows = answer.get_data().decode("utf-8-sig").splitlines()
        assert len(rows) == 2
        assert rows[1].startswith("rice-5,\"'=HYPERLINK")
    else:
        assert answer.get_data().startswith(b"PK")


@pytest.mark.parametrize(
    ("fields", "box"),
    [
        ({"rewards.0.percent": "500"}, "rewards.0.percent"),
        ({"rewards.0.percent": "nửa"}, "rewards.0.percent"),
        ({"rewards.0.percent": ""}, "rewards.0.percent"),
        ({"code": "Có dấu"}, "code"),
        ({"valid.from": "2026-12-02", "valid.to": "2026-12-01"}, "valid.to"),
        ({"stacking": "best_of_group"}, "group"),
        ({"conditions.0.kind": "any", "conditions.0.of": "[{"}, "conditions.0.of"),
        ({"limits.per_period.days": "7"}, "limits.per_period.uses"),
    ],
)
def test_a_wrong_promotion_says_what_is_wrong_at_its_box(
    console: Any, services: Services, fields: Json, box: str
) -> None:
    """promotions.md: validated before anything is stored, and what was typed is still there."""
    answer = console.post(NEW, **RICE | fields, do="activate")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert f'id="{box}-note" role="alert"' in text
    assert sent(text)[next(iter(fields))] == next(iter(fields.values()))
    assert all(rule["code"] != "rice-5" for rule in promotions.list_promotions(services)["items"])


def test_a_code_that_is_taken_and_a_forged_form_are_refused(console: Any, services: Services) -> None:
    assert console.post(NEW, **RICE | {"code": "fruit-15"}, do="save").status_code == 422
    assert console.client.post(NEW, data=RICE | {"do": "save", "csrf_token": "x"}).status_code == 422
    assert len(promotions.list_promotions(services)["items"]) == len(PROMOTIONS)


# The example ---------------------------------------------------------------------------------------


@pytest.fixture
def goods(services: Services) -> None:
    """Milk at 30.000 and rice at 100.000."""
    for sku, name, price in (("milk", "Sữa tươi", 30_000), ("rice", "Gạo thơm", 100_000)):
        body = products.ProductIn(
            sku=sku, name=name, unit_price=price, category={"milk": "dairy/milk"}.get(sku, "food/rice")
        )
        products.save(services, Request(SYSTEM), body)


def net(text: str) -> str:
    found = re.search(r'id="example-net">([^<]*)<', text)
    return found[1].replace("\u00a0", " ") if found else ""


def rows(*goods: tuple[int, str, int | str], **more: str) -> Json:
    """The rows of the example as the form sends them: (number, product number, price)."""
    found = {"do": "try", "example.who": "member"} | {f"example.{name}": value for name, value in more.items()}
    for place, good in enumerate(goods):
        for name, value in zip(("quantity", "sku", "price"), good, strict=True):
            found[f"example.lines.{place}.{name}"] = str(value)
    return found


def tried(console: Any, rule: Json, *goods: tuple[int, str, int | str], **more: str) -> str:
    """The page of a rule with an example."""
    text: str = console.client.post(NEW, data=rule | rows(*goods, **more)).get_data(as_text=True)
    return text


def test_the_example_begins_with_goods_of_the_rule(console: Any, goods: None) -> None:
    """Three of the first that it is about, one of another; the engine's own reasons."""
    text = console.client.post(NEW, data=RICE | {"do": "try"}).get_data(as_text=True)
    form = sent(text)
    assert [form[f"example.lines.{n}.{name}"] for n in (0, 1) for name in ("quantity", "sku", "price")] == [
        "3", "rice", "100.000", "1", "milk", "30.000"
    ]  # fmt: skip
    assert net(text) == "315.000 ₫"
    assert "Gạo giảm 5%" in text


def test_other_numbers_and_prices_are_tried(console: Any, goods: None) -> None:
    """What the mock-up calls trying other prices: the same engine, nothing stored; a number of 0 takes a row away."""
    text = tried(console, RICE, (1, "rice", 80_000), (3, "milk", "30.000"), (0, "rice", 1), goods="1*rice@50000")
    assert net(text) == "183.500 ₫"
    assert "Sữa: mua 2 tặng 1" in text
    form = sent(text)
    assert [form[f"example.lines.{n}.price"] for n in range(3)] == ["80.000", "30.000", "50.000"]
    assert "example.lines.3.sku" not in form
    assert form["example.goods"] == ""
    assert net(console.client.post(NEW, data=form | {"do": "try"}).get_data(as_text=True)) == "183.500 ₫"


def test_the_example_follows_its_buyer_and_a_coupon(console: Any, goods: None) -> None:
    gold = RICE | {"audience.tiers": "gold", "trigger": "coupon"}
    for who, price in (("", "100.000 ₫"), ("member", "100.000 ₫"), ("tier.gold", "85.500 ₫")):
        assert net(tried(console, gold, (1, "rice", ""), who=who)) == price
    assert net(tried(console, gold, (1, "rice", ""), who="tier.gold", coupon="")) == "90.000 ₫"
    assert net(tried(console, RICE, (1, "rice", ""), coupon="ten-percent")) == "85.500 ₫"


def test_goods_that_a_rule_adds_are_valued_though_the_bill_has_none(console: Any, goods: None) -> None:
    gift = RICE | {"rewards.0.kind": "add_free_item", "rewards.0.sku": "milk"}
    text = tried(console, gift, (2, "rice", "")).replace("\u00a0", " ")
    assert net(text) == "200.000 ₫"
    assert re.search(r"Sữa tươi<small>[^<]*× 1</small></span><span class=\"num amt\"><s>30.000 ₫</s>", text)


def test_the_example_says_why_there_is_none(console: Any, goods: None) -> None:
    nothing = {"example.who": "", "example.goods": "nothing"}
    for fields, sentence in ((nothing, "chưa có giá"), ({"rewards.0.percent": ""}, "Hãy điền")):
        text = console.client.post(NEW, data=RICE | fields | {"do": "try"}).get_data(as_text=True)
        assert sentence in text
        assert net(text) == ""


# What if -------------------------------------------------------------------------------------------


def test_a_draft_is_tried_on_past_bills(console: Any, till: Till, services: Services) -> None:
    ok(till.sell(basket(line(1, sku="rice", category="food/rice", price=100_000, quantity=2))), 201)
    ok(till.sell(basket(line(1, sku="bread", price=10_000))), 201)
    console.post(NEW, **RICE, do="save")
    page = "/manage/promotions/rice-5/what-if"
    assert 'id="cost"' not in console.text(page)
    text = console.text(f"{page}?from=2026-11-20&to=2026-11-21").replace("\u00a0", " ")
    assert re.search(r'id="cost">10 nghìn ₫<', text)
    assert re.search(r'id="touched">1<', text)
    assert promotions.get(services, "rice-5")["state"] == "draft"


def test_days_of_no_use_are_refused_in_words(console: Any) -> None:
    text = console.text("/manage/promotions/fruit-15/what-if?from=2026-11-22&to=2026-11-21", 422)
    assert 'role="alert"' in text
    console.text("/manage/promotions/nothing/what-if", 404)


def test_an_auditor_looks_and_changes_nothing(pages: Any, services: Services) -> None:
    """contract.md: who may what."""
    pages.sign_in("auditor")
    assert 'value="save"' not in pages.text("/manage/promotions/fruit-15")
    pages.post("/manage/promotions/fruit-15", do="end")
    assert promotions.get(services, "fruit-15")["state"] == "active"
    pages.text("/manage/promotions/fruit-15/what-if", 403)
