"""Working days and hours of a team, its holidays, and the hours in which nobody is pinged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from finops.periods import DAY, Month

LONGEST_BREAK = 366
"""Days without a working day after which a calendar is taken to have none."""


@dataclass(frozen=True)
class WorkCalendar:
    """When a team works.

    Attributes:
        zone: whose clock its hours are on.
        begins, ends: working hours of a working day, local.
        weekend: weekdays that are free, Monday 0.
        country: ISO 3166 code whose public holidays are free; empty for none.
        subdivision: of the country, ISO 3166-2 without the country, for its own holidays.
        days_off: further free days.
    """

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    begins: time = time(9)
    ends: time = time(17)
    weekend: frozenset[int] = frozenset({5, 6})
    country: str = ""
    subdivision: str = ""
    days_off: frozenset[date] = frozenset()

    def is_working_day(self, day: date) -> bool:
        """Whether the team works on a local day."""
        if day.weekday() in self.weekend or day in self.days_off:
            return False
        return not self.country or day not in _holidays(self.country, self.subdivision, day.year)

    def day_of(self, moment: datetime) -> date:
        """The local day at an instant."""
        return moment.astimezone(self.zone).date()

    def after_days(self, day: date, number: int) -> date:
        """The n-th working day after a day, the day itself where n is 0 and it is a working day."""
        found = day if number else self._working_day_from(day)
        for _ in range(number):
            found = self._working_day_from(found + DAY)
        return found

    def nth_working_day(self, month: Month, number: int) -> date:
        """The n-th working day counted from the first of a month."""
        return self.after_days(month.first - DAY, number)

    def end_of(self, day: date) -> datetime:
        """When work ends on a local day, UTC."""
        return self._at(day, self.ends)

    def after_hours(self, moment: datetime, hours: int) -> datetime:
        """The instant, UTC, at which this much working time has passed since another instant.

        An hour that a clock change takes out of or adds to the working day is counted as it passes.
        """
        left = timedelta(hours=hours)
        day = self._working_day_from(self.day_of(moment))
        while True:
            begins, ends = max(self._at(day, self.begins), moment.astimezone(UTC)), self._at(day, self.ends)
            if ends > begins and ends - begins >= left:
                return begins + left
            left -= max(ends - begins, timedelta(0))
            day = self._working_day_from(day + DAY)

    def _at(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, self.zone).astimezone(UTC)

    def _working_day_from(self, day: date) -> date:
        """The first working day that is not before a day; the day itself where the calendar has none in a year."""
        ahead = (day + number * DAY for number in range(LONGEST_BREAK))
        return next((found for found in ahead if self.is_working_day(found)), day)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When nobody is pinged: what rises then is said afterwards.

    Attributes:
        begins, ends: local; a span over midnight where it begins later than it ends.
        days_off: whether weekends and holidays are quiet from end to end.
    """

    begins: time = time(20)
    ends: time = time(7)
    days_off: bool = False

    def over_at(self, moment: datetime, calendar: WorkCalendar) -> datetime:
        """The first instant, UTC, not before `moment`, that is not quiet."""
        found = moment.astimezone(UTC)
        for _ in range(LONGEST_BREAK):
            later = self._next(found, calendar)
            if later == found:
                return found
            found = later
        return moment.astimezone(UTC)

    def _next(self, moment: datetime, calendar: WorkCalendar) -> datetime:
        local = moment.astimezone(calendar.zone)
        day, clock = local.date(), local.time()
        if self.days_off and not calendar.is_working_day(day):
            return datetime.combine(day + DAY, time(0), calendar.zone).astimezone(UTC)
        if self.begins == self.ends:
            return moment
        if self.begins > self.ends:
            quiet = clock >= self.begins or clock < self.ends
        else:
            quiet = self.begins <= clock < self.ends
        if not quiet:
            return moment
        ends_on = day + DAY if self.begins > self.ends and clock >= self.begins else day
        # An hour that the clock skips ends nothing: what lies behind it in UTC does.
        return max(datetime.combine(ends_on, self.ends, calendar.zone).astimezone(UTC), moment + timedelta(minutes=1))


def country_is_known(country: str, subdivision: str = "") -> bool:
    """Whether the public holidays of a country, and of its subdivision where one is named, are known."""
    import holidays

    known: Mapping[str, list[str]] = holidays.list_supported_countries()
    return country in known and (not subdivision or subdivision in known[country])


@cache
def _holidays(country: str, subdivision: str, year: int) -> frozenset[date]:
    import holidays

    return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=year))
