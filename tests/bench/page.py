"""docs/benchmarks.md, written from what was measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.bench.measured import Findings
from tests.bench.place import Place
from tests.bench.processes import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
PACKAGES = ("duckdb", "pyarrow", "pandas", "polars", "sqlalchemy", "slack-bolt", "gunicorn")
INTRODUCTION = """\
# Benchmarks

`make bench`, or `python -m tests.bench`, measures what is claimed of the product and writes this page. It makes a bill
from a fixed seed (FOCUS 1.2, hourly line items, costs as DECIMAL(38,18), teams by a tag in JSON text, 2,000
sub-accounts, 60 services, 6 regions), ingests it into an installation of its own and measures the real commands. It
ends with exit code 1 if a claim does not hold. `--rows` and `--teams` make it smaller, `--folder` keeps the bill for
the next run. It needs Linux and about twelve times the bill's size on disk: a month of five times its rows, in as many
files, is the largest that is taken in, and the ledger keeps those files beside.

Seconds hold for this machine alone; ratios within a run hold elsewhere too. Where nothing else is said, a figure is
the median of three runs. A machine that is busy with other things makes every latency longer: the load before the run
is given below, and processor times beside the latencies that matter. A part that is compared with another runs
alternately with it, each in a process of its own, and Python's start and imports are outside the clock for both.
pyarrow reads the columns that a figure needs, as texts, and lets go of each batch; of its ways to do so the fastest is
what the ingest is compared with.
Answers are asked for by one lean client process (one thread, eight keep-alive connections, requests signed
beforehand) on the same cores as the server.
"""


def write_page(place: Place, findings: Findings, load: float, path: Path = PAGE) -> None:
    """Write the page; `load` is what the machine was busy with before (load average of a minute)."""
    claims = [(each.promise, each.limit, each.measured, "yes" if each.holds else "**no**") for each in findings.claims]
    facts = [(each.what, each.measured) for each in findings.facts]
    parts = (
        INTRODUCTION,
        "## This run\n",
        *(f"- {line}" for line in _circumstances(place, load)),
        "\n## Claims\n",
        *_table(("claim", "limit", "measured", "holds"), claims),
        "\n## Beside them\n",
        *_table(("what", "measured"), facts),
        "",
    )
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(parts), encoding="utf-8")


def _circumstances(place: Place, load: float) -> Iterable[str]:
    size = place.bill.stat().st_size
    yield f"{datetime.now(UTC):%Y-%m-%d}"
    yield f"{place.rows:,} rows, {place.teams:,} teams, {place.month}; {size / 1e6:,.0f} MB of Parquet"
    yield f"{os.cpu_count()} cores, {_memory():,.0f} GB of memory, {_processor()}; load before the run {load:.1f}"
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    yield f"{platform.system()} {platform.release()}, Python {platform.python_version()}, {packages}"


def _memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
