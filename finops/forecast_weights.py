"""Putting simple forecasters together by how each has done on the same series.

Arrays are [… days × series], oldest day first. The weights of a day rest on errors known by then, so that the errors of
the combination are those it would really have made (prequential: Dawid 1984, JRSS A 147).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finops.forecast_experts import PRIORS, bases, forecasts, window
from finops.forecast_past import Past
from finops.forecast_rhythm import Flags, Floats, running

MEMORY = 100.0
"""Days after which an error counts half."""
SHORT_MEMORY = 50.0
"""The same for the errors of a few days ahead, which tell sooner of a change."""
SHORT = 3
"""Days ahead of those."""
SHORT_PART = 0.3
"""Their part in the judgement."""
PRIOR_COUNT = 2.0
"""Independent errors that the assumed ones count as."""
POWER = 20
"""Weights fall with this power of the error: near the best alone where one stands out, a mean where many are alike."""
TRIM = 0.2
"""Part of the weights left out at either end, so that one forecaster gone astray moves little."""
ELSEWHERE = 0.3
"""What an error at another point of the month counts, against one at the same point of an earlier month."""
NEAR = 3
"""Days about that point."""
MONTH, MONTHS = 30.4, 8
"""Days of a month, and months that are looked back."""
BEST = 5
"""Forecasters whose mean error the others are measured by."""
STEP = 4
"""Sums of n days are judged at every (n // STEP)th day: they differ little from one day to the next."""
LOOKED_AT = 280
"""Last days whose forecasts are made again to see their errors."""
PAUSE = 3
"""Days of zero that no pause explains, where there was none before."""
LEVEL_MEMORY = 0.97
"""Part of the level that errors are measured in which remains from day to day."""
ENOUGH = 0.7
"""Part of the days ahead whose cost must be known for an error to count."""
YOUNG, YOUNG_PRIOR = 60, 0.7
"""Days from which on a series is less and less young, at twice as many not at all, and the error that the settling
forecaster is assumed to make while it is."""
WARM_UP = 7
"""Days of a series before its first forecast is judged."""


@dataclass(frozen=True, slots=True)
class Combined:
    """The forecast of the days ahead, made at each of some days.

    Attributes:
        rows: the days looked at, the last known among them; a row each of all that follows.
        sums: of the days ahead.
        errors: actual − sums; zero where not usable.
        usable: errors that are known and count.
        level: mean absolute cost of a day, lately.
    """

    rows: NDArray[np.intp]
    sums: Floats
    errors: Floats
    usable: Flags
    level: Floats


def combine(past: Past, gap: int, left: int) -> Combined:
    """Weigh the forecasters at each day by their errors known until then, and take the middle of what they say."""
    level = _level(past)
    known = bases(past)
    said = forecasts(past, known, gap, left)
    actual, usable = _actual(past, gap, left, level)
    rows = np.arange(len(past.costs))[::-1][: LOOKED_AT : max(1, left // STEP)][::-1]
    priors = _priors(past, rows)
    errors = _errors(said, actual, usable, level, left)
    relative = _relative(errors, usable, rows, gap + left, left, MEMORY, priors)
    near = min(left, SHORT)
    actual_near, usable_near = _actual(past, 0, near, level)
    errors_near = _errors(forecasts(past, known, 0, near), actual_near, usable_near, level, near)
    relative **= 1 - SHORT_PART
    relative *= _relative(errors_near, usable_near, rows, near, near, SHORT_MEMORY, priors) ** SHORT_PART
    sums = _middle(said[:, rows], (relative.min(axis=0) / relative) ** POWER)
    sums[_ended(past)[rows]] = 0
    usable = usable[rows]
    return Combined(rows, sums, np.where(usable, actual[rows] - sums, 0), usable, level[rows])


def _middle(said: Floats, weights: Floats) -> Floats:
    """Weighted mean of what is said, without the lowest and the highest fifth of the weights."""
    order = np.argsort(said, axis=0)
    said = np.take_along_axis(said, order, axis=0)
    reached = np.cumsum(np.take_along_axis(weights, order, axis=0), axis=0)
    reached = np.clip(reached / reached[-1], TRIM, 1 - TRIM)
    parts = np.diff(reached, axis=0, prepend=TRIM)
    return np.asarray((parts * said).sum(axis=0) / (1 - 2 * TRIM))


def _ended(past: Past) -> Flags:
    """Where a series has been at exactly zero for days, longer than twice its longest pause before."""
    found = np.zeros(past.costs.shape, dtype=bool)
    pause, longest = (np.zeros(past.costs.shape[1]) for _ in range(2))
    for day, (cost, known) in enumerate(zip(past.costs, past.known, strict=True)):
        over = known & (cost != 0)
        longest = np.where(over, np.maximum(longest, pause), longest)
        pause = np.where(over, 0, pause + known)
        found[day] = pause > 2 * longest + PAUSE
    return found


def _level(past: Past) -> Floats:
    """Smoothed absolute cost of a day."""
    found = np.zeros_like(past.costs)
    above = np.zeros(past.costs.shape[1])
    below = np.zeros_like(above)
    for day, (cost, known) in enumerate(zip(np.abs(past.costs), past.known, strict=True)):
        above = np.where(known, above * LEVEL_MEMORY + cost, above)
        below = np.where(known, below * LEVEL_MEMORY + 1, below)
        found[day] = above / np.maximum(below, 1e-9)
    return found


def _actual(past: Past, gap: int, left: int, level: Floats) -> tuple[Floats, Flags]:
    """What the days ahead of each day came to, and where that is known."""
    days = len(past.costs)
    judged = max(0, days - gap - left)
    # A day that is missing is not zero: it is taken to have cost what its weekday does.
    costs = np.where(past.known, past.costs, past.factors[:, 0] * past.level)
    actual, usable = np.zeros_like(past.costs), np.zeros(past.costs.shape, dtype=bool)
    actual[:judged] = window(running(costs), gap, left, judged)
    known = window(running(past.known.astype(float)), gap, left, judged)
    old = np.arange(judged)[:, None] >= past.begin + WARM_UP
    usable[:judged] = (known >= ENOUGH * left) & old & (level[:judged] > 0)
    return actual, usable


def _errors(said: Floats, actual: Floats, usable: Flags, level: Floats, left: int) -> Floats:
    """Absolute errors in parts of the series' level: zero where not usable."""
    errors = said - actual
    np.abs(errors, out=errors)
    errors *= np.where(usable, 1 / np.where(level > 0, level * left, 1), 0)
    return errors


def _priors(past: Past, rows: NDArray[np.intp]) -> Floats:
    """The errors assumed of the forecasters at some days: a series that is young is taken to settle still."""
    found = np.repeat(np.array(list(PRIORS.values()))[:, None, None], len(rows), axis=1)
    found = np.repeat(found, past.costs.shape[1], axis=2)
    young = np.clip(2 - (rows[:, None] - past.begin) / YOUNG, 0, 1)
    place = list(PRIORS).index("settling")
    found[place] += young * (YOUNG_PRIOR - found[place])
    return found


def _relative(
    errors: Floats, usable: Flags, rows: NDArray[np.intp], delay: int, left: int, memory: float, priors: Floats
) -> Floats:
    """Each forecaster's mean absolute error as known at some days, against the five best, drawn towards the assumed.

    Args:
        errors: [forecasters × days × series], used up.
        rows: the days wanted.
        delay: days after which an error is known.
        priors: [forecasters × rows × series], the assumed ones.
    """
    days = errors.shape[1]
    # An error's weight falls with its age: as sums, for all rows at once, of weights as the last day sees them.
    aged = 0.5 ** (np.arange(days)[::-1] / memory)
    errors *= aged[:, None]
    sums = np.cumsum(errors, axis=1, out=errors)
    numbers = np.cumsum(usable * aged[:, None], axis=0)
    newest = rows - delay
    any_known, at = (newest >= 0)[:, None], np.maximum(newest, 0)
    # The newest error known, and one of a month before the row, count one.
    as_known = 0.5 ** (-delay / memory)
    found = np.where(any_known, ELSEWHERE * as_known * sums[:, at], 0)
    counts = np.where(any_known, ELSEWHERE * as_known * numbers[at], 0)
    for month in range(1, MONTHS + 1):
        back = rows - round(MONTH * month)
        last, before = np.minimum(back + NEAR, newest), back - NEAR - 1
        some = np.flatnonzero((before >= 0) & (last > before))
        found[:, some] += (1 - ELSEWHERE) * (sums[:, last[some]] - sums[:, before[some]])
        counts[some] += (1 - ELSEWHERE) * (numbers[last[some]] - numbers[before[some]])
    found /= np.maximum(counts, 1e-9 * aged[rows][:, None])
    typical = np.partition(found, BEST - 1, axis=0)[:BEST].mean(axis=0) + 1e-12
    independent = counts / aged[rows][:, None] / left**0.7
    found *= independent / typical
    found += PRIOR_COUNT * priors
    found /= independent + PRIOR_COUNT
    return found
