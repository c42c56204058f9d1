"""Closing a month although data of it is missing: FinOps decides so knowingly, and the job closes it."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import Connection

from finops.company import Company, Team
from finops.errors import NotAllowed, NotFound
from finops.evaluation import closes_on
from finops.month_close import LONGEST, CloseDecision, CloseRefused, Waiting
from finops.periods import Month
from finops.policy import Role
from handlers.alert_access import Asker
from handlers.request import Reply, Request
from storage.asked import ask
from storage.audit import Entry, append
from storage.closed_months import is_closed
from storage.month_close import find_decision, read_waiting, save_decision
from storage.people import names_of
from storage.state import State
from storage.teams import all_teams
from views.amounts import long_day, month_name
from views.month_close import REASON, close_modal
from views.notes import note

CLOSES = "close_month"
"""The job that closes months."""


def open_form(request: Request, *, company: Company, state: State) -> Reply:
    """Say once more what is missing, and ask for the reason."""
    month = _month(request.value)
    with state.reading() as connection:
        _require_finops(connection, company, request)
        waiting = missing_of(connection, company, month, request.now)
        teams = {slug: team.name or slug for slug, team in all_teams(connection, company).items()}
    return Reply(modal=close_modal(waiting, teams))


def decided(request: Request, *, company: Company, state: State) -> Reply:
    """Write the decision down; a worker closes the month by it within seconds."""
    month, reason = _month(str(request.metadata.get("month", ""))), request.inputs.get(REASON, "")
    if wrong := fault_of(reason):
        return Reply(errors={REASON: wrong})
    with state.writing() as connection:
        _require_finops(connection, company, request)
        decide_close(connection, company, month, request.user_id, reason, request.now)
        ask(connection, CLOSES, f"close/{month}", request.user_id, request.now)
    return Reply(note(f"{month_name(month)} is being closed as it stands: its report follows within seconds."))


def fault_of(reason: str) -> str:
    """What is wrong with a reason, empty where nothing is."""
    if not reason.strip():
        return "Say why, for those who read the report."
    return f"At most {LONGEST} characters." if len(reason.strip()) > LONGEST else ""


def decide_close(
    connection: Connection, company: Company, month: Month, by: str, reason: str, now: datetime
) -> Waiting:
    """Write down that a month is closed as it stands, and record it; returns what of it is missing.

    Args:
        connection: of a writing transaction.
        by: Slack's user id, or a name at the terminal.

    Raises:
        CloseRefused: as missing_of, or somebody has decided so already.
    """
    waiting = missing_of(connection, company, month, now)
    if not save_decision(connection, CloseDecision(month, by, reason.strip(), now)):
        raise _decided_before(connection, month)
    became = {
        "incomplete": {each.name: str(each.through) if each.through else None for each in waiting.teams},
        "late": {each.name: str(each.through) if each.through else None for each in waiting.exports},
    }
    append(connection, [Entry(now, by, "month.closed as it stands", f"month/{month}", became=became, note=reason)])
    return waiting


def missing_of(connection: Connection, company: Company, month: Month, now: datetime) -> Waiting:
    """What of a month is missing, so that it could be closed as it stands.

    Raises:
        CloseRefused: it is not its time yet, it is closed, that has been decided, or nothing is missing.
    """
    name, day = month_name(month), closes_on(company, month)
    if now < company.calendar.begin_of(day):
        raise CloseRefused(f"{name} is closed on {long_day(day)} at the earliest.", "Its data may still come.")
    if is_closed(connection, month):
        raise CloseRefused(f"{name} is closed already.", f"See /finops report {month}.")
    if find_decision(connection, month):
        raise _decided_before(connection, month)
    waiting = read_waiting(connection, company, month, company.today(now))
    if waiting is None:
        raise CloseRefused(f"Nothing of {name} is missing: what there is of it is closed by itself within the hour.")
    return waiting


def _decided_before(connection: Connection, month: Month) -> CloseRefused:
    known = find_decision(connection, month)
    by = known.by if known else ""
    who = names_of(connection, [by]).get(by) or by or "Somebody"
    return CloseRefused(f"{who} has {month_name(month)} closed as it stands already.", "Its report follows.")


def _require_finops(connection: Connection, company: Company, request: Request) -> None:
    if not Asker(connection, company, request).has(Role.FINOPS, Team("", "")):
        raise NotAllowed(
            "Only FinOps, or who stands in for them, closes a month as it stands.",
            "Who that is stands under `roles:` in finops.yaml.",
        )


def _month(text: str) -> Month:
    """Read what a button or a form carries; raises NotFound for anything else."""
    if not re.fullmatch(r"\d{4}-\d{2}", text, re.ASCII):
        raise NotFound("This button names no month.", "See /finops report.")
    return Month.parse(text)
