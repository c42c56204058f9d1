"""CSV bills: turned into typed Parquet, or refused with the lines at fault."""

from __future__ import annotations

import csv
import re
from datetime import date
from pathlib import Path

import duckdb

from finops import focus
from finops.errors import DeliveryRefused
from storage.engines.duckdb import DuckDBEngine, literal, quoted
from storage.ledger.bill_file import BillFile
from storage.ledger.charges import DECIMAL_TEXT, TIME_TEXT, cost_sql, time_sql

MOST_FAULTS = 20
LONGEST_LINE = 16 << 20
ROUNDED = "x_RoundedCosts"
"""Column added to every row of a CSV bill: how many of its costs had more than 18 decimals."""


def csv_to_parquet(engine: DuckDBEngine, bill: BillFile, target: Path) -> list[str]:
    """Write a CSV bill as Parquet: costs DECIMAL(38,18), times TIMESTAMP in UTC, every other column as delivered.

    A cost or time that cannot be read becomes NULL here; check_groups refuses it, and find_faults says why.

    Returns:
        Remarks for the person who ingests: how many amounts had more than 18 decimals.

    Raises:
        DeliveryRefused: naming up to 20 lines that are not CSV or hold a value that cannot be read.
    """
    names = bill.header()
    types = dict.fromkeys(names, "VARCHAR")
    costs = {column for name in focus.COSTS if (column := focus.read_from(name, names))}
    times = {column for name in focus.TIMES if (column := focus.read_from(name, names))}
    selected = [
        f"{(cost_sql if name in costs else time_sql)(name, types)} AS {quoted(name)}"
        if name in costs | times
        else quoted(name)
        for name in names
    ]
    rounded = " + ".join(f"CAST({_too_fine(name)} AS TINYINT)" for name in sorted(costs))
    selected.append(f"COALESCE({rounded}, 0) AS {quoted(ROUNDED)}")
    query = f"SELECT {', '.join(selected)} FROM {_reader(bill, names)}"
    try:
        engine.run(f"COPY ({query}) TO {literal(target)} (FORMAT parquet, COMPRESSION zstd)")
    except duckdb.Error as error:
        raise _refusal(bill, names, str(error)) from None
    count = engine.rows(f"SELECT sum({quoted(ROUNDED)}) FROM read_parquet({literal(target)})")[0][0]
    return [f"{bill.shown}: {count} costs had more than 18 decimals and were rounded to 18."] if count else []


def _reader(bill: BillFile, names: list[str]) -> str:
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    nulls = ", ".join(literal(token) for token in focus.NULL_TOKENS)
    return (
        f"read_csv({literal(bill.path)}, columns = {{{columns}}}, auto_detect = false, header = true, delim = ',', "
        f"quote = '\"', escape = '\"', nullstr = [{nulls}], strict_mode = true, max_line_size = {LONGEST_LINE}, "
        f"compression = '{'gzip' if bill.is_gzip else 'none'}')"
    )


def _too_fine(name: str) -> str:
    """SQL: whether a decimal's text has more than 18 places that are not zero."""
    mantissa = f"regexp_extract({quoted(name)}, '\\.(\\d*?)0*([eE]|\\s*$)', 1)"
    exponent = f"COALESCE(TRY_CAST(regexp_extract({quoted(name)}, '[eE]([+-]?\\d+)', 1) AS INTEGER), 0)"
    return f"length({mantissa}) - {exponent} > 18"


def _refusal(bill: BillFile, names: list[str], engine_words: str) -> DeliveryRefused:
    faults = tuple(find_faults(bill, names))
    if not faults:
        line = re.search(r"[Ll]ine:? (\d+)", engine_words)
        faults = (f"{bill.shown}, line {line[1] if line else '?'}: {engine_words.splitlines()[0][:200]}",)
    return DeliveryRefused(f"{bill.shown} cannot be read: {faults[0]}", faults)


def find_faults(bill: BillFile, names: list[str]) -> list[str]:
    """Up to 20 faults of a CSV bill, each 'file, line, column: reason'; read in Python, since it names lines exactly."""
    faults: list[str] = []
    csv.field_size_limit(LONGEST_LINE)
    first = 1
    try:
        with bill.open_text() as text:
            reader = csv.reader(text, strict=True)
            for record in reader:
                if first > 1 and record:
                    faults += [f"{bill.shown}, line {first}, {fault}" for fault in _record_faults(names, record)]
                if len(faults) >= MOST_FAULTS:
                    return faults[:MOST_FAULTS]
                first = reader.line_num + 1
    except csv.Error as error:
        faults.append(f"{bill.shown}, line {first}: not CSV from here on ({error}).")
    except UnicodeDecodeError as error:
        faults.append(f"{bill.shown}, after line {first}: not UTF-8 ({error.reason}).")
    return faults


def _record_faults(names: list[str], record: list[str]) -> list[str]:
    if len(record) != len(names):
        return [f"column {len(record)}: {len(record)} fields where the header has {len(names)}."]
    values = dict(zip(names, record, strict=True))
    return [
        f"column {column}: {reason}"
        for name in focus.ALWAYS_FILLED
        if (column := focus.read_from(name, names)) and (reason := value_fault(name, values[column]))
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
        whole = re.match(DECIMAL_TEXT, value)
        if not whole:
            return f"{shown} is not a decimal number."
        return None if abs(float(value)) < 1e20 else f"{shown} is too large (20 digits before the point at most)."
    if name in focus.TIMES:
        return None if re.match(TIME_TEXT, value) and _exists(value) else f"{shown} is not an ISO 8601 date or time."
    if name == "ChargeCategory" and value not in focus.CHARGE_CATEGORIES:
        return f"{shown} is none of {', '.join(focus.CHARGE_CATEGORIES)}."
    if name == "BillingCurrency" and not re.fullmatch("[A-Z]{3}", value):
        return f"{shown} is not an ISO 4217 currency code."
    return None


def _exists(value: str) -> bool:
    year, month, day = int(value[:4]), int(value[5:7]), int(value[8:10])
    try:
        date(year, month, day)
    except ValueError:
        return False
    hour, minute, second = (int(found) for found in (re.findall(r"[T :](\d{2})", value[10:19]) + ["0"] * 3)[:3])
    return 1990 <= year < 2200 and hour <= 24 and minute < 60 and second < 61
