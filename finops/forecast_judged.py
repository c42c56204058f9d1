"""How near forecasts came to what was spent, and how often their intervals held it, by team and days left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from finops.accuracy import mean_error
from finops.forecast import Forecast
from finops.money import subtract
from finops.periods import Month
from finops.policy import ratio_of

BANDS = ((1, 3), (4, 7), (8, 14), (15, 21), (22, 40))
"""Days left of a month, from and through, that are looked at together: the first days of the next month's settling
make a forecast of the month's first morning rest on days before it."""


@dataclass(frozen=True, slots=True)
class ToldForecast:
    """A forecast that was told, and what came true.

    Attributes:
        made_on: the day on which it was told.
        actual: of the month, final.
    """

    team: str
    month: Month
    currency: str
    made_on: date
    forecast: Forecast
    actual: Decimal

    @property
    def left(self) -> int:
        """Days of the month that had not settled."""
        return (self.month.last - self.forecast.settled_through).days

    @property
    def error(self) -> Decimal | None:
        """|forecast − actual| / actual, a fraction; None where nothing was spent."""
        return ratio_of(abs(subtract(self.forecast.amount, self.actual)), self.actual)


@dataclass(frozen=True, slots=True)
class Judged:
    """Forecasts of one team, or of all, with about as many days left.

    Attributes:
        team: '' for all of them.
        band: days left, from and through.
        forecasts: how many.
        error: mean of their errors; None where nothing was spent.
        held_80, held_95: part of them whose interval held the actual, a fraction.
    """

    team: str
    currency: str
    band: tuple[int, int]
    forecasts: int
    error: Decimal | None
    held_80: Decimal
    held_95: Decimal


def judged(told: Iterable[ToldForecast]) -> list[Judged]:
    """By team and days left, all teams together first; forecasts of a month that had settled are none."""
    groups: dict[tuple[str, str, tuple[int, int]], list[ToldForecast]] = defaultdict(list)
    for each in told:
        band = next((band for band in BANDS if band[0] <= each.left <= band[1]), None)
        if band:
            groups["", "", band].append(each)
            groups[each.team, each.currency, band].append(each)
    return [
        Judged(
            team,
            currency,
            band,
            len(found),
            mean_error(each.error for each in found),
            _part(each.forecast.low <= each.actual <= each.forecast.high for each in found),
            _part(each.forecast.lowest <= each.actual <= each.forecast.highest for each in found),
        )
        for (team, currency, band), found in sorted(groups.items())
    ]


def _part(held: Iterable[bool]) -> Decimal:
    counted = list(held)
    return Decimal(sum(counted)) / Decimal(len(counted))
