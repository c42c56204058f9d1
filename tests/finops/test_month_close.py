"""What a month waits for, and when that is said."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from finops.basis import Basis
from finops.calendar import WorkCalendar
from finops.company import Company
from finops.evaluation import closes_on
from finops.month_close import SAID_AGAIN, Late, Waiting, said_on, waiting_for
from finops.periods import Month
from finops.policy import LADDER, Materiality
from finops.spend import Coverage, freshness_of
from finops.team_month import TeamMonth, assess

OCTOBER, TODAY = Month(2026, 10), date(2026, 11, 9)
COMPANY = Company(calendar=WorkCalendar(country="DE", subdivision="BY"))


def delivered(export: str, last: date) -> Coverage:
    """October of an export, through a day."""
    at = datetime(2026, 11, 2, tzinfo=UTC)
    return Coverage(export, "2026-10", 1, 31, date(2026, 10, 1), last, at, at, False)


AWS, AZURE = delivered("aws", date(2026, 10, 31)), delivered("azure", date(2026, 10, 15))
GONE = Coverage("gcp", "2026-06", 1, 3, date(2026, 6, 1), date(2026, 6, 9), AWS.delivered_at, AWS.delivered_at, False)
KNOWN = (AWS, AZURE, GONE)


def resting_on(team: str, *exports: str) -> TeamMonth:
    """October of a team whose spend comes from some exports."""
    return assess(
        team=team,
        month=OCTOBER,
        basis=Basis.EFFECTIVE,
        currency="USD",
        budget=Decimal(100),
        daily={date(2026, 10, 2): Decimal(1)},
        freshness=freshness_of(exports, KNOWN, OCTOBER, TODAY, 3),
        as_of=TODAY,
        ladder=LADDER,
        materiality=Materiality(),
    )


def test_it_names_the_teams_and_the_exports_they_rest_on() -> None:
    """Teams in the order of their slugs; an export that nobody who waits rests on is not named."""
    missing = [resting_on("search", "aws", "azure"), resting_on("idle", "azure")]
    end = date(2026, 10, 15)
    assert waiting_for(OCTOBER, missing, KNOWN, TODAY) == Waiting(
        OCTOBER, (Late("idle", end), Late("search", end)), (Late("azure", end),)
    )
    nothing = waiting_for(OCTOBER, [resting_on("lost", "gcp")], KNOWN, TODAY)
    assert nothing == Waiting(OCTOBER, (Late("lost", None),), (Late("gcp", date(2026, 6, 9)),))
    assert waiting_for(OCTOBER, [], KNOWN, TODAY) is None


@given(hours=st.integers(0, 24 * 500))
def test_it_is_said_every_five_working_days(hours: int) -> None:
    """At any hour after it was to be closed, the day it was last said on has begun and the next has not."""
    first = closes_on(COMPANY, OCTOBER)
    now = COMPANY.calendar.begin_of(first) + timedelta(hours=hours)
    day, again = said_on(COMPANY, OCTOBER, now)
    assert first <= day and COMPANY.calendar.begin_of(day) <= now < COMPANY.calendar.begin_of(again)
    assert COMPANY.calendar.after_days(day, SAID_AGAIN) == again
    steps = [first]
    while steps[-1] < day:
        steps.append(COMPANY.calendar.after_days(steps[-1], SAID_AGAIN))
    assert steps[-1] == day
