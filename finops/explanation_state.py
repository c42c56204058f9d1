"""What an explanation is: the values that its life is told in. What moves them stands in finops/explanation.py."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from finops.basis import Basis
from finops.errors import FinopsError
from finops.money import subtract
from finops.periods import Month
from finops.policy import Materiality, Role, Tier, ratio_of

ROUNDED_AWAY = Decimal("0.5")
"""What is left where people write an amount in its currency's own digits: the yen has none."""
MOST_TEXT = 3000
"""Most characters of each answer: what one of Slack's inputs takes."""


class Category(StrEnum):
    """Root causes, as the runbook groups them."""

    GROWTH = "growth"
    OPTIMISATION = "optimisation"
    INFRASTRUCTURE = "infrastructure"
    PRICE = "price"
    ANOMALY = "anomaly"
    ALLOCATION = "allocation"
    TIMING = "timing"


class Stage(StrEnum):
    """Where an explanation stands."""

    SUBMITTED = "submitted"
    ASKED = "asked"
    RETURNED = "returned"
    APPROVED = "approved"
    VOIDED = "voided"
    WITHDRAWN = "withdrawn"


class Step(StrEnum):
    """What can happen to an explanation."""

    SUBMITTED = "submitted"
    EDITED = "edited"
    ASKED = "asked"
    RETURNED = "returned"
    APPROVED = "approved"
    VOIDED = "voided"
    NOTED = "noted"
    WITHDRAWN = "withdrawn"
    OVERDUE = "overdue"


EXPLAINED = "explained"
"""How an alert is answered, or what it asks for done, by an explanation."""
STANDING = (Stage.SUBMITTED, Stage.ASKED, Stage.APPROVED)
"""Stages in which an explanation's amount counts as explained."""
WITH_AUTHOR = (Stage.ASKED, Stage.RETURNED, Stage.VOIDED)
"""Stages in which its author has to act."""
REVIEWABLE = (Stage.SUBMITTED, Stage.ASKED)


class ExplanationRefused(FinopsError):
    """The explanation cannot be changed so; nothing was changed."""


class ChangedMeanwhile(ExplanationRefused):
    """Somebody else changed it after it was read.

    Args:
        explanation: as it is now.
    """

    def __init__(self, explanation: Explanation) -> None:
        super().__init__("Somebody else has changed this explanation meanwhile.", "Look at it as it is now.")
        self.explanation = explanation


@dataclass(frozen=True, slots=True, order=True)
class VarianceKey:
    """Whose variance of which month is explained."""

    team: str
    month: Month
    currency: str

    def __str__(self) -> str:
        return f"{self.team}/{self.month}/{self.currency}"

    @classmethod
    def parse(cls, text: str) -> VarianceKey:
        """Read what str() wrote; a slug holds no slash. Raises ValueError for anything else."""
        team, month, currency = text.split("/")
        return cls(team, Month.parse(month), currency)


@dataclass(frozen=True, slots=True)
class Variance:
    """The number that is explained, as it was seen once.

    Attributes:
        amount: what is held against the budget: the forecast of a running month, else the actual.
        is_forecast: which of the two it is.
        publication: the newest publication of figures it was read from.
    """

    amount: Decimal
    budget: Decimal
    is_forecast: bool
    basis: Basis
    publication: int
    seen_at: datetime

    @property
    def value(self) -> Decimal:
        """amount − budget; positive = overspend."""
        return subtract(self.amount, self.budget)

    @property
    def ratio(self) -> Decimal | None:
        """value / budget, None without a budget over zero."""
        return ratio_of(self.value, self.budget)


@dataclass(frozen=True, slots=True)
class Wording:
    """What is written.

    Attributes:
        amount: the part of the variance that it explains, in the key's currency, signed as the variance is.
        stays: whether the cause goes on in the months that follow; False for once.
        what, why, following: What happened, Why, What next; kept whole.
    """

    amount: Decimal
    category: Category
    stays: bool
    what: str
    why: str
    following: str = ""


@dataclass(frozen=True, slots=True)
class Revision:
    """A wording that a later one took the place of."""

    by: str
    at: datetime
    wording: Wording


@dataclass(frozen=True)
class Explanation:
    """One explanation.

    Attributes:
        number: from 1 in its team's month.
        authors: Slack ids of everybody who wrote a wording of it, the first one first; none of them reviews it.
        explained: the variance as it was when the wording was last submitted.
        due: the day by which whoever has the turn is to act, None for nobody.
        reviewer: who reviewed it last, empty before.
        review: the reason or the question given with it.
        approved: the variance that the approval was given for, None while there is none.
        noted: the variance last noted as having moved by less than what counts.
        reminded: the due day that has been called overdue.
        former: earlier wordings, oldest first.
        version: counts the stored changes; an edit names the one it was made from.
    """

    key: VarianceKey
    number: int
    authors: tuple[str, ...]
    wording: Wording
    stage: Stage
    submitted_at: datetime
    explained: Variance
    due: date | None = None
    reviewer: str = ""
    reviewed_at: datetime | None = None
    review: str = ""
    approved: Variance | None = None
    noted: Variance | None = None
    reminded: date | None = None
    former: tuple[Revision, ...] = ()
    version: int = 0

    @property
    def id(self) -> str:
        """'payments/2026-11/USD/1'."""
        return f"{self.key}/{self.number}"

    @property
    def basis(self) -> Basis:
        """Of the figure that it explains, whatever the company counts by now; it is held against no other."""
        return self.explained.basis

    @property
    def author(self) -> str:
        """Who wrote the wording that stands."""
        return self.authors[-1]


@dataclass(frozen=True, slots=True)
class ExplanationEvent:
    """Something that happened to an explanation.

    Attributes:
        by: Slack's id of who did it; empty for the figures or the clock.
        was, became: the stage before and after.
        note: the reason or the question.
        moved: the variance before and after, where it is about a movement.
    """

    step: Step
    at: datetime
    by: str
    was: Stage | None
    became: Stage
    note: str = ""
    moved: tuple[Decimal, Decimal] | None = None


@dataclass(frozen=True)
class ExplanationChange:
    """What a change gives: the explanation as it is now, and what happened; no events where nothing did."""

    explanation: Explanation
    events: tuple[ExplanationEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class ExplanationRules:
    """How explanations are reviewed.

    Attributes:
        reviewers: roles that may review; nobody reviews what they wrote.
        review_within: working days until a review is overdue, where the variance's tier names none.
        answer_within: working days until an answer to a question, a return or a void is overdue, likewise.
        moved: the movement of a variance that voids what was said of it, regardless of sign; its ratio is of the
            budget.
    """

    reviewers: tuple[Role, ...] = (Role.FINOPS, Role.FINANCE)
    review_within: int = 3
    answer_within: int = 3
    moved: Materiality = field(default_factory=lambda: Materiality(ratio=Decimal("0.01")))

    def within(self, tier: Tier) -> ExplanationRules:
        """The same with the working days of a variance's tier, where that has days of its own."""
        return replace(
            self,
            review_within=tier.explanation_review_within or self.review_within,
            answer_within=tier.explanation_answer_within or self.answer_within,
        )


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far a variance is explained; all in its currency.

    Attributes:
        explained: what standing explanations speak for, approved or not.
        approved: the part of it that is approved.
    """

    variance: Decimal
    explained: Decimal
    approved: Decimal

    @property
    def open(self) -> Decimal:
        """variance − explained: what nobody has explained."""
        return subtract(self.variance, self.explained)

    @property
    def unapproved(self) -> Decimal:
        """variance − approved: what a final report would lack."""
        return subtract(self.variance, self.approved)
