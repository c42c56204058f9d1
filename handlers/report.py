"""`/finops report [YYYY-MM]`: a month's variance report in one message."""

from __future__ import annotations

from finops.company import Company, may_see
from finops.periods import Month
from finops.report_building import build_report
from handlers.arguments import UnknownName, parse_arguments
from handlers.month_close import decided, open_form
from handlers.request import Command, Reply, Request
from storage.people import find_person
from storage.report_data import read_report_data
from storage.state import State
from storage.teams import all_teams
from views.report_message import executive_message


def answer(request: Request, *, company: Company, state: State) -> Reply:
    """The executive edition, of the teams that the person may see; the last month that has ended by default."""
    today = company.today(request.now)
    with state.reading() as connection:
        asked = parse_arguments(connection, company, request.words)
        if asked.team or asked.basis or asked.by:
            raise UnknownName("A report is of a month, and of every team.", "Write /finops report 2026-10.")
        month = asked.month or Month.of(today).previous
        seen = None
        if company.visibility != "workspace":
            person = find_person(connection, request.user_id)
            teams = all_teams(connection, company)
            seen = [slug for slug, team in teams.items() if may_see(person, company, team)]
        data = read_report_data(connection, company, month, today, seen)
    return Reply(executive_message(build_report(data), company.ladder))


COMMAND = Command(
    "report",
    "[YYYY-MM]",
    "what became of a month's budgets, and what explains it",
    answer,
    actions={"month_close": open_form},
    submissions={"month_close": decided},
)
