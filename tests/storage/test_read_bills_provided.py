"""The files that providers and the specification publish: read to the last digit, or refused with a true reason."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from sqlalchemy import select

from finops import focus
from finops.basis import Basis
from finops.errors import DeliveryRefused
from storage.amounts import exact_sum
from storage.ledger.finding_bills import find_files
from storage.tables import MonthlySpendRow
from tests.storage.bills import ADDING, SHARED, Place, Sums, summed

SAMPLE = SHARED / "data" / "focus" / "focus_sample_1k_v1.0.csv"
FOLDERS = (SHARED / "data" / "focus", SHARED / "data" / "providers")
FILES = [path for folder in FOLDERS for path in sorted(folder.rglob("*")) if path.is_file()]
"""Whatever lies there, so that a file that is added is tried too."""
BILLS = [path for path in FILES if path.name.endswith((".csv", ".csv.gz", ".parquet"))]
ABSENT = pytest.mark.skipif(not SAMPLE.exists(), reason=f"{SHARED}/data is not here")


def records_of(path: Path) -> list[list[str]]:
    """A file's header and rows as texts, read by Python or pyarrow alone."""
    if path.suffix == ".parquet":
        table = pyarrow.parquet.read_table(path)
        found = [["" if value is None else str(value) for value in row.values()] for row in table.to_pylist()]
        return [table.column_names, *found]
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    header, *rows = list(csv.reader(content.decode("utf-8-sig").splitlines(keepends=True)))
    return [[name.strip() for name in header], *filter(None, rows)]


def rows_of(path: Path) -> list[dict[str, Any]]:
    """A file's rows by the names of its columns."""
    header, *rows = records_of(path)
    return [dict(zip(header, row, strict=False)) for row in rows]


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


NATIVE = {
    "lineItem/UnblendedCost": ("lineItem/CurrencyCode", "lineItem/LineItemType"),
    "CostInBillingCurrency": ("BillingCurrencyCode", "ChargeType"),
    "Cost": ("BillingCurrency", "ChargeType"),
    "cost": ("currency", "cost_type"),
    "cost/myCost": ("cost/currencyCode", ""),
}
"""Of bills that are not FOCUS: the column of what is billed → those of its currency and of the type of charge."""
KEPT = Decimal("1e-18")
Totals = dict[Basis, Sums]


def kept(cost: Decimal) -> Decimal:
    """What of an amount is kept: 18 decimals."""
    return cost.quantize(KEPT, ROUND_HALF_UP, ADDING)


def native_totals(path: Path, cost: str, currency: str, kind: str) -> Totals | str:
    """Python's own sums of what a provider billed and amortised, or why the file has none."""
    header, *records = records_of(path)
    if any(len(record) != len(header) for record in records):
        return f"fields where the header has {len(header)}."
    rows = [dict(zip(header, record, strict=True)) for record in records]
    if any(not re.fullmatch("[A-Z]{3}", row[currency]) for row in rows):
        return "is not an ISO 4217 currency code."
    bills = [
        {
            "BilledCost": kept(billed(row, cost)),
            "EffectiveCost": kept(amortised(row) if cost.startswith("lineItem/") else billed(row, cost)),
            "ChargeCategory": "Tax" if row.get(kind, "").lower() == "tax" else "",
            "Currency": row[currency],
        }
        for row in rows
    ]
    return {basis: summed(bills, lambda row: (row["Currency"],), basis) for basis in (Basis.BILLED, Basis.EFFECTIVE)}


def billed(row: Mapping[str, str], cost: str) -> Decimal:
    """What a row's provider billed: with Google's credits in it."""
    return Decimal(row[cost]) + sum(Decimal(str(each["amount"])) for each in json.loads(row.get("credits") or "[]"))


def amortised(row: Mapping[str, str]) -> Decimal:
    """What AWS says that a line of its report costs once commitments are spread.

    Source: https://docs.aws.amazon.com/cur/latest/userguide/amortized-reservation.html
    """

    def of(column: str) -> Decimal:
        return Decimal(row.get(column) or 0)

    unblended, kind = of("lineItem/UnblendedCost"), row["lineItem/LineItemType"]
    if kind == "SavingsPlanCoveredUsage":
        return of("savingsPlan/SavingsPlanEffectiveCost")
    if kind == "SavingsPlanRecurringFee":
        return of("savingsPlan/TotalCommitmentToDate") - of("savingsPlan/UsedCommitment")
    if kind in ("SavingsPlanNegation", "SavingsPlanUpfrontFee") or (
        kind == "Fee" and row["reservation/ReservationARN"]
    ):
        return Decimal(0)
    if kind == "DiscountedUsage":
        return of("reservation/EffectiveCost")
    if kind == "RIFee":
        upfront = of("reservation/UnusedAmortizedUpfrontFeeForBillingPeriod")
        return upfront + of("reservation/UnusedRecurringFee")
    return unblended


def expected_totals(path: Path) -> Totals | str:
    """Python's own sums of a file by basis, or the beginning of the reason why it has none."""
    rows, names = rows_of(path), set(records_of(path)[0])
    for cost, (currency, kind) in NATIVE.items():
        if {cost, currency} <= names:
            return native_totals(path, cost, currency, kind) if rows else "The delivery has no rows."
    if "" in names:
        return "has no name."
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
    return {basis: summed(rows, lambda row: (row["BillingCurrency"],), basis) for basis in Basis}


@pytest.mark.parametrize("path", BILLS, ids=lambda path: path.name)
def test_every_published_file_is_read_or_refused_truly(place: Place, path: Path) -> None:
    """Read leniently a file gives Python's own totals in every basis; one that has none is refused saying why."""
    expected = expected_totals(path)
    if isinstance(expected, str):
        refusal = place.refusal(path, lenient=True)
        assert expected in "\n".join((refusal.reason, *refusal.faults))
    else:
        place.ingest(path, lenient=True)
        assert {basis: place.totals(basis=basis) for basis in expected} == expected


@ABSENT
def test_what_lies_beside_a_bill_is_no_bill() -> None:
    """Everything else there, a manifest, a list of columns or a query, is refused saying that it need not be named."""
    beside = [path for path in FILES if path not in BILLS]
    assert {path.suffix for path in beside} >= {".json", ".yaml"}
    for path in beside:
        with pytest.raises(DeliveryRefused) as refusal:
            find_files([path])
        assert str(refusal.value) == (
            f"{path}: neither .csv, .csv.gz nor .parquet. "
            "Export the bill as one of these; a manifest or a list of columns beside it need not be named."
        )
