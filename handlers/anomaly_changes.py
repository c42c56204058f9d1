"""Writing what somebody says of an anomaly, with what Slack is to show of it and the record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from finops.anomaly import Anomaly, AnomalyChange
from finops.company import Company
from handlers.alert_changes import place_of
from handlers.anomaly_access import AnomalyCase
from storage.anomalies import anomaly_entries, save_anomalies
from storage.audit import append
from storage.deliveries import find, queue
from storage.leaves import stand_ins
from storage.people import read_directory
from views.anomaly import anomaly_message
from views.anomaly_effects import ToldAnomaly, anomaly_effects
from views.message import Message
from views.people import stood_in


def commit_anomaly(
    connection: Connection, company: Company, case: AnomalyCase, change: AnomalyChange, now: datetime
) -> AnomalyCase:
    """Write a change of an anomaly; comes last in its transaction.

    Returns:
        The case as it is now; unchanged where nothing happened.
    """
    if not change.events:
        return case
    [saved] = save_anomalies(connection, [change], now)
    directory = read_directory(connection)
    called = stood_in(directory.asked_first(company, case.team), stand_ins(connection, company.today(now)))
    place = place_of(company, case.team)
    first = find(connection, saved.anomaly.message) is None
    told = ToldAnomaly(saved, case.team, case.policy, place, called, directory.members, is_first=first)
    queue(connection, anomaly_effects(told, directory.names, now), now)
    append(connection, anomaly_entries([saved]))
    return replace(case, anomaly=saved.anomaly)


def shown_anomaly(connection: Connection, company: Company, case: AnomalyCase, now: datetime) -> Message:
    """An anomaly in full, for one person alone."""
    directory = read_directory(connection)
    called = stood_in(directory.asked_first(company, case.team), stand_ins(connection, company.today(now)))
    calendar = case.policy.calendar
    return anomaly_message(case.anomaly, case.team, called, directory.names, calendar, calendar.day_of(now))


def ids_of(anomalies: Iterable[Anomaly]) -> set[str]:
    """Slack ids of everybody whom lists of anomalies name."""
    found = {who for each in anomalies for who in (each.silent_by, each.reviewed_by, each.investigated_by) if who}
    return found | {each.answer.by for each in anomalies if each.answer}
