"""Shared costs split over teams inside the engine, row by row, so that every figure made of the rows adds up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

import pyarrow

from finops.allocation import Allocation, weights
from storage.engines.duckdb import DuckDBEngine, literal

COSTS = ("billed_cost", "effective_cost")
UNITS = "CAST(replace(replace(CAST({cost} AS VARCHAR), '.', ''), '-', '') AS HUGEINT)"
"""SQL: the size of a DECIMAL(38,18) in its smallest units."""
AMOUNT = (
    "CAST(CASE WHEN {cost} < 0 THEN '-' ELSE '' END || "
    "regexp_replace(repeat('0', 19 - length(CAST({units} AS VARCHAR))) || CAST({units} AS VARCHAR), "
    "'(.{{18}})$', '.\\1') AS DECIMAL(38,18))"
)
"""SQL: units with the sign of a cost as DECIMAL(38,18)."""


def allocate(engine: DuckDBEngine, source: str, allocations: Sequence[Allocation]) -> str:
    """Give the rows of every pool to who shares it.

    Proportions are those of the receivers' own costs in the rows themselves: one export's billing period.

    Args:
        engine: holds the table this makes; one at a time.
        source: FROM-clause text of rolled-up rows with their team.

    Returns:
        FROM-clause text of the same rows with those of the pools split.
    """
    pools = ", ".join(literal(each.pool) for each in allocations)
    _register(engine, source, allocations)
    shared = f"(SELECT row_number() OVER () AS piece, * FROM {source} WHERE team IN ({pools}))"
    engine.run(f"CREATE OR REPLACE TABLE pooled AS SELECT * FROM {shared}")
    for cost in COSTS:
        engine.run(f"CREATE OR REPLACE TABLE split_{cost} AS {_split_sql(cost)}")
    kept = [name for name in engine.columns("SELECT * FROM pooled") if name not in ("piece", "team", "service", *COSTS)]
    # A charge is counted once, with the first who shares it.
    others = ", ".join(
        f"CASE WHEN part.place = 0 THEN pooled.{name} ELSE 0 END AS {name}"
        if name.endswith("rows")
        else f"pooled.{name}"
        for name in kept
    )
    engine.run(
        f"""
        CREATE OR REPLACE TABLE allocated AS
        SELECT part.team, {others},
            CASE WHEN part.team = pooled.team THEN pooled.service ELSE part.name END AS service,
            billed.cost AS billed_cost, effective.cost AS effective_cost
        FROM (SELECT DISTINCT pool, currency, team, name, place FROM weight) part
        JOIN pooled ON pooled.team = part.pool AND pooled.currency = part.currency
        LEFT JOIN split_billed_cost billed ON billed.piece = pooled.piece AND billed.team = part.team
        LEFT JOIN split_effective_cost effective ON effective.piece = pooled.piece AND effective.team = part.team
        """
    )
    return f"(SELECT * FROM {source} WHERE team NOT IN ({pools}) UNION ALL BY NAME SELECT * FROM allocated)"


def _register(engine: DuckDBEngine, source: str, allocations: Sequence[Allocation]) -> None:
    """Put the weights of every pool, currency and cost into a table; who gets nothing of one cost weighs 0 there."""
    receivers = {team for each in allocations for team in each.receivers}
    named = ", ".join(literal(team) for team in sorted(receivers))
    own: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(dict)
    for team, currency, *costs in engine.rows(
        f"SELECT team, currency, sum(billed_cost), sum(effective_cost) FROM {source} "
        f"WHERE team IN ({named}) GROUP BY ALL"
    ):
        for cost, amount in zip(COSTS, costs, strict=True):
            own[currency, cost][team] = amount
    pooled = engine.rows(
        f"SELECT DISTINCT team, currency FROM {source} "
        f"WHERE team IN ({', '.join(literal(each.pool) for each in allocations)})"
    )
    rows = []
    for allocation in allocations:
        for currency in sorted(currency for pool, currency in pooled if pool == allocation.pool):
            found = {cost: weights(allocation, own[currency, cost]) for cost in COSTS}
            teams = list(dict.fromkeys(each.team for given in found.values() for each in given))
            for cost, given in found.items():
                units = {each.team: each.units for each in given}
                whole = str(sum(units.values()))
                rows += [
                    (allocation.pool, currency, team, allocation.name, place, cost, str(units.get(team, 0)), whole)
                    for place, team in enumerate(teams)
                ]
    names = ("pool", "currency", "team", "name", "place", "cost", "units", "whole")
    types = [pyarrow.string() if name != "place" else pyarrow.int64() for name in names]
    columns = [pyarrow.array([row[number] for row in rows], kind) for number, kind in enumerate(types)]
    engine.register("weight_text", pyarrow.table(dict(zip(names, columns, strict=True))))
    engine.run(
        "CREATE OR REPLACE TABLE weight AS SELECT * REPLACE (CAST(units AS HUGEINT) AS units, "
        "CAST(whole AS HUGEINT) AS whole) FROM weight_text"
    )


def _split_sql(cost: str) -> str:
    """Each pooled row's cost in parts: rounded down, then a unit each to the largest remainders (finops.allocation).

    The whole is split off first, so that no product leaves the 38 digits that a HUGEINT has.
    """
    return f"""
        WITH sized AS (
            SELECT piece, weight.team, place, {cost} AS cost, units, whole,
                {UNITS.format(cost=cost)} // whole AS each, {UNITS.format(cost=cost)} % whole AS rest
            FROM pooled JOIN weight
            ON weight.pool = pooled.team AND weight.currency = pooled.currency AND weight.cost = {literal(cost)}
        ), parted AS (
            SELECT piece, team, place, cost, each * units + rest * units // whole AS part,
                rest * units % whole AS lost, {UNITS.format(cost="cost")} AS size
            FROM sized
        ), ranked AS (
            SELECT *, size - sum(part) OVER (PARTITION BY piece) AS missing,
                row_number() OVER (PARTITION BY piece ORDER BY lost DESC, place) AS rank
            FROM parted
        ), given AS (
            SELECT piece, team, cost, part + CASE WHEN rank <= missing THEN 1 ELSE 0 END AS part FROM ranked
        )
        SELECT piece, team, {AMOUNT.format(cost="cost", units="part")} AS cost FROM given
    """
