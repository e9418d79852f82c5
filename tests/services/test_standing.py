"""What a night finds out: where members stand, what goes together; once a day, in parts (habits.md section 3)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from actions import FixedClock
from services.lane import COFFEE, FRUIT, MILK, Books, Lane, bread

from loyalty_pos import jobs
from loyalty_pos.services import pairs, profiles, standing
from loyalty_pos.storage import nights

Json = dict[str, Any]


def silent(_done: int, _total: int) -> None:
    """Nobody listens."""


def buys(lane: Lane, clock: FixedClock, card: str, *days_ago: int, goods: tuple[Json, ...] = (MILK,)) -> None:
    """Sales of so many days ago."""
    for days in days_ago:
        when = (clock.at - timedelta(days=days)).isoformat()
        lane.sells(*goods, card=card, as_sold=True, sold_at=when)


def shown(lane: Lane, member: str, language: str = "en") -> Json:
    """The profile as the contract shows it."""
    return profiles.profile(lane.services, lane.caller, member, language)  # type: ignore[arg-type]


@pytest.fixture
def town(lane: Lane, clock: FixedClock, hanh: Json) -> dict[str, str]:
    """A weekly regular (Hạnh), somebody who used to come every week, a newcomer, and one who never bought."""
    gone, fresh, never = (lane.enrols()["member"]["id"] for _ in range(3))
    cards = dict(Books(lane.services).rows("SELECT member_id, number FROM cards"))
    buys(lane, clock, hanh["card"], *range(0, 70, 7))
    buys(lane, clock, cards[int(gone)], *range(100, 170, 7))
    buys(lane, clock, cards[int(fresh)], 1, goods=(COFFEE,))
    return {"regular": hanh["id"], "gone": gone, "fresh": fresh, "never": never}


def test_a_night_judges_every_member_who_has_bought(lane: Lane, town: dict[str, str], books: Books) -> None:
    """Lifecycle, quintiles, purchases to expect; the reason in the reader's language."""
    assert standing.judge_all(lane.services, silent) == 3
    seen = {who: shown(lane, member)["standing"] for who, member in town.items()}
    states = {who: one and one["lifecycle"] for who, one in seen.items()}
    assert states == {"regular": "regular", "gone": "lapsed", "fresh": "new", "never": None}
    assert seen["regular"]["reason"] == "Buys steadily, about every 7 days, last 0 days ago."
    assert seen["gone"]["rfm"]["recency"] < seen["fresh"]["rfm"]["recency"] < seen["regular"]["rfm"]["recency"]
    assert seen["regular"]["expected_days_90"] > 3 > 1 > seen["gone"]["expected_days_90"]
    assert seen["fresh"]["alive"] is None
    assert seen["gone"]["alive"] < 0.2 < 0.8 < seen["regular"]["alive"]
    assert "mua một lần" in shown(lane, town["gone"], "vi")["standing"]["reason"]
    assert books.faults() == []


def test_a_night_is_done_once_a_local_day(lane: Lane, town: dict[str, str], clock: FixedClock) -> None:
    """A second run has nothing to do; the next day everybody is judged anew, by that day's terms."""
    assert [standing.judge_all(lane.services, silent) for _ in range(2)] == [3, 0]
    clock.move(days=20)
    assert standing.judge_all(lane.services, silent) == 3
    assert shown(lane, town["regular"])["standing"]["lifecycle"] == "slipping"
    assert shown(lane, town["fresh"])["standing"]["day"] == "2026-12-11"


def test_a_night_that_was_cut_off_goes_on_and_ends_the_same(
    lane: Lane, town: dict[str, str], books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Block by block; the terms are those that the night began with."""
    monkeypatch.setattr(standing, "BLOCK", 1)
    told: list[tuple[int, int]] = []

    def cut(done: int, total: int) -> None:
        told.append((done, total))
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        standing.judge_all(lane.services, cut)
    assert told == [(1, 4), (2, 4)]
    night = lane.services.store.read(lambda tx: nights.newest(tx, standing.NIGHT))
    assert night is not None
    assert (night.done_to, night.finished) == (2, 0)
    assert books.value("SELECT count(*) FROM member_standing") == 2
    assert standing.judge_all(lane.services, silent) == 1
    cut_off = books.rows("SELECT * FROM member_standing ORDER BY member_id")
    books.change("DELETE FROM nights")
    books.change("DELETE FROM member_standing")
    standing.judge_all(lane.services, silent)
    assert books.rows("SELECT * FROM member_standing ORDER BY member_id") == cut_off


def test_who_has_nothing_left_stands_nowhere(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """S30: a bill that came back whole was no visit; the next night forgets it."""
    sold = lane.sells(MILK, card=hanh["card"])
    standing.judge_all(lane.services, silent)
    assert shown(lane, hanh["id"])["standing"]["lifecycle"] == "new"
    lane.takes_back_all(sold)
    clock.move(days=1)
    assert standing.judge_all(lane.services, silent) == 0
    assert shown(lane, hanh["id"])["standing"] is None


def test_the_rhythm_of_goods_is_shrunk_to_that_of_their_kind(
    lane: Lane, town: dict[str, str], hanh: Json, clock: FixedClock
) -> None:
    """Two gaps of fruit beside a shop where milk is bought weekly; bought once: no rhythm yet."""
    buys(lane, clock, hanh["card"], 40, 20, goods=(FRUIT,))
    buys(lane, clock, hanh["card"], 5, goods=(bread(9_000, 7),))
    before = shown(lane, town["regular"])["favourites"]
    standing.judge_all(lane.services, silent)
    after = {row["sku"]: row["rhythm"] for row in shown(lane, town["regular"])["favourites"]}
    assert after["milk"]["mean_days"] == pytest.approx(7, abs=0.1)
    assert after["milk"]["due"] < 0.1
    assert after["apple"]["mean_days"] == pytest.approx(20, abs=0.1)
    assert after["apple"]["reason"] == "Buys about every 20 days, last 20 days ago."
    assert after["bread"] is None
    shop_wide = {row["sku"]: row["rhythm"] for row in before}
    assert shop_wide["milk"]["mean_days"] == pytest.approx((9 * 7 + 30) / 10, abs=0.1)


def test_what_goes_together_is_shown_to_who_has_not_bought_it(
    lane: Lane, hanh: Json, clock: FixedClock, books: Books
) -> None:
    """From everybody's baskets, honestly labelled; nothing that the member has bought before."""
    for number in range(12):
        lane.sells(MILK, FRUIT)
        lane.sells(bread(9_000 + number))
    lane.sells(MILK, card=hanh["card"])
    assert pairs.count_all(lane.services, silent) == 2
    assert shown(lane, hanh["id"])["goes_with"] == [
        {
            "sku": "apple", "name": "Táo", "with": {"sku": "milk", "name": "Sữa tươi"}, "baskets": 13, "together": 12,
            "lift": 1.923,
            "reason": "In 12 of 13 baskets of all customers with Sữa tươi; this customer has not bought it.",
        }
    ]  # fmt: skip
    lane.sells(FRUIT, card=hanh["card"])
    assert shown(lane, hanh["id"])["goes_with"] == []
    assert pairs.count_all(lane.services, silent) == 0
    clock.move(days=1)
    books.change("DELETE FROM goods_pairs")
    assert pairs.count_all(lane.services, silent) == 2


def test_processes_that_find_out_the_same_night_do_not_disturb_each_other(
    lane: Lane, town: dict[str, str], books: Books
) -> None:
    """Both may begin; the rows are those of one."""
    for number in range(12):
        lane.sells(MILK, FRUIT)
        lane.sells(bread(9_000 + number))
        lane.sells(COFFEE)
    with ThreadPoolExecutor(4) as crowd:
        kept = list(crowd.map(lambda _: pairs.count_all(lane.services, silent), range(4)))
        judged = list(crowd.map(lambda _: standing.judge_all(lane.services, silent), range(4)))
    assert sorted(kept) == [0, 0, 0, 2]
    assert set(judged) <= {0, 3}
    assert books.rows("SELECT sku, other FROM goods_pairs ORDER BY sku") == [("apple", "milk"), ("milk", "apple")]
    assert books.value("SELECT count(*) FROM member_standing") == 3


def test_both_are_jobs(lane: Lane, town: dict[str, str]) -> None:
    """``loyalty-pos jobs run lifecycle``."""
    done = {name: jobs.run(lane.services, name).done for name in ("lifecycle", "cross-sell")}
    assert (done["lifecycle"], done["cross-sell"]) == (3, 0)
