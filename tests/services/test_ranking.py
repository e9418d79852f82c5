"""The night's list of what members buy next: the ranker's answer on the shop's own lines, once a day, whole."""

from __future__ import annotations

import csv
import logging
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from actions import FixedClock
from conftest import Shop
from services.lane import Books, Lane
from services.town_shop import Town, card_of, enrol, record, settle_in

from loyalty_pos import insight, jobs
from loyalty_pos.domain.habits.reasons import Why, say
from loyalty_pos.errors import Unavailable
from loyalty_pos.insight import rank as ranker
from loyalty_pos.insight.rank import Job, Model, rank
from loyalty_pos.jobs import rank as job
from loyalty_pos.services import ranking
from loyalty_pos.storage import nights
from loyalty_pos.storage import ranking as rows

Json = dict[str, Any]
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
COLUMNS = "member_id, place, sku, score, chance, why, gap, ago, percent, home"
SHOWN = (
    f"SELECT {COLUMNS} FROM next_items WHERE model_id = "
    "(SELECT max(id) FROM ranking_models WHERE listed_at IS NOT NULL) ORDER BY member_id, place"
)


@pytest.fixture
def town(shop: Shop, clock: FixedClock) -> Town:
    return settle_in(shop, clock.at)


@pytest.mark.usefixtures("counts")
def test_models_are_listed_the_newest_first(lane: Lane, town: Town, clock: FixedClock) -> None:
    """Kind, day, rows and measure of each; the one in force is the first."""
    for _ in range(2):
        run(lane)
        clock.move(days=1)
    found = ranking.models(lane.services)
    assert [one["day"] for one in found["items"]] == ["2026-11-22", "2026-11-21"]
    assert (found["items"][0]["kind"], found["next"]) == ("shipped", None)
    assert found["items"][0]["cut"] == "2026-11-22T00:00:00+07:00"
    assert found["items"][0]["quality"]["pairs"] > 100
    assert found["items"][0]["weights"] == {"next_own": {}}
    assert [len(ranking.models(lane.services, limit=1)["items"]), ranking.models(lane.services, limit=1)["next"]] == [
        1, found["items"][0]["id"],
    ]  # fmt: skip


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the ranker one that counts, for what does not depend on the figures: it takes no time."""
    monkeypatch.setattr(ranker, "ranked", counted)


def counted(asked: Job, tell: Any) -> tuple[Json, Model]:
    """Everything that a member has bought, by how often."""
    times: dict[str, Counter[str]] = defaultdict(Counter)
    last: dict[str, datetime] = {}
    lines = pq.read_table(asked.lines).to_pylist()
    for line in lines:
        if float(line["quantity"]) > 0:
            times[line["member"]][line["sku"]] += 1
            last[line["member"]] = max(line["time"], last.get(line["member"], line["time"]))
    assert asked.cut is not None
    rest = {"score": 0.5, "chance": 0.5, "why": "once", "gap": None, "percent": None, "home": None}
    found = [
        {"member": member, "rank": place, "sku": sku, "ago": (asked.cut - last[member]).days, **rest}
        for member, mine in sorted(times.items())
        for place, (sku, _) in enumerate(sorted(mine.items(), key=lambda one: (-one[1], one[0])), start=1)
    ]
    for part in (10, 60, 85):
        tell(part)
    pq.write_table(pa.Table.from_pylist(found, RANKED), asked.out)
    return {"lines": len(lines)}, Model("shipped", {"next_own": {}}, 0, {"pairs": len(found)})


RANKED = pa.schema(
    [(name, pa.string()) for name in ("member", "sku", "why", "home")]
    + [(name, pa.int64()) for name in ("rank", "gap", "ago", "percent")]
    + [(name, pa.float64()) for name in ("score", "chance")]
)


def run(lane: Lane, **more: Any) -> int:
    return job.run(lane.services, **more).done


def midnight(clock: FixedClock) -> datetime:
    return clock.at.astimezone(ZONE).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)


def exported(books: Books, path: Path) -> Path:
    """The shop's lines by plain SQL, as somebody would export them for ``habits rank``: the local time, net."""
    found = books.rows(
        "SELECT s.member_id, s.sold_at, s.id, l.sku, l.units - l.returned, l.category FROM sales s "
        "JOIN sale_lines l ON l.sale_id = s.id WHERE s.member_id IS NOT NULL"
    )
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("member", "time", "basket", "sku", "quantity", "category"))
        for member, at, *rest in found:
            local = datetime.fromtimestamp(at / 1000, ZONE).replace(tzinfo=None)
            writer.writerow((member, local.isoformat(" "), *rest))
    return path


def same(one: list[Json], other: list[Json]) -> bool:
    """The same places and reasons; figures equal but for the order in which an engine adds."""

    def pairs(found: list[Json]) -> dict[Any, Json]:
        return {(row["member"], row["sku"]): row for row in found}

    left, right = pairs(one), pairs(other)
    return left.keys() == right.keys() and all(
        row["reason"] == right[key]["reason"]
        and all(abs(float(row[name]) - float(right[key][name])) < 3e-6 for name in ("score", "chance"))
        for key, row in left.items()
    )


def test_the_night_says_what_the_command_says_of_an_export(
    lane: Lane, shop: Shop, books: Books, clock: FixedClock, tmp_path: Path
) -> None:
    """The same members, places, figures and reasons; the model was learned here, and measured."""
    settle_in(shop, clock.at, members=40)
    sold = books.rows("SELECT id FROM sales ORDER BY id LIMIT 3")
    lane.takes_back(str(sold[0][0]), ("1", 1))
    clock.move(days=1)
    written = run(lane)
    lines = exported(books, tmp_path / "lines.csv")
    people = tmp_path / "people.csv"
    people.write_text("member\n" + "".join(f"{x[0]}\n" for x in books.rows("SELECT id FROM members")), encoding="utf-8")
    for language in ("vi", "en"):
        out = tmp_path / "rank.csv"
        rank(Job(lines=lines, members=people, out=out, cut=midnight(clock), language=language))  # type: ignore[arg-type]
        with out.open(encoding="utf-8", newline="") as stream:
            told = list(csv.DictReader(stream))
        kept = [
            {"member": str(x[0]), "sku": x[2], "score": x[3], "chance": x[4], "reason": say(Why(*x[5:]), language)}
            for x in books.rows(SHOWN)
        ]
        assert same(kept, told)
    assert written == len(kept) == 40 * 20
    model = lane.services.store.read(rows.in_force)
    assert model is not None
    assert (model.kind, model.day) == ("refit", clock.at.date().isoformat())
    assert model.quality is not None
    assert model.learned_from > 0
    assert books.faults() == []


@pytest.mark.usefixtures("counts")
def test_it_is_ranked_once_a_day(lane: Lane, town: Town, books: Books, clock: FixedClock) -> None:
    """A second run has nothing to do; the next day's lists take the place of the old ones, the models stay."""
    assert [run(lane) > 0 for _ in range(2)] == [True, False]
    kept = books.rows(SHOWN)
    assert run(lane) == 0
    assert books.rows(SHOWN) == kept
    clock.move(days=1)
    assert run(lane) > 0
    assert books.value("SELECT count(*) FROM ranking_models WHERE listed_at IS NOT NULL") == 2
    assert books.value("SELECT count(DISTINCT model_id) FROM next_items") == 1
    assert {row[7] for row in books.rows(SHOWN)} != {row[7] for row in kept}


@pytest.mark.usefixtures("counts")
def test_nothing_after_the_cut_is_looked_at(lane: Lane, town: Town, books: Books, clock: FixedClock) -> None:
    """Sales of today, returns of today and who enrolled today change no list of this morning."""
    run(lane)
    morning = books.rows(SHOWN)
    record(lane.services, [
        (f"now-{n}", clock.at.isoformat(), "hn-01", "hn-01-1", card, 1, "planted", "X", "k", 1, 1000)
        for n, card in enumerate(town.cards)
    ])  # fmt: skip
    first = books.value("SELECT min(id) FROM sales")
    lane.takes_back(str(first), ("1", 1))
    lane.enrols()
    books.change("DELETE FROM nights")
    assert run(lane) == len(morning)
    assert books.rows(SHOWN) == morning
    clock.move(days=1)
    run(lane)
    assert "planted" in {row[2] for row in books.rows(SHOWN)}


@pytest.mark.usefixtures("counts")
def test_a_run_that_was_cut_off_goes_on_and_ends_the_same(
    lane: Lane, town: Town, books: Books, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old lists are shown until the last part is written; the ranked file is not found anew."""
    run(lane)
    old = books.rows(SHOWN)
    clock.move(days=1)
    monkeypatch.setattr(ranking, "PART", 60)
    told: list[tuple[int, int]] = []

    def cut(done: int, total: int) -> None:
        told.append((done, total))
        if done > 88:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(lane, tell=cut)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert books.rows(SHOWN) == old
    night = lane.services.store.read(lambda tx: nights.newest(tx, ranking.NIGHT))
    assert night is not None
    assert (night.finished, 0 < night.done_to < len(old)) == (0, True)
    found_by = job._Work._find
    monkeypatch.setattr(job._Work, "_find", lambda _self: pytest.fail("ranked again"))
    assert run(lane) == len(old) - night.done_to
    went_on = books.rows(SHOWN)
    assert went_on != old
    monkeypatch.setattr(job._Work, "_find", found_by)
    books.change("DELETE FROM nights")
    run(lane)
    assert books.rows(SHOWN) == went_on
    assert not list((Path(lane.services.data_folder) / "ranking").iterdir())


@pytest.mark.usefixtures("counts")
def test_where_the_ranked_file_is_gone_it_begins_anew(
    lane: Lane, town: Town, books: Books, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another machine goes on: the half-written lists and their model go, nothing is mixed."""
    monkeypatch.setattr(ranking, "PART", 60)

    def cut(done: int, _total: int) -> None:
        if done > 88:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(lane, tell=cut)
    for file in (Path(lane.services.data_folder) / "ranking").iterdir():
        file.unlink()
    assert books.rows(SHOWN) == []
    written = run(lane)
    assert written == len(books.rows(SHOWN)) == books.value("SELECT count(*) FROM next_items") > 0
    assert books.value("SELECT count(*) FROM ranking_models") == 1


@pytest.mark.usefixtures("counts")
def test_of_many_processes_one_ranks_and_a_dead_one_is_followed(
    lane: Lane, town: Town, books: Books, clock: FixedClock
) -> None:
    """A lease: taken by one; after it has run out, by the next, and the first writes nothing more."""
    turn = ranking.take_turn(lane.services)
    assert turn is not None
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: run(lane), range(4))) == {0}
    clock.move(minutes=31)
    written = run(lane)
    with pytest.raises(ranking.Overtaken):
        ranking.renew(lane.services, turn)
    with pytest.raises(ranking.Overtaken):
        ranking.finish(lane.services, turn)
    assert len(books.rows(SHOWN)) == written > 0


def test_who_is_new_gets_what_their_store_buys_and_is_told_so(
    lane: Lane, town: Town, books: Books, clock: FixedClock
) -> None:
    """No purchase to go by: popularity, by the store that enrolled them, with the share as the reason."""
    fresh = int(lane.enrols()["member"]["id"])
    clock.move(days=1)
    run(lane)
    mine = [row for row in books.rows(SHOWN) if row[0] == fresh]
    assert mine
    assert {row[5] for row in mine} <= {"newcomer", "newcomer_group"}
    assert all(row[8] == round(100 * row[4]) for row in mine)


@pytest.mark.usefixtures("counts")
def test_a_merged_and_an_erased_member_have_no_list(lane: Lane, town: Town, books: Books, clock: FixedClock) -> None:
    """Neither the night after, nor before it, from a list that was made while they were active."""
    members = [x[0] for x in books.rows("SELECT id FROM members ORDER BY id")]
    run(lane)
    lane.merges(str(members[0]), into=str(members[1]))
    books.change("UPDATE members SET state = 'erased' WHERE id = ?", members[2])

    def seen() -> set[int]:
        model = lane.services.store.read(rows.in_force)
        assert model is not None
        return {item.member_id for item in lane.services.store.read(lambda tx: rows.of(tx, model.id, members[:4]))}

    assert seen() == {members[1], members[3]}
    clock.move(days=1)
    run(lane)
    assert seen() == {members[1], members[3]}
    assert {x[0] for x in books.rows(SHOWN)} == set(members) - {members[0], members[2]}


def test_a_shop_without_purchases_has_nothing_to_rank(lane: Lane, books: Books, clock: FixedClock) -> None:
    """No night is begun, so a history that is imported in the morning is ranked the same day."""
    lane.enrols()
    assert run(lane) == 0
    assert books.value("SELECT count(*) FROM nights WHERE name = 'rank'") == 0
    enrol(lane.services, [card_of(1)])
    when = (clock.at - timedelta(days=3)).isoformat()
    record(lane.services, [("r1", when, "hn-01", "hn-01-1", card_of(1), 1, "tea", "Trà", "k", 1, 1000)])
    assert run(lane) > 0
    model = lane.services.store.read(rows.in_force)
    assert model is not None
    assert (model.kind, model.quality) == ("shipped", None)
    assert ("tea", "once") in {(row[2], row[5]) for row in books.rows(SHOWN)}


def test_a_shop_whose_every_line_came_back_ranks_nobody(
    lane: Lane, hanh: Json, books: Books, clock: FixedClock
) -> None:
    when = (clock.at - timedelta(days=3)).isoformat()
    record(lane.services, [("r1", when, "hn-01", "hn-01-1", hanh["card"], 1, "tea", "Trà", "k", 1, 1000)])
    lane.takes_back(str(books.value("SELECT max(id) FROM sales")), ("1", 1))
    clock.move(days=1)
    assert run(lane) == 0
    assert books.value("SELECT finished FROM nights WHERE name = 'rank'") == 1
    assert books.rows(SHOWN) == []


def test_without_the_extra_the_job_says_so_and_the_others_run(
    lane: Lane, town: Town, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(insight.EXTRAS, "analysis", ("a_package_that_is_not_there",))
    with pytest.raises(Unavailable) as refused:
        jobs.run(lane.services, "rank")
    assert refused.value.code == "extra_missing"
    jobs._say_once.cache_clear()
    with caplog.at_level(logging.WARNING, "loyalty_pos.jobs"):
        done = [summary.name for _ in range(2) for summary in jobs.run_due(lane.services)]
    assert set(done) == set(jobs.JOBS) - {"rank"}
    assert [record.getMessage() for record in caplog.records if "rank" in record.getMessage()] == [
        "rank: extra_missing"
    ]
