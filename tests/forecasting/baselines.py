"""What people forecast a month with today: each done as well as it can be, none made weak.

A baseline is given what the product is given, the days through the last settled one, and says the month's total. All
but the run rate fill the month's missing days with the weekday's median around them, so that none loses by a gap.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
from statsmodels.tools.sm_exceptions import ConvergenceWarning
from statsmodels.tsa.holtwinters import ExponentialSmoothing
from statsmodels.tsa.seasonal import STL

from tests.forecasting.days import Floats, days_of_month

Baseline = Callable[[Floats, date, date], float]
"""(days, day of the first of them, first day of the month) → the month's total."""
WEEK = 7
LEAST_FOR_SEASONS = 3 * WEEK
ETS_DAYS = 182


def filled(daily: Floats) -> Floats:
    """Missing days by the median of the same weekday's nearest four known values, or of everything."""
    values = daily.copy()
    for day in np.flatnonzero(np.isnan(daily)):
        same = np.arange(day % WEEK, len(daily), WEEK)
        same = same[~np.isnan(daily[same])]
        nearest = same[np.argsort(np.abs(same - day), kind="stable")[:4]]
        values[day] = np.median(daily[nearest]) if len(nearest) else np.nanmedian(daily)
    return values


def run_rate(daily: Floats, first_day: date, month: date) -> float:
    """The mean of the month's days so far, on every day of it; of the last 28 days where the month has none yet."""
    known = daily[(month - first_day).days :]
    if np.isnan(known).all():
        known = daily[-28:]
    return float(np.nanmean(known) * days_of_month(month))


def weekday_median(daily: Floats, first_day: date, month: date) -> float:
    """Every day left is the median of its weekday in the last four weeks."""
    return _total(daily, first_day, month, _weekday_medians)


def least_squares(daily: Floats, first_day: date, month: date) -> float:
    """Every day left lies on the straight line through the last 30 days; never below zero where no day was."""
    return _total(daily, first_day, month, _line)


def robust_stl(daily: Floats, first_day: date, month: date) -> float:
    """STL(period=7, robust=True): the trend goes on from its last value, the season repeats its last week."""
    return _total(daily, first_day, month, _stl)


def ets(daily: Floats, first_day: date, month: date) -> float:
    """Exponential smoothing with an additive damped trend and an additive week, fitted anew for every forecast."""
    return _total(daily, first_day, month, _ets)


BASELINES: dict[str, Baseline] = {
    "run rate": run_rate,
    "weekday median": weekday_median,
    "least squares": least_squares,
    "robust STL": robust_stl,
    "ETS": ets,
}


def _total(daily: Floats, first_day: date, month: date, ahead: Callable[[Floats, int], Floats]) -> float:
    values = filled(daily)
    so_far = values[(month - first_day).days :]
    left = (month + timedelta(days=days_of_month(month)) - first_day).days - len(values)
    return float(so_far.sum() + ahead(values, left).sum())


def _weekday_medians(values: Floats, left: int) -> Floats:
    recent = values[-4 * WEEK :]
    if len(recent) < WEEK:
        return np.full(left, np.median(recent))
    week = np.array([np.median(recent[::-1][(WEEK - 1 - day) :: WEEK]) for day in range(WEEK)])
    return week[np.arange(left) % WEEK]


def _line(values: Floats, left: int) -> Floats:
    recent = values[-30:]
    slope, level = np.polyfit(np.arange(len(recent)), recent, 1)
    ahead = level + slope * np.arange(len(recent), len(recent) + left)
    return np.maximum(ahead, 0) if values.min() >= 0 else ahead


def _stl(values: Floats, left: int) -> Floats:
    if len(values) < LEAST_FOR_SEASONS:
        return _weekday_medians(values, left)
    parts = STL(values, period=WEEK, robust=True).fit()
    # A drift of the trend, whole or halved, and the last value without its season were worse on the development seed.
    ahead = parts.trend[-1] + parts.seasonal[-WEEK:][np.arange(left) % WEEK]
    return np.maximum(ahead, 0) if values.min() >= 0 else ahead


def _ets(values: Floats, left: int) -> Floats:
    if len(values) < LEAST_FOR_SEASONS:
        return _weekday_medians(values, left)
    recent = values[-ETS_DAYS:]
    size = np.abs(recent).mean() or 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        model = ExponentialSmoothing(
            recent / size,
            trend="add",
            damped_trend=True,
            seasonal="add",
            seasonal_periods=WEEK,
            initialization_method="estimated",
        )
        ahead = np.asarray(model.fit(use_brute=False).forecast(left)) * size
    if not np.isfinite(ahead).all():
        return _weekday_medians(values, left)
    return np.maximum(ahead, 0) if values.min() >= 0 else ahead
