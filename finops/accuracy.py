"""How near budgets and forecasts came to what was spent, over months whose figures are final."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from finops.basis import Basis
from finops.company import Company
from finops.evaluation import closes_on
from finops.forecast import Forecast
from finops.history import NOTHING, History, Mornings, Spent
from finops.money import add, subtract
from finops.periods import Month
from finops.policy import RATIO, ratio_of

MIDDLE = 16
"""The day of a month whose told forecast is looked at: half of the month is delivered by then."""


@dataclass(frozen=True, slots=True)
class MonthAccuracy:
    """A team's month whose figures are final, in one currency.

    Attributes:
        budget: the newest approved amount, None where there is none.
        planned: the amount approved by the month's first day; None where none was by then.
        actual: exact.
        forecast: as it was told on the month's 16th; None where none was told on that day.
    """

    team: str
    month: Month
    currency: str
    basis: Basis
    budget: Decimal | None
    planned: Decimal | None
    actual: Decimal
    forecast: Forecast | None

    @property
    def budget_error(self) -> Decimal | None:
        """|actual − budget| / budget, a fraction; None where the budget is absent or zero."""
        return None if self.budget is None else ratio_of(abs(subtract(self.actual, self.budget)), self.budget)

    @property
    def forecast_error(self) -> Decimal | None:
        """|forecast − actual| / actual, a fraction; None without a forecast, or where nothing was spent."""
        if self.forecast is None:
            return None
        return ratio_of(abs(subtract(self.forecast.amount, self.actual)), self.actual)


def final_actuals(
    spent: Spent, months: Iterable[Month], mornings: Mornings, company: Company, today: date
) -> dict[Month, Decimal]:
    """Actuals of a team's months that are over and whose figures are final; the others are left out.

    A month is final once every day of it is delivered, and has settled or the month is closed.

    Args:
        spent: the team's days, those of the four weeks before the first month too.
        mornings: what tells how far the figures reach today.
    """
    found = {}
    for month in months:
        if month.last >= today:
            continue
        fresh = mornings.freshness(spent, month, today)
        if fresh.data_through is None or fresh.data_through < month.last:
            continue
        settled = fresh.settled_through is not None and fresh.settled_through >= month.last
        if settled or today >= closes_on(company, month):
            found[month] = add(spent.between(month.first, month.last).values())
    return found


def accuracy(
    team: str,
    months: Sequence[Month],
    history: History,
    mornings: Mornings,
    company: Company,
    today: date,
    planned: Mapping[tuple[Month, str], Decimal],
    told: Mapping[tuple[Month, str], Forecast],
) -> Iterator[MonthAccuracy]:
    """A team's final months, oldest first, in every currency that it has spend or a budget in.

    Args:
        planned: (month, currency) → the amount approved by the month's first day.
        told: (month, currency) → the forecast that was told on the month's MIDDLE.
    """
    budgets = history.budgets.get(team, {})
    spends = history.spent.get(team, {})
    for month in sorted(months):
        budgeted = budgets.get(month, {})
        for currency in sorted({*budgeted, *spends}):
            spent = spends.get(currency, NOTHING)
            actual = final_actuals(spent, [month], mornings, company, today).get(month)
            if actual is None or not (actual or currency in budgeted):
                continue
            yield MonthAccuracy(
                team=team,
                month=month,
                currency=currency,
                basis=history.basis,
                budget=budgeted.get(currency),
                planned=planned.get((month, currency)),
                actual=actual,
                forecast=told.get((month, currency)),
            )


def mean_error(errors: Iterable[Decimal | None]) -> Decimal | None:
    """The mean of fractions; what is None is left out, and None where nothing is left.

    Mean absolute percentage error: Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., 5.8.
    """
    known = [error for error in errors if error is not None]
    return RATIO.divide(add(known), Decimal(len(known))) if known else None
