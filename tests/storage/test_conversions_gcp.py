"""Google's billing export, turned into FOCUS: credits, labels, months in Pacific time, CSV and nested Parquet."""

from __future__ import annotations

import json
import re
import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.errors import DeliveryRefused
from storage.engines.duckdb import DuckDBEngine, literal, quoted
from storage.ledger.conversion import conversion_of, resembled
from tests.storage.bills import ADDING
from tests.storage.converted import Read, converted, converted_parquet

GCP = {
    "billing_account_id": "018984-D0AAA4-940B88",
    "service.id": "6F81-5844-456A",
    "service.description": "Compute Engine",
    "sku.id": "6B8F-E63D-832B",
    "sku.description": "N1 Core running in Americas",
    "usage_start_time": "2026-08-01 03:00:00 UTC",
    "usage_end_time": "2026-08-01 04:00:00 UTC",
    "project.id": "shop-292519",
    "project.name": "shop",
    "project.labels": '[{"key": "team", "value": "all"}, {"key": "env", "value": "prod"}]',
    "labels": '[{"key": "team", "value": "pay"}]',
    "system_labels": '[{"key": "compute.googleapis.com/cores", "value": "2"}]',
    "location.location": "us-central1",
    "location.region": "us-central1",
    "location.zone": "us-central1-a",
    "export_time": "2026-08-02 01:11:12.066000 UTC",
    "cost": "1.5",
    "currency": "USD",
    "currency_conversion_rate": "1.0",
    "usage.amount": "3600.0",
    "usage.unit": "seconds",
    "usage.amount_in_pricing_units": "1.0",
    "usage.pricing_unit": "hour",
    "credits": "[]",
    "invoice.month": "202608",
    "cost_type": "regular",
    "resource.name": "instance-1",
    "resource.global_name": "//compute.googleapis.com/instance-1",
}
"""A usual row of the detailed export, as CSV."""
PROMOTION = '[{"name": "free", "amount": -0.25, "full_name": null, "id": "x", "type": "PROMOTION"}]'

LINES = [
    ("regular", "1.5", "[]", "1.5", "Usage"),
    ("regular", "1.5", PROMOTION, "1.25", "Usage"),
    ("tax", "0.21", "[]", "0.21", "Tax"),
    ("adjustment", "-3", "", "-3", "Adjustment"),
    ("rounding_error", "1e-06", "[]", "0.000001", "Adjustment"),
    ("REGULAR", "-5e-07", "null", "-0.0000005", "Usage"),
]


@pytest.mark.parametrize(("kind", "cost", "credits", "expected", "category"), LINES)
def test_every_type_of_cost(tmp_path: Path, kind: str, cost: str, credits: str, expected: str, category: str) -> None:
    """A row is billed, and effective, at its cost and its credits together; its type says its category."""
    read = converted(tmp_path, [{**GCP, "cost_type": kind, "cost": cost, "credits": credits}])
    assert (read.billed, read.effective) == (Decimal(expected), Decimal(expected))
    assert read.column("ChargeCategory") == [category]


FILLED = {
    "BilledCost": "1.5",
    "EffectiveCost": "1.5",
    "ContractedCost": "1.5",
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2026-08-01T07:00:00Z",
    "BillingPeriodEnd": "2026-09-01T07:00:00Z",
    "BillingAccountId": "018984-D0AAA4-940B88",
    "ChargePeriodStart": "2026-08-01 03:00:00 UTC",
    "ChargePeriodEnd": "2026-08-01 04:00:00 UTC",
    "ChargeCategory": "Usage",
    "ChargeDescription": "N1 Core running in Americas",
    "ConsumedQuantity": "3600.0",
    "ConsumedUnit": "seconds",
    "InvoiceIssuerName": "Google Cloud",
    "PricingQuantity": "1.0",
    "PricingUnit": "hour",
    "ProviderName": "Google Cloud",
    "PublisherName": "Google Cloud",
    "RegionId": "us-central1",
    "AvailabilityZone": "us-central1-a",
    "ResourceId": "//compute.googleapis.com/instance-1",
    "ResourceName": "instance-1",
    "ServiceName": "Compute Engine",
    "SkuId": "6B8F-E63D-832B",
    "SubAccountId": "shop-292519",
    "SubAccountName": "shop",
    "Tags": '{"compute.googleapis.com/cores":"2","env":"prod","team":"pay"}',
}


def test_a_row_column_by_column(tmp_path: Path) -> None:
    """Every column is where FOCUS has it; the invoice's month is one of Pacific time."""
    read = converted(tmp_path, [GCP])
    assert read.filled() == FILLED
    assert read.billing_periods == ["2026-08"]
    assert [remark.split(": ", 1)[1][:52] for remark in read.remarks] == [
        "GCP billing export, read as FOCUS 1.0.",
        "EffectiveCost is BilledCost: fees for commitments co",
        "the bill has nothing for BillingAccountName, Service",
    ]


def test_a_standard_export_that_a_query_named(tmp_path: Path) -> None:
    """The standard export has no resources, and a query that flattens it may part names otherwise."""
    row = {name.replace(".", "_"): value for name, value in GCP.items() if not name.startswith("resource.")}
    expected = {name: value for name, value in FILLED.items() if not name.startswith("Resource")}
    assert converted(tmp_path, [row]).filled() == expected


@pytest.mark.parametrize(
    ("month", "start", "end"),
    [
        ("202601", "2026-01-01T08:00:00Z", "2026-02-01T08:00:00Z"),
        ("202603", "2026-03-01T08:00:00Z", "2026-04-01T07:00:00Z"),
        ("202611", "2026-11-01T07:00:00Z", "2026-12-01T08:00:00Z"),
        ("202612", "2026-12-01T08:00:00Z", "2027-01-01T08:00:00Z"),
    ],
)
def test_a_month_of_an_invoice(tmp_path: Path, month: str, start: str, end: str) -> None:
    """An invoice's month begins and ends at midnight in Los Angeles, in summer and in winter."""
    read = converted(tmp_path, [{**GCP, "invoice.month": month}])
    assert [read.rows[0][name] for name in ("BillingPeriodStart", "BillingPeriodEnd")] == [start, end]
    assert read.billing_periods == [f"{month[:4]}-{month[4:]}"]


CREDITS = [
    ('[{"amount": -0.1}, {"amount": -0.2, "name": "say \\"amount\\": 5"}]', "-0.3"),
    ('[{"amount":"-0.123456789012345678"}]', "-0.123456789012345678"),
    ('[{"name":"n","amount":-0.123456789012345678}]', "-0.123456789012345678"),
    ('[{"amount": -2.5E-7, "type": "DISCOUNT"}]', "-0.00000025"),
    ("[{'name': 'FreeTrial:Credit', 'amount': -5e-06, 'full_name': None, 'id': 'x'}]", "-0.000005"),
    ("[{'amount': -1, 'final': True, 'other': False}, {'amount': 0.5}]", "-0.5"),
    ("[ ]", "0"),
]


@pytest.mark.parametrize(("credits", "expected"), CREDITS)
def test_credits_however_written(tmp_path: Path, credits: str, expected: str) -> None:
    """Credits are JSON, or what Python prints for a list; of their amounts every digit counts."""
    read = converted(tmp_path, [{**GCP, "cost": "0.00", "credits": credits}])
    assert read.billed == read.effective == Decimal(expected)
    told = any("BilledCost is cost plus the credits of the row" in remark for remark in read.remarks)
    assert told == (Decimal(expected) != 0)


UNREADABLE = [
    '{"amount": -1}',
    '{"list": [{"element": {"amount": -1}}]}',
    '[{"name": "no amount"}]',
    '[{"amount": "much"}]',
    '[{"amount": NaN}]',
    '[{"amount": null}]',
    "[-1]",
    '[{"amount": -1}',
    "[{'name': \"it's\", 'amount': -1}]",
    "array([{'amount': -1}], dtype=object)",
    "-1",
]


def test_credits_that_cannot_be_read_refuse_the_bill(tmp_path: Path) -> None:
    """Credits are money: where they cannot be read to the last one, each row is named."""
    with pytest.raises(DeliveryRefused) as refused:
        converted(tmp_path, [{**GCP, "credits": credits} for credits in UNREADABLE])
    assert refused.value.faults == tuple(
        f"bill.csv, row {row}, column credits: {credits[:60]!r} "
        "is not a JSON list of objects with a decimal amount each."
        for row, credits in enumerate(UNREADABLE, start=1)
    )


def test_a_value_that_is_none_refuses_the_bill(tmp_path: Path) -> None:
    """What is no amount, no moment and no month is named by Google's own column."""
    rows = [{**GCP, "cost": "1,5"}, {**GCP, "usage_start_time": "08/13"}, {**GCP, "invoice.month": "202613"}]
    with pytest.raises(DeliveryRefused) as refused:
        converted(tmp_path, [*rows, {**GCP, "invoice.month": "2026-08"}])
    assert [re.sub(" is not.*", "", fault) for fault in refused.value.faults] == [
        "bill.csv, row 1, column cost: '1,5'",
        "bill.csv, row 2, column usage_start_time: '08/13'",
        "bill.csv, row 3, column invoice.month: '202613'",
        "bill.csv, row 4, column invoice.month: '2026-08'",
    ]


def test_what_fits_no_rule_refuses_the_bill(tmp_path: Path) -> None:
    """An unknown type of cost, and a row without a cost that has a credit all the same, are faults."""
    row = {**GCP, "cost": "", "credits": PROMOTION, "cost_type": "surprise", "invoice.month": ""}
    with pytest.raises(DeliveryRefused) as refused:
        converted(tmp_path, [GCP, row])
    said = "\n".join(refused.value.faults)
    columns = ["BilledCost", "EffectiveCost", "BillingPeriodStart", "ChargeCategory"]
    assert re.findall(r"row 2, column (\w+): ", said) == columns
    assert "'surprise' is none of Usage, Purchase, Tax, Credit, Adjustment." in said


def test_what_others_sell_and_what_corrects(tmp_path: Path) -> None:
    """A row of the marketplace names its seller, an adjustment of an earlier invoice is a correction."""
    sold = {**GCP, "seller_name": "Red Hat", "adjustment_info.id": "", "subscription.instance_id": "cud-1"}
    adjusted = {**sold, "cost_type": "adjustment", "seller_name": "", "adjustment_info.id": "4711", "cost": "-2"}
    read = converted(tmp_path, [sold, adjusted])
    names = ("PublisherName", "CommitmentDiscountId", "ChargeCategory", "ChargeClass", "ConsumedQuantity")
    assert [[row[name] for name in names] for row in read.rows] == [
        ["Red Hat", "cud-1", "Usage", None, "3600.0"],
        ["Google Cloud", "cud-1", "Adjustment", "Correction", None],
    ]


@pytest.mark.parametrize(("credits", "expected"), [('[{"amount":-0.5}]', "1.0"), ('{"amount":-0.5}', None)])
def test_credits_of_the_type_json(tmp_path: Path, credits: str, expected: str | None) -> None:
    """A Parquet column that is JSON by its type is read, and refused, like text."""
    row = ", ".join(f"{literal(value)} AS {quoted(name)}" for name, value in {**GCP, "credits": credits}.items())
    path = tmp_path / "bill.parquet"
    engine = DuckDBEngine(tmp_path)
    engine.run(f"COPY (SELECT * REPLACE (CAST(credits AS JSON) AS credits) FROM (SELECT {row})) TO {literal(path)}")
    engine.close()
    if expected:
        assert Read(tmp_path / "read", path).billed == Decimal(expected)
    else:
        with pytest.raises(DeliveryRefused, match=r"row 1, column credits: .* is not a JSON list"):
            Read(tmp_path / "read", path)


def test_an_export_without_its_credits_is_not_read() -> None:
    """Without the column of credits the costs are not those of the invoice."""
    names = [name for name in GCP if name != "credits"]
    assert conversion_of(names) is None
    assert resembled(names) == "It looks like GCP billing export, but has no column credits."


def test_more_decimals_than_are_kept_are_told(tmp_path: Path) -> None:
    """Doubles have more decimals than are kept: their sum is rounded once, and that is said."""
    row = {**GCP, "cost": "1.0000000000000000014", "credits": '[{"amount": 0.0000000000000000004}]'}
    read = converted(tmp_path, [row])
    assert read.billed == Decimal("1.000000000000000002")
    assert read.remarks[-1] == "bill.csv: 2 costs had more than 18 decimals and were rounded to 18."


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("[]", None),
        ("", None),
        ('[{"key": "a", "value": "b"}, {"key": "c", "value": null}]', {"a": "b", "c": ""}),
        ("[{'key': 'goog-resource-type', 'value': 'bigquery_dataset'}]", {"goog-resource-type": "bigquery_dataset"}),
        ('{"a": "b"}', {"a": "b"}),
        ('[{"key": "é \\"q\\"", "value": "x\\\\y"}]', {'é "q"': "x\\y"}),
        ('[{"value": "x"}]', None),
        ("no JSON", None),
    ],
)
def test_labels_are_tags(tmp_path: Path, labels: str, expected: dict[str, str] | None) -> None:
    """Labels are lists of key and value, as JSON or as Python prints them."""
    read = converted(tmp_path, [{**GCP, "labels": labels, "project.labels": "[]", "system_labels": ""}])
    assert [tags and json.loads(tags) for tags in read.column("Tags")] == [expected]


PAIR = pyarrow.list_(pyarrow.struct([("key", pyarrow.string()), ("value", pyarrow.string())]))
LISTS = {"labels", "project.labels", "system_labels"}


def nested(row: dict[str, str], amount: pyarrow.DataType, value: Any) -> tuple[dict[str, Any], pyarrow.Schema]:
    """A row as BigQuery has it: structs for dotted names, lists of structs, timestamps, and costs of a type."""
    credit = pyarrow.list_(pyarrow.struct([("name", pyarrow.string()), ("amount", amount)]))
    kinds = {**dict.fromkeys(LISTS, PAIR), "credits": credit, "cost": amount, "usage.amount": pyarrow.float64()}
    moment = pyarrow.timestamp("us", "UTC")
    kinds |= {"usage_start_time": moment, "usage_end_time": moment}
    found: dict[str, Any] = {}
    types: dict[str, Any] = {}
    for name, text in row.items():
        one: Any = text
        if name in LISTS or name == "credits":
            one = json.loads(text)
        elif name.endswith("_time") and name in kinds:
            one = datetime.strptime(text, "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
        elif name in ("cost", "usage.amount"):
            one = value(text) if name == "cost" else float(text)
        if name == "credits":
            one = [{"name": each["name"], "amount": value(str(each["amount"]))} for each in one]
        outer, _, inner = name.partition(".")
        if inner:
            found.setdefault(outer, {})[inner] = one
            types.setdefault(outer, []).append((inner, kinds.get(name, pyarrow.string())))
        else:
            found[name], types[name] = one, kinds.get(name, pyarrow.string())
    fields = [(name, pyarrow.struct(kind) if isinstance(kind, list) else kind) for name, kind in types.items()]
    return found, pyarrow.schema(fields)


@pytest.mark.parametrize(
    ("amount", "value"),
    [(pyarrow.float64(), float), (pyarrow.decimal128(38, 9), Decimal)],
    ids=["double", "NUMERIC"],
)
def test_nested_parquet_says_the_same(tmp_path: Path, amount: pyarrow.DataType, value: Any) -> None:
    """Parquet with structs and lists, as BigQuery writes it, gives the rows that CSV gives."""
    credits = '[{"name": "a", "amount": -0.1}, {"name": "b", "amount": -0.2}]'
    text = converted(tmp_path / "csv", [{**GCP, "credits": credits}, GCP])
    rows, schemas = zip(*(nested(row, amount, value) for row in ({**GCP, "credits": credits}, GCP)), strict=True)
    read = converted_parquet(tmp_path / "parquet", rows, schemas[0])
    assert read.totals == text.totals == {("2026-08", "USD"): Decimal("2.7")}
    written = {"BilledCost", "EffectiveCost", "ContractedCost", "ChargePeriodStart", "ChargePeriodEnd"}
    assert [{name: row[name] for name in row if name not in written} for row in read.rows] == [
        {name: row[name] for name in row if name not in written} for row in text.rows
    ]
    assert read.column("ChargePeriodStart") == ["2026-08-01 03:00:00+00"] * 2


def test_structs_that_are_null(tmp_path: Path) -> None:
    """Tax has neither project nor location: what is in a struct that is null is nothing."""
    row, schema = nested({**GCP, "cost_type": "tax"}, pyarrow.float64(), float)
    read = converted_parquet(tmp_path, [{**row, "project": None, "location": None, "credits": None}], schema)
    assert read.billed == Decimal("1.5")
    assert [read.rows[0][name] for name in ("SubAccountId", "RegionId", "ChargeCategory")] == [None, None, "Tax"]


AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=18) | st.sampled_from(
    [Decimal("-5E-06"), Decimal("1E+3"), Decimal("1E-18")]
)
MONTHS = st.sampled_from(["202601", "202602", "202612"])


def as_python(amounts: list[Decimal]) -> str:
    """Credits as Python prints a list of dictionaries."""
    return "[" + ", ".join(f"{{'name': None, 'amount': {amount}}}" for amount in amounts) + "]"


def as_json(amounts: list[Decimal]) -> str:
    """Credits as JSON."""
    return "[" + ",".join(f'{{"amount": {amount}, "type": "X"}}' for amount in amounts) + "]"


@given(
    st.lists(
        st.tuples(AMOUNTS, st.lists(AMOUNTS, max_size=3), MONTHS, st.sampled_from([as_python, as_json])),
        min_size=1,
        max_size=8,
    )
)
@settings(max_examples=25, deadline=None)
def test_any_costs_and_credits(rows: list[tuple[Decimal, list[Decimal], str, Any]]) -> None:
    """Whatever the costs and credits, the totals of invoices are Python's own."""
    expected: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for cost, credits, month, _ in rows:
        for amount in (cost, *credits):
            key = f"{month[:4]}-{month[4:]}", "USD"
            expected[key] = ADDING.add(expected[key], amount)
    bill = [
        {**GCP, "cost": str(cost), "credits": written(credits), "invoice.month": month}
        for cost, credits, month, written in rows
    ]
    with tempfile.TemporaryDirectory() as folder:
        assert converted(Path(folder), bill).totals == expected
