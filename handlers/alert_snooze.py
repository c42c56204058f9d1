"""Snoozing an alert: a form, a preview of what it will silence, and only then the silence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from finops import alert as alerts
from finops.alert import Alert, AnswerRefused, Setting
from finops.company import Company
from handlers.alert_access import Asker, Case
from handlers.alert_changes import commit, ids_of
from handlers.request import Reply, Request
from storage.people import names_of
from storage.state import State
from views.snooze import UNTIL, WHY, snooze_modal, snooze_preview
from views.time import day


def open_form(request: Request, *, company: Company, state: State) -> Reply:
    """Ask until when and why."""
    with state.reading() as connection:
        asker = Asker(connection, company, request)
        case = asker.case(request.value)
        asker.require_answer(case)
    if not case.alert.step:
        raise AnswerRefused("It is resolved already.", "There is nothing left to snooze.")
    return Reply(modal=snooze_modal(case.alert, case.team, case.policy, request.now))


def preview(request: Request, *, company: Company, state: State) -> Reply:
    """Say what the snooze asked for will silence; what is wrong with it is said at its field."""
    with state.reading() as connection:
        asker = Asker(connection, company, request)
        case = asker.case(str(request.metadata.get("alert", "")))
        asker.require_answer(case)
        names = names_of(connection, ids_of(case.alert, (), None))
    why, until = request.inputs.get(WHY, ""), _until(request.inputs.get(UNTIL, ""), case)
    errors = {}
    if not why.strip():
        errors[WHY] = "Say in a few words why nobody need look until then."
    try:
        # A reason of its own, so that what is refused here is the day.
        _refuse_today(until, case, request.now)
        alerts.snooze(case.alert, request.user_id, until, why.strip() or "-", Setting(case.policy), request.now)
    except AnswerRefused as refusal:
        errors[UNTIL] = str(refusal)
    if errors:
        return Reply(errors=errors)
    shown = snooze_preview(case.alert, case.team, case.policy, until, why, names, request.now)
    return Reply(next_view=_carrying(shown, case.alert))


def snooze(request: Request, *, company: Company, state: State) -> Reply:
    """Keep silent what the preview showed, unless the alert has moved since."""
    carried = request.metadata
    with state.writing() as connection:
        asker = Asker(connection, company, request)
        case = asker.case(str(carried.get("alert", "")), lock=True)
        asker.require_answer(case)
        if carried.get("step") != case.alert.step:
            raise AnswerRefused("The alert has moved since you looked.", "Go back and see what a snooze silences now.")
        until, why = datetime.fromisoformat(str(carried["until"])), str(carried["why"])
        _refuse_other(connection, case, carried)
        change = alerts.snooze(case.alert, request.user_id, until, why, Setting(case.policy), request.now)
        commit(connection, company, case, change, request.now, silences=True)
    return Reply()


def _refuse_other(connection: Connection, case: Case, carried: Mapping[str, Any]) -> None:
    """Nobody's snooze takes the place of another's that they did not see."""
    held = case.alert.snooze
    if held is not None and held.at.isoformat() != carried.get("seen"):
        who = names_of(connection, [held.by]).get(held.by, held.by)
        until = day(case.policy.calendar.day_of(held.until))
        raise AnswerRefused(f"{who} has snoozed it meanwhile, until {until}.", "End that snooze first, or leave it.")


def _refuse_today(until: datetime, case: Case, now: datetime) -> None:
    """Silence for the minutes until work begins is none."""
    if case.policy.calendar.day_of(until) <= case.policy.calendar.day_of(now):
        raise AnswerRefused("A snooze ends on a day after today.", "Choose a later day.")


def _until(text: str, case: Case) -> datetime:
    """When a snooze until a day ends: as work begins on it, so that the day itself is not slept through."""
    try:
        return case.policy.calendar.begin_of(date.fromisoformat(text))
    except ValueError:
        raise AnswerRefused(f"'{text}' is not a day.", "Choose one.") from None


def _carrying(view: dict[str, Any], alert: Alert) -> dict[str, Any]:
    """A preview that knows what it looked at: what has risen or was snoozed since is not what the person meant."""
    carried = json.loads(view["private_metadata"])
    carried |= {"step": alert.step, "seen": alert.snooze.at.isoformat() if alert.snooze else None}
    return view | {"private_metadata": json.dumps(carried, ensure_ascii=False)}
