"""Remind the owners of overdue corrective actions in their working hours; silence calls the next."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from finops.company import Company, Team
from finops.corrective_action import ActionStage, ActionStep, CorrectiveAction, call_others, remind
from finops.periods import DAY
from finops.policy import Policy
from jobs.acting import Acting
from jobs.job import Job, Outcome
from storage.corrective_actions import actions_in, find_action
from storage.state import State
from storage.teams import all_teams

SAID = {ActionStep.OVERDUE: "reminded", ActionStep.CALLED: "called on"}


def run(*, now: datetime, company: Company, state: State) -> Outcome:
    """Look at every open action whose day is past, each in a transaction of its own, on its team's own clock."""
    with state.reading() as connection:
        # A day further than any time zone, so that none is missed; each is held against its own day below.
        late = actions_in(connection, stages=[ActionStage.OPEN], due_before=company.today(now) + 2 * DAY)
        policies = {slug: company.policy(team) for slug, team in all_teams(connection, company).items()}
    usual = company.policy(Team("", ""))
    waiting = [action.number for action in late if _waits(action, policies.get(action.key.team, usual), now)]
    counts: Counter[str] = Counter()
    for number in waiting:
        counts.update(_chase(number, now, company, state))
    return Outcome(", ".join(f"{number} {what}" for what, number in sorted(counts.items())) or "nobody to chase")


def _waits(action: CorrectiveAction, policy: Policy, now: datetime) -> bool:
    """Whether somebody may have to be asked now: few are, so only these are locked."""
    if not policy.calendar.is_at_work(now):
        return False
    somebody = (action.owner,)
    return bool(
        remind(action, policy.calendar, action.owner, now).events
        or call_others(action, policy.calendar, answer_within(policy), somebody, now).events
    )


def _chase(number: int, now: datetime, company: Company, state: State) -> list[str]:
    """Remind the owner of one action, or call the next; returns what was done."""
    with state.writing() as connection:
        action = find_action(connection, number, lock=True)
        if action is None:
            raise LookupError(f"corrective action {number} was there a moment ago")
        acting = Acting(connection, company, action, now)
        policy = acting.policy
        change = remind(action, policy.calendar, acting.owner, now)
        if not change.events:
            change = call_others(action, policy.calendar, answer_within(policy), acting.next, now)
        acting.write(change)
    return [SAID[event.step] for event in change.events]


def answer_within(policy: Policy) -> int | None:
    """Working hours that an owner has to answer: those of the ladder's lowest tier in which silence calls others."""
    return next((tier.answer_within for tier in policy.ladder if tier.answer_within is not None), None)


JOB = Job("chase_actions", "every 15m", run)
