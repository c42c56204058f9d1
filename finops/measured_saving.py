"""What an action has saved, from the daily cost of what it names: settled days before it was done against after.

A month is 365/12 mean days. Each weekday counts a seventh of the mean day, whichever days are missing. The first of a
month, on which monthly fees fall, is held against its weekday instead, and what it costs more is compared with a first
on the other side, where there is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import sqrt
from statistics import NormalDist

from finops.corrective_action import MeasuredSaving
from finops.day_noise import Noise, noise_of
from finops.money import EXACT, SCALE, ZERO, add, subtract
from finops.periods import DAY

Z_80 = NormalDist().inv_cdf(0.9)
"""Two-sided 80 % quantile of the normal distribution."""
WINDOW = 28
"""Days looked at on either side: four of each weekday."""
LEAST = 7
"""Fewer know nothing of weekends."""
DAYS_A_MONTH = EXACT.divide(Decimal(365), Decimal(12))
_LAST_PLACE = Decimal(1).scaleb(-SCALE)


@dataclass(frozen=True)
class TargetDays:
    """What an action's target cost a team by day, in one basis and currency.

    Attributes:
        daily: day → cost, exact; on a delivered day without an entry it cost nothing.
        delivered: days of which every export concerned has delivered charges.
        settled_through: the last day whose figures have stopped moving, None for none.
    """

    daily: Mapping[date, Decimal]
    delivered: frozenset[date]
    settled_through: date | None

    def cost(self, day: date) -> Decimal:
        """Of a delivered day."""
        return self.daily.get(day, ZERO)


@dataclass(frozen=True, slots=True)
class Measurement:
    """What can be said now.

    Attributes:
        final: whether all the days that are waited for have settled.
    """

    saving: MeasuredSaving
    final: bool


@dataclass(frozen=True)
class _Stretch:
    """Days of one side, in order: ordinary ones, which hold each weekday, and firsts of a month."""

    days: tuple[date, ...]
    firsts: tuple[date, ...]

    @property
    def ends(self) -> tuple[date, date]:
        """The first and the last day that are compared."""
        every = (*self.days, *self.firsts)
        return min(every), max(every)


@dataclass(frozen=True, slots=True)
class _Difference:
    """One side less the other, a month; half is half the width of its 80 % interval."""

    monthly: Decimal
    half: Decimal

    @property
    def is_clear(self) -> bool:
        """Whether no difference at all lies outside of the interval."""
        return abs(self.monthly) > self.half


def measure_saving(days: TargetDays, done_on: date, publication: int, now: datetime) -> Measurement | None:
    """The monthly saving and its 80 % interval (finops/day_noise.py says by which method).

    Compared are up to 28 days that end on the day before `done_on`, and up to 28 from it on, whole weeks on both sides;
    a day that was not delivered is left out.

    Args:
        publication: the newest of which `days` know.

    Returns:
        None while a side has no settled, delivered day of each weekday.
    """
    settled = days.settled_through
    if settled is None or settled < done_on + (LEAST - 1) * DAY:
        return None
    weeks = min((settled - done_on).days + 1, WINDOW) // LEAST
    after = _stretch(days, done_on, weeks)
    known = min((day for day in days.delivered if day >= done_on - WINDOW * DAY), default=done_on)
    weeks_before = (done_on - known).days // LEAST
    before = _stretch(days, done_on - weeks_before * LEAST * DAY, weeks_before)
    if before is None or after is None:
        return None
    found = _difference(days, before, after)
    low, high = subtract(found.monthly, found.half), EXACT.add(found.monthly, found.half)
    saving = MeasuredSaving(
        monthly=found.monthly,
        low=low,
        high=high,
        before_from=before.ends[0],
        before_through=before.ends[1],
        after_from=after.ends[0],
        after_through=after.ends[1],
        publication=publication,
        measured_at=now,
        trend=_trend(days, done_on) if weeks_before == WINDOW // LEAST else None,
    )
    return Measurement(saving, final=settled >= done_on + (WINDOW - 1) * DAY)


def _trend(days: TargetDays, done_on: date) -> Decimal | None:
    """By how much a month's cost had grown within the weeks before, None where it is not distinguishable from none."""
    half = WINDOW // LEAST // 2
    former = _stretch(days, done_on - WINDOW * DAY, half)
    latter = _stretch(days, done_on - half * LEAST * DAY, half)
    if former is None or latter is None:
        return None
    found = _difference(days, former, latter)
    return -found.monthly if found.is_clear else None


def _stretch(days: TargetDays, first: date, weeks: int) -> _Stretch | None:
    """The delivered days of whole weeks, None where a weekday is missing."""
    every = [day for number in range(weeks * LEAST) if (day := first + number * DAY) in days.delivered]
    ordinary = tuple(day for day in every if day.day != 1)
    if {day.weekday() for day in ordinary} != set(range(7)):
        return None
    return _Stretch(ordinary, tuple(day for day in every if day.day == 1))


def _difference(days: TargetDays, before: _Stretch, after: _Stretch) -> _Difference:
    rhythms = [_rhythm(days, stretch) for stretch in (before, after)]
    means = [_mean(rhythm.values()) for rhythm in rhythms]
    monthly = EXACT.multiply(subtract(means[0], means[1]), DAYS_A_MONTH)
    noise = _noise(days, before, after)
    half = noise.half * float(DAYS_A_MONTH)
    if before.firsts and after.firsts:
        fees = [_fee(days, stretch.firsts, rhythm) for stretch, rhythm in zip((before, after), rhythms, strict=True)]
        monthly = EXACT.add(monthly, subtract(fees[0], fees[1]))
        of_fees = Z_80 * noise.scatter * sqrt(sum(1 + 7 / len(stretch.days) for stretch in (before, after)))
        half = sqrt(half**2 + of_fees**2)
    return _Difference(_kept(monthly), _kept(Decimal(half)))


def _rhythm(days: TargetDays, stretch: _Stretch) -> dict[int, Decimal]:
    """Mean cost by weekday."""
    return {weekday: _mean(days.cost(day) for day in stretch.days if day.weekday() == weekday) for weekday in range(7)}


def _fee(days: TargetDays, firsts: Sequence[date], rhythm: Mapping[int, Decimal]) -> Decimal:
    """What the first of a month costs more than its weekday."""
    return _mean(subtract(days.cost(day), rhythm[day.weekday()]) for day in firsts)


def _noise(days: TargetDays, before: _Stretch, after: _Stretch) -> Noise:
    every = [(day, stretch) for stretch, side in enumerate((before, after)) for day in side.days]
    # Days are numbered from a Monday, so that windows that begin alike share their plan.
    monday = every[0][0] - every[0][0].weekday() * DAY
    numbered = [((day - monday).days, stretch) for day, stretch in every]
    return noise_of(numbered, [float(days.cost(day)) for day, _ in every])


def _mean(costs: Iterable[Decimal]) -> Decimal:
    found = list(costs)
    return EXACT.divide(add(found), Decimal(len(found)))


def _kept(amount: Decimal) -> Decimal:
    """An amount to the last digit that is kept of any."""
    return amount.quantize(_LAST_PLACE, context=EXACT)
