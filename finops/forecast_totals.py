"""Month totals forecast from settled daily costs, for thousands of series at once.

Floats live only in here and in the modules it calls: finops.month_end turns its quantiles into money. numpy is imported
by these modules alone, so that a process which makes no forecast does not load it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from finops.forecast import LEAST_DAYS, PROBABILITIES
from finops.forecast_past import look_back
from finops.forecast_rhythm import Floats
from finops.forecast_spread import spread, widened
from finops.forecast_weights import combine
from finops.month_end import LATEST
from finops.periods import Month

LONGEST = 800
"""Days back that are looked at."""
BATCH = 512
"""Series that are worked on together: enough for what numpy costs each call, few enough for memory."""


@dataclass(frozen=True, slots=True)
class MonthTotals:
    """What is still to come of a month, series by series.

    Attributes:
        days: those of the month that have no known cost: not settled yet, or missing among the settled.
        expected: [series], sum over `days`; NaN where there is no forecast.
        by_day: [days × series], its parts.
        quantiles: [probabilities × series] of the same sum, at finops.month_end.PROBABILITIES; rising, and the 80 and
            95 % intervals hold what is expected.
        known: [series], days with a known cost.
        idle: [series], settled days since the last known one.
    """

    days: tuple[date, ...]
    expected: Floats
    by_day: Floats
    quantiles: Floats
    known: NDArray[np.intp]
    idle: NDArray[np.intp]


def forecast_totals(daily: Floats, first_day: date, settled_through: date, month: Month) -> MonthTotals:
    """Forecast the rest of a month for each series.

    A pure function: the same input gives the same output, each series by itself, whatever others are beside it; costs k
    times as high give forecasts k times as high.

    Args:
        daily: [series × days], cost of each day from first_day on; NaN where not known, which is not zero.
        settled_through: the last day used; later columns are not looked at.
        month: not over by settled_through, and begun within LATEST days after it.

    Raises:
        ValueError: month is over or further away.
    """
    gap = max(0, (month.first - settled_through).days - 1)
    left = (month.last - max(settled_through, month.first - timedelta(days=1))).days
    if left < 0 or gap > LATEST:
        raise ValueError(f"{month} is not within reach of {settled_through}.")
    until = (settled_through - first_day).days + 1
    start = max(0, until - LONGEST)
    used = np.asarray(daily, dtype=float)[:, start:until]
    first_used = first_day + timedelta(days=start)
    numbers = range(until - start)
    inside = np.array([number for number in numbers if first_used + timedelta(days=number) in month], dtype=np.intp)
    ahead = [settled_through + timedelta(days=gap + number + 1) for number in range(left)]
    days = (*(first_used + timedelta(days=number) for number in inside.tolist()), *ahead)
    series = len(used)
    known = np.isfinite(used)
    totals = MonthTotals(
        days,
        np.full(series, np.nan),
        np.full((len(days), series), np.nan),
        np.full((len(PROBABILITIES), series), np.nan),
        known.sum(axis=1),
        known[:, ::-1].argmax(axis=1) if used.shape[1] else np.zeros(series, dtype=np.intp),
    )
    able = np.flatnonzero((totals.known >= LEAST_DAYS) & (totals.idle <= LATEST))
    for begin in range(0, len(able), BATCH):
        chosen = able[begin : begin + BATCH]
        _fill(totals, chosen, np.ascontiguousarray(used[chosen].T), first_used, gap, left, inside)
    return totals


def _fill(
    totals: MonthTotals,
    chosen: NDArray[np.intp],
    daily: Floats,
    first_day: date,
    gap: int,
    left: int,
    inside: NDArray[np.intp],
) -> None:
    """Forecast a batch: daily is [days × series] with the oldest day first."""
    # A power of two takes the size out without rounding, so that scaled costs give scaled forecasts.
    size = np.exp2(np.round(np.log2(np.maximum(np.nanmean(np.abs(daily), axis=0), 1e-300))))
    size = np.where(np.nanmax(np.abs(daily), axis=0) > 0, size, 1.0)
    past = look_back(daily / size, first_day, gap + left)
    never_below = np.nanmin(daily, axis=0) >= 0
    rate = past.level[-1]
    shape = np.stack([past.factors[-1, -number % 7] * rate for number in range(gap + 1, gap + left + 1)] or [rate * 0])
    # Before its first charge a series was not there: nothing is missing of it.
    lost = ~past.known[inside] & (inside[:, None] >= past.begin)
    missing = np.where(lost, past.factors[inside, 0] * rate + past.fees[inside], 0)
    if left:
        combined = combine(past, gap, left)
        expected = combined.sums[-1]
        expected = np.where(never_below, np.maximum(expected, 0), expected)
        around = spread(past, combined, gap, left, np.array(PROBABILITIES))
        due = past.fees[-left:]
        by_day = due + _fitted(shape, expected - due.sum(axis=0))
    else:
        expected, by_day = np.zeros(len(chosen)), np.zeros((0, len(chosen)))
        around = np.zeros((len(PROBABILITIES), len(chosen)))
    expected = expected + missing.sum(axis=0)
    # A day that is missing came to what only its level and weekday tell: as uncertain as a day to come.
    gone = np.where(lost, np.maximum(past.factors[inside, 0], 1) ** 2, 0).sum(axis=0)
    around = widened(around, np.sqrt(gone) * past.cleaned.scatter[-1], np.array(PROBABILITIES))
    outside = np.array(PROBABILITIES)[:, None]
    around = np.where(outside <= 0.1, np.minimum(around, 0), np.where(outside >= 0.9, np.maximum(around, 0), around))
    quantiles = expected + around
    quantiles = np.where(never_below, np.maximum(quantiles, 0), quantiles)
    totals.expected[chosen] = expected * size
    totals.by_day[:, chosen] = np.concatenate([missing, by_day]) * size
    totals.quantiles[:, chosen] = np.maximum.accumulate(quantiles, axis=0) * size


def _fitted(shape: Floats, total: Floats) -> Floats:
    """A sum over days by their shape, evenly where the shape has nothing to give."""
    whole = shape.sum(axis=0)
    sound = np.abs(whole) > 1e-9
    return np.where(sound, shape * (total / np.where(sound, whole, 1)), total / len(shape))
