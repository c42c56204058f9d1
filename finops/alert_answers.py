"""What people answer to an alert: they take it on, give it back, or ask for silence."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from finops.alert_events import happened, words
from finops.alert_rungs import duty_of, waiting, with_call, with_due
from finops.alert_state import Acknowledgement, Action, Alert, Change, Done, Setting, Snooze, Status, covers, holds
from finops.errors import FinopsError
from finops.policy import Kind


class AlreadyAnswered(FinopsError):
    """Somebody else was first.

    Args:
        acknowledgement: theirs.
    """

    def __init__(self, acknowledgement: Acknowledgement) -> None:
        super().__init__("Somebody else has acknowledged it already.")
        self.acknowledgement = acknowledgement


class AnswerRefused(FinopsError):
    """The alert cannot be answered so; nothing was changed."""


def acknowledge(alert: Alert, by: str, via: str, setting: Setting, now: datetime) -> Change:
    """Somebody takes it on: until it expires or the alert rises further, silence calls nobody.

    Raises:
        AlreadyAnswered: somebody else was first; the same person again changes nothing.
        AnswerRefused: the alert is resolved.
    """
    _refuse_resolved(alert, now)
    held = alert.acknowledgement
    # Asked of the acknowledgement itself: a snooze on top of it hides it from the status.
    if held is not None and holds(held, alert.step, now):
        if held.by != by:
            raise AlreadyAnswered(held)
        return Change(alert)
    until = _held_until(alert, setting, now)
    was = words(alert, setting, now)
    alert = replace(alert, acknowledgement=Acknowledgement(by, now, until, alert.step, via), answer_by=None)
    return happened(alert, Action.ACKNOWLEDGED, was, setting, now, by=by, note=via)


def take_back(alert: Alert, by: str, setting: Setting, now: datetime) -> Change:
    """Whoever acknowledged it no longer does: silence counts again from now.

    Raises:
        AnswerRefused: it is not acknowledged, or by somebody else.
    """
    held = alert.acknowledgement
    if alert.status(now) is Status.RESOLVED or held is None or held.until <= now:
        raise AnswerRefused("It is not acknowledged.", "There is nothing to take back.")
    if held.by != by:
        raise AnswerRefused(f"<@{held.by}> acknowledged it.", "Only they can take it back; it expires by itself.")
    was = words(alert, setting, now)
    # One that the alert has risen above held nobody back: what silence does is on its way already.
    anew = covers(held.step, alert.step)
    alert = with_call(waiting(replace(alert, acknowledgement=None), setting, now, anew=anew), setting, now)
    return happened(alert, Action.TAKEN_BACK, was, setting, now, by=by)


def snooze(alert: Alert, by: str, until: datetime, why: str, setting: Setting, now: datetime) -> Change:
    """Silence until an instant: nobody is called unless the alert rises above its rung.

    Raises:
        AnswerRefused: the alert is resolved, the instant is past or too far ahead, or no reason is given.
    """
    _refuse_resolved(alert, now)
    longest, calendar = setting.policy.rules.longest_snooze, setting.policy.calendar
    if until <= now:
        raise AnswerRefused("That is in the past.", "Choose a day after today.")
    if calendar.day_of(until) > calendar.day_of(now) + timedelta(days=longest):
        raise AnswerRefused(f"An alert is snoozed for {longest} days at most.", "Choose an earlier day.")
    if not why.strip():
        raise AnswerRefused("A snooze needs a reason.", "Say in a few words why nobody need look until then.")
    was = words(alert, setting, now)
    alert = replace(alert, snooze=Snooze(by, now, until, alert.step, why.strip()), answer_by=None)
    return happened(alert, Action.SNOOZED, was, setting, now, by=by, note=why.strip())


def end_snooze(alert: Alert, by: str, setting: Setting, now: datetime) -> Change:
    """End a snooze before its time; raises AnswerRefused where there is none."""
    if alert.status(now) is not Status.SNOOZED:
        raise AnswerRefused("It is not snoozed.", "There is nothing to end.")
    was = words(alert, setting, now)
    alert = with_call(waiting(replace(alert, snooze=None), setting, now, anew=True), setting, now)
    return happened(alert, Action.SNOOZE_ENDED, was, setting, now, by=by)


def do_duty(alert: Alert, by: str, what: str, setting: Setting, now: datetime) -> Change:
    """Somebody has done what the rung asks for: while it stands there, time calls nobody any more.

    Args:
        what: how, a few words.

    Raises:
        AnswerRefused: it is resolved, or asks for nothing; done already it changes nothing.
    """
    _refuse_resolved(alert, now)
    if not duty_of(alert.key.kind, alert.step, setting.policy):
        raise AnswerRefused("It asks for nothing to be done.")
    if alert.duty_done:
        return Change(alert)
    was = words(alert, setting, now)
    done = (*alert.done, Done(by, now, alert.step, what))
    alert = replace(alert, done=done, answer_by=None, call_at=None)
    return happened(alert, Action.DONE, was, setting, now, by=by, note=what)


def undo_duty(alert: Alert, what: str, why: str, setting: Setting, now: datetime, *, by: str = "") -> Change:
    """What somebody did does not hold any more: they have the turn, as if they had taken the alert on just now.

    A due day that passed meanwhile was nobody's to keep; the rung gets a new one. Where the alert has risen above what
    was done, or that was done in another way too, nothing of its rung is open that was not before, and nothing is said.

    Args:
        what: how it was done, as do_duty was told; done in another way it stays done.
        why: a few words.
        by: Slack's id of who undid it, empty for the figures.
    """
    if all(each.what != what for each in alert.done) or alert.status(now) is Status.RESOLVED:
        return Change(alert)
    was, held = words(alert, setting, now), alert.duty_done
    alert = replace(alert, done=tuple(each for each in alert.done if each.what != what))
    if held is None or alert.duty_done:
        return Change(alert)
    if not holds(alert.acknowledgement, alert.step, now):
        until = _held_until(alert, setting, now)
        alert = replace(alert, acknowledgement=Acknowledgement(held.by, now, until, alert.step, what))
    alert = with_due(alert, setting, now)
    return happened(alert, Action.UNDONE, was, setting, now, by=by, note=why)


def _held_until(alert: Alert, setting: Setting, now: datetime) -> datetime:
    """When an acknowledgement expires: after its working days.

    A threshold's asks for nothing to be done, so it holds until the month is closed: who answers is not asked again.
    """
    rules, calendar = setting.policy.rules, setting.policy.calendar
    day = calendar.after_days(calendar.day_of(now), max(1, rules.holds))
    if alert.key.kind is Kind.THRESHOLD:
        day = max(day, calendar.nth_working_day(alert.key.month.next, rules.close_on))
    return calendar.end_of(day)


def _refuse_resolved(alert: Alert, now: datetime) -> None:
    if alert.status(now) is Status.RESOLVED:
        raise AnswerRefused("It is resolved already.", "There is nothing left to answer.")
