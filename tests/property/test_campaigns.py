"""Laws of any campaign: the control group is exact, nobody stands twice, totals add up, cut where it may."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from actions import FixedClock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from services.lane import Books, Lane, sqlite_only
from services.test_campaigns import WRITE, drafted

from loyalty_pos.domain.campaigns.choice import Bought, Candidate, choose
from loyalty_pos.domain.campaigns.control import control_of, control_size, is_control
from loyalty_pos.domain.campaigns.cost import rate_of
from loyalty_pos.domain.campaigns.occasions import comes_round, key_of, next_time, spans
from loyalty_pos.services import campaign_launch, campaign_upkeep, campaigns
from loyalty_pos.services.context import Services

CATEGORIES = st.sampled_from(["dairy", "dairy/milk", "drinks", "drinks/coffee", "fresh/fruit"])
BOUGHT = st.lists(
    st.builds(Bought, CATEGORIES, st.just(True), st.integers(1, 50), st.floats(0.01, 50), st.integers(1, 10**12)),
    max_size=6,
    unique_by=lambda one: one.code,
)
CANDIDATES = st.lists(
    st.builds(
        lambda number, codes: Candidate(f"p{number}", "x", codes, frozenset()),
        st.integers(0, 99),
        st.frozensets(CATEGORIES, max_size=2),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda one: one.promotion,
)
DAYS = st.dates(date(2020, 1, 1), date(2032, 12, 31))


@given(st.integers(0, 2_000), st.integers(0, 50), st.text("0123456789", min_size=1, max_size=3))
def test_the_control_group_is_exact(members: int, percent: int, campaign: str) -> None:
    """round(n p), half up, whatever the campaign."""
    out = control_of(campaign, map(str, range(members)), Decimal(percent))
    assert len(out) == control_size(members, Decimal(percent)) == int(members * percent / 100 + 0.5)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(1, 10**9))
def test_a_larger_control_group_holds_the_smaller_one(one: int, other: int, member: int) -> None:
    low, high = sorted((one, other))
    assert is_control("1", str(member), Decimal(high)) >= is_control("1", str(member), Decimal(low))


@given(CANDIDATES, BOUGHT)
def test_who_bought_something_gets_a_coupon_for_it(candidates: list[Candidate], bought: list[Bought]) -> None:
    """And never one for goods that they bought less often than those of another."""

    def times(candidate: Candidate) -> int:
        return 0 if candidate.general else sum(one.times for one in bought if candidate.covers(one))

    found = choose(candidates, bought)
    most = max(times(one) for one in candidates)
    assert times(found.candidate) == most
    assert (found.why is None) == (most == 0)
    if not most and any(one.general for one in candidates):
        assert found.candidate.general


@given(CANDIDATES, BOUGHT, st.randoms())
def test_the_choice_does_not_hang_on_the_order_of_what_was_bought(
    candidates: list[Candidate], bought: list[Bought], luck: object
) -> None:
    assert choose(candidates, bought) == choose(candidates, list(reversed(bought)))


@given(st.integers(0, 5_000), st.integers(0, 5_000))
def test_the_range_of_used_coupons_holds_their_share(used: int, more: int) -> None:
    rate = rate_of(used, used + more)
    assert 0 <= rate.low <= rate.high <= 1
    if rate.known:
        assert rate.low - 1e-9 <= used / rate.known <= rate.high + 1e-9


@given(DAYS, DAYS)
def test_a_yearly_day_comes_within_a_year_and_has_one_key_until_it_is_over(born: date, today: date) -> None:
    coming = next_time(f"{born:%m-%d}", today)
    assert today <= coming < today + timedelta(days=367)
    before = [day for day in (coming - timedelta(days=ago) for ago in range(8)) if day > today - timedelta(days=8)]
    assert {key_of("birthday", day, f"{born:%m-%d}") for day in before} == {str(coming.year)}


@given(DAYS, st.integers(0, 1_500))
def test_an_anniversary_comes_round_in_one_week_of_each_year(first: date, later: int) -> None:
    today = first + timedelta(days=later)
    if comes_round(first, today):
        assert later >= 300
        assert (next_time(f"{first:%m-%d}", today) - today).days <= 7
        assert any(begins <= first < ends for begins, ends in spans(today))


@sqlite_only
@given(
    members=st.integers(1, 25),
    percent=st.integers(0, 50),
    step=st.integers(1, 9),
    cuts=st.lists(st.integers(1, 3), max_size=4),
    stops=st.booleans(),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_wherever_a_launch_is_cut_the_totals_are_right(
    services: Services, lane: Lane, books: Books, members: int, percent: int, step: int, cuts: list[int], stops: bool
) -> None:
    """Everybody of the done part stands on one side once; each of the treated has one coupon, the others none."""
    named = [str(lane.enrols()["member"]["id"]) for _ in range(members)]
    campaign = drafted(services, audience={"members": named}, control_percent=percent, capped=False)
    campaign_launch.launch(services, WRITE, campaign)
    before, campaign_launch.STEP = campaign_launch.STEP, step
    try:
        for steps in cuts:
            campaign_launch.issue(services, int(campaign), steps=steps)
        if stops and campaigns.get(services, campaign)["state"] == "launching":
            campaigns.stop(services, WRITE, campaign, "x")
        campaign_upkeep.run(services)
    finally:
        campaign_launch.STEP = before
    found = campaigns.get(services, campaign)
    items = campaigns.list_members(services, campaign, None, 200)["items"]
    assert found["treated"] + found["control"] == found["done"] == len(items) == len({x["member"] for x in items})
    assert found["coupons"] == found["treated"] == len({x["coupon"] for x in items if x["coupon"]})
    whole = control_of(campaign, named, Decimal(percent))
    assert {x["member"] for x in items if x["side"] == "control"} == whole & {x["member"] for x in items}
    assert found["state"] in ("running", "stopped")
    assert found["state"] == "stopped" or found["done"] == members
    assert books.faults() == []


@sqlite_only
def test_two_years_of_nights_meet_each_birthday_once_a_year(services: Services, lane: Lane, clock: FixedClock) -> None:
    born = ["1992-02-29", "1991-01-03", "1995-06-15", "1993-12-31"]
    for day in born:
        lane.enrols(birthday=day)
    always = {"kind": "birthday"}
    campaign = drafted(services, audience=None, always=always, control_percent=0, budget=10**6)
    campaign_launch.launch(services, WRITE, campaign)
    for _ in range(110):
        campaign_upkeep.run(services)
        clock.move(days=5)
    items = campaigns.list_members(services, campaign, None, 200)["items"]
    assert len(items) == len({(one["member"], one["occasion"]) for one in items})
    assert {one["occasion"] for one in items} >= {"2027"}
    per_year = [one["member"] for one in items if one["occasion"] == "2027"]
    assert len(per_year) == len(born)
