"""Stored days of a team, made up for replays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random

from finops.basis import Basis
from finops.company import Company, Team
from finops.history import History, Mornings, Spent
from finops.periods import Month
from finops.policy import Role
from finops.replay import Replay
from finops.replay_course import Said
from finops.spend import Coverage

JUNE, JULY, AUGUST, SEPTEMBER, OCTOBER, NOVEMBER = (Month(2026, number) for number in range(6, 12))
NOW = datetime(2026, 12, 12, 8, tzinfo=UTC)
PAYMENTS = Team("payments", "Payments", "#payments", ("alice@example.com",), "bob@example.com")
ROLES = {
    Role.FINOPS: ("@finops",),
    Role.FINANCE: ("dave@example.com",),
    Role.EXECUTIVE_SPONSOR: ("erin@example.com",),
}
COMPANY = Company(timezone="Europe/Berlin", teams=(PAYMENTS,), roles=ROLES)


def months(first: Month, last: Month) -> Iterator[Month]:
    while first <= last:
        yield first
        first = first.next


def delivered(first: Month, last: date) -> list[Coverage]:
    """One export, every month of it delivered today."""
    return [
        Coverage("aws", str(month), 1, 1, month.first, min(month.last, last), NOW, NOW, restated=False)
        for month in months(first, Month.of(last))
    ]


def history(daily: dict[date, Decimal], budgets: dict[Month, int], team: str = "payments") -> History:
    """A team's days in dollars, and its budgets."""
    coverages = delivered(Month.of(min(daily)), max(daily))
    spent = {team: {"USD": Spent(daily, tuple(coverages))}}
    of = {team: {month: {"USD": Decimal(amount)} for month, amount in budgets.items()}}
    return History(Basis.EFFECTIVE, coverages, spent, of)


def flat(first: Month, last: Month, cost: int = 100) -> dict[date, Decimal]:
    return {day: Decimal(cost) for month in months(first, last) for day in month.days()}


def run(
    stored: History, first: Month = SEPTEMBER, last: Month = SEPTEMBER, company: Company = COMPANY, **how: bool
) -> list[Said]:
    return Replay(company, Mornings(stored, company), first, last, NOW, **how).team(company.teams[0])


def random_history(seed: int) -> History:
    """Days that rise and fall through every tier, on both sides of budgets of three months."""
    random, cost, daily = Random(seed), 100.0, {}
    for day in flat(JUNE, NOVEMBER):
        cost = max(0.0, cost * random.choice((0.8, 0.95, 1, 1, 1.05, 1.25)) + random.choice((0, 0, 0, 5)))
        daily[day] = Decimal(str(round(min(cost, 400) * (0.6 if day.weekday() > 4 else 1), 6)))
    return history(daily, {month: random.randint(1500, 4500) for month in months(AUGUST, NOVEMBER)})
