"""An alert of AWS becomes one record and one thing said: on our own anomaly, in the thread of our own alert, or alone.

What the web process and the job that reads the queue share. It moves none of our alerts: it is of another basis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from finops.alert import Alert, AlertKey
from finops.anomaly import Anomaly
from finops.anomaly_joined import joined_with, with_aws
from finops.company import Company, Team
from finops.effect import Effect
from finops.incoming_alert import IncomingAlert, Origin, Received
from finops.incoming_team import team_of
from finops.policy import Kind
from finops.team_month import TeamMonth
from jobs.alerting import Alerting
from jobs.telling_anomalies import AnomalyTelling
from storage.alerts import alerts_of_teams, find_alert
from storage.anomalies import anomalies_in
from storage.deliveries import find, is_shown, queue
from storage.incoming_alerts import find_received, record, rewrite
from storage.state import State
from storage.team_months import team_answer
from storage.teams import all_teams
from views.incoming_alert import incoming_message, incoming_note, unowned_message

SPEAKS = (Kind.FORECAST, Kind.CLOSED, Kind.THRESHOLD)
"""Which of a month's alerts it is told beside, where several are alive."""


class Taken(StrEnum):
    """What became of an incoming alert."""

    NEW = "new"
    CHANGED = "changed"
    KNOWN = "known"


def take_in(alert: IncomingAlert, *, company: Company, state: State, now: datetime) -> Taken:
    """Record an alert of AWS and queue what is said of it, in one transaction, once however often it comes.

    An anomaly that has grown changes what was said of it before.
    """
    with state.writing() as connection:
        teams = all_teams(connection, company)
        slug = team_of(alert, company, teams)
        team = teams.get(slug) or Team(slug, slug)
        received = Received(alert, slug, alert.currency or team.currency or company.currency, now)
        anomaly = _anomaly(connection, received)
        if anomaly and anomaly.told_at:
            received = replace(received, told_in=anomaly.message)
        elif company.alerts.live and (ours := _living(connection, received)):
            received = replace(received, told_in=str(ours.key))
        taken = Taken.NEW
        if not record(connection, received):
            known = find_received(connection, alert, lock=True)
            if known is None or not alert.is_newer_than(known.alert):
                return Taken.KNOWN
            received = replace(known, alert=replace(alert, day=known.alert.day))
            anomaly = _anomaly(connection, received)
            rewrite(connection, received)
            taken = Taken.CHANGED
        # In shadow mode nothing is posted; once it is live, what is on record stands on the alerts.
        if company.alerts.live and not (anomaly and anomaly.message in (received.told_in, received.effect)):
            _say(connection, received, company, teams, now)
        if anomaly:
            AnomalyTelling(connection, company, teams, now).write([with_aws(anomaly, received.alert, now)])
    return taken


def _anomaly(connection: Connection, received: Received) -> Anomaly | None:
    """Our own anomaly that an alert of AWS is, locked: the one that it was joined to before, where it was."""
    if received.alert.origin is not Origin.ANOMALY_DETECTION:
        return None
    ours = anomalies_in(connection, [received.team], lock=True)
    before = (each for each in ours if any(finding.id == received.alert.id for finding in each.aws))
    return next(before, None) or joined_with(ours, received.alert, received.team)


def _living(connection: Connection, received: Received) -> Alert | None:
    """Our alert of that team, month and currency, locked, where it is alive and has a message of its own."""
    found = alerts_of_teams(connection, received.alert.month, [received.team], lock=True)
    for kind in SPEAKS:
        ours = found.get(AlertKey(received.team, received.alert.month, kind, received.currency))
        if not ours or not ours.step or not ours.live or ours.beside:
            continue
        posted = find(connection, f"alert/{ours.key}")
        if posted and is_shown(connection, posted):
            return ours
    return None


def _say(
    connection: Connection, received: Received, company: Company, teams: Mapping[str, Team], now: datetime
) -> None:
    """Queue the note with the alert's message anew, or the message of its own."""
    team = teams.get(received.team) or Team(received.team, received.team)
    place = team.channel or company.alerts.channel
    if received.told_in:
        if ours := find_alert(connection, AlertKey.parse(received.told_in), lock=True):
            Alerting(connection, company, teams, now).refresh(ours)
        shown, thread = incoming_note(received), f"alert/{received.told_in}"
    elif received.team:
        shown, thread = incoming_message(received, team, _own(connection, received, company, team, now)), ""
    else:
        shown, thread = unowned_message(received), ""
    if place:
        effect = Effect(received.effect, "incoming", place, shown.as_payload(), received.team, thread_of=thread)
        queue(connection, [effect], now)


def _own(connection: Connection, received: Received, company: Company, team: Team, now: datetime) -> TeamMonth | None:
    """Our own figures of that month in the same currency."""
    today = company.today(now, team)
    answer = team_answer(connection, company, team, received.alert.month, today, company.basis)
    return next((each for each in (answer.month, *answer.others) if each.currency == received.currency), None)
