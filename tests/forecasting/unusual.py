"""Series with anomalies that are known, and teams without any, to judge a detector by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from tests.forecasting import behaviours
from tests.forecasting.behaviours import Behaviour
from tests.forecasting.days import Days, Floats
from tests.forecasting.series import random_numbers, with_gaps

COUNT = 400
WARM_UP = 75
"""Days before which nothing is judged: whoever detects must have seen two months begin."""
SETTLING = 10
FORGIVEN_DAYS = 7

BY_DAY: tuple[Behaviour, ...] = (
    *(behaviours.steady, behaviours.weekday_rhythm, behaviours.weekends_off, behaviours.linear_growth),
    *(behaviours.autoscaling, behaviours.retail, behaviours.office),
)
BY_MONTH: tuple[Behaviour, ...] = (
    *(behaviours.month_start_fee, behaviours.mid_month_invoice, behaviours.month_end_batch),
)
ORDINARY: tuple[Behaviour, ...] = (*BY_DAY, *BY_MONTH, behaviours.exponential_growth, behaviours.intermittent)


@dataclass(frozen=True)
class Event:
    """Something that happened and the days on which telling of it is right.

    Attributes:
        first, last: numbers of days, both included.
        expected: whether it must be told; otherwise it may be, and is neither right nor wrong.
        amount, ratio: how much a day it cost beyond the usual, at its height, and as a share of the usual.
        goes_on: whether it grows for weeks, so that it may be told again after a week.
    """

    first: int
    last: int
    expected: bool
    amount: float
    ratio: float
    goes_on: bool = False


@dataclass(frozen=True)
class Watched:
    """One service's series of one team, and what happened in it.

    Attributes:
        team, kind: whose it is; the kind of its anomalies, or 'ordinary'.
        first_day, daily: as it was delivered, NaN where a day is missing.
        events: what happened, in order.
    """

    team: str
    kind: str
    first_day: date
    daily: Floats
    events: tuple[Event, ...]


def make_watched(seed: int, each: int, teams: int) -> list[Watched]:
    """As many as `each` series of every kind of anomaly, then so many ordinary teams of three to ten series."""
    found = [_with_anomalies(seed, kind, number) for kind in KINDS for number in range(each)]
    return found + [series for number in range(teams) for series in _ordinary_team(seed, number)]


def _ordinary_team(seed: int, number: int) -> list[Watched]:
    rng = random_numbers(seed, "ordinary team", number)
    days = _days(rng)
    found = []
    for _ in range(int(rng.integers(3, 11))):
        values = _of_mean(ORDINARY[rng.integers(len(ORDINARY))](rng, days, COUNT), 10 ** rng.uniform(0.5, 4.5))
        found.append(Watched(f"team {number}", "ordinary", days.first, with_gaps(rng, values), ()))
    return found


def _with_anomalies(seed: int, kind: str, number: int) -> Watched:
    rng = random_numbers(seed, kind, number)
    days = _days(rng)
    # A fee of a service that is new has never been seen, so that nobody could know it for one.
    usual = BY_DAY if kind == "new usage" else BY_DAY + BY_MONTH
    values = _of_mean(usual[rng.integers(len(usual))](rng, days, COUNT), 10 ** rng.uniform(2.5, 5))
    values, events = KINDS[kind](rng, days, values)
    return Watched(f"{kind} {number}", kind, days.first, with_gaps(rng, values), events)


def _days(rng: np.random.Generator) -> Days:
    return Days(date(2022, 1, 1) + timedelta(days=int(rng.integers(0, 1400))), COUNT)


def _of_mean(values: Floats, mean: float) -> Floats:
    return values * (mean / values.mean())


def _spikes(rng: np.random.Generator, days: Days, values: Floats) -> tuple[Floats, tuple[Event, ...]]:
    changed, events = values.copy(), list[Event]()
    busy = values >= 0.6 * np.median(values)
    # A spike on a day that is out of the ordinary anyway may not stand out, and is no fair question.
    plain = np.flatnonzero(busy & ~days.holiday & (days.of_month > 1) & (values <= 1.5 * np.median(values)))
    wanted = int(rng.integers(1, 5))
    for day in sorted(int(day) for day in rng.permutation(plain)):
        if day < WARM_UP or len(events) == wanted or (events and day - events[-1].first < 12) or rng.random() > 0.03:
            continue
        factor = np.exp(rng.uniform(np.log(1.3), np.log(5)))
        extra = (factor - 1) * _usual(values, day)
        changed[day] += extra
        events.append(Event(day, day + 1, True, extra, factor - 1))
    return changed, tuple(events)


def _shift(rng: np.random.Generator, days: Days, values: Floats) -> tuple[Floats, tuple[Event, ...]]:
    day, factor = int(rng.integers(WARM_UP, COUNT - 60)), rng.uniform(1.3, 2.5)
    amount = (factor - 1) * _usual(values, day)
    events = [Event(day, day + SETTLING - 1, True, amount, factor - 1)]
    added = np.where(np.arange(COUNT) >= day, _usage(values) * (factor - 1), 0.0)
    if rng.random() < 0.3:
        ended = day + int(rng.integers(30, 50))
        added[ended:] = 0
        events.append(Event(ended, ended + SETTLING - 1, False, amount, factor - 1))
    return values + added, tuple(events)


def _leak(rng: np.random.Generator, days: Days, values: Floats) -> tuple[Floats, tuple[Event, ...]]:
    day, length, most = int(rng.integers(WARM_UP, COUNT - 60)), int(rng.integers(10, 31)), rng.uniform(0.4, 1.5)
    share = np.clip((np.arange(COUNT) - day) / length, 0, 1) * most
    amount = most * _usual(values, day)
    return values + _usage(values) * share, (Event(day + 1, day + length + SETTLING, True, amount, most, goes_on=True),)


def _new_usage(rng: np.random.Generator, days: Days, values: Floats) -> tuple[Floats, tuple[Event, ...]]:
    day, before = int(rng.integers(WARM_UP, COUNT - 60)), rng.choice([0.0, 0.0, 0.02, 0.05])
    changed = np.where(np.arange(COUNT) < day, values * before, values)
    amount = (1 - before) * _usual(values, day)
    return changed, (Event(day, day + SETTLING - 1, True, amount, 1 / before - 1 if before else np.inf),)


KINDS: dict[str, Callable[[np.random.Generator, Days, Floats], tuple[Floats, tuple[Event, ...]]]] = {
    "one-day spike": _spikes,
    "level shift": _shift,
    "slow leak": _leak,
    "new usage": _new_usage,
}


def _usage(values: Floats) -> Floats:
    """What grows when usage does: fees and invoices do not."""
    return np.minimum(values, 1.5 * np.median(values))


def _usual(values: Floats, day: int) -> float:
    """The median of the four weeks around a day."""
    return float(np.median(values[max(0, day - 14) : day + 15]))
