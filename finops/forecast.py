"""Expected month-end actual from settled days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from math import sqrt

from finops.money import ZERO, add
from finops.periods import DAY, Month

RHYTHM_DAYS = 28
"""Settled days the weekday rhythm is taken from: four of each weekday."""
LEAST_DAYS = 7
"""Fewer settled days than one week say nothing about weekends: no forecast."""
Z_80 = 1.2815515655446004
"""Two-sided 80 % quantile of the normal distribution."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """A month's expected end.

    Attributes:
        amount: expected actual of the whole month, in the spend's currency, rounded to 1/10000.
        low, high: its 80 % interval.
        settled: actual of the month's settled days, exact.
        settled_through: the last day it rests on.
        rhythm: expected cost of a day by weekday, Monday first.
    """

    amount: Decimal
    low: Decimal
    high: Decimal
    settled: Decimal
    settled_through: date
    rhythm: tuple[float, ...]

    def by_day(self, month: Month) -> list[tuple[date, Decimal]]:
        """Expected cumulative actual at the end of each day not yet settled, for the picture."""
        expected, days = float(self.settled), []
        for day in month.days():
            if day > self.settled_through:
                expected += self.rhythm[day.weekday()]
                days.append((day, _money(expected)))
        return days


def forecast_month(month: Month, daily: Mapping[date, Decimal], settled_through: date) -> Forecast | None:
    """Weekday-aware run rate: what has settled, and for each day left the mean of its weekday.

    The rhythm is the mean of each weekday over the last 28 settled days; the first of a month is left out of it,
    because monthly fees fall there. A day without spend counts as zero. The interval is the scatter around the rhythm,
    carried over the days left.

    Args:
        month: the month to end.
        daily: day → cost in one basis and currency, for the month and the weeks before it; absent days had none.
        settled_through: the last settled day; later entries are not used.

    Returns:
        None where fewer than 7 settled days are known, or the month has not begun to settle within four weeks.
    """
    first_known = min(daily, default=settled_through + DAY)
    start = max(first_known, settled_through - (RHYTHM_DAYS - 1) * DAY)
    known = (settled_through - start).days + 1
    if known < LEAST_DAYS or settled_through < month.first - RHYTHM_DAYS * DAY:
        return None
    rhythm, scatter, days = _rhythm(daily, _weekdays(start, settled_through))
    first = month.first
    settled = add([cost for day, cost in daily.items() if first <= day <= settled_through])
    first_open = max(settled_through + DAY, month.first)
    left = max(0, (month.last - first_open).days + 1)
    weekday = first_open.weekday()
    expected = float(settled) + sum(rhythm[(weekday + number) % 7] for number in range(left))
    spread = Z_80 * scatter * sqrt(left + left**2 / max(1, days))
    amount = _money(expected) if left else settled
    return Forecast(amount, _money(expected - spread), _money(expected + spread), settled, settled_through, rhythm)


@lru_cache(maxsize=1000)
def _weekdays(start: date, last: date) -> tuple[tuple[date, ...], ...]:
    """Days from start to last, both inside and without first days of a month, by weekday, Monday first."""
    days = [start + number * DAY for number in range((last - start).days + 1)]
    return tuple(tuple(day for day in days if day.weekday() == weekday and day.day != 1) for weekday in range(7))


def _rhythm(daily: Mapping[date, Decimal], weekdays: Sequence[Sequence[date]]) -> tuple[tuple[float, ...], float, int]:
    """Mean cost by weekday, the standard deviation of the days around it, and the number of days.

    A weekday never seen has the mean of all.
    """
    costs = [[float(daily.get(day, ZERO)) for day in days] for days in weekdays]
    count = sum(map(len, costs))
    overall = sum(map(sum, costs)) / max(1, count)
    means = tuple(sum(found) / len(found) if found else overall for found in costs)
    squares = sum([(cost - mean) ** 2 for found, mean in zip(costs, means, strict=True) for cost in found])
    return means, sqrt(squares / max(1, count - 1)), count


def _money(value: float) -> Decimal:
    """An estimate as money, rounded where its own error begins to be far larger: 1/10000."""
    return Decimal(round(value * 10_000)).scaleb(-4)
