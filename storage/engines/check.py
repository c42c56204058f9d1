"""Does an engine give the same digits as Python? A small FOCUS table, written into the query itself, tells.

Nothing is created where the bill lies: the table is a subquery, so that an account which may only read can run it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from finops.focus import COSTS
from finops.money import add, plain
from storage.engines.duckdb import literal, quoted
from storage.engines.engine import Engine, EngineFailed, EngineKind
from storage.engines.focus_table import DECIMAL, Bill, Column, Kind, bill_of, relation_of
from storage.engines.rollup_sql import (
    DOUBLES,
    KEYS,
    TEXTS,
    doubles_schema,
    doubles_sql,
    groups_schema,
    groups_sql,
    rendered,
)

USUAL: dict[str, str | None] = {
    "BilledCost": "1.5",
    "EffectiveCost": "1.25",
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2026-10-01 00:00:00",
    "ChargePeriodStart": "2026-10-07 00:00:00",
    "ChargeCategory": "Usage",
    "ServiceProviderName": "AWS",
    "ServiceName": "Amazon S3",
    "SubAccountId": "000000000042",
    "SubAccountName": "Atlas",
    "RegionId": "eu-west-1",
    "Tags": '{"team": "payments"}',
}
SAMPLE: tuple[dict[str, str | None], ...] = (
    USUAL,
    USUAL,
    {**USUAL, "BilledCost": "-0.75", "EffectiveCost": "0", "ChargeCategory": "Credit"},
    {**USUAL, "BilledCost": "0.000000000000000001", "EffectiveCost": "-0.000000000000000001"},
    {**USUAL, "BilledCost": "12345678901234567890.123456789012345678", "ServiceName": "Reservation"},
    {**USUAL, "BilledCost": "0.1", "EffectiveCost": "0.2", "Tags": None},
    {**USUAL, "BilledCost": "0.1", "EffectiveCost": "0.2", "Tags": ""},
    {**USUAL, "BilledCost": "0.1", "EffectiveCost": "0.2", "Tags": "{}"},
    {**USUAL, "BilledCost": "0.1", "EffectiveCost": "0.2", "RegionId": None, "SubAccountName": ""},
    {**USUAL, "BillingCurrency": "EUR", "ServiceName": "Café Zürich 東京 🚀", "Tags": '{"équipe": "Straße’s \\"1\\""}'},
    {**USUAL, "ServiceName": "Cafe\u0301 Zürich 東京 🚀", "SubAccountName": "atlas", "RegionId": "eu-west-1 "},
    {**USUAL, "ChargePeriodStart": "2026-10-07 23:59:59"},
    {**USUAL, "ChargePeriodStart": "2026-10-08 00:00:00"},
    {**USUAL, "ChargePeriodStart": "2026-09-30 23:00:00", "BilledCost": None},
    {**USUAL, "BillingPeriodStart": "2026-11-01 00:00:00", "ChargeCategory": "Tax", "SubAccountId": None},
)
OFFSET = "+05:30"
"""Of the times in the second round: their day in UTC is often the day before."""
LARGEST_DOUBLE = 10**6
"""Costs of the sample above this have more digits than a double holds, and stay out of its round."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one part of the check found.

    Attributes:
        good: False where the engine cannot be relied on.
    """

    what: str
    good: bool
    said: str


def check(kind: EngineKind, engine: Engine, table: str = "") -> Iterator[Finding]:
    """Run the rollup over the sample in each form that costs and times may have, then look at a table.

    Args:
        table: as `table` of a source; '' for none.
    """
    yield _round("DECIMAL costs, times in UTC", kind, engine, SAMPLE, Kind.DECIMAL, Kind.MOMENT)
    yield _round(f"DECIMAL costs, times at {OFFSET}", kind, engine, SAMPLE, Kind.DECIMAL, Kind.INSTANT)
    try:
        refuse_other_doubles(engine, kind.dialect, "the sample")
        small = [row for row in SAMPLE if Decimal(row["BilledCost"] or 0) < LARGEST_DOUBLE]
        yield _round("double costs", kind, engine, small, Kind.DOUBLE, Kind.MOMENT)
    except EngineFailed as failed:
        yield Finding("double costs", True, f"not taken: {failed.reason} {failed.mend}")
    if table:
        relation = relation_of(kind, table)
        bill = bill_of(table, relation, engine.columns_of(relation), kind.dialect)
        read = ", ".join(f"{name} from {column.name} ({column.kind})" for name, column in bill.columns.items())
        yield Finding(table, True, f"FOCUS {bill.version}: {read}")


def refuse_other_doubles(engine: Engine, dialect: str, table: str) -> None:
    """Raise EngineFailed where an engine does not write a double as the shortest decimal text that is that double."""
    answer = engine.table(rendered(doubles_sql(), dialect), doubles_schema())
    made = {row["place"]: row["made"] for row in answer.to_pylist()}
    for place, text in enumerate(DOUBLES):
        got = made.get(place)
        if got != Decimal(text):
            shown = "nothing" if got is None else plain(got)
            raise EngineFailed(
                f"{table}: a cost is a double, and this engine makes {shown} of {text}.",
                f"Name a view in which costs are {DECIMAL}.",
            )


def sample_bill(dialect: str, rows: Sequence[Mapping[str, str | None]], costs: Kind, times: Kind) -> Bill:
    """The sample as a bill whose table is a subquery."""
    types = {"BilledCost": (costs, _TYPES[costs]), "EffectiveCost": (costs, _TYPES[costs])}
    types |= {"BillingPeriodStart": (times, _TYPES[times]), "ChargePeriodStart": (times, _TYPES[times])}
    offset = OFFSET if times is Kind.INSTANT else ""

    def value(name: str, text: str | None) -> str:
        kind = types.get(name, (Kind.TEXT, "VARCHAR"))
        shown = "NULL" if text is None else literal(text + offset if kind[0] is Kind.INSTANT else text)
        return f"CAST({shown} AS {kind[1]}) AS {quoted(name)}"

    selects = ("SELECT " + ", ".join(value(name, text) for name, text in row.items()) for row in rows)
    relation = f"({rendered(' UNION ALL '.join(selects), dialect)}) AS sample"
    columns = {name: Column(name, types[name][0] if name in types else Kind.TEXT) for name in USUAL}
    return Bill(relation, columns, "1.4")


_TYPES = {Kind.DECIMAL: DECIMAL, Kind.DOUBLE: "DOUBLE", Kind.MOMENT: "TIMESTAMP", Kind.INSTANT: "TIMESTAMPTZ"}


def expected(rows: Sequence[Mapping[str, str | None]], offset: str = "+00:00") -> list[tuple[Any, ...]]:
    """The rollup of the sample's rows as Python's own decimals have it, in the order of `answered`."""
    groups: dict[tuple[Any, ...], list[Mapping[str, str | None]]] = defaultdict(list)
    for row in rows:
        days = (_day(row["ChargePeriodStart"], offset), _day(row["BillingPeriodStart"], offset))
        groups[*days, *(row.get(name) for name in TEXTS.values()), row["Tags"]].append(row)
    return sorted(
        (
            (
                *key,
                len(found),
                *(sum(row[cost] is not None for row in found) for cost in COSTS),
                *(_sum([row[cost] for row in found]) for cost in COSTS),
            )
            for key, found in groups.items()
        ),
        key=repr,
    )


def answered(engine: Engine, dialect: str, bill: Bill) -> list[tuple[Any, ...]]:
    """The rollup of a bill as an engine gives it: KEYS, three counts and two costs, in a fixed order."""
    answer = engine.table(rendered(groups_sql(bill), dialect, bill.relation), groups_schema())
    found = (tuple(row.values()) for row in answer.to_pylist())
    return sorted((tuple(map(_normal, row)) for row in found), key=repr)


def _round(
    what: str, kind: EngineKind, engine: Engine, rows: Sequence[Mapping[str, str | None]], costs: Kind, times: Kind
) -> Finding:
    wanted = expected(rows, OFFSET if times is Kind.INSTANT else "+00:00")
    found = answered(engine, kind.dialect, sample_bill(kind.dialect, rows, costs, times))
    if found == wanted:
        return Finding(what, True, f"{len(rows)} rows, {len(wanted)} groups, equal to the last of 18 digits")
    other = next((row for row in found if row not in wanted), None)
    lacking = next((row for row in wanted if row not in found), None)
    return Finding(what, False, f"gave {_shown(other)} where it is {_shown(lacking)}")


def _shown(row: tuple[Any, ...] | None) -> str:
    return "nothing" if row is None else ", ".join(f"{name}={value}" for name, value in zip(_NAMES, row, strict=True))


_NAMES = (*KEYS, "rows", "billed_rows", "effective_rows", "billed_cost", "effective_cost")


def _day(text: str | None, offset: str) -> date:
    return datetime.fromisoformat(f"{text}{offset}").astimezone(UTC).date()


def _sum(costs: Sequence[str | None]) -> Decimal | None:
    given = [Decimal(cost) for cost in costs if cost is not None]
    return _normal(add(given)) if given else None


def _normal(value: Any) -> Any:
    """A value as it is compared: 1.50 and 1.5 are one number, -0 is 0."""
    return (value.normalize() if value else Decimal(0)) if isinstance(value, Decimal) else value
