"""An alert under anything in any order: figures, late figures, four people, time, and workers that come and go."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from finops.alert import (
    Action,
    Alert,
    AlreadyAnswered,
    AnswerRefused,
    Change,
    Event,
    Reading,
    Setting,
    Status,
    acknowledge,
    conclude,
    do_duty,
    duty_of,
    end_snooze,
    evaluate,
    next_at,
    snooze,
    take_back,
    tick,
    undo_duty,
)
from finops.alert_rungs import heard_at
from finops.policy import Kind, Policy
from tests.finops.made_up_alerts import (
    ALICE,
    BOB,
    CALLEES,
    CAROL,
    DAVE,
    KEY,
    MORNING,
    STEPS,
    USED,
    ids,
    policies,
    raised,
    reading,
)

PEOPLE = st.sampled_from([ALICE, BOB, CAROL, DAVE])
CALLS_NOBODY = {
    Action.FELL,
    Action.RESOLVED,
    Action.CONCLUDED,
    Action.ACKNOWLEDGED,
    Action.TAKEN_BACK,
    Action.SNOOZED,
    Action.SNOOZE_ENDED,
    Action.DONE,
    Action.UNDONE,
}
FROM_TIME = {Action.SNOOZE_ENDED, Action.EXPIRED, Action.CALLED, Action.ESCALATED, Action.OVERDUE}


def within(answered: int, step: int) -> bool:
    """Whether an answer on one rung holds on another."""
    return answered * step > 0 and abs(answered) >= abs(step)


class Answer:
    """What a person said, remembered apart from the alert."""

    def __init__(self, by: str, until: datetime, step: int) -> None:
        self.by, self.until, self.step = by, until, step

    def is_in_force(self, step: int, now: datetime) -> bool:
        """Whether it holds on a rung."""
        return self.until > now and within(self.step, step)


class AlertLife(RuleBasedStateMachine):
    """One alert beside a second account of it, kept by hand: where it must stand, and why anybody may be called."""

    @initialize(
        policy=policies(), kind=st.sampled_from([Kind.FORECAST, Kind.CLOSED, Kind.THRESHOLD]), step=st.integers(1, 3)
    )
    def begin(self, policy: Policy, kind: Kind, step: int) -> None:
        """A team, its policy and a kind of alert."""
        self.policy, self.key = policy, replace(USED if kind is Kind.THRESHOLD else KEY, kind=kind)
        self.alert: Alert | None = None
        self.now = MORNING
        self.stand_ins: dict[str, str] = {}
        self.pings, self.beside = 0, False
        self.latest = reading(0, self.now, 0)
        self.concluded = False
        self.held: Answer | None = None
        self.asleep: Answer | None = None
        self.done: list[tuple[str, str, int]] = []
        self.rise_calls: list[tuple[datetime, int, frozenset[str]]] = []
        self.explained: set[tuple[object, ...]] = set()
        self.risen = 0
        self.publication = 1
        self._read(reading(step, self.now))

    # The second account.

    @property
    def given(self) -> Setting:
        """What the alert is judged by."""
        return Setting(self.policy, CALLEES, self.stand_ins, self.pings, self.beside)

    @property
    def step(self) -> int:
        """The rung it must stand on."""
        return 0 if self.concluded else self.latest.step

    @property
    def status(self) -> Status:
        """Where it must stand."""
        if not self.step:
            return Status.RESOLVED
        if self.asleep and self.asleep.is_in_force(self.step, self.now):
            return Status.SNOOZED
        if self.is_done or (self.held and self.held.is_in_force(self.step, self.now)):
            return Status.ACKNOWLEDGED
        return Status.OPEN

    @property
    def is_done(self) -> bool:
        """Whether somebody has done what its rung asks for."""
        return any(within(step, self.step) for _by, _what, step in self.done)

    def reached(self, people: set[str]) -> set[str]:
        """Who is called for people today: themselves, or whoever stands in and is not away too."""
        stand_ins = {who: other for who, other in self.stand_ins.items() if other not in self.stand_ins}
        return {stand_ins.get(each, each) for each in people}

    def explain(self, *reason: object) -> None:
        """A reason to call people, good for one call."""
        assert reason not in self.explained
        self.explained.add(reason)

    def take(self, change: Change) -> tuple[Event, ...]:
        """Keep a change after all that must hold of any."""
        pinged = [event for event in change.events if event.calls or event.folded]
        assert len(pinged) <= 1
        for event in pinged:
            assert event.action not in CALLS_NOBODY
            called = event.calls + event.folded
            assert len(ids(called)) == len(called)
            away = [each.id for each in called if each.id in self.stand_ins]
            assert all(self.stand_ins[each] in self.stand_ins for each in away)
        assert all(event.at == self.now for event in change.events)
        assert self.alert is None or change.alert.version == self.alert.version
        self.alert = change.alert
        return change.events

    # What may happen.

    @rule(step=STEPS, again=st.booleans(), later=st.timedeltas(timedelta(0), timedelta(hours=3)))
    def figures(self, step: int, again: bool, later: timedelta) -> None:
        """Newer figures come, on any rung."""
        step = abs(step) if self.key.kind is Kind.THRESHOLD else step
        self.now += later + timedelta(microseconds=1)
        self.publication += not again
        self._read(reading(step, self.now, self.publication))

    @rule()
    def the_same_figures_seen_later(self) -> None:
        """Nothing is new, and somebody looked again."""
        if not self.latest.step:
            return
        self.now += timedelta(seconds=1)
        self._read(replace(self.latest, seen_at=self.now))

    def _read(self, seen: Reading) -> None:
        before, status_before, answered = self.step, self.status, self.alert
        self.latest = seen
        change = evaluate(self.alert, self.key, seen, self.given, self.now)
        assert change is not None
        events = self.take(change)
        if self.concluded or before == seen.step:
            assert events == () and status_before is self.status
            assert answered is not None and (self.concluded or replace(answered, reading=seen) == change.alert)
            return
        [event] = events
        rose = bool(seen.step) and not within(before, seen.step)
        if not rose:
            self.done = [each for each in self.done if abs(each[2]) <= abs(seen.step)]
        names = (Action.ROSE if before else Action.RAISED) if rose else Action.FELL if seen.step else Action.RESOLVED
        assert event.action is names
        if not rose:
            return
        fresh = raised(seen.step, self.now, self.given, self.key).chain
        first, roles = ids(fresh[0].callees), frozenset(fresh[0].roles)
        told = [
            each
            for at, step, each in self.rise_calls
            if within(step, seen.step) and self.now - at < self.policy.rules.realert_after
        ]
        noted = self.beside or self.status is not Status.OPEN or (told and roles <= frozenset().union(*told))
        assert within(change.alert.chain_step, seen.step)
        if noted:
            assert not event.calls + event.folded
            return
        assert change.alert.chain == fresh
        self.risen += 1
        if heard_at(self.policy, self.now) > self.now:
            # Who is called then is told by the first tick after quiet hours.
            assert not event.calls + event.folded
            held = answered is not None and answered.call_at is not None
            known = within(answered.heard if held else before, seen.step)
            assert change.alert.call_at == (heard_at(self.policy, self.now) if first and not known else None)
            return
        assert ids(event.calls + event.folded) == self.reached(first)
        self.rise_calls.append((self.now, seen.step, roles))
        assert tick(change.alert, self.given, self.now) == Change(change.alert)

    @rule(step=STEPS, older=st.timedeltas(timedelta(0), timedelta(days=3)))
    def late_figures(self, step: int, older: timedelta) -> None:
        """What was read before the latest arrives after it: nothing changes."""
        stale = replace(self.latest, step=step, seen_at=self.latest.seen_at - older)
        if stale.publication and older:
            stale = replace(stale, publication=stale.publication - 1, seen_at=self.now)
        assert evaluate(self.alert, self.key, stale, self.given, self.now) == Change(self.alert)

    @rule(wait=st.timedeltas(timedelta(minutes=1), timedelta(days=8)))
    def time_passes_without_a_worker(self, wait: timedelta) -> None:
        """Nobody looks for a while."""
        self.now += wait

    @rule()
    def a_worker_looks(self) -> None:
        """A worker ticks at any time."""
        self._tick()

    @rule()
    def a_worker_looks_in_time(self) -> None:
        """A worker ticks when something is due: before it nothing happens, then something does."""
        due = next_at(self.alert, self.policy)
        if due is None:
            return
        due = heard_at(self.policy, max(due, self.now))
        if due > self.now:
            early = due - timedelta(microseconds=1)
            assert tick(self.alert, self.given, early) == Change(self.alert)
            self.now = due
        assert self._tick()

    def _tick(self) -> tuple[Event, ...]:
        before, status = self.alert, self.status
        events = self.take(tick(before, self.given, self.now))
        assert {event.action for event in events} <= FROM_TIME
        assert events or self.alert == before
        if status is Status.SNOOZED or heard_at(self.policy, self.now) > self.now:
            assert not events
        for event in events:
            if event.action is Action.EXPIRED:
                self.explain("expired", before.acknowledgement.at, before.acknowledgement.by)
                assert self.held and not self.held.is_in_force(self.step, self.now)
            elif event.action is Action.CALLED:
                assert self.status is Status.OPEN and (before.call_at is None or before.call_at <= self.now)
                assert not within(before.heard, self.step)
                fresh = raised(self.step, self.now, self.given, self.key).chain[0]
                assert self.reached(ids(fresh.callees)) <= ids(event.calls + event.folded)
                self.rise_calls.append((self.now, self.step, frozenset(fresh.roles)))
            elif event.action is Action.ESCALATED:
                assert status is Status.OPEN and before.answer_by <= self.now
                self.explain("silence", self.risen, before.chain, before.answer_by, self.alert.level)
                assert self.alert.level == before.level + 1
                following = ids(self.alert.chain[self.alert.level].callees)
                assert ids(event.calls + event.folded) == self.reached(following)
            elif event.action is Action.OVERDUE:
                self.explain("overdue", self.step, before.due)
                assert self.policy.calendar.end_of(before.due) <= self.now
        again = tick(self.alert, self.given, self.now)
        assert (again.alert, again.events) == (self.alert, ())
        return events

    @rule(by=PEOPLE, via=st.sampled_from(["button", "thread", "reaction"]))
    def somebody_acknowledges(self, by: str, via: str) -> None:
        """The first wins; the next is told who was first."""
        first = self.held if self.held and self.held.is_in_force(self.step, self.now) else None
        try:
            events = self.take(acknowledge(self.alert, by, via, self.given, self.now))
        except AnswerRefused:
            assert not self.step
        except AlreadyAnswered as refusal:
            assert first and first.by == refusal.acknowledgement.by != by
        else:
            assert self.step and (first is None or first.by == by)
            assert len(events) == (first is None)
            if first is None:
                self.held = Answer(by, self.alert.acknowledgement.until, self.step)

    @rule(by=PEOPLE)
    def somebody_takes_back(self, by: str) -> None:
        """Only whoever acknowledged it does."""
        theirs = self.held is not None and self.held.by == by and self.held.until > self.now
        waits = self.alert.answer_by
        try:
            [event] = self.take(take_back(self.alert, by, self.given, self.now))
        except AnswerRefused:
            assert not self.step or not theirs
        else:
            assert self.step and theirs and event.by == by
            assert within(self.held.step, self.step) or self.alert.answer_by == waits
            self.held = None

    @rule(by=PEOPLE, days=st.integers(-1, 70))
    def somebody_snoozes(self, by: str, days: int) -> None:
        """Anybody may, for as long as the policy allows."""
        until = self.now + timedelta(days=days)
        try:
            [event] = self.take(snooze(self.alert, by, until, "known", self.given, self.now))
        except AnswerRefused:
            assert not self.step or not 0 < days <= self.policy.rules.longest_snooze
        else:
            assert event.note == "known"
            self.asleep = Answer(by, until, self.step)

    @rule(by=PEOPLE)
    def somebody_ends_the_snooze(self, by: str) -> None:
        """Anybody may, where there is one."""
        status = self.status
        try:
            self.take(end_snooze(self.alert, by, self.given, self.now))
        except AnswerRefused:
            assert status is not Status.SNOOZED
        else:
            assert status is Status.SNOOZED
            self.asleep = None

    @rule(by=PEOPLE, what=st.sampled_from(["explained", "said so"]))
    def somebody_does_the_duty(self, by: str, what: str) -> None:
        """Whoever is first, where there is anything to be done."""
        was_done = self.is_done
        try:
            events = self.take(do_duty(self.alert, by, what, self.given, self.now))
        except AnswerRefused:
            assert not self.step or not duty_of(self.key.kind, self.step, self.policy)
        else:
            assert [event.action for event in events] == ([] if was_done else [Action.DONE])
            self.done += [] if was_done else [(by, what, self.step)]

    @rule(by=PEOPLE)
    def what_was_done_is_undone(self, by: str) -> None:
        """Whoever did it has the turn, and time calls again: never sooner than for one who has just taken it on. What
        its rung does not rest on goes without a word.
        """
        theirs = [each for each in self.done if each[1] == "explained"]
        held = next((who for who, _what, step in reversed(self.done) if within(step, self.step)), None)
        change = undo_duty(self.alert, "explained", "returned", self.given, self.now, by=by)
        events = self.take(change)
        if not theirs or not self.step:
            assert events == ()
            return
        self.done = [each for each in self.done if each not in theirs]
        reopened = held is not None and not self.is_done
        assert [(event.action, event.by) for event in events] == ([(Action.UNDONE, by)] if reopened else [])
        assert [each.what for each in change.alert.done] == [what for _by, what, _step in self.done]
        if reopened:
            if self.held is None or not self.held.is_in_force(self.step, self.now):
                self.held = Answer(held, change.alert.acknowledgement.until, self.step)
            assert change.alert.acknowledgement.by == self.held.by
            overdue = self.step in change.alert.overdue or change.alert.due is None
            assert overdue or self.policy.calendar.end_of(change.alert.due) > self.now or self.step < 0

    @rule(leave=st.dictionaries(PEOPLE, PEOPLE, max_size=2))
    def people_go_on_leave(self, leave: dict[str, str]) -> None:
        """Calls go to who stands in."""
        self.stand_ins = {who: other for who, other in leave.items() if who != other}

    @rule(pings=st.sampled_from([0, 1, 1_000_000]))
    def the_week_fills(self, pings: int) -> None:
        """Calls beyond the number of the week are folded."""
        self.pings = pings

    @rule(beside=st.booleans())
    def the_forecast_speaks_or_not(self, beside: bool) -> None:
        """A threshold pings nobody beside it."""
        self.beside = beside and self.key.kind is Kind.THRESHOLD

    @rule()
    def the_month_is_closed(self) -> None:
        """From here on nothing changes."""
        stood = self.step
        if len(self.explained) < 4:
            return
        events = self.take(conclude(self.alert, "the month is closed", self.given, self.now))
        assert len(events) == bool(stood)
        self.concluded = True

    # What holds at any time.

    @invariant()
    def it_stands_where_it_must(self) -> None:
        """Rung, status and reading are those of the second account."""
        if self.alert is not None:
            assert (self.alert.step, self.alert.status(self.now)) == (self.step, self.status)
            assert self.alert.reading == self.latest or self.concluded

    @invariant()
    def what_is_waited_for_will_come(self) -> None:
        """Time changes something exactly from the instant on that next_at names."""
        alert = self.alert
        if alert is None:
            return
        if alert.answer_by is not None:
            assert alert.level + 1 < len(alert.chain)
        due = next_at(alert, self.policy)
        if due is None:
            assert tick(alert, self.given, self.now + timedelta(days=400)) == Change(alert)
        elif due > self.now:
            assert tick(alert, self.given, self.now) == Change(alert)
        elif heard_at(self.policy, self.now) == self.now:
            assert tick(alert, self.given, self.now).events

    @invariant()
    def nobody_is_called_in_quiet_hours(self) -> None:
        """A call that is held back is made when quiet hours are over, of an alert that has called nobody yet."""
        alert = self.alert
        if alert is None or alert.call_at is None:
            return
        assert not alert.concluded and alert.step
        assert alert.chain_step != alert.step or alert.chain[0].callees


TestAlertLife = AlertLife.TestCase
TestAlertLife.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
