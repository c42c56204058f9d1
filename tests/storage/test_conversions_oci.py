"""Oracle's own cost reports, turned into FOCUS as Oracle itself does."""

from __future__ import annotations

import json
import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow
import pytest

from finops.errors import DeliveryRefused
from tests.storage.bills import Place, write_csv
from tests.storage.converted import converted, converted_parquet

OCI = {
    "lineItem/referenceNo": "7108a1f8",
    "lineItem/tenantId": "ocid1.tenancy.oc1..a",
    "lineItem/intervalUsageStart": "2026-10-31T23:00Z",
    "lineItem/intervalUsageEnd": "2026-11-01T00:00:00Z",
    "product/service": "DATABASE",
    "product/compartmentId": "ocid1.compartment.oc1..b",
    "product/compartmentName": "shop",
    "product/region": "us-sanjose-1",
    "product/availabilityDomain": "sj-1",
    "product/resourceId": "ocid1.autonomousdatabase.oc1..c",
    "usage/billedQuantity": "0.083333333333000000",
    "usage/billedQuantityOverage": "",
    "cost/subscriptionId": "15649487",
    "cost/productSku": "B92911",
    "product/Description": "Oracle APEX Application Development",
    "cost/unitPrice": "0.147171330000000000",
    "cost/unitPriceOverage": "",
    "cost/myCost": "2.323760000E-9",
    "cost/myCostOverage": "",
    "cost/currencyCode": "USD",
    "cost/billingUnitReadable": "1 NONE HOURS INSTANCE",
    "cost/skuUnitDescription": "Hours",
    "cost/overageFlag": "false",
    "lineItem/isCorrection": "false",
    "lineItem/backreferenceNo": "",
    "tags/Oracle-Tags.CreatedBy": "default/a@b.c",
    "tags/free form": "",
    "tags/DevRel\\4cb4.release": "boots",
}
"""A usual line of a cost report."""

LINES = [
    ({}, "Usage", None),
    ({"cost/myCost": "0.000040641", "cost/myCostOverage": "0.000040641", "cost/overageFlag": "Y"}, "Usage", None),
    ({"lineItem/isCorrection": "true", "cost/myCost": "-1.5"}, "Adjustment", "Correction"),
    ({"lineItem/isCorrection": "TRUE"}, "Adjustment", "Correction"),
    ({"lineItem/isCorrection": "Y"}, "Adjustment", "Correction"),
    ({"lineItem/isCorrection": ""}, "Usage", None),
    ({"lineItem/isCorrection": "N", "cost/myCost": "0"}, "Usage", None),
]


@pytest.mark.parametrize(("values", "category", "charge_class"), LINES)
@pytest.mark.parametrize("lower", [False, True], ids=["as delivered", "lower case"])
def test_every_kind_of_line(
    tmp_path: Path, values: dict[str, str], category: str, charge_class: str | None, lower: bool
) -> None:
    """A line is billed, and effective, at cost/myCost, which includes the overage; corrections are adjustments."""
    row = {**OCI, **values}
    read = converted(tmp_path, [{name.lower(): value for name, value in row.items()} if lower else row])
    assert read.billed == read.effective == Decimal(row["cost/myCost"])
    assert (read.column("ChargeCategory"), read.column("ChargeClass")) == ([category], [charge_class])
    told = any("lines that correct others are added to them" in remark for remark in read.remarks)
    assert told == (charge_class is not None)


FILLED = {
    "BilledCost": "2.323760000E-9",
    "EffectiveCost": "2.323760000E-9",
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2026-10-01T00:00:00Z",
    "BillingPeriodEnd": "2026-11-01T00:00:00Z",
    "BillingAccountId": "15649487",
    "ChargePeriodStart": "2026-10-31T23:00Z",
    "ChargePeriodEnd": "2026-11-01T00:00:00Z",
    "ChargeCategory": "Usage",
    "ChargeDescription": "Oracle APEX Application Development",
    "ChargeFrequency": "Usage-Based",
    "ConsumedQuantity": "0.083333333333000000",
    "ConsumedUnit": "1 NONE HOURS INSTANCE",
    "InvoiceIssuerName": "Oracle",
    "PricingQuantity": "0.083333333333000000",
    "PricingUnit": "Hours",
    "ProviderName": "Oracle",
    "PublisherName": "Oracle",
    "RegionId": "us-sanjose-1",
    "AvailabilityZone": "sj-1",
    "ResourceId": "ocid1.autonomousdatabase.oc1..c",
    "ServiceName": "DATABASE",
    "SkuId": "B92911",
    "SubAccountId": "ocid1.tenancy.oc1..a",
}
TAGS = {
    "oci:compartmentId": "ocid1.compartment.oc1..b",
    "oci:compartmentName": "shop",
    "Oracle-Tags.CreatedBy": "default/a@b.c",
    "DevRel\\4cb4.release": "boots",
}


def test_a_line_column_by_column(tmp_path: Path) -> None:
    """Every column is where Oracle's FOCUS report has it; a tag without a value is none, a compartment is a tag."""
    read = converted(tmp_path, [OCI])
    filled = read.filled()
    assert json.loads(filled.pop("Tags")) == TAGS
    assert filled == FILLED
    assert [remark.split(": ", 1)[1][:45] for remark in read.remarks] == [
        "OCI cost report, read as FOCUS 1.0.",
        "the billing period is the month of the usage ",
        "BilledCost and EffectiveCost are cost/myCost,",
        "the bill has nothing for BillingAccountName, ",
    ]


@pytest.mark.parametrize(
    ("start", "period"),
    [
        ("2026-10-31T23:00Z", "2026-10"),
        ("2026-11-01T00:00Z", "2026-11"),
        ("2026-11-01T01:00+02:00", "2026-10"),
        ("2026-12-31T23:59:59.999Z", "2026-12"),
    ],
)
def test_the_month_is_that_of_the_usage_in_utc(tmp_path: Path, start: str, period: str) -> None:
    """A report names no billing period: it is the month in UTC in which the usage began."""
    assert converted(tmp_path, [{**OCI, "lineItem/intervalUsageStart": start}]).billing_periods == [period]


def test_what_costs_nothing_needs_no_currency(tmp_path: Path) -> None:
    """A line at no cost, whose currency Oracle leaves out, takes that of all others; one with a cost does not."""
    free = {**OCI, "cost/myCost": "0.000000000000", "cost/currencyCode": ""}
    assert converted(tmp_path / "one", [free, OCI, free]).totals == {("2026-10", "USD"): Decimal("2.32376E-9")}
    for name, rows in {
        "dear": [OCI, {**free, "cost/myCost": "1"}],
        "two": [OCI, {**OCI, "cost/currencyCode": "EUR"}, free],
        "none": [free],
    }.items():
        with pytest.raises(DeliveryRefused) as refused:
            converted(tmp_path / name, rows)
        (fault,) = refused.value.faults
        assert fault == f"bill.csv, row {len(rows)}, column BillingCurrency: empty where every row needs a value."


def test_a_value_that_is_none_refuses_the_report(tmp_path: Path) -> None:
    """What is no amount and no moment is named by Oracle's own column; what is empty or unknown is a fault as well."""
    bad = [{**OCI, "cost/myCost": "free"}, {**OCI, "lineItem/intervalUsageStart": "2026-13-01T00:00Z"}]
    with pytest.raises(DeliveryRefused) as refused:
        converted(tmp_path / "bad", bad)
    no_moment = "is not a day or a moment, be it 2026-10-05, 2026-10-05T07:00Z or 10/05/2026."
    assert refused.value.faults == (
        "bill.csv, row 1, column cost/myCost: 'free' is not a decimal number.",
        f"bill.csv, row 2, column lineItem/intervalUsageStart: '2026-13-01T00:00Z' {no_moment}",
    )
    with pytest.raises(DeliveryRefused) as refused:
        converted(tmp_path / "empty", [OCI, {**OCI, "cost/myCost": "", "lineItem/isCorrection": "perhaps"}])
    said = "\n".join(refused.value.faults)
    assert re.findall(r"row 2, column (\w+): ", said) == ["BilledCost", "EffectiveCost", "ChargeCategory"]
    assert "'perhaps' is none of Usage, Purchase, Tax, Credit, Adjustment." in said


def test_oci_as_parquet(tmp_path: Path) -> None:
    """Decimals, timestamps and booleans say the same as text."""
    start = datetime(2026, 10, 31, 23)
    row = {**OCI, "cost/myCost": Decimal("2.323760000E-9"), "lineItem/intervalUsageStart": start}
    types = {
        "cost/myCost": pyarrow.decimal128(38, 18),
        "lineItem/intervalUsageStart": pyarrow.timestamp("us"),
        "lineItem/isCorrection": pyarrow.bool_(),
    }
    schema = pyarrow.schema([(name, types.get(name, pyarrow.string())) for name in row])
    rows = [{**row, "lineItem/isCorrection": corrects} for corrects in (False, True, None)]
    read = converted_parquet(tmp_path, rows, schema)
    assert read.totals == {("2026-10", "USD"): Decimal("6.971280000E-9")}
    assert read.column("ChargeCategory") == ["Usage", "Adjustment", "Usage"]
    assert json.loads(read.rows[0]["Tags"]) == TAGS


def test_a_usage_report_has_no_costs(place: Place, tmp_path: Path) -> None:
    """Oracle's usage reports lie beside its cost reports; one that is named by mistake says which it is."""
    names = [name for name in OCI if not name.startswith("cost/")]
    refusal = place.refusal(write_csv(tmp_path / "reports_usage.csv", [{name: OCI[name] for name in names}]))
    assert str(refusal).endswith("It looks like OCI cost report, but has no column cost_my_cost, cost_currency_code.")
