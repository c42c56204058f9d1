"""How anomalies in daily cost are found today: each with its thresholds chosen in its favour on the development seed.

Each baseline gives two figures for a day, from that day and the days before it: how far out it is, and what was
expected. All are let keep quiet for some days after a flag, so that none tells of a level shift every day, and all
have the minimum amount that the product has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from statsmodels.tsa.seasonal import STL

from tests.forecasting.baselines import WEEK, filled
from tests.forecasting.days import Floats

Scores = tuple[Floats, Floats]
"""(score of each day, expected amount of each day), NaN where there is none."""
WINDOW = 28
STL_WINDOW, STL_STEP = 56, 3


@dataclass(frozen=True)
class Thresholds:
    """What a day must reach to be flagged.

    Attributes:
        score: the least score.
        ratio: the least excess over the expected amount, as a share of it.
        quiet_days: how long nothing is flagged after a flag.
    """

    score: float
    ratio: float
    quiet_days: int


def flags(scores: Scores, daily: Floats, thresholds: Thresholds, minimum_amount: float) -> list[int]:
    """The days flagged: the score, the ratio and the amount are all reached."""
    score, expected = scores
    with np.errstate(invalid="ignore"):
        excess = daily - expected
        out = (score >= thresholds.score) & (excess >= minimum_amount)
        out &= excess >= thresholds.ratio * np.maximum(expected, 0)
    found: list[int] = []
    for day in np.flatnonzero(out):
        if not found or day - found[-1] > thresholds.quiet_days:
            found.append(int(day))
    return found


def z_score(daily: Floats) -> Scores:
    """(amount − mean) / standard deviation of the 28 days before."""
    before = _before(daily)
    mean, deviation = np.nanmean(before, axis=1), np.nanstd(before, axis=1)
    return _scored(daily, mean, deviation)


def robust_z(daily: Floats) -> Scores:
    """(amount − median) / (1.4826 × median absolute deviation) of the 28 days before."""
    before = _before(daily)
    median = np.nanmedian(before, axis=1)
    return _scored(daily, median, 1.4826 * np.nanmedian(np.abs(before - median[:, None]), axis=1))


def interquartile(daily: Floats) -> Scores:
    """(amount − third quartile) / interquartile range of the 28 days before (Tukey's fences)."""
    first, third = np.nanquantile(_before(daily), (0.25, 0.75), axis=1)
    return _scored(daily, third, third - first)


def weekday_ratio(daily: Floats) -> Scores:
    """Amount / median of its weekday in the six weeks before."""
    expected = np.full(len(daily), np.nan)
    for day in range(4 * WEEK, len(daily)):
        expected[day] = np.nanmedian(daily[max(day % WEEK, day - 6 * WEEK) : day : WEEK])
    return _padded(daily, expected[WINDOW:], _ratio(daily[WINDOW:], expected[WINDOW:]))


def stl_residual(daily: Floats) -> Scores:
    """(amount − STL's forecast) / deviation of its residuals over the eight weeks before, fitted every three days."""
    values = filled(daily)
    expected, spread = np.full(len(daily), np.nan), np.full(len(daily), np.nan)
    for day in range(STL_WINDOW, len(daily), STL_STEP):
        # Five outer rounds in place of fifteen: a third of the time, of which this is the most of all baselines.
        parts = STL(values[day - STL_WINDOW : day], period=WEEK, robust=True).fit(inner_iter=2, outer_iter=5)
        last = min(day + STL_STEP, len(daily))
        expected[day:last] = parts.trend[-1] + parts.seasonal[-WEEK:][: last - day]
        spread[day:last] = 1.4826 * np.median(np.abs(parts.resid))
    return _scored(daily, expected[WINDOW:], spread[WINDOW:])


def forecast_threshold(daily: Floats) -> Scores:
    """As AWS Cost Anomaly Detection is described: a forecast with a week in it, and how far beyond it, in deviations.

    Holt and Winters' additive smoothing a day ahead; the impact's amount and percentage are the thresholds of an alert:
    https://docs.aws.amazon.com/cost-management/latest/userguide/manage-ad.html
    """
    values = filled(daily)
    level = float(values[: 2 * WEEK].mean())
    week = values[: 2 * WEEK].reshape(2, WEEK).mean(axis=0) - level
    expected, spread = np.full(len(daily), np.nan), np.full(len(daily), np.nan)
    deviation = float(np.abs(values[: 2 * WEEK] - level).mean()) + 1e-12
    for day in range(2 * WEEK, len(daily)):
        ahead = level + week[day % WEEK]
        # What is far out is learnt from only as far as three deviations, or one spike would hide the next.
        error = float(np.clip(values[day] - ahead, -4 * deviation, 4 * deviation))
        expected[day], spread[day] = ahead, 1.25 * deviation
        level += 0.2 * error
        week[day % WEEK] += 0.15 * error
        deviation += 0.05 * (abs(error) - deviation)
    return _scored(daily, expected[WINDOW:], spread[WINDOW:])


BASELINES: dict[str, Callable[[Floats], Scores]] = {
    "z-score": z_score,
    "robust z-score": robust_z,
    "interquartile range": interquartile,
    "weekday ratio": weekday_ratio,
    "STL residual": stl_residual,
    "forecast and threshold": forecast_threshold,
}
GRID: dict[str, tuple[float, ...]] = dict.fromkeys(BASELINES, (2, 2.5, 3, 4, 5, 6, 8, 12, 18, 25)) | {
    "interquartile range": (0.5, 1, 1.5, 2, 3, 4, 6, 9),
    "weekday ratio": (1.0,),
}
TUNED: dict[str, Thresholds] = {
    "z-score": Thresholds(score=2.5, ratio=0.5, quiet_days=90),
    "robust z-score": Thresholds(score=2, ratio=0.6, quiet_days=90),
    "interquartile range": Thresholds(score=0.5, ratio=0.3, quiet_days=90),
    "weekday ratio": Thresholds(score=1.0, ratio=0.6, quiet_days=90),
    "STL residual": Thresholds(score=18, ratio=0.0, quiet_days=90),
    "forecast and threshold": Thresholds(score=4, ratio=0.4, quiet_days=90),
}
"""Written down from `python -m tests.forecasting --tune --seed 1 --series 40`: the highest F1 among those of the grid.

None may be quiet for longer than 90 days, as it would miss whatever else happens in the quarter.
"""


def grid(name: str) -> Iterator[Thresholds]:
    """The thresholds among which a baseline's are chosen."""
    for score in GRID[name]:
        for ratio in (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8):
            for quiet_days in (0, 7, 14, 28, 42, 60, 90):
                yield Thresholds(score, ratio, quiet_days)


def _before(daily: Floats) -> Floats:
    return sliding_window_view(daily, WINDOW)[:-1]


def _scored(daily: Floats, expected: Floats, spread: Floats) -> Scores:
    # A series that never moves has no deviation: a thousandth of its level stands in for it.
    least = np.maximum(np.abs(expected) * 1e-3, 1e-9)
    return _padded(daily, expected, (daily[WINDOW:] - expected) / np.maximum(spread, least))


def _ratio(daily: Floats, expected: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return daily / np.maximum(expected, 1e-9)


def _padded(daily: Floats, expected: Floats, score: Floats) -> Scores:
    nothing = np.full(WINDOW, np.nan)
    return np.concatenate([nothing, score]), np.concatenate([nothing, expected])
