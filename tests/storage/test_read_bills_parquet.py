"""Reading Parquet bills: every type a writer may choose gives the exact figures, or is refused by its row."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from finops.basis import Basis
from finops.company import Company, DerivedTeams
from finops.scope import Derived
from tests.storage.bills import Place, charge, write_parquet

COSTS: dict[str, tuple[pyarrow.DataType, list[Any], str]] = {
    "double": (pyarrow.float64(), [0.1, 0.2, 1e-7, 123456789.12345678], "123456789.4234568799999"),
    "float": (pyarrow.float32(), [0.1, 0.25], "0.35"),
    "decimal of scale 18": (pyarrow.decimal128(38, 18), [Decimal("0.123456789012345678")] * 2, "0.246913578024691356"),
    "decimal of scale 2": (pyarrow.decimal128(10, 2), [Decimal("1.25"), Decimal("-3.10")], "-1.85"),
    "decimal of scale 0": (pyarrow.decimal128(38, 0), [Decimal(10**19)], str(10**19)),
    "integer": (pyarrow.int64(), [7, -2], "5"),
    "text": (pyarrow.string(), ["1.5E1", "0.000000000000000001"], "15.000000000000000001"),
    "large text": (pyarrow.large_string(), ["1.5"], "1.5"),
    "dictionary of text": (pyarrow.dictionary(pyarrow.int32(), pyarrow.string()), ["1.5", "1.5", "2"], "5"),
    "bytes": (pyarrow.binary(), [b"1.5", b"2"], "3.5"),
}


@pytest.mark.parametrize("kind", COSTS)
def test_costs_of_every_type_are_exact(place: Place, kind: str) -> None:
    """A cost is the number the provider wrote, whatever type it was written in."""
    type_, values, total = COSTS[kind]
    rows = [charge(BilledCost=value) for value in values]
    done = place.ingest(write_parquet(place.folder / "a.parquet", rows, {"BilledCost": type_}))
    if kind == "double":
        total = str(sum(Decimal(repr(value)) for value in values))
    assert (place.total(), done.remarks) == (Decimal(total), ())


def test_finer_decimals_are_rounded_with_a_remark(place: Place) -> None:
    """A DECIMAL of more than 18 places is rounded to 18, and the ingest says how many costs were."""
    rows = [charge(BilledCost=Decimal("0.12345678901234567890")), charge(BilledCost=Decimal("1.50000000000000000000"))]
    done = place.ingest(write_parquet(place.folder / "a.parquet", rows, {"BilledCost": pyarrow.decimal128(38, 20)}))
    assert place.total() == Decimal("1.623456789012345679")
    assert done.remarks == ("a.parquet: 1 costs had more than 18 decimals and were rounded to 18.",)


LATE = datetime(2024, 9, 30, 23, 30)
TOKYO = timezone(timedelta(hours=9))
TIMES: dict[str, tuple[pyarrow.DataType, Any, date]] = {
    **{
        f"timestamp[{unit}]": (pyarrow.timestamp(unit), LATE.replace(microsecond=0), date(2024, 9, 30))
        for unit in ("s", "ms", "us", "ns")
    },
    **{
        f"timestamp[{unit}, UTC]": (pyarrow.timestamp(unit, "UTC"), LATE.replace(tzinfo=UTC), date(2024, 9, 30))
        for unit in ("s", "ms", "us", "ns")
    },
    "timestamp[us, Tokyo]": (
        pyarrow.timestamp("us", "Asia/Tokyo"),
        datetime(2024, 10, 1, 8, 30, tzinfo=TOKYO),
        date(2024, 9, 30),
    ),
    "date": (pyarrow.date32(), date(2024, 9, 30), date(2024, 9, 30)),
    "text": (pyarrow.string(), "2024-10-01T01:00:00+02:00", date(2024, 9, 30)),
}


@pytest.mark.parametrize("kind", TIMES)
def test_times_of_every_type_are_utc(place: Place, kind: str) -> None:
    """A time of any unit and zone falls on its day in UTC."""
    type_, value, day = TIMES[kind]
    place.ingest(
        write_parquet(place.folder / "a.parquet", [charge(ChargePeriodStart=value)], {"ChargePeriodStart": type_})
    )
    assert [key[2] for key in place.served()] == [day]


STRING_MAP = pyarrow.map_(pyarrow.string(), pyarrow.string())
ENTRY = pyarrow.list_(pyarrow.struct([("key", pyarrow.string()), ("value", pyarrow.string())]))
TAGS: dict[str, tuple[pyarrow.DataType, list[Any]]] = {
    "JSON text": (
        pyarrow.string(),
        ['{"Cost Center": "Web", "x": null}', '{"costcenter": "web "}', "{}", "", "no json"],
    ),
    "map": (STRING_MAP, [[("Cost Center", "Web"), ("x", None)], [("costcenter", "web")], [], None, [("x", "y")]]),
    "struct": (
        pyarrow.struct([("Cost Center", pyarrow.string()), ("x", pyarrow.string())]),
        [{"Cost Center": "Web", "x": None}, {"Cost Center": "web"}, {"Cost Center": None}, None, {"x": "y"}],
    ),
    "list of structs": (
        ENTRY,
        [
            [{"key": "Cost Center", "value": "Web"}],
            [{"key": "costcenter", "value": "web"}],
            [],
            None,
            [{"key": "x", "value": "y"}],
        ],
    ),
}


@pytest.mark.parametrize("kind", TAGS)
def test_tags_of_every_type_find_the_team(place: Place, kind: str) -> None:
    """Tags as JSON text, map, struct or list of structs name the same team; a struct's null field is no tag."""
    place.company = Company(derived_teams=DerivedTeams(Derived(tag="COST center"), ""))
    type_, values = TAGS[kind]
    place.ingest(write_parquet(place.folder / "a.parquet", [charge(Tags=value) for value in values], {"Tags": type_}))
    assert place.totals("team") == {("web", "USD"): Decimal(3), ("unallocated", "USD"): Decimal("4.5")}


def test_a_valueless_tag_is_true(place: Place) -> None:
    """A tag without a value is there, with the value 'true'."""
    place.company = Company(derived_teams=DerivedTeams(Derived(tag="shared"), ""))
    for number, (type_, value) in enumerate([(STRING_MAP, [("Shared", None)]), (pyarrow.string(), '{"shared": ""}')]):
        place.ingest(write_parquet(place.folder / f"{number}.parquet", [charge(Tags=value)], {"Tags": type_}))
        assert place.totals("team") == {("true", "USD"): Decimal("1.5")}


def test_one_billing_period_stays_byte_for_byte(place: Place) -> None:
    """A Parquet bill of one billing period is kept exactly as delivered."""
    path = write_parquet(place.folder / "a.parquet", [charge(x_Extra="kept")])
    place.ingest(path)
    (kept,) = place.folder.glob("ledger/bill/2024-09/v0001/part-0001.parquet")
    assert kept.read_bytes() == path.read_bytes()


def bad(**values: tuple[pyarrow.DataType, Any]) -> tuple[list[dict[str, Any]], dict[str, pyarrow.DataType]]:
    """A bill whose second row has these values, and the types they are of; its first row has none of them bad."""
    types = {name: type_ for name, (type_, _) in values.items()}
    return [charge(**{name: value for name, (_, value) in values.items()})], types


NO_TIME = "is not an ISO 8601 date or time from 1990-01-01 up to 2200-01-01."
ROWS = {
    "nan": (bad(BilledCost=(pyarrow.float64(), float("nan"))), "BilledCost: 'nan' is not a decimal number."),
    "inf": (bad(BilledCost=(pyarrow.float64(), float("inf"))), "BilledCost: 'inf' is not a decimal number."),
    "null": (bad(EffectiveCost=(pyarrow.float64(), None)), "EffectiveCost: empty where every row needs a value."),
    "too large": (
        bad(BilledCost=(pyarrow.float64(), 1e21)),
        "BilledCost: '1e+21' is too large (20 digits before the point at most).",
    ),
    "too many digits": (
        bad(BilledCost=(pyarrow.decimal128(38, 0), Decimal(10**20))),
        "BilledCost: '100000000000000000000' is too large (20 digits before the point at most).",
    ),
    "truth": (bad(BilledCost=(pyarrow.bool_(), True)), "BilledCost: 'true' is not a decimal number."),
    "text": (bad(BilledCost=(pyarrow.string(), "1,000")), "BilledCost: '1,000' is not a decimal number."),
    "year 1": (
        bad(ChargePeriodStart=(pyarrow.timestamp("us"), datetime(1, 1, 1))),
        f"ChargePeriodStart: '0001-01-01 00:00:00' {NO_TIME}",
    ),
    "seconds": (bad(ChargePeriodStart=(pyarrow.int64(), 1727740800)), f"ChargePeriodStart: '1727740800' {NO_TIME}"),
    "category": (
        bad(ChargeCategory=(pyarrow.string(), "usages")),
        "ChargeCategory: 'usages' is none of Usage, Purchase, Tax, Credit, Adjustment.",
    ),
    "number as category": (
        bad(ChargeCategory=(pyarrow.int64(), 3)),
        "ChargeCategory: '3' is none of Usage, Purchase, Tax, Credit, Adjustment.",
    ),
    "number as currency": (
        bad(BillingCurrency=(pyarrow.int64(), 840)),
        "BillingCurrency: '840' is not an ISO 4217 currency code.",
    ),
}


@pytest.mark.parametrize("kind", ROWS)
def test_a_bad_value_is_named_by_row_and_column(place: Place, kind: str) -> None:
    """One bad value refuses the file, naming its row and column."""
    (rows, types), reason = ROWS[kind]
    faults = place.refusal(write_parquet(place.folder / "a.parquet", rows, types)).faults
    if not faults:  # the only row's BilledCost is null
        raise AssertionError(kind)
    assert faults == (f"a.parquet, row 1, column {reason}",)


def test_the_row_at_fault_is_counted_over_row_groups(place: Place) -> None:
    """The last row of the last row group is found by its number."""
    rows = [charge() for _ in range(2500)] + [charge(BillingCurrency="")]
    table = pyarrow.Table.from_pylist([{k: v or None for k, v in row.items()} for row in rows])
    pyarrow.parquet.write_table(table, place.folder / "a.parquet", row_group_size=1000)
    assert place.refusal(place.folder / "a.parquet").faults == (
        "a.parquet, row 2501, column BillingCurrency: empty where every row needs a value.",
    )


def test_what_is_no_parquet_is_refused(place: Place) -> None:
    """Text, an empty file, a truncated one and one without rows are refused, and nothing is left behind."""
    whole = write_parquet(place.folder / "whole.parquet", [charge()]).read_bytes()
    table = pyarrow.parquet.read_table(place.folder / "whole.parquet")
    pyarrow.parquet.write_table(table.slice(0, 0), place.folder / "norows.parquet")
    twice = pyarrow.table([*table.columns, table.column(0)], names=[*table.column_names, table.column_names[0].lower()])
    pyarrow.parquet.write_table(twice, place.folder / "twice.parquet")
    for name, content in {"text": b"a,b\n1,2\n", "empty": b"", "cut": whole[:-30], "head": whole[:40]}.items():
        (place.folder / f"{name}.parquet").write_bytes(content)
    reasons = {
        "text": "text.parquet: not a whole Parquet file (",
        "empty": "empty.parquet: the file is empty (0 bytes).",
        "cut": "cut.parquet: not a whole Parquet file (",
        "head": "head.parquet: not a whole Parquet file (",
        "norows": "The delivery has no rows.",
        "twice": f"twice.parquet: column {table.column_names[0].lower()} stands twice.",
    }
    for name, reason in reasons.items():
        assert place.refusal(place.folder / f"{name}.parquet").reason.startswith(reason)
    assert place.leftovers() == []


def test_damaged_pages_never_crash(place: Place) -> None:
    """A Parquet file with a flipped bit is read or refused, and never fails in another way."""
    whole = write_parquet(place.folder / "whole.parquet", [charge(BilledCost=str(n)) for n in range(50)]).read_bytes()
    dice = random.Random(3)
    for turn in range(15):
        broken = bytearray(whole)
        broken[dice.randrange(len(broken))] ^= 1 << dice.randrange(8)
        path = Path(place.folder / f"{turn}.parquet")
        path.write_bytes(broken)
        try:
            place.ingest(path, export=f"e{turn}")
        except Exception as refusal:
            assert type(refusal).__name__ in ("DeliveryRefused", "DeliveryFailed"), refusal


def test_both_bases_come_from_their_own_column(place: Place) -> None:
    """Columns in any order give each basis its own cost, Tax only where it counts."""
    rows = [dict(reversed(charge(ChargeCategory=category).items())) for category in ("Usage", "Tax", "Credit")]
    place.ingest(write_parquet(place.folder / "a.parquet", rows))
    assert {basis: place.total(basis) for basis in Basis} == {
        Basis.BILLED: Decimal("4.5"),
        Basis.EFFECTIVE: Decimal("2.5"),
        Basis.USAGE_BILLED: Decimal("1.5"),
    }
