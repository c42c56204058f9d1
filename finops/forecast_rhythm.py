"""The weekday rhythm of daily costs as it was known at each day, for many series at once.

Arrays are [days × series], oldest day first. Everything here is causal: row t uses days up to t only, so that a
forecast made at t can be tried against what came after.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

WEEKS = 8
"""Weeks the rhythm is taken from."""
WEEK = 7
NOISE = 0.02
"""Variance of a day against its week that is assumed before any is seen (a scatter of 14 %), counted as one day."""
FULL = 5
"""Known days that a week needs to be a yardstick for its days."""


def lagged(values: Floats, days: int, fill: float = np.nan) -> Floats:
    """Each row as it was so many days before; `fill` where there was none."""
    found = np.full_like(values, fill)
    found[days:] = values[: max(0, len(values) - days)]
    return found


def running(values: Floats) -> Floats:
    """Sums of all rows before each row and of all rows: one row more than values."""
    return np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])


def last_days(sums: Floats, days: int) -> Floats:
    """Sums of the last so many rows up to each row, from `running` sums."""
    start = np.maximum(np.arange(1, len(sums)) - days, 0)
    return sums[1:] - sums[start]


def week_by_week(values: Floats) -> Floats:
    """Sums of each row and of all rows whole weeks before it."""
    days, rest = len(values), values.shape[1:]
    whole = -(-days // WEEK)
    weeks = np.zeros((whole * WEEK, *rest))
    weeks[:days] = values
    return np.cumsum(weeks.reshape(whole, WEEK, *rest), axis=0).reshape(weeks.shape)[:days]


def rhythm(costs: Floats, known: Flags, begin: NDArray[np.intp]) -> Floats:
    """What each weekday costs against the mean day: [days × 7 × series], mean 1 over the seven.

    Entry [t, age] is the factor of the weekday of day t − age. A day's share of the seven days that end with it is
    taken over eight weeks, of which the middle half counts, so that fees, spikes and holidays do not; and the seven are
    drawn towards 1 by as much as their differences could be noise (James & Stein 1961, in the form of Efron & Morris
    1975, JASA 70).

    Args:
        costs: zero where not known.
        begin: index of the first known day of each series.
    """
    days, series = costs.shape
    count = last_days(running(known.astype(float)), WEEK)
    mean = last_days(running(costs), WEEK) / np.maximum(count, 1)
    # The first six days have no full week behind them: theirs is the first week.
    first = np.minimum(begin + WEEK - 1, days - 1)
    row = np.arange(days)[:, None]
    early = (row >= begin) & (row < first)
    mean = np.where(early, mean[first, np.arange(series)], mean)
    count = np.where(early, count[first, np.arange(series)], count)
    usable = known & (count >= FULL) & (mean > 0)
    share = np.where(usable, np.clip(costs / np.where(mean > 0, mean, 1), 0, WEEK), np.nan)
    middle, variance, seen = _middle_half(share)
    factors = np.stack([lagged(middle, age, 1.0) for age in range(WEEK)], axis=1)
    variances = np.stack([lagged(variance, age, 0.0) for age in range(WEEK)], axis=1)
    numbers = np.stack([lagged(seen, age, 0.0) for age in range(WEEK)], axis=1)
    factors /= np.maximum(factors.mean(axis=1, keepdims=True), 1e-9)
    scatter = ((variances * numbers).sum(axis=1) + NOISE) / (numbers.sum(axis=1) + 1)
    error = scatter / np.maximum(numbers.mean(axis=1), 0.5)
    between = np.maximum(factors.var(axis=1) * WEEK / (WEEK - 1) - error, 0)
    trust = np.where(numbers.sum(axis=1) > 0, between / (between + error + 1e-12), 0)
    return np.asarray(1 + (factors - 1) * trust[:, None])


def _middle_half(share: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean of the middle half of the same weekday's last eight shares, the variance of one, and how many there were."""
    weeks = np.sort(np.stack([lagged(share, WEEK * number) for number in range(WEEKS)]), axis=0)
    seen = np.isfinite(weeks).sum(axis=0)
    drop = seen // 4
    place = np.arange(WEEKS)[:, None, None]
    kept = (place >= drop) & (place < seen - drop)
    number = np.maximum(kept.sum(axis=0), 1)
    middle = np.where(kept, weeks, 0).sum(axis=0) / number
    # The middle half of a normal distribution has 1/7 of its variance.
    variance = np.where(kept, (weeks - middle) ** 2, 0).sum(axis=0) / number * np.where(seen >= 4, 7, 1.5)
    return np.where(seen > 0, middle, 1.0), variance, seen.astype(float)
