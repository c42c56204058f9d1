"""Simple forecasters of the same sum of days, each right for one behaviour of daily costs.

Arrays are [days × series], oldest day first. Every forecaster gives for every day t of the past what it would have said
then, of the days t + gap + 1 … t + gap + left together: so each can be judged by how it did.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from finops.forecast_cleaning import LASTING, Cleaned, clean, fees
from finops.forecast_rhythm import WEEK, Flags, Floats, lagged, last_days, rhythm, running

PRIORS = {
    "smoothed slowly": 1.5,
    "smoothed": 1.1,
    "smoothed fast": 1.2,
    "last days": 1.6,
    "four weeks": 1.3,
    "thirteen weeks": 1.5,
    "weekday medians": 1.0,
    "weekday means": 1.0,
    "line of 30 days": 2.5,
    "line of six weeks": 1.8,
    "month to date": 1.3,
    "since the last shift": 1.0,
    "same days of three months": 2.0,
    "year before": 2.0,
    "growing": 1.5,
    "growing slowly": 1.5,
    "run rate": 3.0,
}
"""Forecaster → the error it is assumed to make, against the best, before a series has shown its own."""
SMOOTHINGS = 0.03, 0.1, 0.3, 0.8, 0.15, 0.05, 0.02
"""Parts of a new day in the smoothed levels; the last three serve the growing ones."""
LINE_DAMPING = 0.97
"""What remains of a line's slope with every day ahead (Gardner & McKenzie 1985, Management Science 31)."""
GROWTH_DAMPING = 0.985
MOST_GROWTH = 0.02
"""Growth a day that is believed at most, as a logarithm: 15 % a week."""
YEAR = 364
"""Whole weeks, so that weekdays meet."""
LONG_WEEKS = 26
"""Weeks of the weekday means."""
LONGEST_LEVEL = 120
"""Days since a shift that still count."""


@dataclass(frozen=True, slots=True)
class Past:
    """A batch of series and what is known of them at each day.

    Attributes:
        costs: zero where not known.
        own: the same without fees.
        begin: index of each series' first known day.
        factors: of weekdays, see finops.forecast_rhythm.rhythm.
        share: each day's own factor, zero where not known.
        smoothed: levels, one for each of SMOOTHINGS.
        fees: expected on each day; rows go on to the last day ahead.
    """

    first_day: date
    costs: Floats
    known: Flags
    begin: NDArray[np.intp]
    factors: Floats
    cleaned: Cleaned
    own: Floats
    share: Floats
    smoothed: Floats
    fees: Floats

    def month_begins(self) -> NDArray[np.intp]:
        """For each row, the row of its month's first day, or the first row."""
        rows = range(len(self.costs))
        return np.array([max(0, row + 1 - self.day(row).day) for row in rows], dtype=np.intp)

    def day(self, row: int) -> date:
        """The calendar day of a row."""
        return self.first_day + timedelta(days=row)


def look_back(daily: Floats, first_day: date, ahead: int) -> Past:
    """What a batch of series shows at each of its days.

    Args:
        daily: costs, NaN where not known.
        ahead: days after the last row that fees are wanted for.
    """
    known = np.isfinite(daily)
    costs = np.where(known, daily, 0.0)
    begin = np.where(known.any(axis=0), known.argmax(axis=0), len(daily) - 1)
    factors = rhythm(costs, known, begin)
    cleaned = clean(costs, known, factors)
    expected = fees(np.where(known, costs - cleaned.costs, 0.0), first_day, len(daily) + ahead)
    steady = np.where(known, cleaned.costs, 0.0)
    own = np.where(expected[: len(daily)] != 0, steady, costs)
    share = np.where(known, factors[:, 0], 0.0)
    smoothed = _smooth(steady, share, known)
    return Past(first_day, costs, known, begin, factors, cleaned, own, share, smoothed, expected)


def _smooth(costs: Floats, share: Floats, known: Flags) -> Floats:
    """Exponentially smoothed levels (Brown 1959): smoothed costs over smoothed weekday factors."""
    parts = np.array(SMOOTHINGS)[:, None]
    found = np.empty((len(costs), len(SMOOTHINGS), costs.shape[1]))
    above = np.zeros((len(SMOOTHINGS), costs.shape[1]))
    below = np.zeros_like(above)
    for day in range(len(costs)):
        part = parts * known[day]
        above += part * (costs[day] - above)
        below += part * (share[day] - below)
        found[day] = np.where(below > 1e-6, above / np.maximum(below, 1e-9), 0)
    return np.moveaxis(found, 1, 0)


def forecasts(past: Past, gap: int, left: int) -> Floats:
    """What each forecaster would have said at each day: [forecasters × days × series], in the order of PRIORS."""
    ahead = np.arange(gap + 1, gap + left + 1)
    ages = -ahead % WEEK
    counts = np.bincount(ages, minlength=WEEK).astype(float)
    weekdays = _by_weekday(past, counts)
    due = window(running(past.fees), gap, left, len(past.costs))
    levels = [*past.smoothed[:4], *_means(past), *_since(past)]
    sums = [each * weekdays + due for each in levels]
    slowly, smoothed, fast, last, month_weeks, quarter, month_to_date, since = sums
    line, damped = _lines(past, ahead, ages)
    growing, growing_slowly = (each + due for each in _growing(past, ahead, ages))
    medians, means = (_by_weekday_of(each, counts) for each in (_medians(past), _weekday_means(past)))
    before = [_same_days(past, gap, left), _year_before(past, gap, left, month_weeks)]
    smooth = [slowly, smoothed, fast, last, month_weeks, quarter]
    shaped = [medians + due, means, line + due, damped + due, month_to_date, since]
    return np.stack([*smooth, *shaped, *before, growing, growing_slowly, _run_rate(past, left, month_weeks)])


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


def _means(past: Past) -> Iterator[Floats]:
    """Levels of the last four and the last thirteen weeks."""
    costs, shares = running(past.own), running(past.share)
    for days in (28, 91):
        yield _over(last_days(costs, days), last_days(shares, days), np.zeros_like(past.costs))


def _since(past: Past) -> Iterator[Floats]:
    """Levels of the month so far, and since the last lasting shift, there without what stood out after it."""
    costs, shares = running(past.own), running(past.share)
    first = past.month_begins()
    yield _over(costs[1:] - costs[first], shares[1:] - shares[first], past.smoothed[1])
    rows = np.arange(len(past.costs))[:, None]
    start = np.maximum(past.cleaned.since, rows - LONGEST_LEVEL)
    # A shift's own first days stood out until it was known to last.
    believed = np.minimum(start + LASTING - 1, rows + 1)
    steady = running(np.where(past.known, past.cleaned.costs, 0.0))
    at_first = np.take_along_axis(costs, believed, axis=0) - np.take_along_axis(costs, start, axis=0)
    above = at_first + steady[1:] - np.take_along_axis(steady, believed, axis=0)
    below = shares[1:] - np.take_along_axis(shares, start, axis=0)
    yield _over(above, below, past.smoothed[1])


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
    costs, days = past.costs.copy(), past.known.astype(float)
    for row in range(WEEK, len(costs)):
        costs[row] += costs[row - WEEK]
        days[row] += days[row - WEEK]
    costs, days = (each - lagged(each, WEEK * LONG_WEEKS, 0.0) for each in (costs, days))
    return np.where(days > 0, costs / np.maximum(days, 1), np.nan)


def _lines(past: Past, ahead: NDArray[np.int64], ages: NDArray[np.int64]) -> Iterator[Floats]:
    """Least squares over 30 days as they are, and over six weeks with the weekday rhythm and a damped slope."""
    level, slope = _line(past.own, past.known.astype(float), 30)
    yield level * len(ahead) + slope * ahead.sum()
    level, slope = _line(past.own, past.share, 42)
    damped = LINE_DAMPING * (1 - LINE_DAMPING**ahead) / (1 - LINE_DAMPING)
    flat = _by_weekday(past, np.bincount(ages, minlength=WEEK).astype(float))
    sloped = _by_weekday(past, np.bincount(ages, weights=damped, minlength=WEEK).astype(float))
    yield level * flat + slope * sloped


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


def _same_days(past: Past, gap: int, left: int) -> Floats:
    """The same days of up to three months before, in parts of the level they had, times the level of four weeks."""
    days = len(past.costs)
    mean = last_days(running(past.costs), 28) / np.maximum(last_days(running(past.known.astype(float)), 28), 1)
    size = np.abs(mean)
    parts = np.where(size > 1e-9, np.clip(past.costs / np.where(size > 1e-9, size, 1), -40, 40), 0)
    above, below = (np.zeros((days + gap + left, past.costs.shape[1])) for _ in range(2))
    for number in range(days + gap + left):
        day, before = past.day(number), past.day(number)
        for _ in range(3):
            before = before.replace(day=1) - timedelta(days=1)
            before = before.replace(day=min(day.day, before.day))
            place = (before - past.first_day).days
            if 0 <= place < days:
                above[number] += parts[place]
                below[number] += past.known[place]
    return size * window(running(np.where(below > 0, above / np.maximum(below, 1), 1)), gap, left, days)


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


def _growing(past: Past, ahead: NDArray[np.int64], ages: NDArray[np.int64]) -> Iterator[Floats]:
    """Growth at the rate by which a slower smoothed level lags behind a faster one (Brown's double smoothing, in
    logarithms), damped."""
    rows = np.arange(len(past.costs))[:, None]
    lead = GROWTH_DAMPING * (1 - GROWTH_DAMPING**ahead) / (1 - GROWTH_DAMPING)
    for fast, slow in ((4, 5), (5, 6)):
        level, behind = past.smoothed[fast], past.smoothed[slow]
        lag, lag_behind = 1 / SMOOTHINGS[fast] - 1, 1 / SMOOTHINGS[slow] - 1
        sound = (level > 0) & (behind > 0)
        rate = np.log(np.where(sound, level, 1) / np.where(sound, behind, 1)) / (lag_behind - lag)
        trust = np.clip((rows - past.begin - 2 * (lag_behind + 1)) / (lag_behind + 1), 0, 1)
        rate = np.clip(rate, -MOST_GROWTH, MOST_GROWTH) * trust
        total = np.zeros_like(past.costs)
        for age in set(ages.tolist()):
            leads = lead[ages == age]
            mean = np.exp(rate * (lag + leads.mean())) * (1 + rate**2 * leads.var() / 2)
            total += len(leads) * past.factors[:, age] * mean
        yield level * total


def _run_rate(past: Past, left: int, otherwise: Floats) -> Floats:
    """The mean of the month's days so far, fees and all."""
    first = past.month_begins()
    costs, days = running(past.costs), running(past.known.astype(float))
    count = days[1:] - days[first]
    return np.where(count > 0, (costs[1:] - costs[first]) / np.maximum(count, 1) * left, otherwise)
