"""How near forecasts come to the month's total, and how often their intervals hold it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from multiprocessing import get_context

import numpy as np

from tests.forecasting.baselines import BASELINES, run_rate
from tests.forecasting.days import Floats, Numbers, Truths, days_of_month
from tests.forecasting.product import Asked, Forecaster
from tests.forecasting.series import Series

BANDS = ((1, 3), (4, 7), (8, 14), (15, 21), (22, 28))
"""Days of the month that are left, from and to."""


@dataclass(frozen=True)
class Origin:
    """One forecast to be made: of which series and month, how many days before the month's end, and the truth."""

    series: int
    band: int
    days_left: int
    asked: Asked
    total: float


@dataclass(frozen=True)
class Accuracy:
    """Every forecast made, as arrays with one value an origin.

    Attributes:
        behaviours: of each series; all else is of origins.
        series, band: which series, and which of BANDS.
        error: by method, |forecast − true total| / mean true total of the series' months.
        held: by width in per cent, whether the interval held the total; False where there was no forecast.
        answered: whether the product gave a forecast; where it gave none, the run rate's error counts.
    """

    behaviours: list[str]
    series: Numbers
    band: Numbers
    error: dict[str, Floats]
    held: dict[int, Truths] = field(default_factory=dict)
    answered: Truths = field(default_factory=lambda: np.empty(0, dtype=bool))

    def of(self, behaviour: str | None = None, band: int | None = None) -> Truths:
        """The origins of a behaviour, or of a band; of all by default."""
        named = np.array([behaviour in (None, each) for each in self.behaviours])[self.series]
        return named & (np.ones(len(self.band), dtype=bool) if band is None else self.band == band)

    def mean_error(self, method: str, origins: Truths) -> float:
        """Mean over the series of each series' mean error, a fraction."""
        return float(self.by_series(self.error[method], origins).mean())

    def median_error(self, method: str, origins: Truths) -> float:
        """Median over the origins, a fraction."""
        return float(np.median(self.error[method][origins]))

    def by_series(self, values: Floats | Truths, origins: Truths) -> Floats:
        """The mean of values over each series that has such origins."""
        counts = np.bincount(self.series[origins], minlength=len(self.behaviours))
        sums = np.bincount(self.series[origins], values[origins].astype(float), minlength=len(self.behaviours))
        return sums[counts > 0] / counts[counts > 0]

    def coverage(self, width: int, origins: Truths) -> float:
        """The share of forecasts given whose interval of this width held the total."""
        given = origins & self.answered
        return float(self.held[width][given].mean()) if given.any() else float("nan")

    def beyond(self, method: str, factor: float, origins: Truths) -> tuple[float, float]:
        """Mean over the series of the product's error less `factor` × a method's, and one standard error of it."""
        excess = self.by_series(self.error["product"] - factor * self.error[method], origins)
        return float(excess.mean()), float(excess.std() / np.sqrt(len(excess)))

    def coverage_error(self, width: int, origins: Truths) -> float:
        """One standard error of the coverage, series being what is drawn anew."""
        shares = self.by_series(self.held[width], origins & self.answered)
        return float(shares.std() / np.sqrt(max(1, len(shares))))


def origins_of(series: Sequence[Series], seed: int) -> list[Origin]:
    """One origin in every band for each month of each series, its days left drawn from the band."""
    return [origin for number, each in enumerate(series) for origin in _origins(number, each, seed)]


def _origins(number: int, series: Series, seed: int) -> Iterator[Origin]:
    rng = np.random.default_rng([seed, zlib.crc32(series.name.encode())])
    for month in series.months:
        end = (month - series.first_day).days + days_of_month(month)
        for band, (least, most) in enumerate(BANDS):
            left = int(rng.integers(least, most + 1))
            asked = (series.daily[: end - left].copy(), series.first_day, month)
            yield Origin(number, band, left, asked, series.total(month))


def measure(series: Sequence[Series], forecaster: Forecaster, seed: int, processes: int) -> Accuracy:
    """The product and every baseline, asked the same."""
    origins = origins_of(series, seed)
    totals = np.array([each.total for each in origins])
    which = np.array([each.series for each in origins])
    scale = np.array([np.mean([abs(each.total(month)) for month in each.months]) for each in series])[which]
    error = {name: np.abs(values - totals) / scale for name, values in _baselines(origins, processes).items()}
    told = forecaster([each.asked for each in origins])
    if len(told) != len(origins):
        raise ValueError(f"{len(origins)} forecasts were asked for, and {len(told)} given")
    answered = np.array([each is not None for each in told])
    rows = [each or (run_rate(*origin.asked), *[np.nan] * 4) for each, origin in zip(told, origins, strict=True)]
    expected, low80, high80, low95, high95 = np.array(rows, dtype=float).T
    error = {"product": np.abs(expected - totals) / scale} | error
    # A band as narrow as the arithmetic of floats still holds what it is on.
    slack = 1e-9 * np.abs(totals)
    with np.errstate(invalid="ignore"):
        held = {
            80: (low80 - slack <= totals) & (totals <= high80 + slack),
            95: (low95 - slack <= totals) & (totals <= high95 + slack),
        }
    band = np.array([each.band for each in origins])
    return Accuracy([each.behaviour for each in series], which, band, error, held, answered)


def _baselines(origins: Sequence[Origin], processes: int) -> dict[str, Floats]:
    asked = [each.asked for each in origins]
    if processes == 1:
        rows = [_baseline_forecasts(each) for each in asked]
    else:
        with get_context("spawn").Pool(processes) as pool:
            rows = pool.map(_baseline_forecasts, asked, chunksize=50)
    return {name: np.array([row[number] for row in rows]) for number, name in enumerate(BASELINES)}


def _baseline_forecasts(asked: tuple[Floats, date, date]) -> list[float]:
    return [method(*asked) for method in BASELINES.values()]
