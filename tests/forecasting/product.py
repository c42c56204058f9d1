"""The product's forecaster and detector behind the benchmark's two signatures: the one place to wire them in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal

import numpy

from finops.anomaly_detection import find_anomalies
from finops.anomaly_rules import AnomalyRules
from finops.forecast import Forecast
from finops.month_end import month_ends
from finops.periods import Month
from tests.forecasting.days import Floats

MINIMUM_AMOUNT, MINIMUM_RATIO = 100.0, 0.25
"""The detector's default settings: what it is asked not to mention, nobody has to find."""

Asked = tuple[Floats, date, date]
"""(amount of each day through the last settled one, NaN where missing; day of the first; first day of the month)."""
Told = tuple[float, float, float, float, float]
"""(expected month total, low 80 %, high 80 %, low 95 %, high 95 %)."""
Forecaster = Callable[[Sequence[Asked]], Sequence[Told | None]]
"""For each of many series the month's total, or None where no forecast is given."""
Flag = tuple[int, str]
"""(number of the day on which somebody is told, 'spike' or 'shift')."""
Detector = Callable[[Sequence[tuple[Floats, date]]], Sequence[Sequence[Flag]]]
"""For each of many series the anomalies told, a day decided from that day and the days before it alone.

One flag is one message: an anomaly that goes on, or turns from a spike into a shift, is not told again.
"""


class NotThereYet(Exception):
    """The product has no such function yet."""


def forecaster() -> Forecaster:
    """The product's forecaster, as finops.month_end asks it."""
    return _forecasts


def _forecasts(asked: Sequence[Asked]) -> list[Told | None]:
    """Series of the same days and month are forecast together."""
    together: dict[tuple[date, int, date], list[int]] = defaultdict(list)
    for number, (costs, first_day, month) in enumerate(asked):
        together[first_day, len(costs), month].append(number)
    told: list[Told | None] = [None] * len(asked)
    for (first_day, length, begins), numbers in together.items():
        month, until = Month.of(begins), first_day + timedelta(days=length - 1)
        costs = numpy.stack([asked[number][0] for number in numbers])
        start = max(0, (month.first - first_day).days)
        settled = [Decimal(repr(float(numpy.nansum(row[start:])))) for row in costs]
        forecasts = month_ends(month, costs, first_day, until, settled, [2] * len(numbers))
        for number, found in zip(numbers, forecasts, strict=True):
            if isinstance(found, Forecast):
                values = (found.amount, found.low, found.high, found.lowest, found.highest)
                told[number] = tuple(map(float, values))  # type: ignore[assignment]
    return told


def detector() -> Detector:
    """The product's detector at its default settings; it judges a day by that day and the days before it."""
    return _anomalies


def _anomalies(asked: Sequence[tuple[Floats, date]]) -> list[list[Flag]]:
    """All series are judged together, laid on one calendar; only increases are told, each once."""
    told: list[list[Flag]] = [[] for _ in asked]
    if not asked:
        return told
    first = min(first_day for _, first_day in asked)
    begins = [(first_day - first).days for _, first_day in asked]
    length = max(begin + len(costs) for begin, (costs, _) in zip(begins, asked, strict=True))
    laid = numpy.full((len(asked), length), numpy.nan)
    for row, begin, (costs, _) in zip(laid, begins, asked, strict=True):
        row[begin : begin + len(costs)] = costs
    for found in find_anomalies(laid, first, [AnomalyRules().minimums(None, "USD")] * len(asked)):
        if found.is_increase:
            day = (found.found_on - first).days - begins[found.series]
            told[found.series].append((day, str(found.shape)))
    return told
