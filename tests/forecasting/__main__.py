"""`python -m tests.forecasting`: forecasts and anomalies against what people use today; 1 if a claim does not hold."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from tests.bench.measured import Findings, step
from tests.forecasting import anomaly_baselines, own_series, product
from tests.forecasting.accuracy import measure
from tests.forecasting.claims import (
    ALLOWANCE,
    claim_anomalies,
    claim_coverage,
    claim_errors,
    claim_speed,
)
from tests.forecasting.detection import Tally, ask, score_all, tally, told_by, tune
from tests.forecasting.page import PAGE, Run, write_page
from tests.forecasting.series import (
    AIR_PASSENGERS,
    DEVELOPMENT,
    HELD_BACK,
    Series,
    air_passengers,
    make_series,
    read_csv,
)
from tests.forecasting.speed import measure_speed
from tests.forecasting.unusual import Watched, make_watched

FULL = 60
CORES = os.cpu_count() or 1


@click.command()
@click.option("--series", "each", type=click.IntRange(2), default=FULL, show_default=True, help="Of each behaviour.")
@click.option("--seed", type=int, default=HELD_BACK, show_default=True, help=f"{DEVELOPMENT} is for development.")
@click.option("--processes", type=click.IntRange(1), default=CORES, show_default=True, help="For the baselines.")
@click.option("--csv", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Your own series instead.")
@click.option(
    "--page", type=click.Path(path_type=Path), help="Where to write what was measured; a full run writes it to docs."
)
@click.option("--tune", "is_tuning", is_flag=True, help="Print the anomaly baselines' best thresholds on this seed.")
def main(each: int, seed: int, processes: int, csv: Path | None, page: Path | None, is_tuning: bool) -> None:
    """Measure every claim about forecasts and anomalies; exit code 1 if one does not hold.

    With --csv only that file is measured, and nothing is claimed of it: a column `date`, a column for each series.
    """
    if not sys.platform.startswith("linux"):
        raise click.UsageError("Memory is measured through /proc, which only Linux has.")
    if is_tuning:
        return _tune(make_watched(seed, each, each), processes)
    try:
        if csv:
            return _measure_own(csv, seed, processes)
        run = measure_all(each, seed, processes)
    except (product.NotThereYet, ValueError) as error:
        raise click.ClickException(str(error)) from error
    if page or each >= FULL:
        write_page(run, page or PAGE)
    sys.exit(0 if run.findings.hold else 1)


def measure_all(each: int, seed: int, processes: int) -> Run:
    """Forecasts, anomalies, then time and memory; a small run makes allowance for chance and leaves out 10,000 teams.

    Raises:
        product.NotThereYet: what is to be measured does not exist.
    """
    forecaster, detector = product.forecaster(), product.detector()
    findings, allowance = Findings(), 0.0 if each >= FULL else ALLOWANCE
    if allowance:
        step(f"a small run: a claim fails when it is {allowance:g} standard errors beyond its limit")
    series = [*make_series(seed, each), *_published(each, findings)]
    step(f"forecasts of {len(series):,} series")
    accuracy = measure(series, forecaster, seed, processes)
    claim_errors(accuracy, findings, allowance)
    claim_coverage(accuracy, findings, allowance)
    watched = make_watched(seed, 2 * each, each)
    step(f"anomalies in {len(watched):,} series")
    tallies = {"product": tally(watched, ask(detector, watched))} | _baselines(watched, processes)
    claim_anomalies(watched, tallies, findings, allowance)
    step("time and memory")
    sizes = (1000, 10_000) if each >= FULL else (1000,)
    claim_speed({teams: measure_speed(teams, seed) for teams in sizes}, findings)
    return Run(seed, each, accuracy, watched, tallies, findings)


def _published(each: int, findings: Findings) -> list[Series]:
    if AIR_PASSENGERS.exists():
        return air_passengers(years=max(2, each // 6))
    findings.fact(
        "AirPassengers", "skipped: no part of this repository and not beside it, in ../shared/data/timeseries"
    )
    return []


def _baselines(watched: Sequence[Watched], processes: int) -> dict[str, Tally]:
    return {
        name: tally(watched, told_by(score_all(name, watched, processes), watched, thresholds))
        for name, thresholds in anomaly_baselines.TUNED.items()
    }


def _measure_own(csv: Path, seed: int, processes: int) -> None:
    forecaster, series = product.forecaster(), [each for each in read_csv(csv) if each.months]
    if not series:
        raise ValueError(f"{csv.name} has no whole month after 60 days of history to forecast")
    for line in own_series.report(series, measure(series, forecaster, seed, processes)):
        click.echo(line)
    for line in own_series.anomalies(series, product.detector()):
        click.echo(line)


def _tune(watched: Sequence[Watched], processes: int) -> None:
    for name in anomaly_baselines.BASELINES:
        thresholds, best = tune(name, watched, processes)
        click.echo(f'    "{name}": {thresholds!r},  # F1 {best:.3f}')


if __name__ == "__main__":
    main()
