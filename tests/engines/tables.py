"""Made-up FOCUS tables of every form, put into each engine, and the rollup as Python's own decimals have it."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path
from random import Random
from typing import Any, Protocol

import psycopg
import pyarrow
import pyarrow.parquet

from finops.money import EXACT, add
from finops.periods import Month
from finops.scope import parse_tags
from storage.engines.engine import Engine, EngineKind, engine_kind
from storage.engines.focus_table import bill_of, relation_of
from storage.engines.rollup_sql import TEXTS, groups_schema, groups_sql, rendered

STRING = pyarrow.string()
PLACE = Decimal(1).scaleb(-18)
ABROAD = timezone(timedelta(hours=5, minutes=30))


@dataclass(frozen=True, slots=True)
class Form:
    """How a table types its columns.

    Attributes:
        cost, time, tags: Arrow types.
        postgresql: the same three in PostgreSQL.
    """

    cost: pyarrow.DataType
    time: pyarrow.DataType
    tags: pyarrow.DataType
    postgresql: tuple[str, str, str]

    @property
    def is_double(self) -> bool:
        """Whether costs are doubles."""
        return bool(self.cost == pyarrow.float64())


FORMS = {
    "decimals": Form(
        pyarrow.decimal128(38, 18), pyarrow.timestamp("us"), STRING, ("numeric(38,18)", "timestamp", "text")
    ),
    "doubles": Form(
        pyarrow.float64(),
        pyarrow.timestamp("us", "UTC"),
        pyarrow.map_(STRING, STRING),
        ("double precision", "timestamptz", "jsonb"),
    ),
    # More decimals than are kept: each row is rounded before it is added.
    "fine": Form(
        pyarrow.decimal128(38, 24), pyarrow.timestamp("us", "UTC"), STRING, ("numeric", "timestamptz", "json")
    ),
    "days": Form(pyarrow.decimal128(20, 4), pyarrow.date32(), STRING, ("numeric(20,4)", "date", "text")),
}
COLUMNS = ("BilledCost", "EffectiveCost", "BillingPeriodStart", "ChargePeriodStart", *TEXTS.values(), "Tags")
COLUMNS = tuple(name for name in COLUMNS if name != "ChargeSubcategory")
NAMES = (
    "Amazon S3",
    "amazon s3",
    "Café",
    "Cafe\u0301",
    "東京 🚀",
    "",
    " ",
    "null",
    "NULL",
    'it\'s "1"',
    "a\\b",
    "%s {x}",
)
TAGS: tuple[dict[str, str] | None, ...] = (
    None,
    {},
    {"team": "payments"},
    {"team": "payments", "env": "prod"},
    {"Cost Center": "42", "équipe": "Straße 🚀"},
    {"team": 'a "quoted" \\ one'},
)


def made_rows(form: Form, seed: int, count: int = 300) -> list[dict[str, Any]]:
    """Rows with everything that goes wrong somewhere: credits, empty texts, missing ones, edges of days, tiny costs."""
    random = Random(seed)
    return [_row(form, random) for _ in range(count)]


def _row(form: Form, random: Random) -> dict[str, Any]:
    month = random.choice((9, 10, 10, 10))
    first: Any = datetime(2026, month, 1, tzinfo=UTC)
    at: Any = first + timedelta(hours=random.choice((0, 23, 24, 47, 100, 200)), seconds=random.choice((0, 3599)))
    if pyarrow.types.is_date(form.time):
        first, at = first.date(), at.date()
    elif form.time.tz:
        first, at = first.astimezone(ABROAD), at.astimezone(ABROAD)
    else:
        first, at = first.replace(tzinfo=None), at.replace(tzinfo=None)
    tags: Any = random.choice(TAGS)
    if not pyarrow.types.is_map(form.tags):
        tags = None if tags is None else json.dumps(tags, ensure_ascii=False)
    return {
        "BilledCost": _cost(form, random),
        "EffectiveCost": _cost(form, random),
        "BillingCurrency": random.choice(("USD", "USD", "EUR")),
        "BillingPeriodStart": first,
        "ChargePeriodStart": at,
        "ChargeCategory": random.choice(("Usage", "Usage", "Tax", "Credit", "Purchase")),
        "ServiceProviderName": random.choice(("AWS", "Microsoft", None)),
        "ServiceName": random.choice(NAMES),
        "SubAccountId": random.choice(("000042", "42", None, "")),
        "SubAccountName": random.choice(("Atlas", "atlas", None)),
        "RegionId": random.choice(("eu-west-1", None)),
        "Tags": tags,
    }


def _cost(form: Form, random: Random) -> Decimal | float | None:
    if random.random() < 0.03:
        return None
    if form.is_double:
        return random.choice(
            (
                random.random() * 10 ** random.randint(-12, 9),
                round(random.uniform(-1000, 1000), random.randint(0, 10)),
                random.choice((0.1, -0.3, 1e-7, 2.5e-10, 1.5e10, 1e-18, 123456789.12345678, 0.0, -0.0)),
            )
        )
    scale = form.cost.scale
    digits = random.choice((1, 5, scale, min(form.cost.precision - 4, 32)))
    units = random.choice((random.randint(-(10**digits), 10**digits), 5 * 10 ** max(scale - 19, 0)))
    return Decimal(units).scaleb(-scale, EXACT)


def wanted(rows: list[dict[str, Any]], month: Month | None = None) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """Group → its counts and exact costs."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        day, period = _day(row["ChargePeriodStart"]), _day(row["BillingPeriodStart"])
        if month in (None, Month.of(period)):
            tags = row["Tags"] if row["Tags"] is None or isinstance(row["Tags"], str) else json.dumps(row["Tags"])
            groups[day, period, *(row.get(name) for name in TEXTS.values()), _tags(tags)].append(row)
    return {key: _counted(found) for key, found in groups.items()}


def _counted(rows: list[dict[str, Any]]) -> tuple[Any, ...]:
    costs = [[row[name] for row in rows if row[name] is not None] for name in ("BilledCost", "EffectiveCost")]
    return (len(rows), *map(len, costs), *(add(map(kept, each)) if each else None for each in costs))


def kept(cost: Decimal | float) -> Decimal:
    """A cost as it is kept: a double by its shortest text, 18 places, half away from zero."""
    with localcontext(EXACT):
        return Decimal(str(cost)).quantize(PLACE, ROUND_HALF_UP)


def _day(at: Any) -> Any:
    if isinstance(at, datetime):
        return (at.astimezone(UTC) if at.tzinfo else at).date()
    return at


def _tags(text: str | None) -> Any:
    """Tags as they are compared: engines write the same JSON with other spaces and in another order."""
    return None if text is None else tuple(sorted(parse_tags(text).items()))


class Holder(Protocol):
    """An engine under test, and a way to put tables there."""

    kind: EngineKind
    settings: dict[str, str]

    def put(self, rows: list[dict[str, Any]], form: Form) -> str:
        """A table of its own with the rows; its name."""


def found(holder: Holder, table: str, month: Month | None = None) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """The rollup of a table as its engine gives it; a group may come in several rows only where its tags differ."""
    engine: Engine = holder.kind.opened(**holder.settings)
    try:
        relation = relation_of(holder.kind, table)
        bill = bill_of(table, relation, engine.columns_of(relation), holder.kind.dialect)
        answer = engine.table(rendered(groups_sql(bill, month), holder.kind.dialect, relation), groups_schema())
    finally:
        engine.close()
    made: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for row in answer.to_pylist():
        *key, tags, charged, billed, effective, billed_cost, effective_cost = row.values()
        group = (*key, _tags(tags))
        assert group not in made
        made[group] = (charged, billed, effective, billed_cost, effective_cost)
    return made


def arrow(rows: list[dict[str, Any]], form: Form) -> pyarrow.Table:
    """Rows as an Arrow table of a form."""
    types = {"BilledCost": form.cost, "EffectiveCost": form.cost, "Tags": form.tags}
    types |= {"BillingPeriodStart": form.time, "ChargePeriodStart": form.time}
    values = {name: [row[name] for row in rows] for name in COLUMNS}
    if pyarrow.types.is_map(form.tags):
        values["Tags"] = [None if tags is None else list(tags.items()) for tags in values["Tags"]]
    return pyarrow.table({name: pyarrow.array(values[name], types.get(name, STRING)) for name in COLUMNS})


class Files:
    """Parquet files in a folder, for the engines that read files."""

    def __init__(self, name: str, folder: Path, **settings: str) -> None:
        self.kind, self.settings, self._folder = engine_kind(name), settings, folder
        self._count = 0

    def put(self, rows: list[dict[str, Any]], form: Form) -> str:
        """One file."""
        self._count += 1
        path = self._folder / f"bill-{self._count}" / "part.parquet"
        path.parent.mkdir()
        pyarrow.parquet.write_table(arrow(rows, form), path)
        return str(path) if self.kind.dialect == "duckdb" else f"parquet.`{path.parent}`"


class Database:
    """A PostgreSQL database."""

    def __init__(self, url: str) -> None:
        self.kind, self._url = engine_kind("postgresql"), url
        own = psycopg.conninfo.conninfo_to_dict(url)
        self.settings = {name: str(own[name]) for name in ("host", "port", "user", "dbname")}
        self._count = 0

    def put(self, rows: list[dict[str, Any]], form: Form) -> str:
        """One table, in a schema of its own."""
        self._count += 1
        cost, time, tags = form.postgresql
        types = {"BilledCost": cost, "EffectiveCost": cost, "Tags": tags}
        types |= {"BillingPeriodStart": time, "ChargePeriodStart": time}
        columns = ", ".join(f'"{name}" {types.get(name, "text")}' for name in COLUMNS)
        table = f"billing.bill_{self._count}"
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA IF NOT EXISTS billing")
            connection.execute(f"CREATE TABLE {table} ({columns})")
            with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
                for row in rows:
                    values = (
                        json.dumps(value) if isinstance(value, dict) else value for value in map(row.get, COLUMNS)
                    )
                    copy.write_row(list(values))
        return table
