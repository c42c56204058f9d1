"""What becomes of an alert whose month was explained, once it is not any more."""

from __future__ import annotations

from datetime import datetime

from finops.alert import Alert, Change, Setting, undo_duty
from finops.explanation import EXPLAINED, ExplanationChange


def unexplained(alert: Alert, change: ExplanationChange, setting: Setting, now: datetime) -> Change:
    """An alert whose duty an explanation had done, after a change that leaves some of its month unexplained."""
    if not change.events:
        return Change(alert)
    last = change.events[-1]
    return undo_duty(alert, EXPLAINED, str(last.step), setting, now, by=last.by)
