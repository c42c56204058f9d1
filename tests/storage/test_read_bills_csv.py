"""Reading CSV bills: every form that is legal is read exactly, every other is refused with its place and reason."""

from __future__ import annotations

import gzip
import random
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet
import pytest

from finops.basis import Basis
from tests.storage.bills import COLUMNS, USUAL, Place, charge, csv_text, write_csv

TWO = [charge(), charge(ServiceName='a "quoted", name', BilledCost="2")]
PLAIN = csv_text(TWO)


def put(place: Place, content: str | bytes, name: str = "a.csv") -> Path:
    """A file with this content."""
    path = place.folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


FORMS: dict[str, str | bytes] = {
    "plain": PLAIN,
    "byte order mark": "\ufeff" + PLAIN,
    "byte order mark before a quote": "\ufeff" + csv_text(TWO, quoting=1),
    "CR LF": csv_text(TWO, lineterminator="\r\n"),
    "CR": csv_text(TWO, lineterminator="\r"),
    "no end of the last line": PLAIN.rstrip("\n"),
    "blank lines": PLAIN.replace("\n", "\n\n"),
    "columns in another order": csv_text(TWO, columns=sorted(COLUMNS, reverse=True)),
    "spaces around column names": PLAIN.replace("BilledCost,", " BilledCost ,", 1),
    "column names in quotes": csv_text(TWO, quoting=1),
    "a comma too many at every end": "".join(f"{line},\n" for line in PLAIN.splitlines()).replace(",\n", "\n", 1),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_legal_form_is_read(place: Place, form: str) -> None:
    """However a CSV is laid out, both costs of both rows are found under their own names."""
    place.ingest(put(place, FORMS[form]))
    assert place.total(Basis.BILLED) == Decimal("3.5")
    assert place.total(Basis.EFFECTIVE) == Decimal("2.5")
    assert set(place.totals("service")) == {("EC2", "USD"), ('a "quoted", name', "USD")}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_quoted_line_ends_stay_in_their_field(place: Place, end: str) -> None:
    """A line end inside quotes is part of the value and not a new row."""
    rows = [charge(ServiceName=f"one{end}two,{end}three"), charge()]
    place.ingest(put(place, csv_text(rows, lineterminator=end)))
    assert set(place.totals("service")) == {(f"one{end}two,{end}three", "USD"), ("EC2", "USD")}


def test_gzip_members_are_all_read(place: Place) -> None:
    """A gzip made by concatenation gives all its members' rows, as also one of many small ones."""
    head, *lines = csv_text([charge(BilledCost=str(number)) for number in range(300)]).splitlines(keepends=True)
    place.ingest(put(place, b"".join(gzip.compress(part.encode()) for part in [head, *lines]), "a.csv.gz"))
    assert place.total() == sum(range(300))


def test_extra_columns_are_kept(place: Place) -> None:
    """Columns that FOCUS does not know stay in the ledger as they were delivered, whatever they are called."""
    extra = {"x_Foo": "1e5", "x 'q' \"d\"": " NULL?", "x_RoundedCosts": "mine", "ü": "€", "select": "007"}
    place.ingest(write_csv(place.folder / "a.csv", [charge(**extra)]))
    (path,) = place.folder.glob("ledger/bill/2024-09/v0001/part-0001.parquet")
    table = pyarrow.parquet.read_table(path).to_pylist()
    assert {name: table[0][name] for name in extra} == extra


AMOUNTS = {
    "1E5": "100000",
    "1e+05": "100000",
    "-1.5e-7": "-0.00000015",
    "+1.5": "1.5",
    ".5": "0.5",
    "5.": "5",
    " 1.5 ": "1.5",
    "0E-20": "0",
    "100e-19": "0.00000000000000001",
    "1.0000000000000000000000000": "1",
    "0.123456789012345678": "0.123456789012345678",
    "-99999999999999999999.999999999999999999": "-99999999999999999999.999999999999999999",
    "12345678901234567890.5e-5": "123456789012345.678905",
}


def test_amounts_are_exact(place: Place) -> None:
    """E-notation and 18 decimals are read to the last digit, without a remark."""
    rows = [charge(BilledCost=text, SubAccountId=f"{number:02d}") for number, text in enumerate(AMOUNTS)]
    done = place.ingest(write_csv(place.folder / "a.csv", rows))
    assert list(place.totals("sub_account_id").values()) == [Decimal(exact) for exact in AMOUNTS.values()]
    assert done.remarks == ()


@pytest.mark.parametrize("text", ["0.1234567890123456785", "1e-19", "1234567890.12345678901234567890123e-2"])
def test_finer_amounts_are_rounded_with_a_remark(place: Place, text: str) -> None:
    """More than 18 decimals are rounded, and the ingest says so."""
    done = place.ingest(write_csv(place.folder / "a.csv", [charge(BilledCost=text), charge()]))
    assert abs(place.total() - Decimal(text) - Decimal("1.5")) <= Decimal("5e-19")
    assert done.remarks == ("a.csv: 1 costs had more than 18 decimals and were rounded to 18.",)


TIMES = {
    "2024-09-30": "2024-09-30",
    "2024-09-30T23:59:59Z": "2024-09-30",
    "2024-09-30T23:59Z": "2024-09-30",
    "2024-09-30 23:59:59 UTC": "2024-09-30",
    "2024-09-30T23:00:00.1234567Z": "2024-09-30",
    "2024-09-30T23:00:00-02:00": "2024-10-01",
    "2024-10-01T01:00:00+0530": "2024-09-30",
    "2024-10-01T01:00:00+02": "2024-09-30",
    "2024-02-29T00:00:00Z": "2024-02-29",
}


def test_times_are_utc(place: Place) -> None:
    """ISO 8601 times are read as UTC, their offset applied."""
    rows = [charge(ChargePeriodStart=text, SubAccountId=f"{number:02d}") for number, text in enumerate(TIMES)]
    place.ingest(write_csv(place.folder / "a.csv", rows))
    assert [str(key[1]) for key in place.totals("sub_account_id", "day")] == list(TIMES.values())


def test_null_tokens_are_no_values(place: Place) -> None:
    """An empty field, NULL and null, quoted or not, are missing values: nothing is named after them."""
    rows = [charge(SubAccountId=token, ServiceName=token, RegionId=token, Tags=token) for token in ("", "NULL", "null")]
    for number, quoting in enumerate((0, 1)):
        place.ingest(put(place, csv_text(rows, quoting=quoting), f"{number}.csv"))
        assert place.totals("sub_account_id", "service") == {(None, None, "USD"): Decimal("4.5")}
        assert {row[2] for row in place.rows("SELECT * FROM monthly_spend")} != {"NULL"}


def test_currencies_are_never_added(place: Place) -> None:
    """Several currencies of one file stay apart in every total."""
    place.ingest(write_csv(place.folder / "a.csv", [charge(), charge(BillingCurrency="EUR"), charge()]))
    assert place.totals() == {("EUR",): Decimal("1.5"), ("USD",): Decimal(3)}
    assert {key[3] for key in place.served()} == {"EUR", "USD"}


def test_identical_rows_all_count(place: Place) -> None:
    """Rows are never deduplicated by their content."""
    place.ingest(write_csv(place.folder / "a.csv", [charge()] * 7))
    assert place.total() == Decimal("10.5")


def test_preview_names_are_mapped(place: Place) -> None:
    """A bill with the preview's names (Provider, Publisher, Region, ChargeType) is read as the newer ones are."""
    renamed = {"ProviderName": "Provider", "PublisherName": "Publisher", "InvoiceIssuerName": "InvoiceIssuer"}
    row = {renamed.get(name, name): value for name, value in charge(EffectiveCost="0").items()}
    done = place.ingest(write_csv(place.folder / "a.csv", [row]), lenient=True)
    assert place.totals("provider") == {("AWS", "USD"): Decimal("1.5")}
    assert "a.csv: EffectiveCost is 0 throughout; the basis `effective` is unusable here, use `billed`." in done.remarks


def test_large_fields_and_wide_files_are_read(place: Place) -> None:
    """A field of a megabyte and two thousand extra columns do no harm."""
    place.ingest(
        write_csv(place.folder / "a.csv", [charge(x_Note="n" * 1_000_000, **{f"x{i}": i for i in range(2000)})])
    )
    assert place.total() == Decimal("1.5")


GZIP = gzip.compress(PLAIN.encode() * 50)
FLIPPED = bytearray(GZIP)
FLIPPED[len(GZIP) // 2] ^= 0x10
WRONG_CRC = bytearray(GZIP)
WRONG_CRC[-8] ^= 1
HEAD, FIRST, SECOND = PLAIN.splitlines()
MIXED = csv_text(TWO, columns=sorted(COLUMNS, key="BillingCurrency".__eq__)).replace("\n", "\r\n", 2)
REFUSED: dict[str, tuple[str, str | bytes, str]] = {
    "zero bytes": ("a.csv", b"", "a.csv: the file is empty (0 bytes)."),
    "zero bytes of gzip": ("a.csv.gz", b"", "a.csv.gz: the file is empty (0 bytes)."),
    "gzip of nothing": ("a.csv.gz", gzip.compress(b""), "a.csv.gz: no header line."),
    "header only": ("a.csv", HEAD + "\n", "The delivery has no rows."),
    "blank": ("a.csv", "\n\n\n", "a.csv: no header line."),
    "only a mark": ("a.csv", "\ufeff", "a.csv: no header line."),
    "truncated gzip": ("a.csv.gz", GZIP[:-20], "a.csv.gz: the gzip ends too early."),
    "gzip without its trailer": ("a.csv.gz", GZIP[:-8], "a.csv.gz: the gzip ends too early."),
    "flipped bit in gzip": ("a.csv.gz", bytes(FLIPPED), "a.csv.gz: damaged gzip ("),
    "wrong checksum in gzip": (
        "a.csv.gz",
        bytes(WRONG_CRC),
        "a.csv.gz: damaged gzip (Error -3 while decompressing data: incorrect data check).",
    ),
    "second gzip member cut": ("a.csv.gz", GZIP + GZIP[:40], "a.csv.gz: the gzip ends too early."),
    "no gzip": ("a.csv.gz", PLAIN, "a.csv.gz: damaged gzip ("),
    "gzip named CSV": ("a.csv", GZIP, "a.csv: not CSV but gzip; name it .csv.gz."),
    "semicolons": ("a.csv", PLAIN.replace(",", ";"), "a.csv, line 1: separated by ';'."),
    "tabs": ("a.csv", PLAIN.replace(",", "\t"), "a.csv, line 1: separated by '\\t'."),
    "UTF-16": ("a.csv", PLAIN.encode("utf-16"), "a.csv: not CSV but UTF-16 text; save it as UTF-8."),
    "latin-1 header": ("a.csv", PLAIN.replace("Tags", "Étiquette").encode("latin-1"), "a.csv, line 1: not UTF-8."),
    "latin-1 value": (
        "a.csv",
        csv_text([charge(), charge(ServiceName="Café")]).encode("latin-1"),
        "a.csv, line 3, column ServiceName: not UTF-8.",
    ),
    "column twice": ("a.csv", PLAIN.replace("Tags", "BilledCost"), "a.csv: column BilledCost stands twice."),
    "column twice but for case": (
        "a.csv",
        PLAIN.replace("Tags", "billedcost"),
        "a.csv: column BilledCost stands twice.",
    ),
    "column without a name": (
        "a.csv",
        PLAIN.replace("Tags", ""),
        f"a.csv, line 1: column {COLUMNS.index('Tags') + 1} has no name.",
    ),
    "unterminated quote": (
        "a.csv",
        f'{HEAD}\n{FIRST}\n"{FIRST}\n{FIRST}\n',
        "a.csv, line 3: not CSV from here on (unexpected end of data).",
    ),
    "unterminated quote in the header": ("a.csv", f'"{PLAIN}', "a.csv, line 1: not CSV ("),
    "text after a quote": ("a.csv", f'{HEAD}\n"1"x{FIRST}\n', "a.csv, line 2: not CSV from here on ("),
    "short row": (
        "a.csv",
        f"{HEAD}\n{FIRST}\n1.5,2\n",
        f"a.csv, line 3, column 2: 2 fields where the header has {len(COLUMNS)}.",
    ),
    "long row": (
        "a.csv",
        f"{HEAD}\n{FIRST},x\n",
        f"a.csv, line 2, column {len(COLUMNS) + 1}: {len(COLUMNS) + 1} fields where the header has {len(COLUMNS)}.",
    ),
    "cut in the last row": ("a.csv", PLAIN[:-30], "a.csv, line 3"),
    "mixed line ends": (
        "a.csv",
        MIXED,
        "a.csv: some lines end with CR LF and others with LF; write all of them alike.",
    ),
    "no FOCUS at all": (
        "a.csv",
        "a,b\n1,2\n",
        "a.csv: not a usable FOCUS bill, it has no column BilledCost, EffectiveCost, BillingCurrency, ",
    ),
    "some other file": ("a.json", "{}", "a.json: neither .csv, .csv.gz nor .parquet."),
    "Parquet named CSV": ("a.csv", b"PAR1....PAR1", "a.csv: not CSV but Parquet; name it .parquet."),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_bill_is_refused(place: Place, kind: str) -> None:
    """Every other form is refused with its true reason, and what was stored stays as it was."""
    place.ingest(write_csv(place.folder / "before.csv", [charge()]))
    name, content, reason = REFUSED[kind]
    refusal = place.refusal(put(place, content, name))
    assert refusal.reason.replace(str(place.folder) + "/", "").startswith(reason)
    assert place.runs() == ["published", "refused"]
    assert place.leftovers() == []


BAD_VALUES = {
    "BilledCost": [
        ("NaN", "'NaN' is not a decimal number."),
        ("inf", "'inf' is not a decimal number."),
        ("1,000", "'1,000' is not a decimal number."),
        ("0x10", "'0x10' is not a decimal number."),
        ("1_000", "'1_000' is not a decimal number."),
        ("$5", "'$5' is not a decimal number."),
        ("١٢", "'١٢' is not a decimal number."),
        ("1 000", "'1 000' is not a decimal number."),
        ("(5)", "'(5)' is not a decimal number."),
        ("--5", "'--5' is not a decimal number."),
        ("123456789012345678901", "'123456789012345678901' is too large (20 digits before the point at most)."),
        ("1e20", "'1e20' is too large (20 digits before the point at most)."),
        ("1e99999999999999999999", "'1e99999999999999999999' is too large (20 digits before the point at most)."),
        ("", "empty where every row needs a value."),
    ],
    "ChargePeriodStart": [
        (text, f"{text!r} is not an ISO 8601 date or time from 1990-01-01 up to 2200-01-01.")
        for text in (
            "5/1/25",
            "2024-02-30",
            "2023-02-29T00:00:00Z",
            "0001-01-01T00:00:00Z",
            "2024-09-01T24:00:00Z",
            "2024-09-01T00:00:60Z",
            "2024-13-01",
            "20240901",
            "2024-09-01T00",
            "infinity",
            "2024-09-01T00:00:00+19:00",
            "2200-01-01",
            "1989-12-31T23:59:59Z",
            "1727740800",
            "2024-9-1",
            "now",
        )
    ]
    + [("NULL", "empty where every row needs a value.")],
    "BillingPeriodStart": [("null", "empty where every row needs a value.")],
    "EffectiveCost": [("null", "empty where every row needs a value.")],
    "ChargeCategory": [
        ("usages", "'usages' is none of Usage, Purchase, Tax, Credit, Adjustment."),
        ("Refund", "'Refund' is none of Usage, Purchase, Tax, Credit, Adjustment."),
        ("", "empty where every row needs a value."),
    ],
    "BillingCurrency": [
        ("usd", "'usd' is not an ISO 4217 currency code."),
        ("US", "'US' is not an ISO 4217 currency code."),
        ("", "empty where every row needs a value."),
    ],
}


@pytest.mark.parametrize("column", BAD_VALUES)
def test_a_bad_value_is_named_by_line_and_column(place: Place, column: str) -> None:
    """A bad value refuses the file, naming its line even after quoted line ends and blank lines."""
    cases = BAD_VALUES[column]
    rows = [
        charge(ServiceName="one\ntwo\nthree"),
        charge(),
        *(charge(**{column: value}) for value, _ in cases),
        charge(),
    ]
    path = put(place, csv_text(rows) + "\n\n" + csv_text([charge(**{column: cases[0][0]})]).split("\n", 1)[1])
    lines = [*range(6, 6 + len(cases)), 6 + len(cases) + 3]
    reasons = [reason for _, reason in (*cases, cases[0])]
    assert place.refusal(path).faults == tuple(
        f"a.csv, line {line}, column {column}: {reason}" for line, reason in zip(lines, reasons, strict=True)
    )


@pytest.mark.parametrize("column", [name for name in USUAL if name in BAD_VALUES])
def test_the_first_and_the_last_row_are_looked_at(place: Place, column: str) -> None:
    """A value missing in the first or last row alone refuses the file."""
    for bad in (0, 4):
        rows = [charge(**({column: "NULL"} if number == bad else {})) for number in range(5)]
        faults = place.refusal(write_csv(place.folder / "a.csv", rows)).faults
        assert faults == (f"a.csv, line {bad + 2}, column {column}: empty where every row needs a value.",)


@pytest.mark.parametrize(
    ("bad", "said"), [(1, ""), (20, " 20 faults in this file."), (25, " 20 faults and more in this file.")]
)
def test_at_most_twenty_faults_are_named(place: Place, bad: int, said: str) -> None:
    """Of 25 faults 20 are named, and that there are more is said only where there are."""
    refusal = place.refusal(write_csv(place.folder / "a.csv", [*[charge(BilledCost="x")] * bad, charge()]))
    assert len(refusal.faults) == min(bad, 20)
    assert refusal.reason == f"a.csv, line 2, column BilledCost: 'x' is not a decimal number.{said}"


def test_a_bill_without_any_billed_cost_is_refused(place: Place) -> None:
    """BilledCost empty throughout is said as such; unreadable throughout is named by its lines."""
    refusal = place.refusal(write_csv(place.folder / "a.csv", [charge(BilledCost="NULL")] * 3))
    assert refusal.reason == "a.csv: BilledCost is empty throughout, no figure can be made of it."
    refusal = place.refusal(write_csv(place.folder / "a.csv", [charge(BilledCost="1,000")] * 2))
    assert refusal.faults[1] == "a.csv, line 3, column BilledCost: '1,000' is not a decimal number."


def test_costs_that_overflow_together_are_refused(place: Place) -> None:
    """Amounts that fit one by one and not together refuse the delivery instead of failing it."""
    rows = [charge(BilledCost="99999999999999999999")] * 3
    assert place.refusal(write_csv(place.folder / "a.csv", rows)).reason == (
        "a.csv: the costs add up to more than DECIMAL(38,18) holds."
    )
    apart = [charge(BilledCost="99999999999999999999", SubAccountId=str(number)) for number in range(3)]
    assert place.refusal(write_csv(place.folder / "a.csv", apart)).reason == (
        "The costs of one team add up to more than DECIMAL(38,18) holds."
    )


def test_flipped_bits_in_a_gzip_never_change_a_figure(place: Place) -> None:
    """Whatever bit of a gzip is flipped, the file is refused or its figures are the delivered ones."""
    rows = [charge(BilledCost=str(number)) for number in range(50)]
    content = gzip.compress(csv_text(rows).encode())
    dice = random.Random(7)
    refused = 0
    for turn in range(25):
        broken = bytearray(content)
        broken[dice.randrange(len(broken))] ^= 1 << dice.randrange(8)
        try:
            place.ingest(put(place, bytes(broken), f"{turn}.csv.gz"), export=f"e{turn}")
        except Exception as refusal:
            assert type(refusal).__name__ == "DeliveryRefused"
            refused += 1
        else:
            assert place.totals(export=f"e{turn}") == {("USD",): Decimal(sum(range(50)))}
    assert refused > 15


def test_a_bill_that_lacks_mandatory_columns_says_which(place: Place) -> None:
    """A column that no figure needs is missed by name, and does without it only when asked to."""
    row = charge()
    del row["ListCost"], row["PricingUnit"]
    path = write_csv(place.folder / "a.csv", [row])
    refusal = place.refusal(path)
    assert refusal.reason == "a.csv: read as FOCUS 1.0, it lacks the mandatory column ListCost, PricingUnit."
    assert "`--lenient`" in refusal.mend
    done = place.ingest(path, lenient=True)
    assert done.remarks == ("a.csv: not conformant to FOCUS 1.0, it lacks ListCost, PricingUnit.",)


def test_what_is_in_no_focus_format_is_told_what_to_do(place: Place) -> None:
    """A bill of no known kind is refused with the names it has, and the two ways out."""
    refusal = place.refusal(put(place, "lineItem/UsageAmount,lineItem/BlendedCost\n1,2\n"))
    assert refusal.mend == (
        "It is neither FOCUS nor a bill of AWS, Azure, GCP or OCI that is known by its columns (it has "
        "lineItem/UsageAmount, lineItem/BlendedCost). Export it with English column names, or write a mapping: --rules "
        "(docs/howto/connect-a-source.md#bills-of-any-columns)."
    )
    refusal = place.refusal(put(place, "Datum,Abonnement,Dienst,Kosten\n1,2,3,4\n"))
    assert "(it has Datum, Abonnement, Dienst, …)" in refusal.mend
