"""Forecasts that were told, beside what came true."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, extract, select

from finops.basis import Basis
from finops.closed_month import TeamCurrency
from finops.company import Company
from finops.forecast import Forecast
from finops.forecast_judged import ToldForecast
from finops.periods import Month
from storage.forecasts import TABLE, forecast_of
from storage.team_months import team_months


def told_forecasts(connection: Connection, company: Company, month: Month, today: date) -> list[ToldForecast]:
    """Every forecast told of a month in the company's basis, beside its final actual; none while that may move."""
    final = {
        (found.team, found.currency): found.actual
        for found in team_months(connection, company, month, today, company.basis)
        if found.actual is not None
        and found.freshness.settled_through
        and found.freshness.settled_through >= month.last
    }
    return told_of(connection, month, company.basis, final)


def told_of(
    connection: Connection,
    month: Month,
    basis: Basis,
    final: Mapping[TeamCurrency, Decimal],
    days: Collection[int] = (),
) -> list[ToldForecast]:
    """The forecasts told of a month, beside final actuals; a team without one of these has none.

    Args:
        final: in the basis.
        days: of the month, on which they were told; all of them where it is empty.
    """
    query = select(TABLE).where(TABLE.c.month == str(month), TABLE.c.basis == str(basis))
    if days:
        query = query.where(extract("day", TABLE.c.made_on).in_(list(days)))
    return [
        ToldForecast(row.team, month, row.currency, row.made_on, forecast_of(row), final[row.team, row.currency])
        for row in connection.execute(query.order_by(TABLE.c.made_on, TABLE.c.team, TABLE.c.currency))
        if (row.team, row.currency) in final
    ]


def told_on(
    connection: Connection, months: Collection[Month], basis: Basis, day: int, team: str | None = None
) -> dict[str, dict[tuple[Month, str], Forecast]]:
    """Team → (month, currency) → the forecast told on a day of each month, whether its figures are final or not.

    Args:
        day: of the month.
        team: one team's alone.
    """
    query = select(TABLE).where(
        TABLE.c.month.in_(sorted(map(str, months))),
        TABLE.c.basis == str(basis),
        extract("day", TABLE.c.made_on) == day,
    )
    if team is not None:
        query = query.where(TABLE.c.team == team)
    told: dict[str, dict[tuple[Month, str], Forecast]] = defaultdict(dict)
    for row in connection.execute(query):
        told[row.team][Month.parse(row.month), row.currency] = forecast_of(row)
    return dict(told)
