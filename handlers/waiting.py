"""What waits for a person: a sponsor's decisions, alerts nobody has taken on, explanations, actions and budgets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy import Connection

from finops.alert import Status
from finops.anomaly import RECENT, ranked
from finops.budget_request import RequestStage
from finops.company import Company, Team
from finops.corrective_action import ActionStage
from finops.explanation import WITH_AUTHOR, Stage
from finops.freeze_decision import is_emergency, is_undecided
from finops.policy import Role
from handlers.alert_access import Asker, cases_of, team_of
from handlers.anomaly_access import ANSWERERS
from handlers.freeze_access import as_of
from storage.alerts import living_alerts
from storage.anomalies import anomalies_in
from storage.budget_requests import requests_in
from storage.corrective_actions import actions_in
from storage.explanations import explanations_in
from storage.freezes import freezes_in_force, freezes_of
from storage.people import names_of
from views.home import Waiting
from views.waiting import (
    action_waits,
    anomaly_waits,
    answer_waits,
    decision_waits,
    exception_waits,
    explanation_waits,
    request_waits,
)


def waiting_for(
    connection: Connection, company: Company, asker: Asker, user_id: str, teams: Mapping[str, Team], now: datetime
) -> list[Waiting]:
    """Everything that waits for somebody, most urgent first.

    Args:
        teams: every team by slug.
    """
    cases = cases_of(living_alerts(connection), teams, company)
    decisions = [
        decision_waits(case.alert, case.team, case.policy)
        for case in cases
        if is_emergency(case.alert, case.policy)
        and asker.has(Role.EXECUTIVE_SPONSOR, case.team)
        and is_undecided(case.alert, freezes_of(connection, case.alert.key), case.policy)
    ]
    opened = [
        answer_waits(case.alert, case.team, case.policy, now)
        for case in sorted(cases, key=lambda case: (-case.alert.step, case.alert.key))
        if case.alert.status(now) is Status.OPEN and asker.answers(case)
    ]
    return [
        *decisions,
        *_exceptions(connection, company, asker, user_id, teams, now),
        *opened,
        *_anomalies(connection, company, asker, teams, now),
        *_explanations(connection, company, asker, user_id, teams, now),
        *_actions(connection, company, user_id, teams, now),
        *_requests(connection, company, asker, user_id, teams, now),
    ]


def _exceptions(
    connection: Connection, company: Company, asker: Asker, user_id: str, teams: Mapping[str, Team], now: datetime
) -> Iterator[Waiting]:
    freezes = [
        as_of(freeze, company, team_of(teams, freeze.alert.team), now)
        for freeze in freezes_in_force(connection)
        if freeze.waiting and asker.has(Role.EXECUTIVE_SPONSOR, team_of(teams, freeze.alert.team))
    ]
    names = names_of(connection, (asked.asked_by for freeze in freezes for asked in freeze.waiting))
    for freeze in freezes:
        for asked in freeze.waiting:
            if asked.asked_by != user_id:
                yield exception_waits(freeze, asked, team_of(teams, freeze.alert.team), names)


def _anomalies(
    connection: Connection, company: Company, asker: Asker, teams: Mapping[str, Team], now: datetime
) -> Iterator[Waiting]:
    """Anomalies of which nobody has said what they are, the largest amount first."""
    theirs = [slug for slug, team in teams.items() if any(asker.has(role, team) for role in ANSWERERS)]
    for each in ranked(anomalies_in(connection, theirs, since=company.today(now) - RECENT)) if theirs else ():
        team = teams[each.key.series.team]
        if each.asks(company.today(now, team)):
            yield anomaly_waits(each, team)


def _explanations(
    connection: Connection, company: Company, asker: Asker, user_id: str, teams: Mapping[str, Team], now: datetime
) -> Iterator[Waiting]:
    """What they are to review, and what they wrote and are to write anew."""
    found = explanations_in(connection, (Stage.SUBMITTED, *WITH_AUTHOR))
    names = names_of(connection, {who for each in found for who in (each.author, each.reviewer)})
    for each in found:
        team = team_of(teams, each.key.team)
        if each.stage in WITH_AUTHOR:
            theirs = each.author == user_id
        else:
            reviews = any(asker.has(role, team) for role in company.explanations.reviewers)
            theirs = reviews and user_id not in each.authors
        if theirs:
            yield explanation_waits(each, team, company.policy(team), names, now)


def _actions(
    connection: Connection, company: Company, user_id: str, teams: Mapping[str, Team], now: datetime
) -> Iterator[Waiting]:
    """What they are to have done by today, or should have."""
    for action in actions_in(connection, stages=(ActionStage.OPEN,), owner=user_id):
        today = company.today(now, team_of(teams, action.key.team))
        if action.due <= today:
            yield action_waits(action, team_of(teams, action.key.team), today)


def _requests(
    connection: Connection, company: Company, asker: Asker, user_id: str, teams: Mapping[str, Team], now: datetime
) -> Iterator[Waiting]:
    """Budgets that others ask for and that they decide on."""
    found = [each for each in requests_in(connection, stages=(RequestStage.ASKED,)) if each.asked_by != user_id]
    names = names_of(connection, {each.asked_by for each in found})
    for each in found:
        team = team_of(teams, each.team)
        if any(asker.has(role, team) for role in company.budgets.approvers):
            yield request_waits(each, team, company.policy(team), names, now)
