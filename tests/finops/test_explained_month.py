"""The number that is explained, and the parts that add up to it exactly."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.alert_state import Alert, AlertKey, Reading
from finops.basis import Basis
from finops.calendar import WorkCalendar
from finops.explained_month import (
    coverage_of_alert,
    drivers_of,
    is_judged,
    number_known,
    variance_key,
    variance_of,
)
from finops.explanation import (
    Category,
    Coverage,
    Explanation,
    ExplanationRules,
    Variance,
    VarianceKey,
    Wording,
    approve,
    submit,
    withdraw,
)
from finops.money import add
from finops.periods import Month
from finops.policy import LADDER, Kind, Materiality
from finops.spend import DaySpend, Freshness
from finops.team_month import TeamMonth, assess
from views.drivers import compared

NOVEMBER = Month(2026, 11)
NOW = datetime(2026, 11, 16, tzinfo=UTC)
COSTS = st.decimals(Decimal("-900"), Decimal("90000"), places=18, allow_nan=False, allow_infinity=False)
ROWS = st.lists(
    st.builds(
        lambda day, service, cost, category: DaySpend(
            date(2026, 10, 1) + timedelta(days=day), "", "AWS", service, category, "USD", cost, cost
        ),
        st.integers(0, 60),
        st.sampled_from(["EC2", "RDS", "S3", ""]),
        COSTS,
        st.sampled_from(["Usage", "Tax", "Credit"]),
    ),
    max_size=40,
)


def month_of(
    rows: list[DaySpend], as_of: date, through: date, settled: date | None, basis: Basis, month: Month = NOVEMBER
) -> TeamMonth:
    """A month with a budget of 1,000, of some rows."""
    daily: dict[date, Decimal] = {}
    for row in rows:
        if row.day <= min(as_of, through):
            daily[row.day] = add((daily.get(row.day, Decimal(0)), row.cost(basis)))
    return assess(
        team="payments",
        month=month,
        basis=basis,
        currency="USD",
        budget=Decimal(1000),
        daily=daily,
        freshness=Freshness(through, settled),
        as_of=as_of,
        ladder=LADDER,
        materiality=Materiality(),
    )


@given(
    rows=ROWS,
    as_of=st.integers(0, 34),
    late=st.integers(0, 4),
    unsettled=st.integers(0, 4),
    basis=st.sampled_from(Basis),
)
@settings(deadline=None, max_examples=300)
def test_the_parts_are_the_variance_to_the_last_digit(
    rows: list[DaySpend], as_of: int, late: int, unsettled: int, basis: Basis
) -> None:
    """Whatever is billed, on whatever day one looks: services, what is expected, and the budget add up exactly."""
    day = date(2026, 11, 1) + timedelta(days=as_of)
    through = min(day, NOVEMBER.last) - timedelta(days=late)
    rows = [row for row in rows if row.day <= through]
    month = month_of(rows, day, through, through - timedelta(days=unsettled), basis)
    number, drivers = variance_of(month, 1, NOW), drivers_of(month, rows)
    if number is None or not any(row.day < NOVEMBER.first for row in rows):
        assert drivers is None
        return
    assert drivers is not None and drivers.total == number.value
    assert number.is_forecast == (month.forecast is not None and not month.over)
    assert [abs(line.amount) for line in drivers.lines] == sorted((abs(x.amount) for x in drivers.lines), reverse=True)


def steady(through: date, cost: str = "30") -> list[DaySpend]:
    """The same cost on every day from October on."""
    days = (through - date(2026, 10, 1)).days + 1
    every = [date(2026, 10, 1) + timedelta(days=number) for number in range(days)]
    return [DaySpend(day, "", "AWS", "EC2", "Usage", "USD", Decimal(cost), Decimal(cost)) for day in every]


def test_a_running_month_is_its_forecast() -> None:
    """The forecast against the budget; what is known is compared with the same days of the month before."""
    rows = steady(date(2026, 11, 14))
    month = month_of(rows, date(2026, 11, 16), date(2026, 11, 14), date(2026, 11, 12), Basis.EFFECTIVE)
    number, drivers = variance_of(month, 7, NOW), drivers_of(month, rows)
    assert number is not None and drivers is not None
    assert (number.value, number.is_forecast, number.publication) == (Decimal("-100"), True, 7)
    assert (drivers.lines, drivers.rest, drivers.budget) == ((), Decimal("-30"), Decimal("-70"))
    assert drivers.days == (date(2026, 11, 1), date(2026, 11, 12))
    assert drivers.former == (date(2026, 10, 1), date(2026, 10, 12))
    assert drivers.rest_days == (date(2026, 11, 13), date(2026, 11, 30)) and drivers.whole


def test_a_past_month_is_its_actual() -> None:
    """The actual against the budget, the whole month beside the whole month before; missing days are not judged."""
    rows = steady(date(2026, 11, 30))
    month = month_of(rows, date(2026, 12, 5), date(2026, 11, 30), date(2026, 11, 30), Basis.EFFECTIVE)
    drivers = drivers_of(month, rows)
    assert drivers is not None and drivers.rest is None and drivers.rest_days is None
    assert [(line.name, line.amount) for line in drivers.lines] == [("EC2", Decimal(-30))]
    assert drivers.budget == Decimal(-70) and drivers.former == (date(2026, 10, 1), date(2026, 10, 31))
    assert is_judged(month)
    partial = month_of(rows[:-2], date(2026, 12, 1), date(2026, 11, 28), date(2026, 11, 26), Basis.EFFECTIVE)
    assert not is_judged(partial) and variance_of(partial, 1, NOW) is not None


def test_compared_days_are_possible_on_every_day_of_four_years() -> None:
    """Ranges lie in their months, never end before they begin, and are as long as each other or say their lengths."""
    seen: Counter[str] = Counter()
    for number in range(4 * 365 + 1):
        day = date(2023, 1, 1) + timedelta(days=number)
        for late, unsettled in ((0, 0), (1, 3), (4, 2), (9, 6)):
            month = Month.of(day - timedelta(days=late))
            through = day - timedelta(days=late)
            rows = [row for each in (month.previous, month) for row in rows_of(each) if row.day <= through]
            drivers = drivers_of(
                month_of(rows, day, through, day - timedelta(days=unsettled), Basis.EFFECTIVE, month), rows
            )
            assert drivers is not None
            if drivers.days is None or drivers.former is None:
                assert drivers.days is drivers.former is None and drivers.lines == ()
                assert drivers.rest_days == (month.first, month.last)
                seen[compared(drivers)] += 1
                continue
            assert month.first == drivers.days[0] <= drivers.days[1] <= through
            assert month.previous.first == drivers.former[0] <= drivers.former[1] <= month.previous.last
            now, former = ((last - first).days + 1 for first, last in (drivers.days, drivers.former))
            assert compared(drivers).endswith(f" ({now} days against {former})") is (now != former)
            seen["as long" if now == former else "of another length"] += 1
    assert set(seen) == {"of which no day has settled yet", "as long", "of another length"}


@cache
def rows_of(month: Month) -> list[DaySpend]:
    """The same cost on every day of a month."""
    return [DaySpend(day, "", "AWS", "EC2", "Usage", "USD", Decimal(40), Decimal(40)) for day in month.days()]


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 11, 2), "of which no day has settled yet"),
        (date(2026, 11, 15), "1–12 Nov against 1–12 Oct"),
        (date(2027, 4, 1), "1–31 Mar against 1–28 Feb (31 days against 28)"),
    ],
)
def test_compared_days_in_words(day: date, said: str) -> None:
    """At a month's start nothing is compared; then as many days of both months; whole months say their lengths."""
    month = Month.of(day - timedelta(days=1))
    rows = [row for each in (month.previous, month) for row in rows_of(each) if row.day < day]
    found = month_of(rows, day, day - timedelta(days=1), day - timedelta(days=3), Basis.EFFECTIVE, month)
    drivers = drivers_of(found, rows)
    assert drivers is not None and compared(drivers) == said


KEY = VarianceKey("payments", NOVEMBER, "USD")


def explanations() -> list[Explanation]:
    """$60 that is approved, $30 that waits, and $7 that was taken back."""
    number = Variance(Decimal(1100), Decimal(1000), True, Basis.EFFECTIVE, 1, NOW)
    rules, made = ExplanationRules(), []
    for place, amount in enumerate(("60", "30", "7"), start=1):
        wording = Wording(Decimal(amount), Category.GROWTH, False, "what", "why")
        made.append(submit(KEY, place, wording, "UALICE", number, rules, WorkCalendar(), NOW).explanation)
    approved = approve(made[0], "UDAVE", 0, number, rules, NOW).explanation
    return [approved, made[1], withdraw(made[2], "UALICE", 0, NOW).explanation]


def alert_of(kind: Kind, amount: str, budget: str | None, step: int = 1) -> Alert:
    """An alert of November."""
    spent, planned = Decimal(amount), None if budget is None else Decimal(budget)
    seen = Reading(1, NOW, step, spent, True, spent, planned, None, Basis.EFFECTIVE, None)
    return Alert(AlertKey("payments", NOVEMBER, kind, "USD"), seen, NOW)


def test_how_far_an_alert_is_explained() -> None:
    """Of the variance that the alert stands on; nothing where there is none, or nothing is left to be explained."""
    known = explanations()
    covered = Coverage(Decimal(400), Decimal(90), Decimal(60))
    assert variance_key(alert_of(Kind.CLOSED, "1400", "1000").key) == KEY
    for kind in (Kind.FORECAST, Kind.CLOSED):
        assert coverage_of_alert(alert_of(kind, "1400", "1000"), known) == covered
        assert coverage_of_alert(alert_of(kind, "1400", "1000", 0), known) == covered
        assert coverage_of_alert(alert_of(kind, "1400", "1000"), ()) == Coverage(Decimal(400), Decimal(0), Decimal(0))
        assert coverage_of_alert(alert_of(kind, "1400", "1000", 0), known[2:]) is None
        assert coverage_of_alert(alert_of(kind, "1000", "1000"), known) is None
        assert coverage_of_alert(alert_of(kind, "1000", None), known) is None
    assert coverage_of_alert(alert_of(Kind.THRESHOLD, "1400", "1000"), known) is None


def test_what_is_known_of_a_month_without_a_number() -> None:
    """The number that was last written of, also while days at the end of the month are missing; nothing where there
    never was one.
    """
    now = Variance(Decimal(1400), Decimal(1000), True, Basis.EFFECTIVE, 2, NOW)
    assert number_known(None, now, explanations()) is now is number_known(None, now, ())
    written = number_known(None, None, explanations())
    assert written is not None and written.value == Decimal(100)
    assert number_known(None, None, ()) is None
    for through, day, known in ((20, date(2026, 12, 2), written), (30, date(2026, 12, 2), now), (20, NOW.date(), now)):
        last = date(2026, 11, through)
        month = month_of(steady(last), day, last, last, Basis.EFFECTIVE)
        assert number_known(month, now, explanations()) == known and number_known(month, now, ()) is now
