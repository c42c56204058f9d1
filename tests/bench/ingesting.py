"""Taking in the bill: against what reading its columns costs, and against other ways to roll it up."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import median

from tests.bench.bill import write_csv, write_doubles
from tests.bench.measured import Findings, megabytes, seconds, step
from tests.bench.place import EXPORT, Place
from tests.bench.processes import work

ROUNDS = 3
MOST_TIMES, MOST_BYTES = 4.0, 2e9
CSV_ROWS = 400_000
PANDAS_BYTES_PER_ROW = 900
"""What pandas takes in memory for this bill, so that it is left out where that is not there."""


def measure_ingest(place: Place, findings: Findings) -> Mapping[str, str]:
    """The claims about the ingest; returns the environment of the installation that holds the bill in the end."""
    read: dict[str, list[float]] = {"read_table": [], "read_batches": []}
    taken, published, memory = [], [], []
    for number in range(ROUNDS):
        step(f"read and ingest, round {number + 1} of {ROUNDS}")
        for name, found in read.items():
            found.append(work(name, {}, bill=place.bill)["seconds"])
        environment = place.begin("main")
        done = work("ingest", environment, config=place.config, bill=place.bill, export=EXPORT)
        if done["outcome"] != "published" or done["rows"] != place.rows:
            raise RuntimeError(f"the ingest did not take in the bill: {done}")
        taken.append(done["seconds"])
        published.append(done["publish"])
        memory.append(done["memory"])
    fastest = min(map(median, read.values()))
    times, most = median(taken) / fastest, max(memory)
    findings.claim(
        "ingest of the bill from Parquet with all checks, ledger and publication, against pyarrow reading the columns",
        f"≤ {MOST_TIMES:.0f} ×",
        f"{times:.2f} × ({seconds(median(taken))} against {seconds(fastest)})",
        times <= MOST_TIMES,
    )
    findings.claim("peak memory of that ingest's process", "< 2 GB", megabytes(most), most < MOST_BYTES)
    findings.fact("pyarrow reading the columns used: one table", seconds(median(read["read_table"])))
    findings.fact("pyarrow reading the columns used: batch by batch", seconds(median(read["read_batches"])))
    findings.fact("the ingest, each time", ", ".join(map(seconds, taken)))
    findings.fact("pyarrow batch by batch, each time", ", ".join(map(seconds, read["read_batches"])))
    best = min(taken) / min(map(min, read.values()))
    findings.fact("best ingest against best reading, which a busy machine disturbs least", f"{best:.2f} ×")
    findings.fact("of the ingest, ledger and publication", seconds(median(published)))
    again = work("ingest", environment, config=place.config, bill=place.bill, export=EXPORT)
    findings.fact(f"ingest of the same bill again ({again['outcome']})", seconds(again["seconds"]))
    return environment


def measure_other_ways(place: Place, findings: Findings) -> None:
    """What a bare rollup costs elsewhere: nothing checked, kept or published."""
    step("roll up with DuckDB and with pandas")
    bare = median(work("rollup_duckdb", {}, bill=place.bill)["seconds"] for _ in range(ROUNDS))
    findings.fact("DuckDB's bare rollup of the same file", seconds(bare))
    if _available_memory() < place.rows * PANDAS_BYTES_PER_ROW:
        findings.fact("a pandas groupby of the same file", "left out, memory is short")
        return
    found = work("rollup_pandas", {}, bill=place.bill)
    findings.fact(
        "a pandas groupby of the same file, costs as floats",
        f"{seconds(found['seconds'])}, {megabytes(found['memory'])}",
    )


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


def _available_memory() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("MemAvailable")))
