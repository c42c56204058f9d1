"""Measure what corrective actions that are done have saved, until four weeks after them are in."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from finops.company import Company
from finops.corrective_action import ActionStage, CorrectiveAction, measure
from finops.measured_saving import LEAST, WINDOW, TargetDays, measure_saving
from finops.periods import DAY
from jobs.acting import Acting
from jobs.job import Job, Outcome
from storage.corrective_actions import actions_in, find_action
from storage.ledger.versions import Ledger
from storage.state import State
from storage.target_spend import Wanted, target_days


def run(*, now: datetime, company: Company, state: State, ledger: Ledger) -> Outcome:
    """Measure every action that is done and old enough; each is written in a transaction of its own."""
    today = company.today(now)
    with state.reading() as connection:
        done = actions_in(connection, stages=[ActionStage.DONE])
    due = [action for action in done if action.done_on and action.done_on + LEAST * DAY <= today]
    if not due:
        return Outcome("nothing to measure")
    wanted = [_wanted(action) for action in due]
    found, publication = target_days(wanted, company=company, state=state, ledger=ledger, today=today)
    results = [
        _measure(action, days, publication, now, company, state) for action, days in zip(due, found, strict=True)
    ]
    return Outcome(", ".join(f"{number} {what}" for what, number in sorted(Counter(results).items())))


def _wanted(action: CorrectiveAction) -> Wanted:
    if action.done_on is None:
        raise ValueError(f"action {action.number} is done on no day")
    first, last = action.done_on - WINDOW * DAY, action.done_on + (WINDOW - 1) * DAY
    return Wanted(action.key.team, action.key.currency, action.target, first, last)


def _measure(
    action: CorrectiveAction, days: TargetDays, publication: int, now: datetime, company: Company, state: State
) -> str:
    """Write what the money shows of one action; returns what came of it."""
    found = action.done_on and measure_saving(days, action.done_on, publication, now)
    if not found:
        return "not measurable yet"
    with state.writing() as connection:
        current = find_action(connection, action.number, lock=True)
        if current is None or current.version != action.version:
            return "changed meanwhile"  # and measured anew the next time
        change = measure(current, found.saving, final=found.final, now=now)
        Acting(connection, company, current, now).write(change)
    if not change.events:
        return "unchanged"
    return "measured finally" if found.final else "measured"


JOB = Job("measure_actions", "09:00", run, shows_figures=True)
