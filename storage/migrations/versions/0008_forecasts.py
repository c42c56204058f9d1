"""What each team's month was expected to end at, day by day."""

import sqlalchemy as sa
from alembic import op

from storage.amounts import Amount

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "forecast",
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("made_of", sa.String(), nullable=False),
        sa.Column("settled_through", sa.Date(), nullable=False),
        sa.Column("settled", Amount(), nullable=False),
        sa.Column("amount", Amount(), nullable=False),
        sa.Column("quantiles", sa.String(), nullable=False),
        sa.Column("days", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("month", "basis", "made_on", "team", "currency"),
        sqlite_with_rowid=False,
    )
