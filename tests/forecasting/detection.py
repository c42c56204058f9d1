"""How well anomalies are found: what was told against what happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing import get_context

import numpy as np

from tests.forecasting import anomaly_baselines as baselines
from tests.forecasting.anomaly_baselines import Scores, Thresholds, flags
from tests.forecasting.days import Numbers
from tests.forecasting.product import MINIMUM_AMOUNT, MINIMUM_RATIO, Detector
from tests.forecasting.unusual import FORGIVEN_DAYS, WARM_UP, Watched

QUARTER = 365.25 / 4
RESAMPLES = 300


@dataclass(frozen=True)
class Tally:
    """What was right and wrong in each series.

    Attributes:
        tallies: a row for each series: anomalies found, false flags, anomalies missed.
    """

    tallies: Numbers

    def f1(self, series: Numbers) -> float:
        """2 × found / (2 × found + false + missed) over these series; 0 where nothing was found."""
        found, false, missed = self.tallies[series].sum(axis=0)
        return float(2 * found / (2 * found + false + missed)) if found else 0.0

    def f1_beyond(self, other: Tally, series: Numbers, factor: float = 1.0) -> tuple[float, float]:
        """This F1 less `factor` × another's, and one standard error of it: series drawn anew (bootstrap)."""
        rng = np.random.default_rng(0)
        drawn = [rng.choice(series, len(series)) for _ in range(RESAMPLES)]
        beyond = [self.f1(each) - factor * other.f1(each) for each in (series, *drawn)]
        return beyond[0], float(np.std(beyond[1:]))

    def share_found(self, series: Numbers) -> float:
        """Anomalies found / all that happened (recall)."""
        found, _, missed = self.tallies[series].sum(axis=0)
        return float(found / max(1, found + missed))


def judged(watched: Watched, told: Sequence[int]) -> tuple[int, int, int]:
    """Anomalies found, false flags and anomalies missed in one series; nothing is judged before the warm-up is over.

    An event is found by the first flag within its days. Another flag in them is false, but for one that goes on, a week
    after the last. An event below the minimum amount or ratio need not be told, and may be.
    """
    left = [day for day in sorted(told) if day >= WARM_UP]
    found = missed = false = 0
    for event in watched.events:
        inside = [day for day in left if event.first <= day <= event.last]
        left = [day for day in left if day not in inside]
        expected = event.expected and event.amount >= MINIMUM_AMOUNT and event.ratio >= MINIMUM_RATIO
        if not expected:
            continue
        found, missed = (found + 1, missed) if inside else (found, missed + 1)
        for last, day in pairwise(inside):
            false += not (event.goes_on and day - last >= FORGIVEN_DAYS)
    return found, false + len(left), missed


def tally(watched: Sequence[Watched], told: Sequence[Sequence[int]]) -> Tally:
    """Everything judged."""
    rows = [judged(each, days) for each, days in zip(watched, told, strict=True)]
    return Tally(np.array(rows, dtype=np.int64).reshape(-1, 3))


def of_kind(watched: Sequence[Watched], kind: str | None = None) -> Numbers:
    """Numbers of the series with one kind of anomaly; of all by default."""
    return np.array([number for number, each in enumerate(watched) if kind in (None, each.kind)], dtype=np.int64)


def ask(detector: Detector, watched: Sequence[Watched]) -> list[list[int]]:
    """The days on which a detector tells something, for each series."""
    told = detector([(each.daily.copy(), each.first_day) for each in watched])
    return [[day for day, _ in flagged] for flagged in told]


def score_all(name: str, watched: Sequence[Watched], processes: int) -> list[Scores]:
    """A baseline's scores of every series."""
    series = [each.daily for each in watched]
    method: Callable[..., Scores] = baselines.BASELINES[name]
    if processes == 1:
        return [method(daily) for daily in series]
    with get_context("spawn").Pool(processes) as pool:
        return pool.map(method, series, chunksize=16)


def told_by(scores: Sequence[Scores], watched: Sequence[Watched], thresholds: Thresholds) -> list[list[int]]:
    """The days on which a baseline with these thresholds tells something, for each series."""
    return [flags(score, each.daily, thresholds, MINIMUM_AMOUNT) for score, each in zip(scores, watched, strict=True)]


def tune(name: str, watched: Sequence[Watched], processes: int) -> tuple[Thresholds, float]:
    """The thresholds of the grid with which a baseline has the highest F1, and that F1."""
    scores = score_all(name, watched, processes)
    tried = [
        (tally(watched, told_by(scores, watched, each)).f1(of_kind(watched)), each) for each in baselines.grid(name)
    ]
    best, thresholds = max(tried, key=lambda each: each[0])
    return thresholds, best


def false_pings(watched: Sequence[Watched], tallied: Tally) -> dict[str, float]:
    """False flags of each ordinary team in a quarter of a year, over all its series."""
    pings: dict[str, float] = {}
    for each, (_, false, _) in zip(watched, tallied.tallies, strict=True):
        if each.kind == "ordinary":
            quarters = (len(each.daily) - WARM_UP) / QUARTER
            pings[each.team] = pings.get(each.team, 0.0) + float(false) / quarters
    return pings
