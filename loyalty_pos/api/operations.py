"""Every call as the published document tells it: what is sent, what comes back, what can go wrong.

One row per route, beside the role table; a test holds the rows, the roles and the routes equal.
The sentence of each call is its view's docstring.  ``codes`` are those of the rules; what every
call can answer (401, 403, a malformed body, a key in use) is added by ``openapi.py``.
"""

from __future__ import annotations

from typing import NamedTuple

from marshmallow import Schema

from loyalty_pos.api import answers as a
from loyalty_pos.api import campaign_schemas as c
from loyalty_pos.api import listings as li
from loyalty_pos.api import schemas as s
from loyalty_pos.api import segment_schemas as g
from loyalty_pos.api import tills as t
from loyalty_pos.api import value_schemas as v
from loyalty_pos.api import whatifs as w


class Operation(NamedTuple):
    """``done`` are the statuses of success; ``key``: required, optional or (None) no idempotency key."""

    answer: type[Schema]
    body: type[Schema] | None = None
    done: tuple[int, ...] = (200,)
    codes: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    key: bool | None = None
    listed: bool = False


def reads(answer: type[Schema], *codes: str) -> Operation:
    """A call that shows one thing."""
    return Operation(answer, codes=codes)


def lists(item: type[Schema], *query: str, codes: tuple[str, ...] = ()) -> Operation:
    """A call that shows a page of things."""
    return Operation(item, codes=codes, query=("limit", "cursor", *query), listed=True)


def writes(body: type[Schema], answer: type[Schema], *codes: str, done: tuple[int, ...] = (200,)) -> Operation:
    """A call that changes something, under an idempotency key."""
    return Operation(answer, body, done, codes, key=True)


BASKET = ("card_is_coupon", "card_conflict", "member_unknown", "swipe_unknown", "no_terminal", "terminal_quarantined",
          "slow_down")  # fmt: skip
GIVEN_BACK = (
    "more_than_bought",
    "value_spent",
    "receipt_conflict",
    "undo_too_late",
    "undo_elsewhere",
    "undo_not_whole",
    *BASKET[:-1],
)
LOADED = ("sale_unknown", "value_blocked", "value_not_sold")
GIVES = ("promotion_unknown", "promotion_not_coupon", "segment_unknown")
CLOSED = ("campaign_launched", "campaign_stopped", "campaign_over")
CAMPAIGN = "campaign_unknown"
CREATED = (201,)
MEMBER = "member_unknown"

TABLE: dict[tuple[str, str], Operation] = {
    ("POST", "/cards/identify"): writes(
        s.Swipe, a.Identified, "card_unknown", "card_is_coupon", "no_terminal", "slow_down"
    )._replace(key=False),
    ("POST", "/quotes"): Operation(a.Pricing, s.Basket, codes=BASKET),
    ("POST", "/checkouts"): writes(s.Basket, a.Checkout, *BASKET, done=CREATED),
    ("GET", "/checkouts/<checkout>"): reads(a.Checkout, "checkout_unknown"),
    ("PUT", "/checkouts/<checkout>"): writes(
        s.Basket, a.Checkout, *BASKET, "checkout_unknown", "checkout_settled", "checkout_voided"
    ),
    ("POST", "/checkouts/<checkout>/settle"): writes(
        s.Settle, a.Sale, "checkout_unknown", "checkout_settled", "checkout_voided", "receipt_conflict", done=(201, 200)
    ),
    ("POST", "/checkouts/<checkout>/void"): writes(s.Nothing, a.Checkout, "checkout_unknown", "checkout_settled"),
    ("POST", "/sales"): writes(s.Sale, a.Sale, *BASKET[:-1], "receipt_conflict", done=(201, 200)),
    ("POST", "/sales/batch"): Operation(t.BatchAnswer, s.Batch),
    ("POST", "/swipes/batch"): Operation(t.SwipesAnswer, s.Swipes),
    ("GET", "/sales"): lists(li.SaleRow, "member", "store", "receipt", "from", "to"),
    ("GET", "/swipes"): lists(li.SwipeRow, "terminal", "from", "to"),
    ("GET", "/sales/<sale>"): reads(a.SaleNow, "sale_unknown"),
    ("POST", "/sales/<sale>/attach"): writes(
        s.Attach, li.Attached, "sale_unknown", "card_unknown", "sale_has_member", "sale_returned", "attach_too_late",
        "card_blocked", "card_is_coupon", "no_terminal", "slow_down", done=CREATED,
    ),
    ("POST", "/sales/<sale>/returns"): writes(
        s.Return, a.Return, "sale_unknown", *GIVEN_BACK, done=(201, 200)
    ),
    ("POST", "/returns"): writes(
        s.ReceiptReturn, a.Return, "receipt_ambiguous", "return_of_return", "sale_unknown", *GIVEN_BACK,
        done=(201, 200, 202),
    ),
    ("GET", "/members"): lists(a.Member, "q"),
    ("POST", "/members"): writes(s.Member, a.Enrolled, "card_taken", "phone_taken", done=CREATED),
    ("GET", "/members/<member>"): reads(a.Member, MEMBER),
    ("PATCH", "/members/<member>"): writes(s.Person, a.Member, MEMBER, "phone_taken"),
    ("POST", "/members/<member>/cards"): writes(
        s.Card, a.NewCard, MEMBER, "card_unknown", "card_taken", "card_replaced", done=CREATED
    ),
    ("POST", "/cards/<number>/block"): writes(s.Reason, a.CardState, "card_unknown", "card_not_active"),
    ("GET", "/members/<member>/points"): reads(li.Balances, MEMBER),
    ("GET", "/members/<member>/points/entries"): lists(li.Entry, codes=(MEMBER, "page_unknown")),
    ("POST", "/members/<member>/points/adjustments"): writes(
        s.Adjustment, li.Adjusted, MEMBER, "points_insufficient", done=(201, 202)
    ),
    ("POST", "/members/<member>/tier"): writes(s.MemberTier, a.Member, MEMBER),
    ("POST", "/members/<member>/merge"): writes(
        s.Merge, li.Merge, MEMBER, "merge_itself", "member_merged", "member_erased", "member_busy", done=CREATED
    ),
    ("POST", "/members/<member>/unmerge"): writes(
        s.Why, li.Merge, MEMBER, "not_merged", "unmerge_too_late", "member_merged", "member_erased", "member_busy"
    ),
    ("GET", "/approvals"): lists(li.Approval, "state", codes=("page_unknown",)),
    ("POST", "/approvals/<approval>/approve"): writes(
        s.Decision, li.Approval, "approval_unknown", "own_approval", "approval_decided", MEMBER, "points_insufficient",
        "draft_unknown", "promotion_needed",
    ),
    ("POST", "/approvals/<approval>/reject"): writes(s.Decision, li.Approval, "approval_unknown", "approval_decided"),
    ("GET", "/members/<member>/coupons"): lists(li.Coupon, "state", codes=(MEMBER, "page_unknown")),
    ("POST", "/members/<member>/coupons"): writes(
        s.Coupon, li.GivenCoupon, MEMBER, "promotion_unknown", "promotion_not_coupon", done=CREATED
    ),
    ("GET", "/members/<member>/profile"): reads(li.Profile, MEMBER),
    ("GET", "/promotions"): lists(li.PromotionNow, "state"),
    ("POST", "/promotions"): writes(
        s.Promotion, li.PromotionNow, "promotion_taken", "promotion_needed", done=(201, 202)
    ),
    ("GET", "/promotions/<code>"): reads(li.PromotionNow, "promotion_unknown"),
    ("PATCH", "/promotions/<code>"): writes(
        s.PromotionChange, li.PromotionNow, "promotion_unknown", "promotion_needed", done=(200, 202)
    ),
    ("POST", "/promotions/<code>/drop-draft"): writes(
        s.Nothing, li.PromotionNow, "promotion_unknown", "draft_unknown", "only_draft"
    ),
    ("GET", "/promotions/<code>/versions"): reads(li.PromotionVersions, "promotion_unknown"),
    ("POST", "/promotions/<code>/simulate"): Operation(
        w.PromotionSimulation, s.PromotionSimulation,
        codes=("promotion_unknown", "promotion_needed", "too_many_tickets"),
    ),
    ("GET", "/segments"): lists(g.SegmentRow),
    ("POST", "/segments"): writes(g.NewSegment, g.Segment, done=(201, 200)),
    ("POST", "/segments/preview"): Operation(g.SegmentPreview, g.SegmentRule),
    ("GET", "/segments/<code>"): reads(g.Segment, "segment_unknown"),
    ("GET", "/segments/<code>/members"): lists(g.SegmentMember, codes=("segment_unknown", "page_unknown")),
    ("GET", "/campaigns"): lists(c.Campaign, "state", codes=("page_unknown",)),
    ("POST", "/campaigns"): writes(c.NewCampaign, c.Campaign, *GIVES, done=CREATED),
    ("POST", "/campaigns/preview"): Operation(c.CampaignPreview, c.NewCampaign, codes=GIVES),
    ("GET", "/campaigns/<campaign>"): reads(c.Campaign, CAMPAIGN),
    ("PATCH", "/campaigns/<campaign>"): writes(c.CampaignChange, c.Campaign, CAMPAIGN, *CLOSED, *GIVES),
    ("POST", "/campaigns/<campaign>/preview"): Operation(c.CampaignPreview, s.Nothing, codes=(CAMPAIGN, *GIVES)),
    ("POST", "/campaigns/<campaign>/simulate"): Operation(
        c.CampaignWhatIf, c.CampaignWeeks, codes=(CAMPAIGN, "too_many_members", *GIVES)
    ),
    ("POST", "/campaigns/<campaign>/approve"): writes(
        s.Decision, c.Campaign, CAMPAIGN, "own_approval", "campaign_approved", "budget_missing", *CLOSED, *GIVES
    ),
    ("POST", "/campaigns/<campaign>/launch"): writes(
        s.Nothing, c.Campaign, CAMPAIGN, "audience_empty", "budget_missing", *CLOSED, *GIVES, done=(200, 202)
    ),
    ("POST", "/campaigns/<campaign>/stop"): writes(
        c.CampaignStop, c.Campaign, CAMPAIGN, "campaign_not_running", "campaign_stopped", "campaign_over"
    ),
    ("GET", "/campaigns/<campaign>/results"): reads(c.CampaignResults, CAMPAIGN, "campaign_not_running"),
    ("GET", "/campaigns/<campaign>/members"): lists(c.CampaignMember, codes=(CAMPAIGN, "page_unknown")),
    ("GET", "/coupons"): lists(li.Coupon, "member", "state", "campaign", codes=(MEMBER, CAMPAIGN, "page_unknown")),
    ("GET", "/coupons/<code>"): reads(li.Coupon, "coupon_unknown"),
    ("POST", "/coupons/<code>/cancel"): writes(s.Reason, li.Coupon, "coupon_unknown", "coupon_state"),
    ("POST", "/stored-value"): writes(v.NewValue, v.StoredValue, MEMBER, *LOADED, done=CREATED),
    ("GET", "/stored-value"): lists(v.StoredValue, "kind", "state", "ending", codes=("page_unknown",)),
    ("GET", "/stored-value/<code>"): reads(v.StoredValue, "value_unknown", "slow_down"),
    ("GET", "/stored-value/<code>/entries"): lists(v.ValueEntry, codes=("value_unknown", "page_unknown", "slow_down")),
    ("POST", "/stored-value/<code>/load"): writes(v.Load, v.StoredValue, "value_unknown", "slow_down", *LOADED),
    ("POST", "/stored-value/<code>/block"): writes(s.Reason, v.StoredValue, "value_unknown", "value_blocked"),
    ("POST", "/stored-value/<code>/unblock"): writes(s.Reason, v.StoredValue, "value_unknown", "value_active"),
    ("GET", "/members/<member>/stored-value"): lists(v.StoredValue, codes=(MEMBER,)),
    ("GET", "/tiers"): reads(li.Tiers),
    ("PUT", "/tiers"): writes(s.Tiers, li.Tiers),
    ("POST", "/tiers/preview"): Operation(w.TierPreview, s.Tiers),
    ("POST", "/tiers/simulate"): Operation(w.TierSimulation, s.TierSimulation, codes=("too_many_tickets",)),
    ("GET", "/settings"): reads(li.Settings),
    ("PATCH", "/settings"): writes(s.Settings, li.Settings),
    ("GET", "/products"): lists(li.Product, "q"),
    ("POST", "/products"): writes(s.Product, li.Product),
    ("GET", "/products/<sku>"): reads(li.Product, "product_unknown"),
    ("GET", "/categories"): Operation(li.Category, listed=True),
    ("POST", "/categories"): writes(s.Category, li.Category),
    ("GET", "/reports"): Operation(li.ReportName, listed=True),
    ("GET", "/reports/<report>"): Operation(li.Report, codes=("report_unknown",), query=("from", "to")),
    ("GET", "/exceptions"): lists(li.ExceptionRow, "state", codes=("page_unknown",)),
    ("POST", "/exceptions/<exception>/resolve"): writes(
        s.Resolution, li.ExceptionRow, "exception_unknown", "exception_resolved", "exception_action",
        "points_insufficient",
    ),
    ("GET", "/quarantine"): lists(t.SetAside, "state", codes=("page_unknown",)),
    ("POST", "/quarantine/<record>/accept"): writes(s.Note, t.SetAside, "record_unknown", "record_resolved"),
    ("POST", "/quarantine/<record>/dismiss"): writes(s.Reason, t.SetAside, "record_unknown", "record_resolved"),
    ("GET", "/connections"): lists(t.Connection),
    ("GET", "/stores"): lists(li.Store),
    ("POST", "/stores"): writes(s.Store, li.Store, "store_taken", done=CREATED),
    ("GET", "/terminals"): lists(li.Terminal),
    ("POST", "/terminals"): writes(s.Terminal, li.TerminalKey, "store_unknown", "terminal_taken", done=CREATED),
    ("POST", "/terminals/<code>/invite"): writes(s.Why, t.Invitation, "terminal_unknown", done=CREATED),
    ("POST", "/terminals/<code>/pair"): writes(s.Pairing, t.Paired, "pairing_code_wrong", "slow_down"),
    ("POST", "/terminals/<code>/rotate"): writes(s.Why, li.TerminalKey, "terminal_unknown"),
    ("POST", "/terminals/<code>/revoke"): writes(s.Why, li.Revoked, "terminal_unknown"),
    ("GET", "/staff"): lists(li.Staff),
    ("POST", "/staff"): writes(s.Staff, li.Staff, "store_unknown", "login_taken", done=CREATED),
    ("POST", "/staff/<login>/tokens"): writes(s.Why, li.Staff, "staff_unknown", "staff_disabled", done=CREATED),
    ("POST", "/staff/<login>/password"): writes(s.Password, li.Staff, "staff_unknown"),
    ("PUT", "/staff/<login>/card"): writes(s.StaffCard, li.Staff, "staff_unknown", "card_unknown", "card_of_staff"),
    ("POST", "/staff/<login>/disable"): writes(s.Why, li.Staff, "staff_unknown", "last_owner"),
}  # fmt: skip
