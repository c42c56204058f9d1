"""A rollup that an engine made where the bill lies, as a Parquet file: written by the source, taken in by the ledger.

Grain: one row per day, billing period, provider, sub-account, service, region, currency, charge category and tags, as
storage/engines/rollup_sql.py gives it; the file's metadata says where the bill's own rows are.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow
from pyarrow.parquet import read_schema, write_table

from finops.errors import DeliveryRefused
from storage.engines.duckdb import DuckDBEngine, literal
from storage.ledger.charges import EARLIEST, LATEST
from storage.ledger.checks import BAD, long_remark, refuse_rounded_accounts, zero_remark

METADATA = b"finops.rollup"
MOST_VALUES = 3
"""Values shown of a column that holds what cannot be used."""
FAULTS = {
    "BilledCost": "billed_rows < rows",
    "EffectiveCost": "effective_rows < rows",
    "BillingCurrency": BAD["BillingCurrency"],
    "ChargePeriodStart": f"day IS NULL OR day < DATE {literal(EARLIEST)} OR day >= DATE {literal(LATEST)}",
    "ChargeCategory": BAD["ChargeCategory"],
}
"""Column → SQL over the rollup: whether rows of a group make the whole delivery unusable."""
SHOWN = {"BillingCurrency": "currency", "ChargePeriodStart": "day", "ChargeCategory": "charge_category"}
"""Column → the rollup's column whose values are shown; of a cost nothing is left to show."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a rollup comes from.

    Attributes:
        rows_at: engine and table, 'postgresql: billing.focus'.
        version: of FOCUS, as the table was recognised.
        columns: key of focus.READ_FROM → the table's own column.
    """

    rows_at: str
    version: str
    columns: dict[str, str]


def write_rollup(rollup: pyarrow.Table, origin: Origin, path: Path) -> None:
    """Write a rollup; the same rows give the same bytes, in whatever order the engine gave them."""
    keys = [(name, "ascending") for name in rollup.column_names]
    metadata = {METADATA: json.dumps(asdict(origin), sort_keys=True).encode()}
    write_table(rollup.sort_by(keys).combine_chunks().replace_schema_metadata(metadata), path, compression="zstd")


def origin_of(path: Path) -> Origin | None:
    """Where a Parquet file's rollup comes from, None where the file is a bill."""
    stored = (read_schema(path).metadata or {}).get(METADATA)
    return Origin(**json.loads(stored)) if stored else None


def check_rollup(engine: DuckDBEngine, groups: str, shown: str, origin: Origin) -> list[str]:
    """Check a rollup as a bill's rows are checked; the rows themselves are elsewhere, so faults are counted.

    Args:
        groups: FROM-clause text of the rollup as the ledger keeps it (charges.tidied_sql).

    Returns:
        Remarks: what is usable but should be known.

    Raises:
        DeliveryRefused: not of one billing period, or rows with a value that cannot be used.
    """
    sums = ", ".join(f"CAST(sum({_bad_rows(name)}) FILTER ({bad}) AS BIGINT)" for name, bad in FAULTS.items())
    periods, *found = engine.rows(f"SELECT count(DISTINCT billing_period), {sums} FROM {groups}")[0]
    if periods != 1:
        raise DeliveryRefused(f"{shown}: a rollup of {periods} billing periods, where it must be one.")
    faults = tuple(
        f"{origin.rows_at}, column {origin.columns[name]}, {count:,} row{'s' if count > 1 else ''}: "
        f"{_what(engine, groups, name)}."
        for name, count in zip(FAULTS, found, strict=True)
        if count
    )
    if faults:
        raise DeliveryRefused(faults[0], faults)
    refuse_rounded_accounts(engine, groups, origin.rows_at)
    effective, spent = engine.rows(
        f"SELECT count(*) FILTER (effective_cost <> 0), count(*) FILTER (billed_cost <> 0) FROM {groups}"
    )[0]
    return [*([zero_remark(shown)] if spent and not effective else []), *long_remark(engine, groups, shown)]


def _bad_rows(name: str) -> str:
    return {"BilledCost": "rows - billed_rows", "EffectiveCost": "rows - effective_rows"}.get(name, "rows")


def _what(engine: DuckDBEngine, groups: str, name: str) -> str:
    """What is wrong with a column's values, and some of them."""
    if name not in SHOWN:
        return "no value, or a double that is no number or not below 10^15"
    query = f"SELECT DISTINCT CAST({SHOWN[name]} AS VARCHAR) FROM {groups} WHERE {FAULTS[name]} ORDER BY 1"
    values = [row[0] for row in engine.rows(f"{query} LIMIT {MOST_VALUES}")]
    return ", ".join("no value" if value is None else repr(value[:60]) for value in values)
