"""A request for another budget: the form, the message in the team's channel, and what its people are told."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from finops.alert_rungs import heard_at
from finops.budget_request import LONGEST, BudgetRequest, RequestStage
from finops.company import Team
from finops.effect import Effect
from finops.money import subtract
from finops.periods import Month
from finops.policy import Policy, Role
from views import blocks
from views.amounts import brief, month_name, month_names
from views.fit import message
from views.message import Block, Message
from views.people import NOBODY, mention, one_of, person, some, told_directly
from views.sentences import called_by
from views.text import escape
from views.time import day, moment

ASK, APPROVE, REFUSE, WITHDRAW = "budget_request", "budget_approve", "budget_refuse", "budget_withdraw"
"""action_ids; the value of the first is '<team>/<currency>', of the others '<number>/<version>'."""
CALLBACK, REFUSAL_CALLBACK = "budget_request", "budget_refusal"
FIRST, UNTIL, AMOUNT, WHY = "first", "until", "amount", "why"
"""block_ids."""
AHEAD = 12
"""Months that can be chosen, the running one included."""
MEMO = ":memo:"
OVERDUE = ":alarm_clock: *Overdue*"
SIGNS = {
    RequestStage.ASKED: MEMO,
    RequestStage.APPROVED: ":white_check_mark:",
    RequestStage.REFUSED: ":no_entry_sign:",
    RequestStage.WITHDRAWN: ":leftwards_arrow_with_hook:",
}


def key_of(request: BudgetRequest) -> str:
    """The key of its message in the team's channel."""
    return f"budget-request/{request.number}"


def request_modal(
    team: Team, currency: str, today: Month, current: Mapping[Month, Decimal], approvers: Sequence[Role]
) -> dict[str, Any]:
    """Asks which months are to have which amount, and why.

    Args:
        today: the team's running month.
        current: month → the approved amount.
        approvers: who may decide.
    """
    months = [today]
    while len(months) < AHEAD:
        months.append(months[-1].next)
    options = [(_option(month, currency, current), str(month)) for month in months]
    lasts = "Left empty, the new amount lasts: every later month that has a budget gets it too. "
    limit = f"At most {LONGEST} characters. It is decided by {one_of(approvers)}, and never by who asked."
    return blocks.modal(
        "Request another budget",
        [
            blocks.section(f"*{escape(called_by(team))}*, in {escape(currency, 20)}"),
            blocks.select_input(FIRST, "From", options, initial=str(months[0])),
            blocks.select_input(
                UNTIL,
                "Last month, for an exception",
                [(month_name(month), str(month)) for month in months],
                hint=f"{lasts}After an exception the former amounts are back by themselves.",
                optional=True,
            ),
            blocks.text_input(AMOUNT, "New amount of each month", hint="For example 12,345.", most=60),
            blocks.text_input(WHY, "Why", hint=limit, long=True, most=LONGEST),
        ],
        CALLBACK,
        submit="Ask",
        close="Cancel",
        metadata=json.dumps({"team": team.slug, "currency": currency}, ensure_ascii=False),
    )


def refusal_modal(request: BudgetRequest, team: Team) -> dict[str, Any]:
    """Asks why a request is refused."""
    return blocks.modal(
        "Refuse the request",
        [
            blocks.section(f"*{escape(called_by(team))}*: {what_is_asked(request)}"),
            blocks.text_input(
                WHY, "Why", hint=f"Who asked is told. At most {LONGEST} characters.", long=True, most=LONGEST
            ),
        ],
        REFUSAL_CALLBACK,
        submit="Refuse",
        close="Cancel",
        metadata=json.dumps({"request": f"{request.number}/{request.version}"}),
    )


def request_message(
    request: BudgetRequest, team: Team, names: Mapping[str, str], approvers: Sequence[str] = ()
) -> Message:
    """What is asked for and what became of it, with the buttons that decide while it waits.

    Args:
        approvers: Slack ids of the people and groups who may decide; a group is mentioned, as nothing else reaches it.
    """
    lines = request_lines(request, team, names)
    if request.waits:
        lines.append(_turn(approvers, names))
    said = "\n".join(lines)
    return message(said, [*blocks.paragraphs(said), *([decide_buttons(request)] if request.waits else [])])


def request_lines(request: BudgetRequest, team: Team, names: Mapping[str, str]) -> list[str]:
    """A request in lines of mrkdwn: what, who and why, and where it stands."""
    what = f"{SIGNS[request.stage]} *{escape(called_by(team))}* {_asks(request)}: {what_is_asked(request)}"
    lines = [what, f"Asked by {person(request.asked_by, names)}: “{escape(request.why, LONGEST)}”"]
    if request.waits and request.due:
        lines.append(_when(request, request.due))
    if not request.waits:
        at = f", {moment(request.answered_at)}" if request.answered_at else ""
        why = f": “{escape(request.reason, LONGEST)}”" if request.reason else ""
        lines.append(f"*{str(request.stage).capitalize()}* by {person(request.answered_by, names)}{at}{why}")
    return lines


def decide_buttons(request: BudgetRequest) -> Block:
    """Approve, or refuse with a reason."""
    value = f"{request.number}/{request.version}"
    sure = approve_confirm(request)
    return blocks.actions(
        blocks.button("Approve", APPROVE, value, style="primary", confirm=sure),
        blocks.button("Refuse", REFUSE, value),
    )


def approve_confirm(request: BudgetRequest) -> Block:
    """What is asked before a budget is approved, wherever the button stands."""
    months = month_names([change.month for change in request.changes])
    what = f"It counts at once: {brief(request.amount, request.currency)} a month, {months}."
    return blocks.confirm("Approve this budget?", what, "Approve")


def withdraw_button(request: BudgetRequest) -> Block:
    """Take back what one asked for."""
    return blocks.actions(blocks.button("Withdraw", WITHDRAW, f"{request.number}/{request.version}"))


def request_effects(
    request: BudgetRequest,
    team: Team,
    place: str,
    names: Mapping[str, str],
    now: datetime,
    *,
    policy: Policy,
    approvers: Sequence[str] = (),
    members: Mapping[str, Sequence[str]] = NOBODY,
) -> list[Effect]:
    """The message in the team's channel, and direct messages: to who may decide, or to who asked once it is decided.

    Args:
        place: the team's channel, empty for none.
        policy: whose quiet hours the direct messages wait for.
        approvers: as in request_message.
        members: id of a user group → ids of the people in it.
    """
    shown = request_message(request, team, names, approvers).as_payload()
    key, held = key_of(request), heard_at(policy, now)
    people = told_directly(approvers, members, (request.asked_by,)) if request.waits else []
    reached = {f"{key}/{each}": each for each in people}
    if request.stage in (RequestStage.APPROVED, RequestStage.REFUSED):
        reached = {f"{key}/answered/{request.asked_by}": request.asked_by}
    told = [
        Effect(name, "budget-request", user_id, shown, team.slug, not_before=held) for name, user_id in reached.items()
    ]
    pings = request.waits and any(_is_group(each) for each in approvers)
    asks = Effect(key, "budget-request", place, shown, team.slug, not_before=held if pings else None)
    return [asks, *told] if place else told


def reminder_effects(
    request: BudgetRequest,
    team: Team,
    place: str,
    names: Mapping[str, str],
    now: datetime,
    *,
    policy: Policy,
    approvers: Sequence[str],
    members: Mapping[str, Sequence[str]] = NOBODY,
) -> list[Effect]:
    """What is said once the day of a decision has passed: directly to who may decide, and to groups in the thread.

    Args:
        as in request_effects.
    """
    key, held = f"{key_of(request)}/overdue", heard_at(policy, now)
    shown = request_message(request, team, names, approvers).as_payload()
    told = [
        Effect(f"{key}/{each}", "budget-request", each, shown, team.slug, not_before=held)
        for each in told_directly(approvers, members, (request.asked_by,))
    ]
    if not place or not any(_is_group(each) for each in approvers):
        return told
    thread = Effect(key, "budget-request", place, shown, team.slug, thread_of=key_of(request), not_before=held)
    return [thread, *told]


def _option(month: Month, currency: str, current: Mapping[Month, Decimal]) -> str:
    amount = current.get(month)
    return f"{month_name(month)} ({brief(amount, currency) if amount is not None else 'no budget yet'})"


def _asks(request: BudgetRequest) -> str:
    verb = "asks" if request.waits else "asked"
    return f"{verb} for an exception to its budget" if request.until else f"{verb} for another budget"


def what_is_asked(request: BudgetRequest) -> str:
    """'$3,400 a month for December 2026 instead of $2,900 (+$500). January 2027 has $2,900 again.'"""
    currency = request.currency
    parts = []
    for former, some_changes in groupby(request.changes, key=lambda change: change.former):
        months = [change.month for change in some_changes]
        span = month_names(months)
        if former is None:
            parts.append(f"{span}, which {'has' if len(months) == 1 else 'have'} no budget yet")
        else:
            apart = brief(subtract(request.amount, former), currency, signed=True)
            parts.append(f"{span} instead of {brief(former, currency)} ({apart})")
    said = f"{brief(request.amount, currency)} a month for {'; '.join(parts)}."
    if request.until is None:
        return said
    then = month_name(request.until.next)
    if request.after is None:
        return f"{said} {then} has no budget, as before."
    return f"{said} {then} has {brief(request.after, currency)} again."


def _when(request: BudgetRequest, due: date) -> str:
    return f"{OVERDUE} since {day(due)}." if request.reminded == due else f"To be decided by {day(due)}."


def _turn(approvers: Sequence[str], names: Mapping[str, str]) -> str:
    """Who may decide: people by name, as they are told directly; groups are mentioned."""
    if not approvers:
        return "Nobody else is known who may decide on it: FinOps can name somebody in `finops.yaml`."
    who = some([mention(each) if _is_group(each) else person(each, names) for each in approvers])
    return f"It waits for {who if len(approvers) == 1 else f'one of {who}'} to decide."


def _is_group(slack_id: str) -> bool:
    return slack_id.startswith("S")
