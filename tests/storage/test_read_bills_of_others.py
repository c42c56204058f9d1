"""Bills as other people have them: every way of writing one is read to the last digit or refused with a true reason."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from finops.basis import Basis
from finops.company import Company, DerivedTeams
from finops.scope import Derived
from tests.storage.bills import Place, charge, csv_text
from tests.storage.converted import athena_name
from tests.storage.test_conversions import CUR
from tests.storage.test_conversions_azure import EA
from tests.storage.test_conversions_gcp import GCP, nested

TWO = [charge(), charge(ServiceName='a "quoted", name', BilledCost="2")]
PLAIN = csv_text(TWO)


def renamed(spelling: Callable[[str], str], rows: Sequence[Mapping[str, Any]] = TWO) -> list[dict[str, Any]]:
    """Rows under otherwise spelt names."""
    return [{spelling(name): value for name, value in row.items()} for row in rows]


def parted(mark: str) -> Callable[[str], str]:
    """BilledCost → Billed<mark>Cost."""
    return lambda name: re.sub(r"(?<!^)(?=[A-Z])", mark, name)


def parquet(rows: Sequence[Mapping[str, Any]], types: Mapping[str, pyarrow.DataType] = {}, **options: Any) -> bytes:
    """Parquet of text columns unless typed otherwise, an empty text null."""
    written = io.BytesIO()
    arrays = {
        name: pyarrow.array([None if row[name] == "" else row[name] for row in rows], types.get(name, pyarrow.string()))
        for name in rows[0]
    }
    pyarrow.parquet.write_table(pyarrow.table(arrays), written, **options)
    return written.getvalue()


def zipped(text: str, name: str = "a.csv") -> bytes:
    """A ZIP archive of a file."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(name, text)
    return written.getvalue()


def cur(**values: str) -> dict[str, str]:
    """A line of AWS's report without the columns of commitments, some values otherwise."""
    usual = {name: value for name, value in CUR.items() if not name.startswith(("reservation/", "savingsPlan/"))}
    return usual | {f"lineItem/{name}": value for name, value in values.items()}


def ea(**values: str) -> dict[str, str]:
    """A row of an Enterprise Agreement without billing period, as before the invoice."""
    return {name: value for name, value in EA.items() if not name.startswith("BillingPeriod")} | values


def google() -> dict[str, Any]:
    """A row of Google's own FOCUS export, which has no column Tags."""
    row = {name: value for name, value in charge(ChargeCategory="usage").items() if name != "Tags"}
    return row | {"x_Labels": [{"Key": "team", "Value": "Web"}], "x_ProjectLabels": [{"Key": "team", "Value": "all"}]}


PAIRS = pyarrow.list_(pyarrow.struct([("Key", pyarrow.string()), ("Value", pyarrow.string())]))
MOMENT = {"ChargePeriodStart": pyarrow.timestamp("ns")}
BIG = pyarrow.decimal256(76, 38)
CREDIT, CREDIT_SCHEMA = nested({**GCP, "credits": '[{"name": "a", "amount": -1e-7}]'}, pyarrow.float64(), float)


def google_parquet(row: Mapping[str, Any], schema: pyarrow.Schema) -> bytes:
    """Parquet of one row as BigQuery writes it."""
    written = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([row], schema=schema), written)
    return written.getvalue()


READ: dict[str, tuple[str, str | bytes, str, str]] = {
    "Athena's small letters": ("a.csv", csv_text(renamed(str.lower)), "3.5", "2.5"),
    "Snowflake's capitals": ("a.parquet", parquet(renamed(str.upper)), "3.5", "2.5"),
    "underscores": ("a.csv", csv_text(renamed(lambda name: parted("_")(name).lower())), "3.5", "2.5"),
    "spaces": ("a.parquet", parquet(renamed(parted(" "))), "3.5", "2.5"),
    "a column that looks like another": (
        "a.csv",
        csv_text([{**row, "billed_cost": "99"} for row in TWO]),
        "3.5",
        "2.5",
    ),
    "two byte order marks": ("a.csv", "\ufeff\ufeff" + PLAIN, "3.5", "2.5"),
    "nulls of Hive": ("a.csv", csv_text([charge(SubAccountId="\\N", Tags="\\N")]), "1.5", "1.25"),
    "negative zeros": ("a.csv", csv_text([charge(BilledCost="-0.0"), charge(BilledCost="-0")]), "0", "2.5"),
    "line feeds quoted between CR LF": (
        "a.csv",
        csv_text([charge(ServiceName="a\nb"), charge()], lineterminator="\r\n"),
        "3",
        "2.5",
    ),
    "E-notation": ("a.csv", csv_text([charge(BilledCost="1.5E-05", EffectiveCost="2e3")]), "0.000015", "2000"),
    "nanoseconds": ("a.csv", csv_text([charge(ChargePeriodStart="2024-09-10T23:59:59.123456789Z")]), "1.5", "1.25"),
    "an offset": ("a.csv", csv_text([charge(ChargePeriodStart="2024-09-10T17:59:59.1-07:00")]), "1.5", "1.25"),
    "INT96": (
        "a.parquet",
        parquet([charge(ChargePeriodStart=datetime(2024, 9, 10, 23))], MOMENT, use_deprecated_int96_timestamps=True),
        "1.5",
        "1.25",
    ),
    "date64": (
        "a.parquet",
        parquet([charge(ChargePeriodStart=date(2024, 9, 10))], {"ChargePeriodStart": pyarrow.date64()}),
        "1.5",
        "1.25",
    ),
    "DECIMAL(38,10)": (
        "a.parquet",
        parquet([charge(BilledCost=Decimal("1.1234567891"))], {"BilledCost": pyarrow.decimal128(38, 10)}),
        "1.1234567891",
        "1.25",
    ),
    "half floats": ("a.parquet", parquet([charge(BilledCost=1.5)], {"BilledCost": pyarrow.float16()}), "1.5", "1.25"),
    "snappy": ("a.snappy.parquet", parquet(TWO, compression="snappy"), "3.5", "2.5"),
    "brotli": ("a.parquet", parquet(TWO, compression="brotli", data_page_version="2.0"), "3.5", "2.5"),
    "Parquet without an ending": ("20240901_0012_abc", parquet(TWO), "3.5", "2.5"),
    "CSV.gz without an ending": ("part-00000", gzip.compress(PLAIN.encode()), "3.5", "2.5"),
    "gz alone": ("a.gz", gzip.compress(PLAIN.encode()), "3.5", "2.5"),
    "capitals in the ending": ("A.CSV", PLAIN, "3.5", "2.5"),
    "a report in Athena's capitals": (
        "a.csv",
        csv_text([{athena_name(name).upper(): value for name, value in CUR.items()}]),
        "1.25",
        "1.25",
    ),
    "tags that differ in case": ("a.csv", csv_text([{**CUR, "resourceTags/user:Team": "x"}]), "1.25", "1.25"),
    "nulls of Hive in a report": ("a.csv", csv_text([{**CUR, "reservation/EffectiveCost": "\\N"}]), "1.25", "1.25"),
    "a quoted line feed in a report": (
        "a.csv",
        csv_text([{**CUR, "resourceTags/user:team": "a\nb"}, CUR], lineterminator="\r\n"),
        "2.5",
        "2.5",
    ),
    "Azure with a mark and CR LF": ("a.csv", "\ufeff" + csv_text([EA], lineterminator="\r\n"), "3.25", "3.25"),
    "Azure in E-notation": ("a.csv", csv_text([{**EA, "Cost": "1.2E-05"}]), "0.000012", "0.000012"),
    "small credits as doubles": ("a.parquet", google_parquet(CREDIT, CREDIT_SCHEMA), "1.4999999", "1.4999999"),
    "Google's FOCUS export": (
        "a.parquet",
        parquet([google()], {"x_Labels": PAIRS, "x_ProjectLabels": PAIRS}),
        "1.5",
        "1.25",
    ),
}
"""What there is → file name, content, what is billed, what is effective."""


@pytest.mark.parametrize("kind", READ)
def test_a_bill_is_read_however_it_is_written(place: Place, kind: str) -> None:
    """Both totals are those of the rows."""
    name, content, billed, effective = READ[kind]
    path = place.folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    place.ingest(path, lenient=True)
    assert (place.total(Basis.BILLED), place.total(Basis.EFFECTIVE)) == (Decimal(billed), Decimal(effective))
    assert place.totals("sub_account_id").keys() & {("\\N", "USD"), ("nan", "USD")} == set()


SPREADSHEET = "SubAccountId '1.23457E+11' is a number that a spreadsheet rounded; it may be several accounts."
WIDE = "column {} has decimals of more than 38 digits, of which some would be lost."
REFUSED: dict[str, tuple[str, str | bytes, str]] = {
    "UTF-16 without a mark": ("a.csv", PLAIN.encode("utf-16-le"), "not CSV but UTF-16 text; save it as UTF-8."),
    "sep=": ("a.csv", "sep=,\n" + PLAIN, "the header is in line 2. Take out what stands above it"),
    "a title": ("a.csv", "Report of October\n\n" + PLAIN, "the header is in line 3. Take out what stands above it"),
    "a title of Azure": ("a.csv", "Usage Data,,\n\n" + csv_text([EA]), "the header is in line 3."),
    "a web page": ("a.csv", "<!DOCTYPE html><html>no</html>", "not CSV but a web page or XML"),
    "JSON": ("a.csv", json.dumps(TWO), "not CSV but JSON."),
    "lines of JSON": ("a.jsonl", json.dumps(TWO[0]), "neither .csv, .csv.gz nor .parquet."),
    "ZIP": ("a.csv.zip", zipped(PLAIN), "neither .csv, .csv.gz nor .parquet."),
    "ZIP named CSV": ("a.csv", zipped(PLAIN), "not CSV but a ZIP archive; unpack it."),
    "a workbook named CSV": (
        "a.csv",
        zipped("<Types/>", "[Content_Types].xml"),
        "not CSV but an Excel workbook; save it as CSV UTF-8.",
    ),
    "ZIP named CSV.gz": ("a.csv.gz", zipped(PLAIN), "not gzip but a ZIP archive; unpack it."),
    "gzip within gzip": ("a.csv.gz", gzip.compress(gzip.compress(PLAIN.encode())), "gzip within gzip."),
    "CSV named Parquet": ("a.parquet", PLAIN, "not a whole Parquet file"),
    "rounded accounts": ("a.csv", csv_text([charge(SubAccountId="1.23457E+11")]), SPREADSHEET),
    "rounded accounts of a report": ("a.csv", csv_text([cur(UsageAccountId="1.23457E+11")]), SPREADSHEET),
    "a line of totals": ("a.csv", PLAIN + "Total,3.5" + "," * 23 + "\n", "'Total' is not a decimal number."),
    "a line of totals of Azure": (
        "a.csv",
        csv_text([EA, {**dict.fromkeys(EA, ""), "Cost": "3.25"}]),
        "row 2, column BillingCurrency: empty where every row needs a value.",
    ),
    "two files in one": ("a.csv", PLAIN * 2, "line 4, column BilledCost: 'BilledCost' is not a decimal number."),
    "a decimal comma": ("a.csv", csv_text([charge(BilledCost="1,5")]), "'1,5' is not a decimal number."),
    "thousands": ("a.csv", csv_text([{**EA, "Cost": "1,203.25"}]), "column Cost: '1,203.25' is not a decimal number."),
    "nan": ("a.csv", csv_text([charge(EffectiveCost="nan")]), "column EffectiveCost: 'nan' is not a decimal number."),
    "seconds since 1970": (
        "a.parquet",
        parquet([charge(ChargePeriodStart=1725926400)], {"ChargePeriodStart": pyarrow.int64()}),
        "column ChargePeriodStart: '1725926400' is not an ISO 8601 date or time",
    ),
    "BIGNUMERIC": (
        "a.parquet",
        parquet([charge(BilledCost=Decimal(1))], {"BilledCost": BIG}),
        WIDE.format("BilledCost"),
    ),
    "BIGNUMERIC of Google": ("a.parquet", google_parquet(*nested(GCP, BIG, Decimal)), WIDE.format("cost")),
    "a savings plan's usage": (
        "a.csv",
        csv_text([cur(LineItemType="SavingsPlanCoveredUsage")]),
        "nothing in savings_plan_savings_plan_effective_cost",
    ),
    "a savings plan's fee": (
        "a.csv",
        csv_text([cur(LineItemType="SavingsPlanRecurringFee")]),
        "nothing in savings_plan_total_commitment_to_date",
    ),
    "reserved usage": (
        "a.csv",
        csv_text([cur(LineItemType="DiscountedUsage")]),
        "nothing in reservation_effective_cost",
    ),
    "a reservation's fee": (
        "a.csv",
        csv_text([cur(LineItemType="RIFee")]),
        "it has fees of reservations, and nothing in",
    ),
    "the day first": (
        "a.csv",
        csv_text([ea(Date=f"{day:02d}/09/2026") for day in range(1, 11)]),
        "its dates are of one month where the day stands first",
    ),
    "the day first, with a period": (
        "a.csv",
        csv_text([ea(Date="05/09/2026", BillingPeriodStartDate="01/09/2026", BillingPeriodEndDate="01/10/2026")]),
        "days lie more than two months off their billing period",
    ),
    "a year of two digits": ("a.csv", csv_text([{**EA, "Date": "9/21/26"}]), "'9/21/26' is not a day or a moment"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_bill_is_refused_for_a_true_reason(place: Place, kind: str) -> None:
    """What would give a wrong figure is refused, and the reason names what is wrong."""
    name, content, why = REFUSED[kind]
    path = place.folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    refusal = place.refusal(path, lenient=True)
    assert why in "\n".join((str(refusal), *refusal.faults))


def test_days_that_may_be_months_are_told(place: Place) -> None:
    """Where nothing tells whether the day or the month stands first, it is said how the dates were read."""
    path = place.folder / "a.csv"
    path.write_text(csv_text([ea(Date="05/09/2026")]))
    assert any("read with the month first" in remark for remark in place.ingest(path).remarks)


def test_tags_of_google_find_the_team(place: Place) -> None:
    """Labels stand for Tags where a bill has none, before project labels of the same key."""
    place.company = Company(derived_teams=DerivedTeams(Derived(tag="team"), ""))
    path = place.folder / "a.parquet"
    path.write_bytes(parquet([google()], {"x_Labels": PAIRS, "x_ProjectLabels": PAIRS}))
    place.ingest(path, lenient=True)
    assert place.totals("team", "charge_category") == {("web", "Usage", "USD"): Decimal("1.5")}


def test_what_lies_unread_in_a_folder_is_told(place: Place) -> None:
    """Archives and sheets beside bills may hold charges: their names are said, others are left alone."""
    folder = place.folder / "bills"
    folder.mkdir()
    for name, content in (("a.csv", PLAIN.encode()), ("b.zip", zipped(PLAIN)), ("notes.md", b"x"), ("m.json", b"{}")):
        (folder / name).write_bytes(content)
    assert place.ingest(folder).remarks == (
        "b.zip: not read, as only .csv, .csv.gz and .parquet are; what it holds is in no figure.",
    )
