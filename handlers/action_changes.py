"""Writing what happened to a corrective action, with what Slack is to show of it and the record."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from finops.company import Company
from finops.corrective_action import ActionChange, ActionStage
from handlers.action_access import ActionCase
from handlers.alert_changes import place_of
from storage.audit import append
from storage.corrective_actions import action_entries, save_change, thread_of
from storage.deliveries import answer_question, queue
from storage.explained_months import read_explained
from storage.people import names_of
from views.action_notes import answered_note, change_effects, owner_effect
from views.explanation_effects import Told, explanation_effects


def commit_action(
    connection: Connection, company: Company, case: ActionCase, change: ActionChange, now: datetime
) -> ActionChange:
    """Write a change of an action, or a new one; comes last in its transaction.

    Its explanation's message shows it as it is now. What asked its owner and others for an answer asks no more; whom it
    is given to is told.

    Args:
        case: as it was before.
    """
    if not change.events:
        return change
    saved = save_change(connection, change, now)
    action, before = saved.action, case.action
    names = names_of(connection, {action.owner, before.owner, *(event.by for event in saved.events)})
    if before.reminded_at:
        today = company.today(now, case.team)
        said = answered_note(action, saved.events[-1], case.team, names, today).as_payload()
        for step in ("overdue", "called"):
            answer_question(connection, f"action/{action.number}/{step}", said, now)
    place = thread_of(connection, action, place_of(company, case.team))
    queue(connection, change_effects(saved, case.team, place, names, now, case.policy), now)
    if action.explanation and (explained := read_explained(connection, company, case.team, action.key, now)):
        queue(connection, explanation_effects(Told((), *explained), now), now)
    by = saved.events[-1].by
    if action.stage is ActionStage.OPEN and action.owner != by and (not before.number or action.owner != before.owner):
        queue(connection, [owner_effect(action, by, case.team, names, now, case.policy)], now)
    append(connection, action_entries([saved]))
    return saved
