"""Hold every team's month against its budget: alerts rise, fall and resolve with the figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from finops.alert import Action, Change, conclude
from finops.company import Company, Team
from finops.company_words import company_words
from finops.evaluation import Read, decide
from finops.evaluation import readings as readings_of
from finops.explained_alert import explained_before
from finops.explained_month import alert_number, is_explained, variance_key
from finops.explanation import STANDING
from finops.periods import Month
from finops.policy import Kind
from jobs.alerting import Alerting
from jobs.job import Job, Outcome
from storage.alerts import alert_keys, alerts_by_key, alerts_of_teams, is_newest, living_alerts, was_evaluated
from storage.audit import note_settings
from storage.closed_months import basis_of
from storage.explanations import explanations_of_month
from storage.publish import newest_publication
from storage.state import State
from storage.team_months import team_months
from storage.teams import all_teams

EXPLAINED = "what it asked for is done, and its month is long closed"
NEVER_COMPLETE = "its month's data never became complete, and its figures are not looked at any more"
TEAMS_AT_ONCE = 100
"""Teams of one transaction: a click on an alert waits for no more than these."""


def run(*, now: datetime, company: Company, state: State) -> Outcome:
    """Evaluate the month that runs and the one before, and the one before that if it was then: bills are restated."""
    with state.writing() as connection:
        # Alerts are judged by it from here on: what of it has changed is on record before them.
        note_settings(connection, company_words(company), now)
    month = Month.of(company.today(now))
    counts = _evaluate(month, now, company, state) + _evaluate(month.previous, now, company, state)
    oldest = month.previous.previous
    with state.reading() as connection:
        known = was_evaluated(connection, oldest)
    if known:
        counts += _evaluate(oldest, now, company, state)
    counts += _give_up(oldest, now, company, state)
    said = ", ".join(f"{number} {what}" for what, number in sorted(counts.items()))
    return Outcome(said or "nothing changed")


def _evaluate(month: Month, now: datetime, company: Company, state: State) -> Counter[str]:
    """One month's alerts; returns how many of each thing happened."""
    with state.reading() as connection:
        publication = newest_publication(connection)
        teams = all_teams(connection, company)
        months = team_months(connection, company, month, company.today(now), basis_of(connection, month, company.basis))
        known = alert_keys(connection, month)
    readings: dict[str, list[Read]] = defaultdict(list)
    for key, reading in readings_of(months, company, publication, now):
        readings[key.team].append((key, reading))
    # A team without an alert and on no rung has nothing to be decided.
    concerned = {key.team for key in known}
    slugs = [slug for slug, found in readings.items() if slug in concerned or any(each.step for _, each in found)]
    counts: Counter[str] = Counter()
    for start in range(0, len(slugs), TEAMS_AT_ONCE):
        some = slugs[start : start + TEAMS_AT_ONCE]
        with state.writing() as connection:
            if not is_newest(connection, month, publication, now):
                return counts
            alerts = alerts_of_teams(connection, month, some, lock=True)
            alerting = Alerting(connection, company, teams, now)
            changes = decide([each for slug in some for each in readings[slug]], alerts, alerting, now)
            saved = alerting.write(_explained(changes, month, teams, connection, alerting, now, company))
        counts.update(str(event.action) for change in saved for event in change.events)
    return counts


def _explained(
    changes: Sequence[Change],
    month: Month,
    teams: Mapping[str, Team],
    connection: Connection,
    alerting: Alerting,
    now: datetime,
    company: Company,
) -> list[Change]:
    """The same, where a closed month that was explained while it ran asks nobody for what is written already."""
    rises = {change.alert.key for change in changes if _asks_to_explain(change)}
    if not rises:
        return list(changes)
    written = explanations_of_month(connection, month, {key.team for key in rises})
    decided = []
    for change in changes:
        alert, number = change.alert, alert_number(change.alert)
        known = written.get(variance_key(alert.key), ()) if alert.key in rises else ()
        explanations = [each for each in known if each.stage in STANDING]
        team = teams.get(alert.key.team)
        material = (team.materiality if team else None) or company.materiality
        if explanations and number and is_explained(number, explanations, material, company.explanations.moved):
            by = max(explanations, key=lambda each: each.submitted_at).author
            change = explained_before(change, by, alerting.setting(alert.key.team), now)
        decided.append(change)
    return decided


def _asks_to_explain(change: Change) -> bool:
    """Whether a closed month's alert rises to where its explanation is asked for."""
    risen = any(event.action in (Action.RAISED, Action.ROSE) for event in change.events)
    return change.alert.key.kind is Kind.CLOSED and risen and not change.alert.duty_done


def _give_up(oldest: Month, now: datetime, company: Company, state: State) -> Counter[str]:
    """End what is left of months that are looked at no more: explained, or their data never became complete."""
    with state.reading() as connection:
        left = {
            alert.key: EXPLAINED if alert.key.kind is Kind.CLOSED else NEVER_COMPLETE
            for alert in living_alerts(connection, before=oldest)
            if alert.key.kind is not Kind.CLOSED or alert.duty_done
        }
        teams = all_teams(connection, company)
    if not left:
        return Counter()
    with state.writing() as connection:
        alerting = Alerting(connection, company, teams, now)
        alerts = alerts_by_key(connection, list(left)[:TEAMS_AT_ONCE], lock=True).values()
        changes = [conclude(alert, left[alert.key], alerting.setting(alert.key.team), now) for alert in alerts]
        saved = alerting.write([change for change in changes if change.events])
    return Counter(str(event.action) for change in saved for event in change.events)


JOB = Job("evaluate_alerts", "every 1h", run, shows_figures=True)
