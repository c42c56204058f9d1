"""`finops forecast list`: teams, services, and AWS's own forecast beside ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.installation import Installation
from finops.basis import Basis
from finops.budget import Budget
from finops.money import plain
from finops.periods import Month
from storage.budgets import record_budgets
from storage.forecasts import make_forecasts
from storage.series_forecasts import provider_forecasts
from storage.sources.aws_cost_explorer import CostExplorer
from storage.sources.cost_explorer_forecast import forecast_request
from tests.company import Charge, Moved, make_company, take_in, write_bill
from tests.storage.cost_explorer import FakeCostExplorer

NOVEMBER = Month(2026, 11)
FIRST, LAST = date(2026, 8, 1), date(2026, 11, 11)
DAYS = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Installation]:
    """Two teams of three months, one of them with a service of eleven days, and their forecasts."""
    installation = make_company(tmp_path, clock=Moved(), bill=False)
    charges = [Charge(day, Decimal(90 if day.weekday() < 5 else 40), "payments") for day in DAYS]
    charges += [Charge(day, Decimal(20) + day.day % 3, "search") for day in DAYS]
    charges += [Charge(day, Decimal(5), "payments", "Storage") for day in DAYS if day.month == 11]
    write_bill(tmp_path / "bills" / "bill.csv", charges)
    take_in(installation)
    with installation.state.writing() as connection:
        budget = Budget("payments", NOVEMBER, Decimal(2000), "USD")
        record_budgets(connection, [budget], source="test", by="test", now=installation.now)
    make_forecasts(company=installation.company, state=installation.state, now=installation.now)
    yield installation
    installation.state.close()


def finops(place: Installation, *words: str) -> Result:
    """`finops forecast …`."""
    return CliRunner().invoke(main, ["forecast", *words], obj=place)


def rows(place: Installation, *words: str) -> list[dict[str, Any]]:
    """Its rows."""
    result = finops(place, *words, "--format", "json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def test_chances_are_text_in_full(place: Installation) -> None:
    """Each edge of the policy has its chance, as exact text for programs; without a budget there is none."""
    [payments] = rows(place, "list", "--team", "payments")
    names = [name for name in payments if name.startswith("chance")]
    assert names == ["chance_over_budget", "chance_over_5_%", "chance_over_10_%", "chance_over_20_%"]
    assert [payments[name] for name in names] == ["0.995", "0.995", "0.995", "0.005"]
    [search] = rows(place, "list", "--team", "search")
    assert [search[name] for name in names] == [None] * 4
    shown = " ".join(finops(place, "list", "--team", "payments").stdout.split())
    assert "at least 99 %" in shown and "at most 1 %" in shown


def test_services_are_forecast_one_by_one(place: Installation) -> None:
    """Every team's services, or one team's; one that is too young says why it has no forecast."""
    found = rows(place, "list", "--by", "service")
    assert [(row["team"], row["service"]) for row in found] == [
        ("payments", "Compute"), ("payments", "Storage"), ("search", "Compute")
    ]  # fmt: skip
    assert [row["why_none"] for row in found] == [None, "fewer than 14 settled days are known", None]
    assert [row["amount"] is None for row in found] == [False, True, False]
    assert rows(place, "list", "--by", "service", "--team", "search") == found[2:]
    assert "fewer than 14 settled" in finops(place, "list", "--by", "service", "--team", "payments").stdout


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeCostExplorer:
    """A made-up Cost Explorer behind every source of its kind."""
    made = FakeCostExplorer([])
    monkeypatch.setattr(CostExplorer, "_client", property(lambda _self: made.client()))
    return made


def test_cost_explorers_own_stands_beside_ours(place: Installation, fake: FakeCostExplorer) -> None:
    """Its forecast of the days left takes their place in ours of all that AWS bills; the price is said before it is
    asked, and what was asked after.
    """
    theirs, ours = rows(place, "list", "--cost-explorer")
    with place.state.reading() as connection:
        [own] = provider_forecasts(connection, place.company, ("AWS",), NOVEMBER, place.company.basis, place.today)
    left = sum((cost for day, cost in own.found.days if day >= place.today), Decimal(0))  # type: ignore[union-attr]
    assert own.actual == sum((90 if day.weekday() < 5 else 40) + 25 + day.day % 3 for day in DAYS if day.month == 11)
    assert (ours["amount"], ours["of_days"]) == (plain(own.found.amount), plain(left))  # type: ignore[union-attr]
    assert theirs["of_days"] == "190"
    assert Decimal(theirs["amount"]) - 190 == Decimal(ours["amount"]) - left
    assert Decimal(theirs["high"]) - Decimal(theirs["amount"]) == 19
    [asked] = fake.asked
    assert asked == forecast_request(date(2026, 11, 12), date(2026, 12, 1), Basis.EFFECTIVE)
    said = finops(place, "list", "--cost-explorer").stderr.splitlines()
    assert said == [
        "finops: asking Cost Explorer takes 1 request, 0.01 USD.", "finops: 1 request made, 0.01 USD."
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "made", "why"),
    [
        ("AccessDeniedException", 0, "AWS does not allow ce:GetCostForecast, or Cost Explorer is not switched on."),
        ("DataUnavailableException", 1, "Cost Explorer has too little history for a forecast."),
    ],
)
def test_what_is_not_allowed_is_named(
    place: Installation, fake: FakeCostExplorer, code: str, made: int, why: str
) -> None:
    """A refusal says which right lacks, or that AWS knows too little, and what it has cost."""
    fake.denies = code
    result = finops(place, "list", "--cost-explorer")
    assert result.exit_code == 1
    assert why in result.stderr and f"{made} request{'s' * (made != 1)} made" in result.stderr


def test_cost_explorer_knows_no_teams(place: Installation, fake: FakeCostExplorer) -> None:
    """It is of all that AWS bills: with a team or a service nothing is asked."""
    assert finops(place, "list", "--cost-explorer", "--team", "search").exit_code == 2
    assert finops(place, "list", "--cost-explorer", "--by", "service").exit_code == 2
    assert fake.asked == []


@pytest.mark.parametrize("word", ["list", "accuracy"])
def test_a_team_that_is_none_is_refused(place: Installation, word: str) -> None:
    """A name that no team has is refused with the nearest, in both."""
    done = finops(place, word, "--team", "paymnts")
    assert done.exit_code == 1
    assert done.stderr == "finops: There is no team 'paymnts'. Did you mean payments?\n"
