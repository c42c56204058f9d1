"""How daily cloud spend behaves: each function draws one series of a mean near 1 from its own random parameters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.forecasting.days import Days, Floats

Behaviour = Callable[[np.random.Generator, Days, int], Floats]
"""(random numbers, days, number of the first day to be forecast) → spend of each day."""


def noise(rng: np.random.Generator, count: int, least: float, most: float) -> Floats:
    """Independent factors of mean 1, of one standard deviation (of the logarithm) between `least` and `most`."""
    sigma = rng.uniform(least, most)
    return np.exp(rng.normal(0, sigma, count) - sigma**2 / 2)


def wandering(rng: np.random.Generator, count: int, least: float, most: float) -> Floats:
    """Factors that follow an AR(1) process in the logarithm, of a standard deviation between `least` and `most`."""
    sigma, memory = rng.uniform(least, most), rng.uniform(0.6, 0.95)
    steps = rng.normal(0, sigma * np.sqrt(1 - memory**2), count)
    values = np.empty(count)
    value = rng.normal(0, sigma)
    for number in range(count):
        value = memory * value + steps[number]
        values[number] = value
    return np.exp(values - sigma**2 / 2)


def rhythm(rng: np.random.Generator, days: Days, least_weekend: float = 0.5, most_weekend: float = 0.95) -> Floats:
    """A factor for each weekday: working days near 1, the weekend lower, Sunday not quite as Saturday."""
    week = np.concatenate([rng.uniform(0.94, 1.06, 5), rng.uniform(least_weekend, most_weekend) * np.ones(2)])
    week[6] *= rng.uniform(0.9, 1.02)
    return week[days.weekday]


def holiday_dips(rng: np.random.Generator, days: Days) -> Floats:
    """Lower on holidays, and between Christmas and New Year's Day somewhat lower."""
    depth = rng.uniform(0.35, 0.8)
    quiet = (days.of_year >= 358) | (days.of_year <= 1)
    return np.where(days.holiday, depth, np.where(quiet, (1 + depth) / 2, 1.0))


def moment(rng: np.random.Generator, days: Days, split: int) -> int:
    """A day on which something changes for good: anywhere, or as likely near what is to be forecast."""
    around = rng.random() < 0.5
    least, most = (max(10, split - 45), min(days.count, split + 45)) if around else (10, days.count)
    return int(rng.integers(least, most))


def steady(rng: np.random.Generator, days: Days, split: int) -> Floats:
    """Machines that run day and night."""
    return noise(rng, days.count, 0.005, 0.08)


def weekday_rhythm(rng: np.random.Generator, days: Days, split: int) -> Floats:
    """Follows people's week."""
    return rhythm(rng, days) * noise(rng, days.count, 0.02, 0.08)


def weekends_off(rng: np.random.Generator, days: Days, split: int) -> Floats:
    """Development machines that are stopped at weekends, sometimes on holidays too."""
    values = rhythm(rng, days, 0.0, 0.25) * noise(rng, days.count, 0.03, 0.12)
    return values * holiday_dips(rng, days) if rng.random() < 0.3 else values


def linear_growth(rng: np.random.Generator, days: Days, split: int) -> Floats:
    """The same amount more, or less, every day: storage that fills, a migration that ends."""
    over_all = rng.uniform(0.3, 3.0) if rng.random() < 0.75 else rng.uniform(-0.7, -0.3)
    values = (1 + over_all * np.arange(days.count) / days.count) * noise(rng, days.count, 0.01, 0.07)
    return values * rhythm(rng, days) if rng.random() < 0.5 else values


def exponential_growth(rng: np.random.Generator, days: Days, split: int) -> Floats:
    """3 to 25 % more every month."""
    a_day = np.log1p(rng.uniform(0.03, 0.25)) / 30.4
    values = np.exp(a_day * np.arange(days.count)) * noise(rng, days.count, 0.02, 0.08)
    values = values / values.mean()
    return values * rhythm(rng, days) if rng.random() < 0.5 else values


def level_shift(rng: np.random.Generator, days: Days, split: int) -> Floats:
    """A deployment, or its end: up or down from one day to the next."""
    factor = rng.uniform(1.25, 2.5) if rng.random() < 0.5 else rng.uniform(0.4, 0.8)
    values = np.where(np.arange(days.count) >= moment(rng, days, split), factor, 1.0)
    values = values * noise(rng, days.count, 0.01, 0.08)
    return values * rhythm(rng, days) if rng.random() < 0.5 else values


def month_start_fee(rng: np.random.Generator, days: Days, split: int) -> Floats:
    """Support or licences, charged on the first of the month: 0.2 to 20 days' worth."""
    values = (rhythm(rng, days) if rng.random() < 0.5 else 1.0) * noise(rng, days.count, 0.01, 0.08)
    fee = 10 ** rng.uniform(-0.7, 1.3)
    return values + np.where(days.of_month == 1, fee * noise(rng, days.count, 0.0, 0.05), 0)


def mid_month_invoice(rng: np.random.Generator, days: Days, split: int) -> Floats:
    """A marketplace's invoice on a fixed day of the month, or on the working day after it."""
    values = (rhythm(rng, days) if rng.random() < 0.5 else 1.0) * noise(rng, days.count, 0.01, 0.08)
    day, fee, on_working_days = rng.integers(8, 23), 10 ** rng.uniform(-0.3, 1.2), rng.random() < 0.4
    due = np.flatnonzero(days.of_month == day)
    if on_working_days:
        due = due + np.array([0, 0, 0, 0, 0, 2, 1])[days.weekday[due]]
    due = due[due < days.count]
    values[due] += fee * noise(rng, len(due), 0.0, 0.1)
    return values


def month_end_batch(rng: np.random.Generator, days: Days, split: int) -> Floats:
    """The close of the month is computed on its last one to three days."""
    values = (rhythm(rng, days) if rng.random() < 0.6 else 1.0) * noise(rng, days.count, 0.02, 0.08)
    last = days.left_in_month < rng.integers(1, 4)
    return values + np.where(last, rng.uniform(0.8, 5) * noise(rng, days.count, 0.02, 0.15), 0)


def credits(rng: np.random.Generator, days: Days, split: int) -> Floats:
    """A credit once a month, or one that lowers every day until it is used up."""
    values = (rhythm(rng, days) if rng.random() < 0.5 else 1.0) * noise(rng, days.count, 0.01, 0.08)
    if rng.random() < 0.6:
        credit = rng.uniform(2, 15) * noise(rng, days.count, 0.0, 0.1)
        return values - np.where(days.of_month == rng.integers(1, 28), credit, 0)
    used_up = moment(rng, days, split)
    return values * np.where(np.arange(days.count) < used_up, rng.uniform(0.3, 0.8), 1.0)


def incidents(rng: np.random.Generator, days: Days, split: int) -> Floats:
    """Now and then a day or two of 1.5 to 6 times the usual."""
    values = (rhythm(rng, days) if rng.random() < 0.5 else 1.0) * noise(rng, days.count, 0.01, 0.08)
    a_month = rng.uniform(0.3, 1.5)
    for begun in np.flatnonzero(rng.random(days.count) < a_month / 30.4):
        values[begun : begun + rng.integers(1, 3)] *= rng.uniform(1.5, 6)
    return values


def autoscaling(rng: np.random.Generator, days: Days, split: int) -> Floats:
    """Follows a load that wanders."""
    values = wandering(rng, days.count, 0.06, 0.25)
    return values * rhythm(rng, days) if rng.random() < 0.6 else values


def intermittent(rng: np.random.Generator, days: Days, split: int) -> Floats:
    """Nothing on most days: jobs that somebody starts, or that run on one weekday."""
    if rng.random() < 0.3:
        runs = np.isin(days.weekday, rng.choice(7, rng.integers(1, 3), replace=False)) & (rng.random(days.count) < 0.95)
    else:
        runs = rng.random(days.count) < rng.uniform(0.1, 0.4)
    return np.where(runs, noise(rng, days.count, 0.1, 0.6), 0.0) / max(runs.mean(), 0.05)


def reservation(rng: np.random.Generator, days: Days, split: int) -> Floats:
    """A commitment is bought: lower from that day on, sometimes paid upfront on it."""
    values = (rhythm(rng, days) if rng.random() < 0.6 else 1.0) * noise(rng, days.count, 0.01, 0.07)
    bought = moment(rng, days, split)
    values[bought:] *= rng.uniform(0.5, 0.85)
    if rng.random() < 0.4:
        values[bought] += rng.uniform(2, 20)
    return values


def retail(rng: np.random.Generator, days: Days, split: int) -> Floats:
    """A shop: full weekends, a climb to December, a peak in the week of Black Friday, a lull in January."""
    season = 1 + rng.uniform(0.1, 0.5) * np.exp(-(((days.of_year - 345) / 22.0) ** 2))
    season = season * np.where(days.of_year < 45, rng.uniform(0.8, 0.95), 1.0)
    peak = np.isin(days.after_black_friday, (-1, 1, 2)) * rng.uniform(0.1, 0.5)
    peak = peak + np.isin(days.after_black_friday, (0, 3)) * rng.uniform(0.4, 1.5)
    return season * (1 + peak) * rhythm(rng, days, 1.0, 1.35) * noise(rng, days.count, 0.02, 0.08)


def office(rng: np.random.Generator, days: Days, split: int) -> Floats:
    """An office's week and its holidays."""
    return rhythm(rng, days, 0.2, 0.8) * holiday_dips(rng, days) * noise(rng, days.count, 0.02, 0.08)


def new_team(rng: np.random.Generator, days: Days, split: int) -> Floats:
    """A few weeks old: steady from its first day, or moving in."""
    ramp = 1 - rng.uniform(0.3, 0.9) * np.exp(-np.arange(days.count) / rng.uniform(5, 25))
    values = (ramp if rng.random() < 0.6 else 1.0) * noise(rng, days.count, 0.02, 0.1)
    return values * rhythm(rng, days) if rng.random() < 0.6 else values


def mixed(rng: np.random.Generator, days: Days, split: int) -> Floats:
    """Several services in one bill: two to four of the others, of unequal size."""
    parts = rng.choice(len(MIXABLE), rng.integers(2, 5), replace=False)
    return np.sum([rng.uniform(0.2, 1) * MIXABLE[part](rng, days, split) for part in parts], axis=0)


MIXABLE: tuple[Behaviour, ...] = (
    *(steady, weekday_rhythm, weekends_off, linear_growth, exponential_growth, level_shift, month_start_fee),
    *(mid_month_invoice, month_end_batch, incidents, autoscaling, intermittent, reservation, retail, office),
)
BEHAVIOURS: dict[str, Behaviour] = {
    each.__name__.replace("_", " "): each for each in (*MIXABLE, credits, new_team, mixed)
}
