"""The queries that engines run over a FOCUS table: one text each, in a subset of SQL that all of them understand.

What the subset is made of: SELECT, a subquery, WHERE with >= and <, GROUP BY, COUNT, SUM, MAX, CASE, CAST,
AT TIME ZONE, TO_JSON, COALESCE and ||. The texts of providers, services and tags are left as they are: they are tidied
at home, where the ledger does the same to bills that are files (storage/ledger/charges.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import pyarrow
import sqlglot
from sqlglot import exp

from finops import focus
from finops.money import SCALE
from finops.periods import Month
from storage.engines.duckdb import quoted
from storage.engines.focus_table import DECIMAL, Bill, Column, Kind

TEXTS = {
    "provider": "ServiceProviderName",
    "sub_account_id": "SubAccountId",
    "sub_account_name": "SubAccountName",
    "service": "ServiceName",
    "region": "RegionId",
    "currency": "BillingCurrency",
    "charge_category": "ChargeCategory",
    "charge_subcategory": "ChargeSubcategory",
}
"""Column of the rollup → column of FOCUS, taken as text."""
KEYS = ("day", "billing_period_start", *TEXTS, "tags")
DOUBLE_BELOW = 10**15
"""From here on a double has no cents (its steps are 0.125), and Java before 19 writes some with a digit too many."""
DOUBLES = (
    *("0.1", "-0.3", "4.35", "1234.56", "-2.2", "1e-7", "5.7e-16", "0.000123456789012345"),
    *("0.3333333333333333", "0.30000000000000004", "123456789.12345678", "999999999999999.9"),
)
"""Doubles of 1 to 17 digits by which an engine shows whether it writes the shortest text that is that double."""


def groups_sql(bill: Bill, month: Month | None = None) -> str:
    """The rollup: one row per KEYS with row counts and exact costs, in DuckDB's dialect over a table `bill`.

    Each cost becomes DECIMAL(38,18) before it is added, and each sum is cast to it again: engines widen differently.

    Args:
        month: the billing period that is read; all of them where None.
    """
    keys = ", ".join(KEYS)
    return f"""
        SELECT {keys},
            COUNT(*) AS row_count, COUNT(billed) AS billed_rows, COUNT(effective) AS effective_rows,
            CAST(SUM(billed) AS {DECIMAL}) AS billed_cost, CAST(SUM(effective) AS {DECIMAL}) AS effective_cost
        FROM ({_charges_sql(bill, month, month)}) AS charges
        GROUP BY {keys}
    """


def starts_sql(bill: Bill) -> str:
    """The first days of the billing periods that the table holds, and the rows of each; reads one column."""
    start = _day_sql(bill.columns["BillingPeriodStart"])
    return f"""
        SELECT billing_period_start, COUNT(*) AS row_count
        FROM (SELECT {start} AS billing_period_start FROM bill) AS charges
        GROUP BY billing_period_start
    """


def periods_sql(bill: Bill, first: Month, last: Month) -> str:
    """What the table holds of some months by first day of billing period: rows, last day charged, and the costs.

    Args:
        first, last: the oldest and the newest of them.
    """
    return f"""
        SELECT billing_period_start, COUNT(*) AS row_count, MAX(day) AS last_day,
            CAST(SUM(billed) AS {DECIMAL}) AS billed_cost, CAST(SUM(effective) AS {DECIMAL}) AS effective_cost
        FROM ({_charges_sql(bill, first, last)}) AS charges
        GROUP BY billing_period_start
    """


def doubles_sql() -> str:
    """Each of DOUBLES with what the engine makes of its text."""
    rows = " UNION ALL ".join(
        f"SELECT {number} AS place, CAST('{text}' AS DOUBLE) AS value" for number, text in enumerate(DOUBLES)
    )
    return f"SELECT place, {_cost_sql('value', Kind.DOUBLE)} AS made FROM ({rows}) AS doubles"


def rendered(sql: str, dialect: str, relation: str = "", *, pretty: bool = False) -> str:
    """A text of this module in an engine's dialect.

    Args:
        relation: what stands for the table `bill`, in the engine's dialect.
    """
    tree = sqlglot.parse_one(sql, dialect="duckdb").transform(_portable, dialect)
    if relation:
        own = cast(exp.Select, sqlglot.parse_one(f"SELECT * FROM {relation}", dialect=dialect)).args["from_"].this
        for place in list(tree.find_all(exp.Table)):
            if place.name == "bill":
                place.replace(own.copy())
    return tree.sql(dialect, identify=True, pretty=pretty)


def groups_schema() -> pyarrow.Schema:
    """What groups_sql gives; the row counts are named as in the ledger."""
    texts = [(name, pyarrow.string()) for name in (*TEXTS, "tags")]
    days = [("day", pyarrow.date32()), ("billing_period_start", pyarrow.date32())]
    counts = [(name, pyarrow.int64()) for name in ("rows", "billed_rows", "effective_rows")]
    return pyarrow.schema([*days, *texts, *counts, *_costs("billed_cost", "effective_cost")])


def starts_schema() -> pyarrow.Schema:
    """What starts_sql gives."""
    return pyarrow.schema([("billing_period_start", pyarrow.date32()), ("rows", pyarrow.int64())])


def periods_schema() -> pyarrow.Schema:
    """What periods_sql gives."""
    first = [("billing_period_start", pyarrow.date32()), ("rows", pyarrow.int64()), ("last_day", pyarrow.date32())]
    return pyarrow.schema([*first, *_costs("billed_cost", "effective_cost")])


def doubles_schema() -> pyarrow.Schema:
    """What doubles_sql gives."""
    return pyarrow.schema([("place", pyarrow.int64()), *_costs("made")])


def _costs(*names: str) -> Sequence[tuple[str, pyarrow.DataType]]:
    return [(name, pyarrow.decimal128(38, SCALE)) for name in names]


def _charges_sql(bill: Bill, first: Month | None, last: Month | None) -> str:
    columns = bill.columns
    start = columns["BillingPeriodStart"]
    selected = {
        "day": _day_sql(columns["ChargePeriodStart"]),
        "billing_period_start": _day_sql(start),
        **{name: _text_sql(columns.get(column)) for name, column in TEXTS.items()},
        "tags": _tags_sql(columns),
        "billed": _cost_sql(quoted(columns["BilledCost"].name), columns["BilledCost"].kind),
        "effective": _cost_sql(quoted(columns["EffectiveCost"].name), columns["EffectiveCost"].kind),
    }
    text = "SELECT " + ", ".join(f"{sql} AS {name}" for name, sql in selected.items()) + " FROM bill"
    if first is None or last is None:
        return text
    # The column as it is, not its day: so an engine can pass by files and partitions of other months.
    begins, ends = (_moment_sql(start.kind, each) for each in (first, last.next))
    return f"{text} WHERE {quoted(start.name)} >= {begins} AND {quoted(start.name)} < {ends}"


def _cost_sql(name: str, kind: Kind) -> str:
    """A cost; NULL where a double is no number or too large to be exact, which refuses the delivery."""
    if kind is not Kind.DOUBLE:
        return f"CAST({name} AS {DECIMAL})"
    least, most = (f"CAST('{sign}{DOUBLE_BELOW}' AS DOUBLE)" for sign in ("-", ""))
    # Its shortest decimal text is the number the provider wrote; a direct cast gives other digits, or fewer.
    return f"CASE WHEN {name} > {least} AND {name} < {most} THEN CAST(CAST({name} AS VARCHAR) AS {DECIMAL}) END"


def _day_sql(column: Column) -> str:
    own = quoted(column.name)
    return f"CAST({own} AT TIME ZONE 'UTC' AS DATE)" if column.kind is Kind.INSTANT else f"CAST({own} AS DATE)"


def _moment_sql(kind: Kind, month: Month) -> str:
    first = month.first.isoformat()
    if kind is Kind.DATE:
        return f"CAST('{first}' AS DATE)"
    if kind is Kind.INSTANT:
        return f"CAST('{first} 00:00:00+00:00' AS TIMESTAMPTZ)"
    return f"CAST('{first} 00:00:00' AS TIMESTAMP)"


def _text_sql(column: Column | None) -> str:
    if column is None:
        return "CAST(NULL AS VARCHAR)"
    own = quoted(column.name)
    return f"CAST({f'TO_JSON({own})' if column.kind is Kind.NESTED else own} AS VARCHAR)"


def _tags_sql(columns: Mapping[str, Column]) -> str:
    """Tags as JSON text; where several columns hold them, a JSON list of what each holds."""
    parts = [columns[name] for name in focus.GOOGLE_TAGS if name in columns]
    if not parts:
        return _text_sql(columns.get("Tags"))
    return "'[' || " + " || ',' || ".join(f"COALESCE({_text_sql(each)}, 'null')" for each in parts) + " || ']'"


def _portable(node: exp.Expression, dialect: str) -> exp.Expression:
    """What sqlglot passes through unchanged though the engine wants it otherwise."""
    if not isinstance(node, exp.Cast):
        return node
    if isinstance(node.this, exp.Anonymous) and node.this.name.upper() == "TO_JSON" and dialect not in _CASTS_JSON:
        return exp.JSONFormat(this=node.this.expressions[0])
    if dialect == "bigquery" and node.to.this is exp.DataType.Type.DECIMAL:
        # BigQuery takes no scale in a CAST and keeps 38 places: it is told to round, half away from zero as all do.
        return exp.Round(this=node, decimals=exp.Literal.number(SCALE))
    return node


_CASTS_JSON = ("duckdb", "postgres")
