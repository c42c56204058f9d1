"""A small company for tests: three teams, two months of daily FOCUS charges, everything known by heart."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from pydantic import SecretStr

from bot.installation import Installation
from bot.settings import Settings
from storage.budgets import parse_budgets, record_budgets
from storage.ledger.ingest import ingest
from tests.databases import state_url

COLUMNS = (
    "BilledCost BillingAccountId BillingAccountName BillingCurrency BillingPeriodEnd BillingPeriodStart ChargeCategory "
    "ChargeClass ChargeDescription ChargePeriodEnd ChargePeriodStart ContractedCost EffectiveCost InvoiceIssuerName "
    "ListCost PricingQuantity PricingUnit ProviderName PublisherName RegionId ServiceCategory ServiceName SubAccountId "
    "SubAccountName Tags"
).split()

CONFIG = """
company: Example
timezone: Europe/Berlin
currency: USD
teams:
  - {slug: payments, name: Payments, channel: "#cost-payments", owners: [alice@example.com],
     engineering_lead: bob@example.com, scope: {any: [{tag: {team: [payments]}}]}}
  - {slug: search, name: Search, channel: "#cost-search", owners: [carol@example.com],
     scope: {any: [{tag: {team: [search]}}]}}
  - {slug: idle, name: Idle, channel: "#cost-idle", owners: [carol@example.com],
     scope: {any: [{tag: {team: [idle]}}]}}
roles: {finops: ["@finops"], finance: [dave@example.com], executive_sponsor: [erin@example.com]}
sources: {aws: {path: bills}}
schedules: {daily_summary: "08:30", ingest_billing: "07:00"}
"""

PEOPLE = [
    {"name": name, "real_name": f"{name.title()} Example", "email": f"{name}@example.com", "tz": "Europe/Berlin"}
    for name in ("alice", "bob", "carol", "dave", "erin", "frank")
]
CHANNELS = {
    "cost-payments": ["alice", "bob"],
    "cost-search": ["carol"],
    "cost-idle": ["carol"],
    "general": ["alice", "bob", "carol", "dave", "erin", "frank"],
}
BUDGETS = "team,month,amount,currency\npayments,2026-11,2900,USD\nsearch,2026-11,1500,USD\nidle,2026-11,100,USD\n"
DAILY = {"payments": Decimal("100.123456789"), "search": Decimal("50.5"), None: Decimal("7")}
"""Cost a day by the value of the tag `team`."""
MORNING = datetime(2026, 11, 12, 8, 0, tzinfo=UTC)
"""09:00 in Berlin: the daily summary is due."""


@dataclass(frozen=True)
class Charge:
    """One row of a bill; see charge_row."""

    day: date
    cost: Decimal
    team: str | None
    service: str = "Compute"
    category: str = "Usage"


def charge_row(charge: Charge) -> dict[str, str]:
    """A conformant FOCUS 1.2 row."""
    first = charge.day.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    cost = str(charge.cost)
    values = {
        "BilledCost": cost,
        "EffectiveCost": cost,
        "ContractedCost": cost,
        "ListCost": cost,
        "BillingAccountId": "1",
        "BillingAccountName": "Example",
        "BillingCurrency": "USD",
        "BillingPeriodStart": f"{first}T00:00:00Z",
        "BillingPeriodEnd": f"{following}T00:00:00Z",
        "ChargePeriodStart": f"{charge.day}T00:00:00Z",
        "ChargePeriodEnd": f"{charge.day + timedelta(days=1)}T00:00:00Z",
        "ChargeCategory": charge.category,
        "ChargeDescription": "A charge",
        "InvoiceIssuerName": "AWS",
        "PricingQuantity": "1",
        "PricingUnit": "Hours",
        "ProviderName": "AWS",
        "PublisherName": "AWS",
        "RegionId": "eu-west-1",
        "ServiceCategory": "Compute",
        "ServiceName": charge.service,
        "SubAccountId": "0012",
        "SubAccountName": "production",
        "Tags": f'{{"Team": "{charge.team}"}}' if charge.team else "",
    }
    return {name: values.get(name, "") for name in COLUMNS}


def write_bill(path: Path, charges: list[Charge]) -> Path:
    """Write charges as a FOCUS 1.2 CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(charge_row(charge) for charge in charges)
    return path


def usual_charges(first: date, last: date) -> list[Charge]:
    """Every day of every team, both ends inside."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [Charge(day, cost, team) for day in days for team, cost in DAILY.items()]


class Moved:
    """A clock that stands where it is put and runs from there."""

    def __init__(self, now: datetime = MORNING) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Now, a microsecond later each time, so that no two moments are the same."""
        self.now += timedelta(microseconds=1)
        return self.now


def make_company(folder: Path, *, clock: Moved | None = None, bill: bool = True) -> Installation:
    """An installation of the small company in a folder, with its bill through 11 November and its budgets."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "finops.yaml").write_text(CONFIG)
    settings = Settings(
        finops_database_url=SecretStr(state_url(folder)),
        finops_ledger=folder / "ledger",
        slack_signing_secret=SecretStr("a signing secret"),
        slack_bot_token=SecretStr("xoxb-none"),
        slack_app_token=SecretStr(""),
        slack_api_url="http://127.0.0.1:9/api/",
    )
    installation = Installation(folder / "finops.yaml", settings, clock or Moved())
    if bill:
        write_bill(folder / "bills" / "bill.csv", usual_charges(date(2026, 10, 1), date(2026, 11, 11)))
        take_in(installation)
        with installation.state.writing() as connection:
            budgets = parse_budgets(BUDGETS, "budgets.csv", lambda _team: None)
            record_budgets(connection, budgets, source="budgets.csv", by="test", now=installation.now)
    return installation


def take_in(installation: Installation) -> None:
    """Ingest the company's source."""
    company = installation.company
    for export, source in company.sources.items():
        ingest(
            [Path(source.keys["path"])],
            export,
            company=company,
            state=installation.state,
            ledger=installation.ledger,
            now=installation.now,
        )
