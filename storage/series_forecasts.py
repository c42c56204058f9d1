"""What a team's services, or a provider, are expected to end a running month at: made when asked for, and not kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from finops.basis import Basis
from finops.company import Company
from finops.forecast import RHYTHM_DAYS, Forecast
from finops.money import ZERO, add
from finops.periods import Month
from finops.spend import Coverage
from storage.amounts import exact_sum
from storage.forecasts import HISTORY_DAYS, SeriesHistory, begun, forecast_series
from storage.spend import DAILY, counted, coverages, exports_of, team_days

if TYPE_CHECKING:
    from finops.month_end import NoForecast

Known = dict[int, Coverage]
Spent = tuple[str, str, int, date, Decimal]
"""A series' name and currency, the id of the billing period, a day, and its cost in one basis."""


@dataclass(frozen=True, slots=True)
class SeriesForecast:
    """One series in a running month, in one currency.

    Attributes:
        name: of the service, or the provider.
        actual: cost of the month's days that are delivered.
        found: its forecast, or why there is none; None where none of its days has settled.
    """

    name: str
    currency: str
    actual: Decimal
    found: Forecast | NoForecast | None


def service_forecasts(
    connection: Connection, company: Company, team: str, month: Month, basis: Basis, as_of: date
) -> list[SeriesForecast]:
    """Every service that a team has spent on in the last weeks, the largest expected end first in each currency.

    Args:
        team: a slug.
    """
    if not (known := coverages(connection)):
        return []
    first, last = _days(known, month, as_of)
    rows = team_days(connection, team, first, last)
    spent = ((row.service, row.currency, period, row.day, row.cost(basis)) for period, row in rows)
    return _forecasts(spent, known, company, month, as_of)


def provider_forecasts(
    connection: Connection, company: Company, providers: Collection[str], month: Month, basis: Basis, as_of: date
) -> list[SeriesForecast]:
    """All that some providers' charges cost, every team together, one for each currency.

    Args:
        providers: names that one provider goes by in bills; the first is its name here.
    """
    if not (known := coverages(connection)):
        return []
    return _forecasts(
        _provider_days(connection, providers, basis, *_days(known, month, as_of)), known, company, month, as_of
    )


def _provider_days(
    connection: Connection, providers: Collection[str], basis: Basis, first: date, last: date
) -> list[Spent]:
    column = DAILY.effective_cost if basis is Basis.EFFECTIVE else DAILY.billed_cost
    query = (
        select(DAILY.currency, DAILY.period, DAILY.day, exact_sum(column))
        .where(DAILY.day.between(first, last), DAILY.provider.in_(providers), counted(basis, DAILY.charge_category))
        .group_by(DAILY.currency, DAILY.period, DAILY.day)
    )
    name = next(iter(providers))
    return [(name, currency, period, day, cost) for currency, period, day, cost in connection.execute(query)]


def _days(known: Known, month: Month, as_of: date) -> tuple[date, date]:
    """The days that forecasts are made from, both inside."""
    first = min(each.first_day for each in known.values())
    return max(month.first - timedelta(days=HISTORY_DAYS), first), min(month.last, as_of)


def _forecasts(
    spent: Iterable[Spent], known: Known, company: Company, month: Month, as_of: date
) -> list[SeriesForecast]:
    recent = month.first - timedelta(days=RHYTHM_DAYS)
    daily: dict[tuple[str, str], dict[date, Decimal]] = defaultdict(dict)
    periods: dict[tuple[str, str], set[int]] = defaultdict(set)
    for name, currency, period, day, cost in spent:
        days = daily[name, currency]
        days[day] = add((days.get(day, ZERO), cost))
        if day >= recent:
            periods[name, currency].add(period)
    current = {key: days for key, days in daily.items() if key in periods}
    if not current:
        return []
    exports = [exports_of(periods[key], known) for key in current]
    history = _history(current, exports, *_days(known, month, as_of))
    own = {key: {day: cost for day, cost in days.items() if day >= month.first} for key, days in current.items()}
    found = dict(forecast_series(history, own, known, month, as_of, company.settled_after))
    made = [SeriesForecast(*key, add(own[key].values()), found.get(key)) for key in current]
    return sorted(made, key=lambda each: (each.currency, -_size(each), each.name))


def _history(
    daily: Mapping[tuple[str, str], Mapping[date, Decimal]], exports: list[frozenset[str]], first: date, last: date
) -> SeriesHistory:
    import numpy  # heavy, and of no use to a process that makes no forecast

    costs = numpy.zeros((len(daily), (last - first).days + 1))
    for number, days in enumerate(daily.values()):
        for day, cost in days.items():
            costs[number, (day - first).days] = cost
    return SeriesHistory(first, list(daily), begun(costs), exports)


def _size(each: SeriesForecast) -> Decimal:
    return each.found.amount if isinstance(each.found, Forecast) else each.actual
