"""Anomalies of daily costs, with what became of them."""

import sqlalchemy as sa
from alembic import op

from storage.tables import Instant

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "anomaly",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("is_increase", sa.Boolean(), nullable=False),
        sa.Column("is_over", sa.Boolean(), nullable=False),
        sa.Column("is_withdrawn", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    kept = sa.text("NOT is_withdrawn")
    op.create_index(
        "anomaly_of_series",
        "anomaly",
        ["team", "service", "provider", "currency", "basis", "first_day", "is_increase"],
        unique=True,
        sqlite_where=kept,
        postgresql_where=kept,
    )
    op.create_index("anomaly_of_day", "anomaly", ["last_day", "team"])
