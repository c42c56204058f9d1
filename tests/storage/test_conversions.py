"""Bills that are not FOCUS, turned into FOCUS by rules that are data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops import focus
from finops.errors import DeliveryRefused
from storage.engines.duckdb import ENGINE, parquet
from storage.ledger.conversion import PLACE, Conversion, conversion_of, conversions, plain_name
from storage.ledger.parts import ReadFile, read_file
from tests.storage.bills import write_csv

CUR = {
    "bill/BillingPeriodStartDate": "2026-10-01T00:00:00Z",
    "bill/BillingPeriodEndDate": "2026-11-01T00:00:00Z",
    "bill/PayerAccountId": "111",
    "lineItem/UsageAccountId": "222",
    "lineItem/UsageStartDate": "2026-10-05T07:00:00Z",
    "lineItem/UsageEndDate": "2026-10-05T08:00:00Z",
    "lineItem/LineItemType": "Usage",
    "lineItem/UnblendedCost": "1.25",
    "lineItem/CurrencyCode": "USD",
    "lineItem/ProductCode": "AmazonEC2",
    "lineItem/UsageAmount": "1",
    "pricing/unit": "Hrs",
    "reservation/ReservationARN": "",
    "reservation/EffectiveCost": "",
    "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod": "",
    "reservation/UnusedRecurringFee": "",
    "savingsPlan/SavingsPlanARN": "",
    "savingsPlan/SavingsPlanEffectiveCost": "",
    "savingsPlan/TotalCommitmentToDate": "",
    "savingsPlan/UsedCommitment": "",
    "resourceTags/user:team": "",
    "resourceTags/aws:createdBy": "",
}
"""A usual line of AWS's Cost and Usage Report."""


class Read:
    """A bill as it was read: its FOCUS rows as text, and what was said of it."""

    def __init__(self, folder: Path, path: Path) -> None:
        folder.mkdir()
        engine = ENGINE(folder)
        read: ReadFile = read_file(engine, path, path.name, 1, folder)
        self.remarks = read.remarks
        self.rows: list[dict[str, Any]] = []
        for part in read.parts:
            names = engine.columns(f"SELECT * FROM {parquet(part.rows_path)}")
            self.rows += [dict(zip(names, row, strict=True)) for row in engine.rows(f"FROM {parquet(part.rows_path)}")]
        groups = [part.groups_path for part in read.parts]
        self.billed, self.effective = engine.rows(
            f"SELECT sum(billed_cost), sum(effective_cost) FROM {parquet(groups)}"
        )[0]
        engine.close()


def converted(folder: Path, rows: Sequence[Mapping[str, Any]], name: str = "bill.csv") -> Read:
    """Rows written as CSV, and read."""
    return Read(folder / "read", write_csv(folder / name, rows))


@pytest.mark.parametrize("conversion", conversions(), ids=lambda each: each.name)
def test_rules_give_what_the_specification_knows(conversion: Conversion) -> None:
    """Every column that rules give is one of their FOCUS version, and all that figures need are given."""
    known = focus.columns(conversion.version)
    assert set(conversion.columns) <= set(known)
    assert focus.missing(list(conversion.columns), conversion.version)[0] == []
    assert conversion.source.startswith("https://")
    named = {name for rule in conversion.columns.values() for place in PLACE.findall(rule) for name in place.split("|")}
    assert {plain_name(name) for name in named} == named
    assert set(conversion.amounts) <= named


def test_names_are_as_athena_writes_them() -> None:
    """The legacy report's columns and those of CUR 2.0 have the same plain names."""
    assert [plain_name(name) for name in ("lineItem/UsageStartDate", "reservation/ReservationARN", "PayGPrice")] == [
        "line_item_usage_start_date",
        "reservation_reservation_a_r_n",
        "pay_g_price",
    ]
    assert plain_name("line_item_usage_start_date") == "line_item_usage_start_date"
    assert plain_name("service.description") == "service_description"


def test_a_focus_bill_is_never_converted() -> None:
    """Whatever else stands in it, a bill with the columns that figures need is read as it is."""
    assert conversion_of([*focus.ALWAYS_FILLED, *CUR]) is None
    assert conversion_of(["a", "b"]) is None


LINES = [
    ("Usage", {}, "1.25", "Usage"),
    ("DiscountedUsage", {"lineItem/UnblendedCost": "0", "reservation/EffectiveCost": "0.7"}, "0.7", "Usage"),
    ("SavingsPlanCoveredUsage", {"savingsPlan/SavingsPlanEffectiveCost": "0.9"}, "0.9", "Usage"),
    ("SavingsPlanNegation", {"lineItem/UnblendedCost": "-1.25"}, "0", "Usage"),
    ("SavingsPlanUpfrontFee", {"lineItem/UnblendedCost": "100"}, "0", "Purchase"),
    (
        "SavingsPlanRecurringFee",
        {"savingsPlan/TotalCommitmentToDate": "24", "savingsPlan/UsedCommitment": "23.5"},
        "0.5",
        "Purchase",
    ),
    (
        "RIFee",
        {
            "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod": "0.25",
            "reservation/UnusedRecurringFee": "1e-1",
        },
        "0.35",
        "Purchase",
    ),
    ("Fee", {"reservation/ReservationARN": "arn:aws:ec2:1"}, "0", "Purchase"),
    ("Fee", {}, "1.25", "Purchase"),
    ("Tax", {}, "1.25", "Tax"),
    ("Credit", {"lineItem/UnblendedCost": "-3"}, "-3", "Credit"),
    ("Refund", {"lineItem/UnblendedCost": "-3"}, "-3", "Credit"),
    ("EdpDiscount", {"lineItem/UnblendedCost": "-0.1"}, "-0.1", "Adjustment"),
]


@pytest.mark.parametrize(("kind", "values", "effective", "category"), LINES, ids=lambda value: str(value)[:24])
@pytest.mark.parametrize("athena", [False, True], ids=["legacy", "CUR 2.0"])
def test_every_line_of_aws(
    tmp_path: Path, kind: str, values: dict[str, str], effective: str, category: str, athena: bool
) -> None:
    """Each type of line is billed as unblended and amortised as AWS defines it, under either naming of the columns."""
    row = {**CUR, "lineItem/LineItemType": kind, **values}
    billed = Decimal(row["lineItem/UnblendedCost"])
    if athena:
        row = {plain_name(name): value for name, value in row.items()}
    read = converted(tmp_path, [row])
    assert (read.billed, read.effective) == (billed, Decimal(effective))
    assert [each["ChargeCategory"] for each in read.rows] == [category]


def test_an_aws_line_column_by_column(tmp_path: Path) -> None:
    """A line's columns are where FOCUS has them; tags lose what says that people set them."""
    row = {**CUR, "resourceTags/user:team": "pay", "resourceTags/aws:createdBy": "Root:1"}
    read = converted(tmp_path, [row])
    filled = {name: value for name, value in read.rows[0].items() if value is not None}
    assert filled == {
        "BilledCost": "1.25",
        "EffectiveCost": "1.25",
        "BillingCurrency": "USD",
        "BillingPeriodStart": "2026-10-01T00:00:00Z",
        "BillingPeriodEnd": "2026-11-01T00:00:00Z",
        "BillingAccountId": "111",
        "ChargePeriodStart": "2026-10-05T07:00:00Z",
        "ChargePeriodEnd": "2026-10-05T08:00:00Z",
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "ConsumedQuantity": "1",
        "ConsumedUnit": "Hrs",
        "InvoiceIssuerName": "Amazon Web Services",
        "PricingQuantity": "1",
        "PricingUnit": "Hrs",
        "ProviderName": "AWS",
        "PublisherName": "AWS",
        "ServiceName": "AmazonEC2",
        "SubAccountId": "222",
        "Tags": '{"team":"pay","aws:createdBy":"Root:1"}',
    }
    assert read.remarks == (
        "bill.csv: AWS Cost and Usage Report, read as FOCUS 1.0.",
        "bill.csv: the bill has nothing for ChargeClass, ContractedCost, ServiceCategory.",
    )


def test_tags_of_cur_2(tmp_path: Path) -> None:
    """CUR 2.0 has all tags in one column, as JSON."""
    row = {plain_name(name): value for name, value in CUR.items() if not name.startswith("resourceTags")}
    row["resource_tags"] = '{"user_team": "pay", "aws_created_by": "Root"}'
    read = converted(tmp_path, [row])
    assert read.rows[0]["Tags"] == '{"team":"pay","aws:created_by":"Root"}'


def test_an_amount_that_is_none_refuses_the_bill(tmp_path: Path) -> None:
    """A text where an amount should be is named by file, row and the provider's own column."""
    with pytest.raises(DeliveryRefused) as refused:
        converted(tmp_path, [CUR, {**CUR, "lineItem/UnblendedCost": "1,25", "reservation/EffectiveCost": "much"}])
    assert refused.value.faults == (
        "bill.csv, row 2, column lineItem/UnblendedCost: '1,25' is not a decimal number.",
        "bill.csv, row 2, column reservation/EffectiveCost: 'much' is not a decimal number.",
    )


def test_what_fits_no_rule_refuses_the_bill(tmp_path: Path) -> None:
    """A type of line that nobody has heard of, an empty cost and a day that is none are faults, not zeros."""
    bad = {"lineItem/LineItemType": "Surprise", "lineItem/UnblendedCost": "", "lineItem/UsageStartDate": "soon"}
    with pytest.raises(DeliveryRefused) as refused:
        converted(tmp_path, [CUR, {**CUR, **bad}])
    said = "\n".join(refused.value.faults)
    assert re.findall(r"row 2, column (\w+): ", said) == [
        "BilledCost",
        "EffectiveCost",
        "ChargePeriodStart",
        "ChargeCategory",
    ]
    assert "'Surprise' is none of Usage, Purchase, Tax, Credit, Adjustment." in said
