"""Who may what: one row per route, the only place that says so.

A terminal's key needs the row's scope; a person needs one of its roles.  What belongs to another
store does not exist for the caller: the services see to that.  Invariant: a route without a row
is refused to everybody (and fails a test).
"""

from __future__ import annotations

from typing import NamedTuple

from loyalty_pos.errors import NotAllowed
from loyalty_pos.services.context import Caller


class Who(NamedTuple):
    """``scope`` None: no terminal may; ``roles`` empty: no person may; ``open``: the body itself says who."""

    scope: str | None
    roles: frozenset[str]
    open: bool = False

    def check(self, caller: Caller) -> None:
        """Raise NotAllowed (``scope_missing``, ``not_allowed``) for a caller whom this row does not name."""
        if self.open:
            return
        if caller.kind == "terminal":
            if self.scope is None:
                raise NotAllowed
            caller.need(self.scope)
        elif caller.role not in self.roles:
            raise NotAllowed


SELLERS = frozenset({"cashier", "manager", "owner"})
MANAGERS = frozenset({"manager", "owner"})
OWNER = frozenset({"owner"})
READERS = MANAGERS | {"auditor"}
EVERYBODY = SELLERS | {"auditor"}

TABLE: dict[tuple[str, str], Who] = {
    # the till
    ("POST", "/cards/identify"): Who("earn", SELLERS),
    ("POST", "/quotes"): Who("earn", SELLERS),
    ("POST", "/checkouts"): Who("earn", SELLERS),
    ("GET", "/checkouts/<checkout>"): Who("earn", EVERYBODY),
    ("PUT", "/checkouts/<checkout>"): Who("earn", SELLERS),
    ("POST", "/checkouts/<checkout>/settle"): Who("earn", SELLERS),
    ("POST", "/checkouts/<checkout>/void"): Who("earn", SELLERS),
    ("POST", "/sales"): Who("earn", SELLERS),
    ("POST", "/sales/batch"): Who("earn", SELLERS),
    ("POST", "/swipes/batch"): Who("earn", SELLERS),
    ("GET", "/sales"): Who("earn", EVERYBODY),
    ("GET", "/swipes"): Who("earn", EVERYBODY),
    ("GET", "/sales/<sale>"): Who("earn", EVERYBODY),
    ("POST", "/sales/<sale>/attach"): Who("earn", SELLERS),
    ("POST", "/sales/<sale>/returns"): Who("earn", SELLERS),  # the service asks for refund, but for an undo
    ("POST", "/returns"): Who("refund", SELLERS),
    # members and their cards
    ("GET", "/members"): Who(None, SELLERS),
    ("POST", "/members"): Who("enroll", SELLERS),
    ("GET", "/members/<member>"): Who("earn", SELLERS),
    ("PATCH", "/members/<member>"): Who("enroll", SELLERS),
    ("POST", "/members/<member>/cards"): Who("enroll", SELLERS),
    ("POST", "/cards/<number>/block"): Who("enroll", SELLERS),
    ("GET", "/members/<member>/points"): Who("earn", EVERYBODY),
    ("GET", "/members/<member>/points/entries"): Who("earn", EVERYBODY),
    ("POST", "/members/<member>/points/adjustments"): Who(None, MANAGERS),
    ("POST", "/members/<member>/tier"): Who(None, MANAGERS),
    ("POST", "/members/<member>/merge"): Who(None, MANAGERS),
    ("POST", "/members/<member>/unmerge"): Who(None, MANAGERS),
    ("GET", "/approvals"): Who(None, READERS),
    ("POST", "/approvals/<approval>/approve"): Who(None, MANAGERS),
    ("POST", "/approvals/<approval>/reject"): Who(None, MANAGERS),
    ("GET", "/members/<member>/coupons"): Who("earn", EVERYBODY),
    ("GET", "/members/<member>/profile"): Who("earn", SELLERS),
    # what is on offer
    ("GET", "/promotions"): Who(None, READERS),
    ("POST", "/promotions"): Who(None, MANAGERS),
    ("GET", "/promotions/<code>"): Who(None, READERS),
    ("PATCH", "/promotions/<code>"): Who(None, MANAGERS),
    ("POST", "/promotions/<code>/drop-draft"): Who(None, MANAGERS),
    ("GET", "/promotions/<code>/versions"): Who(None, READERS),
    ("POST", "/promotions/<code>/simulate"): Who(None, MANAGERS),
    ("GET", "/segments"): Who(None, READERS),
    ("POST", "/segments"): Who(None, MANAGERS),
    ("POST", "/segments/preview"): Who(None, MANAGERS),
    ("GET", "/segments/<code>"): Who(None, READERS),
    ("GET", "/segments/<code>/members"): Who(None, MANAGERS),
    ("GET", "/campaigns"): Who(None, READERS),
    ("POST", "/campaigns"): Who(None, MANAGERS),
    ("POST", "/campaigns/preview"): Who(None, MANAGERS),
    ("GET", "/campaigns/<campaign>"): Who(None, READERS),
    ("PATCH", "/campaigns/<campaign>"): Who(None, MANAGERS),
    ("POST", "/campaigns/<campaign>/preview"): Who(None, MANAGERS),
    ("POST", "/campaigns/<campaign>/simulate"): Who(None, MANAGERS),
    ("POST", "/campaigns/<campaign>/approve"): Who(None, MANAGERS),
    ("POST", "/campaigns/<campaign>/launch"): Who(None, MANAGERS),
    ("POST", "/campaigns/<campaign>/stop"): Who(None, MANAGERS),
    ("GET", "/campaigns/<campaign>/results"): Who(None, READERS),
    ("GET", "/campaigns/<campaign>/members"): Who(None, MANAGERS),
    ("GET", "/coupons"): Who(None, READERS),
    ("GET", "/coupons/<code>"): Who(None, READERS),
    ("POST", "/coupons/<code>/cancel"): Who(None, MANAGERS),
    ("POST", "/members/<member>/coupons"): Who(None, MANAGERS),
    # gift cards and wallets: money onto one needs a sale, or the service asks for a manager
    ("POST", "/stored-value"): Who("earn", SELLERS),
    ("GET", "/stored-value"): Who(None, MANAGERS),
    ("GET", "/stored-value/<code>"): Who("redeem", EVERYBODY),
    ("GET", "/stored-value/<code>/entries"): Who("redeem", EVERYBODY),
    ("POST", "/stored-value/<code>/load"): Who("earn", SELLERS),
    ("POST", "/stored-value/<code>/block"): Who(None, MANAGERS),
    ("POST", "/stored-value/<code>/unblock"): Who(None, MANAGERS),
    ("GET", "/members/<member>/stored-value"): Who("redeem", EVERYBODY),
    ("GET", "/tiers"): Who("earn", EVERYBODY),
    ("PUT", "/tiers"): Who(None, OWNER),
    ("POST", "/tiers/preview"): Who(None, MANAGERS),
    ("POST", "/tiers/simulate"): Who(None, MANAGERS),
    ("GET", "/products"): Who("earn", EVERYBODY),
    ("POST", "/products"): Who(None, MANAGERS),
    ("GET", "/products/<sku>"): Who("earn", EVERYBODY),
    ("GET", "/categories"): Who("earn", EVERYBODY),
    ("POST", "/categories"): Who(None, MANAGERS),
    # the shop itself
    ("GET", "/settings"): Who(None, READERS),
    ("PATCH", "/settings"): Who(None, OWNER),
    ("GET", "/reports"): Who(None, READERS),
    ("GET", "/reports/<report>"): Who(None, READERS),
    ("GET", "/exceptions"): Who(None, READERS),
    ("POST", "/exceptions/<exception>/resolve"): Who(None, MANAGERS),
    ("GET", "/quarantine"): Who(None, READERS),
    ("POST", "/quarantine/<record>/accept"): Who(None, MANAGERS),
    ("POST", "/quarantine/<record>/dismiss"): Who(None, MANAGERS),
    ("GET", "/connections"): Who(None, READERS),
    ("GET", "/stores"): Who(None, READERS),
    ("POST", "/stores"): Who(None, OWNER),
    ("GET", "/terminals"): Who(None, READERS),
    ("POST", "/terminals"): Who(None, OWNER),
    ("POST", "/terminals/<code>/invite"): Who(None, MANAGERS),
    ("POST", "/terminals/<code>/pair"): Who(None, frozenset(), open=True),
    ("POST", "/terminals/<code>/rotate"): Who(None, OWNER),
    ("POST", "/terminals/<code>/revoke"): Who(None, OWNER),
    ("GET", "/staff"): Who(None, OWNER),
    ("POST", "/staff"): Who(None, OWNER),
    ("POST", "/staff/<login>/tokens"): Who(None, OWNER),
    ("POST", "/staff/<login>/password"): Who(None, OWNER),
    ("PUT", "/staff/<login>/card"): Who(None, OWNER),
    ("POST", "/staff/<login>/disable"): Who(None, OWNER),
}


def who(method: str, rule: str) -> Who:
    """The row of a route; NotAllowed when there is none."""
    row = TABLE.get(("GET" if method == "HEAD" else method, rule))
    if row is None:
        raise NotAllowed
    return row
