"""How near budgets and forecasts came: only over months whose figures are final, and of forecasts that were told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from finops.accuracy import MonthAccuracy, accuracy, final_actuals, mean_error
from finops.basis import Basis
from finops.company import Company
from finops.forecast import PROBABILITIES, Forecast
from finops.history import History, Mornings, Spent
from finops.periods import Month
from finops.spend import Coverage

COMPANY = Company()
SEPTEMBER, OCTOBER = Month(2026, 9), Month(2026, 10)
TODAY = date(2026, 11, 12)


def covered(month: Month, last: date, confirmed: date, export: str = "aws") -> Coverage:
    """An export's delivery of a month, through a day, last confirmed on another."""
    at = datetime(confirmed.year, confirmed.month, confirmed.day, 6, tzinfo=UTC)
    return Coverage(export, str(month), 1, 30, month.first, last, at, at, False)


def history(daily: Mapping[date, Decimal], *coverages: Coverage, budgets: Mapping[Month, str] | None = None) -> History:
    """The days of payments in dollars."""
    own = tuple(each for each in coverages if each.export == "aws")
    of = {month: {"USD": Decimal(amount)} for month, amount in (budgets or {}).items()}
    return History(Basis.EFFECTIVE, coverages, {"payments": {"USD": Spent(daily, own)}}, {"payments": of})


def days(first: date, last: date, cost: str = "100") -> dict[date, Decimal]:
    """The same cost each day, both ends inside."""
    return {first + timedelta(days=number): Decimal(cost) for number in range((last - first).days + 1)}


WHOLE = covered(OCTOBER, OCTOBER.last, date(2026, 11, 4))
BEFORE = covered(SEPTEMBER, SEPTEMBER.last, date(2026, 10, 4))


def finals(found: History, today: date = TODAY) -> dict[Month, Decimal]:
    """Which of September and October are final."""
    spent = found.spent["payments"]["USD"]
    return final_actuals(spent, [SEPTEMBER, OCTOBER], Mornings(found, COMPANY), COMPANY, today)


def test_what_is_final() -> None:
    """A month that is over, wholly delivered, and settled or closed; no other."""
    spent = days(SEPTEMBER.first, OCTOBER.last)
    both = {SEPTEMBER: Decimal(3000), OCTOBER: Decimal(3100)}
    assert finals(history(spent, BEFORE, WHOLE)) == both
    assert finals(history(spent, BEFORE, WHOLE), date(2026, 10, 31)) == {SEPTEMBER: Decimal(3000)}
    lacking = covered(OCTOBER, date(2026, 10, 30), date(2026, 11, 4))
    assert finals(history(spent, BEFORE, lacking)) == {SEPTEMBER: Decimal(3000)}
    unsettled = covered(OCTOBER, OCTOBER.last, date(2026, 11, 1))
    assert finals(history(spent, BEFORE, unsettled), date(2026, 11, 5)) == {SEPTEMBER: Decimal(3000)}
    assert finals(history(spent, BEFORE, unsettled), date(2026, 11, 6)) == both
    assert finals(history({}, BEFORE, WHOLE)) == {SEPTEMBER: Decimal(0), OCTOBER: Decimal(0)}
    assert finals(history({})) == {}


def test_errors() -> None:
    """Of the budget by the budget, of the told forecast by what came true; None where there is nothing to compare."""
    spent = days(SEPTEMBER.first, OCTOBER.last)
    known = history(spent, BEFORE, WHOLE, budgets={OCTOBER: "3000", SEPTEMBER: "0"})
    planned = {(OCTOBER, "USD"): Decimal(2500)}
    amount = Decimal(3410)
    forecast = Forecast(amount, Decimal(1300), date(2026, 10, 13), (amount,) * len(PROBABILITIES), ())
    told = {(OCTOBER, "USD"): forecast, (SEPTEMBER, "EUR"): forecast}
    mornings = Mornings(known, COMPANY)
    found = list(accuracy("payments", [OCTOBER, SEPTEMBER], known, mornings, COMPANY, TODAY, planned, told))
    first, second = found
    assert (first.month, first.budget, first.budget_error) == (SEPTEMBER, 0, None)
    assert (first.forecast, first.forecast_error) == (None, None)
    assert (second.actual, second.planned, second.forecast) == (3100, 2500, forecast)
    assert str(second.budget_error) == "0.03333333333333333333333333333" and second.forecast_error == Decimal("0.1")
    assert mean_error(each.budget_error for each in found) == second.budget_error
    assert mean_error([None, None]) is None
    nothing = MonthAccuracy("a", OCTOBER, "USD", Basis.EFFECTIVE, Decimal(10), None, Decimal(0), None)
    assert (nothing.budget_error, nothing.forecast_error) == (1, None)
