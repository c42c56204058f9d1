"""Bills that are not FOCUS, written as providers write them and read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from storage.engines.duckdb import DuckDBEngine, parquet
from storage.ledger.parts import ReadFile, read_file
from tests.storage.bills import write_csv


class Read:
    """A bill as it was read: its FOCUS rows as text, what was said of it, and what its rollup adds up to."""

    def __init__(self, folder: Path, path: Path) -> None:
        folder.mkdir()
        engine = DuckDBEngine(folder)
        read: ReadFile = read_file(engine, path, path.name, 1, folder)
        self.remarks = read.remarks
        self.rows: list[dict[str, Any]] = []
        for part in read.parts:
            names = engine.columns(f"SELECT * FROM {parquet(part.rows_path)}")
            self.rows += [dict(zip(names, row, strict=True)) for row in engine.rows(f"FROM {parquet(part.rows_path)}")]
        groups = [part.groups_path for part in read.parts]
        self.billing_periods = [part.billing_period for part in read.parts]
        self.billed, self.effective = engine.rows(
            f"SELECT sum(billed_cost), sum(effective_cost) FROM {parquet(groups)}"
        )[0]
        totals = f"SELECT billing_period, currency, sum(billed_cost) FROM {parquet(groups)} GROUP BY ALL"
        self.totals = {(period, currency): billed for period, currency, billed in engine.rows(totals)}
        engine.close()

    def filled(self, row: int = 0) -> dict[str, Any]:
        """A row's columns that are not empty."""
        return {name: value for name, value in self.rows[row].items() if value is not None}

    def column(self, name: str) -> list[Any]:
        """One column of every row."""
        return [row[name] for row in self.rows]


def converted(folder: Path, rows: Sequence[Mapping[str, Any]], name: str = "bill.csv", **dialect: Any) -> Read:
    """Rows written as CSV or CSV.gz, and read."""
    return Read(folder / "read", write_csv(folder / name, rows, **dialect))


def converted_parquet(folder: Path, rows: Sequence[Mapping[str, Any]], schema: pyarrow.Schema | None = None) -> Read:
    """Rows written as Parquet, of the types that Python's values or a schema have, and read."""
    folder.mkdir(exist_ok=True)
    path = folder / "bill.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows), schema=schema), path)
    return Read(folder / "read", path)


def athena_name(name: str) -> str:
    """A column's name as Athena writes it: lineItem/UsageStartDate is line_item_usage_start_date."""
    words = re.sub(r"(?<=[^A-Z_/ .:])(?=[A-Z])|(?<=[A-Z])(?=[A-Z])", "_", name)
    return re.sub(r"[^0-9a-z]+", "_", words.lower()).strip("_")
