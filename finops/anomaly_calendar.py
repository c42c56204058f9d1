"""Which earlier days a day may resemble because of its place in the month or in a cycle of weeks."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

MONTHS_BACK = (1, 2, 3, 6, 12)
"""Months after which fees recur."""
WEEKS_BACK = (7, 14, 28)
"""Days after which jobs recur."""
WORKING_DAYS = 5
"""So far from either end of a month working days are counted: fees wait for one."""
EDGE = 3
"""Days at either end of a month in which fees and batch jobs fall."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """The earlier days that a day may resemble, each as its number in the sequence, rising.

    Attributes:
        same: with the same place in their month: from its start, from its end, by weekday, by working day.
        near: two days around the same day of the last month, and the same day of earlier weeks.
        needed: days that must be known before this day can be judged: an edge of a month is judged by the last one,
            that of a quarter by the last quarter's too. None: one of them lies before the sequence.
    """

    same: tuple[int, ...]
    near: tuple[int, ...]
    needed: tuple[int, ...] | None


def likenesses(days: Sequence[date]) -> list[Likeness]:
    """The likeness of each of consecutive days."""
    first = days[0] if days else date.min
    return [_likeness(day, first) for day in days]


def _likeness(day: date, first: date) -> Likeness:
    today = (day - first).days
    same = {found for months in MONTHS_BACK for found in _alike(day, months)}
    before = _same_day(day, 1)
    near = {before + timedelta(shift) for shift in (-2, -1, 1, 2)} | {day - timedelta(back) for back in WEEKS_BACK}
    needed: set[date] = set()
    begins, ends = day.day <= EDGE, (day + timedelta(EDGE)).month != day.month
    if begins or ends:
        needed.add(before)
    if (begins and day.month % 3 == 1) or (ends and day.month % 3 == 0):
        needed.add(_same_day(day, 3))
    known = None if any(each < first for each in needed) else tuple(sorted((each - first).days for each in needed))
    return Likeness(_numbers(same, first, today), _numbers(near - same, first, today), known)


def _numbers(days: set[date], first: date, today: int) -> tuple[int, ...]:
    return tuple(sorted(number for day in days if 0 <= (number := (day - first).days) < today))


def _same_day(day: date, months: int) -> date:
    """The same day some months before, or that month's last."""
    year, month = _month_before(day, months)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _alike(day: date, months: int) -> set[date]:
    year, month = _month_before(day, months)
    length, own = monthrange(year, month)[1], monthrange(day.year, day.month)[1]
    weekday = 1 + (day.weekday() - date(year, month, 1).weekday()) % 7 + 7 * ((day.day - 1) // 7)
    found = {number for number in (day.day, length - (own - day.day), weekday) if 1 <= number <= length}
    if day.weekday() < 5:
        theirs, ours = _working(year, month), _working(day.year, day.month)
        place = ours.index(day.day)
        if place < WORKING_DAYS:
            found.add(theirs[place])
        if len(ours) - place <= WORKING_DAYS:
            found.add(theirs[place - len(ours)])
    return {date(year, month, number) for number in found}


def _month_before(day: date, months: int) -> tuple[int, int]:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return year, month + 1


def _working(year: int, month: int) -> list[int]:
    return [n for n in range(1, monthrange(year, month)[1] + 1) if date(year, month, n).weekday() < 5]
