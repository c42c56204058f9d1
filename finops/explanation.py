"""What happened, Why, What next: an owner's answer for one team's month, reviewed by somebody else.

A variance may be split over several explanations, each for an amount of it. Every function takes an explanation and
gives what it becomes with what happened; nothing here reads a clock or a database. This module is the way in: the
values stand in explanation_state.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from finops.calendar import WorkCalendar
from finops.explanation_state import (
    EXPLAINED,
    MOST_TEXT,
    REVIEWABLE,
    ROUNDED_AWAY,
    STANDING,
    WITH_AUTHOR,
    Category,
    ChangedMeanwhile,
    Coverage,
    Explanation,
    ExplanationChange,
    ExplanationEvent,
    ExplanationRefused,
    ExplanationRules,
    Revision,
    Stage,
    Step,
    Variance,
    VarianceKey,
    Wording,
)
from finops.money import ZERO, add, subtract
from finops.policy import Materiality, ratio_of

__all__ = [
    "EXPLAINED",
    "MOST_TEXT",
    "REVIEWABLE",
    "ROUNDED_AWAY",
    "STANDING",
    "WITH_AUTHOR",
    "Category",
    "ChangedMeanwhile",
    "Coverage",
    "Explanation",
    "ExplanationChange",
    "ExplanationEvent",
    "ExplanationRefused",
    "ExplanationRules",
    "Revision",
    "Stage",
    "Step",
    "Variance",
    "VarianceKey",
    "Wording",
    "approve",
    "coverage",
    "edit",
    "give_back",
    "has_moved",
    "is_late",
    "is_settled",
    "is_whole",
    "proposed_amount",
    "remind",
    "restate",
    "submit",
    "withdraw",
]


def coverage(variance: Decimal, explanations: Iterable[Explanation]) -> Coverage:
    """How far a team's month is explained by its explanations."""
    standing = [each for each in explanations if each.stage in STANDING]
    approved = add(each.wording.amount for each in standing if each.stage is Stage.APPROVED)
    return Coverage(variance, add(each.wording.amount for each in standing), approved)


def is_whole(found: Coverage, budget: Decimal | None, material: Materiality) -> bool:
    """Whether what nobody has explained is too small to count."""
    left = found.open
    return abs(left) <= ROUNDED_AWAY or not material.reached(left, ratio_of(left, budget))


def is_settled(variance: Variance, found: Coverage, material: Materiality) -> bool:
    """Whether what is left without an approved explanation is too small to count."""
    left = found.unapproved
    return not left or not material.reached(left, ratio_of(left, variance.budget))


def has_moved(was: Variance, now: Variance, moved: Materiality) -> bool:
    """Whether a variance has moved past what counts.

    Raises:
        ValueError: the two are of different bases: how far they are apart says nothing of a movement.
    """
    if was.basis is not now.basis:
        raise ValueError(f"a figure of basis {was.basis} is held against one of basis {now.basis}")
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


def give_back(
    explanation: Explanation,
    stage: Literal[Stage.ASKED, Stage.RETURNED],
    said: str,
    by: str,
    read: int,
    rules: ExplanationRules,
    calendar: WorkCalendar,
    now: datetime,
) -> ExplanationChange:
    """A reviewer gives it back to its author, who has the turn.

    Args:
        stage: ASKED with a question, and it may still be approved or returned; RETURNED with a reason, and it explains
            nothing until it is written anew.
        read: the version that was looked at.

    Raises:
        ExplanationRefused: they wrote it, it is not to be reviewed, or nothing is said.
        ChangedMeanwhile: it has another version by now.
    """
    _refuse_review(explanation, by, read)
    if not said.strip():
        noun = "question" if stage is Stage.ASKED else "reason"
        raise ExplanationRefused(f"A {noun} is needed.", "Write a few words: its author reads them.")
    due = calendar.after_days(calendar.day_of(now), rules.answer_within)
    given = _reviewed(explanation, stage, said, by, due, now)
    return _happened(explanation, given, Step(stage), by, now, said.strip())


def approve(
    explanation: Explanation, by: str, read: int, seen: Variance, rules: ExplanationRules, now: datetime
) -> ExplanationChange:
    """Somebody else stands for it, for the number as it is now.

    Raises:
        ExplanationRefused: they wrote it, it is not to be reviewed, or its number has moved since it was written.
        ChangedMeanwhile: it has another version by now.
        ValueError: `seen` is of another basis than what was explained.
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

    Args:
        seen: in the basis of what was explained.
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
