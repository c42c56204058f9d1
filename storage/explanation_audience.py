"""Who is told of a team's explanations and where, as the workspace and the deliveries are now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from finops.alert_state import AlertKey, Callee
from finops.company import Company, Team
from finops.corrective_action import CorrectiveAction
from finops.explanation import Explanation, VarianceKey
from finops.explanation_told import Audience
from finops.policy import Kind
from storage.corrective_actions import actions_of
from storage.deliveries import Delivery, find, is_shown
from storage.leaves import stand_ins
from storage.people import read_directory

SPOKEN_IN = (Kind.CLOSED, Kind.FORECAST)
"""Kinds of alerts in whose thread explanations stand, the first that there is."""
MOST_PARTS = 20


def read_audience(
    connection: Connection,
    company: Company,
    team: Team,
    key: VarianceKey,
    explanations: Sequence[Explanation],
    now: datetime,
) -> Audience:
    """Everything that is needed to say what happened to explanations of one team's month.

    Args:
        explanations: all of the month's, the changed ones as they are now.
    """
    alert = _alert_message(connection, key)
    own = {each.number: find(connection, f"explanation/{each.id}") for each in explanations}
    threads = {number: posted.thread_of if posted else alert.key if alert else "" for number, posted in own.items()}
    actions: dict[int, list[CorrectiveAction]] = {}
    for action in actions_of(connection, key):
        actions.setdefault(action.explanation, []).append(action)
    directory = read_directory(connection)
    away = stand_ins(connection, company.today(now, team))
    called = directory.callees(company, team)
    reviewers = [_reached(each, away) for role in company.explanations.reviewers for each in called.get(role, ())]
    return Audience(
        team=team,
        policy=company.policy(team),
        place=alert.destination if alert else team.channel or company.alerts.channel,
        threads=threads,
        parts={each.number: _parts(connection, each) for each in explanations},
        reviewers=tuple(reviewers),
        members=directory.members,
        names=directory.names,
        actions={number: tuple(found) for number, found in actions.items()},
    )


def _alert_message(connection: Connection, key: VarianceKey) -> Delivery | None:
    """The message of the month's alert, the final actual's before the forecast's; None where there is none."""
    for kind in SPOKEN_IN:
        posted = find(connection, f"alert/{AlertKey(key.team, key.month, kind, key.currency)}")
        if posted and is_shown(connection, posted):
            return posted
    return None


def _parts(connection: Connection, explanation: Explanation) -> int:
    """How many messages an explanation's own went on in so far."""
    for number in range(2, MOST_PARTS):
        if find(connection, f"explanation/{explanation.id}/{number}") is None:
            return number - 2
    return MOST_PARTS


def _reached(called: Callee, away: dict[str, str]) -> Callee:
    """Whoever is reached; a stand-in who is on leave too replaces nobody."""
    other = away.get(called.id)
    return replace(called, id=other, stands_in_for=called.id) if other and other not in away else called
