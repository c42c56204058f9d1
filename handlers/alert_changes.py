"""Writing what happened to an alert or a freeze, with what Slack is to show of it and the record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from finops.alert import Alert, Change, Event
from finops.company import Company, Team
from finops.effect import Effect
from finops.explained_month import coverage_of_alert, variance_key
from finops.explanation import Coverage
from finops.freeze import Freeze
from finops.freeze_decision import decision_on
from handlers.alert_access import Case
from storage.alerts import entries_of, save_alerts
from storage.audit import append
from storage.deliveries import queue, withdraw
from storage.explanations import explanations_of
from storage.freezes import freezes_of
from storage.incoming_alerts import received_beside
from storage.leaves import stand_ins
from storage.people import names_of
from views.alert_effects import Told, alert_effects


def place_of(company: Company, team: Team) -> str:
    """Where a team's alerts stand, empty for nowhere."""
    return team.channel or company.alerts.channel


def commit(
    connection: Connection, company: Company, case: Case, change: Change, now: datetime, *, silences: bool = False
) -> Case:
    """Write a change of an alert; comes last in its transaction.

    Args:
        silences: whether calls that are not yet sent are needless now.

    Returns:
        The case as it is now; unchanged where nothing happened.
    """
    if change == Change(case.alert):
        return case
    [saved] = save_alerts(connection, [(change, case.policy)], now)
    if silences:
        withdraw(connection, f"call/{saved.alert.key}/")
    queue(connection, shown(connection, company, case, saved, now), now)
    append(connection, entries_of([saved]))
    return replace(case, alert=saved.alert)


def shown(connection: Connection, company: Company, case: Case, change: Change, now: datetime) -> list[Effect]:
    """What Slack is to show of a change that is stored; without events, of what has changed beside the alert."""
    alert = change.alert
    freeze = decision_for(connection, replace(case, alert=alert))
    away, place = stand_ins(connection, company.today(now)), place_of(company, case.team)
    received = received_beside(connection, [alert.key])[alert.key]
    covered = coverage_for(connection, alert)
    told = Told(change, case.team, case.policy, place, freeze, away, coverage=covered, received=received)
    names = names_of(connection, ids_of(alert, change.events, freeze))
    return alert_effects([told], names, now)


def coverage_for(connection: Connection, alert: Alert) -> Coverage | None:
    """How far what an alert stands on is explained, None where nothing is to be."""
    return coverage_of_alert(alert, explanations_of(connection, variance_key(alert.key)))


def decision_for(connection: Connection, case: Case) -> Freeze | None:
    """The decision that counts for an alert, None while there is none."""
    return decision_on(case.alert, freezes_of(connection, case.alert.key), case.policy)


def ids_of(alert: Alert, events: Iterable[Event], freeze: Freeze | None) -> set[str]:
    """Slack ids of everybody whom messages about an alert name."""
    found = {callee.id for level in alert.chain for callee in level.callees}
    found |= {mark.by for mark in (alert.acknowledgement, alert.snooze) if mark}
    for event in events:
        found.add(event.by)
        found |= {each for callee in (*event.calls, *event.folded) for each in (callee.id, callee.stands_in_for)}
    if freeze:
        found |= {freeze.decided_by, freeze.ended_by}
        found |= {each for asked in freeze.exceptions for each in (asked.asked_by, asked.answered_by)}
    return found
