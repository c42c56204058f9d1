"""What a month's report says nobody has done: explanations, reviews, answers, duties of alerts, corrective actions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from finops.alert import Alert, rung_name
from finops.company import Company, Team
from finops.corrective_action import ActionStage, CorrectiveAction
from finops.explanation import WITH_AUTHOR, Explanation, Stage
from finops.variance_report import Duty, TeamReport, Undone


def undone_of(
    rows: Sequence[TeamReport], alerts: Sequence[Alert], company: Company, teams: Mapping[str, Team]
) -> tuple[Undone, ...]:
    """Everything undone, team by team in the order of the rows, then alerts' duties.

    What is late is what has been called overdue: the report of a database does not change with the clock.
    """
    found = [undone for row in rows for undone in _of_row(row)]
    return (*found, *(_of_alert(alert, company, teams) for alert in alerts if was_called_overdue(alert)))


def was_called_overdue(alert: Alert) -> bool:
    """Whether the duty of the rung it stands on was called overdue."""
    return alert.step > 0 and alert.step in alert.overdue


def _of_row(row: TeamReport) -> Iterator[Undone]:
    key = row.figures.key
    if row.is_open and row.coverage and row.coverage.open:
        yield Undone(Duty.EXPLAIN, key.team, key.currency, row.coverage.open)
    for explanation in row.explanations:
        if explanation.stage is Stage.SUBMITTED or explanation.stage in WITH_AUTHOR:
            yield _of_explanation(explanation)
    for action in row.actions:
        if action.stage is ActionStage.OPEN and action.reminded == action.due:
            yield _of_action(action)


def _of_explanation(explanation: Explanation) -> Undone:
    waits_for_author = explanation.stage in WITH_AUTHOR
    return Undone(
        Duty.ANSWER if waits_for_author else Duty.REVIEW,
        explanation.key.team,
        explanation.key.currency,
        explanation.wording.amount,
        explanation.author if waits_for_author else "",
        explanation.due,
        explanation.due is not None and explanation.reminded == explanation.due,
        explanation.id,
    )


def _of_action(action: CorrectiveAction) -> Undone:
    team, currency = action.key.team, action.key.currency
    late = action.reminded == action.due
    return Undone(
        Duty.ACTION, team, currency, action.promised, action.owner, action.due, late, str(action.number), action.text
    )


def _of_alert(alert: Alert, company: Company, teams: Mapping[str, Team]) -> Undone:
    key = alert.key
    policy = company.policy(teams.get(key.team) or Team(key.team, key.team))
    words = rung_name(key.kind, alert.step, policy)
    return Undone(Duty.ALERT, key.team, key.currency, None, "", alert.due, True, str(key), words)
