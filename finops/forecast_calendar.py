"""The months under a row of days, as arrays: where the same day of a month before lies."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from finops.forecast_rhythm import Flags

Places = NDArray[np.intp]
BACK = 3
"""Months that are looked back."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days in a row, and the months they lie in with the three before; a place is a row number, negative before them.

    Attributes:
        month: of each row, as an index of what follows by month.
        day: of each row in its month, 1 the first.
        begins, lengths: of each month, the place of its first day and its number of days.
        first_workdays, last_workdays: of each month, the place of the first and the last day from Monday to Friday.
    """

    month: Places
    day: Places
    begins: Places
    lengths: Places
    first_workdays: Places
    last_workdays: Places

    @property
    def left(self) -> Places:
        """Days left in the month of each row, 0 on its last."""
        return self.lengths[self.month] - self.day

    def same_day(self, months: int) -> tuple[Places, Flags]:
        """The place of each row's day so many months before, and whether that month has it; if not, its last day."""
        before = self.month - months
        return self.begins[before] + np.minimum(self.day, self.lengths[before]) - 1, self.day <= self.lengths[before]

    def same_day_from_end(self, months: int) -> tuple[Places, Flags]:
        """The same, counted from the months' last days."""
        before = self.month - months
        return self.begins[before] + self.lengths[before] - 1 - self.left, self.left < self.lengths[before]


def calendar_of(first_day: date, days: int) -> Calendar:
    """The calendar of so many days."""
    number = first_day.year * 12 + first_day.month - 1 - BACK
    last = first_day + timedelta(days=days - 1)
    months = [divmod(each, 12) for each in range(number, last.year * 12 + last.month)]
    begins = np.array([(date(year, month + 1, 1) - first_day).days for year, month in months], dtype=np.intp)
    lengths = np.array([monthrange(year, month + 1)[1] for year, month in months], dtype=np.intp)
    rows = np.arange(days)
    place = np.searchsorted(begins, rows, side="right") - 1
    weekday = first_day.weekday()
    of_first, of_last = (weekday + begins) % 7, (weekday + begins + lengths - 1) % 7
    return Calendar(
        place,
        rows - begins[place] + 1,
        begins,
        lengths,
        begins + np.where(of_first >= 5, 7 - of_first, 0),
        begins + lengths - 1 - np.where(of_last >= 5, of_last - 4, 0),
    )
