"""Forecasts as the worker makes them and answers read them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.installation import Installation
from finops.basis import Basis
from finops.company import Team
from finops.forecast import Forecast
from finops.month_end import month_end
from finops.periods import Month
from storage.forecasts import find_forecasts, make_forecasts
from storage.ledger.ingest import republish
from storage.publish import figures_version
from storage.team_months import team_answer, team_months
from tests.company import Charge, Moved, make_company, take_in, write_bill

NOVEMBER = Month(2026, 11)
FIRST, LAST = date(2026, 9, 1), date(2026, 11, 11)


def cost_of(day: date) -> Decimal:
    """A day's cost: working days cost more, and the first of a month has a fee."""
    return Decimal(40 if day.weekday() < 5 else 15) + Decimal(day.day) / 100 + (200 if day.day == 1 else 0)


@pytest.fixture
def company(tmp_path: Path) -> Installation:
    """Ten weeks of payments, taken in on the morning after, and no other team."""
    installation = make_company(tmp_path, clock=Moved(), bill=False)
    deliver(installation, tmp_path)
    return installation


def deliver(installation: Installation, folder: Path, more: Decimal = Decimal(0), last: date = LAST) -> None:
    """The bill, its last day a little dearer."""
    days = [FIRST + timedelta(days=number) for number in range((last - FIRST).days + 1)]
    write_bill(
        folder / "bills" / "bill.csv", [Charge(day, cost_of(day) + more * (day == last), "payments") for day in days]
    )
    take_in(installation)


def payments(installation: Installation) -> Team:
    """The team."""
    return next(team for team in installation.company.teams if team.slug == "payments")


def make(installation: Installation, later: int = 0) -> int:
    """Make forecasts so many days after the delivery."""
    now = installation.now + timedelta(days=later)
    return make_forecasts(company=installation.company, state=installation.state, now=now)


def found(installation: Installation, later: int = 0, basis: Basis = Basis.EFFECTIVE) -> dict[str, Forecast]:
    """Team → its forecast of November as of so many days after the delivery."""
    as_of = installation.today + timedelta(days=later)
    with installation.state.reading() as connection:
        return {team: forecast for (team, _), forecast in find_forecasts(connection, NOVEMBER, basis, as_of).items()}


def test_what_is_kept_is_what_the_history_says(company: Installation) -> None:
    """The stored forecast is that of the team's own days, to the last digit, and every answer shows it."""
    assert make(company) > 0
    kept = found(company)["payments"]
    days = {day: cost_of(day) for n in range((LAST - FIRST).days + 1) if (day := FIRST + timedelta(days=n))}
    assert kept == month_end(NOVEMBER, days, kept.settled_through)
    with company.state.reading() as connection:
        team, today = payments(company), company.today
        one = team_answer(connection, company.company, team, NOVEMBER, today, Basis.EFFECTIVE).month
        all_teams = team_months(connection, company.company, NOVEMBER, today, Basis.EFFECTIVE)
    assert one.forecast == kept
    assert next(month.forecast for month in all_teams if month.team == "payments") == kept


def test_it_is_made_once_for_the_same_figures(company: Installation, tmp_path: Path) -> None:
    """Again only when figures have moved, in the place of the day's former one."""
    make(company)
    before = found(company)["payments"]
    assert make(company) == 0
    deliver(company, tmp_path, more=Decimal(500))
    assert make(company) > 0
    assert found(company)["payments"].settled_through == before.settled_through
    with company.state.reading() as connection:
        rows = connection.exec_driver_sql("SELECT count(*), count(DISTINCT made_on) FROM forecast").one()
    assert tuple(rows) == (3, 1)


def test_a_day_reads_what_was_known_on_it(company: Installation) -> None:
    """Of the company's basis every day's forecast stays, and one made later is not seen by a day before."""
    make(company)
    first = found(company)["payments"]
    make(company, later=2)
    later = found(company, later=2)["payments"]
    assert later.settled_through >= first.settled_through
    seen = found(company)["payments"]
    assert (seen.amount, seen.quantiles, seen.settled_through) == (first.amount, first.quantiles, first.settled_through)
    assert seen.days == () and later.days
    assert set(found(company, basis=Basis.BILLED)) == set() != set(found(company, later=2, basis=Basis.BILLED))


def test_without_one_the_days_at_hand_are_carried_on(company: Installation) -> None:
    """Before the worker has made any there is a forecast of the last four weeks."""
    with company.state.reading() as connection:
        team = payments(company)
        month = team_answer(connection, company.company, team, NOVEMBER, company.today, Basis.EFFECTIVE).month
    assert month.forecast is not None
    assert found(company) == {}


def test_days_that_are_not_delivered_are_not_free_of_cost(tmp_path: Path) -> None:
    """A bill that ends a week ago is forecast from its last day on, as if no later day had begun, stored or not."""
    installation = make_company(tmp_path, clock=Moved(), bill=False)
    last = LAST - timedelta(days=7)
    deliver(installation, tmp_path, last=last)
    with installation.state.reading() as connection:
        team = payments(installation)
        month = team_answer(connection, installation.company, team, NOVEMBER, installation.today, Basis.EFFECTIVE).month
    assert month.forecast and month.forecast.settled_through == last
    make(installation)
    kept = found(installation)["payments"]
    days = {day: cost_of(day) for n in range((last - FIRST).days + 1) if (day := FIRST + timedelta(days=n))}
    assert kept == month_end(NOVEMBER, days, last)
    installation.state.close()


def test_it_is_made_again_for_the_teams_of_today(company: Installation, tmp_path: Path) -> None:
    """Once charges are published for another team than before, its forecast is made anew, and the former's is gone."""
    make(company)
    assert set(found(company)) == {"payments"}
    config = tmp_path / "finops.yaml"
    config.write_text(
        config.read_text()
        .replace("{tag: {team: [payments]}}", "{tag: {team: [nobody]}}")
        .replace("{tag: {team: [search]}}", "{tag: {team: [search, payments]}}")
    )
    renewed = Installation(config, company.settings, company.clock)
    # A job makes forecasts with the new scopes before it has published by them.
    make(renewed)
    republish(company=renewed.company, state=renewed.state, ledger=renewed.ledger, now=renewed.now)
    make(renewed)
    assert set(found(renewed)) == {"search"}
    renewed.state.close()


def test_a_day_far_beyond_what_was_expected_counts_at_once(company: Installation, tmp_path: Path) -> None:
    """A provisional day by which the month ends above its interval raises what is told and kept."""
    make(company)
    before = found(company)["payments"]
    deliver(company, tmp_path, more=Decimal(9000))
    make(company)
    after = found(company)["payments"]
    delivered = sum(cost_of(date(2026, 11, number)) for number in range(1, 12)) + 9000
    assert after.settled_through == before.settled_through
    assert after.low >= delivered > before.amount
    ahead = sum(cost for day, cost in before.days if day > LAST)
    assert after.amount == delivered + ahead


def test_a_bill_of_days_to_come_is_not_forecast(tmp_path: Path) -> None:
    """A bill whose every day lies after today makes no forecast, and no failure."""
    installation = make_company(tmp_path, clock=Moved(), bill=False)
    deliver(installation, tmp_path, last=FIRST + timedelta(days=20))
    installation.clock.now -= timedelta(days=100)
    assert make(installation) == 0
    installation.state.close()


def test_figures_are_others_once_they_are_forecast(company: Installation) -> None:
    """What shows figures is done again after new forecasts, and not after none."""
    with company.state.reading() as connection:
        before = figures_version(connection)
    make(company)
    with company.state.reading() as connection:
        after = figures_version(connection)
    make(company)
    with company.state.reading() as connection:
        assert before != after == figures_version(connection)
