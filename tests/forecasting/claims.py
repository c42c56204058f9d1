"""What was promised of forecasts and anomalies, held against what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tests.bench.measured import Findings, megabytes, seconds
from tests.forecasting import anomaly_baselines
from tests.forecasting.accuracy import BANDS, Accuracy
from tests.forecasting.baselines import BASELINES
from tests.forecasting.detection import Tally, false_pings, of_kind
from tests.forecasting.speed import Speed
from tests.forecasting.unusual import KINDS, Watched

MOST_BEHIND = 1.10
COVERAGE = {80: (0.77, 0.83), 95: (0.93, 0.97)}
MOST_PINGS = 1.0
MOST_SECONDS, MOST_BYTES = 30.0, 1e9
ALLOWANCE = 3.0
"""Standard errors that a small run may be beyond a limit: of few series chance alone would break a promise."""


def behaviours(accuracy: Accuracy) -> list[str]:
    """In the order in which they were made."""
    return list(dict.fromkeys(accuracy.behaviours))


def average(accuracy: Accuracy, method: str) -> float:
    """Every behaviour counts the same, however many series it has."""
    return float(np.mean([accuracy.mean_error(method, accuracy.of(each)) for each in behaviours(accuracy)]))


def best_baseline(accuracy: Accuracy, behaviour: str) -> str:
    """The baseline with the lowest mean error of a behaviour."""
    return min(BASELINES, key=lambda name: accuracy.mean_error(name, accuracy.of(behaviour)))


def claim_errors(accuracy: Accuracy, findings: Findings, allowance: float) -> None:
    """Lower than each baseline on the average, and on no behaviour more than 10 % behind the best of them."""
    product = average(accuracy, "product")
    kinds = behaviours(accuracy)
    for name in BASELINES:
        of_chance = [accuracy.beyond(name, 1, accuracy.of(each))[1] for each in kinds]
        chance = float(np.sqrt(np.sum(np.square(of_chance)))) / len(kinds)
        other = average(accuracy, name)
        findings.claim(
            f"month-total error, on the average of the behaviours, lower than {name}",
            f"below {other:.2%}",
            f"{product:.2%}",
            product < other + allowance * chance,
        )
    for kind in kinds:
        origins, best = accuracy.of(kind), best_baseline(accuracy, kind)
        beyond, chance = accuracy.beyond(best, MOST_BEHIND, origins)
        findings.claim(
            f"{kind}: at most 10 % behind the best baseline",
            f"{MOST_BEHIND * accuracy.mean_error(best, origins):.2%} ({best})",
            f"{accuracy.mean_error('product', origins):.2%}",
            beyond <= allowance * chance,
        )


def claim_coverage(accuracy: Accuracy, findings: Findings, allowance: float) -> None:
    """The intervals hold as often as they say, with so many days of the month left."""
    for width, (least, most) in COVERAGE.items():
        for band, (first, last) in enumerate(BANDS):
            origins = accuracy.of(band=band)
            measured, chance = accuracy.coverage(width, origins), accuracy.coverage_error(width, origins)
            findings.claim(
                f"{width} % interval, {first} to {last} days left",
                f"{least:.0%} to {most:.0%}",
                f"{measured:.1%} ± {chance:.1%}",
                least - allowance * chance <= measured <= most + allowance * chance,
            )
    findings.fact(
        "forecasts not given (the run rate's error counts, no interval)", f"{1 - accuracy.answered.mean():.1%}"
    )


def claim_anomalies(
    watched: Sequence[Watched], tallies: Mapping[str, Tally], findings: Findings, allowance: float
) -> None:
    """F1 above every baseline's, on no kind more than 10 % behind the best of them, and few false pings."""
    product, everything = tallies["product"], of_kind(watched)
    for name in anomaly_baselines.BASELINES:
        beyond, chance = product.f1_beyond(tallies[name], everything)
        findings.claim(
            f"anomalies: F1 above {name}",
            f"above {tallies[name].f1(everything):.3f}",
            f"{product.f1(everything):.3f}",
            beyond > -allowance * chance,
        )
    for kind in KINDS:
        series = of_kind(watched, kind)
        best = max(anomaly_baselines.BASELINES, key=lambda name: tallies[name].f1(series))
        beyond, chance = product.f1_beyond(tallies[best], series, 1 / MOST_BEHIND)
        findings.claim(
            f"anomalies, {kind}: F1 at most 10 % behind the best baseline",
            f"{tallies[best].f1(series) / MOST_BEHIND:.3f} ({best})",
            f"{product.f1(series):.3f}",
            beyond >= -allowance * chance,
        )
    pings = np.array(list(false_pings(watched, product).values()))
    findings.claim(
        "false pings per ordinary team and quarter, at the default settings",
        f"{MOST_PINGS:g} on the average",
        f"{pings.mean():.2f}",
        bool(pings.mean() <= MOST_PINGS + allowance * pings.std() / np.sqrt(len(pings))),
    )
    findings.fact("ordinary teams with more than one false ping a quarter", f"{(pings > MOST_PINGS).mean():.0%}")


def claim_speed(speeds: Mapping[int, Speed], findings: Findings) -> None:
    """1,000 teams in time, 10,000 in memory; other numbers are facts."""
    for teams, speed in speeds.items():
        took = speed.forecasts + speed.anomalies
        said = f"{seconds(took)} (forecasts {seconds(speed.forecasts)}, anomalies {seconds(speed.anomalies)})"
        if teams <= 1000:
            findings.claim(
                f"{teams:,} teams of 400 days: forecasts and anomalies",
                seconds(MOST_SECONDS),
                said,
                took < MOST_SECONDS,
            )
            findings.fact(f"peak memory of {teams:,} teams", megabytes(speed.peak))
        else:
            findings.claim(
                f"{teams:,} teams of 400 days: peak memory of the process",
                megabytes(MOST_BYTES),
                megabytes(speed.peak),
                speed.peak < MOST_BYTES,
            )
            findings.fact(f"time of {teams:,} teams", said)
