"""Alerts, freezes, leave, the audit record that only grows, and a pace that all senders share."""

import sqlalchemy as sa
from alembic import op

from storage.tables import Instant

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "alert",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("next_at", Instant(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("alert_next", "alert", ["next_at"])
    op.create_index("alert_of_month", "alert", ["month", "team"])

    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("was", sa.JSON(), nullable=True),
        sa.Column("became", sa.JSON(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("pinged", sa.Integer(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("audit_of_subject", "audit", ["subject"])
    op.create_index("audit_of_team", "audit", ["team", "at"])

    op.create_table(
        "evaluation",
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("publication", sa.Integer(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("month"),
    )
    op.create_table(
        "leave",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("stand_in", sa.String(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_leave_user_id", "leave", ["user_id"])

    op.create_table(
        "pace",
        sa.Column("destination", sa.String(), nullable=False),
        sa.Column("free_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("destination"),
    )
    op.create_table(
        "spending_freeze",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alert", sa.String(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_spending_freeze_alert", "spending_freeze", ["alert"])
    op.create_index("ix_spending_freeze_team", "spending_freeze", ["team"])

    op.add_column("delivery", sa.Column("broadcast", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("delivery", sa.Column("not_before", Instant(), nullable=True))
    op.create_index("delivery_message", "delivery", ["channel", "ts"])
    op.create_index("delivery_thread", "delivery", ["thread_of"])

    for statement in ONLY_GROWS[op.get_bind().dialect.name]:
        op.execute(statement)


REFUSAL = "the audit record only grows"
ONLY_GROWS = {
    "sqlite": [
        f"CREATE TRIGGER audit_no_{verb} BEFORE {verb} ON audit BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        for verb in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        f"CREATE FUNCTION audit_only_grows() RETURNS trigger AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$ LANGUAGE plpgsql",
        "CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()",
    ],
}
