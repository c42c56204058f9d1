"""An alert's life: one per team, month, kind and currency, moved by figures, by people's answers, and by silence.

Every function takes an alert and gives the alert it becomes with the events that happened; nothing here reads a clock
or a database. Where no event happened, nothing has changed but the reading, and what was done for other rungs. This
module is the way in to all that concerns alerts: their values (alert_state), what a rung asks for (alert_rungs),
people's answers (alert_answers).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from finops.alert_answers import (
    AlreadyAnswered,
    AnswerRefused,
    acknowledge,
    do_duty,
    end_snooze,
    snooze,
    take_back,
    undo_duty,
)
from finops.alert_events import happened, words
from finops.alert_rungs import (
    duty_of,
    heard_at,
    is_overdue,
    once,
    rung_name,
    stands_on,
    waiting,
    was_just_called,
    with_call,
    with_chain,
    with_due,
    without_chain,
)
from finops.alert_state import (
    Acknowledgement,
    Action,
    Alert,
    AlertKey,
    Callee,
    Change,
    Done,
    Event,
    Level,
    Reading,
    Setting,
    Snooze,
    Status,
    covers,
    has_ended,
    rises,
)
from finops.policy import Policy, Role

__all__ = [
    "Acknowledgement",
    "Action",
    "Alert",
    "AlertKey",
    "AlreadyAnswered",
    "AnswerRefused",
    "Callee",
    "Change",
    "Done",
    "Event",
    "Level",
    "Reading",
    "Setting",
    "Snooze",
    "Status",
    "acknowledge",
    "conclude",
    "covers",
    "do_duty",
    "duty_of",
    "end_snooze",
    "evaluate",
    "is_overdue",
    "next_at",
    "rises",
    "rung_name",
    "snooze",
    "stands_on",
    "take_back",
    "tick",
    "undo_duty",
]

SPOKEN_FOR = "the forecast's alert of this month speaks for both"
SHORTEST = timedelta(microseconds=1)
"""Between two instants that a database tells apart."""


def evaluate(alert: Alert | None, key: AlertKey, reading: Reading, setting: Setting, now: datetime) -> Change | None:
    """Bring an alert to a reading; one not later than the reading it stands on changes nothing.

    Returns:
        None where there is no alert and none rises.
    """
    live = setting.policy.rules.live
    if alert is None:
        if not reading.step:
            return None
        # It rises from nothing, by the reading itself.
        alert = Alert(key, replace(reading, step=0), raised_at=now, live=live, beside=setting.beside)
    elif not reading.is_later_than(alert.reading) or alert.concluded:
        return Change(alert)
    reading = replace(reading, step=stands_on(reading, alert.step, setting.policy))
    if live and not alert.live and reading.step:
        alert = _as_news(alert, setting)
    before, was = alert.step, words(alert, setting, now)
    alert = replace(alert, reading=reading)
    if reading.step == before:
        return Change(alert)
    alert = _without_spent_answers(alert, before, now)
    if rises(before, reading.step):
        return _rise(alert, before, was, setting, now)
    if reading.step:
        # What was done for a higher rung is not what this one asks for, nor what that one will if it is risen to again.
        alert = replace(alert, done=tuple(each for each in alert.done if abs(each.step) <= abs(reading.step)))
        if alert.call_at:
            # Nobody has heard of the higher rung, and nobody will: at most of this one.
            alert = _held(with_chain(alert, setting), alert.heard, alert.call_at)
        alert = waiting(with_due(alert, setting, now), setting, now, anew=False)
        return happened(alert, Action.FELL, was, setting, now)
    # Answers stay: whoever took it on, or silenced it until a day, meant more than the next few figures.
    return happened(without_chain(alert), Action.RESOLVED, was, setting, now, note=reading.why)


def tick(alert: Alert, setting: Setting, now: datetime) -> Change:
    """What has happened because time passed: a snooze or an acknowledgement ended, silence, a duty not done.

    However much time has passed, people are called once at most, and one link further along the chain. In quiet hours
    nothing happens: it does when they are over.
    """
    if heard_at(setting.policy, now) > now:
        return Change(alert)
    events: tuple[Event, ...] = ()
    asked: tuple[Callee, ...] = ()
    if alert.snooze and has_ended(alert.snooze, alert.step, now):
        was = words(alert, setting, alert.snooze.until - SHORTEST)
        alert = waiting(replace(alert, snooze=None), setting, now, anew=True)
        alert = with_call(alert, setting, now)
        alert, events = _and(events, happened(alert, Action.SNOOZE_ENDED, was, setting, now))
    if alert.status(now) in (Status.RESOLVED, Status.SNOOZED):
        return Change(alert, events)
    overdue = alert.step not in alert.overdue and is_overdue(alert, setting.policy, now)
    if alert.acknowledgement and has_ended(alert.acknowledgement, alert.step, now) and not alert.duty_done:
        was = words(alert, setting, alert.acknowledgement.until - SHORTEST)
        asked = _asked_again(alert, alert.acknowledgement.by)
        alert = with_call(waiting(replace(alert, acknowledgement=None), setting, now, anew=True), setting, now)
        later = overdue or (alert.call_at is not None and alert.call_at <= now)
        change = happened(alert, Action.EXPIRED, was, setting, now, calls=() if later else asked)
        alert, events = _and(events, change)
    was = words(alert, setting, now)
    if alert.call_at and alert.call_at <= now and alert.status(now) is Status.OPEN:
        # Whoever asked for the call, a handler perhaps, did not know whom the rung names now.
        alert = alert if alert.chain_step == alert.step else with_chain(alert, setting)
        alert = replace(alert, call_at=None, heard=0, called=alert.called | {alert.step: now})
        alert = replace(waiting(alert, setting, now, anew=True), overdue=_also(alert.overdue, alert.step, overdue))
        called = (*asked, *alert.chain[0].callees)
        return Change(*_and(events, happened(alert, Action.CALLED, was, setting, now, calls=called)))
    unheard = alert.answer_by is not None and alert.answer_by <= now
    if overdue:
        # Silence counts from this call on: nobody is passed over in the moment in which they are called.
        alert = waiting(alert, setting, now, anew=True) if unheard else alert
        alert = replace(alert, overdue=_also(alert.overdue, alert.step, True))
        called = (*asked, *alert.chain[0].callees)
        return Change(*_and(events, happened(alert, Action.OVERDUE, was, setting, now, calls=called)))
    if unheard:
        alert = waiting(replace(alert, level=alert.level + 1), setting, now, anew=True)
        called = alert.chain[alert.level].callees
        return Change(*_and(events, happened(alert, Action.ESCALATED, was, setting, now, calls=called)))
    return Change(alert, events)


def next_at(alert: Alert, policy: Policy) -> datetime | None:
    """The earliest instant, UTC, at which tick() changes something; None where time alone changes nothing."""
    ends = _ends(alert, policy)
    return heard_at(policy, min(ends)) if ends else None


def _ends(alert: Alert, policy: Policy) -> list[datetime]:
    """When something of it ends or falls due, whether or not that lies in quiet hours."""
    if not alert.step:
        return []
    if alert.snooze and covers(alert.snooze.step, alert.step):
        # What falls due meanwhile is said when the silence ends.
        return [alert.snooze.until]
    if alert.duty_done:
        return []
    ends = [alert.answer_by] if alert.answer_by else []
    if alert.acknowledgement and covers(alert.acknowledgement.step, alert.step):
        ends.append(alert.acknowledgement.until)
    elif alert.call_at:
        ends.append(alert.call_at)
    if alert.due and alert.step > 0 and alert.step not in alert.overdue:
        ends.append(policy.calendar.end_of(alert.due))
    return ends


def conclude(alert: Alert, why: str, setting: Setting, now: datetime) -> Change:
    """End an alert for good, whatever its figures: its month is closed and another alert speaks for it."""
    if alert.concluded:
        return Change(alert)
    was, stood = words(alert, setting, now), alert.step
    alert = replace(alert, concluded=why, answer_by=None, call_at=None, snooze=None, acknowledgement=None)
    return happened(alert, Action.CONCLUDED, was, setting, now, note=why) if stood else Change(alert)


def _rise(alert: Alert, before: int, was: Mapping[str, Any], setting: Setting, now: datetime) -> Change:
    """A rise calls the first of the rung's chain; one that is answered, or was called for just now, is noted only."""
    action = Action.ROSE if before else Action.RAISED
    # Told beside the forecast's alert it stays there while that one is alive; else it gets a message of its own.
    alert = replace(alert, beside=alert.beside and setting.beside)
    why = SPOKEN_FOR if setting.beside else ""
    answered = setting.beside or alert.status(now) is not Status.OPEN
    if answered or was_just_called(alert, setting.policy, now):
        # On the rung whose chain it is, and below, the chain goes on where it was.
        alert = alert if covers(alert.chain_step, alert.step) else with_chain(alert, setting)
        told = setting.beside or was_just_called(alert, setting.policy, now)
        alert = _held(alert, alert.heard, None if told else alert.call_at)
        alert = waiting(with_due(alert, setting, now), setting, now, anew=False)
        return happened(alert, action, was, setting, now, note=why)
    held, asleep = alert.acknowledgement, alert.snooze
    heard, unheard = heard_at(setting.policy, now), alert.call_at is not None
    alert = _held(with_chain(alert, setting), alert.heard if unheard else before, heard if heard > now else None)
    alert = replace(
        alert,
        called=alert.called | ({} if heard > now else {alert.step: now}),
        # That they have ended is said by this call already.
        acknowledgement=held if held and held.until > now else None,
        snooze=asleep if asleep and asleep.until > now else None,
    )
    alert = waiting(with_due(alert, setting, now), setting, now, anew=True)
    return happened(alert, action, was, setting, now, calls=() if heard > now else alert.chain[0].callees)


def _held(alert: Alert, heard: int, call_at: datetime | None) -> Alert:
    """The alert with a call held back, where its rung is more than was heard of and names somebody."""
    if covers(heard, alert.step) or not alert.chain[0].callees:
        call_at = None
    return replace(alert, call_at=call_at, heard=heard if call_at else 0)


def _also(steps: tuple[int, ...], step: int, added: bool) -> tuple[int, ...]:
    return (*steps, step) if added else steps


def _as_news(alert: Alert, setting: Setting) -> Alert:
    """An alert that was only watched, at the moment in which everybody may see it: as if it had never risen."""
    unseen = replace(alert.reading, step=0)
    return without_chain(replace(alert, reading=unseen, live=True, beside=setting.beside, called={}))


def _without_spent_answers(alert: Alert, before: int, now: datetime) -> Alert:
    """Without answers whose time ran out while they held nothing: nobody is to hear of that later."""

    def spent(answer: Acknowledgement | Snooze | None) -> bool:
        return answer is not None and answer.until <= now and not covers(answer.step, before)

    held, asleep = alert.acknowledgement, alert.snooze
    return replace(alert, acknowledgement=None if spent(held) else held, snooze=None if spent(asleep) else asleep)


def _asked_again(alert: Alert, by: str) -> tuple[Callee, ...]:
    """Whom the end of an acknowledgement reminds: whoever gave it, and the owners."""
    named = [callee for level in alert.chain for callee in level.callees]
    giver = next((callee for callee in named if callee.id == by), Callee(Role.OWNER, by, by))
    return once((giver, *(callee for callee in named if callee.role is Role.OWNER)))


def _and(events: tuple[Event, ...], change: Change) -> tuple[Alert, tuple[Event, ...]]:
    return change.alert, events + change.events
