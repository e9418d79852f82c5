"""The first schema: shop, members, rules, sales, the ledger and habits.

Facts are append-only: the triggers refuse to change or delete them, on both engines.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
REAL = sa.Double().with_variant(sa.REAL(), "sqlite")

APPEND_ONLY = (
    "entries",
    "swipes",
    "sale_uses",
    "returns",
    "return_lines",
    "coupon_events",
    "value_entries",
    "consents",
    "audit",
    "answers",
    "rule_versions",
    "till_records",
    "seals",
    "campaign_audiences",
    "campaign_members",
)
SALE_LINE_FACTS = (
    "sale_id, position, line, sku, category, quantity, unit_price, unit_cost, gross, discount, net, earns, units, runs"
)
RAN = {
    "started": ("DELETE OR UPDATE OF code, version, definition, since", "OLD.since IS NOT NULL"),
    "ended": ("UPDATE OF until", "OLD.until IS NOT NULL"),
}
"""What is fixed of a version of a promotion once it has started, and once it has ended."""
SALE_FACTS = (
    "store_id, terminal_id, receipt, business_date, sold_at, recorded_at, body_hash, gross, discount, net, to_pay, due"
)


def upgrade() -> None:
    create_campaigns()
    create_ranking_models()
    op.create_table(
        "audit",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sqlite_strict=True,
    )
    op.create_table(
        "categories",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_categories"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "guesses",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("window_start", INT, nullable=False),
        sa.Column("misses", INT, nullable=False),
        sa.Column("blocked_until", INT, server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_guesses"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "products",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("brand", sa.Text(), nullable=True),
        sa.Column("unit_price", INT, nullable=True),
        sa.Column("unit_cost", INT, nullable=True),
        sa.Column("updated_at", INT, nullable=False),
        sa.PrimaryKeyConstraint("sku", name="pk_products"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rule_versions",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rule_versions"),
        sqlite_strict=True,
    )
    op.create_table(
        "promotions",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", INT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("since", INT, nullable=True),
        sa.Column("until", INT, nullable=True),
        sa.CheckConstraint("state IN ('draft', 'active', 'ended', 'superseded')", name="ck_promotions_state"),
        sa.CheckConstraint("(state = 'active') = (since IS NOT NULL AND until IS NULL)", name="ck_promotions_running"),
        sa.CheckConstraint("state <> 'draft' OR since IS NULL", name="ck_promotions_draft"),
        sa.CheckConstraint("until IS NULL OR (since IS NOT NULL AND until > since)", name="ck_promotions_span"),
        sa.ForeignKeyConstraint(["since"], ["rule_versions.id"], name="fk_promotions_since"),
        sa.ForeignKeyConstraint(["until"], ["rule_versions.id"], name="fk_promotions_until"),
        sa.PrimaryKeyConstraint("id", name="pk_promotions"),
        sa.UniqueConstraint("code", "version", name="uq_promotions_code_version"),
        sqlite_strict=True,
    )
    op.create_index(
        "ux_promotions_active",
        "promotions",
        ["code"],
        unique=True,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_index(
        "ux_promotions_draft",
        "promotions",
        ["code"],
        unique=True,
        sqlite_where=sa.text("state = 'draft'"),
        postgresql_where=sa.text("state = 'draft'"),
    )
    op.create_table(
        "settings",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_settings"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "staff",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.CheckConstraint("role IN ('cashier', 'manager', 'owner', 'auditor')", name="ck_staff_role"),
        sa.CheckConstraint("state IN ('active', 'disabled')", name="ck_staff_state"),
        sa.PrimaryKeyConstraint("id", name="pk_staff"),
        sa.UniqueConstraint("login", name="uq_staff_login"),
        sqlite_strict=True,
    )
    op.create_table(
        "stores",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stores"),
        sa.UniqueConstraint("code", name="uq_stores_code"),
        sqlite_strict=True,
    )
    op.create_table(
        "tier_tables",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tier_tables"),
        sqlite_strict=True,
    )
    op.create_table(
        "usage",
        sa.Column("promotion", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("uses", INT, server_default="0", nullable=False),
        sa.Column("amount", INT, server_default="0", nullable=False),
        sa.CheckConstraint("uses >= 0 AND amount >= 0", name="ck_usage_counts"),
        sa.PrimaryKeyConstraint("promotion", "scope", "subject", name="pk_usage"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "members",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("tier_by_hand", sa.Text(), nullable=True),
        sa.Column("tier_floor", sa.Text(), nullable=True),
        sa.Column("floor_on", sa.Text(), server_default="2000-01-01", nullable=False),
        sa.Column("review_on", sa.Text(), nullable=True),
        sa.Column("active", INT, server_default="0", nullable=False),
        sa.Column("pending", INT, server_default="0", nullable=False),
        sa.Column("held", INT, server_default="0", nullable=False),
        sa.Column("spent", INT, server_default="0", nullable=False),
        sa.Column("expired", INT, server_default="0", nullable=False),
        sa.Column("shortfall", INT, server_default="0", nullable=False),
        sa.Column("version", INT, server_default="0", nullable=False),
        sa.Column("enrolled_at", INT, nullable=False),
        sa.Column("store_id", INT, nullable=True),
        sa.Column("merged_into", INT, nullable=True),
        sa.CheckConstraint("state IN ('active', 'merged', 'erased')", name="ck_members_state"),
        sa.CheckConstraint("(state = 'merged') = (merged_into IS NOT NULL)", name="ck_members_merged"),
        sa.CheckConstraint("active >= 0 AND pending >= 0 AND held >= 0", name="ck_members_spendable"),
        sa.CheckConstraint("spent >= 0 AND expired >= 0 AND shortfall >= 0", name="ck_members_counted"),
        sa.ForeignKeyConstraint(["merged_into"], ["members.id"], name="fk_members_merged_into"),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name="fk_members_store_id"),
        sa.PrimaryKeyConstraint("id", name="pk_members"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_members_review",
        "members",
        ["review_on"],
        unique=False,
        sqlite_where=sa.text("review_on IS NOT NULL"),
        postgresql_where=sa.text("review_on IS NOT NULL"),
    )
    merged = sa.text("merged_into IS NOT NULL")
    op.create_index(
        "ix_members_merged", "members", ["merged_into"], unique=False, sqlite_where=merged, postgresql_where=merged
    )
    op.create_table(
        "staff_stores",
        sa.Column("staff_id", INT, nullable=False),
        sa.Column("store_id", INT, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_staff_stores_staff_id"),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name="fk_staff_stores_store_id"),
        sa.PrimaryKeyConstraint("staff_id", "store_id", name="pk_staff_stores"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "staff_tokens",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("staff_id", INT, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("revoked_at", INT, nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_staff_tokens_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_staff_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_staff_tokens_token_hash"),
        sqlite_strict=True,
    )
    op.create_index("ix_staff_tokens_staff_id", "staff_tokens", ["staff_id"], unique=False)
    op.create_table(
        "terminals",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("store_id", INT, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("seen_at", INT, nullable=True),
        sa.Column("epoch", INT, server_default="1", nullable=False),
        sa.Column("pair_again_since", INT, nullable=True),
        sa.Column("skew", INT, nullable=True),
        sa.CheckConstraint("state IN ('active', 'revoked')", name="ck_terminals_state"),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name="fk_terminals_store_id"),
        sa.PrimaryKeyConstraint("id", name="pk_terminals"),
        sa.UniqueConstraint("code", name="uq_terminals_code"),
        sa.UniqueConstraint("key_hash", name="uq_terminals_key_hash"),
        sqlite_strict=True,
    )
    op.create_index("ix_terminals_store_id", "terminals", ["store_id"], unique=False)
    op.create_table(
        "pairing_codes",
        sa.Column("terminal_id", INT, nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", INT, nullable=False),
        sa.Column("used_at", INT, nullable=True),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name="fk_pairing_codes_terminal_id"),
        sa.PrimaryKeyConstraint("terminal_id", name="pk_pairing_codes"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "till_epochs",
        sa.Column("terminal_id", INT, nullable=False),
        sa.Column("epoch", INT, nullable=False),
        sa.Column("started_at", INT, nullable=False),
        sa.Column("highest", INT, server_default="0", nullable=False),
        sa.CheckConstraint("epoch > 0 AND highest >= 0", name="ck_till_epochs_counts"),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name="fk_till_epochs_terminal_id"),
        sa.PrimaryKeyConstraint("terminal_id", "epoch", name="pk_till_epochs"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "till_records",
        sa.Column("terminal_id", INT, nullable=False),
        sa.Column("epoch", INT, nullable=False),
        sa.Column("sequence", INT, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.CheckConstraint("sequence > 0", name="ck_till_records_sequence"),
        sa.ForeignKeyConstraint(
            ["terminal_id", "epoch"],
            ["till_epochs.terminal_id", "till_epochs.epoch"],
            name="fk_till_records_terminal_id_epoch",
        ),
        sa.PrimaryKeyConstraint("terminal_id", "epoch", "sequence", name="pk_till_records"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "till_gaps",
        sa.Column("terminal_id", INT, nullable=False),
        sa.Column("epoch", INT, nullable=False),
        sa.Column("first", INT, nullable=False),
        sa.Column("last", INT, nullable=False),
        sa.Column("since", INT, nullable=False),
        sa.CheckConstraint("first BETWEEN 1 AND last", name="ck_till_gaps_numbers"),
        sa.ForeignKeyConstraint(
            ["terminal_id", "epoch"],
            ["till_epochs.terminal_id", "till_epochs.epoch"],
            name="fk_till_gaps_terminal_id_epoch",
        ),
        sa.PrimaryKeyConstraint("terminal_id", "epoch", "first", name="pk_till_gaps"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "quarantine",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("terminal_id", INT, nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("epoch", INT, nullable=False),
        sa.Column("sequence", INT, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.Column("resolved_at", INT, nullable=True),
        sa.CheckConstraint("(state = 'waiting') = (body IS NOT NULL)", name="ck_quarantine_body"),
        sa.CheckConstraint("code IN ('number_taken', 'epoch_old', 'epoch_ahead')", name="ck_quarantine_code"),
        sa.CheckConstraint("state IN ('waiting', 'accepted', 'dismissed')", name="ck_quarantine_state"),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name="fk_quarantine_terminal_id"),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine"),
        sa.UniqueConstraint(
            "terminal_id", "epoch", "sequence", "body_hash", name="uq_quarantine_terminal_id_epoch_sequence_body_hash"
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "cards",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("member_id", INT, nullable=False),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("generation", INT, server_default="0", nullable=False),
        sa.Column("replaced_by", INT, nullable=True),
        sa.Column("issued_at", INT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'replaced') = (replaced_by IS NOT NULL)", name="ck_cards_replaced"),
        sa.CheckConstraint("state IN ('active', 'blocked', 'replaced')", name="ck_cards_state"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_cards_member_id"),
        sa.ForeignKeyConstraint(["replaced_by"], ["cards.id"], name="fk_cards_replaced_by"),
        sa.PrimaryKeyConstraint("id", name="pk_cards"),
        sa.UniqueConstraint("number", name="uq_cards_number"),
        sqlite_strict=True,
    )
    op.create_index("ix_cards_member_id", "cards", ["member_id"], unique=False)
    op.create_table(
        "consents",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("member_id", INT, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("given", INT, nullable=False),
        sa.Column("text_version", sa.Text(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.CheckConstraint("purpose IN ('programme', 'profiling', 'marketing', 'sharing')", name="ck_consents_purpose"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_consents_member_id"),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
        sqlite_strict=True,
    )
    op.create_index("ix_consents_member_id", "consents", ["member_id"], unique=False)
    op.create_table(
        "member_categories",
        sa.Column("member_id", INT, nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("times", INT, server_default="0", nullable=False),
        sa.Column("quantity", INT, server_default="0", nullable=False),
        sa.Column("spend", INT, server_default="0", nullable=False),
        sa.Column("first_at", INT, nullable=False),
        sa.Column("last_at", INT, nullable=False),
        sa.Column("gap_squares", INT, server_default="0", nullable=False),
        sa.Column("weight", REAL, server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_member_categories_member_id"),
        sa.PrimaryKeyConstraint("member_id", "category", name="pk_member_categories"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "member_days",
        sa.Column("member_id", INT, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("visits", INT, server_default="0", nullable=False),
        sa.Column("spend", INT, server_default="0", nullable=False),
        sa.Column("earned", INT, server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_member_days_member_id"),
        sa.PrimaryKeyConstraint("member_id", "day", name="pk_member_days"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "member_products",
        sa.Column("member_id", INT, nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("times", INT, server_default="0", nullable=False),
        sa.Column("quantity", INT, server_default="0", nullable=False),
        sa.Column("spend", INT, server_default="0", nullable=False),
        sa.Column("first_at", INT, nullable=False),
        sa.Column("last_at", INT, nullable=False),
        sa.Column("gap_squares", INT, server_default="0", nullable=False),
        sa.Column("weight", REAL, server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_member_products_member_id"),
        sa.PrimaryKeyConstraint("member_id", "sku", name="pk_member_products"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_member_products_sku", "member_products", ["sku"], unique=False)
    op.create_table(
        "member_stores",
        sa.Column("member_id", INT, nullable=False),
        sa.Column("store_id", INT, nullable=False),
        sa.Column("visits", INT, server_default="0", nullable=False),
        sa.Column("last_at", INT, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_member_stores_member_id"),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name="fk_member_stores_store_id"),
        sa.PrimaryKeyConstraint("member_id", "store_id", name="pk_member_stores"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "people",
        sa.Column("member_id", INT, nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("call_name", sa.Text(), nullable=True),
        sa.Column("search", sa.Text(), server_default="", nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("birthday", sa.Text(), nullable=True),
        sa.Column("gender", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("interests", sa.Text(), server_default="[]", nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_people_member_id"),
        sa.PrimaryKeyConstraint("member_id", name="pk_people"),
        sa.UniqueConstraint("phone", name="uq_people_phone"),
        sqlite_strict=True,
    )
    op.create_table(
        "profiles",
        sa.Column("member_id", INT, nullable=False),
        sa.Column("visits", INT, server_default="0", nullable=False),
        sa.Column("items", INT, server_default="0", nullable=False),
        sa.Column("spend", INT, server_default="0", nullable=False),
        sa.Column("earned", INT, server_default="0", nullable=False),
        sa.Column("first_at", INT, nullable=True),
        sa.Column("last_at", INT, nullable=True),
        sa.Column("weekday_1", INT, server_default="0", nullable=False),
        sa.Column("weekday_2", INT, server_default="0", nullable=False),
        sa.Column("weekday_3", INT, server_default="0", nullable=False),
        sa.Column("weekday_4", INT, server_default="0", nullable=False),
        sa.Column("weekday_5", INT, server_default="0", nullable=False),
        sa.Column("weekday_6", INT, server_default="0", nullable=False),
        sa.Column("weekday_7", INT, server_default="0", nullable=False),
        sa.Column("daypart_night", INT, server_default="0", nullable=False),
        sa.Column("daypart_morning", INT, server_default="0", nullable=False),
        sa.Column("daypart_afternoon", INT, server_default="0", nullable=False),
        sa.Column("daypart_evening", INT, server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_profiles_member_id"),
        sa.PrimaryKeyConstraint("member_id", name="pk_profiles"),
        sqlite_strict=True,
    )
    op.create_table(
        "sessions",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", INT, nullable=False),
        sa.Column("terminal_id", INT, nullable=True),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("seen_at", INT, nullable=False),
        sa.Column("expires_at", INT, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_sessions_staff_id"),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name="fk_sessions_terminal_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("token_hash", name="uq_sessions_token_hash"),
        sqlite_strict=True,
    )
    op.create_index("ix_sessions_staff_id", "sessions", ["staff_id"], unique=False)
    op.create_table(
        "rotating_used",
        sa.Column("card_id", INT, nullable=False),
        sa.Column("step", INT, nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name="fk_rotating_used_card_id"),
        sa.PrimaryKeyConstraint("card_id", "step", name="pk_rotating_used"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "swipes",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("recorded_at", INT, nullable=False),
        sa.Column("store_id", INT, nullable=False),
        sa.Column("terminal_id", INT, nullable=False),
        sa.Column("cashier", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("card_id", INT, nullable=True),
        sa.Column("member_id", INT, nullable=True),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name="fk_swipes_card_id"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_swipes_member_id"),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name="fk_swipes_store_id"),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name="fk_swipes_terminal_id"),
        sa.PrimaryKeyConstraint("id", name="pk_swipes"),
        sqlite_strict=True,
    )
    op.create_index("ix_swipes_member_id", "swipes", ["member_id"], unique=False)
    op.create_index("ix_swipes_terminal_id_at", "swipes", ["terminal_id", "at"], unique=False)
    op.create_table(
        "sales",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("store_id", INT, nullable=False),
        sa.Column("terminal_id", INT, nullable=False),
        sa.Column("cashier", sa.Text(), nullable=True),
        sa.Column("member_id", INT, nullable=True),
        sa.Column("swipe_id", INT, nullable=True),
        sa.Column("unknown_card", sa.Text(), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("business_date", sa.Text(), nullable=False),
        sa.Column("sold_at", INT, nullable=False),
        sa.Column("recorded_at", INT, nullable=False),
        sa.Column("state", sa.Text(), server_default="settled", nullable=False),
        sa.Column("status", sa.Text(), server_default="ok", nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("rules", INT, nullable=False),
        sa.Column("gross", INT, nullable=False),
        sa.Column("discount", INT, nullable=False),
        sa.Column("net", INT, nullable=False),
        sa.Column("to_pay", INT, nullable=False),
        sa.Column("due", INT, nullable=False),
        sa.Column("earned", INT, server_default="0", nullable=False),
        sa.Column("redeemed", INT, server_default="0", nullable=False),
        sa.Column("claimed", INT, server_default="0", nullable=False),
        sa.Column("refunded", INT, server_default="0", nullable=False),
        sa.Column("points_back", INT, server_default="0", nullable=False),
        sa.Column("points_given", INT, server_default="0", nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("counted", sa.Text(), server_default="[]", nullable=False),
        sa.Column("attached_at", INT, nullable=True),
        sa.Column("attached_by", sa.Text(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("state IN ('settled', 'partly_returned', 'returned')", name="ck_sales_state"),
        sa.CheckConstraint("status IN ('ok', 'accepted_with_exception')", name="ck_sales_status"),
        sa.CheckConstraint(
            "gross >= 0 AND discount >= 0 AND net = gross - discount AND to_pay BETWEEN 0 AND net",
            name="ck_sales_figures",
        ),
        sa.CheckConstraint(
            "attached_at IS NULL OR (attached_by IS NOT NULL AND member_id IS NOT NULL)", name="ck_sales_attached"
        ),
        sa.CheckConstraint(
            "points_back BETWEEN 0 AND earned AND points_given BETWEEN 0 AND redeemed", name="ck_sales_points_returned"
        ),
        sa.CheckConstraint("refunded BETWEEN 0 AND net", name="ck_sales_refunded"),
        sa.CheckConstraint("due BETWEEN 0 AND to_pay AND claimed >= 0", name="ck_sales_paid"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_sales_member_id"),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name="fk_sales_store_id"),
        sa.ForeignKeyConstraint(["swipe_id"], ["swipes.id"], name="fk_sales_swipe_id"),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name="fk_sales_terminal_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sales"),
        sa.UniqueConstraint(
            "store_id",
            "receipt",
            "terminal_id",
            "business_date",
            name="uq_sales_store_id_receipt_terminal_id_business_date",
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_sales_member_id_sold_at", "sales", ["member_id", "sold_at"], unique=False)
    op.create_index("ix_sales_store_id_sold_at", "sales", ["store_id", "sold_at"], unique=False)
    figures = ["store_id", "business_date", "member_id", "net", "refunded"]
    op.create_index("ix_sales_figures", "sales", figures, unique=False)
    waiting = sa.text("unknown_card IS NOT NULL AND member_id IS NULL")
    op.create_index(
        "ix_sales_waiting", "sales", ["unknown_card"], unique=False, sqlite_where=waiting, postgresql_where=waiting
    )
    op.create_table(
        "answers",
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("sale_id", INT, nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("outcome IN ('done', 'created', 'accepted', 'refused')", name="ck_answers_outcome"),
        sa.CheckConstraint("(sale_id IS NULL) <> (answer IS NULL)", name="ck_answers_answer"),
        sa.ForeignKeyConstraint(["sale_id"], ["sales.id"], name="fk_answers_sale_id"),
        sa.PrimaryKeyConstraint("caller", "key", name="pk_answers"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "checkouts",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("store_id", INT, nullable=False),
        sa.Column("terminal_id", INT, nullable=False),
        sa.Column("cashier", sa.Text(), nullable=True),
        sa.Column("member_id", INT, nullable=True),
        sa.Column("card_id", INT, nullable=True),
        sa.Column("swipe_id", INT, nullable=True),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("opened_at", INT, nullable=False),
        sa.Column("expires_at", INT, nullable=False),
        sa.Column("rules", INT, nullable=False),
        sa.Column("points_held", INT, server_default="0", nullable=False),
        sa.Column("counted", sa.Text(), server_default="[]", nullable=False),
        sa.Column("basket", sa.LargeBinary(), nullable=False),
        sa.Column("priced", sa.LargeBinary(), nullable=False),
        sa.Column("sale_id", INT, nullable=True),
        sa.CheckConstraint("(state = 'settled') = (sale_id IS NOT NULL)", name="ck_checkouts_settled"),
        sa.CheckConstraint("state IN ('open', 'settled', 'voided', 'expired')", name="ck_checkouts_state"),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name="fk_checkouts_card_id"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_checkouts_member_id"),
        sa.ForeignKeyConstraint(["sale_id"], ["sales.id"], name="fk_checkouts_sale_id"),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name="fk_checkouts_store_id"),
        sa.ForeignKeyConstraint(["swipe_id"], ["swipes.id"], name="fk_checkouts_swipe_id"),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name="fk_checkouts_terminal_id"),
        sa.PrimaryKeyConstraint("id", name="pk_checkouts"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_checkouts_due",
        "checkouts",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_checkouts_member_id", "checkouts", ["member_id"], unique=False)
    op.create_table(
        "exceptions",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("store_id", INT, nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("amount", INT, server_default="0", nullable=False),
        sa.Column("points", INT, server_default="0", nullable=False),
        sa.Column("sale_id", INT, nullable=True),
        sa.Column("terminal_id", INT, nullable=True),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.Column("resolved_at", INT, nullable=True),
        sa.CheckConstraint("state IN ('open', 'resolved')", name="ck_exceptions_state"),
        sa.ForeignKeyConstraint(["sale_id"], ["sales.id"], name="fk_exceptions_sale_id"),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name="fk_exceptions_store_id"),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name="fk_exceptions_terminal_id"),
        sa.PrimaryKeyConstraint("id", name="pk_exceptions"),
        sqlite_strict=True,
    )
    op.create_index("ix_exceptions_store_id", "exceptions", ["store_id"], unique=False)
    op.create_index(
        "ux_exceptions_open_of_terminal",
        "exceptions",
        ["terminal_id", "code"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "lots",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("member_id", INT, nullable=False),
        sa.Column("granted", INT, nullable=False),
        sa.Column("remaining", INT, nullable=False),
        sa.Column("held", INT, server_default="0", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("active_from", INT, nullable=False),
        sa.Column("expires_at", INT, nullable=True),
        sa.Column("sale_id", INT, nullable=True),
        sa.CheckConstraint("state IN ('pending', 'active', 'expired')", name="ck_lots_state"),
        sa.CheckConstraint(
            "granted > 0 AND held >= 0 AND held <= remaining AND remaining <= granted", name="ck_lots_amounts"
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_lots_member_id"),
        sa.ForeignKeyConstraint(["sale_id"], ["sales.id"], name="fk_lots_sale_id"),
        sa.PrimaryKeyConstraint("id", name="pk_lots"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_lots_due",
        "lots",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_index(
        "ix_lots_left",
        "lots",
        ["member_id", "expires_at", "active_from", "id"],
        unique=False,
        sqlite_where=sa.text("remaining > 0"),
        postgresql_where=sa.text("remaining > 0"),
    )
    op.create_index("ix_lots_sale_id", "lots", ["sale_id"], unique=False)
    op.create_index(
        "ix_lots_pending",
        "lots",
        ["member_id"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_lots_waiting",
        "lots",
        ["active_from"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "returns",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("sale_id", INT, nullable=False),
        sa.Column("store_id", INT, nullable=False),
        sa.Column("terminal_id", INT, nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("business_date", sa.Text(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("refund", INT, nullable=False),
        sa.Column("pay_back", INT, nullable=False),
        sa.Column("taken_back", INT, server_default="0", nullable=False),
        sa.Column("given_back", INT, server_default="0", nullable=False),
        sa.Column("shortfall", INT, server_default="0", nullable=False),
        sa.Column("value_back", INT, server_default="0", nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["sale_id"], ["sales.id"], name="fk_returns_sale_id"),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name="fk_returns_store_id"),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name="fk_returns_terminal_id"),
        sa.PrimaryKeyConstraint("id", name="pk_returns"),
        sa.UniqueConstraint(
            "store_id",
            "receipt",
            "terminal_id",
            "business_date",
            name="uq_returns_store_id_receipt_terminal_id_business_date",
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_returns_sale_id", "returns", ["sale_id"], unique=False)
    op.create_table(
        "sale_lines",
        sa.Column("sale_id", INT, nullable=False),
        sa.Column("position", INT, nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.Column("unit_price", INT, nullable=False),
        sa.Column("unit_cost", INT, nullable=True),
        sa.Column("gross", INT, nullable=False),
        sa.Column("discount", INT, nullable=False),
        sa.Column("net", INT, nullable=False),
        sa.Column("earns", INT, nullable=False),
        sa.Column("units", INT, nullable=False),
        sa.Column("returned", INT, server_default="0", nullable=False),
        sa.Column("runs", sa.Text(), nullable=False),
        sa.CheckConstraint("net = gross - discount AND net >= 0 AND discount >= 0", name="ck_sale_lines_figures"),
        sa.CheckConstraint("returned BETWEEN 0 AND units", name="ck_sale_lines_returned"),
        sa.ForeignKeyConstraint(["sale_id"], ["sales.id"], name="fk_sale_lines_sale_id"),
        sa.PrimaryKeyConstraint("sale_id", "position", name="pk_sale_lines"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sale_uses",
        sa.Column("sale_id", INT, nullable=False),
        sa.Column("member_id", INT, nullable=True),
        sa.Column("at", INT, nullable=False),
        sa.Column("promotion", sa.Text(), nullable=False),
        sa.Column("uses", INT, nullable=False),
        sa.Column("amount", INT, nullable=False),
        sa.Column("coupon", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_sale_uses_member_id"),
        sa.ForeignKeyConstraint(["sale_id"], ["sales.id"], name="fk_sale_uses_sale_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_sale_uses_promotion_member_id_at", "sale_uses", ["promotion", "member_id", "at"], unique=False)
    op.create_index("ix_sale_uses_promotion_sale_id", "sale_uses", ["promotion", "sale_id"], unique=False)
    op.create_index("ix_sale_uses_sale_id", "sale_uses", ["sale_id"], unique=False)
    op.create_table(
        "checkout_lots",
        sa.Column("checkout_id", INT, nullable=False),
        sa.Column("lot_id", INT, nullable=False),
        sa.Column("points", INT, nullable=False),
        sa.CheckConstraint("points > 0", name="ck_checkout_lots_points"),
        sa.ForeignKeyConstraint(["checkout_id"], ["checkouts.id"], name="fk_checkout_lots_checkout_id"),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name="fk_checkout_lots_lot_id"),
        sa.PrimaryKeyConstraint("checkout_id", "lot_id", name="pk_checkout_lots"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "coupons",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("promotion", sa.Text(), nullable=False),
        sa.Column("member_id", INT, nullable=True),
        sa.Column("state", sa.Text(), server_default="issued", nullable=False),
        sa.Column("valid_from", sa.Text(), nullable=False),
        sa.Column("valid_to", sa.Text(), nullable=True),
        sa.Column("issued_at", INT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("from_sale_id", INT, nullable=True),
        sa.Column("campaign_id", INT, nullable=True),
        sa.Column("checkout_id", INT, nullable=True),
        sa.Column("sale_id", INT, nullable=True),
        sa.Column("used_at", INT, nullable=True),
        sa.Column("model_id", INT, nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'held') = (checkout_id IS NOT NULL)", name="ck_coupons_held"),
        sa.CheckConstraint("(state = 'used') = (sale_id IS NOT NULL AND used_at IS NOT NULL)", name="ck_coupons_used"),
        sa.CheckConstraint("state IN ('issued', 'held', 'used', 'expired', 'cancelled')", name="ck_coupons_state"),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name="fk_coupons_campaign_id"),
        sa.ForeignKeyConstraint(["checkout_id"], ["checkouts.id"], name="fk_coupons_checkout_id"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_coupons_member_id"),
        sa.ForeignKeyConstraint(["model_id"], ["ranking_models.id"], name="fk_coupons_model_id"),
        sa.ForeignKeyConstraint(["sale_id"], ["sales.id"], name="fk_coupons_sale_id"),
        sa.PrimaryKeyConstraint("id", name="pk_coupons"),
        sa.UniqueConstraint("code", name="uq_coupons_code"),
        sqlite_strict=True,
    )
    for name, rule in (
        ("ix_coupons_campaign_id", "campaign_id IS NOT NULL"),
        ("ix_coupons_campaign_used", "campaign_id IS NOT NULL AND state = 'used'"),
    ):
        op.create_index(
            name, "coupons", ["campaign_id"], unique=False, sqlite_where=sa.text(rule), postgresql_where=sa.text(rule)
        )
    used = sa.text("state = 'used'")
    op.create_index(
        "ix_coupons_used_at", "coupons", ["used_at"], unique=False, sqlite_where=used, postgresql_where=used
    )
    op.create_index("ix_coupons_checkout_id", "coupons", ["checkout_id"], unique=False)
    op.create_index("ix_coupons_member_id", "coupons", ["member_id"], unique=False)
    op.create_index("ix_coupons_sale_id", "coupons", ["sale_id"], unique=False)
    op.create_table(
        "entries",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("member_id", INT, nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("points", INT, nullable=False),
        sa.Column("lot_id", INT, nullable=True),
        sa.Column("sale_id", INT, nullable=True),
        sa.Column("return_id", INT, nullable=True),
        sa.Column("terminal_id", INT, nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('earn', 'redeem', 'take_back', 'give_back', 'adjust', 'expire', 'recover', 'opening', 'merge', "
            "'claim')",
            name="ck_entries_kind",
        ),
        sa.CheckConstraint("points <> 0 AND points BETWEEN -1000000000000 AND 1000000000000", name="ck_entries_points"),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name="fk_entries_lot_id"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_entries_member_id"),
        sa.ForeignKeyConstraint(["return_id"], ["returns.id"], name="fk_entries_return_id"),
        sa.ForeignKeyConstraint(["sale_id"], ["sales.id"], name="fk_entries_sale_id"),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name="fk_entries_terminal_id"),
        sa.PrimaryKeyConstraint("id", name="pk_entries"),
        sqlite_strict=True,
    )
    op.create_index("ix_entries_member_id_id", "entries", ["member_id", "id"], unique=False)
    by_hand = sa.text("kind = 'adjust'")
    op.create_index(
        "ix_entries_by_hand", "entries", ["at"], unique=False, sqlite_where=by_hand, postgresql_where=by_hand
    )
    op.create_index("ix_entries_at", "entries", ["at", "kind", "points"], unique=False)
    lapsed = sa.text("kind = 'expire'")
    op.create_index(
        "ix_entries_expired", "entries", ["lot_id"], unique=False, sqlite_where=lapsed, postgresql_where=lapsed
    )
    op.create_index("ix_entries_sale_id", "entries", ["sale_id"], unique=False)
    op.create_table(
        "parked_returns",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("store_id", INT, nullable=False),
        sa.Column("terminal_id", INT, nullable=False),
        sa.Column("sale_receipt", sa.Text(), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("business_date", sa.Text(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("return_id", INT, nullable=True),
        sa.Column("exception_id", INT, nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'applied', 'refused', 'dropped')", name="ck_parked_returns_state"),
        sa.CheckConstraint("(state = 'applied') = (return_id IS NOT NULL)", name="ck_parked_returns_applied"),
        sa.ForeignKeyConstraint(["exception_id"], ["exceptions.id"], name="fk_parked_returns_exception_id"),
        sa.ForeignKeyConstraint(["return_id"], ["returns.id"], name="fk_parked_returns_return_id"),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name="fk_parked_returns_store_id"),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name="fk_parked_returns_terminal_id"),
        sa.PrimaryKeyConstraint("id", name="pk_parked_returns"),
        sa.UniqueConstraint("exception_id", name="uq_parked_returns_exception_id"),
        sa.UniqueConstraint(
            "store_id",
            "receipt",
            "terminal_id",
            "business_date",
            name="uq_parked_returns_store_id_receipt_terminal_id_business_date",
        ),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_parked_returns_due",
        "parked_returns",
        ["at"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_parked_returns_store_id_sale_receipt", "parked_returns", ["store_id", "sale_receipt"], unique=False
    )
    op.create_table(
        "return_lines",
        sa.Column("return_id", INT, nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("units", INT, nullable=False),
        sa.Column("refund", INT, nullable=False),
        sa.CheckConstraint("units > 0 AND refund >= 0", name="ck_return_lines_units"),
        sa.ForeignKeyConstraint(["return_id"], ["returns.id"], name="fk_return_lines_return_id"),
        sa.PrimaryKeyConstraint("return_id", "line", name="pk_return_lines"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "staff_cards",
        sa.Column("staff_id", INT, nullable=False),
        sa.Column("card_id", INT, nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name="fk_staff_cards_card_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_staff_cards_staff_id"),
        sa.PrimaryKeyConstraint("staff_id", name="pk_staff_cards"),
        sa.UniqueConstraint("card_id", name="uq_staff_cards_card_id"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "merges",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("member_id", INT, nullable=False),
        sa.Column("into_id", INT, nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("moved", sa.Text(), nullable=False),
        sa.Column("undone_at", INT, nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.CheckConstraint("member_id <> into_id", name="ck_merges_itself"),
        sa.CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="ck_merges_undone"),
        sa.ForeignKeyConstraint(["into_id"], ["members.id"], name="fk_merges_into_id"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_merges_member_id"),
        sa.PrimaryKeyConstraint("id", name="pk_merges"),
        sqlite_strict=True,
    )
    op.create_index("ix_merges_into_id", "merges", ["into_id"], unique=False)
    op.create_index("ix_merges_member_id", "merges", ["member_id"], unique=False)
    standing = sa.text("undone_at IS NULL")
    op.create_index(
        "ix_merges_open", "merges", ["member_id"], unique=True, sqlite_where=standing, postgresql_where=standing
    )
    op.create_table(
        "approvals",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("member_id", INT, nullable=True),
        sa.Column("points", INT, nullable=True),
        sa.Column("promotion", sa.Text(), nullable=True),
        sa.Column("version", INT, nullable=True),
        sa.Column("amount", INT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", INT, nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'approved', 'rejected')", name="ck_approvals_state"),
        sa.CheckConstraint("points <> 0", name="ck_approvals_points"),
        sa.CheckConstraint(
            "(state = 'waiting') = (decided_by IS NULL OR decided_at IS NULL)", name="ck_approvals_decided"
        ),
        sa.CheckConstraint("state <> 'approved' OR decided_by <> by", name="ck_approvals_two_people"),
        sa.CheckConstraint(
            "(member_id IS NULL) = (points IS NULL) AND (promotion IS NULL) = (version IS NULL) "
            "AND (member_id IS NULL) <> (promotion IS NULL) AND (amount IS NULL OR promotion IS NOT NULL)",
            name="ck_approvals_subject",
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_approvals_member_id"),
        sa.PrimaryKeyConstraint("id", name="pk_approvals"),
        sqlite_strict=True,
    )
    op.create_index(
        "ux_approvals_promotion",
        "approvals",
        ["promotion"],
        unique=True,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "coupon_events",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("coupon_id", INT, nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("sale_id", INT, nullable=True),
        sa.ForeignKeyConstraint(["coupon_id"], ["coupons.id"], name="fk_coupon_events_coupon_id"),
        sa.ForeignKeyConstraint(["sale_id"], ["sales.id"], name="fk_coupon_events_sale_id"),
        sa.PrimaryKeyConstraint("id", name="pk_coupon_events"),
        sqlite_strict=True,
    )
    op.create_index("ix_coupon_events_coupon_id", "coupon_events", ["coupon_id"], unique=False)
    create_stored_values()
    create_nights()
    create_next_items()
    create_campaign_members()

    op.create_table(
        "seals",
        sa.Column("number", INT, autoincrement=False, nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("after_id", INT, nullable=False),
        sa.Column("last_id", INT, nullable=False),
        sa.Column("size", INT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("last_id > after_id AND size > 0", name="ck_seals_range"),
        sa.PrimaryKeyConstraint("number", name="pk_seals"),
        sa.UniqueConstraint("facts", "after_id", name="uq_seals_facts_after_id"),
        sqlite_strict=True,
    )
    op.create_table(
        "job_runs",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_job_runs"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )

    if op.get_bind().dialect.name == "sqlite":
        guard_sqlite()
    else:
        guard_postgresql()


def create_campaigns() -> None:
    """Campaigns: what is given to whom, who approved it, how far it is."""
    op.create_table(
        "campaigns",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("version", INT, server_default="1", nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("saved_at", INT, nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.Column("approved_at", INT, nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_most", INT, nullable=True),
        sa.Column("launched_at", INT, nullable=True),
        sa.Column("launched_by", sa.Text(), nullable=True),
        sa.Column("starts_on", sa.Text(), nullable=True),
        sa.Column("ends_on", sa.Text(), nullable=True),
        sa.Column("size", INT, server_default="0", nullable=False),
        sa.Column("position", INT, server_default="0", nullable=False),
        sa.Column("evaluated_on", sa.Text(), nullable=True),
        sa.Column("stopped_at", INT, nullable=True),
        sa.Column("stopped_by", sa.Text(), nullable=True),
        sa.Column("stop_reason", sa.Text(), nullable=True),
        sa.Column("withdraw", INT, server_default="0", nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'waiting', 'approved', 'launching', 'running', 'stopped', 'ended')",
            name="ck_campaigns_state",
        ),
        sa.CheckConstraint(
            "(approved_by IS NULL) = (approved_at IS NULL) AND (approved_by IS NULL) = (approved_most IS NULL) "
            "AND (state <> 'approved' OR approved_by IS NOT NULL)",
            name="ck_campaigns_approved",
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR (approved_by <> created_by AND approved_by <> saved_by)",
            name="ck_campaigns_two_people",
        ),
        sa.CheckConstraint(
            "(state IN ('draft', 'waiting', 'approved')) = (launched_at IS NULL) "
            "AND (launched_at IS NULL) = (launched_by IS NULL)",
            name="ck_campaigns_launched",
        ),
        sa.CheckConstraint(
            "(state = 'stopped') = (stopped_at IS NOT NULL) AND (stopped_at IS NULL) = (stopped_by IS NULL) "
            "AND (stopped_at IS NULL) = (stop_reason IS NULL)",
            name="ck_campaigns_stopped",
        ),
        sa.CheckConstraint(
            "position BETWEEN 0 AND size AND (state <> 'launching' OR position < size)", name="ck_campaigns_issued"
        ),
        sa.CheckConstraint("withdraw IN (0, 1) AND (withdraw = 0 OR state = 'stopped')", name="ck_campaigns_withdraw"),
        sa.CheckConstraint("version > 0", name="ck_campaigns_version"),
        sa.PrimaryKeyConstraint("id", name="pk_campaigns"),
        sqlite_strict=True,
    )


def create_campaign_members() -> None:
    """Who was meant by a campaign, and what each of them got or, in the control group, did not get."""
    op.create_table(
        "campaign_audiences",
        sa.Column("campaign_id", INT, autoincrement=False, nullable=False),
        sa.Column("members", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name="fk_campaign_audiences_campaign_id"),
        sa.PrimaryKeyConstraint("campaign_id", name="pk_campaign_audiences"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "campaign_members",
        sa.Column("campaign_id", INT, nullable=False),
        sa.Column("member_id", INT, nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("assigned_at", INT, nullable=False),
        sa.Column("promotion", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("coupon_id", INT, nullable=True),
        sa.CheckConstraint("side IN ('treated', 'control')", name="ck_campaign_members_side"),
        sa.CheckConstraint(
            "(side = 'treated') = (coupon_id IS NOT NULL) AND (side = 'treated') = (promotion IS NOT NULL) "
            "AND (side = 'treated') = (reason IS NOT NULL)",
            name="ck_campaign_members_given",
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name="fk_campaign_members_campaign_id"),
        sa.ForeignKeyConstraint(["coupon_id"], ["coupons.id"], name="fk_campaign_members_coupon_id"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_campaign_members_member_id"),
        sa.PrimaryKeyConstraint("campaign_id", "member_id", "occasion", name="pk_campaign_members"),
        sa.UniqueConstraint("coupon_id", name="uq_campaign_members_coupon_id"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_campaign_members_assigned_at", "campaign_members", ["assigned_at"], unique=False)
    op.create_index("ix_campaign_members_member_id", "campaign_members", ["member_id"], unique=False)
    op.create_table(
        "campaign_outcomes",
        sa.Column("campaign_id", INT, autoincrement=False, nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name="fk_campaign_outcomes_campaign_id"),
        sa.PrimaryKeyConstraint("campaign_id", name="pk_campaign_outcomes"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def create_stored_values() -> None:
    """Gift cards and wallets: accounts, what checkouts hold of them, entries."""
    op.create_table(
        "stored_values",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("member_id", INT, nullable=True),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("balance", INT, server_default="0", nullable=False),
        sa.Column("held", INT, server_default="0", nullable=False),
        sa.Column("expires_on", sa.Text(), nullable=True),
        sa.Column("issued_at", INT, nullable=False),
        sa.CheckConstraint("kind IN ('gift_card', 'wallet')", name="ck_stored_values_kind"),
        sa.CheckConstraint("state IN ('active', 'blocked')", name="ck_stored_values_state"),
        sa.CheckConstraint("(kind = 'wallet') = (member_id IS NOT NULL)", name="ck_stored_values_owner"),
        sa.CheckConstraint(
            "held BETWEEN 0 AND balance AND balance <= 1000000000000", name="ck_stored_values_spendable"
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_stored_values_member_id"),
        sa.PrimaryKeyConstraint("id", name="pk_stored_values"),
        sa.UniqueConstraint("code", name="uq_stored_values_code"),
        sqlite_strict=True,
    )
    op.create_index("ix_stored_values_member_id", "stored_values", ["member_id"], unique=False)
    op.create_table(
        "checkout_values",
        sa.Column("checkout_id", INT, nullable=False),
        sa.Column("value_id", INT, nullable=False),
        sa.Column("amount", INT, nullable=False),
        sa.CheckConstraint("amount > 0", name="ck_checkout_values_amount"),
        sa.ForeignKeyConstraint(["checkout_id"], ["checkouts.id"], name="fk_checkout_values_checkout_id"),
        sa.ForeignKeyConstraint(["value_id"], ["stored_values.id"], name="fk_checkout_values_value_id"),
        sa.PrimaryKeyConstraint("checkout_id", "value_id", name="pk_checkout_values"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "value_entries",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("value_id", INT, nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", INT, nullable=False),
        sa.Column("balance", INT, nullable=False),
        sa.Column("sale_id", INT, nullable=True),
        sa.Column("line", sa.Text(), nullable=True),
        sa.Column("return_id", INT, nullable=True),
        sa.Column("terminal_id", INT, nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('load', 'pay', 'refund', 'unload')", name="ck_value_entries_kind"),
        sa.CheckConstraint(
            "amount <> 0 AND (amount > 0) = (kind IN ('load', 'refund'))", name="ck_value_entries_amount"
        ),
        sa.CheckConstraint("balance >= 0", name="ck_value_entries_balance"),
        sa.CheckConstraint("line IS NULL OR sale_id IS NOT NULL", name="ck_value_entries_line"),
        sa.ForeignKeyConstraint(["return_id"], ["returns.id"], name="fk_value_entries_return_id"),
        sa.ForeignKeyConstraint(["sale_id"], ["sales.id"], name="fk_value_entries_sale_id"),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name="fk_value_entries_terminal_id"),
        sa.ForeignKeyConstraint(["value_id"], ["stored_values.id"], name="fk_value_entries_value_id"),
        sa.PrimaryKeyConstraint("id", name="pk_value_entries"),
        sqlite_strict=True,
    )
    op.create_index("ix_value_entries_sale_id", "value_entries", ["sale_id"], unique=False)
    op.create_index("ix_value_entries_value_id_id", "value_entries", ["value_id", "id"], unique=False)
    op.create_table(
        "segments",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("version", INT, server_default="1", nullable=False),
        sa.Column("saved_at", INT, nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.Column("refreshed_at", INT, server_default="0", nullable=False),
        sa.CheckConstraint("version > 0", name="ck_segments_version"),
        sa.PrimaryKeyConstraint("id", name="pk_segments"),
        sa.UniqueConstraint("code", name="uq_segments_code"),
        sqlite_strict=True,
    )
    op.create_table(
        "segment_members",
        sa.Column("segment_id", INT, nullable=False),
        sa.Column("member_id", INT, nullable=False),
        sa.Column("since", INT, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_segment_members_member_id"),
        sa.ForeignKeyConstraint(["segment_id"], ["segments.id"], name="fk_segment_members_segment_id"),
        sa.PrimaryKeyConstraint("segment_id", "member_id", name="pk_segment_members"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_segment_members_member_id", "segment_members", ["member_id"], unique=False)
    op.create_table(
        "segment_sizes",
        sa.Column("segment_id", INT, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("members", INT, nullable=False),
        sa.CheckConstraint("members >= 0", name="ck_segment_sizes_members"),
        sa.ForeignKeyConstraint(["segment_id"], ["segments.id"], name="fk_segment_sizes_segment_id"),
        sa.PrimaryKeyConstraint("segment_id", "day", name="pk_segment_sizes"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def create_nights() -> None:
    """What a night finds out about all members and goods."""
    op.create_table(
        "nights",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("done_to", INT, server_default="0", nullable=False),
        sa.Column("finished", INT, server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_nights"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "member_standing",
        sa.Column("member_id", INT, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("visits", INT, nullable=False),
        sa.Column("silence", INT, nullable=False),
        sa.Column("usual", INT, nullable=False),
        sa.Column("slips_after", INT, nullable=False),
        sa.Column("away", INT, server_default="0", nullable=False),
        sa.Column("recency", INT, nullable=False),
        sa.Column("frequency", INT, nullable=False),
        sa.Column("spend", INT, nullable=False),
        sa.Column("expected", INT, nullable=False),
        sa.Column("alive", INT, nullable=True),
        sa.CheckConstraint(
            "state IN ('new', 'active', 'regular', 'slipping', 'lapsed', 'won_back')", name="ck_member_standing_state"
        ),
        sa.CheckConstraint(
            "recency BETWEEN 1 AND 5 AND frequency BETWEEN 1 AND 5 AND spend BETWEEN 1 AND 5",
            name="ck_member_standing_quintiles",
        ),
        sa.CheckConstraint(
            "expected >= 0 AND (alive IS NULL OR alive BETWEEN 0 AND 1000)", name="ck_member_standing_chances"
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_member_standing_member_id"),
        sa.PrimaryKeyConstraint("member_id", name="pk_member_standing"),
        sqlite_strict=True,
    )
    op.create_table(
        "goods_pairs",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("baskets", INT, nullable=False),
        sa.Column("together", INT, nullable=False),
        sa.Column("lift", INT, nullable=False),
        sa.CheckConstraint("together BETWEEN 1 AND baskets", name="ck_goods_pairs_counts"),
        sa.PrimaryKeyConstraint("sku", "other", name="pk_goods_pairs"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def create_ranking_models() -> None:
    """The models that ranked what members buy next."""
    op.create_table(
        "ranking_models",
        sa.Column("id", INT, sa.Identity(always=False), nullable=False),
        sa.Column("made_at", INT, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cut", INT, nullable=False),
        sa.Column("lines", INT, nullable=False),
        sa.Column("learned_from", INT, nullable=False),
        sa.Column("weights", sa.Text(), nullable=False),
        sa.Column("quality", sa.Text(), nullable=True),
        sa.Column("listed_at", INT, nullable=True),
        sa.CheckConstraint("kind IN ('shipped', 'refit', 'boosted')", name="ck_ranking_models_kind"),
        sa.PrimaryKeyConstraint("id", name="pk_ranking_models"),
        sqlite_strict=True,
    )


def create_next_items() -> None:
    """The lists that they made."""
    op.create_table(
        "next_items",
        sa.Column("model_id", INT, nullable=False),
        sa.Column("member_id", INT, nullable=False),
        sa.Column("place", INT, nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("score", REAL, server_default="0", nullable=False),
        sa.Column("chance", REAL, server_default="0", nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("gap", INT, nullable=True),
        sa.Column("ago", INT, nullable=True),
        sa.Column("percent", INT, nullable=True),
        sa.Column("home", sa.Text(), nullable=True),
        sa.CheckConstraint("place > 0", name="ck_next_items_place"),
        sa.CheckConstraint("score BETWEEN 0 AND 1 AND chance BETWEEN 0 AND 1", name="ck_next_items_chances"),
        sa.ForeignKeyConstraint(["model_id"], ["ranking_models.id"], name="fk_next_items_model_id"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_next_items_member_id"),
        sa.PrimaryKeyConstraint("model_id", "member_id", "place", name="pk_next_items"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def guard_sqlite() -> None:
    """Refuse UPDATE and DELETE of facts; recursive_triggers makes REPLACE fire them too."""
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            refuse_sqlite(table, verb, verb)
    refuse_sqlite("sale_lines", "DELETE", "DELETE")
    refuse_sqlite("sale_lines", "UPDATE", f"UPDATE OF {SALE_LINE_FACTS}")
    refuse_sqlite("sales", "DELETE", "DELETE")
    refuse_sqlite("sales", "UPDATE", f"UPDATE OF {SALE_FACTS}")
    for name, (event, rule) in RAN.items():
        for number, part in enumerate(event.split(" OR ")):
            op.execute(
                f"CREATE TRIGGER promotions_{name}_{number} BEFORE {part} ON promotions WHEN {rule} "
                f"BEGIN SELECT RAISE(ABORT, 'append_only'); END"
            )


def refuse_sqlite(table: str, verb: str, event: str) -> None:
    """One trigger."""
    op.execute(
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {event} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'append_only'); END"
    )


def guard_postgresql() -> None:
    """The same by a trigger function; TRUNCATE is refused too."""
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'append_only'; END $$"
    )
    for table in APPEND_ONLY:
        refuse_postgresql(table, "UPDATE OR DELETE")
    refuse_postgresql("sale_lines", f"DELETE OR UPDATE OF {SALE_LINE_FACTS}")
    refuse_postgresql("sales", f"DELETE OR UPDATE OF {SALE_FACTS}")
    for name, (event, rule) in RAN.items():
        op.execute(
            f"CREATE TRIGGER promotions_{name} BEFORE {event} ON promotions FOR EACH ROW WHEN ({rule}) "
            f"EXECUTE FUNCTION refuse_change()"
        )
    for table in (*APPEND_ONLY, "sale_lines", "sales"):
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def refuse_postgresql(table: str, event: str) -> None:
    """One trigger."""
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
