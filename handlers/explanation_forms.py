"""The two steps of the form of an explanation, made from how things stand and what was typed before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from finops.breakdown import group
from finops.company import Company
from finops.explained_month import drivers_of
from finops.explanation import (
    Stage,
    VarianceKey,
    proposed_amount,
)
from finops.spend import DaySpend
from handlers.explanation_access import (
    NothingToExplain,
    Subject,
    require_number,
)
from handlers.explanation_drafts import ADDED, READ, Opened, added_in, opened
from handlers.explanation_fields import (
    ACTION,
    FIRST,
    SECOND,
    Carried,
    fields_of,
    is_started,
    shown,
)
from handlers.request import Request
from storage.corrective_actions import actions_of
from storage.drivers import find_drivers
from storage.explanations import (
    former_explanations,
)
from storage.people import names_of
from storage.spend import team_days
from views.explanation_draft import Draft, draft_modal
from views.explanation_form import AMOUNT, WHAT, Form, first_form, in_words
from views.explanation_next import (
    DUE,
    FOLLOWING,
    OWNER,
    NextForm,
    next_form,
)

USUAL_DUE = 10
"""Working days that are proposed for a corrective action."""


def open_form(
    connection: Connection, company: Company, request: Request, key: VarianceKey, number: int = 0, turn: int = 0
) -> dict[str, Any]:
    """The first step, with whatever the person had typed before; that alone, where there is nothing to explain now.

    Args:
        number: of the explanation that is edited, 0 for a new one.
        turn: counts how often the form was begun anew.

    Raises:
        NothingToExplain: there is no number, and they have typed nothing.
    """
    found = opened(connection, company, request, key, number)
    subject, explanation, currency = found.subject, found.explanation, key.currency
    try:
        month, variance = require_number(subject, request.now)
    except NothingToExplain as nothing:
        if not found.draft:
            raise
        return draft_modal(_draft_of(connection, found), str(nothing))
    told = find_drivers(connection, key.team, key.month, key.currency, month.basis)
    drivers = drivers_of(month, rows_of(connection, company, subject, request), told)
    others = [each for each in subject.explanations if each.number != number]
    left = proposed_amount(subject.number.value, others)
    fields = {AMOUNT: shown(left, currency) if left else "", WHAT: in_words(subject.team, variance, key, drivers)}
    if explanation:
        written = fields_of(explanation.wording, currency)
        fields = written | ({AMOUNT: fields[AMOUNT]} if explanation.stage is Stage.VOIDED else {})
    typed = {name: str(found.draft[name]) for name in FIRST if name in found.draft}
    read = explanation.version if explanation else 0
    former = [
        each
        for each in former_explanations(connection, key.team, key.month, 50)
        if each.key.month >= key.month.previous.previous.previous and each.stage is not Stage.WITHDRAWN
    ]
    people = {each for one in (*subject.explanations, *former) for each in (one.reviewer, *one.authors)}
    return first_form(
        Form(
            key,
            subject.team,
            month,
            variance,
            drivers,
            subject.coverage,
            number=number,
            read=read,
            turn=turn,
            draft=found.ended,
            standing=others,
            former=former,
            names=names_of(connection, people),
            drafted=bool(typed),
            meanwhile=explanation if typed and found.draft.get(READ) != read else None,
            fields=fields | typed,
        )
    )


def _draft_of(connection: Connection, found: Opened) -> Draft:
    """What the person has typed, as it is shown where it cannot be submitted."""
    draft, subject = found.draft, found.subject
    added = [{name: str(text) for name, text in fields.items()} for fields in draft.get(ADDED, ())]
    fields = {name: str(draft[name]) for name in (*FIRST, *SECOND) if name in draft}
    if not is_started(fields):
        # An owner and a day stand in the second step by themselves.
        fields = {name: text for name, text in fields.items() if name not in ACTION}
    owners = [each.get(OWNER, "") for each in (fields, *added)]
    read, names = int(draft.get(READ, 0)), names_of(connection, owners)
    return Draft(subject.key, subject.team, found.number, read, found.ended, fields, added, names)


def second_view(
    connection: Connection,
    company: Company,
    request: Request,
    found: Opened,
    carried: Carried,
    draft: Mapping[str, Any],
) -> dict[str, Any]:
    """The second step as the draft has it."""
    subject, key = found.subject, carried.key
    today = company.today(request.now, subject.team)
    known = [each for each in actions_of(connection, key) if found.number and each.explanation == found.number]
    added = [plan.action for plan in added_in(request, found, draft)]
    rows = [row for row in rows_of(connection, company, subject, request) if row.day in key.month]
    costs = group(rows, lambda row: row.service, lambda row: row.cost(subject.number.basis))
    written = found.explanation.wording.following if found.explanation else ""
    due = subject.policy.calendar.after_days(today, USUAL_DUE)
    proposed = {FOLLOWING: written, OWNER: request.user_id, DUE: due.isoformat()}
    fields = proposed | {name: str(draft[name]) for name in SECOND if draft.get(name)}
    return next_form(
        NextForm(
            key,
            subject.team,
            carried.number,
            carried.read,
            carried.turn,
            known,
            added,
            sorted(costs, key=lambda name: (-costs[name], name)),
            names_of(connection, (each.owner for each in (*known, *added))),
            today,
            fields,
            carried.draft,
        )
    )


def rows_of(connection: Connection, company: Company, subject: Subject, request: Request) -> list[DaySpend]:
    """The month's rows and those of the month before, in the currency that is explained."""
    key = subject.key
    last = min(key.month.last, company.today(request.now, subject.team))
    rows = team_days(connection, key.team, key.month.previous.first, last)
    return [row for _, row in rows if row.currency == key.currency]
