"""Totals straight from the ledger, by any of its columns: what every other figure can be checked against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from finops.basis import Basis
from finops.company import Company
from finops.errors import NotFound
from finops.periods import Month
from storage.engines.duckdb import DuckDBEngine, literal, parquet
from storage.ledger.rollup import Rollup
from storage.ledger.versions import Ledger, Version
from storage.publish import published_periods
from storage.state import State

COLUMNS = (
    "export",
    "provider",
    "sub_account_id",
    "sub_account_name",
    "service",
    "charge_category",
    "billing_period",
    "day",
    "team",
)
TABLE = """
    export VARCHAR, team VARCHAR, day DATE, billing_period VARCHAR, provider VARCHAR, sub_account_id VARCHAR,
    sub_account_name VARCHAR, service VARCHAR, charge_category VARCHAR, currency VARCHAR, rows BIGINT,
    billed_cost DECIMAL(38,18), effective_cost DECIMAL(38,18)
"""
COST = {
    Basis.EFFECTIVE: "CASE WHEN charge_category <> 'Tax' THEN effective_cost ELSE 0 END",
    Basis.BILLED: "billed_cost",
    Basis.USAGE_BILLED: "CASE WHEN charge_category = 'Usage' THEN billed_cost ELSE 0 END",
}


@dataclass(frozen=True, slots=True)
class Total:
    """Cost of all charges that share the values of the columns asked for.

    Attributes:
        values: of the columns asked for, in their order; None where the bill has none.
        rows: number of charges the basis counts.
        cost: exact, in the basis asked for.
    """

    values: tuple[Any, ...]
    currency: str
    rows: int
    cost: Decimal


def ledger_totals(
    by: Sequence[str],
    *,
    basis: Basis,
    company: Company,
    state: State,
    ledger: Ledger,
    month: Month | None = None,
    by_invoice: bool = False,
    export: str | None = None,
) -> list[Total]:
    """Exact totals over the current versions, by the given columns and currency, in their order.

    Args:
        by: of COLUMNS.
        month: only charges of this month: of ChargePeriodStart, or of the BillingPeriod where by_invoice.
    """
    if unknown := [name for name in by if name not in COLUMNS]:
        raise NotFound(f"'{unknown[0]}' is not a column of the ledger.", f"There are {', '.join(COLUMNS)}.")
    if len(set(by)) < len(by):
        raise NotFound("A column is named twice.", "Name each once.")
    with state.reading() as connection:
        published = published_periods(connection, export)
    versions = [ledger.read(period.export, period.billing_period, period.version) for period in published]
    if not versions:
        return []
    engine = DuckDBEngine(ledger.workspace)
    try:
        keys = ", ".join((*by, "currency"))
        where = _where(basis, month, by_invoice)
        engine.run(f"CREATE TABLE part ({TABLE})")
        for version in versions:
            source = _source(engine, version, company, "team" in by)
            engine.run(
                f"INSERT INTO part BY NAME SELECT {literal(version.export)} AS export, {keys_of(by)} currency, "
                f"charge_category, sum(rows)::BIGINT AS rows, sum(billed_cost) AS billed_cost, "
                f"sum(effective_cost) AS effective_cost FROM {source} {where} GROUP BY ALL"
            )
        found = engine.rows(f"SELECT {keys}, sum(rows)::BIGINT, sum({COST[basis]}) FROM part GROUP BY ALL ORDER BY ALL")
    finally:
        engine.close()
    count = len(by)
    return [Total(tuple(row[:count]), row[count], row[count + 1], row[count + 2]) for row in found]


def keys_of(by: Sequence[str]) -> str:
    """The columns of the rollup that a total needs, as the start of a SELECT list."""
    return "".join(f"{name}, " for name in by if name not in ("export", "charge_category"))


def _source(engine: Any, version: Version, company: Company, with_team: bool) -> str:
    return Rollup(engine, version.groups(), company).source if with_team else parquet(version.groups())


def _where(basis: Basis, month: Month | None, by_invoice: bool) -> str:
    conditions = []
    if month is not None:
        column = "billing_period" if by_invoice else "strftime(day, '%Y-%m')"
        conditions.append(f"{column} = {literal(str(month))}")
    if basis is Basis.USAGE_BILLED:
        conditions.append("charge_category = 'Usage'")
    if basis is Basis.EFFECTIVE:
        conditions.append("charge_category <> 'Tax'")
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""
