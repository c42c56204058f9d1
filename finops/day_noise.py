"""How far a difference between two stretches of days can be trusted, when each day resembles the one before.

The model: a level for each stretch, a weekday rhythm, and noise whose correlation falls by the same factor with each
day (a first-order autoregression, AR(1)). That factor is badly estimated from a few weeks, so it is not estimated:
every value from −0.4 to 0.95 counts by its restricted likelihood (Harville 1974, Biometrika 61; integrated over a flat
prior as in Zellner & Tiao 1964, JASA 59), and the interval is that of the mixture of Student's t distributions which
they give. tests/finops/test_measured_saving.py holds its coverage to what it claims.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import atan, cos, exp, log, pi, sin, sqrt

FACTORS = tuple(number / 20 for number in range(-8, 20))
"""Correlations of a day with the next that are reckoned with. The few below zero keep the interval of days that have
nothing to do with each other from being too wide."""
OWN_RHYTHM = 14
"""Days of each stretch from which on it has a weekday rhythm of its own."""
NOTHING = 1e-9
"""Noise below this part of the values is rounding."""


@dataclass(frozen=True, slots=True)
class Noise:
    """What scatters around the levels and rhythms.

    Attributes:
        half: half the width of the 80 % interval of (mean day of stretch 0) − (mean day of stretch 1).
        scatter: standard deviation of a day.
    """

    half: float
    scatter: float


@dataclass(frozen=True, slots=True)
class _Plan:
    """What one factor makes of days, whatever they cost.

    Attributes:
        steps: what of the day before is taken off a day, and by what the rest is divided.
        columns: orthonormal columns of the model, after the same steps.
        spread: variance of the difference, in variances of a day.
        weight: the part of the log likelihood that costs have no part in.
    """

    steps: tuple[tuple[float, float], ...]
    columns: tuple[tuple[float, ...], ...]
    spread: float
    weight: float


def noise_of(days: Sequence[tuple[int, int]], costs: Sequence[float], share: float = 0.8) -> Noise:
    """The noise of days in two stretches.

    Args:
        days: (number of the day, stretch 0 or 1), rising; number modulo 7 is the weekday, and a stretch has all seven.
        costs: one for each.
        share: of the interval.
    """
    plans = _plans(tuple(days))
    freedom = len(days) - len(plans[0].columns)
    squares = [_squares(plan, costs) for plan in plans]
    largest = max(abs(cost) for cost in costs)
    if min(squares) <= (NOTHING * largest) ** 2 * len(costs):
        return Noise(0.0, 0.0)
    likelihoods = [plan.weight - freedom / 2 * log(square) for plan, square in zip(plans, squares, strict=True)]
    best = max(likelihoods)
    weights = [exp(each - best) for each in likelihoods]
    errors = [sqrt(plan.spread * square / freedom) for plan, square in zip(plans, squares, strict=True)]
    total = sum(weights)
    scatter = sqrt(sum(weight * square / freedom for weight, square in zip(weights, squares, strict=True)) / total)
    low, high = 0.0, 20 * max(errors)
    while high - low > 1e-6 * high:
        middle = (low + high) / 2
        inside = sum(weight * within(middle / error, freedom) for weight, error in zip(weights, errors, strict=True))
        low, high = (middle, high) if inside < share * total else (low, middle)
    return Noise(high, scatter)


def within(size: float, freedom: int) -> float:
    """The share of Student's t distribution between −size and size (Abramowitz & Stegun 26.7.3 and 26.7.4)."""
    angle = atan(size / sqrt(freedom))
    if freedom == 1:
        return 2 * angle / pi
    term = cos(angle) if freedom % 2 else 1.0
    total = term
    for number in range(3 if freedom % 2 else 2, freedom - 1, 2):
        term *= (number - 1) / number * cos(angle) ** 2
        total += term
    return 2 / pi * (angle + sin(angle) * total) if freedom % 2 else sin(angle) * total


def _squares(plan: _Plan, costs: Sequence[float]) -> float:
    """What of the costs the model does not explain, after the steps of a factor."""
    before, rest = 0.0, []
    for cost, (part, size) in zip(costs, plan.steps, strict=True):
        rest.append((cost - part * before) / size)
        before = cost
    for column in plan.columns:
        along = sum(a * b for a, b in zip(column, rest, strict=True))
        rest = [value - along * part for value, part in zip(rest, column, strict=True)]
    return sum(value * value for value in rest)


@lru_cache(maxsize=200)
def _plans(days: tuple[tuple[int, int], ...]) -> tuple[_Plan, ...]:
    """One for each factor."""
    sizes = [sum(stretch == side for _, stretch in days) for side in (0, 1)]
    model = _model(days, own=min(sizes) >= OWN_RHYTHM)
    shares = _shares(days)
    return tuple(_plan(days, model, shares, factor) for factor in FACTORS)


def _plan(
    days: Sequence[tuple[int, int]], model: Sequence[Sequence[float]], shares: Sequence[float], factor: float
) -> _Plan:
    steps = [(0.0, 1.0)]
    for (former, _), (day, _) in pairwise(days):
        kept = factor ** (day - former)
        steps.append((kept, sqrt(1 - kept * kept)))
    columns: list[tuple[float, ...]] = []
    weight = -sum(log(size) for _, size in steps)
    for values in model:
        column = [
            (value - part * before) / size
            for value, before, (part, size) in zip(values, (0.0, *values), steps, strict=False)
        ]
        for other in columns:
            along = sum(a * b for a, b in zip(other, column, strict=True))
            column = [value - along * part for value, part in zip(column, other, strict=True)]
        length = sqrt(sum(value * value for value in column))
        weight -= log(length)
        columns.append(tuple(value / length for value in column))
    spread = sum(
        a * b * factor ** abs(day - other)
        for a, (day, _) in zip(shares, days, strict=True)
        for b, (other, _) in zip(shares, days, strict=True)
    )
    return _Plan(tuple(steps), tuple(columns), spread, weight)


def _model(days: Sequence[tuple[int, int]], *, own: bool) -> list[list[float]]:
    """Columns of the regression: a level a stretch, and six weekdays, of each stretch or of both."""
    columns = [[float(stretch == side) for _, stretch in days] for side in (0, 1)]
    for weekday in range(1, 7):
        for sides in ((0,), (1,)) if own else ((0, 1),):
            columns.append([float(day % 7 == weekday and stretch in sides) for day, stretch in days])
    return columns


def _shares(days: Sequence[tuple[int, int]]) -> list[float]:
    """What each day counts in the difference: every weekday a seventh of its stretch."""
    counts: dict[tuple[int, int], int] = {}
    for day, stretch in days:
        counts[day % 7, stretch] = counts.get((day % 7, stretch), 0) + 1
    return [(-1 if stretch else 1) / 7 / counts[day % 7, stretch] for day, stretch in days]
