"""What is ranked, from what, and that nothing from the cut on is looked at (docs/habits.md)."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from town import START, Line, read, town, write

from loyalty_pos.insight.rank import Job, rank

CUT = START + timedelta(weeks=16)
Rank = Callable[..., list[dict[str, str]]]


@pytest.fixture(scope="module")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> Rank:
    """``ranked(lines, top=5)``: the rows of the answer; the same call is answered once."""
    told: dict[str, list[dict[str, str]]] = {}

    def call(lines: list[Line], **options: Any) -> list[dict[str, str]]:
        asked = repr((lines, sorted(options.items())))
        if asked not in told:
            told[asked] = answer(tmp_path_factory.mktemp("rank"), lines, options)
        return told[asked]

    def answer(tmp_path: Path, lines: list[Line], options: dict[str, Any]) -> list[dict[str, str]]:
        out = tmp_path / "rank.csv"
        if "members" in options:
            home = tmp_path / "members.csv"
            home.write_text(options["members"], encoding="utf-8")
            options["members"] = home
        rank(Job(lines=write(tmp_path / "lines.csv", lines), out=out, **options))
        return read(out)

    return call


def same(one: list[dict[str, str]], other: list[dict[str, str]]) -> bool:
    """The same candidates and reasons; scores and chances equal but for the order in which an engine adds."""
    rows = [{(row["member"], row["sku"]): row for row in rows} for rows in (one, other)]
    return rows[0].keys() == rows[1].keys() and all(
        row["reason"] == rows[1][pair]["reason"]
        and all(abs(float(row[name]) - float(rows[1][pair][name])) <= 2e-6 for name in ("score", "chance"))
        for pair, row in rows[0].items()
    )


def before(lines: list[Line], cut: datetime = CUT) -> list[Line]:
    return [line for line in lines if line.time < cut.isoformat(" ")]


def test_the_truth_planted_after_the_cut_changes_nothing(ranked: Rank) -> None:
    """Every member buys one strange item, in masses, from the cut on: same answer as without those lines."""
    past = before(town())
    members = sorted({line.member for line in past})
    planted = [
        Line(member, (CUT + timedelta(days=day)).isoformat(" "), f"x{member}{day}", sku, "9", "1", "zz")
        for member in (*members, "somebody-new")
        for day in range(3)
        for sku in ("planted", "p00")
    ]
    expected = ranked(past, cut=CUT, top=0)
    assert same(ranked([*planted, *past], cut=CUT, top=0), expected)
    assert not same(ranked([*past, *planted], top=0), expected)


def test_the_list_holds_own_and_new_items_ordered_by_score_with_chances(ranked: Rank) -> None:
    past = before(town())
    rows = ranked(past, cut=CUT, top=0)
    own = defaultdict(set)
    for line in past:
        own[line.member].add(line.sku)
    by_member = defaultdict(list)
    for row in rows:
        by_member[row["member"]].append(row)
        assert 0 < float(row["chance"]) < 1
        assert row["reason"].startswith("not bought yet") == (row["sku"] not in own[row["member"]])
    assert set(by_member) == set(own)
    for member, listed in by_member.items():
        assert [int(row["rank"]) for row in listed] == list(range(1, len(listed) + 1))
        scores = [float(row["score"]) for row in listed]
        assert scores == sorted(scores, reverse=True)
        assert own[member] <= {row["sku"] for row in listed}
        assert len({row["sku"] for row in listed}) == len(listed)


def test_it_ranks_better_than_the_shops_best_sellers(ranked: Rank) -> None:
    lines = town(members=120)
    past = before(lines)
    later = [line for line in lines if line.time >= CUT.isoformat(" ")]
    sold: dict[str, int] = defaultdict(int)
    for line in past:
        sold[line.sku] += 1
    best = sorted(sold, key=lambda sku: -sold[sku])[:5]
    truth = defaultdict(set)
    for line in later:
        truth[line.member].add(line.sku)
    rows = [row for row in ranked(past, cut=CUT, top=0) if int(row["rank"]) <= 5]
    hits = sum(row["sku"] in truth[row["member"]] for row in rows)
    assert hits > 1.3 * sum(sku in truth[member] for member in truth for sku in best)


def test_chances_are_what_happens(ranked: Rank) -> None:
    """Calibration: over all pairs, and over the likely half, the mean chance is the share bought in 28 days."""
    lines = town(members=120)
    truth = {
        (line.member, line.sku)
        for line in lines
        if CUT.isoformat(" ") <= line.time < (CUT + timedelta(days=28)).isoformat(" ")
    }
    rows = ranked(before(lines), cut=CUT, top=0)
    for chosen in (rows, sorted(rows, key=lambda row: -float(row["chance"]))[: len(rows) // 10]):
        said = sum(float(row["chance"]) for row in chosen) / len(chosen)
        happened = sum((row["member"], row["sku"]) in truth for row in chosen) / len(chosen)
        assert said == pytest.approx(happened, rel=0.15)


def test_a_reason_says_rhythm_and_days_in_both_languages(ranked: Rank) -> None:
    lines = [Line("an", f"2026-03-{day:02} 10:00:00", f"b{day}", "tea") for day in (1, 8, 15)]
    cut = datetime(2026, 3, 24, tzinfo=UTC)
    assert ranked(lines, cut=cut, language="vi")[0]["reason"] == "mua 7 ngày một lần, lần cuối 9 ngày trước"
    assert ranked(lines, cut=cut, language="en")[0]["reason"] == "bought every 7 days, last 9 days ago"
    assert ranked(lines[:1], cut=cut, language="vi")[0]["reason"] == "đã mua một lần, 23 ngày trước"


def test_a_basket_over_midnight_is_one_visit(ranked: Rank) -> None:
    cut = datetime(2026, 3, 10, tzinfo=UTC)
    late = [Line("an", f"2026-03-{time}", "b1", "tea") for time in ("01 23:58:00", "02 00:03:00")]
    assert ranked(late, cut=cut)[0]["reason"] == "bought once, 9 days ago"
    assert ranked([late[0], late[1]._replace(basket="b2")], cut=cut)[0]["reason"].startswith("bought every 1 days")


def test_members_without_a_purchase_get_what_their_segment_buys_and_are_told_so(ranked: Rank) -> None:
    lines = before(town())
    local = [Line("m000", (CUT - timedelta(days=2)).isoformat(" "), f"l{n}", f"local{n}") for n in range(3)]
    people = "member,segment\nm000,west\nnew-west,west\nnew-east,east\nnew-nowhere,\n"
    rows = ranked([*lines, *local], cut=CUT, top=40, members=people)
    assert {row["member"] for row in rows} == {"m000", "new-west", "new-east", "new-nowhere"}
    shares = {
        member: {row["sku"]: float(row["score"]) for row in rows if row["member"] == member}
        for member in ("new-west", "new-east")
    }
    assert shares["new-west"]["local0"] > shares["new-east"].get("local0", 0)
    reasons = {row["member"]: row["reason"] for row in rows}
    assert "of the customers of west" in reasons["new-west"]
    assert reasons["new-east"].startswith("new customer, no purchases to go by")
    assert "customers of" not in reasons["new-nowhere"]


def test_the_order_and_the_doubles_of_the_lines_do_not_matter(ranked: Rank) -> None:
    """A ticket that was exported twice, and lines in any order, give the same answer."""
    lines = before(town())
    expected = ranked(lines, cut=CUT, top=0)
    shuffled = [*lines, *lines[:50]]
    random.Random(3).shuffle(shuffled)
    assert same(ranked(shuffled, cut=CUT, top=0), expected)


def test_the_boosted_model_corrects_the_logistic_one_and_sees_no_more(ranked: Rank) -> None:
    """Same candidates and reasons, other scores; what is planted after the cut changes nothing either."""
    lines = town(members=120)
    plain = ranked(before(lines), cut=CUT, top=0)
    boosted = ranked(lines, cut=CUT, top=0, model="boosted")
    assert same(ranked(before(lines), cut=CUT, top=0, model="boosted"), boosted)
    pairs = [sorted((row["member"], row["sku"], row["reason"]) for row in rows) for rows in (plain, boosted)]
    assert pairs[0] == pairs[1]
    assert [row["score"] for row in plain] != [row["score"] for row in boosted]


def test_too_little_to_learn_from_leaves_the_logistic_answer(ranked: Rank) -> None:
    lines = town(members=4)
    assert same(ranked(lines, model="boosted"), ranked(lines))


def test_categories_can_be_ranked(ranked: Rank) -> None:
    rows = ranked(before(town()), cut=CUT, level="category")
    assert {row["sku"] for row in rows} == {f"k{number}" for number in range(6)}


@pytest.mark.parametrize("name", ["lines.csv", "lines.parquet"])
def test_times_with_an_offset_are_the_same_moments(tmp_path: Path, name: str) -> None:
    """A time at or after the cut is left out by its moment, not by how it is written."""
    import duckdb

    texts = ["2026-03-01T06:30:00+07:00", "2026-03-02T06:59:59+07:00", "2026-03-02T07:00:00+07:00"]
    source = write(tmp_path / "first.csv", [Line("an", text, f"b{n}", f"p{n}") for n, text in enumerate(texts)])
    path = tmp_path / name
    if name.endswith("parquet"):
        duckdb.sql(f"COPY (SELECT * FROM read_csv('{source}', all_varchar = true)) TO '{path}'")
    else:
        source.rename(path)
    found = rank(Job(lines=path, out=tmp_path / "out.parquet", cut=datetime.fromisoformat("2026-03-02T00:00:00+00:00")))
    assert (found["lines"], found["items"]) == (2, 2)
