"""Teams, budgets, published spend, deliveries and claims."""

import sqlalchemy as sa
from alembic import op

from storage.amounts import Amount
from storage.tables import Instant

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "budget",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("amount", Amount(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("team", "month", "currency", "version"),
    )
    op.create_table(
        "claim",
        sa.Column("work", sa.String(), nullable=False),
        sa.Column("due", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("lease_until", Instant(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("work", "due"),
    )
    op.create_table(
        "daily_spend",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("charge_category", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("billed_cost", Amount(), nullable=False),
        sa.Column("effective_cost", Amount(), nullable=False),
        sa.PrimaryKeyConstraint(
            "day",
            "team",
            "period",
            "provider",
            "service",
            "charge_category",
            "currency",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("destination", sa.String(), nullable=False),
        sa.Column("thread_of", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("sent_revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Instant(), nullable=False),
        sa.Column("lease_owner", sa.String(), nullable=False),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("ts", sa.String(), nullable=False),
        sa.Column("outcome_unknown", sa.Boolean(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("delivery_due", "delivery", ["state", "next_attempt_at"], unique=False)
    op.create_table(
        "ingest_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("export", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("faults", sa.JSON(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_ingest_run_export"), "ingest_run", ["export"], unique=False)
    op.create_table(
        "monthly_spend",
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("sub_account_id", sa.String(), nullable=False),
        sa.Column("sub_account_name", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("charge_category", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("billed_cost", Amount(), nullable=False),
        sa.Column("effective_cost", Amount(), nullable=False),
        sa.PrimaryKeyConstraint(
            "month",
            "team",
            "period",
            "provider",
            "sub_account_id",
            "sub_account_name",
            "region",
            "charge_category",
            "currency",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "restatement",
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("charge_category", sa.String(), nullable=False),
        sa.Column("billed_cost", Amount(), nullable=False),
        sa.Column("effective_cost", Amount(), nullable=False),
        sa.Column("restated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("period", "version", "team", "month", "currency", "charge_category"),
    )
    op.create_index("restatement_of_month", "restatement", ["month", "team"], unique=False)
    op.create_table(
        "slack_channel",
        sa.Column("channel_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("is_member", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id"),
    )
    op.create_index(op.f("ix_slack_channel_name"), "slack_channel", ["name"], unique=False)
    op.create_table(
        "slack_group_member",
        sa.Column("group_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "user_id"),
    )
    op.create_table(
        "slack_person",
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("user_id"),
    )
    op.create_index(op.f("ix_slack_person_email"), "slack_person", ["email"], unique=False)
    op.create_table(
        "team",
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("slug"),
    )
    op.create_table(
        "billing_period",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("export", sa.String(), nullable=False),
        sa.Column("billing_period", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("delivered_at", Instant(), nullable=False),
        sa.Column("confirmed_at", Instant(), nullable=False),
        sa.Column("restated", sa.Boolean(), nullable=False),
        sa.Column("scope_fingerprint", sa.String(), nullable=False),
        sa.Column("ingest_run", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ingest_run"],
            ["ingest_run.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("export", "billing_period"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("billing_period")
    op.drop_table("team")
    op.drop_index(op.f("ix_slack_person_email"), table_name="slack_person")
    op.drop_table("slack_person")
    op.drop_table("slack_group_member")
    op.drop_index(op.f("ix_slack_channel_name"), table_name="slack_channel")
    op.drop_table("slack_channel")
    op.drop_index("restatement_of_month", table_name="restatement")
    op.drop_table("restatement")
    op.drop_table("monthly_spend")
    op.drop_index(op.f("ix_ingest_run_export"), table_name="ingest_run")
    op.drop_table("ingest_run")
    op.drop_index("delivery_due", table_name="delivery")
    op.drop_table("delivery")
    op.drop_table("daily_spend")
    op.drop_table("claim")
    op.drop_table("budget")
