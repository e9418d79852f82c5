"""The lists of sales and swipes: what a caller may see, narrowed as asked, page by page (contract.md 2)."""

from __future__ import annotations

from actions import Till, basket, ok


def test_sales_are_listed_newest_first_and_narrowed(till: Till, other_till: Till) -> None:
    card = ok(till.enrol(name="Hạnh"), 201)["card"]["number"]
    first = ok(till.sell(basket(card=card), receipt="r1"), 201)
    second = ok(till.sell(basket(), receipt="r2"), 201)
    ok(other_till.sell(basket(), receipt="r3"), 201)
    listed = ok(till.get("/sales"))["items"]
    assert [row["id"] for row in listed] == [second["id"], first["id"]]
    assert [row["receipt"] for row in ok(till.get("/sales?receipt=r1"))["items"]] == ["r1"]
    member = first["member"]["id"]
    assert [row["receipt"] for row in ok(till.get(f"/sales?member={member}"))["items"]] == ["r1"]
    assert ok(till.get("/sales?to=2001-01-01"))["items"] == []
    page = ok(till.get("/sales?limit=1"))
    assert [row["receipt"] for row in ok(till.get(f"/sales?limit=1&cursor={page['next']}"))["items"]] == ["r1"]


def test_swipes_are_listed_with_masked_numbers(till: Till, other_till: Till) -> None:
    """S43: an unknown card's swipe is there too; another store's is not."""
    card = ok(till.enrol(name="Hạnh"), 201)["card"]["number"]
    ok(till.identify(card))
    till.identify("2999999999994")
    ok(other_till.identify(card))
    listed = ok(till.get("/swipes"))["items"]
    assert [row["outcome"] for row in listed] == ["unknown", "found"]
    assert card not in str(listed)


def test_a_day_that_is_none_is_refused(till: Till) -> None:
    for query in ("from=yesterday", "to=9999-12-31"):
        answer = till.get(f"/swipes?{query}")
        assert answer.status_code == 422
        assert query.split("=")[0] in answer.json["errors"]
