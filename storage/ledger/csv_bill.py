"""CSV bills: turned into typed Parquet, or refused with the lines at fault."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from finops import focus
from finops.errors import DeliveryRefused
from finops.money import EXACT
from storage.engines.duckdb import DuckDBEngine, exact_path, literal, parquet, quoted
from storage.ledger.bill_file import BillFile
from storage.ledger.charges import DECIMAL_TEXT, EARLIEST, LATEST, TIME_TEXT, cost_sql, time_sql
from storage.ledger.finding_bills import is_text
from storage.ledger.workplace import OUTSIDE

MOST_FAULTS = 20
LONGEST_LINE = 16 << 20
TOO_LARGE = Decimal("1e20") - Decimal("5e-19")
"""From here on an amount no longer fits DECIMAL(38,18), rounded."""
ROUNDED = "x_RoundedCosts"
"""Column added to every row of a CSV bill: how many of its costs had more than 18 decimals."""


def csv_to_parquet(engine: DuckDBEngine, bill: BillFile, target: Path, *, as_text: bool = False) -> list[str]:
    """Write a CSV bill as Parquet: costs DECIMAL(38,18), times TIMESTAMP in UTC, every other column as delivered.

    A cost or time that cannot be read becomes NULL here; check_groups refuses it, and find_faults says why.

    Args:
        as_text: every column as delivered, since the bill is not FOCUS.

    Returns:
        Remarks for the person who ingests: how many amounts had more than 18 decimals.

    Raises:
        DeliveryRefused: naming up to 20 lines that are not CSV or hold a value that cannot be read.
    """
    names = bill.header()
    types = dict.fromkeys(names, "VARCHAR")
    known = () if as_text else names
    costs = {column for name in focus.COSTS if (column := focus.read_from(name, known))}
    times = {column for name in focus.TIMES if (column := focus.read_from(name, known))}
    selected = [
        f"{(cost_sql if name in costs else time_sql)(name, types)} AS {quoted(name)}"
        if name in costs | times
        else quoted(name)
        for name in names
    ]
    marker = ROUNDED
    while marker.lower() in {name.lower() for name in names}:
        marker += "_"
    rounded = " + ".join(f"CAST({too_fine(quoted(name))} AS TINYINT)" for name in sorted(costs)) or "0"
    selected.append(f"COALESCE({rounded}, 0) AS {quoted(marker)}")
    query = f"SELECT {', '.join(selected)} FROM {_reader(bill, names)}"
    try:
        engine.run(f"COPY ({query}) TO {literal(target)} (FORMAT parquet, COMPRESSION zstd)")
    except OUTSIDE:
        raise
    except duckdb.Error as error:
        raise _refusal(bill, names, str(error), as_text) from None
    return rounded_remark(bill.shown, engine.rows(f"SELECT sum({quoted(marker)}) FROM {parquet(target)}")[0][0])


def _reader(bill: BillFile, names: list[str]) -> str:
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    nulls = ", ".join(literal(token) for token in focus.NULL_TOKENS)
    return (
        f"read_csv({exact_path(bill.path)}, columns = {{{columns}}}, auto_detect = false, header = true, delim = ',', "
        f"quote = '\"', escape = '\"', nullstr = [{nulls}], strict_mode = true, max_line_size = {LONGEST_LINE}, "
        f"compression = '{'gzip' if bill.is_gzip else 'none'}', hive_partitioning = false)"
    )


def too_fine(text: str) -> str:
    """SQL: whether a decimal's text has more than 18 places that are not zero."""
    mantissa = f"regexp_extract({text}, '[0-9.]+')"
    digits = f"replace({mantissa}, '.', '')"
    fraction = f"length(regexp_extract({mantissa}, '\\.(.*)', 1))"
    exponent = f"COALESCE(TRY_CAST(regexp_extract({text}, '[eE]([+-]?\\d+)', 1) AS INTEGER), 0)"
    zeros = f"length({digits}) - length(rtrim({digits}, '0'))"
    # Few texts are long or have an exponent: the others are told apart without looking into them.
    return (
        f"((length({text}) > 19 OR contains(lower({text}), 'e')) "
        f"AND rtrim({digits}, '0') <> '' AND {fraction} - ({zeros}) - {exponent} > 18)"
    )


def rounded_remark(shown: str, count: int | None) -> list[str]:
    """What is said where costs had more decimals than are kept."""
    return [f"{shown}: {count} costs had more than 18 decimals and were rounded to 18."] if count else []


def refusal_of(faults: list[str]) -> DeliveryRefused:
    """The refusal that names a file's faults: the first in its line, up to 20 beside it."""
    named, more = tuple(faults[:MOST_FAULTS]), len(faults) > MOST_FAULTS
    count = f" {len(named)} faults{' and more' if more else ''} in this file." if len(faults) > 1 else ""
    return DeliveryRefused(f"{named[0]}{count}", named)


def _refusal(bill: BillFile, names: list[str], engine_words: str, as_text: bool) -> DeliveryRefused:
    faults = find_faults(bill, names, as_text=as_text)
    if not faults and _mixes_line_ends(bill):
        faults = [f"{bill.shown}: some lines end with CR LF and others with LF; write all of them alike."]
    if not faults:
        line = re.search(r"[Ll]ine:? (\d+)", engine_words)
        faults = [f"{bill.shown}{f', line {line[1]}' if line else ''}: {engine_words.splitlines()[0][:200]}"]
    return refusal_of(faults)


def _mixes_line_ends(bill: BillFile) -> bool:
    with bill.open_text("replace") as text:
        ends = {line[-2:] == "\r\n" for line in text if line.endswith("\n")}
    return len(ends) > 1


def find_faults(bill: BillFile, names: list[str], *, as_text: bool = False) -> list[str]:
    """The faults of a CSV bill, each 'file, line, column: reason', one more than are named at most.

    With `as_text` only what is not CSV or not UTF-8 is a fault: the bill is not FOCUS, so its values are its own.
    Read in Python, since it names lines exactly: a record's line is the one it begins on.
    """
    faults: list[str] = []
    needed = {} if as_text else {name: focus.read_from(name, names) for name in focus.ALWAYS_FILLED}
    csv.field_size_limit(LONGEST_LINE)
    first = 1
    try:
        with bill.open_text("surrogateescape") as text:
            reader = csv.reader(text, strict=True)
            for record in reader:
                if first > 1 and record:
                    found = _record_faults(names, record, needed)
                    faults += [f"{bill.shown}, line {first}, {fault}" for fault in found]
                if len(faults) > MOST_FAULTS:
                    break
                first = reader.line_num + 1
    except csv.Error as error:
        faults.append(f"{bill.shown}, line {first}: not CSV from here on ({error}).")
    return faults[: MOST_FAULTS + 1]


def _record_faults(names: list[str], record: list[str], needed: Mapping[str, str | None]) -> list[str]:
    if len(record) == len(names) + 1 and not record[-1]:
        record = record[:-1]  # a comma too many at the end, which the engine overlooks as well
    if len(record) != len(names):
        return [f"column {len(record)}: {len(record)} fields where the header has {len(names)}."]
    values = dict(zip(names, record, strict=True))
    return [f"column {name}: not UTF-8." for name, value in values.items() if not is_text(value)] + [
        f"column {column}: {reason}"
        for name, column in needed.items()
        if column and (reason := value_fault(name, values[column]))
    ]


def value_fault(name: str, value: str | None) -> str | None:
    """What is wrong with one value of a column that every row must fill, None where nothing is.

    Args:
        name: the column as FOCUS 1.x spells it.
        value: its text as delivered.
    """
    if value is None or value in focus.NULL_TOKENS:
        return "empty where every row needs a value."
    shown = repr(value[:60])
    if name in focus.COSTS:
        return _cost_fault(value, shown)
    if name in focus.TIMES:
        return None if _is_time(value) else f"{shown} is not an ISO 8601 date or time from {EARLIEST} up to {LATEST}."
    if name == "ChargeCategory" and value.lower() not in map(str.lower, focus.CHARGE_CATEGORIES):
        return f"{shown} is none of {', '.join(focus.CHARGE_CATEGORIES)}."
    if name == "BillingCurrency" and not re.fullmatch("[A-Z]{3}", value):
        return f"{shown} is not an ISO 4217 currency code."
    return None


def _cost_fault(value: str, shown: str) -> str | None:
    if not re.fullmatch(DECIMAL_TEXT, value, re.ASCII):
        return f"{shown} is not a decimal number."
    try:
        fits = abs(EXACT.create_decimal(value.strip())) < TOO_LARGE
    except ArithmeticError:
        fits = False
    return None if fits else f"{shown} is too large (20 digits before the point at most)."


def _is_time(value: str) -> bool:
    if not re.fullmatch(TIME_TEXT, value, re.ASCII):
        return False
    try:
        moment = datetime.fromisoformat(re.sub(" ?(Z|UTC)$", "+00:00", value))
    except ValueError:
        return False
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return EARLIEST <= aware.astimezone(UTC).date().isoformat() < LATEST
