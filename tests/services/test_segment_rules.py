"""What a segment's rule means, asked of real databases: every field and every operator, and laws of any rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actions import FixedClock
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from services.crowd import Crowd, crowd
from services.lane import sqlite_only

from loyalty_pos.domain.phrase import plain
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.segments.decode import decode_rule
from loyalty_pos.domain.segments.fields import CHOICES, FIELDS, LARGEST, OPERATORS, Field
from loyalty_pos.domain.segments.rule import Rule, steps
from loyalty_pos.domain.segments.sentence import sentence
from loyalty_pos.errors import BadInput
from loyalty_pos.services import segment_members
from loyalty_pos.services.context import Services
from loyalty_pos.storage import segments
from loyalty_pos.storage.tables import metadata
from loyalty_pos.storage.tx import Tx

__all__ = ["crowd"]
Json = dict[str, Any]
EVERYBODY = {"lan", "an", "minh", "thu"}


def c(field: str, op: str, value: Any, **beside: Any) -> Json:
    """A condition."""
    return {"field": field, "op": op, "value": value} | beside


CASES: list[tuple[Json, set[str]]] = [
    (c("visits", ">=", 1), {"lan", "an", "minh"}),
    (c("visits", "=", 0), {"thu"}),
    (c("visits", "<=", 1), {"an", "minh", "thu"}),
    (c("visits", "between", [2, 3]), {"lan"}),
    (c("visits", "=", 1, days=12), {"lan", "minh"}),
    (c("visits", "=", 0, days=11), {"lan", "an", "thu"}),
    (c("spend", ">=", 100_000), {"lan", "an"}),
    (c("spend", "<=", 80_000, days=52), {"minh", "thu"}),
    (c("items", ">=", 7), {"lan"}),
    (c("average_basket", "between", [60_000, 70_000]), {"minh"}),
    (c("first_purchase", ">=", 112), {"lan"}),
    (c("first_purchase", "exists", False), {"thu"}),
    (c("last_purchase", "within_days", 12), {"lan", "minh"}),
    (c("last_purchase", "within_days", 11), {"minh"}),
    (c("last_purchase", "between", [12, 52]), {"lan", "an"}),
    (c("last_purchase", ">=", 13), {"an"}),
    (c("last_purchase", "exists", True), {"lan", "an", "minh"}),
    (c("weekend_share", ">=", 30), {"lan"}),
    (c("weekend_share", "=", 0), {"an", "minh"}),
    (c("daypart", "in", ["morning"]), {"minh"}),
    (c("daypart", "in", ["afternoon", "night"]), {"lan", "an"}),
    (c("daypart", "exists", False), {"thu"}),
    (c("product_last", "within_days", 110, of=["milk"]), {"lan"}),
    (c("product_last", "within_days", 52, of=["milk", "apple"]), {"an", "minh"}),
    (c("product_last", "between", [109, 111], of=["milk"]), {"lan"}),
    (c("product_times", ">=", 2, of=["milk"]), {"lan"}),
    (c("product_times", "=", 0, of=["milk", "apple"]), {"thu"}),
    (c("product_spend", ">=", 1, of=["coffee"]), {"lan"}),
    (c("category_last", "exists", True, of=["fresh"]), {"an", "minh"}),
    (c("category_last", "exists", False, of=["fresh", "dairy/milk"]), {"thu"}),
    (c("category_last", "exists", True, of=["fres"]), set()),
    (c("category_times", ">=", 3, of=["dairy", "drinks"]), {"lan"}),
    (c("category_spend", ">=", 130_000, of=["drinks/coffee"]), {"lan"}),
    (c("favourite_category", "in", ["dairy"]), {"lan"}),
    (c("favourite_category", "in", ["fresh/fruit"]), {"an", "minh"}),
    (c("favourite_category", "exists", False), {"thu"}),
    (c("categories_bought", "=", 2), {"lan", "an"}),
    (c("age", ">=", 25), {"lan"}),
    (c("age", "=", 35), {"lan"}),
    (c("age", "<=", 24), {"an", "minh"}),
    (c("age", "between", [21, 24]), {"an", "minh"}),
    (c("gender", "in", ["female"]), {"lan"}),
    (c("gender", "exists", False), {"an", "thu"}),
    (c("birthday", "within_days", 3), {"lan"}),
    (c("birthday", "within_days", 7), {"lan", "an"}),
    (c("birthday", "within_days", 99), {"lan", "an", "minh"}),
    (c("birthday", "within_days", 365), {"lan", "an", "minh"}),
    (c("birthday", "exists", False), {"thu"}),
    (c("interests", "in", ["trà", "bia"]), {"lan"}),
    (c("interests", "in", ["cà phê"]), {"minh"}),
    (c("store", "in", ["hn-01"]), {"lan", "an"}),
    (c("store", "exists", False), {"thu"}),
    (c("stores_visited", "in", ["hn-02"]), {"minh"}),
    (c("enrolled_store", "in", ["hn-01"]), {"lan", "an", "thu"}),
    (c("enrolled_store", "exists", True), EVERYBODY),
    (c("enrolled", "within_days", 12), {"minh", "thu"}),
    (c("enrolled", ">=", 112), {"lan", "an"}),
    (c("tier", "in", ["gold"]), {"thu"}),
    (c("tier", "exists", True), EVERYBODY),
    (c("points", ">=", 700), {"thu"}),
    (c("points_lapsing", ">=", 1, days=3_660), EVERYBODY),
    (c("points_lapsing", ">=", 1, days=1), set()),
    (c("coupons_used", "=", 1), {"an"}),
    (c("coupons_used", "=", 1, days=52), {"an"}),
    (c("coupons_used", "=", 1, days=51), set()),
    (c("coupons_unused", ">=", 1), {"lan"}),
    (c("coupons_lapsed", ">=", 1), {"an"}),
    (c("coupon_given", "within_days", 22), {"lan"}),
    (c("coupon_given", "exists", True), {"lan", "an"}),
    (c("consent", "in", ["marketing"]), {"lan"}),
    (c("consent", "in", ["marketing.sms"]), set()),
    (c("consent", "in", ["marketing.zalo", "sharing"]), {"lan"}),
    (c("consent", "in", ["profiling"]), {"lan"}),
    (c("lifecycle", "in", ["active"]), {"lan"}),
    (c("lifecycle", "in", ["new", "slipping"]), {"an", "minh"}),
    (c("lifecycle", "exists", False), {"thu"}),
    (c("recency_quintile", ">=", 4), {"lan", "minh"}),
    (c("frequency_quintile", "=", 1), {"an", "minh"}),
    (c("spend_quintile", "between", [1, 2]), {"an", "minh"}),
]

RULES: list[tuple[Json, set[str]]] = [
    ({"all": [c("visits", ">=", 1), c("last_purchase", "within_days", 12)]}, {"lan", "minh"}),
    ({"any": [c("tier", "in", ["gold"]), c("age", "<=", 24)]}, {"an", "minh", "thu"}),
    ({"not": c("gender", "in", ["female"])}, {"an", "minh", "thu"}),
    ({"not": [c("gender", "in", ["male"]), c("visits", "=", 0)]}, {"lan", "an"}),
    ({"all": [c("enrolled", ">=", 0)], "any": [c("visits", "=", 0), {"all": [c("visits", "=", 1), c("age", ">=", 22)]}],
      "not": [{"any": [c("interests", "in", ["trà"]), c("points", ">=", 10_000)]}]}, {"an", "thu"}),
    ({"all": [{"not": [c("average_basket", ">=", 1)]}]}, {"thu"}),
]  # fmt: skip


def meant(services: Services, rule: Rule) -> list[int]:
    """The ids that a rule means."""
    return services.store.read(lambda tx: segments.matching(tx, rule, _today(services, tx)))


def _today(services: Services, tx: Tx) -> segments.Today:
    return segment_members.today(services.rules.current(tx), services.now_ms())


def test_every_field_and_every_operator_means_what_it_says(services: Services, crowd: Crowd) -> None:
    """Everybody at once, and the same members asked one by one as a sale asks."""
    for raw, wanted in [*[({"all": [one]}, who) for one, who in CASES], *RULES]:
        rule = decode_rule(raw)
        assert crowd.named(meant(services, rule)) == wanted, raw
        held = services.store.read(
            lambda tx, rule=rule: segments.holding(tx, [rule], _today(services, tx), [*crowd.ids.values()])  # type: ignore[misc]
        )
        assert crowd.named(number for number, (yes,) in held.items() if yes) == wanted, raw


def test_the_table_of_cases_leaves_nothing_out() -> None:
    """Every field is there, and every operator of every kind."""
    assert {one["field"] for one, _ in CASES} == set(FIELDS)
    tried = {(FIELDS[one["field"]].kind, one["op"]) for one, _ in CASES}
    figures = {"money", "points", "percent"}
    assert tried >= {(kind, op) for kind, ops in OPERATORS.items() if kind not in figures for op in ops}


def test_every_fact_is_known_to_the_database() -> None:
    """A field's fact is a column of a table with one row a member, or a figure that is worked out."""
    for field in FIELDS.values():
        for fact in filter(None, (field.fact, field.since)):
            if fact not in segments.FIGURES and fact not in segments.EXPRESSIONS:
                table, _, column = fact.partition(".")
                assert table in segments.BASES, field.name
                assert column in metadata.tables[table].columns, field.name


def test_the_nightly_standing_can_be_asked_for() -> None:
    """Lifecycle and the three quintiles."""
    asked = {field.fact for field in FIELDS.values()}
    assert {f"member_standing.{name}" for name in ("state", "recency", "frequency", "spend")} <= asked


def test_a_birthday_on_29_february_is_the_28th_where_there_is_none(
    services: Services, crowd: Crowd, clock: FixedClock
) -> None:
    """And the window goes over the end of the year."""
    number = crowd.ids["lan"]
    services.store.write(lambda tx: tx.run("UPDATE people SET birthday = '1992-02-29' WHERE member_id = ?", (number,)))
    rule = decode_rule({"all": [c("birthday", "within_days", 0)]})
    for day, wanted in (("2027-02-28", {"lan", "minh"}), ("2028-02-28", {"minh"}), ("2028-02-29", {"lan"}),
                        ("2027-03-01", set())):  # fmt: skip
        clock.at = clock.at.fromisoformat(f"{day}T05:00:00+00:00")
        assert crowd.named(meant(services, rule)) == wanted, day


# The laws of any rule -------------------------------------------------------------------------------

WORDS = {"tiers": ["bronze", "silver", "gold"], "stores": ["hn-01", "hn-02"], "categories": ["dairy", "fresh/fruit"],
         "products": ["milk", "apple"], "words": ["trà", "bia"]}  # fmt: skip


@st.composite
def conditions(draw: st.DrawFn) -> Json:
    """A condition that is well-formed."""
    field: Field = draw(st.sampled_from([*FIELDS.values()]))
    op = draw(st.sampled_from(OPERATORS[field.kind]))
    most = min(LARGEST.get(field.kind, 0), draw(st.sampled_from([3, 120, 10**6])))
    figure = st.integers(0, most)
    words: Sequence[str] = WORDS.get(field.choices) or [*CHOICES.get(field.choices, {})]
    listed = st.lists(st.sampled_from(words or ["?"]), min_size=1, max_size=3)
    pair = st.lists(figure, min_size=2, max_size=2).map(sorted)
    shapes = {"exists": st.booleans(), "between": pair, "in": listed}
    value = draw(shapes.get(op, figure))
    found = c(field.name, op, value)
    if field.of:
        found["of"] = draw(st.lists(st.sampled_from(WORDS[field.of]), min_size=1, max_size=2))
    if field.ahead or (field.since and draw(st.booleans())):
        found["days"] = draw(st.integers(1, 400))
    return found


def rules() -> st.SearchStrategy[Json]:
    """Rules, and rules inside them."""

    def around(parts: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
        few = st.lists(parts, max_size=3)
        made = st.fixed_dictionaries({}, optional={"all": few, "any": few, "not": few})
        return made.filter(lambda rule: any(rule.values()))

    return around(st.one_of(conditions(), around(conditions())))


@sqlite_only
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=rules())
def test_the_laws_of_any_rule(services: Services, crowd: Crowd, raw: Json) -> None:
    """Everybody is inside or outside; the funnel only narrows, to just the members that are meant; the one
    who is asked alone is answered as among all; and the rule can be said in both languages."""
    try:
        rule = decode_rule(raw)
    except BadInput as refusal:
        assume(not [code for codes in refusal.errors.values() for code in codes if code == "contradictory"])
        raise
    inside, outside = meant(services, rule), meant(services, Rule(none=(rule,)))
    everybody = set(crowd.ids.values())
    assert set(inside) | set(outside) == everybody
    assert not set(inside) & set(outside)
    left = services.store.read(lambda tx: segments.funnel(tx, rule, _today(services, tx)))
    assert len(left) == len(steps(rule)) + 1
    assert left == sorted(left, reverse=True)
    assert (left[0], left[-1]) == (len(everybody), len(inside))
    held = services.store.read(lambda tx: segments.holding(tx, [rule], _today(services, tx), sorted(everybody)))
    assert {number for number, (yes,) in held.items() if yes} == set(inside)
    for language in ("vi", "en"):
        assert plain(sentence(rule, Say(language, "VND"), lambda _kind, code: code)).endswith(".")  # type: ignore[arg-type]
