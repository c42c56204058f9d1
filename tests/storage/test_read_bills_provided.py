"""The files that providers and the specification publish: read to the last digit, or refused with a true reason."""

from __future__ import annotations

import csv
import json
import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from finops import focus
from finops.basis import Basis
from storage.amounts import exact_sum
from storage.tables import MonthlySpendRow
from tests.storage.bills import ADDING, SHARED, Place, Sums, summed

SAMPLE = SHARED / "data" / "focus" / "focus_sample_1k_v1.0.csv"
FOLDERS = (SHARED / "data" / "focus" / "v1.2_example_data", SHARED / "data" / "providers")
FILES = [path for folder in FOLDERS for path in sorted(folder.glob("*"))] + [SAMPLE] * SAMPLE.exists()
ABSENT = pytest.mark.skipif(not SAMPLE.exists(), reason=f"{SHARED}/data is not here")


def rows_of(path: Path) -> list[dict[str, Any]]:
    """A CSV's rows, read by Python alone, under the names of FOCUS 1.0."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return [{name.strip(): value for name, value in row.items() if name} for row in csv.DictReader(lines)]


@pytest.fixture
def sample(place: Place) -> tuple[Place, list[dict[str, Any]]]:
    """The real 1,000-row sample, taken in, and its rows as Python reads them."""
    place.ingest(SAMPLE)
    return place, rows_of(SAMPLE)


def text(value: str) -> str | None:
    """A value, None where the bill has none."""
    return None if value in focus.NULL_TOKENS else value


@ABSENT
def test_the_sample_has_its_published_totals(sample: tuple[Place, list[dict[str, Any]]]) -> None:
    """Both totals of the sample, and those of its two invoices, are right to the last digit."""
    place, _ = sample
    assert place.total(Basis.BILLED) == Decimal("20.52022672899")
    assert place.total(Basis.USAGE_BILLED) == Decimal("22.86192672899")
    assert place.totals("billing_period") == {
        ("2024-09", "USD"): Decimal("20.28022672899"),
        ("2024-10", "USD"): Decimal("0.24"),
    }


KEYS = {
    "provider": "ProviderName",
    "sub_account_id": "SubAccountId",
    "sub_account_name": "SubAccountName",
    "service": "ServiceName",
    "charge_category": "ChargeCategory",
}


@ABSENT
@pytest.mark.parametrize(
    "by", [["provider"], ["sub_account_id"], ["sub_account_name", "sub_account_id"], ["service", "charge_category"]]
)
@pytest.mark.parametrize("basis", list(Basis))
def test_the_sample_adds_up_by_every_key(
    sample: tuple[Place, list[dict[str, Any]]], by: list[str], basis: Basis
) -> None:
    """Totals by provider, sub-account, service and category equal Python's own sums of the file."""
    place, rows = sample
    expected = summed(rows, lambda row: (*(text(row[KEYS[name]]) for name in by), row["BillingCurrency"]), basis)
    assert place.totals(*by, basis=basis) == expected


@ABSENT
def test_three_sub_accounts_of_one_name_stay_three(sample: tuple[Place, list[dict[str, Any]]]) -> None:
    """Atlas Orion is the name of three sub-accounts of three providers, which are never merged."""
    place, _ = sample
    found = place.totals("sub_account_name", "sub_account_id", "provider")
    assert sorted(key[2] for key in found if key[0] == "Atlas Orion") == ["AWS", "Microsoft", "Oracle"]
    stored = place.rows("SELECT DISTINCT sub_account_id FROM monthly_spend WHERE sub_account_name = 'Atlas Orion'")
    assert len(stored) == 3


@ABSENT
def test_the_sample_served_is_the_sample(sample: tuple[Place, list[dict[str, Any]]]) -> None:
    """daily_spend and monthly_spend of the sample add up to the ledger."""
    place, _ = sample
    for basis in Basis:
        assert sum(place.served(basis).values(), Decimal()) == place.total(basis)
    monthly = MonthlySpendRow.__table__.c  # type: ignore[attr-defined]
    with place.state.reading() as connection:
        assert connection.execute(select(exact_sum(monthly.billed_cost))).scalar() == Decimal("20.52022672899")


@ABSENT
def test_the_sample_twice_changes_nothing(sample: tuple[Place, list[dict[str, Any]]]) -> None:
    """The same file again leaves every file of the ledger and every served figure as it was."""
    place, _ = sample
    files, daily = place.files(), place.daily()
    assert place.ingest(SAMPLE).outcome == "unchanged"
    assert (place.files(), place.daily(), place.damaged()) == (files, daily, [])


BILLED = {
    "lineItem/UnblendedCost": "lineItem/CurrencyCode",
    "CostInBillingCurrency": "BillingCurrencyCode",
    "Cost": "BillingCurrency",
    "cost": "currency",
    "cost/myCost": "cost/currencyCode",
}
"""Of bills that are not FOCUS: the column of what is billed → that of its currency."""
KEPT = Decimal("1e-18")


def native_totals(path: Path, cost: str, currency: str) -> Sums | str:
    """Python's own sums of what a provider billed, or why the file is no CSV."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        header, *records = list(csv.reader(lines))
    if any(len(record) != len(header) for record in records):
        return f"fields where the header has {len(header)}."
    rows = [dict(zip(header, record, strict=True)) for record in records]
    if any(not re.fullmatch("[A-Z]{3}", row[currency]) for row in rows):
        return "is not an ISO 4217 currency code."
    bills = [{"BilledCost": billed(row, cost), "ChargeCategory": "", "Currency": row[currency]} for row in rows]
    return summed(bills, lambda row: (row["Currency"],), Basis.BILLED)


def billed(row: dict[str, Any], cost: str) -> Decimal:
    """What a row's provider billed, of which 18 decimals are kept: with Google's credits in it."""
    credits = sum(Decimal(str(credit["amount"])) for credit in json.loads(row.get("credits") or "[]"))
    return (Decimal(row[cost]) + credits).quantize(KEPT, ROUND_HALF_UP, ADDING)


def expected_totals(path: Path) -> Sums | str:
    """Python's own sums of a file, or the beginning of the reason why it has none."""
    if path.suffix == ".json":
        return "neither .csv"
    rows = rows_of(path)
    names = set(rows[0]) if rows else set(rows_of_header(path))
    for cost, currency in BILLED.items():
        if {cost, currency} <= names:
            return native_totals(path, cost, currency) if rows else "The delivery has no rows."
    lacking = [name for name in focus.ALWAYS_FILLED if not names & set(focus.READ_FROM[name])]
    if lacking:
        return f"not a usable FOCUS bill, it has no column {', '.join(lacking)}."
    for row in rows:
        row["EffectiveCost"] = row.get("EffectiveCost", row.get("AmortizedCost"))
        row["ChargeCategory"] = row.get("ChargeCategory", row.get("ChargeType"))
    if any(text(row[name]) is None for row in rows for name in focus.ALWAYS_FILLED):
        return "empty where every row needs a value."
    if any(not row[name][:4].isdigit() for row in rows for name in focus.TIMES):
        return "is not an ISO 8601 date or time"
    if any(re.search("[^0-9.eE+-]", row[name]) for row in rows for name in focus.COSTS):
        return "is not a decimal number."
    return summed(rows, lambda row: (row["BillingCurrency"],), Basis.BILLED)


def rows_of_header(path: Path) -> list[str]:
    """A CSV's column names."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return [name.strip() for name in next(csv.reader(lines))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_published_file_is_read_or_refused_truly(place: Place, path: Path) -> None:
    """Read leniently a file gives Python's own total; one that no figure can be made of is refused saying why."""
    expected = expected_totals(path)
    if isinstance(expected, str):
        refusal = place.refusal(path, lenient=True)
        assert expected in "\n".join((refusal.reason, *refusal.faults))
    else:
        place.ingest(path, lenient=True)
        assert place.totals() == expected


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix == ".json"], ids=lambda path: path.name)
def test_what_lies_beside_a_bill_is_no_bill(place: Place, path: Path) -> None:
    """A manifest or a list of columns is refused saying that it need not be named."""
    assert str(place.refusal(path)) == (
        f"{path}: neither .csv, .csv.gz nor .parquet. "
        "Export the bill as one of these; a manifest or a list of columns beside it need not be named."
    )
