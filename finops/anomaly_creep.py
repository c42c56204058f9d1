"""What grows so slowly that no single day stands out: a week's level held against that of some weeks before.

A series that grows anyway, or whose load wanders, has moved as far before; what it is known for is no anomaly.
"""

from __future__ import annotations

import numpy as np

from finops.anomaly_noise import NORMAL_DECILE, WEEK, WINDOW, Flags, Floats

LAGS = (21, 28, 35)
"""Days between a week and the three that it is held against: the middle one counts, for one may hold a holiday."""
MEMORY = 182
"""Days whose movements are known."""
LEAST_KNOWN = 21
"""Movements below which nothing is known of them."""
LEAST_SCATTER = 0.03
SCORE = 3.0
"""Of the movements' own scatter: they follow one another closely, so that their largest counts too."""
LOWER, LEAST_LOWER = 2, 0.25
"""The third lowest day of a week moves as its mean does: growth raises every working day, bursts and batches do not.
Where it is below so much of the mean day, the series is one of bursts."""
BEYOND = 1.6
"""So many times its largest known movement is beyond what a series is known for."""
UNLEARNT = 28
"""Days whose growth is taken out of what is expected once it is seen."""


class Creep:
    """Movements of the level of many series.

    Args:
        clean: one row a series, WINDOW columns and one more for each day: cost of what were ordinary days.
        ratio: least movement of an anomaly, one for each series.
    """

    def __init__(self, clean: Floats, ratio: Floats) -> None:
        self._clean, self._ratio = clean, ratio
        self._moved = np.full((len(clean), clean.shape[1] - WINDOW), np.nan)
        self._quiet_until = np.full(len(clean), -1)
        self._mean, self._lower = (np.full(self._moved.shape, np.nan) for _ in range(2))
        self._score = np.full(len(clean), np.nan)

    def seen(self, today: int, is_still: Flags, known: Floats) -> Flags:
        """Series whose level has moved up beyond what they are known for.

        Args:
            today: column of the day, what counts of it known.
            is_still: series that are no anomaly now.
            known: mean day of a level that they may return to; 0 for none.
        """
        week = self._clean[:, WINDOW + today + 1 - WEEK : WINDOW + today + 1]
        self._mean[:, today], self._lower[:, today] = week.mean(axis=1), np.partition(week, LOWER, axis=1)[:, LOWER]
        found: Flags = np.zeros(len(week), dtype=bool)
        if today < max(LAGS):
            return found
        before, lower_before = self._before(self._mean, today), self._before(self._lower, today)
        least = LEAST_LOWER * before
        moved = np.minimum(self._mean[:, today] / before, self._lower[:, today] / np.maximum(lower_before, least)) - 1
        moved[~(is_still & (today > self._quiet_until) & (before > 0) & (lower_before > least))] = np.nan
        self._moved[:, today] = moved
        past = self._moved[:, max(0, today - MEMORY) : today]
        rows = np.flatnonzero((moved >= self._ratio) & (self._mean[:, today] > known * (1 + self._ratio)))
        rows = rows[np.isfinite(past[rows]).sum(axis=1) >= LEAST_KNOWN]
        if len(rows):
            middle, ninth = np.nanquantile(past[rows], (0.5, 0.9), axis=1)
            scatter = np.maximum((ninth - middle) / NORMAL_DECILE, LEAST_SCATTER)
            self._score[rows] = (moved[rows] - np.maximum(middle, 0)) / scatter
            # What the last week has moved is part of the same growth.
            largest = np.nan_to_num(past[rows, :-WEEK]).max(axis=1, initial=0)
            found[rows] = (self._score[rows] >= SCORE) & (moved[rows] >= BEYOND * largest)
        return found

    def unlearn(self, row: int, today: int) -> tuple[float, float]:
        """Take the growth out of what is expected of a series.

        Returns:
            What today was expected to cost before it, and the score.
        """
        last = WINDOW + today + 1
        weeks = self._clean[row, last - UNLEARNT : last].reshape(-1, WEEK)
        levels = np.maximum(weeks.mean(axis=1, keepdims=True), 1e-12)
        weeks *= np.minimum(1, self._before(self._mean[[row]], today) / levels)
        return float(weeks[-1, -1]), float(self._score[row])

    def rest(self, rows: Flags, today: int) -> None:
        """Hold nothing against the levels before a new one."""
        self._quiet_until[rows] = today + max(LAGS) + WEEK

    @staticmethod
    def _before(levels: Floats, today: int) -> Floats:
        found: Floats = np.median(levels[:, [today - lag for lag in LAGS]], axis=1)
        return found
