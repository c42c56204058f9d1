"""Series to be forecast: made from a seed, read from AirPassengers, or from somebody's own CSV file."""

from __future__ import annotations

import csv
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from tests.forecasting.behaviours import BEHAVIOURS, noise, rhythm
from tests.forecasting.days import Days, Floats, Truths, days_of_month, months_later

DEVELOPMENT, HELD_BACK = 1, 974_213
"""Seeds: the baselines were chosen on the first; what is told of the product is measured on the second."""
AIR_PASSENGERS = Path(__file__).parents[3] / "shared" / "data" / "timeseries" / "airpassengers.json"
LEAST_HISTORY = 60


@dataclass(frozen=True)
class Series:
    """One series and the months of it that are to be forecast.

    Attributes:
        name, behaviour: which one, and of what kind.
        first_day: of both arrays.
        truth: what was spent on each day.
        daily: the same as it was delivered, NaN where a day is missing.
        months: first days of the months to be forecast, each of them whole within the series.
    """

    name: str
    behaviour: str
    first_day: date
    truth: Floats
    daily: Floats
    months: tuple[date, ...]

    def total(self, month: date) -> float:
        """What was spent in a month."""
        begun = (month - self.first_day).days
        return float(self.truth[begun : begun + days_of_month(month)].sum())


def make_series(seed: int, each: int, behaviours: Sequence[str] = tuple(BEHAVIOURS)) -> list[Series]:
    """As many as `each` of every behaviour; the same for the same seed, however many there are."""
    return [_draw(seed, behaviour, number) for behaviour in behaviours for number in range(each)]


def random_numbers(seed: int, word: str, number: int) -> np.random.Generator:
    """Random numbers of one series, which do not change with what else is drawn."""
    return np.random.default_rng([seed, zlib.crc32(word.encode()), number])


def _draw(seed: int, behaviour: str, number: int) -> Series:
    rng = random_numbers(seed, behaviour, number)
    young = behaviour == "new team"
    history = int(rng.integers(18, 33)) if young else int(rng.integers(LEAST_HISTORY, 401))
    month = months_later(date(2022, 1, 1), int(rng.integers(0, 48)))
    months = (month,) if young else (month, months_later(month, 1))
    first_day = month - timedelta(days=history)
    days = Days(first_day, (months_later(months[-1], 1) - first_day).days)
    scale = 10 ** rng.uniform(-1.5, 6)
    while True:
        truth = scale * BEHAVIOURS[behaviour](rng, days, history)
        series = Series(f"{behaviour} {number}", behaviour, first_day, truth, with_gaps(rng, truth), months)
        # An error is told as a share of what was spent: a series without any has no share.
        if all(series.total(each) > 0 for each in months):
            return series


def with_gaps(rng: np.random.Generator, truth: Floats) -> Floats:
    """The same with NaN for days that were not delivered: in a quarter of the series some, in the others none."""
    if rng.random() >= 0.25:
        return truth.copy()
    lost: Truths = rng.random(len(truth)) < rng.uniform(0.003, 0.03)
    if rng.random() < 0.5:
        begun = int(rng.integers(0, len(truth)))
        lost[begun : begun + int(rng.integers(2, 6))] = True
    return np.where(lost, np.nan, truth)


def air_passengers(path: Path = AIR_PASSENGERS, years: int = 10) -> list[Series]:
    """AirPassengers, a series for each of the last `years`: 400 days of history, then the months of that year.

    The monthly totals are kept to the digit. Within a month the days follow a straight line through the months'
    means, the rhythm of a week with fuller weekends, and 3 % of noise: what is real in it is the growth and the season.
    """
    totals = np.array(json.loads(path.read_text())["values"])
    first = date(1949, 1, 1)
    days = Days(first, (months_later(first, len(totals)) - first).days)
    month = days.month - days.month[0]
    lengths = np.bincount(month)
    middles = np.cumsum(lengths) - lengths / 2
    rng = random_numbers(0, "AirPassengers", 0)
    shape = np.interp(np.arange(days.count), middles, totals / lengths) * rhythm(rng, days, 1.0, 1.2)
    shape = shape * noise(rng, days.count, 0.03, 0.03)
    truth = shape * (totals / np.bincount(month, shape))[month]
    return [_year_of(truth, first, date(1960 - number, 1, 1)) for number in range(min(years, 10))]


def _year_of(truth: Floats, first: date, begin: date) -> Series:
    begun, end = (begin - first).days - 400, (months_later(begin, 12) - first).days
    begun = max(begun, 0)
    months = tuple(months_later(begin, number) for number in range(12))
    values = truth[begun:end]
    return Series(
        f"AirPassengers {begin.year}", "AirPassengers", first + timedelta(days=begun), values, values.copy(), months
    )


def read_csv(path: Path) -> Iterator[Series]:
    """The series of a CSV file: a column `date` (YYYY-MM-DD), and a column of amounts for each series.

    Dates in any order; a day or an amount that is missing is missing, not zero. Every whole month that comes after 60
    days and misses no day is to be forecast.

    Raises:
        ValueError: there is no column `date`, no other column, an empty column, or a cell that is no date or number.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        columns = [name for name in reader.fieldnames or () if name != "date"]
        rows = {date.fromisoformat(row["date"]): row for row in reader if "date" in row}
    if not columns or not rows:
        raise ValueError(f"{path.name} needs a column `date`, a column of amounts, and rows")
    first = min(rows)
    days = Days(first, (max(rows) - first).days + 1)
    for name in columns:
        cells = [(rows.get(day) or {}).get(name) or "nan" for day in days.dates]
        truth = np.array([float(cell) for cell in cells])
        known = np.flatnonzero(~np.isnan(truth))
        if not len(known):
            raise ValueError(f"{path.name}: no amounts in the column {name!r}")
        lived = Days(days.dates[known[0]], int(known[-1] - known[0]) + 1)
        truth = truth[known[0] : known[-1] + 1]
        yield Series(name, name, lived.first, truth, truth.copy(), tuple(_whole_months(lived, truth)))


def _whole_months(days: Days, truth: Floats) -> Iterator[date]:
    for begun in np.flatnonzero(days.of_month == 1):
        month = days.dates[begun]
        values = truth[begun : begun + days_of_month(month)]
        if begun >= LEAST_HISTORY and len(values) == days_of_month(month) and not np.isnan(values).any():
            yield month
