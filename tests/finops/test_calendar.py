"""Working time and quiet hours, held against a plain look at the clock every five minutes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.calendar import QuietHours, WorkCalendar, instant, known_countries, subdivisions
from finops.periods import DAY, Month

STEP = timedelta(minutes=5)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Asia/Kathmandu",
)
HOURS = ((time(9), time(17)), (time(6, 30), time(22)), (time(0, 15), time(5)), (time(13), time(13, 30)))
# A week around each clock change of 2026 in these zones, and Christmas.
AROUND = [date(2026, 3, 8), date(2026, 3, 29), date(2026, 4, 5), date(2026, 9, 27), date(2026, 10, 4)]
AROUND += [date(2026, 10, 25), date(2026, 11, 1), date(2026, 12, 25)]


@st.composite
def calendars(draw: st.DrawFn) -> WorkCalendar:
    """Calendars of every shape, some with days off in the weeks that are looked at."""
    begins, ends = draw(st.sampled_from(HOURS))
    off = st.builds(lambda day, number: day + number * DAY, st.sampled_from(AROUND), st.integers(-4, 4))
    return WorkCalendar(
        zone=ZoneInfo(draw(st.sampled_from(ZONES))),
        begins=begins,
        ends=ends,
        weekend=draw(st.sampled_from([frozenset({5, 6}), frozenset({4, 5}), frozenset(), frozenset({0, 1, 2, 5, 6})])),
        country=draw(st.sampled_from(["", "DE"])),
        days_off=frozenset(draw(st.lists(off, max_size=4))),
    )


QUIET = st.builds(
    QuietHours,
    st.sampled_from([time(20), time(0), time(12), time(22, 30)]),
    st.sampled_from([time(7), time(13), time(23, 55), time(4)]),
    st.booleans(),
)


@st.composite
def moments(draw: st.DrawFn) -> datetime:
    """Instants on a five-minute step in the weeks of the clock changes."""
    midnight = datetime.combine(draw(st.sampled_from(AROUND)), time(0), UTC)
    return midnight + draw(st.integers(-3 * 288, 3 * 288)) * STEP


def at_work(calendar: WorkCalendar, moment: datetime) -> bool:
    """Whether the clock on the wall says so."""
    local = moment.astimezone(calendar.zone)
    return calendar.is_working_day(local.date()) and calendar.begins <= local.time() < calendar.ends


def is_quiet(quiet: QuietHours, calendar: WorkCalendar, moment: datetime) -> bool:
    """Whether the clock on the wall says so."""
    local = moment.astimezone(calendar.zone)
    clock = local.time()
    if quiet.days_off and not calendar.is_working_day(local.date()):
        return True
    if quiet.begins <= quiet.ends:
        return quiet.begins <= clock < quiet.ends
    return clock >= quiet.begins or clock < quiet.ends


def steps(first: datetime, last: datetime) -> list[datetime]:
    return [first + number * STEP for number in range((last - first) // STEP)]


@settings(deadline=None)
@given(calendar=calendars(), moment=moments(), hours=st.integers(1, 20))
def test_working_hours_are_those_on_the_clock(calendar: WorkCalendar, moment: datetime, hours: int) -> None:
    """As much working time lies between as was asked for, whatever the clock does, and the last of it is at work."""
    found = calendar.after_hours(moment, hours)
    between = steps(moment, found)
    assert sum(at_work(calendar, each) for each in between) * STEP == timedelta(hours=hours)
    assert at_work(calendar, between[-1])


@settings(deadline=None)
@given(calendar=calendars(), moment=moments())
def test_no_hours_end_when_work_begins(calendar: WorkCalendar, moment: datetime) -> None:
    """No time at all ends at once at work, else when work next begins."""
    found = calendar.after_hours(moment, 0)
    assert at_work(calendar, found)
    assert not any(at_work(calendar, each) for each in steps(moment, found))


@settings(deadline=None)
@given(
    calendar=calendars(),
    moment=moments(),
    later=st.integers(0, 3000),
    hours=st.integers(1, 30),
    more=st.integers(1, 30),
)
def test_working_hours_follow_each_other(
    calendar: WorkCalendar, moment: datetime, later: int, hours: int, more: int
) -> None:
    """Hours add up, and neither a later beginning nor more hours end earlier."""
    found = calendar.after_hours(moment, hours)
    assert calendar.after_hours(found, more) == calendar.after_hours(moment, hours + more) > found
    assert calendar.after_hours(moment + later * STEP, hours) >= found >= moment


@given(calendar=calendars(), moment=moments(), number=st.integers(1, 25), more=st.integers(1, 25))
def test_working_days_are_counted(calendar: WorkCalendar, moment: datetime, number: int, more: int) -> None:
    """The n-th working day is one, exactly n of them have come by then, and days add up."""
    day = calendar.day_of(moment)
    found = calendar.after_days(day, number)
    passed = [day + ahead * DAY for ahead in range(1, (found - day).days + 1)]
    assert sum(map(calendar.is_working_day, passed)) == number and calendar.is_working_day(found)
    assert calendar.after_days(found, more) == calendar.after_days(day, number + more)
    assert calendar.after_days(day, 0) == (day if calendar.is_working_day(day) else calendar.after_days(day, 1))


@settings(deadline=None)
@given(quiet=QUIET, calendar=calendars(), moment=moments(), later=st.integers(0, 600))
def test_quiet_hours_end_when_the_clock_says_so(
    quiet: QuietHours, calendar: WorkCalendar, moment: datetime, later: int
) -> None:
    """All is quiet until the answer and not at it; asked later it is no earlier; asked again it stays."""
    found = quiet.over_at(moment, calendar)
    assert all(is_quiet(quiet, calendar, each) for each in steps(moment, found))
    assert not is_quiet(quiet, calendar, found)
    assert quiet.over_at(moment + later * STEP, calendar) >= found == quiet.over_at(found, calendar)


@given(
    zone=st.sampled_from(
        ["Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "America/St_Johns", "Asia/Beirut"]
    ),
    day=st.dates(date(2005, 1, 1), date(2026, 12, 31)),
    minutes=st.tuples(st.integers(0, 1439), st.integers(0, 1439)),
)
def test_the_clock_never_runs_backwards(zone: str, day: date, minutes: tuple[int, int]) -> None:
    """A later time of the same day is never an earlier instant, and what the clock shows then is that time."""
    early, late = (time(*divmod(number, 60)) for number in sorted(minutes))
    place = ZoneInfo(zone)
    for last in (False, True):
        assert instant(day, early, place, last=last) <= instant(day, late, place, last=last)
        shown = instant(day, early, place, last=last).astimezone(place).replace(tzinfo=None)
        assert shown >= datetime.combine(day, early)
        assert shown == datetime.combine(day, early) or shown - DAY - STEP < datetime.combine(day, early)
    assert instant(day, early, place) <= instant(day, early, place, last=True)


@pytest.mark.parametrize(
    ("zone", "day", "clock", "first", "last"),
    [
        # The clock goes from 02:00 to 03:00: 02:30 is the moment at which it does.
        ("Europe/Berlin", "2026-03-29", "02:30", "2026-03-29T01:00", "2026-03-29T01:00"),
        # It goes from 03:00 back to 02:00: 02:30 comes twice.
        ("Europe/Berlin", "2026-10-25", "02:30", "2026-10-25T00:30", "2026-10-25T01:30"),
        ("America/New_York", "2026-11-01", "01:30", "2026-11-01T05:30", "2026-11-01T06:30"),
        # Half an hour, at midnight, and a whole day.
        ("Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:30", "2026-10-03T15:30"),
        ("America/Santiago", "2026-09-06", "00:00", "2026-09-06T04:00", "2026-09-06T04:00"),
        ("America/Santiago", "2026-04-04", "23:30", "2026-04-05T02:30", "2026-04-05T03:30"),
        ("Pacific/Apia", "2011-12-30", "12:00", "2011-12-30T10:00", "2011-12-30T10:00"),
    ],
)
def test_times_that_the_clock_skips_or_repeats(zone: str, day: str, clock: str, first: str, last: str) -> None:
    """A skipped time is the moment of the skip; one shown twice begins with the first and ends with the second."""
    given = (date.fromisoformat(day), time.fromisoformat(clock), ZoneInfo(zone))
    found = [instant(*given), instant(*given, last=True)]
    assert [each.replace(tzinfo=None).isoformat(timespec="minutes") for each in found] == [first, last]


def test_a_working_night_over_both_clock_changes() -> None:
    """The hour that spring takes is not worked, the one that autumn adds is."""
    night = WorkCalendar(ZoneInfo("Europe/Berlin"), time(0), time(8), weekend=frozenset())
    spring = night.after_hours(datetime(2026, 3, 28, 23, tzinfo=UTC), 7)
    autumn = night.after_hours(datetime(2026, 10, 24, 22, tzinfo=UTC), 9)
    assert (spring, autumn) == (night.end_of(date(2026, 3, 29)), night.end_of(date(2026, 10, 25)))


def test_hours_shown_twice_are_worked_once() -> None:
    """Where the clock goes back over midnight, two working days share an hour, which passes once."""
    calendar = WorkCalendar(ZoneInfo("America/St_Johns"), time(0), time(23, 59), weekend=frozenset())
    # On 7 November 2010 the clock went from 00:01 back to 23:01 of the day before.
    begun = datetime(2010, 11, 7, 2, 0, tzinfo=UTC)
    assert calendar.after_hours(begun, 3) <= begun + timedelta(hours=3, minutes=2)


def test_holidays_are_free() -> None:
    """Public holidays of a country and subdivision and the company's own days are no working days, and are named."""
    berlin = WorkCalendar(country="DE", subdivision="BE", days_off=frozenset({date(2026, 12, 24)}))
    assert berlin.holidays(date(2026, 12, 1), date(2027, 3, 28)) == [
        (date(2026, 12, 24), ""),
        (date(2026, 12, 25), "Christmas Day"),
        (date(2027, 1, 1), "New Year's Day"),
        (date(2027, 3, 8), "Women's Day"),
        (date(2027, 3, 26), "Good Friday"),
    ]
    bavaria = WorkCalendar(country="DE", subdivision="BY")
    assert berlin.is_working_day(date(2027, 1, 6)) and not bavaria.is_working_day(date(2027, 1, 6))
    assert berlin.after_days(date(2026, 12, 23), 1) == date(2026, 12, 28)
    assert berlin.nth_working_day(Month(2027, 1), 1) == date(2027, 1, 4)
    assert berlin.after_hours(datetime(2026, 12, 23, 16, tzinfo=UTC), 2) == datetime(2026, 12, 28, 10, tzinfo=UTC)


def test_every_known_country_has_its_holidays() -> None:
    """Whatever country the configuration takes, its holidays can be asked for, in English."""
    for country in sorted(known_countries())[::9]:
        assert isinstance(WorkCalendar(country=country).holidays(date(2026, 1, 1), date(2026, 12, 31)), list)
    assert subdivisions("DE")["Berlin"] == "BE" and subdivisions("SG") == {}


def test_a_calendar_without_working_days_does_not_hang() -> None:
    """Nobody ever works: every day is counted, and what is quiet for a year is not waited for."""
    never = WorkCalendar(weekend=frozenset(range(7)))
    noon = datetime(2026, 11, 3, 12, tzinfo=UTC)
    assert never.after_days(noon.date(), 3) == date(2026, 11, 6)
    assert never.after_hours(noon, 16) == datetime(2026, 11, 5, 12, tzinfo=UTC)
    assert never.nth_working_day(Month(2026, 12), 5) == date(2026, 12, 5)
    assert QuietHours(days_off=True).over_at(noon, never) == noon


def test_working_hours_must_have_a_length() -> None:
    """Hours that end before they begin are refused: they would be waited for for ever."""
    for ends in (time(9), time(8)):
        with pytest.raises(ValueError, match="begin no earlier"):
            WorkCalendar(begins=time(9), ends=ends)


@pytest.mark.parametrize(
    ("quiet", "covered"),
    [
        (QuietHours(), False),
        (QuietHours(time(17), time(9)), False),
        (QuietHours(time(8), time(18)), True),
        (QuietHours(time(9), time(17)), True),
        (QuietHours(time(9), time(16, 59)), False),
        (QuietHours(time(18), time(17)), True),
        (QuietHours(time(9), time(8)), True),
        (QuietHours(time(0), time(0), days_off=True), False),
    ],
)
def test_quiet_hours_over_all_working_hours_are_told(quiet: QuietHours, covered: bool) -> None:
    """Quiet hours that leave none of a working day are recognised."""
    assert quiet.covers(WorkCalendar()) is covered
