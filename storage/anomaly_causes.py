"""What of a series made the difference: account and region from the ledger's rollup, usage type and resource from the
bill's own rows, where these are here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pyarrow

from finops.anomaly import AnomalySeries, Cause
from finops.anomaly_cause import leading_causes
from finops.anomaly_found import FoundAnomaly
from finops.company import Company
from finops.focus import own_names
from finops.money import EXACT, ZERO
from finops.periods import DAY
from storage.engines.duckdb import DuckDBEngine, parquet, quoted
from storage.ledger.charges import TAGS_TEXT, TEXTS, category_sql, charges_sql, text_sql
from storage.ledger.rollup import WHO, Rollup
from storage.ledger.totals import COST
from storage.ledger.versions import Ledger, Part, Version
from storage.spend import coverages
from storage.state import State

BEFORE = 28
"""Days before an anomaly that it is compared with: whole weeks."""
ACCOUNT = (
    "CASE WHEN sub_account_name IS NULL OR sub_account_name = sub_account_id THEN sub_account_id "
    "WHEN sub_account_id IS NULL THEN sub_account_name ELSE sub_account_name || ' (' || sub_account_id || ')' END"
)
USAGE_TYPE = ("x_UsageType", "SkuMeter", "SkuId", "ChargeDescription")
RESOURCE = ("ResourceId", "ResourceName")
"""Columns of a bill that name it, the first there is."""
DIMENSIONS = ("account", "region", "usage type", "resource")


@dataclass(frozen=True, slots=True)
class Asked:
    """A finding whose causes are asked for."""

    series: AnomalySeries
    found: FoundAnomaly

    @property
    def first(self) -> date:
        """The first day that is looked at."""
        return self.found.first_day - BEFORE * DAY

    @property
    def days(self) -> dict[date, bool]:
        """Every day that is looked at → whether it is one of the anomaly's."""
        before = {self.first + number * DAY: False for number in range(BEFORE)}
        return before | {each.day: True for each in self.found.days}


_Costs = dict[str, dict[str, Decimal]]
"""Dimension → value → cost."""


def causes_of(asked: Sequence[Asked], *, company: Company, state: State, ledger: Ledger) -> list[tuple[Cause, ...]]:
    """What made the difference of each finding, in their order; each version is read once for all of them."""
    if not asked:
        return []
    with state.reading() as connection:
        known = coverages(connection).values()
    first, last = min(each.first for each in asked), max(each.found.last_day for each in asked)
    sums = [(defaultdict[str, dict[str, Decimal]](dict), defaultdict[str, dict[str, Decimal]](dict)) for _ in asked]
    engine = DuckDBEngine(ledger.workspace)
    try:
        _register(engine, asked)
        for coverage in known:
            if coverage.first_day <= last and first <= coverage.last_day:
                version = ledger.read(coverage.export, coverage.billing_period, coverage.version)
                for number, during, dimension, value, cost in _read(engine, version, company):
                    own = sums[number][0 if during else 1][dimension]
                    own[value] = EXACT.add(own.get(value, ZERO), cost)
    finally:
        engine.close()
    return [_leading(each, *found) for each, found in zip(asked, sums, strict=True)]


def _leading(asked: Asked, during: _Costs, before: _Costs) -> tuple[Cause, ...]:
    # Also what cost nothing during the anomaly's days has its place in the order.
    ordered = {name: during.get(name, {}) for name in DIMENSIONS if name in during or name in before}
    days = len(asked.found.days)
    return leading_causes(ordered, before, days, BEFORE, is_increase=asked.found.is_increase)


def _register(engine: DuckDBEngine, asked: Sequence[Asked]) -> None:
    """Make `asked`, the series that are asked for, and `asked_day`, the days of each."""
    series = [each.series for each in asked]
    names = ("team", "service", "provider", "currency")
    columns = {name: [getattr(each, name) for each in series] for name in names}
    engine.register("asked", pyarrow.table({"number": list(range(len(asked)))} | columns))
    days = [(number, day, during) for number, each in enumerate(asked) for day, during in each.days.items()]
    numbers, dates, during = zip(*days, strict=True)
    engine.register("asked_day", pyarrow.table({"number": numbers, "day": dates, "during": during}))


def _read(engine: DuckDBEngine, version: Version, company: Company) -> Iterator[tuple[int, bool, str, str, Decimal]]:
    """Number of the finding, whether during it, dimension, value and cost, of one version."""
    rollup = Rollup(engine, version.groups(), company)
    yield from _summed(engine, rollup.source, {"account": ACCOUNT, "region": "region"}, company)
    for part in version.parts:
        if not part.rows_at and (found := _rows(engine, version, part)):
            source, columns = found
            yield from _summed(engine, source, columns, company)


def _summed(
    engine: DuckDBEngine, source: str, columns: Mapping[str, str], company: Company
) -> Iterable[tuple[int, bool, str, str, Decimal]]:
    """Cost by each column over the findings' series and days.

    Args:
        columns: dimension → SQL of its value.
    """
    same = " AND ".join(f"COALESCE(charge.{name}, '') = asked.{name}" for name in ("service", "provider"))
    engine.run(
        f"CREATE OR REPLACE TABLE caused AS SELECT asked.number, asked_day.during, "
        f"{', '.join(f'{sql} AS {quoted(name)}' for name, sql in columns.items())}, "
        f"CAST(sum({COST[company.basis]}) AS DECIMAL(38,18)) AS cost FROM {source} charge "
        f"JOIN asked ON charge.team = asked.team AND charge.currency = asked.currency AND {same} "
        "JOIN asked_day ON asked_day.number = asked.number AND asked_day.day = charge.day GROUP BY ALL"
    )
    for name in columns:
        query = f"SELECT number, during, {quoted(name)}, CAST(sum(cost) AS DECIMAL(38,18)) FROM caused GROUP BY ALL"
        for number, during, value, cost in engine.rows(query):
            if value and cost is not None:
                yield number, during, name, value, cost


def _rows(engine: DuckDBEngine, version: Version, part: Part) -> tuple[str, dict[str, str]] | None:
    """FROM-clause text of a part's own rows with their team, and the columns that name a usage type or a resource.

    The teams are those of the rollup of the same version; shares of what others pay have no rows. None where the bill
    names neither.
    """
    source = parquet(version.file(part.rows_file))
    types = engine.columns(f"SELECT * FROM {source}")
    own = own_names(types)
    named = {"usage type": USAGE_TYPE, "resource": RESOURCE}
    given = {each: next((own[name] for name in names if name in own), "") for each, names in named.items()}
    columns = {each: quoted(each) for each, name in given.items() if name}
    if not columns:
        return None
    also = {columns[each]: f"CAST({quoted(given[each])} AS VARCHAR)" for each in columns}
    charges = charges_sql(source, types, part.focus_version, also)
    extra = ", ".join(columns.values())
    texts = ", ".join(f"{text_sql(name)} AS {name}" for name in TEXTS)
    tidy = (
        f"SELECT CAST(charge_period_start AS DATE) AS day, {texts}, {extra}, {TAGS_TEXT} AS tags, "
        f"{category_sql(part.focus_version)} AS charge_category, billed_cost, effective_cost FROM ({charges}) "
        "WHERE CAST(charge_period_start AS DATE) IN (SELECT day FROM asked_day)"
    )
    same = " AND ".join(f"team_of.{name} IS NOT DISTINCT FROM charge.{name}" for name in WHO)
    joined = f"(SELECT team_of.team, charge.* FROM ({tidy}) charge JOIN team_of ON {same})"
    return joined, columns
