"""A team's month: what it says of running, ended, empty and restated months."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.basis import Basis
from finops.company import Company, Person, Team, may_see, roles_of
from finops.errors import CurrencyMismatch, NotFound
from finops.forecast import forecast_month
from finops.money import Money, plain
from finops.periods import Month, parse_day
from finops.policy import LADDER, Materiality, Role
from finops.spend import Coverage, Freshness, Restatement, freshness
from finops.team_month import TeamMonth, assess, target_line

NOVEMBER = Month(2026, 11)


def month(daily: dict[date, Decimal], **changes: Any) -> TeamMonth:
    """A team's November, 100 budgeted, looked at on the 16th with everything settled through the 12th."""
    values: dict[str, Any] = {
        "team": "t",
        "month": NOVEMBER,
        "basis": Basis.EFFECTIVE,
        "currency": "USD",
        "budget": Decimal(100),
        "daily": daily,
        "freshness": Freshness(date(2026, 11, 15), date(2026, 11, 12)),
        "as_of": date(2026, 11, 16),
        "ladder": LADDER,
        "materiality": Materiality(),
    }
    return assess(**{**values, **changes})


def flat(cost: str, first: date = date(2026, 10, 1), last: date = date(2026, 11, 15)) -> dict[date, Decimal]:
    """The same cost every day."""
    return {first + timedelta(days=n): Decimal(cost) for n in range((last - first).days + 1)}


def test_a_running_month_is_judged_by_its_forecast() -> None:
    """While a month runs, its tier is the forecast's against the whole budget, not the actual's so far."""
    found = month(flat("4"))
    assert (found.actual, found.variance, found.variance_ratio) == (Decimal(60), Decimal(-40), Decimal("-0.4"))
    assert found.forecast is not None and found.forecast.amount == Decimal(120)
    assert found.tier is not None and found.tier.name == "formal"
    assert (found.partial, found.over, found.reading_ratio) == (True, False, Decimal("0.2"))
    assert (found.data_through, found.provisional_from) == (date(2026, 11, 15), date(2026, 11, 13))
    assert found.target == Decimal(50)


def test_an_ended_month_is_judged_by_its_actual() -> None:
    """Once the month is over there is no forecast, and the tier is the actual's."""
    fresh = Freshness(date(2026, 12, 5), date(2026, 12, 2))
    found = month(flat("3.5", last=date(2026, 11, 30)), as_of=date(2026, 12, 6), freshness=fresh)
    assert (found.actual, found.forecast, found.partial, found.over) == (Decimal(105), None, False, True)
    assert found.tier is not None and found.tier.name == "note"


def test_a_young_month_has_no_tier_until_something_can_be_said() -> None:
    """With too little history there is no forecast; under its budget a running month has no tier, over it one."""
    young = flat("4", first=date(2026, 11, 10))
    assert (month(young).forecast, month(young).tier) == (None, None)
    over = month(young, budget=Decimal(20))
    assert over.tier is not None and over.tier.name == "formal"


@pytest.mark.parametrize("budget", [None, Decimal(0), Decimal(100)])
def test_missing_is_not_zero(budget: Decimal | None) -> None:
    """Without a delivery that reaches the month there is no actual, no variance and no tier, whatever the budget."""
    found = month({}, budget=budget, freshness=Freshness(date(2026, 10, 31), date(2026, 10, 28)))
    assert (found.actual, found.variance, found.tier, found.data_through) == (None, None, None, None)
    assert month({}, budget=budget).actual == 0


def test_a_restatement_says_what_was_there_before() -> None:
    """The former actual is the present one without the restatement's change."""
    found = month(flat("4"), restated=Restatement(Decimal("2.5"), datetime(2026, 11, 15, tzinfo=UTC)))
    assert (found.actual, found.restated_from) == (Decimal(60), Decimal("57.5"))


def coverage(export: str, period: str, last: str, confirmed: str) -> Coverage:
    """A delivery from the first of its period through `last`."""
    at = datetime.fromisoformat(confirmed).replace(tzinfo=UTC)
    first = date.fromisoformat(f"{period}-01")
    return Coverage(export, period, 1, 1, first, date.fromisoformat(last), at, at, False)


def test_the_stalest_export_decides() -> None:
    """Data runs through the earliest of the exports' last days, and settles three days behind the earliest delivery."""
    both = [
        coverage("aws", "2026-11", "2026-11-15", "2026-11-16"),
        coverage("gcp", "2026-11", "2026-11-13", "2026-11-14"),
        coverage("gcp", "2026-12", "2026-12-13", "2026-12-14"),
    ]
    assert freshness(both, NOVEMBER, date(2026, 11, 20), 3) == Freshness(date(2026, 11, 13), date(2026, 11, 11))
    assert freshness(both, NOVEMBER, date(2026, 11, 12), 3) == Freshness(date(2026, 11, 12), date(2026, 11, 9))
    assert freshness([], NOVEMBER, date(2026, 11, 12), 3) == Freshness(None, None)


def test_a_month_delivered_long_after_is_settled() -> None:
    """A bill that was first delivered when it was old has no provisional days."""
    old = [coverage("aws", "2024-09", "2024-09-30", "2026-11-21")]
    assert freshness(old, Month(2024, 9), date(2026, 11, 21), 3).provisional_from is None


def test_forecast_keeps_the_weekly_rhythm() -> None:
    """Weekends that cost less are expected to cost less, and first-of-month fees are not expected again."""
    start = date(2026, 10, 5)
    daily = {}
    for n in range(39):
        day = start + timedelta(days=n)
        daily[day] = Decimal(10 if day.weekday() < 5 else 2) + (1000 if day.day == 1 else 0)
    settled = date(2026, 11, 12)
    found = forecast_month(NOVEMBER, daily, settled)
    truth = sum((10 if day.weekday() < 5 else 2) + (1000 if day.day == 1 else 0) for day in NOVEMBER.days())
    assert found is not None and found.amount == truth == found.low == found.high
    assert found.by_day()[-1] == (date(2026, 11, 30), Decimal(truth))


@given(st.lists(st.decimals("-1000", "1000", places=4), min_size=14, max_size=60), st.integers(0, 29))
def test_forecast_never_breaks(costs: list[Decimal], left: int) -> None:
    """For any history the interval holds the expectation, and what has settled is counted exactly."""
    settled = date(2026, 11, 30) - timedelta(days=left)
    daily = {settled - timedelta(days=n): cost for n, cost in enumerate(costs)}
    found = forecast_month(NOVEMBER, daily, settled)
    assert found is not None and found.low <= found.amount <= found.high
    assert found.settled == sum((cost for day, cost in daily.items() if day in NOVEMBER), Decimal(0))
    if left == 0:
        assert found.amount == found.settled


def test_no_forecast_from_less_than_two_weeks() -> None:
    """Thirteen known days say too little about weekends, and a day that was not delivered is none of them."""
    daily = flat("5", first=date(2026, 11, 1), last=date(2026, 11, 20))
    assert forecast_month(NOVEMBER, daily, date(2026, 11, 13)) is None
    assert forecast_month(NOVEMBER, daily, date(2026, 11, 14), [date(2026, 11, 9)]) is None
    assert forecast_month(NOVEMBER, daily, date(2026, 11, 14)) is not None
    assert forecast_month(NOVEMBER, {}, date(2026, 11, 20)) is None
    assert forecast_month(NOVEMBER, daily, date(2026, 9, 1)) is None


def test_a_missing_day_is_expected_and_not_zero() -> None:
    """A day that was not delivered costs what its weekday does, and counts among the days to come."""
    daily = flat("5", first=date(2026, 10, 1), last=date(2026, 11, 20))
    lost = [date(2026, 10, 9), date(2026, 11, 4)]
    found = forecast_month(
        NOVEMBER, {day: cost for day, cost in daily.items() if day not in lost}, date(2026, 11, 20), lost
    )
    assert found is not None and (found.amount, found.settled) == (150, 95)
    assert found.days[0] == (date(2026, 11, 4), 5)


def test_the_first_forecasts_hold_as_often_as_they_say() -> None:
    """Of many series of two weeks with a rhythm and noise, the 80 % interval holds between 70 and 90 of a hundred."""
    held = 0
    for seed in range(200):
        random = Random(seed)
        full = {
            date(2026, 11, 2) + timedelta(days=n): Decimal(round((100 if n % 7 < 5 else 60) * random.gauss(1, 0.15), 2))
            for n in range(29)
        }
        found = forecast_month(NOVEMBER, full, date(2026, 11, 15))
        assert found is not None
        held += found.low <= sum(full.values()) <= found.high
    assert 140 <= held <= 180


SPIKE = date(2026, 11, 19)


@pytest.mark.parametrize(
    ("on_the_19th", "expected"),
    [("5", "150"), ("5.01", "150"), ("5.1", "150.1"), ("4.9", "150"), ("106", "251"), ("1000", "1145")],
)
def test_what_is_delivered_counts_once_it_is_beyond_the_interval(on_the_19th: str, expected: str) -> None:
    """Days that may still move are left out, until the month would end above its 80 % interval by them."""
    daily = flat("5", first=date(2026, 10, 1), last=date(2026, 11, 19)) | {SPIKE: Decimal(on_the_19th)}
    found = forecast_month(NOVEMBER, daily, date(2026, 11, 17))
    assert found is not None
    raised = found.raised_to({day: cost for day, cost in daily.items() if day in NOVEMBER}, SPIKE)
    assert raised.amount == Decimal(expected) == raised.settled + sum(cost for _, cost in raised.days)
    assert raised.low <= raised.amount <= raised.high
    assert raised.raised_to(daily, SPIKE) == raised


@pytest.mark.parametrize("text", ["2026-13", "2026-0", "202611", "", "2026-1-1", "nov"])
def test_months_that_are_none(text: str) -> None:
    """What is no month is refused."""
    with pytest.raises(NotFound):
        Month.parse(text)


def test_months_know_their_days() -> None:
    """Months are half-open, follow each other, and February knows leap years."""
    february = Month.parse("2028-02")
    assert (february.first, february.last, len(february)) == (date(2028, 2, 1), date(2028, 2, 29), 29)
    assert (str(february.previous), str(february.next), str(Month(2026, 1).previous)) == (
        "2028-01",
        "2028-03",
        "2025-12",
    )
    assert date(2028, 2, 29) in february and date(2028, 3, 1) not in february
    assert sum(1 for _ in february.days()) == 29
    with pytest.raises(NotFound):
        parse_day("2026-02-30")


def test_the_target_line_ends_at_the_budget() -> None:
    """The line rises by the day and reaches the budget on the last."""
    assert target_line(Decimal(100), NOVEMBER, date(2026, 11, 30)) == 100
    assert target_line(Decimal(90), NOVEMBER, date(2026, 11, 10)) == 30


def test_money_of_two_currencies_is_not_added() -> None:
    """Adding dollars to euros is refused."""
    assert Money(Decimal(1), "USD") + Money(Decimal(2), "USD") == Money(Decimal(3), "USD")
    with pytest.raises(CurrencyMismatch):
        Money(Decimal(1), "USD") - Money(Decimal(2), "EUR")


@given(st.decimals("-1e19", "1e19", places=18))
def test_plain_amounts_are_the_same_number(amount: Decimal) -> None:
    """The plain text of an amount is the amount, without exponent or trailing zeros."""
    text = plain(amount)
    assert Decimal(text) == amount
    assert "E" not in text and not (("." in text) and text.endswith("0")) and text != "-0"


def test_roles_come_from_ids_mails_and_groups() -> None:
    """A person is recognised by user id, e-mail in any case, or membership of a user group."""
    team = Team("t", "T", owners=("Alice@Example.com",), engineering_lead="U2")
    roles = {Role.FINOPS: ("@finops",), Role.FINANCE: ("S9",), Role.EXECUTIVE_SPONSOR: ("U7",)}
    company = Company(teams=(team,), roles=roles, visibility="own")
    people = {
        Person("U1", "alice@example.com"): {Role.OWNER},
        Person("U2"): {Role.ENGINEERING_LEAD},
        Person("U3", groups=frozenset({"finops", "S1"})): {Role.FINOPS},
        Person("U4", groups=frozenset({"money", "S9"})): {Role.FINANCE},
        Person("U7"): {Role.EXECUTIVE_SPONSOR},
        Person("U8", ""): set(),
    }
    assert {person: set(roles_of(person, company, team)) for person in people} == people
    assert [may_see(person, company, team) for person in people] == [True] * 5 + [False]
