"""Alerts over random paths of figures, answers and time: where they end does not depend on how they were driven."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from finops.alert import (
    Action,
    Alert,
    Change,
    Event,
    Reading,
    Setting,
    Status,
    acknowledge,
    covers,
    evaluate,
    next_at,
    rises,
    snooze,
    tick,
)
from finops.alert_rungs import heard_at
from finops.policy import Policy
from tests.finops.made_up_alerts import (
    AT_ONCE,
    BOB,
    KEY,
    MORNING,
    STEPS,
    Life,
    ids,
    moved,
    policies,
    raised,
    reading,
    setting,
)

GAPS = st.timedeltas(timedelta(minutes=1), timedelta(days=6))
PATHS = st.lists(st.tuples(GAPS, STEPS), min_size=1, max_size=12)
ANSWERS = st.sampled_from(["", "acknowledge", "snooze", "both"])
RUNGS = st.sampled_from([-3, -2, -1, 1, 2, 3])
unhurried = settings(deadline=None)
NO_CALLS = {Action.FELL, Action.RESOLVED, Action.SNOOZE_ENDED, Action.CONCLUDED}


def standing(alert: Alert | None, now: datetime) -> tuple[Any, ...] | None:
    """Where an alert stands; an answer whose time is over holds nothing any more."""
    if alert is None:
        return None
    answers = [each if each and each.until > now else None for each in (alert.acknowledgement, alert.snooze)]
    return alert.step, alert.status(now), *answers, alert.reading


def calling(events: Sequence[Event]) -> list[Event]:
    """Events that call somebody, or would have."""
    return [event for event in events if event.calls or event.folded]


def answered(alert: Alert, answer: str, known: Setting, now: datetime) -> Alert:
    """The alert with somebody's answer, none where it is resolved."""
    if alert.step and answer in ("acknowledge", "both"):
        alert = acknowledge(alert, BOB, "button", known, now).alert
    if alert.step and answer in ("snooze", "both"):
        alert = snooze(alert, BOB, now + timedelta(days=3), "known", known, now).alert
    return alert


def seen(alert: Alert, readings: Sequence[Reading], known: Setting, now: datetime) -> Alert:
    """The alert after readings have arrived in an order."""
    for each in readings:
        change = evaluate(alert, KEY, each, known, now)
        assert change is not None
        alert = change.alert
    return alert


@unhurried
@given(policies(), RUNGS, ANSWERS, st.lists(STEPS, min_size=1, max_size=6), st.data())
def test_the_order_of_arrival_does_not_matter(
    policy: Policy, first: int, answer: str, steps: list[int], data: st.DataObject
) -> None:
    """Readings in any order end where the latest says, answers kept; stale ones change nothing at all."""
    known, now = setting(policy), MORNING + timedelta(days=1)
    alert = answered(raised(first, given=known), answer, known, MORNING)
    readings = [reading(step, MORNING + timedelta(hours=1), number) for number, step in enumerate(steps, start=2)]
    shuffled = data.draw(st.permutations(readings))
    ended = seen(alert, shuffled, known, now)
    assert standing(ended, now) == standing(seen(alert, readings, known, now), now)
    assert ended.reading == readings[-1]
    newest = list(accumulate(shuffled, lambda one, other: other if other.is_later_than(one) else one))
    assert ended == seen(alert, list(dict.fromkeys(newest)), known, now)


@unhurried
@given(policies(), PATHS, st.integers(1, 3))
def test_the_number_of_evaluations_does_not_matter(policy: Policy, path: list[tuple[timedelta, int]], n: int) -> None:
    """Figures looked at again and again, at the same moment or later, say and leave the same as looked at once."""
    once, often = Life(setting(policy)), Life(setting(policy))
    for number, (gap, step) in enumerate(path, start=1):
        begun = once.now
        for part in range(1, n + 1):
            often.until(begun + gap * part / (n + 1))
            if number > 1:
                often.read(path[number - 2][1], number - 1)
        for life in (once, often):
            life.until(begun + gap)
        for life, times in ((once, 1), (often, n)):
            for _ in range(times):
                life.read(step, number)
    assert once.told == often.told
    assert once.alert == often.alert


@unhurried
@given(policies(), PATHS)
def test_nothing_is_said_of_what_has_not_changed(policy: Policy, path: list[tuple[timedelta, int]]) -> None:
    """A fall and a resolve call nobody, an unchanged rung says nothing, and a rise is one event."""
    life, known = Life(setting(policy)), setting(policy)
    for number, (gap, step) in enumerate(path, start=1):
        life.until(life.now + gap)
        before = life.alert.step if life.alert else 0
        told = len(life.told)
        life.read(step, number)
        new = life.told[told:]
        assert len(new) == (before != step)
        assert not calling([event for event in new if not rises(before, step)])
        assert life.alert is None or tick(life.alert, known, life.now) == Change(life.alert)
    assert not calling([event for event in life.told if event.action in NO_CALLS])


@unhurried
@given(policies(timedelta(0)), PATHS)
def test_no_rise_is_missed(policy: Policy, path: list[tuple[timedelta, int]]) -> None:
    """Where nothing is answered or quiet, and calls may repeat at once, every rise calls its chain's first link."""
    policy = replace(policy, rules=replace(policy.rules, quiet=None))
    life = Life(setting(policy))
    expected: list[tuple[int, set[str]]] = []
    before = 0
    for number, (gap, step) in enumerate(path, start=1):
        life.until(life.now + gap)
        life.read(step, number)
        if rises(before, step):
            expected.append((step, ids(raised(step, life.now, setting(policy)).chain[0].callees)))
        before = step
    rose = [event for event in calling(life.told) if event.action in (Action.RAISED, Action.ROSE)]
    assert [(event.became["step"], ids(event.calls + event.folded)) for event in rose] == expected


@unhurried
@given(policies(), PATHS)
def test_no_rung_stays_unheard(policy: Policy, path: list[tuple[timedelta, int]]) -> None:
    """In quiet hours nobody is called; when they are over, whoever an open alert's rung names has been."""
    life, known = Life(setting(policy)), setting(policy)
    for number, (gap, step) in enumerate(path, start=1):
        life.until(life.now + gap)
        if (alert := life.alert) and alert.status(life.now) is Status.OPEN and heard_at(policy, life.now) == life.now:
            assert any(covers(called, alert.step) for called in alert.called)
        life.read(step, number)
    assert all(heard_at(policy, event.at) == event.at for event in calling(life.told))
    assert life.alert is None or tick(life.alert, known, life.now) == Change(life.alert)


@unhurried
@given(policies(), RUNGS, ANSWERS, GAPS, st.lists(GAPS, max_size=20))
def test_ticking_more_often_changes_nothing(
    policy: Policy, step: int, answer: str, wait: timedelta, others: list[timedelta]
) -> None:
    """Ticks at other instants than those at which something is due say and change nothing."""
    known = setting(policy)
    alert = answered(raised(step, given=known), answer, known, MORNING)
    due, often = Life(known, alert=alert), Life(known, alert=alert)
    due.until(MORNING + wait * 3)
    for moment in sorted(MORNING + other for other in others if other < wait * 3):
        often.until(moment)
        assert often.alert is not None
        often.take(tick(often.alert, known, moment))
    often.until(MORNING + wait * 3)
    assert (often.alert, often.told) == (due.alert, due.told)


@unhurried
@given(policies(), RUNGS, ANSWERS, st.timedeltas(timedelta(0), timedelta(days=40)))
def test_a_worker_that_comes_back_calls_once(policy: Policy, step: int, answer: str, away: timedelta) -> None:
    """However long nobody ticked, one call at most is made and one link is climbed; answers end as they would have."""
    known, now = setting(policy), heard_at(policy, MORNING + away)
    alert = answered(raised(step, given=known), answer, known, MORNING)
    change = tick(alert, known, now)
    assert len(calling(change.events)) <= 1
    assert change.alert.level <= alert.level + 1
    assert tick(change.alert, known, now) == Change(change.alert)
    there = Life(known, alert=alert)
    there.until(now)
    assert there.alert is not None
    assert standing(change.alert, now) == standing(there.alert, now)
    assert change.alert.level <= there.alert.level
    assert change.alert.overdue == there.alert.overdue
    everybody = {each for event in there.told for each in ids(event.calls + event.folded)}
    assert {each for event in change.events for each in ids(event.calls + event.folded)} <= everybody
    if len({event.at for event in there.told}) <= 1:
        assert [event.action for event in change.events] == [event.action for event in there.told]


@unhurried
@given(policies(), RUNGS, ANSWERS, st.integers(0, 12))
def test_the_next_instant_is_the_next(policy: Policy, step: int, answer: str, many: int) -> None:
    """At the instant that next_at names something happens, and nothing before it; where it names none, nothing ever."""
    known, now = setting(policy), MORNING
    alert = answered(raised(step, given=known), answer, known, MORNING)
    for _ in range(many):
        due = next_at(alert, policy)
        if due is None:
            break
        assert due > now
        for early in (now, now + (due - now) / 2, due - timedelta(microseconds=1)):
            assert tick(alert, known, early) == Change(alert)
        change = tick(alert, known, due)
        assert change.events
        alert, now = change.alert, due
    if next_at(alert, policy) is None:
        assert tick(alert, known, now + timedelta(days=400)) == Change(alert)


@unhurried
@given(policies(), st.sampled_from([1, 2, 3]), st.sampled_from(["button", "thread", "reaction"]))
def test_an_acknowledgement_holds_back_what_silence_would_send(policy: Policy, step: int, via: str) -> None:
    """Up to its end silence calls nobody, and at its end whoever gave it is asked, or the duty is if that is due."""
    known = setting(policy)
    alert = raised(step, given=known)
    assume(alert.answer_by is not None)
    without = Life(known, alert=alert)
    held = Life(known, alert=acknowledge(alert, BOB, via, known, MORNING).alert)
    assert held.alert is not None and held.alert.acknowledgement is not None
    end = held.alert.acknowledgement.until
    without.until(end)
    held.until(end)
    assert Action.ESCALATED not in {event.action for event in held.told}
    assert without.told != held.told
    [expired] = [event for event in held.told if event.action is Action.EXPIRED]
    asked = {each for event in held.told if event.at == end for each in ids(event.calls + event.folded)}
    assert expired.at == end and BOB in asked


@unhurried
@given(policies(timedelta(0)), RUNGS, RUNGS, ANSWERS.filter(bool), st.timedeltas(timedelta(0), timedelta(days=2)))
def test_an_answer_covers_its_rung_and_what_is_below(
    policy: Policy, first: int, second: int, answer: str, wait: timedelta
) -> None:
    """While an answer holds, a rise within its rung calls nobody, also over a resolve, and one above it does."""
    known = setting(policy)
    alert = answered(raised(first, given=known), answer, known, MORNING)
    ends = [each.until for each in (alert.acknowledgement, alert.snooze) if each]
    now = min(MORNING + wait, *(end - timedelta(seconds=1) for end in ends))
    assume(heard_at(policy, now) == now)
    down = moved(alert, 0, now, known).alert
    up = moved(down, second, now, known)
    covered = first * second > 0 and abs(second) <= abs(first)
    assert [event.action for event in up.events] == [Action.RAISED]
    assert (not calling(up.events)) == covered


@unhurried
@given(policies(), PATHS)
def test_shadow_mode_decides_the_same(policy: Policy, path: list[tuple[timedelta, int]]) -> None:
    """An alert that is only watched goes the same way and would call the same people; it is never live."""
    watched = replace(policy, rules=replace(policy.rules, live=False))
    lives = Life(setting(policy)), Life(setting(watched))
    for number, (gap, step) in enumerate(path, start=1):
        for life in lives:
            life.until(life.now + gap)
            life.read(step, number)
    assert lives[0].told == lives[1].told
    assert lives[1].alert is None or (not lives[1].alert.live and replace(lives[1].alert, live=True) == lives[0].alert)


@unhurried
@given(PATHS, st.integers(0, 5))
def test_folding_changes_who_is_pinged_and_nothing_else(path: list[tuple[timedelta, int]], most: int) -> None:
    """A full week moves the same people from the calls into the digest, but never those of the highest rung."""
    free = setting(Policy(rules=AT_ONCE))
    full = setting(Policy(rules=replace(AT_ONCE, most_pings=most)), pings=most)
    lives = Life(free), Life(full)
    for number, (gap, step) in enumerate(path, start=1):
        for life in lives:
            life.until(life.now + gap)
            life.read(step, number)
    if lives[0].alert and lives[1].alert:
        assert lives[0].alert == replace(lives[1].alert, folded=lives[0].alert.folded)
    for one, other in zip(lives[0].told, lives[1].told, strict=True):
        highest = one.became["step"] >= 3
        assert (other.calls, other.folded) == ((one.calls, ()) if highest else ((), one.calls))
