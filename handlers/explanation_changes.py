"""Writing what happened to explanations, with what Slack is to show of it and the record."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from sqlalchemy import Connection

from finops.alert import AlreadyAnswered, AnswerRefused, Change, Setting, Status, acknowledge, do_duty, duty_of
from finops.company import Company
from finops.corrective_action import ActionChange
from finops.effect import Effect
from finops.explained_alert import unexplained
from finops.explained_month import is_explained, variance_key
from finops.explanation import EXPLAINED, ExplanationChange
from finops.explanation_told import Audience
from finops.freeze_decision import is_emergency
from handlers.alert_access import Asker, Case
from handlers.alert_changes import commit, shown
from handlers.explanation_access import Subject
from storage.alerts import alerts_of_teams
from storage.audit import append
from storage.corrective_actions import action_entries, save_action
from storage.deliveries import answer_question, find, is_shown, queue
from storage.explanation_audience import read_audience
from storage.explanations import explanation_entries, save_explanation
from storage.people import names_of
from views.action_notes import owner_effect
from views.explanation_effects import Told, answered, explanation_effects


def commit_explanation(
    connection: Connection,
    company: Company,
    subject: Subject,
    change: ExplanationChange,
    now: datetime,
    *,
    plans: Sequence[ActionChange] = (),
    asker: Asker | None = None,
) -> Subject:
    """Write a change of an explanation with the actions planned in it; comes last in its transaction.

    Args:
        subject: locked.
        asker: who explains, and so answers the month's alerts.

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
    for alert in subject.alerts:
        _answer(connection, company, after, Case(alert, subject.team, subject.policy), saved, asker, now)
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
    told = Told(changes, subject.explanations, subject.coverage, subject.number.basis, audience)
    for change in changes:
        if asked := answered(change, told):
            key, message = asked
            answer_question(connection, key, message.as_payload(), now)
    queue(connection, explanation_effects(told, now), now)
    queue(connection, _alerts_shown(connection, company, subject, now), now)
    return told


def _alerts_shown(connection: Connection, company: Company, subject: Subject, now: datetime) -> list[Effect]:
    """The messages of the month's alerts, which say how far it is explained; the alerts are locked."""
    effects: list[Effect] = []
    for alert in alerts_of_teams(connection, subject.key.month, [subject.team.slug]).values():
        posted = find(connection, f"alert/{alert.key}")
        if variance_key(alert.key) == subject.key and posted and is_shown(connection, posted):
            effects += shown(connection, company, Case(alert, subject.team, subject.policy), Change(alert), now)
    return effects


def audience_of(connection: Connection, company: Company, subject: Subject, now: datetime) -> Audience:
    """Who is told of a subject's explanations, and where."""
    return read_audience(connection, company, subject.team, subject.key, subject.explanations, now)


def _answer(
    connection: Connection,
    company: Company,
    subject: Subject,
    case: Case,
    change: ExplanationChange,
    asker: Asker | None,
    now: datetime,
) -> None:
    """An explanation of the whole is what an alert asks for, until it does not hold any more.

    One of a part, or where more is asked for, only answers the alert.
    """
    setting, whole = Setting(case.policy), _is_whole(subject, company)
    if not whole:
        case = commit(connection, company, case, unexplained(case.alert, change, setting, now), now)
    if asker is None or case.alert.status(now) is Status.RESOLVED or not asker.answers(case):
        return
    asks = duty_of(case.alert.key.kind, case.alert.step, case.policy) and not is_emergency(case.alert, case.policy)
    answer = do_duty if whole and asks else acknowledge
    with suppress(AlreadyAnswered, AnswerRefused):
        commit(
            connection, company, case, answer(case.alert, asker.user_id, EXPLAINED, setting, now), now, silences=True
        )


def _is_whole(subject: Subject, company: Company) -> bool:
    """Whether the month is explained."""
    material, moved = subject.team.materiality or company.materiality, company.explanations.moved
    return is_explained(subject.number, subject.explanations, material, moved)
