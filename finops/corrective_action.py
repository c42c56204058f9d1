"""What next, as something that is done by somebody by a day, and whose saving is measured afterwards.

Every function takes a corrective action and gives what it becomes with what happened; nothing here reads a clock or a
database. This module is the way in: the values stand in corrective_action_state.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from finops.calendar import WorkCalendar
from finops.corrective_action_state import (
    CHANGERS,
    LIVING,
    LONGEST,
    ActionChange,
    ActionEvent,
    ActionRefused,
    ActionStage,
    ActionStale,
    ActionStep,
    CorrectiveAction,
    MeasuredSaving,
    Target,
)
from finops.explanation_state import VarianceKey
from finops.money import ZERO

__all__ = [
    "CHANGERS",
    "LIVING",
    "LONGEST",
    "ActionChange",
    "ActionEvent",
    "ActionRefused",
    "ActionStage",
    "ActionStale",
    "ActionStep",
    "CorrectiveAction",
    "MeasuredSaving",
    "Target",
    "call_others",
    "drop",
    "edit_action",
    "finish",
    "is_overdue",
    "measure",
    "plan_action",
    "refuse_ended",
    "refuse_unusable",
    "remind",
    "reopen",
]


def plan_action(
    key: VarianceKey,
    explanation: int,
    text: str,
    owner: str,
    due: date,
    promised: Decimal | None,
    target: Target,
    by: str,
    now: datetime,
) -> ActionChange:
    """A new corrective action; it has no number before it is stored.

    Args:
        explanation: number of the explanation it belongs to, 0 for none.
        owner: Slack's id of who is to do it.
        due: the caller has seen to it that it is not past.
        promised: saving a month, in the key's currency; None where none is promised.

    Raises:
        ActionRefused: it says nothing or too much, nobody is to do it, or it promises less than nothing.
    """
    refuse_unusable(text, owner, promised, target)
    action = CorrectiveAction(
        0, key, explanation, text.strip(), owner, due, promised, target, ActionStage.OPEN, by, now
    )
    return ActionChange(action, (ActionEvent(ActionStep.PLANNED, now, by, None, ActionStage.OPEN),))


def edit_action(
    action: CorrectiveAction,
    *,
    text: str,
    owner: str,
    due: date,
    promised: Decimal | None,
    target: Target,
    by: str,
    read: int,
    now: datetime,
) -> ActionChange:
    """What is to be done, by whom and until when, as somebody has written it anew.

    An answer to being called overdue: its owner has the time to answer anew. What was measured of another target or
    is measured no more is forgotten.

    Args:
        read: the version that the edit was made from.

    Raises:
        ActionStale: it has another version by now.
        ActionRefused: as with plan_action, or it is measured or dropped.
    """
    _refuse_stale(action, read)
    refuse_ended(action)
    refuse_unusable(text, owner, promised, target)
    edited = replace(action, text=text.strip(), owner=owner, due=due, promised=promised, target=target)
    if edited == action:
        return ActionChange(action)
    if due != action.due:
        edited = replace(edited, reminded=None, reminded_at=None, called=None)
    elif action.reminded_at:
        edited = replace(edited, reminded_at=now)
    if target != action.target:
        edited = replace(edited, measured=None)
    return _happened(action, edited, ActionStep.EDITED, by, now)


def finish(action: CorrectiveAction, by: str, on: date, read: int, today: date, now: datetime) -> ActionChange:
    """It is done; said again with another day, the money is looked at from that day on.

    Args:
        on: the day from which on the money is to show it.
        today: the team's local day.

    Raises:
        ActionStale: it has another version by now.
        ActionRefused: it is measured or dropped, or the day lies ahead.
    """
    _refuse_stale(action, read)
    refuse_ended(action)
    if on > today:
        raise ActionRefused("What is done was done today or before.", "Choose another day.")
    done = replace(
        action, stage=ActionStage.DONE, done_on=on, done_by=by, measured=None, reminded_at=None, reminded=None
    )
    if action.stage is ActionStage.DONE and on == action.done_on:
        return ActionChange(action)
    return _happened(action, replace(done, called=None), ActionStep.DONE, by, now)


def reopen(action: CorrectiveAction, by: str, read: int, now: datetime, note: str = "") -> ActionChange:
    """It is to be done after all, or again; it is overdue anew where its day is past.

    Raises:
        ActionStale: it has another version by now.
        ActionRefused: it is open.
    """
    _refuse_stale(action, read)
    _refuse_unless(action, (ActionStage.DONE, ActionStage.MEASURED, ActionStage.DROPPED), "There is nothing to reopen.")
    opened = replace(
        action,
        stage=ActionStage.OPEN,
        done_on=None,
        done_by="",
        measured=None,
        dropped_why="",
        reminded=None,
        reminded_at=None,
        called=None,
    )
    return _happened(action, opened, ActionStep.REOPENED, by, now, note.strip())


def drop(action: CorrectiveAction, by: str, why: str, read: int, now: datetime) -> ActionChange:
    """It will not be done; the reason is kept.

    Raises:
        ActionStale: it has another version by now.
        ActionRefused: it is measured or dropped, or no reason is given.
    """
    _refuse_stale(action, read)
    refuse_ended(action)
    if not why.strip():
        raise ActionRefused("A reason is needed.", "Write a few words: whoever looks for the saving reads them.")
    if len(why.strip()) > LONGEST:
        raise ActionRefused(f"A reason has at most {LONGEST} characters.")
    dropped = replace(action, stage=ActionStage.DROPPED, dropped_why=why.strip(), reminded_at=None)
    return _happened(action, dropped, ActionStep.DROPPED, by, now, why.strip())


def measure(action: CorrectiveAction, saving: MeasuredSaving, *, final: bool, now: datetime) -> ActionChange:
    """What the money shows of an action that is done; once it is final it stays.

    Args:
        final: whether all the days that are compared are in.

    Raises:
        ActionRefused: it is not done, or measured finally already.
    """
    _refuse_unless(action, (ActionStage.DONE,), "Only what is done is measured.")
    stage = ActionStage.MEASURED if final else ActionStage.DONE
    known = action.measured and replace(action.measured, measured_at=saving.measured_at, publication=saving.publication)
    if known == saving and stage is action.stage:
        return ActionChange(action)
    return _happened(action, replace(action, measured=saving, stage=stage), ActionStep.MEASURED, "", now)


def remind(action: CorrectiveAction, calendar: WorkCalendar, callee: str, now: datetime) -> ActionChange:
    """Say once for each due day that it has passed.

    Args:
        callee: its owner, or who stands in for them.
    """
    if not is_overdue(action, calendar, now) or action.reminded == action.due:
        return ActionChange(action)
    reminded = replace(action, reminded=action.due, reminded_at=now)
    return _happened(action, reminded, ActionStep.OVERDUE, "", now, calls=(callee,) if callee else ())


def call_others(
    action: CorrectiveAction,
    calendar: WorkCalendar,
    answer_within: int | None,
    callees: tuple[str, ...],
    now: datetime,
) -> ActionChange:
    """Call those who come after its owner, once for each due day, where the owner has not answered in time.

    Args:
        answer_within: working hours, None for never.
        callees: people and groups; where there are none, nobody is called and nothing happens.
    """
    asked = action.reminded_at
    if answer_within is None or asked is None or not callees or action.called == action.due:
        return ActionChange(action)
    if not is_overdue(action, calendar, now) or calendar.after_hours(asked, answer_within) > now:
        return ActionChange(action)
    called = replace(action, called=action.due)
    return _happened(action, called, ActionStep.CALLED, "", now, calls=callees)


def is_overdue(action: CorrectiveAction, calendar: WorkCalendar, now: datetime) -> bool:
    """Whether it is open and the day by which it was to be done has ended."""
    return action.stage is ActionStage.OPEN and calendar.end_of(action.due) <= now


def refuse_unusable(text: str, owner: str, promised: Decimal | None, target: Target) -> None:
    """Raise ActionRefused for what no corrective action can be made of."""
    if not text.strip():
        raise ActionRefused("A corrective action says what is to be done.")
    if len(text.strip()) > LONGEST:
        raise ActionRefused(f"What is to be done has at most {LONGEST} characters.", "Make two of it.")
    if not owner:
        raise ActionRefused("A corrective action needs somebody who does it.")
    if promised is not None and promised < ZERO:
        raise ActionRefused("A promised saving is zero or more.", "Leave it empty where none is promised.")
    if target.value and not target.tag:
        raise ActionRefused("A value belongs to a tag.", "Name the tag, or leave the value out.")


def _refuse_stale(action: CorrectiveAction, read: int) -> None:
    if action.version != read:
        raise ActionStale(action)


def refuse_ended(action: CorrectiveAction) -> None:
    """Raise ActionRefused where an action is measured or dropped: a dropped one is to be opened again first."""
    is_dropped = action.stage is ActionStage.DROPPED
    mend = "Open it again first. `/finops actions dropped` lists it." if is_dropped else ""
    _refuse_unless(action, LIVING, mend)


def _refuse_unless(action: CorrectiveAction, stages: tuple[ActionStage, ...], mend: str = "") -> None:
    if action.stage not in stages:
        raise ActionRefused(f"This corrective action is {action.stage}.", mend)


def _happened(
    before: CorrectiveAction,
    after: CorrectiveAction,
    step: ActionStep,
    by: str,
    now: datetime,
    note: str = "",
    calls: tuple[str, ...] = (),
) -> ActionChange:
    return ActionChange(after, (ActionEvent(step, now, by, before.stage, after.stage, note, calls),))
