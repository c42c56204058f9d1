"""Measurements that run in a process of their own: `python -m tests.bench.work NAME ARGUMENTS`, the answer as JSON.

Seconds are of the work alone: Python's own start and the libraries' imports come before the clock starts.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.bench.bill import USED
from tests.bench.processes import peak_memory

Answer = dict[str, Any]


def files_of(bill: str) -> list[Path]:
    """A bill's Parquet files: itself, or those of a folder."""
    return sorted(Path(bill).glob("*.parquet")) if Path(bill).is_dir() else [Path(bill)]


def read_table(bill: str) -> Answer:
    """pyarrow reads the columns used into one table."""
    import pyarrow.parquet as pq

    start = time.perf_counter()
    rows = pq.read_table(bill, columns=list(USED)).num_rows
    return {"seconds": time.perf_counter() - start, "rows": rows}


def read_batches(bill: str, coded: bool = False) -> Answer:
    """pyarrow reads the columns used batch by batch, letting go of each; `coded` leaves texts as dictionary codes."""
    import pyarrow.parquet as pq

    names = list(USED)
    start, worked = time.perf_counter(), time.process_time()
    rows = sum(
        batch.num_rows
        for path in files_of(bill)
        for batch in pq.ParquetFile(path, read_dictionary=names if coded else None).iter_batches(columns=names)
    )
    return {"seconds": time.perf_counter() - start, "processor": time.process_time() - worked, "rows": rows}


def read_row_groups(bill: str) -> Answer:
    """pyarrow reads the columns used row group by row group, letting go of each."""
    import pyarrow.parquet as pq

    names, rows = list(USED), 0
    start, worked = time.perf_counter(), time.process_time()
    for path in files_of(bill):
        file = pq.ParquetFile(path)
        rows += sum(file.read_row_group(number, columns=names).num_rows for number in range(file.num_row_groups))
    return {"seconds": time.perf_counter() - start, "processor": time.process_time() - worked, "rows": rows}


def ingest(config: str, bill: str, export: str) -> Answer:
    """The product takes in a bill: checks, ledger and publication."""
    import duckdb  # noqa: F401  # imported before the clock starts
    import pyarrow  # noqa: F401

    from bot.installation import Installation
    from storage.ledger.ingest import Steps
    from storage.ledger.ingest import ingest as take_in

    installation = Installation(Path(config))
    company, state, ledger = installation.company, installation.state, installation.ledger
    seen: dict[str, float] = {}
    steps = Steps(step=lambda name: seen.setdefault(name.split()[0], time.perf_counter()))  # type: ignore[arg-type]
    start, worked = time.perf_counter(), time.process_time()
    now = installation.now
    done = take_in([Path(bill)], export, company=company, state=state, ledger=ledger, now=now, steps=steps)
    end, worked = time.perf_counter(), time.process_time() - worked
    found = {"seconds": end - start, "processor": worked, "publish": end - seen["publish"]}
    return {**found, "outcome": done.outcome, "rows": done.rows, "restated": done.restated}


def rollup_duckdb(bill: str) -> Answer:
    """DuckDB's bare rollup by day, service, category and tags, nothing checked, kept or published."""
    import duckdb

    keys = "CAST(ChargePeriodStart AS DATE), ProviderName, ServiceName, SubAccountId, RegionId, ChargeCategory, Tags"
    start = time.perf_counter()
    files = [str(path) for path in files_of(bill)]
    sums = f"SELECT {keys}, sum(BilledCost), sum(EffectiveCost) FROM read_parquet({files}) GROUP BY ALL"
    rows = duckdb.connect().execute(f"CREATE TABLE rolled_up AS {sums}").fetchall()[0][0]
    return {"seconds": time.perf_counter() - start, "rows": rows}


def rollup_polars(bill: str) -> Answer:
    """Polars' streaming engine: sum by day, service, category and tags, in decimals."""
    import polars as pl

    keys = ["ProviderName", "ServiceName", "SubAccountId", "RegionId", "ChargeCategory", "Tags"]
    start = time.perf_counter()
    frame = pl.scan_parquet(files_of(bill)).group_by(pl.col("ChargePeriodStart").dt.date().alias("day"), *keys)
    found = frame.agg(pl.col("BilledCost", "EffectiveCost").sum()).collect(engine="streaming")
    return {"seconds": time.perf_counter() - start, "rows": found.height}


def rollup_pandas(bill: str) -> Answer:
    """A pandas script: read the columns, costs as floats, sum by day, service, category and tags."""
    import pandas as pd  # type: ignore[import-untyped]
    import pyarrow as pa
    import pyarrow.parquet as pq

    keys = ["ProviderName", "ServiceName", "SubAccountId", "RegionId", "ChargeCategory", "Tags"]
    start = time.perf_counter()
    table = pq.read_table(bill, columns=["ChargePeriodStart", "BilledCost", "EffectiveCost", *keys])
    costs = [pa.field(name, pa.float64()) for name in ("BilledCost", "EffectiveCost")]
    table = table.cast(pa.schema([table.schema.field(0), *costs, *(table.schema.field(name) for name in keys)]))
    frame: pd.DataFrame = table.to_pandas(split_blocks=True, self_destruct=True)
    frame["day"] = frame.pop("ChargePeriodStart").dt.floor("D")
    found = frame.groupby(["day", *keys], dropna=False, observed=True)[["BilledCost", "EffectiveCost"]].sum()
    return {"seconds": time.perf_counter() - start, "rows": len(found)}


def truth(bill: str, answer: str) -> Answer:
    """Each team's EffectiveCost without Tax, straight from the raw bill, written as JSON beside it."""
    import duckdb

    sql = f"""
        SELECT COALESCE(json_extract_string(Tags, '$.team'), 'unallocated') AS team, CAST(sum(cost) AS VARCHAR)
        FROM (SELECT Tags, sum(EffectiveCost) AS cost FROM '{bill}' WHERE ChargeCategory <> 'Tax' GROUP BY Tags)
        GROUP BY team
    """
    actuals = dict(duckdb.connect().execute(sql).fetchall())
    Path(answer).write_text(json.dumps(actuals))
    return {"teams": len(actuals)}


def figures(config: str, now: str, rounds: int = 3) -> Answer:
    """The daily job's figures of every team on a given morning, several times; then the whole job once."""
    from bot.installation import Installation
    from bot.memory import settle
    from finops.periods import Month
    from jobs.daily_summary import run
    from storage.team_months import team_months

    installation, moment = Installation(Path(config)), datetime.fromisoformat(now)
    company, state, day = installation.company, installation.state, moment.date()
    settle()  # as the worker does once it is set up
    taken, worked = [], []
    for _ in range(rounds):
        start, processor = time.perf_counter(), time.process_time()
        with state.reading() as connection:
            found = team_months(connection, company, Month.of(day), day, company.basis)
        taken.append(time.perf_counter() - start)
        worked.append(time.process_time() - processor)
    actuals = {month.team: str(month.actual) for month in found}
    forecasts = sum(month.forecast is not None for month in found)
    start = time.perf_counter()
    outcome = run(now=moment, zone=ZoneInfo(company.timezone), company=company, state=state)
    job = time.perf_counter() - start
    figures_found = {"seconds": taken, "processor": min(worked), "actuals": actuals, "forecasts": forecasts}
    return {**figures_found, "job": job, "summary": outcome.summary}


WORK: dict[str, Callable[..., Answer]] = {
    each.__name__: each
    for each in (
        read_table,
        read_batches,
        read_row_groups,
        ingest,
        rollup_duckdb,
        rollup_polars,
        rollup_pandas,
        truth,
        figures,
    )
}

if __name__ == "__main__":
    result = WORK[sys.argv[1]](**json.loads(sys.argv[2]))
    sys.stdout.write(json.dumps({**result, "memory": peak_memory()}) + "\n")
