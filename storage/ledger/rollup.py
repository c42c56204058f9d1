"""The published rollup of a version: its groups with the team of each, resolved once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow.lib import StringBuilder

from finops.company import Company
from finops.scope import Charge, parse_tags
from storage.engines.duckdb import DuckDBEngine, parquet
from storage.ledger.allocated import COSTS, allocate
from storage.ledger.charges import key_sql

WHO = ("provider", "sub_account_id", "sub_account_name", "service", "tags")
"""The columns of a group that decide its team."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How far a version reaches: its rows, and the first and last day of ChargePeriodStart."""

    rows: int
    first_day: date
    last_day: date


def fingerprint(company: Company) -> str:
    """Changes whenever the configuration may put a row into another team."""
    scopes = [(team.slug, team.scope) for team in company.teams]
    derived = company.derived_teams.by if company.derived_teams else None
    known = (scopes, derived, company.allocations) if company.allocations else (scopes, derived)
    return hashlib.sha256(repr(known).encode()).hexdigest()[:16]


class Rollup:
    """Groups of one version joined with their team.

    Args:
        engine: holds the tables this makes; one rollup at a time.
        files: the version's groups files.
        company: its scopes find the team of a charge, and its allocations who shares it.

    Attributes:
        source: FROM-clause text of the groups with their team, shared costs allocated.
        own: the same before they are.
        teams: slug → name.
    """

    def __init__(self, engine: DuckDBEngine, files: list[Path], company: Company) -> None:
        self._engine = engine
        self._files = parquet(files)
        who = engine.arrow(f"SELECT DISTINCT {', '.join(WHO)} FROM {self._files}")
        rows = list(zip(*(column.to_pylist() for column in who.columns), strict=True))
        tags = {text: parse_tags(text) for text in {row[4] for row in rows}}
        resolver = company.resolver()
        found = [resolver.resolve(Charge(row[0], row[1], row[2], row[3], tags[row[4]])) for row in rows]
        self.teams = dict(sorted(set(found), reverse=True))  # of several names for one team the first in order
        engine.register("team_of", who.append_column("team", _texts(team for team, _ in found)))
        same = " AND ".join(f"team_of.{name} IS NOT DISTINCT FROM charge.{name}" for name in WHO)
        self.source = f"(SELECT team_of.team, charge.* FROM {self._files} charge JOIN team_of ON {same})"
        self.own = self.source
        shared = [each for each in company.allocations if each.pool in self.teams]
        if shared:
            self.source = allocate(engine, self.source, shared)
            receivers = {team for each in shared for team in each.receivers}
            self.teams |= {team: company.listed[team].name for team in receivers}

    def extent(self) -> Extent:
        """Rows and days."""
        return Extent(*self._engine.rows(f"SELECT sum(rows)::BIGINT, min(day), max(day) FROM {self._files}")[0])

    def daily(self, period: int, amount: Callable[[str], str]) -> Iterator[list[list[Any]]]:
        """Batches of columns day, team, provider, service, charge_category, currency, period, rows and both costs.

        Grain: one row each; days as ISO text; sorted as the table that takes them is.

        Args:
            period: the billing period's id.
            amount: SQL of a sum → SQL of its text, as the table takes it.
        """
        return self._batches("day", "CAST(moment AS VARCHAR)", ("provider", "service"), f"{period}, rows", amount)

    def monthly(self, period: int, amount: Callable[[str], str]) -> Iterator[list[list[Any]]]:
        """Batches of columns month, team, provider, sub-account id and name, region, category, currency, period, costs.

        Grain and Args as of daily, months as YYYY-MM.
        """
        names = ("provider", "sub_account_id", "sub_account_name", "region")
        return self._batches("date_trunc('month', day)", "strftime(moment, '%Y-%m')", names, str(period), amount)

    def _batches(
        self, moment: str, shown: str, names: tuple[str, ...], numbers: str, amount: Callable[[str], str]
    ) -> Iterator[list[list[Any]]]:
        # Texts are made of the sums' moments and amounts: of the rows summed, or sorted by, they take twice the time.
        filled = ", ".join(f"{key_sql(name)} AS {name}" for name in names)
        costs = ", ".join(amount(cost) for cost in COSTS)
        return self._engine.batches(
            f"""
            SELECT {shown}, team, {", ".join(names)}, charge_category, currency, {numbers}, {costs}
            FROM (
                SELECT {moment} AS moment, team, {filled}, charge_category, currency,
                    sum(rows)::BIGINT AS rows, {", ".join(f"sum({cost}) AS {cost}" for cost in COSTS)}
                FROM {self.source} GROUP BY ALL
            )
            ORDER BY moment, team
            """
        )


def _texts(values: Iterable[str]) -> pyarrow.Array:
    """Texts as a column; pyarrow.array() would import pandas, half a second and 70 MB that nothing here needs."""
    builder = StringBuilder()
    for value in values:
        builder.append(value)
    return builder.finish()


def changes(
    engine: DuckDBEngine, old: list[Path], new: list[Path], company: Company, through: date
) -> list[tuple[Any, ...]]:
    """What a new version changed on days up to `through`, both read with today's scopes and allocations.

    Returns:
        (team, month, currency, charge_category, billed_cost, effective_cost), new minus old, only where not both zero.
    """
    sums = (
        "SELECT team, strftime(day, '%Y-%m') AS month, currency, charge_category, {sign}sum(billed_cost) AS billed, "
        "{sign}sum(effective_cost) AS effective FROM {source} WHERE day <= ? GROUP BY ALL"
    )
    former = Rollup(engine, old, company).source
    engine.run("CREATE OR REPLACE TABLE former AS " + sums.format(sign="-", source=former), [through])
    current = Rollup(engine, new, company).source
    engine.run("CREATE OR REPLACE TABLE renewed AS " + sums.format(sign="", source=current), [through])
    return engine.rows(
        "SELECT team, month, currency, charge_category, sum(billed) AS billed, sum(effective) AS effective "
        "FROM (SELECT * FROM former UNION ALL SELECT * FROM renewed) GROUP BY ALL "
        "HAVING sum(billed) <> 0 OR sum(effective) <> 0 ORDER BY ALL"
    )
