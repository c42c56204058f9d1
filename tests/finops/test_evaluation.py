"""From a team's month to the readings of its alerts, and what becomes of the alerts by them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from finops.alert import SPOKEN_FOR, Action, Alert, AlertKey, Change, Setting
from finops.basis import Basis
from finops.calendar import WorkCalendar
from finops.company import Company, Team
from finops.evaluation import CLOSED, CLOSED_OVER, NO_BUDGET, SWITCHED_OFF, closes_on, decide, readings
from finops.periods import DAY, Month
from finops.policy import AlertRules, Kind, Materiality
from finops.policy_check import named_callees
from finops.spend import Freshness
from finops.team_month import TeamMonth, assess

NOVEMBER = Month(2026, 11)
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
PAYMENTS = Team("payments", "Payments", "#payments", ("alice@example.com",))
COMPANY = Company(teams=(PAYMENTS,), calendar=WorkCalendar())
LATER = date(2026, 12, 7)
"""The fifth working day of December."""


def month(budget: str | None, *, as_of: date = date(2026, 11, 21), through: date | None = None) -> TeamMonth:
    """November at $100 a day, seen on a day; its forecast and its final actual are $3,000."""
    last = through or min(as_of - DAY, NOVEMBER.last)
    first = date(2026, 10, 4)
    days = {first + number * DAY: Decimal(100) for number in range((last - first).days + 1)}
    return assess(
        team="payments",
        month=NOVEMBER,
        basis=Basis.EFFECTIVE,
        currency="USD",
        budget=None if budget is None else Decimal(budget),
        daily=days,
        freshness=Freshness(last, last),
        as_of=as_of,
        ladder=COMPANY.ladder,
        materiality=Materiality(),
    )


def read(of: TeamMonth, company: Company = COMPANY) -> dict[Kind, int]:
    """Kind → step of every reading."""
    return {key.kind: reading.step for key, reading in readings([of], company, 1, NOW)}


@pytest.mark.parametrize(
    ("budget", "forecast", "passed"),
    [
        ("4000", -3, 0),
        ("3999.999999999999999999", -3, 1),
        ("3000", 0, 1),
        ("2857.142857142857142858", 0, 1),
        ("2857.142857142857142857", 1, 1),
        ("2857", 1, 1),
        ("2500", 2, 1),
        ("2499", 3, 2),
        ("2000", 3, 2),
        ("1999", 3, 3),
        ("0", 1, 0),
        (None, 0, 0),
    ],
)
def test_rungs_of_a_running_month(budget: str | None, forecast: int, passed: int) -> None:
    """The forecast stands on a signed tier, the actual of $2,000 past thresholds; exactly at an edge is not past it."""
    of = month(budget)
    assert (of.actual, of.forecast and of.forecast.amount) == (Decimal(2000), Decimal(3000))
    assert read(of) == {Kind.FORECAST: forecast, Kind.THRESHOLD: passed}


def test_a_reading_carries_what_it_saw() -> None:
    """A reading names amount, actual, budget and ratio of what it judges, and how far the data runs."""
    forecast, threshold = (reading for _, reading in readings([month("2500")], COMPANY, 7, NOW))
    assert (forecast.amount, forecast.is_forecast, forecast.ratio) == (Decimal(3000), True, Decimal("0.2"))
    assert (threshold.amount, threshold.is_forecast, threshold.ratio) == (Decimal(2000), False, Decimal("-0.2"))
    for reading in (forecast, threshold):
        assert (reading.publication, reading.seen_at, reading.actual, reading.budget) == (7, NOW, 2000, 2500)
        assert (reading.data_through, reading.why) == (date(2026, 11, 20), "")


def test_a_month_without_data_is_not_read() -> None:
    """Nothing delivered is no zero: there is no reading."""
    empty = replace(month("100"), actual=None)
    assert read(empty) == {}


def test_the_first_days_say_only_what_is_certain() -> None:
    """Without a forecast a running month under its budget stands nowhere; its thresholds are read all the same."""
    assert read(replace(month("100000"), forecast=None, tier=None)) == {Kind.THRESHOLD: 0}


def test_from_its_end_to_its_close() -> None:
    """An ended month is judged by its actual, from the close on by the closed kind, and not at all while days lack."""
    assert closes_on(COMPANY, NOVEMBER) == LATER
    assert read(month("2500", as_of=date(2026, 12, 1))) == {Kind.FORECAST: 2, Kind.THRESHOLD: 3}
    assert read(month("2500", as_of=LATER - DAY)) == {Kind.FORECAST: 2, Kind.THRESHOLD: 3}
    assert read(month("2500", as_of=LATER)) == {Kind.CLOSED: 2}
    assert read(month("2500", as_of=LATER, through=date(2026, 11, 29))) == {Kind.THRESHOLD: 3}


def test_the_close_goes_by_the_companys_calendar() -> None:
    """Holidays of the company move the close, and `close_on` says which working day it is."""
    off = frozenset({date(2026, 12, 1), date(2026, 12, 7)})
    company = replace(COMPANY, calendar=WorkCalendar(days_off=off), alerts=AlertRules(close_on=4))
    assert closes_on(company, NOVEMBER) == date(2026, 12, 8)


class Desk:
    """Judges by the company's policy and counts calls."""

    def __init__(self, company: Company) -> None:
        self.calls = 0
        self._policy, self._callees = company.policy(PAYMENTS), named_callees(company, PAYMENTS)

    def setting(self, slug: str, *, beside: bool = False) -> Setting:
        """What an alert is judged by."""
        return Setting(self._policy, self._callees, pings=self.calls, beside=beside)

    def count(self, change: Change) -> Change:
        """Count its calls."""
        self.calls += sum(bool(event.calls) for event in change.events)
        return change


def evaluated(*months: TeamMonth, companies: tuple[Company, ...] = ()) -> dict[Kind, list[tuple[Action, str]]]:
    """Kind → what happened, and why, as one month after the other was read, each under its company."""
    alerts: dict[AlertKey, Alert] = {}
    happened: dict[Kind, list[tuple[Action, str]]] = {}
    for number, each in enumerate(months):
        company, now = (companies or (COMPANY,) * len(months))[number], NOW + number * DAY
        found = readings([each], company, number, now)
        for change in decide(found, alerts, Desk(company), now):
            alerts[change.alert.key] = change.alert
            happened.setdefault(change.alert.key.kind, []).extend((event.action, event.note) for event in change.events)
    return happened


def test_a_threshold_beside_its_forecast_calls_nobody() -> None:
    """Both kinds rise in one evaluation: the forecast calls, the threshold is told beside it."""
    desk = Desk(COMPANY)
    first, second = decide(readings([month("2300")], COMPANY, 1, NOW), {}, desk, NOW)
    assert (first.alert.key.kind, second.alert.key.kind) == (Kind.FORECAST, Kind.THRESHOLD)
    assert [len(change.events[0].calls) for change in (first, second)] == [1, 0]
    assert (second.alert.beside, desk.calls) == (True, 1)


@pytest.mark.parametrize(("budget", "called"), [("2300", 0), ("2000", 0), ("1999", 1)])
def test_an_underspend_does_not_speak_for_what_is_spent(budget: str, called: int) -> None:
    """Beside the alert of a month that is forecast under budget, a threshold calls once the budget itself is spent."""
    forecast, _ = readings([month("2300")], COMPANY, 1, NOW)
    _, threshold = readings([month(budget)], COMPANY, 2, NOW)
    [raised] = decide([forecast], {}, Desk(COMPANY), NOW)
    under = replace(raised.alert, reading=replace(raised.alert.reading, step=-2))
    [change] = decide([threshold], {under.key: under}, Desk(COMPANY), NOW)
    assert len(change.events[0].calls) == called


def test_nothing_is_decided_where_nothing_stands() -> None:
    """A month on no rung without alerts changes nothing, and one read again neither."""
    assert evaluated(month("3000.5", as_of=date(2026, 11, 10))) == {}
    found = list(readings([month("2300")], COMPANY, 1, NOW))
    alerts = {change.alert.key: change.alert for change in decide(found, {}, Desk(COMPANY), NOW)}
    assert decide(found, alerts, Desk(COMPANY), NOW) == []


def test_a_closed_month_ends_what_its_course_raised() -> None:
    """The closed alert takes over from forecast and threshold; closed within its budget they end as well."""
    over = evaluated(month("2300"), month("2300", as_of=LATER))
    assert over == {
        Kind.FORECAST: [(Action.RAISED, ""), (Action.CONCLUDED, CLOSED_OVER)],
        Kind.THRESHOLD: [(Action.RAISED, SPOKEN_FOR), (Action.CONCLUDED, CLOSED_OVER)],
        Kind.CLOSED: [(Action.RAISED, "")],
    }
    within = evaluated(month("2990"), month("2990", as_of=LATER), month("2990", as_of=LATER + DAY))
    assert within == {Kind.THRESHOLD: [(Action.RAISED, ""), (Action.CONCLUDED, CLOSED)]}


def test_a_kind_that_is_switched_off_ends() -> None:
    """What a kind raised before it was switched off is resolved, and a month is closed without a closed alert too."""
    only = replace(COMPANY, alerts=AlertRules(kinds=(Kind.FORECAST,)))
    assert evaluated(month("2300"), month("2300"), companies=(COMPANY, only)) == {
        Kind.FORECAST: [(Action.RAISED, "")],
        Kind.THRESHOLD: [(Action.RAISED, SPOKEN_FOR), (Action.RESOLVED, SWITCHED_OFF)],
    }
    assert evaluated(month("2300"), month("2300", as_of=LATER), companies=(only, only)) == {
        Kind.FORECAST: [(Action.RAISED, ""), (Action.CONCLUDED, CLOSED)]
    }


def test_a_budget_that_is_taken_away_ends_alerts() -> None:
    """Without a budget there is nothing to be over: the alerts resolve and say so."""
    found = evaluated(month("2300"), month(None))
    assert {kind: events[-1] for kind, events in found.items()} == {
        Kind.FORECAST: (Action.RESOLVED, NO_BUDGET),
        Kind.THRESHOLD: (Action.RESOLVED, NO_BUDGET),
    }
