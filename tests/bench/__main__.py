"""`python -m tests.bench`: measure every claim, write docs/benchmarks.md, and exit with 1 if one does not hold."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click

from finops.periods import Month
from tests.bench.bill import LEAST_ROWS_PER_TEAM
from tests.bench.engines import measure_spark
from tests.bench.growing import measure_growth, measure_large_month, measure_restated_month
from tests.bench.ingesting import measure_ingest, measure_other_bills, measure_other_ways
from tests.bench.measured import Findings
from tests.bench.morning import measure_morning
from tests.bench.page import PAGE, write_page
from tests.bench.place import Place
from tests.bench.processes import work
from tests.bench.serving import measure_as_fast, measure_beside_ingest, measure_serving


@click.command()
@click.option("--rows", type=int, default=10_000_000, show_default=True, help="Line items of the bill.")
@click.option("--teams", type=int, default=10_000, show_default=True, help="Teams in it.")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep the bill there; a temporary folder by default.")
@click.option("--page", type=click.Path(path_type=Path), default=PAGE, help="Where to write what was measured.")
def main(rows: int, teams: int, folder: Path | None, page: Path) -> None:
    """Measure every claim about speed and memory; exit code 1 if one does not hold."""
    if not sys.platform.startswith("linux"):
        raise click.UsageError("Processes are measured through /proc, which only Linux has.")
    if rows < teams * LEAST_ROWS_PER_TEAM:
        raise click.UsageError(f"A month of hours needs at least {LEAST_ROWS_PER_TEAM} rows a team.")
    month = Month.of(datetime.now(UTC).date()).previous
    with tempfile.TemporaryDirectory(prefix="finops-bench-") as temporary:
        place = Place((folder or Path(temporary)).resolve(), month, rows, teams)
        load = os.getloadavg()[0]
        place.prepare()
        findings = measure(place)
        write_page(place, findings, load, page)
    sys.exit(0 if findings.hold else 1)


def measure(place: Place) -> Findings:
    """Everything, in the order in which the parts need each other."""
    findings = Findings()
    answer = place.folder / "truth.json"
    work("truth", {}, bill=place.bill, answer=answer)
    actuals = json.loads(answer.read_text())
    environment = measure_ingest(place, findings)
    measure_serving(place, environment, actuals, findings)
    measure_morning(place, environment, actuals, findings)
    doubles = measure_other_bills(place, findings)
    measure_beside_ingest(place, environment, actuals, doubles, findings)
    measure_as_fast(place, environment, place.sized(place.rows // 10, place.teams // 10), actuals, findings)
    place.forget("main")
    measure_other_ways(place.bill, place.rows, findings)
    measure_growth(place, findings)
    measure_restated_month(place.sized(place.rows // 10, place.teams // 10), findings)
    measure_large_month(place, findings)
    measure_spark(place.sized(place.rows // 10, place.teams // 10).bill, place.rows // 10, findings)
    return findings


if __name__ == "__main__":
    main()
