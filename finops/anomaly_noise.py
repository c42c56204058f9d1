"""What a day is expected to cost, and how far days scatter around it: medians and tails, for many series at once.

A day is expected to cost what its weekday usually costs beside the week before it. The scatter has two measures: the
quartiles, and the tail by Hill's estimator (Hill 1975, Annals of Statistics 3), which carries the largest days on to
the one that comes once in years: bursts that a series is known for are no anomalies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Whole = NDArray[np.int64]

WEEK = 7
WEEKS = 8
"""Weeks from which a weekday's usual cost is taken."""
WINDOW = WEEK * (WEEKS + 1)
"""Days looked back upon: each of those weeks has one before it."""
LEAST_LEVEL = 0.1
"""Least level that ratios are taken of, in the mean day of the window: after a quiet week they would explode."""
TAIL, TAIL_SHARE = 10, 4
"""Largest days that the tail is read from, of fewer than 40 every fourth."""
TAIL_SCORE = 5.0
"""Score of a day that comes once in TAIL_DAYS."""
TAIL_DAYS = 2500.0
FURTHEST, EVEN = 3.0, 0.3
"""Where days scatter by less than EVEN levels without their tail, it is carried on to so many times the second largest
day that is known: one mishap that was not seen as one would otherwise excuse every later one.
"""
LEAST_DAYS = 16
"""Residuals below which nothing is known of the scatter."""
MISHAP, MOST_MISHAPS = 8.0, 4
"""A day so many scatters above its weekday is a mishap; where there are more in six weeks, they are bursts."""
NORMAL_QUARTILES, NORMAL_DECILE, NORMAL_FIFTH = 1.349, 1.2816, 0.8416
"""Of the normal distribution, in standard deviations: distance of its quartiles, its ninth decile and fourth fifth."""
TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Expected:
    """What a day is expected to cost in each series, NaN where nothing is known.

    Attributes:
        level: mean day of the week before, never below LEAST_LEVEL; what residuals are divided by.
    """

    cost: Floats
    level: Floats


@dataclass(frozen=True, slots=True)
class Scatter:
    """How far residuals scatter in each series, in levels; infinite where too few are known.

    Attributes:
        up: what a score of 1 is, the tail included.
        down: the same below, without one.
        core: upwards without the tail; 0.5 where too few are known.
    """

    up: Floats
    down: Floats
    core: Floats


def expected_of(past: Floats, size: Floats) -> Expected:
    """The next day's expected cost.

    Args:
        past: cost of the WINDOW days before it, one row a series, cleaned of what was no ordinary day; NaN before the
            series began.
        size: mean absolute cost of a day since the series began, for the level where those days cost nothing.
    """
    weeks = past.reshape(len(past), WEEKS + 1, WEEK)
    means = weeks.mean(axis=2)
    known = np.isfinite(past)
    lately = np.where(known, np.abs(past), 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    least = np.maximum(LEAST_LEVEL * np.where(lately > 0, lately, size), TINY)
    ratios = np.sort(weeks[:, 1:, 0] / np.maximum(means[:, :-1], least[:, None]), axis=1)
    number = np.isfinite(ratios).sum(axis=1)
    low, high = np.clip((number - 1) // 2, 0, WEEKS - 1), np.clip(number // 2, 0, WEEKS - 1)
    rows = np.arange(len(past))
    level = np.maximum(means[:, WEEKS], least)
    return Expected((ratios[rows, low] + ratios[rows, high]) / 2 * level, level)


def scatter_of(residuals: Floats, least: float) -> Scatter:
    """How far residuals scatter.

    Args:
        residuals: cost − expected in levels, one row a series; NaN where not known, or no ordinary day.
        least: scatter below which nothing is an anomaly.
    """
    ranked = np.sort(residuals, axis=1)
    number = np.isfinite(ranked).sum(axis=1)
    tenth, quarter, third, ninth = (_quantile(ranked, number, share) for share in (0.1, 0.25, 0.75, 0.9))
    middle = np.maximum((third - quarter) / NORMAL_QUARTILES, least)
    up = np.maximum(middle, ninth / NORMAL_DECILE)
    down = np.maximum(middle, -tenth / NORMAL_DECILE)
    few = number < LEAST_DAYS
    wide = np.maximum(up, _tail(ranked, number, least, up < EVEN) / TAIL_SCORE)
    return Scatter(np.where(few, np.inf, wide), np.where(few, np.inf, down), np.where(few, 0.5, up))


def without_mishaps(costs: Floats, recurs: Flags, least: float) -> tuple[Floats, Flags]:
    """The first weeks of series, all known at once, and which of their days are mishaps, not to be learnt from.

    A mishap is MISHAP scatters above what is usual on its weekday, by more than that and by more than a mean day. Usual
    is the lower median, and the scatter is read without its highest fifth, so that mishaps in a row hide none of them.

    Args:
        costs: of whole weeks, one row a series; NaN where missing.
        recurs: days on which fees fall, one for each column: what is high on them is no mishap.
        least: scatter below which nothing is an anomaly.

    Returns:
        The costs, a mishap's and a missing day's replaced by what is usual; and the mishaps.
    """
    weeks = np.sort(costs.reshape(len(costs), -1, WEEK), axis=1)
    places = np.clip((np.isfinite(weeks).sum(axis=1, keepdims=True) - 1) // 2, 0, None)
    usual = np.tile(np.take_along_axis(weeks, places, axis=1)[:, 0], weeks.shape[1])
    level = np.nanmean(usual, axis=1, keepdims=True)
    residuals = (costs - usual) / np.where(level > 0, level, np.inf)
    ranked = np.sort(residuals, axis=1)
    number = np.isfinite(ranked).sum(axis=1)
    quarter, third, fourth = (_quantile(ranked, number, share) for share in (0.25, 0.75, 0.8))
    scatter = np.maximum(np.maximum((third - quarter) / NORMAL_QUARTILES, fourth / NORMAL_FIFTH), least)
    mishaps = (residuals > MISHAP * scatter[:, None]) & (costs - usual > np.maximum(usual, level)) & ~recurs
    mishaps &= mishaps.sum(axis=1, keepdims=True) <= MOST_MISHAPS
    return np.where(mishaps | ~np.isfinite(costs), usual, costs), mishaps


def _tail(ranked: Floats, number: Whole, least: float, is_even: Flags) -> Floats:
    """The residual that comes once in TAIL_DAYS; the largest counts as the second does, for it may be a mishap."""
    size = np.clip(number // TAIL_SHARE, 1, TAIL)
    places = np.clip(number[:, None] - 1 - np.arange(TAIL + 1), 0, None)
    largest = np.maximum(np.take_along_axis(ranked, places, axis=1), TINY)
    edge = np.maximum(largest[np.arange(len(ranked)), size], least / 2)
    logs = np.log(np.maximum(largest[:, 1:TAIL], edge[:, None]) / edge[:, None])
    index = (logs.sum(axis=1) + logs[:, 0]) / size
    carried = edge * (size * TAIL_DAYS / np.maximum(number, 1)) ** index
    found: Floats = np.where(is_even, np.minimum(carried, FURTHEST * largest[:, 1]), carried)
    return found


def _quantile(ranked: Floats, number: Whole, share: float) -> Floats:
    places = np.clip((share * (number - 1)).astype(np.int64), 0, ranked.shape[1] - 1)
    found: Floats = ranked[np.arange(len(ranked)), places]
    return found
