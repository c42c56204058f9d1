"""Which budget request is meant, who decides on it, and how what happened to it is written, told and recorded."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from finops.budget_request import BudgetRequest, RequestStage
from finops.company import Company, Team
from finops.errors import NotAllowed, NotFound
from finops.periods import Month
from handlers.alert_access import Asker
from handlers.alert_changes import place_of
from handlers.arguments import not_theirs_to_see
from storage.audit import append
from storage.budget_requests import find_request, request_entry, save_request
from storage.budgets import approved_budgets, lock_budgets, record_budgets
from storage.deciders import approvers_now, group_members
from storage.deliveries import answer_question, queue
from storage.people import names_of
from storage.teams import find_team
from views.budget_request import key_of, request_effects, request_message
from views.tiers import ROLES, listed


def find_case(
    connection: Connection, company: Company, asker: Asker, text: str, *, lock: bool = False
) -> tuple[BudgetRequest, Team, int]:
    """A request with its team and the version that the person saw, if it is theirs to see.

    Args:
        text: '<number>/<version>', as it came from Slack.
        lock: keep others from changing it, or any budget, until the transaction ends; needs a writing one.

    Raises:
        NotFound: there is no such request.
        NotAllowed: its team's figures are not theirs to see.
    """
    match = re.fullmatch("([0-9]{1,9})/([0-9]{1,9})", text)
    if lock:
        lock_budgets(connection)
    request = find_request(connection, int(match[1]), lock=lock) if match else None
    if match is None or request is None:
        raise NotFound("There is no such budget request.", "See /finops budget for those that wait.")
    team = find_team(connection, company, request.team) or Team(request.team, request.team)
    if not asker.sees(team):
        raise not_theirs_to_see(team)
    return request, team, int(match[2])


def require_asker(asker: Asker, company: Company, team: Team) -> None:
    """Raise NotAllowed where somebody may not ask for another budget of a team."""
    roles = company.budgets.askers
    if not any(asker.has(role, team) for role in roles):
        who = listed([ROLES[role] for role in roles])
        raise NotAllowed(f"Only {who} may ask for another budget.", "Ask one of them.")


def require_approver(asker: Asker, company: Company, team: Team) -> None:
    """Raise NotAllowed where somebody may not decide on a team's budget."""
    roles = company.budgets.approvers
    if not any(asker.has(role, team) for role in roles):
        raise NotAllowed(f"Only {listed([ROLES[role] for role in roles])} may decide on a budget.", "Ask one of them.")


def amounts_of(connection: Connection, team: Team, currency: str) -> dict[Month, Decimal]:
    """Month → a team's approved amount in a currency."""
    found = approved_budgets(connection, team=team.slug)
    return {budget.month: budget.amount for budget in found if budget.currency == currency}


def commit_request(
    connection: Connection,
    company: Company,
    team: Team,
    request: BudgetRequest,
    now: datetime,
    *,
    was: BudgetRequest | None = None,
) -> BudgetRequest:
    """Write a request that was made or answered, and the budgets of one that was approved; comes last.

    Args:
        was: the request before, None for a new one.

    Returns:
        The request with its number and new version.
    """
    request = save_request(connection, request, now)
    approvers = approvers_now(connection, company, team, now, request.asked_by) if request.waits else []
    names = names_of(connection, {request.asked_by, request.answered_by, *approvers})
    if was:
        answered = request_message(request, team, names)
        answer_question(connection, key_of(request), answered.as_payload(), now)
    policy, place = company.policy(team), place_of(company, team)
    members = group_members(connection) if approvers else {}
    effects = request_effects(request, team, place, names, now, policy=policy, approvers=approvers, members=members)
    queue(connection, effects, now)
    if request.stage is RequestStage.APPROVED:
        source = f"budget request {request.number}"
        record_budgets(connection, request.budgets, source=source, by=request.answered_by, now=now)
    append(connection, [request_entry(request, was, now)])
    return request
