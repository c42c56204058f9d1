"""What recurs: fees by the day of the month, batch jobs at its ends, jobs every few weeks. They are no anomalies."""

from __future__ import annotations

import numpy as np

from finops.anomaly_calendar import Likeness
from finops.anomaly_noise import Flags, Floats, Whole

GROWN = 1.35
"""By so much a fee may have grown since it was last seen."""
SHRUNK = 0.6
"""A fee that moved by a day or two has at least this part of what it was."""
SAME = 0.15
"""A fee seen once before is known as one where it is the same within this part."""
MOST_FEES = 10
"""Fees within MONTHS days; what comes more often is scatter."""
MONTHS = 62
NOTABLE = 2.5
"""Residuals below it, in scatter, need no explanation."""


class Fees:
    """What residuals of the past explain of a day's.

    Args:
        residuals: cost − expected in levels, one row a series and one column a day.
        levels: what they were divided by.
        scattered: the residuals that the scatter is read from: what is known as a fee is taken out.
    """

    def __init__(self, residuals: Floats, levels: Floats, scattered: Floats) -> None:
        self._residuals, self._levels, self._scattered = residuals, levels, scattered

    def explain(self, today: int, like: Likeness, level: Floats, core: Floats) -> Flags:
        """Series whose day is no further above what was expected than an earlier day that it resembles.

        Args:
            today: column of the day, its residual known.
            level: mean day of the week before.
            core: scatter without its tail.
        """
        explained: Flags = np.zeros(len(level), dtype=bool)
        now = self._residuals[:, today]
        rows = np.flatnonzero((now > NOTABLE * core) & (now > 0))
        if len(rows):
            amount = now[rows] * level[rows]
            recurs = np.zeros(len(rows), dtype=bool)
            for day in like.near:
                before = self._before(rows, day, level)
                recurs |= (amount <= GROWN * before) & (amount >= SHRUNK * before)
            alike = {day: self._before(rows, day, level) for day in like.same}
            found = {day: amount <= GROWN * before for day, before in alike.items()}
            for each in found.values():
                recurs |= each
            self._take_out(today, rows, amount, alike, found)
            explained[rows] = recurs
        return explained

    def credited(self, today: int, like: Likeness, level: Floats) -> Flags:
        """Series whose day is no further below what was expected than a credit on an earlier day that it resembles."""
        known: Flags = np.zeros(len(level), dtype=bool)
        rows = np.flatnonzero(self._residuals[:, today] < 0)
        amount = self._residuals[rows, today] * level[rows]
        for day in like.same:
            before = self._residuals[rows, day] * self._levels[rows, day]
            known[rows] |= amount >= GROWN * np.nan_to_num(before)
        return known

    def unknown(self, like: Likeness, series: int) -> Flags:
        """Series that do not reach back to the days by which this one is judged."""
        if like.needed is None:
            return np.ones(series, dtype=bool)
        if not like.needed:
            return np.zeros(series, dtype=bool)
        missing: Flags = np.isnan(self._levels[:, list(like.needed)]).max(axis=1)
        return missing

    def _before(self, rows: Whole, day: int, level: Floats) -> Floats:
        """What an earlier day cost over its expected cost: in money, or carried to today's level where that is more."""
        residual = self._residuals[rows, day]
        found: Floats = np.nan_to_num(residual * np.fmax(self._levels[rows, day], level[rows]))
        return found

    def _take_out(
        self, today: int, rows: Whole, amount: Floats, alike: dict[int, Floats], found: dict[int, Flags]
    ) -> None:
        """Keep fees from widening the scatter: seen the same once, or in two months, and rare."""
        months: dict[int, Flags] = {}
        same = np.zeros(len(rows), dtype=bool)
        for day, each in found.items():
            month = round((today - day) / 30.4)
            months[month] = months.get(month, np.zeros(len(rows), dtype=bool)) | each
            money = self._residuals[rows, day] * self._levels[rows, day]
            same |= each & (np.abs(amount - money) <= SAME * amount)
        recent = self._residuals[rows, max(0, today - MONTHS) : today]
        often = (recent > self._residuals[rows, today][:, None] / 2).sum(axis=1)
        twice = sum((each.astype(np.int64) for each in months.values()), np.zeros(len(rows), dtype=np.int64)) >= 2
        sure = (often <= MOST_FEES) & (same | twice)
        for day, each in found.items():
            self._scattered[rows[each & sure & (alike[day] <= 2 * amount)], day] = np.nan
        self._scattered[rows[sure], today] = np.nan
