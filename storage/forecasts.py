"""What every team's running month is expected to end at: made anew whenever figures move, and read by every answer."""

from __future__ import annotations

import hashlib
import json
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Float, Select, bindparam, cast, delete, func, select, true, update

from finops.basis import Basis
from finops.closed_month import TeamCurrency
from finops.company import Company
from finops.forecast import RHYTHM_DAYS, Forecast
from finops.money import SCALE, add, plain
from finops.periods import DAY, Month
from finops.spend import Coverage, freshness_of
from storage.publish import newest_publication
from storage.spend import DAILY, all_team_days, counted, coverages, exports_of
from storage.state import State
from storage.tables import ForecastRow

if TYPE_CHECKING:  # loaded when a forecast is made: the web process only reads them
    from numpy import float64
    from numpy.typing import NDArray

    from finops.month_end import NoForecast

TABLE = ForecastRow.__table__  # type: ignore[attr-defined]
HISTORY_DAYS = 400
"""Days before the month that a forecast is made from: a year, and a month to compare its season with."""


def find_forecasts(
    connection: Connection, month: Month, basis: Basis, as_of: date, team: str | None = None
) -> dict[TeamCurrency, Forecast]:
    """(team, currency) → what the month was expected to end at as of a day; one team's or all teams'."""
    values = {"month": str(month), "basis": str(basis), "as_of": as_of} | ({} if team is None else {"team": team})
    return {(row.team, row.currency): forecast_of(row) for row in connection.execute(_newest(team is not None), values)}


@cache
def _newest(one_team: bool) -> Select[Any]:
    own = (TABLE.c.month == bindparam("month"), TABLE.c.basis == bindparam("basis"))
    latest = select(func.max(TABLE.c.made_on)).where(*own, TABLE.c.made_on <= bindparam("as_of")).scalar_subquery()
    mine = TABLE.c.team == bindparam("team") if one_team else true()
    return select(TABLE).where(*own, TABLE.c.made_on == latest, mine)


def forecast_of(row: Any) -> Forecast:
    """A row as a forecast."""
    days = json.loads(row.days) if row.days else []
    return Forecast(
        amount=row.amount,
        settled=row.settled,
        settled_through=row.settled_through,
        quantiles=tuple(map(Decimal, json.loads(row.quantiles))),
        days=tuple((date.fromisoformat(day), Decimal(cost)) for day, cost in days),
    )


def make_forecasts(*, company: Company, state: State, now: datetime) -> int:
    """Forecast every team's running month in every basis, where figures or days have moved since; returns how many.

    What an earlier day was told stays, so that it can be held against what came true.
    """
    zones = [company.today(now), *(company.today(now, team) for team in company.teams)]
    made = 0
    # Near midnight two months run at once: of a month that has begun anywhere there is a forecast.
    for month in sorted({Month.of(day) for day in zones}):
        made_on = min(max(day, month.first) for day in zones if Month.of(day) <= month)
        for basis in Basis:
            made += _make(company, state, month, basis, made_on)
    return made


def _make(company: Company, state: State, month: Month, basis: Basis, made_on: date) -> int:
    with state.reading() as connection:
        known = coverages(connection)
        made_of = _mark(company, known.values(), newest_publication(connection))
        own = (TABLE.c.month == str(month), TABLE.c.basis == str(basis))
        before = select(TABLE.c.made_of).where(*own, TABLE.c.made_on == made_on).limit(1)
        if not known or connection.execute(before).scalar() == made_of:
            return 0
        found = dict(_forecasts(connection, company, known, month, basis, made_on))
    with state.writing() as connection:
        connection.execute(delete(TABLE).where(*own, TABLE.c.made_on == made_on))
        # The expected days are for the picture of today alone.
        connection.execute(update(TABLE).where(*own, TABLE.c.days != "").values(days=""))
        if basis is not company.basis:
            connection.execute(delete(TABLE).where(*own))
        rows = [_row(key, forecast, month, basis, made_on, made_of) for key, forecast in found.items()]
        if rows:
            connection.execute(TABLE.insert(), rows)
    return len(found)


def _row(
    key: TeamCurrency, forecast: Forecast, month: Month, basis: Basis, made_on: date, made_of: str
) -> dict[str, Any]:
    return {
        "month": str(month),
        "basis": str(basis),
        "made_on": made_on,
        "team": key[0],
        "currency": key[1],
        "made_of": made_of,
        "settled_through": forecast.settled_through,
        "settled": forecast.settled,
        "amount": forecast.amount,
        "quantiles": json.dumps([plain(amount) for amount in forecast.quantiles], separators=(",", ":")),
        "days": json.dumps([[str(day), plain(cost)] for day, cost in forecast.days], separators=(",", ":")),
    }


def _mark(company: Company, known: Iterable[Coverage], published: int) -> str:
    """Another text whenever forecasts may be others: what is delivered, and who it belongs to by now."""
    parts = sorted(repr(coverage) for coverage in known)
    scopes = [(team.slug, team.scope) for team in company.teams]
    text = repr((published, parts, company.settled_after, scopes, company.derived_teams, company.allocations))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _forecasts(
    connection: Connection, company: Company, known: dict[int, Coverage], month: Month, basis: Basis, made_on: date
) -> Iterator[tuple[TeamCurrency, Forecast]]:
    from finops.month_end import NoForecast

    history = read_history(connection, known, month, basis, min(month.last, made_on))
    exact = all_team_days(connection, basis, month.first, min(month.last, made_on))
    daily = {key: days.daily for key, days in exact.items()}
    for key, forecast in forecast_series(history, daily, known, month, made_on, company.settled_after):
        if not isinstance(forecast, NoForecast):
            yield key, forecast


def forecast_series(
    history: SeriesHistory,
    exact: Mapping[TeamCurrency, Mapping[date, Decimal]],
    known: Mapping[int, Coverage],
    month: Month,
    made_on: date,
    settled_after: int,
) -> Iterator[tuple[TeamCurrency, Forecast | NoForecast]]:
    """What each series of a history is expected to end a month at, or why that is not known; one of which no day has
    settled yet is left out.

    Args:
        exact: key → day → cost of the month's days.
        known: id → billing period.
        settled_after: days after which a day settles.
    """
    from babel.numbers import get_currency_precision

    from finops.month_end import month_ends

    together: dict[tuple[frozenset[str], date], list[int]] = defaultdict(list)
    delivered: dict[frozenset[str], date] = {}
    for number, exports in enumerate(history.exports):
        fresh = freshness_of(exports, known.values(), month, made_on, settled_after)
        if fresh.known_through and fresh.data_through and fresh.known_through >= history.first:
            delivered[exports] = fresh.data_through
            together[exports, min(fresh.known_through, month.last)].append(number)
    for (exports, settled_through), numbers in together.items():
        costs = history.costs[numbers, : (settled_through - history.first).days + 1].copy()
        missing = missing_days(known.values(), exports, history.first, settled_through)
        costs[:, [(day - history.first).days for day in missing]] = float("nan")
        keys = [history.keys[number] for number in numbers]
        settled = [_settled(exact.get(key, {}), settled_through, missing) for key in keys]
        digits = [get_currency_precision(currency) for _, currency in keys]
        found = month_ends(month, costs, history.first, settled_through, settled, digits)
        for key, forecast in zip(keys, found, strict=True):
            if isinstance(forecast, Forecast):
                forecast = forecast.raised_to(exact.get(key, {}), delivered[exports])
            yield key, forecast


def _settled(daily: Mapping[date, Decimal], settled_through: date, missing: set[date]) -> Decimal:
    return add([cost for day, cost in daily.items() if day <= settled_through and day not in missing])


@dataclass(frozen=True, slots=True)
class SeriesHistory:
    """Days of many series as floats, of which forecasts are made; what is told of them as money is read exactly.

    Attributes:
        first: the first day.
        keys: of each row (team, currency), or (service, currency) of one team.
        costs: [series × days from `first` on]; NaN before a series' first charge.
        exports: of each row, those that delivered its charges of the last weeks.
    """

    first: date
    keys: list[TeamCurrency]
    costs: NDArray[float64]
    exports: list[frozenset[str]]


def read_history(
    connection: Connection,
    known: dict[int, Coverage],
    month: Month,
    basis: Basis,
    last: date,
    *where: ColumnElement[bool],
    series: ColumnElement[str] = DAILY.team,
) -> SeriesHistory:
    """One set-based query over all series; sums of floats are exact enough for what is an estimate.

    Args:
        known: id → billing period, at least one.
        last: the last day that is read.
        where: which charges, all by default.
        series: what tells series apart, beside the currency.
    """
    import numpy

    first = max(month.first - timedelta(days=HISTORY_DAYS), min(coverage.first_day for coverage in known.values()))
    last = max(last, first)  # of a bill of days to come alone nothing is read
    recent = month.first - timedelta(days=RHYTHM_DAYS)
    column = DAILY.effective_cost if basis is Basis.EFFECTIVE else DAILY.billed_cost
    query = (
        select(series.label("series"), DAILY.currency, DAILY.period, DAILY.day, func.sum(cast(column, Float)))
        .where(DAILY.day.between(first, last), counted(basis, DAILY.charge_category), *where)
        .group_by("series", DAILY.currency, DAILY.period, DAILY.day)
        .execution_options(yield_per=50_000)
    )
    numbers: dict[TeamCurrency, int] = {}
    periods: list[set[int]] = []
    rows, days, costs = array("l"), array("l"), array("d")
    for name, currency, period, day, cost in connection.execute(query):
        number = numbers.setdefault((name, currency), len(numbers))
        if number == len(periods):
            periods.append(set())
        if day >= recent:
            periods[number].add(period)
        rows.append(number)
        days.append((day - first).days)
        costs.append(cost)
    found = numpy.zeros((len(numbers), (last - first).days + 1))
    numpy.add.at(found, (numpy.array(rows), numpy.array(days)), numpy.array(costs))
    if connection.dialect.name == "sqlite":
        found /= 10.0**SCALE  # SQLite keeps an amount times 10^18 (storage.amounts)
    # A series is not known to have cost nothing before its first charge.
    costs_since = numpy.where(numpy.maximum.accumulate(found != 0, axis=1), found, numpy.nan)
    return SeriesHistory(first, list(numbers), costs_since, [exports_of(each, known) for each in periods])


def missing_days(known: Iterable[Coverage], exports: frozenset[str], first: date, last: date) -> set[date]:
    """Days on which an export that has begun and not ended delivered nothing: what was spent is not known."""
    missing: set[date] = set()
    for export in exports:
        reached = [(each.first_day, each.last_day) for each in known if each.export == export]
        begun, ended = max(first, min(reached)[0]), min(last, max(day for _, day in reached))
        covered = {
            day
            for start, end in reached
            for number in range((min(end, last) - start).days + 1)
            if (day := start + number * DAY) >= first
        }
        missing |= {begun + number * DAY for number in range((ended - begun).days + 1)} - covered
    return missing
