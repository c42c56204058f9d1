"""What a young series comes to: a move-in that slows down, or none, fitted on every day since its first.

Arrays are [days × series], oldest day first; row t uses days up to t only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finops.forecast_rhythm import WEEK, Flags, Floats, lagged, week_by_week

REMAINS = 0.84, 0.92, 0.96
"""What may remain of the distance to the level a series settles at, from day to day: half in 4, 8 or 17 days."""
STEADY = 0.5
"""The part of young series that are taken not to be moving in before anything is seen of them."""
FURTHEST = 1.5
"""The distance at the first day that is believed at most, in levels."""
YOUNG = 120
"""Days after which nothing is left of a move-in, and what else is said counts."""
REMEMBERED = 240
"""Days of a series after which it does not matter any more how it settled."""


@dataclass(frozen=True, slots=True)
class Settling:
    """What was fitted at each day to the series that are not yet old.

    Attributes:
        columns: those series.
        said: where the fit is of use; [days × these series], as all that follows.
        flat: the level if nothing is moving in, and its weight.
        moving: for each of REMAINS the level, the distance now, and their weight.
    """

    columns: NDArray[np.intp]
    said: Flags
    flat: tuple[Floats, Floats]
    moving: tuple[tuple[Floats, Floats, Floats], ...]

    def sums(self, factors: Floats, ahead: NDArray[np.int64], otherwise: Floats) -> Floats:
        """Sums of the days ahead: the mean over what fits; `otherwise` for what is old.

        Args:
            factors: of weekdays, see finops.forecast_rhythm.rhythm.
            ahead: numbers of the days after each row.
        """
        if not len(self.columns):
            return otherwise
        mine, ages = factors[:, :, self.columns], -ahead % WEEK
        weekdays = np.einsum("tas,a->ts", mine, np.bincount(ages, minlength=WEEK).astype(float))
        found = self.flat[1] * self.flat[0] * weekdays
        for remains, (level, distance, weight) in zip(REMAINS, self.moving, strict=True):
            shrunk = np.einsum("tas,a->ts", mine, np.bincount(ages, weights=remains**ahead, minlength=WEEK))
            found += weight * (level * weekdays + distance * shrunk)
        sums = otherwise.copy()
        sums[:, self.columns] = np.where(self.said, found, otherwise[:, self.columns])
        return sums


def settle(costs: Floats, known: Flags, begin: NDArray[np.intp], factors: Floats) -> Settling:
    """A level, weekdays and a distance that shrinks every day, for each series that is not yet old.

    Least squares of costs ≈ factor × (level + distance × remains ** days), all of it from the start, because a few
    weeks cannot tell how fast to forget: the path of a damped trend (Gardner & McKenzie 1985, Management Science 31).
    What remains is not known: each value, and no distance at all, counts by how well it fits (the likelihood with the
    Bayesian information criterion, Schwarz 1978, Annals of Statistics 6).

    Args:
        costs: without what stood out; zero where not known.
        begin: index of the first known day of each series.
        factors: of weekdays, see finops.forecast_rhythm.rhythm.
    """
    columns = np.flatnonzero(len(costs) - begin <= REMEMBERED)
    costs, known, factors = costs[:, columns], known[:, columns], factors[:, :, columns]
    age = np.maximum(np.arange(len(costs))[:, None] - begin[columns], -1)
    cost, square = _by_weekday(factors, costs), np.cumsum(costs**2, axis=0)
    number = np.maximum(_by_weekday(factors**2, known.astype(float)), 1e-9)
    days = np.maximum(np.cumsum(known, axis=0), 1)
    least = 1e-6 * square + 1e-300
    mean = cost / number
    levels, distances = [mean], [np.zeros_like(mean)]
    fits = [np.log(STEADY) - days / 2 * np.log(np.maximum(square - cost * mean, least))]
    for remains in REMAINS:
        now = remains ** np.maximum(age, 0)
        distance = np.where(known, now, 0.0)
        far, farther = _by_weekday(factors**2, distance), _by_weekday(factors**2, distance**2)
        along = _by_weekday(factors, distance * costs)
        across = farther - far**2 / number
        # Days that are all as far say nothing of a slope.
        sound = across > 1e-3
        slope = np.where(sound, (along - far * mean) / np.where(sound, across, 1), 0)
        slope = np.clip(slope, -FURTHEST * np.abs(mean), FURTHEST * np.abs(mean))
        level = mean - slope * far / number
        left = square - 2 * (level * cost + slope * along)
        left += level**2 * number + 2 * level * slope * far + slope**2 * farther
        levels.append(level)
        distances.append(slope * now)
        fits.append(np.log((1 - STEADY) / len(REMAINS)) - (days * np.log(np.maximum(left, least)) + np.log(days)) / 2)
    weights = np.exp(np.array(fits) - np.max(fits, axis=0))
    weights /= weights.sum(axis=0)
    said = (age >= WEEK) & (age < YOUNG)
    return Settling(columns, said, (mean, weights[0]), tuple(zip(levels[1:], distances[1:], weights[1:], strict=True)))


def _by_weekday(factors: Floats, values: Floats) -> Floats:
    """Sum of all rows before each row and it, each times what is known at the row of its weekday's factor."""
    weeks = week_by_week(values)
    found = np.zeros_like(values)
    for age in range(WEEK):
        found += factors[:, age] * lagged(weeks, age, 0.0)
    return found
