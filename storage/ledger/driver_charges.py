"""Teams' charges of two periods with their quantities, from the bills' own rows: what drivers are told from.

Every version is read once for all teams; what a team is given or gives by an allocation is a charge of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

import pyarrow

from finops.basis import Basis
from finops.closed_month import TeamCurrency
from finops.company import Company
from finops.drivers import Charges, Span
from storage.engines.duckdb import DuckDBEngine, literal, parquet
from storage.ledger.charges import TAGS_TEXT, details_sql, text_sql
from storage.ledger.rollup import WHO, Rollup
from storage.ledger.totals import COST
from storage.ledger.versions import Ledger, Part, Version

TABLE = """
    team VARCHAR, currency VARCHAR, is_current BOOLEAN, cost DECIMAL(38,18), provider VARCHAR, account VARCHAR,
    service VARCHAR, sku VARCHAR, unit VARCHAR, resource VARCHAR, name VARCHAR, charge_category VARCHAR,
    quantity DECIMAL(38,18), contracted_cost DECIMAL(38,18), is_correction BOOLEAN, is_committed BOOLEAN,
    is_unused BOOLEAN, is_shared BOOLEAN
"""
"""Team, currency, and the attributes of Charges in their order."""
WITHOUT_DETAILS = """
    CAST(NULL AS VARCHAR) AS sku, CAST(NULL AS VARCHAR) AS unit, CAST(NULL AS VARCHAR) AS resource,
    CAST(NULL AS VARCHAR) AS name, CAST(NULL AS DECIMAL(38,18)) AS quantity,
    CAST(NULL AS DECIMAL(38,18)) AS contracted_cost, false AS is_correction, false AS is_committed, false AS is_unused
"""
ASKED = {
    "team": pyarrow.string(),
    "currency": pyarrow.string(),
    "current_first": pyarrow.date32(),
    "current_last": pyarrow.date32(),
    "former_first": pyarrow.date32(),
    "former_last": pyarrow.date32(),
}
JOIN_ASKED = (
    "JOIN asked ON asked.team = {table}.team AND asked.currency = charge.currency AND "
    "(charge.day BETWEEN current_first AND current_last OR charge.day BETWEEN former_first AND former_last)"
)


def driver_charges(
    asked: Mapping[TeamCurrency, Span],
    versions: Iterable[tuple[str, str, int]],
    *,
    basis: Basis,
    company: Company,
    ledger: Ledger,
) -> Iterator[tuple[TeamCurrency, list[Charges]]]:
    """The charges of teams in the days that are compared; their costs add up to what is published.

    Args:
        asked: (team, currency) → the days.
        versions: export, billing period and version of each that has charges on any of the days.

    Returns:
        One after the other, of the teams that have any; of a bill whose rows are not here only cost, service and
        sub-account are known.
    """
    engine = DuckDBEngine(ledger.workspace)
    try:
        engine.register("asked", _asked(asked))
        engine.run(f"CREATE TABLE found ({TABLE})")
        for version in (ledger.read(*each) for each in versions):
            rollup = Rollup(engine, version.groups(), company)
            for part in version.parts:
                _take_part(engine, version, part, basis)
            if rollup.source != rollup.own:
                _take_shared(engine, rollup, basis)
        batches = engine.batches("SELECT * FROM found ORDER BY team, currency")
        rows = (row for columns in batches for row in zip(*columns, strict=True))
        for (team, currency), some in groupby(rows, key=lambda row: (row[0], row[1])):
            yield (team, currency), [Charges(*row[2:]) for row in some]
    finally:
        engine.close()


def _asked(asked: Mapping[TeamCurrency, Span]) -> pyarrow.Table:
    rows = [(*key, *span.current, *span.former) for key, span in asked.items()]
    columns = zip(*rows, strict=True) if rows else ((),) * len(ASKED)
    arrays = (pyarrow.array(list(column), kind) for column, kind in zip(columns, ASKED.values(), strict=True))
    return pyarrow.table(dict(zip(ASKED, arrays, strict=True)))


def _take_part(engine: DuckDBEngine, version: Version, part: Part, basis: Basis) -> None:
    """The rows of one file; the team of each is found by its rollup, which has tidied the texts it is found by."""
    if part.rows_at:
        groups = parquet(version.file(part.groups_file))
        charges = f"SELECT *, {WITHOUT_DETAILS} FROM {groups}"
    else:
        rows = parquet(version.file(part.rows_file))
        charges = details_sql(rows, engine.columns(f"SELECT * FROM {rows}"), part.focus_version)
    # Texts are tidied once each, and not in every row.
    engine.run(f"CREATE OR REPLACE TABLE delivered AS SELECT DISTINCT {', '.join(WHO)} FROM ({charges})")
    tidied = {name: TAGS_TEXT if name == "tags" else text_sql(name) for name in WHO}
    texts = ", ".join(f"{sql} AS tidy_{name}" for name, sql in tidied.items())
    same = " AND ".join(f"delivered.tidy_{name} IS NOT DISTINCT FROM team_of.{name}" for name in WHO)
    engine.run(
        f"CREATE OR REPLACE TABLE owned AS SELECT delivered.*, team_of.team FROM (SELECT *, {texts} FROM delivered) "
        f"delivered JOIN team_of ON {same} "
        "WHERE team_of.team IN (SELECT team FROM asked)"
    )
    own = " AND ".join(f"charge.{name} IS NOT DISTINCT FROM owned.{name}" for name in WHO)
    engine.run(
        f"""
        INSERT INTO found BY NAME
        SELECT owned.team, charge.currency, charge.day >= current_first AS is_current,
            COALESCE(tidy_provider, '') AS provider,
            COALESCE(tidy_sub_account_name, tidy_sub_account_id, '') AS account,
            COALESCE(tidy_service, '') AS service, COALESCE(sku, '') AS sku, COALESCE(unit, '') AS unit,
            COALESCE(resource, '') AS resource, COALESCE(max(name), '') AS name, charge_category,
            sum({COST[basis]}) AS cost,
            CASE WHEN count(quantity) = count(*) AND min(quantity) >= 0 THEN sum(quantity) END AS quantity,
            CASE WHEN count(contracted_cost) = count(*) THEN sum(contracted_cost) END AS contracted_cost,
            is_correction, is_committed, is_unused, false AS is_shared
        FROM ({charges}) charge JOIN owned ON {own} {JOIN_ASKED.format(table="owned")}
        {_where(basis)}
        GROUP BY ALL
        """
    )


def _take_shared(engine: DuckDBEngine, rollup: Rollup, basis: Basis) -> None:
    """What allocations changed: what a team was given stands under their names, what a pool gave under its services."""
    columns = "team, currency, day, service, charge_category"
    each = f"SELECT {columns}, {{sign}}{COST[basis]} AS cost FROM {{source}}"
    both = f"{each.format(sign='', source=rollup.source)} UNION ALL {each.format(sign='-1 * ', source=rollup.own)}"
    engine.run(
        f"""
        INSERT INTO found BY NAME
        SELECT charge.team, charge.currency, day >= current_first AS is_current, '' AS provider, '' AS account,
            '' AS service, '' AS sku, '' AS unit, '' AS resource, COALESCE(charge.service, '') AS name,
            {literal("Usage")} AS charge_category, sum(cost) AS cost, NULL AS quantity, NULL AS contracted_cost,
            false AS is_correction, false AS is_committed, false AS is_unused, true AS is_shared
        FROM ({both}) charge {JOIN_ASKED.format(table="charge")}
        GROUP BY ALL HAVING sum(cost) <> 0
        """
    )


def _where(basis: Basis) -> str:
    if basis is Basis.USAGE_BILLED:
        return "WHERE charge_category = 'Usage'"
    return "WHERE charge_category <> 'Tax'" if basis is Basis.EFFECTIVE else ""
