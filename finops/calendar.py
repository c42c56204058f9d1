"""Working days and hours of a team, its holidays, and the hours in which nobody is pinged.

Clock times are local. One that the clock skips is meant as the instant at which it skips it; one that it shows twice
begins a span the first time and ends one the second time, so that spans follow each other without a gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from finops.periods import DAY, Month

LONGEST_BREAK = 366
"""Days without a working day after which a calendar is taken to have none."""
MIDNIGHT = time(0)


@dataclass(frozen=True)
class WorkCalendar:
    """When a team works.

    Attributes:
        zone: whose clock its hours are on.
        begins, ends: working hours of a working day, local; the end is later on the same day.
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

    def __post_init__(self) -> None:
        if self.begins >= self.ends:
            raise ValueError(f"working hours end at {self.ends} and begin no earlier")

    def is_working_day(self, day: date) -> bool:
        """Whether the team works on a local day."""
        if day.weekday() in self.weekend or day in self.days_off:
            return False
        return not self.country or day not in _holidays(self.country, self.subdivision, day.year)

    def day_of(self, moment: datetime) -> date:
        """The local day at an instant."""
        return moment.astimezone(self.zone).date()

    def after_days(self, day: date, number: int) -> date:
        """The n-th working day after a day; for n = 0 the day itself, or the next working day.

        A calendar without any working day counts every day.
        """
        found = day if number else self._working_day_from(day)
        for _ in range(number):
            found = self._working_day_from(found + DAY)
        return found

    def nth_working_day(self, month: Month, number: int) -> date:
        """The n-th working day counted from the first of a month."""
        return self.after_days(month.first - DAY, number)

    def begin_of(self, day: date) -> datetime:
        """When work begins on a local day, UTC."""
        return instant(day, self.begins, self.zone)

    def end_of(self, day: date) -> datetime:
        """When work ends on a local day, UTC."""
        return instant(day, self.ends, self.zone, last=True)

    def is_at_work(self, moment: datetime) -> bool:
        """Whether an instant lies within the hours of a working day."""
        day = self.day_of(moment)
        return self.is_working_day(day) and self.begin_of(day) <= moment < self.end_of(day)

    def after_hours(self, moment: datetime, hours: int) -> datetime:
        """The instant, UTC, at which this much working time has passed since another instant.

        For no hours it is the instant itself, or the next at which work begins. An hour that a clock change takes out
        of or adds to the working day is counted as it passes.
        """
        left, reached = timedelta(hours=hours), moment.astimezone(UTC)
        # The day before too: where the clock goes back over midnight its last hours come after the new day's first.
        day = self._working_day_from(self.day_of(moment) - DAY)
        while True:
            begins, ends = max(self.begin_of(day), reached), self.end_of(day)
            if begins < ends:
                if ends - begins >= left:
                    return begins + left
                left, reached = left - (ends - begins), ends
            day = self._working_day_from(day + DAY)

    def holidays(self, first: date, last: date) -> list[tuple[date, str]]:
        """Free days that are no weekend, both ends inside, with their names; a day of the company's own has none."""
        days = (first + number * DAY for number in range((last - first).days + 1))
        named = {
            day: name
            for year in range(first.year, last.year + 1)
            for day, name in (_holidays(self.country, self.subdivision, year) if self.country else {}).items()
        }
        return [
            (day, named.get(day, ""))
            for day in days
            if day.weekday() not in self.weekend and (day in named or day in self.days_off)
        ]

    def _working_day_from(self, day: date) -> date:
        """The first working day that is not before a day; the day itself where the calendar has none in a year."""
        ahead = (day + number * DAY for number in range(LONGEST_BREAK))
        return next((found for found in ahead if self.is_working_day(found)), day)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When nobody is pinged: what rises then is said afterwards.

    Attributes:
        begins, ends: local; a span over midnight where it begins later than it ends, none where both are the same.
        days_off: whether weekends and holidays are quiet from end to end.
    """

    begins: time = time(20)
    ends: time = time(7)
    days_off: bool = False

    def over_at(self, moment: datetime, calendar: WorkCalendar) -> datetime:
        """The first instant, UTC, not before `moment`, that is not quiet.

        Where a year is quiet throughout it is `moment` itself.
        """
        begun = found = moment.astimezone(UTC)
        while found - begun < LONGEST_BREAK * DAY:
            later = max((ends for begins, ends in self._spans(found, calendar) if begins <= found < ends), default=None)
            if later is None:
                return found
            found = later
        return begun

    def covers(self, calendar: WorkCalendar) -> bool:
        """Whether all of a working day's hours are quiet, so that nobody could ever be pinged at work."""
        if self.begins > self.ends:
            return calendar.begins >= self.begins or calendar.ends <= self.ends
        return self.begins <= calendar.begins and calendar.ends <= self.ends and self.begins < self.ends

    def _spans(self, moment: datetime, calendar: WorkCalendar) -> Iterator[tuple[datetime, datetime]]:
        """Quiet spans, UTC and half-open, of the local days around an instant."""
        today = calendar.day_of(moment)
        for day in (today - DAY, today):
            if self.begins != self.ends:
                ends_on = day + DAY if self.begins > self.ends else day
                yield (
                    instant(day, self.begins, calendar.zone),
                    instant(ends_on, self.ends, calendar.zone, last=True),
                )
            if self.days_off and not calendar.is_working_day(day):
                yield instant(day, MIDNIGHT, calendar.zone), instant(day + DAY, MIDNIGHT, calendar.zone, last=True)


@lru_cache(maxsize=100_000)
def instant(day: date, clock: time, zone: ZoneInfo, *, last: bool = False) -> datetime:
    """The instant, UTC, at which a zone's clock shows a time of day.

    Args:
        last: the later one where the clock shows it twice. One that the clock skips is the instant of the skip.
    """
    early, late = (datetime.combine(day, clock, zone).replace(fold=fold) for fold in (0, 1))
    before, after = early.utcoffset(), late.utcoffset()
    if before == after or before is None or after is None:
        return early.astimezone(UTC)
    if before > after:
        return (late if last else early).astimezone(UTC)
    return _skip(late.astimezone(UTC), early.astimezone(UTC), zone)


def _skip(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The instant, to the second, after `low` and not after `high`, from which on a zone has another offset."""
    former = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == former else (low, middle)
    return high.replace(microsecond=0)


@cache
def known_countries() -> frozenset[str]:
    """ISO 3166 codes of the countries whose public holidays are known."""
    import holidays

    return frozenset(holidays.list_supported_countries())


@cache
def subdivisions(country: str) -> Mapping[str, str]:
    """Names and codes of a country's subdivisions with known holidays → their codes."""
    import holidays

    named: Mapping[str, list[str]] = holidays.country_holidays(country).get_subdivision_aliases()
    return {name: code for code, names in named.items() for name in (code, *names)}


@cache
def _holidays(country: str, subdivision: str, year: int) -> Mapping[date, str]:
    import holidays

    return dict(holidays.country_holidays(country, subdiv=subdivision or None, years=year, language="en_US"))
