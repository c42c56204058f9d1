"""`/finops budget`: a team's budgets from this month on, how near the last ones came, and requests for others."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import Connection

from finops.accuracy import MIDDLE, accuracy
from finops.budget_request import RequestStage
from finops.company import Company, Team
from finops.forecast import RHYTHM_DAYS
from finops.history import Mornings
from finops.periods import Month
from handlers.alert_access import Asker
from handlers.arguments import one_team, team_asked_for
from handlers.budget_requests import approved, asked, open_form, open_refusal, refused, withdrawn
from handlers.request import Command, Reply, Request
from storage.budget_requests import requests_in
from storage.forecast_history import told_on
from storage.people import names_of
from storage.plan_data import budget_versions, planned_budgets, team_history
from storage.state import State
from views.budget import budget_message
from views.budget_request import APPROVE, ASK, CALLBACK, REFUSAL_CALLBACK, REFUSE, WITHDRAW
from views.message import Message

BACK, AHEAD, MOST = 6, 3, 8
"""Months whose accuracy is shown; months shown from the running one on, with a budget or without; and at most."""


def answer(request: Request, *, company: Company, state: State) -> Reply:
    """One team's budgets."""
    with state.reading() as connection:
        named = one_team(connection, company, request.user_id, request.words)
        team = named or team_asked_for(connection, company, request.user_id, None)
        return Reply(_message(connection, company, request, team))


def _message(connection: Connection, company: Company, request: Request, team: Team) -> Message:
    today = company.today(request.now, team)
    running, asker = Month.of(today), Asker(connection, company, request)
    past = running.before(BACK)[::-1]
    versions = budget_versions(connection, team=team.slug)
    months = _shown(running, {version.month for version in versions})
    shown = [version for version in versions if version.month in months]
    first = past[0].first - timedelta(days=RHYTHM_DAYS)
    history = team_history(connection, company.basis, team.slug, first, past[-1].last)
    planned = planned_budgets(versions, company, {team.slug: team}).get(team.slug, {})
    told = told_on(connection, past, company.basis, MIDDLE, team.slug).get(team.slug, {})
    near = accuracy(team.slug, past, history, Mornings(history, company), company, today, planned, told)
    waiting = requests_in(connection, team=team.slug, stages=(RequestStage.ASKED,))
    people = {each.asked_by for each in waiting} | {version.recorded_by for version in shown}
    return budget_message(
        team,
        months,
        shown,
        list(near),
        waiting,
        names_of(connection, people),
        currencies=_currencies(company, team, {version.currency for version in shown}),
        asks=any(asker.has(role, team) for role in company.budgets.askers),
        decides=any(asker.has(role, team) for role in company.budgets.approvers),
        user_id=request.user_id,
    )


def _shown(running: Month, budgeted: Collection[Month]) -> list[Month]:
    """The running month and those after it: the first ones, and further ones that have a budget."""
    first = [running]
    while len(first) < AHEAD:
        first.append(first[-1].next)
    return [*first, *sorted(month for month in budgeted if month > first[-1])][:MOST]


def _currencies(company: Company, team: Team, budgeted: Collection[str]) -> list[str]:
    """Those that the team has budgets in, its own first; its own where it has none."""
    own = team.currency or company.currency
    return sorted(budgeted or {own}, key=lambda currency: (currency != own, currency))


COMMAND = Command(
    "budget",
    "[team]",
    "a team's budgets, how near the last ones came, and requests for others",
    answer,
    actions={
        ASK: open_form,
        APPROVE: approved,
        REFUSE: open_refusal,
        WITHDRAW: withdrawn,
    },
    submissions={CALLBACK: asked, REFUSAL_CALLBACK: refused},
)
