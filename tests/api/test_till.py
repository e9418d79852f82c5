"""The till's calls over HTTP, from the first scan to the return (contract.md section 2)."""

from __future__ import annotations

from actions import Till, basket, line, ok


def test_a_member_is_enrolled_found_and_earns(till: Till) -> None:
    """S15: one point per whole 1.000đ paid."""
    made = ok(till.enrol(name="Nguyễn Thị Lan", phone="0901234567"), 201)
    card = made["card"]["number"]
    assert ok(till.identify(card))["member"]["short_name"] == "Lan N."
    sale = ok(till.sell(basket(line(price=50_999), card=card, entry="scan")), 201)
    assert sale["points"]["earned"] == 50
    assert ok(till.get(f"/members/{made['member']['id']}/points"))["active"] == 50
