"""Telling a daily series' level from its one-off days, its lasting shifts and its monthly fees, causally.

Arrays are [days × series], oldest day first; row t uses days up to t only.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from finops.forecast_rhythm import Flags, Floats

SMOOTHING = 0.2
"""Part of a new day in the level that the next is judged by."""
SCATTER_SMOOTHING = 0.06
"""Part of a new day in the scatter."""
OUTLIER = 4.5
"""Standard deviations from which on a day is not taken for noise."""
LASTING = 3
"""Such days in a row, all above or all below, are the new level."""
DRIFT = 4.0
"""Standard errors by which the last days' level must leave the level since the last shift to be a shift itself."""
WARM_UP = 7
"""Days of a series that are all believed."""
EDGE = 0.6, 0.4
"""Part of a jump on a month's first or last day that is expected again, seen in the one month known, or in the last
only: most of what comes on those days is a fee."""
TWICE = 0.6
"""Part of a jump that is expected again where it came on the same day of two months, but not of the third."""
LOST = 0.3
"""Part of a fee that is expected again after it failed to come once."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A batch of series, told apart.

    Attributes:
        costs: days without what stood out; NaN where not known.
        since: index of the day the present level began, as known at each day.
        scatter: standard deviation of a day around level and rhythm.
    """

    costs: Floats
    since: NDArray[np.intp]
    scatter: Floats


def clean(costs: Floats, known: Flags, rhythm: Floats) -> Cleaned:
    """Follow each series' level day by day, leaving out what stands out until it lasts.

    An exponentially smoothed level with a bounded influence of single days and a scatter that follows (Gelper, Fried &
    Croux 2010, Journal of Forecasting 29). Three outliers in a row on one side are believed and begin a new level; so
    does a drift of the fast level away from the mean since the last shift.

    Args:
        costs: zero where not known.
        rhythm: as finops.forecast_rhythm.rhythm gives it.
    """
    days, series = costs.shape
    cleaned, scatters = np.full((days, series), np.nan), np.zeros((days, series))
    shifts = np.zeros((days, series), dtype=np.intp)
    level, fast, whole = (np.zeros((2, series)) for _ in range(3))  # each a sum of costs and one of rhythm factors
    recent = np.zeros((LASTING, 2, series))
    scatter, in_row, seen = np.zeros(series), np.zeros(series), np.zeros(series)
    since = np.zeros(series, dtype=np.intp)
    for day in range(days):
        here, cost = known[day], costs[day]
        factor = rhythm[day - 1, 6] if day else np.ones(series)
        height = _ratio(level)
        error = cost - factor * height
        warm = seen < WARM_UP
        limit = OUTLIER * np.maximum(scatter, 0.02 * np.abs(height)) * np.maximum(factor, 1)
        out = here & ~warm & (np.abs(error) > limit)
        side = np.sign(error)
        in_row = np.where(here, np.where(out, np.where(side == np.sign(in_row), in_row + side, side), 0), in_row)
        lasts = np.abs(in_row) >= LASTING
        fresh = (seen == 0) & here
        kept = np.where(out, factor * height, cost)
        believed = np.where(lasts, cost, kept)
        cleaned[day] = np.where(here, believed, np.nan)
        pair = np.stack([kept, factor])
        fast = np.where(here, 0.7 * fast + 0.3 * pair, fast)
        whole = np.where(fresh, 0, whole) + here * pair
        part = np.where(here, np.where(warm, 1 / (seen + 1), SMOOTHING), 0)
        level = level + part * (np.stack([believed, factor]) - level)
        recent = np.where(here, np.concatenate([recent[1:], np.stack([cost, factor])[None]]), recent)
        since = np.where(fresh, day, since)
        apart = np.abs(_ratio(fast) - _ratio(whole)) > DRIFT * 0.42 * np.maximum(scatter, 0.005 * np.abs(height))
        drifts = here & ~warm & (day - since >= 8) & (fast[1] > 1e-6) & (whole[1] > 1e-6) & apart
        since = np.where(drifts, day - 3, since)
        whole = np.where(drifts, 4 * fast, whole)
        new = recent.sum(axis=0)
        since = np.where(lasts, day - LASTING + 1, since)
        level, fast = np.where(lasts, new / LASTING, level), np.where(lasts, new / LASTING, fast)
        whole, in_row = np.where(lasts, new, whole), np.where(lasts, 0, in_row)
        size = np.where(warm, np.abs(error) * (seen > 0), np.minimum(np.abs(error), limit))
        part = np.where(here, np.where(warm, 1 / (seen + 1), SCATTER_SMOOTHING), 0)
        scatter = scatter + part * (1.25 * size / np.maximum(factor, 1) - scatter)
        seen = seen + here
        shifts[day], scatters[day] = since, scatter
    return Cleaned(cleaned, shifts, scatters)


def _ratio(pair: Floats) -> Floats:
    return np.asarray(np.where(pair[1] > 1e-6, pair[0] / np.maximum(pair[1], 1e-6), 0))


def fees(jumps: Floats, first_day: date, days: int) -> Floats:
    """The fee expected on each day, from what jumped on the same day of the months before.

    The same day is counted from the month's first day or, in its last four days, from its last; or it is the first or
    the last day from Monday to Friday, where it was in three months running on different dates. Three months make a
    fee, of their median; two, part of it; a jump seen once is one only on a month's first or last day, in part.

    Args:
        jumps: what stood out of each known day, zero elsewhere.
        days: rows to give, those after the known ones too.
    """
    known, series = jumps.shape
    found = np.zeros((days, series))
    for number in range(days):
        day = first_day + timedelta(days=number)
        length = monthrange(day.year, day.month)[1]
        by_workday = [_by_workday(jumps, day, first_day, last=last) for last in (False, True)]
        for from_end in (False, True) if day.day > length - 4 else (False,):
            places = _months_before(day, first_day, from_end=from_end)
            before = [jumps[place] for place in places if 0 <= place < known]
            if not before or places[0] < 0:
                continue
            fee = _fee(before, edge=day.day == 1 or (from_end and day.day == length))
            thrice = len(before) == 3 and _same_sign(before)
            for end, workday in zip((day.day <= 4, day.day > length - 4), by_workday, strict=True):
                if workday is not None and end:
                    fee = np.where(_same_sign(workday) & ~thrice, 0, fee)
            found[number] = np.where(found[number] == 0, fee, found[number])
        for last, workday in zip((False, True), by_workday, strict=True):
            if workday is not None and day == _workday(day.year, day.month, last=last):
                comes = _same_sign(workday) & (found[number] == 0)
                found[number] = np.where(comes, np.median(workday, axis=0), found[number])
    return found


def _same_sign(jumps: Sequence[Floats]) -> Flags:
    """Where something jumped each time, and to the same side."""
    first = np.sign(jumps[0])
    same: Flags = np.logical_and.reduce([(np.sign(each) == first) & (first != 0) for each in jumps])
    return same


def _fee(jumps: Sequence[Floats], *, edge: bool) -> Floats:
    """What is expected of a day, from up to three months' jumps on it, the newest first."""
    last = jumps[0]
    if len(jumps) == 1:
        return last * (EDGE[0] if edge else 0)
    before = jumps[1]
    mean = np.where(last * before > 0, (last + before) / 2, 0)
    if len(jumps) == 2:
        return np.where((before == 0) & edge, EDGE[1] * last, mean)
    third = jumps[2]
    fee = np.where(_same_sign(jumps), np.median(np.stack(jumps), axis=0), TWICE * mean)
    fee = np.where((before == 0) & (third == 0) & edge, EDGE[1] * last, fee)
    return np.where((last == 0) & (before * third > 0), LOST * before, fee)


def _months_before(day: date, first_day: date, *, from_end: bool) -> list[int]:
    """Indexes of the same day in the three months before, the newest first; months without it are left out."""
    year, month, found = day.year, day.month, []
    left = monthrange(year, month)[1] - day.day
    for _ in range(3):
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
        length = monthrange(year, month)[1]
        number = length - left if from_end else day.day
        if 1 <= number <= length:
            found.append((date(year, month, number) - first_day).days)
        elif not found:
            return []
    return found


def _by_workday(jumps: Floats, day: date, first_day: date, *, last: bool) -> list[Floats] | None:
    """Jumps on the first or last day from Monday to Friday of three months before; None unless their dates differ."""
    year, month, found = day.year, day.month, []
    for _ in range(3):
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
        found.append(_workday(year, month, last=last))
    places = [(each - first_day).days for each in found]
    apart = {(monthrange(each.year, each.month)[1] if last else 0) - each.day for each in found}
    if len(apart) == 1 or min(places) < 0 or max(places) >= len(jumps):
        return None
    return [jumps[place] for place in places]


def _workday(year: int, month: int, *, last: bool) -> date:
    """The first or last day from Monday to Friday of a month."""
    day = date(year, month, monthrange(year, month)[1] if last else 1)
    while day.weekday() >= 5:
        day += timedelta(days=-1 if last else 1)
    return day
