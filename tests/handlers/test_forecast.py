"""`/finops forecast`: where a team's month will end, its chances, its services, and why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.answers import Answers
from bot.installation import Installation
from finops.forecast import Forecast
from finops.month_end import NoForecast, month_end
from finops.periods import Month
from handlers.arguments import UnknownName
from storage.budgets import parse_budgets, record_budgets
from storage.forecasts import find_forecasts, make_forecasts
from storage.series_forecasts import LARGEST, SeriesForecast, largest_service_forecasts, service_forecasts
from tests.company import BUDGETS, Charge, Moved, make_company, take_in, write_bill

NOVEMBER = Month(2026, 11)
FIRST, LAST = date(2026, 8, 1), date(2026, 11, 11)
DAYS = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]
YOUNG = date(2026, 11, 1)


def cost_of(day: date) -> Decimal:
    """A day's cost of Compute: working days cost more."""
    return Decimal(90 if day.weekday() < 5 else 40) + Decimal(day.day * 7 % 10)


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Installation]:
    """Payments with a service of three months and one of eleven days, and its forecast."""
    installation = make_company(tmp_path, clock=Moved(), bill=False)
    charges = [Charge(day, cost_of(day), "payments") for day in DAYS]
    charges += [Charge(day, Decimal(5), "payments", "Storage") for day in DAYS if day >= YOUNG]
    write_bill(tmp_path / "bills" / "bill.csv", charges)
    take_in(installation)
    with installation.state.writing() as connection:
        budgets = parse_budgets(BUDGETS, "budgets.csv", lambda _team: None)
        record_budgets(connection, budgets, source="test", by="test", now=installation.now)
    make_forecasts(company=installation.company, state=installation.state, now=installation.now)
    yield installation
    installation.state.close()


def said(installation: Installation, *words: str) -> str:
    """What the command answers."""
    answers = Answers(installation, lambda: None)
    reply = answers.answers["forecast"](replace(answers.request("U1", "C1", "x"), words=words))
    assert reply.message is not None
    return reply.message.text


def test_it_says_what_the_worker_has_made(company: Installation) -> None:
    """Expected end, both intervals and every chance are those of the stored forecast."""
    with company.state.reading() as connection:
        stored = find_forecasts(connection, NOVEMBER, company.company.basis, company.today)["payments", "USD"]
    text = said(company, "payments")
    assert f"Expected end: ${stored.amount:,.2f}; Budget: $2,900.00" in text
    assert f"95 % interval: ${stored.lowest:,.2f} to ${stored.highest:,.2f}" in text
    assert "more than 5 % over, above $3,045 — *investigate*" in text
    assert f"Made of what has settled through {stored.settled_through.day} Nov; {len(stored.days)} days" in text
    assert "By service" not in text


def found(installation: Installation) -> list[SeriesForecast]:
    """The services of payments."""
    with installation.state.reading() as connection:
        basis, today = installation.company.basis, installation.today
        return service_forecasts(connection, installation.company, "payments", NOVEMBER, basis, today)


def test_each_service_is_forecast_from_its_own_days(company: Installation) -> None:
    """A service's forecast is that of its own days; one of fewer days than that takes says why it has none."""
    compute, storage = found(company)
    assert isinstance(compute.found, Forecast)
    own = {day: cost_of(day) for day in DAYS}
    assert compute.found == month_end(NOVEMBER, own, compute.found.settled_through)
    assert (compute.name, compute.currency) == ("Compute", "USD")
    assert compute.actual == sum((cost_of(day) for day in DAYS if day >= NOVEMBER.first), Decimal(0))
    assert storage == SeriesForecast("Storage", "USD", Decimal(55), NoForecast.TOO_SHORT)
    text = said(company, "payments", "by", "service")
    assert f"• Compute: ${compute.found.amount:,.2f} (80 %: " in text
    assert "• Storage: $55 so far; fewer than 14 settled days are known" in text


def test_the_smaller_services_are_forecast_as_one(tmp_path: Path) -> None:
    """Beside the largest by what they cost lately, credits too, the others are one series, with their number; in the
    terminal each is one; of as many as are forecast by themselves none is gathered."""
    installation = make_company(tmp_path, clock=Moved(), bill=False)
    days = [day for day in DAYS if day >= date(2026, 10, 1)]
    small = {f"Small {number:02d}": Decimal(number + 1) / 100 for number in range(LARGEST)}
    own = small | {"Compute": Decimal(90), "Credit": Decimal(-7), "": Decimal(3)}
    charges = [Charge(day, cost, "payments", name) for day in days for name, cost in own.items()]
    write_bill(tmp_path / "bills" / "bill.csv", [*charges, *(Charge(day, Decimal(1), "search") for day in days)])
    take_in(installation)
    of, today = installation.company, installation.today
    with installation.state.reading() as connection:
        made = largest_service_forecasts(connection, of, "payments", "USD", NOVEMBER, of.basis, today)
        whole = service_forecasts(connection, of, "payments", NOVEMBER, of.basis, today)
        few = largest_service_forecasts(connection, of, "search", "USD", NOVEMBER, of.basis, today)
    gathered = {name: small[name] for name in ("Small 00", "Small 01", "Small 02")}
    *named, others = made
    assert named == [each for each in whole if each.name not in gathered] and len(named) == LARGEST
    assert len(whole) == len(own) and [each.name for each in few] == ["Compute"]
    assert (others.name, others.together, others.actual) == ("", 3, 11 * sum(gathered.values()))
    daily = {day: sum(gathered.values(), Decimal(0)) for day in days}
    assert isinstance(others.found, Forecast)
    assert others.found == month_end(NOVEMBER, daily, others.found.settled_through)
    text = said(installation, "payments", "by", "service")
    assert f"• … and {LARGEST - 10} more: `finops forecast list --by service --team payments` has them." in text
    assert f"• … 3 others: ${others.found.amount:,.2f} (80 %: " in text
    assert "Each is forecast by itself, the others as one: together" in text
    installation.state.close()


def test_a_team_without_spend_has_no_services(company: Installation) -> None:
    """Nothing is made up for who has spent nothing."""
    assert "No service has spend in the last weeks." in said(company, "idle", "by", "service")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("payments", "2026-10"), "Only the running month is forecast."),
        (("payments", "by", "region"), "There is no forecast by region."),
        (("paymnts",), "There is no team 'paymnts'."),
    ],
)
def test_what_it_does_not_know(company: Installation, words: tuple[str, ...], why: str) -> None:
    """Another month, another breakdown and another team are refused with what can be asked instead."""
    with pytest.raises(UnknownName) as refused:
        said(company, *words)
    assert refused.value.reason == why
