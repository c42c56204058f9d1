"""An explanation is submitted: it is written with its actions, and answers its alert."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from finops.company import Company
from finops.corrective_action import ActionChange
from finops.explanation import (
    ChangedMeanwhile,
    Explanation,
    ExplanationChange,
    Stage,
    Wording,
    edit,
    submit,
)
from handlers.alert_changes import place_of
from handlers.explanation_access import (
    Subject,
    find_explanation_in,
    locked,
    require_number,
)
from handlers.explanation_changes import commit_explanation
from handlers.explanation_drafts import Opened, end_draft
from handlers.explanation_fields import (
    Carried,
    at_fields,
)
from handlers.request import Reply, Request
from storage.explanations import (
    next_number,
)
from storage.people import names_of
from views.amounts import month_name
from views.explanation_next import (
    FOLLOWING,
)
from views.explanation_words import coverage_line
from views.notes import note
from views.sentences import called_by


def submitted(
    connection: Connection,
    company: Company,
    request: Request,
    found: Opened,
    carried: Carried,
    wording: Wording,
    plans: list[ActionChange],
) -> Reply:
    """Write it all: the explanation, its actions, what Slack is to show, and the record."""
    subject = locked(connection, found.subject)
    try:
        change = _change(connection, company, request, subject, carried, wording)
    except ChangedMeanwhile as meanwhile:
        said = changed_meanwhile(connection, meanwhile.explanation)
        return Reply(errors=at_fields({FOLLOWING: said}, carried.turn))
    end_draft(connection, request, found)
    if not change.events and not plans:
        return Reply(note("Nothing of the explanation was changed."))
    number = change.explanation.number
    plans = [replace(plan, action=replace(plan.action, explanation=number)) for plan in plans]
    after = commit_explanation(connection, company, subject, change, request.now, plans=plans, asker=found.asker)
    where = "" if place_of(company, subject.team) else " The team has no channel in which it could be shown."
    covered = coverage_line(after.coverage, carried.key.currency)
    said = (
        f"Explanation {number} of {called_by(subject.team)}, {month_name(carried.key.month)}, is submitted for review."
    )
    return Reply(note(f"{said} {covered}.{where}"))


def _change(
    connection: Connection,
    company: Company,
    request: Request,
    subject: Subject,
    carried: Carried,
    wording: Wording,
) -> ExplanationChange:
    """What becomes of the explanation, or the new one."""
    _, variance = require_number(subject, request.now)
    rules, calendar = company.explanation_rules(subject.team, variance), subject.policy.calendar
    if not carried.number:
        number = next_number(connection, carried.key)
        return submit(carried.key, number, wording, request.user_id, variance, rules, calendar, request.now)
    explanation = find_explanation_in(subject, carried.number)
    if explanation.version != carried.read:
        raise ChangedMeanwhile(explanation)
    if explanation.stage is Stage.APPROVED and explanation.wording == wording:
        # An action that is added changes nothing of what was approved.
        return ExplanationChange(explanation)
    return edit(explanation, wording, request.user_id, carried.read, variance, rules, calendar, request.now)


def changed_by(connection: Connection, found: Opened, carried: Carried) -> str:
    """What to say to who writes over what somebody else has changed; empty where nobody has."""
    explanation = found.explanation
    if explanation is None or explanation.version == carried.read:
        return ""
    return changed_meanwhile(connection, explanation)


def changed_meanwhile(connection: Connection, explanation: Explanation) -> str:
    """What became of an explanation, and what to do, for who had read an older version of it."""
    by = explanation.reviewer if explanation.stage in (Stage.ASKED, Stage.RETURNED, Stage.APPROVED) else ""
    by = by or (explanation.author if explanation.stage is not Stage.VOIDED else "")
    name = names_of(connection, [by]).get(by, by) or "A new figure"
    return (
        f"{name} has changed it meanwhile: it is {explanation.stage} now. What you typed is kept: close this form and "
        "use Edit again; it shows both."
    )
