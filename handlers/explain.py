"""`/finops explain <team>`: What happened, Why and What next, and everything that is done with an explanation."""

from __future__ import annotations

from finops.company import Company
from finops.explanation import VarianceKey
from finops.periods import Month
from handlers.alert_access import alert_key
from handlers.arguments import UnknownName, parse_arguments, team_asked_for
from handlers.explanation_fields import FIRST, SECOND
from handlers.explanation_forms import open_form
from handlers.explanation_reviews import (
    approved,
    asked,
    open_ask,
    open_edit,
    open_return,
    returned,
    withdrawn,
)
from handlers.explanation_steps import begun_anew, first_step, second_step, taken_out, typed
from handlers.request import Command, Reply, Request
from storage.state import State
from storage.team_months import team_answer
from views.alert import EXPLAIN
from views.explanation import APPROVE, ASK, EDIT, RETURN, WITHDRAW
from views.explanation_form import ANEW, CALLBACK
from views.explanation_next import NEXT_CALLBACK, TAKE_OUT
from views.explanation_review import ASK_CALLBACK, RETURN_CALLBACK


def answer(request: Request, *, company: Company, state: State) -> Reply:
    """The form for the month asked for, or the one that runs, in the team's own currency."""
    with state.reading() as connection:
        given = parse_arguments(connection, company, request.words)
        if given.basis or given.by:
            word = given.basis or f"by {given.by}"
            raise UnknownName(f"An explanation knows no '{word}'.", "Name a team, and a month such as 2026-11.")
        team = team_asked_for(connection, company, request.user_id, given.team)
        today = company.today(request.now, team)
        month = given.month or Month.of(today)
        currency = team_answer(connection, company, team, month, today, company.basis).month.currency
        return Reply(modal=open_form(connection, company, request, VarianceKey(team.slug, month, currency)))


def of_alert(request: Request, *, company: Company, state: State) -> Reply:
    """The form for the month of an alert."""
    key = alert_key(request.value)
    with state.reading() as connection:
        explained = VarianceKey(key.team, key.month, key.currency)
        return Reply(modal=open_form(connection, company, request, explained))


COMMAND = Command(
    "explain",
    "<team> [YYYY-MM]",
    "say what happened, why, and what next",
    answer,
    actions={
        EXPLAIN: of_alert,
        APPROVE: approved,
        RETURN: open_return,
        ASK: open_ask,
        EDIT: open_edit,
        WITHDRAW: withdrawn,
        ANEW: begun_anew,
        TAKE_OUT: taken_out,
        **dict.fromkeys((*FIRST, *SECOND), typed),
    },
    submissions={CALLBACK: first_step, NEXT_CALLBACK: second_step, RETURN_CALLBACK: returned, ASK_CALLBACK: asked},
    closings={CALLBACK: typed, NEXT_CALLBACK: typed},
)
