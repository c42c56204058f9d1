"""The daily costs in which anomalies are looked for: every team, service and provider in one set-based query.

Only the worker looks: it needs numpy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from sqlalchemy import Connection, String, cast, func, select

from finops.anomaly import AnomalySeries
from finops.anomaly_noise import Floats
from finops.basis import Basis
from finops.company import Company
from finops.money import SCALE
from finops.periods import DAY, Month
from finops.spend import Coverage, freshness_of
from storage.spend import DAILY, counted, coverages

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
    """

    series: list[AnomalySeries]
    costs: Floats
    first_day: date
    settled_through: list[date]


def settled_costs(connection: Connection, company: Company, today: date) -> SettledCosts:
    """Every series of the company's basis, in order of team, service, provider and currency.

    A series' days are judged by the exports in which it stands: a day that one of them has not delivered is missing.

    Args:
        today: the company's local day; later days are not looked at.
    """
    known = coverages(connection)
    settled = {export: _settled(export, known, company, today) for export in {each.export for each in known.values()}}
    last = max((day for day in settled.values() if day), default=None)
    if last is None:
        return SettledCosts([], np.empty((0, LENGTH)), today, [])
    first = last - (LENGTH - 1) * DAY
    column_of = {str(first + timedelta(number)): number for number in range(LENGTH)}
    grouped = _charges(connection, company.basis, first, last)
    exports, costs, delivered = [], [], defaultdict[str, set[int]](set)
    for periods in grouped.values():
        row = np.zeros(LENGTH)
        for period, charges in periods.items():
            columns = _add(row, charges, column_of)
            delivered[known[period].export].update(columns)
        costs.append(row)
        exports.append(frozenset(known[period].export for period in periods))
    missing = {export: np.isin(np.arange(LENGTH), list(columns), invert=True) for export, columns in delivered.items()}
    through = [min(settled[export] or first for export in its) for its in exports]
    for row, its, day in zip(costs, exports, through, strict=True):
        for export in its:
            row[missing[export]] = np.nan
        row[(day - first).days + 1 :] = np.nan
    return SettledCosts(list(grouped), np.array(costs).reshape(-1, LENGTH), first, through)


def _settled(export: str, known: Mapping[int, Coverage], company: Company, today: date) -> date | None:
    """The last day of an export that is delivered and settled."""
    fresh = freshness_of([export], known.values(), Month.of(today), today, company.settled_after)
    ends = [end for end in (fresh.settled_through, fresh.data_through) if end]
    return min(ends) if len(ends) == 2 else None


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


def _add(row: Floats, charges: str, column_of: Mapping[str, int]) -> Collection[int]:
    """Add charges to a series' row; returns the columns in which there were any."""
    columns = set()
    # Without its point an amount of 18 places is the integer that SQLite keeps (storage.amounts).
    for charge in charges.replace(".", "").split(","):
        column = column_of[charge[:10]]
        row[column] += int(charge[11:]) / 10**SCALE
        columns.add(column)
    return columns
