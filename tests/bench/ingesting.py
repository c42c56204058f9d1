"""Taking in the bill: against what reading its columns costs, and against other ways to roll it up."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.bill import write_csv, write_doubles
from tests.bench.measured import Findings, megabytes, seconds, step
from tests.bench.place import EXPORT, Place
from tests.bench.processes import work

ROUNDS = 3
MOST_TIMES, MOST_BYTES = 3.0, 1.5e9
CSV_ROWS = 400_000
READINGS = {"read_batches": "batch by batch", "read_row_groups": "row group by row group"}
"""Ways of pyarrow to read a bill without holding all of it; the ingest is compared with the faster one."""
ROLLUPS = {
    "rollup_duckdb": ("DuckDB's bare rollup", 0),
    "rollup_polars": ("Polars' streaming rollup in decimals", 150),
    "rollup_pandas": ("a pandas groupby, costs as floats", 400),
}
"""Measurement → what it is, and the bytes it takes for a row; left out where half of the free memory is less."""


def measure_ingest(place: Place, findings: Findings) -> Mapping[str, str]:
    """The claims about the ingest; returns the environment of the installation that holds the bill in the end."""
    read: dict[str, list[dict[str, Any]]] = {name: [] for name in READINGS}
    done: list[dict[str, Any]] = []
    for number in range(ROUNDS):
        step(f"read and ingest, round {number + 1} of {ROUNDS}")
        for name, found in read.items():
            found.append(work(name, {}, bill=place.bill))
        environment = place.begin("main")
        done.append(ingested(place, environment, place.bill, place.rows))
    best_way = min(read, key=lambda name: median(_of(read[name], "seconds")))
    taken, fastest = _of(done, "seconds"), _of(read[best_way], "seconds")
    times, most = median(taken) / median(fastest), max(_of(done, "memory"))
    findings.claim(
        "ingest of the bill from Parquet with all checks, ledger and publication, against pyarrow reading the columns",
        f"≤ {MOST_TIMES:.0f} ×",
        f"{times:.2f} × ({seconds(median(taken))} against {seconds(median(fastest))})",
        times <= MOST_TIMES,
    )
    findings.claim("peak memory of that ingest's process", "≤ 1.5 GB", megabytes(most), most <= MOST_BYTES)
    findings.fact("the ingest, each time", ", ".join(map(seconds, taken)))
    for name, way in READINGS.items():
        each = ", ".join(map(seconds, _of(read[name], "seconds")))
        findings.fact(f"pyarrow reading the columns used, {way}, each time", each)
    best = min(taken) / min(fastest)
    findings.fact("best ingest against best reading, which a busy machine disturbs least", f"{best:.2f} ×")
    worked = min(_of(done, "processor")), min(_of(read[best_way], "processor"))
    findings.fact(
        "processor time of both, the best of each",
        f"{worked[0] / worked[1]:.2f} × ({seconds(worked[0])} against {seconds(worked[1])})",
    )
    findings.fact("of the ingest, ledger and publication", seconds(median(_of(done, "publish"))))
    findings.fact("pyarrow reading into one table", seconds(work("read_table", {}, bill=place.bill)["seconds"]))
    coded = work("read_batches", {}, bill=place.bill, coded=True)["seconds"]
    findings.fact("pyarrow reading batch by batch, texts left as codes of a dictionary, not as texts", seconds(coded))
    again = work("ingest", environment, config=place.config, bill=place.bill, export=EXPORT)
    findings.fact(f"ingest of the same bill again ({again['outcome']})", seconds(again["seconds"]))
    return environment


def ingested(place: Place, environment: Mapping[str, str], bill: Path, rows: int) -> dict[str, Any]:
    """What the ingest of a bill or a folder of bills took; raises RuntimeError where it did not take in all rows."""
    done = work("ingest", environment, config=place.config, bill=bill, export=EXPORT)
    if done["outcome"] != "published" or done["rows"] != rows:
        raise RuntimeError(f"the ingest did not take in the bill: {done}")
    return done


def measure_other_ways(bill: Path, rows: int, findings: Findings) -> None:
    """What a bare rollup of a bill, or of a folder of bills, costs elsewhere: nothing checked, kept or published."""
    step(f"roll up {rows:,} rows with DuckDB, Polars and pandas")
    for name, (way, bytes_per_row) in ROLLUPS.items():
        what = f"{way}, {rows:,} rows"
        if (needed := rows * bytes_per_row) > (free := _available_memory()) / 2:
            reason = f"it takes about {needed / 1e9:,.0f} GB, more than half of the {free / 1e9:,.0f} GB that are free"
            findings.fact(what, f"does not fit and was not tried: {reason}")
            continue
        found = [work(name, {}, bill=bill) for _ in range(1 if bytes_per_row else ROUNDS)]
        shown = f"{seconds(median(_of(found, 'seconds')))}, {megabytes(max(_of(found, 'memory')))}"
        findings.fact(what, shown)


def measure_other_bills(place: Place, findings: Findings) -> Path:
    """The bill with DOUBLE costs, and its beginning as CSV.gz; returns the former."""
    doubles, text = place.bill.with_suffix(".doubles.parquet"), place.bill.with_suffix(".csv.gz")
    if not doubles.exists():
        step("write the bill with DOUBLE costs")
        write_doubles(place.bill, doubles)
    rows = min(CSV_ROWS, place.rows)
    if not text.exists():
        step(f"write {rows:,} rows as CSV.gz")
        write_csv(place.bill, text, rows)
    step("ingest both")
    for bill, what, count in ((doubles, "the bill with DOUBLE costs", place.rows), (text, "CSV.gz", rows)):
        environment = place.begin("other")
        found = work("ingest", environment, config=place.config, bill=bill, export=EXPORT)
        speed = f"{count / found['seconds']:,.0f} rows a second"
        findings.fact(
            f"ingest of {what}, {count:,} rows", f"{seconds(found['seconds'])}, {speed}, {megabytes(found['memory'])}"
        )
        place.forget("other")
    return doubles


def _of(found: list[dict[str, Any]], name: str) -> list[Any]:
    return [each[name] for each in found]


def _available_memory() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("MemAvailable")))
