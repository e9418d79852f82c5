"""The console's bill: what was bought, what took off how much, and which version of a promotion did."""

from __future__ import annotations

from typing import Any

from flask import render_template

from loyalty_pos.api.auth import current_caller, require_role
from loyalty_pos.services import listings, sales
from loyalty_pos.web import offers
from loyalty_pos.web.members import READERS, around
from loyalty_pos.web.pages import services, web


@web.get("/manage/bills/<sale>")
@require_role(*READERS)
def bill(sale: str) -> str:
    """One bill, line by line, as it was priced; a bill of another store does not exist here."""
    caller = current_caller()
    found = sales.get_sale(services(), caller, sale)
    goods = listings.goods(services(), caller, sale)
    lines: list[dict[str, Any]] = [line | goods[line["line"]] for line in found["lines"]]
    versions = {one["promotion"]: one for one in found["promotions"]}
    lowered = {discount["promotion"] for line in lines for discount in line["discounts"]}
    aside = [(offers.name(one["definition"]), code) for code, one in versions.items() if code not in lowered]
    return render_template("manage/bill.html", b=found, lines=lines, versions=versions, aside=aside, **around())
