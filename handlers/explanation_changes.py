"""Writing what happened to explanations, with what Slack is to show of it and the record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from finops.alert import AlreadyAnswered, AnswerRefused, Setting, Status, acknowledge, do_duty, duty_of
from finops.company import Company
from finops.corrective_action import ActionChange
from finops.explanation import ROUNDED_AWAY, ExplanationChange
from finops.explanation_told import Audience
from finops.freeze_decision import is_emergency
from finops.policy import ratio_of
from handlers.alert_access import Asker, Case
from handlers.alert_changes import commit
from handlers.explanation_access import Subject
from storage.alerts import alerts_of_teams
from storage.audit import append
from storage.corrective_actions import action_entries, save_action
from storage.deliveries import answer_question, queue
from storage.explanation_audience import read_audience
from storage.explanations import explanation_entries, save_explanation
from storage.people import names_of
from views.action_notes import owner_effect
from views.explanation_effects import Told, answered, explanation_effects

VIA = "explanation"
"""How an alert was acknowledged by being explained."""


def open_cases(connection: Connection, asker: Asker, subject: Subject, now: datetime) -> list[Case]:
    """The month's alerts that wait for an answer and that the person may answer, locked.

    Alerts are locked before explanations, by everybody.
    """
    found = alerts_of_teams(connection, subject.key.month, [subject.team.slug], lock=True)
    cases = [Case(alert, subject.team, subject.policy) for alert in found.values() if alert.live]
    return [
        case
        for case in cases
        if case.alert.key.currency == subject.key.currency
        and case.alert.status(now) is not Status.RESOLVED
        and asker.answers(case)
    ]


def commit_explanation(
    connection: Connection,
    company: Company,
    subject: Subject,
    change: ExplanationChange,
    now: datetime,
    *,
    plans: Sequence[ActionChange] = (),
    cases: Sequence[Case] = (),
    by: str = "",
) -> Subject:
    """Write a change of an explanation with the actions planned in it; comes last in its transaction.

    Args:
        cases: alerts that it answers, locked.
        by: who answers them.

    Returns:
        The subject as it is now; unchanged where nothing happened.
    """
    if not change.events and not plans:
        return subject
    saved = save_explanation(connection, change, now) if change.events else change
    planned = [ActionChange(save_action(connection, plan.action, now), plan.events) for plan in plans]
    after = subject.with_change(saved.explanation)
    tell(connection, company, after, [saved], now)
    _tell_owners(connection, subject, planned, now)
    # The record last: on PostgreSQL the others wait from here on.
    for case in cases:
        _acknowledge(connection, company, case, by, now, whole=_is_whole(after, company))
    append(connection, [*explanation_entries([saved]), *action_entries(planned)])
    return after


def _tell_owners(connection: Connection, subject: Subject, planned: Sequence[ActionChange], now: datetime) -> None:
    """Whom a corrective action is given to hears of it, unless they planned it themselves."""
    given = [change.action for change in planned if change.action.owner != change.action.created_by]
    names = names_of(connection, {each for action in given for each in (action.owner, action.created_by)})
    effects = [owner_effect(each, each.created_by, subject.team, names, now, subject.policy) for each in given]
    queue(connection, effects, now)


def tell(
    connection: Connection, company: Company, subject: Subject, changes: Sequence[ExplanationChange], now: datetime
) -> Told:
    """Queue what Slack is to show of changes that are stored."""
    audience = audience_of(connection, company, subject, now)
    told = Told(changes, subject.explanations, subject.coverage, audience)
    for change in changes:
        if asked := answered(change, told):
            key, message = asked
            answer_question(connection, key, message.as_payload(), now)
    queue(connection, explanation_effects(told, now), now)
    return told


def audience_of(connection: Connection, company: Company, subject: Subject, now: datetime) -> Audience:
    """Who is told of a subject's explanations, and where."""
    return read_audience(connection, company, subject.team, subject.key, subject.explanations, now)


def _is_whole(subject: Subject, company: Company) -> bool:
    """Whether what nobody has explained of the month is too small to count."""
    left = subject.coverage.open
    budget = subject.variance.budget if subject.variance else None
    material = subject.team.materiality or company.materiality
    return abs(left) <= ROUNDED_AWAY or not material.reached(left, ratio_of(left, budget))


def _acknowledge(connection: Connection, company: Company, case: Case, by: str, now: datetime, *, whole: bool) -> None:
    """An explanation of the whole is what its alert asks for; of a part, or where more is asked for, it answers it."""
    setting = Setting(case.policy)
    try:
        if (
            not whole
            or is_emergency(case.alert, case.policy)
            or not duty_of(case.alert.key.kind, case.alert.step, case.policy)
        ):
            change = acknowledge(case.alert, by, VIA, setting, now)
        else:
            change = do_duty(case.alert, by, "explained", setting, now)
    except (AlreadyAnswered, AnswerRefused):
        return
    commit(connection, company, case, change, now, silences=True)
