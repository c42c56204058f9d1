"""Silence climbs the ladder: the next are called, expired acknowledgements and duties are asked for."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from finops.alert import AlertKey, tick
from finops.company import Company
from jobs.alerting import Alerting
from jobs.job import Job, Outcome
from storage.alerts import alerts_by_key, alerts_due
from storage.state import State
from storage.teams import all_teams

AT_ONCE = 200
"""Alerts of one transaction: a click on one of them waits for no more than these."""


def run(*, now: datetime, company: Company, state: State) -> Outcome:
    """Look at every alert whose time has come, each once."""
    counts: Counter[str] = Counter()
    seen: set[AlertKey] = set()
    while True:
        with state.reading() as connection:
            due = [key for key in alerts_due(connection, now, AT_ONCE + len(seen)) if key not in seen][:AT_ONCE]
            teams = all_teams(connection, company)
        if not due:
            break
        seen.update(due)
        with state.writing() as connection:
            alerting = Alerting(connection, company, teams, now)
            changes = []
            for alert in alerts_by_key(connection, due, lock=True).values():
                changes.append(alerting.count(tick(alert, alerting.setting(alert.key.team), now)))
            saved = alerting.write(changes)
        counts.update(str(event.action) for change in saved for event in change.events)
    return Outcome(", ".join(f"{number} {what}" for what, number in sorted(counts.items())) or "nobody to call")


JOB = Job("escalate_alerts", "every 1m", run)
