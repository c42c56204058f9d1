"""Expected month-end actual from settled days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import sqrt
from statistics import fmean, stdev

from finops.money import ZERO, add
from finops.periods import Month

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
        settled_through: the last day it rests on.
        by_day: expected cumulative actual at the end of each day after settled_through, for the picture.
    """

    amount: Decimal
    low: Decimal
    high: Decimal
    settled_through: date
    by_day: tuple[tuple[date, Decimal], ...]


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
    known = [day for day in daily if day <= settled_through]
    if not known or settled_through < month.first - timedelta(days=RHYTHM_DAYS):
        return None
    start = max(min(known), settled_through - timedelta(days=RHYTHM_DAYS - 1))
    window = [start + timedelta(days=number) for number in range((settled_through - start).days + 1)]
    if len(window) < LEAST_DAYS:
        return None
    costs = {day: float(daily.get(day, ZERO)) for day in window if day.day != 1}
    rhythm = _rhythm(costs)
    scatter = _scatter(costs, rhythm)
    settled = add(cost for day, cost in daily.items() if month.first <= day <= settled_through)
    left = [day for day in month.days() if day > settled_through]
    expected, by_day = float(settled), []
    for day in left:
        expected += rhythm[day.weekday()]
        by_day.append((day, _money(expected)))
    spread = Z_80 * scatter * sqrt(len(left) + len(left) ** 2 / max(1, len(costs)))
    amount = _money(expected) if left else settled
    return Forecast(amount, _money(expected - spread), _money(expected + spread), settled_through, tuple(by_day))


def _rhythm(costs: Mapping[date, float]) -> Sequence[float]:
    """Mean cost by weekday, Monday first; a weekday never seen has the mean of all."""
    overall = fmean(costs.values()) if costs else 0.0
    by_weekday: list[list[float]] = [[] for _ in range(7)]
    for day, cost in costs.items():
        by_weekday[day.weekday()].append(cost)
    return [fmean(seen) if seen else overall for seen in by_weekday]


def _scatter(costs: Mapping[date, float], rhythm: Sequence[float]) -> float:
    """Standard deviation of the days around their weekday's mean."""
    return stdev(cost - rhythm[day.weekday()] for day, cost in costs.items()) if len(costs) > 1 else 0.0


def _money(value: float) -> Decimal:
    """An estimate as money, rounded where its own error begins to be far larger: 1/10000."""
    return Decimal(round(value * 10_000)).scaleb(-4)
