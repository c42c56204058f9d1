"""Azure's cost details, turned into FOCUS: every type of charge, every way of writing them."""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.errors import DeliveryRefused
from storage.engines.duckdb import DuckDBEngine
from storage.ledger.parts import read_file
from storage.state import State
from tests.databases import state_url
from tests.storage.bills import ADDING, Place, csv_text
from tests.storage.converted import Read, converted, converted_parquet

EA = {
    "BillingAccountId": "8611537",
    "BillingAccountName": "Trey",
    "BillingPeriodStartDate": "09/01/2026",
    "BillingPeriodEndDate": "09/30/2026",
    "BillingProfileId": "8611537",
    "BillingProfileName": "Trey",
    "SubscriptionId": "1caa",
    "SubscriptionName": "Shop",
    "Date": "09/21/2026",
    "Product": "Virtual Machines BS Series - B1s - UK South",
    "MeterCategory": "Virtual Machines",
    "Quantity": "2",
    "Cost": "3.25",
    "BillingCurrency": "GBP",
    "ResourceLocation": "UK South",
    "ConsumedService": "Microsoft.Compute",
    "ResourceId": "/subscriptions/1caa/vm",
    "ResourceName": "vm",
    "Tags": '"env": "prod","team": "pay"',
    "UnitOfMeasure": "1 Hour",
    "ReservationId": "",
    "ChargeType": "Usage",
    "Frequency": "UsageBased",
    "PricingModel": "OnDemand",
    "PublisherName": "",
}
"""A usual row of an Enterprise Agreement's file."""
MCA = {
    "invoiceId": "",
    "billingAccountId": "3c10:5a7e",
    "billingAccountName": "Red",
    "billingProfileId": "NF5V",
    "billingProfileName": "Red Profile",
    "billingPeriodEndDate": "09/30/2026",
    "billingPeriodStartDate": "09/01/2026",
    "date": "09/21/2026",
    "productOrderName": "Azure plan",
    "consumedService": "Microsoft.Storage",
    "meterCategory": "Storage",
    "ProductId": "DZH318Z0BNZJ005D",
    "ProductName": "Blob Storage - Hot RA-GRS - US East",
    "SubscriptionId": "2639",
    "subscriptionName": "Cost Management",
    "publisherName": "Microsoft",
    "resourceGroupName": "demo",
    "ResourceId": "/subscriptions/2639/blob",
    "resourceLocation": "eastus",
    "quantity": "0.000348",
    "unitOfMeasure": "1 GB/Month",
    "chargeType": "Usage",
    "billingCurrency": "USD",
    "pricingCurrency": "EUR",
    "costInBillingCurrency": "3.25",
    "costInPricingCurrency": "2.9",
    "paygCostInBillingCurrency": "4",
    "tags": '{"env":"prod"}',
    "frequency": "UsageBased",
    "pricingModel": "OnDemand",
    "benefitId": "/providers/Microsoft.BillingBenefits/savingsPlanOrders/1",
    "benefitName": "plan",
}
"""A usual row of a Microsoft Customer Agreement's file."""
MCA_NAMES = {
    "ChargeType": "chargeType",
    "PricingModel": "pricingModel",
    "Cost": "costInBillingCurrency",
    "Frequency": "frequency",
}

CHARGES = [
    ("Usage", "OnDemand", "3.25", "Usage", None, None),
    ("Usage", "Spot", "1E-7", "Usage", None, None),
    ("Usage", "Reservation", "0", "Usage", None, "Used"),
    ("Usage", "SavingsPlan", "0.25", "Usage", None, "Used"),
    ("Purchase", "Reservation", "100", "Purchase", None, None),
    ("Purchase", "OnDemand", "7", "Purchase", None, None),
    ("Refund", "Reservation", "-40", "Purchase", "Correction", None),
    ("Adjustment", "", "-0.5", "Adjustment", None, None),
    ("Tax", "", "0.65", "Tax", None, None),
    ("Credit", "", "-5", "Credit", None, None),
    ("UnusedReservation", "Reservation", "0.7", "Usage", None, "Unused"),
    ("UnusedSavingsPlan", "SavingsPlan", "0.8", "Usage", None, "Unused"),
    ("RoundingAdjustment", "", "0.000001", "Adjustment", None, None),
    ("roundingadjustment", "", "-1", "Adjustment", None, None),
]


@pytest.mark.parametrize(("kind", "model", "cost", "category", "charge_class", "status"), CHARGES)
@pytest.mark.parametrize("form", ["EA", "MCA", "lower case"])
def test_every_type_of_charge(
    tmp_path: Path,
    kind: str,
    model: str,
    cost: str,
    category: str,
    charge_class: str | None,
    status: str | None,
    form: str,
) -> None:
    """A row's cost is billed and effective as it stands, whatever its type, which says its category."""
    values = {"ChargeType": kind, "PricingModel": model, "Cost": cost}
    row = EA | values if form == "EA" else MCA | {MCA_NAMES[name]: value for name, value in values.items()}
    read = converted(tmp_path, [{name.lower(): value for name, value in row.items()} if form == "lower case" else row])
    assert (read.billed, read.effective) == (Decimal(cost), Decimal(cost))
    found = [read.column(name)[0] for name in ("ChargeCategory", "ChargeClass", "CommitmentDiscountStatus")]
    assert found == [category, charge_class, status]


def test_a_row_of_an_enterprise_agreement(tmp_path: Path) -> None:
    """Every column of an EA row is where FOCUS has it; the last day of a period becomes the end that is outside."""
    read = converted(tmp_path, [EA])
    assert read.filled() == {
        "BilledCost": "3.25",
        "EffectiveCost": "3.25",
        "BillingCurrency": "GBP",
        "BillingPeriodStart": "2026-09-01T00:00:00Z",
        "BillingPeriodEnd": "2026-10-01T00:00:00Z",
        "BillingAccountId": "8611537",
        "BillingAccountName": "Trey",
        "ChargePeriodStart": "2026-09-21T00:00:00Z",
        "ChargePeriodEnd": "2026-09-22T00:00:00Z",
        "ChargeCategory": "Usage",
        "ChargeDescription": "Virtual Machines BS Series - B1s - UK South",
        "ChargeFrequency": "Usage-Based",
        "ConsumedQuantity": "2",
        "ConsumedUnit": "1 Hour",
        "InvoiceIssuerName": "Microsoft",
        "PricingCategory": "Standard",
        "PricingQuantity": "2",
        "PricingUnit": "1 Hour",
        "ProviderName": "Microsoft",
        "PublisherName": "Microsoft",
        "RegionId": "uksouth",
        "ResourceId": "/subscriptions/1caa/vm",
        "ResourceName": "vm",
        "ServiceName": "Virtual Machines",
        "SubAccountId": "1caa",
        "SubAccountName": "Shop",
        "Tags": '{"env": "prod","team": "pay"}',
    }


def test_a_row_of_a_customer_agreement(tmp_path: Path) -> None:
    """Every column of an MCA row is where FOCUS has it: billed to the billing profile, in the billing currency."""
    read = converted(tmp_path, [{**MCA, "pricingModel": "SavingsPlan", "frequency": "OneTime"}])
    assert read.filled() == {
        "BilledCost": "3.25",
        "EffectiveCost": "3.25",
        "ListCost": "4",
        "BillingCurrency": "USD",
        "BillingPeriodStart": "2026-09-01T00:00:00Z",
        "BillingPeriodEnd": "2026-10-01T00:00:00Z",
        "BillingAccountId": "NF5V",
        "BillingAccountName": "Red Profile",
        "ChargePeriodStart": "2026-09-21T00:00:00Z",
        "ChargePeriodEnd": "2026-09-22T00:00:00Z",
        "ChargeCategory": "Usage",
        "ChargeDescription": "Blob Storage - Hot RA-GRS - US East",
        "ChargeFrequency": "One-Time",
        "CommitmentDiscountId": "/providers/Microsoft.BillingBenefits/savingsPlanOrders/1",
        "CommitmentDiscountName": "plan",
        "CommitmentDiscountStatus": "Used",
        "ConsumedQuantity": "0.000348",
        "ConsumedUnit": "1 GB/Month",
        "InvoiceIssuerName": "Microsoft",
        "PricingCategory": "Committed",
        "PricingQuantity": "0.000348",
        "PricingUnit": "1 GB/Month",
        "ProviderName": "Microsoft",
        "PublisherName": "Microsoft",
        "RegionId": "eastus",
        "ResourceId": "/subscriptions/2639/blob",
        "ServiceName": "Storage",
        "SkuId": "DZH318Z0BNZJ005D",
        "SubAccountId": "2639",
        "SubAccountName": "Cost Management",
        "Tags": '{"env":"prod"}',
    }


OLDER = {
    "Cost": "PreTaxCost",
    "BillingCurrency": "Currency",
    "Date": "UsageDateTime",
    "SubscriptionId": "SubscriptionGuid",
    "ResourceId": "InstanceId",
    "Quantity": "UsageQuantity",
}


def test_names_of_older_files(tmp_path: Path) -> None:
    """What files of 2019 called otherwise is found under the names of then."""
    now = converted(tmp_path / "now", [EA])
    older = converted(tmp_path / "older", [{OLDER.get(name, name): value for name, value in EA.items()}])
    codes = {"Cost": "CostInBillingCurrency", "BillingCurrency": "BillingCurrencyCode", "Product": "ProductName"}
    newer = converted(tmp_path / "newer", [{codes.get(name, name): value for name, value in EA.items()}])
    assert older.rows == newer.rows == now.rows


DAYS = ["09/02/2026", "9/2/2026", "2026-09-02", "2026-09-02T00:00:00Z", "2026-09-02 00:00:00", "9/2/2026 12:00:00 AM"]


@pytest.mark.parametrize("day", [*DAYS, " 9/2/2026 0:00 ", "09/02/2026 00:00:00"])
def test_every_way_of_writing_a_day(tmp_path: Path, day: str) -> None:
    """A day is the same however it is written; of two numbers before a year the first is the month."""
    read = converted(tmp_path, [{**EA, "Date": day, "BillingPeriodStartDate": day}])
    times = ("ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodStart")
    assert [read.rows[0][name][:10] for name in times] == ["2026-09-02", "2026-09-03", "2026-09-02"]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("", None),
        ("{}", "{}"),
        ('"a": "b","c": "d"', '{"a": "b","c": "d"}'),
        ('{"a":"b"}', '{"a":"b"}'),
        (r'"hidden-link": "{\"x\": 1}","Cost Center": ""', r'{"hidden-link": "{\"x\": 1}","Cost Center": ""}'),
        ('"a": "line\\nend, {curly} é"', '{"a": "line\\nend, {curly} é"}'),
        ("not JSON", "not JSON"),
    ],
)
def test_tags_with_and_without_braces(tmp_path: Path, tags: str, expected: str | None) -> None:
    """Tags get the braces that many a file leaves out; what is no JSON then stays as it was."""
    assert converted(tmp_path, [{**EA, "Tags": tags}]).column("Tags") == [expected]


def test_a_value_that_is_none_refuses_the_file(tmp_path: Path) -> None:
    """What is no amount and no day is named by row and Azure's own column: above all days with the day first."""
    rows = [
        {**EA, "Cost": "1,5"},
        {**EA, "Cost": "N/A"},
        {**EA, "Cost": "Null"},
        {**EA, "Date": "21/09/2026"},
        {**EA, "BillingPeriodEndDate": "30/09/2026"},
        {**EA, "Date": "9/2/26"},
        {**EA, "Date": "46267"},
    ]
    with pytest.raises(DeliveryRefused) as refused:
        converted(tmp_path, rows)
    no_day = "is not a day or a moment, be it 2026-10-05, 2026-10-05T07:00Z or 10/05/2026."
    assert refused.value.faults == (
        "bill.csv, row 1, column Cost: '1,5' is not a decimal number.",
        "bill.csv, row 2, column Cost: 'N/A' is not a decimal number.",
        "bill.csv, row 3, column Cost: 'Null' is not a decimal number.",
        f"bill.csv, row 4, column Date: '21/09/2026' {no_day}",
        f"bill.csv, row 5, column BillingPeriodEndDate: '30/09/2026' {no_day}",
        f"bill.csv, row 6, column Date: '9/2/26' {no_day}",
        f"bill.csv, row 7, column Date: '46267' {no_day}",
    )


def test_what_fits_no_rule_refuses_the_file(tmp_path: Path) -> None:
    """A type of charge that nobody has heard of, no cost, no currency and no date are faults, not zeros."""
    with pytest.raises(DeliveryRefused) as refused:
        converted(tmp_path, [EA, {**EA, "ChargeType": "Gift", "Cost": "", "BillingCurrency": "usd", "Date": "NULL"}])
    said = "\n".join(refused.value.faults)
    assert re.findall(r"row 2, column (\w+): ", said) == [
        "BilledCost",
        "EffectiveCost",
        "BillingCurrency",
        "ChargePeriodStart",
        "ChargeCategory",
    ]
    assert "'Gift' is none of Usage, Purchase, Tax, Credit, Adjustment." in said


ACTUAL = {"ChargeType": "Purchase", "PricingModel": "Reservation"}
COVERED = {"PricingModel": "SavingsPlan", "Cost": "0"}
AMORTIZED = {"ChargeType": "UnusedSavingsPlan", "PricingModel": "SavingsPlan"}
SPREAD = {"PricingModel": "Reservation", "Cost": "0.01"}
BASES = [
    ([{}], "nothing in its rows tells whether they are actual cost"),
    ([{}, ACTUAL], "its rows show actual cost, as invoiced: the basis `billed` is right"),
    ([{}, COVERED], "its rows show actual cost, as invoiced: the basis `billed` is right"),
    ([{}, AMORTIZED], "its rows show amortized cost: the basis `effective` is right"),
    ([SPREAD, COVERED], "its rows show amortized cost: the basis `effective` is right"),
    ([ACTUAL, SPREAD], "it has purchases of commitments and their amortized cost as well"),
]


@pytest.mark.parametrize(("rows", "said"), BASES)
def test_what_is_said_of_the_basis(tmp_path: Path, rows: list[dict[str, str]], said: str) -> None:
    """Actual or amortized is said where rows prove it, and where they do not that they do not."""
    first, always, basis, empty = converted(tmp_path, [{**EA, **row} for row in rows]).remarks
    assert first == "bill.csv: Azure cost details, read as FOCUS 1.0."
    assert always.startswith("bill.csv: BilledCost and EffectiveCost are both the file's own cost.")
    assert basis.startswith(f"bill.csv: {said}")
    assert empty == "bill.csv: the bill has nothing for ContractedCost, ServiceCategory."


def test_a_month_that_is_not_yet_invoiced(tmp_path: Path) -> None:
    """Rows without a billing period, as MCA files have them before the invoice, count to the month of their date."""
    read = converted(tmp_path, [{**MCA, "billingPeriodStartDate": "", "billingPeriodEndDate": ""}, MCA])
    assert read.billing_periods == ["2026-09"]
    assert read.column("BillingPeriodStart") == ["2026-09-01T00:00:00Z"] * 2
    assert read.column("BillingPeriodEnd") == ["2026-10-01T00:00:00Z"] * 2
    assert any("some rows have no billing period" in remark for remark in read.remarks)
    assert not any("billing period" in remark for remark in converted(tmp_path / "invoiced", [MCA]).remarks)


def test_files_as_they_come(tmp_path: Path) -> None:
    """A BOM, CR LF, quoted newlines, commas at line ends, further columns and gzip change nothing."""
    rows = [{**EA, "Product": 'a "b",\nc', "CostAllocationRuleName": "x", "Cost": "-3.25E-2"}, EA]
    plain = converted(tmp_path / "plain", rows)
    zipped = converted(tmp_path / "zipped", rows, "bill.csv.gz", lineterminator="\r\n")
    path = tmp_path / "odd.csv"
    head, *body = csv_text([{**row, "Product": "p"} for row in rows]).splitlines()
    path.write_bytes("\r\n".join(["\ufeff" + head, *(line + "," for line in body), ""]).encode())
    assert plain.rows == zipped.rows
    assert plain.billed == zipped.billed == Read(tmp_path / "odd", path).billed == Decimal("3.2175")


def test_a_file_with_a_header_alone(tmp_path: Path) -> None:
    """A file without rows holds no billing period; the delivery says that it has none."""
    path = tmp_path / "bill.csv"
    path.write_text(",".join(EA) + "\n")
    engine = DuckDBEngine(tmp_path)
    assert read_file(engine, path, path.name, 1, tmp_path).parts == ()
    engine.close()


TYPES: list[dict[str, Any]] = [
    {"cost": (Decimal("3.25"), pyarrow.decimal128(38, 18)), "day": (date(2026, 9, 21), pyarrow.date32())},
    {"cost": (3.25, pyarrow.float64()), "day": (datetime(2026, 9, 21), pyarrow.timestamp("us"))},
    {"cost": (3.25, pyarrow.float32()), "day": (datetime(2026, 9, 21, tzinfo=UTC), pyarrow.timestamp("ns", "UTC"))},
    {"cost": ("3.25", pyarrow.string()), "day": ("09/21/2026", pyarrow.string())},
]


@pytest.mark.parametrize("typed", TYPES, ids=["decimal", "double", "float", "text"])
@pytest.mark.parametrize("tags", ["map", "text"])
def test_azure_as_parquet(tmp_path: Path, typed: dict[str, Any], tags: str) -> None:
    """Decimals, doubles, dates, timestamps and maps say the same as text."""
    text = converted(tmp_path / "text", [MCA])
    (cost, cost_type), (day, day_type) = typed["cost"], typed["day"]
    a_map = pyarrow.map_(pyarrow.string(), pyarrow.string())
    row = {**MCA, "costInBillingCurrency": cost, "date": day}
    types = {"costInBillingCurrency": cost_type, "date": day_type}
    if tags == "map":
        row["tags"], types["tags"] = [("env", "prod")], a_map
    schema = pyarrow.schema([(name, types.get(name, pyarrow.string())) for name in row])
    read = converted_parquet(tmp_path / "parquet", [row, row], schema)
    assert (read.billed, read.effective) == (Decimal("6.5"), Decimal("6.5"))
    assert read.column("Tags") == ['{"env":"prod"}'] * 2
    exact = {"BilledCost", "EffectiveCost", "ChargePeriodStart"}
    assert all(read.rows[0][name] == value for name, value in text.rows[0].items() if name not in exact)
    assert read.rows[0]["ChargePeriodStart"][:10] == "2026-09-21"


def test_a_double_that_is_no_number_refuses_the_file(tmp_path: Path) -> None:
    """NaN in a Parquet file is no amount."""
    with pytest.raises(DeliveryRefused, match="row 1, column Cost: 'nan' is not a decimal number"):
        converted_parquet(tmp_path, [{**EA, "Cost": float("nan")}])


AMOUNTS = st.decimals(min_value=-(10**15), max_value=10**15, places=18) | st.sampled_from(
    [Decimal("1E-18"), Decimal("-2.5E+3"), Decimal(0)]
)
DATES = st.dates(date(2026, 1, 1), date(2026, 12, 31))
FORMATS = st.sampled_from(["{0:%m/%d/%Y}", "{0.month}/{0.day}/{0.year}", "{0:%Y-%m-%d}", "{0:%Y-%m-%dT%H:%M:%SZ}"])


@given(st.lists(st.tuples(AMOUNTS, DATES, FORMATS, st.sampled_from(["GBP", "USD"])), min_size=1, max_size=8))
@settings(max_examples=25, deadline=None)
def test_any_amounts_on_any_days(rows: list[tuple[Decimal, date, str, str]]) -> None:
    """Whatever the amounts and however the days are written, the totals of months are Python's own."""
    expected: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    bill = []
    for cost, day, form, currency in rows:
        key = f"{day:%Y-%m}", currency
        expected[key] = ADDING.add(expected[key], cost)
        written, start = (form.format(datetime(day.year, day.month, each)) for each in (day.day, 1))
        values = {"Cost": str(cost), "Date": written, "BillingPeriodStartDate": start, "BillingCurrency": currency}
        bill.append({**EA, **values, "BillingPeriodEndDate": ""})
    with tempfile.TemporaryDirectory() as folder:
        read = converted(Path(folder), bill)
    assert read.totals == expected
    assert [row["ChargePeriodStart"][:10] for row in read.rows] == [
        f"{day:%Y-%m-%d}" for _, day, _, _ in sorted(rows, key=lambda row: f"{row[1]:%Y-%m}")
    ]


def test_a_month_in_both_costs_is_refused(tmp_path: Path) -> None:
    """Actual and amortized cost of one month are not added up, also where one of them was taken in before."""
    place = Place(tmp_path, State(state_url(tmp_path)))
    files = {"plain": {}, "actual": ACTUAL, "amortized": AMORTIZED, "covered": COVERED}
    for name, kind in files.items():
        rows = [{**EA, "ResourceName": name}, {**EA, **kind}]
        (tmp_path / f"{name}.csv").write_text(csv_text(rows))
    (tmp_path / "later.csv").write_text(csv_text([{**EA, **AMORTIZED, **OCTOBER}]))
    plain, actual, amortized, covered, later = (
        tmp_path / f"{name}.csv" for name in ("plain", "actual", "amortized", "covered", "later")
    )
    for _ in range(2):
        refusal = place.refusal(actual, amortized)
        assert refusal.reason == (
            "actual.csv holds actual cost and amortized.csv amortized cost of 2026-09: "
            "read together they would count twice."
        )
        assert refusal.mend == "Deliver one of them."
        assert place.ingest(actual).rows in (2, 0)
    assert place.ingest(actual, plain, later).periods == {"2026-09": 2, "2026-10": 1}
    assert place.ingest(amortized, covered).outcome == "published"
    place.state.close()


OCTOBER = {"BillingPeriodStartDate": "10/01/2026", "BillingPeriodEndDate": "10/31/2026", "Date": "10/02/2026"}
