"""docs/forecast-accuracy.md, written from what was measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

from tests.bench.measured import Findings
from tests.bench.processes import ROOT
from tests.forecasting.accuracy import BANDS, Accuracy
from tests.forecasting.anomaly_baselines import TUNED
from tests.forecasting.baselines import BASELINES
from tests.forecasting.claims import average, behaviours, best_baseline
from tests.forecasting.detection import Tally, false_pings, of_kind
from tests.forecasting.product import MINIMUM_AMOUNT, MINIMUM_RATIO
from tests.forecasting.unusual import KINDS, WARM_UP, Watched

PAGE = ROOT / "docs" / "forecast-accuracy.md"
METHODS = ("product", *BASELINES)
INTRODUCTION = f"""\
# How good forecasts and anomalies are

`make bench-forecast` measures this on series that nobody tuned the product on, and writes this page. It ends with exit
code 1 if a claim does not hold. `make bench-forecast SERIES=6` is a small run, which writes nothing and lets chance
account for three standard errors. `python -m tests.forecasting --csv FILE` measures your own daily series: a column
`date` and a column of amounts for each series.

**Forecasts.** Each series behaves in one way that cloud spend behaves in, with random parameters, from cents to
millions a day, with 60 to 400 days of history (a new team: 20 to 60), and in a quarter of the series with missing days.
Of each, two months are forecast (of a new team one) with 1 to 28 days left. The error is |forecast − true total| of the
month over the mean true total of the series' months; means are over series, then over behaviours, each of which counts
the same. The true total counts days whose figures were missing. AirPassengers is the published series: monthly totals
kept exactly, spread over the days along a straight line through the months' means with a weekly rhythm and 3 % noise;
its last ten years, every month.

**Baselines** get what the product gets. Run rate: the month's mean so far (before its first day the last 28 days').
Weekday median: of the last four weeks. Least squares: a line through 30 days. Robust STL (statsmodels): the last trend
and the last week's season. ETS (statsmodels): additive damped trend and additive week, fitted anew for each forecast.
What there was to choose in them was chosen on another seed, in their favour.

**Anomalies.** Series of 400 days of one service with one-day spikes of 1.3 to 5 times the usual, level shifts, slow
leaks or usage that is new; and ordinary teams of three to ten series with growth, fees, invoices, weekends, holidays
and Black Friday. A spike must be told on its day or the next, a shift or new usage within ten days, a leak until ten
days after it stopped growing; each once (a leak again after a week). Everything else told is false. The first {WARM_UP}
days are not judged, nor are increases below {MINIMUM_AMOUNT:g} a day or {MINIMUM_RATIO:.0%}, the product's defaults.
Baselines have the same minimum amount, keep quiet for some days after a flag, and their thresholds are the best on
another seed.
"""


@dataclass(frozen=True)
class Run:
    """All of one run.

    Attributes:
        seed, series: the seed, and how many series of each behaviour.
        tallies: of the product and each baseline.
    """

    seed: int
    series: int
    accuracy: Accuracy
    watched: Sequence[Watched]
    tallies: Mapping[str, Tally]
    findings: Findings


def write_page(run: Run, path: Path = PAGE) -> None:
    """Write the page."""
    claims = [
        (each.promise, each.limit, each.measured, "yes" if each.holds else "**no**") for each in run.findings.claims
    ]
    parts = [
        INTRODUCTION,
        "## This run\n",
        *(f"- {line}" for line in _circumstances(run)),
        "\n## What was not won\n",
        *_lost(run.findings),
        "\n## Mean error of the month's total\n",
        *_table(("behaviour", *METHODS, "best baseline", "product / best"), _errors(run.accuracy)),
        "\n## Median error of the month's total\n",
        *_table(("behaviour", *METHODS), _medians(run.accuracy)),
        "\n## By days of the month left\n",
        *_table(("days left", *METHODS, "80 % interval holds", "95 % interval holds"), _bands(run.accuracy)),
        "\n## Intervals by behaviour\n",
        *_table(("behaviour", "80 % interval holds", "95 % interval holds", "not forecast"), _coverage(run.accuracy)),
        "\n## F1 of anomalies\n",
        *_table(("method", *KINDS, "all, ordinary teams included", "false pings per team and quarter"), _f1(run)),
        "\n## Share of anomalies found\n",
        *_table(("method", *KINDS), _found(run)),
        "\n## Claims\n",
        *_table(("claim", "limit", "measured", "holds"), claims),
        "\n## Beside them\n",
        *_table(("what", "measured"), [(each.what, each.measured) for each in run.findings.facts]),
        "",
    ]
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(parts), encoding="utf-8")


def _circumstances(run: Run) -> Iterator[str]:
    yield f"{datetime.now(UTC):%Y-%m-%d}"
    yield f"seed {run.seed}, {run.series} series of each behaviour, {len(run.accuracy.band):,} forecasts"
    teams = len({each.team for each in run.watched if each.kind == "ordinary"})
    yield f"{len(run.watched):,} series for anomalies, among them those of {teams} ordinary teams"
    yield f"{os.cpu_count()} cores, {_processor()}"
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "statsmodels"))
    yield f"{platform.system()} {platform.release()}, Python {platform.python_version()}, {packages}"
    for name, each in TUNED.items():
        yield f"{name}: score {each.score:g}, ratio {each.ratio:.0%}, quiet for {each.quiet_days} days"


def _lost(findings: Findings) -> Iterator[str]:
    lost = [each for each in findings.claims if not each.holds]
    if not lost:
        yield "Nothing: every claim below holds."
    for each in lost:
        yield f"- {each.promise}: {each.measured} (limit: {each.limit})"


def _errors(accuracy: Accuracy) -> Iterator[Sequence[str]]:
    for kind in behaviours(accuracy):
        origins, best = accuracy.of(kind), best_baseline(accuracy, kind)
        means = {method: accuracy.mean_error(method, origins) for method in METHODS}
        ratio = means["product"] / means[best]
        yield (kind, *(f"{means[method]:.2%}" for method in METHODS), best, f"{ratio:.2f}")
    means = {method: average(accuracy, method) for method in METHODS}
    best = min(BASELINES, key=lambda name: means[name])
    ratio = means["product"] / means[best]
    yield ("**average**", *(f"**{means[method]:.2%}**" for method in METHODS), best, f"**{ratio:.2f}**")


def _medians(accuracy: Accuracy) -> Iterator[Sequence[str]]:
    for kind in (*behaviours(accuracy), None):
        origins = accuracy.of(kind)
        yield (kind or "**all**", *(f"{accuracy.median_error(method, origins):.2%}" for method in METHODS))


def _bands(accuracy: Accuracy) -> Iterator[Sequence[str]]:
    for band, (first, last) in enumerate(BANDS):
        origins = accuracy.of(band=band)
        held = (
            f"{accuracy.coverage(width, origins):.1%} ± {accuracy.coverage_error(width, origins):.1%}"
            for width in (80, 95)
        )
        means = (f"{accuracy.mean_error(method, origins):.2%}" for method in METHODS)
        yield (f"{first}–{last}", *means, *held)


def _coverage(accuracy: Accuracy) -> Iterator[Sequence[str]]:
    for kind in behaviours(accuracy):
        origins = accuracy.of(kind)
        held = (f"{accuracy.coverage(width, origins):.1%}" for width in (80, 95))
        yield (kind, *held, f"{1 - accuracy.answered[origins].mean():.1%}")


def _f1(run: Run) -> Iterator[Sequence[str]]:
    for name, tally in run.tallies.items():
        kinds = (f"{tally.f1(of_kind(run.watched, kind)):.3f}" for kind in KINDS)
        pings = np.mean(list(false_pings(run.watched, tally).values()))
        yield (name, *kinds, f"{tally.f1(of_kind(run.watched)):.3f}", f"{pings:.2f}")


def _found(run: Run) -> Iterator[Sequence[str]]:
    for name, tally in run.tallies.items():
        yield (name, *(f"{tally.share_found(of_kind(run.watched, kind)):.0%}" for kind in KINDS))


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
