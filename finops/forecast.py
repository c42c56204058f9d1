"""Expected month-end actual from settled days: what a forecast is, and the one that needs a week of history alone."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from itertools import accumulate
from math import sqrt
from statistics import NormalDist

from finops.money import EXACT, ZERO, add, subtract
from finops.periods import DAY, Month

RHYTHM_DAYS = 28
"""Settled days the weekday rhythm is taken from: four of each weekday."""
LEAST_DAYS = 14
"""Fewer known days than two weeks cannot tell a weekend from a change: no forecast."""
ROUNDING = Decimal("0.0001")
"""Part of an amount by which it differs at most where its days are rounded."""
PROBABILITIES = (
    *(0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45),
    *(0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99, 0.995),
)
"""Where a forecast's distribution is known."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """A month's expected end.

    Attributes:
        amount: expected actual of the whole month, in the spend's currency; what is to come is rounded to its digits.
        settled: actual of the month's settled days, exact; it is part of every other amount.
        settled_through: the last day it rests on.
        quantiles: amount that the month stays below with each of PROBABILITIES, rising.
        days: (day, expected cost) of the month's days without a known cost, in order.
    """

    amount: Decimal
    settled: Decimal
    settled_through: date
    quantiles: tuple[Decimal, ...]
    days: tuple[tuple[date, Decimal], ...]

    @property
    def low(self) -> Decimal:
        """Lower end of the 80 % interval."""
        return self.quantile(0.1)

    @property
    def high(self) -> Decimal:
        """Upper end of the 80 % interval."""
        return self.quantile(0.9)

    @property
    def lowest(self) -> Decimal:
        """Lower end of the 95 % interval."""
        return self.quantile(0.025)

    @property
    def highest(self) -> Decimal:
        """Upper end of the 95 % interval."""
        return self.quantile(0.975)

    def quantile(self, probability: float) -> Decimal:
        """The amount that the month stays below with one of PROBABILITIES; raises ValueError for any other."""
        return self.quantiles[PROBABILITIES.index(probability)]

    def raised_to(self, daily: Mapping[date, Decimal], through: date) -> Forecast:
        """The same; but days delivered count as they stand once the month would end above its 80 % interval by them.

        What may still move is no reason for a forecast, but one that is made impossible by what is delivered misleads.
        Every quantile rises by as much.

        Args:
            daily: day → cost of the month's days that are delivered.
            through: the last of them.
        """
        since = {day: daily.get(day, ZERO) for day, _ in self.days if self.settled_through < day <= through}
        days = tuple((day, since.get(day, cost)) for day, cost in self.days)
        amount = add([self.settled, *(cost for _, cost in days)])
        if not since or amount <= add([self.high, EXACT.multiply(abs(amount), ROUNDING)]):
            return self
        delivered = add([self.settled, *since.values()])
        more = subtract(amount, self.amount)
        # Where nothing is ever credited, no month ends below what is delivered.
        least = delivered if min(daily.values()) >= 0 else min(self.quantiles)
        quantiles = tuple(max(add([each, more]), least) for each in self.quantiles)
        return replace(self, amount=max(amount, least), quantiles=quantiles, days=days)

    @property
    def is_certain(self) -> bool:
        """Whether nothing is left to come; an earlier day's expected days are not kept, but its distribution is."""
        return not self.days and self.quantiles[0] == self.quantiles[-1] == self.settled

    def probability_over(self, amount: Decimal) -> float:
        """The probability that the month ends above an amount: 1 − its distribution, straight between the quantiles.

        Never told finer than the distribution is known: between 0.005 and 0.995, unless nothing is left to come.
        """
        if self.is_certain:
            return float(self.settled > amount)
        # What lies on the amount itself is not above it.
        return 1 - self._distribution(bisect_right(self.quantiles, amount), amount)

    def probability_under(self, amount: Decimal) -> float:
        """The probability that the month ends below an amount, told as finely."""
        if self.is_certain:
            return float(self.settled < amount)
        return self._distribution(bisect_left(self.quantiles, amount), amount)

    def _distribution(self, place: int, amount: Decimal) -> float:
        """The distribution at an amount that stands before the quantile at `place`."""
        if place in (0, len(self.quantiles)):
            return PROBABILITIES[0 if place == 0 else -1]
        below, above = self.quantiles[place - 1], self.quantiles[place]
        part = float((amount - below) / (above - below))
        return PROBABILITIES[place - 1] + part * (PROBABILITIES[place] - PROBABILITIES[place - 1])

    def by_day(self) -> list[tuple[date, Decimal]]:
        """Expected cumulative actual at the end of each day not yet settled, for the picture."""
        missing = add([cost for day, cost in self.days if day <= self.settled_through])
        ahead = [(day, cost) for day, cost in self.days if day > self.settled_through]
        totals = accumulate((cost for _, cost in ahead), initial=self.settled + missing)
        return list(zip((day for day, _ in ahead), list(totals)[1:], strict=True))


def forecast_month(
    month: Month, daily: Mapping[date, Decimal], settled_through: date, missing: Collection[date] = ()
) -> Forecast | None:
    """Weekday-aware run rate: what has settled, and for each day left the mean of its weekday.

    The rhythm is the mean of each weekday over the last 28 settled days; the first of a month is left out of it,
    because monthly fees fall there. A day without spend counts as zero, unless it is missing: then its weekday's mean
    stands in. The interval is the scatter around the rhythm, carried over the days left.

    Args:
        month: the month to end.
        daily: day → cost in one basis and currency, for the month and the weeks before it; absent days had none.
        settled_through: the last settled day; later entries are not used.
        missing: days that were not delivered: not known, which is not zero.

    Returns:
        None where fewer than 14 settled days are known, or the month has not begun to settle within four weeks.
    """
    first_known = min(daily, default=settled_through + DAY)
    start = max(first_known, settled_through - (RHYTHM_DAYS - 1) * DAY)
    lost = {day for day in missing if first_known <= day <= settled_through}
    known = (settled_through - start).days + 1 - sum(day >= start for day in lost)
    if known < LEAST_DAYS or settled_through < month.first - RHYTHM_DAYS * DAY:
        return None
    weekdays = _weekdays(start, settled_through)
    if lost:
        weekdays = tuple(tuple(day for day in days if day not in lost) for days in weekdays)
    rhythm, scatter, days = _rhythm(daily, weekdays)
    first = month.first
    settled = add([cost for day, cost in daily.items() if first <= day <= settled_through and day not in lost])
    first_open = max(settled_through + DAY, month.first)
    gone = sorted(day for day in lost if day >= first)
    open_days = [*gone, *(first_open + number * DAY for number in range((month.last - first_open).days + 1))]
    left = len(open_days)
    ahead = [rhythm[day.weekday()] for day in open_days]
    expected = float(settled) + sum(ahead)
    spread = scatter * sqrt(left + left**2 / max(1, days))
    # Rounded as running sums, so that the days add up to what the month is expected to end at.
    sums = [settled, *map(_money, list(accumulate(ahead, initial=float(settled)))[1:])]
    return Forecast(
        amount=_money(expected) if left else settled,
        settled=settled,
        settled_through=settled_through,
        quantiles=tuple(_money(expected + z * spread) if left else settled for z in _normal()),
        days=tuple((day, subtract(sums[number + 1], sums[number])) for number, day in enumerate(open_days)),
    )


@cache
def _normal() -> tuple[float, ...]:
    """The standard normal distribution at PROBABILITIES."""
    return tuple(NormalDist().inv_cdf(probability) for probability in PROBABILITIES)


@lru_cache(maxsize=1000)
def _weekdays(start: date, last: date) -> tuple[tuple[date, ...], ...]:
    """Days from start to last, both inside and without first days of a month, by weekday, Monday first."""
    days = [start + number * DAY for number in range((last - start).days + 1)]
    return tuple(tuple(day for day in days if day.weekday() == weekday and day.day != 1) for weekday in range(7))


def _rhythm(daily: Mapping[date, Decimal], weekdays: Sequence[Sequence[date]]) -> tuple[tuple[float, ...], float, int]:
    """Mean cost by weekday, the standard deviation of the days around it, and the number of days.

    Each mean takes one degree of freedom: of as many days as weekdays nothing is left to tell a scatter by.

    A weekday never seen has the mean of all.
    """
    costs = [[float(daily.get(day, ZERO)) for day in days] for days in weekdays]
    count = sum(map(len, costs))
    overall = sum(map(sum, costs)) / max(1, count)
    means = tuple(sum(found) / len(found) if found else overall for found in costs)
    squares = sum([(cost - mean) ** 2 for found, mean in zip(costs, means, strict=True) for cost in found])
    return means, sqrt(squares / max(1, count - sum(map(bool, costs)))), count


def _money(value: float) -> Decimal:
    """An estimate as money, rounded where its own error begins to be far larger: 1/10000."""
    return Decimal(round(value * 10_000)).scaleb(-4)
