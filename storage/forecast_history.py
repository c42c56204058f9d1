"""Forecasts that were told, beside what came true."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, select

from finops.company import Company
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
    query = (
        select(TABLE)
        .where(TABLE.c.month == str(month), TABLE.c.basis == str(company.basis))
        .order_by(TABLE.c.made_on, TABLE.c.team, TABLE.c.currency)
    )
    return [
        ToldForecast(row.team, month, row.currency, row.made_on, forecast_of(row), final[row.team, row.currency])
        for row in connection.execute(query)
        if (row.team, row.currency) in final
    ]
