"""What the target of a corrective action costs a team by day: from the published rows, or from the ledger.

Services stand in the state database; accounts and tags only in the ledger, which the worker alone reads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import pyarrow
from sqlalchemy import Connection, select

from finops.company import Company
from finops.corrective_action import Target
from finops.measured_saving import TargetDays
from finops.money import EXACT, ZERO
from finops.periods import DAY, Month
from finops.scope import parse_tags, tag_key
from finops.spend import Coverage, freshness_of
from storage.engines.duckdb import DuckDBEngine, literal
from storage.ledger.rollup import Rollup
from storage.ledger.totals import COST
from storage.ledger.versions import Ledger
from storage.publish import newest_publication
from storage.spend import DAILY, coverages, exports_of, team_days
from storage.state import State


@dataclass(frozen=True, slots=True)
class Wanted:
    """A target of a team, and the days it is asked for, both ends inside."""

    team: str
    currency: str
    target: Target
    first: date
    last: date

    @property
    def in_ledger(self) -> bool:
        """Whether only the ledger knows it."""
        return bool(self.target.account or self.target.tag)


@dataclass(slots=True)
class _Found:
    """What a target was found to cost, and the exports that say so."""

    daily: dict[date, Decimal] = field(default_factory=dict)
    exports: set[str] = field(default_factory=set)

    def take(self, day: date, cost: Decimal, export: str) -> None:
        """Add a cost of a day."""
        self.daily[day] = EXACT.add(self.daily.get(day, ZERO), cost)
        self.exports.add(export)


def target_days(
    wanted: Sequence[Wanted], *, company: Company, state: State, ledger: Ledger, today: date
) -> tuple[list[TargetDays], int]:
    """The daily cost of targets in the company's basis, in their order, and the publication that they rest on.

    A target's days are judged by the exports in which it was found; one that was found nowhere, by its team's.

    Args:
        today: the company's local day; later days are not looked at.
    """
    with state.reading() as connection:
        publication = newest_publication(connection)
        known = coverages(connection)
        found = [_Found() for _ in wanted]
        teams = [_read_published(connection, known, company, *each) for each in zip(wanted, found, strict=True)]
        asked = {number: each for number, each in enumerate(wanted) if each.in_ledger}
        # The versions named here are never changed, so what is read of them later belongs to this publication.
        for number, of_ledger in _read_ledger(asked, known, company, ledger).items():
            found[number] = of_ledger
        delivered = _Delivered(connection, known)
        days = []
        for each, its, exports in zip(wanted, found, teams, strict=True):
            concerned = frozenset(its.exports or exports)
            fresh = freshness_of(concerned, known.values(), Month.of(today), today, company.settled_after)
            there = delivered.days(concerned, each.first, each.last)
            days.append(TargetDays(its.daily, there, fresh.known_through))
    return days, publication


def _read_published(
    connection: Connection, known: Mapping[int, Coverage], company: Company, wanted: Wanted, found: _Found
) -> frozenset[str]:
    """Take what the state database knows of a target; returns the exports of its team's spend."""
    rows = team_days(connection, wanted.team, wanted.first, wanted.last)
    own = [(period, spend) for period, spend in rows if spend.currency == wanted.currency]
    if not wanted.in_ledger:
        for period, spend in own:
            counts = company.basis.counts(spend.charge_category)
            if counts and wanted.target.service in ("", spend.service):
                found.take(spend.day, spend.cost(company.basis), known[period].export)
    return exports_of((period for period, _ in own), dict(known))


def _read_ledger(
    wanted: Mapping[int, Wanted], known: Mapping[int, Coverage], company: Company, ledger: Ledger
) -> dict[int, _Found]:
    """What the ledger knows of targets, by their number: each version is read once for all of them."""
    found = {number: _Found() for number in wanted}
    engine = DuckDBEngine(ledger.workspace) if wanted else None
    try:
        for coverage in known.values():
            some = {
                number: each
                for number, each in wanted.items()
                if each.first <= coverage.last_day and coverage.first_day <= each.last
            }
            if some and engine:
                version = ledger.read(coverage.export, coverage.billing_period, coverage.version)
                _gather(engine, Rollup(engine, version.groups(), company), some.values(), company)
                for number, each in some.items():
                    for day, cost in _daily(engine, each):
                        found[number].take(day, cost, coverage.export)
    finally:
        if engine:
            engine.close()
    return found


def _gather(engine: DuckDBEngine, rollup: Rollup, wanted: Collection[Wanted], company: Company) -> None:
    """Make `spent`, the charges of the teams and days that are asked for, and `tagged`, the tags among them."""
    teams = ", ".join(literal(team) for team in sorted({each.team for each in wanted}))
    categories = [] if company.basis.counts("Tax") else ["charge_category <> 'Tax'"]
    categories += [] if company.basis.counts("Purchase") else ["charge_category = 'Usage'"]
    where = " AND ".join([f"team IN ({teams})", "day BETWEEN ? AND ?", *categories])
    engine.run(
        "CREATE OR REPLACE TABLE spent AS SELECT team, day, currency, service, sub_account_id, tags, "
        f"CAST(sum({COST[company.basis]}) AS DECIMAL(38,18)) AS cost FROM {rollup.source} WHERE {where} GROUP BY ALL",
        [min(each.first for each in wanted), max(each.last for each in wanted)],
    )
    texts = [row[0] for row in engine.rows("SELECT DISTINCT tags FROM spent WHERE tags IS NOT NULL")]
    pairs = [(text, key, value) for text in texts for key, value in parse_tags(text).items()]
    columns = zip(*pairs, strict=True) if pairs else ((), (), ())
    table = {name: pyarrow.array(list(column), pyarrow.string()) for name, column in zip(_TAGGED, columns, strict=True)}
    engine.register("tagged", pyarrow.table(table))


_TAGGED = ("tags", "key", "value")


def _daily(engine: DuckDBEngine, wanted: Wanted) -> Iterable[tuple[date, Decimal]]:
    """Day and cost of a target's charges in `spent`."""
    target = wanted.target
    where = ["team = ?", "currency = ?", "day BETWEEN ? AND ?"]
    values: list[object] = [wanted.team, wanted.currency, wanted.first, wanted.last]
    for column, value in (("service", target.service), ("sub_account_id", target.account)):
        if value:
            where.append(f"{column} = ?")
            values.append(value)
    if target.tag:
        having = " AND value = ?" if target.value else ""
        where.append(f"tags IN (SELECT tags FROM tagged WHERE key = ?{having})")
        values += [tag_key(target.tag), *([target.value] if target.value else [])]
    query = f"SELECT day, CAST(sum(cost) AS DECIMAL(38,18)) FROM spent WHERE {' AND '.join(where)} GROUP BY day"
    return [(day, cost) for day, cost in engine.rows(query, values)]


class _Delivered:
    """Which days exports have delivered; each is looked up once.

    Args:
        known: every billing period by its id.
    """

    def __init__(self, connection: Connection, known: Mapping[int, Coverage]) -> None:
        self._connection, self._has = connection, dict[tuple[str, date], bool]()
        self._periods: dict[str, list[tuple[int, Coverage]]] = defaultdict(list)
        for period, coverage in known.items():
            self._periods[coverage.export].append((period, coverage))

    def days(self, exports: Collection[str], first: date, last: date) -> frozenset[date]:
        """Days of which every one of the exports has charges of any team; none where there is no export."""
        every = (first + number * DAY for number in range((last - first).days + 1))
        return frozenset(day for day in every if exports and all(self._of(export, day) for export in exports))

    def _of(self, export: str, day: date) -> bool:
        if (export, day) not in self._has:
            periods = [period for period, each in self._periods[export] if each.first_day <= day <= each.last_day]
            query = select(DAILY.day).where(DAILY.day == day, DAILY.period.in_(periods)).limit(1)
            self._has[export, day] = bool(periods) and self._connection.execute(query).first() is not None
        return self._has[export, day]
