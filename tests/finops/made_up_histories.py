"""Daily costs made up for forecasts: seeded, in Decimal and as arrays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FIRST = date(2025, 3, 1)
WEEKEND = 5


def days(count: int, first: date = FIRST) -> list[date]:
    return [first + timedelta(days=number) for number in range(count)]


def series(cost: Callable[[date, int], float], count: int, *, noise: float = 0.0, seed: int = 1) -> Floats:
    """cost(day, its number) for each day, scattered by a part of itself."""
    scatter = np.exp(noise * np.random.default_rng(seed).standard_normal(count))
    return np.array([cost(day, number) for number, day in enumerate(days(count))]) * scatter


def workdays(day: date, _number: int) -> float:
    return 100.0 if day.weekday() < WEEKEND else 20.0


def money(costs: Floats) -> dict[date, Decimal]:
    """As the ledger has them: cents, and no entry for a day that is not known."""
    return {
        day: Decimal(repr(round(cost, 2)))
        for day, cost in zip(days(len(costs)), costs.tolist(), strict=True)
        if cost == cost
    }
