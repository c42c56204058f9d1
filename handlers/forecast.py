"""`/finops forecast <team>`: what a team's running month will end at, how sure that is, and why it is not known."""

from __future__ import annotations

from sqlalchemy import Connection

from finops.basis import Basis
from finops.company import Company, Team
from finops.forecast import Forecast
from finops.periods import Month
from finops.team_month import TeamMonth
from handlers.arguments import UnknownName, parse_arguments, team_asked_for
from handlers.request import Command, Reply, Request
from storage.series_forecasts import largest_service_forecasts
from storage.state import State
from storage.team_months import team_answer
from views.forecast import Service, forecast_message

UNSETTLED = "no day of it has settled yet"


def answer(request: Request, *, company: Company, state: State) -> Reply:
    """The month that runs on the team's clock; by service where that is asked for."""
    with state.reading() as connection:
        asked = parse_arguments(connection, company, request.words)
        if asked.month:
            raise UnknownName(
                "Only the running month is forecast.", "Leave the month out; /finops variance shows any month."
            )
        if asked.by not in (None, "service"):
            raise UnknownName(f"There is no forecast by {asked.by}.", "There is one by service.")
        team = team_asked_for(connection, company, request.user_id, asked.team)
        today, basis = company.today(request.now, team), asked.basis or company.basis
        found = team_answer(connection, company, team, Month.of(today), today, basis)
        services = None
        if asked.by:
            services = _services(connection, company, team, found.month, basis)
    return Reply(
        forecast_message(found.month, team, ladder=company.ladder, other_currencies=found.others, services=services)
    )


def _services(connection: Connection, company: Company, team: Team, month: TeamMonth, basis: Basis) -> list[Service]:
    made = largest_service_forecasts(connection, company, team.slug, month.currency, month.month, basis, month.as_of)
    return [
        Service(
            each.name,
            each.actual,
            each.found if isinstance(each.found, Forecast) else each.found.value if each.found else UNSETTLED,
            each.together,
        )
        for each in made
    ]


COMMAND = Command(
    "forecast", "<team> [by service] [basis]", "what a team's month will end at, and the chance of each tier", answer
)
