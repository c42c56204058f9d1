"""The rows behind an alert's figure: they add up to it exactly."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection

from finops.alert import Alert
from finops.breakdown import Line, compare, group
from finops.company import Company
from finops.explained_month import fits
from finops.money import subtract
from finops.periods import DAY
from finops.spend import DaySpend
from finops.team_month import TeamMonth
from handlers.alert_access import Asker, Case
from handlers.request import Reply, Request
from storage.drivers import find_drivers
from storage.spend import team_days
from storage.state import State
from storage.team_months import team_answer
from views.alert_drivers import drivers_message
from views.amounts import days


def drivers(request: Request, *, company: Company, state: State) -> Reply:
    """Cost by service; for a forecast of the settled days, with what is expected of the others as the last row."""
    with state.reading() as connection:
        case = Asker(connection, company, request).case(request.value)
        alert, month = case.alert, case.alert.key.month
        # As it was on the day on which the alert was judged.
        as_of = min(company.today(alert.reading.seen_at, case.team), month.last)
        rows = [
            row
            for _, row in team_days(connection, case.team.slug, month.previous.first, as_of)
            if row.currency == alert.key.currency
        ]
        found = _month(connection, company, case, as_of)
        told = find_drivers(connection, case.team.slug, month, alert.key.currency, alert.reading.basis)
        moved = told if told and found and fits(told, found, rows) else None
        forecast = found.forecast if found and alert.reading.is_forecast else None
    if forecast and forecast.settled_through >= month.last:
        forecast = None
    if forecast is None:
        lines = _by_service(alert, rows, as_of, alert.reading.data_through or as_of)
        return Reply(drivers_message(alert, case.team, lines, expected=None, expected_days="", moved=moved))
    settled = forecast.settled_through
    # Where figures have moved since the alert was judged, what is left to its own figure is a row too.
    return Reply(
        drivers_message(
            alert,
            case.team,
            _by_service(alert, rows, settled, settled),
            expected=subtract(forecast.amount, forecast.settled),
            expected_days=days(max(settled + DAY, month.first), month.last),
            moved=moved,
        )
    )


def _month(connection: Connection, company: Company, case: Case, as_of: date) -> TeamMonth | None:
    """The month in the alert's currency, as its judge saw it."""
    key = case.alert.key
    found = team_answer(connection, company, case.team, key.month, as_of, case.alert.reading.basis)
    return next((each for each in (found.month, *found.others) if each.currency == key.currency), None)


def _by_service(alert: Alert, rows: Sequence[DaySpend], last: date, reached: date) -> list[Line]:
    """The month's cost through a day, beside that of as many days of the month before.

    Args:
        reached: the last day of which all is delivered.
    """
    month, basis = alert.key.month, alert.reading.basis
    until = min(month.previous.first + (reached - month.first), month.previous.last)
    now = [row for row in rows if month.first <= row.day <= last]
    before = [row for row in rows if row.day <= until]
    former = group(before, _service, lambda row: row.cost(basis)) if before else None
    return compare(group(now, _service, lambda row: row.cost(basis)), former)


def _service(row: DaySpend) -> str:
    return row.service
