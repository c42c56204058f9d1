"""`python -m tests.bench.engines`: the same bill rolled up by DuckDB, PostgreSQL and Spark, timed and compared.

Each engine has the bill before the clock starts: DuckDB and Spark read the Parquet file, PostgreSQL a table. Spark is a
standalone cluster of one worker on loopback, warmed by a first run: what is seen is its own overhead, not its reach.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import click
import duckdb
import psycopg
import pyarrow

from finops.periods import Month
from storage.engines.engine import engine_kind
from storage.engines.focus_table import bill_of, relation_of
from storage.engines.rollup_sql import groups_schema, groups_sql, rendered
from tests import postgres, spark
from tests.bench.bill import USED, write_bill, write_doubles
from tests.bench.measured import Findings, megabytes, seconds, step

MONTH = Month.of(datetime.now(UTC).date()).previous
RUNS = 3
SPARK_MEMORY = "1g"
TYPES = {"DECIMAL(38,18)": "numeric(38,18)", "DOUBLE": "double precision", "TIMESTAMP": "timestamp", "VARCHAR": "text"}


@click.command()
@click.option("--rows", type=int, default=2_000_000, show_default=True, help="Line items of the bill.")
@click.option("--teams", type=int, default=2_000, show_default=True, help="Teams in it.")
@click.option("--memory", default=SPARK_MEMORY, show_default=True, help="Of Spark's executor.")
def main(rows: int, teams: int, memory: str) -> None:
    """Time each engine that this machine can run; exit code 1 where two do not give the same."""
    findings = Findings()
    findings.fact("load before the run", f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(prefix="finops-engines-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        step(f"write a bill of {rows:,} rows for {teams:,} teams")
        decimals, doubles = folder / "decimals.parquet", folder / "doubles.parquet"
        write_bill(decimals, MONTH, rows, teams)
        write_doubles(decimals, doubles)
        for bill in (decimals, doubles):
            measure(findings, bill, rows, memory)
    sys.exit(0 if findings.hold else 1)


def measure_spark(bill: Path, rows: int, findings: Findings) -> None:
    """Spark against DuckDB over one bill; where Spark cannot run, why."""
    measure(findings, bill, rows, SPARK_MEMORY, ("duckdb", "spark"))


def measure(
    findings: Findings, bill: Path, rows: int, memory: str, engines: Sequence[str] = ("duckdb", "postgresql", "spark")
) -> None:
    """Some engines over one bill, each compared with the first."""
    first: pyarrow.Table | None = None
    for engine in engines:
        with OPENED[engine](bill, memory) as found:
            if isinstance(found, str):
                findings.fact(f"{engine}, {bill.stem}", found)
                continue
            step(f"roll up {bill.stem} by {engine}")
            rollup, taken = _rolled_up(engine, *found)
        findings.fact(
            f"{engine}, {bill.stem}: rollup of {rows:,} rows, median of {RUNS} after one",
            f"{seconds(median(taken))} ({rows / median(taken):,.0f} rows a second; {', '.join(map(seconds, taken))})",
        )
        if first is None:
            first = rollup
            findings.fact(f"{bill.stem}: what comes home", f"{rollup.num_rows:,} groups, {megabytes(rollup.nbytes)}")
        else:
            same = rollup.equals(first)
            findings.claim(f"{engine}, {bill.stem}: every group as DuckDB has it", "all digits", str(same), same)


def _rolled_up(engine: str, settings: dict[str, str], table: str) -> tuple[pyarrow.Table, list[float]]:
    """The rollup in a fixed order, and seconds of each run from the query's text to the Arrow table."""
    kind = engine_kind(engine)
    connection = kind.opened(**settings)
    relation = relation_of(kind, table)
    bill = bill_of(table, relation, connection.columns_of(relation), kind.dialect)
    taken = []
    try:
        for _ in range(RUNS + 1):
            begun = time.perf_counter()
            sql = rendered(groups_sql(bill, MONTH), kind.dialect, relation)
            rollup = connection.table(sql, groups_schema())
            taken.append(time.perf_counter() - begun)
    finally:
        connection.close()
    return rollup.sort_by([(name, "ascending") for name in rollup.column_names]).combine_chunks(), taken[1:]


@contextmanager
def _duckdb(bill: Path, memory: str) -> Iterator[Any]:
    yield {"memory_limit": "2GB"}, str(bill)


@contextmanager
def _postgresql(bill: Path, memory: str) -> Iterator[Any]:
    """A server of its own with the bill's used columns in a table."""
    if not postgres.is_installed():
        yield "not measured: PostgreSQL is not installed"
        return
    with postgres.running_server() as server:
        step(f"load {bill.stem} into PostgreSQL")
        database = duckdb.connect()
        types = database.sql(f"DESCRIBE SELECT {', '.join(USED)} FROM '{bill}'").fetchall()
        columns = ", ".join(f'"{name}" {TYPES[kind]}' for name, kind, *_ in types)
        with psycopg.connect(server.address + "postgres", autocommit=True) as connection:
            connection.execute(f"CREATE TABLE focus ({columns})")
            with connection.cursor() as cursor, cursor.copy("COPY focus FROM STDIN") as copy:
                answer = database.execute(f"SELECT {', '.join(USED)} FROM '{bill}'")
                while batch := answer.fetchmany(20_000):
                    for row in batch:
                        copy.write_row(row)
            connection.execute("VACUUM ANALYZE focus")
        database.close()
        host, _, port = server.address.partition("@")[2].rstrip("/").partition(":")
        yield {"host": host, "port": port, "user": "finops", "dbname": "postgres"}, "focus"


@contextmanager
def _spark(bill: Path, memory: str) -> Iterator[Any]:
    if reason := spark.why_not():
        yield f"not measured: {reason}"
        return
    with spark.running_spark(memory) as remote:
        yield {"remote": remote}, f"parquet.`{bill}`"


OPENED = {"duckdb": _duckdb, "postgresql": _postgresql, "spark": _spark}

if __name__ == "__main__":
    main()
