"""Checks on a bill before anything of it is kept: one bad row refuses the delivery, naming where and why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow
from pyarrow.parquet import ParquetFile

from finops import focus
from finops.errors import DeliveryRefused
from finops.money import SCALE
from storage.engines.duckdb import DuckDBEngine, literal, parquet, quoted
from storage.ledger.bill_file import BillFile
from storage.ledger.charges import KEPT_OF_TEXT, LONGEST_TEXT, charges_sql
from storage.ledger.conversion import conversions, plain_name
from storage.ledger.csv_bill import MOST_FAULTS, find_faults, refusal_of, rounded_remark, too_fine, value_fault

_CATEGORIES = ", ".join(literal(category.lower()) for category in focus.CHARGE_CATEGORIES)
BAD = {
    "BilledCost": "billed_cost IS NULL",
    "EffectiveCost": "effective_cost IS NULL",
    "BillingCurrency": "currency IS NULL OR NOT regexp_full_match(currency, '[A-Z]{3}')",
    "BillingPeriodStart": "billing_period_start IS NULL",
    "ChargePeriodStart": "charge_period_start IS NULL",
    "ChargeCategory": f"charge_category IS NULL OR lower(charge_category) NOT IN ({_CATEGORIES})",
}
"""Column → SQL over charges_sql: whether a row's value makes the whole delivery unusable."""
LONG = {
    "provider": "ServiceProviderName",
    "sub_account_id": "SubAccountId",
    "sub_account_name": "SubAccountName",
    "service": "ServiceName",
    "region": "RegionId",
}
"""Column of the rollup whose text is part of a key → its name in FOCUS."""
_ROUNDED_ACCOUNT = r"regexp_full_match(sub_account_id, '\d([.,]\d+)?[eE]\+\d{2}')"
_BAD_GROUP = f"""
    billed_rows < rows OR effective_rows < rows OR billing_period IS NULL OR day IS NULL
    OR {BAD["BillingCurrency"]} OR {BAD["ChargeCategory"]}
"""


def check_groups(
    engine: DuckDBEngine, groups: str, bill: BillFile, types: Mapping[str, str], version: str
) -> list[str]:
    """Check a file's rollup, going back to its rows only to say where a fault is.

    Args:
        groups: FROM-clause text of the rollup (charges.groups_sql).
        types, version: of the file's rows, as given to charges_sql.

    Returns:
        Remarks: what is usable but should be known.

    Raises:
        DeliveryRefused: no rows, BilledCost empty throughout, or any bad row.
    """
    rows, billed, bad, effective, spent = engine.rows(
        f"""SELECT sum(rows), sum(billed_rows), count(*) FILTER ({_BAD_GROUP}),
            count(*) FILTER (effective_cost <> 0), count(*) FILTER (billed_cost <> 0) FROM {groups}"""
    )[0]
    if not rows:
        return []
    if bad:
        faults = _locate(engine, bill, types, version)
        costs = [fault for fault in faults if "column BilledCost: " in fault]
        if not billed and costs and all("BilledCost: empty" in fault for fault in costs):
            raise DeliveryRefused(f"{bill.shown}: BilledCost is empty throughout, no figure can be made of it.")
        raise refusal_of(faults)
    refuse_rounded_accounts(engine, groups, bill.shown)
    return [*([zero_remark(bill.shown)] if spent and not effective else []), *long_remark(engine, groups, bill.shown)]


def refuse_rounded_accounts(engine: DuckDBEngine, groups: str, shown: str) -> None:
    """Raise DeliveryRefused where sub-accounts lost their digits in a spreadsheet: several of them became one."""
    found = engine.rows(f"SELECT min(sub_account_id) FROM {groups} WHERE {_ROUNDED_ACCOUNT}")[0][0]
    if found is not None:
        raise DeliveryRefused(
            f"{shown}: SubAccountId {found!r} is a number that a spreadsheet rounded; it may be several accounts.",
            mend="Deliver the file as the provider wrote it, not as a spreadsheet saved it.",
        )


def long_remark(engine: DuckDBEngine, groups: str, shown: str) -> list[str]:
    """What to know of a bill whose texts are too long for the keys of what is served; nothing where none is.

    Args:
        groups: FROM-clause text of the rollup (charges.groups_sql).
    """
    longest = ", ".join(f"max(strlen({name}))" for name in LONG)
    found = zip(LONG.values(), engine.rows(f"SELECT {longest} FROM {groups}")[0], strict=True)
    columns = ", ".join(column for column, size in found if (size or 0) > LONGEST_TEXT)
    said = f"texts of more than {LONGEST_TEXT} bytes are shown by their first {KEPT_OF_TEXT} characters and a digest"
    return [f"{shown}: {columns}: {said}."] if columns else []


def zero_remark(shown: str) -> str:
    """What to know of a bill whose EffectiveCost is 0 throughout though it bills something."""
    return f"{shown}: EffectiveCost is 0 throughout; the basis `effective` is unusable here, use `billed`."


def _locate(engine: DuckDBEngine, bill: BillFile, types: Mapping[str, str], version: str) -> list[str]:
    """A file's faults, 'file, line N, column C: reason'; of Parquet the row's number, counted from 1."""
    if not bill.is_parquet:
        return find_faults(bill, bill.header()) or [f"{bill.shown}: a value cannot be read."]
    own = {name: focus.read_from(name, types) for name in BAD}
    texts = ", ".join(f"CAST({quoted(column)} AS VARCHAR)" if column else "NULL" for column in own.values())
    charges = charges_sql(parquet(bill.path, "file_row_number = true"), types, version)
    charges = charges.replace("SELECT ", f"SELECT file_row_number + 1 AS line, [{texts}] AS raw, ", 1)
    found = engine.rows(
        f"SELECT line, raw, [{', '.join(f'({sql})' for sql in BAD.values())}] AS bad FROM ({charges}) "
        f"WHERE {' OR '.join(f'({sql})' for sql in BAD.values())} ORDER BY line LIMIT {MOST_FAULTS + 1}"
    )
    faults = [
        f"{bill.shown}, row {line}, column {own[name]}: {value_fault(name, value) or f'{value!r} cannot be read.'}"
        for line, raw, bad in found
        for name, value, is_bad in zip(BAD, raw, bad, strict=True)
        if is_bad
    ]
    return faults[: MOST_FAULTS + 1] or [f"{bill.shown}: a row cannot be read."]


def check_parquet(engine: DuckDBEngine, path: Path, shown: str) -> dict[str, str]:
    """Column names and DuckDB types of a Parquet file.

    Raises:
        DeliveryRefused: it is none, is cut short, or two of its columns have names that differ in case at most.
    """
    try:
        types = engine.columns(f"SELECT * FROM {parquet(path)}")
        schema = ParquetFile(path).schema_arrow
    except (duckdb.Error, pyarrow.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise  # the disk's doing; what pyarrow finds wrong with a file has no number
        words = (str(error).splitlines() or [""])[0][:160]
        raise DeliveryRefused(f"{shown}: not a whole Parquet file ({words}).", mend="Fetch it again.") from None
    names = [name.lower() for name in schema.names]
    if twice := [name for name in names if names.count(name) > 1]:
        raise DeliveryRefused(f"{shown}: column {twice[0]} stands twice.")
    amounts = {column for each in conversions() for kind in each.readable.values() for column in map(plain_name, kind)}
    amounts |= {plain_name(name) for cost in focus.COSTS for name in focus.READ_FROM[cost]}
    if wide := [field.name for field in schema if plain_name(field.name) in amounts and _has_wide_decimals(field.type)]:
        raise DeliveryRefused(
            f"{shown}: column {wide[0]} has decimals of more than 38 digits, of which some would be lost.",
            mend="Export it as DECIMAL(38,18), or as text.",
        )
    return types


def _has_wide_decimals(kind: pyarrow.DataType) -> bool:
    """Whether a type is one of the decimals, as BigQuery's BIGNUMERIC, that DuckDB reads as doubles, or holds some."""
    if pyarrow.types.is_decimal256(kind):
        return True
    return pyarrow.types.is_nested(kind) and any(
        _has_wide_decimals(kind.field(number).type) for number in range(kind.num_fields)
    )


def rounded_in_parquet(engine: DuckDBEngine, path: Path, shown: str, types: Mapping[str, str]) -> list[str]:
    """A remark where costs of a Parquet file had more decimals than are kept."""
    counts = []
    for name in focus.COSTS:
        column = focus.read_from(name, types)
        kind = types.get(column or "", "")
        if column and kind == "VARCHAR":
            counts.append(f"count(*) FILTER ({too_fine(quoted(column))})")
        elif column and (scale := re.fullmatch(r"DECIMAL\(\d+,(\d+)\)", kind)) and int(scale[1]) > SCALE:
            counts.append(f"count(*) FILTER (TRY_CAST({quoted(column)} AS DECIMAL(38,{SCALE})) <> {quoted(column)})")
    if not counts:
        return []
    return rounded_remark(shown, engine.rows(f"SELECT {' + '.join(counts)} FROM {parquet(path)}")[0][0])
