"""Remind those who may decide on a budget that somebody asks for, once its day has passed, in working hours."""

from __future__ import annotations

from datetime import datetime

from finops.budget_request import BudgetRequest, RequestStage, remind
from finops.calendar import WorkCalendar
from finops.company import Company, Team
from jobs.job import Job, Outcome
from storage.audit import append
from storage.budget_requests import find_request, reminder_entry, requests_in, save_request
from storage.deciders import approvers_now, group_members
from storage.deliveries import answer_question, queue
from storage.people import names_of
from storage.state import State
from storage.teams import all_teams, find_team
from views.budget_request import key_of, reminder_effects, request_message


def run(*, now: datetime, company: Company, state: State) -> Outcome:
    """Look at every request that nobody has decided, each in a transaction of its own, on its team's own clock."""
    with state.reading() as connection:
        waiting = requests_in(connection, stages=(RequestStage.ASKED,))
        policies = {slug: company.policy(team) for slug, team in all_teams(connection, company).items()}
    usual = company.policy(Team("", ""))
    late = [each.number for each in waiting if _is_due(each, policies.get(each.team, usual).calendar, now)]
    reminded = sum(_remind(number, now, company, state) for number in late)
    return Outcome(f"{reminded} overdue" if reminded else "nobody to remind")


def _is_due(request: BudgetRequest, calendar: WorkCalendar, now: datetime) -> bool:
    """Whether somebody has to be reminded now: few are due, so only these are locked."""
    return calendar.is_at_work(now) and remind(request, calendar, now) is not request


def _remind(number: int, now: datetime, company: Company, state: State) -> bool:
    """Say that one request is overdue; where nobody is known who may decide, nothing happens until somebody is."""
    with state.writing() as connection:
        was = find_request(connection, number, lock=True)
        if was is None:
            raise LookupError(f"budget request {number} was there a moment ago")
        team = find_team(connection, company, was.team) or Team(was.team, was.team)
        policy, place = company.policy(team), team.channel or company.alerts.channel
        approvers = approvers_now(connection, company, team, now, was.asked_by)
        request = remind(was, policy.calendar, now)
        if request is was or not approvers:
            return False
        request = save_request(connection, request, now)
        names = names_of(connection, {request.asked_by, *approvers})
        # What asks already has buttons that name the version before.
        asking = request_message(request, team, names, approvers)
        answer_question(connection, key_of(request), asking.as_payload(), now)
        members = group_members(connection)
        effects = reminder_effects(
            request, team, place, names, now, policy=policy, approvers=approvers, members=members
        )
        queue(connection, effects, now)
        append(connection, [reminder_entry(request, approvers, now)])
    return True


JOB = Job("chase_budget_requests", "every 15m", run)
