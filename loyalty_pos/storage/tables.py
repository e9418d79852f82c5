"""The tables, and the rules that hold in them even when the code above is wrong.

Facts (entries, swipes, sale lines, coupon events) are only ever added; triggers of the first
migration refuse an UPDATE or DELETE of them.  Running balances stand beside the ledger in
``members`` under CHECKs, so that no balance is ever negative at any prefix (reliability.md I1).
Personal data is in ``people`` (and ``consents``) alone; an enrolment that was set aside keeps its
body in ``quarantine`` until a person has decided about it.
"""

from __future__ import annotations

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy import text as sql

from loyalty_pos.storage.columns import (
    blob,
    check,
    clustered,
    due_index,
    integer,
    left_index,
    metadata,
    one_of,
    pk,
    real,
    ref,
    table,
    text,
)

__all__ = ["metadata"]

ROLES = ("cashier", "manager", "owner", "auditor")
ENTRY_KINDS = ("earn", "redeem", "take_back", "give_back", "adjust", "expire", "recover", "opening", "merge", "claim")
VALUE_KINDS = ("load", "pay", "refund", "unload")

# --- the shop -----------------------------------------------------------------------------

settings = clustered("settings", text("name", primary_key=True), text("value"))

rule_versions = table(
    "rule_versions",
    pk(),
    integer("at"),
    text("by"),
    text("what"),
)

stores = table(
    "stores",
    pk(),
    text("code", unique=True),
    text("name"),
    integer("created_at"),
)

terminals = table(
    "terminals",
    pk(),
    ref("store_id", "stores", index=True),
    text("code", unique=True),
    blob("key_hash"),
    text("scopes"),
    text("state", default="active"),
    integer("created_at"),
    integer("seen_at", null=True),
    integer("epoch", default=1),
    integer("pair_again_since", null=True),
    integer("skew", null=True),
    one_of("state", ("active", "revoked")),
    UniqueConstraint("key_hash"),
)

staff = table(
    "staff",
    pk(),
    text("login", unique=True),
    text("name"),
    text("role"),
    text("password_hash", null=True),
    text("state", default="active"),
    integer("created_at"),
    one_of("role", ROLES),
    one_of("state", ("active", "disabled")),
)

staff_stores = clustered(
    "staff_stores",
    ref("staff_id", "staff"),
    ref("store_id", "stores"),
    PrimaryKeyConstraint("staff_id", "store_id"),
)

staff_tokens = table(
    "staff_tokens",
    pk(),
    ref("staff_id", "staff", index=True),
    blob("token_hash"),
    integer("created_at"),
    integer("revoked_at", null=True),
    UniqueConstraint("token_hash"),
)

sessions = table(
    "sessions",
    pk(),
    blob("token_hash"),
    ref("staff_id", "staff", index=True),
    ref("terminal_id", "terminals", null=True),
    integer("created_at"),
    integer("seen_at"),
    integer("expires_at"),
    UniqueConstraint("token_hash"),
)

guesses = clustered(
    "guesses",
    text("subject", primary_key=True),
    integer("window_start"),
    integer("misses"),
    integer("blocked_until", default=0),
)

audit = table(
    "audit",
    pk(),
    integer("at"),
    text("by"),
    text("what"),
    text("subject"),
    text("reason", null=True),
)

# --- members ------------------------------------------------------------------------------

members = table(
    "members",
    pk(),
    text("state", default="active"),
    text("tier", null=True),
    text("tier_by_hand", null=True),
    text("tier_floor", null=True),
    text("floor_on", default="2000-01-01"),
    text("review_on", null=True),
    integer("active", default=0),
    integer("pending", default=0),
    integer("held", default=0),
    integer("spent", default=0),
    integer("expired", default=0),
    integer("shortfall", default=0),
    integer("version", default=0),
    integer("enrolled_at"),
    ref("store_id", "stores", null=True),
    ref("merged_into", "members", null=True),
    one_of("state", ("active", "merged", "erased")),
    check("merged", "(state = 'merged') = (merged_into IS NOT NULL)"),
    check("spendable", "active >= 0 AND pending >= 0 AND held >= 0"),
    check("counted", "spent >= 0 AND expired >= 0 AND shortfall >= 0"),
    due_index("ix_members_review", "review_on", "review_on IS NOT NULL"),
    due_index("ix_members_merged", "merged_into", "merged_into IS NOT NULL"),
)

merges = table(
    "merges",
    pk(),
    ref("member_id", "members", index=True),
    ref("into_id", "members", index=True),
    integer("at"),
    text("by"),
    text("reason"),
    text("moved"),
    integer("undone_at", null=True),
    text("undone_by", null=True),
    check("itself", "member_id <> into_id"),
    check("undone", "(undone_at IS NULL) = (undone_by IS NULL)"),
    due_index("ix_merges_open", "member_id", "undone_at IS NULL", unique=True),
)

people = table(
    "people",
    integer("member_id", ForeignKey("members.id"), primary_key=True),
    text("name", null=True),
    text("call_name", null=True),
    text("search", default=""),
    text("phone", null=True, unique=True),
    text("email", null=True),
    text("birthday", null=True),
    text("gender", null=True),
    text("address", null=True),
    text("interests", default="[]"),
)

consents = table(
    "consents",
    pk(),
    ref("member_id", "members", index=True),
    text("purpose"),
    text("channel", null=True),
    integer("given"),
    text("text_version"),
    integer("at"),
    text("by"),
    one_of("purpose", ("programme", "profiling", "marketing", "sharing")),
)

cards = table(
    "cards",
    pk(),
    text("number", unique=True),
    ref("member_id", "members", index=True),
    text("state", default="active"),
    integer("generation", default=0),
    ref("replaced_by", "cards", null=True),
    integer("issued_at"),
    text("reason", null=True),
    one_of("state", ("active", "blocked", "replaced")),
    check("replaced", "(state = 'replaced') = (replaced_by IS NOT NULL)"),
)

staff_cards = clustered(
    "staff_cards",
    integer("staff_id", ForeignKey("staff.id"), primary_key=True),
    ref("card_id", "cards", unique=True),
)

rotating_used = clustered(
    "rotating_used",
    ref("card_id", "cards"),
    integer("step"),
    PrimaryKeyConstraint("card_id", "step"),
)

swipes = table(
    "swipes",
    pk(),
    integer("at"),
    integer("recorded_at"),
    ref("store_id", "stores"),
    ref("terminal_id", "terminals"),
    text("cashier", null=True),
    text("number", null=True),
    ref("card_id", "cards", null=True),
    ref("member_id", "members", null=True),
    text("entry"),
    text("outcome"),
    Index("ix_swipes_terminal_id_at", "terminal_id", "at"),
    Index("ix_swipes_member_id", "member_id"),
)

# --- tills that number what they record (S44) ---------------------------------------------

pairing_codes = clustered(
    "pairing_codes",
    integer("terminal_id", ForeignKey("terminals.id"), primary_key=True),
    blob("code_hash"),
    integer("expires_at"),
    integer("used_at", null=True),
)

till_epochs = clustered(
    "till_epochs",
    ref("terminal_id", "terminals"),
    integer("epoch"),
    integer("started_at"),
    integer("highest", default=0),
    PrimaryKeyConstraint("terminal_id", "epoch"),
    check("counts", "epoch > 0 AND highest >= 0"),
)

till_records = clustered(
    "till_records",
    integer("terminal_id"),
    integer("epoch"),
    integer("sequence"),
    text("key"),
    blob("body_hash"),
    integer("at"),
    PrimaryKeyConstraint("terminal_id", "epoch", "sequence"),
    ForeignKeyConstraint(["terminal_id", "epoch"], ["till_epochs.terminal_id", "till_epochs.epoch"]),
    check("sequence", "sequence > 0"),
)

till_gaps = clustered(
    "till_gaps",
    integer("terminal_id"),
    integer("epoch"),
    integer("first"),
    integer("last"),
    integer("since"),
    PrimaryKeyConstraint("terminal_id", "epoch", "first"),
    ForeignKeyConstraint(["terminal_id", "epoch"], ["till_epochs.terminal_id", "till_epochs.epoch"]),
    check("numbers", "first BETWEEN 1 AND last"),
)

quarantine = table(
    "quarantine",
    pk(),
    ref("terminal_id", "terminals"),
    integer("at"),
    integer("epoch"),
    integer("sequence"),
    text("code"),
    text("kind"),
    blob("body_hash"),
    blob("body", null=True),
    text("state", default="waiting"),
    text("note", null=True),
    text("resolved_by", null=True),
    integer("resolved_at", null=True),
    one_of("state", ("waiting", "accepted", "dismissed")),
    one_of("code", ("number_taken", "epoch_old", "epoch_ahead")),
    check("body", "(state = 'waiting') = (body IS NOT NULL)"),
    UniqueConstraint("terminal_id", "epoch", "sequence", "body_hash"),
)

# --- goods and rules ----------------------------------------------------------------------

categories = clustered(
    "categories",
    text("code", primary_key=True),
    text("name"),
)

products = clustered(
    "products",
    text("sku", primary_key=True),
    text("name", null=True),
    text("category", null=True),
    text("brand", null=True),
    integer("unit_price", null=True),
    integer("unit_cost", null=True),
    integer("updated_at"),
)

promotions = table(
    "promotions",
    pk(),
    text("code"),
    integer("version"),
    text("state"),
    text("definition"),
    integer("created_at"),
    text("created_by"),
    ref("since", "rule_versions", null=True),
    ref("until", "rule_versions", null=True),
    one_of("state", ("draft", "active", "ended", "superseded")),
    check("running", "(state = 'active') = (since IS NOT NULL AND until IS NULL)"),
    check("draft", "state <> 'draft' OR since IS NULL"),
    check("span", "until IS NULL OR (since IS NOT NULL AND until > since)"),
    UniqueConstraint("code", "version"),
    due_index("ux_promotions_active", "code", "state = 'active'", unique=True),
    due_index("ux_promotions_draft", "code", "state = 'draft'", unique=True),
)

tier_tables = table(
    "tier_tables",
    pk(),
    text("definition"),
    integer("created_at"),
    text("created_by"),
)

usage = clustered(
    "usage",
    text("promotion"),
    text("scope"),
    text("subject"),
    integer("uses", default=0),
    integer("amount", default=0),
    PrimaryKeyConstraint("promotion", "scope", "subject"),
    check("counts", "uses >= 0 AND amount >= 0"),
)

coupons = table(
    "coupons",
    pk(),
    text("code", unique=True),
    text("promotion"),
    ref("member_id", "members", null=True, index=True),
    text("state", default="issued"),
    text("valid_from"),
    text("valid_to", null=True),
    integer("issued_at"),
    text("reason", null=True),
    integer("from_sale_id", null=True),
    ref("campaign_id", "campaigns", null=True),
    ref("checkout_id", "checkouts", null=True, index=True),
    ref("sale_id", "sales", null=True, index=True),
    integer("used_at", null=True),
    ref("model_id", "ranking_models", null=True),
    text("why", null=True),
    one_of("state", ("issued", "held", "used", "expired", "cancelled")),
    check("held", "(state = 'held') = (checkout_id IS NOT NULL)"),
    check("used", "(state = 'used') = (sale_id IS NOT NULL AND used_at IS NOT NULL)"),
    due_index("ix_coupons_campaign_id", "campaign_id", "campaign_id IS NOT NULL"),
    due_index("ix_coupons_campaign_used", "campaign_id", "campaign_id IS NOT NULL AND state = 'used'"),
    due_index("ix_coupons_used_at", "used_at", "state = 'used'"),
)

coupon_events = table(
    "coupon_events",
    pk(),
    ref("coupon_id", "coupons", index=True),
    integer("at"),
    text("state"),
    text("by"),
    text("reason", null=True),
    ref("sale_id", "sales", null=True),
)

# --- checkout, sale, return ---------------------------------------------------------------

checkouts = table(
    "checkouts",
    pk(),
    ref("store_id", "stores"),
    ref("terminal_id", "terminals"),
    text("cashier", null=True),
    ref("member_id", "members", null=True, index=True),
    ref("card_id", "cards", null=True),
    ref("swipe_id", "swipes", null=True),
    text("state", default="open"),
    integer("opened_at"),
    integer("expires_at"),
    integer("rules"),
    integer("points_held", default=0),
    text("counted", default="[]"),
    blob("basket"),
    blob("priced"),
    ref("sale_id", "sales", null=True),
    one_of("state", ("open", "settled", "voided", "expired")),
    check("settled", "(state = 'settled') = (sale_id IS NOT NULL)"),
    due_index("ix_checkouts_due", "expires_at", "state = 'open'"),
)

sales = table(
    "sales",
    pk(),
    ref("store_id", "stores"),
    ref("terminal_id", "terminals"),
    text("cashier", null=True),
    ref("member_id", "members", null=True),
    ref("swipe_id", "swipes", null=True),
    text("unknown_card", null=True),
    text("receipt"),
    text("business_date"),
    integer("sold_at"),
    integer("recorded_at"),
    text("state", default="settled"),
    text("status", default="ok"),
    blob("body_hash"),
    integer("rules"),
    integer("gross"),
    integer("discount"),
    integer("net"),
    integer("to_pay"),
    integer("due"),
    integer("earned", default=0),
    integer("redeemed", default=0),
    integer("claimed", default=0),
    integer("refunded", default=0),
    integer("points_back", default=0),
    integer("points_given", default=0),
    text("plan"),
    text("counted", default="[]"),
    integer("attached_at", null=True),
    text("attached_by", null=True),
    blob("answer"),
    one_of("state", ("settled", "partly_returned", "returned")),
    one_of("status", ("ok", "accepted_with_exception")),
    check("figures", "gross >= 0 AND discount >= 0 AND net = gross - discount AND to_pay BETWEEN 0 AND net"),
    check("paid", "due BETWEEN 0 AND to_pay AND claimed >= 0"),
    check("refunded", "refunded BETWEEN 0 AND net"),
    check("attached", "attached_at IS NULL OR (attached_by IS NOT NULL AND member_id IS NOT NULL)"),
    check("points_returned", "points_back BETWEEN 0 AND earned AND points_given BETWEEN 0 AND redeemed"),
    UniqueConstraint("store_id", "receipt", "terminal_id", "business_date"),
    Index("ix_sales_member_id_sold_at", "member_id", "sold_at"),
    Index("ix_sales_store_id_sold_at", "store_id", "sold_at"),
    Index("ix_sales_figures", "store_id", "business_date", "member_id", "net", "refunded"),
    due_index("ix_sales_waiting", "unknown_card", "unknown_card IS NOT NULL AND member_id IS NULL"),
)

sale_lines = clustered(
    "sale_lines",
    ref("sale_id", "sales"),
    integer("position"),
    text("line"),
    text("sku"),
    text("category", null=True),
    text("quantity"),
    integer("unit_price"),
    integer("unit_cost", null=True),
    integer("gross"),
    integer("discount"),
    integer("net"),
    integer("earns"),
    integer("units"),
    integer("returned", default=0),
    text("runs"),
    PrimaryKeyConstraint("sale_id", "position"),
    check("returned", "returned BETWEEN 0 AND units"),
    check("figures", "net = gross - discount AND net >= 0 AND discount >= 0"),
)

sale_uses = table(
    "sale_uses",
    ref("sale_id", "sales"),
    ref("member_id", "members", null=True),
    integer("at"),
    text("promotion"),
    integer("uses"),
    integer("amount"),
    text("coupon", null=True),
    Index("ix_sale_uses_sale_id", "sale_id"),
    Index("ix_sale_uses_promotion_member_id_at", "promotion", "member_id", "at"),
    Index("ix_sale_uses_promotion_sale_id", "promotion", "sale_id"),
)

returns = table(
    "returns",
    pk(),
    ref("sale_id", "sales", index=True),
    ref("store_id", "stores"),
    ref("terminal_id", "terminals"),
    text("receipt"),
    text("business_date"),
    integer("at"),
    text("reason", null=True),
    blob("body_hash"),
    integer("refund"),
    integer("pay_back"),
    integer("taken_back", default=0),
    integer("given_back", default=0),
    integer("shortfall", default=0),
    integer("value_back", default=0),
    blob("answer"),
    UniqueConstraint("store_id", "receipt", "terminal_id", "business_date"),
)

return_lines = clustered(
    "return_lines",
    ref("return_id", "returns"),
    text("line"),
    integer("units"),
    integer("refund"),
    PrimaryKeyConstraint("return_id", "line"),
    check("units", "units > 0 AND refund >= 0"),
)

parked_returns = table(
    "parked_returns",
    pk(),
    ref("store_id", "stores"),
    ref("terminal_id", "terminals"),
    text("sale_receipt"),
    text("receipt"),
    text("business_date"),
    integer("at"),
    blob("body_hash"),
    blob("body"),
    text("state", default="waiting"),
    ref("return_id", "returns", null=True),
    ref("exception_id", "exceptions", null=True),
    one_of("state", ("waiting", "applied", "refused", "dropped")),
    check("applied", "(state = 'applied') = (return_id IS NOT NULL)"),
    UniqueConstraint("store_id", "receipt", "terminal_id", "business_date"),
    UniqueConstraint("exception_id"),
    due_index("ix_parked_returns_due", "at", "state = 'waiting'"),
    Index("ix_parked_returns_store_id_sale_receipt", "store_id", "sale_receipt"),
)

exceptions = table(
    "exceptions",
    pk(),
    ref("store_id", "stores", index=True),
    integer("at"),
    text("code"),
    integer("amount", default=0),
    integer("points", default=0),
    ref("sale_id", "sales", null=True),
    ref("terminal_id", "terminals", null=True),
    text("state", default="open"),
    text("action", null=True),
    text("note", null=True),
    text("resolved_by", null=True),
    integer("resolved_at", null=True),
    one_of("state", ("open", "resolved")),
    Index(
        "ux_exceptions_open_of_terminal",
        "terminal_id",
        "code",
        unique=True,
        sqlite_where=sql("state = 'open'"),
        postgresql_where=sql("state = 'open'"),
    ),  # fmt: skip
)

# --- the ledger ---------------------------------------------------------------------------

lots = table(
    "lots",
    pk(),
    ref("member_id", "members"),
    integer("granted"),
    integer("remaining"),
    integer("held", default=0),
    text("state"),
    integer("active_from"),
    integer("expires_at", null=True),
    ref("sale_id", "sales", null=True, index=True),
    one_of("state", ("pending", "active", "expired")),
    check("amounts", "granted > 0 AND held >= 0 AND held <= remaining AND remaining <= granted"),
    left_index("ix_lots_left", "member_id", "expires_at", "active_from", "id"),
    due_index("ix_lots_due", "expires_at", "state = 'active'"),
    due_index("ix_lots_waiting", "active_from", "state = 'pending'"),
    due_index("ix_lots_pending", "member_id", "state = 'pending'"),
)

checkout_lots = clustered(
    "checkout_lots",
    ref("checkout_id", "checkouts"),
    ref("lot_id", "lots"),
    integer("points"),
    PrimaryKeyConstraint("checkout_id", "lot_id"),
    check("points", "points > 0"),
)

entries = table(
    "entries",
    pk(),
    ref("member_id", "members"),
    integer("at"),
    text("kind"),
    integer("points"),
    ref("lot_id", "lots", null=True),
    ref("sale_id", "sales", null=True, index=True),
    ref("return_id", "returns", null=True),
    ref("terminal_id", "terminals", null=True),
    text("by"),
    text("reason", null=True),
    text("idempotency_key", null=True),
    one_of("kind", ENTRY_KINDS),
    check("points", "points <> 0 AND points BETWEEN -1000000000000 AND 1000000000000"),
    Index("ix_entries_member_id_id", "member_id", "id"),
    due_index("ix_entries_expired", "lot_id", "kind = 'expire'"),
    due_index("ix_entries_by_hand", "at", "kind = 'adjust'"),
    Index("ix_entries_at", "at", "kind", "points"),
)

# --- gift cards and wallets -----------------------------------------------------------------

stored_values = table(
    "stored_values",
    pk(),
    text("code", unique=True),
    text("kind"),
    ref("member_id", "members", null=True, index=True),
    text("state", default="active"),
    integer("balance", default=0),
    integer("held", default=0),
    text("expires_on", null=True),
    integer("issued_at"),
    one_of("kind", ("gift_card", "wallet")),
    one_of("state", ("active", "blocked")),
    check("owner", "(kind = 'wallet') = (member_id IS NOT NULL)"),
    check("spendable", "held BETWEEN 0 AND balance AND balance <= 1000000000000"),
)

checkout_values = clustered(
    "checkout_values",
    ref("checkout_id", "checkouts"),
    ref("value_id", "stored_values"),
    integer("amount"),
    PrimaryKeyConstraint("checkout_id", "value_id"),
    check("amount", "amount > 0"),
)

value_entries = table(
    "value_entries",
    pk(),
    ref("value_id", "stored_values"),
    integer("at"),
    text("kind"),
    integer("amount"),
    integer("balance"),
    ref("sale_id", "sales", null=True, index=True),
    text("line", null=True),
    ref("return_id", "returns", null=True),
    ref("terminal_id", "terminals", null=True),
    text("by"),
    text("reason", null=True),
    text("idempotency_key", null=True),
    one_of("kind", VALUE_KINDS),
    check("amount", "amount <> 0 AND (amount > 0) = (kind IN ('load', 'refund'))"),
    check("balance", "balance >= 0"),
    check("line", "line IS NULL OR sale_id IS NOT NULL"),
    Index("ix_value_entries_value_id_id", "value_id", "id"),
)

approvals = table(
    "approvals",
    pk(),
    integer("at"),
    text("by"),
    ref("member_id", "members", null=True),
    integer("points", null=True),
    text("promotion", null=True),
    integer("version", null=True),
    integer("amount", null=True),
    text("reason"),
    text("state", default="waiting"),
    text("decided_by", null=True),
    integer("decided_at", null=True),
    text("note", null=True),
    one_of("state", ("waiting", "approved", "rejected")),
    check("points", "points <> 0"),
    check("decided", "(state = 'waiting') = (decided_by IS NULL OR decided_at IS NULL)"),
    check("two_people", "state <> 'approved' OR decided_by <> by"),
    check(
        "subject",
        "(member_id IS NULL) = (points IS NULL) AND (promotion IS NULL) = (version IS NULL) "
        "AND (member_id IS NULL) <> (promotion IS NULL) AND (amount IS NULL OR promotion IS NOT NULL)",
    ),
    due_index("ux_approvals_promotion", "promotion", "state = 'waiting'", unique=True),
)

answers = clustered(
    "answers",
    text("caller"),
    text("key"),
    blob("body_hash"),
    integer("at"),
    text("outcome"),
    ref("sale_id", "sales", null=True),
    blob("answer", null=True),
    PrimaryKeyConstraint("caller", "key"),
    one_of("outcome", ("done", "created", "accepted", "refused")),
    check("answer", "(sale_id IS NULL) <> (answer IS NULL)"),
)

# --- proof --------------------------------------------------------------------------------

seals = table(
    "seals",
    integer("number", primary_key=True, autoincrement=False),
    integer("at"),
    text("facts"),
    integer("after_id"),
    integer("last_id"),
    integer("size"),
    blob("digest"),
    blob("previous"),
    blob("hash"),
    check("range", "last_id > after_id AND size > 0"),
    UniqueConstraint("facts", "after_id"),
)

job_runs = clustered("job_runs", text("name", primary_key=True), integer("at"))

# --- habits -------------------------------------------------------------------------------

profiles = table(
    "profiles",
    integer("member_id", ForeignKey("members.id"), primary_key=True),
    integer("visits", default=0),
    integer("items", default=0),
    integer("spend", default=0),
    integer("earned", default=0),
    integer("first_at", null=True),
    integer("last_at", null=True),
    *(integer(f"weekday_{day}", default=0) for day in range(1, 8)),
    *(integer(f"daypart_{part}", default=0) for part in ("night", "morning", "afternoon", "evening")),
)

member_days = clustered(
    "member_days",
    ref("member_id", "members"),
    text("day"),
    integer("visits", default=0),
    integer("spend", default=0),
    integer("earned", default=0),
    PrimaryKeyConstraint("member_id", "day"),
)

member_stores = clustered(
    "member_stores",
    ref("member_id", "members"),
    ref("store_id", "stores"),
    integer("visits", default=0),
    integer("last_at"),
    PrimaryKeyConstraint("member_id", "store_id"),
)


def _habit_columns() -> tuple[object, ...]:
    return (
        integer("times", default=0),
        integer("quantity", default=0),
        integer("spend", default=0),
        integer("first_at"),
        integer("last_at"),
        integer("gap_squares", default=0),
        real("weight"),
    )


member_products = clustered(
    "member_products",
    ref("member_id", "members"),
    text("sku"),
    *_habit_columns(),
    PrimaryKeyConstraint("member_id", "sku"),
    Index("ix_member_products_sku", "sku"),
)

member_categories = clustered(
    "member_categories",
    ref("member_id", "members"),
    text("category"),
    *_habit_columns(),
    PrimaryKeyConstraint("member_id", "category"),
)

# --- what a night finds out about all of them ---------------------------------------------

nights = clustered(
    "nights",
    text("name", primary_key=True),
    text("day"),
    text("terms"),
    integer("done_to", default=0),
    integer("finished", default=0),
)

member_standing = table(
    "member_standing",
    integer("member_id", ForeignKey("members.id"), primary_key=True),
    text("day"),
    text("state"),
    integer("visits"),
    integer("silence"),
    integer("usual"),
    integer("slips_after"),
    integer("away", default=0),
    integer("recency"),
    integer("frequency"),
    integer("spend"),
    integer("expected"),
    integer("alive", null=True),
    one_of("state", ("new", "active", "regular", "slipping", "lapsed", "won_back")),
    check("quintiles", "recency BETWEEN 1 AND 5 AND frequency BETWEEN 1 AND 5 AND spend BETWEEN 1 AND 5"),
    check("chances", "expected >= 0 AND (alive IS NULL OR alive BETWEEN 0 AND 1000)"),
)

goods_pairs = clustered(
    "goods_pairs",
    text("sku"),
    text("other"),
    integer("baskets"),
    integer("together"),
    integer("lift"),
    PrimaryKeyConstraint("sku", "other"),
    check("counts", "together BETWEEN 1 AND baskets"),
)

ranking_models = table(
    "ranking_models",
    pk(),
    integer("made_at"),
    text("day"),
    text("kind"),
    integer("cut"),
    integer("lines"),
    integer("learned_from"),
    text("weights"),
    text("quality", null=True),
    integer("listed_at", null=True),
    one_of("kind", ("shipped", "refit", "boosted")),
)

next_items = clustered(
    "next_items",
    ref("model_id", "ranking_models"),
    ref("member_id", "members"),
    integer("place"),
    text("sku"),
    real("score"),
    real("chance"),
    text("why"),
    integer("gap", null=True),
    integer("ago", null=True),
    integer("percent", null=True),
    text("home", null=True),
    PrimaryKeyConstraint("model_id", "member_id", "place"),
    check("place", "place > 0"),
    check("chances", "score BETWEEN 0 AND 1 AND chance BETWEEN 0 AND 1"),
)

# --- segments -----------------------------------------------------------------------------

segments = table(
    "segments",
    pk(),
    text("code", unique=True),
    text("name"),
    text("rule"),
    integer("version", default=1),
    integer("saved_at"),
    text("saved_by"),
    integer("refreshed_at", default=0),
    check("version", "version > 0"),
)

segment_members = clustered(
    "segment_members",
    ref("segment_id", "segments"),
    ref("member_id", "members", index=True),
    integer("since"),
    PrimaryKeyConstraint("segment_id", "member_id"),
)

segment_sizes = clustered(
    "segment_sizes",
    ref("segment_id", "segments"),
    text("day"),
    integer("members"),
    PrimaryKeyConstraint("segment_id", "day"),
    check("members", "members >= 0"),
)

# --- campaigns ----------------------------------------------------------------------------

campaigns = table(
    "campaigns",
    pk(),
    text("name"),
    text("state", default="draft"),
    text("definition"),
    integer("version", default=1),
    integer("created_at"),
    text("created_by"),
    integer("saved_at"),
    text("saved_by"),
    integer("approved_at", null=True),
    text("approved_by", null=True),
    integer("approved_most", null=True),
    integer("launched_at", null=True),
    text("launched_by", null=True),
    text("starts_on", null=True),
    text("ends_on", null=True),
    integer("size", default=0),
    integer("position", default=0),
    text("evaluated_on", null=True),
    integer("stopped_at", null=True),
    text("stopped_by", null=True),
    text("stop_reason", null=True),
    integer("withdraw", default=0),
    one_of("state", ("draft", "waiting", "approved", "launching", "running", "stopped", "ended")),
    check(
        "approved",
        "(approved_by IS NULL) = (approved_at IS NULL) AND (approved_by IS NULL) = (approved_most IS NULL) "
        "AND (state <> 'approved' OR approved_by IS NOT NULL)",
    ),
    check("two_people", "approved_by IS NULL OR (approved_by <> created_by AND approved_by <> saved_by)"),
    check(
        "launched",
        "(state IN ('draft', 'waiting', 'approved')) = (launched_at IS NULL) "
        "AND (launched_at IS NULL) = (launched_by IS NULL)",
    ),
    check(
        "stopped",
        "(state = 'stopped') = (stopped_at IS NOT NULL) AND (stopped_at IS NULL) = (stopped_by IS NULL) "
        "AND (stopped_at IS NULL) = (stop_reason IS NULL)",
    ),
    check("issued", "position BETWEEN 0 AND size AND (state <> 'launching' OR position < size)"),
    check("withdraw", "withdraw IN (0, 1) AND (withdraw = 0 OR state = 'stopped')"),
    check("version", "version > 0"),
)

campaign_audiences = clustered(
    "campaign_audiences",
    integer("campaign_id", ForeignKey("campaigns.id"), primary_key=True, autoincrement=False),
    blob("members"),
)

campaign_members = clustered(
    "campaign_members",
    ref("campaign_id", "campaigns"),
    ref("member_id", "members", index=True),
    text("occasion"),
    text("side"),
    integer("assigned_at"),
    text("promotion", null=True),
    text("reason", null=True),
    ref("coupon_id", "coupons", null=True, unique=True),
    PrimaryKeyConstraint("campaign_id", "member_id", "occasion"),
    one_of("side", ("treated", "control")),
    check(
        "given",
        "(side = 'treated') = (coupon_id IS NOT NULL) AND (side = 'treated') = (promotion IS NOT NULL) "
        "AND (side = 'treated') = (reason IS NOT NULL)",
    ),
    Index("ix_campaign_members_assigned_at", "assigned_at"),
)

campaign_outcomes = clustered(
    "campaign_outcomes",
    integer("campaign_id", ForeignKey("campaigns.id"), primary_key=True, autoincrement=False),
    integer("at"),
    text("figures"),
)
