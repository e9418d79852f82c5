"""The seam to whoever tells the members: each coupon of a campaign with the one channel that its holder agreed to.

Nothing is sent from here.  A mailing tool, a printer or a later sender reads these deliveries; a member who
agreed to no channel of the campaign has none and no contact data, and sees the coupon at the till and on
their own page.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TextIO

from loyalty_pos.errors import Conflict
from loyalty_pos.services.campaigns import definition_of, find
from loyalty_pos.services.context import Services
from loyalty_pos.services.phones import written_forms
from loyalty_pos.services.points import promotion_name
from loyalty_pos.storage import campaign_figures, campaigns, members
from loyalty_pos.storage.campaigns import OPEN
from loyalty_pos.storage.tx import Tx

PAGE = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Delivery(NamedTuple):
    """A coupon that may still be used, and how its holder may be told; ``address`` a phone number or an e-mail."""

    code: str
    member: str
    name: str
    channel: str
    address: str
    promotion: str
    valid_from: str
    valid_to: str
    reason: str


def deliveries(services: Services, campaign_id: str, language: str) -> Iterator[Delivery]:
    """Every unused coupon of a campaign, by member; NotFound (``campaign_unknown``), Conflict
    (``campaign_not_running``) before the launch.  Pages of one snapshot each."""
    after = 0
    while True:
        found = services.store.read(lambda tx, after=after: _page(services, tx, campaign_id, language, after))  # type: ignore[misc]
        yield from found
        if not found.last:
            return
        after = found.last


class _Found(list[Delivery]):
    """A page, and the member after whom the next one begins (0: there is none)."""

    last = 0


def _page(services: Services, tx: Tx, campaign_id: str, language: str, after: int) -> _Found:
    row = find(tx, campaign_id)
    if row.state in OPEN:
        raise Conflict("campaign_not_running")
    channels, promotions = definition_of(row).channels, services.rules.current(tx).promotions
    told = campaign_figures.told(tx) if channels else {}
    rows = campaigns.page(tx, row.id, after, PAGE)
    found = _Found()
    for one in rows:
        if one.state != "issued":
            continue
        assert one.promotion is not None
        who = members.person(tx, members.living(tx, one.member))
        channel = next((name for name in channels if one.member in told.get(name, ())), "")
        found.append(
            Delivery(
                code=one.code or "",
                member=str(one.member),
                name=(who.name or "") if channel else "",
                channel=channel,
                address=_address(who, channel),
                promotion=promotion_name(promotions.get(one.promotion), one.promotion, language),
                valid_from=one.valid_from or "",
                valid_to=one.valid_to or "",
                reason=(one.reason or {}).get(language, ""),
            )
        )
    found.last = rows[-1].member if len({one.member for one in rows}) == PAGE else 0
    return found


def _address(who: members.Person, channel: str) -> str:
    if not channel:
        return ""
    if channel == "email":
        return who.email or ""
    return written_forms(who.phone)[1] if who.phone else ""


def write_csv(into: TextIO, found: Iterable[Delivery]) -> int:
    """The deliveries as CSV with a header; a cell that a spreadsheet would take for a formula is quoted; rows."""
    out = csv.writer(into, lineterminator="\r\n")
    out.writerow(Delivery._fields)
    count = 0
    for one in found:
        out.writerow([harmless(cell) for cell in one])
        count += 1
    return count


def harmless(cell: Any) -> str:
    """The text of a cell, with an apostrophe before what would run as a formula."""
    text = str(cell)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) or text.startswith(_FORMULA) else text
