"""What a batch of daily series shows at each of its days: known costs, rhythm, fees and levels.

Arrays are [days × series], oldest day first; row t uses days up to t only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from finops.forecast_calendar import calendar_of
from finops.forecast_cleaning import Cleaned, clean, fees
from finops.forecast_rhythm import Flags, Floats, rhythm

SMOOTHINGS = 0.1, 0.3, 0.8, 0.15, 0.05, 0.02
"""Parts of a new day in the smoothed levels; the first is what is taken for the level where one is needed, the last
three serve the growing ones."""


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

    @property
    def level(self) -> Floats:
        """Of a mean day, as known at each day."""
        return np.asarray(self.smoothed[0])

    def month_begins(self) -> NDArray[np.intp]:
        """For each row, the row of its month's first day, or the first row."""
        calendar = calendar_of(self.first_day, len(self.costs))
        return np.maximum(calendar.begins[calendar.month], 0)

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
    cleaned = clean(costs, known, factors, first_day)
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
