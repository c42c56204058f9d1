"""The published rollup of a version: its groups with the team of each, resolved once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow

from finops.company import Company
from finops.scope import Charge, parse_tags
from storage.engines.duckdb import DuckDBEngine, parquet
from storage.ledger.allocated import allocate

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
    """

    def __init__(self, engine: DuckDBEngine, files: list[Path], company: Company) -> None:
        self._engine = engine
        engine.run(f"CREATE OR REPLACE TABLE who AS SELECT DISTINCT {', '.join(WHO)} FROM {parquet(files)}")
        engine.run("CREATE OR REPLACE SEQUENCE who_number")
        engine.run("CREATE OR REPLACE TABLE who AS SELECT nextval('who_number') AS number, * FROM who")
        rows = engine.rows(f"SELECT number, {', '.join(WHO)} FROM who")
        tags = {text: parse_tags(text) for text in {row[5] for row in rows}}
        resolver = company.resolver()
        found = [resolver.resolve(Charge(row[1], row[2], row[3], row[4], tags[row[5]])) for row in rows]
        self.teams = dict(sorted(found, reverse=True))  # of several names for one team the first in order
        engine.register(
            "team_of", pyarrow.table({"number": [row[0] for row in rows], "team": [team for team, _ in found]})
        )
        same = " AND ".join(f"who.{name} IS NOT DISTINCT FROM charge.{name}" for name in WHO)
        self.source = (
            f"(SELECT team_of.team, charge.* FROM {parquet(files)} charge JOIN who ON {same} "
            "JOIN team_of ON team_of.number = who.number)"
        )
        shared = [each for each in company.allocations if each.pool in self.teams]
        if shared:
            self.source = allocate(engine, self.source, shared)
            receivers = {team for each in shared for team in each.receivers}
            self.teams |= {team: company.listed[team].name for team in receivers}

    def extent(self) -> Extent:
        """Rows and days."""
        return Extent(*self._engine.rows(f"SELECT sum(rows)::BIGINT, min(day), max(day) FROM {self.source}")[0])

    def daily(self, period: int, amount: Callable[[str], str]) -> Iterator[list[tuple[Any, ...]]]:
        """Batches of (day, team, provider, service, charge_category, currency, period, rows, billed, effective cost).

        Grain: one row each; days as ISO text; sorted as the table that takes them is.

        Args:
            period: the billing period's id.
            amount: SQL of a sum → SQL of its text, as the table takes it.
        """
        keys = "CAST(day AS VARCHAR), team, COALESCE(provider, ''), COALESCE(service, ''), charge_category, currency"
        return self._batches(f"{keys}, {period}", "sum(rows)::BIGINT, ", amount)

    def monthly(self, period: int, amount: Callable[[str], str]) -> Iterator[list[tuple[Any, ...]]]:
        """Batches of (month, team, provider, sub-account id and name, region, category, currency, period, costs)."""
        keys = (
            "strftime(day, '%Y-%m'), team, COALESCE(provider, ''), COALESCE(sub_account_id, ''), "
            "COALESCE(sub_account_name, ''), COALESCE(region, ''), charge_category, currency"
        )
        return self._batches(f"{keys}, {period}", "", amount)

    def _batches(self, keys: str, count: str, amount: Callable[[str], str]) -> Iterator[list[tuple[Any, ...]]]:
        costs = ", ".join(amount(f"sum({cost})") for cost in ("billed_cost", "effective_cost"))
        answer: Iterator[list[tuple[Any, ...]]] = self._engine.batches(
            f"SELECT {keys}, {count}{costs} FROM {self.source} GROUP BY ALL ORDER BY 1, 2"
        )
        return answer


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
