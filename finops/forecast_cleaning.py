"""Telling a daily series' level from its one-off days, its lasting shifts and its monthly fees, causally.

Arrays are [days × series], oldest day first; row t uses days up to t only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from finops.forecast_calendar import BACK, Calendar, Places, calendar_of
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
END = 4
"""Days at a month's end that are also counted from its last, and at either end that a working day's fee may fall on."""


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


def clean(costs: Floats, known: Flags, rhythm: Floats, first_day: date) -> Cleaned:
    """Follow each series' level day by day, leaving out what stands out until it lasts.

    An exponentially smoothed level with a bounded influence of single days and a scatter that follows (Gelper, Fried &
    Croux 2010, Journal of Forecasting 29). Three outliers in a row on one side are believed and begin a new level; so
    does a drift of the fast level away from the mean since the last shift. Not those at either end of a month that
    stood out in the last month too: a batch of three days comes again, and is no level.

    Args:
        costs: zero where not known.
        rhythm: as finops.forecast_rhythm.rhythm gives it.
    """
    days, series = costs.shape
    before = _ends_of_last_month(first_day, days)
    stood_out = np.zeros((days, series))
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
        stood_out[day] = np.where(out, side, 0)
        again = out & (stood_out[before[day]] == side) if before[day] >= 0 else np.zeros_like(out)
        row_of = np.where(side == np.sign(in_row), in_row + side, side)
        in_row = np.where(here & ~again, np.where(out, row_of, 0), in_row)
        lasts = (np.abs(in_row) >= LASTING) & ~again
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


def _ends_of_last_month(first_day: date, days: int) -> Places:
    """The row of each day's like at the same end of the month before; -1 for a day at neither end, or without one."""
    calendar = calendar_of(first_day, days)
    places = np.full(days, -1)
    for near, (place, has) in (
        (calendar.day <= END, calendar.same_day(1)),
        (calendar.left < END, calendar.same_day_from_end(1)),
    ):
        places = np.where(near & has & (place >= 0), place, places)
    return places


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
    calendar = calendar_of(first_day, days)
    rows, left = np.arange(days), calendar.left
    found = np.zeros((days, jumps.shape[1]))
    workdays = [_by_workday(jumps, calendar, last=last) for last in (False, True)]
    for from_end in (False, True):
        some = rows[left < END] if from_end else rows
        same_day = calendar.same_day_from_end if from_end else calendar.same_day
        edge = (calendar.day == 1) | (from_end & (left == 0))
        fee, thrice = _fee(
            *_months_before(jumps, [same_day(months) for months in range(1, BACK + 1)], some), edge[some]
        )
        for near, (comes, _) in zip((calendar.day <= END, left < END), workdays, strict=True):
            by_workday = near[some, None] & comes[calendar.month[some]]
            fee[by_workday & ~thrice] = 0
        found[some] = np.where(found[some] == 0, fee, found[some])
    for places, (comes, fee) in zip((calendar.first_workdays, calendar.last_workdays), workdays, strict=True):
        months = np.flatnonzero((places >= 0) & (places < days))
        at = places[months]
        found[at] = np.where(comes[months] & (found[at] == 0), fee[months], found[at])
    return found


def _months_before(
    jumps: Floats, places: Sequence[tuple[Places, Flags]], rows: Places
) -> tuple[tuple[Floats, ...], Places]:
    """The jumps on the same day of the months before that have it, the newest first, and how many there are."""
    newest, exists = places[0]
    usable = np.stack([has & exists & (newest >= 0) & (place >= 0) & (place < len(jumps)) for place, has in places])
    order = np.argsort(~usable, axis=0, kind="stable")
    at = np.take_along_axis(np.where(usable, np.stack([place for place, _ in places]), -1), order, axis=0)[:, rows]
    return tuple(np.where(place[:, None] >= 0, jumps[place], 0.0) for place in at), usable.sum(axis=0)[rows]


def _fee(jumps: tuple[Floats, ...], count: Places, edge: Flags) -> tuple[Floats, Flags]:
    """What is expected of days, from up to three months' jumps on them, and where three jumped to the same side."""
    last, before, third = jumps
    number, at_edge = count[:, None], edge[:, None]
    alike, thrice = last * before > 0, (number == 3) & _same_sign(jumps)
    mean = np.where(alike, (last + before) / 2, 0)
    fee = np.where(thrice, _median(jumps), np.where(number == 3, TWICE, 1) * mean)
    fee = np.where((before == 0) & (third == 0) & at_edge, EDGE[1] * last, fee)
    fee = np.where((last == 0) & (before * third > 0), LOST * before, fee)
    return np.where(number == 1, last * EDGE[0] * at_edge, fee), thrice


def _same_sign(jumps: Sequence[Floats]) -> Flags:
    """Where something jumped each time, and to the same side."""
    first, second, third = jumps
    same: Flags = (first * second > 0) & (first * third > 0)
    return same


def _median(jumps: Sequence[Floats]) -> Floats:
    """Of three."""
    first, second, third = jumps
    return np.asarray(np.maximum(np.minimum(first, second), np.minimum(np.maximum(first, second), third)))


def _by_workday(jumps: Floats, calendar: Calendar, *, last: bool) -> tuple[Flags, Floats]:
    """For each month whether a fee comes on its first or last day from Monday to Friday, and which: the median of three
    months before, if their dates differ, and not every month had jumps on all those dates."""
    places = calendar.last_workdays if last else calendar.first_workdays
    months = len(places)
    edges = calendar.begins + (calendar.lengths if last else 0)
    apart = edges - places
    comes, fee = np.zeros((months, jumps.shape[1]), dtype=bool), np.zeros((months, jumps.shape[1]))
    for month in range(BACK, months):
        before = places[month - BACK : month]
        dates = set(apart[month - BACK : month].tolist())
        if len(dates) > 1 and before.min() >= 0 and before.max() < len(jumps):
            three = tuple(jumps[before])
            # Two days of a month's end that both come each time are days of the month, whatever weekdays they are.
            within = [np.clip(edges[month - BACK : month] - each, 0, len(jumps) - 1) for each in dates]
            each_date = np.all([_same_sign(tuple(jumps[place])) for place in within], axis=0)
            comes[month], fee[month] = _same_sign(three) & ~each_date, _median(three)
    return comes, fee
