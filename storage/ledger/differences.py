"""What one version of a billing period changed against another: every key whose cost is not the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from finops.basis import Basis
from finops.company import Company
from finops.errors import NotFound
from storage.engines.duckdb import DuckDBEngine
from storage.ledger.rollup import Rollup
from storage.ledger.totals import COLUMNS, COST
from storage.ledger.versions import Ledger
from storage.publish import published_periods
from storage.state import State

SHOWN = tuple(name for name in COLUMNS if name not in ("export", "billing_period"))
"""Columns that a difference may be told by."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What the charges that share the values of the columns asked for cost in two versions.

    Attributes:
        values: of the columns asked for, in their order; None where the bill has none.
        was, now: exact, in the basis asked for; zero where the version has no such charge.
        rows_was, rows_now: charges.
    """

    values: tuple[Any, ...]
    currency: str
    was: Decimal
    now: Decimal
    rows_was: int
    rows_now: int


@dataclass(frozen=True, slots=True)
class Differences:
    """Two versions held side by side.

    Attributes:
        former, current: their numbers.
        rows: the largest change first; keys that cost the same in both are left out.
    """

    former: int
    current: int
    rows: tuple[Difference, ...]


def ledger_differences(
    export: str,
    billing_period: str,
    by: Sequence[str],
    *,
    basis: Basis,
    company: Company,
    state: State,
    ledger: Ledger,
    former: int | None = None,
    current: int | None = None,
) -> Differences:
    """Hold two versions of a billing period against each other, both read with today's scopes.

    Args:
        by: of SHOWN.
        former, current: versions; the published one against the one before it by default.

    Raises:
        NotFound: there is no such column, export, billing period or version.
    """
    if unknown := [name for name in by if name not in SHOWN]:
        raise NotFound(f"'{unknown[0]}' is no column to compare by.", f"There are {', '.join(SHOWN)}.")
    if len(set(by)) < len(by):
        raise NotFound("A column is named twice.", "Name each once.")
    with state.reading() as connection:
        published = {each.billing_period: each.version for each in published_periods(connection, export)}
    if billing_period not in published:
        raise NotFound(f"{export} has no billing period {billing_period}.", "See `finops ledger periods`.")
    known = ledger.numbers(export, billing_period)
    current = published[billing_period] if current is None else current
    before = [number for number in known if number < current]
    if former is None and not before:
        once = f"{export} {billing_period} was delivered once"
        raise NotFound(f"{once}: there is nothing to compare version {current} to.")
    former = before[-1] if former is None else former
    for number in (former, current):
        if number not in known:
            there = ", ".join(map(str, known))
            raise NotFound(f"{export} {billing_period} has no version {number}.", f"There are {there}.")
    return Differences(
        former, current, _compared(ledger, company, export, billing_period, (former, current), by, basis)
    )


def _compared(
    ledger: Ledger,
    company: Company,
    export: str,
    billing_period: str,
    versions: tuple[int, int],
    by: Sequence[str],
    basis: Basis,
) -> tuple[Difference, ...]:
    keys = ", ".join((*by, "currency"))
    engine = DuckDBEngine(ledger.workspace)
    try:
        for name, number in zip(("was", "now"), versions, strict=True):
            source = Rollup(engine, ledger.read(export, billing_period, number).groups(), company).source
            engine.run(
                f"CREATE TABLE {name}_version AS SELECT {keys}, sum({COST[basis]}) AS cost, sum(rows)::BIGINT AS rows "
                f"FROM {source} GROUP BY ALL"
            )
        zero = "CAST(0 AS DECIMAL(38,18))"
        found = engine.rows(
            f"SELECT {keys}, COALESCE(sum(was), {zero}), COALESCE(sum(now), {zero}), "
            "COALESCE(sum(rows_was), 0)::BIGINT, COALESCE(sum(rows_now), 0)::BIGINT FROM ("
            f"SELECT {keys}, cost AS was, {zero} AS now, rows AS rows_was, 0 AS rows_now FROM was_version UNION ALL "
            f"SELECT {keys}, {zero} AS was, cost AS now, 0 AS rows_was, rows AS rows_now FROM now_version"
            f") GROUP BY {keys} HAVING sum(was) <> sum(now) ORDER BY abs(sum(now) - sum(was)) DESC, {keys}"
        )
    finally:
        engine.close()
    count = len(by)
    return tuple(Difference(tuple(row[:count]), *row[count:]) for row in found)
