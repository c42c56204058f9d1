"""What a replay reads of the past, held against what was really shown then."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from bot.installation import Installation
from finops.history import Mornings
from finops.periods import DAY, Month
from finops.team_month import TeamMonth
from storage.budgets import Budget, record_budgets
from storage.history import read_history, replayed_teams
from storage.ledger.ingest import ingest
from storage.team_months import team_months
from tests.company import Charge, Moved, make_company, usual_charges, write_bill

SEPTEMBER, OCTOBER, NOVEMBER = (Month(2026, number) for number in (9, 10, 11))
MORNINGS = [date(2026, 10, 1), date(2026, 10, 6), date(2026, 10, 20), date(2026, 11, 1), date(2026, 11, 12)]
LAST_OF_GCP = date(2026, 10, 8)
"""From then on the second export is not delivered any more."""


def deliver(place: Installation, folder: Path, day: date) -> None:
    """Take in what both exports hold on a morning: the days up to the one before."""
    place.clock = Moved(datetime.combine(day, datetime.min.time(), UTC).replace(hour=6))
    usual = [
        replace(charge, cost=charge.cost * (charge.day.day % 5 + 1))
        for charge in usual_charges(date(2026, 9, 1), day - DAY)
    ]
    exports = {"aws": usual}
    through = min(day - DAY, LAST_OF_GCP)
    if day - DAY <= LAST_OF_GCP:
        days = [date(2026, 9, 1) + number * DAY for number in range((through - date(2026, 9, 1)).days + 1)]
        exports["gcp"] = [Charge(each, Decimal("3.75"), "search", service="BigQuery") for each in days]
    for export, charges in exports.items():
        path = write_bill(folder / f"{export}.csv", charges)
        ingest(
            [path], export, company=place.company, state=place.state, ledger=place.ledger, now=place.now, lenient=False
        )


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """The small company with budgets of three months and no bill."""
    installation = make_company(tmp_path, bill=False)
    budgets = [
        Budget(team, month, Decimal(amount), "USD")
        for month in (SEPTEMBER, OCTOBER, NOVEMBER)
        for team, amount in (("payments", 9000), ("search", 4000), ("idle", 100), ("gone", 5))
    ]
    with installation.state.writing() as connection:
        record_budgets(connection, budgets, source="test", by="test", now=installation.now)
    return installation


def test_mornings_of_the_past_are_as_they_were(place: Installation, tmp_path: Path) -> None:
    """Of stored days a replay makes the very team months that were shown on each of those mornings."""
    shown: dict[tuple[date, Month], list[TeamMonth]] = {}
    for day in MORNINGS:
        deliver(place, tmp_path / "bills", day)
        with place.state.reading() as connection:
            for month in (Month.of(day), Month.of(day).previous):
                found = team_months(connection, place.company, month, day, place.company.basis)
                shown[(day, month)] = [each for each in found if each.budget is not None]
    deliver(place, tmp_path / "bills", date(2026, 11, 25))
    with place.state.reading() as connection:
        history = read_history(connection, place.company.basis, date(2026, 8, 1), date(2026, 11, 30))
        teams = replayed_teams(connection, place.company, history)
    assert list(teams) == ["payments", "search", "idle", "unallocated", "gone"]
    mornings = Mornings(history, place.company)
    for (day, month), expected in shown.items():
        made = [each for team in teams.values() for each in mornings.team_months(team, month, day)]
        assert made == expected, (day, month)
    assert any(each.forecast for found in shown.values() for each in found)
    assert {each.tier.name for found in shown.values() for each in found if each.tier} >= {"note", "emergency"}


def test_what_is_read(place: Installation, tmp_path: Path) -> None:
    """Days are exact sums within the asked range, by team and currency, with the deliveries they came in."""
    deliver(place, tmp_path / "bills", date(2026, 10, 6))
    with place.state.reading() as connection:
        history = read_history(connection, place.company.basis, date(2026, 9, 29), date(2026, 10, 2))
    assert {team: list(each) for team, each in history.spent.items()} == {
        "payments": ["USD"],
        "search": ["USD"],
        "unallocated": ["USD"],
    }
    search = history.spent["search"]["USD"]
    assert dict(search.daily) == {
        date(2026, 9, 29): Decimal("256.25"),
        date(2026, 9, 30): Decimal("54.25"),
        date(2026, 10, 1): Decimal("104.75"),
        date(2026, 10, 2): Decimal("155.25"),
    }
    assert [(each.export, each.billing_period) for each in search.coverages] == [
        ("aws", "2026-09"),
        ("aws", "2026-10"),
        ("gcp", "2026-09"),
        ("gcp", "2026-10"),
    ]
    assert history.budgets["gone"] == {month: {"USD": Decimal(5)} for month in (SEPTEMBER, OCTOBER, NOVEMBER)}
    assert search.exports(date(2026, 10, 3), date(2026, 10, 4)) == {"aws", "gcp"}
    assert search.between(date(2026, 9, 30), date(2026, 10, 1)) == {
        date(2026, 9, 30): Decimal("54.25"),
        date(2026, 10, 1): Decimal("104.75"),
    }
