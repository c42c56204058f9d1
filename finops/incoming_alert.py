"""Incoming alerts: what AWS Budgets and AWS Cost Anomaly Detection say of cost, beside which our own figures stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from finops.periods import Month


class Origin(StrEnum):
    """Who said it; OTHER is what came the same way and is neither."""

    BUDGETS = "aws-budgets"
    ANOMALY_DETECTION = "aws-cost-anomaly-detection"
    OTHER = "aws"


@dataclass(frozen=True, slots=True)
class BudgetFigures:
    """What AWS Budgets says of one of its own budgets.

    Attributes:
        is_forecast: whether the amount is FORECASTED, for the end of the budget's period; else it is ACTUAL.
        amount: cost as AWS counts it for that budget.
        budgeted, threshold: None where not said in the amount's currency.
    """

    is_forecast: bool
    amount: Decimal
    budgeted: Decimal | None
    threshold: Decimal | None


@dataclass(frozen=True, slots=True)
class AnomalyFigures:
    """What AWS Cost Anomaly Detection says of an anomaly, in net unblended cost.

    Attributes:
        impact: actual − expected.
        actual, expected: None where not said.
        begins, ends: first and last day, UTC; None where not said.
    """

    impact: Decimal
    actual: Decimal | None
    expected: Decimal | None
    begins: date | None
    ends: date | None


@dataclass(frozen=True)
class IncomingAlert:
    """One alert of AWS.

    Attributes:
        id: of its origin's own: an anomaly's id, else the id of the message it came in.
        at: when AWS said it.
        day: the day it speaks of, UTC.
        title: its subject line, empty where it has none.
        text: the whole of it, as it came.
        account: the AWS account it is about, empty where not said; so the following.
        budget: the name of AWS's budget.
        dimension: what an anomaly's monitor looks at: a service, an account, a value of a tag.
        tags: normalised key (scope.tag_key) → value.
        currency: ISO 4217 of the figures; empty where no amount could be read.
        figures: None where none could be read: then the text speaks.
    """

    origin: Origin
    id: str
    at: datetime
    day: date
    title: str
    text: str
    account: str = ""
    account_name: str = ""
    budget: str = ""
    dimension: str = ""
    service: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    currency: str = ""
    figures: BudgetFigures | AnomalyFigures | None = None

    @property
    def month(self) -> Month:
        """The month whose alerts it belongs to."""
        return Month.of(self.day)

    def is_newer_than(self, other: IncomingAlert) -> bool:
        """Whether it says something else than the same alert did before: an anomaly grows while it lasts."""
        return self.at > other.at and self.figures != other.figures


@dataclass(frozen=True)
class Received:
    """An incoming alert as it is on record.

    Attributes:
        team: whose it is, empty for nobody's.
        currency: whose alert of ours it stands beside: its figures', else the team's own.
        received_at: when it first came.
        told_in: key of our alert in whose thread it is told, or of the message of our anomaly; empty where it has a
            message of its own.
    """

    alert: IncomingAlert
    team: str
    currency: str
    received_at: datetime
    told_in: str = ""

    @property
    def effect(self) -> str:
        """Key of the message or note that tells it."""
        return f"incoming/{self.alert.origin}/{self.alert.id}"


@dataclass(frozen=True, slots=True)
class IncomingRule:
    """One entry of `incoming.map`: what of it is given must all hold.

    Attributes:
        account, budget, service: accepted values, as AWS writes them.
    """

    team: str
    account: tuple[str, ...] = ()
    budget: tuple[str, ...] = ()
    service: tuple[str, ...] = ()

    def matches(self, alert: IncomingAlert) -> bool:
        """Whether an alert is this rule's."""
        named = ((self.account, alert.account), (self.budget, alert.budget), (self.service, alert.service))
        return all(value in wanted for wanted, value in named if wanted)


@dataclass(frozen=True, slots=True)
class IncomingRules:
    """Where alerts of AWS come in, and whose they are.

    Attributes:
        topics: ARNs of the SNS topics that are listened to.
        queue: URL of the SQS queue that is read, empty for none.
        map: the first rule that matches names the team; what none matches goes by names and scopes.
    """

    topics: tuple[str, ...] = ()
    queue: str = ""
    map: tuple[IncomingRule, ...] = ()

    @property
    def are_used(self) -> bool:
        """Whether anything comes in at all."""
        return bool(self.topics or self.queue)
