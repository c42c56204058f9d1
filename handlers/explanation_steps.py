"""The form of an explanation in two steps: kept while it is typed, checked, and submitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from finops.company import Company
from finops.errors import FinopsError
from handlers.explanation_access import NothingToExplain
from handlers.explanation_drafts import (
    ADDED,
    PASSED,
    TURN,
    Opened,
    end_draft,
    is_news,
    keep,
    opened,
    plan_in,
    plans_in,
    wording_in,
    write_draft,
)
from handlers.explanation_fields import (
    ACTION,
    FIRST,
    Carried,
    at_fields,
    carried_in,
    filled_in,
)
from handlers.explanation_forms import open_form, second_view
from handlers.explanation_submission import changed_by, submitted
from handlers.request import Reply, Request
from storage.state import State
from views.explanation_draft import deleted_modal
from views.explanation_form import WHAT
from views.explanation_next import (
    ANOTHER,
    FOLLOWING,
    MOST_ACTIONS,
    TASK,
    THEN,
)

OVER = (
    "This was submitted or thrown away meanwhile, so nothing was done now. To submit it once more, copy what you wrote "
    "here, go back, and press Next again."
)
TRIES = 3
"""Two who explain the same month at once want the same number; one of them takes the next."""


def first_step(request: Request, *, company: Company, state: State) -> Reply:
    """Keep what was written, say what is wrong with it, and ask What next."""
    carried, fields = carried_in(request), filled_in(request)
    with state.writing() as connection:
        found = opened(connection, company, request, carried.key, carried.number, lock=True)
        passed = {name: fields.get(name, "") for name in FIRST}
        draft = keep(connection, request, carried, found, fields, **{PASSED: passed})
        _, errors = wording_in(request, found, draft)
        errors.pop(FOLLOWING, None)
        if changed := changed_by(connection, found, carried):
            errors = {WHAT: changed}
        if errors:
            return Reply(errors=at_fields(errors, carried.turn))
        # Whoever presses Next in a form whose draft is over begins the next one.
        carried = replace(carried, turn=int(draft.get(TURN, 0)), draft=found.ended)
        return Reply(next_view=second_view(connection, company, request, found, carried, draft))


def second_step(request: Request, *, company: Company, state: State) -> Reply:
    """Add a corrective action and ask for another, or submit the explanation with all of them."""
    for _ in range(TRIES - 1):
        try:
            return _second_step(request, company, state)
        except IntegrityError:
            continue
    return _second_step(request, company, state)


def _second_step(request: Request, company: Company, state: State) -> Reply:
    carried, fields = carried_in(request), filled_in(request)
    with state.writing() as connection:
        found = opened(connection, company, request, carried.key, carried.number, lock=True)
        if found.is_over(carried) or PASSED not in found.draft:
            return Reply(errors=at_fields({FOLLOWING: OVER}, carried.turn))
        draft = keep(connection, request, carried, found, fields)
        if fields.get(THEN) == ANOTHER:
            return _another(connection, company, request, found, carried, draft)
        plans, errors = plans_in(request, found, draft)
        wording, wrong = wording_in(request, found, draft)
        if said := " ".join(dict.fromkeys(wrong[name] for name in FIRST if name in wrong)):
            errors |= {FOLLOWING: f"Go back to the first step: {said}"}
        errors |= {name: wrong[name] for name in wrong if name not in FIRST}
        if errors or wording is None:
            return Reply(errors=at_fields(errors, carried.turn))
        return submitted(connection, company, request, found, carried, wording, plans)


def typed(request: Request, *, company: Company, state: State) -> Reply:
    """Keep what is in the form while somebody types."""
    carried, fields = carried_in(request), filled_in(request)
    if fields:
        with state.writing() as connection:
            found = opened(connection, company, request, carried.key, carried.number, lock=True)
            if is_news(request, carried, found, fields):
                keep(connection, request, carried, found, fields)
    return Reply()


def begun_anew(request: Request, *, company: Company, state: State) -> Reply:
    """Throw the draft away, and show the form as it was proposed, where there still is something to explain."""
    carried = carried_in(request)
    with state.writing() as connection:
        found = opened(connection, company, request, carried.key, carried.number, lock=True)
        if not found.is_over(carried):
            end_draft(connection, request, found)
        try:
            view = open_form(connection, company, request, carried.key, carried.number, carried.turn + 1)
        except NothingToExplain as nothing:
            view = deleted_modal(found.subject.team, carried.key, str(nothing))
    return Reply(replaces_view=view)


def taken_out(request: Request, *, company: Company, state: State) -> Reply:
    """Take a corrective action out again that was added in this form."""
    carried, fields = carried_in(request), filled_in(request)
    with state.writing() as connection:
        found = opened(connection, company, request, carried.key, carried.number, lock=True)
        if found.is_over(carried):
            raise FinopsError(OVER)
        added = list(found.draft.get(ADDED, ()))
        place = int(request.value) if request.value.isascii() and request.value.isdecimal() else len(added)
        left = [each for number, each in enumerate(added) if number != place]
        draft = keep(connection, request, carried, found, fields, **{ADDED: left})
        return Reply(replaces_view=second_view(connection, company, request, found, carried, draft))


def _another(
    connection: Connection,
    company: Company,
    request: Request,
    found: Opened,
    carried: Carried,
    draft: Mapping[str, Any],
) -> Reply:
    """Add the action that is in the fields to the draft, and ask for the next."""
    _, errors = plan_in(request, found, draft)
    if len(draft.get(ADDED, ())) >= MOST_ACTIONS:
        errors = {TASK: f"At most {MOST_ACTIONS} at once: submit these, and add others by Edit."}
    if errors:
        return Reply(errors=at_fields(errors, carried.turn))
    added = [*draft.get(ADDED, ()), {name: draft.get(name, "") for name in ACTION}]
    following = replace(carried, turn=carried.turn + 1)
    rest: dict[str, Any] = {name: value for name, value in draft.items() if name not in ACTION}
    rest |= {ADDED: added, TURN: following.turn}
    write_draft(connection, request, found, rest)
    return Reply(replaces_view=second_view(connection, company, request, found, following, rest))
