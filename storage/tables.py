"""The state database's tables. Rows of these never leave storage/."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Column, DateTime, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from storage.amounts import Amount


class Instant(TypeDecorator[datetime]):
    """A moment in UTC: aware in Python; SQLite keeps none of the zone, so it is taken off and put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database."""
        if value is None:
            return None
        return value.astimezone(UTC) if dialect.name != "sqlite" else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _amount() -> Any:
    return Column(Amount(), nullable=False)


def _instant(nullable: bool = False) -> Any:
    return Column(Instant(), nullable=nullable)


class TeamRow(SQLModel, table=True):
    """A team that some bill or budget has named; listed ones are also in finops.yaml, which decides."""

    __tablename__ = "team"
    slug: str = Field(primary_key=True)
    name: str


class BudgetRow(SQLModel, table=True):
    """A version of a team's budget for a month; the highest approved version counts."""

    __tablename__ = "budget"
    __table_args__ = (UniqueConstraint("team", "month", "currency", "version"),)
    id: int | None = Field(default=None, primary_key=True)
    team: str
    month: str
    currency: str
    version: int
    amount: Decimal = Field(sa_column=_amount())
    status: str = "approved"
    source: str
    recorded_by: str
    recorded_at: datetime = Field(sa_column=_instant())


class IngestRunRow(SQLModel, table=True):
    """One attempt to take in an export: what it read and what became of it (published, unchanged, refused, failed)."""

    __tablename__ = "ingest_run"
    id: int | None = Field(default=None, primary_key=True)
    export: str = Field(index=True)
    source: str
    outcome: str
    reason: str = ""
    faults: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    rows: int = 0
    started_at: datetime = Field(sa_column=_instant())
    finished_at: datetime = Field(sa_column=_instant())


class OfferedDeliveryRow(SQLModel, table=True):
    """What became of a delivery that a source offered (storage.offered.Taken), as it was last looked at."""

    __tablename__ = "offered_delivery"
    export: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    mark: str
    outcome: str
    why: str
    at: datetime = Field(sa_column=_instant())
    periods: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    rows: int


class BillingPeriodRow(SQLModel, table=True):
    """The current version of one billing period of one export: what every figure served rests on."""

    __tablename__ = "billing_period"
    __table_args__ = (UniqueConstraint("export", "billing_period"),)
    id: int | None = Field(default=None, primary_key=True)
    export: str
    billing_period: str
    version: int
    rows: int
    first_day: date
    last_day: date
    delivered_at: datetime = Field(sa_column=_instant())
    confirmed_at: datetime = Field(sa_column=_instant())
    restated: bool
    scope_fingerprint: str
    ingest_run: int = Field(sa_column=Column(Integer, ForeignKey("ingest_run.id"), nullable=False))


class DailySpendRow(SQLModel, table=True):
    """The hot table: every interactive answer reads it. Days come first in its key: a month is one contiguous range."""

    __tablename__ = "daily_spend"
    __table_args__ = ({"sqlite_with_rowid": False},)
    day: date = Field(primary_key=True)
    team: str = Field(primary_key=True)
    period: int = Field(primary_key=True)
    provider: str = Field(primary_key=True)
    service: str = Field(primary_key=True)
    charge_category: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    rows: int
    billed_cost: Decimal = Field(sa_column=_amount())
    effective_cost: Decimal = Field(sa_column=_amount())


class MonthlySpendRow(SQLModel, table=True):
    """A team's month by sub-account and region: what `by account` and `by region` read."""

    __tablename__ = "monthly_spend"
    __table_args__ = ({"sqlite_with_rowid": False},)
    month: str = Field(primary_key=True)
    team: str = Field(primary_key=True)
    period: int = Field(primary_key=True)
    provider: str = Field(primary_key=True)
    sub_account_id: str = Field(primary_key=True)
    sub_account_name: str = Field(primary_key=True)
    region: str = Field(primary_key=True)
    charge_category: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    billed_cost: Decimal = Field(sa_column=_amount())
    effective_cost: Decimal = Field(sa_column=_amount())


class RestatementRow(SQLModel, table=True):
    """By how much a new version of a billing period changed a team's days that had been delivered before."""

    __tablename__ = "restatement"
    __table_args__ = (Index("restatement_of_month", "month", "team"),)
    period: int = Field(primary_key=True)
    version: int = Field(primary_key=True)
    team: str = Field(primary_key=True)
    month: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    charge_category: str = Field(primary_key=True)
    billed_cost: Decimal = Field(sa_column=_amount())
    effective_cost: Decimal = Field(sa_column=_amount())
    restated_at: datetime = Field(sa_column=_instant())


class ForecastRow(SQLModel, table=True):
    """What a team's month was expected to end at on a day: the newest of each day stays, so that it can be judged."""

    __tablename__ = "forecast"
    __table_args__ = ({"sqlite_with_rowid": False},)
    month: str = Field(primary_key=True)
    basis: str = Field(primary_key=True)
    made_on: date = Field(primary_key=True)
    team: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    made_of: str
    settled_through: date
    settled: Decimal = Field(sa_column=_amount())
    amount: Decimal = Field(sa_column=_amount())
    quantiles: str
    days: str


class DeliveryRow(SQLModel, table=True):
    """A Slack effect: one message or view, its newest wanted state, and how far the sender has come with it."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index("delivery_due", "state", "next_attempt_at"),
        Index("delivery_message", "channel", "ts"),
        Index("delivery_thread", "thread_of"),
    )
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    kind: str
    team: str = ""
    destination: str
    thread_of: str = ""
    broadcast: bool = False
    payload: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    revision: int = 1
    sent_revision: int = 0
    state: str = "due"
    attempts: int = 0
    next_attempt_at: datetime = Field(sa_column=_instant())
    not_before: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    lease_owner: str = ""
    lease_until: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    channel: str = ""
    ts: str = ""
    outcome_unknown: bool = False
    error: str = ""
    created_at: datetime = Field(sa_column=_instant())
    updated_at: datetime = Field(sa_column=_instant())


class PaceRow(SQLModel, table=True):
    """When a destination may next be sent to, whichever process sends: Slack takes one message a second."""

    __tablename__ = "pace"
    destination: str = Field(primary_key=True)
    free_at: datetime = Field(sa_column=_instant())


class AlertRow(SQLModel, table=True):
    """An alert: what is looked for in columns, the whole of it in its body."""

    __tablename__ = "alert"
    __table_args__ = (Index("alert_of_month", "month", "team"), Index("alert_next", "next_at"))
    key: str = Field(primary_key=True)
    team: str
    month: str
    kind: str
    step: int
    next_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    version: int
    body: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    updated_at: datetime = Field(sa_column=_instant())


class IncomingAlertRow(SQLModel, table=True):
    """An alert of AWS (finops.incoming_alert.Received), once however often and by how many ways it came."""

    __tablename__ = "incoming_alert"
    __table_args__ = (Index("incoming_alert_of_month", "month", "team"),)
    origin: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    team: str
    month: str
    currency: str
    told_in: str
    body: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    received_at: datetime = Field(sa_column=_instant())


class AnomalyRow(SQLModel, table=True):
    """An anomaly: what is looked for in columns, the whole of it in its body."""

    __tablename__ = "anomaly"
    __table_args__ = (
        Index(
            "anomaly_of_series",
            *("team", "service", "provider", "currency", "basis", "first_day", "is_increase"),
            unique=True,
            sqlite_where=text("NOT is_withdrawn"),
            postgresql_where=text("NOT is_withdrawn"),
        ),
        Index("anomaly_of_day", "last_day", "team"),
    )
    id: int | None = Field(default=None, primary_key=True)
    team: str
    service: str
    provider: str
    currency: str
    basis: str
    first_day: date
    last_day: date
    is_increase: bool
    is_over: bool
    is_withdrawn: bool
    version: int
    body: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    updated_at: datetime = Field(sa_column=_instant())


class EvaluationRow(SQLModel, table=True):
    """What the latest evaluation of a month's alerts had read: one that read earlier may not come after it."""

    __tablename__ = "evaluation"
    month: str = Field(primary_key=True)
    publication: int
    seen_at: datetime = Field(sa_column=_instant())


class FreezeRow(SQLModel, table=True):
    """A sponsor's decision on an emergency: a freeze or none, its exceptions, and how it ended."""

    __tablename__ = "spending_freeze"
    id: int | None = Field(default=None, primary_key=True)
    alert: str = Field(index=True)
    team: str = Field(index=True)
    status: str
    until: date | None = None
    body: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    updated_at: datetime = Field(sa_column=_instant())


class ExplanationRow(SQLModel, table=True):
    """What happened, Why, What next for a part of one team's month: what is looked for in columns, all in its body."""

    __tablename__ = "explanation"
    __table_args__ = (Index("explanation_of_month", "month", "team"), Index("explanation_due", "due"))
    team: str = Field(primary_key=True)
    month: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    stage: str
    category: str
    due: date | None = None
    words: str
    version: int
    body: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    updated_at: datetime = Field(sa_column=_instant())


class ExplanationDraftRow(SQLModel, table=True):
    """What somebody has typed into the form and not submitted; number 0 is a new explanation."""

    __tablename__ = "explanation_draft"
    user_id: str = Field(primary_key=True)
    team: str = Field(primary_key=True)
    month: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    body: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    updated_at: datetime = Field(sa_column=_instant())


class CorrectiveActionRow(SQLModel, table=True):
    """What is done about a variance, by whom and until when, and what the money showed."""

    __tablename__ = "corrective_action"
    __table_args__ = (
        Index("corrective_action_of_month", "month", "team"),
        Index("corrective_action_due", "stage", "due"),
    )
    id: int | None = Field(default=None, primary_key=True)
    team: str
    month: str
    currency: str
    explanation: int
    owner: str
    stage: str
    due: date
    version: int
    body: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    updated_at: datetime = Field(sa_column=_instant())


class ClosedMonthRow(SQLModel, table=True):
    """A team's figures as they were when its month was closed: what the month's report rests on."""

    __tablename__ = "closed_month"
    month: str = Field(primary_key=True)
    team: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    publication: int
    body: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    closed_at: datetime = Field(sa_column=_instant())


class VarianceDriversRow(SQLModel, table=True):
    """What drives a team's month against the month before (finops.drivers.Separation), as the worker told it."""

    __tablename__ = "variance_drivers"
    team: str = Field(primary_key=True)
    month: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    basis: str = Field(primary_key=True)
    publication: int
    through: date
    body: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    told_at: datetime = Field(sa_column=_instant())


class CloseDecisionRow(SQLModel, table=True):
    """Somebody has a month closed although data of it is missing."""

    __tablename__ = "close_decision"
    month: str = Field(primary_key=True)
    decided_by: str
    reason: str
    decided_at: datetime = Field(sa_column=_instant())


class BudgetRequestRow(SQLModel, table=True):
    """Somebody asks for another budget; another person decides."""

    __tablename__ = "budget_request"
    id: int | None = Field(default=None, primary_key=True)
    team: str = Field(index=True)
    status: str
    version: int
    body: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    updated_at: datetime = Field(sa_column=_instant())


class LeaveRow(SQLModel, table=True):
    """Who takes somebody's calls while they are on leave."""

    __tablename__ = "leave"
    id: int | None = Field(default=None, primary_key=True)
    user_id: str = Field(index=True)
    stand_in: str
    first_day: date
    last_day: date
    recorded_at: datetime = Field(sa_column=_instant())
    ended_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))


class AuditRow(SQLModel, table=True):
    """One decision, call, answer or setting change; each row's hash covers the one before, and none may change."""

    __tablename__ = "audit"
    __table_args__ = (Index("audit_of_team", "team", "at"), Index("audit_of_subject", "subject"))
    seq: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    at: datetime = Field(sa_column=_instant())
    who: str
    action: str
    subject: str
    team: str = ""
    was: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    became: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    note: str = ""
    pinged: int = 0
    previous: str
    hash: str


class ClaimRow(SQLModel, table=True):
    """A unit of scheduled work: whoever inserts the row does it; a lease that ran out frees it for another."""

    __tablename__ = "claim"
    work: str = Field(primary_key=True)
    due: str = Field(primary_key=True)
    owner: str
    lease_until: datetime = Field(sa_column=_instant())
    attempts: int = 1
    finished_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    outcome: str = ""


class SlackChannelRow(SQLModel, table=True):
    """Cache of the workspace's channels and whether the bot is in them."""

    __tablename__ = "slack_channel"
    channel_id: str = Field(primary_key=True)
    name: str = Field(index=True)
    is_member: bool


class SlackPersonRow(SQLModel, table=True):
    """Cache of the workspace's members, refreshed by the worker: listeners never ask Slack."""

    __tablename__ = "slack_person"
    user_id: str = Field(primary_key=True)
    name: str
    email: str = Field(default="", index=True)
    timezone: str = ""


class SlackGroupMemberRow(SQLModel, table=True):
    """Cache of user groups and who is in them."""

    __tablename__ = "slack_group_member"
    group_id: str = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    handle: str
