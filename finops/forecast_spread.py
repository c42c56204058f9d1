"""How far a month's total may end from its forecast, from the series' own past errors.

Conformal in spirit (Vovk, Gammerman & Shafer 2005; for dependent errors Xu & Xie 2021, ICML): quantiles of the errors
that the same forecast made at earlier days, those at the same point of a month and of late counting more. Errors of a
few independent stretches do not reach the tails, so a heavy-tailed distribution of the size that the series' daily
scatter lets expect is mixed in with the weight of a few errors. That size has two parts, the noise of single days and
the doubt about the level, which grows with the days ahead.
"""

from __future__ import annotations

import numpy as np

from finops.forecast_experts import window
from finops.forecast_past import Past
from finops.forecast_rhythm import Floats, running
from finops.forecast_weights import Combined

MEMORY = 60.0
"""Days after which an error counts half."""
ELSEWHERE = 0.15
"""What an error at another point of the month counts, against one at the same."""
NEAR = 3.0
"""Days of the month that count as the same point (standard deviation)."""
MONTH = 30.4
PRIOR_COUNT = 3.0
"""Independent errors that the expected distribution counts as."""
OVERLAP = 0.8
"""Errors of sums over n days count as one in n to this power."""
TRUSTED = 20.0
"""Independent errors that are added to the own ones where the finite sample is corrected for."""
PRIOR_SIZE = 0.35
"""Standard deviation of a sum of n days, in those of a day: this × √(n + PERSISTENCE × n²)."""
PERSISTENCE = 2.0
CHANCES = (np.arange(40) + 0.5) / 40
HEAVY_TAILED = 0.85 * (2 * CHANCES - 1) / np.sqrt(2 * CHANCES * (1 - CHANCES)) * 1.2816 / 1.8856
"""Forty equally likely values of Student's t, two degrees of freedom, scaled to 0.85 of a normal's 80 % interval: a
little narrower within, far wider without."""
FEE_NOISE = 0.1
"""Standard deviation of a fee that is expected, in parts of it."""
FURTHEST = 10.0
"""A past error is scaled to today's level by no more than this."""


def spread(past: Past, combined: Combined, gap: int, left: int, probabilities: Floats) -> Floats:
    """Quantiles of actual − forecast of the days after the last row: [probabilities × series], rising.

    Args:
        probabilities: rising, between 0 and 1.
    """
    now = combined.level[-1]
    scale = now / np.maximum(combined.level, 1e-300)
    errors = combined.errors * np.clip(scale, 1 / FURTHEST, FURTHEST)
    nearness = np.where(combined.usable, _nearness(past, gap + left)[combined.rows][:, None], 0.0)
    weights = nearness.copy()
    total = weights.sum(axis=0)
    squares = np.maximum((weights**2).sum(axis=0), 1e-12)
    step = np.diff(combined.rows).max(initial=1)
    independent = total**2 / squares * step / left**OVERLAP
    expected = PRIOR_SIZE * past.cleaned.scatter[-1] * np.sqrt(left + PERSISTENCE * left**2)
    own = 1.25 * (weights * np.abs(errors)).sum(axis=0) / np.maximum(total, 1e-12)
    size = (independent * own + PRIOR_COUNT * expected) / (independent + PRIOR_COUNT)
    values = np.concatenate([errors, HEAVY_TAILED[:, None] * size])
    weights *= independent / np.maximum(total, 1e-12)
    weights = np.concatenate([weights, np.full((len(HEAVY_TAILED), len(size)), PRIOR_COUNT / len(HEAVY_TAILED))])
    # A new error stays below the k-th of n with probability k / (n + 1), while its weight's middle is (k − ½) / n.
    further = 1 + 1 / (independent + TRUSTED)
    around = _quantiles(values, weights, 0.5 + (probabilities[:, None] - 0.5) * further)
    return widened(around, _untried(past, combined, nearness, gap, left), probabilities)


def _untried(past: Past, combined: Combined, nearness: Floats, gap: int, left: int) -> Floats:
    """Standard deviation of the fees ahead, as far as the errors that count were none of days with such fees."""
    fees = np.abs(past.fees)
    due = window(running(fees), gap, left, len(past.costs))[combined.rows]
    now = np.maximum(due[-1], 1e-300)
    counted = np.maximum(nearness.sum(axis=0), 1e-12)
    tried = (nearness * np.minimum(due / now, 1)).sum(axis=0) / counted
    ahead = np.sqrt((fees[len(fees) - left :] ** 2).sum(axis=0))
    return np.asarray(FEE_NOISE * ahead * np.sqrt(np.clip(1 - tried, 0, 1)))


def widened(around: Floats, doubt: Floats, probabilities: Floats) -> Floats:
    """Quantiles of the same with an independent heavy-tailed error added: deviations from the median in quadrature.

    Args:
        around: [probabilities × series], rising.
        doubt: [series], standard deviation of what is added.
    """
    tails = np.interp(probabilities, CHANCES, HEAVY_TAILED)
    middle = around[np.abs(probabilities - 0.5).argmin()]
    apart = np.hypot(around - middle, tails[:, None] * doubt)
    return np.asarray(middle + np.sign(probabilities - 0.5)[:, None] * apart)


def _quantiles(values: Floats, weights: Floats, probabilities: Floats) -> Floats:
    """Weighted quantiles of each column, straight between the middles of the values' weights.

    Args:
        probabilities: [probabilities × columns]
    """
    order = np.argsort(values, axis=0)
    values = np.take_along_axis(values, order, axis=0)
    weights = np.take_along_axis(weights, order, axis=0)
    reached = np.cumsum(weights, axis=0)
    reached = (reached - weights / 2) / reached[-1]
    found = np.empty((len(probabilities), values.shape[1]))
    column = np.arange(values.shape[1])
    for number, probability in enumerate(probabilities):
        above = np.clip((reached < probability).sum(axis=0), 1, len(values) - 1)
        low, high = reached[above - 1, column], reached[above, column]
        part = np.clip((probability - low) / np.maximum(high - low, 1e-12), 0, 1)
        start = values[above - 1, column]
        found[number] = start + part * (values[above, column] - start)
    return np.maximum.accumulate(found, axis=0)


def _nearness(past: Past, ahead: int) -> Floats:
    """What the error of each day's forecast counts: by its age and its place in the month."""
    days = len(past.costs)
    age = np.maximum(days - 1 - ahead - np.arange(days), 0)
    place = np.array([past.day(row).day for row in range(days)])
    apart = np.abs(place - place[-1])
    apart = np.minimum(apart, MONTH - apart)
    near = ELSEWHERE + (1 - ELSEWHERE) * np.exp(-0.5 * (apart / NEAR) ** 2)
    return np.asarray(0.5 ** (age / MEMORY) * near)
