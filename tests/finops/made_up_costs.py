"""Seeded daily costs as teams have them, for the detector of anomalies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from finops.anomaly_detection import find_anomalies
from finops.anomaly_found import FoundAnomaly, Minimums

Costs = NDArray[np.float64]
FIRST = date(2025, 1, 1)
LENGTH = 400
DAYS = [FIRST + timedelta(number) for number in range(LENGTH)]
WEEKDAY = np.array([day.weekday() for day in DAYS])
OF_MONTH = np.array([day.day for day in DAYS])
LEFT = np.array([(day.replace(day=28) + timedelta(4)).replace(day=1).toordinal() - 1 - day.toordinal() for day in DAYS])
NUMBER = np.arange(LENGTH)
DEFAULT = Minimums(Decimal(100), Decimal("0.25"), Decimal(4))


def noise(random: np.random.Generator, size: float = 0.06) -> Costs:
    """A factor for each day around 1."""
    found: Costs = np.exp(random.normal(0, size, LENGTH))
    return found


def wandering(random: np.random.Generator) -> Costs:
    """Autoscaling: each day resembles the one before."""
    steps, found = random.normal(0, 0.1, LENGTH), np.zeros(LENGTH)
    for number in range(1, LENGTH):
        found[number] = 0.8 * found[number - 1] + steps[number]
    return np.asarray(np.exp(found))


def with_holidays(random: np.random.Generator) -> Costs:
    """Quiet single days, and two quiet weeks at the year's end."""
    costs = np.where(WEEKDAY < 5, 1000, 400) * noise(random)
    costs[[(day.month, day.day) > (12, 20) or (day.month, day.day) < (1, 5) for day in DAYS]] *= 0.4
    costs[random.choice(LENGTH, 8)] *= 0.4
    return costs


def with_gaps(random: np.random.Generator) -> Costs:
    """Days whose figures are missing."""
    costs = 1000 * noise(random)
    costs[random.random(LENGTH) < 0.05] = np.nan
    costs[200:205] = np.nan
    return costs


def with_credits(random: np.random.Generator) -> Costs:
    """Credits that exceed the day's cost."""
    costs = 1000 * noise(random)
    costs[random.choice(LENGTH, 6)] -= 5000
    return costs


ORDINARY: dict[str, Callable[[np.random.Generator], Costs]] = {
    "steady": lambda random: 1000 * noise(random),
    "weekday rhythm": lambda random: np.where(WEEKDAY < 5, 1000, 500) * noise(random),
    "weekends off": lambda random: np.where(WEEKDAY < 5, 1000, 0) * noise(random),
    "growth": lambda random: 1000 * np.exp(0.004 * NUMBER) * noise(random),
    "decline": lambda random: 5000 * np.exp(-0.004 * NUMBER) * noise(random),
    "autoscaling": lambda random: 1000 * wandering(random),
    "month-start fee": lambda random: 1000 * noise(random) + 8000 * (OF_MONTH == 1),
    "nothing but a fee": lambda random: 8000 * noise(random) * (OF_MONTH == 3),
    "month-end batch": lambda random: 1000 * noise(random) * np.where(LEFT < 3, 2.5, 1),
    "weekly batch": lambda random: 1000 * noise(random) + 4000 * (WEEKDAY == 2) * noise(random),
    "month-start batch": lambda random: 1000 * noise(random) * np.where(OF_MONTH <= 4, 2, 1),
    "holidays": with_holidays,
    "missing days": with_gaps,
    "credits": with_credits,
    "bursts": lambda random: 1000 * (random.random(LENGTH) < 0.3) * np.exp(random.normal(0, 0.4, LENGTH)),
}


def made_up(behaviour: str, seed: int) -> Costs:
    """One series."""
    return ORDINARY[behaviour](np.random.default_rng([seed, list(ORDINARY).index(behaviour)]))


def found_in(costs: Costs, minimums: Minimums = DEFAULT, first: date = FIRST) -> list[FoundAnomaly]:
    """Anomalies of one series or several."""
    rows = np.atleast_2d(costs)
    return find_anomalies(rows, first, [minimums] * len(rows))


def increases(costs: Costs) -> list[FoundAnomaly]:
    """What would ping."""
    return [each for each in found_in(costs) if each.is_increase]
