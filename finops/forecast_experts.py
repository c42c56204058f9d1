"""Simple forecasters of the same sum of days, each right for one behaviour of daily costs.

Arrays are [days × series], oldest day first. Every forecaster gives for every day t of the past what it would have said
then, of the days t + gap + 1 … t + gap + left together: so each can be judged by how it did.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finops.forecast_calendar import BACK, calendar_of
from finops.forecast_cleaning import LASTING
from finops.forecast_past import SMOOTHINGS, Past
from finops.forecast_rhythm import WEEK, Floats, lagged, last_days, running, week_by_week
from finops.forecast_settling import Settling, settle

PRIORS = {
    "smoothed": 1.1,
    "smoothed fast": 1.2,
    "last days": 1.6,
    "four weeks": 1.3,
    "weekday medians": 1.0,
    "weekday means": 1.0,
    "line of six weeks": 1.8,
    "line of four weeks": 1.0,
    "month to date": 1.3,
    "since the last shift": 1.0,
    "same days of three months": 2.0,
    "year before": 2.0,
    "growing": 1.5,
    "growing slowly": 1.5,
    "settling": 1.3,
}
"""Forecaster → the error it is assumed to make, against the best, before a series has shown its own."""
LINES = (42, 0.97), (28, 0.99)
"""Days of each line, and what remains of its slope with every day ahead (Gardner & McKenzie 1985, Management Science
31)."""
GROWTH_DAMPING = 0.985
GROWING = (3, 4), (4, 5)
"""The smoothed levels, faster and slower, that growth is told from."""
MOST_GROWTH = 0.02
"""Growth a day that is believed at most, as a logarithm: 15 % a week."""
YEAR = 364
"""Whole weeks, so that weekdays meet."""
LONG_WEEKS = 26
"""Weeks of the weekday means."""
LONGEST_LEVEL = 120
"""Days since a shift that still count."""


@dataclass(frozen=True, slots=True)
class Bases:
    """What forecasters of any days ahead rest on: levels, lines and means of weekdays, at each day.

    Attributes:
        levels: three smoothed ones, that of four weeks, and those of _since.
        lines: level and slope of each of LINES, see _line.
        medians, means: of each day's weekday; NaN where never seen.
        rates: growth a day, as a logarithm, of the two growing levels.
        parts: each day in parts of the level of four weeks, and that level.
    """

    levels: tuple[Floats, ...]
    lines: tuple[tuple[Floats, Floats], ...]
    medians: Floats
    means: Floats
    rates: tuple[Floats, ...]
    parts: tuple[Floats, Floats]
    settling: Settling


def bases(past: Past) -> Bases:
    """What does not change with the days ahead."""
    levels = (*past.smoothed[:3], _four_weeks(past), *_since(past))
    lines = tuple(_line(past.own, past.share, days) for days, _ in LINES)
    rates = tuple(_growth(past))
    # Without what stood out: a few weeks are too short for one odd day among them.
    steady = np.where(past.known, past.cleaned.costs, 0.0)
    settling = settle(steady, past.known, past.begin, past.factors)
    medians, means = _medians(past), _weekday_means(past)
    return Bases(levels, lines, medians, means, rates, _parts(past), settling)


def forecasts(past: Past, known: Bases, gap: int, left: int) -> Floats:
    """What each forecaster would have said at each day: [forecasters × days × series], in the order of PRIORS."""
    ahead = np.arange(gap + 1, gap + left + 1)
    ages = -ahead % WEEK
    counts = np.bincount(ages, minlength=WEEK).astype(float)
    weekdays = _by_weekday(past, counts)
    due = window(running(past.fees), gap, left, len(past.costs))
    smoothed, fast, last, month_weeks, month_to_date, since = (each * weekdays + due for each in known.levels)
    lines = [
        _damped_line(past, line, damping, ahead, ages, weekdays) + due
        for line, (_, damping) in zip(known.lines, LINES, strict=True)
    ]
    growing, growing_slowly = (each + due for each in _growing(past, known.rates, ahead, ages))
    medians, means = (_by_weekday_of(each, counts) for each in (known.medians, known.means))
    settled = known.settling.sums(past.factors, ahead, since - due) + due
    before = [_same_days(past, known.parts, gap, left), _year_before(past, gap, left, month_weeks)]
    smooth = [smoothed, fast, last, month_weeks, medians + due, means, *lines, month_to_date, since]
    return np.stack([*smooth, *before, growing, growing_slowly, settled])


def window(sums: Floats, gap: int, left: int, days: int) -> Floats:
    """Sums of rows t + gap + 1 … t + gap + left for each t below days, from `running` sums."""
    return sums[gap + left + 1 : gap + left + 1 + days] - sums[gap + 1 : gap + 1 + days]


def _by_weekday(past: Past, counts: Floats) -> Floats:
    return np.asarray(np.einsum("tas,a->ts", past.factors, counts))


def _by_weekday_of(values: Floats, counts: Floats) -> Floats:
    """Sum over the seven ages of a day's value, where its weekday was never seen the mean of the others."""
    seven = np.stack([lagged(values, age) for age in range(WEEK)])
    seen = np.isfinite(seven)
    mean = np.where(seen, seven, 0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    return np.asarray(np.einsum("ats,a->ts", np.where(seen, seven, mean), counts))


def _over(above: Floats, below: Floats, otherwise: Floats) -> Floats:
    return np.where(below > 1e-6, above / np.maximum(below, 1e-6), otherwise)


def _four_weeks(past: Past) -> Floats:
    costs, shares = last_days(running(past.own), 28), last_days(running(past.share), 28)
    return _over(costs, shares, np.zeros_like(past.costs))


def _since(past: Past) -> Iterator[Floats]:
    """Levels of the month so far, and since the last lasting shift, there without what stood out after it."""
    costs, shares = running(past.own), running(past.share)
    first = past.month_begins()
    yield _over(costs[1:] - costs[first], shares[1:] - shares[first], past.level)
    rows = np.arange(len(past.costs))[:, None]
    start = np.maximum(past.cleaned.since, rows - LONGEST_LEVEL)
    # A shift's own first days stood out until it was known to last.
    believed = np.minimum(start + LASTING - 1, rows + 1)
    steady = running(np.where(past.known, past.cleaned.costs, 0.0))
    at_first = np.take_along_axis(costs, believed, axis=0) - np.take_along_axis(costs, start, axis=0)
    above = at_first + steady[1:] - np.take_along_axis(steady, believed, axis=0)
    below = shares[1:] - np.take_along_axis(shares, start, axis=0)
    yield _over(above, below, past.level)


def _medians(past: Past) -> Floats:
    """The median of each day and the same weekday of the three weeks before."""
    own = np.where(past.known, past.own, np.nan)
    weeks = np.sort(np.stack([lagged(own, WEEK * week) for week in range(4)]), axis=0)
    seen = np.isfinite(weeks).sum(axis=0)
    low = np.take_along_axis(weeks, np.maximum((seen - 1) // 2, 0)[None], axis=0)[0]
    high = np.take_along_axis(weeks, np.minimum(seen // 2, 3)[None], axis=0)[0]
    return np.where(seen > 0, (low + high) / 2, np.nan)


def _weekday_means(past: Past) -> Floats:
    """The mean of each day and the same weekday of up to 25 weeks before, fees and all."""
    costs, days = week_by_week(past.costs), week_by_week(past.known.astype(float))
    costs, days = (each - lagged(each, WEEK * LONG_WEEKS, 0.0) for each in (costs, days))
    return np.where(days > 0, costs / np.maximum(days, 1), np.nan)


def _damped_line(
    past: Past,
    line: tuple[Floats, Floats],
    damping: float,
    ahead: NDArray[np.int64],
    ages: NDArray[np.int64],
    weekdays: Floats,
) -> Floats:
    """Least squares over some weeks with the weekday rhythm and a slope that flattens."""
    damped = damping * (1 - damping**ahead) / (1 - damping)
    sloped = _by_weekday(past, np.bincount(ages, weights=damped, minlength=WEEK).astype(float))
    return np.asarray(line[0] * weekdays + line[1] * sloped)


def _line(costs: Floats, share: Floats, days: int) -> tuple[Floats, Floats]:
    """Level at each day and slope of the least squares costs ≈ share × (level + slope × age) of the last days."""
    rows = np.arange(len(costs), dtype=float)[:, None]
    s, st, stt, c, ct = (
        last_days(running(values), days)
        for values in (share**2, share**2 * rows, share**2 * rows**2, share * costs, share * costs * rows)
    )
    # From sums over the row's number to sums over the days since.
    stt, st, ct = stt - 2 * rows * st + rows**2 * s, st - rows * s, ct - rows * c
    spread = s * stt - st**2
    sound = spread > 1e-6 * s * stt + 1e-12
    slope = np.where(sound, (s * ct - st * c) / np.where(sound, spread, 1), 0)
    return np.where(s > 1e-9, (c - slope * st) / np.where(s > 1e-9, s, 1), 0), slope


def _parts(past: Past) -> tuple[Floats, Floats]:
    """What each day cost in parts of the level of four weeks, and that level."""
    mean = last_days(running(past.costs), 28) / np.maximum(last_days(running(past.known.astype(float)), 28), 1)
    size = np.abs(mean)
    return np.where(size > 1e-9, np.clip(past.costs / np.where(size > 1e-9, size, 1), -40, 40), 0), size


def _same_days(past: Past, parts: tuple[Floats, Floats], gap: int, left: int) -> Floats:
    """The same days of up to three months before, in parts of the level they had, times the level of four weeks."""
    days = len(past.costs)
    calendar = calendar_of(past.first_day, days + gap + left)
    above, below = (np.zeros((days + gap + left, past.costs.shape[1])) for _ in range(2))
    for months in range(1, BACK + 1):
        place, _ = calendar.same_day(months)
        rows = np.flatnonzero((place >= 0) & (place < days))
        above[rows] += parts[0][place[rows]]
        below[rows] += past.known[place[rows]]
    return parts[1] * window(running(np.where(below > 0, above / np.maximum(below, 1), 1)), gap, left, days)


def _year_before(past: Past, gap: int, left: int, otherwise: Floats) -> Floats:
    """What the same weeks of last year cost against the four weeks before them, times the last four weeks."""
    days = len(past.costs)
    if days < YEAR + 28:
        return otherwise
    sums = running(past.costs)
    recent = last_days(sums, 28)
    found = otherwise.copy()
    then, after = recent[27 : days - YEAR], window(sums, gap, left, days - YEAR)[27:]
    sound = (then > 0) & (after > 0) & (recent[27 + YEAR :] > 0)
    ratio = np.clip(after / np.where(sound, then, 1), 0, 28)
    found[27 + YEAR :] = np.where(sound, ratio * recent[27 + YEAR :], otherwise[27 + YEAR :])
    return found


def _growth(past: Past) -> Iterator[Floats]:
    """The rate by which a slower smoothed level lags behind a faster one (Brown's double smoothing, in logarithms)."""
    rows = np.arange(len(past.costs))[:, None]
    for fast, slow in GROWING:
        level, behind = past.smoothed[fast], past.smoothed[slow]
        lag, lag_behind = 1 / SMOOTHINGS[fast] - 1, 1 / SMOOTHINGS[slow] - 1
        sound = (level > 0) & (behind > 0)
        rate = np.log(np.where(sound, level, 1) / np.where(sound, behind, 1)) / (lag_behind - lag)
        trust = np.clip((rows - past.begin - 2 * (lag_behind + 1)) / (lag_behind + 1), 0, 1)
        yield np.clip(rate, -MOST_GROWTH, MOST_GROWTH) * trust


def _growing(
    past: Past, rates: tuple[Floats, ...], ahead: NDArray[np.int64], ages: NDArray[np.int64]
) -> Iterator[Floats]:
    """The faster level, growing on at its rate, damped."""
    lead = GROWTH_DAMPING * (1 - GROWTH_DAMPING**ahead) / (1 - GROWTH_DAMPING)
    for (fast, _), rate in zip(GROWING, rates, strict=True):
        lag = 1 / SMOOTHINGS[fast] - 1
        total = np.zeros_like(past.costs)
        for age in set(ages.tolist()):
            leads = lead[ages == age]
            mean = np.exp(rate * (lag + leads.mean())) * (1 + rate**2 * leads.var() / 2)
            total += len(leads) * past.factors[:, age] * mean
        yield past.smoothed[fast] * total
