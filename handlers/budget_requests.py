"""Asking for another budget, and deciding on it: others approve, or refuse with a reason; who asked may withdraw."""

from __future__ import annotations

import re

from finops import budget_request
from finops.budget_request import LONGEST, BudgetRequestRefused, RequestStage
from finops.company import Company
from finops.errors import NotFound
from finops.periods import Month
from handlers.alert_access import Asker, with_names
from handlers.arguments import team_asked_for
from handlers.budget_changes import amounts_of, commit_request, find_case, require_approver, require_asker
from handlers.request import Reply, Request
from handlers.typed_amount import typed_amount, zero_or_more
from storage.budget_requests import requests_in
from storage.budgets import lock_budgets
from storage.state import State
from views.budget_request import AMOUNT, FIRST, UNTIL, WHY, key_of, refusal_modal, request_modal
from views.notes import note
from views.people import one_of
from views.time import day


def open_form(request: Request, *, company: Company, state: State) -> Reply:
    """Ask which months are to have which amount, and why."""
    slug, _, currency = request.value.partition("/")
    _require_currency(currency)
    with state.reading() as connection:
        team = team_asked_for(connection, company, request.user_id, slug)
        require_asker(Asker(connection, company, request), company, team)
        current = amounts_of(connection, team, currency)
    today = Month.of(company.today(request.now, team))
    return Reply(modal=request_modal(team, currency, today, current, company.budgets.approvers))


def asked(request: Request, *, company: Company, state: State) -> Reply:
    """Write the request down; whoever may decide is told, and the team's channel."""
    slug, currency = str(request.metadata.get("team", "")), str(request.metadata.get("currency", ""))
    first, until = _month(request.inputs.get(FIRST, "")), _month(request.inputs.get(UNTIL, ""))
    _require_currency(currency)
    amount, why = typed_amount(request.inputs.get(AMOUNT, ""), currency), request.inputs.get(WHY, "")
    with state.writing() as connection:
        team = team_asked_for(connection, company, request.user_id, slug)
        require_asker(Asker(connection, company, request), company, team)
        calendar = company.policy(team).calendar
        today = Month.of(calendar.day_of(request.now))
        errors = {} if why.strip() else {WHY: "Say why, for whoever decides."}
        if len(why.strip()) > LONGEST:
            errors[WHY] = f"At most {LONGEST} characters: everybody is shown all of it."
        if isinstance(amount, str):
            errors[AMOUNT] = amount
        elif amount < 0:
            errors[AMOUNT] = zero_or_more(currency)
        if first is None or first < today:
            errors[FIRST] = "Choose this month or a later one."
        elif until is not None and until < first:
            errors[UNTIL] = "Choose the first month or a later one, or leave it empty."
        if errors or isinstance(amount, str) or first is None:
            return Reply(errors=errors)
        lock_budgets(connection)
        current = amounts_of(connection, team, currency)
        try:
            made = budget_request.ask(
                team.slug,
                currency,
                amount,
                first,
                until,
                why,
                current,
                by=request.user_id,
                rules=company.budgets,
                calendar=calendar,
                now=request.now,
            )
            waiting = requests_in(connection, team=team.slug, stages=(RequestStage.ASKED,))
            budget_request.refuse_twice(made, waiting)
        except BudgetRequestRefused as refusal:
            return Reply(errors={AMOUNT: str(with_names(connection, refusal))})
        saved = commit_request(connection, company, team, made, request.now)
    by = f" by {day(saved.due)}" if saved.due else ""
    return Reply(note(f"Your request waits for {one_of(company.budgets.approvers)} to decide{by}; you are told how."))


def approved(request: Request, *, company: Company, state: State) -> Reply:
    """Somebody else agrees: the budgets count at once."""
    with state.writing() as connection:
        asker = Asker(connection, company, request)
        was, team, read = find_case(connection, company, asker, request.value, lock=True)
        require_approver(asker, company, team)
        current, today = amounts_of(connection, team, was.currency), company.today(request.now, team)
        try:
            after = budget_request.approve(was, request.user_id, read, current, request.now, today)
        except BudgetRequestRefused as refusal:
            raise with_names(connection, refusal) from None
        commit_request(connection, company, team, after, request.now, was=was)
    return _answered(request, key_of(was), "The budget is approved and counts from now on; who asked is told.")


def open_refusal(request: Request, *, company: Company, state: State) -> Reply:
    """Ask why a request is refused."""
    with state.reading() as connection:
        asker = Asker(connection, company, request)
        was, team, read = find_case(connection, company, asker, request.value)
        require_approver(asker, company, team)
        try:
            # A reason of its own, so that what is refused here is the answer as such.
            budget_request.refuse(was, "-", request.user_id, read, request.now)
        except BudgetRequestRefused as refusal:
            raise with_names(connection, refusal) from None
    return Reply(modal=refusal_modal(was, team))


def refused(request: Request, *, company: Company, state: State) -> Reply:
    """Somebody else does not agree; who asked is told why."""
    why = request.inputs.get(WHY, "")
    if not why.strip() or len(why.strip()) > LONGEST:
        return Reply(errors={WHY: f"Say why, in at most {LONGEST} characters."})
    with state.writing() as connection:
        asker = Asker(connection, company, request)
        was, team, read = find_case(connection, company, asker, str(request.metadata.get("request", "")), lock=True)
        require_approver(asker, company, team)
        try:
            after = budget_request.refuse(was, why, request.user_id, read, request.now)
        except BudgetRequestRefused as refusal:
            raise with_names(connection, refusal) from None
        commit_request(connection, company, team, after, request.now, was=was)
    return Reply()


def withdrawn(request: Request, *, company: Company, state: State) -> Reply:
    """Who asked takes it back."""
    with state.writing() as connection:
        asker = Asker(connection, company, request)
        was, team, read = find_case(connection, company, asker, request.value, lock=True)
        try:
            after = budget_request.withdraw(was, request.user_id, read, request.now)
        except BudgetRequestRefused as refusal:
            raise with_names(connection, refusal) from None
        commit_request(connection, company, team, after, request.now, was=was)
    return _answered(request, key_of(was), "The request is withdrawn.")


def _answered(request: Request, key: str, said: str) -> Reply:
    """Where the message itself says it, there is nothing more to say."""
    return Reply() if request.message == key or request.message.startswith(f"{key}/") else Reply(note(said))


def _require_currency(text: str) -> None:
    """Raise NotFound for what is no ISO 4217 code."""
    if not re.fullmatch("[A-Z]{3}", text):
        raise NotFound("This names no currency.", "See /finops budget.")


def _month(text: str) -> Month | None:
    return Month.parse(text) if re.fullmatch(r"\d{4}-\d{2}", text, re.ASCII) else None
