"""The response model on the engine: nothing from the future, and the same figures as the shop's own reckoning."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

pytest.importorskip("ibis")
pytest.importorskip("duckdb")

import ibis
import pyarrow as pa

from loyalty_pos.domain.campaigns import response as shop
from loyalty_pos.domain.campaigns.response import DAY_MS, PastCoupon, PastLine
from loyalty_pos.insight import response
from loyalty_pos.insight.engine import Engine, opened
from loyalty_pos.insight.response import WHICH, WHO, Past

STARTS = {1: 200, 2: 230, 3: 260}
Row = dict[str, object]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with opened(threads=1) as found:
        yield found


def town(seed: int = 1) -> dict[str, list[Row]]:
    """Forty members, three campaigns of four coupons; who is odd uses coupons and redeems the one on item 0."""
    luck = random.Random(seed)
    lines: list[Row] = []
    for member in range(40):
        for day in sorted(luck.sample(range(20, 300), 8 + member)):
            for sku in {luck.randrange(12) for _ in range(3)} | ({0} if member % 2 else set()):
                lines.append({"member": member, "sku": sku, "category": f"k{sku % 4}", "day": day,
                              "amount": 1.0 + sku,
                              "coupon": int(luck.random() < (0.4 if member % 2 else 0.02))})  # fmt: skip
    goods = [{"campaign": k, "coupon": c, "sku": 3 * c + n} for k in STARTS for c in range(4) for n in range(3)]
    sent = [{"campaign": k, "member": m} for k in STARTS for m in range(40) if (m + k) % 3]
    redeemed = [
        {"campaign": one["campaign"], "member": one["member"], "coupon": 0, "day": STARTS[one["campaign"]] + 5}
        for one in sent if one["member"] % 2 and luck.random() < 0.6
    ]  # fmt: skip
    campaigns: list[Row] = [{"campaign": k, "start": start, "end": start + 20} for k, start in STARTS.items()]
    return {"lines": lines, "campaigns": campaigns, "sent": sent, "goods": goods, "redeemed": redeemed}


def past(tables: dict[str, list[Row]]) -> Past:
    return Past(**{name: ibis.memtable(pa.Table.from_pylist(rows)) for name, rows in tables.items()})


def rows(engine: Engine, tables: dict[str, list[Row]], make: object, cut: int = 260) -> list[Row]:
    found = make(past(tables), cut, engine.keep)  # type: ignore[operator]
    keys = [name for name in ("campaign", "member", "coupon") if name in found.columns]
    return list(found.order_by(keys).to_pyarrow().to_pylist())


@pytest.mark.parametrize("make", [response.who, response.which])
def test_what_happens_from_the_cut_on_changes_nothing(engine: Engine, make: object) -> None:
    tables = town()
    known = rows(engine, tables, make)
    tables["redeemed"] = [
        *(one for one in tables["redeemed"] if one["day"] < 260),  # type: ignore[operator]
        *({"campaign": 3, "member": m, "coupon": 2, "day": 260 + m} for m in range(40)),
    ]
    tables["lines"] = [
        *(one for one in tables["lines"] if one["day"] < 260),  # type: ignore[operator]
        *({"member": m, "sku": 5, "category": "k1", "day": 260, "amount": 9.0, "coupon": 1} for m in range(40)),
    ]
    assert rows(engine, tables, make) == known


@pytest.mark.parametrize(("make", "features"), [(response.who, WHO), (response.which, WHICH)])
def test_the_next_campaign_is_foreseen(engine: Engine, make: object, features: tuple[str, ...]) -> None:
    tables = town()
    found = make(past(tables), 260, engine.keep)  # type: ignore[operator]
    weights = response.learned(found, 260, features)
    chances = response.scored(found.filter(found.campaign == 3), weights).to_pyarrow().to_pylist()
    redeemed = {(one["member"], one["coupon"]) for one in tables["redeemed"] if one["campaign"] == 3}
    yes = [one["chance"] for one in chances if (one["member"], one.get("coupon", 0)) in redeemed]
    no = [one["chance"] for one in chances if (one["member"], one.get("coupon", 0)) not in redeemed]
    assert len(yes) > 3
    assert sum(one > other for one in yes for other in no) / (len(yes) * len(no)) > 0.8


def test_every_member_and_coupon_has_one_row(engine: Engine) -> None:
    tables = town()
    assert len(rows(engine, tables, response.who)) == len(tables["sent"])
    assert len(rows(engine, tables, response.which)) == 4 * len(tables["sent"])


def test_the_shop_reckons_the_same_figures(engine: Engine) -> None:
    """``domain.campaigns.response`` has the same features of the same past, but for the number of coupons."""
    tables = town()
    goods = {one["sku"] for one in tables["goods"] if one["campaign"] == 3}
    members = [one["member"] for one in tables["sent"] if one["campaign"] == 3]
    figures = []
    for member in members:
        lines = [
            PastLine(number, _at(one["day"]), str(one["sku"]), None, int(one["amount"]), bool(one["coupon"]))  # type: ignore[call-overload]
            for number, one in enumerate(tables["lines"]) if one["member"] == member
        ]  # fmt: skip
        used = {one["campaign"]: _at(one["day"]) for one in tables["redeemed"] if one["member"] == member}
        coupons = [
            PastCoupon(STARTS[one["campaign"]] * DAY_MS, used.get(one["campaign"]))  # type: ignore[index]
            for one in tables["sent"] if one["member"] == member
        ]  # fmt: skip
        figures.append(shop.figures(lines, coupons, lambda line: int(line.sku) in goods, 260 * DAY_MS))
    mean = sum(one.spend for one in figures) / len(figures)
    for mine, theirs in zip(figures, [one for one in rows(engine, tables, response.who) if one["campaign"] == 3],
                            strict=True):  # fmt: skip
        found = shop.logged(mine, mean)
        assert found == pytest.approx({name: theirs[name] for name in found}, abs=1e-6)
    assert {*shop.WEIGHTS} == {*WHO} - {"coupons"}


def _at(day: object) -> int:
    return int(day) * DAY_MS + DAY_MS // 2  # type: ignore[call-overload]
