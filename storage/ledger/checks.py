"""Checks on a bill before anything of it is kept: one bad row refuses the delivery, naming where and why."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from finops import focus
from finops.errors import DeliveryRefused
from storage.engines.duckdb import DuckDBEngine, literal, quoted
from storage.ledger.bill_file import BillFile
from storage.ledger.charges import charges_sql
from storage.ledger.csv_bill import MOST_FAULTS, find_faults, value_fault

_CATEGORIES = ", ".join(literal(category) for category in focus.CHARGE_CATEGORIES)
BAD = {
    "BilledCost": "billed_cost IS NULL",
    "EffectiveCost": "effective_cost IS NULL",
    "BillingCurrency": "currency IS NULL OR NOT regexp_full_match(currency, '[A-Z]{3}')",
    "BillingPeriodStart": "billing_period_start IS NULL",
    "ChargePeriodStart": "charge_period_start IS NULL",
    "ChargeCategory": f"charge_category IS NULL OR charge_category NOT IN ({_CATEGORIES})",
}
"""Column → SQL over charges_sql: whether a row's value makes the whole delivery unusable."""
_BAD_GROUP = f"""
    billed_rows < rows OR effective_rows < rows OR billing_period IS NULL OR day IS NULL
    OR {BAD["BillingCurrency"]} OR {BAD["ChargeCategory"]}
"""


def check_groups(
    engine: DuckDBEngine, groups: str, bill: BillFile, source: str, types: Mapping[str, str], version: str
) -> list[str]:
    """Check a file's rollup, going back to its rows only to say where a fault is.

    Args:
        groups: FROM-clause text of the rollup (charges.groups_sql).
        source, types, version: of the file's rows, as given to charges_sql.

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
    if not billed:
        raise DeliveryRefused(f"{bill.shown}: BilledCost is empty throughout, no figure can be made of it.")
    if bad:
        faults = tuple(_locate(engine, bill, source, types, version))
        more = " (and more)" if len(faults) == MOST_FAULTS else ""
        raise DeliveryRefused(f"{faults[0]} {len(faults)} faults{more} in this file.", faults)
    if spent and not effective:
        return [f"{bill.shown}: EffectiveCost is 0 throughout; the basis `effective` is unusable here, use `billed`."]
    return []


def _locate(engine: DuckDBEngine, bill: BillFile, source: str, types: Mapping[str, str], version: str) -> list[str]:
    """Up to 20 'file, line N, column C: reason' lines; for Parquet the row's number, counted from 1."""
    if not bill.is_parquet and (faults := find_faults(bill, bill.header())):
        return faults
    numbered = f"read_parquet({literal(bill.path)}, file_row_number = true)" if bill.is_parquet else source
    number = "file_row_number + 1" if bill.is_parquet else "0"
    own = {name: focus.read_from(name, types) for name in BAD}
    texts = ", ".join(f"CAST({quoted(column)} AS VARCHAR)" if column else "NULL" for column in own.values())
    charges = charges_sql(numbered, types, version).replace(
        "SELECT ", f"SELECT {number} AS line, [{texts}] AS raw, ", 1
    )
    found = engine.rows(
        f"SELECT line, raw, [{', '.join(f'({sql})' for sql in BAD.values())}] AS bad FROM ({charges}) "
        f"WHERE {' OR '.join(f'({sql})' for sql in BAD.values())} ORDER BY line LIMIT {MOST_FAULTS}"
    )
    faults = [
        f"{bill.shown}, row {line}, column {own[name] or name}: {value_fault(name, value) or f'{value!r} cannot be read.'}"
        for line, raw, bad in found
        for name, value, is_bad in zip(BAD, raw, bad, strict=True)
        if is_bad
    ]
    return faults[:MOST_FAULTS] or [f"{bill.shown}: a row cannot be read."]


def check_parquet(engine: DuckDBEngine, path: Path, shown: str) -> dict[str, str]:
    """Column names and DuckDB types of a Parquet file; raises DeliveryRefused where it is none or is cut short."""
    import duckdb

    try:
        return engine.columns(f"SELECT * FROM read_parquet({literal(path)})")
    except duckdb.Error as error:
        raise DeliveryRefused(f"{shown}: not a whole Parquet file ({str(error).splitlines()[0][:160]}).") from None
