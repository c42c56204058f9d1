"""Months and days: half-open periods in UTC."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from finops.errors import NotFound

DAY = timedelta(days=1)


@dataclass(frozen=True, order=True, slots=True)
class Month:
    """A calendar month in UTC, from its first day up to, not including, the next month's first."""

    year: int
    month: int

    @classmethod
    def of(cls, day: date) -> Month:
        """The month a day lies in."""
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read 'YYYY-MM'; raises NotFound for anything else."""
        match = re.fullmatch(r"(\d{4})-(\d{2})", text.strip())
        if not match or not 1 <= int(match[2]) <= 12 or int(match[1]) < 1900:
            raise NotFound(f"'{text}' is not a month.", "Write it as YYYY-MM, for example 2026-11.")
        return cls(int(match[1]), int(match[2]))

    @property
    def first(self) -> date:
        """The first day."""
        return date(self.year, self.month, 1)

    @property
    def last(self) -> date:
        """The last day, inside the month."""
        return date(self.year, self.month, len(self))

    @property
    def previous(self) -> Month:
        """The month before."""
        return Month.of(self.first - DAY)

    @property
    def next(self) -> Month:
        """The month after."""
        return Month.of(self.last + DAY)

    def before(self, number: int) -> list[Month]:
        """So many months before it, the newest first."""
        found: list[Month] = []
        while len(found) < number:
            found.append(found[-1].previous if found else self.previous)
        return found

    def days(self) -> Iterator[date]:
        """Every day, in order."""
        return (self.first + timedelta(days=number) for number in range(len(self)))

    def __len__(self) -> int:
        """Number of days."""
        return _length(self.year, self.month)

    def __contains__(self, day: date) -> bool:
        return day.month == self.month and day.year == self.year

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


@cache
def _length(year: int, month: int) -> int:
    return monthrange(year, month)[1]


def parse_day(text: str) -> date:
    """Read 'YYYY-MM-DD'; raises NotFound for anything else."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise NotFound(f"'{text}' is not a day.", "Write it as YYYY-MM-DD, for example 2026-11-21.") from None
