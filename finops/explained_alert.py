"""What becomes of an alert whose month is explained when it rises, and of one whose month is not any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from finops.alert import Alert, Change, Setting, do_duty, duty_of, undo_duty
from finops.explanation import EXPLAINED, ExplanationChange


def unexplained(alert: Alert, change: ExplanationChange, setting: Setting, now: datetime) -> Change:
    """An alert whose duty an explanation had done, after a change that leaves some of its month unexplained."""
    if not change.events:
        return Change(alert)
    last = change.events[-1]
    return undo_duty(alert, EXPLAINED, str(last.step), setting, now, by=last.by)


def explained_before(change: Change, by: str, setting: Setting, now: datetime) -> Change:
    """The rise of an alert whose month is explained already: what it asks for is done, and it calls nobody.

    Args:
        by: Slack's id of who explained it last.
    """
    alert = change.alert
    if not duty_of(alert.key.kind, alert.step, setting.policy):
        return change
    called = {step: at for step, at in alert.called.items() if step != alert.step}
    done = do_duty(replace(alert, called=called, folded=False), by, EXPLAINED, setting, now)
    silent = (replace(event, calls=(), folded=()) for event in change.events)
    return Change(done.alert, (*silent, *done.events))
