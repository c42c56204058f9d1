"""What happened, Why, What next: an owner's answer for one team's month, reviewed by somebody else.

A variance may be split over several explanations, each for an amount of it. Every function takes an explanation and
gives what it becomes with what happened; nothing here reads a clock or a database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from finops.basis import Basis
from finops.calendar import WorkCalendar
from finops.errors import FinopsError
from finops.money import ZERO, add, subtract
from finops.periods import Month
from finops.policy import Materiality, Role, ratio_of

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
        review_within: working days until a review is overdue.
        answer_within: working days until an answer to a question, a return or a void is overdue.
        moved: the movement of a variance that voids what was said of it, regardless of sign; its ratio is of the
            budget.
    """

    reviewers: tuple[Role, ...] = (Role.FINOPS, Role.FINANCE)
    review_within: int = 3
    answer_within: int = 3
    moved: Materiality = field(default_factory=lambda: Materiality(ratio=Decimal("0.01")))


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


def coverage(variance: Decimal, explanations: Iterable[Explanation]) -> Coverage:
    """How far a team's month is explained by its explanations."""
    standing = [each for each in explanations if each.stage in STANDING]
    approved = add(each.wording.amount for each in standing if each.stage is Stage.APPROVED)
    return Coverage(variance, add(each.wording.amount for each in standing), approved)


def is_settled(variance: Variance, found: Coverage, material: Materiality) -> bool:
    """Whether what is left without an approved explanation is too small to count."""
    left = found.unapproved
    return not left or not material.reached(left, ratio_of(left, variance.budget))


def has_moved(was: Variance, now: Variance, moved: Materiality) -> bool:
    """Whether a variance has moved past what counts; one that was explained in another basis always has."""
    if was.basis is not now.basis:
        return True
    apart = subtract(now.value, was.value)
    return bool(apart) and moved.reached(apart, ratio_of(apart, now.budget))


def submit(
    key: VarianceKey,
    number: int,
    wording: Wording,
    by: str,
    seen: Variance,
    rules: ExplanationRules,
    calendar: WorkCalendar,
    now: datetime,
) -> ExplanationChange:
    """A new explanation, waiting for a review. Raises ExplanationRefused where the wording says nothing."""
    _refuse_empty(wording)
    due = calendar.after_days(calendar.day_of(now), rules.review_within)
    explanation = Explanation(key, number, (by,), wording, Stage.SUBMITTED, now, seen, due)
    return ExplanationChange(explanation, (ExplanationEvent(Step.SUBMITTED, now, by, None, Stage.SUBMITTED),))


def edit(
    explanation: Explanation,
    wording: Wording,
    by: str,
    read: int,
    seen: Variance,
    rules: ExplanationRules,
    calendar: WorkCalendar,
    now: datetime,
) -> ExplanationChange:
    """A new wording in place of the former, which is kept; it waits for a review again, whatever it was.

    Args:
        read: the version that the new wording was made from.

    Raises:
        ChangedMeanwhile: it has another version by now.
        ExplanationRefused: the wording says nothing.
    """
    _refuse_stale(explanation, read)
    _refuse_empty(wording)
    if wording == explanation.wording and explanation.stage in REVIEWABLE and _is_same(explanation.explained, seen):
        return ExplanationChange(explanation)
    former = Revision(explanation.author, explanation.submitted_at, explanation.wording)
    edited = replace(
        explanation,
        authors=(*(each for each in explanation.authors if each != by), by),
        wording=wording,
        stage=Stage.SUBMITTED,
        submitted_at=now,
        explained=seen,
        due=calendar.after_days(calendar.day_of(now), rules.review_within),
        review="",
        approved=None,
        noted=None,
        reminded=None,
        former=(*explanation.former, former),
    )
    return _happened(explanation, edited, Step.EDITED, by, now)


def ask(
    explanation: Explanation,
    question: str,
    by: str,
    read: int,
    rules: ExplanationRules,
    calendar: WorkCalendar,
    now: datetime,
) -> ExplanationChange:
    """A reviewer asks: its author has the turn; it may still be approved or returned."""
    _refuse_review(explanation, by, read)
    _refuse_silent(question, "question")
    due = calendar.after_days(calendar.day_of(now), rules.answer_within)
    asked = _reviewed(explanation, Stage.ASKED, question, by, due, now)
    return _happened(explanation, asked, Step.ASKED, by, now, question.strip())


def give_back(
    explanation: Explanation,
    reason: str,
    by: str,
    read: int,
    rules: ExplanationRules,
    calendar: WorkCalendar,
    now: datetime,
) -> ExplanationChange:
    """A reviewer returns it with a reason: it explains nothing until it is written anew."""
    _refuse_review(explanation, by, read)
    _refuse_silent(reason, "reason")
    due = calendar.after_days(calendar.day_of(now), rules.answer_within)
    returned = _reviewed(explanation, Stage.RETURNED, reason, by, due, now)
    return _happened(explanation, returned, Step.RETURNED, by, now, reason.strip())


def approve(
    explanation: Explanation, by: str, read: int, seen: Variance, rules: ExplanationRules, now: datetime
) -> ExplanationChange:
    """Somebody else stands for it, for the number as it is now.

    Raises:
        ExplanationRefused: they wrote it, it is not to be reviewed, or its number has moved since it was written.
        ChangedMeanwhile: it has another version by now.
    """
    _refuse_review(explanation, by, read)
    if has_moved(explanation.explained, seen, rules.moved):
        raise ExplanationRefused(
            "The variance has moved since this was written.", "Return it, so that it is written for the new number."
        )
    approved = replace(_reviewed(explanation, Stage.APPROVED, "", by, None, now), approved=seen, noted=None)
    return _happened(explanation, approved, Step.APPROVED, by, now)


def withdraw(explanation: Explanation, by: str, read: int, now: datetime) -> ExplanationChange:
    """Whoever wrote it takes it back; its words are kept. Raises ExplanationRefused where others wrote it too."""
    _refuse_stale(explanation, read)
    if explanation.author != by:
        raise ExplanationRefused("Only who wrote it can take it back.")
    if explanation.stage in (Stage.APPROVED, Stage.WITHDRAWN):
        raise ExplanationRefused(f"It is {explanation.stage} already.", "There is nothing to take back.")
    taken = replace(explanation, stage=Stage.WITHDRAWN, due=None)
    return _happened(explanation, taken, Step.WITHDRAWN, by, now)


def restate(
    explanation: Explanation, seen: Variance, rules: ExplanationRules, calendar: WorkCalendar, now: datetime
) -> ExplanationChange:
    """Hold an explanation against the number as it is now.

    A movement that counts voids it and asks its author again; a smaller one of a final actual is noted once.
    """
    if explanation.stage not in STANDING:
        return ExplanationChange(explanation)
    was = explanation.approved or explanation.explained
    if has_moved(was, seen, rules.moved):
        due = calendar.after_days(calendar.day_of(now), rules.answer_within)
        voided = replace(explanation, stage=Stage.VOIDED, due=due, approved=None, noted=None, reminded=None)
        return _happened(explanation, voided, Step.VOIDED, "", now, moved=(was.value, seen.value))
    known = explanation.noted or was
    if seen.is_forecast or (known.value == seen.value and known.is_forecast == seen.is_forecast):
        return ExplanationChange(explanation)
    noted = replace(explanation, noted=seen)
    return _happened(explanation, noted, Step.NOTED, "", now, moved=(known.value, seen.value))


def remind(explanation: Explanation, calendar: WorkCalendar, now: datetime) -> ExplanationChange:
    """Say once for each due day that it has passed."""
    if not is_late(explanation, calendar, now) or explanation.reminded == explanation.due:
        return ExplanationChange(explanation)
    reminded = replace(explanation, reminded=explanation.due)
    return _happened(explanation, reminded, Step.OVERDUE, "", now)


def is_late(explanation: Explanation, calendar: WorkCalendar, now: datetime) -> bool:
    """Whether the working day by which somebody was to act has ended."""
    return explanation.due is not None and calendar.end_of(explanation.due) <= now


def _is_same(one: Variance, other: Variance) -> bool:
    """Whether two looks saw the same number."""
    return (one.amount, one.budget, one.basis) == (other.amount, other.budget, other.basis)


def proposed_amount(variance: Decimal, explanations: Sequence[Explanation], own: int | None = None) -> Decimal:
    """What a form proposes to explain: what is open, without counting the explanation that is being edited."""
    others = [each for each in explanations if each.number != own]
    return coverage(variance, others).open


def _refuse_empty(wording: Wording) -> None:
    if not wording.what.strip() or not wording.why.strip():
        raise ExplanationRefused("An explanation says what happened and why.")
    if wording.amount == ZERO:
        raise ExplanationRefused("An explanation is for an amount.", "Write how much of the variance it explains.")


def _refuse_silent(text: str, noun: str) -> None:
    if not text.strip():
        raise ExplanationRefused(f"A {noun} is needed.", "Write a few words: its author reads them.")


def _refuse_stale(explanation: Explanation, read: int) -> None:
    if explanation.version != read:
        raise ChangedMeanwhile(explanation)


def _refuse_review(explanation: Explanation, by: str, read: int) -> None:
    _refuse_stale(explanation, read)
    if explanation.stage not in REVIEWABLE:
        raise ExplanationRefused(f"It is {explanation.stage}: there is nothing to review.")
    if by in explanation.authors:
        raise ExplanationRefused("You wrote this explanation yourself.", "Somebody else reviews it.")


def _reviewed(
    explanation: Explanation, stage: Stage, review: str, by: str, due: date | None, now: datetime
) -> Explanation:
    return replace(
        explanation, stage=stage, review=review.strip(), reviewer=by, reviewed_at=now, due=due, reminded=None
    )


def _happened(
    before: Explanation,
    after: Explanation,
    step: Step,
    by: str,
    now: datetime,
    note: str = "",
    moved: tuple[Decimal, Decimal] | None = None,
) -> ExplanationChange:
    return ExplanationChange(after, (ExplanationEvent(step, now, by, before.stage, after.stage, note, moved),))
