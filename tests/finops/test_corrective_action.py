"""The life of a corrective action, whatever is done to it and in which order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from finops.calendar import WorkCalendar
from finops.corrective_action import (
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
    call_others,
    drop,
    edit_action,
    finish,
    is_overdue,
    measure,
    plan_action,
    remind,
    reopen,
)
from finops.explanation import VarianceKey
from finops.periods import Month

NOW = datetime(2026, 11, 12, 10, tzinfo=UTC)
TODAY = NOW.date()
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
KEY = VarianceKey("payments", Month(2026, 11), "USD")
CALENDAR = WorkCalendar()


def planned(due: date = TODAY, promised: Decimal | None = Decimal(1200)) -> CorrectiveAction:
    """An action as it is stored."""
    change = plan_action(KEY, 1, " Turn idle nodes off ", "U1", due, promised, Target("Compute"), "U2", NOW)
    return replace(change.action, number=1, version=1)


def stored(change: ActionChange) -> CorrectiveAction:
    """The action of a change, as it is stored."""
    return replace(change.action, version=change.action.version + bool(change.events))


def edited(action: CorrectiveAction, **changed: Any) -> ActionChange:
    """An edit of some parts."""
    parts = {name: getattr(action, name) for name in ("text", "owner", "due", "promised", "target")}
    return edit_action(action, **(parts | changed), by="U1", read=action.version, now=NOW)


def saving(monthly: str = "900", through: date = TODAY) -> MeasuredSaving:
    """A measured saving, give or take 100."""
    point = Decimal(monthly)
    return MeasuredSaving(point, point - 100, point + 100, TODAY, TODAY, TODAY, through, 1, NOW)


def test_a_plan_says_what_who_and_no_less_than_nothing() -> None:
    """A new action is open and has no number; one that nobody could do or measure is refused."""
    change = plan_action(KEY, 1, " Turn idle nodes off ", "U1", TODAY, None, Target("Compute"), "U2", NOW)
    expected = CorrectiveAction(
        0, KEY, 1, "Turn idle nodes off", "U1", TODAY, None, Target("Compute"), ActionStage.OPEN, "U2", NOW
    )
    assert change == ActionChange(expected, (ActionEvent(ActionStep.PLANNED, NOW, "U2", None, ActionStage.OPEN),))
    for text, owner, promised, target in (
        (" ", "U1", None, Target()),
        ("x" * (LONGEST + 1), "U1", None, Target()),
        ("x", "", None, Target()),
        ("x", "U1", Decimal("-0.01"), Target()),
        ("x", "U1", None, Target(value="test")),
    ):
        with pytest.raises(ActionRefused):
            plan_action(KEY, 0, text, owner, TODAY, promised, target, "U2", NOW)


def test_of_two_edits_the_first_wins() -> None:
    """An edit made from an older version is refused, and shown what it is now."""
    action = planned()
    with pytest.raises(ActionStale) as refusal:
        edit_action(action, text="x", owner="U1", due=TODAY, promised=None, target=Target(), by="U1", read=0, now=NOW)
    assert refusal.value.action is action
    with pytest.raises(ActionStale):
        finish(action, "U1", TODAY, 0, TODAY, NOW)
    with pytest.raises(ActionStale):
        drop(action, "U1", "no", 0, NOW)
    with pytest.raises(ActionStale):
        reopen(action, "U1", 0, NOW)


def test_it_is_done_today_or_before() -> None:
    """Another day corrects the first one and is measured anew; the same one changes nothing."""
    action = planned()
    with pytest.raises(ActionRefused):
        finish(action, "U1", TODAY + DAY, 1, TODAY, NOW)
    done = stored(finish(action, "U1", TODAY, 1, TODAY, NOW))
    assert (done.stage, done.done_on, done.done_by) == (ActionStage.DONE, TODAY, "U1")
    known = stored(measure(done, saving(), final=False, now=NOW))
    assert finish(known, "U3", TODAY, 3, TODAY, NOW) == ActionChange(known)
    other = finish(known, "U3", TODAY - DAY, 3, TODAY, NOW).action
    assert (other.done_on, other.done_by, other.measured) == (TODAY - DAY, "U3", None)


def test_what_was_measured_is_of_its_target() -> None:
    """Another target forgets what was measured of the former; another wording does not."""
    known = stored(measure(stored(finish(planned(), "U1", TODAY, 1, TODAY, NOW)), saving(), final=False, now=NOW))
    assert edited(known, text="Other words").action.measured == saving()
    assert edited(known, target=Target(account="12")).action.measured is None


def test_a_final_measurement_stays() -> None:
    """The last measurement ends the life; only opening it again goes on from there."""
    done = stored(finish(planned(), "U1", TODAY, 1, TODAY, NOW))
    first = stored(measure(done, saving(), final=False, now=NOW))
    again = replace(saving(), publication=2, measured_at=NOW + DAY)
    assert measure(first, again, final=False, now=NOW + DAY) == ActionChange(first)
    final = stored(measure(first, saving(), final=True, now=NOW))
    assert final.stage is ActionStage.MEASURED
    with pytest.raises(ActionRefused):
        measure(final, saving(), final=True, now=NOW)
    with pytest.raises(ActionRefused):
        edited(final, text="other")
    opened = reopen(final, "U1", final.version, NOW, " it came back ")
    assert (opened.action.stage, opened.action.measured, opened.events[0].note) == (
        ActionStage.OPEN,
        None,
        "it came back",
    )


def test_a_reminder_comes_once_and_silence_calls_once() -> None:
    """After the due day its owner is asked; after the answer time others are called; an answer starts anew."""
    action, evening = planned(), datetime(2026, 11, 12, 17, tzinfo=UTC)
    assert not remind(action, CALENDAR, "U1", evening - HOUR).events
    asked = stored(remind(action, CALENDAR, "U1", evening))
    assert (asked.reminded, asked.reminded_at) == (TODAY, evening)
    assert not remind(asked, CALENDAR, "U1", evening + HOUR).events
    late = CALENDAR.after_hours(evening, 16)
    assert not call_others(asked, CALENDAR, 16, ("U9",), late - HOUR).events
    assert not call_others(asked, CALENDAR, None, ("U9",), late).events
    assert not call_others(asked, CALENDAR, 16, (), late).events
    change = call_others(asked, CALENDAR, 16, ("U9", "S1"), late)
    assert [(event.step, event.calls) for event in change.events] == [(ActionStep.CALLED, ("U9", "S1"))]
    assert not call_others(stored(change), CALENDAR, 16, ("U9",), late + DAY).events
    answered = edited(asked, text="Turn all idle nodes off").action
    assert (answered.reminded_at, answered.reminded) == (NOW, TODAY)
    moved = edited(asked, due=TODAY + DAY).action
    assert (moved.reminded_at, moved.reminded, moved.called) == (None, None, None)


class Life(RuleBasedStateMachine):
    """Anything that can be done to an action, in any order, by a clock that only goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.action, self.now = planned(), NOW
        self.reminders: dict[tuple[ActionStep, date, int], int] = {}
        self.reopened = 0

    def take(self, change: ActionChange) -> None:
        """Store a change; it counts one version, or none where nothing happened."""
        assert all(event.was is self.action.stage and event.became is change.action.stage for event in change.events)
        assert change.events or change.action == self.action
        for event in change.events:
            if event.step in (ActionStep.OVERDUE, ActionStep.CALLED):
                key = (event.step, self.action.due, self.reopened)
                self.reminders[key] = self.reminders.get(key, 0) + 1
            if event.step is ActionStep.REOPENED or (event.step is ActionStep.EDITED and not change.action.reminded):
                self.reopened += 1
        self.action = stored(change)

    def attempt(self, stages: tuple[ActionStage, ...], change: object) -> None:
        """What is refused exactly outside of some stages."""
        if self.action.stage in stages:
            self.take(change())  # type: ignore[operator]
        else:
            with pytest.raises(ActionRefused):
                change()  # type: ignore[operator]

    @rule(hours=st.integers(1, 60))
    def time_passes(self, hours: int) -> None:
        """The clock goes on, and the chase looks."""
        self.now += hours * HOUR
        self.take(remind(self.action, CALENDAR, "U1", self.now))
        self.take(call_others(self.action, CALENDAR, 8, ("U9",), self.now))

    @rule(text=st.sampled_from(["one", "two"]), owner=st.sampled_from(["U1", "U2"]), later=st.integers(0, 5))
    def edit(self, text: str, owner: str, later: int) -> None:
        """Somebody edits it."""
        action, due = self.action, self.now.date() + later * DAY
        self.attempt(
            LIVING,
            lambda: edit_action(
                action,
                text=text,
                owner=owner,
                due=due,
                promised=None,
                target=action.target,
                by=owner,
                read=action.version,
                now=self.now,
            ),
        )

    @rule(before=st.integers(0, 3))
    def finish(self, before: int) -> None:
        """Somebody says that it is done."""
        today = self.now.date()
        self.attempt(
            LIVING, lambda: finish(self.action, "U1", today - before * DAY, self.action.version, today, self.now)
        )

    @rule(final=st.booleans(), monthly=st.sampled_from(["900", "0", "-5"]))
    def measured(self, final: bool, monthly: str) -> None:
        """The money is looked at."""
        self.attempt((ActionStage.DONE,), lambda: measure(self.action, saving(monthly), final=final, now=self.now))

    @rule()
    def dropped(self) -> None:
        """Somebody drops it."""
        self.attempt(LIVING, lambda: drop(self.action, "U1", "not worth it", self.action.version, self.now))

    @rule()
    def reopened_again(self) -> None:
        """Somebody opens it again."""
        stages = (ActionStage.DONE, ActionStage.MEASURED, ActionStage.DROPPED)
        self.attempt(stages, lambda: reopen(self.action, "U1", self.action.version, self.now))

    @precondition(lambda self: self.action.version > 1)
    @rule()
    def somebody_is_late(self) -> None:
        """What was made from an older version is refused, whatever the stage."""
        with pytest.raises(ActionRefused):
            drop(self.action, "U1", "not worth it", self.action.version - 1, self.now)

    @invariant()
    def its_parts_agree(self) -> None:
        """Done on a day while done or measured, measured where it is so for good, a reason where it is dropped."""
        action = self.action
        dated = action.stage in (ActionStage.DONE, ActionStage.MEASURED)
        assert (action.done_on is not None) == dated or action.stage is ActionStage.DROPPED
        assert action.measured is None or dated or action.stage is ActionStage.DROPPED
        assert action.measured is not None or action.stage is not ActionStage.MEASURED
        assert bool(action.dropped_why) == (action.stage is ActionStage.DROPPED)
        assert action.reminded_at is None or is_overdue(action, CALENDAR, self.now) or action.due >= self.now.date()

    @invariant()
    def nobody_is_asked_twice(self) -> None:
        """For each due day one reminder and one call, unless it was opened again or given another day meanwhile."""
        assert all(number == 1 for number in self.reminders.values())


TestLife = Life.TestCase
