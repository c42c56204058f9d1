"""An anomaly as the figures show it: what the detector finds, without what it finds it by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from finops.money import add, subtract


class Shape(StrEnum):
    """What a run of days looks like; one that has lasted a week is a shift."""

    SPIKE = "spike"
    SHIFT = "shift"


@dataclass(frozen=True, slots=True)
class Minimums:
    """What an anomaly reaches at least, all three of it.

    Attributes:
        amount: cost over what was expected, all its days together, in the series' currency.
        ratio: of that to the expected cost, on its first day.
        score: distance of its first day from what is expected, in units of the series' own scatter.
    """

    amount: Decimal
    ratio: Decimal
    score: Decimal


@dataclass(frozen=True, slots=True)
class FoundDay:
    """One day of an anomaly.

    Attributes:
        cost, expected: in the series' currency, rounded to 1/10000.
    """

    day: date
    cost: Decimal
    expected: Decimal

    @property
    def excess(self) -> Decimal:
        """cost − expected."""
        return subtract(self.cost, self.expected)


@dataclass(frozen=True, slots=True)
class FoundAnomaly:
    """An anomaly as the figures show it.

    Attributes:
        series: number of the series among those that were given.
        is_increase: whether it cost more than expected; a decrease is recorded and pings nobody.
        shape: as of the last day that is known.
        days: its days out of the ordinary, rising; ordinary days between them are left out.
        found_on: the day on which it reached the least amount.
        ratio: excess / expected of its first day, 1,000,000 at most; None where nothing was expected.
        score: of its first day, 1000 at most; of its week's level where it grew slowly.
        over_on: the day on which it was seen to be over, None while it lasts.
        is_absorbed: whether it is over because it has become what is expected.
    """

    series: int
    is_increase: bool
    shape: Shape
    days: tuple[FoundDay, ...]
    found_on: date
    ratio: Decimal | None
    score: Decimal
    over_on: date | None
    is_absorbed: bool

    @property
    def first_day(self) -> date:
        """The day it began."""
        return self.days[0].day

    @property
    def last_day(self) -> date:
        """Its latest day out of the ordinary."""
        return self.days[-1].day

    @property
    def cost(self) -> Decimal:
        """What its days cost."""
        return add(each.cost for each in self.days)

    @property
    def expected(self) -> Decimal:
        """What they were expected to cost."""
        return add(each.expected for each in self.days)

    @property
    def excess(self) -> Decimal:
        """cost − expected; less than zero for a decrease."""
        return subtract(self.cost, self.expected)

    @property
    def highest_cost(self) -> Decimal:
        """The largest of its days."""
        return max(each.cost for each in self.days)

    @property
    def highest_excess(self) -> Decimal:
        """The largest excess of one day."""
        return max(each.excess for each in self.days)
