from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

import pytest

from finops.forecast_calendar import BACK, calendar_of

FIRST, COUNT = date(2023, 11, 17), 500
DAYS = [FIRST + timedelta(days=number) for number in range(COUNT)]


def before(day: date, months: int) -> tuple[int, int, int]:
    """Year, month and length of the month so many before."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return year, month + 1, monthrange(year, month + 1)[1]


def test_each_row_knows_its_day() -> None:
    """The day of the month and the days left are those of the calendar, over two years' turns and a leap day."""
    calendar = calendar_of(FIRST, COUNT)
    assert calendar.day.tolist() == [day.day for day in DAYS]
    assert calendar.left.tolist() == [monthrange(day.year, day.month)[1] - day.day for day in DAYS]


@pytest.mark.parametrize("months", range(1, BACK + 1))
def test_the_same_day_of_a_month_before(months: int) -> None:
    """The 31st has none in a month of thirty days, whose last day it is then given; from the end it is the same."""
    calendar = calendar_of(FIRST, COUNT)
    places, exists = calendar.same_day(months)
    from_end, exists_from_end = calendar.same_day_from_end(months)
    for row, day in enumerate(DAYS):
        year, month, length = before(day, months)
        left = monthrange(day.year, day.month)[1] - day.day
        assert (FIRST + timedelta(days=int(places[row])), exists[row]) == (
            date(year, month, min(day.day, length)),
            day.day <= length,
        )
        assert exists_from_end[row] == (left < length)
        if left < length:
            assert FIRST + timedelta(days=int(from_end[row])) == date(year, month, length - left)


def test_first_and_last_workdays() -> None:
    """They are the first and the last day of each month from Monday to Friday."""
    calendar = calendar_of(FIRST, COUNT)
    for begin, length, first, last in zip(
        calendar.begins, calendar.lengths, calendar.first_workdays, calendar.last_workdays, strict=True
    ):
        days = [FIRST + timedelta(days=int(begin) + number) for number in range(int(length))]
        workdays = [day for day in days if day.weekday() < 5]
        assert [FIRST + timedelta(days=int(place)) for place in (first, last)] == [workdays[0], workdays[-1]]
