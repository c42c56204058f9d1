"""Bills that are not FOCUS, turned into FOCUS by rules that are data."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow
import pytest

from finops import focus
from finops.errors import DeliveryRefused
from storage.ledger.conversion import PLACE, Conversion, conversion_of, conversions, plain_name, resembled
from tests.storage.bills import Place, write_csv
from tests.storage.converted import Read, athena_name, converted, converted_parquet

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


@pytest.mark.parametrize("conversion", conversions(), ids=lambda each: each.name)
def test_rules_give_what_the_specification_knows(conversion: Conversion) -> None:
    """Every column that rules give is one of their FOCUS version, and all that figures need are given."""
    known = focus.columns(conversion.version)
    assert set(conversion.columns) <= set(known)
    assert focus.missing(list(conversion.columns), conversion.version)[0] == []
    assert conversion.source.startswith("https://")
    rules = (*conversion.columns.values(), *conversion.facts.values())
    named = {name for rule in rules for place in PLACE.findall(rule) for name in place.split("|")}
    assert {name for columns in conversion.readable.values() for name in columns} <= named
    assert {when for when, _ in conversion.remarks if when} <= set(conversion.facts)


def test_names_are_compared_by_letters_and_digits() -> None:
    """Slashes, dots, underscores, spaces and case, in which providers differ, do not tell names apart."""
    for name in CUR:
        assert plain_name(name) == plain_name(athena_name(name)) == plain_name(name.upper())
    assert plain_name("service.description") == plain_name("service_description") == "servicedescription"
    assert plain_name("Cost in Billing Currency") == plain_name("costInBillingCurrency")


def test_a_focus_bill_is_never_converted() -> None:
    """Whatever else stands in it, a bill with the columns that figures need is read as it is."""
    assert conversion_of([*focus.ALWAYS_FILLED, *CUR]) is None
    assert conversion_of(["a", "b"]) is None


PREVIEW = {
    "BilledCost": "0.7",
    "EffectiveCost": "0",
    "BillingCurrency": "EUR",
    "BillingPeriodStart": "2024-09-01T00:00:00.000Z",
    "ChargePeriodStart": "2024-09-30T23:00:00.000Z",
    "ChargeCategory": "Usage",
    "Provider": "Oracle",
    "Publisher": "Oracle",
    "InvoiceIssuer": "Oracle",
    "Region": "us-ashburn-1",
    "UsageQuantity": "1",
    "SubAccountId": "ocid1.tenancy.oc1..a",
    "Tags": '{"orcl-cloud": "x"}',
    "oci_CompartmentName": "shop",
    "cost/myCost": "9",
    "lineItem/tenantId": "t",
    "lineItem/intervalUsageStart": "2024-09-30T23:00Z",
    "product/service": "COMPUTE",
    "cost/currencyCode": "USD",
}
"""A line of Oracle's FOCUS report of the preview's time, with columns beside it that its older report has too."""


def test_a_focus_bill_of_the_preview_stays_one(place: Place, tmp_path: Path) -> None:
    """Names of the FOCUS preview are read as FOCUS, even where all columns of another kind of bill are there."""
    place.ingest(write_csv(tmp_path / "oci.csv", [PREVIEW]), lenient=True)
    assert place.totals("provider", "sub_account_id") == {("Oracle", "ocid1.tenancy.oc1..a", "EUR"): Decimal("0.7")}


def test_a_bill_of_no_known_kind_is_told_what_it_lacks(place: Place, tmp_path: Path) -> None:
    """A bill that lacks little of a known kind is refused naming that; one of no kind is told the ways out."""
    names = [name for name in CUR if name != "lineItem/UnblendedCost"]
    refusal = place.refusal(write_csv(tmp_path / "cur.csv", [dict.fromkeys(names, "1")]))
    assert str(refusal).endswith(
        "It looks like AWS Cost and Usage Report, but has no column line_item_unblended_cost."
    ), refusal
    assert "columns look like FOCUS" not in str(refusal)
    refusal = place.refusal(write_csv(tmp_path / "other.csv", [{"a": "1", "b": "2"}]))
    assert (
        "It is neither FOCUS nor a bill of AWS, Azure, GCP or OCI that is known by its columns (it has a, b)."
        in str(refusal)
    )
    assert resembled(["a", "b"]) == ""


def test_what_holds_for_many_files_is_said_once(place: Place, tmp_path: Path) -> None:
    """Remarks on the kind of a bill are not repeated for each of a month's files."""
    files = [write_csv(tmp_path / f"{n}.csv", [{**CUR, "lineItem/UnblendedCost": str(n)}]) for n in range(3)]
    done = place.ingest(*files)
    assert done.remarks == (
        "0.csv and 2 more files: AWS Cost and Usage Report, read as FOCUS 1.0.",
        "0.csv and 2 more files: the bill has nothing for ChargeClass, ContractedCost, ServiceCategory.",
    )


def test_a_fault_in_the_csv_itself_is_what_is_named(tmp_path: Path) -> None:
    """Where a line of a bill that is not FOCUS is no CSV, no value of its own is blamed for not being FOCUS's."""
    rows = [{**CUR, "BillingCurrency": "none", "ChargeType": "Fee"}]
    path = write_csv(tmp_path / "bill.csv", rows)
    path.write_text(path.read_text() + "1,2,3\n")
    with pytest.raises(DeliveryRefused) as refused:
        Read(tmp_path / "read", path)
    assert refused.value.faults == ("bill.csv, line 3, column 3: 3 fields where the header has 24.",)


def test_rows_are_named_by_their_place(tmp_path: Path) -> None:
    """The row that is named is the one at fault, even in a file so large that it is read in several places at once."""
    usual = {name: CUR[name] for name in CUR if name.startswith(("bill/", "lineItem/"))} | {"padding": "x" * 1000}
    rows = [usual] * 150_000
    rows[80_000] = {**usual, "lineItem/LineItemType": "Surprise"}
    rows[149_998] = {**usual, "lineItem/LineItemType": "Surprise"}
    with pytest.raises(DeliveryRefused) as refused:
        converted(tmp_path, rows)
    said = "bill.csv, row {}, column ChargeCategory: 'Surprise' is none of Usage, Purchase, Tax, Credit, Adjustment."
    assert refused.value.faults == (said.format(80_001), said.format(149_999))


def test_an_amount_too_large_is_no_zero(tmp_path: Path) -> None:
    """An amount that a rule reckons with and that does not fit refuses the bill."""
    row = {**CUR, "lineItem/LineItemType": "RIFee", "reservation/UnusedRecurringFee": "1e30"}
    with pytest.raises(DeliveryRefused, match=r"cannot be turned into FOCUS.*1e30"):
        converted(tmp_path, [row])


def test_a_report_of_aws_as_parquet(tmp_path: Path) -> None:
    """CUR 2.0 as Parquet has doubles, timestamps and a map of tags."""
    row = {athena_name(name): value or None for name, value in CUR.items() if not name.startswith("resourceTags")}
    start = datetime(2026, 10, 5, 7, tzinfo=UTC)
    types = {
        "line_item_usage_start_date": pyarrow.timestamp("ms", "UTC"),
        "line_item_unblended_cost": pyarrow.float64(),
        "resource_tags": pyarrow.map_(pyarrow.string(), pyarrow.string()),
    }
    typed = {
        "line_item_usage_start_date": start,
        "line_item_unblended_cost": 1.1,
        "resource_tags": [("user_team", "pay")],
    }
    schema = pyarrow.schema([(name, types.get(name, pyarrow.string())) for name in row | typed])
    read = converted_parquet(tmp_path, [row | typed], schema)
    assert (read.billed, read.column("Tags")) == (Decimal("1.1"), ['{"team":"pay"}'])


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
        row = {athena_name(name): value for name, value in row.items()}
    read = converted(tmp_path, [row])
    assert (read.billed, read.effective) == (billed, Decimal(effective))
    assert [each["ChargeCategory"] for each in read.rows] == [category]


def test_an_aws_line_column_by_column(tmp_path: Path) -> None:
    """A line's columns are where FOCUS has them; tags lose what says that people set them."""
    row = {**CUR, "resourceTags/user:team": "pay", "resourceTags/aws:createdBy": "Root:1"}
    read = converted(tmp_path, [row])
    assert read.filled() == {
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
    row = {athena_name(name): value for name, value in CUR.items() if not name.startswith("resourceTags")}
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
