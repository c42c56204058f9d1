"""What a team's services, or a provider, are expected to end a running month at: made when asked for, and not kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, Float, case, cast, func, literal, select

from finops.basis import Basis
from finops.company import Company
from finops.forecast import RHYTHM_DAYS, Forecast
from finops.money import add
from finops.periods import Month
from storage.amounts import exact_sum
from storage.forecasts import forecast_series, read_history
from storage.spend import DAILY, counted, coverages

if TYPE_CHECKING:
    from finops.month_end import NoForecast


LARGEST = 40
"""Most services that are forecast by themselves in an answer of Slack, which waits 3 seconds: forty take a tenth of
one, thousands several; ten are named."""
OTHERS = "others"
"""What the smaller services are gathered under; the larger ones are numbers."""


@dataclass(frozen=True, slots=True)
class SeriesForecast:
    """One series in a running month, in one currency.

    Attributes:
        name: of the service, or the provider; empty where it is all the smaller services.
        actual: cost of the month's days that are delivered.
        found: its forecast, or why there is none; None where none of its days has settled.
        together: how many services it is, 0 where it is one.
    """

    name: str
    currency: str
    actual: Decimal
    found: Forecast | NoForecast | None
    together: int = 0


def service_forecasts(
    connection: Connection, company: Company, team: str, month: Month, basis: Basis, as_of: date
) -> list[SeriesForecast]:
    """Every service that a team has spent on in the last weeks, the largest expected end first in each currency.

    Args:
        team: a slug.
    """
    return _forecasts(connection, company, month, basis, as_of, DAILY.service, DAILY.team == team)


def largest_service_forecasts(
    connection: Connection, company: Company, team: str, currency: str, month: Month, basis: Basis, as_of: date
) -> list[SeriesForecast]:
    """A team's LARGEST services by cost in the last weeks, in a currency, the largest expected end first; then all the
    smaller ones as one series: what is forecast does not grow with their number.

    Args:
        team: a slug.
    """
    own = (DAILY.team == team, DAILY.currency == currency)
    column = DAILY.effective_cost if basis is Basis.EFFECTIVE else DAILY.billed_cost
    recent = DAILY.day.between(month.first - timedelta(days=RHYTHM_DAYS), min(month.last, as_of))
    cost = func.abs(func.sum(cast(column, Float)))
    query = (
        select(DAILY.service)
        .where(*own, recent, counted(basis, DAILY.charge_category))
        .group_by(DAILY.service)
        .order_by(cost.desc(), DAILY.service)
    )
    services = connection.execute(query).scalars().all()
    if len(services) <= LARGEST:
        return _forecasts(connection, company, month, basis, as_of, DAILY.service, *own)
    numbers = {name: str(number) for number, name in enumerate(services[:LARGEST])}
    series = case(numbers, value=DAILY.service, else_=OTHERS)
    made = _forecasts(connection, company, month, basis, as_of, series, *own)
    named = [replace(each, name=services[int(each.name)]) for each in made if each.name != OTHERS]
    others = [replace(each, name="", together=len(services) - LARGEST) for each in made if each.name == OTHERS]
    return named + others


def provider_forecasts(
    connection: Connection, company: Company, providers: Collection[str], month: Month, basis: Basis, as_of: date
) -> list[SeriesForecast]:
    """All that some providers' charges cost, every team together, one for each currency.

    Args:
        providers: names that one provider goes by in bills; the first is its name here.
    """
    name = literal(next(iter(providers)))
    return _forecasts(connection, company, month, basis, as_of, name, DAILY.provider.in_(providers))


def _forecasts(
    connection: Connection,
    company: Company,
    month: Month,
    basis: Basis,
    as_of: date,
    series: ColumnElement[str],
    *where: ColumnElement[bool],
) -> list[SeriesForecast]:
    if not (known := coverages(connection)):
        return []
    last = min(month.last, as_of)
    history = read_history(connection, known, month, basis, last, *where, series=series)
    daily = _month_days(connection, month, basis, last, series, where)
    found = dict(forecast_series(history, daily, known, month, as_of, company.settled_after))
    # What nothing was spent on in the last weeks rests on no export.
    current = [key for key, exports in zip(history.keys, history.exports, strict=True) if exports]
    made = [SeriesForecast(*key, add(daily.get(key, {}).values()), found.get(key)) for key in current]
    return sorted(made, key=lambda each: (each.currency, -_size(each), each.name))


def _month_days(
    connection: Connection,
    month: Month,
    basis: Basis,
    last: date,
    series: ColumnElement[str],
    where: Sequence[ColumnElement[bool]],
) -> dict[tuple[str, str], dict[date, Decimal]]:
    """(series, currency) → day → cost of the month's days, exact."""
    column = DAILY.effective_cost if basis is Basis.EFFECTIVE else DAILY.billed_cost
    query = (
        select(series.label("series"), DAILY.currency, DAILY.day, exact_sum(column))
        .where(DAILY.day.between(month.first, last), counted(basis, DAILY.charge_category), *where)
        .group_by("series", DAILY.currency, DAILY.day)
    )
    daily: dict[tuple[str, str], dict[date, Decimal]] = defaultdict(dict)
    for name, currency, day, cost in connection.execute(query):
        daily[name, currency][day] = cost
    return daily


def _size(each: SeriesForecast) -> Decimal:
    return each.found.amount if isinstance(each.found, Forecast) else each.actual
