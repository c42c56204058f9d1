"""`/finops teams`: every team's month at a glance."""

from __future__ import annotations

from finops.company import Company, Team, may_see
from finops.periods import Month
from handlers.arguments import parse_arguments
from handlers.request import Command, Reply, Request
from storage.people import find_person
from storage.state import State
from storage.team_months import team_months
from storage.teams import all_teams
from views.teams import teams_message


def answer(request: Request, *, company: Company, state: State) -> Reply:
    """Every team that the person may see; a word narrows it to the names that hold it."""
    today = company.today(request.now)
    with state.reading() as connection:
        asked = parse_arguments(connection, company, request.words)
        month = asked.month or Month.of(today)
        person = find_person(connection, request.user_id)
        teams = all_teams(connection, company)
        months = team_months(connection, company, month, today, asked.basis or company.basis)
    part = (asked.team or "").lower()
    shown = [
        found
        for found in months
        if may_see(person, company, teams.get(found.team) or Team(found.team, found.team)) and part in found.team
    ]
    return Reply(teams_message(shown, teams, month=month, asked=part, ladder=company.ladder))


COMMAND = Command("teams", "[part of a name] [YYYY-MM] [basis]", "every team's month at a glance", answer)
