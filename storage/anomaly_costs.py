"""The daily costs in which anomalies are looked for: every team, service and provider in one set-based query.

Only the worker looks: it needs numpy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property

import numpy as np
from sqlalchemy import Connection, String, cast, func, select

from finops.anomaly import AnomalySeries
from finops.anomaly_noise import Flags, Floats
from finops.basis import Basis
from finops.company import Company
from finops.forecast import RHYTHM_DAYS
from finops.money import SCALE
from finops.periods import DAY, Month
from finops.spend import Coverage, freshness_of
from storage.forecasts import missing_days
from storage.spend import DAILY, counted, coverages, exports_of

LENGTH = 400
"""Days that are looked at: a year, and what is compared with it."""
Grouped = dict[AnomalySeries, dict[int, str]]
"""Series → id of a billing period → its charges as 'day:amount,day:amount'."""


@dataclass(frozen=True)
class SettledCosts:
    """Daily costs up to the last settled day.

    Attributes:
        series: of the rows.
        costs: one row a series, one column a day; NaN where a day is not delivered or not settled, 0 for no charge.
        first_day: of the columns.
        settled_through: of each series, its last settled day.
        settled: one a column; whether every export that delivers still has delivered and settled the day.
    """

    series: list[AnomalySeries]
    costs: Floats
    first_day: date
    settled_through: list[date]
    settled: Flags

    @cached_property
    def rows(self) -> Mapping[AnomalySeries, int]:
        """Series → its row."""
        return {series: row for row, series in enumerate(self.series)}

    def cost(self, series: AnomalySeries, day: date) -> Decimal | None:
        """What a day of a series costs; None where that is not known."""
        column = (day - self.first_day).days
        if series not in self.rows or not 0 <= column < LENGTH:
            return None
        cost = float(self.costs[self.rows[series], column])
        return None if np.isnan(cost) else Decimal(repr(cost))

    def settles(self, days: Iterable[date]) -> bool:
        """Whether all of some days are settled, so that what has no charge on them costs nothing."""
        columns = [(day - self.first_day).days for day in days]
        return all(0 <= column < LENGTH and self.settled[column] for column in columns)


def settled_costs(connection: Connection, company: Company, today: date) -> SettledCosts:
    """Every series of the company's basis, in order of team, service, provider and currency.

    A series is judged by the exports that delivered its charges of the last weeks, or those it had where there are none
    such: a day between what one of them has delivered is missing, and so is one that none of all its exports has.

    Args:
        today: the company's local day; later days are not looked at.
    """
    known = coverages(connection)
    settled = {export: _settled(export, known, company, today) for export in {each.export for each in known.values()}}
    last = max((day for day in settled.values() if day), default=None)
    if last is None:
        return SettledCosts([], np.empty((0, LENGTH)), today, [], np.zeros(LENGTH, dtype=np.bool_))
    first = last - (LENGTH - 1) * DAY
    column_of = {str(first + timedelta(number)): number for number in range(LENGTH)}
    grouped = _charges(connection, company.basis, first, last)
    exports, ever, costs, through = [], [], [], []
    for periods in grouped.values():
        row, recent = np.zeros(LENGTH), list[int]()
        for period, charges in periods.items():
            if _add(row, charges, column_of) >= LENGTH - RHYTHM_DAYS:
                recent.append(period)
        costs.append(row)
        ever.append(exports_of(periods, known))
        its = exports_of(recent, known) or ever[-1]
        # What has ended goes as far as any of its exports: an older one of them keeps it back no more.
        through.append((min if recent else max)(settled[export] or first for export in its))
        exports.append(its)
    missing = {
        its: [(day - first).days for day in missing_days(known.values(), its, first, last)] for its in set(exports)
    }
    delivered = {its: _delivered(known, its, first) for its in set(ever)}
    for row, its, had, day in zip(costs, exports, ever, through, strict=True):
        row[missing[its]] = np.nan
        row[~delivered[had]] = np.nan
        row[(day - first).days + 1 :] = np.nan
    return SettledCosts(
        list(grouped), np.array(costs).reshape(-1, LENGTH), first, through, _settled_by_all(settled, known, first, last)
    )


def _settled_by_all(
    settled: Mapping[str, date | None], known: Mapping[int, Coverage], first: date, last: date
) -> Flags:
    """Columns of the days that no export which delivers still is yet to deliver or to settle.

    Args:
        settled: export → its last settled day.
    """
    still = {export: day for export, day in settled.items() if day and day > last - RHYTHM_DAYS * DAY}
    columns = _delivered(known, frozenset(still), first)
    columns[[(day - first).days for day in missing_days(known.values(), frozenset(still), first, last)]] = False
    columns[(min(still.values()) - first).days + 1 :] = False
    return columns


def _settled(export: str, known: Mapping[int, Coverage], company: Company, today: date) -> date | None:
    """The last day of an export that is delivered and settled."""
    return freshness_of([export], known.values(), Month.of(today), today, company.settled_after).known_through


def _delivered(known: Mapping[int, Coverage], exports: frozenset[str], first: date) -> Flags:
    """Columns of the days that any of some exports has delivered."""
    columns = np.zeros(LENGTH, dtype=np.bool_)
    for each in known.values():
        begins, ends = ((day - first).days for day in (each.first_day, each.last_day))
        if each.export in exports and ends >= 0:
            columns[max(begins, 0) : ends + 1] = True
    return columns


def _charges(connection: Connection, basis: Basis, first: date, last: date) -> Grouped:
    """The database strings a series' days together: the driver's work per row would be most of the time."""
    column = DAILY.effective_cost if basis is Basis.EFFECTIVE else DAILY.billed_cost
    dated = cast(DAILY.day, String) + ":" + cast(column, String)
    keys = (DAILY.team, DAILY.service, DAILY.provider, DAILY.currency, DAILY.period)
    query = (
        select(*keys, func.aggregate_strings(dated, ","))
        .where(DAILY.day.between(first, last), counted(basis, DAILY.charge_category))
        .group_by(*keys)
        .order_by(*keys)
    )
    found: Grouped = defaultdict(dict)
    for team, service, provider, currency, period, charges in connection.execute(query):
        found[AnomalySeries(team, service, provider, currency, basis)][period] = charges
    return found


def _add(row: Floats, charges: str, column_of: Mapping[str, int]) -> int:
    """Add charges to a series' row; returns the latest column in which there were any."""
    latest = 0
    # Without its point an amount of 18 places is the integer that SQLite keeps (storage.amounts).
    for charge in charges.replace(".", "").split(","):
        column = column_of[charge[:10]]
        row[column] += int(charge[11:]) / 10**SCALE
        latest = max(latest, column)
    return latest
