"""The calendar under a made-up series: weekdays, days of the month and holidays, as arrays with one value a day."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Days:
    """`count` days in a row from `first`."""

    first: date
    count: int

    @cached_property
    def dates(self) -> list[date]:
        """Each day."""
        return [self.first + timedelta(days=number) for number in range(self.count)]

    @cached_property
    def weekday(self) -> Numbers:
        """0 is Monday."""
        return (self.first.weekday() + np.arange(self.count)) % 7

    @cached_property
    def weekend(self) -> Truths:
        """Saturdays and Sundays."""
        return self.weekday >= 5

    @cached_property
    def of_month(self) -> Numbers:
        """1 is the first day of a month."""
        return np.array([day.day for day in self.dates], dtype=np.int64)

    @cached_property
    def left_in_month(self) -> Numbers:
        """0 is the last day of a month."""
        return np.array([days_of_month(day) - day.day for day in self.dates], dtype=np.int64)

    @cached_property
    def month(self) -> Numbers:
        """Months since the year 0, so that no two months of the series have the same number."""
        return np.array([day.year * 12 + day.month for day in self.dates], dtype=np.int64)

    @cached_property
    def of_year(self) -> Numbers:
        """1 is 1 January."""
        return np.array([day.timetuple().tm_yday for day in self.dates], dtype=np.int64)

    @cached_property
    def holiday(self) -> Truths:
        """Days on which offices are closed: the United States' holidays that stop work, and the days of Christmas."""
        return np.array([_is_holiday(day) for day in self.dates])

    @cached_property
    def after_black_friday(self) -> Numbers:
        """Days since the Friday after Thanksgiving of the day's year; negative before it."""
        return np.array([(day - thanksgiving(day.year)).days - 1 for day in self.dates], dtype=np.int64)


def days_of_month(day: date) -> int:
    """How many days the month of `day` has."""
    return calendar.monthrange(day.year, day.month)[1]


def months_later(day: date, months: int) -> date:
    """The first day of the month that is so many months after that of `day`."""
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def thanksgiving(year: int) -> date:
    """The fourth Thursday of November."""
    return date(year, 11, 1 + (3 - date(year, 11, 1).weekday()) % 7 + 21)


def _is_holiday(day: date) -> bool:
    if (day.month, day.day) in {(1, 1), (7, 4), (12, 24), (12, 25), (12, 26), (12, 31)}:
        return True
    return (day - thanksgiving(day.year)).days in (0, 1)
