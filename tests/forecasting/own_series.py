"""Somebody's own daily series: the product's errors and intervals beside the baselines'."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import numpy as np

from tests.forecasting.accuracy import BANDS, Accuracy
from tests.forecasting.baselines import BASELINES
from tests.forecasting.product import Detector
from tests.forecasting.series import Series

METHODS = ("product", *BASELINES)
MOST_SHOWN = 20


def report(series: Sequence[Series], accuracy: Accuracy) -> Iterator[str]:
    """Lines: the mean error of each series, then of all by days left, with the share of intervals that held."""
    width = max(len(each.name) for each in series) + 2
    head = "".join(f"{name:>16}" for name in METHODS) + f"{'80 % holds':>14}{'95 % holds':>14}{'forecasts':>12}"
    yield f"{'mean error':{width}}{head}"
    for each in series:
        yield f"{each.name:{width}}{_line(accuracy, accuracy.of(each.behaviour))}"
    yield ""
    yield f"{'days left':{width}}{head}"
    for band, (first, last) in enumerate(BANDS):
        yield f"{f'{first}–{last}':{width}}{_line(accuracy, accuracy.of(band=band))}"
    yield f"{'all':{width}}{_line(accuracy, accuracy.of())}"


def anomalies(series: Sequence[Series], detector: Detector) -> Iterator[str]:
    """A line for each series: the days on which an anomaly would have been told."""
    told = detector([(each.daily.copy(), each.first_day) for each in series])
    for each, flagged in zip(series, told, strict=True):
        days = [f"{each.first_day + timedelta(days=day)} {kind}" for day, kind in flagged]
        more = f" and {len(days) - MOST_SHOWN} more" if len(days) > MOST_SHOWN else ""
        yield f"anomalies told in {each.name}: {', '.join(days[:MOST_SHOWN]) or 'none'}{more}"


def _line(accuracy: Accuracy, origins: np.ndarray) -> str:
    if not origins.any():
        return f"{'no whole month to forecast after 60 days of history':>60}"
    errors = "".join(f"{accuracy.mean_error(method, origins):16.2%}" for method in METHODS)
    held = "".join(f"{accuracy.coverage(width, origins):14.1%}" for width in (80, 95))
    return f"{errors}{held}{int((origins & accuracy.answered).sum()):12}"
