"""App Home: my teams at a glance, and what waits for me."""

from __future__ import annotations

from collections.abc import Mapping

from finops.company import Company, roles_of
from finops.effect import Effect
from finops.periods import Month
from handlers.alert_access import Asker
from handlers.arguments import teams_of
from handlers.request import Command, Request
from handlers.waiting import waiting_for
from storage.deliveries import queue
from storage.people import find_person
from storage.spend import coverages
from storage.state import State
from storage.team_months import team_answer
from storage.teams import all_teams
from views.home import home_view

MOST_TEAMS = 20


def open_home(request: Request, *, company: Company, state: State, commands: Mapping[str, Command]) -> None:
    """Queue the person's home view; opened again before it is sent, only the newest goes out."""
    today = company.today(request.now)
    with state.writing() as connection:
        teams = all_teams(connection, company)
        person = find_person(connection, request.user_id)
        own = teams_of(person, company)
        months = [
            team_answer(connection, company, team, Month.of(today), today, company.basis).month
            for team in own[:MOST_TEAMS]
        ]
        asker = Asker(connection, company, request)
        view = home_view(
            months,
            teams,
            waiting=waiting_for(connection, company, asker, request.user_id, teams, request.now),
            coverages=list(coverages(connection).values()),
            commands=[(each.name, each.usage, each.summary) for each in commands.values()],
            roles=roles_of(person, company),
            ladder=company.ladder,
        )
        place = f"home:{request.user_id}"
        queue(connection, [Effect(place, "home", place, view)], request.now)
