"""The company as its teams see it: scopes, tiers, the runaway job and the restatement hold for any month."""

import csv
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import yaml

from bot.demo.bill import CORRECTIONS, charges, restatement, runaway_days
from bot.demo.catalog import AWS, PROVIDERS
from bot.demo.company import COMPANY, config_text
from bot.demo.focus_files import Charge
from bot.demo.plan import next_month, planned_month, write_budgets

TIERS = {
    "payments": "note",
    "data-platform": "note",
    "search": "investigate",
    "internal-tools": "investigate",
    "checkout": "formal",
    "machine-learning": "emergency",
    "mobile": "underspend",
}
MONTHS = [date(2025, 2, 1), date(2026, 2, 1), date(2026, 11, 1), date(2027, 5, 1), date(2028, 2, 1)]
Facts = tuple[str | None, str | None, str, str, tuple[tuple[str, str], ...] | None]


@cache
def teams() -> list[dict[str, Any]]:
    """The listed teams of finops.yaml, in order."""
    listed: list[dict[str, Any]] = yaml.safe_load(config_text(COMPANY))["teams"]
    return listed


@cache
def owner(facts: Facts) -> str:
    """The first team with an alternative all of whose keys hold."""
    account_id, account_name, service, provider, tags = facts
    seen = {"sub_account_id": account_id, "sub_account_name": account_name, "service": service, "provider": provider}
    labels = dict(tags or ())

    def holds(key: str, wanted: Any) -> bool:
        if key == "tag":
            return all(labels.get(name) in values for name, values in wanted.items())
        return seen[key] in wanted

    for team in teams():
        if any(all(holds(key, wanted) for key, wanted in entry.items()) for entry in team["scope"]["any"]):
            return str(team["slug"])
    return "unallocated"


def team_of(charge: Charge) -> str:
    """The team a charge reaches through its columns alone."""
    f: dict[str, Any] = charge.facts
    return owner((f["SubAccountId"], f["SubAccountName"], f["ServiceName"], f["ProviderName"], f.get("Tags")))


def spend(month: date, delivered: date) -> tuple[dict[str, dict[date, Decimal]], dict[str, Decimal]]:
    """EffectiveCost of one billing month without Tax: team → day → Usage, and team → fees and credits."""
    usage: defaultdict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    fixed: defaultdict[str, Decimal] = defaultdict(Decimal)
    for provider in PROVIDERS.values():
        for charge in charges(provider, month, delivered):
            category = charge.facts["ChargeCategory"]
            if category == "Usage":
                usage[team_of(charge)][charge.start] += charge.effective
            elif category != "Tax":
                fixed[team_of(charge)] += charge.effective
    return usage, fixed


@cache
def month_before(month: date) -> dict[str, dict[date, Decimal]]:
    """The closed usage of the month before, restated."""
    before = (month - timedelta(days=1)).replace(day=1)
    return spend(before, next_month(month))[0]


def forecast(month: date, as_of: date) -> dict[str, Decimal]:
    """Month-end spend by team: settled days, and for the rest the mean of the same weekday in four settled weeks."""
    usage, fixed = spend(month, as_of)
    last = min(as_of - timedelta(days=3), next_month(month) - timedelta(days=1))
    result: dict[str, Decimal] = {}
    for team in usage:
        days = defaultdict(Decimal, month_before(month)[team])
        for day, amount in usage[team].items():
            days[day] += amount  # not replaced: corrections lie in the month before
        total = fixed[team]
        for offset in range((next_month(month) - month).days):
            day = month + timedelta(days=offset)
            past = [
                last - timedelta(days=n) for n in range(28) if (last - timedelta(days=n)).weekday() == day.weekday()
            ]
            total += days[day] if day <= last else sum((days[d] for d in past), Decimal(0)) / len(past)
        result[team] = total
    return result


def tier(ratio: Decimal) -> str:
    """The ladder of DESIGN.md section 3; far below zero is an underspend."""
    if ratio < Decimal("-0.2"):
        return "underspend"
    edges = [("note", "0.05"), ("investigate", "0.10"), ("formal", "0.20")]
    return next((name for name, edge in edges if ratio <= Decimal(edge)), "emergency")


@pytest.fixture(scope="module")
def budgets(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Decimal]:
    """(team, YYYY-MM) → budget."""
    path: Path = tmp_path_factory.mktemp("budgets") / "budgets.csv"
    write_budgets(path, COMPANY, MONTHS[0], MONTHS[-1])
    with path.open() as file:
        return {(row["team"], row["month"]): Decimal(row["amount"]) for row in csv.DictReader(file)}


@pytest.mark.parametrize("month", MONTHS, ids=str)
@pytest.mark.parametrize("day", [11, 15, 20, 24, 28, 32])
def test_tiers_hold_for_any_day(budgets: dict[tuple[str, str], Decimal], month: date, day: int) -> None:
    """From mid-month to the closed month, each team's forecast stands to its budget as it should."""
    as_of = month + timedelta(days=day - 1)
    expected = forecast(month, as_of)
    ratios = {slug: expected[slug] / budgets[slug, f"{month:%Y-%m}"] - 1 for slug in TIERS}
    assert {slug: tier(ratio) for slug, ratio in ratios.items()} == TIERS
    assert "loyalty" not in expected
    assert ("sandbox-lab", f"{month:%Y-%m}") not in budgets


def test_the_closed_month_meets_its_plan() -> None:
    """But for the runaway job, a closed month's spend is within 1.5 % of the plan, and some is unallocated."""
    month = date(2026, 10, 1)
    usage, fixed = spend(month, date(2026, 11, 10))
    spent = {team: sum(days.values(), Decimal(0)) + fixed[team] for team, days in usage.items()}
    for team in set(TIERS) - {"machine-learning"} | {"sandbox-lab"}:
        assert abs(spent[team] / planned_month(team, month) - 1) < Decimal("0.015"), team
    assert 5_000 < spent["unallocated"] < 20_000


@pytest.mark.parametrize("month", MONTHS, ids=str)
def test_one_runaway_job_a_month(month: date) -> None:
    """Machine learning spends about double on the three runaway days, which are over by mid-month, and on no other."""
    usage = spend(month, next_month(next_month(month)))[0]["machine-learning"]
    usual = median(usage[day] for day in usage if day.month == month.month)
    doubled = [day for day in sorted(usage) if day.month == month.month and usage[day] > usual * Decimal("1.6")]
    assert doubled == runaway_days(month)
    assert max(doubled) <= month.replace(day=10)


@pytest.mark.parametrize("month", MONTHS, ids=str)
def test_the_restatement_has_the_known_size(month: date) -> None:
    """On the 5th AWS re-delivers the month before: two teams change by exactly what `restatement` says, no other."""
    changed: defaultdict[str, Decimal] = defaultdict(Decimal)
    for sign, day in ((-1, 4), (1, 5)):
        for charge in charges(AWS, month, next_month(month).replace(day=day)):
            if charge.facts["ChargeCategory"] != "Tax":
                changed[team_of(charge)] += sign * charge.effective
    assert {team: amount for team, amount in changed.items() if amount} == restatement(month)


def test_corrections_reach_their_teams() -> None:
    """The Correction rows of an invoice lie in the month before and reach the teams that `CORRECTIONS` names."""
    rows = [c for c in charges(AWS, date(2026, 11, 1), date(2026, 11, 9)) if c.facts.get("ChargeClass")]
    assert {row.start.month for row in rows} == {10}
    assert [(team_of(row), row.effective) for row in rows] == [(team, amount) for team, _, _, amount in CORRECTIONS]


def test_weekends_are_each_teams_own() -> None:
    """Internal tools rest at the weekend, mobile is busiest then."""
    usage = spend(date(2026, 9, 1), date(2026, 10, 9))[0]

    def weekend_share(team: str) -> Decimal:
        by_kind = {kind: [v for d, v in usage[team].items() if (d.weekday() > 4) is kind] for kind in (True, False)}
        return Decimal(median(by_kind[True])) / Decimal(median(by_kind[False]))

    assert weekend_share("internal-tools") < Decimal("0.6")
    assert weekend_share("mobile") > Decimal("1.05")
