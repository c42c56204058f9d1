"""How near budgets and forecasts came: only over months whose figures are final, and without looking ahead."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from finops.accuracy import MIDDLE, MonthAccuracy, accuracy, final_actuals, forecast_at, mean_error
from finops.basis import Basis
from finops.company import Company
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


def test_the_forecast_of_the_middle() -> None:
    """It knows nothing of the days after it, whatever they cost."""
    spent = days(SEPTEMBER.first, OCTOBER.last)
    calm = history(spent, BEFORE, WHOLE)
    surprise = history(spent | days(date(2026, 10, MIDDLE), OCTOBER.last, "900"), BEFORE, WHOLE)
    day = date(2026, 10, MIDDLE)
    found = [
        forecast_at(each.spent["payments"]["USD"], OCTOBER, day, Mornings(each, COMPANY)) for each in (calm, surprise)
    ]
    assert found[0] == found[1] is not None
    assert found[0] is not None and found[0].amount == 3100 and found[0].settled_through == date(2026, 10, 13)


def test_errors() -> None:
    """Of the budget by the budget, of the forecast by what came true; n/a where there is nothing to divide by."""
    spent = days(SEPTEMBER.first, OCTOBER.last)
    known = history(spent, BEFORE, WHOLE, budgets={OCTOBER: "3000", SEPTEMBER: "0"})
    planned = {(OCTOBER, "USD"): Decimal(2500)}
    found = list(accuracy("payments", [OCTOBER, SEPTEMBER], known, Mornings(known, COMPANY), COMPANY, TODAY, planned))
    first, second = found
    assert (first.month, first.budget, first.budget_error) == (SEPTEMBER, 0, None)
    assert (second.actual, second.planned) == (3100, 2500)
    assert str(second.budget_error) == "0.03333333333333333333333333333" and second.forecast_error == 0
    assert mean_error(each.budget_error for each in found) == second.budget_error
    assert mean_error([None, None]) is None
    nothing = MonthAccuracy("a", OCTOBER, "USD", Basis.EFFECTIVE, Decimal(10), None, Decimal(0), None)
    assert (nothing.budget_error, nothing.forecast_error) == (1, None)
