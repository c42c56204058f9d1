"""Expected month-end actual from settled days, with its distribution, as money.

The arithmetic is that of finops.forecast_totals, in floats and with numpy, which is loaded when the first forecast is
made. What has settled is added exactly, in Decimal; only what is still to come is an estimate, rounded to the digits
of the currency.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import Enum
from math import floor
from typing import TYPE_CHECKING

from finops.forecast import LEAST_DAYS, PROBABILITIES, Forecast
from finops.money import ZERO, add
from finops.periods import DAY, Month

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

LATEST = 7
"""Days that the last known one may lie before the last settled, and the last settled before the month: no forecast of
what has not been heard of for longer."""


class NoForecast(Enum):
    """Why there is none."""

    TOO_SHORT = f"fewer than {LEAST_DAYS} settled days are known"
    TOO_OLD = f"no day of the last {LATEST} settled ones is known"
    OUT_OF_REACH = f"the month is over, or begins more than {LATEST} days after the last settled day"


def month_end(
    month: Month,
    daily: Mapping[date, Decimal],
    settled_through: date,
    *,
    missing: Collection[date] = (),
    digits: int = 2,
) -> Forecast | NoForecast:
    """One series' forecast; see month_ends.

    Args:
        daily: day → cost in one basis and currency: as many months back as there are, up to 800 days; a day without
            an entry after the first had no cost, unless it is missing. Entries after settled_through are not used.
        missing: days that were not delivered: not known, which is not zero.
        digits: decimal places of the currency.
    """
    import numpy  # heavy, and of no use to a process that makes no forecast

    known = {day: cost for day, cost in daily.items() if day <= settled_through}
    first_day = min(known, default=settled_through)
    costs = numpy.zeros((1, (settled_through - first_day).days + 1))
    for day, cost in known.items():
        costs[0, (day - first_day).days] = cost
    for day in missing:
        if first_day <= day <= settled_through:
            costs[0, (day - first_day).days] = numpy.nan
    if not known:
        costs[:] = numpy.nan
    settled = add([cost for day, cost in known.items() if day >= month.first and day not in missing])
    return month_ends(month, costs, first_day, settled_through, [settled], [digits])[0]


def month_ends(
    month: Month,
    costs: NDArray[float64],
    first_day: date,
    settled_through: date,
    settled: Sequence[Decimal],
    digits: Sequence[int],
) -> list[Forecast | NoForecast]:
    """Forecasts of a month for many series, a team's or a service's each, all settled through the same day.

    Args:
        costs: [series × days], cost of each day from first_day through settled_through in one basis; NaN where it is
            not known, which is not zero, but nothing before the first known one. Up to 800 days are used.
        settled: of each series the exact cost of the month's days known through settled_through.
        digits: of each series the decimal places of its currency.

    Returns:
        A forecast for each series, or why there is none.
    """
    if not month.first - (LATEST + 1) * DAY <= settled_through <= month.last:
        return [NoForecast.OUT_OF_REACH] * len(costs)
    import numpy  # heavy, and of no use to a process that makes no forecast

    from finops.forecast_totals import forecast_totals

    totals = forecast_totals(costs, first_day, settled_through, month)
    found: list[Forecast | NoForecast] = []
    for number in range(len(costs)):
        if totals.known[number] < LEAST_DAYS:
            found.append(NoForecast.TOO_SHORT)
        elif totals.idle[number] > LATEST:
            found.append(NoForecast.TOO_OLD)
        else:
            # Of the days listed, one with a known cost is none that is still to come, nor one before the first charge.
            finite = numpy.isfinite(costs[number])
            begins = int(finite.argmax())
            ahead = [
                (day, cost)
                for day, cost in zip(totals.days, totals.by_day[:, number].tolist(), strict=True)
                if day > settled_through or ((at := (day - first_day).days) > begins and not finite[at])
            ]
            expected, quantiles = totals.expected[number].item(), totals.quantiles[:, number].tolist()
            found.append(_money(settled[number], settled_through, expected, quantiles, ahead, digits[number]))
    return found


def _money(
    settled: Decimal,
    settled_through: date,
    expected: float,
    quantiles: Sequence[float],
    days: Sequence[tuple[date, float]],
    digits: int,
) -> Forecast:
    """Estimates rounded to a currency's digits and added to what has settled; intervals outwards, to hold what they do.

    A billionth is what floats leave over, and none of a digit.
    """

    def rounded(value: float, up: float = 0.5) -> Decimal:
        return Decimal(floor(value * 10**digits + up)).scaleb(-digits) if days else ZERO

    return Forecast(
        amount=add([settled, rounded(expected)]),
        settled=settled,
        settled_through=settled_through,
        quantiles=tuple(
            add([settled, rounded(value, 1e-9 if probability < 0.5 else 1 - 1e-9 if probability > 0.5 else 0.5)])
            for probability, value in zip(PROBABILITIES, quantiles, strict=True)
        ),
        days=tuple((day, rounded(cost)) for day, cost in days),
    )
